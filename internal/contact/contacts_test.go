package contact_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rekey/internal/audit"
	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/message"
	"rekey/internal/notice"
)

const (
	alternate = "+12025550155"
	home      = "maya@example.net"
)

var shield = directory.Method{ID: "a", Kind: directory.Authenticator, Name: "Pixel 9"}

// has sets what is on the account.
func (w *world) has(contacts map[directory.Kind]string, others ...directory.Method) {
	w.directory.phones, w.directory.others = contacts, append(others, directory.Method{ID: "p", Kind: directory.Password})
}

// begun ends the test unless the change was begun.
func (w *world) begun(c contact.Change, err error) contact.Change {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("beginning the change = %v", err)
	}
	return c
}

// redeem types the newest code of a gateway.
func (w *world) redeem(a contact.Actor, c contact.Change, g *gateway) contact.Change {
	w.t.Helper()
	_, code := g.last()
	got, err := w.service.Redeem(w.t.Context(), a, c.ID, code)
	if err != nil {
		w.t.Fatalf("Redeem = %v", err)
	}
	return got
}

// holdsAll checks every contact in the directory.
func (w *world) holdsAll(want map[directory.Kind]string) {
	w.t.Helper()
	w.directory.mu.Lock()
	defer w.directory.mu.Unlock()
	if fmt.Sprint(w.directory.phones) != fmt.Sprint(want) {
		w.t.Errorf("the directory holds %v, want %v", w.directory.phones, want)
	}
}

// notified lists where the notices of an event went.
func (w *world) notified(event string) []string {
	var to []string
	for _, g := range []*gateway{w.gateway, w.mail} {
		for _, m := range g.sent(false) {
			if strings.Contains(m.Subject+m.Body, "notice.event."+event) {
				to = append(to, m.To)
			}
		}
	}
	slices.Sort(to)
	return to
}

func (w *world) wantNotified(event string, want ...string) {
	w.t.Helper()
	slices.Sort(want)
	if got := w.notified(event); !slices.Equal(got, want) {
		w.t.Errorf("notices of %s went to %v, want %v", event, got, want)
	}
}

func TestEmail_CHG2_ProvedByACodeToThatMailbox(t *testing.T) {
	w := newWorld(t)
	a := w.signedIn(maya, "s1")
	c := w.begun(w.service.Start(t.Context(), a, directory.Email, contact.Input{Address: " Maya@Example.net "}))
	if to, _ := w.mail.last(); to != "Maya@example.net" || w.gateway.count() != 0 {
		t.Fatalf("the code went to %q, and %d texts were sent, want a mail to Maya@example.net alone", to, w.gateway.count())
	}
	v, err := w.service.View(t.Context(), a, c.ID)
	if err != nil || v.Channel != message.Mail || v.To != "M••••@example.net" {
		t.Errorf("View = by %s to %q, %v, want a mail to the masked address", v.Channel, v.To, err)
	}
	w.holdsAll(map[directory.Kind]string{directory.Phone: oldNumber})
	w.redeem(a, c, w.mail)
	w.work()
	w.holdsAll(map[directory.Kind]string{directory.Phone: oldNumber, directory.Email: "Maya@example.net"})
	w.wantNotified("email.added", oldNumber, "Maya@example.net", "maya.okafor@fernhill.example")

	w.advance(time.Hour)
	a = w.signedIn(maya, "s1")
	c = w.begun(w.service.Start(t.Context(), a, directory.Email, contact.Input{Address: "maya@example.org"}))
	w.redeem(a, c, w.mail)
	w.work()
	w.holdsAll(map[directory.Kind]string{directory.Phone: oldNumber, directory.Email: "maya@example.org"})
	w.wantNotified("email.changed", oldNumber, "Maya@example.net", "maya@example.org", "maya.okafor@fernhill.example")
}

