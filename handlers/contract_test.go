package handlers_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"rekey/handlers"
	"rekey/internal/contact"
	"rekey/internal/fault"
	"rekey/internal/i18n"
	"rekey/internal/verification"
	"rekey/internal/web"
	"rekey/internal/web/webtest"
	"rekey/static"
	"rekey/templates"
)

// withRealPages makes a fixture that renders as the site does.
func withRealPages(t *testing.T, change ...func(*fixture, *handlers.Deps)) *fixture {
	words, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	files, err := static.New()
	if err != nil {
		t.Fatal(err)
	}
	pages, err := templates.New(words, files.URL)
	if err != nil {
		t.Fatal(err)
	}
	real := func(f *fixture, _ *handlers.Deps) { f.renderer = pages }
	return newFixture(t, append(change, real)...)
}

// formFields are the fields of each form, as the surface names them.
func formFields() map[string][]string {
	number := []string{"country", "number"}
	return map[string][]string{"/contacts/mobile": number, "/contacts/alternate-mobile": number, "/contacts/email": {"address"}, "/changes/:id": {"code"}, "/language": {"language", "return_to"},
		"/reset": {"user", "characters", "picture", "another"}, "/reset/:id": {"code", "password", "password_again"}}
}

// route returns the registered path that an address belongs to, "" when there is none.
func (f *fixture) route(method, address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	path := strings.ReplaceAll(u.Path, changeID, ":id")
	if slices.ContainsFunc(f.site.Routes(), func(r web.Route) bool { return r.Method == method && r.Path == path }) {
		return path
	}
	return ""
}

// checkPage holds a page against the routes: every form posts to one, with the token and
// with fields that it takes; every link of ours leads somewhere.
func (f *fixture) checkPage(name string, a webtest.Answer, token string) *goquery.Document {
	f.t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(a.Body))
	if err != nil {
		f.t.Fatal(err)
	}
	if n := doc.Find("h1").Length(); n != 1 {
		f.t.Errorf("%s: %d h1, want one", name, n)
	}
	doc.Find("form").Each(func(_ int, form *goquery.Selection) {
		action := form.AttrOr("action", "")
		path := f.route(http.MethodPost, action)
		if form.AttrOr("method", "") != "post" || path == "" {
			f.t.Errorf("%s: a form %s to %q, want a POST to a route", name, form.AttrOr("method", ""), action)
		}
		if got := form.Find(`input[type=hidden][name=form_token]`).AttrOr("value", ""); got != token || token == "" {
			f.t.Errorf("%s: form to %q carries token %q, want %q", name, action, got, token)
		}
		form.Find("[name]").Each(func(_ int, field *goquery.Selection) {
			if n := field.AttrOr("name", ""); n != "form_token" && !slices.Contains(formFields()[path], n) {
				f.t.Errorf("%s: form to %q has a field %q that its handler refuses", name, action, n)
			}
		})
	})
	doc.Find("a[href]").Each(func(_ int, link *goquery.Selection) {
		if href := link.AttrOr("href", ""); strings.HasPrefix(href, "/") && f.route(http.MethodGet, href) == "" {
			f.t.Errorf("%s: a link to %q, where nothing is", name, href)
		}
	})
	for _, missing := range []string{"<no value>", "%!", "[object"} {
		if strings.Contains(a.Body, missing) {
			f.t.Errorf("%s: the page shows %q", name, missing)
		}
	}
	return doc
}

