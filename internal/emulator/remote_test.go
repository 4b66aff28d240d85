package emulator

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"rekey/internal/emulator/tenant"
)

func (s *second) send(t *testing.T, method, url, token, body string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("client-request-id", "11111111-2222-3333-4444-555555555555")
	res, err := s.Transport().RoundTrip(req)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { res.Body.Close() })
	if res.Request != req {
		t.Error("the answer names another request")
	}
	return res, nil
}

func TestRemoteTransport(t *testing.T) {
	d := newFirst(t)
	s := joinDemo(t, d)
	const graph = "https://graph.microsoft.com/v1.0/users/"
	text := `{"from":"Fernhill","to":"+14255550142","text":"12 34","id":"m1"}`
	for _, c := range []struct {
		name, method, url, token, body string
		want                           int
	}{
		{"a user", "GET", graph + "maya.okafor%40fernhill.example", d.worker(), "", 200},
		{"a guest, whose name needs escapes", "GET", graph + "ana.souza_birchwood.example%23EXT%23@fernhill.example?$select=id", d.worker(), "", 200},
		{"a port that is the usual one", "GET", "https://GRAPH.microsoft.com:443/v1.0/users/" + maya, d.worker(), "", 200},
		{"an untidy path", "GET", graph + "/authentication/methods", d.worker(), "", 400},
		{"no token", "GET", graph + maya, "x", "", 401},
		{"a write", "PATCH", graph + maya + "/authentication/phoneMethods/" + tenant.MobileID, d.worker(), `{"phoneNumber":"+1 4255550199"}`, 204},
		{"a text", "POST", "https://sms.gateway.example/v1/messages", "key", text, 202},
		{"a text with a wrong key", "POST", "https://sms.gateway.example/v1/messages", "x", text, 401},
		{"discovery", "GET", "https://login.microsoftonline.com/" + d.Tenant().ID() + "/v2.0/.well-known/openid-configuration", "", "", 200},
	} {
		res, err := s.send(t, c.method, c.url, c.token, c.body)
		if err != nil || res.StatusCode != c.want {
			t.Errorf("%s: %s %s = %v, %v, want %d", c.name, c.method, c.url, res, err, c.want)
			continue
		}
		if strings.Contains(c.url, "graph") && res.Header.Get("client-request-id") != "11111111-2222-3333-4444-555555555555" {
			t.Errorf("%s: client-request-id = %q, want the caller's", c.name, res.Header.Get("client-request-id"))
		}
	}
	if d.number() != "+1 4255550199" || len(d.Tenant().Messages("+14255550142", "")) != 1 {
		t.Errorf("number %q, %d texts, want both to have been done", d.number(), len(d.Tenant().Messages("", "")))
	}
	for _, r := range d.Tenant().Requests("") {
		if strings.Contains(r.Path, "_emulator") {
			t.Errorf("recorded path %q, want the service's own", r.Path)
		}
	}
}

// TestRemoteTransport_Discovery: the document is the one that clients of Microsoft see, with
// the browser's part at the first.
func TestRemoteTransport_Discovery(t *testing.T) {
	d := newFirst(t)
	s := joinDemo(t, d)
	res, err := s.send(t, "GET", "https://login.microsoftonline.com/"+d.Tenant().ID()+"/v2.0/.well-known/openid-configuration", "", "")
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	decode(t, res, &got)
	if token, _ := got["token_endpoint"].(string); !strings.HasPrefix(token, "https://login.microsoftonline.com/") {
		t.Errorf("token_endpoint = %q, want it at Microsoft's host", token)
	}
	if authorize, _ := got["authorization_endpoint"].(string); !strings.HasPrefix(authorize, d.BaseURL()) {
		t.Errorf("authorization_endpoint = %q, want it at %s", authorize, d.BaseURL())
	}
}

