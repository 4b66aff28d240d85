package web_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"rekey/internal/fault"
	"rekey/internal/web"
	"rekey/internal/web/webtest"
)

func TestRoutes_WEB1_EveryPostIsProtected(t *testing.T) {
	f := newFixture(t)
	b, token := f.signedIn(t)
	posts := 0
	for _, route := range f.site.Routes() {
		if route.Method != http.MethodPost {
			continue
		}
		posts++
		if a := b.Post(at(route.Path), nil); a.Status != 403 {
			t.Errorf("POST %s without a token = %d, want 403", route.Path, a.Status)
		}
		if a := b.Do(webtest.Request(http.MethodPost, at(route.Path), "form_token="+token)); a.Status != 403 {
			t.Errorf("POST %s without headers = %d, want 403", route.Path, a.Status)
		}
	}
	if posts != 6 || len(f.effects) != 0 {
		t.Errorf("%d posts tried, effects %q, want 6 and none", posts, f.effects)
	}
}

func TestRoutes_SignedOutPagesLeadToTheSignIn(t *testing.T) {
	f := newFixture(t)
	b := webtest.New(t, f.site)
	for _, route := range f.site.Routes() {
		if route.Access != web.SignedIn || route.Method == http.MethodPost {
			continue
		}
		a := b.Do(webtest.Request(route.Method, at(route.Path)+"?a=secret", ""))
		want := web.SignInLink(at(route.Path), false)
		if a.Status != 303 || a.Location() != want {
			t.Errorf("%s %s = %d to %q, want 303 to %q", route.Method, route.Path, a.Status, a.Location(), want)
		}
	}
	if a := b.Get("/changes/x"); a.Status != 303 || a.Location() != "/signin?return_to=%2F" {
		t.Errorf("GET /changes/x = %d to %q", a.Status, a.Location())
	}
}

func TestReturnTo_OID5_LocalPagesOnly(t *testing.T) {
	f := newFixture(t)
	good := []string{"/", "/contacts/mobile", "/changes/" + anID}
	bad := []string{"", "contacts/mobile", "//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example",
		"https:/evil.example", "javascript:alert(1)", "/contacts/mobile?x=1", "/contacts/mobile#x", "/contacts//mobile",
		"/contacts/mobile/", "/contacts/../contacts/mobile", "/%2fevil.example", "/%5cevil.example", "/\tevil.example",
		"/\nLocation: x", "/contacts/mobile\r\n", "/\x00", "/signin", "/signin/callback", "/reset", "/healthz", "/nowhere",
		"/changes/1", "/changes/" + strings.ToUpper(anID), "/@evil.example", "/\u2215evil.example", " /", "/ ",
		"/" + strings.Repeat("a", 5000)}
	for _, path := range good {
		if got, ok := f.site.ReturnTo(path); !ok || got != path {
			t.Errorf("ReturnTo(%q) = %q, %v, want it back", path, got, ok)
		}
	}
	for _, path := range bad {
		if got, ok := f.site.ReturnTo(path); ok {
			t.Errorf("ReturnTo(%q) = %q, want refused", path, got)
		}
	}
}

