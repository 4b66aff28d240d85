package entra_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"rekey/internal/clock"
	"rekey/internal/emulator/entra"
	"rekey/internal/emulator/tenant"
)

func fixedClock() clock.Clock {
	return clock.Func(func() time.Time { return time.Date(2026, 11, 23, 14, 30, 0, 0, time.UTC) })
}

// signIn goes as far as the second factor.
func (w *world) signIn(user string, change func(url.Values)) *browser {
	w.t.Helper()
	return w.browser().get(w.authorizeURL(change)).submit("password", "user", user, "password", "demo")
}

func (w *world) switchOff(address string) {
	w.t.Helper()
	if err := w.tenant.SetHandset(address, false); err != nil {
		w.t.Fatalf("SetHandset(%s) = %v", address, err)
	}
}

// offered are the ways on a page, as their buttons name them.
func (b *browser) offered() []string {
	var out []string
	b.page.Find(`button[name="way"]`).Each(func(_ int, s *goquery.Selection) { out = append(out, strings.TrimSpace(s.Text())) })
	return out
}

// TestFactor_NewNumber: after the directory changed, the text goes to the new number and
// the old handset gets nothing.
func TestFactor_NewNumber(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	if _, err := w.tenant.UpdatePhone(maya, tenant.MobileID, "+1 2025550187", "", 0); err != nil {
		t.Fatalf("UpdatePhone() = %v", err)
	}
	b := w.signIn(maya, nil)
	if old := w.tenant.Messages("+14255550142", ""); len(old) != 0 {
		t.Errorf("texts to the old number = %d, want none", len(old))
	}
	if !strings.Contains(b.page.Text(), "the number ending in 87") {
		t.Errorf("page %q, want it to name the number ending in 87", b.page.Find(".lede").Text())
	}
	if b.submit("code", "code", w.text("+12025550187")); b.callback() == "" {
		t.Errorf("after the code: page %q, want the app", b.title())
	}
	m, _ := w.person(maya).Method(tenant.MobileID)
	if m.LastUsed().IsZero() {
		t.Error("LastUsed() = never, want now: the text was used")
	}
}

func TestFactor_RefreshSendsNothing(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	b := w.signIn(maya, nil)
	for range 3 {
		b.get(b.at.String())
	}
	if n := len(w.tenant.Messages("", "")); n != 1 {
		t.Errorf("texts after three reloads = %d, want 1", n)
	}
	first := w.text("+14255550142")
	if b.submit("again"); len(w.tenant.Messages("", "")) != 2 {
		t.Errorf("texts after asking again = %d, want 2", len(w.tenant.Messages("", "")))
	}
	second := w.text("+14255550142")
	if b.submit("code", "code", first); first != second && b.status != http.StatusUnprocessableEntity {
		t.Errorf("the older code = %d, want 422", b.status)
	}
	if b.submit("code", "code", second[:3]+" "+second[3:]); b.callback() == "" {
		t.Errorf("the newer code: page %q, want the app", b.title())
	}
}

// TestFactor_Order is Entra's: pass, passkey, external method, Authenticator, code app,
// text, call.
func TestFactor_Order(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	lena := "lena.vogt@fernhill.example"
	for _, m := range []tenant.Method{
		{"@odata.type": tenant.TypePhone, "phoneType": "alternateMobile", "phoneNumber": "+49 15228817399"},
		{"@odata.type": tenant.TypeSoftwareOath},
		{"@odata.type": tenant.TypeAuthenticator, "displayName": "iPhone 12 mini"},
		{"@odata.type": tenant.TypeAuthenticator, "displayName": "iPad"},
		{"@odata.type": tenant.TypeExternal, "displayName": "Fernhill Guard"},
		{"@odata.type": tenant.TypeFIDO2, "displayName": "Blue key"},
		{"@odata.type": tenant.TypePass, "temporaryAccessPass": "pass-word"},
	} {
		if _, err := w.tenant.AddMethod(lena, m); err != nil {
			t.Fatalf("AddMethod(%s) = %v", m.Type(), err)
		}
	}
	b := w.signIn(lena, nil)
	if b.title() != "Enter the pass" {
		t.Errorf("first page %q, want the pass", b.title())
	}
	want := []string{"Use the passkey “Blue key” on this computer", "Continue with Fernhill Guard",
		"Approve a request in Authenticator on iPhone 12 mini and iPad", "Enter a code from the one-time code app",
		"Text the number ending in 86", "Call the number ending in 99"}
	if got := b.offered(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("other ways = %q, want %q", got, want)
	}
	if n := len(w.tenant.Messages("", "")); n != 0 {
		t.Errorf("texts = %d, want none: a text was not asked for", n)
	}
	if b.submit("code", "code", "pass-word"); b.callback() == "" {
		t.Errorf("after the pass: page %q, want the app", b.title())
	}
}

