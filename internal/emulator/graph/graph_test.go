package graph

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rekey/internal/clock"
	"rekey/internal/emulator/tenant"
)

// world is a tenant, its Graph and a clock that stands still unless it is moved.
type world struct {
	*tenant.Tenant
	graph *Graph
	clock *clock.Movable
	log   *bytes.Buffer
}

func newWorld(t *testing.T, sw tenant.Switches) *world {
	t.Helper()
	c := clock.NewMovable(clock.Func(func() time.Time { return time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC) }), 0)
	made, err := tenant.New(tenant.Options{Clock: c, Switches: sw})
	if err != nil {
		t.Fatal(err)
	}
	log := &bytes.Buffer{}
	return &world{made, New(made, slog.New(slog.NewTextHandler(log, nil))), c, log}
}

// app is a token of an app of its own.
func (w *world) app(roles ...string) string {
	return w.IssueAccess(tenant.Access{ClientID: w.NewID(), Roles: roles, ExpiresAt: w.Now().Add(time.Hour)})
}

// person is a token that an app has of a person who signed in strongly just now.
func (w *world) person(name string, scopes ...string) string {
	p, _ := w.Person(name + "@" + tenant.Domain)
	return w.IssueAccess(tenant.Access{ClientID: w.NewID(), PersonID: p.ID, Scopes: scopes, Strong: true, AuthTime: w.Now(), ExpiresAt: w.Now().Add(time.Hour)})
}

func (w *world) id(name string) string {
	p, _ := w.Person(name + "@" + tenant.Domain)
	return p.ID
}

type result struct {
	*httptest.ResponseRecorder
	body map[string]any
}

func (r result) code() string {
	e, _ := r.body["error"].(map[string]any)
	s, _ := e["code"].(string)
	return s
}

