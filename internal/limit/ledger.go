package limit

import (
	"context"
	"time"
)

// Claim asks for a place in a budget that somebody else keeps too, an outside service for
// instance. Nobody here knows when that service counts a call: at some moment between its
// start and its end. So a place counts as taken at the latest such moment, until its call
// is over and Settle says when that was.
type Claim struct {
	Key    string        // names the budget
	Place  string        // names the place, different for each claim
	Most   int           // there is no place where so many are taken already
	Span   time.Duration // how long a place counts after its time
	At     time.Time     // now
	Latest time.Time     // when the call is over at the latest
}

// Soonest returns when there will be a place, given when the one that is waited for counts
// no more: a place dated after At is that of a call on its way, which may end any moment.
func (c Claim) Soonest(free time.Time) time.Time {
	if soon := c.At.Add(c.Span); free.After(soon) {
		return soon
	}
	return free
}

// Ledger keeps budgets. A claim of one caller sees the places of all others, in whatever
// process they run.
type Ledger interface {
	// Claim takes a place, in a committed transaction of its own, unless Most are taken
	// within Span of At or later, or the budget is paused. When ok is false, until is when
	// there will be one, if calls on their way end now and no other claim comes before. A
	// context that carries a transaction gets tx.ErrOpen.
	Claim(ctx context.Context, c Claim) (until time.Time, ok bool, err error)
	// Settle says that the call of a claim ended at the time; zero gives the place back,
	// because there was no call. A claim that is never settled counts from Latest on.
	Settle(ctx context.Context, c Claim, at time.Time) error
	// Pause lets nobody take a place before until. A shorter pause does not end a longer.
	Pause(ctx context.Context, key string, until time.Time) error
}
