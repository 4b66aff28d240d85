package graph

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"rekey/internal/directory"
	"rekey/internal/fault"
)

var (
	_ directory.Finder         = (*Client)(nil)
	_ directory.Administrators = (*Client)(nil)
	_ directory.ResetPolicy    = (*Client)(nil)
	_ directory.PasswordWriter = (*Client)(nil)
	_ directory.Colleagues     = (*Client)(nil)
)

// accountProperties are what translateAccount needs.
func accountProperties() []string {
	return []string{"id", "displayName", "userPrincipalName", "mail", "accountEnabled", "userType", "onPremisesSyncEnabled"}
}

// longestUser is how many characters a user principal name may have.
// Source: Microsoft Entra, "Prepare directory attributes for synchronization".
const longestUser = 113

// Find reads the account of a user principal name. Object ids and other spellings of Graph's
// address for a person find nobody.
// Source: Graph, "Get a user".
func (c *Client) Find(ctx context.Context, user string) (directory.PersonID, directory.Account, error) {
	odd := func(r rune) bool {
		return unicode.IsControl(r) || unicode.IsSpace(r) || strings.ContainsRune(`/\?,;<>"$`, r)
	}
	nobody := fault.New(fault.NotFound, "directory.not-found")
	name, domain, _ := strings.Cut(user, "@")
	if name == "" || domain == "" || strings.Contains(domain, "@") || utf8.RuneCountInString(user) > longestUser || strings.ContainsFunc(user, odd) {
		return directory.PersonID{}, directory.Account{}, nobody
	}
	query := &users.UserItemRequestBuilderGetRequestConfiguration{QueryParameters: &users.UserItemRequestBuilderGetQueryParameters{Select: accountProperties()}}
	var person directory.PersonID
	var account directory.Account
	err := c.call(ctx, operation{name: "find person"}, func(ctx context.Context) error {
		u, err := c.users.ByUserId(user).Get(ctx, query)
		if err != nil {
			return err
		}
		id := ""
		if u != nil {
			id = strings.ToLower(text(u.GetId()))
		}
		if !guid(id) {
			return errOdd
		}
		if !strings.EqualFold(text(u.GetUserPrincipalName()), user) {
			return nobody
		}
		person = directory.PersonID{Tenant: c.tenant, Object: id}
		account, err = translateAccount(u)
		return err
	})
	return person, account, err
}

// Administrator reads what makes a person an administrator, and reads on only until something
// does: one reason is enough.
//
// Source: Graph, "List transitiveMemberOf", "List roleAssignments" (roles for a part of the
// organisation show there alone) and "List roleEligibilityScheduleInstances", which a
// tenant without the licence for it refuses with 400.
func (c *Client) Administrator(ctx context.Context, person directory.PersonID) (directory.Roles, error) {
	var r directory.Roles
	if _, err := c.user(person); err != nil {
		return r, err
	}
	principal := map[string]string{"$filter": "principalId eq '" + person.Object + "'"}
	type role struct {
		Definition string `json:"roleDefinitionId"`
	}
	var err error
	if r.Held, err = c.heldRoles(ctx, person); err != nil || r.Any() {
		return r, err
	}
	_, err = pages(ctx, c, operation{name: "list role assignments"}, resource{path: "/roleManagement/directory/roleAssignments", query: principal},
		func(x role) { r.Held = append(r.Held, strings.ToLower(x.Definition)) })
	if err != nil || r.Any() {
		return r, err
	}
	_, err = pages(ctx, c, operation{name: "list eligible roles", optional: true}, resource{path: "/roleManagement/directory/roleEligibilityScheduleInstances", query: principal},
		func(x role) { r.Eligible = append(r.Eligible, strings.ToLower(x.Definition)) })
	if err != nil || r.Any() {
		return r, err
	}
	r.Groups, err = c.assignableGroup(ctx, person)
	return r, err
}

// assignableGroup reports whether a person belongs to a group to which roles may be
// assigned. Of groups that this application may not read, Graph tells the id and nothing
// else: where that is so of all of them, the permission is missing.
func (c *Client) assignableGroup(ctx context.Context, person directory.PersonID) (assignable bool, err error) {
	type group struct {
		Name       *string `json:"displayName"`
		Assignable *bool   `json:"isAssignableToRole"`
	}
	known, hidden := 0, 0
	whole, err := pages(ctx, c, operation{name: "list groups"}, resource{path: "/users/{id}/transitiveMemberOf/microsoft.graph.group", cast: true,
		names: map[string]string{"id": person.Object}, query: map[string]string{"$select": "id,displayName,isAssignableToRole", "$top": "999"}},
		func(g group) {
			assignable = assignable || g.Assignable != nil && *g.Assignable
			if g.Name == nil {
				hidden++
			} else {
				known++
			}
		})
	switch {
	case err != nil || assignable:
		return assignable, err
	case !whole:
		return false, down("list groups: more than can be read", c.clock.Now().Add(defaultWait))
	case hidden > 0 && known == 0:
		return false, fault.Wrap(fault.Forbidden, "directory.permission", errors.New("graph: groups not readable"))
	}
	return false, nil
}