func (w *world) do(t *testing.T, token, method, path, body string) result {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if r.URL.Query().Has("$count") {
		r.Header.Set("ConsistencyLevel", "eventual")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return w.serve(t, r)
}

func (w *world) serve(t *testing.T, r *http.Request) result {
	t.Helper()
	rec := httptest.NewRecorder()
	w.graph.ServeHTTP(rec, r)
	out := result{rec, nil}
	if rec.Body.Len() > 0 {
		if err := json.Unmarshal(rec.Body.Bytes(), &out.body); err != nil {
			t.Fatalf("%s %s answered %q: %v", r.Method, r.URL, rec.Body, err)
		}
	}
	return out
}

const (
	readAll    = "UserAuthenticationMethod.Read.All"
	phoneWrite = "UserAuthMethod-Phone.ReadWrite.All"
	emailWrite = "UserAuthMethod-Email.ReadWrite.All"
	writeAll   = "UserAuthenticationMethod.ReadWrite.All"
	number     = `{"phoneNumber":"+1 4255550199"}`
)

func TestAnswers(t *testing.T) {
	maya, jonas := "/v1.0/users/{maya.okafor}", "/v1.0/users/{jonas.lindqvist}"
	phones := "/authentication/phoneMethods"
	for _, c := range []struct {
		name, token, method, path, body string
		sw                              tenant.Switches
		status                          int
		code                            string
	}{
		{"no token", "", "GET", maya, "", tenant.Switches{}, 401, "InvalidAuthenticationToken"},
		{"user", "app User.Read.All", "GET", maya + "?$select=id,accountEnabled", "", tenant.Switches{}, 200, ""},
		{"user by name", "app User.Read.All", "GET", "/v1.0/users/Maya.Okafor%40fernhill.example", "", tenant.Switches{}, 200, ""},
		{"user, unknown property", "app User.Read.All", "GET", maya + "?$select=shoeSize", "", tenant.Switches{}, 400, "BadRequest"},
		{"unknown user", "app User.Read.All", "GET", "/v1.0/users/nobody", "", tenant.Switches{}, 404, "Request_ResourceNotFound"},
		{"user without permission", "app " + readAll, "GET", maya, "", tenant.Switches{}, 403, "Authorization_RequestDenied"},
		{"me of an app", "app User.Read.All", "GET", "/v1.0/me", "", tenant.Switches{}, 400, "BadRequest"},
		{"me", "maya.okafor User.Read", "GET", "/v1.0/me", "", tenant.Switches{}, 200, ""},
		{"another by User.Read", "maya.okafor User.Read", "GET", jonas, "", tenant.Switches{}, 403, "Authorization_RequestDenied"},
		{"methods", "app " + readAll, "GET", maya + "/authentication/methods", "", tenant.Switches{}, 200, ""},
		{"methods by the granular permission", "app " + phoneWrite, "GET", maya + "/authentication/methods", "", tenant.Switches{}, 403, "accessDenied"},
		{"methods by a similar permission", "app " + readAll + "x", "GET", maya + "/authentication/methods", "", tenant.Switches{}, 403, "accessDenied"},
		{"methods, another code", "app User.Read.All", "GET", maya + "/authentication/methods", "", tenant.Switches{RefusalCode: "Authorization_RequestDenied"}, 403, "Authorization_RequestDenied"},
		{"methods with an option", "app " + readAll, "GET", maya + "/authentication/methods?$top=1", "", tenant.Switches{}, 400, "badRequest"},
		{"own methods", "maya.okafor UserAuthenticationMethod.Read", "GET", "/v1.0/me/authentication/methods", "", tenant.Switches{}, 200, ""},
		{"phones by the granular permission", "app " + phoneWrite, "GET", maya + phones, "", tenant.Switches{}, 200, ""},
		{"one phone", "app " + phoneWrite, "GET", maya + phones + "/" + tenant.MobileID, "", tenant.Switches{}, 200, ""},
		{"a phone that is not there", "app " + phoneWrite, "GET", maya + phones + "/" + tenant.OfficeID, "", tenant.Switches{}, 404, "resourceNotFound"},
		{"change a phone", "app " + phoneWrite, "PATCH", maya + phones + "/" + tenant.MobileID, number, tenant.Switches{}, 204, ""},
		{"change a phone, with body", "app " + phoneWrite, "PATCH", maya + phones + "/" + tenant.MobileID, number, tenant.Switches{PatchAnswersBody: true}, 200, ""},
		{"change a phone, reading only", "app " + readAll, "PATCH", maya + phones + "/" + tenant.MobileID, number, tenant.Switches{}, 403, "accessDenied"},
		{"change a phone by the permission for email", "app " + emailWrite, "PATCH", maya + phones + "/" + tenant.MobileID, number, tenant.Switches{}, 403, "accessDenied"},
		{"change to no number", "app " + phoneWrite, "PATCH", maya + phones + "/" + tenant.MobileID, `{"phoneNumber":"555"}`, tenant.Switches{}, 400, "badRequest"},
		{"change an unknown property", "app " + phoneWrite, "PATCH", maya + phones + "/" + tenant.MobileID, `{"phone":"+1 4255550199"}`, tenant.Switches{}, 400, "BadRequest"},
		{"change to a number that is no text", "app " + phoneWrite, "PATCH", maya + phones + "/" + tenant.MobileID, `{"phoneNumber":15}`, tenant.Switches{}, 400, "BadRequest"},
		{"broken JSON", "app " + phoneWrite, "PATCH", maya + phones + "/" + tenant.MobileID, `{"phoneNumber":`, tenant.Switches{}, 400, "BadRequest"},
		{"null", "app " + phoneWrite, "PATCH", maya + phones + "/" + tenant.MobileID, `null`, tenant.Switches{}, 400, "BadRequest"},
		{"add an alternate phone", "app " + phoneWrite, "POST", maya + phones, `{"@odata.type":"#microsoft.graph.phoneAuthenticationMethod","phoneNumber":"+1 4255550199","phoneType":"alternateMobile"}`, tenant.Switches{}, 201, ""},
		{"add a phone that is there", "app " + phoneWrite, "POST", maya + phones, `{"phoneNumber":"+1 4255550199","phoneType":"mobile"}`, tenant.Switches{}, 400, "badRequest"},
		{"add one's own phone", "maya.okafor UserAuthenticationMethod.ReadWrite", "POST", maya + phones, `{"phoneNumber":"+1 4255550199","phoneType":"alternateMobile"}`, tenant.Switches{}, 403, "accessDenied"},
		{"add one's own phone, let in", "maya.okafor UserAuthenticationMethod.ReadWrite", "POST", "/v1.0/me" + phones, `{"phoneNumber":"+1 4255550199","phoneType":"alternateMobile"}`, tenant.Switches{SelfWrite: true}, 201, ""},
		{"change one's own phone through me", "maya.okafor UserAuthMethod-Phone.ReadWrite", "PATCH", "/v1.0/me" + phones + "/" + tenant.MobileID, number, tenant.Switches{}, 403, "accessDenied"},
		{"delete one's own phone", "maya.okafor UserAuthMethod-Phone.ReadWrite", "DELETE", "/v1.0/me" + phones + "/" + tenant.MobileID, "", tenant.Switches{}, 204, ""},
		{"delete one's own phone, refused", "maya.okafor UserAuthMethod-Phone.ReadWrite", "DELETE", "/v1.0/me" + phones + "/" + tenant.MobileID, "", tenant.Switches{SelfDeleteRefused: true}, 403, "accessDenied"},
		{"an employee changes another's", "maya.okafor " + writeAll, "PATCH", jonas + phones + "/" + tenant.MobileID, number, tenant.Switches{}, 403, "accessDenied"},
		{"an authentication administrator changes an employee's", "sofia.marchetti " + writeAll, "PATCH", maya + phones + "/" + tenant.MobileID, number, tenant.Switches{}, 204, ""},
		{"an authentication administrator changes an administrator's", "sofia.marchetti " + writeAll, "PATCH", "/v1.0/users/{ingrid.solberg}" + phones + "/" + tenant.MobileID, number, tenant.Switches{}, 403, "accessDenied"},
		{"a helpdesk administrator reads methods", "kwame.boateng " + readAll, "GET", maya + "/authentication/methods", "", tenant.Switches{}, 403, "accessDenied"},
		{"a global reader reads methods", "mei.tanaka " + readAll, "GET", maya + "/authentication/methods", "", tenant.Switches{}, 200, ""},
		{"a global reader changes methods", "mei.tanaka " + writeAll, "PATCH", maya + phones + "/" + tenant.MobileID, number, tenant.Switches{}, 403, "accessDenied"},
		{"delete phone under alternate", "app " + phoneWrite, "DELETE", jonas + phones + "/" + tenant.MobileID, "", tenant.Switches{}, 400, "badRequest"},
		{"delete a default among others", "app " + writeAll, "DELETE", "/v1.0/users/{grace.kimani}" + phones + "/" + tenant.MobileID, "", tenant.Switches{}, 400, "badRequest"},
		{"delete by the generic path", "app " + writeAll, "DELETE", maya + "/authentication/methods/" + tenant.MobileID, "", tenant.Switches{}, 404, "UnknownError"},
		{"delete a password", "app " + writeAll, "DELETE", maya + "/authentication/passwordMethods/" + tenant.PasswordID, "", tenant.Switches{}, 501, "NotImplemented"},
		{"add an email", "app " + emailWrite, "POST", maya + "/authentication/emailMethods", `{"emailAddress":"maya@home.example"}`, tenant.Switches{}, 201, ""},
		{"change an email", "app " + emailWrite, "PATCH", jonas + "/authentication/emailMethods/" + tenant.EmailID, `{"emailAddress":"j@home.example"}`, tenant.Switches{}, 204, ""},
		{"delete an email", "app " + emailWrite, "DELETE", jonas + "/authentication/emailMethods/" + tenant.EmailID, "", tenant.Switches{}, 204, ""},
		{"revoke", "app User.RevokeSessions.All", "POST", maya + "/revokeSignInSessions", "", tenant.Switches{}, 200, ""},
		{"revoke without permission", "app User.Read.All", "POST", maya + "/revokeSignInSessions", "", tenant.Switches{}, 403, "Authorization_RequestDenied"},
		{"helpdesk revokes an employee's", "kwame.boateng User.RevokeSessions.All", "POST", maya + "/revokeSignInSessions", "", tenant.Switches{}, 200, ""},
		{"helpdesk revokes an administrator's", "kwame.boateng User.RevokeSessions.All", "POST", "/v1.0/users/{ingrid.solberg}/revokeSignInSessions", "", tenant.Switches{}, 403, "Authorization_RequestDenied"},
		{"roles", "app User.Read.All", "GET", "/v1.0/users/{ingrid.solberg}/transitiveMemberOf/microsoft.graph.directoryRole?$count=true", "", tenant.Switches{}, 200, ""},
		{"roles without $count", "app User.Read.All", "GET", "/v1.0/users/{ingrid.solberg}/transitiveMemberOf/microsoft.graph.directoryRole", "", tenant.Switches{}, 400, "Request_UnsupportedQuery"},
		{"roles without $count, let in", "app User.Read.All", "GET", "/v1.0/users/{ingrid.solberg}/transitiveMemberOf/microsoft.graph.directoryRole", "", tenant.Switches{CastsWithoutCount: true}, 200, ""},
		{"devices", "app User.Read.All", "GET", "/v1.0/users/{priya.raman}/ownedDevices", "", tenant.Switches{}, 200, ""},
		{"beta", "app " + readAll, "GET", "/beta/users/{maya.okafor}/authentication/methods", "", tenant.Switches{}, 200, ""},
		{"unknown path", "app User.Read.All", "GET", "/v1.0/planner", "", tenant.Switches{}, 501, "NotImplemented"},
		{"unknown version", "", "GET", "/v9/users", "", tenant.Switches{}, 501, "NotImplemented"},
		{"empty id", "app User.Read.All", "GET", "/v1.0/users//authentication/methods", "", tenant.Switches{}, 400, "BadRequest"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, c.sw)
			got := w.do(t, w.token(c.token), c.method, w.fill(c.path), c.body)
			if got.Code != c.status || got.code() != c.code {
				t.Errorf("%s %s = %d %q, want %d %q: %s", c.method, c.path, got.Code, got.code(), c.status, c.code, got.Body)
			}
			if got.Header().Get("request-id") == "" || got.Header().Get("client-request-id") == "" {
				t.Errorf("%s %s has no request ids", c.method, c.path)
			}
		})
	}
}

