package handlers_test

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rekey/handlers"
	"rekey/internal/contact"
	"rekey/internal/fault"
	"rekey/internal/session"
	"rekey/internal/web/webtest"
	"rekey/templates"
)

func TestSignIn_FromAPageAndBackToIt(t *testing.T) {
	f := newFixture(t)
	b := webtest.New(t, f.site)
	a := b.Get("/contacts/mobile")
	status(t, "page signed out", a, 303, "/signin?return_to=%2Fcontacts%2Fmobile")
	state := f.begin(b, a.Location())
	a = b.Get(callback("state", state, "code", "maya"))
	status(t, "callback", a, 303, "/contacts/mobile")
	if got := a.Header.Get("Referrer-Policy"); got != "no-referrer" {
		t.Errorf("Referrer-Policy = %q, want no-referrer (RST-7)", got)
	}
	status(t, "page signed in", b.Get("/contacts/mobile"), 200, "")
	f.did("stepped-up")
	if want := []string{"signin success"}; !slices.Equal(f.events.said(), want) || f.snapshots.reads != 1 {
		t.Errorf("events = %q, reads %d, want %q and one", f.events.said(), f.snapshots.reads, want)
	}
	if e := f.events.all[0]; e.Actor != "t/maya" || e.Subject != "t/maya" || e.Address != "192.0.2.0/24" || e.Request == "" || e.At != f.now || e.ID == "" {
		t.Errorf("event = %+v", e)
	}
}

func TestSignIn_OID5_ReturnToIsLocal(t *testing.T) {
	f := newFixture(t)
	tests := map[string]string{"/contacts/mobile": "/contacts/mobile", "/changes/" + changeID: "/changes/" + changeID, "/": "/"}
	for _, bad := range []string{"", "//evil.example", `/\evil.example`, `\\evil.example`, "https://evil.example", "javascript:alert(1)",
		"/signin", "/signin/callback", "/signed-out", "/contacts/mobile?x", "/%2f/evil.example", "/\r\nX: y", "/\tevil", "/nowhere", "/changes/1"} {
		tests[bad] = "/"
	}
	for raw, want := range tests {
		b := webtest.New(t, f.site)
		state := f.begin(b, "/signin?return_to="+url.QueryEscape(raw))
		if got := b.Get(callback("state", state, "code", "maya")).Location(); got != want {
			t.Errorf("sign-in with return_to %q ends at %q, want %q", raw, got, want)
		}
	}
	b := webtest.New(t, f.site)
	state := f.begin(b, "/signin?return_to=/contacts/mobile&return_to=/")
	if got := b.Get(callback("state", state, "code", "maya")).Location(); got != "/" {
		t.Errorf("two return_to end at %q, want /", got)
	}
}

func TestCallback_OID1_StateIsSingleUseAndOfThisBrowser(t *testing.T) {
	f := newFixture(t)
	b, other := webtest.New(t, f.site), webtest.New(t, f.site)
	state := f.begin(b, "/signin")
	otherState := f.begin(other, "/signin")
	tests := []struct {
		name    string
		browser *webtest.Browser
		path    string
		want    int
	}{
		{"no state", b, callback("code", "maya"), 400},
		{"nothing", b, "/signin/callback", 400},
		{"unknown state", b, callback("state", "x", "code", "maya"), 400},
		{"another browser's", other, callback("state", state, "code", "jonas"), 400},
		{"a browser that began nothing", webtest.New(t, f.site), callback("state", state, "code", "maya"), 400},
		{"state twice", b, callback("state", state, "state", state, "code", "maya"), 400},
		{"code twice", b, callback("state", state, "code", "maya", "code", "jonas"), 400},
		{"NUL", b, callback("state", state, "code", "\x00"), 400},
		{"the right one", b, callback("state", state, "code", "maya"), 303},
		{"the right one again", b, callback("state", state, "code", "maya"), 400},
		{"state without a code", other, callback("state", otherState), 400},
		{"is used up all the same", other, callback("state", otherState, "code", "jonas"), 400},
	}
	for _, tt := range tests {
		a := tt.browser.Get(tt.path)
		if a.Status != tt.want {
			t.Errorf("%s = %d, want %d", tt.name, a.Status, tt.want)
		}
		if tt.want == 400 && page[templates.SignInFailed](f).Key != "expired" {
			t.Errorf("%s: page = %+v", tt.name, f.pages.last)
		}
	}
	if f.rows.Sessions() != 1 {
		t.Errorf("%d sessions, want the one", f.rows.Sessions())
	}
}

