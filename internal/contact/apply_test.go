package contact_test

import (
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rekey/internal/audit"
	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/job"
)

// proved starts a change and types its code: what is left is to apply it.
func (w *world) proved() (contact.Actor, contact.Change) {
	w.t.Helper()
	a := w.signedIn(maya, "s1")
	c := w.start(a, "2025550187")
	_, code := w.gateway.last()
	got, err := w.service.Redeem(w.t.Context(), a, c.ID, code)
	if err != nil || got.State != contact.Applying {
		w.t.Fatalf("Redeem = %s, %v, want applying", got.State, err)
	}
	return a, c
}

func limited(until time.Time) error {
	return &fault.Error{Kind: fault.Limited, Key: "directory.busy", Until: until}
}

func TestApply_AVL2_WaitsAsLongAsItIsTold(t *testing.T) {
	w := newWorld(t)
	a, c := w.proved()
	w.directory.fail = []error{nil, limited(w.time().Add(20 * time.Second))}
	w.work()
	w.directory.holds(oldNumber, 0)
	v, err := w.service.View(t.Context(), a, c.ID)
	if err != nil || v.Step != contact.Wait || v.Change.Reason != "apply.busy" || !v.Change.Retry.Equal(begin.Add(20*time.Second)) {
		t.Errorf("View while the directory is busy: %s %s until %v, %v", v.Step, v.Change.Reason, v.Change.Retry, err)
	}
	w.advance(19 * time.Second)
	w.work()
	w.directory.holds(oldNumber, 0)
	w.advance(time.Second)
	w.work()
	w.directory.holds(newNumber, 1)
	w.expect(c, contact.Applied)
}

// Our own budget is not Microsoft's doing, and the page does not say so (AVL-2).
func TestApply_AVL2_OurOwnBudgetIsAQueue(t *testing.T) {
	w := newWorld(t)
	a, c := w.proved()
	w.directory.fail = []error{&fault.Error{Kind: fault.Limited, Key: "directory.budget", Until: w.time().Add(4 * time.Second)}}
	w.work()
	if v, err := w.service.View(t.Context(), a, c.ID); err != nil || v.Change.Reason != "apply.queue" || !v.Change.Retry.Equal(begin.Add(4*time.Second)) {
		t.Errorf("View = %q until %v, %v, want in the queue for four seconds", v.Change.Reason, v.Change.Retry, err)
	}
}

func TestApply_AVL3_UnavailableIsRepeated(t *testing.T) {
	w := newWorld(t)
	_, c := w.proved()
	down := fault.New(fault.Unavailable, "directory.down")
	w.directory.fail = []error{down, nil, down, nil, down}
	w.settle(5 * time.Minute)
	w.directory.holds(newNumber, 1)
	w.expect(c, contact.Applied)
}

func TestApply_AVL3_LostAnswerIsReadBackNotRepeated(t *testing.T) {
	for _, lag := range []time.Duration{0, 30 * time.Second, 60 * time.Second} {
		w := newWorld(t)
		_, c := w.proved()
		w.directory.hangUp, w.directory.lag = 1, lag
		w.settle(5 * time.Minute)
		w.directory.holds(newNumber, 1)
		w.expect(c, contact.Applied)
	}
}

func TestApply_AVL3_LostAnswerOfAWriteThatWasNotDone(t *testing.T) {
	w := newWorld(t)
	a, c := w.proved()
	w.directory.fail = []error{nil, directory.ErrOutcomeUnknown}
	w.work()
	if v, err := w.service.View(t.Context(), a, c.ID); err != nil || v.Change.Reason != "apply.checking" {
		t.Errorf("View after a lost answer: %s, %v, want apply.checking", v.Change.Reason, err)
	}
	w.settle(5 * time.Minute)
	w.directory.holds(newNumber, 1)
	w.expect(c, contact.Applied)
}

