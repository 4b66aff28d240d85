package handlers_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

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
	f := newFixture(t)
	f.contacts.withoutMail = true
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

func TestTest_TroubleLeadsBackHome(t *testing.T) {
	f := newFixture(t)
	f.fill()
	b, token := f.signedIn("maya")
	for want, err := range map[int]*fault.Error{404: fault.New(fault.NotFound, "contact.none"), 422: fault.New(fault.Invalid, "test.cannot-reach"),
		403: fault.New(fault.Forbidden, "account.protected"), 429: {Kind: fault.Limited, Key: "limit.wait", Until: f.now.Add(time.Minute)},
		503: fault.New(fault.Unavailable, "directory.down")} {
		f.contacts.fail = err
		a := b.Post("/contacts/email/test", fields("form_token", token))
		if p := page[templates.Problem](f); a.Status != want || p.Link != "/" || p.Key != err.Key || (a.Header.Get("Retry-After") != "") != (want == 429 || want == 503) {
			t.Errorf("test refused with %s = %d, link %q, Retry-After %q, want %d and home", err.Key, a.Status, p.Link, a.Header.Get("Retry-After"), want)
		}
	}
	f.contacts.fail = &fault.Error{Kind: fault.Conflict, Key: "change.applying", Args: map[string]any{"change": changeID}}
	status(t, "while a change is applied", b.Post("/contacts/email/test", fields("form_token", token)), 409, "")
	if p := page[templates.Problem](f); p.Link != "/changes/"+changeID {
		t.Errorf("page = %+v, want a link to the change", p)
	}
	f.contacts.fail = fault.New(fault.StepUp, "signin.again")
	status(t, "under a stale sign-in", b.Post("/contacts/email/test", fields("form_token", token)), 200, "")
	if p := page[templates.SignInAgain](f); p.Link != "/signin?again=1&return_to=%2F" || p.For != "test" || p.Act != "test" || p.To != "m••••@example.net" {
		t.Errorf("page = %+v", p)
	}
	f.did()
}

func TestRemove_WhatIsNotThereLeadsHome(t *testing.T) {
	f := newFixture(t)
	f.fill()
	b, token := f.signedIn("maya")
	for want, err := range map[int]*fault.Error{404: fault.New(fault.NotFound, "contact.none"), 403: fault.New(fault.Forbidden, "change.no-contact-on-record")} {
		f.contacts.fail = err
		status(t, err.Key, b.Post("/contacts/email/remove", fields("form_token", token)), want, "")
		if p := page[templates.Problem](f); p.Link != "/" || p.Key != err.Key {
			t.Errorf("page after %s = %+v, want a link home", err.Key, p)
		}
	}
	f.did()
}

// A form that is refused for good leads home: sent again it would be refused again.
func TestStart_ARefusalLeadsHome(t *testing.T) {
	f := newFixture(t)
	f.fill()
	b, token := f.signedIn("maya")
	f.contacts.fail = fault.New(fault.Forbidden, "account.protected")
	status(t, "of a protected account", b.Post("/contacts/mobile", fields("form_token", token, "country", "US", "number", "2025550143")), 403, "")
	if p := page[templates.Problem](f); p.Link != "/" || p.Key != "account.protected" {
		t.Errorf("page = %+v, want a link home", p)
	}
	f.did()
}

func TestContacts_NoOtherKinds(t *testing.T) {
	f := newFixture(t)
	f.fill()
	b, token := f.signedIn("maya")
	for _, kind := range []string{"phone", "fax", "office", "alternate-phone", "Mobile", "email/x", "mobile%2fremove", "..", "password"} {
		for _, path := range []string{"/contacts/" + kind, "/contacts/" + kind + "/remove", "/contacts/" + kind + "/test"} {
			if a := b.Get(path); a.Status != http.StatusNotFound {
				t.Errorf("GET %s = %d, want 404", path, a.Status)
			}
			if a := b.Post(path, fields("form_token", token)); a.Status != http.StatusNotFound {
				t.Errorf("POST %s = %d, want 404", path, a.Status)
			}
		}
	}
	f.did()
}