func TestCallback_OID1_TenMinutes(t *testing.T) {
	f := newFixture(t)
	b := webtest.New(t, f.site)
	state := f.begin(b, "/signin")
	f.now = f.now.Add(10 * time.Minute)
	status(t, "callback after ten minutes", b.Get(callback("state", state, "code", "maya")), 400, "")
}

func TestCallback_OID5_ProviderErrorsAreNotEchoed(t *testing.T) {
	tests := []struct {
		name, key, event string
		want             int
	}{
		{"access_denied", "cancelled", "signin failure signin.cancelled", 403},
		{"server_error", "down", "signin failure signin.down", 503},
		{"temporarily_unavailable", "down", "signin failure signin.down", 503},
		{"interaction_required", "refused", "signin failure signin.refused", 403},
		{"<script>alert(1)</script>", "refused", "signin failure signin.refused", 403},
	}
	for _, tt := range tests {
		f := newFixture(t)
		b := webtest.New(t, f.site)
		state := f.begin(b, "/signin?return_to=/contacts/mobile")
		a := b.Get(callback("state", state, "error", tt.name, "error_description", "secret", "code", "maya"))
		p := page[templates.SignInFailed](f)
		if a.Status != tt.want || p.Key != tt.key || p.Link != "/signin?return_to=%2Fcontacts%2Fmobile" || !p.Failed {
			t.Errorf("error=%s gives %d %+v, want %d %q", tt.name, a.Status, p, tt.want, tt.key)
		}
		if (a.Header.Get("Retry-After") != "") != (tt.want == 503) {
			t.Errorf("error=%s: Retry-After = %q", tt.name, a.Header.Get("Retry-After"))
		}
		for _, echo := range []string{tt.name, "secret"} {
			if strings.Contains(a.Body, echo) && echo != "" {
				t.Errorf("error=%s: page shows %q", tt.name, echo)
			}
		}
		if !slices.Equal(f.events.said(), []string{tt.event}) || f.rows.Sessions() != 0 {
			t.Errorf("error=%s: events = %q, %d sessions", tt.name, f.events.said(), f.rows.Sessions())
		}
	}
}

// Two requests of a stranger make a failed sign-in, and the audit log keeps for good what
// goes into it.
func TestCallback_ABU7_StrangersCannotFillTheAuditLog(t *testing.T) {
	f := newFixture(t)
	for range 100 {
		stranger := webtest.New(t, f.site)
		status(t, "callback", stranger.Get(callback("state", f.begin(stranger, "/signin"), "error", "access_denied")), 403, "")
	}
	if n := len(f.events.all); n == 0 || n > 20 {
		t.Errorf("a hundred failed sign-ins of strangers left %d events, want some, and at most 20", n)
	}
	b, _ := f.signedIn("maya")
	b.Get(callback("state", f.begin(b, "/signin?again=1"), "error", "access_denied"))
	if got := f.events.said(); !slices.Contains(got, "signin.step-up failure signin.cancelled") {
		t.Errorf("events of a person afterwards: %q, want the failed step-up among them", got)
	}
}

func TestCallback_WhatDoesNotVerify(t *testing.T) {
	tests := []struct {
		err  error
		want int
		key  string
	}{
		{fault.Wrap(fault.Forbidden, "signin.refused", errDown), 403, "refused"},
		{fault.Wrap(fault.Unavailable, "signin.down", errDown), 503, "down"},
		{errDown, 500, ""},
	}
	for _, tt := range tests {
		f := newFixture(t)
		f.broker.fail = tt.err
		b := webtest.New(t, f.site)
		a := b.Get(callback("state", f.begin(b, "/signin"), "code", "maya"))
		if a.Status != tt.want || strings.Contains(a.Body, "secret") || f.rows.Sessions() != 0 {
			t.Errorf("callback after %v = %d, %d sessions, want %d and none", tt.err, a.Status, f.rows.Sessions(), tt.want)
		}
		if tt.key != "" && page[templates.SignInFailed](f).Key != tt.key {
			t.Errorf("page = %+v, want key %q", f.pages.last, tt.key)
		}
	}
}