func TestMethods_WEB2(t *testing.T) {
	f := newFixture(t)
	b, token := f.signedIn(t)
	tests := []struct {
		method, path string
		want         int
		allow        string
	}{
		{"OPTIONS", "/", 405, "GET, HEAD"},
		{"TRACE", "/", 405, "GET, HEAD"},
		{"PUT", "/contacts/mobile", 405, "GET, HEAD, POST"},
		{"DELETE", "/changes/" + anID, 405, "GET, HEAD, POST"},
		{"PATCH", "/changes/" + anID + "/resend", 405, "POST"},
		{"GET", "/changes/" + anID + "/resend", 405, "POST"},
		{"HEAD", "/changes/" + anID + "/resend", 405, "POST"},
		{"POST", "/", 405, "GET, HEAD"},
		{"POST", "/healthz", 405, "GET, HEAD"},
		{"PROPFIND", "/", 405, "GET, HEAD"},
		{"MADEUP", "/", 405, "GET, HEAD"},
		{"OPTIONS", "/nowhere", 404, ""},
		{"OPTIONS", "/static/x", 404, ""},
		{"GET", "/nowhere", 404, ""},
		{"POST", "/nowhere", 404, ""},
		{"GET", "/not-me/x", 404, ""},
		{"GET", "/contacts/mobile/", 404, ""},
		{"GET", "/contacts", 404, ""},
		{"HEAD", "/", 200, ""},
	}
	for _, tt := range tests {
		r := webtest.Request(tt.method, tt.path, "form_token="+token)
		webtest.OwnForm(r)
		a := b.Do(r)
		if a.Status != tt.want || a.Header.Get("Allow") != tt.allow {
			t.Errorf("%s %s = %d, Allow %q, want %d, %q", tt.method, tt.path, a.Status, a.Header.Get("Allow"), tt.want, tt.allow)
		}
	}
	r := webtest.Request(http.MethodPost, "/", "")
	webtest.OwnForm(r)
	r.Header.Set("X-HTTP-Method-Override", "GET")
	if a := b.Do(r); a.Status != 405 {
		t.Errorf("method override = %d, want 405", a.Status)
	}
}

func TestFaults_BecomeStatusCodes(t *testing.T) {
	f := newFixture(t)
	secret := errors.New("secret +12025550142")
	tests := []struct {
		err        error
		want       int
		key, retry string
	}{
		{fault.Wrap(fault.Malformed, "a.key", secret), 400, "a.key", ""},
		{fault.Wrap(fault.SignedOut, "a.key", secret), 401, "a.key", ""},
		{fault.Wrap(fault.StepUp, "a.key", secret), 403, "a.key", ""},
		{fault.Wrap(fault.Forbidden, "a.key", secret), 403, "a.key", ""},
		{fault.Wrap(fault.NotFound, "a.key", secret), 404, "a.key", ""},
		{fault.Wrap(fault.Conflict, "a.key", secret), 409, "a.key", ""},
		{fault.Wrap(fault.Gone, "a.key", secret), 410, "a.key", ""},
		{fault.Wrap(fault.Invalid, "a.key", secret), 422, "a.key", ""},
		{fault.Wrap(fault.Limited, "a.key", secret), 429, "a.key", "10"},
		{fault.Wrap(fault.Unavailable, "a.key", secret), 503, "a.key", "10"},
		{fault.Wrap(fault.Internal, "a.key", secret), 500, "a.key", ""},
		{&fault.Error{Kind: fault.Limited, Key: "a.key", Until: f.now.Add(61500 * time.Millisecond)}, 429, "a.key", "62"},
		{&fault.Error{Kind: fault.Unavailable, Key: "a.key", Until: f.now.Add(-time.Hour)}, 503, "a.key", "1"},
		{errors.Join(errors.New("outer"), fault.Wrap(fault.Gone, "a.key", secret)), 410, "a.key", ""},
		{secret, 500, "site.error", ""},
		{context.DeadlineExceeded, 503, "site.busy", "10"},
		{context.Canceled, 500, "site.error", ""},
		{echo.ErrNotFound, 404, "page.not-found", ""},
		{echo.ErrTeapot, 400, "form.malformed", ""},
		{echo.NewHTTPError(502, "secret"), 500, "site.error", ""},
		{echo.ErrStatusRequestEntityTooLarge, 413, "form.too-large", ""},
	}
	for _, tt := range tests {
		f.answer = tt.err
		a := webtest.New(t, f.site).Get("/fault")
		if a.Status != tt.want || a.Header.Get("Retry-After") != tt.retry {
			t.Errorf("page of %v = %d, Retry-After %q, want %d, %q", tt.err, a.Status, a.Header.Get("Retry-After"), tt.want, tt.retry)
		}
		has(t, a, tt.key)
		if strings.Contains(a.Body, "secret") || strings.Contains(a.Body, "0142") {
			t.Errorf("page of %v shows the cause: %s", tt.err, a.Body)
		}
		has(t, a, a.Header.Get("X-Request-Id"))
	}
}

