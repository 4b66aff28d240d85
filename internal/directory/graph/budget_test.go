package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rekey/internal/clock"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/limit"
)

// counted is a ledger that counts who asks it, and that can be out of reach.
type counted struct {
	limit.Local
	claims, settled atomic.Int32
	down            atomic.Bool
}

func (c *counted) Claim(ctx context.Context, claim limit.Claim) (time.Time, bool, error) {
	c.claims.Add(1)
	if c.down.Load() {
		return time.Time{}, false, errors.New("no ledger")
	}
	return c.Local.Claim(ctx, claim)
}

func (c *counted) Settle(ctx context.Context, claim limit.Claim, at time.Time) error {
	if c.down.Load() || ctx.Err() != nil {
		return errors.New("no ledger")
	}
	c.settled.Add(1)
	return c.Local.Settle(ctx, claim, at)
}

// desk is a budget of a process with its own clock.
type desk struct {
	*Budget
	clock *clock.Movable
}

func newDesk(t *testing.T, ledger limit.Ledger, c BudgetConfig) desk {
	t.Helper()
	d := desk{clock: clock.NewMovable(clock.Func(func() time.Time { return testNow }), 0)}
	var n atomic.Int64
	c.Clock, c.Ledger, c.Key = d.clock, ledger, "graph/x"
	c.NewID = func() string { return fmt.Sprintf("%p/%d", &n, n.Add(1)) }
	var err error
	if d.Budget, err = NewBudget(c); err != nil {
		t.Fatal(err)
	}
	return d
}

// use takes a place for a call that is over at once.
func (d desk) use(t *testing.T, class Class) (until time.Time, ok bool) {
	t.Helper()
	place, err := d.take(t.Context(), class)
	if f := fault.As(err); f != nil && f.Kind == fault.Limited {
		return f.Until, false
	}
	if err = errors.Join(err, d.done(t.Context(), place, true)); err != nil {
		t.Fatalf("take and done = %v", err)
	}
	return time.Time{}, true
}

// spanAndMargin is how long a place counts after its call.
const spanAndMargin = DefaultSpan + margin

func TestBudget_AVL2_ReadsLeavePlacesForWrites(t *testing.T) {
	d := newDesk(t, &limit.Local{}, BudgetConfig{Reserve: 2})
	for n := range 3 {
		if _, ok := d.use(t, Person); !ok {
			t.Fatalf("take(read %d) = refused, want a place", n)
		}
		d.clock.Advance(time.Second)
	}
	if until, ok := d.use(t, Person); ok || !until.Equal(testNow.Add(spanAndMargin)) {
		t.Errorf("take(fourth read) = %v, %v, want refused until %v", until, ok, testNow.Add(spanAndMargin))
	}
	for n := range 2 {
		if _, ok := d.use(t, Write); !ok {
			t.Errorf("take(write %d) = refused, want a reserved place", n)
		}
	}
	if until, ok := d.use(t, Write); ok || !until.Equal(testNow.Add(spanAndMargin)) {
		t.Errorf("take(sixth) = %v, %v, want refused until %v", until, ok, testNow.Add(spanAndMargin))
	}
	if until, ok := d.use(t, Person); ok || !until.Equal(testNow.Add(2*time.Second+spanAndMargin)) {
		t.Errorf("take(read) = %v, %v, want refused until three are over", until, ok)
	}
	d.clock.Advance(7*time.Second + margin)
	if _, ok := d.use(t, Write); !ok {
		t.Error("take(write) ten seconds after the first = refused, want a place")
	}
}

// What nobody waits for finds a place only while there is plenty.
func TestBudget_AVL2_PeopleBeforeBackground(t *testing.T) {
	for _, c := range []struct{ count, reserve, background, person int }{{5, 0, 2, 5}, {5, 2, 1, 3}, {1, 0, 1, 1}, {2, 1, 1, 1}, {50, 10, 16, 40}} {
		d := newDesk(t, &limit.Local{}, BudgetConfig{Count: c.count, Reserve: c.reserve})
		got := map[Class]int{}
		for _, class := range []Class{Background, Person, Write} {
			for range c.count + 1 {
				if _, ok := d.use(t, class); ok {
					got[class]++
				}
			}
		}
		want := map[Class]int{Background: c.background, Person: c.person - c.background, Write: c.count - c.person}
		if got[Background] != want[Background] || got[Person] != want[Person] || got[Write] != want[Write] {
			t.Errorf("of %d with %d reserved: places %v, want %v", c.count, c.reserve, got, want)
		}
	}
}

