package handlers_test

import (
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/handlers"
	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/verification"
	"rekey/internal/web"
	"rekey/internal/web/webtest"
	"rekey/templates"
)

const again = "/signin?again=1&return_to=%2Fcontacts%2Fmobile"

// fill keeps a snapshot of an account with something of every sort.
func (f *fixture) fill() {
	f.snapshots.kept = &directory.Snapshot{At: f.now.Add(-3 * time.Minute), Methods: []directory.Method{
		{ID: "1", Kind: directory.Phone, Value: "+12025550142"},
		{ID: "2", Kind: directory.Email, Value: "maya@example.net"},
		{ID: "3", Kind: directory.Authenticator, Name: "iPhone 13"},
		{ID: "4", Kind: directory.Passkey, Model: "YubiKey"},
		{ID: "5", Kind: directory.Password},
		{ID: "6", Kind: directory.Unknown, RawKind: "#microsoft.graph.newAuthenticationMethod"},
	}}
}

func TestHome_FromTheKeptSnapshot(t *testing.T) {
	f := newFixture(t)
	f.fill()
	b, _ := f.signedIn("maya")
	f.contacts.proofs = map[directory.Kind]contact.Proof{directory.Phone: {At: f.now, Masked: "+1 •••-•••-••42"},
		directory.Email: {At: f.now, Masked: "an earlier one"}}
	f.contacts.put(view(contact.Wait, contact.Applying))
	for range 5 {
		status(t, "home", b.Get("/"), 200, "")
	}
	p := page[templates.Home](f)
	want := []templates.Contact{{Kind: "phone", Value: "+1 •••-•••-••42", ProvedAt: f.now, Editable: true, Testable: true},
		{Kind: "alternate-phone", Editable: true}, {Kind: "email", Value: "m••••@example.net", Editable: true, Testable: true}}
	if !slices.Equal(p.Contacts, want) {
		t.Errorf("contacts = %+v, want %+v", p.Contacts, want)
	}
	var kinds []string
	for _, m := range p.Methods {
		kinds = append(kinds, m.Kind)
	}
	if !slices.Equal(kinds, []string{"authenticator", "passkey", "password", "unknown"}) || p.Methods[3].RawKind == "" {
		t.Errorf("methods = %+v", p.Methods)
	}
	if first := []bool{p.Methods[0].First, p.Methods[1].First, p.Methods[2].First, p.Methods[3].First}; !slices.Equal(first, []bool{false, true, false, false}) {
		t.Errorf("asked for first = %v, want the passkey", first)
	}
	if p.TakenAt != f.snapshots.kept.At || f.snapshots.reads != 0 {
		t.Errorf("taken at %v with %d reads, want %v and none", p.TakenAt, f.snapshots.reads, f.snapshots.kept.At)
	}
	if !slices.Equal(p.Running, []templates.Running{{Subject: templates.Subject{Kind: "phone", Act: "change"}, ID: changeID, Step: "wait", To: "+1 •••-•••-••43", Here: true}}) {
		t.Errorf("running = %+v", p.Running)
	}
	if p.Viewer == nil || p.Viewer.DisplayName != "maya" || p.FormToken == "" || p.Path != "/" || p.Now != f.now {
		t.Errorf("base = %+v", p.Base)
	}
}

func TestHome_NothingReadYet(t *testing.T) {
	f := newFixture(t)
	b, _ := f.signedIn("maya")
	status(t, "home", b.Get("/"), 200, "")
	p := page[templates.Home](f)
	if !p.TakenAt.IsZero() || len(p.Contacts) != 3 || p.Contacts[0].Editable || f.snapshots.reads != 0 {
		t.Errorf("page = %+v, %d reads", p, f.snapshots.reads)
	}
}

