package graph

import (
	"strings"

	"rekey/internal/emulator/tenant"
)

// route is one verb on one path. In the path {person}, {kind} and {method} stand for
// segments; a path that starts with me is about the caller.
type route struct {
	verb, path string
	// throttled routes share the small allowance of calls on methods.
	throttled bool
	need      need
	serve     func(*call) (answer, error)
}

// kind is a collection of methods.
type kind struct {
	collection string
	odataType  string
	// permission is the middle of the granular permissions: UserAuthMethod-Phone.Read.All.
	permission string
	betaOnly   bool
}

func kinds() []kind {
	return []kind{
		{"phoneMethods", tenant.TypePhone, "Phone", false},
		{"emailMethods", tenant.TypeEmail, "Email", false},
		{"passwordMethods", tenant.TypePassword, "Password", false},
		{"microsoftAuthenticatorMethods", tenant.TypeAuthenticator, "MicrosoftAuthApp", false},
		{"fido2Methods", tenant.TypeFIDO2, "Passkey", false},
		{"windowsHelloForBusinessMethods", tenant.TypeWindowsHello, "WindowsHello", false},
		{"softwareOathMethods", tenant.TypeSoftwareOath, "SoftwareOATH", false},
		{"temporaryAccessPassMethods", tenant.TypePass, "TAP", false},
		{"platformCredentialMethods", tenant.TypePlatform, "PlatformCred", false},
		{"externalAuthenticationMethods", tenant.TypeExternal, "External", false},
		{"hardwareOathMethods", tenant.TypeHardwareOath, "HardwareOATH", true},
	}
}

func kindOf(collection string) (kind, bool) {
	for _, k := range kinds() {
		if k.collection == collection {
			return k, true
		}
	}
	return kind{}, false
}

// table lists what this Graph has.
func (g *Graph) table() []route {
	out := append(g.tenantRoutes(),
		route{verb: "PATCH", path: "users/{person}", need: need{what: setPassword}, serve: g.setPassword},
		route{verb: "GET", path: "users/{person}/transitiveMemberOf/microsoft.graph.group", need: need{what: readUser}, serve: g.cast(g.groups)})
	for _, base := range []string{"users/{person}", "me"} {
		methods := base + "/authentication/methods"
		typed := base + "/authentication/{kind}"
		out = append(out,
			route{verb: "GET", path: base, need: need{what: readUser}, serve: g.user},
			route{verb: "GET", path: base + "/transitiveMemberOf/microsoft.graph.directoryRole", need: need{what: readUser}, serve: g.cast(g.roles)},
			route{verb: "GET", path: base + "/memberOf/microsoft.graph.directoryRole", need: need{what: readUser}, serve: g.cast(g.roles)},
			route{verb: "GET", path: base + "/ownedDevices", need: need{what: readUser}, serve: g.devices},
			route{verb: "GET", path: base + "/registeredDevices", need: need{what: readUser}, serve: g.devices},
			route{verb: "POST", path: base + "/revokeSignInSessions", need: need{what: revoke}, serve: g.revoke},
			route{verb: "POST", path: base + "/sendMail", need: need{what: sendMail}, serve: g.sendMail},
			route{verb: "GET", path: methods, throttled: true, need: need{what: readMethods}, serve: g.listAll},
			route{verb: "GET", path: methods + "/{method}", throttled: true, need: need{what: readMethods}, serve: g.getAny},
			route{verb: "DELETE", path: methods + "/{method}", throttled: true, need: need{what: deleteMethod}, serve: g.deleteAny},
			route{verb: "GET", path: typed, throttled: true, need: need{what: readKind}, serve: g.list},
			route{verb: "GET", path: typed + "/{method}", throttled: true, need: need{what: readKind}, serve: g.get},
			route{verb: "DELETE", path: typed + "/{method}", throttled: true, need: need{what: deleteMethod}, serve: g.delete},
		)
		for _, contact := range []string{"phoneMethods", "emailMethods"} {
			typed := base + "/authentication/{kind=" + contact + "}"
			out = append(out,
				route{verb: "POST", path: typed, throttled: true, need: need{what: writeContact}, serve: g.create},
				route{verb: "PATCH", path: typed + "/{method}", throttled: true, need: need{what: writeContact}, serve: g.update},
			)
		}
	}
	return out
}

// tenantRoutes are about the organisation, not about a person.
func (g *Graph) tenantRoutes() []route {
	const access = "identity/conditionalAccess/"
	const management = "roleManagement/directory/"
	return []route{
		{verb: "GET", path: "policies/authenticationMethodsPolicy", need: need{what: readMethodsPolicy}, serve: g.methodsPolicy},
		{verb: "GET", path: "policies/authorizationPolicy", need: need{what: readPolicies}, serve: g.authorizationPolicy},
		{verb: "GET", path: access + "policies", need: need{what: readPolicies}, serve: g.rules},
		{verb: "GET", path: access + "authenticationContextClassReferences", need: need{what: readContexts}, serve: g.contexts},
		{verb: "GET", path: "organization", need: need{what: readOrganization}, serve: g.organization},
		{verb: "GET", path: "applications(appId)/{method}", need: need{what: readApplication}, serve: g.application},
		{verb: "GET", path: "servicePrincipals(appId)/{method}/transitiveMemberOf/microsoft.graph.directoryRole", need: need{what: readApplication}, serve: g.cast(g.appRoles)},
		{verb: "GET", path: "directoryRoles(roleTemplateId)/{method}/members", need: need{what: readRoles}, serve: g.holders},
		{verb: "GET", path: management + "roleAssignments", need: need{what: readRoles}, serve: g.assignments},
		{verb: "GET", path: management + "roleEligibilityScheduleInstances", need: need{what: readEligible}, serve: g.eligibilities},
		{verb: "GET", path: "auditLogs/directoryAudits", throttled: true, need: need{what: readLog}, serve: g.audits},
	}
}

// find returns the route of a request and what its path names.
func (g *Graph) find(verb string, segments []string, beta bool) (*route, map[string]string) {
	for i := range g.routes {
		rt := &g.routes[i]
		if rt.verb != verb {
			continue
		}
		if values, ok := match(rt.path, segments); ok && offered(verb, values["kind"], beta) {
			return rt, values
		}
	}
	return nil, nil
}

// offered says whether a collection, if the path names one, exists in this version; a
// password cannot be deleted.
func offered(verb, collection string, beta bool) bool {
	if collection == "" {
		return true
	}
	k, ok := kindOf(collection)
	return ok && (beta || !k.betaOnly) && !(verb == "DELETE" && k.odataType == tenant.TypePassword)
}

func match(path string, segments []string) (map[string]string, bool) {
	pattern := strings.Split(path, "/")
	if len(pattern) != len(segments) {
		return nil, false
	}
	values := map[string]string{}
	for i, p := range pattern {
		if !strings.HasPrefix(p, "{") {
			if p != segments[i] {
				return nil, false
			}
			continue
		}
		name, only, fixed := strings.Cut(strings.Trim(p, "{}"), "=")
		if fixed && only != segments[i] || name == "kind" && segments[i] == "methods" {
			return nil, false
		}
		values[name] = segments[i]
	}
	return values, true
}
