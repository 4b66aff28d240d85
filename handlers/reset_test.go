package handlers_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"

	"rekey/handlers"
	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/reset"
	"rekey/internal/verification"
	"rekey/internal/web/webtest"
	"rekey/templates"
)

const (
	resetCookie = "__Host-rekey-reset"
	linkCookie  = "__Host-rekey-link"
	rightDigits = "314159"
	secretWord  = "correct horse Battery staple"
)

// resets is the journey with its views in memory. Its faults are ordered by fail.
type resets struct {
	now     func() time.Time
	views   map[string]reset.View // by id; everybody's whose flow cookie is "secret-" + id
	calls   []string              // every call, with what it was given
	fail    error                 // of the next call that moves something
	browser reset.Browser         // of the last call
	closed  bool
	last    reset.Practised
	begun   int
}

func (r *resets) do(b reset.Browser, call string) error {
	r.calls, r.browser = append(r.calls, call), b
	err := r.fail
	r.fail = nil
	return err
}

// begin starts one.
func (r *resets) begin(practice bool) (id, secret string) {
	id = uuid.NewString()
	r.begun++
	r.views[id] = reset.View{ID: id, Stage: reset.Mail, Step: 1, Until: r.now().Add(10 * time.Minute), Practice: practice, CanAgain: true}
	return id, "secret-" + id
}

func (r *resets) Begin(_ context.Context, b reset.Browser, user string) (id, secret string, err error) {
	if err := r.do(b, "begin "+user); err != nil {
		return "", "", err
	}
	id, secret = r.begin(false)
	return id, secret, nil
}

func (r *resets) View(_ context.Context, b reset.Browser, id string) (reset.View, error) {
	r.calls, r.browser = append(r.calls, "view"), b
	v, ok := r.views[id]
	if !ok || b.Secret != "secret-"+id && v.Stage != reset.Elsewhere {
		return reset.View{}, fault.New(fault.NotFound, "reset.not-found")
	}
	return v, nil
}

func (r *resets) Go(ctx context.Context, b reset.Browser, id, typed string) error {
	if _, err := r.View(ctx, b, id); err != nil {
		return err
	}
	return r.do(b, "go "+typed)
}

func (r *resets) Resend(ctx context.Context, b reset.Browser, id string) error {
	if _, err := r.View(ctx, b, id); err != nil {
		return err
	}
	return r.do(b, "resend")
}

func (r *resets) SetPassword(ctx context.Context, b reset.Browser, id, password, again string) error {
	if _, err := r.View(ctx, b, id); err != nil {
		return err
	}
	return r.do(b, fmt.Sprintf("password %q %q", password, again))
}

func (r *resets) Again(ctx context.Context, b reset.Browser, id string) (newID, secret string, err error) {
	if _, err := r.View(ctx, b, id); err != nil {
		return "", "", err
	}
	if err := r.do(b, "again"); err != nil {
		return "", "", err
	}
	newID, secret = r.begin(false)
	return newID, secret, nil
}

func (r *resets) Practise(_ context.Context, a contact.Actor, b reset.Browser) (id, secret string, err error) {
	if err := r.do(b, "practise "+a.Person.Object); err != nil {
		return "", "", err
	}
	id, secret = r.begin(true)
	return id, secret, nil
}

func (r *resets) LastPractice(context.Context, directory.PersonID) (reset.Practised, error) {
	return r.last, nil
}

func (r *resets) Closed() bool { return r.closed }

// pictures shows the same digits in every picture, each of which is good once.
type pictures struct {
	made int
	used map[string]bool
	fail error
}

func (p *pictures) New() (string, error) {
	p.made++
	return "picture-" + strconv.Itoa(p.made), p.fail
}

func (p *pictures) known(token string) bool { return strings.HasPrefix(token, "picture-") }

func (p *pictures) Picture(token string) ([]byte, bool) { return []byte("\x89PNG"), p.known(token) }

func (p *pictures) Sound(token, language string) ([]byte, bool) {
	return []byte("RIFF of " + language), p.known(token) && slices.Contains(p.Languages(), language)
}

func (p *pictures) Languages() []string { return []string{"de", "en", "ja", "ru", "zh"} }

func (p *pictures) Check(_ context.Context, token, typed string) (bool, error) {
	right := p.known(token) && !p.used[token] && typed == rightDigits
	p.used[token] = true
	return right, p.fail
}

