package mail

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"rekey/internal/fault"
	"rekey/internal/message"
	"rekey/internal/tx"
)

// tokens hands out numbered canaries.
type tokens struct {
	err     error
	dropped int
}

func (f *tokens) Token(context.Context) (string, error) {
	return canarySecret + strings.Repeat("+", f.dropped), f.err
}
func (f *tokens) Drop() { f.dropped++ }

// roundTrip is a transport made of a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answering is a transport that answers in turn, the last answer for ever, and keeps the
// requests.
type answering struct {
	mu      sync.Mutex
	answers []answer
	seen    []*http.Request
	bodies  []string
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (a *answering) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.answers[min(len(a.seen), len(a.answers)-1)]
	a.seen, a.bodies = append(a.seen, r), append(a.bodies, string(body))
	return &http.Response{StatusCode: now.status, Header: now.header.Clone(), Body: io.NopCloser(strings.NewReader(now.body))}, nil
}

func newGraph(t *testing.T, transport http.RoundTripper, from Tokens) (*Graph, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	g, err := NewGraph(GraphOptions{From: "Rekey@contoso.example", Tokens: from, Transport: transport, Timeout: 5 * time.Second,
		Clock: testNow, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		t.Fatalf("NewGraph = %v", err)
	}
	t.Cleanup(g.Close)
	return g, &log
}

func TestGraph_TheRequest(t *testing.T) {
	transport := &answering{answers: []answer{{status: 202}}}
	g, log := newGraph(t, transport, &tokens{})
	m := note()
	m.Subject = "Hello\r\nBcc: eve@example.org"
	if err := g.Send(t.Context(), m); err != nil {
		t.Fatalf("Send = %v", err)
	}
	r := transport.seen[0]
	if got := r.Method + " " + r.URL.String(); got != "POST https://graph.microsoft.com/v1.0/users/Rekey@contoso.example/sendMail" {
		t.Errorf("request = %s", got)
	}
	if r.Header.Get("Authorization") != "Bearer "+canarySecret || r.Header.Get("Content-Type") != "application/json" || r.GetBody != nil {
		t.Errorf("headers = %v, GetBody set: %v", r.Header, r.GetBody != nil)
	}
	want := `{"message":{"subject":"Hello  Bcc: eve@example.org","body":{"contentType":"text","content":"Your code is 918273\n\nEnter it on the page.\n"},
		"toRecipients":[{"emailAddress":{"address":"canary.maya@example.net"}}],
		"internetMessageHeaders":[{"name":"x-auto-response-suppress","value":"All"}]},"saveToSentItems":false}`
	var got, expected any
	if err := errors.Join(json.Unmarshal([]byte(transport.bodies[0]), &got), json.Unmarshal([]byte(want), &expected)); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, expected) {
		t.Errorf("body = %s, want %s", transport.bodies[0], want)
	}
	m.HTML = "<p>Your code</p>"
	if err := g.Send(t.Context(), m); err != nil || !strings.Contains(transport.bodies[1], `"body":{"content":"\u003cp\u003eYour code\u003c/p\u003e","contentType":"html"}`) {
		t.Errorf("Send of a mail with HTML = %v, body %s", err, transport.bodies[1])
	}
	if g.Channel() != message.Mail {
		t.Errorf("Channel = %v, want mail", g.Channel())
	}
	secretFree(t, log.String(), nil)
}