func TestSignIn_ProviderDown(t *testing.T) {
	f := newFixture(t)
	f.broker.startErr = &fault.Error{Kind: fault.Unavailable, Key: "signin.down", Until: f.now.Add(30 * time.Second)}
	a := webtest.New(t, f.site).Get("/signin?return_to=/contacts/mobile")
	if p := page[templates.SignInFailed](f); a.Status != 503 || a.Header.Get("Retry-After") != "30" || p.Key != "down" || p.Link != "/signin?return_to=%2Fcontacts%2Fmobile" {
		t.Errorf("page = %d %+v, want the way to try again", a.Status, p)
	}
}

func TestStepUp_SES2_KeepsTheRowAndChangesTheSecret(t *testing.T) {
	f := newFixture(t)
	b, token := f.signedIn("maya")
	old := b.Cookies()[0].Value
	state := f.begin(b, "/signin?again=1&return_to=/changes/"+changeID)
	status(t, "callback", b.Get(callback("state", state, "code", "maya")), 303, "/changes/"+changeID)
	if !slices.Equal(f.broker.stepUps, []string{"maya@fernhill.example"}) {
		t.Errorf("step-ups = %q, want one with the hint", f.broker.stepUps)
	}
	f.did("stepped-up")
	if want := []string{"signin.step-up success"}; !slices.Equal(f.events.said(), want) {
		t.Errorf("events = %q, want %q", f.events.said(), want)
	}
	for _, c := range b.Cookies() {
		if c.Value == old {
			t.Errorf("cookie %s is still the old one", c.Name)
		}
	}
	status(t, "form of before the step-up", b.Post("/zone", fields("form_token", token, "zone", "UTC")), 204, "")
}

func TestStepUp_OID5_AnotherPersonEndsBoth(t *testing.T) {
	f := newFixture(t)
	b, token := f.signedIn("maya")
	state := f.begin(b, "/signin?again=1&return_to=/contacts/mobile")
	a := b.Get(callback("state", state, "code", "jonas"))
	if p := page[templates.SignInFailed](f); a.Status != 403 || p.Key != "other-person" || p.Viewer != nil || p.FormToken != "" {
		t.Errorf("page = %d %+v, want other-person and nobody's frame", a.Status, p)
	}
	if f.rows.Sessions() != 0 {
		t.Errorf("%d sessions, want none", f.rows.Sessions())
	}
	status(t, "page afterwards", b.Get("/"), 303, "/signin?return_to=%2F")
	status(t, "form afterwards", b.Post("/zone", fields("form_token", token, "zone", "UTC")), 401, "")
	f.did()
	if e := f.events.all; len(e) != 1 || e[0].Reason != "signin.other-person" || e[0].Subject != "t/maya" || e[0].Outcome != "refusal" {
		t.Errorf("events = %+v", e)
	}
}

func TestStepUp_OID5_AfterTheSessionBecameAnothers(t *testing.T) {
	f := newFixture(t)
	b, _ := f.signedIn("maya")
	state := f.begin(b, "/signin?again=1")
	b.SignIn(f.sessions, session.Data{Person: person("jonas")})
	status(t, "callback", b.Get(callback("state", state, "code", "maya")), 403, "")
	if f.rows.Sessions() != 0 {
		t.Errorf("%d sessions, want none", f.rows.Sessions())
	}
}

func TestStepUp_AfterTheSessionEnded(t *testing.T) {
	f := newFixture(t)
	b, token := f.signedIn("maya")
	state := f.begin(b, "/signin?again=1&return_to=/contacts/mobile")
	f.now = f.now.Add(5 * time.Minute)
	b.Post("/signout", fields("form_token", token))
	status(t, "callback", b.Get(callback("state", state, "code", "maya")), 303, "/contacts/mobile")
	if got := f.events.said(); got[len(got)-1] != "signin success" || f.rows.Sessions() != 1 {
		t.Errorf("events = %q, %d sessions, want a plain sign-in", got, f.rows.Sessions())
	}
}

