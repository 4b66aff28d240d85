package limit

import (
	"context"
	"slices"
	"sync"
	"time"

	"rekey/internal/tx"
)

// Local is a Ledger of this process alone, for what runs without a database. The zero value
// is empty; it is safe for concurrent use.
type Local struct {
	mu      sync.Mutex
	budgets map[string]*budget
}

type budget struct {
	places []place // by time, oldest first
	paused time.Time
}

type place struct {
	name string
	at   time.Time
	ends time.Time
}

var _ Ledger = (*Local)(nil)

// Claim implements Ledger.
func (l *Local) Claim(ctx context.Context, c Claim) (until time.Time, ok bool, err error) {
	if err := tx.Refuse(ctx); err != nil {
		return time.Time{}, false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.budget(c.Key)
	b.places = slices.DeleteFunc(b.places, func(p place) bool { return !p.ends.After(c.At) })
	until = b.paused
	if n := len(b.places) - c.Most; n >= 0 {
		until = latest(until, c.Soonest(b.free(n, c)))
	}
	if until.After(c.At) {
		return until, false, nil
	}
	b.put(place{c.Place, c.Latest, c.Latest.Add(c.Span)})
	return c.At, true, nil
}

// free returns when the n-th oldest place leaves the claim's window; Most of nothing are
// always taken.
func (b *budget) free(n int, c Claim) time.Time {
	if c.Most <= 0 {
		return c.At.Add(max(c.Span, time.Microsecond))
	}
	return b.places[n].at.Add(c.Span)
}

// Settle implements Ledger.
func (l *Local) Settle(_ context.Context, c Claim, at time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.budget(c.Key)
	before := len(b.places)
	b.places = slices.DeleteFunc(b.places, func(p place) bool { return p.name == c.Place })
	if len(b.places) < before && !at.IsZero() {
		b.put(place{c.Place, at, at.Add(c.Span)})
	}
	return nil
}

// Pause implements Ledger.
func (l *Local) Pause(_ context.Context, key string, until time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.budget(key)
	b.paused = latest(b.paused, until)
	return nil
}

func (l *Local) budget(key string) *budget {
	if l.budgets == nil {
		l.budgets = map[string]*budget{}
	}
	if l.budgets[key] == nil {
		l.budgets[key] = &budget{}
	}
	return l.budgets[key]
}

func (b *budget) put(p place) {
	i, _ := slices.BinarySearchFunc(b.places, p, func(a, b place) int { return a.at.Compare(b.at) })
	b.places = slices.Insert(b.places, i, p)
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
