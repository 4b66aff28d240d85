package graph

import (
	"fmt"
	"net/http"
	"strings"

	"rekey/internal/emulator/tenant"
)

// user answers an account, with the properties that $select names or the usual ones.
func (g *Graph) user(c *call) (answer, error) {
	all := properties(c.target)
	names := []string{"businessPhones", "displayName", "givenName", "jobTitle", "mail", "mobilePhone", "officeLocation",
		"preferredLanguage", "surname", "userPrincipalName", "id"}
	if sel := c.URL.Query().Get("$select"); sel != "" {
		names = strings.Split(sel, ",")
	}
	entity := fmt.Sprintf("https://%s/%s/$metadata#users(%s)/$entity", Host, c.version(), strings.Join(names, ","))
	body := map[string]any{"@odata.context": entity}
	for _, name := range names {
		name = strings.TrimSpace(name)
		value, ok := all[name]
		if !ok {
			return answer{}, malformed("Parsing OData Select and Expand failed: Could not find a property named '" + name + "' on type 'microsoft.graph.user'.")
		}
		body[name] = value
	}
	return answer{http.StatusOK, body}, nil
}

func properties(p tenant.Person) map[string]any {
	valid := "2020-01-01T00:00:00Z"
	if !p.SessionsValidFrom.IsZero() {
		valid = tenant.Timestamp(p.SessionsValidFrom)
	}
	userType, synced := "Member", any(nil)
	if p.Guest {
		userType = "Guest"
	}
	if p.OnPremisesSynced {
		synced = true
	}
	return map[string]any{
		"id": p.ID, "userPrincipalName": p.UserPrincipalName, "displayName": p.DisplayName, "givenName": p.GivenName,
		"surname": p.Surname, "mail": orNull(p.Mail), "preferredLanguage": orNull(p.PreferredLanguage), "accountEnabled": p.Enabled,
		"userType": userType, "onPremisesSyncEnabled": synced, "signInSessionsValidFromDateTime": valid,
		"businessPhones": []any{}, "mobilePhone": nil, "jobTitle": nil, "officeLocation": nil, "department": nil,
		"otherMails": []any{}, "proxyAddresses": []any{}, "creationType": nil, "usageLocation": nil, "createdDateTime": "2020-01-01T00:00:00Z",
	}
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// roles answers the directory roles a person holds.
func (g *Graph) roles(c *call) (answer, error) {
	return collection(c, "directoryRoles", limited(c, shownRoles(c.target.Roles), readsRoles())), nil
}

// devices answers the devices a person registered.
func (g *Graph) devices(c *call) (answer, error) {
	value := []any{}
	for _, d := range c.target.Devices {
		value = append(value, map[string]any{
			"@odata.type": "#microsoft.graph.device", "id": d.ID, "deviceId": d.DeviceID, "displayName": d.DisplayName,
			"operatingSystem": d.OperatingSystem, "operatingSystemVersion": d.OperatingSystemVersion, "trustType": d.TrustType,
			"manufacturer": d.Manufacturer, "model": d.Model, "accountEnabled": d.AccountEnabled,
		})
	}
	return collection(c, "directoryObjects", value), nil
}

func collection(c *call, of string, value []any) answer {
	return answer{http.StatusOK, map[string]any{"@odata.context": fmt.Sprintf("https://%s/%s/$metadata#%s", Host, c.version(), of), "value": value}}
}

// revoke ends every session of a person.
// Source: Graph, user: revokeSignInSessions.
func (g *Graph) revoke(c *call) (answer, error) {
	if err := g.tenant.RevokeSessions(c.target.ID); err != nil {
		return answer{}, err
	}
	return answer{http.StatusOK, map[string]any{
		"@odata.context": fmt.Sprintf("https://%s/%s/$metadata#Edm.Boolean", Host, c.version()), "value": true,
	}}, nil
}