func TestFactor_PushRingsAll(t *testing.T) {
	w := newWorld(t, entra.Switches{AuthenticationContext: "c1"})
	daniel := "daniel.achebe@fernhill.example"
	for _, name := range []string{"iPhone 17", "Drowned phone"} {
		if _, err := w.tenant.AddMethod(daniel, tenant.Method{"@odata.type": tenant.TypeAuthenticator, "displayName": name}); err != nil {
			t.Fatalf("AddMethod() = %v", err)
		}
	}
	w.switchOff("Drowned phone")
	b := w.signIn(daniel, wantContext)
	pushes := w.tenant.Pushes("")
	if len(pushes) != 2 {
		t.Fatalf("pushes = %+v, want one on each of the two phones that work", pushes)
	}
	if shown := strings.TrimSpace(b.page.Find(".match").Contents().Last().Text()); shown != fmt.Sprint(pushes[0].Number) {
		t.Errorf("number on the page = %q, want %d", shown, pushes[0].Number)
	}
	if b.submit("check"); b.title() != "Approve the request" {
		t.Errorf("before the answer: page %q, want to wait", b.title())
	}
	if err := w.tenant.Approve(pushes[1].ID, pushes[1].Number); err != nil {
		t.Fatalf("Approve() = %v", err)
	}
	b.get(b.at.String())
	if b.page.Find("form[data-go]").Length() != 1 {
		t.Error("the page has no form to go on with, want one: the request was approved")
	}
	b.submit("check")
	_, body := w.redeem(code(t, b.callback()), nil)
	if claims(t, body)["acrs"] == nil {
		t.Error("acrs is missing after an approved request")
	}
	if err := w.tenant.Approve(pushes[0].ID, pushes[0].Number); err == nil {
		t.Error("Approve() on the other phone = nil, want it to be over")
	}
}

func TestFactor_PushRefused(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	b := w.signIn("tomas.herrera@fernhill.example", nil)
	p := w.tenant.Pushes("")[0]
	if err := w.tenant.Approve(p.ID, p.Number%89+10); err != nil {
		t.Fatalf("Approve() = %v", err)
	}
	if b.submit("check"); b.callback() != "" || !strings.Contains(b.page.Text(), "The request was refused") {
		t.Errorf("after a wrong number: page %q, want the refusal", b.title())
	}
	b.submit("again")
	w.clock.Advance(time.Minute)
	if b.get(b.at.String()); !strings.Contains(b.page.Text(), "Nobody answered") {
		t.Errorf("after a minute: page %q, want that nobody answered", b.title())
	}
	b.submit("again")
	p = w.tenant.Pushes("")[0]
	if err := w.tenant.Approve(p.ID, p.Number); err != nil {
		t.Fatalf("Approve() = %v", err)
	}
	if b.submit("check"); b.callback() == "" {
		t.Errorf("after the right number: page %q, want the app", b.title())
	}
}

// TestFactor_Call: the alternate phone is called, never texted.
func TestFactor_Call(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	jonas := "jonas.lindqvist@fernhill.example"
	b := w.signIn(jonas, nil)
	if b.title() != "Use your passkey" {
		t.Fatalf("first page %q, want the passkey", b.title())
	}
	alternate, _ := w.person(jonas).Phone("alternateMobile")
	b.submit("way", "way", alternate.ID())
	calls := w.tenant.Pushes("+46701740688")
	if len(calls) != 1 || !calls[0].Call || len(w.tenant.Messages("", "")) != 0 {
		t.Fatalf("calls = %+v, texts %d, want one call and no text", calls, len(w.tenant.Messages("", "")))
	}
	if err := w.tenant.Approve(calls[0].ID, 0); err != nil {
		t.Fatalf("Approve() = %v", err)
	}
	if b.submit("check"); b.callback() == "" {
		t.Errorf("after the call: page %q, want the app", b.title())
	}
}

func TestFactor_Passkeys(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	onPhone := tenant.Method{"@odata.type": tenant.TypeFIDO2, "displayName": "Pixel 7", "aaGuid": "de1e552d-db1d-4423-a619-566b625cdc84", "passkeyType": "deviceBound"}
	if _, err := w.tenant.AddMethod(maya, onPhone); err != nil {
		t.Fatalf("AddMethod() = %v", err)
	}
	w.switchOff("+14255550142")
	b := w.signIn(maya, nil)
	if b.title() != "You are locked out" {
		t.Errorf("with the phone off that holds passkey and number: page %q, want locked out", b.title())
	}
	b = w.signIn(priya, nil)
	if b.title() != "Use Windows Hello" {
		t.Fatalf("Priya's first page %q, want Windows Hello", b.title())
	}
	if b.submit("use"); b.callback() == "" {
		t.Errorf("after Windows Hello: page %q, want the app", b.title())
	}
}