func TestFaults_SharedOnesStayAsTheyAre(t *testing.T) {
	f := newFixture(t)
	shared := isFault(fault.Unavailable, "a.key")
	f.answer = shared
	webtest.New(t, f.site).Get("/fault")
	if !shared.Until.IsZero() {
		t.Errorf("Until = %v, want the fault untouched", shared.Until)
	}
}

func TestHeaders_WEB3_WEB4_OnEveryAnswer(t *testing.T) {
	f := newFixture(t)
	b, token := f.signedIn(t)
	f.answer = errors.New("x")
	large := webtest.Request(http.MethodPost, "/contacts/mobile", strings.Repeat("1", 70<<10))
	webtest.OwnForm(large)
	other := webtest.Request(http.MethodGet, "/", "")
	other.Host = "evil.example"
	answers := map[string]webtest.Answer{
		"200": b.Get("/"), "303": b.Post("/contacts/mobile", fields("form_token", token)), "400": b.Post("/contacts/mobile", fields("form_token", token, "x", "y")),
		"401": webtest.New(t, f.site).Post("/contacts/mobile", fields("form_token", token)), "403": b.Post("/contacts/mobile", nil),
		"404": b.Get("/nowhere"), "405": b.Do(webtest.Request("OPTIONS", "/", "")), "413": b.Do(large), "421": b.Do(other),
		"500": b.Get("/fault"), "health": b.Get("/healthz"), "panic": b.Get("/panic"), "half": b.Get("/half"),
	}
	want := map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store",
		"Strict-Transport-Security": "max-age=63072000; includeSubDomains", "Server": "", "X-Powered-By": "",
	}
	for name, a := range answers {
		if name[0] >= '0' && name[0] <= '9' && http.StatusText(a.Status) != http.StatusText(atoi(name)) {
			t.Errorf("%s: status = %d", name, a.Status)
		}
		for header, value := range want {
			if got := a.Header.Get(header); got != value {
				t.Errorf("%s: %s = %q, want %q", name, header, got, value)
			}
		}
		csp := a.Header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "font-src 'self'",
			"connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'", "object-src 'none'"} {
			if !strings.Contains(csp, part) {
				t.Errorf("%s: Content-Security-Policy = %q, want %q in it", name, csp, part)
			}
		}
		if a.Header.Get("X-Request-Id") == "" {
			t.Errorf("%s: no request id", name)
		}
		if a.Body != "" && !strings.Contains(a.Header.Get("Content-Type"), "charset=utf-8") {
			t.Errorf("%s: Content-Type = %q, want a charset", name, a.Header.Get("Content-Type"))
		}
	}
}

func atoi(s string) int {
	n := 0
	for _, r := range s {
		n = n*10 + int(r-'0')
	}
	return n
}

func TestHeaders_NoHSTSWithoutTLS(t *testing.T) {
	f := newFixture(t, func(o *web.Options) { o.BaseURL = "http://127.0.0.1:8080" })
	r := webtest.Request(http.MethodGet, "/healthz", "")
	if got := webtest.New(t, f.site).Do(r).Header.Get("Strict-Transport-Security"); got != "" {
		t.Errorf("Strict-Transport-Security = %q, want none over http", got)
	}
}

func TestHost_RST3_OnlyOurs(t *testing.T) {
	tests := []struct {
		base, host, path string
		want             int
	}{
		{webtest.Base, "rekey.example", "/reset", 200},
		{webtest.Base, "REKEY.example:443", "/reset", 200},
		{webtest.Base, "rekey.example:8443", "/reset", 421},
		{webtest.Base, "rekey.example.", "/reset", 421},
		{webtest.Base, "evil.example", "/reset", 421},
		{webtest.Base, "", "/reset", 421},
		{webtest.Base, "10.0.0.1:8080", "/healthz", 200},
		{webtest.Base, "10.0.0.1:8080", "/readyz", 200},
		{webtest.Base, "10.0.0.1:8080", "/nowhere", 421},
		{"http://127.0.0.1:8080", "127.0.0.1:8080", "/reset", 200},
		{"http://127.0.0.1:8080", "localhost:8080", "/reset", 421},
		{"http://[::1]:80", "[::1]", "/reset", 200},
	}
	for _, tt := range tests {
		f := newFixture(t, func(o *web.Options) { o.BaseURL = tt.base })
		r := webtest.Request(http.MethodGet, tt.path, "")
		r.Host = tt.host
		if a := webtest.New(t, f.site).Do(r); a.Status != tt.want {
			t.Errorf("Host %q at %s%s = %d, want %d", tt.host, tt.base, tt.path, a.Status, tt.want)
		}
	}
}

