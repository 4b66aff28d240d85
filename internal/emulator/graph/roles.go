package graph

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"rekey/internal/emulator/tenant"
)

// cast wraps a list of objects of one type out of several, which takes a header and $count.
// Source: Graph, "List transitiveMemberOf", request headers; how it refuses is our choice.
func (g *Graph) cast(next func(*call) (answer, error)) func(*call) (answer, error) {
	return func(c *call) (answer, error) {
		counts := c.URL.Query().Get("$count") == "true" && strings.EqualFold(c.Header.Get("ConsistencyLevel"), "eventual")
		if !counts && !g.tenant.Switches().CastsWithoutCount {
			return answer{}, &tenant.Error{Status: http.StatusBadRequest, Code: "Request_UnsupportedQuery",
				Message: "OData cast requires the header ConsistencyLevel: eventual and $count=true."}
		}
		a, err := next(c)
		if list, ok := a.body["value"].([]any); ok && counts {
			a.body["@odata.count"] = len(list)
		}
		return a, err
	}
}

// limited leaves the ids alone of objects that the caller may not read.
// Source: Graph, "Limited information returned for inaccessible member objects".
func limited(c *call, value []any, permissions []string) []any {
	if c.access.Allows(permissions...) {
		return value
	}
	for _, v := range value {
		object := v.(map[string]any)
		for name := range object {
			if name != "id" {
				object[name] = nil
			}
		}
	}
	return value
}

func readsRoles() []string {
	return []string{"RoleManagement.Read.Directory", "RoleManagement.Read.All", "RoleManagement.ReadWrite.Directory", "Directory.Read.All", "Directory.ReadWrite.All"}
}