// What the rule says is on the page, masked, and nothing is asked for it.
func TestHome_SaysHowOneStandsWithoutThePhone(t *testing.T) {
	f := newFixture(t)
	f.fill()
	f.snapshots.kept.Methods = append(f.snapshots.kept.Methods, directory.Method{ID: "7", Kind: directory.WindowsHello, Name: "FERN-0417"})
	b, _ := f.signedIn("maya")
	status(t, "home", b.Get("/"), 200, "")
	want := &templates.Lost{Standing: "at-risk", Later: "at-risk", Ways: 1, Assumed: true,
		Gone:  []templates.Method{{Kind: "phone", Value: "+1 •••-•••-••42"}, {Kind: "authenticator", Name: "iPhone 13"}},
		Maybe: []templates.Method{{Kind: "passkey", Model: "YubiKey"}, {Kind: "unknown", RawKind: "#microsoft.graph.newAuthenticationMethod"}},
		Stays: []templates.Staying{{Method: templates.Method{Kind: "email", Value: "m••••@example.net"}, Answer: "no", Why: "reset-only"},
			{Method: templates.Method{Kind: "password"}, Answer: "no", Why: "not-enough"},
			{Method: templates.Method{Kind: "windows-hello", Name: "FERN-0417"}, Answer: "yes", Here: true}},
		Add: []templates.Remedy{{Kind: "passkey", Lasts: true}, {Kind: "alternate-phone"}}}
	if got := page[templates.Home](f).Lost; !reflect.DeepEqual(got, want) || f.snapshots.reads != 0 {
		t.Errorf("lost = %+v after %d reads, want %+v after none", got, f.snapshots.reads, want)
	}
	f.snapshots.kept = nil
	b.Get("/")
	if got := page[templates.Home](f).Lost; got != nil {
		t.Errorf("lost = %+v although nothing was read, want none", got)
	}
}

func TestHome_AlternatePhoneIsClosedWithoutAPhone(t *testing.T) {
	f := newFixture(t)
	f.snapshots.kept = &directory.Snapshot{At: f.now}
	b, _ := f.signedIn("maya")
	b.Get("/")
	if p := page[templates.Home](f); !p.Contacts[1].Closed || p.Contacts[2].Closed || !p.Contacts[0].Editable {
		t.Errorf("contacts = %+v", p.Contacts)
	}
}

func TestRefresh(t *testing.T) {
	tests := []struct {
		name          string
		err           error
		want          int
		retry, event  string
		stillTheTruth bool
	}{
		{"well", nil, 303, "", "snapshot.refresh success", false},
		{"down", fault.Wrap(fault.Unavailable, "directory.down", errDown), 503, "10", "snapshot.refresh failure directory.down", true},
		{"busy", &fault.Error{Kind: fault.Limited, Key: "directory.busy", Until: time.Date(2026, 11, 23, 14, 32, 7, 0, time.UTC)}, 503, "7", "snapshot.refresh failure directory.busy", true},
		{"no such person", fault.New(fault.NotFound, "directory.no-person"), 403, "", "snapshot.refresh failure directory.no-person", false},
		{"no right", fault.New(fault.Forbidden, "directory.permission"), 403, "", "snapshot.refresh failure directory.permission", false},
		{"broken", errDown, 500, "", "snapshot.refresh failure site.error", false},
	}
	for _, tt := range tests {
		f := newFixture(t)
		f.fill()
		f.snapshots.fail = tt.err
		b, token := f.signedIn("maya")
		a := b.Post("/snapshot/refresh", fields("form_token", token))
		if a.Status != tt.want || a.Header.Get("Retry-After") != tt.retry || f.snapshots.reads != 1 || strings.Contains(a.Body, "secret") {
			t.Errorf("%s: refresh = %d, Retry-After %q, %d reads, want %d, %q, one", tt.name, a.Status, a.Header.Get("Retry-After"), f.snapshots.reads, tt.want, tt.retry)
		}
		if !slices.Equal(f.events.said(), []string{tt.event}) {
			t.Errorf("%s: events = %q, want %q", tt.name, f.events.said(), tt.event)
		}
		if tt.stillTheTruth {
			if p := page[templates.Home](f); !p.RefreshFailed || p.RetryAt.IsZero() || p.Contacts[0].Value == "" {
				t.Errorf("%s: page = %+v, want what is known, and that it failed", tt.name, p)
			}
		}
	}
}