// Who is signed in stays so on the page of an address that is not there.
func TestProblem_NotFoundKeepsTheFrame(t *testing.T) {
	f := newFixture(t)
	b, token := f.signedIn(t)
	for _, r := range []*http.Request{webtest.Request(http.MethodGet, "/nowhere", ""), webtest.Request(http.MethodGet, "/changes/guess", ""),
		webtest.Request(http.MethodOptions, "/", "")} {
		if a := b.Do(r); a.Status/100 != 4 || !strings.Contains(a.Body, token) {
			t.Errorf("%s %s = %d %s, want the frame of who is signed in", r.Method, r.URL.Path, a.Status, a.Body)
		}
	}
	if a := webtest.New(t, f.site).Get("/nowhere"); a.Status != 404 || !strings.Contains(a.Body, "Viewer:<nil>") {
		t.Errorf("signed out = %d %s, want nobody named", a.Status, a.Body)
	}
}

func TestURL_RST3_FromConfigurationAlone(t *testing.T) {
	f := newFixture(t, func(o *web.Options) { o.BaseURL = "https://Rekey.Example:443/" })
	if got := f.site.URL("/x"); got != "https://rekey.example/x" {
		t.Errorf("URL(/x) = %q", got)
	}
}

func TestNew_NamesEveryMistake(t *testing.T) {
	for _, base := range []string{"", "rekey.example", "ftp://x", "https://", "https://x/path", "https://u@x", "https://x?y"} {
		if _, err := web.New(web.Options{BaseURL: base}); err == nil || !strings.Contains(err.Error(), "base URL") {
			t.Errorf("New(%q) = %v, want the base URL named", base, err)
		}
	}
	_, err := web.New(web.Options{FormCookie: "form", Languages: []string{"en_$"}})
	for _, part := range []string{"base URL", "__Host-", "option is missing", "language"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("New = %v, want %q in it", err, part)
		}
	}
}

func TestForm_StructsAreCheckedAtRegistration(t *testing.T) {
	f := newFixture(t)
	bad := map[string]func(){
		"no tag": func() { web.Form(f.site, "/x", func(*web.Context, struct{ A string }) error { return nil }) },
		"no string": func() {
			web.Form(f.site, "/x", func(*web.Context, struct {
				A int `form:"a"`
			}) error {
				return nil
			})
		},
		"not a struct": func() { web.Form(f.site, "/x", func(*web.Context, string) error { return nil }) },
		"the token": func() {
			web.Form(f.site, "/x", func(*web.Context, struct {
				A string `form:"form_token"`
			}) error {
				return nil
			})
		},
		"twice": func() {
			web.Form(f.site, "/x", func(*web.Context, struct {
				A string `form:"a"`
				B string `form:"a"`
			}) error {
				return nil
			})
		},
	}
	for name, register := range bad {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: registered, want a panic", name)
				}
			}()
			register()
		}()
	}
}

