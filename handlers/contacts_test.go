package handlers_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"rekey/handlers"
	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/notice"
	"rekey/internal/web/webtest"
	"rekey/templates"
)

// paths are where each contact is kept.
func paths() map[directory.Kind]string {
	return map[directory.Kind]string{directory.Phone: "/contacts/mobile", directory.AlternatePhone: "/contacts/alternate-mobile", directory.Email: "/contacts/email"}
}

func TestContacts_EachHasItsForms(t *testing.T) {
	for kind, path := range paths() {
		f := newFixture(t)
		f.fill()
		b, token := f.signedIn("maya")
		status(t, "form", b.Get(path), 200, "")
		typed := fields("form_token", token, "country", "DE", "number", "01512 3456789")
		effect := "start " + string(kind) + " DE 01512 3456789"
		if kind == directory.Email {
			typed = fields("form_token", token, "address", "maya@example.org")
			effect = "start email  maya@example.org"
		}
		a := b.Post(path, typed)
		if a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Location(), "/changes/") {
			t.Errorf("POST %s = %d to %q, want the change", path, a.Status, a.Location())
		}
		status(t, "test", b.Post(path+"/test", fields("form_token", token)), 303, "/changes/"+changeID)
		f.contacts.removal = &contact.Removal{Present: directory.Method{Kind: kind, Value: "+12025550142"}}
		status(t, "remove page", b.Get(path+"/remove"), 200, "")
		status(t, "remove", b.Post(path+"/remove", fields("form_token", token)), 303, "/changes/"+changeID)
		f.did(effect, "test "+string(kind), "remove "+string(kind))
		status(t, "a field too many", b.Post(path+"/remove", fields("form_token", token, "number", "+12025550199")), 400, "")
		status(t, "GET of a test", b.Get(path+"/test"), 405, "")
	}
}

func TestEmail_CHG10_WhatWasTypedIsKept(t *testing.T) {
	f := newFixture(t)
	f.fill()
	b, token := f.signedIn("maya")
	for _, typed := range []string{"maya@fernhill.example", strings.Repeat("a", 5000), "<b>@x", "a@b.example, c@d.example"} {
		f.contacts.fail = fault.At("address", "address.invalid", nil)
		status(t, "a wrong address", b.Post("/contacts/email", fields("form_token", token, "address", typed)), 422, "")
		if p := page[templates.AddressForm](f); p.Address != typed || len(p.Errors) != 1 || p.Errors[0].Field != "address" || !p.Failed {
			t.Errorf("form after %.20q = %.60q %+v", typed, p.Address, p.Errors)
		}
	}
	f.contacts.fail = &fault.Error{Kind: fault.Limited, Key: "limit.new", Until: f.now.Add(time.Hour)}
	a := b.Post("/contacts/email", fields("form_token", token, "address", "x@example.org"))
	if p := page[templates.AddressForm](f); a.Status != 429 || a.Header.Get("Retry-After") != "3600" || p.WaitKey != "limit.new" || p.Address != "x@example.org" {
		t.Errorf("too many new addresses: %d, Retry-After %q, %+v", a.Status, a.Header.Get("Retry-After"), p)
	}
	f.did()
}

func TestEmail_AStepUpLosesNothing(t *testing.T) {
	f := newFixture(t)
	f.fill()
	b, token := f.signedIn("maya")
	f.contacts.fail = fault.New(fault.StepUp, "signin.again")
	status(t, "under a stale sign-in", b.Post("/contacts/email", fields("form_token", token, "address", "maya@example.org")), 200, "")
	if p := page[templates.SignInAgain](f); p.Link != "/signin?again=1&return_to=%2Fcontacts%2Femail" || p.To != "m••••@example.org" || p.For != "number" || p.Kind != "email" {
		t.Errorf("page = %+v", p)
	}
	status(t, "the form again", b.Get("/contacts/email"), 200, "")
	if p := page[templates.AddressForm](f); p.Address != "maya@example.org" || !p.Back {
		t.Errorf("form = %+v, want what was typed", p)
	}
}

func TestEmail_WithoutMailItIsClosed(t *testing.T) {
	f := newFixture(t, func(_ *fixture, d *handlers.Deps) { d.Mail = false })
	f.fill()
	b, _ := f.signedIn("maya")
	status(t, "form", b.Get("/contacts/email"), 200, "")
	if p := page[templates.Closed](f); p.Reason != "no-mail" {
		t.Errorf("page = %+v", p)
	}
	b.Get("/")
	if row := page[templates.Home](f).Contacts[2]; row.Testable || !row.Off || !row.Editable {
		t.Errorf("row = %+v, want one that can be removed and nothing else", row)
	}
}

func TestAlternatePhone_ClosedWithoutAPhone(t *testing.T) {
	f := newFixture(t)
	f.snapshots.kept = &directory.Snapshot{At: f.now}
	b, _ := f.signedIn("maya")
	status(t, "form", b.Get("/contacts/alternate-mobile"), 200, "")
	if p := page[templates.Closed](f); p.Reason != "phone-first" {
		t.Errorf("page = %+v", p)
	}
}

