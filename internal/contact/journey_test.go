package contact_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rekey/internal/audit"
	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/message"
	"rekey/internal/verification"
)

func TestJourney_CHG2_ProvedThenWritten(t *testing.T) {
	w := newWorld(t)
	a := w.signedIn(maya, "s1")
	c := w.start(a, "202-555-0187")
	to, code := w.gateway.last()
	if to != newNumber {
		t.Errorf("the code went to %s, want the new number", to)
	}
	w.directory.holds(oldNumber, 0) // CHG-2: the old value stays until the new one is proved
	got, err := w.service.Redeem(t.Context(), a, c.ID, code)
	if err != nil || got.State != contact.Applying {
		t.Fatalf("Redeem = %s, %v, want applying", got.State, err)
	}
	w.work()
	w.directory.holds(newNumber, 1)
	w.expect(c, contact.Applied)
	if w.directory.reads != 3 {
		t.Errorf("%d readings of the methods, want 3: at the start (no snapshot kept), before and after the write", w.directory.reads)
	}
	if done := w.state(c); done.Value != "" || done.Before != "" {
		t.Error("the proposed value was not erased") // PRV-2
	}
	snap, err := w.service.Snapshots.Kept(t.Context(), maya)
	if m, _ := snap.Contact(directory.Phone); err != nil || m.Value != newNumber {
		t.Errorf("the kept snapshot shows %q, %v", m.Value, err)
	}
	proofs, err := w.lastProved(a)
	if err != nil || proofs[directory.Phone].Masked != "+1 •••-•••-••87" {
		t.Errorf("LastProved = %v, %v", proofs, err)
	}
}

func TestJourney_AddsTheFirstPhone(t *testing.T) {
	w := newWorld(t)
	w.directory.phones = map[directory.Kind]string{}
	a := w.signedIn(maya, "s1")
	c := w.start(a, "202-555-0187")
	if !c.Adding() {
		t.Error("Adding() = false for a first phone")
	}
	_, code := w.gateway.last()
	if _, err := w.service.Redeem(t.Context(), a, c.ID, code); err != nil {
		t.Fatal(err)
	}
	w.work()
	w.directory.holds(newNumber, 1)
}

func TestStart_Refuses(t *testing.T) {
	tests := []struct {
		name, country, number, want string
		prepare                     func(w *world)
	}{
		{"nothing typed", "US", "", "number.empty", nil},
		{"too short", "US", "202 555 01", "number.too-short", nil},
		{"a landline", "DE", "030 123456", "number.landline", nil},
		{"a country that is not allowed", "FR", "06 12 34 56 78", "number.country", nil},
		{"+1 of another country", "US", "+1 416 555 0142", "number.country", nil},
		{"a premium number", "US", "900 555 0142", "number.country", nil},
		{"the number that is there", "US", "202 555 0142", "number.same", nil},
		{"a guest", "US", "202 555 0187", "account.guest", func(w *world) { w.directory.guest = true }},
		{"a disabled account", "US", "202 555 0187", "account.disabled", func(w *world) { w.directory.enabled = false }},
		{"the never-list", "US", "202 555 0187", "account.protected", func(w *world) {
			w.service.Policy.Never = func(p directory.PersonID) bool { return p == maya }
		}},
	}
	for _, tt := range tests {
		w := newWorld(t)
		if tt.prepare != nil {
			tt.prepare(w)
		}
		_, err := w.service.Start(t.Context(), w.signedIn(maya, "s1"), directory.Phone, contact.Input{Country: tt.country, Number: tt.number})
		if tt.name == "a premium number" {
			if key(err) != "number.kind" && key(err) != "number.country" {
				t.Errorf("Start with %s: %v, want a refusal at the number", tt.name, err)
			}
		} else {
			wantKey(t, "Start with "+tt.name, err, tt.want)
		}
		if w.gateway.count() != 0 {
			t.Errorf("Start with %s sent a text", tt.name)
		}
	}
}

