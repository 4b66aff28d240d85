package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"rekey/internal/clock"
	"rekey/internal/config"
	"rekey/internal/web"
)

// TestRoutes_WEB1 walks the route table of the real site: every form without its token, with
// a foreign origin, and without the headers of a browser is refused, and nothing happens.
func TestRoutes_WEB1(t *testing.T) {
	s, d := startSiteWith(t)
	maya, _ := s.ordinary()
	v := s.visitor()
	v.signIn(maya)
	token := v.token()
	own := map[string]string{"Origin": s.base, "Sec-Fetch-Site": "same-origin"}
	tests := []struct {
		name    string
		headers map[string]string
		token   string
	}{
		{"without token", own, ""},
		{"with a made-up token", own, strings.Repeat("A", len(token))},
		{"with a foreign origin", map[string]string{"Origin": "https://evil.example"}, token},
		{"from the same site", map[string]string{"Sec-Fetch-Site": "same-site"}, token},
		{"with origin null", map[string]string{"Origin": "null"}, token},
		{"without headers", nil, token},
	}
	posts := 0
	for _, r := range d.App.site.(*web.Site).Routes() {
		if r.Method != http.MethodPost {
			continue
		}
		posts++
		path := strings.ReplaceAll(r.Path, ":id", uuid.NewString())
		for _, tt := range tests {
			req, err := http.NewRequest("POST", s.base+path, strings.NewReader(url.Values{"form_token": {tt.token}}.Encode()))
			if err != nil {
				t.Fatal(err)
			}
			if tt.token == "" {
				req.Body = http.NoBody
			}
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for k, x := range tt.headers {
				req.Header.Set(k, x)
			}
			if p := v.do(req); p.status != http.StatusForbidden {
				t.Errorf("POST %s %s: %d, want 403", path, tt.name, p.status)
			}
		}
	}
	if posts < 6 {
		t.Errorf("%d forms in the route table, want the ones of surface.md", posts)
	}
	if v.get("/").status != http.StatusOK || len(s.texts("")) != 0 {
		t.Error("a refused form had an effect")
	}
}

func TestRoutes_SignedOutPagesLeadToTheSignIn(t *testing.T) {
	s, d := startSiteWith(t)
	v := s.visitor()
	for _, r := range d.App.site.(*web.Site).Routes() {
		if r.Method != http.MethodGet || r.Access == "public" {
			continue
		}
		path := strings.ReplaceAll(r.Path, ":id", uuid.NewString())
		if p := v.get(path); p.status != http.StatusSeeOther || !strings.HasPrefix(p.location, "/signin?return_to=") {
			t.Errorf("GET %s signed out: %d %q, want the sign-in", path, p.status, p.location)
		}
	}
	for _, reserved := range []string{"/not-me/x", "/activity", "/desk", "/gateways/x/delivery", "/metrics", "/debug/pprof/"} {
		if p := v.get(reserved); p.status != http.StatusNotFound {
			t.Errorf("GET %s: %d, want 404", reserved, p.status)
		}
	}
}

// TestServe_HasNoDemoSurface starts the production process: there is no way to switch the
// demo's surface on.
func TestServe_HasNoDemoSurface(t *testing.T) {
	for _, field := range settingNames(reflect.TypeFor[config.Config]()) {
		for _, word := range []string{"demo", "emulat", "fake", "insecure", "debug"} {
			if strings.Contains(strings.ToLower(field), word) {
				t.Errorf("the configuration has a setting %s", field)
			}
		}
	}
	_, d := startSiteWith(t)
	setup := d.App.setup
	setup.Around, setup.Demo, setup.Instance = nil, false, ""
	setup.Config.Database = "sqlite::memory:"
	setup.Config.BaseURL = "https://rekey.example"
	setup.Clock = clock.System{}
	app, err := New(t.Context(), setup)
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	for _, path := range []string{"/_emulator/", "/_emulator/messages", "/_emulator/clock", "/_emulator/signin", "/_emulator/tenant"} {
		for _, method := range []string{"GET", "POST", "DELETE"} {
			w := httptest.NewRecorder()
			req := httptest.NewRequest(method, "https://rekey.example"+path, nil)
			app.server.Handler.ServeHTTP(w, req)
			if w.Code != http.StatusNotFound && w.Code != http.StatusForbidden && w.Code != http.StatusMethodNotAllowed {
				t.Errorf("%s %s in production: %d, want nothing there", method, path, w.Code)
			}
			if method == "GET" && w.Code != http.StatusNotFound {
				t.Errorf("GET %s in production: %d, want 404", path, w.Code)
			}
		}
	}
}

func settingNames(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		f := t.Field(i)
		names = append(names, f.Name, f.Tag.Get("key"))
		if f.Type.Kind() == reflect.Struct && strings.HasPrefix(f.Type.PkgPath(), "rekey/") {
			names = append(names, settingNames(f.Type)...)
		}
	}
	return names
}