func TestAddress_ABU6(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("2001:db8:1::/48")}
	tests := []struct {
		name, remote, forwarded string
		proxies                 []netip.Prefix
		want                    string
	}{
		{"direct", "203.0.113.9:1", "", nil, "203.0.113.0/24"},
		{"header without proxies", "10.1.0.1:1", "203.0.113.9", nil, "10.1.0.0/24"},
		{"behind a proxy", "10.1.0.1:1", "203.0.113.9", proxies, "203.0.113.0/24"},
		{"forged hop before", "10.1.0.1:1", "198.51.100.1, 203.0.113.9", proxies, "203.0.113.0/24"},
		{"two proxies", "10.1.0.1:1", "203.0.113.9, 10.1.0.2", proxies, "203.0.113.0/24"},
		{"not our proxy", "10.2.0.1:1", "203.0.113.9", proxies, "10.2.0.0/24"},
		{"loopback is no proxy", "127.0.0.1:1", "203.0.113.9", proxies, "127.0.0.0/24"},
		{"garbage", "10.1.0.1:1", "x", proxies, "10.1.0.0/24"},
		{"IPv6", "[2001:db8:2:3:4::5]:1", "", nil, "2001:db8:2:3::/64"},
		{"IPv6 proxy", "[2001:db8:1::1]:1", "2001:db8:9:8:7::1", proxies, "2001:db8:9:8::/64"},
		{"mapped", "[::ffff:203.0.113.9]:1", "", nil, "203.0.113.0/24"},
		{"zone", "[fe80::1%eth0]:1", "", nil, "fe80::/64"},
		{"none", "", "", nil, ""},
	}
	for _, tt := range tests {
		f := newFixture(t, func(o *web.Options) { o.Proxies = tt.proxies })
		got := "unset"
		f.site.PublicPage("/address", func(c *web.Context) error {
			got = c.Address()
			return c.NoContent()
		})
		r := webtest.Request(http.MethodGet, "/address", "")
		r.RemoteAddr = tt.remote
		if tt.forwarded != "" {
			r.Header.Set("X-Forwarded-For", tt.forwarded)
		}
		webtest.New(t, f.site).Do(r)
		if got != tt.want {
			t.Errorf("%s: Address() = %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestPanic_IsContainedAndKeepsItsValues(t *testing.T) {
	f := newFixture(t)
	a := webtest.New(t, f.site).Get("/panic?secret=123456")
	if a.Status != 500 {
		t.Errorf("status = %d, want 500", a.Status)
	}
	has(t, a, "site.error")
	log := f.log.String()
	if !strings.Contains(log, "harness_test.go") || !strings.Contains(log, a.Header.Get("X-Request-Id")) {
		t.Errorf("log = %s, want where it happened and the request", log)
	}
	if strings.Contains(log, "123456") || strings.Contains(a.Body, "123456") {
		t.Errorf("the value of a panic shows: log %s, body %s", log, a.Body)
	}
}

func TestPage_ThatBreaksHalfWay(t *testing.T) {
	f := newFixture(t)
	if a := webtest.New(t, f.site).Get("/half"); a.Status != 500 || !strings.Contains(a.Body, "site.error") {
		t.Errorf("page = %d %s, want the error page", a.Status, a.Body)
	}
}

func TestLog_OneLineWithoutSecrets(t *testing.T) {
	f := newFixture(t)
	b, token := f.signedIn(t)
	r := webtest.Request(http.MethodPost, "/changes/"+anID+"?secret=query", fields("form_token", token, "code", "918273").Encode())
	webtest.OwnForm(r)
	r.Header.Set("User-Agent", "secret-agent")
	a := b.Do(r)
	lines := strings.Split(strings.TrimSpace(f.log.String()), "\n")
	if len(lines) != 1 {
		t.Fatalf("log = %q, want one line", lines)
	}
	for _, part := range []string{"method=POST", "route=/changes/:id", "status=303", "person=maya", "request=" + a.Header.Get("X-Request-Id")} {
		if !strings.Contains(lines[0], part) {
			t.Errorf("line = %s, want %q in it", lines[0], part)
		}
	}
	secrets := []string{"query", "918273", token, "secret-agent"}
	for _, c := range b.Cookies() {
		secrets = append(secrets, c.Value)
	}
	for _, secret := range secrets {
		if strings.Contains(lines[0], secret) {
			t.Errorf("line = %s, holds %q", lines[0], secret)
		}
	}
	f.log.Reset()
	b.Get("/918273")
	if strings.Contains(f.log.String(), "918273") {
		t.Errorf("log = %s, holds the address of a page that is not there", f.log)
	}
}

func TestHangUp_IsSilent(t *testing.T) {
	f := newFixture(t)
	f.answer = context.Canceled
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a := webtest.New(t, f.site).Do(webtest.Request(http.MethodGet, "/fault", "").WithContext(ctx))
	if a.Body != "" || !strings.Contains(f.log.String(), "status=499") || strings.Contains(f.log.String(), "ERROR") {
		t.Errorf("body = %q, log %s, want nothing but a line", a.Body, f.log)
	}
}

func TestSessions_DownIsAWait(t *testing.T) {
	f := newFixture(t)
	b, token := f.signedIn(t)
	f.rows.Break(errors.New("secret"))
	for name, a := range map[string]webtest.Answer{"page": b.Get("/"), "form": b.Post("/contacts/mobile", fields("form_token", token))} {
		if a.Status != 503 || a.Header.Get("Retry-After") == "" || len(f.effects) != 0 || strings.Contains(a.Body, "secret") {
			t.Errorf("%s = %d, Retry-After %q, effects %q", name, a.Status, a.Header.Get("Retry-After"), f.effects)
		}
	}
	if a := b.Get("/reset"); a.Status != 200 {
		t.Errorf("public page = %d, want 200", a.Status)
	}
}

func TestHealth(t *testing.T) {
	var ready error
	f := newFixture(t, func(o *web.Options) { o.Ready = func(context.Context) error { return ready } })
	b := webtest.New(t, f.site)
	if a := b.Get("/healthz"); a.Status != 200 || a.Body != "ok\n" {
		t.Errorf("/healthz = %d %q", a.Status, a.Body)
	}
	if a := b.Get("/readyz"); a.Status != 200 {
		t.Errorf("/readyz = %d, want 200", a.Status)
	}
	ready = errors.New("secret")
	if a := b.Get("/readyz"); a.Status != 503 || a.Header.Get("Retry-After") == "" || strings.Contains(a.Body, "secret") {
		t.Errorf("/readyz = %d %q, want 503 and to wait", a.Status, a.Body)
	}
	if a := b.Get("/healthz"); a.Status != 200 {
		t.Errorf("/healthz = %d, want 200: the process runs", a.Status)
	}
}

func TestStatic_MissingFilesGetOurPage(t *testing.T) {
	files := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		if r.URL.Path != "/static/there.css" {
			http.Error(w, "not here", http.StatusNotFound)
			return
		}
		_, _ = w.Write([]byte("a{}"))
	})
	f := newFixture(t, func(o *web.Options) { o.Static = files })
	b := webtest.New(t, f.site)
	a := b.Get("/static/there.css")
	if a.Status != 200 || a.Body != "a{}" || !strings.Contains(a.Header.Get("Cache-Control"), "immutable") || len(a.Header.Values("Cache-Control")) != 1 {
		t.Errorf("file = %d %q %v", a.Status, a.Body, a.Header)
	}
	if a.Header.Get("Content-Security-Policy") == "" || a.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers = %v, want ours as well", a.Header)
	}
	a = b.Get("/static/nothing.css")
	if a.Status != 404 || a.Header.Get("Cache-Control") != "no-store" || strings.Contains(a.Body, "not here") {
		t.Errorf("missing = %d %q %v", a.Status, a.Body, a.Header)
	}
	has(t, a, "page.not-found")
}

