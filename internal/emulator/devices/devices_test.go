package devices_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"rekey/internal/clock"
	"rekey/internal/emulator/devices"
	"rekey/internal/emulator/tenant"
)

const (
	mayaNumber  = "+14255550142"
	mayaPhone   = "/_emulator/handsets/+14255550142"
	priyaNumber = "+12065550117"
	priya       = "priya.raman@fernhill.example"
)

type room struct {
	t       *testing.T
	tenant  *tenant.Tenant
	clock   *clock.Movable
	handler http.Handler
}

func newRoom(t *testing.T) *room {
	t.Helper()
	c := clock.NewMovable(clock.System{}, 0)
	tn, err := tenant.New(tenant.Options{Clock: c})
	if err != nil {
		t.Fatalf("tenant.New() = %v", err)
	}
	h, err := devices.New(devices.Options{Tenant: tn, StyleSheet: "/static/rekey.css"})
	if err != nil {
		t.Fatalf("devices.New() = %v", err)
	}
	return &room{t, tn, c, h}
}

func (r *room) do(method, path string, form url.Values) (*http.Response, *goquery.Document) {
	r.t.Helper()
	req := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	rec := httptest.NewRecorder()
	r.handler.ServeHTTP(rec, req)
	res := rec.Result()
	doc, err := goquery.NewDocumentFromReader(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		r.t.Fatalf("%s %s: %v", method, path, err)
	}
	return res, doc
}

func (r *room) text(to, body string) {
	r.t.Helper()
	if _, err := r.tenant.Deliver(tenant.Message{Channel: "sms", To: to, Text: body}); err != nil {
		r.t.Fatalf("Deliver() = %v", err)
	}
}

func TestHandset_TextsNewestLast(t *testing.T) {
	r := newRoom(t)
	r.text(mayaNumber, "Fernhill: 719204 is your code to change your phone.\n@id.fernhill.example #719204")
	r.text(mayaNumber, "Use verification code 123456 for Fernhill authentication.")
	r.text(mayaNumber, "Fernhill: 482913 is your code to change your phone. The older code no longer works.")
	_, doc := r.do(http.MethodGet, mayaPhone, nil)
	bubbles := doc.Find(".bubble")
	for i, want := range []struct {
		code string
		old  bool
	}{{"719204", true}, {"123456", false}, {"482913", false}} {
		b := bubbles.Eq(i)
		if got := b.Find("strong").Text(); got != want.code || b.HasClass("old") != want.old {
			t.Errorf("text %d: code %q old %v, want %q %v", i, got, b.HasClass("old"), want.code, want.old)
		}
	}
	if got := bubbles.Eq(0).Find("code").Text(); got != "@id.fernhill.example #719204" {
		t.Errorf("last line = %q, want it apart", got)
	}
	r.clock.Advance(10 * time.Minute)
	if _, doc = r.do(http.MethodGet, mayaPhone, nil); doc.Find(".bubble.old").Length() != 3 {
		t.Errorf("grey texts after ten minutes = %d, want all 3", doc.Find(".bubble.old").Length())
	}
}

// TestHandset_ThrownAway: a text to a phone that is off never shows on it, and everything
// works by plain forms.
func TestHandset_ThrownAway(t *testing.T) {
	r := newRoom(t)
	_, doc := r.do(http.MethodGet, mayaPhone, nil)
	off := doc.Find(`form[action$="/off"]`).AttrOr("action", "")
	if res, _ := r.do(http.MethodPost, off, nil); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("POST %s = %d, want 303", off, res.StatusCode)
	}
	r.text(mayaNumber, "Use verification code 123456 for Fernhill authentication.")
	_, doc = r.do(http.MethodGet, mayaPhone, nil)
	if h, _ := r.tenant.Handset(mayaNumber); h.Working || doc.Find(".phone.off").Length() != 1 || strings.Contains(doc.Text(), "123456") {
		t.Errorf("working %v, page %q, want it off and blank", h.Working, doc.Find(".phone").Text())
	}
	r.do(http.MethodPost, doc.Find(`form[action$="/on"]`).AttrOr("action", ""), nil)
	_, doc = r.do(http.MethodGet, mayaPhone, nil)
	if h, _ := r.tenant.Handset(mayaNumber); !h.Working || doc.Find(".bubble").Length() != 0 {
		t.Errorf("working %v with %d texts, want it on and the text lost", h.Working, doc.Find(".bubble").Length())
	}
}

