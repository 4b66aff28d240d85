package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"rekey/internal/clock"
	"rekey/internal/limit"
)

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
