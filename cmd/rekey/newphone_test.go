package main

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
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
	v.wantNext("check")
}

// TestNewPhone_OLD2_NothingBeforeItsTime: tasks that are not reached do nothing.
func TestNewPhone_OLD2_NothingBeforeItsTime(t *testing.T) {
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
