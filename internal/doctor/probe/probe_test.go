package probe

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// patient notes waits instead of waiting.
type patient struct{ waits []time.Duration }

func (p *patient) wait(ctx context.Context, d time.Duration) error {
	p.waits = append(p.waits, d)
	return ctx.Err()
}

func TestGraph_Get(t *testing.T) {
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, fmt.Sprint(r.Method, " ", r.URL.RequestURI(), " ", r.Header.Get("Authorization")))
		w.Header().Set("Date", "Mon, 02 Mar 2026 09:00:00 GMT")
		fmt.Fprint(w, `{"value":[]}`)
	}))
	defer server.Close()
	got, err := Graph{BaseURL: server.URL + "/v1.0"}.Get(t.Context(), "t1", "/users?$top=1&$select=id")
	if err != nil || got.Status != 200 || string(got.Body) != `{"value":[]}` || !got.Date.Equal(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)) {
		t.Errorf("Get = %+v, %v, want the answer with its date", got, err)
	}
	if want := []string{"GET /v1.0/users?$top=1&$select=id Bearer t1"}; !slices.Equal(asked, want) {
		t.Errorf("asked %q, want %q", asked, want)
	}
}

func TestGraph_AsksAgainWhenItWasTooMuch_AVL2(t *testing.T) {
	for name, c := range map[string]struct {
		refusals int
		header   string
		status   int
		waits    []time.Duration
	}{
		"at once":   {0, "", 200, nil},
		"in a bit":  {1, "", 200, []time.Duration{defaultWait}},
		"as told":   {2, "1", 200, []time.Duration{time.Second, time.Second}},
		"too long":  {1, "86400", 200, []time.Duration{longestWait}},
		"nonsense":  {1, "-7", 200, []time.Duration{defaultWait}},
		"for ever":  {9, "", 429, []time.Duration{defaultWait, defaultWait}},
		"overflows": {1, "99999999999999999999", 200, []time.Duration{defaultWait}},
	} {
		left := c.refusals
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if left--; left >= 0 {
				w.Header().Set("Retry-After", c.header)
				w.WriteHeader(429)
			}
		}))
		var p patient
		got, err := Graph{BaseURL: server.URL, Wait: p.wait}.Get(t.Context(), "t1", "/x")
		if err != nil || got.Status != c.status || !slices.Equal(p.waits, c.waits) {
			t.Errorf("%s: Get = %d, %v after waits %v, want %d after %v", name, got.Status, err, p.waits, c.status, c.waits)
		}
		server.Close()
	}
}

// The token goes to Graph and nowhere else, and no error tells it.
func TestGraph_KeepsTheToken(t *testing.T) {
	var elsewhere int
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	defer other.Close()
	server := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	got, err := Graph{BaseURL: server.URL}.Get(t.Context(), "canary", "/x")
	if err != nil || got.Status != 307 || elsewhere != 0 {
		t.Errorf("Get of a redirect = %d, %v, followed %d times, want 307 and not followed", got.Status, err, elsewhere)
	}
	server.Close()
	for name, g := range map[string]Graph{"nobody listens": {BaseURL: server.URL}, "no address": {BaseURL: "http://[canary"}} {
		if _, err := g.Get(t.Context(), "canary", "/x"); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("Get where %s = %v, want an error without the token", name, err)
		}
	}
	if _, err := (Graph{BaseURL: other.URL}).Get(t.Context(), "two\r\nlines", "/x"); err == nil || strings.Contains(err.Error(), "lines") || elsewhere != 0 {
		t.Errorf("Get with a token of two lines = %v after %d requests, want an error and none", err, elsewhere)
	}
}

func TestGraph_DoesNotWaitForEver_AVL1(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	defer server.Close()
	if _, err := (Graph{BaseURL: server.URL}).Get(ctx, "t1", "/x"); err == nil || err.Error() != "no answer in time" {
		t.Errorf("Get given up = %v, want no answer in time", err)
	}
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }))
	defer busy.Close()
	ctx, cancel = context.WithCancel(t.Context())
	stop := func(context.Context, time.Duration) error { cancel(); return ctx.Err() }
	if _, err := (Graph{BaseURL: busy.URL, Wait: stop}).Get(ctx, "t1", "/x"); err == nil {
		t.Error("Get given up in a wait = nil, want an error")
	}
	if err := (Graph{}).wait(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("wait given up = %v, want canceled", err)
	}
}

func TestDoor_Reach(t *testing.T) {
	var sent int
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { sent++ }))
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	if err := (Door{URL: server.URL, Roots: roots}).Reach(t.Context()); err != nil {
		t.Errorf("Reach = %v, want nil", err)
	}
	if err := (Door{URL: server.URL}).Reach(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("Reach of a certificate that nobody vouches for = %v, want refused", err)
	}
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	if err := (Door{URL: plain.URL}).Reach(t.Context()); err != nil {
		t.Errorf("Reach of plain http = %v, want nil", err)
	}
	if err := (Door{URL: strings.Replace(plain.URL, "http", "https", 1), Roots: roots}).Reach(t.Context()); err == nil {
		t.Error("Reach by TLS of a door without = nil, want an error")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := listener.Addr().String()
	listener.Close()
	for _, address := range []string{"https://" + closed + "/v1", "", "://", "https://"} {
		if err := (Door{URL: address}).Reach(t.Context()); err == nil {
			t.Errorf("Reach(%q) = nil, want an error", address)
		}
	}
	if sent != 0 {
		t.Errorf("%d requests were sent, want none", sent)
	}
}

func TestDoor_Host(t *testing.T) {
	for address, want := range map[string]string{"https://sms.example/v1?x": "sms.example:443", "http://127.0.0.1/": "127.0.0.1:80", "https://[2001:db8::1]:8443/": "[2001:db8::1]:8443", "https://[2001:db8::1]/": "[2001:db8::1]:443"} {
		if got, err := (Door{URL: address}).Host(); err != nil || got != want {
			t.Errorf("Host(%q) = %q, %v, want %q", address, got, err, want)
		}
	}
}

// Graph answers a list of one type out of several with a header alone.
func TestGraph_CountsWithItsHeader(t *testing.T) {
	level := ""
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { level = r.Header.Get("ConsistencyLevel") }))
	defer server.Close()
	for path, want := range map[string]string{"/x?$select=id&$count=true": "eventual", "/x?$select=id": ""} {
		if _, err := (Graph{BaseURL: server.URL}).Get(t.Context(), "token", path); err != nil || level != want {
			t.Errorf("Get(%s) = %v with ConsistencyLevel %q, want %q", path, err, level, want)
		}
	}
}
