package doctor

import (
	"slices"
	"strings"
)

// permission is one of Graph's application permissions.
type permission struct {
	name string
	need bool   // the app does not work without it
	dark string // what goes dark without it
	// odd keeps an optional permission out of the report where it is missing, because other
	// lines say so.
	odd bool
}

// needed returns the permissions of a role (docs/entra-setup.md lists them with their ids).
func (t Tenant) needed(role string) []permission {
	list := []permission{
		{name: "User.Read.All", need: true, dark: "nobody's account can be read"},
		{name: "UserAuthenticationMethod.Read.All", need: true, dark: "nobody's methods can be read"},
	}
	switch role {
	case "web":
		list = append(list,
			permission{name: "Policy.Read.AuthenticationMethod", dark: "pages take it that every kind of method may be used"},
			permission{name: "Policy.Read.All", odd: true}, permission{name: "AuthenticationContext.Read.All", odd: true},
			permission{name: "Application.Read.All", odd: true})
	case "worker":
		list = append(list,
			permission{name: "UserAuthMethod-Phone.ReadWrite.All", need: true, dark: "no number can be changed"},
			permission{name: "UserAuthMethod-Email.ReadWrite.All", need: true, dark: "no alternate email can be changed"},
			permission{name: "UserAuthMethod-MicrosoftAuthApp.ReadWrite.All", dark: "Authenticator on an old phone can only be taken off at Microsoft"},
			permission{name: "UserAuthMethod-Passkey.ReadWrite.All", dark: "a passkey on an old phone can only be taken off at Microsoft"},
			permission{name: "UserAuthMethod-SoftwareOATH.ReadWrite.All", dark: "a one-time code app on an old phone can only be taken off at Microsoft"},
			permission{name: "User.RevokeSessions.All", need: true, dark: "nobody can sign out everywhere"})
	case "reset":
		list = append(list,
			permission{name: setsPasswords, need: true, dark: "no password can be set"},
			permission{name: "RoleManagement.Read.Directory", need: true, dark: "nobody can tell who is an administrator"},
			permission{name: "RoleEligibilitySchedule.Read.Directory", need: true, dark: "roles that may be activated cannot be read"},
			permission{name: "GroupMember.Read.All", need: true, dark: "membership in groups with roles cannot be read"},
			permission{name: "Policy.Read.All", need: true, dark: "whether the tenant allows resets cannot be read, and none is begun"},
			permission{name: "AuditLog.Read.All", dark: "a phone or email that was changed at Microsoft lately counts as proof all the same"},
			permission{name: "Application.Read.All", dark: "whether this registration has the role that it needs cannot be seen"})
	}
	if t.Mails { // a process of both roles sends by the first one's registration
		list = append(list, permission{name: "Mail.Send", odd: len(t.Apps) > 0 && role != t.Apps[0].Role, dark: "no mail can be sent, unless Exchange grants it for the sending mailbox, which is not to be seen here"})
	}
	return list
}

// setsPasswords is the permission to set people's passwords.
const setsPasswords = "User-PasswordProfile.ReadWrite.All"

// broader returns permissions that hold another one within them.
func broader(name string) []string {
	switch name {
	case "User.Read.All":
		return []string{"User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	case "UserAuthenticationMethod.Read.All", "UserAuthMethod-Phone.ReadWrite.All", "UserAuthMethod-Email.ReadWrite.All",
		"UserAuthMethod-MicrosoftAuthApp.ReadWrite.All", "UserAuthMethod-Passkey.ReadWrite.All", "UserAuthMethod-SoftwareOATH.ReadWrite.All":
		return []string{"UserAuthenticationMethod.ReadWrite.All"}
	case "User.RevokeSessions.All":
		return []string{"User.ReadWrite.All", "Directory.ReadWrite.All"}
	case "Policy.Read.AuthenticationMethod":
		return []string{"Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod"}
	}
	return nil
}

// permissions looks at what the app may do: all that its role needs, and nothing that a
// thief of its credential would like better.
func (v visit) permissions() []Finding {
	var found []Finding
	list := v.needed(v.app.Role)
	for _, p := range list {
		name := "permission, " + v.app.Role
		switch grant := "grant " + p.name + " as an application permission and consent to it; a new consent takes some minutes."; {
		case v.holds(p.name):
			found = append(found, ok(name, p.name))
		case p.need:
			found = append(found, fail(name, p.name+" is missing: "+p.dark, grant))
		case !p.odd:
			found = append(found, warn(name, p.name+" is missing: "+p.dark, grant))
		}
	}
	return append(found, v.superfluous(list)...)
}

// superfluous names permissions that the role should not hold.
func (v visit) superfluous(list []permission) []Finding {
	var found []Finding
	name := "permission, " + v.app.Role
	for _, role := range v.roles {
		switch {
		case slices.ContainsFunc(list, func(p permission) bool { return p.name == role }):
		case role == setsPasswords:
			found = append(found, fail(name, role+" is for the reset registration alone, which is used for nothing else",
				"take it away from this registration."))
		case v.app.Role == "web" && !reads(role):
			found = append(found, fail(name, role+" is not for reading, and the web role may only read",
				"take it away from this registration: whoever breaks into the site would have it."))
		default:
			found = append(found, warn(name, role+" is more than the role needs", "take it away."))
		}
	}
	return found
}

// reads reports whether a permission can do nothing but read, judged by its name: one part
// says Read, or ReadBasic, and none says Write. Names that say neither may do anything.
func reads(name string) bool {
	parts := strings.Split(name, ".")
	return slices.ContainsFunc(parts, func(p string) bool { return p == "Read" || p == "ReadBasic" }) &&
		!slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(p, "Write") })
}