func TestMobile_AStepUpLosesNothing(t *testing.T) {
	f := newFixture(t)
	f.fill()
	b, token := f.signedIn("maya")
	status(t, "form", b.Get("/contacts/mobile"), 200, "")
	if p := page[templates.NumberForm](f); p.Country != "US" || p.Number != "" || p.Back || p.Act != "change" || p.Current != "+1 •••-•••-••42" ||
		len(p.Countries) != 2 || p.Countries[1] != (templates.Country{Code: "DE", CallingCode: "49"}) || p.WithoutContext {
		t.Errorf("form = %+v", p)
	}
	f.contacts.fail = fault.New(fault.StepUp, "signin.again")
	a := b.Post("/contacts/mobile", fields("form_token", token, "country", "US", "number", "(202) 555-0143"))
	status(t, "form under a stale sign-in", a, 200, "")
	if p := page[templates.SignInAgain](f); p.Link != again || p.For != "number" || p.To != "+1 •••-•••-••43" || p.Still {
		t.Errorf("page = %+v", p)
	}
	state := f.begin(b, again)
	status(t, "callback", b.Get(callback("state", state, "code", "maya")), 303, "/contacts/mobile")
	for range 2 {
		status(t, "form again", b.Get("/contacts/mobile"), 200, "")
		if p := page[templates.NumberForm](f); p.Number != "(202) 555-0143" || p.Country != "US" || !p.Back {
			t.Errorf("form = %+v, want it filled in", p)
		}
	}
	f.did("stepped-up")
	a = b.Post("/contacts/mobile", fields("form_token", token, "country", "US", "number", "(202) 555-0143"))
	if a.Status != 303 || !strings.HasPrefix(a.Location(), "/changes/") || f.contacts.sent != 1 {
		t.Errorf("form = %d to %q, %d sent", a.Status, a.Location(), f.contacts.sent)
	}
	b.Get("/contacts/mobile")
	if p := page[templates.NumberForm](f); p.Number != "" || p.Back {
		t.Errorf("form after the start = %+v, want the draft gone", p)
	}
}

func TestMobile_TheDraftIsNotInTheCookie(t *testing.T) {
	f := newFixture(t)
	b, token := f.signedIn("maya")
	f.contacts.fail = fault.New(fault.StepUp, "signin.again")
	a := b.Post("/contacts/mobile", fields("form_token", token, "country", "US", "number", "2025550143"))
	if strings.Contains(a.Header.Get("Set-Cookie"), "5550143") || strings.Contains(f.log.String(), "5550143") {
		t.Errorf("the number shows: Set-Cookie %q, log %s", a.Header.Get("Set-Cookie"), f.log)
	}
}

func TestMobile_WhatCanBeInTheWay(t *testing.T) {
	until := time.Date(2026, 11, 23, 14, 34, 0, 0, time.UTC)
	number := func(f *fixture) templates.NumberForm { return page[templates.NumberForm](f) }
	tests := []struct {
		name  string
		err   error
		want  int
		retry string
		check func(*fixture) bool
	}{
		{"wrong number", fault.At("number", "number.too-short", map[string]any{"region": "US", "digits": 9}), 422, "", func(f *fixture) bool {
			p := number(f)
			return p.Failed && len(p.Errors) == 1 && p.Errors[0].Field == "number" && p.Errors[0].Key == "number.too-short" && p.Errors[0].Args["digits"] == 9
		}},
		{"wrong country", fault.At("country", "number.country-unknown", nil), 422, "", func(f *fixture) bool { return number(f).Errors[0].Field == "country" }},
		{"too many codes", &fault.Error{Kind: fault.Limited, Key: "limit.wait", Until: until}, 429, "120", func(f *fixture) bool {
			return number(f).Wait == until && number(f).WaitKey == "limit.wait" && number(f).Failed
		}},
		{"one is running", &fault.Error{Kind: fault.Conflict, Key: "change.applying", Args: map[string]any{"change": changeID}}, 409, "", func(f *fixture) bool {
			p := page[templates.Problem](f)
			return p.Link == "/changes/"+changeID && p.LinkKey == web.LinkChange && p.Key == "change.applying" && p.Status == 409
		}},
		{"protected", fault.New(fault.Forbidden, "account.protected"), 403, "", func(f *fixture) bool { return page[templates.Problem](f).Key == "account.protected" }},
		{"directory down", fault.Wrap(fault.Unavailable, "directory.down", errDown), 503, "10", func(f *fixture) bool {
			p := page[templates.Problem](f)
			return p.Link == "/contacts/mobile" && p.LinkKey == web.LinkBack && !p.Until.IsZero()
		}},
		{"broken", errDown, 500, "", func(f *fixture) bool { return page[templates.Problem](f).Key == "site.error" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t)
			f.fill()
			b, token := f.signedIn("maya")
			f.contacts.fail = tt.err
			a := b.Post("/contacts/mobile", fields("form_token", token, "country", "DE", "number", "0151 2"))
			if a.Status != tt.want || a.Header.Get("Retry-After") != tt.retry || strings.Contains(a.Body, "secret") {
				t.Errorf("form = %d, Retry-After %q, want %d, %q", a.Status, a.Header.Get("Retry-After"), tt.want, tt.retry)
			}
			if !tt.check(f) {
				t.Errorf("page = %+v", f.pages.last)
			}
			if p, form := f.pages.last.(templates.NumberForm); form && (p.Number != "0151 2" || p.Country != "DE") {
				t.Errorf("form = %+v, want what was typed", p)
			}
			f.did()
			if tt.want == 409 || tt.want == 503 {
				b.Get("/contacts/mobile")
				if p := number(f); p.Number != "0151 2" || p.Country != "DE" || p.Back {
					t.Errorf("form afterwards = %+v, want what was typed, and nothing about a sign-in that nobody did", p)
				}
			}
		})
	}
}

