package main

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/internal/config"
	"rekey/internal/emulator/tenant"
)

// The whole way, over the real client libraries: the new password signs in, the old one does
// not, and everybody is told.
func TestReset_RST1_RST10_TheWholeWay(t *testing.T) {
	s := startSite(t)
	mine := s.visitor()
	mine.signIn(admin)
	r := s.toWord()
	r.wantAt(wordPage)
	if p := r.goes("password", "P@ssw0rd2026", "password_again", "P@ssw0rd2026"); p.status != http.StatusUnprocessableEntity || strings.Contains(p.body, "P@ssw0rd2026") {
		t.Errorf("a password that everybody knows: %d", p.status)
	}
	if p := r.goes("password", newWord, "password_again", newWord); p.status != http.StatusSeeOther {
		t.Fatalf("the password: %d %s", p.status, strings.Join(strings.Fields(p.Find("main").Text()), " "))
	}
	r.wantAt(donePage)
	if p := r.get("/"); p.status != http.StatusSeeOther {
		t.Errorf("the browser of the reset is signed in: %d (SES-2)", p.status)
	}
	if p := mine.get("/"); p.status != http.StatusSeeOther {
		t.Errorf("a session from before goes on: %d (RST-10)", p.status)
	}
	if s.typesAtMicrosoft(admin, tenant.Password) {
		t.Error("Microsoft takes the old password")
	}
	if !s.typesAtMicrosoft(admin, newWord) {
		t.Error("Microsoft does not take the new password")
	}
	for _, to := range []string{admin, adminEmail, adminPhone, "daniel.achebe@fernhill.example", "identity@fernhill.example"} {
		s.soon(to+" is told", func() bool {
			return slices.ContainsFunc(s.notices(to), func(m text) bool { return strings.Contains(m.Text, "password") && !strings.Contains(m.Text, "?link=") })
		})
	}
	s.until(15*time.Second, "the sessions are revoked at Microsoft", func() bool {
		return slices.ContainsFunc(s.requests(), func(q seen) bool { return strings.HasSuffix(q.Path, "/revokeSignInSessions") && q.Status == 200 })
	})
}

// Of the first page nobody learns whose names there are: nothing is asked of anybody before
// the answer, and all answers are the same.
func TestReset_RST2_NothingBeforeTheAnswer_AllAlike(t *testing.T) {
	s := startSite(t)
	s.quiet()
	users := map[string]string{"good": admin, "unknown": "nobody@fernhill.example", "employee": "maya.okafor@fernhill.example",
		"disabled": "yara.costa@fernhill.example", "no phone": "bruno.silva@fernhill.example", "no email": "mei.tanaka@fernhill.example",
		"synchronised": "oscar.brandt@fernhill.example", "never-list": "emergency@fernhill.example", "guest": "ana.souza_birchwood.example#EXT#@fernhill.example",
		"eligible": "noor.rahimi@fernhill.example", "group": "elif.kaya@fernhill.example"}
	var first, second, third string
	for name, user := range users {
		before, sent := len(s.requests()), len(s.messages(""))
		v := s.visitor()
		p := v.asks(user)
		if calls := s.requests()[before:]; len(calls) != 0 {
			t.Errorf("%s: %v before the answer", name, calls)
		}
		for _, m := range s.messages("")[sent:] {
			if m.Channel != "picture" {
				t.Errorf("%s: a message to %s before the answer", name, m.To)
			}
		}
		answer, page := same(fmt.Sprint(p.status, p.header, p.body)), same(fmt.Sprint(v.get(p.location).status, v.get(p.location).body))
		if first == "" {
			first, second = answer, page
		}
		if answer != first {
			t.Errorf("%s: the answer is\n%s\nwant\n%s", name, answer, first)
		}
		if page != second {
			t.Errorf("%s: the page differs", name)
		}
		r := &resetter{v, p.location}
		letters := same(r.goes("code", "BBBB-BBBB").body)
		if third == "" {
			third = letters
		}
		if letters != third {
			t.Errorf("%s: the answer to wrong letters differs", name)
		}
	}
	// Those who may get the link, and nobody else, whatever the reason.
	for _, to := range []string{adminEmail, "noor@rahimi.example", "elif@kaya.example"} {
		s.mailed(to, 1)
	}
	for to, words := range map[string]string{"oscar@brandt.example": "aka.ms/sspr", "maya.okafor@fernhill.example": "administrators", "bruno@silva.example": "phone",
		"mei.tanaka@fernhill.example": "alternate email"} {
		s.soon(to+" is told why not", func() bool {
			return slices.ContainsFunc(s.messages(to), func(m text) bool { return strings.Contains(m.Text, words) && !strings.Contains(m.Text, "?link=") })
		})
	}
	links := 0
	for _, m := range s.messages("") {
		links += strings.Count(m.Text, "?link=")
	}
	if links != 3 {
		t.Errorf("%d links were sent, want 3", links)
	}
}

