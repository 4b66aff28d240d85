package doctor

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/internal/clock"
	"rekey/internal/directory"
	"rekey/internal/fault"
)

var errDown = errors.New("no connection")

// token is a token with permissions, or why there is none.
type token struct {
	roles []string
	err   error
	text  string // instead of a token with roles
}

func (k token) Token(context.Context) (string, error) {
	if k.err != nil || k.text != "" {
		return k.text, k.err
	}
	claims, err := json.Marshal(map[string]any{"aud": "https://graph.microsoft.com", "roles": k.roles})
	return "canary." + base64.RawURLEncoding.EncodeToString(claims) + ".canary", err
}

// tenantGraph answers by path; what it does not know is 404, and "" no answer at all.
type tenantGraph struct {
	answers map[string]string
	status  map[string]int
	date    time.Time
	asked   []string
}

func (g *tenantGraph) Get(_ context.Context, token, path string) (Answer, error) {
	g.asked = append(g.asked, path)
	if !strings.HasPrefix(token, "canary.") {
		return Answer{}, errors.New("asked without a token")
	}
	status, odd := g.status[path]
	body, known := g.answers[path]
	switch {
	case odd && status == 0:
		return Answer{}, errDown
	case odd:
		return Answer{Status: status, Date: g.date, Body: []byte(`{"error":{"code":"canary"}}`)}, nil
	case !known:
		return Answer{Status: 404, Date: g.date}, nil
	}
	return Answer{Status: 200, Date: g.date, Body: []byte(body)}, nil
}

type methodsPolicy struct {
	policy directory.Policy
	err    error
}

func (p methodsPolicy) Policy(context.Context) (directory.Policy, error) { return p.policy, p.err }

const (
	webID       = "aaaaaaaa-0000-4000-8000-000000000001"
	workerID    = "aaaaaaaa-0000-4000-8000-000000000002"
	redirect    = "https://rekey.example.com/signin/callback"
	signedOut   = "https://rekey.example.com/signed-out"
	peoplePath  = nobody
	appPath     = "/applications(appId='" + webID + "')?$select=optionalClaims,web"
	contextPath = "/identity/conditionalAccess/authenticationContextClassReferences"
	rulesPath   = "/identity/conditionalAccess/policies"
	resetPath   = "/policies/authorizationPolicy"
)

var testNow = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// contextRule is a policy as it should be.
const contextRule = `{"displayName":"Rekey","state":"enabled","conditions":{"applications":{"includeAuthenticationContextClassReferences":["c1"],"includeUserActions":[]},
	"users":{"includeUsers":["All"],"excludeUsers":[],"excludeGroups":[],"excludeRoles":[]},"locations":null},
	"grantControls":{"operator":"OR","builtInControls":[],"termsOfUse":[],"authenticationStrength":{"id":"x"}},
	"sessionControls":{"signInFrequency":{"isEnabled":true,"frequencyInterval":"everyTime","value":null}}}`

// setUp returns a tenant in which all is well, and its Graph.
func setUp() (Tenant, *tenantGraph) {
	graph := &tenantGraph{date: testNow, status: map[string]int{}, answers: map[string]string{
		peoplePath:  `{"value":[]}`,
		appPath:     `{"optionalClaims":{"idToken":[{"name":"auth_time"},{"name":"acct"}]},"web":{"redirectUris":["` + redirect + `","` + signedOut + `"]}}`,
		contextPath: `{"value":[{"id":"c2","isAvailable":false},{"id":"c1","isAvailable":true}]}`,
		rulesPath:   `{"value":[` + contextRule + `]}`,
		resetPath:   `{"allowedToUseSSPR":true}`,
	}}
	allOn := directory.Policy{Known: true, Rules: map[directory.Rule]directory.State{directory.RuleText: directory.On, directory.RuleCall: directory.On, directory.RuleEmail: directory.On}}
	good := testNow.AddDate(1, 0, 0)
	return Tenant{Graph: graph, Clock: clock.Func(func() time.Time { return testNow }), Context: "c1", Redirect: redirect, SignedOut: signedOut, Methods: methodsPolicy{policy: allOn},
		Apps: []App{
			{Role: "web", ClientID: webID, Ends: good, Tokens: token{roles: []string{"User.Read.All", "UserAuthenticationMethod.Read.All",
				"Policy.Read.AuthenticationMethod", "Policy.Read.All", "AuthenticationContext.Read.All", "Application.Read.All"}}},
			{Role: "worker", ClientID: workerID, Ends: good, Tokens: token{roles: []string{"User.Read.All", "UserAuthenticationMethod.Read.All",
				"UserAuthMethod-Phone.ReadWrite.All", "UserAuthMethod-Email.ReadWrite.All", "UserAuthMethod-MicrosoftAuthApp.ReadWrite.All",
				"UserAuthMethod-Passkey.ReadWrite.All", "UserAuthMethod-SoftwareOATH.ReadWrite.All", "User.RevokeSessions.All"}}},
		}}, graph
}