func readsGroups() []string {
	return []string{"GroupMember.Read.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
}

// groups answers the groups of a person, also those that groups belong to.
// Source: Graph, "List transitiveMemberOf".
func (g *Graph) groups(c *call) (answer, error) {
	if c.URL.Query().Has("$filter") {
		return answer{}, malformed("The emulated Graph filters no groups.")
	}
	value := []any{map[string]any{"id": "group-everybody", "displayName": "Everybody", "isAssignableToRole": nil}}
	for i, name := range c.target.RoleGroups {
		value = append(value, map[string]any{"id": fmt.Sprint("group-", i), "displayName": name, "isAssignableToRole": true})
	}
	return collection(c, "groups", limited(c, value, readsGroups())), nil
}

// shownRoles are directory roles as Graph lists them.
func shownRoles(names []string) []any {
	value := []any{}
	for _, name := range names {
		value = append(value, map[string]any{"id": "role-" + tenant.RoleTemplate(name), "displayName": name, "roleTemplateId": tenant.RoleTemplate(name)})
	}
	return value
}

// appRoles answers the directory roles of an app's service principal.
func (g *Graph) appRoles(c *call) (answer, error) {
	app, ok := g.tenant.App(c.id)
	if !ok {
		return answer{}, missing(c.id)
	}
	return collection(c, "directoryRoles", limited(c, shownRoles(app.DirectoryRoles), readsRoles())), nil
}

func missing(what string) error {
	return &tenant.Error{Status: http.StatusNotFound, Code: "Request_ResourceNotFound",
		Message: "Resource '" + what + "' does not exist or one of its queried reference-property objects are not present."}
}

// holders answers the people and apps that hold a role, by its template. A role that nobody
// was ever given is not there.
// Source: Graph, "List members" of a directoryRole.
func (g *Graph) holders(c *call) (answer, error) {
	value := []any{}
	for _, p := range g.tenant.People() {
		if !slices.ContainsFunc(p.Roles, func(r string) bool { return tenant.RoleTemplate(r) == c.id }) {
			continue
		}
		all := properties(p)
		value = append(value, map[string]any{"@odata.type": "#microsoft.graph.user", "id": all["id"], "displayName": all["displayName"], "userPrincipalName": all["userPrincipalName"],
			"mail": all["mail"], "accountEnabled": all["accountEnabled"]})
	}
	for _, a := range g.tenant.Apps() {
		if slices.ContainsFunc(a.DirectoryRoles, func(r string) bool { return tenant.RoleTemplate(r) == c.id }) {
			value = append(value, map[string]any{"@odata.type": "#microsoft.graph.servicePrincipal", "id": a.ClientID, "displayName": a.Name, "accountEnabled": true})
		}
	}
	if len(value) == 0 {
		return answer{}, missing(c.id)
	}
	return collection(c, "directoryObjects", value), nil
}

var byPrincipal = regexp.MustCompile(`^principalId eq '([0-9a-f-]{36})'$`)

// principal is the person that a filter names.
func (g *Graph) principal(c *call) (tenant.Person, error) {
	m := byPrincipal.FindStringSubmatch(c.URL.Query().Get("$filter"))
	if m == nil {
		return tenant.Person{}, malformed("The emulated Graph lists roles with $filter=principalId eq '…' alone.")
	}
	p, _ := g.tenant.Person(m[1])
	return p, nil
}

// assignments answers the roles that are assigned to a person directly.
// Source: Graph, "List unifiedRoleAssignments".
func (g *Graph) assignments(c *call) (answer, error) {
	p, err := g.principal(c)
	return collection(c, "roleManagement/directory/roleAssignments", definitions(p, p.Roles)), err
}

// eligibilities answers the roles that a person may activate.
// Source: Graph, "List roleEligibilityScheduleInstances"; the refusal is that of a tenant
// without Microsoft Entra ID P2.
func (g *Graph) eligibilities(c *call) (answer, error) {
	if g.tenant.Switches().NoEligibleRoles {
		return answer{}, &tenant.Error{Status: http.StatusBadRequest, Code: "AadPremiumLicenseRequired",
			Message: "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license."}
	}
	p, err := g.principal(c)
	return collection(c, "roleManagement/directory/roleEligibilityScheduleInstances", definitions(p, p.EligibleRoles)), err
}

func definitions(p tenant.Person, roles []string) []any {
	value := []any{}
	for _, name := range roles {
		value = append(value, map[string]any{"id": "assignment-" + tenant.RoleTemplate(name), "principalId": p.ID,
			"roleDefinitionId": tenant.RoleTemplate(name), "directoryScopeId": "/"})
	}
	return value
}

var auditFilter = regexp.MustCompile(`^activityDateTime ge ([0-9TZ:.+-]+) and loggedByService eq 'Authentication Methods' and targetResources/any\(t: ?t/id eq '([0-9a-f-]{36})'\)$`)

// audits answers the log of a person's methods, newest first, in pages.
// Source: Graph, "List directoryAudits".
func (g *Graph) audits(c *call) (answer, error) {
	query := c.URL.Query()
	m := auditFilter.FindStringSubmatch(query.Get("$filter"))
	if m == nil {
		return answer{}, malformed("The emulated Graph filters its log by time, service and target alone.")
	}
	since, err := time.Parse(time.RFC3339, m[1])
	if err != nil {
		return answer{}, malformed("Invalid filter clause: the time is none.")
	}
	top, skip := amount(query, "$top", 100), amount(query, "$skiptoken", 0)
	all := g.tenant.Audits(m[2], since)
	slices.Reverse(all)
	value := []any{}
	for _, a := range all[min(skip, len(all)):min(skip+top, len(all))] {
		value = append(value, map[string]any{"id": "audit-" + a.ID, "category": "UserManagement", "result": "success", "resultReason": a.Reason,
			"activityDisplayName": a.Activity, "activityDateTime": tenant.Timestamp(a.At), "loggedByService": "Authentication Methods",
			"initiatedBy": map[string]any{"user": nil, "app": nil}, "targetResources": []any{map[string]any{"id": a.Person, "type": "User"}}})
	}
	out := collection(c, "auditLogs/directoryAudits", value)
	if skip+top < len(all) {
		query.Set("$skiptoken", strconv.Itoa(skip+top))
		out.body["@odata.nextLink"] = "https://" + Host + "/" + c.version() + "/auditLogs/directoryAudits?" + query.Encode()
	}
	return out, nil
}

// amount reads a number of a query.
func amount(query url.Values, name string, otherwise int) int {
	if n, err := strconv.Atoi(query.Get(name)); err == nil && n > 0 {
		return n
	}
	return otherwise
}

// setPassword sets a person's password. Nothing else of a person is written here.
// Source: Graph, "Update user".
func (g *Graph) setPassword(c *call) (answer, error) {
	in, err := object(c.Request)
	if err != nil {
		return answer{}, err
	}
	profile, _ := in["passwordProfile"].(map[string]any)
	password, ok := profile["password"].(string)
	delete(in, "passwordProfile")
	delete(in, "@odata.type")
	if !ok || len(in) > 0 {
		return answer{}, g.unknown(c.Request, []string{"users", "with other properties"})
	}
	if err := g.tenant.SetPassword(c.target.ID, password); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusNoContent}, nil
}