func TestRemove_OLD2_RefusalsAreOnThePage(t *testing.T) {
	f := newFixture(t)
	f.fill()
	b, token := f.signedIn("maya")
	status(t, "of what is not there", b.Get("/contacts/mobile/remove"), 404, "")
	alternate := directory.Method{Kind: directory.AlternatePhone, Value: "+12025550155"}
	f.contacts.removal = &contact.Removal{Present: directory.Method{Kind: directory.Phone, Value: "+12025550142"}, Promote: &alternate,
		Stays: []directory.Method{alternate, {Kind: directory.Email, Value: "maya@example.net"}}}
	status(t, "beside an alternate", b.Get("/contacts/mobile/remove"), 200, "")
	if p := page[templates.RemoveForm](f); p.Act != "promote" || !strings.HasSuffix(p.Promote, "55") || len(p.Stays) != 1 || p.Stays[0].Value != "m••••@example.net" {
		t.Errorf("page = %+v", p)
	}
	f.contacts.removal.Promote = nil
	f.contacts.fail = fault.New(fault.Invalid, "remove.last-way")
	status(t, "the last way in", b.Post("/contacts/mobile/remove", fields("form_token", token)), 422, "")
	if p := page[templates.RemoveForm](f); p.Refused != "remove.last-way" || !p.Failed {
		t.Errorf("page = %+v", p)
	}
	f.contacts.fail = fault.New(fault.StepUp, "signin.again")
	status(t, "stale", b.Post("/contacts/mobile/remove", fields("form_token", token)), 200, "")
	if p := page[templates.SignInAgain](f); p.Link != "/signin?again=1&return_to=%2Fcontacts%2Fmobile%2Fremove" || p.For != "remove" || p.To == "" {
		t.Errorf("page = %+v", p)
	}
	f.contacts.fail = &fault.Error{Kind: fault.Conflict, Key: "change.applying", Args: map[string]any{"change": changeID}}
	status(t, "while another is applied", b.Post("/contacts/mobile/remove", fields("form_token", token)), 409, "")
	if p := page[templates.Problem](f); p.Link != "/changes/"+changeID {
		t.Errorf("page = %+v", p)
	}
	f.did()
}

func TestTest_TroubleHasAPage(t *testing.T) {
	f := newFixture(t)
	f.fill()
	b, token := f.signedIn("maya")
	for want, err := range map[int]*fault.Error{404: fault.New(fault.NotFound, "contact.none"), 422: fault.New(fault.Invalid, "test.cannot-reach"),
		429: {Kind: fault.Limited, Key: "limit.wait", Until: f.now.Add(time.Minute)}, 200: fault.New(fault.StepUp, "signin.again")} {
		f.contacts.fail = err
		a := b.Post("/contacts/mobile/test", fields("form_token", token))
		if a.Status != want || want == 429 && a.Header.Get("Retry-After") == "" {
			t.Errorf("test refused with %s = %d, want %d", err.Key, a.Status, want)
		}
	}
	f.did()
}

func TestDone_NOT1_SaysWhoIsTold(t *testing.T) {
	f := newFixture(t)
	f.fill()
	b, _ := f.signedIn("maya")
	v := view(contact.Done, contact.Applied)
	v.Told = []notice.Notice{{Channel: "text", ToMask: "+1 •••-•••-••42", State: notice.Sent, To: "+12025550142"}, {Channel: "mail", ToMask: "m••••@example.net", State: notice.Waiting}}
	f.contacts.put(v)
	a := b.Get("/changes/" + changeID)
	p := page[templates.Done](f)
	if len(p.Told) != 2 || p.Told[0] != (templates.Told{To: "+1 •••-•••-••42", Channel: "text", State: "sent"}) || strings.Contains(a.Body, "2025550142") {
		t.Errorf("told = %+v", p.Told)
	}
}

// One person cannot use up the calls to the directory that all share (ABU-1).
func TestRefresh_ABU1_HasAnAllowanceOfItsOwn(t *testing.T) {
	f := newFixture(t)
	f.fill()
	b, token := f.signedIn("maya")
	for range 2 {
		status(t, "refresh", b.Post("/snapshot/refresh", fields("form_token", token)), 303, "/")
	}
	a := b.Post("/snapshot/refresh", fields("form_token", token))
	if p := page[templates.Home](f); a.Status != http.StatusTooManyRequests || !p.TooEarly || f.snapshots.reads != 2 {
		t.Errorf("the third refresh: %d, too early %v, %d reads, want 429 and two", a.Status, p.TooEarly, f.snapshots.reads)
	}
}

// What a send is counted by and what a notice says of its origin come from the request.
func TestActor_NOT3_FromWhereIsTold(t *testing.T) {
	f := newFixture(t)
	f.fill()
	b, token := f.signedIn("maya")
	r := webtest.Request(http.MethodPost, "/contacts/email", fields("form_token", token, "address", "maya@example.org").Encode())
	webtest.OwnForm(r)
	r.Header.Set("User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0")
	r.RemoteAddr = "[2001:db8:5:6:7::9]:1"
	b.Do(r)
	if a := f.contacts.actor; a.Source != "2001:db8:5:6::/64" || a.Browser != "Firefox on Windows" || a.Network != "2001:db8:5:6::/64" {
		t.Errorf("actor = %+v, want the source, the browser and the network of the request", a)
	}
	f.did("start email  maya@example.org")
}