// told carries out the check and returns its lines.
func told(t *testing.T, tenant Tenant) []string {
	t.Helper()
	var out strings.Builder
	if _, err := Run(t.Context(), &out, []Check{CheckTenant(tenant)}, nil); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "canary") {
		t.Errorf("the report tells what it must not:\n%s", out.String())
	}
	return strings.Split(strings.TrimSpace(out.String()), "\n")
}

// has wants a line that begins with a result and a name, and holds words.
func has(t *testing.T, lines []string, begins string, words ...string) {
	t.Helper()
	for _, l := range lines {
		if strings.HasPrefix(l, begins) && !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(l, w) }) {
			return
		}
	}
	t.Errorf("report:\n%s\nwant a line %q with %q", strings.Join(lines, "\n"), begins, words)
}

func TestCheckTenant_AllIsWell(t *testing.T) {
	tenant, graph := setUp()
	lines := told(t, tenant)
	for _, l := range lines {
		if !strings.HasPrefix(l, "ok ") {
			t.Errorf("%s, want all well", l)
		}
	}
	for _, begins := range []string{"ok    tenant token, web", "ok    tenant token, worker", "ok    clock, tenant", "ok    certificate, web", "ok    app registration, web",
		"ok    authentication context: c1", "ok    policy of the authentication context", "ok    policies on registering security info", "ok    administrators' own password reset",
		"ok    authentication methods", "ok    texts and calls of sign-in", "ok    permission, worker: User.RevokeSessions.All"} {
		has(t, lines, begins)
	}
	if len(graph.asked) != 5 {
		t.Errorf("asked Graph %q, want each thing once", graph.asked)
	}
}

func TestCheckTenant_TokenCodesNameTheFix(t *testing.T) {
	for code, fix := range map[string]string{
		"AADSTS700016": "web.client_id", "AADSTS7000215": "not its id", "AADSTS7000222": "secret is over", "AADSTS700027": "web.certificate_file",
		"AADSTS700024": "NTP", "AADSTS7000229": "admin consent", "AADSTS7000112": "Enterprise applications", "AADSTS90002": "tenant.id", "AADSTS900023": "tenant.id",
		"AADSTS53003": "workload identities", "AADSTS7000218": "login.microsoftonline.com/error", "timeout": "open the way",
	} {
		tenant, graph := setUp()
		tenant.Apps[0].Tokens = token{err: fmt.Errorf("unavailable: signin.down: signin: answer 401 invalid_client %s", code)}
		lines := told(t, tenant)
		has(t, lines, "FAIL  tenant token, web", code, fix)
		if len(graph.asked) != 0 {
			t.Errorf("%s: asked Graph %q without a token", code, graph.asked)
		}
		has(t, lines, "ok    permission, worker") // the other app is looked at all the same
	}
	for _, odd := range []string{"opaque", "a.b", "a.!!!.c", "a." + base64.RawURLEncoding.EncodeToString([]byte("[]")) + ".c"} {
		tenant, _ := setUp()
		tenant.Apps[0].Tokens = token{text: odd}
		has(t, told(t, tenant), "FAIL  tenant token, web", "odd form")
	}
}

func TestCheckTenant_Certificates(t *testing.T) {
	for ends, begins := range map[time.Time]string{
		{}: "warn  certificate, worker: a client secret", testNow: "FAIL  certificate, worker: over since 2026-03-02",
		testNow.AddDate(0, 0, 29): "warn  certificate, worker: over on 2026-03-31", testNow.AddDate(0, 0, 31): "ok    certificate, worker",
	} {
		tenant, _ := setUp()
		tenant.Apps[1].Ends = ends
		has(t, told(t, tenant), begins)
	}
}