func TestStart_CHG1_NeedsAFreshStrongSignIn(t *testing.T) {
	w := newWorld(t)
	stale, weak := w.signedIn(maya, "s1"), w.signedIn(maya, "s1")
	stale.AuthTime = begin.Add(-11 * time.Minute)
	weak.Strong = false
	for name, a := range map[string]contact.Actor{"eleven minutes old": stale, "password only": weak} {
		_, err := w.service.Start(t.Context(), a, directory.Phone, contact.Input{Country: "US", Number: "2025550187"})
		if !fault.Is(err, fault.StepUp) {
			t.Errorf("Start under a sign-in %s: %v, want a step-up", name, err)
		}
	}
	if w.gateway.count() != 0 {
		t.Error("a text was sent")
	}
}

func TestRedeem_COD2_TenMinutes(t *testing.T) {
	for _, tt := range []struct {
		after time.Duration
		good  bool
	}{{595 * time.Second, true}, {600*time.Second - time.Microsecond, true}, {600 * time.Second, false}, {601 * time.Second, false}} {
		w := newWorld(t)
		a := w.signedIn(maya, "s1")
		c := w.start(a, "2025550187")
		_, code := w.gateway.last()
		w.advance(tt.after)
		_, err := w.service.Redeem(t.Context(), w.signedIn(maya, "s1"), c.ID, code)
		if tt.good && err != nil {
			t.Errorf("a right code after %v: %v, want accepted", tt.after, err)
		}
		if !tt.good {
			wantKey(t, "a right code after "+tt.after.String(), err, "code.over")
		}
	}
}

func TestRedeem_COD3_FiftyRightCodesOneWrite(t *testing.T) {
	w := newWorld(t)
	a := w.signedIn(maya, "s1")
	c := w.start(a, "2025550187")
	_, code := w.gateway.last()
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() { _, _ = w.service.Redeem(t.Context(), a, c.ID, code) })
	}
	wg.Wait()
	w.work()
	w.directory.holds(newNumber, 1)
	w.expect(c, contact.Applied)
	if _, err := w.service.Redeem(t.Context(), a, c.ID, code); err != nil {
		t.Errorf("the same code once more: %v, want the change as it is", err)
	}
	w.work()
	w.directory.holds(newNumber, 1)
}

func TestRedeem_COD4_WorthlessElsewhere(t *testing.T) {
	w := newWorld(t)
	a := w.signedIn(maya, "s1")
	c := w.start(a, "2025550187")
	_, code := w.gateway.last()
	_, err := w.service.Redeem(t.Context(), w.signedIn(maya, "s2"), c.ID, code)
	wantKey(t, "from another session", err, "code.elsewhere")
	_, err = w.service.Redeem(t.Context(), w.signedIn(jonas, "s1"), c.ID, code)
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("another person's change: %v, want not found", err)
	}
	if _, err := w.service.View(t.Context(), w.signedIn(jonas, "s3"), c.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("View of another person's change: %v, want not found", err)
	}
	if got, err := w.service.Redeem(t.Context(), a, c.ID, code); err != nil || got.State != contact.Applying {
		t.Errorf("from the session that asked for it: %s, %v, want applying", got.State, err)
	}
}

func TestRedeem_COD5_FiftyWrongCodesFiveComparisons(t *testing.T) {
	w := newWorld(t)
	a := w.signedIn(maya, "s1")
	c := w.start(a, "2025550187")
	_, code := w.gateway.last()
	var wg sync.WaitGroup
	var mu sync.Mutex
	keys := map[string]int{}
	for range 50 {
		wg.Go(func() {
			_, err := w.service.Redeem(t.Context(), a, c.ID, wrongCode(code))
			mu.Lock()
			defer mu.Unlock()
			keys[key(err)]++
		})
	}
	wg.Wait()
	if compared := keys["code.wrong"] + keys["code.last-wrong"]; compared != 5 || keys["code.over"] != 45 {
		t.Errorf("answers %v, want five comparisons", keys)
	}
	_, err := w.service.Redeem(t.Context(), a, c.ID, code)
	wantKey(t, "the right code afterwards", err, "code.over")
	w.work()
	w.directory.holds(oldNumber, 0)
}

