package main

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"

	"rekey/internal/clock"
	"rekey/internal/config"
	"rekey/internal/web"
	"rekey/internal/web/webtest"
	"rekey/static"
)

// The tests here ask the whole product for everything, in every way, and hold each answer
// against WEB-1 to WEB-7. What the pages look like in each state, and what each fault
// becomes, is crawled in package handlers.

// sound fails for each flaw of an answer, and returns it.
func (v *visitor) sound(what, path string, p page) page {
	v.t.Helper()
	for _, flaw := range (webtest.Answer{Status: p.status, Header: p.header, Body: p.body}).Flaws(path, false) {
		v.t.Errorf("%s = %d: %s", what, p.status, flaw)
	}
	return p
}

// odd sends a request of any method, with a form of the site that no handler accepts.
func (v *visitor) odd(method, path, body string, headers ...string) page {
	v.t.Helper()
	req, err := http.NewRequest(method, v.base+path, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	req.Header.Set("Origin", v.base)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return v.sound(method+" "+path, path, v.do(req))
}

// routes are the paths of the route table, filled, with the files and what is not there.
func routes(t *testing.T, app *App) []string {
	t.Helper()
	files, err := static.New()
	if err != nil {
		t.Fatal(err)
	}
	found := []string{"/nowhere", "/not-me/x", "/metrics", "/debug/pprof/", "/static/", "/static/rekey.css", "/static/rekey.000000000000.js", "/static/../go.mod",
		files.URL(static.Style), files.URL(static.Script), files.URL(static.Icons), files.URL(static.Favicon),
		"/signin/callback?state=x&error=access_denied&error_description=%3Cscript%3E", "/signin/callback?state=%00&code=%ff", "/signin?return_to=https%3A%2F%2Fevil.example",
		"/signin?again=1&again=1", "/?lang=%3Cscript%3E&lang=de"}
	for _, r := range app.site.(*web.Site).Routes() {
		path := strings.NewReplacer(":id", uuid.NewString(), "/*", "/x").Replace(r.Path)
		if !slices.Contains(found, path) {
			found = append(found, path)
		}
	}
	return found
}

func TestCrawl_WEB2_WEB3_WEB4_TheWholeSite(t *testing.T) {
	s, d := startSiteWith(t)
	maya, _ := s.ordinary()
	employee, stranger := s.visitor(), s.visitor()
	employee.signIn(maya)
	token := employee.token()
	statuses := map[int]int{}
	for _, v := range []*visitor{employee, stranger} {
		for _, path := range routes(t, d.App) {
			for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} {
				body := ""
				if method != "GET" && method != "HEAD" && method != "TRACE" {
					body = "form_token=" + token + "&unknown=1"
				}
				p := v.odd(method, path, body, "X-HTTP-Method-Override", "POST", "Accept-Language", `de"><script>`)
				statuses[p.status]++
				if strings.Contains(p.body+p.location, "evil.example") || strings.Contains(p.body, "<script>") {
					t.Errorf("%s %s = %d: something of the request is in the answer", method, path, p.status)
				}
			}
		}
	}
	for _, want := range []int{200, 303, 400, 401, 404, 405} {
		if statuses[want] == 0 {
			t.Errorf("no answer with %d among %v: the crawl did not get there", want, statuses)
		}
	}
	sent := slices.DeleteFunc(s.messages(""), func(m text) bool { return m.Channel == "picture" }) // shown, not sent
	if _, writes := s.methodCalls(); writes != 0 || len(sent) != 0 || employee.get("/").status != http.StatusOK {
		t.Errorf("%d writes and %d messages, want none, and the session as it was", writes, len(sent))
	}
}

// TestCrawl_WEB3_WEB4_AtHTTPS asks the site as production has it: with transport security.
func TestCrawl_WEB3_WEB4_AtHTTPS(t *testing.T) {
	_, d := startSiteWith(t)
	for _, roles := range [][]config.Role{{config.Web}, {config.Worker}} {
		setup := d.App.setup
		setup.Around, setup.Demo, setup.Instance, setup.Roles = nil, false, "", roles
		setup.Config.Organisation.LogoPicture = []byte(`<svg xmlns="http://www.w3.org/2000/svg"><style>a{}</style></svg>`)
		setup.Config.Database, setup.Config.BaseURL, setup.Clock = "sqlite::memory:", webtest.Base, clock.System{}
		app, err := New(t.Context(), setup)
		if err != nil {
			t.Fatal(err)
		}
		defer app.Close()
		b := webtest.New(t, app.server.Handler)
		paths := append(routes(t, d.App), "/_emulator/", "/_emulator/signin")
		if src := regexp.MustCompile(`/static/logo\.[^"]+`).FindString(b.Get("/signed-out").Body); src != "" {
			paths = append(paths, src)
			if a := b.Get(src); a.Status != 200 || !strings.HasSuffix(a.Header.Get("Content-Security-Policy"), "sandbox") {
				t.Errorf("the operator's logo = %d under %q, want it in a sandbox", a.Status, a.Header.Get("Content-Security-Policy"))
			}
		} else if slices.Contains(roles, config.Web) {
			t.Error("the logo is on no page, so it was not tried")
		}
		for _, path := range paths {
			for _, method := range []string{"GET", "HEAD", "POST", "DELETE", "OPTIONS", "TRACE"} {
				a := b.Do(webtest.Request(method, path, ""))
				for _, flaw := range a.Flaws(path, true) {
					t.Errorf("%v: %s %s = %d: %s", roles, method, path, a.Status, flaw)
				}
			}
		}
	}
}

