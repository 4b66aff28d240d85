package main

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestNewPhone_OLD1_TheWholeWay: the number moves, Authenticator is set up on the new
// phone, the old one is taken off, and only then is it said that the account no longer
// needs it.
func TestNewPhone_OLD1_TheWholeWay(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	v := s.moving(priya, "new-phone", "yes")
	v.wantNext("inventory")
	old := s.methodID(priya, "iPhone 13")
	if got := v.guessed(); !slices.Equal(got, []string{old}) {
		t.Errorf("ticked: %v, want the Authenticator %s alone", got, old)
	}
	v.inventory(old)
	v.wantNext("place")
	s.moveSIM("iPhone 17")
	v.register(priya, authenticatorOn("iPhone 17"))
	v.wantNext("prove")
	v.testContact("/contacts/mobile", priyaNumber)
	v.wantNext("take-off") // the check passes by itself
	if p := v.get("/new-phone/check"); !strings.Contains(p.main(), "You would still get in") {
		t.Errorf("the check: %s", p.main())
	}

	// Authenticator on the old phone is the default: Microsoft keeps that.
	v.form("/new-phone/take-off")
	v.takenOff()
	if p := v.get("/new-phone/take-off"); !strings.Contains(p.main(), "it is your default at Microsoft") {
		t.Fatalf("the default: %s", p.main())
	}
	s.setDefault("iPhone 17")
	v.advance(time.Minute)
	v.form("/new-phone/take-off/again")
	v.takenOff()
	v.wantNext("sign-out")
	if got := s.notices(priyaNumber); len(got) == 0 || !strings.Contains(got[len(got)-1].Text, "Authenticator app was removed") {
		t.Errorf("notices = %v, want one of the removal", got)
	}
	v.signedOut()
	v.wantNext("sign-in")
	if p := v.send("/new-phone/hand-in"); p.status != 409 || strings.Contains(v.get("/new-phone").body, "no longer needs") {
		t.Errorf("handing in before the sign-in = %d, want 409", p.status)
	}
	v.advance(2 * time.Minute)
	v.signIn(priya, map[string]any{"strong": false})
	v.wantNext("sign-in")
	v.advance(time.Minute)
	v.signIn(priya)
	v.wantNext("hand-in")
	v.form("/new-phone/hand-in")
	receipt := v.get("/new-phone/hand-in").main()
	for _, want := range []string{"Your Fernhill account no longer needs this phone", "Receipt number", "RK ", "Authenticator on iPhone 13", "Priya Raman",
		"Registered devices that look like it iPhone 13, iOS 17.5.1"} {
		if !strings.Contains(receipt, want) {
			t.Errorf("the receipt lacks %q: %s", want, receipt)
		}
	}

	// The old handset is gone, and the emulated sign-in lets her in with the new one.
	s.control("POST", "/_emulator/handsets/"+url.PathEscape("iPhone 13"), map[string]any{"working": false}, nil)
	if got := s.visitor().signInByPages(priya, "push"); got != "in" {
		t.Errorf("signing in with the new phone = %q, want in", got)
	}
}

// TestNewPhone_OLD2_WithoutTheList: who throws the old phone away without it is locked out,
// and the home page had said so before.
func TestNewPhone_OLD2_WithoutTheList(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	const tomas = "tomas.herrera@fernhill.example"
	v := s.visitor()
	v.signIn(tomas)
	if mark, card := v.lost(); mark != "Locked out" {
		t.Errorf("home says %q: %s, want Locked out", mark, card)
	}
	s.control("POST", "/_emulator/handsets/+15035550163", map[string]any{"working": false}, nil)
	if got := s.visitor().signInByPages(tomas, ""); got != "locked out" {
		t.Errorf("signing in without the phone = %q, want locked out", got)
	}
}