// own returns the value of a cookie in a browser.
func own(b *webtest.Browser, name string) string {
	for _, c := range b.Cookies() {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// form returns the fields of a form of a page as a browser would send them, with some filled in.
func form(t *testing.T, a webtest.Answer, action string, pairs ...string) url.Values {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(a.Body))
	if err != nil {
		t.Fatal(err)
	}
	f := doc.Find(`form[action="` + action + `"]`)
	if f.Length() != 1 {
		t.Fatalf("%d forms to %s, want one:\n%s", f.Length(), action, a.Body)
	}
	values := url.Values{}
	f.Find("input[name]").Each(func(_ int, e *goquery.Selection) { values.Set(e.AttrOr("name", ""), e.AttrOr("value", "")) })
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return values
}

// begins begins a reset in a browser and returns its id.
func (f *fixture) begins(b *webtest.Browser, user string) string {
	f.t.Helper()
	a := b.Post("/reset", form(f.t, b.Get("/reset"), "/reset", "user", user, "characters", rightDigits))
	id, ok := strings.CutPrefix(a.Location(), "/reset/")
	if a.Status != 303 || !ok {
		f.t.Fatalf("POST /reset = %d to %q, want 303 to the reset", a.Status, a.Location())
	}
	return id
}

// at puts a reset that was begun in a browser into a stage.
func (f *fixture) at(id string, stage reset.Stage, change ...func(*reset.View)) {
	v := f.resets.views[id]
	v.Stage = stage
	switch stage {
	case reset.Elsewhere:
		v.Letters = "KXRT-MPWD"
	case reset.Code:
		v.Step, v.Masked, v.Sent, v.GoodUntil, v.CodeAlive, v.Delivery = 2, "+1 •••-•••-••42", f.now, f.now.Add(10*time.Minute), true, verification.Sent
	case reset.Text:
		v.Step = 2
	case reset.Password:
		v.Step = 3
	}
	for _, c := range change {
		c(&v)
	}
	f.resets.views[id] = v
}

// withoutNonces replaces what differs in every answer.
func withoutNonces(a webtest.Answer) string {
	text := fmt.Sprint(a.Status, a.Header) + a.Body
	for _, pattern := range []string{`picture-\d+`, `secret-[-0-9a-f]{36}`, `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`, `__Host-rekey-form=[\w-]+`, `name="form_token" value="[\w-]+"`} {
		text = regexp.MustCompile(pattern).ReplaceAllString(text, "nonce")
	}
	return text
}

// TestReset_RST2_EveryUserNameGetsTheSameAnswer: of the first page, of its redirect, and of the
// page after it.
func TestReset_RST2_EveryUserNameGetsTheSameAnswer(t *testing.T) {
	var first []string
	for _, user := range []string{"jonas@fernhill.example", "nobody@fernhill.example", "maya@fernhill.example", "x", "", `"><script>`, strings.Repeat("a", 5000)} {
		f := withRealPages(t)
		b := webtest.New(t, f.site)
		start := b.Get("/reset")
		posted := f.sound("POST /reset", "/reset", b.Post("/reset", form(t, start, "/reset", "user", user, "characters", rightDigits)))
		after := f.sound("GET", posted.Location(), b.Get(posted.Location()))
		said := []string{withoutNonces(posted), withoutNonces(after)}
		if first == nil {
			first = said
		}
		if !slices.Equal(said, first) || posted.Status != 303 || after.Status != 200 {
			t.Errorf("answers for %.20q:\n%s\nwant as for the first:\n%s", user, said, first)
		}
		if got := f.resets.calls[0]; got != "begin "+user {
			t.Errorf("the journey was told %.40q, want what was typed", got)
		}
	}
}

func TestReset_RST6_TheFlowCookieIsTheBrowsers(t *testing.T) {
	f := withRealPages(t)
	b := webtest.New(t, f.site)
	id := f.begins(b, "jonas@fernhill.example")
	if got := own(b, resetCookie); got != "secret-"+id || f.resets.browser.Secret != "" {
		t.Errorf("the cookie is %q, want the secret of the reset", got)
	}
	a := f.sound("GET", "/reset/"+id, b.Get("/reset/"+id))
	if page := a.Body; a.Status != 200 || f.resets.browser.Secret != "secret-"+id || strings.Contains(page, "secret-") || strings.Contains(page, "jonas") {
		t.Errorf("GET = %d: want the page, without the secret and without whose it is", a.Status)
	}
	stranger := webtest.New(t, f.site)
	stranger.Get("/reset") // for the cookie of forms
	other := f.sound("GET by a stranger", "/reset/"+id, stranger.Get("/reset/"+id))
	never := f.sound("GET of nothing", "/reset/", stranger.Get("/reset/"+uuid.NewString()))
	if other.Status != 410 || withoutNonces(other) != withoutNonces(never) {
		t.Errorf("somebody else's = %d, nothing's = %d, want 410 in the same words", other.Status, never.Status)
	}
}

// TestReset_RST5_RST7_TheLinkIsLeftAtOnce: opening it, by whom and how often ever, asks the
// journey nothing; the token goes into a cookie, and into no log, referrer or page.
func TestReset_RST5_RST7_TheLinkIsLeftAtOnce(t *testing.T) {
	f := withRealPages(t)
	const token = "x5V_0n-t0ken-of-the-mail"
	id := uuid.NewString()
	f.resets.views[id] = reset.View{ID: id, Stage: reset.Elsewhere, Step: 1, Until: f.now.Add(time.Minute), Letters: "KXRT-MPWD"}
	path := "/reset/" + id + "?link=" + token
	b := webtest.New(t, f.site)
	for range 20 {
		for _, method := range []string{"HEAD", "GET"} {
			a := f.sound(method, "/reset/"+id, b.Do(webtest.Request(method, path, "")))
			if a.Status != 303 || a.Location() != "/reset/"+id || a.Header.Get("Referrer-Policy") != "no-referrer" || a.Body != "" {
				t.Fatalf("%s of the link = %d to %q, %q, want 303 to the page without it and no referrer", method, a.Status, a.Location(), a.Header.Get("Referrer-Policy"))
			}
		}
	}
	if len(f.resets.calls) != 0 {
		t.Errorf("the link made the calls %q, want none", f.resets.calls)
	}
	if got := own(b, linkCookie); got != token {
		t.Errorf("the cookie is %q, want the token", got)
	}
	a := f.sound("GET", "/reset/"+id, b.Get("/reset/"+id))
	if f.resets.browser.Link != token || strings.Contains(a.Body, token) || strings.Contains(f.log.String(), token) {
		t.Errorf("the journey got the token %q; in the page: %v, in the log: %v", f.resets.browser.Link, strings.Contains(a.Body, token), strings.Contains(f.log.String(), token))
	}
	if !strings.Contains(a.Body, "KXRT-MPWD") || !strings.Contains(a.Body, "K X R T, M P W D") {
		t.Error("the letters are not on the page, or not spelled")
	}
	for _, bad := range []string{"?link=", "?link=a&link=b", "?link=%00", "?link=a%20b", "?link=" + strings.Repeat("a", 129), "?other=1", "?link=%zz"} {
		stranger := webtest.New(t, f.site)
		a := f.sound(bad, "/reset/"+id, stranger.Get("/reset/"+id+bad))
		if a.Status != 303 || a.Location() != "/reset/"+id || own(stranger, linkCookie) != "" {
			t.Errorf("%s = %d to %q with the cookie %q, want 303 without one", bad, a.Status, a.Location(), own(stranger, linkCookie))
		}
	}
}

// TestReset_RST8_OneUserName: nothing but one scalar reaches the journey.
func TestReset_RST8_OneUserName(t *testing.T) {
	f := withRealPages(t)
	b := webtest.New(t, f.site)
	good := form(t, b.Get("/reset"), "/reset", "user", "jonas@fernhill.example", "characters", rightDigits).Encode()
	for name, tt := range map[string]struct{ kind, body string }{
		"twice": {urlencoded, good + "&user=eve@example.net"}, "an array": {urlencoded, good + "&user[]=eve@example.net"},
		"another field": {urlencoded, good + "&email=eve@example.net"}, "a field in capitals": {urlencoded, good + "&User=eve"},
		"JSON": {"application/json", `{"user":["jonas@fernhill.example","eve@example.net"]}`}, "a NUL": {urlencoded, good + "&another=%00"},
	} {
		r := webtest.Request(http.MethodPost, "/reset", tt.body)
		webtest.OwnForm(r)
		r.Header.Set("Content-Type", tt.kind)
		if a := f.sound(name, "/reset", b.Do(r)); a.Status != 400 {
			t.Errorf("%s = %d, want 400", name, a.Status)
		}
	}
	if len(f.resets.calls) != 0 {
		t.Errorf("calls %q, want none", f.resets.calls)
	}
}

func TestReset_ThePictureIsGoodOnceAndTheNameStays(t *testing.T) {
	f := withRealPages(t)
	b := webtest.New(t, f.site)
	start := f.sound("GET /reset", "/reset", b.Get("/reset"))
	if policy := start.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "media-src 'self'") {
		t.Errorf("policy %q, want room for the sound", policy)
	}
	wrong := f.sound("wrong", "/reset", b.Post("/reset", form(t, start, "/reset", "user", "jonas@fernhill.example", "characters", "1")))
	if wrong.Status != 422 || len(f.resets.calls) != 0 {
		t.Errorf("wrong digits = %d, calls %q, want 422 and none", wrong.Status, f.resets.calls)
	}
	again := form(t, wrong, "/reset", "characters", rightDigits)
	if again.Get("user") != "jonas@fernhill.example" || again.Get("picture") == form(t, start, "/reset").Get("picture") {
		t.Errorf("the form holds %v, want the name that was typed and a new picture", again)
	}
	used := form(t, start, "/reset", "user", "jonas", "characters", rightDigits)
	if a := b.Post("/reset", used); a.Status != 422 {
		t.Errorf("a picture that was used = %d, want 422", a.Status)
	}
	other := form(t, wrong, "/reset", "user", "j", "another", "yes")
	a := f.sound("another", "/reset", b.Post("/reset", other))
	if a.Status != 200 || form(t, a, "/reset").Get("user") != "j" || strings.Contains(a.Body, `role="alert"`) {
		t.Errorf("another picture = %d, want the form with the name and no error", a.Status)
	}
	if a := b.Post("/reset", again); a.Status != 303 {
		t.Errorf("the right digits = %d, want 303", a.Status)
	}
}