func TestDemo_StaysOnThisComputer(t *testing.T) {
	s := startSite(t)
	port := s.base[strings.LastIndexByte(s.base, ':'):]
	ask := func(method, path, host string) page {
		req, err := http.NewRequest(method, s.base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		return s.visitor().do(req)
	}
	for _, host := range []string{"evil.example", "evil.example" + port, "127.0.0.1.evil.example", "10.0.0.1" + port, ""} {
		for _, path := range []string{"/", "/_emulator/", "/_emulator/messages"} {
			if host == "" {
				continue
			}
			if p := ask("GET", path, host); p.status != http.StatusMisdirectedRequest {
				t.Errorf("GET %s at %s: %d, want 421", path, host, p.status)
			}
		}
	}
	if p := ask("GET", "/contacts/mobile?x=1", "localhost"+port); p.status != http.StatusTemporaryRedirect || p.location != s.base+"/contacts/mobile?x=1" {
		t.Errorf("GET at localhost: %d %q, want the printed address", p.status, p.location)
	}
	if p := ask("GET", "/_emulator/messages", "localhost"+port); p.status != http.StatusOK {
		t.Errorf("the surface at localhost: %d, want 200", p.status)
	}
}

func TestBadInput_LosesNothing(t *testing.T) {
	s := startSite(t)
	maya, jonas := s.ordinary()
	v, other := s.visitor(), s.visitor()
	v.signIn(maya)
	other.signIn(jonas)
	change := v.begin(firstNew)
	token, code := v.token(), s.code(firstNew)
	tests := []struct {
		name, path, body string
		status           int
	}{
		{"10 kB of digits as a code", change, "form_token=" + token + "&code=" + strings.Repeat("1", 10_000), 422},
		{"10 kB of digits as a number", "/contacts/mobile", "form_token=" + token + "&country=US&number=" + strings.Repeat("1", 10_000), 422},
		{"NUL", change, "form_token=" + token + "&code=%00" + code, 400},
		{"invalid UTF-8", change, "form_token=" + token + "&code=%ff%fe", 400},
		{"a repeated field", change, "form_token=" + token + "&code=" + code + "&code=" + wrong(code), 400},
		{"a repeated token", change, "form_token=" + token + "&form_token=" + token + "&code=" + code, 400},
		{"another session's token", change, "form_token=" + other.token() + "&code=" + code, 403},
		{"a guessed change", "/changes/" + uuid.NewString(), "form_token=" + token + "&code=" + code, 404},
		{"no code", change, "form_token=" + token, 422},
		{"letters", change, "form_token=" + token + "&code=abcdef", 422},
		{"broken escapes", change, "form_token=" + token + "&code=%zz", 400},
		{"100 kB", change, "form_token=" + token + "&code=" + strings.Repeat("1", 100_000), 413},
	}
	for _, tt := range tests {
		req, err := http.NewRequest("POST", s.base+tt.path, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
		p := v.do(req)
		if p.status != tt.status || p.Find("h1").Length() != 1 || p.Find("main a, main button").Length() == 0 {
			t.Errorf("%s: %d with %d headings, want %d and a page with a way on", tt.name, p.status, p.Find("h1").Length(), tt.status)
		}
	}
	if p := v.send(change, "code", code); p.status != http.StatusSeeOther {
		t.Errorf("the right code after all that: %d, want accepted: no try was lost", p.status)
	}
	s.applied(maya, firstNew)
}

func TestSessionEnds_SES(t *testing.T) {
	s := startSite(t)
	maya, _ := s.ordinary()
	v := s.visitor()
	v.signIn(maya)
	token := v.token()
	before := map[string]string{}
	for k, x := range v.cookies {
		before[k] = x
	}
	v.signIn(maya) // a step-up
	old := s.visitor()
	old.cookies = before
	if p := old.get("/"); p.status != http.StatusSeeOther {
		t.Errorf("the secret from before the step-up: %d, want signed out (SES-2)", p.status)
	}
	if p := v.post("/zone", url.Values{"form_token": {token}, "zone": {"Europe/Berlin"}}); p.status != http.StatusNoContent {
		t.Errorf("a form from before the step-up: %d, want good: the row is the same", p.status)
	}
	if p := v.send("/signout"); p.status != http.StatusSeeOther || p.location != "/signed-out" {
		t.Errorf("signing out: %d %q", p.status, p.location)
	}
	if p := v.get("/"); p.status != http.StatusSeeOther {
		t.Errorf("after signing out: %d, want the sign-in", p.status)
	}
	v.signIn(maya)
	s.advance(31 * time.Minute)
	if p := v.get("/"); p.status != http.StatusSeeOther {
		t.Errorf("after 31 idle minutes: %d, want the sign-in (SES-4)", p.status)
	}
}

func TestNeverList_ProtectsTheBreakGlassAccount(t *testing.T) {
	s := startSite(t)
	v := s.visitor()
	v.signIn("emergency@fernhill.example")
	p := v.send("/contacts/mobile", "country", "US", "number", firstNew)
	if p.status != http.StatusForbidden || len(s.texts("")) != 0 {
		t.Errorf("a change of the break-glass account: %d with %d texts, want 403 and none", p.status, len(s.texts("")))
	}
}