func TestBudget_CountsFromStartUntilASpanAfterTheEnd(t *testing.T) {
	d := newDesk(t, &limit.Local{}, BudgetConfig{})
	var flying []limit.Claim
	for range DefaultCount {
		place, err := d.take(t.Context(), Write)
		if err != nil {
			t.Fatalf("take = %v", err)
		}
		flying = append(flying, place)
	}
	d.clock.Advance(callTime)
	if until, ok := d.use(t, Write); ok || !until.Equal(d.clock.Now().Add(spanAndMargin)) {
		t.Errorf("take beside five calls on their way = %v, %v, want refused for a span", until, ok)
	}
	if err := d.done(t.Context(), flying[0], false); err != nil {
		t.Fatal(err)
	}
	if _, ok := d.use(t, Write); !ok {
		t.Error("take after a call that was never sent = refused, want its place")
	}
	d.clock.Advance(spanAndMargin) // of the process that died with four calls on their way
	if _, ok := d.use(t, Write); !ok {
		t.Error("take a span after the deadline of calls that nobody ended = refused, want a place")
	}
}

// In no span does Graph see more calls than it allows, whatever comes when, from two
// processes whose clocks differ.
func TestBudget_AVL2_NeverMoreInAnySpan(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		reserve := rapid.IntRange(0, 4).Draw(rt, "reserve")
		ledger := &limit.Local{}
		desks := [2]desk{newDesk(t, ledger, BudgetConfig{Reserve: reserve}), newDesk(t, ledger, BudgetConfig{Reserve: reserve})}
		desks[1].clock.Advance(time.Duration(rapid.Int64Range(0, int64(margin)).Draw(rt, "skew")))
		var sent []time.Time
		for range rapid.IntRange(1, 60).Draw(rt, "calls") {
			d := desks[rapid.IntRange(0, 1).Draw(rt, "process")]
			place, err := d.take(t.Context(), Class(rapid.IntRange(0, 2).Draw(rt, "class")))
			took := time.Duration(rapid.IntRange(0, 900).Draw(rt, "took")) * time.Millisecond
			if err == nil {
				sent = append(sent, desks[0].clock.Now().Add(time.Duration(rapid.Int64Range(0, int64(took)).Draw(rt, "counted"))))
				desks[0].clock.Advance(took)
				desks[1].clock.Advance(took)
				err = d.done(t.Context(), place, true)
			} else if f := fault.As(err); f != nil && f.Kind == fault.Limited && f.Until.After(d.clock.Now()) {
				err = nil
			}
			if err != nil {
				rt.Fatalf("take and done = %v", err)
			}
			pause := time.Duration(rapid.IntRange(0, 4000).Draw(rt, "pause")) * time.Millisecond
			desks[0].clock.Advance(pause)
			desks[1].clock.Advance(pause)
		}
		wantApart(rt, sent, DefaultCount, DefaultSpan)
	})
}

// A process whose clock is ahead does not think places free that are not.
func TestBudget_AVL2_ClocksMayDiffer(t *testing.T) {
	ledger, skew := &limit.Local{}, 200*time.Millisecond
	right, ahead := newDesk(t, ledger, BudgetConfig{}), newDesk(t, ledger, BudgetConfig{})
	ahead.clock.Advance(skew)
	for range DefaultCount {
		if _, ok := right.use(t, Write); !ok {
			t.Error("take = refused, want a place")
		}
	}
	ahead.clock.Advance(DefaultSpan - time.Microsecond)
	if _, ok := ahead.use(t, Write); ok {
		t.Errorf("take a moment before the span is over, by a clock that is %v ahead = a place, want none", skew)
	}
	ahead.clock.Advance(time.Microsecond)
	if _, ok := ahead.use(t, Write); !ok {
		t.Error("take after the span = refused, want a place")
	}
}