func TestRedeem_COD6_TenInARowLockAcrossChallenges(t *testing.T) {
	w := newWorld(t)
	a := w.signedIn(maya, "s1")
	c := w.start(a, "2025550187")
	for i := range 10 {
		if i == 5 {
			w.advance(time.Minute)
			if err := w.service.Resend(t.Context(), a, c.ID); err != nil {
				t.Fatal(err)
			}
		}
		_, code := w.gateway.last()
		_, err := w.service.Redeem(t.Context(), a, c.ID, "12345") // never compared, never counted
		wantKey(t, "five digits", err, "code.digits")
		_, err = w.service.Redeem(t.Context(), a, c.ID, wrongCode(code))
		if i == 9 {
			f := wantKey(t, "the tenth wrong code", err, "limit.locked")
			if !f.Until.Equal(w.time().Add(time.Hour)) {
				t.Errorf("locked until %v, want an hour", f.Until)
			}
		}
	}
	again := w.signedIn(maya, "s2") // a new sign-in does not reset it
	_, err := w.service.Start(t.Context(), again, directory.Phone, contact.Input{Country: "US", Number: "2025550199"})
	wantKey(t, "a new change while locked", err, "limit.locked")
	if n := len(w.events(audit.FactorLock)); n != 1 {
		t.Errorf("%d lock events, want 1", n)
	}
	w.advance(time.Hour)
	again.AuthTime = w.time()
	c = w.start(again, "2025550199")
	_, code := w.gateway.last()
	if got, err := w.service.Redeem(t.Context(), again, c.ID, code); err != nil || got.State != contact.Applying {
		t.Errorf("after the lock: %s, %v", got.State, err)
	}
}

func TestResend_COD10_KillsTheOlderCode(t *testing.T) {
	w := newWorld(t)
	a := w.signedIn(maya, "s1")
	c := w.start(a, "2025550187")
	_, older := w.gateway.last()
	f := wantKey(t, "Resend at once", w.service.Resend(t.Context(), a, c.ID), "limit.wait")
	if !f.Until.Equal(begin.Add(30 * time.Second)) {
		t.Errorf("Resend at once: until %v, want 30 seconds", f.Until)
	}
	w.advance(30 * time.Second)
	if err := w.service.Resend(t.Context(), a, c.ID); err != nil {
		t.Fatal(err)
	}
	v, err := w.service.View(t.Context(), a, c.ID)
	if err != nil || !v.Newer || !v.ResendAt.Equal(begin.Add(90*time.Second)) {
		t.Errorf("View after a new code: newer %v, next at %v, %v; want the next after 60 s", v.Newer, v.ResendAt, err)
	}
	_, newer := w.gateway.last()
	if older != newer {
		_, err = w.service.Redeem(t.Context(), a, c.ID, older)
		wantKey(t, "the older code", err, "code.wrong")
	}
	if got, err := w.service.Redeem(t.Context(), a, c.ID, newer); err != nil || got.State != contact.Applying {
		t.Errorf("the newer code: %s, %v", got.State, err)
	}
}

func TestResend_ABU2_PerPersonAndPerDestination(t *testing.T) {
	w := newWorld(t)
	a := w.signedIn(maya, "s1")
	w.start(a, "2025550187")
	w.start(a, "2025550188") // a corrected number is sent at once
	w.advance(30 * time.Second)
	w.start(a, "2025550187")
	_, err := w.service.Start(t.Context(), a, directory.Phone, contact.Input{Country: "US", Number: "2025550188"})
	f := wantKey(t, "the fourth code in five minutes", err, "limit.wait")
	if !f.Until.Equal(begin.Add(5 * time.Minute)) {
		t.Errorf("until %v, want five minutes", f.Until)
	}
	if w.gateway.count() != 3 {
		t.Errorf("%d texts, want 3", w.gateway.count())
	}
}

// Three different new numbers a day, however slowly; those that were tried go on working.
func TestStart_ABU2_ThreeNewNumbersADay(t *testing.T) {
	w := newWorld(t)
	for _, number := range []string{"2025550187", "2025550188", "2025550189"} {
		w.start(w.signedIn(maya, "s1"), number)
		w.advance(2 * time.Hour)
	}
	_, err := w.service.Start(t.Context(), w.signedIn(maya, "s2"), directory.Phone, contact.Input{Country: "US", Number: "2025550190"})
	if f := wantKey(t, "the fourth new number", err, "limit.new"); !f.Until.Equal(begin.Add(24 * time.Hour)) {
		t.Errorf("until %v, want a day after the first", f.Until)
	}
	w.start(w.signedIn(maya, "s1"), "2025550188")
	w.advance(18 * time.Hour)
	w.start(w.signedIn(maya, "s1"), "2025550190")
}

