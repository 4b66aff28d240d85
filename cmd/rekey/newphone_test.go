package main

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
)

// main returns the words of a page.
func (p page) main() string { return strings.Join(strings.Fields(p.Find("main").Text()), " ") }

// state returns the state of each task on the list, by its address.
func (v *visitor) tasks() (states []string, next string) {
	v.t.Helper()
	p := v.get("/new-phone")
	for _, n := range p.Find(".tasks > li").EachIter() {
		class := n.AttrOr("class", "")
		states = append(states, class)
		if class == "now" {
			next = strings.TrimPrefix(n.Find("a").AttrOr("href", ""), "/new-phone/")
		}
	}
	return states, next
}

// wantNext says which task the list asks for.
func (v *visitor) wantNext(want string) {
	v.t.Helper()
	if states, next := v.tasks(); next != want {
		v.t.Fatalf("the list asks for %q (%v), want %q\n%s", next, states, want, v.get("/new-phone").main())
	}
}

// form sends a form of the move; it must lead on.
func (v *visitor) form(path string, fields ...string) page {
	v.t.Helper()
	p := v.send(path, fields...)
	if p.status != 303 {
		v.t.Fatalf("POST %s: %d\n%s", path, p.status, p.main())
	}
	return p
}

// ids returns the ids of the inventory whose words contain any of those.
func (v *visitor) ids(words ...string) []string {
	v.t.Helper()
	var ids []string
	for _, n := range v.get("/new-phone/inventory").Find(".choices label").EachIter() {
		text := n.Text()
		if slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) }) {
			ids = append(ids, n.Find("input").AttrOr("value", ""))
		}
	}
	return ids
}

// guessed returns what the inventory has ticked.
func (v *visitor) guessed() []string {
	v.t.Helper()
	var ids []string
	for _, n := range v.get("/new-phone/inventory").Find(".choices input[checked]").EachIter() {
		ids = append(ids, n.AttrOr("value", ""))
	}
	return ids
}

// inventory answers what is on the old phone.
func (v *visitor) inventory(ids ...string) {
	v.t.Helper()
	form := url.Values{"form_token": {v.token()}, "old": ids}
	if p := v.post("/new-phone/inventory", form); p.status != 303 {
		v.t.Fatalf("the inventory: %d %s", p.status, p.main())
	}
}

// test proves a contact with a code.
func (v *visitor) testContact(path, number string) {
	v.t.Helper()
	p := v.form(path + "/test")
	v.form(p.location, "code", v.code(number))
}

// register gives a person a method, as if at Microsoft, and has the page look.
func (v *visitor) register(upn string, method map[string]any) {
	v.t.Helper()
	v.control("POST", "/_emulator/people/"+upn+"/methods", method, nil)
	v.look()
}

func (v *visitor) look() {
	v.t.Helper()
	v.advance(11 * time.Second) // within everybody's budget
	v.form("/new-phone/look", "task", "place")
}

// takenOff waits until nothing is being taken off any more.
func (v *visitor) takenOff() {
	v.t.Helper()
	v.until(20*time.Second, "the old phone is off", func() bool {
		return !strings.Contains(v.get("/new-phone/take-off").body, `data-step="going"`)
	})
}

// signedOut signs out everywhere and waits until Microsoft has done so.
func (v *visitor) signedOut() {
	v.t.Helper()
	v.form("/new-phone/sign-out")
	v.until(20*time.Second, "everybody is signed out", func() bool { return v.get("/new-phone/sign-out").Find(".bar.fine").Length() == 1 })
}

// types returns the kinds of a person's methods.
func (s *site) types(upn string) []string {
	s.t.Helper()
	var types []string
	for _, p := range s.people() {
		for _, m := range p.Methods {
			if p.UserPrincipalName == upn {
				name, _ := m["@odata.type"].(string)
				types = append(types, strings.TrimSuffix(strings.TrimPrefix(name, "#microsoft.graph."), "AuthenticationMethod"))
			}
		}
	}
	return types
}

const (
	priya       = "priya.raman@fernhill.example"
	priyaNumber = "+12065550117"
)