func TestEmail_CHG10_Refusals(t *testing.T) {
	w := newWorld(t)
	w.has(map[directory.Kind]string{directory.Phone: oldNumber, directory.Email: home})
	a := w.signedIn(maya, "s1")
	for typed, want := range map[string]string{
		"":                                   "address.empty",
		"maya":                               "address.invalid",
		"maya@example.net\r\nBcc: x@y.test":  "address.invalid",
		"a@example.net, b@example.net":       "address.one",
		"MAYA.OKAFOR@fernhill.example":       "address.work",
		"maya@FERNHILL.example":              "address.work", // the user name is a mailbox of the same account
		"jonas@fernhill.example":             "address.own-domain",
		"Maya@Example.NET":                   "address.same",
		strings.Repeat("a", 300) + "@x.test": "address.long",
	} {
		_, err := w.service.Start(t.Context(), a, directory.Email, contact.Input{Address: typed})
		f := wantKey(t, fmt.Sprintf("Start(%.40q)", typed), err, want)
		if f.Field != "address" || f.Kind != fault.Invalid {
			t.Errorf("Start(%.40q) = %v at %q, want invalid at the field", typed, f.Kind, f.Field)
		}
	}
	if w.mail.count() != 0 {
		t.Errorf("mails sent = %d, want none", w.mail.count())
	}
	w.service.Policy.Domains = nil // the domain of the work mailbox is the organisation's all the same
	for _, alias := range []string{"maya.okafor+x@fernhill.example", "m.okafor@FERNHILL.example"} {
		_, err := w.service.Start(t.Context(), a, directory.Email, contact.Input{Address: alias})
		wantKey(t, "Start with another spelling of the work mailbox", err, "address.own-domain")
	}
	w.service.Policy.OwnDomains = true
	w.begun(w.service.Start(t.Context(), a, directory.Email, contact.Input{Address: "jonas@fernhill.example"}))
	if _, err := w.service.Start(t.Context(), a, directory.Email, contact.Input{Address: "maya.okafor@fernhill.example"}); key(err) != "address.work" {
		t.Errorf("Start with one's own work mailbox = %v, want address.work whatever is allowed", err)
	}
	delete(w.service.Senders, message.Mail)
	if _, err := w.service.Start(t.Context(), a, directory.Email, contact.Input{Address: "x@example.org"}); key(err) != "address.no-mail" {
		t.Errorf("Start without a mail server = %v, want address.no-mail", err)
	}
}

func TestAlternatePhone_NeedsAPhoneFirst(t *testing.T) {
	w := newWorld(t)
	w.has(map[directory.Kind]string{}, shield)
	a := w.signedIn(maya, "s1")
	in := contact.Input{Country: "US", Number: "2025550155"}
	_, err := w.service.Start(t.Context(), a, directory.AlternatePhone, in)
	wantKey(t, "Start without a phone", err, "number.phone-first")

	w = newWorld(t)
	a = w.signedIn(maya, "s1")
	_, err = w.service.Start(t.Context(), a, directory.AlternatePhone, contact.Input{Country: "US", Number: "2025550142"})
	wantKey(t, "Start with the number of the phone", err, "number.is-phone")
	c := w.begun(w.service.Start(t.Context(), a, directory.AlternatePhone, in))
	w.redeem(a, c, w.gateway)
	w.work()
	w.holdsAll(map[directory.Kind]string{directory.Phone: oldNumber, directory.AlternatePhone: alternate})
	w.wantNotified("alternate-phone.added", oldNumber, alternate, "maya.okafor@fernhill.example")

	w.advance(time.Hour)
	_, err = w.service.Start(t.Context(), w.signedIn(maya, "s1"), directory.Phone, in)
	wantKey(t, "Start of the phone with the number of the alternate", err, "number.is-alternate")
}

// The phone went away between the proof and the write: Microsoft would refuse it.
func TestApply_AlternatePhone_WhosePhoneWentAway(t *testing.T) {
	w := newWorld(t)
	w.has(map[directory.Kind]string{directory.Phone: oldNumber}, shield)
	a := w.signedIn(maya, "s1")
	c := w.begun(w.service.Start(t.Context(), a, directory.AlternatePhone, contact.Input{Country: "US", Number: "2025550155"}))
	w.redeem(a, c, w.gateway)
	delete(w.directory.phones, directory.Phone)
	w.work()
	if got := w.state(c); got.State != contact.Failed || got.Reason != "number.phone-first" {
		t.Errorf("the change is %s %s, want failed number.phone-first", got.State, got.Reason)
	}
}

