package clock

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// hands is a machine's clock that a test sets, its stopwatch, and a database behind a wire.
type hands struct {
	now   time.Time
	watch time.Duration
	ahead time.Duration // of the database
	trips []time.Duration
	asked int
	err   error
}

func (h *hands) Now() time.Time { return h.now }

// ask reads the database's time after a quarter of the way, which is not in the middle.
func (h *hands) ask(context.Context) (time.Time, error) {
	if h.err != nil {
		return time.Time{}, h.err
	}
	trip := h.trips[h.asked%len(h.trips)]
	h.asked++
	at := h.now.Add(trip / 4)
	h.pass(trip)
	return at.Add(h.ahead), nil
}

func (h *hands) pass(d time.Duration) {
	h.now = h.now.Add(d)
	h.watch += max(d, 0)
}

func following(h *hands, base Clock) *Following {
	f := NewFollowing(base, h, h.ask)
	f.elapsed = func() time.Duration { return h.watch }
	f.at = h.watch
	return f
}

func (h *hands) follow(t *testing.T, f *Following) {
	t.Helper()
	if err := f.Measure(t.Context()); err != nil {
		t.Fatalf("Measure = %v, want no error", err)
	}
}

func near(t *testing.T, what string, got, want, within time.Duration) {
	t.Helper()
	if (got - want).Abs() > within {
		t.Errorf("%s = %v, want %v within %v", what, got, want, within)
	}
}

func TestMeasure_AVL7_BelievesTheQuickestAnswer(t *testing.T) {
	h := &hands{now: start, ahead: -90 * time.Second, trips: []time.Duration{3 * time.Second, time.Second, 8 * time.Millisecond, 2 * time.Second}}
	ahead, within, err := Measure(t.Context(), h, h.ask)
	if err != nil || within != 4*time.Millisecond {
		t.Fatalf("Measure = ±%v, %v, want half of the shortest trip", within, err)
	}
	near(t, "Measure", ahead, -90*time.Second, within)
}

func TestMeasure_AVL7_AClockSetBackMeanwhile(t *testing.T) {
	h := &hands{now: start, trips: []time.Duration{-time.Hour}}
	if _, _, err := Measure(t.Context(), h, h.ask); err == nil {
		t.Error("Measure with a clock that runs backwards = nil, want an error")
	}
	h = &hands{now: start, ahead: time.Minute, trips: []time.Duration{-time.Hour, time.Millisecond}}
	ahead, within, err := Measure(t.Context(), h, h.ask)
	if err != nil {
		t.Fatalf("Measure = %v, want no error", err)
	}
	near(t, "Measure", ahead, time.Minute, within)
}

func TestFollowing_AVL7_ShowsTheOtherTime(t *testing.T) {
	for _, ahead := range []time.Duration{-time.Hour, -time.Second, 0, time.Second, time.Hour} {
		h := &hands{now: start, ahead: ahead, trips: []time.Duration{time.Millisecond}}
		f := following(h, h)
		_ = f.Now() // before anything is measured: the start of a process may log
		h.follow(t, f)
		near(t, "Now", f.Now().Sub(h.now), ahead, time.Millisecond)
		h.watch += 1234567 * time.Nanosecond
		if now := f.Now(); !now.Equal(now.Truncate(time.Microsecond)) || now.Location() != time.UTC {
			t.Errorf("Now = %v, want it in UTC and in microseconds, as the store keeps it", now)
		}
		near(t, "Skew", f.Skew(), ahead, time.Millisecond)
	}
}

// The demo moves its clock; following a database must not undo that.
func TestFollowing_AVL7_KeepsWhatABaseIsAhead(t *testing.T) {
	h := &hands{now: start, ahead: -time.Minute, trips: []time.Duration{time.Millisecond}}
	m := NewMovable(h, 0)
	f := following(h, m)
	h.follow(t, f)
	m.Advance(time.Hour)
	h.follow(t, f)
	near(t, "Now", f.Now().Sub(h.now), time.Hour-time.Minute, time.Millisecond)
}

func TestFollowing_AVL7_NeverGoesBack(t *testing.T) {
	h := &hands{now: start, trips: []time.Duration{time.Millisecond}}
	f := following(h, h)
	h.follow(t, f)
	expires := f.Now() // and is expired from now on
	h.ahead = -10 * time.Minute
	h.follow(t, f)
	for minute := range 20 {
		if now := f.Now(); now.Before(expires) {
			t.Fatalf("%d minutes after the database's clock was set back: Now = %v, want none before %v", minute, now, expires)
		}
		h.pass(time.Minute)
		h.follow(t, f)
	}
	near(t, "Now when it has caught up", f.Now().Sub(h.now), h.ahead, time.Millisecond)
}

// A clock that waits for the other one to catch up still runs: leases must end.
func TestFollowing_AVL7_NeverStands(t *testing.T) {
	h := &hands{now: start, trips: []time.Duration{time.Millisecond}}
	f := following(h, h)
	h.follow(t, f)
	before := f.Now()
	h.ahead = -time.Hour
	h.follow(t, f)
	h.pass(time.Minute)
	near(t, "a minute of a clock that is ahead", f.Now().Sub(before), 30*time.Second, 10*time.Millisecond)
}