// TestNewPhone_Lost_OneWayLeft: of a lost phone everything goes at once, as long as a
// passkey is left.
func TestNewPhone_Lost_OneWayLeft(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	const jonas = "jonas.lindqvist@fernhill.example"
	v := s.moving(jonas, "lost", "")
	v.wantNext("inventory")
	v.inventory(v.ids("Text messages")...)
	v.wantNext("sign-out")
	v.signedOut()
	v.wantNext("take-off")
	// An alternate phone is on the account: Microsoft keeps the phone beside it.
	v.form("/new-phone/take-off")
	v.takenOff()
	if p := v.get("/new-phone/take-off"); !strings.Contains(p.main(), "Make the alternate phone your phone first") {
		t.Errorf("beside an alternate phone: %s", p.main())
	}
}

// TestNewPhone_Lost_NothingLeft: nobody is locked out, and nothing is removed; there is
// help instead.
func TestNewPhone_Lost_NothingLeft(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	const maya = "maya.okafor@fernhill.example"
	v := s.visitor()
	v.signIn(maya)
	before := s.types(maya)
	v.form("/new-phone", "situation", "lost")
	v.inventory(v.guessed()...)
	v.signedOut()
	p := v.get("/new-phone/take-off")
	if !strings.Contains(p.main(), "We take nothing off") || p.Find(`a[href="/help"]`).Length() == 0 || p.Find(`form[action="/new-phone/take-off"]`).Length() != 0 {
		t.Errorf("with nothing left: %s", p.main())
	}
	v.form("/new-phone/take-off") // as somebody who makes up the form
	v.takenOff()
	if after := s.types(maya); !slices.Equal(before, after) {
		t.Errorf("methods = %v, want %v", after, before)
	}
	if p := s.visitor().get("/help"); p.status != 200 || !strings.Contains(p.main(), "You cannot sign in") {
		t.Errorf("/help = %d %s", p.status, p.main())
	}
}

// TestNewPhone_SameNumber: the number moves with the SIM and is nothing that goes.
func TestNewPhone_SameNumber(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	const maya = "maya.okafor@fernhill.example"
	number := s.phone(maya)
	v := s.moving(maya, "new-phone", "yes")
	if got := v.guessed(); len(got) != 0 {
		t.Errorf("ticked: %v, want nothing", got)
	}
	v.inventory(v.ids("Text messages")...) // ticked all the same: it does not live on the old phone
	s.control("POST", "/_emulator/handsets/"+number+"/move", map[string]any{"to": "Pixel 10"}, nil)
	v.wantNext("place")
	v.register(maya, authenticatorOn("Pixel 10"))
	v.wantNext("prove")
	v.testContact("/contacts/mobile", number)
	v.wantNext("sign-out") // nothing is to be taken off
	if got := s.phone(maya); got != number {
		t.Errorf("phone = %q, want %q", got, number)
	}
}

// TestNewPhone_NewNumber: the old number stays until the new one is proved.
func TestNewPhone_NewNumber(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	const maya = "maya.okafor@fernhill.example"
	v := s.moving(maya, "new-number", "")
	v.wantNext("place")
	v.form(v.begin("202 555 0140"), "code", s.code(firstNew))
	s.applied(maya, firstNew)
	s.until(10*time.Second, "the list asks for nothing more", func() bool { _, next := v.tasks(); return next == "" })
	v.form("/new-phone/hand-in")
	if p := v.get("/new-phone"); strings.Contains(p.body, "no longer needs") || p.Find(`a[href="/new-phone/situation"]`).Length() != 1 {
		t.Errorf("at the end: %s, want no sentence and a way to another move", p.main())
	}
	if p := v.get("/"); p.Find(`a.btn[href="/new-phone"]`).Length() != 1 {
		t.Error("security info still says that a move goes on")
	}
}

