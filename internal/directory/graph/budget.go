package graph

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"rekey/internal/clock"
	"rekey/internal/fault"
	"rekey/internal/limit"
)

// What Graph allows for authentication methods.
// Source: Graph throttling limits, "Identity and access reports": five requests per ten
// seconds and app and tenant.
const (
	DefaultCount = 5
	DefaultSpan  = 10 * time.Second
)

// margin is by how much the clocks of two processes may differ, with which they count the
// places of one budget.
const margin = 200 * time.Millisecond

// settleTime is how long writing down the end of a call may take.
const settleTime = 2 * time.Second

// Class says how urgent a call is.
type Class int

// The classes. Writes, and the reads that serve them, may use the whole budget; people's
// reads leave some of it for writes; what nobody waits for leaves most of it for people
// (AVL-2).
const (
	Person Class = iota
	Write
	Background
)

// BudgetConfig shapes a Budget.
type BudgetConfig struct {
	Clock clock.Clock
	// Ledger keeps the places of all processes; nil: those of this process alone.
	Ledger limit.Ledger
	// Key names the app registration in the ledger: "graph/" and its client id.
	Key string
	// NewID names places; needed with a Ledger.
	NewID func() string
	Count int           // calls in any span; 0: DefaultCount
	Span  time.Duration // 0: DefaultSpan
	// Reserve is how many places reads leave free for writes: 2 where one app
	// registration does both, 0 where it only reads.
	Reserve int
}

// Budget keeps the calls on authentication methods of one app registration under what
// Graph allows, in a sliding window: never more than Count in any Span, through all
// processes that share the ledger. It is safe for concurrent use.
//
// A call counts from its start, and for a Span after its answer came: Graph counts it at
// some moment between the two. Of a process that dies in between it counts until its
// deadline and a Span.
type Budget struct {
	clock  clock.Clock
	ledger limit.Ledger
	key    string
	newID  func() string
	span   time.Duration
	most   [3]int // for each Class, how many places may be taken when it takes one
	blocks *blocks
}

// NewBudget returns a budget.
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
	if c.Ledger == nil {
		var n atomic.Int64
		c.Ledger, c.NewID = &limit.Local{}, func() string { return strconv.FormatInt(n.Add(1), 10) }
	} else if c.Key == "" || c.NewID == nil {
		return nil, errors.New("graph: a shared budget needs a key and ids")
	}
	size := blockSize(c.Count)
	b := &Budget{clock: c.Clock, ledger: c.Ledger, key: c.Key, newID: c.NewID, span: c.Span + margin, blocks: newBlocks(size)}
	people := c.Count - c.Reserve
	b.most[Write], b.most[Person], b.most[Background] = c.Count/size, max(people/size, 1), max(people*2/5/size, 1)
	return b, nil
}

// take takes a place for a call of at most callTime. Faults: fault.Limited with Until when
// there is none, fault.Unavailable when the ledger does not answer: nothing is sent without
// a place. Who got one calls done.
func (b *Budget) take(ctx context.Context, class Class) (limit.Claim, error) {
	if b.blocks.size > 1 {
		return limit.Claim{}, b.fromBlock(ctx, class)
	}
	return b.claim(ctx, class, callTime)
}

// claim asks the ledger for a place that is in use for as long.
func (b *Budget) claim(ctx context.Context, class Class, inUse time.Duration) (limit.Claim, error) {
	now := b.clock.Now()
	c := limit.Claim{Key: b.key, Place: b.newID(), Most: b.most[class], Span: b.span, At: now, Latest: now.Add(inUse)}
	until, ok, err := b.ledger.Claim(ctx, c)
	switch f := fault.As(err); {
	case f != nil:
		return c, fmt.Errorf("graph: no place in the budget: %w", err)
	case err != nil:
		return c, fault.Wrap(fault.Unavailable, "directory.down", fmt.Errorf("graph: no place in the budget: %w", err))
	case !ok:
		return c, &fault.Error{Kind: fault.Limited, Key: "directory.budget", Until: until, Err: errors.New("graph: our own budget is used up")}
	}
	return c, nil
}

// done says that the call of a place is over, and whether anything was sent.
func (b *Budget) done(ctx context.Context, c limit.Claim, sent bool) error {
	if c.Place == "" {
		return nil // of a block
	}
	end := time.Time{}
	if sent {
		end = b.clock.Now()
	}
	ctx, cancel := afterwards(ctx)
	defer cancel()
	return b.ledger.Settle(ctx, c, end)
}

// pause lets nobody call before until, in any process (AVL-2).
func (b *Budget) pause(ctx context.Context, until time.Time) error {
	b.closeBlocks()
	ctx, cancel := afterwards(ctx)
	defer cancel()
	return b.ledger.Pause(ctx, b.key, until)
}

// afterwards gives what must be written down after a call its own time: the call's may be
// over.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), settleTime)
}
