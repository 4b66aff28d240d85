package graph

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"rekey/internal/emulator/tenant"
)

// resetApp is a token of an app that may set passwords, with directory roles.
func (w *world) resetApp(t *testing.T, roles ...string) string {
	t.Helper()
	a := tenant.App{ClientID: w.NewID(), DirectoryRoles: roles}
	if err := w.RegisterApp(a); err != nil {
		t.Fatal(err)
	}
	return w.IssueAccess(tenant.Access{ClientID: a.ClientID, Roles: []string{"User-PasswordProfile.ReadWrite.All", "RoleManagement.Read.Directory",
		"RoleEligibilitySchedule.Read.Directory", "GroupMember.Read.All", "AuditLog.Read.All", "Application.Read.All", "User.Read.All"}, ExpiresAt: w.Now().Add(time.Hour)})
}

const privileged = "Privileged Authentication Administrator"

func TestSetPassword(t *testing.T) {
	good := `{"passwordProfile":{"password":"lampe-Wolke-7","forceChangePasswordNextSignIn":false}}`
	for _, tt := range []struct {
		name, who, body string
		roles           []string
		status          int
		code            string
	}{
		{"an administrator's", "ingrid.solberg", good, []string{privileged}, 204, ""},
		{"without a role", "ingrid.solberg", good, nil, 403, "Authorization_RequestDenied"},
		{"with too small a role", "ingrid.solberg", good, []string{"User Administrator"}, 403, "Authorization_RequestDenied"},
		{"an employee's with it", "maya.okafor", good, []string{"User Administrator"}, 204, ""},
		{"of a group with roles with it", "elif.kaya", good, []string{"User Administrator"}, 403, "Authorization_RequestDenied"},
		{"synchronised", "oscar.brandt", good, []string{privileged}, 400, "Request_BadRequest"},
		{"short", "ingrid.solberg", `{"passwordProfile":{"password":"aB3!"}}`, []string{privileged}, 400, "Request_BadRequest"},
		{"two kinds", "ingrid.solberg", `{"passwordProfile":{"password":"lampewolke7"}}`, []string{privileged}, 400, "Request_BadRequest"},
		{"letters that it does not take", "ingrid.solberg", `{"passwordProfile":{"password":"lämpe-Wolke-7"}}`, []string{privileged}, 400, "Request_BadRequest"},
		{"banned", "ingrid.solberg", `{"passwordProfile":{"password":"P@ssw0rd12"}}`, []string{privileged}, 400, "Request_BadRequest"},
		{"something else", "ingrid.solberg", `{"displayName":"Mallory"}`, []string{privileged}, 501, "NotImplemented"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tenant.Switches{})
			r := w.do(t, w.resetApp(t, tt.roles...), "PATCH", "/v1.0/users/"+w.id(tt.who), tt.body)
			if r.Code != tt.status || r.code() != tt.code {
				t.Errorf("%d %s, want %d %s", r.Code, r.code(), tt.status, tt.code)
			}
			p, _ := w.Person(tt.who + "@" + tenant.Domain)
			if changed := p.Password != tenant.Password; changed != (tt.status == 204) {
				t.Errorf("the password changed: %v", changed)
			}
		})
	}
	w := newWorld(t, tenant.Switches{})
	if r := w.do(t, w.app("User.ReadWrite.All"), "PATCH", "/v1.0/users/"+w.id("maya.okafor"), good); r.Code != 403 {
		t.Errorf("without the permission: %d, want 403", r.Code)
	}
}

func (r result) values(t *testing.T) []any {
	t.Helper()
	v, ok := r.body["value"].([]any)
	if !ok {
		t.Fatalf("%d %v is no list", r.Code, r.body)
	}
	return v
}