func TestRemove_TakesItOffAtOnceUnderAFreshStrongSignIn(t *testing.T) {
	for kind, value := range map[directory.Kind]string{directory.Phone: oldNumber, directory.AlternatePhone: alternate, directory.Email: home} {
		w := newWorld(t)
		all := map[directory.Kind]string{directory.Phone: oldNumber, directory.Email: home}
		if kind == directory.AlternatePhone {
			all[kind] = alternate
		}
		w.has(all, shield)
		a := w.signedIn(maya, "s1")
		stale := a
		stale.AuthTime = a.AuthTime.Add(-11 * time.Minute)
		if _, err := w.service.Remove(t.Context(), stale, kind); !fault.Is(err, fault.StepUp) {
			t.Errorf("Remove(%s) under a stale sign-in = %v, want step-up", kind, err)
		}
		weak := a
		weak.Strong = false
		if _, err := w.service.Remove(t.Context(), weak, kind); !fault.Is(err, fault.StepUp) {
			t.Errorf("Remove(%s) under a weak sign-in = %v, want step-up", kind, err)
		}
		c := w.begun(w.service.Remove(t.Context(), a, kind))
		twice := w.begun(w.service.Remove(t.Context(), a, kind))
		if c.State != contact.Applying || twice.ID != c.ID {
			t.Errorf("Remove(%s) = %s, pressed twice %v, want one change that is applied", kind, c.State, twice.ID == c.ID)
		}
		w.work()
		delete(all, kind)
		w.holdsAll(all)
		w.expect(c, contact.Applied)
		to := []string{value, "maya.okafor@fernhill.example"}
		for _, v := range all {
			to = append(to, v)
		}
		w.wantNotified(string(kind)+".removed", to...)
		if w.gateway.count()+w.mail.count() != 0 {
			t.Errorf("Remove(%s) sent codes", kind)
		}
		if proofs, err := w.lastProved(a); err != nil || len(proofs) != 0 {
			t.Errorf("LastProved after a removal = %v, %v, want none", proofs, err)
		}
		if !slices.Equal(w.ended, []string{"s1"}) {
			t.Errorf("sessions kept when the others ended = %v, want s1", w.ended)
		}
	}
}

func TestRemove_OLD2_TheLastWayInStays(t *testing.T) {
	w := newWorld(t)
	w.has(map[directory.Kind]string{directory.Phone: oldNumber, directory.Email: home})
	a := w.signedIn(maya, "s1")
	r, err := w.service.Removal(t.Context(), a, directory.Phone)
	if !errors.Is(err, directory.ErrNoSnapshot) {
		t.Errorf("Removal before anything was read = %+v, %v, want ErrNoSnapshot", r, err)
	}
	_, err = w.service.Remove(t.Context(), a, directory.Phone)
	if f := wantKey(t, "Remove of the last way in", err, "remove.last-way"); f.Kind != fault.Invalid {
		t.Errorf("Remove of the last way in = %v, want invalid", f.Kind)
	}
	if r, err = w.service.Removal(t.Context(), a, directory.Phone); err != nil || r.Refused != "remove.last-way" {
		t.Errorf("Removal = %+v, %v, want refused", r, err)
	}
	if events := w.events(audit.ChangeStart); len(events) != 1 || events[0].Outcome != audit.Refusal {
		t.Errorf("events = %v, want one refusal", events)
	}
	w.directory.holds(oldNumber, 0)
}

// The last other way in goes between the removal's start and its write.
func TestApply_OLD2_TheLastWayInStaysAtTheWriteToo(t *testing.T) {
	w := newWorld(t)
	w.has(map[directory.Kind]string{directory.Phone: oldNumber}, shield)
	c := w.begun(w.service.Remove(t.Context(), w.signedIn(maya, "s1"), directory.Phone))
	w.has(w.directory.phones)
	w.work()
	w.directory.holds(oldNumber, 0)
	if got := w.state(c); got.State != contact.Failed || got.Reason != "remove.last-way" {
		t.Errorf("the removal is %s %s, want failed remove.last-way", got.State, got.Reason)
	}
}