// heldRoles reads the directory roles that a person holds now, also through groups.
func (c *Client) heldRoles(ctx context.Context, person directory.PersonID) (held []string, err error) {
	type role struct {
		Template string `json:"roleTemplateId"`
	}
	_, err = pages(ctx, c, operation{name: "list roles"}, resource{path: "/users/{id}/transitiveMemberOf/microsoft.graph.directoryRole", cast: true,
		names: map[string]string{"id": person.Object}, query: map[string]string{"$select": "id,roleTemplateId"}},
		func(x role) { held = append(held, strings.ToLower(x.Template)) })
	return held, err
}

// HoldsRole implements directory.RoleReader.
func (c *Client) HoldsRole(ctx context.Context, person directory.PersonID) (bool, error) {
	if _, err := c.user(person); err != nil {
		return false, err
	}
	held, err := c.heldRoles(ctx, person)
	return len(held) > 0, err
}

// ResetAllowed reads the tenant's allowedToUseSSPR.
// Source: Graph, authorizationPolicy resource.
func (c *Client) ResetAllowed(ctx context.Context) (allowed bool, err error) {
	err = c.call(ctx, operation{name: "read authorization policy"}, func(ctx context.Context) error {
		text, err := c.plain(ctx, resource{path: "/policies/authorizationPolicy"})
		if err != nil {
			return err
		}
		var policy struct {
			Allowed *bool `json:"allowedToUseSSPR"`
		}
		if err := json.Unmarshal(text, &policy); err != nil || policy.Allowed == nil {
			return errOdd
		}
		allowed = *policy.Allowed
		return nil
	})
	return allowed, err
}

// SetPassword sets a password, which need not be changed at the next sign-in: whoever chose
// it has just proved who they are. Graph answers 400 for one that the tenant's policy
// refuses, in words that are documented nowhere.
// Source: Graph, "Update user", passwordProfile.
func (c *Client) SetPassword(ctx context.Context, person directory.PersonID, password string) error {
	user, err := c.user(person)
	if err != nil {
		return err
	}
	no, profile, body := false, models.NewPasswordProfile(), models.NewUser()
	profile.SetPassword(&password)
	profile.SetForceChangePasswordNextSignIn(&no)
	body.SetPasswordProfile(profile)
	err = c.call(ctx, operation{name: "set password", write: true}, func(ctx context.Context) error {
		_, err := user.Patch(ctx, body, nil)
		return err
	})
	if fault.Is(err, fault.Invalid) {
		return fault.Wrap(fault.Invalid, "password.refused", err)
	}
	return err
}

// MaySetPasswords reports whether this application holds a role that may reset the
// passwords of all administrators.
// Source: Microsoft Entra, "Who can reset passwords".
func (c *Client) MaySetPasswords(ctx context.Context) (bool, error) {
	may := false
	type role struct {
		Template string `json:"roleTemplateId"`
	}
	_, err := pages(ctx, c, operation{name: "list own roles"},
		resource{path: "/servicePrincipals(appId='{app}')/transitiveMemberOf/microsoft.graph.directoryRole", cast: true, names: map[string]string{"app": c.app}},
		func(x role) {
			may = may || slices.Contains([]string{directory.GlobalAdministrator, directory.PrivilegedAuthenticationAdministrator}, strings.ToLower(x.Template))
		})
	return may, err
}

// Holders reads who holds roles. A role that nobody was ever given is not there. Of a role
// that a group holds, the group's members are not among them; nor are applications, this one
// first of all.
// Source: Graph, "List members" of a directory role.
func (c *Client) Holders(ctx context.Context, roles ...string) ([]directory.Colleague, error) {
	var all []directory.Colleague
	type user struct {
		Type    string `json:"@odata.type"`
		ID      string `json:"id"`
		Name    string `json:"displayName"`
		UPN     string `json:"userPrincipalName"`
		Mail    string `json:"mail"`
		Enabled *bool  `json:"accountEnabled"`
	}
	for _, role := range roles {
		_, err := pages(ctx, c, operation{name: "list holders of a role"},
			resource{path: "/directoryRoles(roleTemplateId='{role}')/members", names: map[string]string{"role": role},
				query: map[string]string{"$select": "id,displayName,userPrincipalName,mail,accountEnabled"}},
			func(u user) {
				person := directory.PersonID{Tenant: c.tenant, Object: strings.ToLower(u.ID)}
				if u.Type == typePrefix+"user" && guid(person.Object) && !slices.ContainsFunc(all, func(o directory.Colleague) bool { return o.Person == person }) {
					all = append(all, directory.Colleague{Person: person, Account: directory.Account{DisplayName: u.Name, UserPrincipalName: u.UPN,
						Mail: u.Mail, Enabled: u.Enabled == nil || *u.Enabled}})
				}
			})
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
	}
	return all, nil
}