func TestReset_FaultsOfTheBeginning(t *testing.T) {
	for _, tt := range []struct {
		fault  *fault.Error
		status int
		words  string
	}{{fault.At("user", "user.form", nil), 422, "Enter one user name"}, {&fault.Error{Kind: fault.Limited, Key: "reset.busy", Until: time.Date(2026, 11, 23, 14, 39, 0, 0, time.UTC)}, 429, "Please wait a little"}} {
		f := withRealPages(t)
		b := webtest.New(t, f.site)
		f.resets.fail = tt.fault
		a := f.sound(tt.fault.Key, "/reset", b.Post("/reset", form(t, b.Get("/reset"), "/reset", "user", "kept", "characters", rightDigits)))
		if a.Status != tt.status || !strings.Contains(a.Body, tt.words) || form(t, a, "/reset").Get("user") != "kept" || own(b, resetCookie) != "" {
			t.Errorf("%s = %d, want %d with %q and the name kept:\n%s", tt.fault.Key, a.Status, tt.status, tt.words, a.Body)
		}
	}
	f := withRealPages(t)
	f.resets.closed = true
	b := webtest.New(t, f.site)
	a := f.sound("closed", "/reset", b.Get("/reset"))
	if a.Status != 200 || strings.Contains(a.Body, "<form class=\"card\"") || !strings.Contains(a.Body, "Passwords cannot be reset here") {
		t.Errorf("closed = %d, want a page that says so and has no form", a.Status)
	}
}

