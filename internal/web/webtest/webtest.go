// Package webtest helps to test a site from outside: a browser that keeps cookies and
// sends the headers that browsers send, and session rows in memory.
package webtest

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"rekey/internal/session"
)

// Base is the address that the tests' sites live at.
const Base = "https://rekey.example"

// Browser is one browser. It follows no redirects.
type Browser struct {
	t    testing.TB
	site http.Handler
	jar  http.CookieJar
}

// New returns a browser without cookies.
func New(t testing.TB, site http.Handler) *Browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Browser{t: t, site: site, jar: jar}
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Location returns where a redirect leads.
func (a Answer) Location() string { return a.Header.Get("Location") }

// hidden finds a form's token, whatever the order of attributes.
func hidden() *regexp.Regexp {
	return regexp.MustCompile(`<input[^>]*name="form_token"[^>]*value="([^"]*)"`)
}

// Token returns the form token in the page, "" when there is no form.
func (a Answer) Token() string {
	if found := hidden().FindStringSubmatch(a.Body); found != nil {
		return found[1]
	}
	return ""
}

// Get asks for a page.
func (b *Browser) Get(path string) Answer {
	b.t.Helper()
	return b.Do(Request(http.MethodGet, path, ""))
}

// Post sends a form from one of the site's own pages.
func (b *Browser) Post(path string, fields url.Values) Answer {
	b.t.Helper()
	r := Request(http.MethodPost, path, fields.Encode())
	OwnForm(r)
	return b.Do(r)
}

// Request returns a request to the site; with a body it is a form's.
func Request(method, path, body string) *http.Request {
	r := httptest.NewRequest(method, Base+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return r
}

// OwnForm sets the headers that a browser sends with a form of the site itself.
func OwnForm(r *http.Request) {
	r.Header.Set("Origin", Base)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
}

// Do sends a request with this browser's cookies, and keeps those that come back.
func (b *Browser) Do(r *http.Request) Answer {
	b.t.Helper()
	for _, c := range b.jar.Cookies(r.URL) {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	b.site.ServeHTTP(w, r)
	res := w.Result()
	b.jar.SetCookies(r.URL, res.Cookies())
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return Answer{Status: res.StatusCode, Header: res.Header, Body: string(body)}
}

// Cookies returns what the browser would send to the site.
func (b *Browser) Cookies() []*http.Cookie {
	u, err := url.Parse(Base)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.jar.Cookies(u)
}

// Add puts a cookie into the browser.
func (b *Browser) Add(c *http.Cookie) {
	c.Path, c.Secure = "/", true
	b.jar.SetCookies(Request(http.MethodGet, "/", "").URL, []*http.Cookie{c})
}

// SignIn gives the browser a session without the sign-in's pages.
func (b *Browser) SignIn(m *session.Manager, d session.Data) *session.Session {
	b.t.Helper()
	r := Request(http.MethodGet, "/signin/callback", "")
	for _, c := range b.jar.Cookies(r.URL) {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	s, err := m.SignIn(w, r, d)
	if err != nil {
		b.t.Fatal(err)
	}
	b.jar.SetCookies(r.URL, w.Result().Cookies())
	return s
}