func TestRemove_WithoutAuthenticationContext_AnotherContactAgrees(t *testing.T) {
	w := newWorld(t)
	w.service.Policy.Context = false
	w.has(map[directory.Kind]string{directory.Phone: oldNumber, directory.Email: home}, shield)
	a := w.signedIn(maya, "s1")
	a.Strong = false
	c := w.begun(w.service.Remove(t.Context(), a, directory.Phone))
	if to, _ := w.mail.last(); c.State != contact.Authorising || to != home || w.gateway.count() != 0 {
		t.Fatalf("Remove = %s, asked %q and sent %d texts, want the mailbox asked", c.State, to, w.gateway.count())
	}
	if got := w.redeem(a, c, w.mail); got.State != contact.Applying {
		t.Errorf("after the right code the removal is %s, want applying", got.State)
	}
	w.work()
	w.holdsAll(map[directory.Kind]string{directory.Email: home})

	w.advance(time.Hour)
	_, err := w.service.Remove(t.Context(), func() contact.Actor { a := w.signedIn(maya, "s1"); return a }(), directory.Email)
	wantKey(t, "Remove of the only contact", err, "change.no-contact-on-record")
}

// A removal that another contact agreed to under a sign-in gone stale waits for a fresh one.
func TestRemove_CHG1_StaleAfterTheCode(t *testing.T) {
	w := newWorld(t)
	w.service.Policy.Context = false
	w.has(map[directory.Kind]string{directory.Phone: oldNumber, directory.Email: home}, shield)
	a := w.signedIn(maya, "s1")
	c := w.begun(w.service.Remove(t.Context(), a, directory.Phone))
	stale := a
	stale.AuthTime = a.AuthTime.Add(-11 * time.Minute)
	if got := w.redeem(stale, c, w.mail); got.State != contact.Proved {
		t.Fatalf("Redeem under a stale sign-in = %s, want proved", got.State)
	}
	w.work()
	w.directory.holds(oldNumber, 0)
	if err := w.service.SteppedUp(t.Context(), w.signedIn(maya, "s1")); err != nil {
		t.Fatal(err)
	}
	w.work()
	w.holdsAll(map[directory.Kind]string{directory.Email: home})
}

func both() map[directory.Kind]string {
	return map[directory.Kind]string{directory.Phone: oldNumber, directory.AlternatePhone: alternate}
}

func TestRemove_PhoneBesideAnAlternate_MakesTheAlternateThePhone(t *testing.T) {
	w := newWorld(t)
	w.has(both())
	a := w.signedIn(maya, "s1")
	c := w.begun(w.service.Remove(t.Context(), a, directory.Phone))
	if to, _ := w.gateway.last(); to != alternate || c.Act != contact.Promote {
		t.Fatalf("Remove = %s with a code to %q, want a promotion with a code to the alternate phone", c.Act, to)
	}
	w.directory.holds(oldNumber, 0)
	w.redeem(a, c, w.gateway)
	w.work()
	w.expect(c, contact.Applied)
	w.directory.holds(alternate, 2)
	w.holdsAll(map[directory.Kind]string{directory.Phone: alternate})
	w.wantNotified("promoted", oldNumber, alternate, "maya.okafor@fernhill.example")
	snap, err := w.service.Snapshots.Kept(t.Context(), maya)
	if m, _ := snap.Contact(directory.Phone); err != nil || m.Value != alternate || len(snap.Contacts()) != 1 {
		t.Errorf("the kept snapshot shows %v, %v, want the alternate as the phone", snap.Contacts(), err)
	}
}