func TestHandset_Push(t *testing.T) {
	r := newRoom(t)
	page := "/_emulator/handsets/" + priyaNumber
	push := r.tenant.Ring(priya)[0]
	_, doc := r.do(http.MethodGet, page, nil)
	action := doc.Find(".push form").AttrOr("action", "")
	if doc.Find(".push label").AttrOr("for", "") != doc.Find(".push input").AttrOr("id", "-") {
		t.Error("the number field has no label")
	}
	if strings.Contains(doc.Find(".push").Text(), strconv.Itoa(push.Number)) {
		t.Error("the handset shows the number that only the sign-in page may show")
	}
	if res, doc := r.do(http.MethodPost, action, url.Values{"answer": {"yes"}, "number": {""}}); res.StatusCode != http.StatusUnprocessableEntity || doc.Find(".push").Length() != 1 {
		t.Errorf("no number = %d, want 422 and the request still there", res.StatusCode)
	}
	if res, _ := r.do(http.MethodPost, action, url.Values{"answer": {"yes"}, "number": {strconv.Itoa(push.Number)}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("the right number = %d, want 303", res.StatusCode)
	}
	if state, _ := r.tenant.PushState(push.Request); state != "approved" {
		t.Errorf("PushState() = %q, want approved", state)
	}
	if res, _ := r.do(http.MethodPost, action, url.Values{"answer": {"no"}}); res.StatusCode != http.StatusConflict {
		t.Errorf("a second answer = %d, want 409", res.StatusCode)
	}
	push = r.tenant.Ring(priya)[0]
	r.do(http.MethodPost, "/_emulator/devices/pushes/"+push.ID, url.Values{"answer": {"no"}})
	if state, _ := r.tenant.PushState(push.Request); state != "denied" {
		t.Errorf("PushState() = %q, want denied", state)
	}
}

func TestHandset_CodeApp(t *testing.T) {
	r := newRoom(t)
	grace := "grace.kimani@fernhill.example"
	_, doc := r.do(http.MethodGet, "/_emulator/handsets/+61491570156", nil)
	shown := strings.ReplaceAll(doc.Find(".app").Text(), " ", "")
	if app := r.tenant.CodeApps(grace)[0]; !r.tenant.AppCodeIs(grace, app.MethodID, shown) {
		t.Errorf("code on the handset = %q, want one that is right", shown)
	}
	if _, doc = r.do(http.MethodGet, "/_emulator/handsets/+61255501234", nil); doc.Find(".app").Length() != 0 {
		t.Error("the desk phone shows the code app as well")
	}
}

// TestHandset_UntrustedText: what arrives is text, whatever it looks like.
func TestHandset_UntrustedText(t *testing.T) {
	r := newRoom(t)
	r.text(mayaNumber, `<script>alert(1)</script> <b>123456</b>`)
	if _, doc := r.do(http.MethodGet, mayaPhone, nil); doc.Find(".bubble script, .bubble b").Length() != 0 || doc.Find(".bubble strong").Text() != "123456" {
		t.Errorf("bubble = %q, want it as plain text", doc.Find(".bubble").Text())
	}
}

// TestPages are all pages, with those numbers and names that are hard to write.
func TestPages(t *testing.T) {
	r := newRoom(t)
	if err := r.tenant.RegisterApp(tenant.App{ClientID: "x"}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.tenant.AddMethod(priya, tenant.Method{"@odata.type": tenant.TypeAuthenticator, "displayName": "iPad / de \"Priya\" #2"}); err != nil {
		t.Fatalf("AddMethod() = %v", err)
	}
	paths := map[string]int{
		"/_emulator/": 200, mayaPhone: 200, "/_emulator/handsets/%2B1%20425-555-0142": 200, "/_emulator/handsets/+12025550187": 200,
		"/_emulator/handsets/nobody": 404, "/_emulator/mailboxes/maya.okafor@fernhill.example": 200, "/_emulator/mailboxes/x": 404,
		"/_emulator/people/" + priya: 200, "/_emulator/people/nobody": 404, "/_emulator/elsewhere": 404,
		"/_emulator/people/ana.souza_birchwood.example%23EXT%23@fernhill.example": 200,
	}
	_, index := r.do(http.MethodGet, "/_emulator/", nil)
	index.Find("main a").Each(func(_ int, a *goquery.Selection) {
		if to := a.AttrOr("href", ""); to != "/" && to != "/_emulator/gallery" { // which others answer
			paths[to] = 200
		}
	})
	if len(paths) < 40 {
		t.Errorf("links on the index = %d, want phones and mailboxes of everyone", len(paths))
	}
	for path, want := range paths {
		res, doc := r.do(http.MethodGet, path, nil)
		if res.StatusCode != want || doc.Find("h1").Length() != 1 || doc.Find("title").Text() == "" || doc.Find("html").AttrOr("lang", "") == "" {
			t.Errorf("GET %s = %d with %d headings, want %d with one, a title and a language", path, res.StatusCode, doc.Find("h1").Length(), want)
		}
		if doc.Find("[style], style, script:not([src])").Length() != 0 {
			t.Errorf("GET %s has inline style or script", path)
		}
		if csp := res.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("GET %s: headers %v, want a policy and no-store", path, res.Header)
		}
	}
}

func (r *room) mail(to, subject, body string) {
	r.t.Helper()
	if _, err := r.tenant.Deliver(tenant.Message{Channel: "mail", To: to, Subject: subject, Text: body}); err != nil {
		r.t.Fatalf("Deliver() = %v", err)
	}
}

func TestMailbox_SaysThatNothingCame(t *testing.T) {
	r := newRoom(t)
	box := "/_emulator/mailboxes/maya.okafor@fernhill.example"
	if _, doc := r.do(http.MethodGet, box, nil); !strings.Contains(doc.Text(), "Nothing has come") {
		t.Errorf("page %q, want it to say that nothing came", doc.Find("main").Text())
	}
	r.mail("maya.okafor@fernhill.example", "Your phone", "It was changed.")
	if _, doc := r.do(http.MethodGet, box, nil); doc.Find("article h2").Text() != "Your phone" || strings.Contains(doc.Text(), "Nothing has come") {
		t.Errorf("page %q, want the mail", doc.Find("main").Text())
	}
}

func TestMailbox_MailsNewestFirst(t *testing.T) {
	r := newRoom(t)
	const box = "/_emulator/mailboxes/Jonas@lindqvist.example"
	r.mail("jonas@lindqvist.example", "Your code", "719204 is your code.")
	r.mail("jonas@lindqvist.example", "Your phone", "It was changed.\n\nWas it not you? Call +1 202-555-0100.\n@home")
	r.mail("JONAS@lindqvist.example", "Your code", "482 913 is your code.\nNobody will ask you for it.")
	_, doc := r.do(http.MethodGet, box, nil)
	mails := doc.Find("article")
	for i, want := range []struct {
		subject, code, text string
		old                 bool
	}{{"Your code", "482 913", "482 913 is your code.\nNobody will ask you for it.", false},
		{"Your phone", "", "It was changed.\n\nWas it not you? Call +1 202-555-0100.\n@home", false}, {"Your code", "719204", "719204 is your code.", true}} {
		m := mails.Eq(i)
		if m.Find("h2").Text() != want.subject || m.Find("strong").Text() != want.code || m.HasClass("old") != want.old || m.Find(".mail").Text() != want.text {
			t.Errorf("mail %d = %q, code %q, old %v, want %+v", i, m.Text(), m.Find("strong").Text(), m.HasClass("old"), want)
		}
	}
	if got := doc.Find(".over").Text(); got != "Alternate email: Jonas Lindqvist" {
		t.Errorf("page says %q, want whose mailbox it is", got)
	}
	r.clock.Advance(10 * time.Minute)
	if _, doc = r.do(http.MethodGet, box, nil); doc.Find("article.old").Length() != 2 {
		t.Errorf("grey mails after ten minutes = %d, want both with codes", doc.Find("article.old").Length())
	}
	for range 25 {
		r.mail("jonas@lindqvist.example", "Your phone", "It was changed.")
	}
	if _, doc = r.do(http.MethodGet, box, nil); doc.Find("article").Length() != 20 || !strings.Contains(doc.Text(), "8 mails came earlier") {
		t.Errorf("page shows %d mails, want 20 and that 8 came earlier", doc.Find("article").Length())
	}
}

// TestMailbox_UntrustedMail: what arrives is text, whatever it looks like.
func TestMailbox_UntrustedMail(t *testing.T) {
	r := newRoom(t)
	r.mail("maya.okafor@fernhill.example", "<b>Hello</b>", "<script>alert(1)</script><a href=https://evil.example>123456</a>")
	_, doc := r.do(http.MethodGet, "/_emulator/mailboxes/maya.okafor@fernhill.example", nil)
	if doc.Find("article script, article a, article b").Length() != 0 || doc.Find("article strong").Text() != "123456" || doc.Find("article h2").Text() != "<b>Hello</b>" {
		t.Errorf("mail = %q, want it as plain text", doc.Find("article").Text())
	}
}

// TestIndex_ListsEveryMailbox: those of people, and every address that was mailed to.
func TestIndex_ListsEveryMailbox(t *testing.T) {
	r := newRoom(t)
	r.mail("Jonas@Lindqvist.example", "x", "y")
	r.mail("stranger@home.example", "x", "y")
	r.mail("Stranger@home.example", "x", "y")
	_, doc := r.do(http.MethodGet, "/_emulator/", nil)
	lines := map[string]string{}
	doc.Find(`a[href^="/_emulator/mailboxes/"]`).Each(func(_ int, a *goquery.Selection) {
		lines[a.Text()] += a.Closest(".carried").Find(".note").Text()
	})
	for address, want := range map[string]string{"jonas@lindqvist.example": "Alternate email, 1 mail", "jonas.lindqvist@fernhill.example": "Work mailbox",
		"stranger@home.example": "2 mails", "nadia@petrenko.example": "Alternate email"} {
		if lines[address] != want {
			t.Errorf("index says %q of %s, want %q", lines[address], address, want)
		}
	}
	if _, twice := lines["Stranger@home.example"]; twice || lines["emergency@fernhill.example"] != "" {
		t.Errorf("index lists %v", lines)
	}
}

// TestHandset_StaysAsItIs within a minute, so that a code can be selected on a page that
// looks again by itself.
func TestHandset_StaysAsItIs(t *testing.T) {
	r := newRoom(t)
	r.clock.Advance(r.clock.Now().Truncate(time.Minute).Add(time.Minute).Sub(r.clock.Now()))
	look := func() string {
		_, doc := r.do(http.MethodGet, mayaPhone, nil)
		return doc.Find("main").Text() + doc.Find("main time").AttrOr("datetime", "")
	}
	before := look()
	r.clock.Advance(30 * time.Second)
	if after := look(); after != before {
		t.Errorf("page changed from %q to %q though nothing happened", before, after)
	}
}

func TestAssets(t *testing.T) {
	r := newRoom(t)
	_, doc := r.do(http.MethodGet, "/_emulator/", nil)
	found := 0
	doc.Find("link[rel=stylesheet], script").Each(func(_ int, s *goquery.Selection) {
		path := s.AttrOr("href", s.AttrOr("src", ""))
		if !strings.HasPrefix(path, "/_emulator/assets/") {
			return
		}
		found++
		if res, _ := r.do(http.MethodGet, path, nil); res.StatusCode != http.StatusOK || !strings.Contains(res.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("GET %s = %d %q, want it, to be kept", path, res.StatusCode, res.Header.Get("Cache-Control"))
		}
	})
	if found != 2 {
		t.Errorf("own assets = %d, want a style sheet and a script", found)
	}
}

// TestForms_FromElsewhere: another site's page cannot throw phones away.
func TestForms_FromElsewhere(t *testing.T) {
	r := newRoom(t)
	req := httptest.NewRequest(http.MethodPost, "/_emulator/devices/handsets/"+mayaNumber+"/off", nil)
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	rec := httptest.NewRecorder()
	r.handler.ServeHTTP(rec, req)
	if h, _ := r.tenant.Handset(mayaNumber); rec.Code != http.StatusForbidden || !h.Working {
		t.Errorf("cross-site form = %d, working %v, want 403 and the phone as it was", rec.Code, h.Working)
	}
}

// TestMailbox_AsAProgramShowsIt: the HTML of a mail stands alone, and can do nothing.
func TestMailbox_AsAProgramShowsIt(t *testing.T) {
	r := newRoom(t)
	const to = "somebody@example.net"
	shown, err := r.tenant.Deliver(tenant.Message{Channel: "mail", To: to, Subject: "Two", Text: "Hello", HTML: "<h1>Hello</h1><script>alert(1)</script>"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.tenant.Deliver(tenant.Message{Channel: "mail", To: to, Subject: "One", Text: "Hello"}); err != nil {
		t.Fatal(err)
	}
	_, box := r.do(http.MethodGet, "/_emulator/mailboxes/"+to, nil)
	link := box.Find("article .do a")
	if link.Length() != 1 || link.AttrOr("href", "") != "/_emulator/mailboxes/"+to+"/"+shown.ID {
		t.Fatalf("links to HTML = %d, first %q, want one", link.Length(), link.AttrOr("href", ""))
	}
	res, page := r.do(http.MethodGet, link.AttrOr("href", ""), nil)
	csp := res.Header.Get("Content-Security-Policy")
	if page.Find("h1").Text() != "Hello" || !strings.Contains(csp, "sandbox") || !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "script-src") {
		t.Errorf("the mail is shown as %q under the policy %q", page.Text(), csp)
	}
	for _, path := range []string{"/_emulator/mailboxes/" + to + "/0", "/_emulator/mailboxes/other@example.net/" + shown.ID} {
		if res, _ := r.do(http.MethodGet, path, nil); res.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s = %d, want 404", path, res.StatusCode)
		}
	}
}

// TestSecurityInfo: what people do on Microsoft's own page they do on theirs in the demo.
func TestSecurityInfo(t *testing.T) {
	r := newRoom(t)
	p, _ := r.tenant.Person(priya)
	at := "/_emulator/devices/people/" + p.ID
	for _, tt := range []struct {
		name, path string
		form       url.Values
		want       int
	}{
		{"Authenticator on a new phone", "/methods", url.Values{"kind": {"authenticator"}, "handset": {"iPhone 17"}}, 303},
		{"a passkey on it", "/methods", url.Values{"kind": {"passkey"}, "handset": {"iPhone 17"}}, 303},
		{"without a phone", "/methods", url.Values{"kind": {"passkey"}, "handset": {" "}}, 422},
		{"the SIM", "/number", url.Values{"number": {priyaNumber}, "handset": {"iPhone 17"}}, 303},
		{"somebody else's SIM", "/number", url.Values{"number": {mayaNumber}, "handset": {"iPhone 17"}}, 422},
		{"a default that is not there", "/default", url.Values{"method": {"x"}}, 404},
		{"the phone as default", "/default", url.Values{"method": {tenant.MobileID}}, 303},
	} {
		if res, doc := r.do("POST", at+tt.path, tt.form); res.StatusCode != tt.want || tt.want != 303 && doc.Find("[role=alert]").Length() != 1 {
			t.Errorf("%s = %d, want %d, and a word on a mistake", tt.name, res.StatusCode, tt.want)
		}
	}
	after, _ := r.tenant.Person(priya)
	if len(after.Methods) != len(p.Methods)+2 || after.DefaultMethodID != tenant.MobileID {
		t.Errorf("%d methods, default %q, want %d and the phone", len(after.Methods), after.DefaultMethodID, len(p.Methods)+2)
	}
	_, doc := r.do("GET", "/_emulator/people/"+p.ID, nil)
	if got := doc.Find("#security ~ form").Length(); got != 3 || doc.Find("select[name=method] option[selected]").AttrOr("value", "") != tenant.MobileID {
		t.Errorf("%d forms on the page, want 3, with the default chosen", got)
	}
}