func TestMobile_WrongNumberChangeIt(t *testing.T) {
	f := newFixture(t)
	b, _ := f.signedIn("maya")
	f.contacts.draft = &contact.Input{Country: "DE", Number: "01512 3456789"}
	b.Get("/contacts/mobile")
	if p := page[templates.NumberForm](f); p.Country != "DE" || p.Number != "01512 3456789" || p.Back || p.Act != "add" {
		t.Errorf("form = %+v, want the open change's number", p)
	}
}

func TestChange_ItsStepDecidesThePage(t *testing.T) {
	elsewhere := view(contact.EnterCode, contact.Proving)
	elsewhere.Here = false
	waitElsewhere := view(contact.Wait, contact.Applying)
	waitElsewhere.Here = false
	tests := []struct {
		name     string
		view     contact.View
		template string
		want     int
	}{
		{"code", view(contact.EnterCode, contact.Proving), "code", 200},
		{"code, begun elsewhere", elsewhere, "elsewhere", 200},
		{"to be sent", view(contact.SendCode, contact.Authorised), "continue", 200},
		{"to be saved", view(contact.Confirm, contact.Proved), "continue", 200},
		{"sign in again", view(contact.SignInAgain, contact.Proved), "again", 200},
		{"being saved", view(contact.Wait, contact.Applying), "wait", 200},
		{"being saved, begun elsewhere", waitElsewhere, "wait", 200},
		{"done", view(contact.Done, contact.Applied), "done", 200},
		{"failed", view(contact.Stopped, contact.Failed), "stopped", 200},
		{"cancelled", view(contact.Stopped, contact.Cancelled), "stopped", 200},
		{"expired", view(contact.Stopped, contact.Expired), "stopped", 410},
	}
	for _, tt := range tests {
		f := newFixture(t)
		f.fill()
		b, _ := f.signedIn("maya")
		f.contacts.put(tt.view)
		a := b.Get("/changes/" + changeID)
		if got := f.pages.last.Template(); a.Status != tt.want || got != tt.template {
			t.Errorf("%s: page = %d %q, want %d %q", tt.name, a.Status, got, tt.want, tt.template)
		}
		f.did()
	}
}

func TestChange_WEB7_AnothersIsNotThere(t *testing.T) {
	f := newFixture(t)
	f.contacts.put(view(contact.EnterCode, contact.Proving))
	b, token := f.signedIn("jonas")
	for _, path := range []string{"", "/resend", "/cancel"} {
		status(t, "POST "+path, b.Post("/changes/"+changeID+path, fields("form_token", token)), 404, "")
	}
	status(t, "GET", b.Get("/changes/"+changeID), 404, "")
	one := page[templates.Problem](f)
	status(t, "GET of a missing one", b.Get("/changes/"+strings.Replace(changeID, "0b", "0c", 1)), 404, "")
	other := page[templates.Problem](f)
	one.Base, other.Base = templates.Base{}, templates.Base{}
	if one.Key != other.Key || one.Link != other.Link {
		t.Errorf("pages differ: %+v and %+v", one, other)
	}
	f.did()
}

func TestChange_Code(t *testing.T) {
	f := newFixture(t)
	b, token := f.signedIn("maya")
	v := view(contact.EnterCode, contact.Proving)
	v.To, v.SentAt, v.GoodUntil, v.Delivery = "+1 •••-•••-••43", f.now.Add(-10*time.Second), f.now.Add(9*time.Minute), verification.Sent
	f.contacts.put(v)
	b.Get("/changes/" + changeID)
	if p := page[templates.CodeForm](f); p.ID != changeID || p.To != v.To || p.New != v.Change.Masked || p.Current != v.Change.OldMasked || p.Act != "change" ||
		!p.Alive || p.TriesLeft != 5 || p.Delivery != "sent" || p.Sent || p.Failed || p.TwoCodes || p.Authorising || p.GoodUntil != v.GoodUntil {
		t.Errorf("page = %+v", p)
	}
	a := b.Post("/changes/"+changeID, fields("form_token", token, "code", "000000"))
	status(t, "wrong code", a, 422, "")
	if p := page[templates.CodeForm](f); !p.Failed || len(p.Errors) != 1 || p.Errors[0].Key != "code.wrong" || p.Errors[0].Args["left"] != 4 || p.Code != "000000" || p.TriesLeft != 4 {
		t.Errorf("page = %+v", p)
	}
	status(t, "right code", b.Post("/changes/"+changeID, fields("form_token", token, "code", rightOne)), 303, "/changes/"+changeID)
	status(t, "once more", b.Post("/changes/"+changeID, fields("form_token", token, "code", rightOne)), 303, "/changes/"+changeID)
	status(t, "page", b.Get("/changes/"+changeID), 200, "")
	page[templates.Wait](f)
	if strings.Contains(f.log.String(), rightOne) {
		t.Errorf("the code is in the log: %s", f.log)
	}
}