// Whatever happens to the two writes of a promotion, and whatever the directory shows
// meanwhile, the person has a phone at every moment, and it ends with the alternate as the
// phone (AVL-3, AVL-5).
func TestApply_AVL5_PromotionSurvivesEverything(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(t)
		w.has(both())
		a := w.signedIn(maya, "s1")
		c := w.begun(w.service.Remove(t.Context(), a, directory.Phone))
		w.redeem(a, c, w.gateway)
		w.directory.lag = time.Duration(rapid.IntRange(0, 60).Draw(r, "lag")) * time.Second
		w.directory.hangUp = rapid.IntRange(0, 2).Draw(r, "hangups")
		for range rapid.IntRange(0, 8).Draw(r, "calls") {
			switch rapid.IntRange(0, 3).Draw(r, "answer") {
			case 0:
				w.directory.fail = append(w.directory.fail, fault.New(fault.Unavailable, "directory.down"))
			case 1:
				w.directory.fail = append(w.directory.fail, limited(w.time().Add(5*time.Second)))
			default:
				w.directory.fail = append(w.directory.fail, nil)
			}
		}
		for range 900 {
			w.work()
			if w.directory.phones[directory.Phone] == "" {
				r.Fatal("there is no phone on the account")
			}
			if w.state(c).State != contact.Applying {
				break
			}
			w.advance(time.Second)
		}
		if got := w.state(c); got.State != contact.Applied || fmt.Sprint(w.directory.phones) != fmt.Sprint(map[directory.Kind]string{directory.Phone: alternate}) {
			r.Fatalf("the promotion is %s (%s) and the directory holds %v", got.State, got.Reason, w.directory.phones)
		}
		if w.directory.writes != 2 {
			r.Fatalf("writes = %d, want 2", w.directory.writes)
		}
	})
}

func TestPromotion_UsesUpTheAlternate(t *testing.T) {
	w := newWorld(t)
	w.has(both())
	a := w.signedIn(maya, "s1")
	other := w.begun(w.service.Start(t.Context(), a, directory.AlternatePhone, contact.Input{Country: "US", Number: "2025550177"}))
	w.begun(w.service.Remove(t.Context(), a, directory.Phone))
	w.expect(other, contact.Cancelled)

	w = newWorld(t)
	w.has(map[directory.Kind]string{directory.Phone: oldNumber, directory.AlternatePhone: "+493012345678"})
	_, err := w.service.Remove(t.Context(), w.signedIn(maya, "s1"), directory.Phone)
	wantKey(t, "Remove beside a landline", err, "remove.alternate-first")
}

func TestTest_ProvesAndWritesNothing(t *testing.T) {
	w := newWorld(t)
	w.has(map[directory.Kind]string{directory.Phone: oldNumber, directory.Email: home})
	for _, kind := range []directory.Kind{directory.Phone, directory.Email} {
		a := w.signedIn(maya, "s1")
		c := w.begun(w.service.Test(t.Context(), a, kind))
		g := w.gateway
		if kind == directory.Email {
			g = w.mail
		}
		if got := w.redeem(a, c, g); got.State != contact.Applied {
			t.Errorf("after the right code the test is %s, want applied", got.State)
		}
		proofs, err := w.lastProved(a)
		if err != nil || !proofs[kind].At.Equal(w.time()) {
			t.Errorf("LastProved(%s) = %v, %v, want now", kind, proofs[kind], err)
		}
		if got := w.state(c); got.Value != "" || got.Before != "" {
			t.Errorf("the test of %s keeps %q, want its value erased", kind, got.Value)
		}
	}
	w.work()
	w.directory.holds(oldNumber, 0)
	if n := len(w.notified("")); n != 0 || len(w.ended) != 0 {
		t.Errorf("a test sent %d notices and ended %v", n, w.ended)
	}
	_, err := w.service.Test(t.Context(), w.signedIn(maya, "s1"), directory.AlternatePhone)
	wantKey(t, "Test of what is not there", err, "contact.none")
}

// A code of a test proves nothing but the test: the value of a change cannot ride on it.
func TestTest_COD4_ItsCodeChangesNothing(t *testing.T) {
	w := newWorld(t)
	a := w.signedIn(maya, "s1")
	tested := w.begun(w.service.Test(t.Context(), a, directory.Phone))
	_, code := w.gateway.last()
	w.advance(time.Minute)
	c := w.start(a, "2025550187")
	if _, err := w.service.Redeem(t.Context(), a, c.ID, code); err == nil {
		t.Error("the code of a test was taken for a change")
	}
	if got, err := w.service.Redeem(t.Context(), a, tested.ID, code); err != nil || got.State != contact.Cancelled {
		t.Errorf("Redeem of the replaced test = %s, %v, want cancelled", got.State, err)
	}
	w.work()
	w.directory.holds(oldNumber, 0)
}