func TestStart_PressedTwiceSendsOnce(t *testing.T) {
	w := newWorld(t)
	a := w.signedIn(maya, "s1")
	first := w.start(a, "2025550187")
	second := w.start(a, "2025550187")
	if first.ID != second.ID || w.gateway.count() != 1 {
		t.Errorf("changes %s and %s with %d texts, want one change and one text", first.ID, second.ID, w.gateway.count())
	}
}

func TestStart_CHG5_CancelsTheEarlierChange(t *testing.T) {
	w := newWorld(t)
	a := w.signedIn(maya, "s1")
	first := w.start(a, "2025550187")
	_, firstCode := w.gateway.last()
	second := w.start(a, "2025550199")
	w.expect(first, contact.Cancelled)
	if got, err := w.service.Redeem(t.Context(), a, first.ID, firstCode); err != nil || got.State != contact.Cancelled {
		t.Errorf("the code of the cancelled change: %s, %v, want it to stay cancelled", got.State, err)
	}
	_, code := w.gateway.last()
	if _, err := w.service.Redeem(t.Context(), a, second.ID, code); err != nil {
		t.Fatal(err)
	}
	w.work()
	w.directory.holds(newerPhone, 1)
}

func TestStart_CHG5_TwoTabsAtOnce(t *testing.T) {
	w := newWorld(t)
	a := w.signedIn(maya, "s1")
	var wg sync.WaitGroup
	for _, n := range []string{"2025550187", "2025550199"} {
		wg.Go(func() {
			_, err := w.service.Start(t.Context(), a, directory.Phone, contact.Input{Country: "US", Number: n})
			if err != nil && !fault.Is(err, fault.Conflict) {
				t.Errorf("Start(%s) = %v", n, err)
			}
		})
	}
	wg.Wait()
	open, err := w.store.OpenChanges(t.Context(), maya)
	if err != nil || len(open) != 1 {
		t.Errorf("%d open changes, %v, want 1", len(open), err)
	}
}

func TestRedeem_CHG1_StaleSignInWaitsForAStepUp(t *testing.T) {
	w := newWorld(t)
	a := w.signedIn(maya, "s1")
	w.advance(5 * time.Minute)
	c := w.start(a, "2025550187")
	_, code := w.gateway.last()
	w.advance(6 * time.Minute)
	got, err := w.service.Redeem(t.Context(), a, c.ID, code)
	if err != nil || got.State != contact.Proved {
		t.Fatalf("a right code under a stale sign-in: %s, %v, want proved", got.State, err)
	}
	w.work()
	w.directory.holds(oldNumber, 0)
	if _, err := w.service.Redeem(t.Context(), a, c.ID, ""); !fault.Is(err, fault.StepUp) {
		t.Errorf("Continue without a step-up: %v, want a step-up", err)
	}
	if err := w.service.SteppedUp(t.Context(), w.signedIn(maya, "other")); err != nil {
		t.Fatal(err)
	}
	w.expect(c, contact.Proved)
	if err := w.service.SteppedUp(t.Context(), w.signedIn(maya, "s1")); err != nil {
		t.Fatal(err)
	}
	w.work()
	w.directory.holds(newNumber, 1)
	if w.gateway.count() != 1 {
		t.Errorf("%d texts, want 1: no new code", w.gateway.count())
	}
}

func TestRedeem_CHG7_ThirtyMinutes(t *testing.T) {
	w := newWorld(t)
	a := w.signedIn(maya, "s1")
	w.advance(9 * time.Minute)
	c := w.start(a, "2025550187")
	_, code := w.gateway.last()
	w.advance(9 * time.Minute)
	if got, err := w.service.Redeem(t.Context(), a, c.ID, code); err != nil || got.State != contact.Proved {
		t.Fatalf("Redeem = %s, %v", got.State, err)
	}
	w.advance(21 * time.Minute)
	if err := w.service.SteppedUp(t.Context(), w.signedIn(maya, "s1")); err != nil {
		t.Fatal(err)
	}
	w.work()
	w.directory.holds(oldNumber, 0)
	if v, err := w.service.View(t.Context(), w.signedIn(maya, "s1"), c.ID); err != nil || v.Step != contact.Stopped || v.Change.State != contact.Expired {
		t.Errorf("after 30 minutes: %s %s, %v, want expired", v.Step, v.Change.State, err)
	}
}