func TestGraph_Answers(t *testing.T) {
	envelope := func(code string) string {
		return `{"error":{"code":"` + code + `","message":"` + canaryAddress + `"}}`
	}
	for _, tt := range []struct {
		name, body string
		status     int
		header     http.Header
		want       string
		until      time.Duration
		alarm      bool
	}{
		{name: "taken", status: 202, want: "sent"},
		{name: "taken, with HTML", status: 202, body: "<html>" + canaryAddress, want: "sent"},
		{name: "another success", status: 200, body: "{}", want: "uncertain"},
		{name: "nothing", status: 204, want: "uncertain"},
		{name: "redirect", status: 307, header: http.Header{"Location": {"https://elsewhere.example/"}}, want: "unavailable", alarm: true},
		{name: "recipient refused", status: 400, body: envelope("ErrorInvalidRecipients"), want: "refused"},
		{name: "bad request", status: 400, body: envelope("BadRequest"), want: "unavailable", alarm: true},
		{name: "bad request, empty", status: 400, want: "unavailable", alarm: true},
		{name: "bad request, HTML", status: 400, body: "<html>" + canaryAddress, want: "unavailable", alarm: true},
		{name: "bad request, broken", status: 400, body: `{"error":{"code":"ErrorInvalid`, want: "unavailable", alarm: true},
		{name: "bad request, no code", status: 400, body: `{"error":"` + canaryAddress + `"}`, want: "unavailable", alarm: true},
		{name: "bad request, code with words", status: 400, body: envelope("no " + canaryAddress), want: "unavailable", alarm: true},
		{name: "refused elsewhere", status: 403, body: envelope("ErrorInvalidRecipients"), want: "unavailable", alarm: true},
		{name: "token refused twice", status: 401, body: envelope("InvalidAuthenticationToken"), want: "unavailable", alarm: true},
		{name: "no permission", status: 403, body: envelope("ErrorAccessDenied"), want: "unavailable", alarm: true},
		{name: "no such sender", status: 404, body: envelope("ErrorInvalidUser"), want: "unavailable", alarm: true},
		{name: "wait, seconds", status: 429, header: http.Header{"Retry-After": {"7"}}, want: "unavailable", until: 7 * time.Second},
		{name: "wait, date", status: 503, header: http.Header{"Retry-After": {"Sun, 22 Nov 2026 10:02:00 GMT"}}, want: "unavailable", until: 2 * time.Minute},
		{name: "wait, nothing said", status: 429, want: "unavailable", until: time.Minute},
		{name: "wait, nonsense", status: 503, header: http.Header{"Retry-After": {"soon"}}, want: "unavailable", until: time.Minute},
		{name: "wait, past", status: 429, header: http.Header{"Retry-After": {"-5"}}, want: "unavailable", until: time.Second},
		{name: "wait, for ever", status: 429, header: http.Header{"Retry-After": {"99999999"}}, want: "unavailable", until: time.Hour},
		{name: "failed", status: 500, body: canaryAddress, want: "uncertain"},
		{name: "bad gateway", status: 502, body: "<html>" + canaryAddress, want: "uncertain"},
		{name: "timed out", status: 504, want: "uncertain"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g, log := newGraph(t, &answering{answers: []answer{{tt.status, tt.header, tt.body}}}, &tokens{})
			err := g.Send(t.Context(), note())
			if got := outcome(err); got != tt.want {
				t.Errorf("Send = %s (%v), want %s", got, err, tt.want)
			}
			if f := fault.As(err); tt.until != 0 && (f == nil || !f.Until.Equal(testNow().Add(tt.until))) {
				t.Errorf("Send = %v, want to wait %v", f, tt.until)
			}
			if alarm := strings.Contains(log.String(), "level=ERROR"); alarm != tt.alarm {
				t.Errorf("an error in the log: %v, want %v:\n%s", alarm, tt.alarm, log)
			}
			secretFree(t, log.String(), err)
		})
	}
}

func TestGraph_AStaleTokenIsReplacedOnce(t *testing.T) {
	transport := &answering{answers: []answer{{status: 401}, {status: 202}}}
	from := &tokens{}
	g, _ := newGraph(t, transport, from)
	if err := g.Send(t.Context(), note()); err != nil {
		t.Fatalf("Send = %v", err)
	}
	if len(transport.seen) != 2 || transport.seen[1].Header.Get("Authorization") != "Bearer "+canarySecret+"+" || from.dropped != 1 {
		t.Errorf("%d requests, %d tokens dropped, want two and one", len(transport.seen), from.dropped)
	}
	if transport.bodies[0] != transport.bodies[1] || transport.bodies[1] == "" {
		t.Errorf("bodies = %q, want the same mail", transport.bodies)
	}
	transport = &answering{answers: []answer{{status: 401}}}
	g, _ = newGraph(t, transport, from)
	if got := outcome(g.Send(t.Context(), note())); got != "unavailable" || len(transport.seen) != 2 {
		t.Errorf("Send refused for ever = %s after %d requests, want unavailable after two", got, len(transport.seen))
	}
}

func TestGraph_NoAnswer(t *testing.T) {
	dial := &net.OpError{Op: "dial", Err: errors.New("refused")}
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"no line", dial, "unavailable"},
		{"cut", io.ErrUnexpectedEOF, "uncertain"},
		{"quotes the mail", errors.New("malformed response " + canaryAddress + canaryCode), "uncertain"},
	} {
		g, log := newGraph(t, roundTrip(func(*http.Request) (*http.Response, error) { return nil, tt.err }), &tokens{})
		err := g.Send(t.Context(), note())
		if got := outcome(err); got != tt.want {
			t.Errorf("Send with %s = %s, want %s", tt.name, got, tt.want)
		}
		secretFree(t, log.String(), err)
	}
	synctest.Test(t, func(t *testing.T) {
		g, _ := newGraph(t, roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}), &tokens{})
		start := time.Now()
		if got := outcome(g.Send(t.Context(), note())); got != "uncertain" || time.Since(start) != 5*time.Second {
			t.Errorf("Send without an answer = %s after %v, want uncertain after 5s", got, time.Since(start))
		}
	})
}

func TestGraph_NothingIsSent(t *testing.T) {
	never := roundTrip(func(*http.Request) (*http.Response, error) {
		t.Error("a request was made")
		return nil, io.EOF
	})
	g, log := newGraph(t, never, &tokens{err: errors.New("no " + canarySecret)})
	err := g.Send(t.Context(), note())
	if got := outcome(err); got != "unavailable" {
		t.Errorf("Send without a token = %s, want unavailable", got)
	}
	secretFree(t, log.String(), err)
	if err := g.Send(tx.With(t.Context(), "open"), note()); !errors.Is(err, tx.ErrOpen) {
		t.Errorf("Send inside a transaction = %v, want %v", err, tx.ErrOpen)
	}
	for _, to := range []string{"maya@example.net;eve@example.org", "+12025550142", ""} {
		m := note()
		m.To = to
		if got := outcome(g.Send(t.Context(), m)); got != "refused" {
			t.Errorf("Send to %q = %s, want refused", to, got)
		}
	}
}
