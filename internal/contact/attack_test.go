package contact_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"rekey/internal/audit"
	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/verification"
)

// A code that outlived its change would be right and refused: what the page and the text
// promise must be what holds.
func TestResend_COD2_ACodeDoesNotOutliveItsChange(t *testing.T) {
	w := newWorld(t)
	c := w.start(w.signedIn(maya, "s1"), "2025550187")
	w.advance(25 * time.Minute)
	a := w.signedIn(maya, "s1")
	if err := w.service.Resend(t.Context(), a, c.ID); err != nil {
		t.Fatal(err)
	}
	v, err := w.service.View(t.Context(), a, c.ID)
	if err != nil || !v.GoodUntil.Equal(c.Expires) {
		t.Errorf("the code is said to be good until %v, %v, want %v, when the change ends", v.GoodUntil, err, c.Expires)
	}
}

// hangingUp is a store whose caller is gone as soon as a try is counted.
type hangingUp struct {
	verification.Store
	hangUp context.CancelFunc
}

func (h hangingUp) CountTry(ctx context.Context, a verification.Attempt) (verification.Challenge, verification.Failures, bool, error) {
	c, f, ok, err := h.Store.CountTry(ctx, a)
	h.hangUp()
	return c, f, ok, err
}

func TestRedeem_AUD1_HangingUpHidesNoWrongCode(t *testing.T) {
	w := newWorld(t)
	a := w.signedIn(maya, "s1")
	c := w.start(a, "2025550187")
	_, code := w.gateway.last()
	for range verification.Tries + 1 {
		ctx, hangUp := context.WithCancel(t.Context())
		w.service.Verification.Store = hangingUp{w.store, hangUp}
		_, _ = w.service.Redeem(ctx, a, c.ID, wrongCode(code))
	}
	var failures, refusals int
	for _, e := range w.events(audit.CodeCheck) {
		switch e.Outcome {
		case audit.Failure:
			failures++
		case audit.Refusal:
			refusals++
		}
	}
	if failures != verification.Tries || refusals != 1 {
		t.Errorf("the audit log has %d failures and %d refusals, want %d and 1", failures, refusals, verification.Tries)
	}
}

func TestStart_AUD2_AReplacedChangeIsNoted(t *testing.T) {
	w := newWorld(t)
	a := w.signedIn(maya, "s1")
	first := w.start(a, "2025550187")
	w.start(a, "2025550199")
	w.expect(first, contact.Cancelled)
	events := w.events(audit.ChangeCancel)
	if len(events) != 1 || events[0].Detail["change"] != first.ID || events[0].Reason != "change.replaced" {
		t.Errorf("events of cancellation: %+v, want one of %s, replaced", events, first.ID)
	}
}

// What may have been written is never called "not written" (AVL-3).
func TestApply_AVL3_AfterALostAnswerAFailureIsUnknown(t *testing.T) {
	lost := func(w *world) { w.directory.hangUp, w.directory.lag = 1, time.Hour }
	tests := map[string]func(w *world){
		"permission withdrawn": func(w *world) {
			w.directory.fail = []error{fault.New(fault.Forbidden, "directory.permission")}
		},
		"account gone":     func(w *world) { w.directory.fail = []error{fault.New(fault.NotFound, "directory.not-found")} },
		"account disabled": func(w *world) { w.directory.enabled = false },
	}
	for name, then := range tests {
		w := newWorld(t)
		_, c := w.proved()
		lost(w)
		w.work()
		then(w)
		w.settle(time.Minute)
		if got := w.state(c); got.State != contact.Unknown {
			t.Errorf("%s after a lost answer: %s (%s), want unknown", name, got.State, got.Reason)
		}
		events := w.events(audit.ChangeApply)
		if last := events[len(events)-1]; last.Outcome != audit.Unclear {
			t.Errorf("%s after a lost answer: the audit log says %s, want unclear", name, last.Outcome)
		}
	}
}

// What somebody else wrote is what the account page shows afterwards.
func TestApply_CHG8_TheSnapshotShowsWhatSomebodyElseWrote(t *testing.T) {
	w := newWorld(t)
	_, c := w.proved()
	w.directory.phones[directory.Phone] = newerPhone
	w.settle(2 * time.Minute)
	w.expect(c, contact.Failed)
	snap, err := w.store.Snapshot(t.Context(), maya)
	if m, _ := snap.Contact(directory.Phone); err != nil || m.Value != newerPhone {
		t.Errorf("the kept snapshot has %q, %v, want %q", m.Value, err, newerPhone)
	}
}

// together runs fn so many times at once and counts what it returned by key, "" for success.
func together(n int, fn func() error) map[string]int {
	var mu sync.Mutex
	var wg sync.WaitGroup
	outcomes := map[string]int{}
	for range n {
		wg.Go(func() {
			err := fn()
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				outcomes[""]++
				return
			}
			outcomes[key(err)]++
		})
	}
	wg.Wait()
	return outcomes
}

// A double click leads to the code page, not to "wait": the text is on its way.
func TestStart_ABU3_PressedTwiceAtOnceIsOneText(t *testing.T) {
	w := newWorld(t)
	a := w.signedIn(maya, "s1")
	if _, err := w.service.Snapshots.Refresh(t.Context(), maya); err != nil {
		t.Fatal(err)
	}
	outcomes := together(10, func() error {
		_, err := w.service.Start(t.Context(), a, directory.Phone, contact.Input{Country: "US", Number: "2025550187"})
		return err
	})
	if outcomes[""] != 10 || w.gateway.count() != 1 {
		t.Errorf("ten starts at once: %v and %d texts, want ten successes and one text", outcomes, w.gateway.count())
	}
}

func TestCancel_PressedTwiceAtOnceIsHarmless(t *testing.T) {
	w := newWorld(t)
	a := w.signedIn(maya, "s1")
	c := w.start(a, "2025550187")
	outcomes := together(10, func() error { return w.service.Cancel(t.Context(), a, c.ID) })
	if outcomes[""] != 10 || len(w.events(audit.ChangeCancel)) != 1 {
		t.Errorf("ten cancellations at once: %v and %d events, want ten successes and one event", outcomes, len(w.events(audit.ChangeCancel)))
	}
}

// A number that ends like the proved one is not the proved one.
func TestLastProved_IsOfTheNumberNotOfItsEnding(t *testing.T) {
	w := newWorld(t)
	a, _ := w.proved()
	w.work()
	proofs, err := w.service.LastProved(t.Context(), a)
	if err != nil || proofs[directory.Phone].At.IsZero() {
		t.Errorf("LastProved after a change = %v, %v, want the phone", proofs, err)
	}
	w.directory.phones[directory.Phone] = "+12025550387" // elsewhere
	w.advance(time.Minute)
	if _, err := w.service.Snapshots.Refresh(t.Context(), maya); err != nil {
		t.Fatal(err)
	}
	if proofs, err = w.service.LastProved(t.Context(), a); err != nil || len(proofs) != 0 {
		t.Errorf("LastProved of another number with the same ending = %v, %v, want none", proofs, err)
	}
}