func TestReset_PictureAndSound(t *testing.T) {
	f := withRealPages(t)
	b := webtest.New(t, f.site)
	for path, want := range map[string]string{"/reset/picture/picture-1": "image/png", "/reset/sound/de/picture-1": "audio/wav",
		"/reset/picture/nothing": "", "/reset/sound/ar/picture-1": "", "/reset/sound/en/nothing": ""} {
		for _, method := range []string{"GET", "HEAD"} {
			a := f.sound(method+" "+path, path, b.Do(webtest.Request(method, path, "")))
			if ok := a.Status == 200; ok != (want != "") || ok && (a.Header.Get("Content-Type") != want || (a.Body == "") != (method == "HEAD")) || !ok && a.Status != 404 {
				t.Errorf("%s %s = %d %s, want %q", method, path, a.Status, a.Header.Get("Content-Type"), want)
			}
		}
	}
	r := webtest.Request("GET", "/reset/sound/en/picture-1", "")
	r.Header.Set("Range", "bytes=0-1")
	if a := b.Do(r); a.Status != 206 || a.Body != "RI" {
		t.Errorf("a part of the sound = %d %q, want it", a.Status, a.Body)
	}
	for lang, want := range map[string][]string{"de": {"/reset/sound/de/", "Die Ziffern, gesprochen"}, "en": {"/reset/sound/en/", "The digits, spoken"}} {
		r := webtest.Request("GET", "/reset", "")
		r.Header.Set("Accept-Language", lang)
		a := webtest.New(t, f.site).Do(r)
		for _, part := range want {
			if !strings.Contains(a.Body, part) {
				t.Errorf("the page in %s lacks %q", lang, part)
			}
		}
	}
}

