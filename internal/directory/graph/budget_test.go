package graph

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rekey/internal/clock"
	"rekey/internal/directory"
	"rekey/internal/fault"
)

func newBudget(t *testing.T, reserve int) (*Budget, *clock.Movable) {
	t.Helper()
	c := clock.NewMovable(clock.Func(func() time.Time { return testNow }), 0)
	b, err := NewBudget(BudgetConfig{Clock: c, Reserve: reserve})
	if err != nil {
		t.Fatal(err)
	}
	return b, c
}

func TestBudget_AVL2_ReadsLeavePlacesForWrites(t *testing.T) {
	b, c := newBudget(t, 2)
	for n := range 3 {
		if _, ok := b.take(false); !ok {
			t.Fatalf("take(read %d) = refused, want a place", n)
		}
		b.done(true)
		c.Advance(time.Second)
	}
	if until, ok := b.take(false); ok || !until.Equal(testNow.Add(DefaultSpan)) {
		t.Errorf("take(fourth read) = %v, %v, want refused until %v", until, ok, testNow.Add(DefaultSpan))
	}
	for n := range 2 {
		if _, ok := b.take(true); !ok {
			t.Errorf("take(write %d) = refused, want a reserved place", n)
		}
		b.done(true)
	}
	if until, ok := b.take(true); ok || !until.Equal(testNow.Add(DefaultSpan)) {
		t.Errorf("take(sixth) = %v, %v, want refused until %v", until, ok, testNow.Add(DefaultSpan))
	}
	if until, ok := b.take(false); ok || !until.Equal(testNow.Add(2*time.Second+DefaultSpan)) {
		t.Errorf("take(read) = %v, %v, want refused until three are over", until, ok)
	}
	c.Advance(7 * time.Second)
	if _, ok := b.take(true); !ok {
		t.Error("take(write) ten seconds after the first = refused, want a place")
	}
}

func TestBudget_CountsFromStartUntilASpanAfterTheEnd(t *testing.T) {
	b, c := newBudget(t, 0)
	for range DefaultCount {
		b.take(true)
	}
	c.Advance(time.Hour)
	if until, ok := b.take(true); ok || !until.Equal(c.Now().Add(DefaultSpan)) {
		t.Errorf("take beside five calls on their way = %v, %v, want refused for a span", until, ok)
	}
	b.done(false)
	if _, ok := b.take(true); !ok {
		t.Error("take after a call that was never sent = refused, want its place")
	}
}

// In no span are there ever more calls than allowed, whatever comes when.
func TestBudget_NeverMoreInAnySpan(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := clock.NewMovable(clock.Func(func() time.Time { return testNow }), 0)
		b, err := NewBudget(BudgetConfig{Clock: c, Reserve: rapid.IntRange(0, 4).Draw(rt, "reserve")})
		if err != nil {
			rt.Fatal(err)
		}
		var sent []time.Time
		for range rapid.IntRange(1, 60).Draw(rt, "calls") {
			c.Advance(time.Duration(rapid.IntRange(0, 4000).Draw(rt, "pause")) * time.Millisecond)
			until, ok := b.take(rapid.Bool().Draw(rt, "write"))
			if !ok {
				if !until.After(c.Now()) {
					rt.Fatalf("take = refused until %v, which is not after %v", until, c.Now())
				}
				continue
			}
			sent = append(sent, c.Now())
			c.Advance(time.Duration(rapid.IntRange(0, 900).Draw(rt, "took")) * time.Millisecond)
			b.done(true)
		}
		for i := DefaultCount; i < len(sent); i++ {
			if gap := sent[i].Sub(sent[i-DefaultCount]); gap < DefaultSpan {
				rt.Fatalf("six calls within %v", gap)
			}
		}
	})
}

func TestBudget_ManyAtOnce(t *testing.T) {
	b, _ := newBudget(t, 2)
	var all sync.WaitGroup
	var reads, writes atomic.Int32
	for n := range 40 {
		all.Go(func() {
			if _, ok := b.take(n%2 == 0); !ok {
				return
			}
			if n%2 == 0 {
				writes.Add(1)
			} else {
				reads.Add(1)
			}
			b.done(true)
		})
	}
	all.Wait()
	if total := reads.Load() + writes.Load(); total != DefaultCount || reads.Load() > 3 {
		t.Errorf("places given = %d (%d to reads), want %d (at most 3)", total, reads.Load(), DefaultCount)
	}
}

func TestClient_AVL2_WhenTheBudgetIsUsedUp(t *testing.T) {
	for name, c := range map[string]struct {
		applying bool
		reads    int
	}{"people": {false, 3}, "worker": {true, 5}} {
		var budget *Budget
		r := newRig(t, func(conf *Config) {
			var err error
			if budget, err = NewBudget(BudgetConfig{Clock: conf.Clock, Reserve: 2}); err != nil {
				t.Fatal(err)
			}
			conf.Budget, conf.Applying = budget, c.applying
		})
		for n := range 7 {
			_, err := r.Methods(t.Context(), person(aliceID))
			if n < c.reads && err != nil || n >= c.reads && !matches(err, fault.Limited, testNow.Add(DefaultSpan)) {
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
	budget, _ := newBudget(t, 0)
	r := newRig(t, func(c *Config) { c.Budget = budget })
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

func TestBudget_AVL2_AShorterWaitDoesNotEndALongerOne(t *testing.T) {
	b, _ := newBudget(t, 0)
	b.pause(testNow.Add(time.Minute))
	b.pause(testNow.Add(time.Second))
	if until, ok := b.take(true); ok || !until.Equal(testNow.Add(time.Minute)) {
		t.Errorf("take = %v, %v, want refused for a minute", until, ok)
	}
}

func TestNewBudget_Refuses(t *testing.T) {
	for _, c := range []BudgetConfig{{}, {Clock: clock.System{}, Count: -1}, {Clock: clock.System{}, Span: -1}, {Clock: clock.System{}, Reserve: 5}, {Clock: clock.System{}, Reserve: -1}} {
		if _, err := NewBudget(c); err == nil {
			t.Errorf("NewBudget(%+v) = nil, want an error", c)
		}
	}
}