func TestRemoteTransport_RefusesOtherHosts(t *testing.T) {
	d := newFirst(t)
	s := joinDemo(t, d)
	for _, url := range []string{"https://example.com/", "http://graph.microsoft.com/v1.0/me", "https://graph.microsoft.com.example/",
		"https://login.microsoftonline.com:8443/", d.server.URL + "/", "https://127.0.0.1/"} {
		body := &closing{Reader: strings.NewReader("{}")}
		req, err := http.NewRequest(http.MethodPost, url, body)
		if err != nil {
			t.Fatal(err)
		}
		if res, err := s.Transport().RoundTrip(req); err == nil || !body.closed {
			t.Errorf("RoundTrip(%q) = %v, body closed %v, want an error and the body closed", url, res, body.closed)
		}
	}
	if got := d.ask(t, "GET", "/hosts/example.com/", "", nil).StatusCode; got != 404 {
		t.Errorf("GET another host at the first = %d, want 404", got)
	}
}

func TestRemoteTransport_Faults(t *testing.T) {
	d := newFirst(t)
	s := joinDemo(t, d)
	change := func(number string) (*http.Response, error) {
		return s.send(t, "PATCH", "https://graph.microsoft.com/v1.0/users/"+maya+"/authentication/phoneMethods/"+tenant.MobileID, d.worker(), `{"phoneNumber":"`+number+`"}`)
	}
	s.ask(t, "POST", "/faults", `{"part":"graph","kind":"status","status":429,"retry_after":7}`, nil)
	if res, err := change("+1 4255550198"); err != nil || res.StatusCode != 429 || res.Header.Get("Retry-After") != "7" {
		t.Errorf("change under 429 = %v, %v, want it with Retry-After", res, err)
	}
	s.ask(t, "POST", "/faults", `{"part":"graph","kind":"hangup-after"}`, nil)
	if res, err := change("+1 4255550199"); err == nil {
		t.Errorf("change under a hang-up = %d, want a line that was cut", res.StatusCode)
	}
	if d.number() != "+1 4255550199" || len(d.Tenant().Requests("")) != 2 {
		t.Errorf("number = %q after %d requests, want the write done once", d.number(), len(d.Tenant().Requests("")))
	}
	s.ask(t, "POST", "/faults", `{"part":"graph","kind":"delay","seconds":3600}`, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://graph.microsoft.com/v1.0/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Transport().RoundTrip(req); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("delayed request = %v, want %v", err, context.DeadlineExceeded)
	}
}