// TestNewPhone_TwoOfTheSameName: the person says which is old; the other one stays, and a
// sign-in that the old one approves proves nothing of the new one.
func TestNewPhone_TwoOfTheSameName(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	v := s.visitor()
	v.signIn(priya)
	old := s.methodID(priya, "iPhone 13")
	s.moveSIM("iPhone 13 new")
	twin := authenticatorOn("iPhone 13")
	twin["handset"], twin["id"] = priyaNumber, "6f1c9a52-8a0e-4f3b-9a55-3f0d9f0c7a11"
	s.control("POST", "/_emulator/people/"+priya+"/methods", twin, nil)
	v.advance(11 * time.Second)
	v.form("/snapshot/refresh")
	v.form("/new-phone", "situation", "new-phone")
	v.form("/new-phone/number", "moves", "yes")
	if got := v.guessed(); len(got) != 0 {
		t.Errorf("ticked: %v, want none of two that look alike", got)
	}
	if p := v.get("/new-phone/inventory"); !strings.Contains(p.main(), "Another one has the same name") {
		t.Errorf("the inventory: %s", p.main())
	}
	v.inventory(old)
	v.advance(time.Minute)
	if got := s.visitor().signInByPages(priya, "old push"); got != "in" {
		t.Fatalf("signing in by the old Authenticator = %q", got)
	}
	v.look()
	if p := v.get("/new-phone"); strings.Contains(p.main(), "Authenticator on iPhone 13 proved") {
		t.Errorf("a sign-in by the old one proved the new one: %s", p.main())
	}
}

// TestNewPhone_OLD2_ProvedByUse: Microsoft says that exactly the new Authenticator was used,
// although the old one rang too.
func TestNewPhone_OLD2_ProvedByUse(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	const tomas = "tomas.herrera@fernhill.example"
	v := s.moving(tomas, "new-phone", "no")
	v.inventory(v.guessed()...)
	v.register(tomas, authenticatorOn("Pixel 10"))
	v.advance(time.Minute)
	if got := s.visitor().signInByPages(tomas, "old push"); got != "in" { // on the one without a number: the new one
		t.Fatalf("signing in with the new Authenticator = %q", got)
	}
	v.look()
	if p := v.get("/new-phone"); !strings.Contains(p.main(), "Authenticator on Pixel 10 proved") {
		t.Errorf("after a sign-in with the new Authenticator: %s", p.main())
	}
}

// TestNewPhone_Lost_PasskeyLeft: the phone goes from the account at once, and the passkey
// that is left signs in.
func TestNewPhone_Lost_PasskeyLeft(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	const ingrid = "ingrid.solberg@fernhill.example"
	v := s.moving(ingrid, "lost", "")
	v.inventory(v.guessed()...)
	v.signedOut()
	v.wantNext("take-off")
	v.form("/new-phone/take-off")
	v.takenOff()
	if got := s.types(ingrid); slices.Contains(got, "phone") {
		t.Errorf("methods after the loss = %v, want none of the phone", got)
	}
	for _, n := range s.notices("+14255550171")[1:] {
		t.Errorf("the lost phone is told %q, after it was told of its removal", n.Text)
	}
	s.control("POST", "/_emulator/handsets/+14255550171", map[string]any{"working": false}, nil)
	if got := s.visitor().signInByPages(ingrid, ""); got != "in" {
		t.Errorf("signing in with the passkey = %q, want in", got)
	}
	if p := v.get("/new-phone"); strings.Contains(p.body, "no longer needs") {
		t.Error("the sentence is said with one way in left")
	}

	// Signed out once more, since the phone is off, and then built up again.
	v.wantNext("sign-out")
	if v.get("/new-phone/sign-out").Find(`form[action="/new-phone/sign-out"]`).Length() != 1 {
		t.Fatalf("no way to sign out once more: %s", v.get("/new-phone/sign-out").main())
	}
	v.signedOut()
	v.wantNext("place")
	v.register(ingrid, authenticatorOn("iPhone 17"))
	v.form(v.begin("202 555 0140"), "code", s.code(firstNew))
	s.applied(ingrid, firstNew)
	s.until(10*time.Second, "the list asks for a sign-in", func() bool { _, next := v.tasks(); return next == "sign-in" })
	v.advance(2 * time.Minute)
	v.signIn(ingrid)
	v.wantNext("hand-in")
	v.form("/new-phone/hand-in")
	if p := v.get("/new-phone/hand-in"); !strings.Contains(p.main(), "no longer needs this phone") {
		t.Errorf("the end of a loss: %s", p.main())
	}
}
