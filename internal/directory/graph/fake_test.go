package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rekey/internal/clock"
	"rekey/internal/directory"
)

const (
	tenantID   = "11111111-2222-4333-8444-555555555555"
	aliceID    = "aaaaaaaa-0000-4000-8000-000000000001"
	bobID      = "bbbbbbbb-0000-4000-8000-000000000002"
	alicePhone = "+1 2025550142"
)

func person(object string) directory.PersonID {
	return directory.PersonID{Tenant: tenantID, Object: object}
}

// fakeGraph is a small Graph in this process, with state, and with a way to answer
// anything else.
type fakeGraph struct {
	mu      sync.Mutex
	methods map[string][]map[string]any
	seen    []*http.Request
	bodies  []string
	token   string // the one it takes; "" takes any
	answer  func(*http.Request) (*http.Response, error)
}

func newFake() *fakeGraph {
	password := map[string]any{"@odata.type": "#microsoft.graph.passwordAuthenticationMethod", "id": "28c10230-6103-485e-b985-444c60001490", "password": nil, "createdDateTime": "2026-01-02T03:04:05Z"}
	return &fakeGraph{methods: map[string][]map[string]any{
		aliceID: {password, phoneObject(mobileID, "mobile", alicePhone)},
		bobID:   {password},
	}}
}

func phoneObject(id, kind, number string) map[string]any {
	return map[string]any{"@odata.type": "#microsoft.graph.phoneAuthenticationMethod", "id": id, "phoneNumber": number, "phoneType": kind,
		"smsSignInState": "notEnabled", "createdDateTime": nil}
}

// RoundTrip implements http.RoundTripper.
func (f *fakeGraph) RoundTrip(req *http.Request) (*http.Response, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	body := ""
	if req.Body != nil {
		text, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		body = string(text)
	}
	f.seen, f.bodies = append(f.seen, req), append(f.bodies, body)
	if f.answer != nil {
		if resp, err := f.answer(req); resp != nil || err != nil {
			return resp, err
		}
	}
	if f.token != "" && req.Header.Get("Authorization") != "Bearer "+f.token {
		return reply(401, `{"error":{"code":"InvalidAuthenticationToken"}}`, "WWW-Authenticate", `Bearer realm="", claims=abc`), nil
	}
	return f.serve(req, body), nil
}

func (f *fakeGraph) serve(req *http.Request, body string) *http.Response {
	path, ok := strings.CutPrefix(req.URL.Path, "/v1.0/users/")
	id, rest, _ := strings.Cut(path, "/")
	list, known := f.methods[id]
	if !ok || !known {
		return reply(404, `{"error":{"code":"Request_ResourceNotFound","message":"x"}}`)
	}
	if collection, method, ok := contactPath(rest); ok && req.Method != "GET" {
		return f.write(req.Method, id, collection, method, body)
	}
	switch {
	case req.Method == "GET" && rest == "":
		return reply(200, map[string]any{"id": id, "displayName": "A Person", "userPrincipalName": id + "@example.org", "accountEnabled": true, "mail": nil, "userType": "Member"})
	case req.Method == "GET" && rest == "authentication/methods":
		return reply(200, map[string]any{"value": list})
	case req.Method == "POST" && rest == "revokeSignInSessions":
		return reply(200, map[string]any{"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#Edm.Boolean", "value": true})
	}
	return reply(501, "")
}

// contactPath splits the path of a contact below a person.
func contactPath(rest string) (collection, method string, ok bool) {
	path, ok := strings.CutPrefix(rest, "authentication/")
	collection, method, _ = strings.Cut(path, "/")
	return collection, method, ok && (collection == "phoneMethods" || collection == "emailMethods")
}