// TestCrawl_WEB3_WEB4_EveryStatus brings about, for real, what the route table alone does
// not: what is wrong with a form, with the time, and with the world outside.
func TestCrawl_WEB3_WEB4_EveryStatus(t *testing.T) {
	s := startSite(t)
	maya, jonas := s.ordinary()
	v, other := s.visitor(), s.visitor()
	v.signIn(maya)
	other.signIn(jonas)
	see := func(what string, want int, p page) {
		t.Helper()
		if v.sound(what, "/", p); p.status != want {
			t.Errorf("%s = %d, want %d", what, p.status, want)
		}
	}
	change := v.begin(firstNew)
	see("the code page", 200, v.get(change))
	see("a wrong code", 422, v.send(change, "code", wrong(s.code(firstNew))))
	see("no code", 422, v.send(change))
	see("a resend before its time", 429, v.send(change+"/resend"))
	see("somebody else's change", 404, other.get(change))
	see("no token", 403, v.post(change, url.Values{"code": {"1"}}))
	see("64 KiB and more", 413, v.send(change, "code", strings.Repeat("1", 64<<10)))
	see("a bad number", 422, v.send("/contacts/mobile", "country", "US", "number", `"><script>alert(1)</script>`))
	second := s.visitor()
	second.signIn(maya)
	see("the code in another session", 409, second.send(change, "code", s.code(firstNew)))
	for range 2 { // the session lives on, the change does not
		s.advance(16 * time.Minute)
		see("security info", 200, v.get("/"))
	}
	see("a change that is over", 410, v.send(change+"/resend"))
	s.fault(fault{"part": "entra", "kind": "status", "status": 503, "times": 100})
	newcomer := s.visitor()
	to, err := url.Parse(newcomer.get("/signin").location)
	if err != nil {
		t.Fatal(err)
	}
	see("Microsoft does not answer", 503, newcomer.get("/signin/callback?code=x&state="+to.Query().Get("state")))
	see("health", 200, v.get("/healthz"))
}

// forms returns the forms of a page as a browser would send them with each of its buttons.
func (p page) forms() []request {
	var found []request
	p.Find("form").Each(func(_ int, form *goquery.Selection) {
		values := url.Values{}
		form.Find("input[name]").Each(func(_ int, field *goquery.Selection) {
			values.Set(field.AttrOr("name", ""), field.AttrOr("value", ""))
		})
		form.Find("select[name]").Each(func(_ int, field *goquery.Selection) {
			values.Set(field.AttrOr("name", ""), field.Find("option").First().AttrOr("value", ""))
		})
		form.Find("button").Each(func(_ int, button *goquery.Selection) {
			pressed := maps.Clone(values)
			if name := button.AttrOr("name", ""); name != "" {
				pressed.Set(name, button.AttrOr("value", ""))
			}
			found = append(found, request{form.AttrOr("action", ""), pressed})
		})
	})
	return found
}

type request struct {
	path   string
	fields url.Values
}

// TestCrawl_WEB3_WEB4_EveryFormAsItStands sends each form of each page as the page has it,
// so that what forms answer when they work, and the cookies that they set, are seen too.
func TestCrawl_WEB3_WEB4_EveryFormAsItStands(t *testing.T) {
	s, d := startSiteWith(t)
	maya, _ := s.ordinary()
	employee, stranger := s.visitor(), s.visitor()
	employee.signIn(maya)
	sent, signOuts := map[string]int{}, []request(nil)
	send := func(v *visitor, r request) {
		sent[r.path] = v.sound("the form to "+r.path, r.path, v.post(r.path, r.fields)).status
	}
	for _, v := range []*visitor{employee, stranger} {
		for _, r := range d.App.site.(*web.Site).Routes() {
			if r.Method != http.MethodGet || strings.Contains(r.Path, ":") || strings.HasPrefix(r.Path, "/signin") || strings.HasPrefix(r.Path, "/static") {
				continue
			}
			for _, form := range v.sound("GET "+r.Path, r.Path, v.get(r.Path)).forms() {
				if form.path == "/signout" {
					signOuts = append(signOuts, form)
					continue
				}
				send(v, form)
			}
		}
	}
	send(employee, signOuts[0])
	if sent["/signout"] != http.StatusSeeOther || sent["/contacts/mobile"] != http.StatusUnprocessableEntity || len(sent) < 6 {
		t.Errorf("forms sent: %v, want all that the pages have", sent)
	}
}

// TestCrawl_WEB6_WhatTheDirectorySaysStaysText gives a person methods whose names are
// markup, and looks at every page that shows them.
func TestCrawl_WEB6_WhatTheDirectorySaysStaysText(t *testing.T) {
	s := startSite(t)
	maya, _ := s.ordinary()
	const hostile = `<img src=x onerror=alert(1)>"'><script>alert(1)</script>{{.}}&#0;` + "\u202e"
	s.control("POST", "/_emulator/people/"+maya+"/methods", map[string]any{
		"@odata.type": "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod", "displayName": hostile, "deviceTag": hostile, "phoneAppVersion": hostile}, nil)
	s.control("POST", "/_emulator/people/"+maya+"/methods", map[string]any{
		"@odata.type": "#microsoft.graph.fido2AuthenticationMethod", "displayName": hostile, "model": hostile}, nil)
	v := s.visitor()
	v.signIn(maya)
	shown := false
	for _, path := range []string{"/", "/contacts/mobile", "/contacts/mobile/remove", "/contacts/email", "/sessions"} {
		p := v.sound("GET "+path, path, v.get(path))
		shown = shown || strings.Contains(p.Find("main").Text(), "<img src=x onerror=alert(1)>")
		if p.Find("img[src=x], main script").Length() != 0 {
			t.Errorf("GET %s: the directory's words became markup", path)
		}
	}
	if !shown {
		t.Error("no page shows the name, so nothing was tried")
	}
}
