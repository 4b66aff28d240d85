package graph

import (
	"errors"
	"sync"
	"time"

	"rekey/internal/clock"
)

// What Graph allows for authentication methods.
// Source: Graph throttling limits, "Identity and access reports": five requests per ten
// seconds and app and tenant.
const (
	DefaultCount = 5
	DefaultSpan  = 10 * time.Second
)

// BudgetConfig shapes a Budget.
type BudgetConfig struct {
	Clock clock.Clock
	Count int           // calls in any span; 0: DefaultCount
	Span  time.Duration // 0: DefaultSpan
	// Reserve is how many places reads leave free for writes: 2 where one app
	// registration does both, 0 where it only reads.
	Reserve int
}

// Budget keeps the calls on authentication methods of one app registration under what
// Graph allows, in a sliding window: never more than Count in any Span. It is safe for
// concurrent use.
//
// A call counts from its start, and for a Span after its answer came: Graph counts it at
// some moment between the two.
type Budget struct {
	clock   clock.Clock
	count   int
	reserve int
	span    time.Duration

	mu     sync.Mutex
	spent  []time.Time // when calls ended, oldest first
	flying int         // calls on their way
	paused time.Time   // Graph asked to wait until then
}

// NewBudget returns a full budget.
func NewBudget(c BudgetConfig) (*Budget, error) {
	if c.Count == 0 {
		c.Count = DefaultCount
	}
	if c.Span == 0 {
		c.Span = DefaultSpan
	}
	if c.Clock == nil || c.Count < 1 || c.Span < 0 || c.Reserve < 0 || c.Reserve >= c.Count {
		return nil, errors.New("graph: a budget needs a clock, at least one call, and a reserve smaller than that")
	}
	return &Budget{clock: c.Clock, count: c.Count, span: c.Span, reserve: c.Reserve}, nil
}

// take takes a place for a call, or says when there will be one. Who got a place calls
// done.
func (b *Budget) take(applying bool) (until time.Time, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	if now.Before(b.paused) {
		return b.paused, false
	}
	for len(b.spent) > 0 && !now.Before(b.spent[0].Add(b.span)) {
		b.spent = b.spent[1:]
	}
	limit := b.count
	if !applying {
		limit -= b.reserve
	}
	missing := len(b.spent) + b.flying - limit + 1
	if missing <= 0 {
		b.flying++
		return time.Time{}, true
	}
	if missing > len(b.spent) {
		return now.Add(b.span), false
	}
	return b.spent[missing-1].Add(b.span), false
}

// done gives the place back: at once when nothing was sent, else after a span.
func (b *Budget) done(sent bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flying--
	if sent {
		b.spent = append(b.spent, b.clock.Now())
	}
}

// pause lets nobody call before until (AVL-2).
func (b *Budget) pause(until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if until.After(b.paused) {
		b.paused = until
	}
}