func TestRoles(t *testing.T) {
	w := newWorld(t, tenant.Switches{})
	token := w.resetApp(t, privileged)
	filter := func(who string) string { return "?$filter=" + url.QueryEscape("principalId eq '"+w.id(who)+"'") }
	for path, want := range map[string]string{
		"/v1.0/roleManagement/directory/roleAssignments" + filter("ingrid.solberg"):                          tenant.RoleTemplate("Global Administrator"),
		"/v1.0/roleManagement/directory/roleAssignments" + filter("noor.rahimi"):                             "",
		"/v1.0/roleManagement/directory/roleEligibilityScheduleInstances" + filter("noor.rahimi"):            tenant.RoleTemplate("Global Administrator"),
		"/v1.0/roleManagement/directory/roleEligibilityScheduleInstances" + filter("maya.okafor"):            "",
		"/v1.0/users/" + w.id("elif.kaya") + "/transitiveMemberOf/microsoft.graph.group?$count=true":         "isAssignableToRole:true",
		"/v1.0/directoryRoles(roleTemplateId='" + tenant.RoleTemplate(privileged) + "')/members":             "daniel.achebe",
		"/v1.0/directoryRoles(roleTemplateId='" + tenant.RoleTemplate("Intune Administrator") + "')/members": "404",
	} {
		r := w.do(t, token, "GET", path, "")
		if want == "404" {
			if r.Code != 404 {
				t.Errorf("%s: %d, want 404", path, r.Code)
			}
			continue
		}
		if got := fmt.Sprint(r.values(t)); (want == "") != (got == "[]") || !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %q", path, got, want)
		}
	}
	if r := w.do(t, w.app("User.Read.All"), "GET", "/v1.0/roleManagement/directory/roleAssignments"+filter("maya.okafor"), ""); r.Code != 403 {
		t.Errorf("without the permission: %d, want 403", r.Code)
	}
	w = newWorld(t, tenant.Switches{NoEligibleRoles: true})
	if r := w.do(t, w.resetApp(t), "GET", "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances"+filter("maya.okafor"), ""); r.Code != 400 {
		t.Errorf("without the licence: %d, want 400", r.Code)
	}
}

func TestAudits(t *testing.T) {
	w := newWorld(t, tenant.Switches{LogDelay: time.Minute})
	token, maya := w.resetApp(t), w.id("maya.okafor")
	for _, number := range []string{"+1 2025550140", "+1 2025550141"} {
		if _, err := w.UpdatePhone(maya, tenant.MobileID, number, "", 0); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.AddEmail(maya, "maya@okafor.example", 0); err != nil {
		t.Fatal(err)
	}
	ask := func(since time.Time, more string) result {
		return w.do(t, token, "GET", "/v1.0/auditLogs/directoryAudits?$filter="+url.QueryEscape("activityDateTime ge "+since.Format(time.RFC3339)+
			" and loggedByService eq 'Authentication Methods' and targetResources/any(t: t/id eq '"+maya+"')")+more, "")
	}
	if n := len(ask(w.Now().Add(-time.Hour), "").values(t)); n != 0 {
		t.Errorf("%d entries at once, want none before a minute", n)
	}
	w.clock.Advance(time.Minute)
	r := ask(w.Now().Add(-time.Hour), "&$top=2")
	if got := fmt.Sprint(r.values(t)); len(r.values(t)) != 2 || !strings.Contains(got, "email") || r.body["@odata.nextLink"] == nil {
		t.Errorf("the first page is %s", got)
	}
	next, _ := url.Parse(fmt.Sprint(r.body["@odata.nextLink"]))
	if r := w.do(t, token, "GET", next.RequestURI(), ""); len(r.values(t)) != 1 || r.body["@odata.nextLink"] != nil {
		t.Errorf("the second page is %v", r.body)
	}
	if n := len(ask(w.Now(), "").values(t)); n != 0 {
		t.Errorf("%d entries since now, want none", n)
	}
}

func (w *world) ownLog(t *testing.T, token string) result {
	t.Helper()
	return w.do(t, token, "GET", "/v1.0/auditLogs/directoryAudits?$filter="+url.QueryEscape("activityDateTime ge "+w.Now().Add(-24*time.Hour).Format(time.RFC3339)+
		" and loggedByService eq 'Authentication Methods' and targetResources/any(t: t/id eq '"+w.id("maya.okafor")+"')"), "")
}

func TestAudits_WhoMayRead(t *testing.T) {
	const directory, log, missing = "Directory.Read.All", "AuditLog.Read.All", "Authentication_MSGraphPermissionMissing"
	for _, tt := range []struct {
		name        string
		permissions []string
		switches    tenant.Switches
		code        string
	}{
		{"with the log's permission", []string{log}, tenant.Switches{}, ""},
		{"with the directory's alone", []string{directory}, tenant.Switches{}, missing},
		{"with that of methods", []string{"UserAuthenticationMethod.Read.All"}, tenant.Switches{}, missing},
		{"where both are needed, with one", []string{log}, tenant.Switches{LogNeedsDirectory: true}, missing},
		{"where both are needed, with both", []string{log, directory}, tenant.Switches{LogNeedsDirectory: true}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.switches)
			r := w.ownLog(t, w.app(tt.permissions...))
			if r.code() != tt.code || (r.Code == 403) != (tt.code != "") || (r.Code == 200) != (tt.code == "") {
				t.Errorf("%d %s, want %q", r.Code, r.code(), tt.code)
			}
		})
	}
}