// token reads "app PERMISSION" or "NAME SCOPE".
func (w *world) token(who string) string {
	name, permission, _ := strings.Cut(who, " ")
	switch name {
	case "":
		return ""
	case "app":
		return w.app(permission)
	}
	return w.person(name, permission)
}

// fill puts an object id for {name}.
func (w *world) fill(path string) string {
	before, rest, ok := strings.Cut(path, "{")
	if !ok {
		return path
	}
	name, after, _ := strings.Cut(rest, "}")
	return before + w.id(name) + after
}

func TestListAll_IsPolymorphicAndWhole(t *testing.T) {
	w := newWorld(t, tenant.Switches{})
	samir := w.id("samir.haddad")
	if _, err := w.AddMethod(samir, tenant.Method{"@odata.type": tenant.TypeHardwareOath}); err != nil {
		t.Fatal(err)
	}
	if err := w.MarkUsed(samir, tenant.MobileID); err != nil {
		t.Fatal(err)
	}
	for version, want := range map[string]int{"v1.0": 3, "beta": 4} {
		got := w.do(t, w.app(readAll), "GET", "/"+version+"/users/"+samir+"/authentication/methods", "")
		methods, _ := got.body["value"].([]any)
		if len(methods) != want {
			t.Errorf("%s lists %d methods, want %d", version, len(methods), want)
		}
		for _, m := range methods {
			m := tenant.Method(m.(map[string]any))
			if m.Type() == "" || m.ID() == "" {
				t.Errorf("%s lists %v without type or id", version, m)
			}
			if _, shown := m["lastUsedDateTime"]; m.ID() == tenant.MobileID && shown != (version == "beta") {
				t.Errorf("%s shows lastUsedDateTime = %v", version, shown)
			}
		}
	}
}