// TestReset_EveryStageHasItsPage: with the forms that its step takes, and the time it ends.
func TestReset_EveryStageHasItsPage(t *testing.T) {
	for stage, want := range map[reset.Stage]templates.Page{reset.Mail: templates.ResetMail{}, reset.Link: templates.ResetLink{}, reset.Elsewhere: templates.ResetElsewhere{},
		reset.Text: templates.ResetText{}, reset.Code: templates.ResetCode{}, reset.Password: templates.ResetPassword{}, reset.Done: templates.ResetDone{}, reset.Over: templates.ResetOver{}} {
		plain := newFixture(t)
		b := webtest.New(t, plain.site)
		id, secret := plain.resets.begin(false)
		plain.at(id, stage)
		b.Add(&http.Cookie{Name: resetCookie, Value: secret})
		b.Get("/reset/" + id)
		if got := fmt.Sprintf("%T", plain.pages.last); got != fmt.Sprintf("%T", want) {
			t.Errorf("%s is shown as %s, want %T", stage, got, want)
		}
		f := withRealPages(t)
		b = webtest.New(t, f.site)
		id = f.begins(b, "jonas@fernhill.example")
		f.at(id, stage)
		a := f.sound(string(stage), "/reset/"+id, b.Get("/reset/"+id))
		doc, err := goquery.NewDocumentFromReader(strings.NewReader(a.Body))
		if err != nil {
			t.Fatal(err)
		}
		doc.Find("form").Each(func(_ int, e *goquery.Selection) {
			action := e.AttrOr("action", "")
			route := f.route(http.MethodPost, strings.ReplaceAll(action, id, changeID))
			if route == "" {
				t.Errorf("%s: a form to %q, where nothing is", stage, action)
			}
			e.Find("[name]").Each(func(_ int, field *goquery.Selection) {
				if n := field.AttrOr("name", ""); n != "form_token" && !slices.Contains(formFields()[route], n) {
					t.Errorf("%s: a field %q that its handler refuses", stage, n)
				}
			})
			if action == "/language" {
				return
			}
			if a := b.Post(action, form(t, a, action)); a.Status != 303 {
				t.Errorf("%s: its form to %s = %d, want 303", stage, action, a.Status)
			}
		})
		if over := stage == reset.Done || stage == reset.Over; doc.Find("main [data-until]").Length() == 0 && !over {
			t.Errorf("%s: no clock", stage)
		}
	}
}

// TestReset_WhatIsTypedGoesWhereTheStepAsks, and to no other call.
func TestReset_WhatIsTypedGoesWhereTheStepAsks(t *testing.T) {
	for _, tt := range []struct {
		stage reset.Stage
		form  []string
		want  string
	}{
		{reset.Mail, []string{"code", "KXRT MPWD"}, "go KXRT MPWD"}, {reset.Link, nil, "go "}, {reset.Text, nil, "go "}, {reset.Code, []string{"code", "042041"}, "go 042041"},
		{reset.Password, []string{"password", secretWord, "password_again", " " + secretWord}, fmt.Sprintf("password %q %q", secretWord, " "+secretWord)},
		{reset.Password, []string{"password", "", "password_again", ""}, `password "" ""`}, {reset.Password, []string{"code", "042041"}, `password "" ""`},
		{reset.Code, []string{"password_again", "x"}, `password "" "x"`},
	} {
		f := withRealPages(t)
		b := webtest.New(t, f.site)
		id := f.begins(b, "jonas")
		f.at(id, tt.stage)
		values := form(t, b.Get("/reset/"+id), "/reset/"+id, tt.form...)
		a := b.Post("/reset/"+id, values)
		status(t, string(tt.stage), a, 303, "/reset/"+id)
		if got := f.resets.calls[len(f.resets.calls)-1]; got != tt.want {
			t.Errorf("%s with %q: the call was %q, want %q", tt.stage, tt.form, got, tt.want)
		}
	}
}

// TestReset_RST11_NoPasswordIsShownOrLogged, whatever comes of it.
func TestReset_RST11_NoPasswordIsShownOrLogged(t *testing.T) {
	until := time.Date(2026, 11, 23, 14, 40, 0, 0, time.UTC)
	for name, fail := range map[string]error{"short": fault.At("password", "password.short", nil), "again": fault.At("password_again", "password.again", nil),
		"refused": fault.At("password", "password.refused", nil), "down": fault.New(fault.Unavailable, "directory.down"), "busy": &fault.Error{Kind: fault.Limited, Key: "limit.wait", Until: until},
		"moved": fault.New(fault.Conflict, "reset.moved"), "gone": fault.New(fault.NotFound, "reset.not-found"), "bug": errDown} {
		f := withRealPages(t)
		b := webtest.New(t, f.site)
		id := f.begins(b, "jonas")
		f.at(id, reset.Password)
		values := form(t, b.Get("/reset/"+id), "/reset/"+id, "password", secretWord, "password_again", secretWord)
		f.resets.fail = fail
		a := f.sound(name, "/reset/"+id, b.Post("/reset/"+id, values))
		want := map[string]int{"short": 422, "again": 422, "refused": 422, "down": 503, "busy": 429, "moved": 303, "gone": 410, "bug": 500}[name]
		if a.Status != want || strings.Contains(a.Body+f.log.String()+fmt.Sprint(f.events.all), secretWord) {
			t.Errorf("%s = %d, want %d, and the password neither in the page nor in the log", name, a.Status, want)
		}
		if a.Status == 422 && !strings.HasPrefix(strings.TrimSpace(title(a)), "Error:") {
			t.Errorf("%s: the title is %q, want one that begins with the error", name, title(a))
		}
	}
}