func authenticatorOn(handset string) map[string]any {
	return map[string]any{"@odata.type": "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod", "displayName": handset, "deviceTag": "SoftwareTokenActivated"}
}

// methodID returns the id of a person's method with that name.
func (s *site) methodID(upn, name string) string {
	s.t.Helper()
	for _, p := range s.people() {
		for _, m := range p.Methods {
			if p.UserPrincipalName == upn && m["displayName"] == name {
				id, _ := m["id"].(string)
				return id
			}
		}
	}
	s.t.Fatalf("%s has no method called %q", upn, name)
	return ""
}

// TestNewPhone_OLD1_TheWholeWay: the number moves, Authenticator is set up on the new
// phone, the old one is taken off, and only then is it said that the account no longer
// needs it.
func TestNewPhone_OLD1_TheWholeWay(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	v := s.visitor()
	v.signIn(priya)
	v.form("/new-phone", "situation", "new-phone")
	v.form("/new-phone/number", "moves", "yes")
	v.wantNext("inventory")
	old := s.methodID(priya, "iPhone 13")
	if got := v.guessed(); !slices.Equal(got, []string{old}) {
		t.Errorf("ticked: %v, want the Authenticator %s alone", got, old)
	}
	v.inventory(old)
	v.wantNext("place")
	s.control("POST", "/_emulator/handsets/"+priyaNumber+"/move", map[string]any{"to": "iPhone 17"}, nil)
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
	s.control("POST", "/_emulator/people/"+priya+"/default", map[string]any{"id": s.methodID(priya, "iPhone 17")}, nil)
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
	v := s.visitor()
	v.signIn(jonas)
	v.form("/new-phone", "situation", "lost")
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
	v := s.visitor()
	v.signIn(maya)
	v.form("/new-phone", "situation", "new-phone")
	v.form("/new-phone/number", "moves", "yes")
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
	v := s.visitor()
	v.signIn(maya)
	v.form("/new-phone", "situation", "new-number")
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
	s.control("POST", "/_emulator/handsets/"+priyaNumber+"/move", map[string]any{"to": "iPhone 13 new"}, nil)
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
	v := s.visitor()
	v.signIn(tomas)
	v.form("/new-phone", "situation", "new-phone")
	v.form("/new-phone/number", "moves", "no")
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

// signInByPages signs in at the emulated sign-in page as a person would: with the strongest
// method that works, "push" the first that rings, "old push" the one on a handset without a
// number. It says how that ended: "in", "locked out", or on which page it stopped.
func (v *visitor) signInByPages(upn, how string) string {
	v.t.Helper()
	p := v.follow(v.get("/signin"))
	for range 12 {
		form := p.Find("form.card").First()
		action := form.AttrOr("action", "")
		switch {
		case p.Find("#contacts").Length() > 0:
			return "in"
		case strings.Contains(p.main(), "You are locked out"):
			return "locked out"
		case strings.HasSuffix(action, "/password"):
			p = v.follow(v.post(action, url.Values{"user": {upn}, "password": {"demo"}}))
		case strings.HasSuffix(action, "/use") && how == "":
			p = v.follow(v.post(action, nil))
		case strings.HasSuffix(action, "/use"), strings.HasSuffix(action, "/code"): // another way
			id := p.Find(".choices button").FilterFunction(func(_ int, b *goquery.Selection) bool { return strings.Contains(b.Text(), "Authenticator") }).AttrOr("value", "")
			p = v.follow(v.post(strings.TrimSuffix(strings.TrimSuffix(action, "/use"), "/code")+"/way", url.Values{"way": {id}}))
		case strings.Contains(p.main(), "Authenticator"):
			number := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(p.Find(".match").Text()), "The number is"))
			v.approve(upn, number, how == "old push")
			p = v.follow(v.post(p.Find(`form[action$="/check"]`).AttrOr("action", ""), nil))
		default:
			return p.main()
		}
	}
	return "nowhere: " + p.main()
}