func TestNotices_NOT2_EarlierContactsHearOfItFor72Hours(t *testing.T) {
	w := newWorld(t)
	w.proved()
	w.work()
	w.wantNotified("phone.changed", oldNumber, newNumber, "maya.okafor@fernhill.example")
	w.advance(notice.Keep - time.Minute)
	a := w.signedIn(maya, "s1")
	c := w.begun(w.service.Start(t.Context(), a, directory.Email, contact.Input{Address: home}))
	w.redeem(a, c, w.mail)
	w.work()
	w.wantNotified("email.added", oldNumber, newNumber, home, "maya.okafor@fernhill.example")
	w.advance(2 * time.Minute)
	w.begun(w.service.Remove(t.Context(), w.signedIn(maya, "s1"), directory.Email))
	w.work()
	w.wantNotified("email.removed", newNumber, home, "maya.okafor@fernhill.example")
}

func TestNotices_NOT3_GuessedCodesAreTold(t *testing.T) {
	w := newWorld(t)
	w.has(map[directory.Kind]string{directory.Phone: oldNumber, directory.Email: home})
	a := w.signedIn(maya, "s1")
	for round := range 2 {
		c := w.start(a, "2025550187")
		_, code := w.gateway.last()
		for range 5 {
			_, _ = w.service.Redeem(t.Context(), a, c.ID, wrongCode(code))
		}
		w.work()
		if round == 0 {
			w.wantNotified("codes-used-up", home, "maya.okafor@fernhill.example")
			w.wantNotified("lock")
		}
		w.advance(5 * time.Minute)
	}
	w.wantNotified("lock", home, "maya.okafor@fernhill.example")
	if n := len(w.gateway.sent(false)); n != 0 {
		t.Errorf("texts about guessed codes = %d, want none while there is a mailbox", n)
	}
}

func TestNotices_NOT4_TriedForADayAndNeverUndoing(t *testing.T) {
	w := newWorld(t)
	w.mail.fail = fault.New(fault.Unavailable, "mail.down")
	_, c := w.proved()
	w.work()
	w.expect(c, contact.Applied)
	w.directory.holds(newNumber, 1)
	w.wantNotified("phone.changed", oldNumber, newNumber)
	w.advance(3 * time.Hour)
	w.work()
	w.mail.fail = nil
	w.advance(15 * time.Minute)
	w.work()
	w.wantNotified("phone.changed", oldNumber, newNumber, "maya.okafor@fernhill.example")

	w = newWorld(t)
	w.mail.fail = fault.New(fault.Unavailable, "mail.down")
	a, c := w.proved()
	for range 26 {
		w.work()
		w.advance(time.Hour)
	}
	v, err := w.service.View(t.Context(), a, c.ID)
	if err != nil || v.Step != contact.Done {
		t.Fatalf("View = %s, %v, want done", v.Step, err)
	}
	states := map[notice.State]int{}
	for _, n := range v.Told {
		states[n.State]++
		if n.To != "" {
			t.Errorf("the notice to %s keeps its destination after its end", n.ToMask)
		}
	}
	if states[notice.Sent] != 2 || states[notice.Abandoned] != 1 {
		t.Errorf("notices after a day = %v, want two sent and one abandoned", states)
	}
	failures := 0
	for _, e := range w.events(audit.NoticeSend) {
		if e.Outcome == audit.Failure {
			failures++
		}
	}
	if failures != 1 {
		t.Errorf("events of abandoned notices = %d, want 1", failures)
	}
}

// A notice is written with the change or not at all.
func TestNotices_NOT4_TheSameTransaction(t *testing.T) {
	w := newWorld(t)
	_, c := w.proved()
	w.applier.Notices = refusingNotices{}
	if did, err := w.runner.Once(t.Context()); !did || err != nil {
		t.Fatalf("Once = %v, %v", did, err)
	}
	w.expect(c, contact.Applying)
	w.applier.Notices = w.notices
	w.settle(3 * time.Minute)
	w.expect(c, contact.Applied)
	w.directory.holds(newNumber, 1)
}