func title(a webtest.Answer) string {
	_, rest, _ := strings.Cut(a.Body, "<title>")
	said, _, _ := strings.Cut(rest, "</title>")
	return said
}

func TestReset_MistakesKeepWhatWasTyped(t *testing.T) {
	for _, tt := range []struct {
		stage       reset.Stage
		fault       *fault.Error
		field, want string
		status      int
	}{{reset.Code, fault.At("code", "code.wrong", map[string]any{"left": 3, "sent": time.Unix(0, 0)}), "#code", "3 tries", 422},
		{reset.Mail, fault.At("code", "letters.wrong", map[string]any{"left": 1}), "#letters", "1 try", 422},
		{reset.Code, &fault.Error{Kind: fault.Limited, Key: "limit.locked", Until: time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC)}, "#code", "No codes for this contact", 429},
		{reset.Link, fault.New(fault.Unavailable, "directory.down"), "", "Microsoft is not answering", 503},
		{reset.Over, fault.At("code", "letters.over", nil), "", "", 303}} {
		f := withRealPages(t)
		b := webtest.New(t, f.site)
		id := f.begins(b, "jonas")
		f.at(id, reset.Code)
		values := form(t, b.Get("/reset/"+id), "/reset/"+id, "code", "typed")
		f.at(id, tt.stage)
		f.resets.fail = tt.fault
		a := f.sound(tt.fault.Key, "/reset/"+id, b.Post("/reset/"+id, values))
		doc, err := goquery.NewDocumentFromReader(strings.NewReader(a.Body))
		if err != nil {
			t.Fatal(err)
		}
		if a.Status != tt.status || !strings.Contains(doc.Find("main").Text(), tt.want) || tt.field != "" && doc.Find(tt.field).AttrOr("value", "") != "typed" {
			t.Errorf("%s at %s = %d, want %d with %q and what was typed", tt.fault.Key, tt.stage, a.Status, tt.status, tt.want)
		}
	}
}

// TestReset_WhyNoCodeWentOut: each reason has words of its own, and a time where there is one.
func TestReset_WhyNoCodeWentOut(t *testing.T) {
	until := time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC)
	for _, tt := range []struct {
		problem *fault.Error
		why     string
		begins  time.Time
	}{{nil, "other", time.Time{}}, {&fault.Error{Kind: fault.Unavailable, Key: "reset.phone-recent", Until: until}, "phone-recent", until},
		{&fault.Error{Kind: fault.Forbidden, Key: "reset.phone-recent", Args: map[string]any{"until": until}}, "phone-recent", until},
		{fault.New(fault.Unavailable, "reset.phone-missing"), "phone-missing", time.Time{}}, {&fault.Error{Kind: fault.Unavailable, Key: "limit.wait", Until: until}, "limited", until},
		{fault.New(fault.Unavailable, "sms.down"), "down", time.Time{}}, {fault.New(fault.Internal, "x"), "other", time.Time{}}} {
		f := newFixture(t)
		b := webtest.New(t, f.site)
		id, secret := f.resets.begin(false)
		b.Add(&http.Cookie{Name: resetCookie, Value: secret})
		f.at(id, reset.Text, func(v *reset.View) { v.Problem = tt.problem })
		b.Get("/reset/" + id)
		if p := page[templates.ResetText](f); p.Why != tt.why || !p.Begins.Equal(tt.begins) {
			t.Errorf("%v is shown as %q from %v, want %q from %v", tt.problem, p.Why, p.Begins, tt.why, tt.begins)
		}
	}
}