func TestLang_OfTheSessionThenOfTheBrowser(t *testing.T) {
	f := newFixture(t)
	tests := []struct{ session, browser, want string }{
		{"", "", "en"}, {"", "de-AT,en;q=0.5", "de"}, {"de", "en", "de"}, {"fr", "de", "de"},
		{"", "fr", "en"}, {"", ";;;q=", "en"}, {"", strings.Repeat("de,", 400), "en"},
	}
	for _, tt := range tests {
		b := webtest.New(t, f.site)
		d := maya()
		d.Language = tt.session
		b.SignIn(f.sessions, d)
		r := webtest.Request(http.MethodGet, "/", "")
		r.Header.Set("Accept-Language", tt.browser)
		has(t, b.Do(r), `lang="`+tt.want+`"`)
	}
}

func TestLang_AChoiceComesFirstAndTheOrganisationLast(t *testing.T) {
	f := newFixture(t, func(o *web.Options) { o.Languages, o.Language = []string{"en", "de", "ar", "en-XA"}, "de" })
	tests := []struct{ choice, session, browser, want string }{
		{"ar", "en", "de", "ar"},
		{"en-XA", "de", "de", "en-XA"},
		{"", "", "", "de"},
		{"", "", "fr", "de"},
		{"", "", "en-GB", "en"},
		{"", "", "en-US,en;q=0.9", "en"},
		{"", "en", "", "en"},
		{"", "ar", "%%%;q=x", "ar"},
		{"fr", "", "ar", "ar"},
		{"../en", "", "ar", "ar"},
	}
	for _, tt := range tests {
		b := webtest.New(t, f.site)
		d := maya()
		d.Language = tt.session
		b.SignIn(f.sessions, d)
		r := webtest.Request(http.MethodGet, "/", "")
		r.Header.Set("Accept-Language", tt.browser)
		if tt.choice != "" {
			r.AddCookie(&http.Cookie{Name: "__Host-rekey-language", Value: tt.choice})
		}
		has(t, b.Do(r), `lang="`+tt.want+`"`)
	}
}

