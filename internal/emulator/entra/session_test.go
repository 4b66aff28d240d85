package entra_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"rekey/internal/emulator/entra"
	"rekey/internal/emulator/tenant"
)

// TestPasswordOnly: who has no second factor is signed in weakly, whatever is asked for.
func TestPasswordOnly(t *testing.T) {
	w := newWorld(t, entra.Switches{AuthenticationContext: "c1"})
	b := w.signIn(ana, wantContext)
	_, body := w.redeem(code(t, b.callback()), nil)
	if got := claims(t, body); got["acrs"] != nil || got["acct"] != float64(1) {
		t.Errorf("acrs = %v, acct = %v, want none and 1: a guest with a password only", got["acrs"], got["acct"])
	}
}

// TestSession_StepUp: a browser with a session that is weak is asked for a second factor
// when the context is asked for, and a GET sends nothing; one that is strong is asked for
// nothing, and keeps its auth_time.
func TestSession_StepUp(t *testing.T) {
	w := newWorld(t, entra.Switches{AuthenticationContext: "c1", PasswordIsEnough: true})
	b := w.signIn(maya, nil)
	_, body := w.redeem(code(t, b.callback()), nil)
	before := claims(t, body)["auth_time"]
	w.clock.Advance(3 * time.Minute)
	none := w.authorizeURL(func(q url.Values) { wantContext(q); q.Set("prompt", "none") })
	if b.get(none); !strings.Contains(b.callback(), "interaction_required") {
		t.Errorf("prompt=none: callback %q, want interaction_required", b.callback())
	}
	b.get(w.authorizeURL(wantContext))
	if b.title() != "One more step" || len(w.tenant.Messages("", "")) != 0 {
		t.Fatalf("page %q with %d texts, want a choice and none sent", b.title(), len(w.tenant.Messages("", "")))
	}
	b.submit("way", "way", tenant.MobileID).submit("code", "code", w.text("+14255550142"))
	_, body = w.redeem(code(t, b.callback()), nil)
	if got := claims(t, body); got["acrs"] == nil || got["auth_time"] != before {
		t.Errorf("acrs = %v, auth_time %v, want c1 and still %v", got["acrs"], got["auth_time"], before)
	}
	if b.get(w.authorizeURL(wantContext)); b.callback() == "" {
		t.Errorf("with a strong session: page %q, want the app at once", b.title())
	}
}

// TestPrompt_Login asks for everything again and renews auth_time.
func TestPrompt_Login(t *testing.T) {
	w := newWorld(t, entra.Switches{AuthenticationContext: "c1"})
	b := w.signIn(maya, wantContext)
	b.submit("code", "code", w.text("+14255550142"))
	_, body := w.redeem(code(t, b.callback()), nil)
	before := claims(t, body)["auth_time"].(float64)
	w.clock.Advance(11 * time.Minute)
	b.get(w.authorizeURL(func(q url.Values) { wantContext(q); q.Set("prompt", "login") }))
	if b.page.Find("#password").Length() != 1 || b.page.Find("#user").AttrOr("value", "") != maya {
		t.Fatalf("page %q, want the password again, the user name filled in", b.title())
	}
	b.submit("password", "password", "demo")
	w.clock.Advance(time.Minute)
	b.submit("code", "code", w.text("+14255550142"))
	_, body = w.redeem(code(t, b.callback()), nil)
	got := claims(t, body)
	if at := got["auth_time"].(float64); at-before < 11*60 || at-before > 12*60 {
		t.Errorf("auth_time moved by %v s, want 11 minutes: when the password was entered", at-before)
	}
	if got["acrs"] == nil {
		t.Error("acrs is missing after a second sign-in with a second factor")
	}
}

func TestMaxAge_AsksAgain(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	b := w.signIn(maya, nil)
	b.submit("code", "code", w.text("+14255550142"))
	w.clock.Advance(2 * time.Minute)
	for seconds, again := range map[string]bool{"60": true, "0": true, "600": false} {
		b.get(w.authorizeURL(func(q url.Values) { q.Set("max_age", seconds) }))
		if asked := b.callback() == ""; asked != again {
			t.Errorf("max_age=%s asks again: %v, want %v", seconds, asked, again)
		}
	}
}

