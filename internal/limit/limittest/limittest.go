// Package limittest holds what every limit.Ledger must do. An implementation's test calls
// Ledger with a way to make one.
package limittest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rekey/internal/limit"
	"rekey/internal/tx"
)

const span = 10 * time.Second

// at is a time of the tests: noon, and some.
func at(d time.Duration) time.Time {
	return time.Date(2026, 11, 23, 12, 0, 0, 123456000, time.UTC).Add(d)
}

// Ledger checks a ledger. open makes a fresh one for each part, as each of two processes
// has it: one and the same where there is one process.
func Ledger(t *testing.T, open func(t *testing.T) [2]limit.Ledger) {
	for name, test := range map[string]func(*testing.T, [2]limit.Ledger){
		"AVL2_OnePlaceAfterTheOther":      slides,
		"AVL2_ACallCountsFromStartToEnd":  settles,
		"AVL2_WhatWasNotSentCostsNothing": givesBack,
		"AVL2_APauseHoldsForAll":          pauses,
		"AVL2_BudgetsAreApart":            apart,
		"AVL2_SmallerSharesWait":          shares,
		"AVL2_NeverMoreInAnySpan":         model,
		"AVL2_ExactlyNOfMany":             exactly,
		"NothingInsideATransaction":       refuses,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

var claims atomic.Int64

// claim asks for one of five places for a call that may take four seconds.
func claim(now time.Duration) limit.Claim {
	return limit.Claim{Key: "graph/x", Place: fmt.Sprint("place-", claims.Add(1)), Most: 5, Span: span, At: at(now), Latest: at(now + 4*time.Second)}
}

func want(t *testing.T, l limit.Ledger, c limit.Claim, ok bool, until time.Duration) {
	t.Helper()
	got, gotOK, err := l.Claim(t.Context(), c)
	if err != nil || gotOK != ok || !got.Equal(at(until)) {
		t.Errorf("Claim at %v = %v, %v, %v, want %v, %v", c.At, got, gotOK, err, at(until), ok)
	}
}

func settle(t *testing.T, l limit.Ledger, c limit.Claim, end time.Time) {
	t.Helper()
	if err := l.Settle(t.Context(), c, end); err != nil {
		t.Errorf("Settle = %v, want no error", err)
	}
}

func slides(t *testing.T, l [2]limit.Ledger) {
	for n := range 5 {
		c := claim(time.Duration(n) * time.Second)
		want(t, l[n%2], c, true, time.Duration(n)*time.Second)
		settle(t, l[n%2], c, c.At)
	}
	want(t, l[0], claim(5*time.Second), false, span)
	want(t, l[1], claim(span-time.Microsecond), false, span)
	c := claim(span)
	want(t, l[1], c, true, span)
	settle(t, l[1], c, c.At)
	want(t, l[0], claim(span), false, span+time.Second)
}

func settles(t *testing.T, l [2]limit.Ledger) {
	var flying [5]limit.Claim
	for n := range flying {
		flying[n] = claim(0)
		want(t, l[0], flying[n], true, 0)
	}
	want(t, l[1], claim(13*time.Second), false, 14*time.Second) // they may have been counted as late as at 4 s
	settle(t, l[0], flying[2], at(time.Second))
	want(t, l[1], claim(10*time.Second), false, 11*time.Second)
	late := claim(11 * time.Second)
	want(t, l[1], late, true, 11*time.Second)
	want(t, l[0], claim(11*time.Second), false, 14*time.Second)
	want(t, l[0], claim(14*time.Second), true, 14*time.Second)
}

func givesBack(t *testing.T, l [2]limit.Ledger) {
	var last limit.Claim
	for range 5 {
		last = claim(0)
		want(t, l[0], last, true, 0)
	}
	settle(t, l[1], last, time.Time{})
	settle(t, l[1], last, time.Time{})
	want(t, l[1], claim(0), true, 0)
	want(t, l[1], claim(0), false, span) // the calls on their way may end at once
}

func pauses(t *testing.T, l [2]limit.Ledger) {
	for _, until := range []time.Duration{time.Minute, time.Second} {
		if err := l[0].Pause(t.Context(), "graph/x", at(until)); err != nil {
			t.Fatalf("Pause = %v, want no error", err)
		}
	}
	want(t, l[1], claim(0), false, time.Minute)
	want(t, l[0], claim(time.Minute-time.Microsecond), false, time.Minute)
	other := claim(0)
	other.Key = "graph/y"
	want(t, l[1], other, true, 0)
	want(t, l[1], claim(time.Minute), true, time.Minute)
}

func apart(t *testing.T, l [2]limit.Ledger) {
	for _, key := range []string{"graph/x", "graph/y"} {
		for n := range 6 {
			c := claim(0)
			c.Key = key
			if _, ok, err := l[n%2].Claim(t.Context(), c); ok != (n < 5) || err != nil {
				t.Errorf("Claim %d of %s = %v, %v, want a place for five", n, key, ok, err)
			}
		}
	}
}

func shares(t *testing.T, l [2]limit.Ledger) {
	small := func(now time.Duration) limit.Claim { c := claim(now); c.Most = 2; return c }
	for n := range 3 {
		c := small(0)
		if _, ok, err := l[0].Claim(t.Context(), c); ok != (n < 2) || err != nil {
			t.Errorf("Claim %d of a share of two = %v, %v", n, ok, err)
		}
		settle(t, l[0], c, c.At)
	}
	for range 3 {
		c := claim(time.Second)
		want(t, l[1], c, true, time.Second)
		settle(t, l[1], c, c.At)
	}
	want(t, l[1], claim(2*time.Second), false, span)
	want(t, l[0], small(span), false, span+time.Second)
	none := claim(2 * span)
	none.Most = 0
	want(t, l[0], none, false, 3*span)
}

// model sends calls that a service counts at any moment between start and end, and counts
// like the service.
func model(t *testing.T, l [2]limit.Ledger) {
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		now := time.Duration(0)
		var counted []time.Time
		var flying []limit.Claim
		for range rapid.IntRange(1, 30).Draw(r, "steps") {
			now += time.Duration(rapid.IntRange(0, 3000).Draw(r, "pause")) * time.Millisecond
			c := claim(now)
			c.Key = fmt.Sprint("model-", round)
			until, ok, err := l[rapid.IntRange(0, 1).Draw(r, "process")].Claim(t.Context(), c)
			if err != nil || ok == until.After(c.At) {
				r.Fatalf("Claim at %v = %v, %v, %v", c.At, until, ok, err)
			}
			if ok {
				took := time.Duration(rapid.IntRange(0, 4000).Draw(r, "took")) * time.Millisecond
				counted = append(counted, c.At.Add(time.Duration(rapid.Int64Range(0, int64(took)).Draw(r, "counted"))))
				c.At = c.At.Add(took) // when it ends
				flying = append(flying, c)
			}
			flying = slices.DeleteFunc(flying, func(c limit.Claim) bool {
				if c.At.After(at(now)) {
					return false
				}
				if err := l[0].Settle(t.Context(), c, c.At); err != nil {
					r.Fatalf("Settle = %v", err)
				}
				return true
			})
		}
		slices.SortFunc(counted, time.Time.Compare)
		for i := 5; i < len(counted); i++ {
			if gap := counted[i].Sub(counted[i-5]); gap < span {
				r.Fatalf("six calls within %v: %v", gap, counted)
			}
		}
	})
}

func exactly(t *testing.T, l [2]limit.Ledger) {
	var all sync.WaitGroup
	var places, shares atomic.Int64
	start := make(chan struct{})
	for n := range 200 {
		all.Go(func() {
			c := claim(0)
			if n%2 == 0 {
				c.Most = 3
			}
			<-start
			_, ok, err := l[n/2%2].Claim(context.WithoutCancel(t.Context()), c)
			if err != nil {
				t.Errorf("Claim %d of 200 = %v, want no error", n, err)
			}
			if ok {
				places.Add(1)
			}
			if ok && n%2 == 0 {
				shares.Add(1)
			}
		})
	}
	close(start)
	all.Wait()
	if places.Load() != 5 || shares.Load() > 3 {
		t.Errorf("200 claims took %d places, %d of them of a share of 3; want 5", places.Load(), shares.Load())
	}
}

func refuses(t *testing.T, l [2]limit.Ledger) {
	if _, _, err := l[0].Claim(tx.With(t.Context(), "open"), claim(0)); !errors.Is(err, tx.ErrOpen) {
		t.Errorf("Claim inside a transaction = %v, want %v", err, tx.ErrOpen)
	}
}
