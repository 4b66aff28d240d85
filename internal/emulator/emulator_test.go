package emulator

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rekey/internal/clock"
	"rekey/internal/emulator/tenant"
)

// demo is an emulator behind a real listener, with a clock that stands still.
type demo struct {
	*Emulator
	clock  *clock.Movable
	server *httptest.Server
	woken  int
}

const (
	webID    = "aaaaaaaa-0000-4000-8000-000000000001"
	workerID = "aaaaaaaa-0000-4000-8000-000000000002"
	maya     = "maya.okafor@fernhill.example"
)

func newDemo(t *testing.T, change ...func(*Options)) *demo {
	t.Helper()
	d := &demo{clock: clock.NewMovable(clock.Func(func() time.Time { return time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC) }), 0)}
	o := Options{Clock: d.clock, GatewayKey: "key", Wake: func() { d.woken++ }, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Web:    Registration{ClientID: webID, Certificate: certificate(t)},
		Worker: Registration{ClientID: workerID, Certificate: certificate(t)}}
	for _, c := range change {
		c(&o)
	}
	e, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	d.Emulator = e
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	})
	d.server = httptest.NewServer(e.Handler())
	t.Cleanup(d.server.Close)
	d.SetBaseURL(d.server.URL)
	return d
}

func certificate(t *testing.T) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// ask sends a request to the control surface and decodes the answer into v, if there is one.
func (d *demo) ask(t *testing.T, method, path, body string, v any) *http.Response {
	t.Helper()
	req, err := http.NewRequest(method, d.server.URL+Prefix+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := d.server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if v != nil {
		if err := json.Unmarshal(b, v); err != nil {
			t.Fatalf("%s %s answered %q: %v", method, path, b, err)
		}
	}
	return res
}

// worker is a token of the worker.
func (d *demo) worker() string {
	a, _ := d.Tenant().App(workerID)
	return d.Tenant().IssueAccess(tenant.Access{ClientID: workerID, Roles: a.Permissions, ExpiresAt: d.Tenant().Now().Add(time.Hour)})
}

// change asks Graph, through the transport, to give the first person another number.
func (d *demo) change(ctx context.Context, number string) (int, error) {
	p := d.Tenant().People()[0]
	req, err := http.NewRequestWithContext(ctx, http.MethodPatch,
		"https://graph.microsoft.com/v1.0/users/"+p.ID+"/authentication/phoneMethods/"+tenant.MobileID, strings.NewReader(`{"phoneNumber":"`+number+`"}`))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+d.worker())
	req.Header.Set("Content-Type", "application/json")
	res, err := d.Transport().RoundTrip(req)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}

func (d *demo) number() string {
	m, _ := d.Tenant().People()[0].Phone("mobile")
	return m.PhoneNumber()
}