func TestReset_Resend(t *testing.T) {
	f := withRealPages(t)
	b := webtest.New(t, f.site)
	id := f.begins(b, "jonas")
	f.at(id, reset.Code, func(v *reset.View) { v.ResendAt = f.now.Add(time.Minute) })
	values := form(t, b.Get("/reset/"+id), "/reset/"+id+"/resend")
	status(t, "resend", b.Post("/reset/"+id+"/resend", values), 303, "/reset/"+id)
	f.resets.fail = &fault.Error{Kind: fault.Limited, Key: "limit.wait", Until: f.now.Add(time.Minute)}
	a := f.sound("too early", "/reset/"+id, b.Post("/reset/"+id+"/resend", values))
	if a.Status != 429 || !strings.Contains(a.Body, "You can have a new code at") {
		t.Errorf("too early = %d, want 429 and when", a.Status)
	}
}

// TestReset_OneFormsTokenIsNoOthers: the forms of people who are signed out have one each.
func TestReset_OneFormsTokenIsNoOthers(t *testing.T) {
	f := withRealPages(t)
	b := webtest.New(t, f.site)
	id := f.begins(b, "jonas")
	resend := form(t, func() webtest.Answer { f.at(id, reset.Code); return b.Get("/reset/" + id) }(), "/reset/"+id+"/resend")
	stranger := webtest.New(t, f.site)
	stranger.Add(&http.Cookie{Name: resetCookie, Value: own(b, resetCookie)})
	for name, a := range map[string]webtest.Answer{"of another form": b.Post("/reset/"+id, resend), "of another browser": stranger.Post("/reset/"+id+"/resend", resend), "none": b.Post("/reset/"+id, nil)} {
		if a.Status != 403 {
			t.Errorf("with a token %s = %d, want 403", name, a.Status)
		}
	}
	if slices.ContainsFunc(f.resets.calls, func(c string) bool { return c != "view" && c != "begin jonas" }) {
		t.Errorf("calls %q, want none that moves anything", f.resets.calls)
	}
}

func TestReset_AgainNeedsNoTyping(t *testing.T) {
	f := withRealPages(t)
	b := webtest.New(t, f.site)
	id := f.begins(b, "jonas")
	b.Get("/reset/" + id + "?link=a-token")
	f.at(id, reset.Over, func(v *reset.View) { v.Reason, v.CanAgain = reset.Expired, true })
	over := f.sound("expired", "/reset/"+id, b.Get("/reset/"+id))
	if over.Status != 410 || own(b, resetCookie) != "secret-"+id || own(b, linkCookie) != "" {
		t.Errorf("expired = %d with the cookies %v, want 410, and only what it is begun again with", over.Status, b.Cookies())
	}
	values := form(t, over, "/reset/"+id+"/again")
	f.resets.fail = &fault.Error{Kind: fault.Limited, Key: "reset.busy", Until: f.now.Add(time.Minute)}
	if a := f.sound("busy", "/reset/"+id, b.Post("/reset/"+id+"/again", values)); a.Status != 429 || !strings.Contains(a.Body, "Please wait a little") {
		t.Errorf("again, too often = %d, want 429 and a time", a.Status)
	}
	a := b.Post("/reset/"+id+"/again", values)
	fresh, _ := strings.CutPrefix(a.Location(), "/reset/")
	if a.Status != 303 || fresh == id || own(b, resetCookie) != "secret-"+fresh {
		t.Errorf("again = %d to %q, cookie %q, want another reset and its cookie", a.Status, a.Location(), own(b, resetCookie))
	}
}

// TestReset_SES2_TheEndLeavesNoCookieBehind: it is soon forgotten, and never a session.
func TestReset_SES2_TheEndLeavesNoCookieBehind(t *testing.T) {
	f := withRealPages(t)
	b := webtest.New(t, f.site)
	id := f.begins(b, "jonas")
	b.Get("/reset/" + id + "?link=a-token")
	f.at(id, reset.Done, func(v *reset.View) { v.First = directory.Authenticator })
	a := f.sound("done", "/reset/"+id, b.Get("/reset/"+id))
	for _, line := range a.Header.Values("Set-Cookie") {
		c, err := http.ParseSetCookie(line)
		if err != nil {
			t.Fatal(err)
		}
		if c.Name == resetCookie && (c.MaxAge <= 0 || c.MaxAge > 600) || c.Name == linkCookie && c.MaxAge >= 0 || c.Name == "__Host-rekey" {
			t.Errorf("Set-Cookie %q, want the flow's to end soon, the link's now, and no session", line)
		}
	}
	if own(b, linkCookie) != "" || !strings.Contains(a.Body, "Authenticator") || !strings.Contains(a.Body, `href="/signin"`) {
		t.Errorf("done = %d, want the way to the sign-in, what it asks for, and no link left", a.Status)
	}
	if home := b.Get("/"); home.Status != 303 || !strings.HasPrefix(home.Location(), "/signin") {
		t.Errorf("home afterwards = %d to %q, want the sign-in", home.Status, home.Location())
	}
	if again := b.Get("/reset/" + id); again.Status != 200 {
		t.Errorf("a refresh of the end = %d, want it once more", again.Status)
	}
}

