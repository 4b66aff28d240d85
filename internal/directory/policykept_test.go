package directory

import (
	"context"
	"errors"
	"testing"
	"time"

	"rekey/internal/clock"
	"rekey/internal/fault"
	"rekey/internal/tx"
)

// policySource is a tenant whose policy can be read, or not.
type policySource struct {
	policy Policy
	err    error
	reads  int
	during func(context.Context)
}

func (s *policySource) Policy(ctx context.Context) (Policy, error) {
	s.reads++
	if s.during != nil {
		s.during(ctx)
	}
	return s.policy, s.err
}

func TestPolicies_ServeWhatWasKept(t *testing.T) {
	source := &policySource{err: errors.New("down")}
	now := clock.NewMovable(clock.Func(func() time.Time { return DeliveryEnds() }), 0)
	kept := &Policies{Reader: source, Clock: now}
	steps := []struct {
		name    string
		advance time.Duration
		change  func()
		known   bool
		reads   int
	}{
		{"first read fails", 0, func() {}, false, 1},
		{"not asked again at once", policyFailed - time.Second, func() {}, false, 1},
		{"asked again", time.Second, func() { source.policy, source.err = all(On, nil), nil }, true, 2},
		{"served from memory", policyGood - time.Second, func() { source.policy = Policy{} }, true, 2},
		{"a failure keeps the last one", time.Second, func() { source.err = errors.New("down") }, true, 3},
		{"the permission is gone", policyFailed, func() { source.err = fault.New(fault.Forbidden, "directory.permission") }, true, 4},
		{"which is not asked for every minute", policyDenied - time.Second, func() {}, true, 4},
		{"but once in a while", time.Second, func() {}, true, 5},
	}
	for _, step := range steps {
		now.Advance(step.advance)
		step.change()
		if got := kept.Policy(t.Context()); got.Known != step.known || source.reads != step.reads {
			t.Errorf("%s: Policy known %v after %d reads, want %v after %d", step.name, got.Known, source.reads, step.known, step.reads)
		}
	}
}

func TestPolicies_OneReadsAndNobodyWaitsLong(t *testing.T) {
	source := &policySource{policy: all(On, nil)}
	kept := &Policies{Reader: source, Clock: clock.System{}}
	source.during = func(ctx context.Context) {
		if other := kept.Policy(t.Context()); other.Known {
			t.Error("Policy during a read is known, want what was kept before")
		}
		if at, ok := ctx.Deadline(); !ok || time.Until(at) > policyTime {
			t.Errorf("Policy reads until %v, want two seconds at most", at)
		}
	}
	if got := kept.Policy(t.Context()); !got.Known || source.reads != 1 {
		t.Errorf("Policy = known %v after %d reads, want one read", got.Known, source.reads)
	}
}

func TestPolicies_NothingIsReadInsideATransaction(t *testing.T) {
	source := &policySource{policy: all(On, nil)}
	kept := &Policies{Reader: source, Clock: clock.System{}}
	if got := kept.Policy(tx.With(t.Context(), 1)); got.Known || source.reads != 0 {
		t.Errorf("Policy inside a transaction = known %v after %d reads, want none", got.Known, source.reads)
	}
}

// people is a directory in which everybody has a password, and a store of one snapshot.
type people struct {
	kept *Snapshot
	fail error
}

func (p *people) Account(context.Context, PersonID) (Account, error) { return Account{}, p.fail }

func (p *people) Methods(context.Context, PersonID) ([]Method, error) { return account(Password), nil }

func (p *people) Snapshot(context.Context, PersonID) (Snapshot, error) {
	if p.kept == nil {
		return Snapshot{}, ErrNoSnapshot
	}
	return *p.kept, nil
}

func (p *people) SaveSnapshot(_ context.Context, _ PersonID, s Snapshot) error {
	p.kept = &s
	return nil
}

// Pages find a policy kept because it is read where the directory is read anyway.
func TestSnapshots_ThePolicyIsReadBesideThem(t *testing.T) {
	world, source := &people{fail: errors.New("down")}, &policySource{policy: all(On, nil)}
	now := clock.NewMovable(clock.Func(func() time.Time { return DeliveryEnds() }), 0)
	s := &Snapshots{Reader: world, Store: world, Clock: now, Policies: &Policies{Reader: source, Clock: now}}
	source.during = func(context.Context) {
		if world.kept == nil {
			t.Error("the policy is read before the snapshot is kept: a slow one would lose it")
		}
	}
	if _, err := s.Refresh(t.Context(), PersonID{}); err == nil || source.reads != 0 {
		t.Errorf("Refresh of a directory that is down = %v, %d reads of the policy, want an error and none", err, source.reads)
	}
	world.fail = nil
	for range 3 {
		if _, err := s.Refresh(t.Context(), PersonID{}); err != nil {
			t.Errorf("Refresh = %v", err)
		}
	}
	if _, err := s.Kept(t.Context(), PersonID{}); err != nil || !s.Policies.Kept().Known || source.reads != 1 {
		t.Errorf("Kept = %v, policy known %v after %d reads, want one read", err, s.Policies.Kept().Known, source.reads)
	}
}
