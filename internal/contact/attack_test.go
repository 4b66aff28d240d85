package contact_test

import (
	"context"
	"fmt"
	"strings"
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
	proofs, err := w.lastProved(a)
	if err != nil || proofs[directory.Phone].At.IsZero() {
		t.Errorf("LastProved after a change = %v, %v, want the phone", proofs, err)
	}
	w.directory.phones[directory.Phone] = "+12025550387" // elsewhere
	w.advance(time.Minute)
	if _, err := w.service.Snapshots.Refresh(t.Context(), maya); err != nil {
		t.Fatal(err)
	}
	if proofs, err = w.lastProved(a); err != nil || len(proofs) != 0 {
		t.Errorf("LastProved of another number with the same ending = %v, %v, want none", proofs, err)
	}
}

// Whoever sits at somebody's session cannot try out what is behind a mask: a right guess is
// charged and answered like a wrong one (PRV-1).
func TestStart_PRV1_NoOracleBehindTheMask(t *testing.T) {
	for _, kind := range []directory.Kind{directory.Phone, directory.AlternatePhone, directory.Email} {
		w := newWorld(t)
		w.has(map[directory.Kind]string{directory.Phone: oldNumber, directory.AlternatePhone: alternate, directory.Email: home})
		a := w.signedIn(maya, "s1")
		try := func(n int) error {
			in := contact.Input{Country: "US", Number: fmt.Sprintf("20255501%02d", n), Address: fmt.Sprintf("m%d@example.net", n)}
			if n == 42 {
				in.Address = home
			}
			_, err := w.service.Start(t.Context(), a, kind, in)
			return err
		}
		for n := range 3 {
			if err := try(n); err != nil {
				t.Fatalf("guess %d at %s = %v", n, kind, err)
			}
		}
		wrong, right := key(try(7)), key(try(42))
		if wrong != right {
			t.Errorf("%s: a wrong guess says %s and a right one %s, want no difference", kind, wrong, right)
		}
	}
}

// Without an authentication context the phone's own consent cannot be gone round by removing
// it first: the number that was there until lately is asked.
func TestStart_CHG3_RemovingFirstAsksTheFormerPhone(t *testing.T) {
	w := newWorld(t)
	w.service.Policy.Context = false
	w.has(map[directory.Kind]string{directory.Phone: oldNumber, directory.Email: home}, shield)
	a := w.signedIn(maya, "s1")
	c := w.begun(w.service.Remove(t.Context(), a, directory.Phone))
	w.redeem(a, c, w.mail)
	w.work()
	w.advance(6 * time.Minute)
	w.begun(w.service.Start(t.Context(), w.signedIn(maya, "s1"), directory.Phone, contact.Input{Country: "US", Number: "2025550187"}))
	if to, _ := w.gateway.last(); to != oldNumber {
		t.Errorf("the code went to %q, want the phone that was just removed", to)
	}
}

// Refusals of one person cannot fill the audit log (AUD-1 keeps the first ones).
func TestStart_AUD1_RefusalsAreNotedWithinBounds(t *testing.T) {
	w := newWorld(t)
	a := w.signedIn(maya, "s1")
	for n := range 100 {
		_, _ = w.service.Start(t.Context(), a, directory.Phone, contact.Input{Country: "US", Number: fmt.Sprintf("20255501%02d", n)})
	}
	refused := 0
	for _, e := range w.allEvents() {
		if e.Outcome == audit.Refusal {
			refused++
		}
	}
	if refused != 20 {
		t.Errorf("100 requests noted %d refusals, want 20", refused)
	}
}

// What is told of guessed codes names the contact, and goes to the phone where the only
// mailbox may be the guesser's.
func TestNotices_NOT3_GuessedCodesNameTheContact(t *testing.T) {
	w := newWorld(t)
	w.has(map[directory.Kind]string{directory.Phone: oldNumber, directory.Email: home})
	w.directory.mailbox = "none"
	a := w.signedIn(maya, "s1")
	c := w.start(a, "2025550187")
	_, code := w.gateway.last()
	for range 5 {
		_, _ = w.service.Redeem(t.Context(), a, c.ID, wrongCode(code))
	}
	w.work()
	w.wantNotified("codes-used-up", home, oldNumber)
	for _, m := range w.mail.sent(false) {
		if !strings.Contains(m.Body, "••87") {
			t.Errorf("the mail does not say which contact: %q", m.Body)
		}
	}
}

// A mail server's refusal may pass: a notice is tried for its whole day (NOT-4).
func TestNotices_NOT4_ARefusalIsTriedAgain(t *testing.T) {
	w := newWorld(t)
	w.mail.fail = fault.New(fault.Invalid, "mail.refused")
	w.proved()
	w.work()
	w.mail.fail = nil
	w.advance(2 * time.Hour)
	w.work()
	w.wantNotified("phone.changed", oldNumber, newNumber, "maya.okafor@fernhill.example")
}
