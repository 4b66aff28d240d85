package graph

import (
	"net/http"
	"slices"
	"time"

	"rekey/internal/emulator/tenant"
)

// what a route needs a right to.
type what int

const (
	readUser what = iota
	revoke
	readMethods
	readKind
	writeContact
	deleteMethod
	sendMail
	setPassword
	readMethodsPolicy
	readPolicies
	readContexts
	readOrganization
	readApplication
	readRoles
	readEligible
	readLog
)

type need struct{ what what }

// ofTenant says whether the route is about the organisation, not about a person.
func (n need) ofTenant() bool { return n.what >= readMethodsPolicy }

// rights are the permissions that open a route, by exact name. own open it for the caller's
// own account only.
// Source: Microsoft Graph permissions reference.
func (n need) rights(k kind) (own, all []string) {
	granular := "UserAuthMethod-" + k.permission
	switch n.what {
	case sendMail:
		return []string{"Mail.Send"}, []string{"Mail.Send"}
	case readMethodsPolicy:
		return nil, []string{"Policy.Read.AuthenticationMethod", "Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod"}
	case readPolicies:
		return nil, []string{"Policy.Read.All"}
	case readContexts:
		return nil, []string{"AuthenticationContext.Read.All", "AuthenticationContext.ReadWrite.All", "Policy.Read.ConditionalAccess"}
	case setPassword:
		return nil, []string{"User-PasswordProfile.ReadWrite.All"}
	case readRoles:
		return nil, []string{"RoleManagement.Read.Directory", "RoleManagement.Read.All", "Directory.Read.All", "RoleManagement.ReadWrite.Directory"}
	case readEligible:
		return nil, []string{"RoleEligibilitySchedule.Read.Directory", "RoleManagement.Read.Directory", "RoleManagement.Read.All"}
	case readLog:
		return nil, []string{"AuditLog.Read.All"}
	case readApplication:
		return nil, []string{"Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	case readOrganization:
		return nil, []string{"Organization.Read.All", "Organization.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	case readUser:
		return []string{"User.Read", "User.ReadWrite"}, []string{"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	case revoke:
		return nil, []string{"User.RevokeSessions.All", "User.ReadWrite.All", "Directory.ReadWrite.All"}
	case readMethods:
		return []string{"UserAuthenticationMethod.Read", "UserAuthenticationMethod.ReadWrite"},
			[]string{"UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All"}
	case readKind:
		return []string{"UserAuthenticationMethod.Read", "UserAuthenticationMethod.ReadWrite", granular + ".Read", granular + ".ReadWrite"},
			[]string{"UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All", granular + ".Read.All", granular + ".ReadWrite.All"}
	}
	return []string{"UserAuthenticationMethod.ReadWrite", granular + ".ReadWrite"},
		[]string{"UserAuthenticationMethod.ReadWrite.All", granular + ".ReadWrite.All"}
}

// allow says whether the caller may do this to the person the path names.
func (g *Graph) allow(c *call, n need) error {
	own, all := n.rights(c.kind)
	var ok bool
	switch {
	case c.access.AppOnly():
		ok = c.access.Allows(all...) && (n.what != setPassword || g.mayReset(c)) && (n.what != readLog || g.mayReadLog(c))
	case n.ofTenant():
		ok = c.access.Allows(all...) && g.mayReadPolicies(c)
	case c.access.PersonID == c.target.ID:
		ok = c.access.Allows(append(own, all...)...) && g.mayActOnSelf(c.access, n)
	default:
		ok = c.access.Allows(all...) && g.mayActOnOthers(c, n)
	}
	if ok {
		return nil
	}
	return g.refusalOf(n)
}

// refusalOf is how the workload behind a route says no.
func (g *Graph) refusalOf(n need) error {
	switch {
	case n.what == readUser || n.what == revoke || n.what == setPassword || n.what == readRoles || n.what == readEligible || n.what == readOrganization || n.what == readApplication:
		return &tenant.Error{Status: http.StatusForbidden, Code: "Authorization_RequestDenied",
			Message: "Insufficient privileges to complete the operation."}
	case n.what == sendMail:
		return &tenant.Error{Status: http.StatusForbidden, Code: "ErrorAccessDenied", Message: "Access is denied. Check credentials and try again."}
	case n.what == readLog: // the words are those that public code and threads know
		return &tenant.Error{Status: http.StatusForbidden, Code: "Authentication_MSGraphPermissionMissing",
			Message: "Calling principal does not have required MSGraph permissions AuditLog.Read.All"}
	case n.ofTenant():
		return &tenant.Error{Status: http.StatusForbidden, Code: "AccessDenied",
			Message: "You cannot perform the requested operation, required scopes are missing in the token."}
	}
	return g.tenant.Refused()
}

// mayReadPolicies asks the directory roles of a person who reads through an app.
// Source: Graph, "Get authenticationMethodsPolicy" and "List policies".
func (g *Graph) mayReadPolicies(c *call) bool {
	caller, ok := g.tenant.Person(c.access.PersonID)
	return ok && caller.Enabled && caller.HasRole("Global Administrator", "Global Reader", "Authentication Policy Administrator",
		"Conditional Access Administrator", "Security Administrator", "Security Reader")
}

// mayActOnSelf refuses people who write their own contacts with an app's help.
// Source: Graph, authentication: post phoneMethods, "self-service operations aren't
// supported"; SelfWrite is the rule announced in January 2026.
func (g *Graph) mayActOnSelf(a tenant.Access, n need) bool {
	sw := g.tenant.Switches()
	switch n.what {
	case setPassword:
		return false
	case writeContact:
		return sw.SelfWrite && a.Strong && g.tenant.Now().Sub(a.AuthTime) <= 10*time.Minute
	case deleteMethod:
		return !sw.SelfDeleteRefused
	}
	return true
}

// mayActOnOthers asks the caller's directory roles.
// Source: Entra, "Who can reset passwords" and the authentication roles' table.
func (g *Graph) mayActOnOthers(c *call, n need) bool {
	caller, ok := g.tenant.Person(c.access.PersonID)
	if !ok || !caller.Enabled {
		return false
	}
	const global, privileged, authentication = "Global Administrator", "Privileged Authentication Administrator", "Authentication Administrator"
	switch n.what {
	case setPassword:
		return caller.HasRole(global, privileged) || caller.HasRole("User Administrator") && onlyRoles(c.target, underUser()) && len(c.target.RoleGroups) == 0
	case sendMail:
		return false // that takes Mail.Send.Shared and a right on the mailbox
	case readUser:
		return true
	case readMethods, readKind:
		return caller.HasRole(global, privileged, authentication, "Global Reader")
	case revoke:
		return caller.HasRole(global, privileged) ||
			caller.HasRole(authentication) && onlyRoles(c.target, underAuthentication()) ||
			caller.HasRole("User Administrator") && onlyRoles(c.target, underUser()) ||
			caller.HasRole("Helpdesk Administrator") && onlyRoles(c.target, underHelpdesk())
	}
	return caller.HasRole(global, privileged) || caller.HasRole(authentication) && onlyRoles(c.target, underAuthentication())
}

// mayReset asks the directory roles of the app itself: a permission alone sets no password.
// Source: Graph, "Update user", passwordProfile; Entra, "Who can reset passwords".
func (g *Graph) mayReset(c *call) bool {
	app, ok := g.tenant.App(c.access.ClientID)
	has := func(role string) bool { return slices.Contains(app.DirectoryRoles, role) }
	return ok && (has("Global Administrator") || has("Privileged Authentication Administrator") ||
		has("User Administrator") && onlyRoles(c.target, underUser()) && len(c.target.RoleGroups) == 0)
}

// mayReadLog asks for the second permission of the log, where the tenant does.
// Source: Graph, "List directoryAudits", permissions.
func (g *Graph) mayReadLog(c *call) bool {
	return !g.tenant.Switches().LogNeedsDirectory || c.access.Allows("Directory.Read.All", "Directory.ReadWrite.All")
}

// masked says whether the caller sees numbers only in part.
func (g *Graph) masked(c *call) bool {
	if c.access.AppOnly() {
		return g.tenant.Switches().MaskedForApps
	}
	if c.access.PersonID == c.target.ID || g.tenant.Switches().Unmasked {
		return false
	}
	caller, _ := g.tenant.Person(c.access.PersonID)
	return !caller.HasRole("Global Administrator", "Privileged Authentication Administrator", "Global Reader")
}

func onlyRoles(p tenant.Person, allowed []string) bool {
	return !slices.ContainsFunc(p.Roles, func(r string) bool { return !slices.Contains(allowed, r) })
}

func underAll() []string {
	return []string{"Directory Readers", "Guest Inviter", "Password Administrator", "Message Center Reader", "Reports Reader",
		"Usage Summary Reports Reader", "User Experience Success Manager"}
}

func underAuthentication() []string { return append(underAll(), "Authentication Administrator") }

func underHelpdesk() []string { return append(underAll(), "Helpdesk Administrator") }

func underUser() []string {
	return append(underAll(), "Helpdesk Administrator", "User Administrator", "Groups Administrator")
}
