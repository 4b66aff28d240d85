package emulator

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/internal/clock"
)

// second is a demo that joined another one, behind a real listener.
type second struct {
	*Remote
	clock  *clock.Movable
	server *httptest.Server
	woken  chan struct{}
	site   http.Handler
}

// newFirst is a demo that others may join.
func newFirst(t *testing.T, change ...func(*Options)) *demo {
	t.Helper()
	d := newDemo(t, change...)
	if err := d.Share(json.RawMessage(`{"keys":"k1"}`)); err != nil {
		t.Fatal(err)
	}
	return d
}

// joinDemo starts a second demo on the first's tenant.
func joinDemo(t *testing.T, first *demo) *second {
	t.Helper()
	s := &second{woken: make(chan struct{}, 100)}
	s.clock = clock.NewMovable(clock.Func(func() time.Time { return time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC) }), 0)
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.Handler().ServeHTTP(w, r) }))
	t.Cleanup(s.server.Close)
	r, err := Join(t.Context(), RemoteOptions{TenantURL: first.server.URL + "/", BaseURL: s.server.URL, Clock: s.clock,
		Wake: func() { s.woken <- struct{}{} }, Site: func() http.Handler { return s.site }, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatalf("Join() = %v", err)
	}
	s.Remote = r
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	})
	return s
}

// ask sends a request to the second's surface and decodes the answer into v, if there is one.
func (s *second) ask(t *testing.T, method, path, body string, v any) *http.Response {
	t.Helper()
	return (&demo{server: s.server}).ask(t, method, path, body, v)
}

func TestJoin_HandsOutWhatIsShared(t *testing.T) {
	d := newFirst(t, func(o *Options) { o.SignIn.AuthenticationContext = "c1" })
	d.ask(t, "POST", "/clock", `{"advance_seconds":601}`, nil)
	s := joinDemo(t, d)
	got := s.Joined()
	if got.TenantID != d.Tenant().ID() || got.BaseURL != d.BaseURL() || got.GatewayKey != "key" || got.AuthenticationContext != "c1" || string(got.Shared) != `{"keys":"k1"}` {
		t.Errorf("Joined() = %+v", got)
	}
	if !s.clock.Now().Equal(d.clock.Now()) {
		t.Errorf("clock of the replica = %v, want the first's, %v", s.clock.Now(), d.clock.Now())
	}
	app, _ := d.Tenant().App(webID)
	if !slices.Contains(app.RedirectURIs, s.server.URL+"/signin/callback") {
		t.Errorf("redirect URIs = %v, want the replica's among them", app.RedirectURIs)
	}
	if err := d.submit(t, s.Mail(), maya); err != nil || len(d.Tenant().Messages(maya, "")) != 1 {
		t.Errorf("a mail of the replica = %v, want it in the first's mailbox", err)
	}
}

// TestJoin_IsForProgramsOfThisComputer: what is handed out is secret, so no page in a
// browser may ask for it, by whatever name.
func TestJoin_IsForProgramsOfThisComputer(t *testing.T) {
	d := newFirst(t)
	good := `{"base_url":"http://127.0.0.1:8081"}`
	for _, c := range []struct {
		name, body, header, value string
		want                      int
	}{
		{"a program", good, "", "", 200},
		{"a page of the site itself", good, "Sec-Fetch-Site", "same-origin", 403},
		{"a navigation", good, "Sec-Fetch-Mode", "navigate", 403},
		{"a form of the site itself", good, "Origin", d.server.URL, 403},
		{"a sandboxed page", good, "Origin", "null", 403},
		{"another name of this computer", good, "Host", "rebound.example", 421},
		{"an address elsewhere", `{"base_url":"http://203.0.113.9:8081"}`, "", "", 400},
		{"a name elsewhere", `{"base_url":"http://127.0.0.1.example:8081"}`, "", "", 400},
		{"https", `{"base_url":"https://127.0.0.1:8081"}`, "", "", 400},
		{"a path", `{"base_url":"http://127.0.0.1:8081/x"}`, "", "", 400},
		{"a user", `{"base_url":"http://a@127.0.0.1:8081"}`, "", "", 400},
		{"no address", `{}`, "", "", 400},
		{"more", `{"base_url":"http://127.0.0.1:8081","x":1}`, "", "", 400},
	} {
		r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:8080"+Prefix+"/join", strings.NewReader(c.body))
		r.RemoteAddr = "127.0.0.1:4000"
		if c.header == "Host" {
			r.Host = c.value
		} else if c.header != "" {
			r.Header.Set(c.header, c.value)
		}
		rec := httptest.NewRecorder()
		d.Handler().ServeHTTP(rec, r)
		if rec.Code != c.want || (c.want != 200) == strings.Contains(rec.Body.String(), "k1") {
			t.Errorf("%s: POST /join = %d %s, want %d", c.name, rec.Code, rec.Body, c.want)
		}
	}
	if got := newDemo(t).ask(t, "POST", "/join", good, nil).StatusCode; got != 404 {
		t.Errorf("POST /join of a demo that takes no replicas = %d, want 404", got)
	}
	if err := d.Share(json.RawMessage("{")); err == nil {
		t.Error("Share() of broken JSON = nil, want an error")
	}
}