func TestStart_WithoutAuthenticationContext_OID4_CHG3(t *testing.T) {
	w := newWorld(t)
	w.service.Policy.Context = false
	a := w.signedIn(maya, "s1")
	a.Strong = false // nothing can prove it in this shape
	c := w.start(a, "2025550187")
	to, code := w.gateway.last()
	if to != oldNumber || c.State != contact.Authorising {
		t.Fatalf("the first code went to %s in state %s, want the number on record", to, c.State)
	}
	got, err := w.service.Redeem(t.Context(), a, c.ID, code)
	if err != nil || got.State != contact.Proving {
		t.Fatalf("the code of the number on record: %s, %v, want proving", got.State, err)
	}
	to, second := w.gateway.last()
	if to != newNumber {
		t.Fatalf("the second code went to %s, want the new number", to)
	}
	if code != second {
		_, err = w.service.Redeem(t.Context(), a, c.ID, code)
		wantKey(t, "the first code again", err, "code.wrong") // its mark does not carry over
	}
	if _, err := w.service.Redeem(t.Context(), a, c.ID, second); err != nil {
		t.Fatal(err)
	}
	w.work()
	w.directory.holds(newNumber, 1)
}

func TestStart_WithoutAuthenticationContext_StaleBetweenTheCodes(t *testing.T) {
	w := newWorld(t)
	w.service.Policy.Context = false
	a := w.signedIn(maya, "s1")
	w.advance(5 * time.Minute)
	c := w.start(a, "2025550187")
	_, code := w.gateway.last()
	w.advance(6 * time.Minute)
	got, err := w.service.Redeem(t.Context(), a, c.ID, code)
	if err != nil || got.State != contact.Authorised || w.gateway.count() != 1 {
		t.Fatalf("%s, %v with %d texts, want authorised and no text under a stale sign-in", got.State, err, w.gateway.count())
	}
	b := w.signedIn(maya, "s1")
	if err := w.service.SteppedUp(t.Context(), b); err != nil || w.gateway.count() != 1 {
		t.Fatalf("SteppedUp = %v with %d texts: a sign-in never sends", err, w.gateway.count())
	}
	if got, err = w.service.Redeem(t.Context(), b, c.ID, ""); err != nil || got.State != contact.Proving || w.gateway.count() != 2 {
		t.Errorf("Continue: %s, %v with %d texts, want proving and the second text", got.State, err, w.gateway.count())
	}
}

func TestStart_WithoutAuthenticationContext_NoContactOnRecord(t *testing.T) {
	w := newWorld(t)
	w.service.Policy.Context = false
	w.directory.phones = map[directory.Kind]string{}
	_, err := w.service.Start(t.Context(), w.signedIn(maya, "s1"), directory.Phone, contact.Input{Country: "US", Number: "2025550187"})
	wantKey(t, "Start with no contact on record", err, "change.no-contact-on-record")
	if refused := w.events(audit.ChangeStart); len(refused) != 1 || refused[0].Outcome != audit.Refusal {
		t.Errorf("events %+v, want one refusal (AUD-1)", refused)
	}
}

func TestStart_ConflictWhileApplying(t *testing.T) {
	w := newWorld(t)
	a := w.signedIn(maya, "s1")
	c := w.start(a, "2025550187")
	_, code := w.gateway.last()
	if _, err := w.service.Redeem(t.Context(), a, c.ID, code); err != nil {
		t.Fatal(err)
	}
	_, err := w.service.Start(t.Context(), a, directory.Phone, contact.Input{Country: "US", Number: "2025550199"})
	f := wantKey(t, "Start while applying", err, "change.applying")
	if f.Kind != fault.Conflict || f.Args["change"] != c.ID {
		t.Errorf("Start while applying: %v %v, want a conflict that names the change", f.Kind, f.Args)
	}
	wantKey(t, "Cancel while applying", w.service.Cancel(t.Context(), a, c.ID), "change.applying")
}

