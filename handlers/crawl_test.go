package handlers_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"rekey/handlers"
	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/web/webtest"
)

// The crawl asks for every route of the table in every way and every state, and holds each
// answer against WEB-3 and WEB-4. cmd/rekey does the same with the whole product.

// methods are those that browsers and attackers send.
func methods() []string {
	return []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get"}
}

// sound fails for each flaw of an answer.
func (f *fixture) sound(what, path string, a webtest.Answer) webtest.Answer {
	f.t.Helper()
	for _, flaw := range a.Flaws(path, true) {
		f.t.Errorf("%s = %d: %s", what, a.Status, flaw)
	}
	return a
}

// panicking is a journey that panics with what people typed.
type panicking struct{ *contacts }

func (panicking) Start(_ context.Context, _ contact.Actor, _ directory.Kind, in contact.Input) (contact.Change, error) {
	panic("panic: " + in.Number + in.Address)
}

func (panicking) View(_ context.Context, _ contact.Actor, id string) (contact.View, error) {
	beyond := len(id)
	return contact.View{To: id[beyond:][:1]}, nil
}

func TestCrawl_WEB2_WEB3_WEB4_EveryRouteByEveryMethod(t *testing.T) {
	f := withRealPages(t)
	f.fill()
	f.contacts.put(view(contact.EnterCode, contact.Proving))
	maya, token := f.signedIn("maya")
	before, cookies := f.rows.State(), len(maya.Cookies())
	statuses := map[int]int{}
	for _, b := range []*webtest.Browser{maya, webtest.New(t, f.site)} {
		for _, path := range f.paths() {
			for _, method := range methods() {
				for _, own := range []bool{true, false} {
					a := f.sound(method+" "+path, path, b.Do(refusable(method, path, token, own)))
					statuses[a.Status]++
					if method == "TRACE" && (a.Status != 405 && a.Status != 404 || strings.Contains(a.Body, "unknown=1")) {
						t.Errorf("TRACE %s = %d, want it off", path, a.Status)
					}
				}
			}
		}
	}
	for _, want := range []int{200, 303, 400, 401, 403, 404, 405} {
		if statuses[want] == 0 {
			t.Errorf("no answer with %d among %v: the crawl did not get there", want, statuses)
		}
	}
	f.did()
	if after := f.rows.State(); after != before || f.contacts.sent != 0 || len(maya.Cookies())-cookies > 2 || f.resets.begun != 0 { // of a sign-in that was begun, and of signed-out forms
		t.Errorf("sessions %s → %s, %d sent: want nothing changed by any of this", before, after, f.contacts.sent)
	}
}

// refusable is a request that no form accepts: it has a field too many.
func refusable(method, path, token string, own bool) *http.Request {
	body := ""
	if method != http.MethodGet && method != http.MethodHead {
		body = "form_token=" + token + "&unknown=1"
	}
	r := webtest.Request(method, path, body)
	if own {
		webtest.OwnForm(r)
	}
	r.Header.Set("X-HTTP-Method-Override", "POST")
	return r
}

// paths are all registered paths, filled, and some that are not there.
func (f *fixture) paths() []string {
	found := []string{"/nowhere", "/_emulator/", "/static/rekey.css", "//", "/contacts/mobile/", "/changes/x", "/changes/%00", "/%ff"}
	for _, r := range f.site.Routes() {
		if path := strings.ReplaceAll(r.Path, ":id", changeID); !slices.Contains(found, path) {
			found = append(found, path)
		}
	}
	return found
}

func TestCrawl_WEB3_WEB4_EveryFaultOfEveryForm(t *testing.T) {
	kinds := map[fault.Kind]int{fault.Malformed: 400, fault.SignedOut: 401, fault.Forbidden: 403, fault.StepUp: 403, fault.NotFound: 404,
		fault.Conflict: 409, fault.Gone: 410, fault.Invalid: 422, fault.Limited: 429, fault.Unavailable: 503, fault.Internal: 500}
	seen := map[int]bool{}
	for kind := range kinds {
		f := withRealPages(t)
		f.fill()
		f.contacts.put(view(contact.EnterCode, contact.Proving))
		b, token := f.signedIn("maya")
		for _, route := range f.site.Routes() {
			if route.Method != http.MethodPost {
				continue
			}
			path := strings.ReplaceAll(route.Path, ":id", changeID)
			f.contacts.fail = fault.New(kind, "limit.wait")
			if route.Path == "/signout" || route.Path == "/sessions/revoke" {
				continue // no fault of a contact stops them
			}
			a := f.sound(kind.String()+" at "+path, path, b.Post(path, fields("form_token", token)))
			seen[a.Status] = true
		}
	}
	for kind, status := range kinds {
		if !seen[status] {
			t.Errorf("no answer with %d, of %s: the crawl did not get there", status, kind)
		}
	}
}