// The log and the methods share one small allowance of an app.
func TestAudits_ShareTheAllowanceOfMethods(t *testing.T) {
	w := newWorld(t, tenant.Switches{MethodCalls: 1, MethodWindow: time.Minute})
	token := w.app("AuditLog.Read.All", readAll)
	if r := w.do(t, token, "GET", w.fill("/v1.0/users/{maya.okafor}/authentication/methods"), ""); r.Code != 200 {
		t.Fatalf("methods: %d, want 200", r.Code)
	}
	if r := w.ownLog(t, token); r.Code != 429 || r.Header().Get("Retry-After") == "" {
		t.Errorf("the log after it: %d, Retry-After %q, want 429 and a time", r.Code, r.Header().Get("Retry-After"))
	}
	w.clock.Advance(time.Minute)
	if r := w.ownLog(t, token); r.Code != 200 {
		t.Errorf("the log a minute later: %d, want 200", r.Code)
	}
}

// Who may read people alone is told that there are roles and groups, and not which.
func TestRoles_WhatMayNotBeRead(t *testing.T) {
	w := newWorld(t, tenant.Switches{})
	for path, permission := range map[string]string{
		"/v1.0/users/" + w.id("ingrid.solberg") + "/transitiveMemberOf/microsoft.graph.directoryRole?$count=true": "RoleManagement.Read.Directory",
		"/v1.0/users/" + w.id("elif.kaya") + "/transitiveMemberOf/microsoft.graph.group?$count=true":              "GroupMember.Read.All",
	} {
		for _, roles := range [][]string{{"User.Read.All"}, {"User.Read.All", permission}} {
			for _, v := range w.do(t, w.app(roles...), "GET", path, "").values(t) {
				if o := v.(map[string]any); o["id"] == nil || (o["displayName"] == nil) != (len(roles) == 1) {
					t.Errorf("%s with %v tells %v", path, roles, o)
				}
			}
		}
	}
}

// Apps are among the holders of a role.
func TestRoles_AppsHoldThemToo(t *testing.T) {
	w := newWorld(t, tenant.Switches{})
	types := map[any]int{}
	for _, v := range w.do(t, w.resetApp(t, privileged), "GET", "/v1.0/directoryRoles(roleTemplateId='"+tenant.RoleTemplate(privileged)+"')/members", "").values(t) {
		types[v.(map[string]any)["@odata.type"]]++
	}
	if types["#microsoft.graph.user"] != 1 || types["#microsoft.graph.servicePrincipal"] != 1 {
		t.Errorf("the holders are %v, want a person and an app", types)
	}
}