func TestCheckTenant_PermissionsThatAreMissing(t *testing.T) {
	tests := []struct {
		app    int
		name   string
		begins string
	}{
		{0, "User.Read.All", "FAIL  permission, web"}, {0, "UserAuthenticationMethod.Read.All", "FAIL  permission, web"},
		{0, "Policy.Read.AuthenticationMethod", "warn  permission, web"},
		{1, "User.Read.All", "FAIL  permission, worker"}, {1, "UserAuthenticationMethod.Read.All", "FAIL  permission, worker"},
		{1, "UserAuthMethod-Phone.ReadWrite.All", "FAIL  permission, worker"}, {1, "UserAuthMethod-Email.ReadWrite.All", "FAIL  permission, worker"},
		{1, "User.RevokeSessions.All", "FAIL  permission, worker"},
	}
	for _, tt := range tests {
		tenant, _ := setUp()
		roles := tenant.Apps[tt.app].Tokens.(token).roles
		roles = slices.DeleteFunc(slices.Clone(roles), func(r string) bool { return r == tt.name || slices.Contains(broader(tt.name), r) })
		tenant.Apps[tt.app].Tokens = token{roles: roles}
		has(t, told(t, tenant), tt.begins, tt.name+" is missing", "grant "+tt.name)
	}
	tenant, _ := setUp()
	tenant.Apps[0].Tokens = token{roles: []string{"User.Read.All", "UserAuthenticationMethod.Read.All", "Policy.Read.AuthenticationMethod"}}
	for _, l := range told(t, tenant) {
		if strings.Contains(l, "permission, web") && !strings.HasPrefix(l, "ok ") {
			t.Errorf("%s, want nothing said of permissions that only this report uses", l)
		}
	}
	tenant, _ = setUp()
	tenant.Mails = true
	lines := told(t, tenant)
	has(t, lines, "warn  permission, web", "Mail.Send is missing", "Exchange")
	if slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, "worker: Mail.Send") }) {
		t.Errorf("report:\n%s\nwant nothing of the worker's Mail.Send, which is not used", strings.Join(lines, "\n"))
	}
	alone, _ := setUp()
	alone.Mails, alone.Apps = true, alone.Apps[1:]
	has(t, told(t, alone), "warn  permission, worker", "Mail.Send is missing")
	tenant.Apps[1].Tokens = token{roles: append(tenant.Apps[1].Tokens.(token).roles, "Mail.Send")}
	has(t, told(t, tenant), "ok    permission, worker: Mail.Send")
}

// A web app that could write is the worst finding: its credential lies on the machine that
// the internet reaches.
func TestCheckTenant_TheWebAppMayOnlyRead_OID6(t *testing.T) {
	for _, role := range []string{"UserAuthMethod-Phone.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All", "User.ReadWrite.All", "User.RevokeSessions.All", "Mail.Send",
		"Directory.ReadWrite.All", "RoleManagement.ReadWrite.Directory", "AppRoleAssignment.ReadWrite.All", "User.EnableDisableAccount.All",
		"Sites.FullControl.All", "Something.New", "Policy.ReadWrite.AuthenticationMethod", "Application.ReadWrite.OwnedBy", "Policy.Read.Write"} {
		tenant, _ := setUp()
		tenant.Apps[0].Tokens = token{roles: append(tenant.Apps[0].Tokens.(token).roles, role)}
		has(t, told(t, tenant), "FAIL  permission, web", role+" is not for reading")
	}
	tenant, _ := setUp()
	tenant.Apps[0].Tokens = token{roles: append(tenant.Apps[0].Tokens.(token).roles, "Mail.Read", "User.ReadBasic.All")}
	lines := told(t, tenant)
	has(t, lines, "warn  permission, web", "Mail.Read is more")
	has(t, lines, "warn  permission, web", "User.ReadBasic.All is more")
	tenant, _ = setUp()
	tenant.Apps[1].Tokens = token{roles: []string{"User.Read.All", "User.RevokeSessions.All", "UserAuthenticationMethod.ReadWrite.All"}}
	lines = told(t, tenant)
	has(t, lines, "ok    permission, worker: UserAuthMethod-Phone.ReadWrite.All")
	has(t, lines, "warn  permission, worker", "UserAuthenticationMethod.ReadWrite.All is more")
	tenant, _ = setUp()
	tenant.Apps[1].ClientID = webID
	has(t, told(t, tenant), "FAIL  app registrations", "one and the same")
}