func TestReset_Practice(t *testing.T) {
	f := withRealPages(t)
	f.fill()
	b, token := f.signedIn("maya")
	if a := webtest.New(t, f.site).Get("/reset/practice"); a.Status != 303 {
		t.Errorf("practice, signed out = %d, want the sign-in", a.Status)
	}
	f.resets.last = reset.Practised{At: f.now, OK: true}
	doc := f.checkPage("practice", b.Get("/reset/practice"), token)
	if !strings.Contains(doc.Find("main").Text(), "It worked on") {
		t.Error("the last practice run is not told")
	}
	for key, tt := range map[string]struct {
		kind   fault.Kind
		status int
		words  string
	}{"signin.again": {fault.StepUp, 200, "Before a practice run we need a sign-in"}, "reset.not-administrator": {fault.Forbidden, 403, "This is for administrators"},
		"reset.busy": {fault.Limited, 429, "Please wait a little"}, "directory.down": {fault.Unavailable, 503, "Microsoft is not answering"}} {
		f.resets.fail = fault.New(tt.kind, key)
		a := f.sound(key, "/reset/practice", b.Post("/reset/practice", fields("form_token", token)))
		if a.Status != tt.status || !strings.Contains(a.Body, tt.words) {
			t.Errorf("%s = %d, want %d with %q", key, a.Status, tt.status, tt.words)
		}
	}
	a := b.Post("/reset/practice", fields("form_token", token))
	id, _ := strings.CutPrefix(a.Location(), "/reset/")
	if a.Status != 303 || own(b, resetCookie) != "secret-"+id || f.resets.calls[len(f.resets.calls)-1] != "practise maya" {
		t.Errorf("practise = %d to %q, want the reset with its cookie", a.Status, a.Location())
	}
	if a := b.Get("/reset/" + id); a.Status != 200 || !strings.Contains(a.Body, "Practice run, step 1 of 3") {
		t.Errorf("the practice run = %d, want its first step", a.Status)
	}
}

func TestReset_TheRowOnHomeIsForAdministrators(t *testing.T) {
	for _, shown := range []bool{true, false} {
		f := withRealPages(t, func(f *fixture, d *handlers.Deps) {
			d.Practice = func(_ context.Context, person directory.PersonID, _ directory.Snapshot) (reset.Practised, bool, error) {
				return reset.Practised{At: f.now}, shown, nil
			}
		})
		f.fill()
		b, token := f.signedIn("maya")
		doc := f.checkPage("home", b.Get("/"), token)
		if got := doc.Find(`main a[href="/reset/practice"]`).Length(); (got == 1) != shown {
			t.Errorf("%d ways to the practice run, want %v", got, shown)
		}
	}
}

// TestReset_OffMeansNotThere: no route, and no way to one.
func TestReset_OffMeansNotThere(t *testing.T) {
	f := withRealPages(t, func(_ *fixture, d *handlers.Deps) { d.Resets, d.Captcha = nil, nil })
	b := webtest.New(t, f.site)
	for _, path := range []string{"/reset", "/reset/practice", "/reset/" + changeID, "/reset/picture/picture-1", "/reset/sound/en/picture-1"} {
		if a := b.Get(path); a.Status != 404 {
			t.Errorf("GET %s = %d, want 404", path, a.Status)
		}
	}
	on := webtest.New(t, withRealPages(t).site)
	for _, path := range []string{"/signed-out", "/signin/callback", "/help"} {
		if off, there := b.Get(path).Body, on.Get(path).Body; strings.Contains(off, `"/reset"`) || !strings.Contains(there, `"/reset"`) {
			t.Errorf("%s: a way to the reset where it is off: %v, where it is on: %v", path, strings.Contains(off, `"/reset"`), strings.Contains(there, `"/reset"`))
		}
	}
}

func TestReset_NewWantsBothOrNeither(t *testing.T) {
	f := newFixture(t)
	for name, change := range map[string]func(*handlers.Deps){"no picture": func(d *handlers.Deps) { d.Captcha = nil }, "no journey": func(d *handlers.Deps) { d.Resets = nil },
		"a cookie for all hosts": func(d *handlers.Deps) { d.ResetCookie = "rekey-reset" }, "one name": func(d *handlers.Deps) { d.LinkCookie = d.ResetCookie }} {
		d := f.deps
		change(&d)
		if _, err := handlers.New(d); err == nil {
			t.Errorf("New with %s gives no error", name)
		}
	}
}