func (d *demo) text(t *testing.T, key, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, "https://sms.gateway.example/v1/messages", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	res, err := d.Transport().RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

func TestTransport_RefusesOtherHosts(t *testing.T) {
	d := newDemo(t)
	for _, url := range []string{"https://example.com/", "http://graph.microsoft.com/v1.0/me", "https://graph.microsoft.com.example/", "https://login.microsoftonline.com:8443/"} {
		req := httptest.NewRequest(http.MethodGet, url, nil)
		if res, err := d.Transport().RoundTrip(req); err == nil {
			t.Errorf("RoundTrip(%q) = %d, want an error", url, res.StatusCode)
		}
	}
	if got := len(d.Tenant().Requests("")); got != 0 {
		t.Errorf("recorded requests = %d, want none", got)
	}
}

func TestTransport_ClosesTheBodyAndLeavesTheRequestAlone(t *testing.T) {
	d := newDemo(t)
	body := &closing{Reader: strings.NewReader("{}")}
	req, err := http.NewRequest("", "https://graph.microsoft.com:443/v1.0/me", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Host, req.Method = "", ""
	res, err := d.Transport().RoundTrip(req)
	if err != nil || res.StatusCode != 401 || res.Request != req {
		t.Fatalf("RoundTrip = %v, %v, want 401", res, err)
	}
	if !body.closed || req.Host != "" || req.Method != "" || req.RequestURI != "" {
		t.Errorf("body closed = %v, request = %q %q %q, want it untouched", body.closed, req.Host, req.Method, req.RequestURI)
	}
}

type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

func TestTransport_Graph(t *testing.T) {
	d := newDemo(t)
	if got, err := d.change(t.Context(), "+1 4255550199"); got != 204 || err != nil || d.number() != "+1 4255550199" {
		t.Errorf("change = %d, %v, number %q", got, err, d.number())
	}
	var seen []tenant.Request
	d.ask(t, "GET", "/requests", "", &seen)
	if len(seen) != 1 || seen[0].Part != "graph" || seen[0].Method != "PATCH" || seen[0].Status != 204 || seen[0].Caller != "Rekey worker" || !strings.HasPrefix(seen[0].Path, "/v1.0/users/") {
		t.Errorf("requests = %+v", seen)
	}
}

func TestGateway(t *testing.T) {
	d := newDemo(t)
	good := `{"from":"Fernhill","to":"+14255550142","text":"12 34"}`
	for _, c := range []struct {
		key, body string
		want      int
	}{
		{"key", good, 202}, {"wrong", good, 401}, {"", good, 401}, {"key", `{"to":"+1 4255550142","text":"x"}`, 400}, {"key", `{"to":"4255550142","text":"x"}`, 400},
		{"key", `{"to":"+14255550142","text":""}`, 400}, {"key", `{"to":`, 400}, {"key", good + good, 400}, {"key", `{"to":"+14255550142","text":"x","cc":"y"}`, 400},
	} {
		if got := d.text(t, c.key, c.body).StatusCode; got != c.want {
			t.Errorf("POST with key %q and %s = %d, want %d", c.key, c.body, got, c.want)
		}
	}
	var got []tenant.Message
	d.ask(t, "GET", "/messages?to=+14255550142", "", &got)
	d.ask(t, "GET", "/messages?to=+1+425+5550142", "", &got)
	if len(got) != 1 || got[0].Channel != "sms" || got[0].Text != "12 34" || got[0].To != "+14255550142" || got[0].ID == "" || got[0].At.IsZero() {
		t.Errorf("messages = %+v, want the one that was accepted", got)
	}
}

func TestGateway_SendsAnIdOnce(t *testing.T) {
	d := newDemo(t)
	for i, c := range []struct {
		id, answer string
		texts      int
	}{{"m1", "1", 1}, {"m1", "1", 1}, {"m2", "2", 2}, {"", "3", 3}, {"", "4", 4}} {
		var got map[string]string
		decode(t, d.text(t, "key", `{"from":"Fernhill","to":"+14255550142","text":"12 34","id":"`+c.id+`"}`), &got)
		if n := len(d.Tenant().Messages("", "")); got["id"] != c.answer || got["status"] != "accepted" || n != c.texts {
			t.Errorf("POST %d with id %q = %v and %d texts, want %s and %d", i+1, c.id, got, n, c.answer, c.texts)
		}
	}
}

func TestFault_Status(t *testing.T) {
	d := newDemo(t)
	d.ask(t, "POST", "/faults", `{"part":"graph","kind":"status","status":429,"retry_after":7,"times":2}`, nil)
	before := d.number()
	for i, want := range []int{429, 429, 204} {
		if got, err := d.change(t.Context(), "+1 4255550199"); got != want || err != nil {
			t.Errorf("change %d = %d, %v, want %d", i+1, got, err, want)
		}
		if want == 429 && d.number() != before {
			t.Errorf("number after 429 = %q, want %q", d.number(), before)
		}
	}
	if got := d.Tenant().Requests(""); len(got) != 3 || got[0].Status != 429 {
		t.Errorf("requests = %+v, want three, the first 429", got)
	}
}

func TestFault_StatusIsInTheServicesWords(t *testing.T) {
	d := newDemo(t)
	for part, url := range map[string]string{"graph": "https://graph.microsoft.com/v1.0/me", "sms": "https://sms.gateway.example/v1/messages",
		"entra": "https://login.microsoftonline.com/" + d.Tenant().ID() + "/oauth2/v2.0/token"} {
		d.ask(t, "POST", "/faults", `{"part":"`+part+`","kind":"status","status":503,"retry_after":2}`, nil)
		req, err := http.NewRequest(http.MethodPost, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := d.Transport().RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		var body map[string]any
		if err := json.NewDecoder(res.Body).Decode(&body); err != nil || body["error"] == nil {
			t.Errorf("%s answers %v, %v, want an error", part, body, err)
		}
		if res.StatusCode != 503 || res.Header.Get("Retry-After") != "2" {
			t.Errorf("%s = %d, Retry-After %q, want 503 and 2", part, res.StatusCode, res.Header.Get("Retry-After"))
		}
	}
}

func TestFault_HangUpAfterTheWrite(t *testing.T) {
	d := newDemo(t)
	d.ask(t, "POST", "/faults", `{"part":"graph","kind":"hangup-after"}`, nil)
	read := httptest.NewRequest(http.MethodGet, "https://graph.microsoft.com/v1.0/me", nil)
	if res, err := d.Transport().RoundTrip(read); err != nil || res.StatusCode != 401 {
		t.Errorf("a read before the write = %v, %v, want its usual answer", res, err)
	}
	if _, err := d.change(t.Context(), "+1 4255550199"); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("change = %v, want %v", err, io.ErrUnexpectedEOF)
	}
	if d.number() != "+1 4255550199" {
		t.Errorf("number after the hang-up = %q, want the new one", d.number())
	}
	seen := d.Tenant().Requests("")
	if last := seen[len(seen)-1]; last.Status != 204 {
		t.Errorf("recorded status = %d, want 204, which it would have had", last.Status)
	}
	if got, err := d.change(t.Context(), "+1 4255550198"); got != 204 || err != nil {
		t.Errorf("next change = %d, %v, want 204", got, err)
	}
}

func TestFault_HangUpCutsOtherClientsOff(t *testing.T) {
	d := newDemo(t)
	d.ask(t, "POST", "/faults", `{"part":"graph","kind":"hangup-after"}`, nil)
	req, err := http.NewRequest(http.MethodPatch, d.server.URL+Prefix+"/graph/v1.0/users/"+d.Tenant().People()[0].ID+
		"/authentication/phoneMethods/"+tenant.MobileID, strings.NewReader(`{"phoneNumber":"+1 4255550199","phoneType":"mobile"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+d.worker())
	req.Header.Set("Content-Type", "application/json")
	if res, err := d.server.Client().Do(req); err == nil {
		t.Errorf("PATCH = %d, want a connection that was cut", res.StatusCode)
	}
	if d.number() != "+1 4255550199" {
		t.Error("the write before the hang-up was not done")
	}
}

func TestFault_DelayEndsWithTheCaller(t *testing.T) {
	d := newDemo(t)
	d.ask(t, "POST", "/faults", `{"part":"graph","kind":"delay","seconds":3600}`, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	before := d.number()
	if _, err := d.change(ctx, "+1 4255550199"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("delayed change = %v, want %v", err, context.DeadlineExceeded)
	}
	if d.number() != before {
		t.Errorf("number = %q, want %q: nothing was done", d.number(), before)
	}
	d.ask(t, "POST", "/faults", `{"part":"graph","kind":"delay","seconds":0.02}`, nil)
	start := time.Now()
	if got, err := d.change(t.Context(), "+1 4255550199"); got != 204 || err != nil || time.Since(start) < 20*time.Millisecond {
		t.Errorf("change = %d, %v after %v, want 204 after 20 ms", got, err, time.Since(start))
	}
}

func TestFault_LagHoldsForEachWrite(t *testing.T) {
	d := newDemo(t, func(o *Options) { o.Switches.MethodCalls = -1 })
	d.ask(t, "POST", "/faults", `{"part":"graph","kind":"lag","seconds":30}`, nil)
	visible := func() string {
		methods, _ := d.Tenant().VisibleMethods(maya)
		return tenant.Person{Methods: methods}.Methods[1].PhoneNumber()
	}
	for _, number := range []string{"+1 4255550198", "+1 4255550199"} {
		before := visible()
		if got, err := d.change(t.Context(), number); got != 204 || err != nil {
			t.Fatalf("change = %d, %v", got, err)
		}
		if got := visible(); got != before {
			t.Errorf("read right after = %q, want %q", got, before)
		}
		d.ask(t, "POST", "/clock", `{"advance_seconds":30}`, nil)
		if got := visible(); got != number {
			t.Errorf("read 30 s later = %q, want %q", got, number)
		}
	}
}

func TestFault_OrdersAreChecked(t *testing.T) {
	d := newDemo(t)
	for order, want := range map[string]int{
		`{"part":"graph","kind":"status","status":429,"retry_after":2,"seconds":3,"times":1}`: 202,
		`{"part":"mail","kind":"hangup-after"}`:                                               202,
		`{"part":"post","kind":"status","status":429}`:                                        400,
		`{"part":"graph","kind":"melt"}`:                                                      400,
		`{"part":"graph","kind":"status"}`:                                                    400,
		`{"part":"graph","kind":"status","status":200}`:                                       400,
		`{"part":"mail","kind":"status","status":451,"times":0}`:                              202,
		`{"part":"mail","kind":"lag","seconds":1}`:                                            400,
		`{"part":"graph","kind":"status","status":429,"times":-1}`:                            400,
		`{"part":"graph","kind":"status","status":429,"retry_after":-1}`:                      400,
		`{"part":"graph","kind":"delay"}`:                                                     400,
		`{"part":"graph","kind":"delay","seconds":-1}`:                                        400,
		`{"part":"sms","kind":"lag","seconds":1}`:                                             400,
		`{"part":"graph","kind":"hangup-after","when":"now"}`:                                 400,
		`[]`: 400, ``: 400, `{} {}`: 400,
	} {
		var body map[string]any
		if got := d.ask(t, "POST", "/faults", order, &body).StatusCode; got != want {
			t.Errorf("POST /faults %s = %d %v, want %d", order, got, body, want)
		}
		if want == 400 && body["error"] == "" {
			t.Errorf("POST /faults %s says nothing", order)
		}
	}
	if got := d.ask(t, "DELETE", "/faults", "", nil).StatusCode; got != 204 {
		t.Errorf("DELETE /faults = %d, want 204", got)
	}
	if got, err := d.change(t.Context(), "+1 4255550199"); got != 204 || err != nil {
		t.Errorf("change after DELETE = %d, %v, want 204", got, err)
	}
}

func decode(t *testing.T, res *http.Response, v any) {
	t.Helper()
	if err := json.NewDecoder(res.Body).Decode(v); err != nil {
		t.Fatal(err)
	}
}