func TestCrawl_WEB3_WEB4_EveryStepAndPanics(t *testing.T) {
	steps := map[contact.Step]contact.State{contact.EnterCode: contact.Proving, contact.SendCode: contact.Authorised, contact.Confirm: contact.Proved,
		contact.SignInAgain: contact.Proved, contact.Wait: contact.Applying, contact.Done: contact.Applied, contact.Stopped: contact.Failed}
	for step, state := range steps {
		f := withRealPages(t)
		f.fill()
		b, _ := f.signedIn("maya")
		f.contacts.put(view(step, state))
		for _, path := range []string{"/", "/changes/" + changeID} {
			if a := f.sound(string(state)+" at "+path, path, b.Get(path)); a.Status != 200 {
				t.Errorf("%s at %s = %d, want 200", state, path, a.Status)
			}
		}
	}
	f := withRealPages(t, func(f *fixture, d *handlers.Deps) { d.Contacts = panicking{f.contacts} })
	b, token := f.signedIn("maya")
	for path, form := range map[string]url.Values{"/contacts/mobile": fields("form_token", token, "country", "US", "number", "+12025550177"),
		"/contacts/email": fields("form_token", token, "address", "secret@private.example")} {
		a := f.sound("panic at "+path, path, b.Post(path, form))
		if a.Status != 500 || strings.Contains(a.Body+f.log.String(), "+12025550177") || strings.Contains(a.Body+f.log.String(), "secret@private") {
			t.Errorf("panic at %s = %d, want 500 without what was typed, there and in the log", path, a.Status)
		}
	}
	if a := f.sound("panic of a page", "/", b.Get("/changes/"+changeID)); a.Status != 500 {
		t.Errorf("a page that panics = %d, want 500", a.Status)
	}
}

func TestCrawl_WEB3_WEB4_WithoutADatabase(t *testing.T) {
	f := withRealPages(t)
	b, token := f.signedIn("maya")
	lost := fault.Wrap(fault.Unavailable, "site.down", errDown) // as the store says it
	f.rows.Break(lost)
	f.events.err = lost
	down := 0
	for _, path := range f.paths() {
		for _, method := range []string{"GET", "POST"} {
			r := webtest.Request(method, path, "form_token="+token)
			webtest.OwnForm(r)
			a := f.sound(method+" "+path, path, b.Do(r))
			if a.Status == 503 {
				down++
			}
			if a.Status == 500 || strings.Contains(a.Body, errDown.Error()) {
				t.Errorf("%s %s = %d, want no 500 and nothing of the error", method, path, a.Status)
			}
		}
	}
	if down < 15 {
		t.Errorf("%d answers with 503, want one of each page and form", down)
	}
}

// TestCrawl_WEB3_WEB4_TheCallback: whatever comes back from the identity provider, or from
// somebody who plays it.
func TestCrawl_WEB3_WEB4_TheCallback(t *testing.T) {
	f := withRealPages(t)
	hostile := `"><script>alert(1)</script>`
	for _, pairs := range [][]string{nil, {"state", "x"}, {"state", hostile, "code", hostile}, {"state", "STATE"}, {"state", "STATE", "error", "access_denied", "error_description", hostile},
		{"state", "STATE", "error", "server_error"}, {"state", "STATE", "error", hostile}, {"state", "STATE", "code", hostile}, {"state", "STATE", "code", "maya", "code", "jonas"},
		{"state", "STATE", "code", "a\x00b"}, {"state", "\xff"}, {"state", "STATE", "code", "maya"}} {
		b := webtest.New(t, f.site)
		state := f.begin(b, "/signin")
		given := slices.Clone(pairs)
		for i := range given {
			given[i] = strings.ReplaceAll(given[i], "STATE", state)
		}
		path := callback(given...)
		a := f.sound("GET "+path, path, b.Get(path))
		if a.Header.Get("Referrer-Policy") != "no-referrer" || strings.Contains(a.Body, "<form") || strings.Contains(a.Body, "alert(1)") {
			t.Errorf("GET %s = %d: want no form, no referrer and nothing of the address", path, a.Status)
		}
	}
}

func TestCrawl_WEB4_ClearSiteDataWhereOneSignsOutAndNowhereElse(t *testing.T) {
	f := withRealPages(t)
	f.fill()
	b, token := f.signedIn("maya")
	for _, path := range f.paths() {
		if got := b.Get(path).Header.Get("Clear-Site-Data"); got != "" {
			t.Errorf("GET %s: Clear-Site-Data = %q, want none: anybody may lead somebody there", path, got)
		}
	}
	a := f.sound("POST /signout", "/signout", b.Post("/signout", fields("form_token", token)))
	if got := a.Header.Get("Clear-Site-Data"); got != `"cache", "storage"` || a.Status != 303 {
		t.Errorf("POST /signout = %d, Clear-Site-Data = %q, want cache and storage", a.Status, got)
	}
	if slices.ContainsFunc(b.Cookies(), func(c *http.Cookie) bool { return c.Name == "__Host-rekey" }) {
		t.Errorf("cookies after signing out: %v, want no session's", b.Cookies())
	}
}