func TestListAll_Masks(t *testing.T) {
	whole := "+1 4255550142"
	for _, c := range []struct {
		who  string
		sw   tenant.Switches
		want string
	}{
		{"app " + readAll, tenant.Switches{}, whole},
		{"app " + readAll, tenant.Switches{MaskedForApps: true}, "+1 XXXXXXXX42"},
		{"sofia.marchetti " + readAll, tenant.Switches{}, "+1 XXXXXXXX42"},
		{"sofia.marchetti " + readAll, tenant.Switches{Unmasked: true}, whole},
		{"daniel.achebe " + readAll, tenant.Switches{}, whole},
	} {
		w := newWorld(t, c.sw)
		got := w.do(t, w.token(c.who), "GET", w.fill("/v1.0/users/{maya.okafor}/authentication/phoneMethods"), "")
		m := tenant.Method(got.body["value"].([]any)[0].(map[string]any))
		if m.PhoneNumber() != c.want {
			t.Errorf("%s sees %q, want %q", c.who, m.PhoneNumber(), c.want)
		}
	}
}

func TestLimit_FivePerTenSeconds(t *testing.T) {
	w := newWorld(t, tenant.Switches{})
	token, path := w.app(readAll), w.fill("/v1.0/users/{maya.okafor}/authentication/methods")
	call := func() result { return w.do(t, token, "GET", path, "") }
	for i := range 5 {
		if got := call(); got.Code != 200 {
			t.Fatalf("call %d = %d, want 200", i+1, got.Code)
		}
		w.clock.Advance(time.Second)
	}
	got := call()
	if got.Code != 429 || got.Header().Get("Retry-After") != "5" || got.code() != "TooManyRequests" {
		t.Errorf("sixth call = %d, Retry-After %q, want 429 and 5", got.Code, got.Header().Get("Retry-After"))
	}
	if got := w.do(t, w.app(readAll), "GET", path, ""); got.Code != 200 {
		t.Errorf("another app's call = %d, want 200", got.Code)
	}
	w.clock.Advance(5 * time.Second)
	if got := call(); got.Code != 200 {
		t.Errorf("call after the wait = %d, want 200", got.Code)
	}
	if got := call(); got.Code != 429 || got.Header().Get("Retry-After") != "1" {
		t.Errorf("next call = %d, Retry-After %q, want 429 and 1", got.Code, got.Header().Get("Retry-After"))
	}
}