// What no browser of ours sends is refused before the journey hears of it (WEB-5, CHG-10).
func TestContacts_WEB5_UglyForms(t *testing.T) {
	for _, tt := range []struct {
		name, path, body string
		want             int
	}{
		{"NUL in an address", "/contacts/email", "address=maya%00@example.net", 400},
		{"invalid UTF-8 in an address", "/contacts/email", "address=%ff@example.net", 400},
		{"two addresses", "/contacts/email", "address=a@example.net&address=b@example.net", 400},
		{"an address as a number", "/contacts/mobile", "address=a@example.net", 400},
		{"a number as an address", "/contacts/email", "number=2025550142", 400},
		{"somebody else's address", "/contacts/email", "address=a@example.net&person=jonas", 400},
		{"NUL in an alternate number", "/contacts/alternate-mobile", "country=US&number=%00", 400},
		{"two countries", "/contacts/alternate-mobile", "country=US&country=DE&number=1", 400},
		{"a field on a removal", "/contacts/email/remove", "address=a@example.net", 400},
		{"a field on a test", "/contacts/email/test", "kind=phone", 400},
		{"70 kB of an address", "/contacts/email", "address=" + strings.Repeat("a", 70<<10), 413},
	} {
		f := newFixture(t)
		f.fill()
		b, token := f.signedIn("maya")
		r := webtest.Request(http.MethodPost, tt.path, "form_token="+token+"&"+tt.body)
		webtest.OwnForm(r)
		if a := b.Do(r); a.Status != tt.want {
			t.Errorf("%s = %d, want %d", tt.name, a.Status, tt.want)
		}
		f.did()
	}
}

// A draft of one form is not shown in another, and a long one is not kept.
func TestContacts_DraftsStayWithTheirForms(t *testing.T) {
	f := newFixture(t)
	f.fill()
	b, token := f.signedIn("maya")
	f.contacts.fail = fault.New(fault.StepUp, "signin.again")
	b.Post("/contacts/alternate-mobile", fields("form_token", token, "country", "DE", "number", "01512 3456789"))
	if p := page[templates.SignInAgain](f); p.Link != "/signin?again=1&return_to=%2Fcontacts%2Falternate-mobile" || p.Kind != "alternate-phone" || p.Act != "add" {
		t.Errorf("page = %+v", p)
	}
	b.Get("/contacts/mobile")
	if p := page[templates.NumberForm](f); p.Number != "" || p.Country != "US" || p.Kind != "phone" {
		t.Errorf("the form of the phone = %+v, want it empty", p)
	}
	b.Get("/contacts/alternate-mobile")
	if p := page[templates.NumberForm](f); p.Number != "01512 3456789" || p.Country != "DE" || p.Kind != "alternate-phone" || !p.Back {
		t.Errorf("the form of the alternate phone = %+v, want what was typed", p)
	}
	if a := b.Post("/contacts/alternate-mobile", fields("form_token", token, "country", "DE", "number", "01512 3456789")); a.Status != http.StatusSeeOther {
		t.Errorf("the form again = %d, want the change", a.Status)
	}
	b.Get("/contacts/alternate-mobile")
	if p := page[templates.NumberForm](f); p.Number != "" || p.Back {
		t.Errorf("the form afterwards = %+v, want no draft", p)
	}
	f.contacts.fail = fault.New(fault.StepUp, "signin.again")
	b.Post("/contacts/email", fields("form_token", token, "address", strings.Repeat("a", 256)+"@example.net"))
	b.Get("/contacts/email")
	if p := page[templates.AddressForm](f); p.Address != "" {
		t.Errorf("the form kept %d bytes", len(p.Address))
	}
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