// A text message that did not go out is an error, though the request was none.
func TestChange_CodeThatDidNotGoOut(t *testing.T) {
	f := newFixture(t)
	b, _ := f.signedIn("maya")
	for delivery, failed := range map[verification.Delivery]bool{verification.Sent: false, verification.Uncertain: false, verification.Refused: true} {
		v := view(contact.EnterCode, contact.Proving)
		v.Delivery = delivery
		f.contacts.put(v)
		b.Get("/changes/" + changeID)
		if p := page[templates.CodeForm](f); p.Failed != failed {
			t.Errorf("the page of a code that was %s has Failed = %v, want %v", delivery, p.Failed, failed)
		}
	}
}

func TestChange_CHG4_AddedFieldsChangeNothing(t *testing.T) {
	f := newFixture(t)
	b, token := f.signedIn("maya")
	f.contacts.put(view(contact.EnterCode, contact.Proving))
	for _, extra := range []string{"number", "country", "value", "id", "step"} {
		status(t, extra+" added", b.Post("/changes/"+changeID, fields("form_token", token, "code", rightOne, extra, "+12025550199")), 400, "")
	}
	f.did()
	if len(f.events.all) != 5 || f.events.all[0].Action != "form.refuse" {
		t.Errorf("events = %q, want five refused forms", f.events.said())
	}
}

func TestChange_WhatCanBeInTheWay(t *testing.T) {
	until := time.Date(2026, 11, 23, 14, 33, 0, 0, time.UTC)
	locked := view(contact.EnterCode, contact.Proving)
	locked.LockedUntil = until
	code, proved, authorised := view(contact.EnterCode, contact.Proving), view(contact.Confirm, contact.Proved), view(contact.SendCode, contact.Authorised)
	wait := &fault.Error{Kind: fault.Limited, Key: "limit.wait", Until: until}
	lock := &fault.Error{Kind: fault.Limited, Key: "limit.locked", Until: until}
	form := func(f *fixture) templates.CodeForm { return page[templates.CodeForm](f) }
	tests := []struct {
		name, path string
		view       contact.View
		err        error
		want       int
		check      func(*fixture) bool
	}{
		{"locked", "", locked, lock, 429, func(f *fixture) bool { p := form(f); return p.LockedUntil == until && p.Failed && len(p.Errors) == 0 }},
		{"over", "", code, fault.At("code", "code.over", nil), 422, func(f *fixture) bool { return form(f).Errors[0].Key == "code.over" }},
		{"moved on meanwhile", "", view(contact.Wait, contact.Applying), fault.At("code", "code.over", nil), 303, func(*fixture) bool { return true }},
		{"begun elsewhere", "", code, fault.New(fault.Conflict, "code.elsewhere"), 409, func(f *fixture) bool {
			p := page[templates.Problem](f)
			return p.Key == "code.elsewhere" && p.Link == "/changes/"+changeID
		}},
		{"proved, stale", "", proved, fault.New(fault.StepUp, "signin.again"), 200, func(f *fixture) bool {
			p := page[templates.SignInAgain](f)
			return p.For == "proved" && p.Link == "/signin?again=1&return_to=%2Fchanges%2F"+changeID && p.To == code.Change.Masked
		}},
		{"authorised, stale", "", authorised, fault.New(fault.StepUp, "signin.again"), 200, func(f *fixture) bool { return page[templates.SignInAgain](f).For == "authorised" }},
		{"authorised, too early", "", authorised, wait, 429, func(f *fixture) bool { p := page[templates.Continue](f); return p.Wait == until && p.Failed }},
		{"expired", "", code, fault.New(fault.Gone, "change.expired"), 410, func(f *fixture) bool { return page[templates.Problem](f).Key == "change.expired" }},
		{"resend too early", "/resend", code, wait, 429, func(f *fixture) bool { p := form(f); return p.TooEarly && p.ResendAt == until && !p.Sent }},
		{"resend locked", "/resend", locked, lock, 429, func(f *fixture) bool { p := form(f); return !p.TooEarly && p.LockedUntil == until }},
		{"resend stale", "/resend", code, fault.New(fault.StepUp, "signin.again"), 200, func(f *fixture) bool {
			p := page[templates.SignInAgain](f)
			return p.For == "resend" && p.Back == "/changes/"+changeID
		}},
		{"resend expired", "/resend", code, fault.New(fault.Gone, "change.expired"), 410, func(*fixture) bool { return true }},
		{"cancel while saving", "/cancel", view(contact.Wait, contact.Applying), fault.New(fault.Conflict, "change.applying"), 409, func(*fixture) bool { return true }},
		{"broken", "", code, errDown, 500, func(*fixture) bool { return true }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t)
			b, token := f.signedIn("maya")
			f.contacts.put(tt.view)
			f.contacts.fail = tt.err
			values := fields("form_token", token)
			if tt.path == "" {
				values.Set("code", "000000")
			}
			a := b.Post("/changes/"+changeID+tt.path, values)
			if a.Status != tt.want || strings.Contains(a.Body, "secret") {
				t.Errorf("status = %d, want %d", a.Status, tt.want)
			}
			if retry := a.Header.Get("Retry-After"); (tt.want == 429) != (retry == "60") {
				t.Errorf("Retry-After = %q", retry)
			}
			if !tt.check(f) {
				t.Errorf("page = %+v", f.pages.last)
			}
		})
	}
}