func TestJoin_SaysWhatIsWrong(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "{}") }))
	defer other.Close()
	alone := newDemo(t)
	for url, want := range map[string]string{
		closed.URL: "No demo answers", other.URL: "no demo that can be joined", alone.server.URL: "takes no replicas",
		"http://example.com": "address of this computer", "": "address of this computer",
	} {
		_, err := Join(t.Context(), RemoteOptions{TenantURL: url, BaseURL: "http://127.0.0.1:8081", Clock: alone.clock,
			Site: func() http.Handler { return nil }, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Join(%q) = %v, want it to say %q", url, err, want)
		}
	}
}

// TestClock_ReplicasHaveMovedBeforeTheAnswer: whichever demo the order is given to.
func TestClock_ReplicasHaveMovedBeforeTheAnswer(t *testing.T) {
	d := newFirst(t)
	one, two := joinDemo(t, d), joinDemo(t, d)
	for i, order := range []func(){
		func() { d.ask(t, "POST", "/clock", `{"advance_seconds":600}`, nil) },
		func() { two.ask(t, "POST", "/clock", `{"advance_seconds":1}`, nil) },
	} {
		order()
		for _, c := range []*clock.Movable{one.clock, two.clock} {
			if !c.Now().Equal(d.clock.Now()) {
				t.Errorf("order %d: clock of a replica = %v, want %v", i+1, c.Now(), d.clock.Now())
			}
		}
		if len(one.woken) != i+1 || len(two.woken) != i+1 {
			t.Errorf("order %d: workers woken %d and %d times", i+1, len(one.woken), len(two.woken))
		}
	}
	if got := d.clock.Offset(); got != 601*time.Second {
		t.Errorf("offset = %v, want 601 s", got)
	}
}

func TestClock_NeverGoesBackAndIsNoBusinessOfBrowsers(t *testing.T) {
	d := newFirst(t)
	s := joinDemo(t, d)
	for body, want := range map[string]int{`{"offset_us":5000000}`: 200, `{"offset_us":1000000}`: 200, `{"offset_us":-1}`: 400,
		`{"offset_us":9000000000000000000}`: 400, `{}`: 200, `x`: 400} {
		if got := s.ask(t, "POST", "/clock/follow", body, nil).StatusCode; got != want {
			t.Errorf("POST /clock/follow %s = %d, want %d", body, got, want)
		}
	}
	if got := s.clock.Offset(); got != 5*time.Second {
		t.Errorf("offset = %v, want 5 s", got)
	}
	r := httptest.NewRequest(http.MethodPost, s.server.URL+Prefix+"/clock/follow", strings.NewReader(`{"offset_us":9000000}`))
	r.RemoteAddr = "127.0.0.1:4000"
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	rec := httptest.NewRecorder()
	s.Handler().ServeHTTP(rec, r)
	if rec.Code != http.StatusForbidden || s.clock.Offset() != 5*time.Second {
		t.Errorf("POST /clock/follow by a browser = %d, want 403", rec.Code)
	}
}