// approve answers a push on one of a person's phones.
func (v *visitor) approve(upn, number string, old bool) {
	v.t.Helper()
	var actions []string
	for _, phone := range v.get("/_emulator/people/" + upn).Find("section").EachIter() {
		if action := phone.Find(`form[action^="/_emulator/devices/pushes/"]`).AttrOr("action", ""); action != "" {
			if old == !strings.Contains(phone.Text(), "+1 ") {
				actions = append(actions, action)
			}
		}
	}
	if len(actions) == 0 {
		v.t.Fatalf("nothing rings for %s", upn)
	}
	if p := v.post(actions[0], url.Values{"answer": {"yes"}, "number": {number}}); p.status != 303 {
		v.t.Fatalf("approving: %d %s", p.status, p.main())
	}
}

// follow goes where an answer leads, and notes where it is.
func (v *visitor) follow(p page) page {
	v.t.Helper()
	at := ""
	for range 10 {
		if p.location == "" {
			break
		}
		at = p.location
		p = v.get(at)
	}
	if at != "" {
		p.header.Set("X-At", at)
	}
	return p
}

// TestNewPhone_OLD2_NothingBeforeItsTime: tasks that are not reached do nothing.
func TestNewPhone_OLD2_NothingBeforeItsTime(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	v := s.visitor()
	v.signIn(priya)
	v.form("/new-phone", "situation", "new-phone")
	v.form("/new-phone/number", "moves", "yes")
	v.inventory(v.guessed()...)
	before := s.types(priya)
	for _, path := range []string{"/new-phone/take-off", "/new-phone/take-off/again", "/new-phone/sign-out", "/new-phone/hand-in"} {
		v.advance(time.Minute)
		if p := v.send(path); p.status != 409 {
			t.Errorf("POST %s before its time = %d, want 409", path, p.status)
		}
	}
	if after := s.types(priya); !slices.Equal(before, after) {
		t.Errorf("methods = %v, want %v", after, before)
	}
}