func TestPrompt_SelectAccount(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	b := w.signIn(maya, nil)
	b.submit("code", "code", w.text("+14255550142"))
	ask := w.authorizeURL(func(q url.Values) { q.Set("prompt", "select_account") })
	if b.get(ask).submit("account", "account", "same"); b.callback() == "" {
		t.Errorf("the same account: page %q, want the app", b.title())
	}
	if b.get(ask).submit("account", "account", "other"); b.page.Find("#password").Length() != 1 {
		t.Errorf("another account: page %q, want the password", b.title())
	}
}

func TestLoginHint(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	b := w.browser().get(w.authorizeURL(func(q url.Values) { q.Set("login_hint", priya) }))
	if got := b.page.Find("#user").AttrOr("value", ""); got != priya {
		t.Errorf("user name = %q, want the hint", got)
	}
	use := b.page.Find(`.acts a`).First().AttrOr("href", "")
	if to, err := b.at.Parse(use); err != nil || b.get(to.String()).page.Find("#user").AttrOr("value", "") != maya {
		t.Errorf("Use leads to %q with user %q, want Maya filled in", use, b.page.Find("#user").AttrOr("value", ""))
	}
}

func TestLogout(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	b := w.signIn(maya, nil)
	b.submit("code", "code", w.text("+14255550142"))
	out := base + entra.Prefix + w.tenant.ID() + "/oauth2/v2.0/logout?post_logout_redirect_uri="
	if b.get(out + url.QueryEscape("https://evil.example/")); b.title() != "You are signed out" {
		t.Errorf("foreign address: page %q, want to stay", b.title())
	}
	if b.get(w.authorizeURL(nil)); b.callback() != "" {
		t.Error("the session is still there after signing out")
	}
	// stays on the app's origin, which is another than the sign-in's
	res, err := b.client.Transport.RoundTrip(mustRequest(t, out+url.QueryEscape("http://localhost:8080/signed-out")))
	if err != nil || res.Header.Get("Location") != "http://localhost:8080/signed-out" {
		t.Errorf("own address: Location %q, %v, want the app", res.Header.Get("Location"), err)
	}
}

func mustRequest(t *testing.T, address string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSession_Revoked(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	b := w.signIn(maya, nil)
	b.submit("code", "code", w.text("+14255550142"))
	w.clock.Advance(time.Second)
	if err := w.tenant.RevokeSessions(maya); err != nil {
		t.Fatalf("RevokeSessions() = %v", err)
	}
	if b.get(w.authorizeURL(nil)); b.page.Find("#password").Length() != 1 {
		t.Errorf("after revocation: page %q, want the password", b.title())
	}
}

// TestPages_Headers: nothing foreign is loaded, and a form may lead to the app's origin
// after its redirect.
func TestPages_Headers(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	b := w.browser().get(w.authorizeURL(nil))
	csp := b.header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "form-action 'self' http://localhost:8080;", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !strings.Contains(csp+";", want) {
			t.Errorf("Content-Security-Policy = %q, want %q in it", csp, want)
		}
	}
	if b.header.Get("Cache-Control") != "no-store" || b.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers = %v, want no-store and nosniff", b.header)
	}
	if b.page.Find("[style], style, script:not([src])").Length() != 0 {
		t.Error("the page has inline style or script")
	}
	if b.page.Find("h1").Length() != 1 || b.page.Find("html").AttrOr("lang", "") != "en" {
		t.Error("the page needs one h1 and a language")
	}
}

// TestForms_FromElsewhere: another site's page cannot press our buttons.
func TestForms_FromElsewhere(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	b := w.browser().get(w.authorizeURL(nil))
	r, err := http.NewRequest(http.MethodPost, b.at.String()+"/password", strings.NewReader("user="+maya+"&password=demo"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := w.RoundTrip(r)
	if err != nil || res.StatusCode != http.StatusForbidden {
		t.Errorf("cross-site form = %v, %v, want 403", res.StatusCode, err)
	}
}

// TestFlow_Ends: a finished sign-in cannot be used again, an old one is over, and neither
// is a dead end.
func TestFlow_Ends(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	b := w.signIn(maya, nil)
	page := b.at.String()
	b.submit("code", "code", w.text("+14255550142"))
	if b.get(page); b.title() != "You have signed in here already" || b.page.Find("main a").Length() == 0 {
		t.Errorf("a finished flow: page %q, want a way on", b.title())
	}
	b = w.signIn(maya, nil)
	w.clock.Advance(31 * time.Minute)
	if b.get(b.at.String()); b.status != http.StatusGone || b.page.Find("main a").Length() == 0 {
		t.Errorf("an old flow: %d %q, want 410 and a way on", b.status, b.title())
	}
}