func TestChange_ResendAndCancel(t *testing.T) {
	f := newFixture(t)
	b, token := f.signedIn("maya")
	v := view(contact.EnterCode, contact.Proving)
	v.SentAt = f.now
	f.contacts.put(v)
	status(t, "resend", b.Post("/changes/"+changeID+"/resend", fields("form_token", token)), 303, "/changes/"+changeID)
	b.Get("/changes/" + changeID)
	if p := page[templates.CodeForm](f); !p.Sent || !p.Newer {
		t.Errorf("page = %+v, want that a new code was sent and the older one is dead", p)
	}
	status(t, "cancel", b.Post("/changes/"+changeID+"/cancel", fields("form_token", token)), 303, "/changes/"+changeID)
	b.Get("/changes/" + changeID)
	if p := page[templates.Stopped](f); p.State != "cancelled" || p.Reason != "change.cancelled" {
		t.Errorf("page = %+v", p)
	}
	f.did("resend", "cancel")
}

func TestChange_DoneSaysWhatComesFirst(t *testing.T) {
	f := newFixture(t)
	f.fill()
	f.snapshots.kept.Methods = append(f.snapshots.kept.Methods, directory.Method{ID: "7", Kind: directory.WindowsHello, Name: "FERN-0417"})
	b, _ := f.signedIn("maya")
	f.contacts.put(view(contact.Done, contact.Applied))
	b.Get("/changes/" + changeID)
	p := page[templates.Done](f)
	if len(p.First) != 2 || p.First[0].Kind != "passkey" || p.First[1].Kind != "authenticator" || len(p.OnPhone) != 1 || p.OnPhone[0].Name != "iPhone 13" ||
		len(p.OnComputer) != 1 || p.OnComputer[0].Name != "FERN-0417" {
		t.Errorf("page = %+v", p)
	}
}

func TestTwoCodes_WithoutAnAuthenticationContext(t *testing.T) {
	f := newFixture(t, func(_ *fixture, d *handlers.Deps) { d.Context = false })
	b, _ := f.signedIn("maya")
	b.Get("/contacts/mobile")
	if !page[templates.NumberForm](f).WithoutContext {
		t.Error("the form does not say that a contact on record is asked first")
	}
	f.contacts.put(view(contact.EnterCode, contact.Authorising))
	b.Get("/changes/" + changeID)
	if p := page[templates.CodeForm](f); !p.TwoCodes || !p.Authorising {
		t.Errorf("page = %+v", p)
	}
}