func TestLimit_IsASwitchAndSparesUsers(t *testing.T) {
	w := newWorld(t, tenant.Switches{MethodCalls: 1, MethodWindow: time.Minute})
	token, path := w.app(readAll, "User.Read.All"), w.fill("/v1.0/users/{maya.okafor}")
	for i, want := range []int{200, 429} {
		if got := w.do(t, token, "GET", path+"/authentication/methods", ""); got.Code != want {
			t.Errorf("call %d = %d, want %d", i+1, got.Code, want)
		}
	}
	if got := w.do(t, token, "GET", path, ""); got.Code != 200 {
		t.Errorf("GET user = %d, want 200", got.Code)
	}
}

func TestLag(t *testing.T) {
	w := newWorld(t, tenant.Switches{})
	token, path := w.app(phoneWrite), w.fill("/v1.0/users/{maya.okafor}/authentication/phoneMethods/"+tenant.MobileID)
	r := httptest.NewRequest("PATCH", path, strings.NewReader(number))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	if got := w.serve(t, r.WithContext(WithLag(r.Context(), 30*time.Second))); got.Code != 204 {
		t.Fatalf("PATCH = %d, want 204", got.Code)
	}
	for _, c := range []struct {
		after time.Duration
		want  string
	}{{0, "+1 4255550142"}, {29 * time.Second, "+1 4255550142"}, {time.Second, "+1 4255550199"}} {
		w.clock.Advance(c.after)
		if got := w.do(t, token, "GET", path, "").body["phoneNumber"]; got != c.want {
			t.Errorf("GET %v later = %v, want %v", c.after, got, c.want)
		}
	}
}

func TestSelfWrite_NeedsAFreshStrongSignIn(t *testing.T) {
	w := newWorld(t, tenant.Switches{SelfWrite: true, MethodCalls: -1})
	maya := w.id("maya.okafor")
	for _, c := range []struct {
		age    time.Duration
		strong bool
		want   int
	}{{0, true, 204}, {10 * time.Minute, true, 204}, {10*time.Minute + time.Second, true, 403}, {0, false, 403}} {
		token := w.IssueAccess(tenant.Access{ClientID: "x", PersonID: maya, Scopes: []string{"UserAuthenticationMethod.ReadWrite"},
			Strong: c.strong, AuthTime: w.Now().Add(-c.age), ExpiresAt: w.Now().Add(time.Hour)})
		if got := w.do(t, token, "PATCH", "/v1.0/me/authentication/phoneMethods/"+tenant.MobileID, number); got.Code != c.want {
			t.Errorf("PATCH of one's own, %v old, strong %v = %d, want %d", c.age, c.strong, got.Code, c.want)
		}
	}
}

