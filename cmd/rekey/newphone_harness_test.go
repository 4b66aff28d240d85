package main

import (
	"net/url"
	"slices"
	"strings"
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

// moving signs somebody in who begins a move, and answers both questions.
func (s *site) moving(upn, situation, moves string) *visitor {
	s.t.Helper()
	v := s.visitor()
	v.signIn(upn)
	v.form("/new-phone", "situation", situation)
	if moves != "" {
		v.form("/new-phone/number", "moves", moves)
	}
	return v
}

// moveSIM puts Priya's number into another phone.
func (s *site) moveSIM(to string) {
	s.t.Helper()
	s.control("POST", "/_emulator/handsets/"+priyaNumber+"/move", map[string]any{"to": to}, nil)
}

// setDefault makes the Authenticator of a phone Priya's default, as she would at Microsoft.
func (s *site) setDefault(phone string) {
	s.t.Helper()
	s.control("POST", "/_emulator/people/"+priya+"/default", map[string]any{"id": s.methodID(priya, phone)}, nil)
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

// readyToTakeOff brings Priya to the confirmation; her new Authenticator is the default.
func (s *site) readyToTakeOff() *visitor {
	s.t.Helper()
	v := s.moving(priya, "new-phone", "yes")
	v.inventory(v.guessed()...)
	s.moveSIM("iPhone 17")
	v.register(priya, authenticatorOn("iPhone 17"))
	s.setDefault("iPhone 17")
	v.testContact("/contacts/mobile", priyaNumber)
	v.wantNext("take-off")
	return v
}