// The machine's own clock is set, forward or back: nothing expires and nothing is revived,
// time goes on, and the database is asked at once.
func TestFollowing_AVL7_TheMachinesClockIsSet(t *testing.T) {
	for _, by := range []time.Duration{-time.Hour, time.Hour} {
		h := &hands{now: start, trips: []time.Duration{time.Millisecond}}
		f := following(h, h)
		h.follow(t, f)
		before := f.Now()
		h.now, h.ahead = h.now.Add(by), -by
		h.pass(time.Second)
		near(t, "Now a second after", f.Now().Sub(before), time.Second, 10*time.Millisecond)
		if len(f.hurry) != 1 {
			t.Errorf("set by %v: nobody is told to measure", by)
		}
		h.follow(t, f)
		h.pass(time.Minute)
		near(t, "Now a minute later", f.Now().Sub(before), time.Minute+time.Second, 20*time.Millisecond)
		near(t, "Skew", f.Skew(), -by, time.Millisecond)
	}
}

// The machine sleeps, and its stopwatch with it.
func TestFollowing_AVL7_TheMachineSleeps(t *testing.T) {
	h := &hands{now: start, trips: []time.Duration{time.Millisecond}}
	f := following(h, h)
	h.follow(t, f)
	h.now = h.now.Add(time.Hour)
	_ = f.Now()
	if len(f.hurry) != 1 {
		t.Error("nobody is told to measure")
	}
	h.follow(t, f)
	near(t, "Now", f.Now().Sub(h.now), 0, time.Millisecond)
}

func TestFollowing_AVL7_KeepsTheOffsetWhenNobodyAnswers(t *testing.T) {
	h := &hands{now: start, ahead: time.Hour, trips: []time.Duration{time.Millisecond}}
	f := following(h, h)
	h.follow(t, f)
	h.err = errors.New("gone")
	if err := f.Measure(t.Context()); !errors.Is(err, h.err) {
		t.Errorf("Measure = %v, want %v", err, h.err)
	}
	near(t, "Now", f.Now().Sub(h.now), time.Hour, time.Millisecond)
	h.err, h.ahead, h.trips = nil, time.Hour+time.Second, []time.Duration{5 * time.Second}
	h.follow(t, f)
	near(t, "Skew after an answer too slow to tell", f.Skew(), time.Hour, time.Millisecond)
}

func TestFollowing_WithoutAnybodyToAsk(t *testing.T) {
	h := &hands{now: start}
	f := NewFollowing(h, System{}, nil)
	f.Run(t.Context(), slog.New(slog.DiscardHandler)) // returns at once
	for _, now := range []time.Time{start, start.Add(time.Hour), start} {
		h.now = now
		if err := f.Measure(t.Context()); err != nil || !f.Now().Equal(now) || f.Skew() != 0 {
			t.Errorf("Measure = %v, Now = %v, Skew = %v, want the base's time", err, f.Now(), f.Skew())
		}
	}
}

func TestFollowing_AVL7_Alarms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for skew, want := range map[time.Duration]int{SkewAlarm: 0, -SkewAlarm - time.Second: 3, SkewAlarm + time.Second: 3} {
			var out bytes.Buffer
			ctx, cancel := context.WithCancel(t.Context())
			f := NewFollowing(System{}, System{}, func(context.Context) (time.Time, error) { return System{}.Now().Add(skew), nil })
			stopped := make(chan struct{})
			go func() {
				f.Run(ctx, slog.New(slog.NewTextHandler(&out, nil)))
				close(stopped)
			}()
			<-time.After(2*MeasureEvery + MeasureEvery/2)
			cancel()
			<-stopped
			if got := strings.Count(out.String(), "level=ERROR"); got != want {
				t.Errorf("with a skew of %v: %d alarms in two and a half minutes, want %d", skew, got, want)
			}
		}
	})
}

// When the machine's clock is set, the next look at the time has the database asked, also
// where that fails at first.
func TestFollowing_AVL7_MeasuresAtOnceWhenTheClockIsSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		set, fail := time.Duration(0), false
		machine := Func(func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return System{}.Now().Add(set)
		})
		f := NewFollowing(machine, machine, func(context.Context) (time.Time, error) {
			mu.Lock()
			defer mu.Unlock()
			if fail {
				fail = false
				return time.Time{}, errors.New("not yet")
			}
			return System{}.Now(), nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		stopped := make(chan struct{})
		go func() {
			f.Run(ctx, slog.New(slog.DiscardHandler))
			close(stopped)
		}()
		synctest.Wait()
		mu.Lock()
		set, fail = time.Hour, true
		mu.Unlock()
		_ = f.Now()
		synctest.Wait()
		_ = f.Now() // still waiting after the failure
		<-time.After(2 * time.Second)
		if got := f.Skew(); got != -time.Hour {
			t.Errorf("Skew two seconds after the clock was set = %v, want -1h", got)
		}
		cancel()
		<-stopped
	})
}