// wantApart fails when more than count moments are within a span.
func wantApart(t rapid.TB, moments []time.Time, count int, span time.Duration) {
	t.Helper()
	slices.SortFunc(moments, time.Time.Compare)
	for i := count; i < len(moments); i++ {
		if gap := moments[i].Sub(moments[i-count]); gap < span {
			t.Fatalf("%d calls within %v", count+1, gap)
		}
	}
}

func TestBudget_AVL2_ManyAtOnceThroughTwoProcesses(t *testing.T) {
	ledger := &limit.Local{}
	desks := [2]desk{newDesk(t, ledger, BudgetConfig{Reserve: 2}), newDesk(t, ledger, BudgetConfig{Reserve: 2})}
	var all sync.WaitGroup
	var reads, writes atomic.Int32
	for n := range 80 {
		all.Go(func() {
			class, taken := Person, &reads
			if n%2 == 0 {
				class, taken = Write, &writes
			}
			if _, ok := desks[n/2%2].use(t, class); ok {
				taken.Add(1)
			}
		})
	}
	all.Wait()
	if total := reads.Load() + writes.Load(); total != DefaultCount || reads.Load() > 3 {
		t.Errorf("places given = %d (%d to reads), want %d (at most 3)", total, reads.Load(), DefaultCount)
	}
}

func TestBudget_AVL2_APauseHoldsForTheOtherProcess(t *testing.T) {
	for _, count := range []int{DefaultCount, 100_000} {
		ledger := &limit.Local{}
		here, there := newDesk(t, ledger, BudgetConfig{Count: count}), newDesk(t, ledger, BudgetConfig{Count: count})
		if _, ok := here.use(t, Write); !ok {
			t.Error("take = refused, want a place")
		}
		for _, wait := range []time.Duration{time.Minute, time.Second} { // a shorter wait does not end a longer one
			if err := here.pause(t.Context(), testNow.Add(wait)); err != nil {
				t.Fatal(err)
			}
		}
		for _, d := range []desk{here, there} {
			if until, ok := d.use(t, Write); ok || !until.Equal(testNow.Add(time.Minute)) {
				t.Errorf("take of %d = %v, %v, want refused for a minute", count, until, ok)
			}
			d.clock.Advance(time.Minute)
			if _, ok := d.use(t, Write); !ok {
				t.Errorf("take of %d after the pause = refused, want a place", count)
			}
		}
	}
}

func TestClient_AVL2_WhenTheBudgetIsUsedUp(t *testing.T) {
	for name, c := range map[string]struct {
		class Class
		reads int
	}{"people": {Person, 3}, "worker": {Write, 5}, "background": {Background, 1}} {
		r := newRig(t, func(conf *Config) {
			conf.Budget, conf.Class = newDesk(t, &limit.Local{}, BudgetConfig{Reserve: 2}).Budget, c.class
		})
		for n := range 7 {
			_, err := r.Methods(t.Context(), person(aliceID))
			if n < c.reads && err != nil || n >= c.reads && !matches(err, fault.Limited, testNow.Add(spanAndMargin)) {
				t.Errorf("%s: Methods %d = %v, want %d that pass", name, n, err, c.reads)
			}
		}
		if len(r.graph.seen) != c.reads {
			t.Errorf("%s: %d requests, want %d", name, len(r.graph.seen), c.reads)
		}
		for n := c.reads; n < DefaultCount; n++ {
			if err := r.UpdateContact(t.Context(), person(aliceID), directory.Phone, "+12025550161"); err != nil {
				t.Errorf("%s: UpdateContact in a place kept for writes = %v, want nil", name, err)
			}
		}
		if _, err := r.Account(t.Context(), person(aliceID)); err != nil {
			t.Errorf("%s: Account = %v, want nil: it is not charged", name, err)
		}
	}
}