func TestZone(t *testing.T) {
	f := newFixture(t)
	b, token := f.signedIn("maya")
	for zone, want := range map[string]int{"Europe/Berlin": 204, "": 422, "Local": 422, "../../etc/passwd": 422, "Mars/Phobos": 422, strings.Repeat("a", 10000): 422} {
		if a := b.Post("/zone", fields("form_token", token, "zone", zone)); a.Status != want {
			t.Errorf("POST /zone %.30q = %d, want %d", zone, a.Status, want)
		}
	}
	b.Get("/")
	if p := page[templates.Home](f); p.Zone.String() != "Europe/Berlin" || p.Viewer.Zone != "Europe/Berlin" {
		t.Errorf("zone = %v, viewer %+v, want Europe/Berlin", p.Zone, p.Viewer)
	}
	b.Post("/contacts/mobile", fields("form_token", token, "country", "US", "number", "1"))
	if a := f.contacts.actor; a.Zone.String() != "Europe/Berlin" || a.Person != person("maya") || a.Address != "192.0.2.0/24" ||
		a.Request == "" || a.Session == "" || a.Language != "en" || !a.Strong || a.AuthTime != f.now {
		t.Errorf("actor = %+v", a)
	}
}

func TestNew_NamesMissingParts(t *testing.T) {
	if _, err := handlers.New(handlers.Deps{}); err == nil {
		t.Error("New without anything = nil, want an error")
	}
}

func TestRoutes_TheTable(t *testing.T) {
	f := newFixture(t)
	public := []string{"/healthz", "/readyz", "/signed-out", "/signin", "/signin/callback", "/help", web.LanguageForm,
		"/reset", "/reset/picture/:token", "/reset/sound/:language/:token", "/reset/:id", "/reset/:id/resend", "/reset/:id/again"}
	for _, r := range f.site.Routes() {
		form := r.Method == http.MethodPost && r.Path != web.LanguageForm && !publicForm(r.Path)
		if want := slices.Contains(public, r.Path); (r.Access == web.Public) != want || (want && form) {
			t.Errorf("%s %s is %s", r.Method, r.Path, r.Access)
		}
	}
	b, _ := f.signedIn("maya")
	for _, reserved := range []string{"/not-me/x", "/activity", "/desk", "/desk/people/x", "/gateways/x/delivery",
		"/metrics", "/contacts/office", "/_emulator/"} {
		status(t, "GET "+reserved, b.Get(reserved), 404, "")
	}
}

// publicForm reports whether a form is one of those that strangers have, besides that of the
// languages: each has a token of its own.
func publicForm(route string) bool {
	return route == "/reset" || route == "/reset/:id" || strings.HasPrefix(route, "/reset/:id/")
}

func TestRoutes_WEB1_EveryPostIsProtected(t *testing.T) {
	f := newFixture(t)
	f.contacts.put(view(contact.EnterCode, contact.Proving))
	b, token := f.signedIn("maya")
	_, others := f.signedIn("maya")
	stranger := webtest.New(t, f.site)
	change := map[string]func(*http.Request){
		"without headers": func(r *http.Request) { r.Header.Del("Origin"); r.Header.Del("Sec-Fetch-Site") },
		"foreign origin":  func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") },
		"opaque origin":   func(r *http.Request) { r.Header.Set("Origin", "null") },
		"same site":       func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") },
		"cross site":      func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"typed":           func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "none") },
	}
	posts := 0
	for _, route := range f.site.Routes() {
		if route.Method != http.MethodPost {
			continue
		}
		posts++
		path := strings.ReplaceAll(route.Path, ":id", changeID)
		for name, c := range change {
			r := webtest.Request(http.MethodPost, path, fields("form_token", token).Encode())
			webtest.OwnForm(r)
			c(r)
			status(t, path+" "+name, b.Do(r), 403, "")
		}
		status(t, path+" without a token", b.Post(path, nil), 403, "")
		status(t, path+" with another session's token", b.Post(path, fields("form_token", others)), 403, "")
		if publicForm(route.Path) {
			f.resets.calls = nil
			status(t, path+" with a session's token", stranger.Post(path, fields("form_token", token)), 403, "")
			if p := page[templates.Problem](f); !strings.HasPrefix(p.Link, "/reset") || p.LinkKey != web.LinkBack || len(f.resets.calls) != 0 {
				t.Errorf("%s with a session's token: page = %+v, calls %q, want the way back and none", path, p, f.resets.calls)
			}
			continue
		}
		status(t, path+" signed out", stranger.Post(path, fields("form_token", token)), 401, "")
		if p := page[templates.Problem](f); !strings.HasPrefix(p.Link, "/signin?return_to=") || p.LinkKey != web.LinkSignIn {
			t.Errorf("%s signed out: page = %+v", path, p)
		}
	}
	if posts < 15 || f.snapshots.reads != 0 || f.rows.Sessions() != 2 {
		t.Errorf("%d forms tried, %d reads, %d sessions, want 15 or more, none, 2", posts, f.snapshots.reads, f.rows.Sessions())
	}
	f.did()
}