func TestApply_LagAfterAnAcknowledgedWrite(t *testing.T) {
	w := newWorld(t)
	a, c := w.proved()
	w.directory.lag = 30 * time.Second
	w.work()
	w.expect(c, contact.Applied)
	snap, err := w.service.Snapshots.Kept(t.Context(), maya)
	if m, _ := snap.Contact(directory.Phone); err != nil || m.Value != newNumber {
		t.Errorf("the kept snapshot shows %q, %v: a reading that lags must not replace it", m.Value, err)
	}
	w.advance(time.Second)
	if snap, err = w.service.Snapshots.Refresh(t.Context(), maya); err != nil {
		t.Fatal(err)
	}
	if m, _ := snap.Contact(directory.Phone); m.Value != newNumber {
		t.Errorf("a refresh within the lag shows %q, want what was acknowledged", m.Value)
	}
	// The next change starts from the new number while the directory still shows the old one.
	next := w.start(a, "2025550199")
	_, code := w.gateway.last()
	if _, err := w.service.Redeem(t.Context(), a, next.ID, code); err != nil {
		t.Fatal(err)
	}
	w.settle(2 * time.Minute)
	w.directory.holds(newerPhone, 2)
	w.expect(next, contact.Applied)
	// Later, what somebody else wrote is shown.
	w.directory.lag = 0
	w.advance(directory.Lag)
	w.directory.phones[directory.Phone] = "+12025550111"
	if snap, err = w.service.Snapshots.Refresh(t.Context(), maya); err != nil {
		t.Fatal(err)
	}
	if m, _ := snap.Contact(directory.Phone); m.Value != "+12025550111" {
		t.Errorf("after the lag a refresh shows %q, want what the directory has", m.Value)
	}
}

func TestApply_CHG8_SomebodyElseChangedIt(t *testing.T) {
	w := newWorld(t)
	_, c := w.proved()
	w.directory.phones[directory.Phone] = "+12025550111"
	w.work()
	w.directory.holds("+12025550111", 0)
	w.expect(c, contact.Failed)
	if got := w.state(c); got.Reason != "apply.moved" || got.Value != "" {
		t.Errorf("reason %q, value %q, want apply.moved and nothing kept", got.Reason, got.Value)
	}
}

func TestApply_SES5_DisabledMeanwhile(t *testing.T) {
	w := newWorld(t)
	_, c := w.proved()
	w.directory.enabled = false
	w.work()
	w.directory.holds(oldNumber, 0)
	if got := w.state(c); got.State != contact.Failed || got.Reason != "account.disabled" {
		t.Errorf("%s %q, want failed, account.disabled", got.State, got.Reason)
	}
}

func TestApply_NeverList(t *testing.T) {
	w := newWorld(t)
	_, c := w.proved()
	w.applier.Never = func(p directory.PersonID) bool { return p == maya }
	w.work()
	w.directory.holds(oldNumber, 0)
	w.expect(c, contact.Failed)
}

func TestApply_RefusalsAreFinalAndSaid(t *testing.T) {
	tests := []struct {
		err  error
		want string
	}{
		{fault.New(fault.Invalid, "directory.refused"), "directory.refused"},
		{fault.New(fault.Forbidden, "directory.permission"), "directory.permission"},
		{fault.New(fault.NotFound, "directory.not-found"), "account.gone"},
	}
	for _, tt := range tests {
		w := newWorld(t)
		_, c := w.proved()
		w.directory.fail = []error{nil, tt.err}
		w.work()
		if got := w.state(c); got.State != contact.Failed || got.Reason != tt.want {
			t.Errorf("after %v: %s %q, want failed %q", tt.err, got.State, got.Reason, tt.want)
		}
		w.directory.holds(oldNumber, 0)
	}
}

func TestApply_GivesUpVisiblyAfterADay(t *testing.T) {
	w := newWorld(t)
	_, c := w.proved()
	for range 10_000 {
		w.directory.fail = append(w.directory.fail, fault.New(fault.Unavailable, "directory.down"))
	}
	for end := w.time().Add(25 * time.Hour); w.time().Before(end); w.advance(time.Minute) {
		w.work()
	}
	if got := w.state(c); got.State != contact.Failed || got.Reason != "directory.down" {
		t.Errorf("after a day: %s %q, want failed directory.down", got.State, got.Reason)
	}
	w.directory.holds(oldNumber, 0)
}

