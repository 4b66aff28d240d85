// Package limit holds allowances: how often something may be done in any span of time.
// Counters are durable and shared by all processes; a place is reserved before the deed,
// and is not given back (ABU-2, ABU-3).
//
// A Ledger is for budgets that an outside service sets: there a place counts from the start
// of a call until a span after its end (AVL-2).
package limit

import (
	"context"
	"time"

	"rekey/internal/clock"
	"rekey/internal/tx"
)

// Window allows Count deeds in any Span (a sliding window).
type Window struct {
	Count int
	Span  time.Duration
}

// Charge is one counter that a deed is charged to.
type Charge struct {
	Key     string // names the counter, with no personal data in the clear
	Windows []Window
	// Member, where it is set, makes the counter count different members: a deed whose
	// member has a place in the window already takes no further one. A keyed hash, never
	// personal data.
	Member string
}

// Full says which counter had no room, and until when.
type Full struct {
	Key   string // of the charge
	Until time.Time
}

// Store keeps the counters.
type Store interface {
	// Reserve takes a place in every charge's windows at the time, all or none, in a
	// committed transaction of its own. When one is full nothing is taken, ok is false
	// and until is the earliest time at which all have room. A context that carries a
	// transaction gets tx.ErrOpen.
	Reserve(ctx context.Context, at time.Time, charges []Charge) (until time.Time, ok bool, err error)
	// Next returns the earliest time, not before at, at which all charges have room.
	Next(ctx context.Context, at time.Time, charges []Charge) (time.Time, error)
}

// Allowances reserves places.
type Allowances struct {
	Store Store
	Clock clock.Clock
}

// Reserve takes a place in all charges now. When ok is false, until says when to try again.
func (a *Allowances) Reserve(ctx context.Context, charges ...Charge) (until time.Time, ok bool, err error) {
	return a.reserve(ctx, a.Clock.Now(), charges)
}

func (a *Allowances) reserve(ctx context.Context, at time.Time, charges []Charge) (until time.Time, ok bool, err error) {
	if err := tx.Refuse(ctx); err != nil {
		return time.Time{}, false, err
	}
	return a.Store.Reserve(ctx, at, charges)
}

// ReserveOr takes a place in all charges now, or returns the charge that is full for the
// longest, with the time at which all have room.
func (a *Allowances) ReserveOr(ctx context.Context, charges ...Charge) (*Full, error) {
	at := a.Clock.Now()
	until, ok, err := a.reserve(ctx, at, charges)
	if err != nil || ok {
		return nil, err
	}
	full, last := &Full{Until: until}, time.Time{}
	for _, c := range charges {
		free, err := a.Store.Next(ctx, at, []Charge{c}) // at the same time: what was full is full
		if err != nil {
			return nil, err
		}
		if free.After(last) {
			last, full.Key = free, c.Key
		}
	}
	return full, nil
}

// Next returns when the next deed is possible: now, or later.
func (a *Allowances) Next(ctx context.Context, charges ...Charge) (time.Time, error) {
	return a.Store.Next(ctx, a.Clock.Now(), charges)
}