func TestBody_Gzip(t *testing.T) {
	w := newWorld(t, tenant.Switches{})
	path := w.fill("/v1.0/users/{maya.okafor}/authentication/phoneMethods/" + tenant.MobileID)
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write([]byte(number)); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]int{zipped.String(): 204, number: 400} {
		r := httptest.NewRequest("PATCH", path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+w.app(phoneWrite))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Content-Encoding", "gzip")
		if got := w.serve(t, r); got.Code != want {
			t.Errorf("PATCH with %d bytes said to be gzip = %d, want %d", len(body), got.Code, want)
		}
	}
}

func TestEnvelope(t *testing.T) {
	w := newWorld(t, tenant.Switches{})
	r := httptest.NewRequest("GET", "/v1.0/me", nil)
	r.Header.Set("client-request-id", "11111111-2222-3333-4444-555555555555")
	got := w.serve(t, r)
	e := got.body["error"].(map[string]any)
	inner, _ := e["innerError"].(map[string]any)
	if e["message"] == "" || inner["client-request-id"] != "11111111-2222-3333-4444-555555555555" || inner["request-id"] != got.Header().Get("request-id") || inner["date"] != "2026-11-02T09:00:00" {
		t.Errorf("envelope = %v", got.body)
	}
	if got.Header().Get("WWW-Authenticate") == "" {
		t.Error("401 without WWW-Authenticate")
	}
}

// TestToken_OfAnotherResource: what opens the mail server does not open Graph.
func TestToken_OfAnotherResource(t *testing.T) {
	w := newWorld(t, tenant.Switches{})
	token := w.IssueAccess(tenant.Access{Resource: tenant.MailResource, ClientID: "x", Roles: []string{"User.Read.All"}, ExpiresAt: w.Now().Add(time.Hour)})
	if got := w.do(t, token, "GET", w.fill("/v1.0/users/{maya.okafor}"), ""); got.Code != 401 || got.code() != "InvalidAuthenticationToken" {
		t.Errorf("GET user = %d %q, want 401", got.Code, got.code())
	}
}

func TestUnknownPath_IsLoggedWithoutNames(t *testing.T) {
	w := newWorld(t, tenant.Switches{})
	w.do(t, w.app("User.Read.All"), "GET", "/v1.0/users/maya.okafor@fernhill.example/calendar/+14255550142", "")
	log := w.log.String()
	if !strings.Contains(log, "level=ERROR") || !strings.Contains(log, "calendar") {
		t.Errorf("log = %q, want a loud line that names the path", log)
	}
	if strings.Contains(log, "okafor") || strings.Contains(log, "4255550142") {
		t.Errorf("log = %q, want no person and no number in it", log)
	}
}

func TestRevoke_MakesOldSessionsVoidButNotGuests(t *testing.T) {
	w := newWorld(t, tenant.Switches{})
	for name, revoked := range map[string]bool{"maya.okafor": true, "ana.souza_birchwood.example#EXT#": false} {
		w.do(t, w.app("User.RevokeSessions.All"), "POST", "/v1.0/users/"+w.id(name)+"/revokeSignInSessions", "")
		p, _ := w.Person(w.id(name))
		if got := p.SessionsValidFrom.Equal(w.Now()); got != revoked {
			t.Errorf("sessions of %s revoked = %v, want %v", name, got, revoked)
		}
	}
}

func TestTextOf(t *testing.T) {
	const page = "<!doctype html><head><title>x</title><style>p { color: red; }</style></head><body>\n<div>\n<p>Fernhill</p>\n<p>Your code is <strong>042041</strong></p>\n<p>When: now<br>\nBrowser: Edge &amp; more</p>\n</div></body>"
	if got, want := textOf(page), "Fernhill\n\nYour code is 042041\n\nWhen: now\nBrowser: Edge & more"; got != want {
		t.Errorf("textOf = %q, want %q", got, want)
	}
}