func TestSignIn_AsAnotherPersonStartsAnew(t *testing.T) {
	f := newFixture(t)
	b, token := f.signedIn("maya")
	state := f.begin(b, "/signin")
	status(t, "callback", b.Get(callback("state", state, "code", "jonas")), 303, "/")
	status(t, "form of maya's", b.Post("/zone", fields("form_token", token, "zone", "UTC")), 403, "")
	if f.rows.Sessions() != 1 || f.events.all[0].Subject != "t/jonas" || f.events.all[0].Action != "signin" {
		t.Errorf("%d sessions, events %+v, want jonas's alone", f.rows.Sessions(), f.events.all)
	}
}

func TestStepUp_OID4_StaleOrWeakIsSaidOnce(t *testing.T) {
	for name, change := range map[string]func(*fixture){
		"stale": func(f *fixture) {
			id := f.broker.people["maya"]
			id.AuthTime = f.now.Add(-10*time.Minute - time.Second)
			f.broker.people["maya"] = id
		},
		"weak": func(f *fixture) {
			id := f.broker.people["maya"]
			id.Strong = false
			f.broker.people["maya"] = id
		},
		"time unknown": func(f *fixture) {
			id := f.broker.people["maya"]
			id.AuthTime = time.Time{}
			f.broker.people["maya"] = id
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			b, _ := f.signedIn("maya")
			f.contacts.put(view(contact.SignInAgain, contact.Proved))
			change(f)
			state := f.begin(b, "/signin?again=1&return_to=/changes/"+changeID)
			a := b.Get(callback("state", state, "code", "maya"))
			status(t, "callback", a, 303, "/signin/not-fresh?return_to=%2Fchanges%2F"+changeID)
			status(t, "page", b.Get(a.Location()), 403, "")
			p := page[templates.SignInAgain](f)
			if !p.Still || p.For != "proved" || p.To != "+1 •••-•••-••43" || p.Link != "/signin?again=1&return_to=%2Fchanges%2F"+changeID || p.Viewer == nil {
				t.Errorf("page = %+v", p)
			}
			if want := []string{"signin.step-up failure signin.not-fresh"}; !slices.Equal(f.events.said(), want) {
				t.Errorf("events = %q, want %q", f.events.said(), want)
			}
		})
	}
}

func TestNotFresh_WhenItIs(t *testing.T) {
	f := newFixture(t)
	b, _ := f.signedIn("maya")
	status(t, "page", b.Get("/signin/not-fresh?return_to=/contacts/mobile"), 303, "/contacts/mobile")
	status(t, "page", b.Get("/signin/not-fresh?return_to=//evil.example"), 303, "/")
}

func TestNotFresh_AnothersChange(t *testing.T) {
	f := newFixture(t)
	f.contacts.put(view(contact.SignInAgain, contact.Proved))
	id := f.broker.people["jonas"]
	id.Strong = false
	f.broker.people["jonas"] = id
	b, _ := f.signedIn("jonas")
	status(t, "page", b.Get("/signin/not-fresh?return_to=/changes/"+changeID), 404, "")
	status(t, "page of the form", b.Get("/signin/not-fresh?return_to=/contacts/mobile"), 403, "")
	if p := page[templates.SignInAgain](f); p.For != "number" || p.To != "" {
		t.Errorf("page = %+v", p)
	}
}

// Credentials are asked for, and whoever types them is signed in: nobody is to come back.
func TestSignIn_AgainWhileSignedOutIsBoundToNobody(t *testing.T) {
	f := newFixture(t)
	b := webtest.New(t, f.site)
	state := f.begin(b, "/signin?again=1&return_to=/contacts/mobile")
	status(t, "callback", b.Get(callback("state", state, "code", "jonas")), 303, "/contacts/mobile")
	if !slices.Equal(f.broker.stepUps, []string{""}) {
		t.Errorf("step-ups = %q, want one without a hint", f.broker.stepUps)
	}
}