// What can set administrators' passwords is a registration of its own, with the role for it.
func TestCheckTenant_TheResetApp_OID6(t *testing.T) {
	const id = "aaaaaaaa-0000-4000-8000-000000000003"
	const path = "/servicePrincipals(appId='" + id + "')/transitiveMemberOf/microsoft.graph.directoryRole?$select=id,roleTemplateId&$count=true"
	roles := []string{"User.Read.All", "UserAuthenticationMethod.Read.All", "User-PasswordProfile.ReadWrite.All", "RoleManagement.Read.Directory",
		"RoleEligibilitySchedule.Read.Directory", "GroupMember.Read.All", "Policy.Read.All", "AuditLog.Read.All", "Application.Read.All"}
	with := func(answer string, status int, roles ...string) []string {
		tenant, graph := setUp()
		tenant.Apps = append(tenant.Apps, App{Role: "reset", ClientID: id, Ends: testNow.AddDate(1, 0, 0), Tokens: token{roles: roles}})
		graph.answers[path] = answer
		if status != 0 {
			graph.status[path] = status
		}
		return told(t, tenant)
	}
	privileged := `{"value":[{"roleTemplateId":"` + directory.PrivilegedAuthenticationAdministrator + `"}]}`
	for _, line := range with(privileged, 0, roles...) {
		if !strings.HasPrefix(line, "ok ") {
			t.Errorf("of a good registration: %s", line)
		}
	}
	has(t, with(`{"value":[]}`, 0, roles...), "FAIL  directory role, reset", "Privileged Authentication Administrator")
	has(t, with(`{"value":[{"roleTemplateId":"fe930be7-5e62-47db-91af-98c3a49a38b1"}]}`, 0, roles...), "FAIL  directory role, reset")
	has(t, with(`{"value":[{"roleTemplateId":"`+directory.GlobalAdministrator+`"}]}`, 0, roles...), "warn  directory role, reset", "more than")
	has(t, with("", 403, roles...), "warn  directory role, reset", "Application.Read.All")
	off, graph := setUp()
	off.Apps = []App{{Role: "reset", ClientID: id, Ends: testNow.AddDate(1, 0, 0), Tokens: token{roles: roles}}}
	graph.answers[path], graph.answers[resetPath] = privileged, `{"allowedToUseSSPR":false}`
	has(t, told(t, off), "warn  administrators' own password reset", "nobody's reset begins")
	for i, role := range []string{"web", "worker"} {
		tenant, _ := setUp()
		tenant.Apps = append(tenant.Apps, App{Role: "reset", ClientID: strings.ToUpper(tenant.Apps[i].ClientID), Ends: testNow.AddDate(1, 0, 0), Tokens: token{roles: roles}})
		has(t, told(t, tenant), "FAIL  app registrations", role+" and reset are one and the same")
	}
	has(t, with(privileged, 0, roles[:2]...), "FAIL  permission, reset", "User-PasswordProfile.ReadWrite.All is missing")
	has(t, with(privileged, 0, append(roles, "Mail.Send")...), "warn  permission, reset", "Mail.Send is more")
	for i, role := range []string{"web", "worker"} {
		tenant, _ := setUp()
		tenant.Apps[i].Tokens = token{roles: append(tenant.Apps[i].Tokens.(token).roles, "User-PasswordProfile.ReadWrite.All")}
		has(t, told(t, tenant), "FAIL  permission, "+role, "for the reset registration alone")
	}
}

func TestCheckTenant_TheTenantsClock_AVL7(t *testing.T) {
	for ahead, begins := range map[time.Duration]string{2 * time.Second: "ok    clock, tenant", -time.Minute: "FAIL  clock, tenant: Microsoft Graph is 1m0s behind"} {
		tenant, graph := setUp()
		graph.date = testNow.Add(ahead)
		has(t, told(t, tenant), begins)
	}
	tenant, graph := setUp()
	graph.date = time.Time{}
	has(t, told(t, tenant), "warn  clock, tenant", "does not tell")
}

func TestCheckTenant_GraphIsDown(t *testing.T) {
	for status, words := range map[int]string{0: "no connection", 403: "User.Read.All", 503: "answers 503"} {
		tenant, graph := setUp()
		graph.status[peoplePath] = status
		has(t, told(t, tenant), "FAIL  Microsoft Graph", words)
	}
}

// Without the permissions that only the doctor uses, each line says what to look at.
func TestCheckTenant_SettingsThatMayNotBeRead(t *testing.T) {
	for status, words := range map[int]string{403: "grant ", 429: "answers 429", 0: "no answer"} {
		tenant, graph := setUp()
		tenant.Methods = methodsPolicy{err: map[int]error{403: fault.New(fault.Forbidden, "directory.permission")}[status]}
		if status != 403 {
			tenant.Methods = methodsPolicy{err: errDown}
		}
		for _, path := range []string{appPath, contextPath, rulesPath, resetPath} {
			graph.status[path] = status
		}
		lines := told(t, tenant)
		has(t, lines, "warn  app registration, web", "auth_time", redirect)
		has(t, lines, "warn  authentication context", words)
		has(t, lines, "warn  policy of the authentication context", words)
		has(t, lines, "warn  policies on registering security info", words)
		has(t, lines, "warn  administrators' own password reset", words)
		has(t, lines, "warn  authentication methods")
	}
	tenant, graph := setUp()
	for _, path := range []string{appPath, contextPath, rulesPath, resetPath} {
		graph.answers[path] = "<html>canary"
	}
	has(t, told(t, tenant), "warn  app registration, web", "no answer that makes sense")
}

func TestCheckTenant_AWorkerAloneLooksAtNoSettings(t *testing.T) {
	tenant, graph := setUp()
	tenant.Apps = tenant.Apps[1:]
	told(t, tenant)
	if !slices.Equal(graph.asked, []string{peoplePath}) {
		t.Errorf("asked Graph %q with the worker's token, want nothing of the web app's", graph.asked)
	}
}