func TestPages_FormsAndLinksFitTheRoutes(t *testing.T) {
	code := view(contact.EnterCode, contact.Proving)
	code.To, code.Delivery = "+1 •••-•••-••43", verification.Sent
	dead := code
	dead.CodeAlive = false
	elsewhere := code
	elsewhere.Here = false
	steps := map[string]contact.View{"code": code, "dead code": dead, "elsewhere": elsewhere,
		"send": view(contact.SendCode, contact.Authorised), "confirm": view(contact.Confirm, contact.Proved),
		"again": view(contact.SignInAgain, contact.Proved), "wait": view(contact.Wait, contact.Applying), "done": view(contact.Done, contact.Applied),
		"cancelled": view(contact.Stopped, contact.Cancelled), "expired": view(contact.Stopped, contact.Expired),
		"failed": view(contact.Stopped, contact.Failed), "unknown": view(contact.Stopped, contact.Unknown)}
	for name, v := range steps {
		f := withRealPages(t)
		f.fill()
		b, token := f.signedIn("maya")
		f.contacts.put(v)
		doc := f.checkPage(name, b.Get("/changes/"+changeID), token)
		if wants := name == "code"; (doc.Find(`form[action="/changes/`+changeID+`"] input[name=code]`).Length() == 1) != wants {
			t.Errorf("%s: a field for the code = %v, want %v", name, !wants, wants)
		}
		f.checkPage(name+", home", b.Get("/"), token)
	}
	f := withRealPages(t)
	b, token := f.signedIn("maya")
	f.checkPage("home without a snapshot", b.Get("/"), token)
	doc := f.checkPage("number", b.Get("/contacts/mobile"), token)
	if doc.Find(`select[name=country] option`).Length() != 2 || doc.Find(`input[name=number]`).Length() != 1 {
		t.Error("number: want a choice of two countries and a field for the number")
	}
	f.contacts.fail = fault.At("number", "number.too-short", map[string]any{"region": "US", "digits": 9})
	a := b.Post("/contacts/mobile", fields("form_token", token, "country", "DE", "number", `"><script>`))
	doc = f.checkPage("number with a mistake", a, token)
	if doc.Find("#number").AttrOr("value", "") != `"><script>` || doc.Find(`option[selected]`).AttrOr("value", "") != "DE" ||
		doc.Find(`[role=alert] a[href="#number"]`).Length() != 1 || !strings.HasPrefix(doc.Find("title").Text(), "Error:") {
		t.Errorf("number with a mistake: want what was typed, and a summary that leads to the field: %s", a.Body)
	}
	f.contacts.fail = fault.New(fault.StepUp, "signin.again")
	doc = f.checkPage("sign in again", b.Post("/contacts/mobile", fields("form_token", token, "country", "US", "number", "2025550143")), token)
	if doc.Find(`main a[href="`+again+`"]`).Length() != 1 {
		t.Error("sign in again: want one link to the sign-in")
	}
	f.checkPage("nowhere", b.Get("/nowhere"), token)
	f.checkPage("refused", b.Post("/contacts/mobile", nil), token)
	f.checkPage("failed sign-in", b.Get("/signin/callback"), "-")
	stranger := webtest.New(t, f.site)
	out := stranger.Get("/signed-out")
	own := out.Token()
	for name, a := range map[string]webtest.Answer{"signed out": out, "signed out, form": stranger.Post("/contacts/mobile", fields("form_token", token))} {
		if doc := f.checkPage(name, a, own); own == token || doc.Find("form").Length() != doc.Find(`form[action="`+web.LanguageForm+`"]`).Length() {
			t.Errorf("%s: a form for somebody who is signed out, besides the one for the language", name)
		}
	}
}

// TestPages_EveryFaultHasWords: an error page that shows the bare key of its words tells
// nobody anything.
func TestPages_EveryFaultHasWords(t *testing.T) {
	keys := map[fault.Kind][]string{
		fault.Malformed: {"form.malformed", "form.type", "form.unknown-field", "form.repeated", "form.text", "form.too-large", "page.method", "page.host"},
		fault.SignedOut: {"signed-out", "session.over"}, fault.Forbidden: {"form.origin", "form.token", "form.other-session", "account.protected", "account.disabled", "account.guest", "account.gone", "change.no-contact-on-record", "directory.permission", "address.no-mail"},
		fault.StepUp: {"signin.again"}, fault.NotFound: {"page.not-found", "change.not-found", "contact.none"}, fault.Conflict: {"change.applying", "change.moved", "code.elsewhere"},
		fault.Gone: {"change.expired"}, fault.Limited: {"limit.wait", "limit.new", "limit.everybody", "limit.locked", "directory.busy"}, fault.Invalid: {"zone.unknown", "test.cannot-reach"},
		fault.Unavailable: {"site.down", "site.busy", "directory.down", "signin.down"}, fault.Internal: {"site.error"},
	}
	for kind, list := range keys {
		for _, key := range list {
			f := withRealPages(t)
			f.contacts.put(view(contact.EnterCode, contact.Proving))
			b, token := f.signedIn("maya")
			f.contacts.fail = fault.New(kind, key)
			a := b.Post("/changes/"+changeID+"/cancel", fields("form_token", token))
			doc := f.checkPage(key, a, token)
			for _, bare := range []string{"problem.", "error.", key} {
				if text := doc.Find("main").Text() + doc.Find("title").Text(); strings.Contains(text, bare) {
					t.Errorf("page of %s %q shows %q", kind, key, bare)
				}
			}
			if !strings.Contains(doc.Find("main").Text(), a.Header.Get("X-Request-Id")) {
				t.Errorf("page of %s %q does not show the request id", kind, key)
			}
		}
	}
}