func TestClient_AVL2_ObeysRetryAfterForEverybody(t *testing.T) {
	r := newRig(t, nil)
	r.graph.answer = answers(429, "", "Retry-After", "30")
	until := testNow.Add(30 * time.Second)
	if _, err := r.Methods(t.Context(), person(aliceID)); !matches(err, fault.Limited, until) {
		t.Errorf("Methods = %v, want limited until %v", err, until)
	}
	r.graph.answer = nil
	if err := r.AddContact(t.Context(), person(bobID), directory.Phone, "+12025550161"); !matches(err, fault.Limited, until) || len(r.graph.seen) != 1 {
		t.Errorf("AddContact meanwhile = %v after %d requests, want limited without a request", err, len(r.graph.seen))
	}
	r.clock.Advance(30 * time.Second)
	if err := r.AddContact(t.Context(), person(bobID), directory.Phone, "+12025550161"); err != nil {
		t.Errorf("AddContact afterwards = %v, want nil", err)
	}
}

func TestClient_WhatWasNotSentCostsNothing(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Budget = newDesk(t, &limit.Local{}, BudgetConfig{}).Budget })
	r.tokens.err = errors.New("no token")
	for range 20 {
		if _, err := r.Methods(t.Context(), person(aliceID)); !fault.Is(err, fault.Unavailable) {
			t.Fatalf("Methods without a token = %v, want unavailable", err)
		}
	}
	r.tokens.err = nil
	if _, err := r.Methods(t.Context(), person(aliceID)); err != nil {
		t.Errorf("Methods once there is a token = %v, want nil", err)
	}
}

// Without a place nothing is sent; with one, the answer counts even if its end cannot be
// written down any more.
func TestClient_AVL2_WhenTheLedgerIsOutOfReach(t *testing.T) {
	ledger := &counted{}
	r := newRig(t, func(c *Config) { c.Budget = newDesk(t, ledger, BudgetConfig{}).Budget })
	ledger.down.Store(true)
	_, readErr := r.Methods(t.Context(), person(aliceID))
	writeErr := r.UpdateContact(t.Context(), person(aliceID), directory.Phone, "+12025550161")
	for name, err := range map[string]error{"Methods": readErr, "UpdateContact": writeErr} {
		if !fault.Is(err, fault.Unavailable) || errors.Is(err, directory.ErrOutcomeUnknown) || len(r.graph.seen) != 0 {
			t.Errorf("%s without a ledger = %v after %d requests, want unavailable after none", name, err, len(r.graph.seen))
		}
	}
	ledger.down.Store(false)
	r.graph.answer = func(req *http.Request) (*http.Response, error) { ledger.down.Store(true); return nil, nil }
	if err := r.UpdateContact(t.Context(), person(aliceID), directory.Phone, "+12025550161"); err != nil {
		t.Errorf("UpdateContact, its end not written down = %v, want nil: it was acknowledged", err)
	}
	if !strings.Contains(r.log.String(), "was not written down") {
		t.Errorf("log = %s, want a word on the place", r.log)
	}
}

// A caller who gave up does not keep the end of the call from being written down.
func TestClient_AVL2_SettlesForACallerWhoGaveUp(t *testing.T) {
	ledger := &counted{}
	r := newRig(t, func(c *Config) { c.Budget = newDesk(t, ledger, BudgetConfig{}).Budget })
	ctx, cancel := context.WithCancel(t.Context())
	r.graph.answer = func(*http.Request) (*http.Response, error) { cancel(); return nil, errCut }
	if _, err := r.Methods(ctx, person(aliceID)); !fault.Is(err, fault.Unavailable) || ledger.settled.Load() != 1 {
		t.Errorf("Methods given up = %v with %d places settled, want unavailable and 1", err, ledger.settled.Load())
	}
}

func TestNewBudget_Refuses(t *testing.T) {
	c, id := clock.System{}, func() string { return "x" }
	for _, c := range []BudgetConfig{{}, {Clock: c, Count: -1}, {Clock: c, Span: -1}, {Clock: c, Reserve: 5}, {Clock: c, Reserve: -1},
		{Clock: c, Ledger: &limit.Local{}, NewID: id}, {Clock: c, Ledger: &limit.Local{}, Key: "graph/x"}} {
		if _, err := NewBudget(c); err == nil {
			t.Errorf("NewBudget(%+v) = nil, want an error", c)
		}
	}
}