// TestLockedOut_Honest: nothing works, so the page says what was tried and why, and trying
// again works once the phone is back.
func TestLockedOut_Honest(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	w.switchOff("+14255550172")
	b := w.signIn("daniel.achebe@fernhill.example", nil)
	if b.title() != "You are locked out" {
		t.Fatalf("page %q, want You are locked out", b.title())
	}
	for _, want := range []string{"Authenticator on iPhone 14", "iPhone 14 is switched off.", "A text to the number ending in 72"} {
		if !strings.Contains(b.page.Text(), want) {
			t.Errorf("page lacks %q: %s", want, b.page.Find("main").Text())
		}
	}
	w.switchOff("+14255550142")
	b = w.signIn(maya, nil)
	if b.title() != "You are locked out" || !strings.Contains(b.page.Text(), "A text was sent and did not arrive") {
		t.Errorf("page %q, want locked out after a text that did not arrive", b.title())
	}
	if err := w.tenant.SetHandset("+14255550142", true); err != nil {
		t.Fatalf("SetHandset() = %v", err)
	}
	b.submit("again")
	if b.submit("code", "code", w.text("+14255550142")); b.callback() == "" {
		t.Errorf("after trying again: page %q, want the app", b.title())
	}
}

// TestStrongestIsOff: Entra asks for the strongest method even when its phone is gone; the
// page says so and the other ways are open.
func TestStrongestIsOff(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	grace := "grace.kimani@fernhill.example"
	w.switchOff("+61491570156")
	b := w.signIn(grace, nil)
	if !strings.Contains(b.page.Find(".bar.risk").Text(), "Moto G84 is switched off") || b.page.Find("details[open]").Length() != 1 {
		t.Errorf("page %q, bar %q, want the trouble and the other ways open", b.title(), b.page.Find(".bar").Text())
	}
}

func TestPassword_Mistakes(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	for _, c := range []struct{ user, password, field, want string }{
		{"", "demo", "user", "Enter a user name"},
		{"nobody@fernhill.example", "demo", "user", "Nobody has this user name"},
		{maya, "", "password", "has the password"},
		{maya, "wrong", "password", "This is not the password"},
		{"peter.novak@fernhill.example", "demo", "user", "AADSTS50057"},
		{strings.Repeat("x", 5000) + "\x00\xff", "demo", "user", "Nobody has this user name"},
	} {
		b := w.browser().get(w.authorizeURL(nil)).submit("password", "user", c.user, "password", c.password)
		at := b.page.Find("#" + c.field + "-error").Text()
		if b.status != http.StatusUnprocessableEntity || !strings.Contains(at, c.want) {
			t.Errorf("%.40q/%q: status %d, at %s %q, want 422 and %q", c.user, c.password, b.status, c.field, at, c.want)
		}
		if kept := b.page.Find("#user").AttrOr("value", ""); len(c.user) < 100 && kept != c.user {
			t.Errorf("%q: user name kept as %q", c.user, kept)
		}
		if link := b.page.Find(".summary a").AttrOr("href", ""); link != "#"+c.field {
			t.Errorf("%q: summary links to %q, want #%s", c.user, link, c.field)
		}
	}
	if n := len(w.tenant.Messages("", "")); n != 0 {
		t.Errorf("texts after mistakes = %d, want none", n)
	}
}

func TestCode_FiveTries(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	b := w.signIn(maya, nil)
	right := w.text("+14255550142")
	wrong := fmt.Sprintf("%06d", (atoi(right)+1)%1_000_000)
	for range 5 {
		b.submit("code", "code", wrong)
	}
	if b.submit("code", "code", right); b.callback() != "" || !strings.Contains(b.page.Find("#code-error").Text(), "no longer works") {
		t.Errorf("the right code after five wrong ones: %q, want it dead", b.page.Find("#code-error").Text())
	}
	b = w.signIn(maya, nil)
	w.clock.Advance(10 * time.Minute)
	if b.submit("code", "code", w.text("+14255550142")); b.callback() != "" {
		t.Error("a code of ten minutes ago signs in, want it dead")
	}
}

func atoi(s string) int {
	n := 0
	for _, r := range s {
		n = n*10 + int(r-'0')
	}
	return n
}

// The sign-in takes the password that was set, and no longer the one before.
func TestPassword_AfterAReset(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	const next = "lampe-Wolke-7"
	if err := w.tenant.SetPassword(maya, next); err != nil {
		t.Fatal(err)
	}
	b := w.signIn(maya, nil)
	if at := b.page.Find("#password-error").Text(); !strings.Contains(at, "This is not the password") {
		t.Errorf("the old password: %q, want it refused", at)
	}
	if b.submit("password", "user", maya, "password", next); b.title() == "Sign in" || b.page.Find("#password").Length() != 0 {
		t.Errorf("the new password: page %q, want the second factor", b.title())
	}
}
