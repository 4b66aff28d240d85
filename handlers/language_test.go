package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"rekey/internal/web/webtest"
)

const languageCookie = "__Host-rekey-language"

// choice returns the cookie that an answer sets for the language, or nil.
func choice(a webtest.Answer) *http.Cookie {
	for _, c := range (&http.Response{Header: a.Header}).Cookies() {
		if c.Name == languageCookie {
			return c
		}
	}
	return nil
}

func TestLanguage_AChoiceIsRememberedAndGoesBack(t *testing.T) {
	f := withRealPages(t)
	b, token := f.signedIn("maya")
	a := b.Post("/language", fields("form_token", token, "language", "de", "return_to", "/sessions"))
	status(t, "the choice", a, http.StatusSeeOther, "/sessions")
	c := choice(a)
	if c == nil || c.Value != "de" || c.MaxAge != 365*24*60*60 || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteLaxMode {
		t.Errorf("cookie = %+v, want one for a year under the flags of __Host-", c)
	}
	if body := b.Get("/sessions").Body; !strings.Contains(body, `<html lang="de"`) {
		t.Errorf("the page after the choice is not in German:\n%.200s", body)
	}
}

// A browser that keeps no cookies for a year goes on in the language until the sign-out,
// and messages are in it too.
func TestLanguage_TheSessionKeepsTheChoice(t *testing.T) {
	f := withRealPages(t)
	b, token := f.signedIn("maya")
	b.Post("/language", fields("form_token", token, "language", "de", "return_to", "/"))
	r := webtest.Request(http.MethodGet, "/sessions", "")
	for _, c := range b.Cookies() {
		if c.Name != languageCookie {
			r.AddCookie(c)
		}
	}
	if body := webtest.New(t, f.site).Do(r).Body; !strings.Contains(body, `<html lang="de"`) {
		t.Errorf("without the cookie the page is not in German:\n%.200s", body)
	}
}

func TestLanguage_SignedOutToo(t *testing.T) {
	f := withRealPages(t)
	b := webtest.New(t, f.site)
	page := b.Get("/signed-out")
	if !strings.Contains(page.Body, `action="/language"`) {
		t.Fatalf("no choice of language on the page:\n%s", page.Body)
	}
	a := b.Post("/language", fields("form_token", page.Token(), "language", "de", "return_to", "/signed-out"))
	status(t, "the choice", a, http.StatusSeeOther, "/signed-out")
	if body := b.Get("/signed-out").Body; !strings.Contains(body, `<html lang="de"`) {
		t.Errorf("the page after the choice is not in German:\n%.200s", body)
	}
}

func TestLanguage_WEB1_NobodyChoosesForAnother(t *testing.T) {
	f := withRealPages(t)
	b, token := f.signedIn("maya")
	_, other := f.signedIn("jonas")
	stranger := webtest.New(t, f.site)
	signedOut := stranger.Get("/signed-out").Token()
	for name, tt := range map[string]struct {
		browser *webtest.Browser
		token   string
		want    int
	}{
		"no token":                            {b, "", 403},
		"the token of another person":         {b, other, 403},
		"that of signed-out forms":            {b, signedOut, 403},
		"that of a session, while signed out": {stranger, token, 401},
	} {
		a := tt.browser.Post("/language", fields("form_token", tt.token, "language", "de", "return_to", "/"))
		if a.Status != tt.want || choice(a) != nil {
			t.Errorf("%s: %d with the cookie %v, want %d and none", name, a.Status, choice(a), tt.want)
		}
	}
}

func TestLanguage_OnlyWhatIsOfferedAndOnlyHere(t *testing.T) {
	f := withRealPages(t)
	b, token := f.signedIn("maya")
	for _, lang := range []string{"", "fr", "en-XA", "DE", "de\r\nX: y", "de; Domain=example.net"} {
		a := b.Post("/language", fields("form_token", token, "language", lang, "return_to", "/"))
		if a.Status != http.StatusBadRequest || choice(a) != nil {
			t.Errorf("language %q: %d with the cookie %v, want 400 and none", lang, a.Status, choice(a))
		}
	}
	for _, to := range []string{"", "//evil.example/", "https://evil.example/", `/\evil.example`, "/a?b=c"} {
		a := b.Post("/language", fields("form_token", token, "language", "de", "return_to", to))
		status(t, "back to "+to, a, http.StatusSeeOther, "/")
	}
}

// TestLanguage_OnAPageFromBeforeTheSessionEnded: the person is told, and can choose on the
// page that says so.
func TestLanguage_OnAPageFromBeforeTheSessionEnded(t *testing.T) {
	f := withRealPages(t)
	b, token := f.signedIn("maya")
	b.Post("/signout", fields("form_token", token))
	a := b.Post("/language", fields("form_token", token, "language", "de", "return_to", "/"))
	status(t, "choosing after the session ended", a, http.StatusUnauthorized, "")
	status(t, "choosing there", b.Post("/language", fields("form_token", a.Token(), "language", "de", "return_to", "/")), http.StatusSeeOther, "/")
}

// The page of the callback has no form at all: its address holds a code (RST-7).
func TestLanguage_RST7_NoFormOnTheCallback(t *testing.T) {
	f := withRealPages(t)
	if body := webtest.New(t, f.site).Get("/signin/callback?state=x").Body; strings.Contains(body, "<form") {
		t.Errorf("a form on the page of the callback:\n%s", body)
	}
}

func TestSignIn_AChoiceComesBeforeTheAccountsLanguage(t *testing.T) {
	f := withRealPages(t)
	b := webtest.New(t, f.site)
	token := b.Get("/signed-out").Token()
	b.Post("/language", fields("form_token", token, "language", "de", "return_to", "/signed-out"))
	state := f.begin(b, "/signin")
	b.Get(callback("state", state, "code", "maya"))
	if body := b.Get("/sessions").Body; !strings.Contains(body, `<html lang="de"`) {
		t.Errorf("the page after the sign-in is not in German:\n%.200s", body)
	}
}
