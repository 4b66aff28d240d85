package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rekey/internal/clock"
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

// Allowances checks the counters that two processes share. open makes a fresh database
// and returns a store for each process on it: one and the same where one process has it.
func Allowances(t *testing.T, open func(t *testing.T) [2]Store) {
	t.Run("ABU3_ExactlyNThroughBoth", func(t *testing.T) { limitThroughBoth(t, open(t)) })
	t.Run("ABU2_MembersThroughBoth", func(t *testing.T) { limitMembersThroughBoth(t, open(t)) })
	t.Run("ABU7_SaysWhichIsFull", func(t *testing.T) { limitWhich(t, open(t)) })
}

// limitThroughBoth sends 200 deeds of one person to fifty destinations through two
// processes at once, and as many of others: no cap is passed, and none is wasted.
func limitThroughBoth(t *testing.T, s [2]Store) {
	charges := func(i int) []limit.Charge {
		return []limit.Charge{
			{Key: "tenant", Windows: []limit.Window{{Count: 20, Span: time.Hour}}},
			{Key: fmt.Sprint("person/", i%10), Windows: []limit.Window{{Count: 3, Span: time.Minute}}},
			{Key: fmt.Sprint("destination/", i%50), Windows: []limit.Window{{Count: 1, Span: time.Minute}}},
		}
	}
	n := count(t, 200, func(i int) (bool, error) {
		_, ok, err := s[i/2%2].Reserve(t.Context(), at(0), charges(i))
		return ok, err
	})
	if n != 20 {
		t.Errorf("200 Reserve, 20 for all and 3 for each of ten: %d succeeded, want 20", n)
	}
	left := 0
	for i := range 10 {
		for range 4 {
			if _, ok, err := s[0].Reserve(t.Context(), at(0), charges(i)[1:2]); err != nil {
				t.Fatal(err)
			} else if ok {
				left++
			}
		}
	}
	if left != 10 {
		t.Errorf("places left to the ten persons = %d, want 10: a refused deed takes none", left)
	}
}

func limitMembersThroughBoth(t *testing.T, s [2]Store) {
	var mu sync.Mutex
	in := map[int]bool{}
	n := count(t, 200, func(i int) (bool, error) {
		member := i % 50
		_, ok, err := s[i/2%2].Reserve(t.Context(), at(0), []limit.Charge{{Key: "new", Member: fmt.Sprint(member),
			Windows: []limit.Window{{Count: 3, Span: 24 * time.Hour}}}})
		if ok {
			mu.Lock()
			defer mu.Unlock()
			in[member] = true
		}
		return ok, err
	})
	if len(in) != 3 || n < 3 || n > 12 {
		t.Errorf("200 Reserve of fifty members, four times each: %d succeeded, for %d members; want 3", n, len(in))
	}
}

// limitWhich says which of several counters holds a person back longest.
func limitWhich(t *testing.T, s [2]Store) {
	moving := clock.NewMovable(clock.Func(func() time.Time { return at(0) }), 0)
	a := &limit.Allowances{Store: s[0], Clock: moving}
	short := limit.Charge{Key: "short", Windows: []limit.Window{{Count: 1, Span: time.Minute}}}
	long := limit.Charge{Key: "long", Windows: []limit.Window{{Count: 2, Span: time.Hour}}}
	free := limit.Charge{Key: "free", Windows: []limit.Window{{Count: 9, Span: time.Hour}}}
	for n, want := range []*limit.Full{nil, {Key: "short", Until: at(time.Minute)}, nil, {Key: "long", Until: at(time.Hour)}} {
		if n == 2 {
			moving.Advance(time.Minute)
		}
		got, err := a.ReserveOr(t.Context(), free, long, short)
		if err != nil || (got == nil) != (want == nil) || got != nil && (got.Key != want.Key || !got.Until.Equal(want.Until)) {
			t.Errorf("ReserveOr number %d = %+v, %v, want %+v", n, got, err, want)
		}
	}
	if _, ok, err := s[1].Reserve(t.Context(), at(time.Minute), []limit.Charge{{Key: "free", Windows: []limit.Window{{Count: 3, Span: time.Hour}}}}); !ok || err != nil {
		t.Errorf("Reserve of what was free = %v, %v, want the third place: refused deeds took none", ok, err)
	}
}