func TestSignIn_NeverFailsForWhatWaitedForIt(t *testing.T) {
	f := newFixture(t)
	f.contacts.fail, f.snapshots.fail = errDown, fault.Wrap(fault.Unavailable, "directory.down", errDown)
	b := webtest.New(t, f.site)
	status(t, "callback", b.Get(callback("state", f.begin(b, "/signin"), "code", "maya")), 303, "/")
	status(t, "page", b.Get("/"), 200, "")
}

func TestSignIn_WaitsTwoSecondsForTheDirectory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.snapshots.hanging = true
		b := webtest.New(t, f.site)
		state := f.begin(b, "/signin")
		began := time.Now()
		status(t, "callback", b.Get(callback("state", state, "code", "maya")), 303, "/")
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("the callback took %v, want 2s", took)
		}
	})
}

func TestSignIn_AuditDownMeansNotSignedIn(t *testing.T) {
	f := newFixture(t)
	f.events.err = errors.New("disk full")
	b := webtest.New(t, f.site)
	status(t, "callback", b.Get(callback("state", f.begin(b, "/signin"), "code", "maya")), 500, "")
	status(t, "page", b.Get("/"), 303, "/signin?return_to=%2F")
}

func TestGuests_SeeWhereTheirMethodsLive(t *testing.T) {
	tests := map[string]string{"ana@partner.example": "partner.example", "ana_b_partner.example#EXT#@fernhill.onmicrosoft.com": "partner.example",
		"ana": "", "": ""}
	for userName, home := range tests {
		f := newFixture(t)
		f.broker.people["ana"] = handlers.Identity{Person: person("ana"), UserPrincipalName: userName, AuthTime: f.now, Strong: true, Guest: true}
		b := webtest.New(t, f.site)
		status(t, "callback", b.Get(callback("state", f.begin(b, "/signin?return_to=/contacts/mobile"), "code", "ana")), 303, "/contacts/mobile")
		for _, path := range []string{"/", "/contacts/mobile", "/changes/" + changeID} {
			status(t, "GET "+path, b.Get(path), 200, "")
			if p := page[templates.Guest](f); p.Home != home {
				t.Errorf("GET %s for %q names %q, want %q", path, userName, p.Home, home)
			}
		}
		if f.snapshots.reads != 0 {
			t.Errorf("%d reads of the directory for a guest, want none", f.snapshots.reads)
		}
		f.did()
		token := b.Get("/").Token()
		for path, more := range map[string][]string{"/snapshot/refresh": nil, "/contacts/mobile": {"country", "US", "number", "2025550187"},
			"/changes/" + changeID: {"code", "123456"}, "/changes/" + changeID + "/resend": nil, "/changes/" + changeID + "/cancel": nil} {
			status(t, "POST "+path+" by a guest", b.Post(path, fields(append(more, "form_token", token)...)), 403, "")
		}
		f.did()
	}
}

func TestSignOut(t *testing.T) {
	f := newFixture(t)
	b, token := f.signedIn("maya")
	a := b.Post("/signout", fields("form_token", token))
	status(t, "sign-out", a, 303, "/signed-out")
	if got := a.Header.Get("Clear-Site-Data"); got != `"cache", "storage"` {
		t.Errorf("Clear-Site-Data = %q", got)
	}
	if f.rows.Sessions() != 0 || len(b.Cookies()) != 0 {
		t.Errorf("%d sessions, cookies %v, want none", f.rows.Sessions(), b.Cookies())
	}
	status(t, "page after it", b.Get("/signed-out"), 200, "")
	if p := page[templates.SignedOut](f); p.MicrosoftLink != "https://login.example/logout" || p.Viewer != nil {
		t.Errorf("page = %+v", p)
	}
	status(t, "sign-out again", b.Post("/signout", fields("form_token", token)), 401, "")
	if want := []string{"signout success"}; !slices.Equal(f.events.said(), want) {
		t.Errorf("events = %q, want %q", f.events.said(), want)
	}
	b, _ = f.signedIn("maya")
	status(t, "page for who is signed in", b.Get("/signed-out"), 303, "/")
}