func TestCancel(t *testing.T) {
	w := newWorld(t)
	a := w.signedIn(maya, "s1")
	c := w.start(a, "2025550187")
	_, code := w.gateway.last()
	for range 2 {
		if err := w.service.Cancel(t.Context(), a, c.ID); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := w.service.Redeem(t.Context(), a, c.ID, code); err != nil || got.State != contact.Cancelled {
		t.Errorf("a code after Cancel: %s, %v, want it to stay cancelled", got.State, err)
	}
	w.work()
	w.directory.holds(oldNumber, 0)
}

func TestDelivery_TroubleIsShownAndLosesNothing(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want verification.Delivery
	}{{fault.New(fault.Unavailable, "sms.refused"), verification.Refused}, {message.ErrUncertain, verification.Uncertain}, {errBroken, verification.Refused}} {
		w := newWorld(t)
		a := w.signedIn(maya, "s1")
		w.gateway.fail = tt.err
		c := w.start(a, "2025550187")
		v, err := w.service.View(t.Context(), a, c.ID)
		if err != nil || v.Delivery != tt.want || v.Step != contact.EnterCode {
			t.Errorf("View after %v: %s %s, %v, want %s", tt.err, v.Delivery, v.Step, err, tt.want)
		}
		w.gateway.fail = nil
		w.advance(30 * time.Second)
		if err := w.service.Resend(t.Context(), a, c.ID); err != nil || w.gateway.count() != 1 {
			t.Errorf("Resend after %v: %v", tt.err, err)
		}
	}
}

func TestDraft_ACC3_WrongNumberIsNotTypedAgain(t *testing.T) {
	w := newWorld(t)
	a := w.signedIn(maya, "s1")
	w.start(a, "2025550187")
	in, ok := w.service.Draft(t.Context(), a, directory.Phone)
	if !ok || in.Country != "US" || in.Number != "(202) 555-0187" {
		t.Errorf("Draft = %+v, %v", in, ok)
	}
	if in, ok := w.service.Draft(t.Context(), w.signedIn(maya, "s2"), directory.Phone); ok {
		t.Errorf("Draft in another session = %+v, want nothing", in)
	}
}

func TestAudit_AUD3_NoCodeNoFullNumber(t *testing.T) {
	w := newWorld(t)
	a := w.signedIn(maya, "s1")
	c := w.start(a, "2025550187")
	_, code := w.gateway.last()
	_, _ = w.service.Redeem(t.Context(), a, c.ID, wrongCode(code))
	if _, err := w.service.Redeem(t.Context(), a, c.ID, code); err != nil {
		t.Fatal(err)
	}
	w.work()
	events := w.allEvents()
	for _, e := range events {
		for k, v := range e.Detail {
			if strings.Contains(v, code) || strings.Contains(v, "2025550187") || strings.Contains(v, "2025550142") {
				t.Errorf("event %s has %s=%q", e.Action, k, v)
			}
		}
	}
	var acts []string
	for _, e := range events {
		if e.Action != audit.CodeSend && e.Action != audit.NoticeSend {
			acts = append(acts, string(e.Action)+" "+string(e.Outcome))
		}
	}
	want := []string{"change.start success", "code.check failure", "change.prove success", "change.apply intent", "change.apply intent", "change.apply success"}
	if !slices.Equal(acts, want) {
		t.Errorf("events %q, want %q", acts, want)
	}
}

func TestAudit_AUD2_NoEventNoChange(t *testing.T) {
	w := newWorld(t)
	a := w.signedIn(maya, "s1")
	w.service.Audit = refusing{}
	_, err := w.service.Start(t.Context(), a, directory.Phone, contact.Input{Country: "US", Number: "2025550187"})
	if err == nil || w.gateway.count() != 0 {
		t.Errorf("Start without an audit log = %v with %d texts, want an error and no text", err, w.gateway.count())
	}
	if open, _ := w.store.OpenChanges(t.Context(), maya); len(open) != 0 {
		t.Error("a change was kept without its event")
	}
	w.service.Audit = w.store
	w.advance(time.Minute)
	c := w.start(a, "2025550187")
	_, code := w.gateway.last()
	w.service.Audit = refusing{}
	if _, err := w.service.Redeem(t.Context(), a, c.ID, code); err == nil {
		t.Error("Redeem without an audit log went through")
	}
	w.service.Audit = w.store
	if got, err := w.service.Redeem(t.Context(), a, c.ID, code); err != nil || got.State != contact.Applying {
		t.Errorf("the same code when the log is back: %s, %v, want applying: it was not consumed", got.State, err)
	}
}