var nonces = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[A-Za-z0-9_-]{43,}|\d{1,2}:\d\d(:\d\d)?|20\d\d-\d\d-\d\dT[^"]*|Date:\[[^\]]*\]|data-[a-z-]+="\d+"`)

// same leaves out of an answer what is new in each: ids, tokens, times.
func same(text string) string { return nonces.ReplaceAllString(text, "…") }

// Steps in every order: nothing is skipped, nothing happens twice.
func TestReset_RST1_OrdersAndOmissions(t *testing.T) {
	s := startSite(t)
	r := s.begins(admin)
	out := func(what string, p page) {
		t.Helper()
		if p.status == http.StatusOK || p.status >= 500 {
			t.Errorf("%s: %d", what, p.status)
		}
	}
	token := hidden(r.get(r.path), "form_token")
	out("a password at the first step", r.post(r.path, url.Values{"form_token": {token}, "password": {newWord}, "password_again": {newWord}}))
	out("a code at the first step", r.goes("code", "123456"))
	out("a resend at the first step", r.post(r.path+"/resend", url.Values{"form_token": {token}}))
	r.wantAt(mailPage)
	r.opens(s.mailed(adminEmail, 1))
	r.wantAt(linkPage)
	r.get(r.path)
	r.goes()
	r.wantAt(codePage)
	out("a password at the second step", r.post(r.path, url.Values{"form_token": {token}, "password": {newWord}, "password_again": {newWord}}))
	r.wantAt(codePage)
	for range 3 {
		r.get(r.path)
	}
	code := s.code(adminPhone)
	if n := len(s.texts(adminPhone)); n != 1 {
		t.Errorf("%d texts, want 1", n)
	}
	r.goes("code", code)
	out("the same code again", r.post(r.path, url.Values{"form_token": {token}, "code": {code}}))
	r.wantAt(wordPage)
	r.goes("password", newWord, "password_again", newWord)
	out("another password afterwards", r.post(r.path, url.Values{"form_token": {token}, "password": {newWord + "2"}, "password_again": {newWord + "2"}}))
	r.wantAt(donePage)
	if !s.typesAtMicrosoft(admin, newWord) || s.typesAtMicrosoft(admin, newWord+"2") {
		t.Error("the password is not the one of the third step")
	}
}

// A link that names another host could lead the owner of the mailbox anywhere: nothing that a
// browser sends is in it.
func TestReset_RST3_HostsNeverReachAMail(t *testing.T) {
	s := startSite(t)
	for n, header := range []map[string]string{
		{"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-Server": "evil.example"},
		{"Forwarded": "host=evil.example;proto=https", "X-Host": "evil.example", "X-Original-Host": "evil.example", "X-Rewrite-URL": "https://evil.example/"},
		{"Referer": "https://evil.example/reset", "X-Original-URL": "/reset?host=evil.example"},
	} {
		v := s.visitor()
		p := v.get("/reset")
		form := url.Values{"form_token": {hidden(p, "form_token")}, "picture": {hidden(p, "picture")}, "user": {admin}, "characters": {s.picture()}}
		req, _ := http.NewRequest("POST", s.base+"/reset", strings.NewReader(form.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", s.base)
		req.Header.Set("Sec-Fetch-Site", "same-origin")
		for k, value := range header {
			req.Header.Set(k, value)
		}
		if p := v.do(req); p.status != http.StatusSeeOther {
			t.Fatalf("%v: %d", header, p.status)
		}
		s.mailed(adminEmail, n+1)
	}
	for _, m := range s.messages("") {
		if strings.Contains(m.Text+m.Subject, "evil") || strings.Contains(m.Text, "?link=") && !strings.Contains(m.Text, s.base+"/reset/") {
			t.Errorf("a mail to %s says %q", m.To, m.Text)
		}
	}
	req, _ := http.NewRequest("GET", s.base+"/reset", nil)
	req.Host = "evil.example"
	if p := s.visitor().do(req); p.status != http.StatusMisdirectedRequest {
		t.Errorf("another Host: %d, want 421", p.status)
	}
}

// Whatever the form says, there is one recipient, and it is the directory's.
func TestReset_RST8_OneRecipient(t *testing.T) {
	s := startSite(t)
	v := s.visitor()
	for name, fields := range map[string]url.Values{
		"two users":      {"user": {admin, "mallory@evil.example"}},
		"a list":         {"user[]": {admin, "mallory@evil.example"}},
		"an address too": {"user": {admin}, "email": {"mallory@evil.example"}},
		"a destination":  {"user": {admin}, "to": {"mallory@evil.example"}},
		"commas":         {"user": {admin + ",mallory@evil.example"}},
		"a line break":   {"user": {admin + "\r\nBcc: mallory@evil.example"}},
		"an object":      {"user": {`{"user":"` + admin + `"}`}},
	} {
		p := v.get("/reset")
		fields.Set("form_token", hidden(p, "form_token"))
		fields.Set("picture", hidden(p, "picture"))
		fields.Set("characters", s.picture())
		if p := v.post("/reset", fields); p.status != http.StatusBadRequest && p.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d, want it refused", name, p.status)
		}
	}
	s.begins(admin)
	s.mailed(adminEmail, 1)
	for _, m := range s.messages("") {
		if m.Channel == "mail" && m.To != adminEmail {
			t.Errorf("a mail went to %s", m.To)
		}
	}
}

func TestReset_PictureOnce(t *testing.T) {
	s := startSite(t)
	v := s.visitor()
	p := v.get("/reset")
	right := s.picture()
	for _, path := range []string{p.Find("img.puzzle").AttrOr("src", ""), p.Find("audio").AttrOr("src", "")} {
		if got := v.get(path); got.status != http.StatusOK || len(got.body) < 500 || !strings.Contains(got.header.Get("Cache-Control"), "no-store") {
			t.Errorf("%s: %d, %d bytes, %s", path, got.status, len(got.body), got.header.Get("Cache-Control"))
		}
	}
	if got := v.answers(p, admin, wrong(right)); got.status != http.StatusUnprocessableEntity || hidden(got, "picture") == hidden(p, "picture") || got.Find("#user").AttrOr("value", "") != admin {
		t.Errorf("wrong characters: %d, want a new picture and what was typed", got.status)
	}
	if got := v.answers(p, admin, right); got.status != http.StatusUnprocessableEntity {
		t.Errorf("the first picture once more: %d, want 422", got.status)
	}
	other := s.visitor().get("/reset")
	right = s.picture()
	if got := v.answers(other, admin, right); got.status != http.StatusForbidden {
		t.Errorf("the form of another browser: %d, want 403 (WEB-1)", got.status)
	}
}

// The identity that can set passwords does what resets need and nothing else; no other one
// sets a password (OID-6).
func TestReset_OID6_ItsIdentityIsUsedForNothingElse(t *testing.T) {
	s := startSite(t)
	maya, _ := s.ordinary()
	v := s.visitor()
	v.signIn(maya)
	change := v.begin(firstNew)
	v.send(change, "code", s.code(firstNew))
	s.applied(maya, firstNew)
	v.send("/snapshot/refresh")
	v.send("/sessions/revoke")
	v.get("/new-phone")
	s.until(10*time.Second, "the sessions are revoked", func() bool {
		return slices.ContainsFunc(s.requests(), func(q seen) bool { return strings.HasSuffix(q.Path, "/revokeSignInSessions") })
	})
	for _, q := range s.requests() {
		if q.Caller == "Rekey reset" && q.Part == "graph" && !strings.HasSuffix(q.Path, "/policies/authorizationPolicy") {
			t.Errorf("%s %s by the reset identity, and nobody resets", q.Method, q.Path)
		}
	}
	r := s.toWord()
	r.goes("password", newWord, "password_again", newWord)
	r.wantAt(donePage)
	writes := 0
	for _, q := range s.requests() {
		set := q.Method == "PATCH" && !strings.Contains(q.Path, "/authentication/")
		if set && q.Caller != "Rekey reset" {
			t.Errorf("%s sets a password", q.Caller)
		}
		if q.Caller == "Rekey reset" && q.Part == "graph" && q.Method != "GET" {
			writes++
			if !set {
				t.Errorf("the reset identity does %s %s", q.Method, q.Path)
			}
		}
	}
	if writes != 1 {
		t.Errorf("%d writes by the reset identity, want 1", writes)
	}
}

// The tenant that lets no administrator reset is obeyed: before a mail goes out, and on the
// page as soon as it is known.
func TestReset_TheTenantsSwitch(t *testing.T) {
	s, d := startSiteWith(t)
	s.quiet()
	if err := d.Emulator.Tenant().UpdatePolicies(func(p *tenant.Policies) { p.ResetForAdministrators = false }); err != nil {
		t.Fatal(err)
	}
	s.begins(admin)
	s.soon("she is told", func() bool {
		return slices.ContainsFunc(s.messages(adminEmail), func(m text) bool { return strings.Contains(m.Text, "does not allow") })
	})
	if p := s.visitor().get("/reset"); p.Find("form[action='/reset']").Length() != 0 {
		t.Error("the page offers what the tenant forbids")
	}
	if n := len(s.links(adminEmail)); n != 0 {
		t.Errorf("%d links", n)
	}
}

// A process of the reset role serves that alone; one of the other roles does not serve it.
func TestRoles_ResetServesResetAlone(t *testing.T) {
	s, d := startSiteWith(t, func(c *demoCommand) { c.roles = []config.Role{config.Reset} })
	v := s.visitor()
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/reset": 200, "/": 404, "/signin": 404, "/contacts/mobile": 404, "/sessions": 404, "/new-phone": 404} {
		if p := v.get(path); p.status != want {
			t.Errorf("%s of the reset role = %d, want %d", path, p.status, want)
		}
	}
	r := s.toWord()
	r.goes("password", newWord, "password_again", newWord)
	r.wantAt(donePage)
	if d.App.sealer != nil || d.App.service != nil {
		t.Error("a process of the reset role does other work")
	}
	for _, q := range s.requests() {
		if q.Part == "graph" && q.Caller != "Rekey reset" {
			t.Errorf("it calls Graph as %s: %s %s", q.Caller, q.Method, q.Path)
		}
	}
	s = startSite(t, func(c *demoCommand) { c.roles = []config.Role{config.Web, config.Worker} })
	if p := s.visitor().get("/reset"); p.status != http.StatusNotFound {
		t.Errorf("/reset of web and worker = %d, want 404", p.status)
	}
}

// A practice run goes the whole way for real and writes nothing; its date is on the page of
// security info.
func TestReset_PracticeRun(t *testing.T) {
	s := startSite(t)
	v := s.visitor()
	v.signIn(admin)
	if p := v.get("/"); !strings.Contains(p.body, "/reset/practice") {
		t.Error("security info does not offer the practice run to an administrator")
	}
	p := v.get("/reset/practice")
	p = v.post("/reset/practice", url.Values{"form_token": {hidden(p, "form_token")}})
	if p.status != http.StatusSeeOther {
		t.Fatalf("the practice run: %d %s", p.status, strings.Join(strings.Fields(p.Find("main").Text()), " "))
	}
	r := &resetter{v, p.location}
	r.opens(s.mailed(adminEmail, 1))
	r.goes()
	r.goes("code", s.code(adminPhone))
	if p := r.goes("password", newWord, "password_again", newWord); p.status != http.StatusSeeOther {
		t.Errorf("its last step: %d", p.status)
	}
	if s.typesAtMicrosoft(admin, newWord) || !s.typesAtMicrosoft(admin, tenant.Password) {
		t.Error("a practice run changed the password")
	}
	if body := v.get("/").body; !strings.Contains(body, "ractice") {
		t.Error("security info does not tell of the practice run")
	}
	maya, _ := s.ordinary()
	w := s.visitor()
	w.signIn(maya)
	if strings.Contains(w.get("/").body, "/reset/practice") {
		t.Error("security info offers the practice run to an employee")
	}
}

// The process is killed while it writes the password: the next one says that nobody knows,
// and tells everybody.
func TestReset_AVL4_KilledWhileItWrites(t *testing.T) {
	data := t.TempDir()
	s, cmd := process(t, "--listen", "127.0.0.1:0", "--data", data)
	r := s.toWord()
	before := len(s.requests())
	s.fault(fault{"part": "graph", "kind": "delay", "seconds": 3, "times": 9})
	form := url.Values{"form_token": {r.get(r.path).Find(`form[action="`+r.path+`"] input[name=form_token]`).AttrOr("value", "")}, "password": {newWord}, "password_again": {newWord}}
	go r.try(r.path, form)
	s.until(30*time.Second, "the last read before the write is done", func() bool {
		return slices.ContainsFunc(s.requests()[before:], func(q seen) bool { return strings.HasSuffix(q.Path, "/authentication/methods") })
	})
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	again, _ := process(t, "--listen", strings.TrimPrefix(s.base, "http://"), "--data", data)
	r.site = again
	r.wantAt(wordPage)
	again.advance(61 * time.Second)
	if got := r.at(); !strings.Contains(got, "cannot say") {
		t.Errorf("the page is %q, want that nobody can say", got)
	}
	for _, to := range []string{admin, adminPhone, "daniel.achebe@fernhill.example"} {
		again.until(20*time.Second, to+" is told", func() bool { return len(again.notices(to)) > 0 })
	}
}