// TestNewPhone_Lost_PasskeyLeft: the phone goes from the account at once, and the passkey
// that is left signs in.
func TestNewPhone_Lost_PasskeyLeft(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	const ingrid = "ingrid.solberg@fernhill.example"
	v := s.visitor()
	v.signIn(ingrid)
	v.form("/new-phone", "situation", "lost")
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

// TestNewPhone_OLD2_AnEarlierSignOutDoesNotCount: who signed out everywhere before the old
// phone was off finds the way to do it again.
func TestNewPhone_OLD2_AnEarlierSignOutDoesNotCount(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	v := s.readyToTakeOff()
	v.form("/sessions/revoke")
	s.until(10*time.Second, "Microsoft ended the sessions", func() bool {
		return strings.Contains(v.get("/sessions").main(), "ended") || v.get("/sessions").Find(".bar.fine").Length() == 1
	})
	v.form("/new-phone/take-off")
	v.takenOff()
	v.wantNext("sign-out")
	if v.get("/new-phone/sign-out").Find(`form[action="/new-phone/sign-out"]`).Length() != 1 {
		t.Fatalf("no way to sign out: %s", v.get("/new-phone/sign-out").main())
	}
	v.advance(time.Minute)
	v.signedOut()
	v.wantNext("sign-in")
}

// TestNewPhone_AVL2_NothingWasReadYet: of an account that could not be read nothing is said.
func TestNewPhone_AVL2_NothingWasReadYet(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	v := s.visitor()
	s.fault(fault{"part": "graph", "kind": "status", "status": 503, "times": 100})
	v.signIn(priya)
	v.form("/new-phone", "situation", "lost")
	for _, path := range []string{"/new-phone", "/new-phone/inventory"} {
		if p := v.get(path); p.status != 503 || strings.Contains(p.main(), "nothing on your account") {
			t.Errorf("GET %s while nothing was read = %d %s, want 503", path, p.status, p.main())
		}
	}
	if p := v.send("/new-phone/sign-out"); p.status == 303 {
		t.Error("signing out as a task of a list that cannot be known")
	}
}

// TestNewPhone_CHG1_TakingOffNeedsAFreshSignIn: a session that was left open takes nothing
// off.
func TestNewPhone_CHG1_TakingOffNeedsAFreshSignIn(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	v := s.readyToTakeOff()
	before := s.types(priya)
	v.advance(11 * time.Minute)
	p := v.send("/new-phone/take-off")
	if p.status != 200 || p.Find(`a[href^="/signin?"]`).Length() == 0 {
		t.Errorf("taking off with an old sign-in = %d %s, want a way to the sign-in", p.status, p.main())
	}
	v.signIn(priya, map[string]any{"strong": false})
	if p := v.send("/new-phone/take-off"); p.status != 200 {
		t.Errorf("taking off with a weak sign-in = %d, want a way to the sign-in", p.status)
	}
	if p := v.get("/signin/not-fresh?return_to=%2Fnew-phone%2Ftake-off"); p.status != 403 || strings.Contains(p.main(), "number that you typed") {
		t.Errorf("back from a weak sign-in: %d %s", p.status, p.main())
	}
	v.takenOff()
	if after := s.types(priya); !slices.Equal(before, after) {
		t.Errorf("methods = %v, want %v", after, before)
	}
}

// readyToTakeOff brings Priya to the confirmation; her new Authenticator is the default.
func (s *site) readyToTakeOff() *visitor {
	s.t.Helper()
	v := s.visitor()
	v.signIn(priya)
	v.form("/new-phone", "situation", "new-phone")
	v.form("/new-phone/number", "moves", "yes")
	v.inventory(v.guessed()...)
	s.control("POST", "/_emulator/handsets/"+priyaNumber+"/move", map[string]any{"to": "iPhone 17"}, nil)
	v.register(priya, authenticatorOn("iPhone 17"))
	s.control("POST", "/_emulator/people/"+priya+"/default", map[string]any{"id": s.methodID(priya, "iPhone 17")}, nil)
	v.testContact("/contacts/mobile", priyaNumber)
	v.wantNext("take-off")
	return v
}

// TestNewPhone_CHG3_WithoutContextACodeComesFirst: where the strength of a sign-in is not
// proved, a code to a contact that stays is.
func TestNewPhone_CHG3_WithoutContextACodeComesFirst(t *testing.T) {
	t.Parallel()
	s := startSite(t, func(c *demoCommand) { c.NoContext = true })
	v := s.readyToTakeOff()
	v.advance(11 * time.Minute)
	v.signIn(priya)
	if p := v.send("/new-phone/take-off"); p.status != 422 || !strings.Contains(p.main(), "First a code") {
		t.Errorf("without a code of the last ten minutes = %d %s, want 422 and the way to one", p.status, p.main())
	}
	v.testContact("/contacts/mobile", priyaNumber)
	v.form("/new-phone/take-off")
	v.takenOff()
	v.wantNext("sign-out")
}

// TestNewPhone_OLD1_TwoDevicesAtOnce: what one has moved on, the other sees, and the same
// confirmation twice takes nothing off twice.
func TestNewPhone_OLD1_TwoDevicesAtOnce(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	v := s.readyToTakeOff()
	other := s.visitor()
	other.advance(11 * time.Second)
	other.signIn(priya)
	other.wantNext("take-off")
	v.form("/new-phone/take-off")
	other.advance(11 * time.Second)
	if p := other.send("/new-phone/take-off"); p.status != 303 && p.status != 409 { // on its way, or done
		t.Errorf("the same on another device = %d %s", p.status, p.main())
	}
	v.takenOff()
	deletes := 0
	for _, r := range s.requests() {
		if r.Method == "DELETE" {
			deletes++
		}
	}
	if got := s.types(priya); deletes != 1 || len(slices.DeleteFunc(got, func(k string) bool { return k != "microsoftAuthenticator" })) != 1 {
		t.Errorf("%d removals, methods = %v, want 1 and one Authenticator left", deletes, s.types(priya))
	}
	other.wantNext("sign-out")
}

// TestNewPhone_APlannedDay: it is named, can be another one, and nothing happens by itself.
func TestNewPhone_APlannedDay(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	const maya = "maya.okafor@fernhill.example"
	v := s.visitor()
	v.signIn(maya)
	v.form("/new-phone", "situation", "new-number")
	soon := time.Now().Add(3 * 24 * time.Hour)
	day := func(at time.Time) []string {
		return []string{"year", at.Format("2006"), "month", at.Format("1"), "date", at.Format("2")}
	}
	for _, wrong := range [][]string{{"year", "2026", "month", "2", "date", "30"}, {"year", "x"}, day(soon.Add(-100 * 24 * time.Hour)), day(soon.Add(400 * 24 * time.Hour))} {
		if p := v.send("/new-phone/day", wrong...); p.status != 422 || p.Find(".summary a[href='#date']").Length() != 1 {
			t.Errorf("the day %v = %d, want 422 with a link to the field", wrong, p.status)
		}
	}
	v.form("/new-phone/day", day(soon.Add(24*time.Hour))...)
	v.form("/new-phone/day", day(soon)...) // another day in its place
	if p := v.get("/new-phone"); !strings.Contains(p.main(), "Your new number works from") {
		t.Errorf("the list does not name the day: %s", p.main())
	}
	v.advance(5 * 24 * time.Hour) // the day has come and gone
	if s.phone(maya) != "+14255550142" {
		t.Errorf("phone = %q, want the old one", s.phone(maya))
	}
	v.signIn(maya)
	v.form("/new-phone/day/cancel")
	if p := v.get("/new-phone"); strings.Contains(p.main(), "Your new number works from") {
		t.Error("the day was cancelled, and is named")
	}
}

// TestNewPhone_Reminder: it comes the day before at nine, once.
func TestNewPhone_Reminder(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	const maya = "maya.okafor@fernhill.example"
	v := s.visitor()
	v.signIn(maya)
	v.form("/new-phone", "situation", "new-number")
	zone, err := time.LoadLocation("America/New_York") // of the demo's organisation
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().In(zone).AddDate(0, 0, 3)
	v.form("/new-phone/day", "year", at.Format("2006"), "month", at.Format("1"), "date", at.Format("2"))
	count := func() (n int) {
		for _, m := range s.messages(maya) {
			if strings.Contains(m.Subject, "tomorrow is the day of your new number") && strings.Contains(m.Text, "/new-phone/day") {
				n++
			}
		}
		return n
	}
	due := time.Date(at.Year(), at.Month(), at.Day()-1, 9, 0, 0, 0, zone)
	v.advance(time.Until(due) - time.Minute)
	v.signIn(maya)
	if n := count(); n != 0 {
		t.Errorf("%d reminders a minute before their time, want none", n)
	}
	v.advance(2 * time.Minute)
	s.until(10*time.Second, "one reminder comes", func() bool { return count() == 1 })
}

// TestNewPhone_ABU3_Answers: one person cannot fill the audit log with answers.
func TestNewPhone_ABU3_Answers(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	v := s.visitor()
	v.signIn(priya)
	token := v.token()
	for i := range 101 {
		p := v.post("/new-phone", url.Values{"form_token": {token}, "situation": {[]string{"no-phone", "new-phone"}[i%2]}})
		if want := map[bool]int{false: 303, true: 429}[i == 100]; p.status != want {
			t.Fatalf("answer %d = %d, want %d", i+1, p.status, want)
		}
	}
}

// TestNewPhone_AVL2_QuietLooks: however many pages wait and look by themselves, the
// directory is asked no more than a few times a minute for it.
func TestNewPhone_AVL2_QuietLooks(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	var waiting []*visitor
	for _, who := range []string{"maya.okafor", "priya.raman", "lena.vogt", "grace.kimani", "tomas.herrera"} {
		v := s.visitor()
		v.advance(11 * time.Second)
		v.signIn(who + "@fernhill.example")
		v.form("/new-phone", "situation", "no-phone")
		waiting = append(waiting, v)
	}
	v := waiting[0]
	v.advance(time.Minute)
	before, _ := s.methodCalls()
	for range 6 {
		for _, v := range waiting {
			if p := v.send("/new-phone/look", "task", "place", "quiet", "1"); p.status != 204 {
				t.Fatalf("a quiet look = %d", p.status)
			}
		}
	}
	if after, _ := s.methodCalls(); after-before > 12 || after == before {
		t.Errorf("30 quiet looks in a minute made %d calls on methods, want some and at most 12", after-before)
	}
}
