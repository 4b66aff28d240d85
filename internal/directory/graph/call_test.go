package graph

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rekey/internal/directory"
	"rekey/internal/fault"
)

// unknown stands for directory.ErrOutcomeUnknown where a fault's kind is expected.
const unknown fault.Kind = -1

// ugly is an answer, and what a read and a write make of it.
type ugly struct {
	answer func(*http.Request) (*http.Response, error)
	read   fault.Kind // Internal stands for no error
	write  fault.Kind
	until  time.Time
}

func always(resp func() *http.Response) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) { return resp(), nil }
}

func answers(status int, body any, headers ...string) func(*http.Request) (*http.Response, error) {
	return always(func() *http.Response { return reply(status, body, headers...) })
}

func fails(err error) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// cutBody is an answer whose body breaks off.
func cutBody(status int) func(*http.Request) (*http.Response, error) {
	return always(func() *http.Response {
		resp := reply(status, "")
		resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"value":[{"@odata`), brokenReader{}))
		return resp
	})
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

const none = fault.Internal

func uglyAnswers() map[string]ugly {
	const html = "text/html; charset=utf-8"
	at := func(d time.Duration) time.Time { return testNow.Add(d) }
	return map[string]ugly{
		"200 empty body":            {answers(200, ""), fault.Unavailable, none, time.Time{}},
		"200 HTML":                  {answers(200, "<html>canary", "Content-Type", html), fault.Unavailable, none, time.Time{}},
		"200 no content type":       {answers(200, `{"value":[]}`, "Content-Type", ""), fault.Unavailable, none, time.Time{}},
		"200 broken JSON":           {answers(200, `{"value":[{"id":"canary`), fault.Unavailable, none, time.Time{}},
		"200 null":                  {answers(200, `null`), fault.Unavailable, none, time.Time{}},
		"200 array":                 {answers(200, `[]`), fault.Unavailable, none, time.Time{}},
		"200 empty object":          {answers(200, `{}`), fault.Unavailable, none, time.Time{}},
		"200 value a text":          {answers(200, `{"value":"canary"}`), fault.Unavailable, none, time.Time{}},
		"200 value null":            {answers(200, `{"value":null}`), fault.Unavailable, none, time.Time{}},
		"200 item null":             {answers(200, `{"value":[null]}`), fault.Unavailable, none, time.Time{}},
		"200 item a text":           {answers(200, `{"value":["canary"]}`), none, none, time.Time{}},
		"200 error inside":          {answers(200, `{"error":{"code":"canary"}}`), fault.Unavailable, none, time.Time{}},
		"200 paged":                 {answers(200, `{"value":[],"@odata.nextLink":"https://elsewhere.example/canary"}`), fault.Unavailable, none, time.Time{}},
		"200 wrong property type":   {answers(200, `{"value":[{"@odata.type":"#microsoft.graph.phoneAuthenticationMethod","phoneNumber":7}]}`), fault.Unavailable, none, time.Time{}},
		"200 type not a text":       {answers(200, `{"value":[{"@odata.type":{}}]}`), fault.Unavailable, none, time.Time{}},
		"200 nested":                {answers(200, `{"value":`+strings.Repeat("[", answerLimit/2-20)+strings.Repeat("]", answerLimit/2-20)+`}`), fault.Unavailable, none, time.Time{}},
		"200 endless":               {answers(200, strings.Repeat(" ", answerLimit+1)), fault.Unavailable, none, time.Time{}},
		"200 cut":                   {cutBody(200), fault.Unavailable, none, time.Time{}},
		"204 no body":               {answers(204, ""), fault.Unavailable, none, time.Time{}},
		"202 no body":               {answers(202, ""), fault.Unavailable, none, time.Time{}},
		"301 elsewhere":             {answers(301, "", "Location", "https://elsewhere.example/canary"), fault.Unavailable, fault.Unavailable, time.Time{}},
		"307 elsewhere":             {answers(307, "", "Location", "https://elsewhere.example/canary"), fault.Unavailable, fault.Unavailable, time.Time{}},
		"308 same host":             {answers(308, "", "Location", "/v1.0/elsewhere"), fault.Unavailable, fault.Unavailable, time.Time{}},
		"304":                       {answers(304, ""), fault.Unavailable, fault.Unavailable, time.Time{}},
		"400":                       {answers(400, `{"error":{"code":"badRequest","message":"canary"}}`), fault.Unavailable, fault.Invalid, time.Time{}},
		"422 no message":            {answers(422, `{"error":{"code":"canary"}}`), fault.Unavailable, fault.Invalid, time.Time{}},
		"400 error a text":          {answers(400, `{"error":"canary"}`), fault.Unavailable, fault.Invalid, time.Time{}},
		"400 empty object":          {answers(400, `{}`), fault.Unavailable, fault.Invalid, time.Time{}},
		"401 plain":                 {answers(401, ""), fault.Unavailable, fault.Unavailable, time.Time{}},
		"401 odd challenge":         {answers(401, "", "WWW-Authenticate", `Bearer realm="", error="insufficient_claims", claims=abc`), fault.Unavailable, fault.Unavailable, time.Time{}},
		"401 good challenge":        {answers(401, "", "WWW-Authenticate", `Bearer claims="eyJhIjoxfQ=="`), fault.Unavailable, fault.Unavailable, time.Time{}},
		"403 empty":                 {answers(403, ""), fault.Forbidden, fault.Forbidden, time.Time{}},
		"403 HTML":                  {answers(403, "<html>canary", "Content-Type", html), fault.Forbidden, fault.Forbidden, time.Time{}},
		"404 empty":                 {answers(404, ""), fault.NotFound, fault.NotFound, time.Time{}},
		"408":                       {answers(408, ""), fault.Unavailable, fault.Unavailable, time.Time{}},
		"409":                       {answers(409, `{"error":{"message":"canary"}}`), fault.Conflict, fault.Conflict, time.Time{}},
		"418":                       {answers(418, ""), fault.Unavailable, fault.Unavailable, time.Time{}},
		"429 seconds":               {answers(429, `{"error":{"code":"TooManyRequests"}}`, "Retry-After", "7"), fault.Limited, fault.Limited, at(7 * time.Second)},
		"429 zero seconds":          {answers(429, "", "Retry-After", "0"), fault.Limited, fault.Limited, at(time.Second)},
		"429 date":                  {answers(429, "", "Retry-After", testNow.Add(90*time.Second).Format(http.TimeFormat)), fault.Limited, fault.Limited, at(90 * time.Second)},
		"429 date past":             {answers(429, "", "Retry-After", testNow.Add(-time.Hour).Format(http.TimeFormat)), fault.Limited, fault.Limited, at(time.Second)},
		"429 date in years":         {answers(429, "", "Retry-After", testNow.AddDate(3, 0, 0).Format(http.TimeFormat)), fault.Limited, fault.Limited, at(longestWait)},
		"429 silent":                {answers(429, ""), fault.Limited, fault.Limited, at(defaultWait)},
		"429 nonsense":              {answers(429, "", "Retry-After", "canary"), fault.Limited, fault.Limited, at(defaultWait)},
		"429 negative":              {answers(429, "", "Retry-After", "-5"), fault.Limited, fault.Limited, at(defaultWait)},
		"429 for years":             {answers(429, "", "Retry-After", "999999999"), fault.Limited, fault.Limited, at(longestWait)},
		"429 HTML":                  {answers(429, "<html>canary", "Content-Type", html), fault.Limited, fault.Limited, at(defaultWait)},
		"500 JSON":                  {answers(500, `{"error":{"code":"canary"}}`), fault.Unavailable, unknown, time.Time{}},
		"501":                       {answers(501, ""), fault.Unavailable, fault.Invalid, time.Time{}},
		"405":                       {answers(405, ""), fault.Unavailable, fault.Invalid, time.Time{}},
		"502 HTML":                  {answers(502, "<html>canary", "Content-Type", html), fault.Unavailable, unknown, time.Time{}},
		"503 silent":                {answers(503, ""), fault.Unavailable, fault.Unavailable, time.Time{}},
		"503 seconds":               {answers(503, "", "Retry-After", "3"), fault.Unavailable, fault.Unavailable, at(3 * time.Second)},
		"503 cut":                   {cutBody(503), fault.Unavailable, fault.Unavailable, time.Time{}},
		"504":                       {answers(504, ""), fault.Unavailable, unknown, time.Time{}},
		"599":                       {answers(599, ""), fault.Unavailable, unknown, time.Time{}},
		"line cut":                  {fails(errCut), fault.Unavailable, unknown, time.Time{}},
		"line cut early":            {fails(io.ErrUnexpectedEOF), fault.Unavailable, unknown, time.Time{}},
		"timeout inside":            {fails(context.DeadlineExceeded), fault.Unavailable, unknown, time.Time{}},
		"no connection":             {fails(&net.OpError{Op: "dial", Err: errCut}), fault.Unavailable, fault.Unavailable, time.Time{}},
		"connection lost in a read": {fails(&net.OpError{Op: "read", Err: errCut}), fault.Unavailable, unknown, time.Time{}},
	}
}

// matches reports whether err is of the kind, with the time.
func matches(err error, kind fault.Kind, until time.Time) bool {
	switch kind {
	case none:
		return err == nil
	case unknown:
		return errors.Is(err, directory.ErrOutcomeUnknown) && fault.As(err) == nil
	}
	f := fault.As(err)
	return f != nil && f.Kind == kind && f.Until.Equal(until) && !errors.Is(err, directory.ErrOutcomeUnknown)
}

func TestClient_UglyAnswers(t *testing.T) {
	for name, c := range uglyAnswers() {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			r.graph.answer = c.answer
			_, readErr := r.Methods(t.Context(), person(aliceID))
			if !matches(readErr, c.read, c.until) {
				t.Errorf("Methods = %v, want %v until %v", readErr, c.read, c.until)
			}
			if c.read != none {
				if _, err := r.Account(t.Context(), person(aliceID)); !matches(err, c.read, c.until) {
					t.Errorf("Account = %v, want %v until %v", err, c.read, c.until)
				}
			}
			r.Client.budget = plenty(t, r.clock) // the first one waits
			before := len(r.graph.seen)
			writeErr := r.AddContact(t.Context(), person(bobID), directory.Phone, "+12025550161")
			if !matches(writeErr, c.write, c.until) {
				t.Errorf("AddContact = %v, want %v until %v", writeErr, c.write, c.until)
			}
			calls, most := len(r.graph.seen)-before, 1
			if strings.HasPrefix(name, "401") {
				most = 2
			}
			if calls != most {
				t.Errorf("AddContact made %d requests, want %d", calls, most)
			}
			told := fmt.Sprintf("%v %+v %v %s", readErr, writeErr, writeErr, r.log)
			for _, secret := range []string{"canary", "2025550161", "2025550142", "t1", "t2", aliceID, bobID} {
				if strings.Contains(told, secret) {
					t.Errorf("errors or log tell %q: %s", secret, told)
				}
			}
			for _, req := range r.graph.seen {
				if req.URL.Host != "graph.microsoft.com" || !strings.HasPrefix(req.URL.Path, "/v1.0/users/") {
					t.Errorf("request to %s: a redirect was followed", req.URL)
				}
			}
		})
	}
}

// What is refused while it is there was refused; where nobody can look, it may come again.
func TestRemoveContact_LooksIntoARefusal(t *testing.T) {
	refuse := func(list func() (*http.Response, error)) func(*http.Request) (*http.Response, error) {
		return func(req *http.Request) (*http.Response, error) {
			if req.Method == "DELETE" {
				return refused(), nil
			}
			return list()
		}
	}
	asItIs := func() (*http.Response, error) { return nil, nil }
	for name, c := range map[string]struct {
		list func() (*http.Response, error)
		kind directory.Kind
		want fault.Kind
	}{
		"there":     {asItIs, directory.Phone, fault.Invalid},
		"not there": {asItIs, directory.Email, none},
		"busy":      {func() (*http.Response, error) { return reply(429, ""), nil }, directory.Phone, fault.Limited},
		"cut":       {func() (*http.Response, error) { return nil, errCut }, directory.Phone, fault.Unavailable},
	} {
		r := newRig(t, nil)
		r.graph.answer = refuse(c.list)
		err := r.RemoveContact(t.Context(), person(aliceID), c.kind)
		if f := fault.As(err); (f == nil) != (c.want == none) || f != nil && f.Kind != c.want || errors.Is(err, directory.ErrOutcomeUnknown) {
			t.Errorf("RemoveContact refused, list %s = %v, want %v", name, err, c.want)
		}
		if len(r.graph.seen) != 2 {
			t.Errorf("RemoveContact refused, list %s made %d requests, want 2", name, len(r.graph.seen))
		}
	}
}

// A person who is not there has no sessions, and that is not "somebody else changed it".
func TestRevokeSessions_Answers(t *testing.T) {
	for status, want := range map[int]fault.Kind{200: none, 204: none, 403: fault.Forbidden, 404: fault.NotFound, 429: fault.Limited, 503: fault.Unavailable} {
		r := newRig(t, nil)
		r.graph.answer = answers(status, "")
		err := r.RevokeSessions(t.Context(), person(aliceID))
		if f := fault.As(err); (err == nil) != (want == none) || f != nil && f.Kind != want {
			t.Errorf("RevokeSessions answered %d = %v, want %v", status, err, want)
		}
	}
}

func TestUpdatePhone_GoneMeanwhileIsAConflict(t *testing.T) {
	r := newRig(t, nil)
	r.graph.answer = answers(404, "")
	if err := r.UpdateContact(t.Context(), person(aliceID), directory.Phone, "+12025550161"); !fault.Is(err, fault.Conflict) {
		t.Errorf("UpdateContact answered 404 = %v, want conflict", err)
	}
}

func TestClient_DropsARefusedTokenOnce(t *testing.T) {
	r := newRig(t, nil)
	r.graph.token = "t2"
	if err := r.AddContact(t.Context(), person(bobID), directory.Phone, "+12025550161"); err != nil {
		t.Errorf("AddContact with a stale token = %v, want nil after a new token", err)
	}
	if len(r.graph.methods[bobID]) != 2 || len(r.graph.seen) != 2 || r.tokens.n != 1 {
		t.Errorf("methods %d, requests %d, drops %d, want 2, 2, 1", len(r.graph.methods[bobID]), len(r.graph.seen), r.tokens.n)
	}
	r.graph.token = "never"
	if _, err := r.Methods(t.Context(), person(aliceID)); !fault.Is(err, fault.Unavailable) || len(r.graph.seen) != 4 {
		t.Errorf("Methods with tokens refused = %v after %d requests, want unavailable after 2 more", err, len(r.graph.seen))
	}
}

func TestClient_RetryAfter401KeepsTheOutcomeOfTheSecond(t *testing.T) {
	r := newRig(t, nil)
	first := true
	r.graph.answer = func(*http.Request) (*http.Response, error) {
		if first {
			first = false
			return reply(401, ""), nil
		}
		return nil, errCut
	}
	if err := r.AddContact(t.Context(), person(bobID), directory.Phone, "+12025550161"); !errors.Is(err, directory.ErrOutcomeUnknown) {
		t.Errorf("AddContact cut after a 401 = %v, want outcome unknown", err)
	}
}

func TestClient_WithoutATokenNothingIsSent(t *testing.T) {
	until := testNow.Add(time.Minute)
	for name, tokenErr := range map[string]error{
		"fault": &fault.Error{Kind: fault.Unavailable, Key: "signin.down", Until: until}, "other": errCut,
	} {
		r := newRig(t, nil)
		r.tokens.err = tokenErr
		err := r.AddContact(t.Context(), person(bobID), directory.Phone, "+12025550161")
		if !fault.Is(err, fault.Unavailable) || strings.Contains(err.Error(), "canary") || len(r.graph.seen) != 0 {
			t.Errorf("AddContact without a token (%s) = %v after %d requests, want unavailable after none", name, err, len(r.graph.seen))
		}
		if name == "fault" && !fault.As(err).Until.Equal(until) {
			t.Errorf("AddContact without a token = until %v, want %v", fault.As(err).Until, until)
		}
	}
	r := newRig(t, func(c *Config) { c.Tokens = badToken{} })
	if _, err := r.Methods(t.Context(), person(aliceID)); !fault.Is(err, fault.Unavailable) || len(r.graph.seen) != 0 {
		t.Errorf("Methods with a token of two lines = %v after %d requests, want unavailable after none", err, len(r.graph.seen))
	}
}

type badToken struct{}

func (badToken) Token(context.Context) (string, error) { return "t\r\nX-Evil: 1", nil }
func (badToken) Drop()                                 {}

func TestClient_AVL1_EveryCallHasADeadline(t *testing.T) {
	r := newRig(t, nil)
	var left time.Duration
	r.graph.answer = func(req *http.Request) (*http.Response, error) {
		at, ok := req.Context().Deadline()
		if !ok {
			t.Error("a call without a deadline")
		}
		left = time.Until(at)
		return nil, nil
	}
	if _, err := r.Methods(t.Context(), person(aliceID)); err != nil || left > callTime || left < callTime-5*time.Second {
		t.Errorf("Methods = %v with %v left, want about %v", err, left, callTime)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, err := r.Methods(ctx, person(aliceID)); err != nil || left > 2*time.Second {
		t.Errorf("Methods with two seconds = %v with %v left, want the caller's two", err, left)
	}
}

func TestClient_GivenUpOnTheWay(t *testing.T) {
	r := newRig(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	r.graph.answer = func(req *http.Request) (*http.Response, error) {
		cancel()
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
	if err := r.AddContact(ctx, person(bobID), directory.Phone, "+12025550161"); !errors.Is(err, directory.ErrOutcomeUnknown) {
		t.Errorf("AddContact given up on the way = %v, want outcome unknown", err)
	}
}

func TestClient_PanicBecomesAFault(t *testing.T) {
	r := newRig(t, nil)
	r.graph.answer = func(*http.Request) (*http.Response, error) { panic("canary") }
	if _, err := r.Methods(t.Context(), person(aliceID)); !fault.Is(err, fault.Unavailable) || strings.Contains(err.Error(), "canary") {
		t.Errorf("Methods over a panic = %v, want unavailable", err)
	}
	if err := r.AddContact(t.Context(), person(bobID), directory.Phone, "+12025550161"); !errors.Is(err, directory.ErrOutcomeUnknown) {
		t.Errorf("AddContact over a panic = %v, want outcome unknown", err)
	}
}

// The token goes to Graph alone, even if the SDK were made to ask somebody else.
func TestGate_LetsNothingElsewhere(t *testing.T) {
	base, err := baseURL("https://graph.microsoft.com/v1.0")
	if err != nil {
		t.Fatal(err)
	}
	for address, passes := range map[string]bool{"https://graph.microsoft.com/v1.0/users/x": true, "https://graph.microsoft.com.example/v1.0": false,
		"http://graph.microsoft.com/v1.0": false, "https://graph.microsoft.com:8443/v1.0": false} {
		f := newFake()
		f.answer = answers(200, "{}")
		req, err := http.NewRequestWithContext(context.WithValue(t.Context(), exchangeKey{}, &exchange{}), "GET", address, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = gate{base: base}.Intercept(next{f}, 0, req)
		if (err == nil) != passes || (len(f.seen) == 1) != passes {
			t.Errorf("Intercept(%s) = %v after %d requests, want passed on: %v", address, err, len(f.seen), passes)
		}
	}
}

// A process that was stopped before its request went out, and continued after its deadline,
// sends nothing, even before a timer has told the context.
func TestGate_AVL4_NothingStartsAfterTheDeadline(t *testing.T) {
	base, err := baseURL("https://graph.microsoft.com/v1.0")
	if err != nil {
		t.Fatal(err)
	}
	for name, left := range map[string]time.Duration{"over": -time.Millisecond, "ahead": time.Minute} {
		f, x := newFake(), &exchange{}
		f.answer = answers(200, "{}")
		ctx := overdue{context.WithValue(t.Context(), exchangeKey{}, x), time.Now().Add(left)}
		req, err := http.NewRequestWithContext(ctx, "DELETE", "https://graph.microsoft.com/v1.0/users/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = gate{base: base}.Intercept(next{f}, 0, req)
		if over := left < 0; errors.Is(err, context.DeadlineExceeded) != over || (len(f.seen) == 0) != over || x.entered == over {
			t.Errorf("Intercept, deadline %s = %v after %d requests", name, err, len(f.seen))
		}
	}
}

// overdue is a context whose timer has not fired yet.
type overdue struct {
	context.Context
	at time.Time
}

func (o overdue) Deadline() (time.Time, bool) { return o.at, true }

type next struct{ http.RoundTripper }

func (n next) Next(req *http.Request, _ int) (*http.Response, error) { return n.RoundTrip(req) }

// On the real network the transport itself says whether a request was written.
func TestClient_OnTheNetwork(t *testing.T) {
	var seen []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		seen = append(seen, fmt.Sprint(req.Method, " ", req.URL.Path, " ", req.ContentLength, " ", req.TransferEncoding))
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = conn.Close()
		}
	}))
	r := newRig(t, func(c *Config) { c.BaseURL, c.Transport = server.URL+"/v1.0", nil })
	err := r.AddContact(t.Context(), person(bobID), directory.Phone, "+12025550161")
	if !errors.Is(err, directory.ErrOutcomeUnknown) || len(seen) != 1 || strings.Contains(seen[0], "chunked") || strings.Contains(seen[0], " -1 ") {
		t.Errorf("AddContact hung up on = %v after %q, want outcome unknown after one request with a length", err, seen)
	}
	server.Close()
	if err := r.AddContact(t.Context(), person(bobID), directory.Phone, "+12025550161"); !fault.Is(err, fault.Unavailable) || errors.Is(err, directory.ErrOutcomeUnknown) {
		t.Errorf("AddContact with nobody listening = %v, want unavailable: nothing was sent", err)
	}
}