// TestClock_AStoppedReplicaDoesNotHoldUp: one that hangs costs a second, one that is gone
// nothing, and both are not in the way of the others.
func TestClock_AStoppedReplicaDoesNotHoldUp(t *testing.T) {
	d := newFirst(t)
	s := joinDemo(t, d)
	stopped, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer stopped.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	var name Joined
	d.ask(t, "POST", "/join", `{"base_url":"http://`+stopped.Addr().String()+`"}`, &name)
	d.ask(t, "POST", "/join", `{"base_url":"`+gone.URL+`"}`, nil)
	start := time.Now()
	d.ask(t, "POST", "/clock", `{"advance_seconds":5}`, nil)
	if took := time.Since(start); took < followTime || took > 3*followTime {
		t.Errorf("POST /clock took %v, want about %v", took, followTime)
	}
	if s.clock.Offset() != 5*time.Second {
		t.Errorf("offset of the replica that works = %v, want 5 s", s.clock.Offset())
	}
	if !d.replicas.know(name.Replica) || len(d.replicas.known) != 2 {
		t.Errorf("replicas = %v, want the stopped one still there and the one that is gone forgotten", d.replicas.known)
	}
}

// TestRun_CatchesUp: a replica that was not told asks by itself.
func TestRun_CatchesUp(t *testing.T) {
	d := newFirst(t)
	s := joinDemo(t, d)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	d.clock.Advance(7 * time.Second) // nobody is told
	<-s.woken
	cancel()
	<-done
	if s.clock.Offset() != 7*time.Second {
		t.Errorf("offset = %v, want 7 s", s.clock.Offset())
	}
}

// TestAround_AsksFirstAfterAPause: no page is answered by a clock that stood still.
func TestAround_AsksFirstAfterAPause(t *testing.T) {
	d := newFirst(t)
	s := joinDemo(t, d)
	var seen time.Duration
	page := s.Around(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { seen = s.clock.Offset() }))
	visit := func() { page.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)) }
	d.clock.Advance(time.Minute)
	if visit(); seen != 0 {
		t.Errorf("offset right after asking = %v, want it not to be asked for again", seen)
	}
	s.start = s.start.Add(-3 * time.Second) // as if the process had been stopped
	if visit(); seen != time.Minute {
		t.Errorf("offset after a pause = %v, want a minute", seen)
	}
}

// TestRestart_IsJoinedAgain: the first comes back at its address with the tenant it kept.
func TestRestart_IsJoinedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tenant.json")
	var emulator *Emulator
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { emulator.Handler().ServeHTTP(w, r) }))
	defer front.Close()
	start := func(kept string) *demo {
		d := newFirst(t, func(o *Options) { o.Path, o.GatewayKey = kept, "" })
		emulator, d.server = d.Emulator, front
		return d
	}
	d := start(path)
	s := joinDemo(t, d)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	again := start(path)
	again.clock.Advance(time.Minute)
	if err := s.catchUp(t.Context()); err != nil || s.clock.Offset() != time.Minute {
		t.Errorf("catchUp() after a restart = %v, offset %v, want a minute", err, s.clock.Offset())
	}
	app, _ := again.Tenant().App(webID)
	if again.GatewayKey() != s.Joined().GatewayKey || !slices.Contains(app.RedirectURIs, s.server.URL+"/signin/callback") {
		t.Errorf("redirect URIs = %v, want the replica's, and the same gateway key", app.RedirectURIs)
	}
	if err := again.submit(t, s.Mail(), maya); err != nil {
		t.Errorf("a mail of the replica after the restart = %v", err)
	}
	other := start("")
	other.clock.Advance(time.Hour)
	if err := s.catchUp(t.Context()); err == nil || s.clock.Offset() != time.Minute {
		t.Errorf("catchUp() with another tenant = %v, offset %v, want an error and the clock as it was", err, s.clock.Offset())
	}
}