// dying is a directory whose process dies at the n-th call: nothing after it is recorded.
type dying struct {
	*account
	after bool // the write is done, then the process dies
}

func (d *dying) UpdateContact(ctx context.Context, p directory.PersonID, kind directory.Kind, e164 string) error {
	if d.after {
		_ = d.account.UpdateContact(ctx, p, kind, e164)
	}
	panic("the process dies here")
}

func TestApply_AVL4_AProcessThatDiesAtTheWrite(t *testing.T) {
	for _, after := range []bool{false, true} {
		w := newWorld(t)
		_, c := w.proved()
		w.applier.Writer = &dying{account: w.directory, after: after}
		j, ok, err := w.store.Take(t.Context(), []job.Kind{job.Apply}, w.time(), w.time().Add(job.Lease))
		if err != nil || !ok {
			t.Fatalf("Take = %v, %v", ok, err)
		}
		func() {
			defer func() { _ = recover() }()
			_ = w.applier.Apply(t.Context(), j)
		}()
		w.applier.Writer = w.directory
		if err := w.store.FreeLeases(t.Context()); err != nil { // the new process starts
			t.Fatal(err)
		}
		restart := w.time()
		w.settle(2 * time.Minute)
		w.directory.holds(newNumber, 1)
		w.expect(c, contact.Applied)
		if took := w.time().Sub(restart); took > 20*time.Second {
			t.Errorf("finished %v after the restart (written before it: %v), want within 20 s", took, after)
		}
	}
}

func TestApply_LostLeaseWritesNothing(t *testing.T) {
	w := newWorld(t)
	_, c := w.proved()
	slow, ok, err := w.store.Take(t.Context(), []job.Kind{job.Apply}, w.time(), w.time().Add(job.Lease))
	if err != nil || !ok {
		t.Fatalf("Take = %v, %v", ok, err)
	}
	w.advance(job.Lease + time.Second)
	w.work() // another worker takes it over and finishes
	w.directory.holds(newNumber, 1)
	_ = w.applier.Apply(t.Context(), slow)
	w.directory.holds(newNumber, 1)
	w.expect(c, contact.Applied)
}

func TestApply_AVL4_IntentAndOutcomeOnce(t *testing.T) {
	w := newWorld(t)
	_, _ = w.proved()
	w.directory.hangUp = 1
	w.settle(5 * time.Minute)
	var success int
	for _, e := range w.events(audit.ChangeApply) {
		if e.Outcome == audit.Success {
			success++
		}
	}
	if success != 1 {
		t.Errorf("%d outcomes of success in the audit log, want 1", success)
	}
}

// TestApply_Property: whatever the directory does to the calls, the value is the old or the
// new one, at most one write is done, and the change ends truthfully.
func TestApply_Property(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(t)
		_, c := w.proved()
		n := rapid.IntRange(0, 8).Draw(r, "calls")
		for range n {
			switch rapid.IntRange(0, 4).Draw(r, "answer") {
			case 0, 1:
				w.directory.fail = append(w.directory.fail, nil)
			case 2:
				w.directory.fail = append(w.directory.fail, limited(w.time().Add(time.Duration(rapid.IntRange(0, 30).Draw(r, "wait"))*time.Second)))
			case 3:
				w.directory.fail = append(w.directory.fail, fault.New(fault.Unavailable, "directory.down"))
			case 4:
				w.directory.fail = append(w.directory.fail, directory.ErrOutcomeUnknown)
			}
		}
		w.directory.hangUp = rapid.IntRange(0, 1).Draw(r, "hang up")
		w.directory.lag = time.Duration(rapid.IntRange(0, 60).Draw(r, "lag")) * time.Second
		w.settle(15 * time.Minute)
		w.directory.holds(newNumber, 1)
		w.expect(c, contact.Applied)
	})
}
