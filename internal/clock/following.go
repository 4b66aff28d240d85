package clock

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// How a Following measures (AVL-7).
const (
	MeasureEvery = time.Minute
	SkewAlarm    = 30 * time.Second // a machine further off than this is an alarm
	samples      = 5
	// stepped is more than a machine's clock and its stopwatch drift apart in a minute.
	stepped = time.Second
)

// Ask returns what time it is on another machine. An error says that it did not answer.
type Ask func(ctx context.Context) (time.Time, error)

// Measure returns how far the asked clock is ahead of ours, and by how much that may be
// wrong. It asks several times and believes the answer that came back soonest: the time
// was read somewhere within its round trip, in the middle as far as anybody can tell.
func Measure(ctx context.Context, ours Clock, ask Ask) (ahead, within time.Duration, err error) {
	best := time.Duration(-1)
	for range samples {
		sent := ours.Now()
		theirs, askErr := ask(ctx)
		trip := ours.Now().Sub(sent)
		if askErr != nil {
			return 0, 0, fmt.Errorf("clock: not measured: %w", askErr)
		}
		if trip < 0 || best >= 0 && trip >= best {
			continue // our own clock was set back meanwhile, or a better answer is there
		}
		best, ahead = trip, theirs.Sub(sent.Add(trip/2))
	}
	if best < 0 {
		return 0, 0, errors.New("clock: not measured: the machine's clock runs backwards")
	}
	return ahead, best / 2, nil
}

// Following is a clock that follows the one of another machine by a measured offset, so
// that all processes that follow it agree on what has expired. Between measurements it
// counts by the machine's stopwatch: setting the machine's clock changes nothing.
//
// It never goes back: when it turns out to be ahead, it runs at half speed until it is
// right again. A clock that goes back would revive codes and sign-ins, and one that stands
// would keep every lease.
type Following struct {
	base    Clock
	machine Clock
	ask     Ask
	elapsed func() time.Duration // the stopwatch
	hurry   chan struct{}

	mu       sync.Mutex
	measured bool
	skew     time.Duration
	// At this reading of the stopwatch, when the machine's clock showed wall, the followed
	// one showed anchor, and this one was ahead of it by lead.
	at     time.Duration
	wall   time.Time
	anchor time.Time
	lead   time.Duration
	last   time.Time // what Now returned
}

// NewFollowing returns a clock that shows the asked clock's time, and what base is ahead
// of the machine's clock on top of it: base is the machine's clock, or that of a demo,
// which can be moved. With a nil ask it shows base's time. It is right after the first
// Measure.
func NewFollowing(base, machine Clock, ask Ask) *Following {
	began := time.Now()
	f := &Following{base: base, machine: machine, ask: ask, elapsed: func() time.Duration { return time.Since(began) },
		hurry: make(chan struct{}, 1)}
	f.at, f.wall = f.elapsed(), machine.Now()
	f.anchor = f.wall
	return f
}

// Now returns the time in UTC, cut to microseconds; where there is another clock to follow,
// never an earlier one than before.
func (f *Following) Now() time.Time {
	if f.ask == nil {
		return f.base.Now()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	wall, passed := f.machine.Now(), f.elapsed()-f.at
	if (wall.Sub(f.wall) - passed).Abs() > stepped {
		f.lookSoon() // the machine's clock was set, or the machine slept and its stopwatch with it
	}
	now := f.anchor.Add(passed + f.ahead(passed) + f.base.Now().Sub(wall)).Truncate(time.Microsecond)
	if now.Before(f.last) {
		now = f.last
	}
	f.last = now
	return now
}

// ahead is what is left of the lead.
func (f *Following) ahead(passed time.Duration) time.Duration { return max(f.lead-passed/2, 0) }

func (f *Following) lookSoon() {
	select {
	case f.hurry <- struct{}{}:
	default:
	}
}

// Skew returns how far the followed clock was ahead of the machine's when it was last
// measured.
func (f *Following) Skew() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.skew
}

// Measure asks the followed clock and corrects this one. What cannot be measured changes
// nothing, and neither does a difference that may be one of the measurement.
func (f *Following) Measure(ctx context.Context) error {
	if f.ask == nil {
		return nil
	}
	skew, within, err := Measure(ctx, f.machine, f.ask)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	wall, at := f.machine.Now(), f.elapsed()
	passed := at - f.at
	ours, theirs := f.anchor.Add(passed), wall.Add(skew)
	shown := ours.Add(f.ahead(passed))
	switch {
	case !f.measured: // nobody has decided anything by this clock yet
		ours, shown, f.last = theirs, theirs, time.Time{}
	case theirs.Sub(ours).Abs() > within:
		ours = theirs
	}
	f.measured, f.skew = true, ours.Sub(wall)
	f.at, f.wall, f.anchor, f.lead = at, wall, ours, max(shown.Sub(ours), 0)
	return nil
}

// Run measures now, every minute and when the machine's clock was set, until ctx ends. It
// sounds the alarm in the log while that is off by more than SkewAlarm.
func (f *Following) Run(ctx context.Context, log *slog.Logger) {
	if f.ask == nil {
		return
	}
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.hurry:
		case <-pause.C:
		}
		if err := f.Measure(ctx); err != nil && ctx.Err() == nil {
			log.Warn("the database's clock could not be read", "err", err)
			wait(ctx, time.Second) // whoever asks for the time hurries again
		}
		if skew := f.Skew(); skew.Abs() > SkewAlarm {
			log.Error("this machine's clock is off: set it by NTP, here or on the database's machine", "database_ahead", skew)
		}
		pause.Reset(MeasureEvery)
	}
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
