package directory

import (
	"context"
	"sync"
	"time"

	"rekey/internal/clock"
	"rekey/internal/fault"
	"rekey/internal/tx"
)

// How long a tenant's policy is served before it is read again. Administrators change it
// a few times a year; Microsoft itself takes up to an hour to follow.
const (
	policyGood   = 15 * time.Minute
	policyFailed = time.Minute // after a read that failed
	policyDenied = time.Hour   // without the permission: only a new consent helps
	policyTime   = 2 * time.Second
)

// Policies serves the tenant's policy from memory. Safe for concurrent use.
type Policies struct {
	Reader PolicyReader
	Clock  clock.Clock

	mu      sync.Mutex
	kept    Policy
	due     time.Time
	reading bool
}

// Policy returns what the tenant allows, reading it when it is due; while one caller does,
// for two seconds at most, others get what was kept. It never fails: a policy that cannot
// be read is the one that was kept last, or an unknown one. Inside a transaction it reads
// nothing.
func (p *Policies) Policy(ctx context.Context) Policy {
	if kept, due := p.begin(ctx); !due {
		return kept
	}
	ctx, cancel := context.WithTimeout(ctx, policyTime)
	defer cancel()
	read, err := p.Reader.Policy(ctx)
	return p.end(read, err)
}

// Kept returns what was read last and reads nothing, for pages: the zero value before the
// first read.
func (p *Policies) Kept() Policy {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.kept
}

// begin returns what is kept and whether the caller is the one to read.
func (p *Policies) begin(ctx context.Context) (Policy, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reading || p.Clock.Now().Before(p.due) || tx.Refuse(ctx) != nil {
		return p.kept, false
	}
	p.reading = true
	return p.kept, true
}

// end keeps what was read.
func (p *Policies) end(read Policy, err error) Policy {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reading = false
	wait := policyGood
	switch {
	case err == nil:
		p.kept = read
	case fault.Is(err, fault.Forbidden):
		wait = policyDenied
	default:
		wait = policyFailed
	}
	p.due = p.Clock.Now().Add(wait)
	return p.kept
}