// limitMembersSwept removes members when no window counts them, and not before: a person
// who waits must not get new numbers by it.
func limitMembersSwept(t *testing.T, f Fixture) {
	day := func(member string) []limit.Charge {
		return []limit.Charge{{Key: "new", Member: member, Windows: []limit.Window{{Count: 1, Span: time.Hour}, {Count: 2, Span: 24 * time.Hour}}}}
	}
	wantReserve(t, f, 0, day("a"), true, 0)
	wantReserve(t, f, 2*time.Hour, day("a"), true, 2*time.Hour)
	wantReserve(t, f, 3*time.Hour, day("b"), true, 3*time.Hour)
	for _, c := range []struct {
		after time.Duration
		swept int
	}{{24*time.Hour - time.Microsecond, 0}, {24 * time.Hour, 1}, {26 * time.Hour, 1}} {
		wantReserve(t, f, 24*time.Hour-time.Microsecond, day("c"), false, 26*time.Hour)
		if got, err := f.Store.Sweep(t.Context(), at(c.after)); err != nil || got.Places != c.swept {
			t.Errorf("Sweep at +%v = %d places, %v, want %d", c.after, got.Places, err, c.swept)
		}
	}
	wantReserve(t, f, 26*time.Hour, day("c"), true, 26*time.Hour)
}

// A counter of members counts each once, however often it comes (ABU-2).
func limitMembers(t *testing.T, f Fixture) {
	ctx := t.Context()
	day := []limit.Window{{Count: 3, Span: 24 * time.Hour}}
	reserve := func(after time.Duration, member string) (time.Time, bool) {
		t.Helper()
		until, ok, err := f.Store.Reserve(ctx, at(after), []limit.Charge{{Key: "new", Windows: day, Member: member}})
		check(t, "Reserve", err)
		return until, ok
	}
	for i, member := range []string{"a", "b", "a", "c", "b", "a"} {
		if _, ok := reserve(time.Duration(i)*time.Hour, member); !ok {
			t.Errorf("Reserve number %d, of %q, was refused", i, member)
		}
	}
	if until, ok := reserve(6*time.Hour, "d"); ok || !until.Equal(at(24*time.Hour)) {
		t.Errorf("Reserve of a fourth = %v until %v, want refused until the first is a day old", ok, until)
	}
	next, err := f.Store.Next(ctx, at(6*time.Hour), []limit.Charge{{Key: "new", Windows: day, Member: "c"}})
	if err != nil || !next.Equal(at(6*time.Hour)) {
		t.Errorf("Next for one that is in = %v, %v, want now", next, err)
	}
	if _, ok := reserve(24*time.Hour, "d"); !ok {
		t.Error("Reserve a day after the first was refused")
	}
	if _, ok := reserve(24*time.Hour, "a"); ok {
		t.Error("Reserve of the first, as a fourth, was allowed")
	}
	together(40, func(i int) {
		_, _, err := f.Store.Reserve(ctx, at(0), []limit.Charge{{Key: "at once", Windows: day, Member: fmt.Sprint(i % 10)}})
		check(t, "Reserve", err)
	})
	in := 0
	for i := range 10 {
		next, err := f.Store.Next(ctx, at(0), []limit.Charge{{Key: "at once", Windows: day, Member: fmt.Sprint(i)}})
		check(t, "Next", err)
		if next.Equal(at(0)) {
			in++
		}
	}
	if in != 3 {
		t.Errorf("of ten members at once %d are in, want 3", in)
	}
}