func TestRemoteHandler_IsTheFirsts(t *testing.T) {
	d := newFirst(t)
	s := joinDemo(t, d)
	for _, c := range []struct {
		method, path, body string
		want               int
	}{
		{"GET", "/", "", 200}, {"GET", "/tenant", "", 200}, {"GET", "/handsets/+14255550142", "", 200}, {"GET", "/nothing", "", 404},
		{"GET", "/people/ana.souza_birchwood.example%23EXT%23@fernhill.example", "", 200}, {"POST", "/messages", "", 405},
		{"POST", "/handsets/+14255550142", `{"working":false}`, 200}, {"DELETE", "/faults", "", 204}, {"GET", "/signin", "", 405},
	} {
		if got := s.ask(t, c.method, c.path, c.body, nil).StatusCode; got != c.want {
			t.Errorf("%s %s = %d, want %d", c.method, c.path, got, c.want)
		}
	}
	if h, _ := d.Tenant().Handset("+14255550142"); h.Working {
		t.Error("the handset works, want it off at the first")
	}
	d.ask(t, "POST", "/faults", `{"part":"graph","kind":"hangup-after"}`, nil)
	req, err := http.NewRequest(http.MethodPatch, s.server.URL+Prefix+"/graph/v1.0/users/"+maya+"/authentication/phoneMethods/"+tenant.MobileID,
		strings.NewReader(`{"phoneNumber":"+1 4255550199"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+d.worker())
	req.Header.Set("Content-Type", "application/json")
	if res, err := s.server.Client().Do(req); err == nil {
		t.Errorf("PATCH = %d, want a connection that was cut", res.StatusCode)
	}
	d.server.CloseClientConnections()
	d.server.Close()
	if res := s.ask(t, "GET", "/tenant", "", nil); res.StatusCode != 503 || res.Header.Get("Retry-After") == "" {
		t.Errorf("GET /tenant without the first = %d, want 503 with Retry-After", res.StatusCode)
	}
}

// TestRemoteHandler_Forms: the pages' own forms work through the replica, those of another
// site's pages do not.
func TestRemoteHandler_Forms(t *testing.T) {
	d := newFirst(t)
	s := joinDemo(t, d)
	for origin, want := range map[string]int{s.server.URL: 303, "https://evil.example": 403, "null": 403, d.server.URL: 403} {
		req, err := http.NewRequest(http.MethodPost, s.server.URL+Prefix+"/devices/handsets/+14255550142/off", strings.NewReader(url.Values{}.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", origin)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res, err := s.server.Client().Transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want || want == 303 && !strings.HasPrefix(res.Header.Get("Location"), Prefix) {
			t.Errorf("form from %q = %d to %q, want %d", origin, res.StatusCode, res.Header.Get("Location"), want)
		}
	}
	r := httptest.NewRequest(http.MethodGet, s.server.URL+Prefix+"/tenant", nil)
	r.RemoteAddr = "203.0.113.9:4000"
	rec := httptest.NewRecorder()
	if s.Handler().ServeHTTP(rec, r); rec.Code != http.StatusForbidden {
		t.Errorf("GET /tenant from another computer = %d, want 403", rec.Code)
	}
}

// TestRemoteSignIn goes through the replica's own sign-in and callback.
func TestRemoteSignIn(t *testing.T) {
	d := newFirst(t)
	s := joinDemo(t, d)
	s.site = siteAt(s.server.URL, d.BaseURL(), d.Tenant().ID(), http.StatusSeeOther)
	sign := func(body string) (*http.Response, map[string]any) {
		req, err := http.NewRequest(http.MethodPost, s.server.URL+Prefix+"/signin", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Cookie", "kept=1")
		res, err := s.server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var got map[string]any
		decode(t, res, &got)
		return res, got
	}
	for _, body := range []string{`{"user":"` + maya + `","fresh":true}`, `{"user":"` + maya + `","fresh":false,"strong":false}`} {
		res, got := sign(body)
		if res.StatusCode != 200 || got["location"] != s.server.URL+"/" || len(res.Cookies()) == 0 {
			t.Errorf("POST /signin %s = %d %v, want to be signed in at %s", body, res.StatusCode, got, s.server.URL)
		}
	}
	for body, want := range map[string]int{`{"user":"nobody@fernhill.example"}`: 404, `{"user":"peter.novak@fernhill.example"}`: 409, `x`: 400} {
		if res, got := sign(body); res.StatusCode != want || got["error"] == "" || got["error"] == nil {
			t.Errorf("POST /signin %s = %d %v, want %d and a sentence", body, res.StatusCode, got, want)
		}
	}
	if got := d.ask(t, "POST", "/join/nobody/authorize", `{"authorize_url":"x","user":"`+maya+`"}`, nil).StatusCode; got != 404 {
		t.Errorf("a sign-in for an unknown replica = %d, want 404", got)
	}
}

// TestHeaders: no answer below /_emulator/ is read by another site's page as something else.
func TestHeaders(t *testing.T) {
	d := newDemo(t)
	for _, path := range []string{"/messages", "/tenant", "/requests", "/nothing", "/faults", "/graph/v1.0/me",
		"/entra/" + d.Tenant().ID() + "/v2.0/.well-known/openid-configuration", "/"} {
		res := d.ask(t, "GET", path, "", nil)
		if res.Header.Get("X-Content-Type-Options") != "nosniff" || res.Header.Get("Cross-Origin-Resource-Policy") != "same-origin" {
			t.Errorf("GET %s has headers %v, want nosniff and a resource policy", path, res.Header)
		}
	}
}

// TestLogs_HoldNoSecrets: what replicas are handed is written nowhere.
func TestLogs_HoldNoSecrets(t *testing.T) {
	var log bytes.Buffer
	d := newFirst(t, func(o *Options) { o.Log, o.GatewayKey = testLog(&log), "gateway-secret" })
	s := joinDemo(t, d)
	s.o.Log = testLog(&log)
	d.replicas.known = nil // as if the first had been restarted
	if err := s.catchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "joined again") {
		t.Errorf("log = %q, want a line about joining again", log.String())
	}
	for _, secret := range []string{"k1", d.Mail().Password, d.GatewayKey()} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("log holds %q", secret)
		}
	}
}

func testLog(w *bytes.Buffer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