func TestRoutes_SignedOutPagesLeadToTheSignIn(t *testing.T) {
	f := newFixture(t)
	stranger := webtest.New(t, f.site)
	for _, route := range f.site.Routes() {
		if route.Method == http.MethodPost || route.Access == web.Public {
			continue
		}
		path := strings.ReplaceAll(route.Path, ":id", changeID)
		a := stranger.Do(webtest.Request(route.Method, path, ""))
		status(t, route.Method+" "+path, a, 303, "/signin?return_to="+url.QueryEscape(path))
	}
}

// TestRoutes_WEB2 asks for every page twice, in every step of a change.
func TestRoutes_WEB2_AGetHasNoEffect(t *testing.T) {
	for _, v := range []contact.View{view(contact.EnterCode, contact.Proving), view(contact.SendCode, contact.Authorised),
		view(contact.Confirm, contact.Proved), view(contact.SignInAgain, contact.Proved), view(contact.Wait, contact.Applying), view(contact.Done, contact.Applied)} {
		f := newFixture(t)
		f.fill()
		b, _ := f.signedIn("maya")
		f.contacts.put(v)
		before, cookies := f.rows.State(), len(b.Cookies())
		for _, route := range f.site.Routes() {
			if route.Method == http.MethodPost {
				continue
			}
			path := strings.ReplaceAll(route.Path, ":id", changeID)
			first := b.Do(webtest.Request(route.Method, path, ""))
			second := b.Do(webtest.Request(route.Method, path, ""))
			if first.Status != second.Status || first.Status >= 500 {
				t.Errorf("%s %s = %d, then %d", route.Method, path, first.Status, second.Status)
			}
		}
		f.did()
		if after := f.rows.State(); after != before || len(f.events.all) != 0 || f.snapshots.reads != 0 || f.contacts.sent != 0 {
			t.Errorf("step %s: sessions %s → %s, events %q, %d reads, %d sent: want nothing changed", v.Step, before, after, f.events.said(), f.snapshots.reads, f.contacts.sent)
		}
		if slices.ContainsFunc(f.resets.calls, func(call string) bool { return call != "view" }) {
			t.Errorf("calls %q, want none that moves a reset", f.resets.calls)
		}
		if extra := len(b.Cookies()) - cookies; extra > 2 { // those of the sign-in that /signin began, and of signed-out forms
			t.Errorf("%d cookies more", extra)
		}
	}
}

func TestBadInput_LosesNothing(t *testing.T) {
	tests := []struct {
		name, path, body string
		want             int
	}{
		{"10 kB of digits as a code", "/changes/" + changeID, "code=" + strings.Repeat("1", 10<<10), 422},
		{"NUL in a code", "/changes/" + changeID, "code=123%00456", 400},
		{"invalid UTF-8 in a code", "/changes/" + changeID, "code=%ff", 400},
		{"two codes", "/changes/" + changeID, "code=1&code=2", 400},
		{"NUL in a number", "/contacts/mobile", "country=US&number=%00", 400},
		{"invalid UTF-8 in a country", "/contacts/mobile", "country=%c3%28&number=1", 400},
		{"two numbers", "/contacts/mobile", "number=1&number=2", 400},
		{"unknown field", "/contacts/mobile", "number=1&person=jonas", 400},
		{"a field on a button", "/signout", "x=1", 400},
		{"too large", "/contacts/mobile", "number=" + strings.Repeat("1", 70<<10), 413},
		{"a guessed id", "/changes/" + strings.Replace(changeID, "0b", "0c", 1), "code=1", 404},
		{"no id", "/changes/x", "code=1", 404},
	}
	for _, tt := range tests {
		f := newFixture(t)
		f.contacts.put(view(contact.EnterCode, contact.Proving))
		b, token := f.signedIn("maya")
		r := webtest.Request(http.MethodPost, tt.path, "form_token="+token+"&"+tt.body)
		webtest.OwnForm(r)
		if a := b.Do(r); a.Status != tt.want {
			t.Errorf("%s = %d, want %d", tt.name, a.Status, tt.want)
		}
		for _, done := range f.contacts.effects {
			if !strings.HasPrefix(done, "redeem 1111") {
				t.Errorf("%s did %q", tt.name, done)
			}
		}
		status(t, tt.name+": page afterwards", b.Get("/"), 200, "")
	}
}