// write changes the contacts of a person as Graph does: one of each type, an alternate
// phone only beside a phone.
func (f *fakeGraph) write(verb, person, collection, method, body string) *http.Response {
	m := map[string]any{}
	if verb != "DELETE" {
		if m = contactObject(collection, body); m == nil {
			return refused()
		}
	}
	i := slices.IndexFunc(f.methods[person], func(old map[string]any) bool { return old["id"] == method || verb == "POST" && old["id"] == m["id"] })
	switch {
	case verb == "POST" && (i >= 0 || m["id"] == alternateMobileID && !f.has(person, mobileID)):
		return refused()
	case verb == "POST":
		f.methods[person] = append(f.methods[person], m)
		return reply(201, m)
	case i < 0:
		return reply(404, `{"error":{"code":"resourceNotFound","message":"x"}}`)
	case verb == "PATCH" && method != m["id"], verb == "DELETE" && method == mobileID && f.has(person, alternateMobileID):
		return refused()
	case verb == "PATCH":
		f.methods[person][i] = m
	case verb == "DELETE":
		f.methods[person] = slices.Delete(f.methods[person], i, i+1)
	}
	return reply(204, "")
}

func (f *fakeGraph) has(person, method string) bool {
	return slices.ContainsFunc(f.methods[person], func(m map[string]any) bool { return m["id"] == method })
}

func refused() *http.Response { return reply(400, `{"error":{"code":"badRequest","message":"x"}}`) }

// contactObject reads the body of a write, nil when it is none that Graph takes.
func contactObject(collection, body string) map[string]any {
	var in struct{ PhoneNumber, PhoneType, EmailAddress string }
	ids := map[string]string{"mobile": mobileID, "alternateMobile": alternateMobileID}
	switch err := json.Unmarshal([]byte(body), &in); {
	case err != nil:
	case collection == "phoneMethods" && strings.Contains(in.PhoneNumber, " ") && ids[in.PhoneType] != "" && in.EmailAddress == "":
		return phoneObject(ids[in.PhoneType], in.PhoneType, in.PhoneNumber)
	case collection == "emailMethods" && strings.Count(in.EmailAddress, "@") == 1 && in.PhoneNumber == "" && in.PhoneType == "":
		return map[string]any{"@odata.type": "#microsoft.graph.emailAuthenticationMethod", "id": emailID, "emailAddress": in.EmailAddress}
	}
	return nil
}

// reply makes an answer; a text body is sent as it is, with JSON's content type.
func reply(status int, body any, headers ...string) *http.Response {
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", "application/json; odata.metadata=minimal; charset=utf-8")
	for n := 0; n+1 < len(headers); n += 2 {
		w.Header().Set(headers[n], headers[n+1])
	}
	w.WriteHeader(status)
	if text, ok := body.(string); ok {
		_, _ = w.WriteString(text)
	} else if err := json.NewEncoder(w).Encode(body); err != nil {
		panic(err)
	}
	return w.Result()
}

// fakeTokens counts: the first token is "t1", after a Drop "t2".
type fakeTokens struct {
	mu  sync.Mutex
	n   int
	err error
}

func (f *fakeTokens) Token(context.Context) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return "", f.err
	}
	return fmt.Sprintf("t%d", f.n+1), nil
}

func (f *fakeTokens) Drop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n++
}

var testNow = time.Date(2027, 1, 15, 9, 30, 0, 0, time.UTC)

// rig is a Client on a fake Graph.
type rig struct {
	*Client
	graph  *fakeGraph
	tokens *fakeTokens
	clock  *clock.Movable
	budget *Budget
	log    *strings.Builder
}

func newRig(t *testing.T, change func(*Config)) rig {
	t.Helper()
	r := rig{graph: newFake(), tokens: &fakeTokens{}, clock: clock.NewMovable(clock.Func(func() time.Time { return testNow }), 0), log: &strings.Builder{}}
	c := Config{BaseURL: "https://graph.microsoft.com/v1.0", Tenant: tenantID, Transport: r.graph, Tokens: r.tokens, Clock: r.clock, Budget: plenty(t, r.clock),
		Log: slog.New(slog.NewTextHandler(&locked{w: r.log}, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	if change != nil {
		change(&c)
	}
	r.budget = c.Budget
	var err error
	if r.Client, err = New(c); err != nil {
		t.Fatal(err)
	}
	return r
}

// plenty is a budget that no test uses up.
func plenty(t *testing.T, c clock.Clock) *Budget {
	t.Helper()
	b, err := NewBudget(BudgetConfig{Clock: c, Count: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

var errCut = errors.New("connection reset canary")
