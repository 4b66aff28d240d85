package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rekey/internal/limit"
	"rekey/internal/tx"
)

func charge(key string, windows ...limit.Window) []limit.Charge {
	return []limit.Charge{{Key: key, Windows: windows}}
}

func wantReserve(t *testing.T, f Fixture, now time.Duration, charges []limit.Charge, ok bool, until time.Duration) {
	t.Helper()
	next, err := f.Store.Next(t.Context(), at(now), charges)
	check(t, "Next", err)
	if !next.Equal(at(until)) {
		t.Errorf("Next at +%v = %v, want %v", now, next, at(until))
	}
	got, gotOK, err := f.Store.Reserve(t.Context(), at(now), charges)
	check(t, "Reserve", err)
	if gotOK != ok || !got.Equal(at(until)) {
		t.Errorf("Reserve at +%v = %v, %v, want %v, %v", now, got, gotOK, at(until), ok)
	}
}

// limitWindows goes through the growing wait: 30, 60, 120 seconds.
func limitWindows(t *testing.T, f Fixture) {
	c := charge("wait", limit.Window{Count: 1, Span: 30 * time.Second}, limit.Window{Count: 2, Span: 90 * time.Second},
		limit.Window{Count: 3, Span: 210 * time.Second})
	wantReserve(t, f, 0, c, true, 0)
	wantReserve(t, f, 0, c, false, 30*time.Second)
	wantReserve(t, f, 30*time.Second-time.Microsecond, c, false, 30*time.Second)
	wantReserve(t, f, 30*time.Second, c, true, 30*time.Second)
	wantReserve(t, f, 31*time.Second, c, false, 90*time.Second)
	wantReserve(t, f, 90*time.Second, c, true, 90*time.Second)
	wantReserve(t, f, 150*time.Second, c, false, 210*time.Second)
	wantReserve(t, f, 210*time.Second, c, true, 210*time.Second)
	wantReserve(t, f, time.Second, charge("nothing", limit.Window{Count: 0, Span: time.Hour}), false, time.Hour+time.Second)
	wantReserve(t, f, 0, nil, true, 0)
}

// limitModel compares with the definition: a deed at t is allowed when, for each window,
// fewer than Count of those before it are later than t - Span.
func limitModel(t *testing.T, f Fixture) {
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		windows := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) limit.Window {
			return limit.Window{Count: rapid.IntRange(1, 4).Draw(r, "count"), Span: time.Duration(rapid.IntRange(1, 20).Draw(r, "span")) * time.Second}
		}), 1, 3).Draw(r, "windows")
		c := charge(fmt.Sprint("model-", round), windows...)
		var taken []time.Time
		now := at(0)
		for range rapid.IntRange(1, 12).Draw(r, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 8).Draw(r, "pause")) * time.Second)
			want := freeAt(taken, windows, now)
			until, ok, err := f.Store.Reserve(t.Context(), now, c)
			if err != nil || ok == want.After(now) || !until.Equal(want) {
				r.Fatalf("Reserve(%v, %v) after %v = %v, %v, %v, want %v", now, windows, taken, until, ok, err, want)
			}
			if ok {
				taken = append(taken, now)
			}
		}
	})
}

// freeAt tries every moment at which a place leaves a window.
func freeAt(taken []time.Time, windows []limit.Window, now time.Time) time.Time {
	moments := []time.Time{now}
	for _, w := range windows {
		for _, at := range taken {
			if leaves := at.Add(w.Span); leaves.After(now) {
				moments = append(moments, leaves)
			}
		}
	}
	slices.SortFunc(moments, time.Time.Compare)
	for _, m := range moments {
		if !slices.ContainsFunc(windows, func(w limit.Window) bool {
			n := 0
			for _, at := range taken {
				if at.After(m.Add(-w.Span)) {
					n++
				}
			}
			return n >= w.Count
		}) {
			return m
		}
	}
	panic("storetest: every place leaves every window at some time")
}

// limitAnyClock has the clock jump about: no span ever holds more than its window allows.
func limitAnyClock(t *testing.T, f Fixture) {
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		w := limit.Window{Count: rapid.IntRange(1, 3).Draw(r, "count"), Span: 10 * time.Second}
		c := charge(fmt.Sprint("any-clock-", round), w)
		var taken []time.Time
		for range 12 {
			now := at(time.Duration(rapid.IntRange(0, 40).Draw(r, "second")) * time.Second)
			_, ok, err := f.Store.Reserve(t.Context(), now, c)
			if err != nil {
				r.Fatal(err)
			}
			if ok {
				taken = append(taken, now)
			}
		}
		for _, end := range taken {
			n := 0
			for _, at := range taken {
				if at.After(end.Add(-w.Span)) && !at.After(end) {
					n++
				}
			}
			if n > w.Count {
				r.Fatalf("of %v, %d are in the %v before %v, want at most %d", taken, n, w.Span, end, w.Count)
			}
		}
	})
}

func limitEviction(t *testing.T, f Fixture) {
	c := charge("victim", limit.Window{Count: 1, Span: time.Hour})
	wantReserve(t, f, 0, c, true, 0)
	if _, err := f.Store.Sweep(t.Context(), at(time.Hour-time.Microsecond)); err != nil {
		t.Fatalf("Sweep = %v, want no error", err)
	}
	wantReserve(t, f, time.Hour-time.Microsecond, c, false, time.Hour)
	wantReserve(t, f, -time.Minute, c, false, time.Hour) // a clock set back frees nothing
}

func limitExactlyN(t *testing.T, f Fixture) {
	const places = 7
	c := append(charge("b", limit.Window{Count: places, Span: time.Minute}), charge("a", limit.Window{Count: 100, Span: time.Minute})...)
	reversed := []limit.Charge{c[1], c[0]}
	n := count(t, 200, func(i int) (bool, error) {
		charges := c
		if i%2 == 0 {
			charges = reversed // callers that name the counters in another order must not block each other
		}
		_, ok, err := f.Store.Reserve(t.Context(), at(0), charges)
		return ok, err
	})
	if n != places {
		t.Errorf("200 Reserve of %d places: %d succeeded", places, n)
	}
}

func limitAllOrNone(t *testing.T, f Fixture) {
	person := limit.Charge{Key: "person", Windows: []limit.Window{{Count: 2, Span: time.Minute}}}
	full := limit.Charge{Key: "full", Windows: []limit.Window{{Count: 1, Span: time.Hour}}}
	wantReserve(t, f, 0, []limit.Charge{full}, true, 0)
	for range 5 {
		wantReserve(t, f, 0, []limit.Charge{person, full}, false, time.Hour)
	}
	wantReserve(t, f, 0, []limit.Charge{person, person}, true, 0) // one deed, one place
	wantReserve(t, f, time.Second, []limit.Charge{person}, true, time.Second)
	wantReserve(t, f, time.Second, []limit.Charge{person}, false, time.Minute)
}

func limitCommitsItself(t *testing.T, f Fixture) {
	err := f.Store.InTx(t.Context(), func(ctx context.Context) error {
		_, _, err := f.Store.Reserve(ctx, at(0), charge("a", limit.Window{Count: 1, Span: time.Minute}))
		return err
	})
	if !errors.Is(err, tx.ErrOpen) {
		t.Errorf("Reserve inside a transaction = %v, want %v", err, tx.ErrOpen)
	}
}