func TestLocale_TheRegionIsThatOfTheFirstWishThatNamesOne(t *testing.T) {
	f := newFixture(t)
	var got string
	f.site.PublicPage("/locale", func(c *web.Context) error {
		got = c.Locale() + " " + c.Base().Region
		return c.NoContent()
	})
	tests := []struct{ choice, browser, want string }{
		{"", "en-US,en;q=0.9", "en-US US"},
		{"", "en,en-AU;q=0.9", "en-AU AU"},
		{"en", "de-AT,en-GB;q=0.5", "en-GB GB"},
		{"", "de-AT,en-GB;q=0.5", "de-AT AT"},
		{"", "en-001", "en "},
		{"", "en", "en "},
		{"de", "en-US", "de "},
	}
	for _, tt := range tests {
		r := webtest.Request(http.MethodGet, "/locale", "")
		r.Header.Set("Accept-Language", tt.browser)
		if tt.choice != "" {
			r.AddCookie(&http.Cookie{Name: "__Host-rekey-language", Value: tt.choice})
		}
		webtest.New(t, f.site).Do(r)
		if got != tt.want {
			t.Errorf("choice %q, browser %q: %q, want %q", tt.choice, tt.browser, got, tt.want)
		}
	}
}

func TestLocal_NoOtherHost(t *testing.T) {
	for raw, want := range map[string]string{"/": "/", "/sessions": "/sessions", "/no/page": "/no/page", "": "/", "sessions": "/",
		"//evil.example": "/", `/\evil.example`: "/", "/%2fevil.example": "/", "https://evil.example": "/", "/x?y=1": "/",
		"/x#y": "/", "/a\r\nSet-Cookie: b": "/", "/" + strings.Repeat("a", 200): "/"} {
		if got := web.Local(raw); got != want {
			t.Errorf("Local(%q) = %q, want %q", raw, got, want)
		}
	}
}

func TestLoadZone(t *testing.T) {
	for _, name := range []string{"Europe/Berlin", "UTC", "Asia/Amman"} {
		if zone, ok := web.LoadZone(name); !ok || zone.String() != name {
			t.Errorf("LoadZone(%q) = %v, %v, want it", name, zone, ok)
		}
	}
	for _, name := range []string{"", "Local", "../etc/passwd", "/etc/passwd", "Mars/Phobos", "\\x", strings.Repeat("a", 65)} {
		if zone, ok := web.LoadZone(name); ok {
			t.Errorf("LoadZone(%q) = %v, want refused", name, zone)
		}
	}
}

func TestNewServer_WEB5_Limits(t *testing.T) {
	f := newFixture(t)
	s := web.NewServer(f.site, slog.New(slog.DiscardHandler))
	if s.ReadHeaderTimeout != 5*time.Second || s.ReadTimeout != 15*time.Second || s.WriteTimeout != 30*time.Second ||
		s.IdleTimeout == 0 || s.MaxHeaderBytes != 32<<10 || !s.DisableGeneralOptionsHandler {
		t.Errorf("server = %+v", s)
	}
}
