package graph

import (
	"fmt"
	"net/http"

	"rekey/internal/emulator/tenant"
)

// methodsPolicy answers which methods may be used.
// Source: Graph, authenticationMethodsPolicy resource.
func (g *Graph) methodsPolicy(c *call) (answer, error) {
	configurations := []any{}
	for _, m := range g.tenant.Policies().Methods {
		configurations = append(configurations, methodConfiguration(m))
	}
	return answer{http.StatusOK, map[string]any{
		"@odata.context": fmt.Sprintf("https://%s/%s/$metadata#authenticationMethodsPolicy", Host, c.version()),
		"id":             "authenticationMethodsPolicy", "displayName": "Authentication Methods Policy",
		"description":          "The tenant-wide policy that controls which authentication methods are allowed.",
		"lastModifiedDateTime": "2025-03-17T09:12:00Z", "policyVersion": "1.5", "policyMigrationState": "migrationComplete",
		"registrationEnforcement": map[string]any{"authenticationMethodsRegistrationCampaign": map[string]any{
			"snoozeDurationInDays": 1, "state": "default", "excludeTargets": []any{},
			"includeTargets": []any{map[string]any{"id": "all_users", "targetType": "group", "targetedAuthenticationMethod": "microsoftAuthenticator"}},
		}},
		"authenticationMethodConfigurations": configurations,
	}}, nil
}

// methodConfiguration is one of a policy's configurations, with what its kind has beside
// the state.
func methodConfiguration(m tenant.MethodPolicy) map[string]any {
	target := map[string]any{"targetType": "group", "id": "all_users", "isRegistrationRequired": false}
	out := map[string]any{"id": m.ID, "state": "disabled", "excludeTargets": []any{}, "includeTargets": []any{target}}
	if m.Enabled {
		out["state"] = "enabled"
	}
	odataType := map[string]string{"Fido2": "fido2", "MicrosoftAuthenticator": "microsoftAuthenticator", "Sms": "sms", "Voice": "voice",
		"TemporaryAccessPass": "temporaryAccessPass", "SoftwareOath": "softwareOath", "HardwareOath": "hardwareOath", "Email": "email",
		"X509Certificate": "x509Certificate", "QRCodePin": "qrCodePin"}[m.ID]
	switch m.ID {
	case "Sms":
		target["isUsableForSignIn"] = false
	case "Voice":
		out["isOfficePhoneAllowed"] = true
	case "Email":
		out["allowExternalIdToUseEmailOtp"] = "default"
	case "Fido2":
		out["isAttestationEnforced"], out["isSelfServiceRegistrationAllowed"] = false, true
		out["keyRestrictions"] = map[string]any{"isEnforced": false, "enforcementType": "block", "aaGuids": []any{}}
	case "TemporaryAccessPass":
		out["defaultLifetimeInMinutes"], out["defaultLength"], out["isUsableOnce"] = 60, 8, false
		out["minimumLifetimeInMinutes"], out["maximumLifetimeInMinutes"] = 60, 480
	}
	if odataType == "" {
		odataType, out["displayName"] = "external", m.Name
	}
	out["@odata.type"] = "#microsoft.graph." + odataType + "AuthenticationMethodConfiguration"
	return out
}

// authorizationPolicy answers whether administrators may reset their own password, among
// other things. Source: Graph, authorizationPolicy resource.
func (g *Graph) authorizationPolicy(c *call) (answer, error) {
	return answer{http.StatusOK, map[string]any{
		"@odata.context": fmt.Sprintf("https://%s/%s/$metadata#policies/authorizationPolicy/$entity", Host, c.version()),
		"id":             "authorizationPolicy", "displayName": "Authorization Policy",
		"description":      "Used to manage authorization related settings across the company.",
		"allowInvitesFrom": "everyone", "allowedToSignUpEmailBasedSubscriptions": true,
		"allowedToUseSSPR":                          g.tenant.Policies().ResetForAdministrators,
		"allowEmailVerifiedUsersToJoinOrganization": false, "allowUserConsentForRiskyApps": nil, "blockMsolPowerShell": false,
		"guestUserRoleId": "10dae51f-b6af-4016-8d66-8c2a99b929b3",
		"defaultUserRolePermissions": map[string]any{"allowedToCreateApps": true, "allowedToCreateSecurityGroups": true,
			"allowedToCreateTenants": false, "allowedToReadBitlockerKeysForOwnedDevice": true, "allowedToReadOtherUsers": true,
			"permissionGrantPoliciesAssigned": []any{}},
	}}, nil
}

// rules answers the Conditional Access policies.
// Source: Graph, conditionalAccessPolicy resource.
func (g *Graph) rules(c *call) (answer, error) {
	value := []any{}
	for _, r := range g.tenant.Policies().Rules {
		value = append(value, shownRule(r))
	}
	return collection(c, "identity/conditionalAccess/policies", value), nil
}

func shownRule(r tenant.Rule) map[string]any {
	var session any
	if r.EveryTime {
		session = map[string]any{"disableResilienceDefaults": nil, "applicationEnforcedRestrictions": nil, "cloudAppSecurity": nil,
			"persistentBrowser": nil, "signInFrequency": map[string]any{"value": nil, "type": nil,
				"authenticationType": "primaryAndSecondaryAuthentication", "frequencyInterval": "everyTime", "isEnabled": true}}
	}
	return map[string]any{
		"id": r.ID, "templateId": nil, "displayName": r.Name, "createdDateTime": "2025-03-17T09:12:00Z", "modifiedDateTime": nil, "state": r.State,
		"conditions": map[string]any{
			"userRiskLevels": []any{}, "signInRiskLevels": []any{}, "servicePrincipalRiskLevels": []any{}, "clientAppTypes": []any{"all"},
			"platforms": nil, "locations": nil, "devices": nil, "clientApplications": nil,
			"applications": map[string]any{"includeApplications": list(r.Applications), "excludeApplications": []any{},
				"includeUserActions": list(r.Actions), "includeAuthenticationContextClassReferences": list(r.Contexts), "applicationFilter": nil},
			"users": map[string]any{"includeUsers": []any{"All"}, "excludeUsers": []any{}, "includeGroups": []any{}, "excludeGroups": []any{},
				"includeRoles": []any{}, "excludeRoles": []any{}, "includeGuestsOrExternalUsers": nil, "excludeGuestsOrExternalUsers": nil},
		},
		"grantControls": map[string]any{"operator": "OR", "builtInControls": []any{"mfa"}, "customAuthenticationFactors": []any{},
			"termsOfUse": []any{}, "authenticationStrength": nil},
		"sessionControls": session,
	}
}

// list writes names as a JSON list that is never null.
func list(names []string) []any {
	out := []any{}
	for _, n := range names {
		out = append(out, n)
	}
	return out
}

// contexts answers the authentication contexts.
// Source: Graph, authenticationContextClassReference resource.
func (g *Graph) contexts(c *call) (answer, error) {
	value := []any{}
	for _, x := range g.tenant.Policies().Contexts {
		value = append(value, map[string]any{"id": x.ID, "displayName": x.Name, "description": "", "isAvailable": x.Published})
	}
	return collection(c, "identity/conditionalAccess/authenticationContextClassReferences", value), nil
}

// organization answers the tenant itself. Source: Graph, organization resource.
func (g *Graph) organization(c *call) (answer, error) {
	return collection(c, "organization", []any{map[string]any{
		"id": g.tenant.ID(), "displayName": "Fernhill", "countryLetterCode": "US", "preferredLanguage": "en", "tenantType": "AAD",
		"onPremisesSyncEnabled": nil, "createdDateTime": "2020-01-01T00:00:00Z", "assignedPlans": []any{}, "businessPhones": []any{},
		"verifiedDomains": []any{map[string]any{"name": tenant.Domain, "type": "Managed", "isDefault": true, "isInitial": false,
			"capabilities": "Email, OfficeCommunicationsOnline"}},
	}}), nil
}

// application answers an app's registration.
// Source: Graph, application resource.
func (g *Graph) application(c *call) (answer, error) {
	app, ok := g.tenant.App(c.id)
	if !ok {
		return answer{}, &tenant.Error{Status: http.StatusNotFound, Code: "Request_ResourceNotFound",
			Message: "Resource '" + c.id + "' does not exist or one of its queried reference-property objects are not present."}
	}
	claims := []any{}
	for _, name := range app.Claims {
		claims = append(claims, map[string]any{"name": name, "source": nil, "essential": false, "additionalProperties": []any{}})
	}
	return answer{http.StatusOK, map[string]any{
		"@odata.context": fmt.Sprintf("https://%s/%s/$metadata#applications/$entity", Host, c.version()),
		"id":             app.ClientID, "appId": app.ClientID, "displayName": app.Name, "signInAudience": "AzureADMyOrg",
		"optionalClaims": map[string]any{"idToken": claims, "accessToken": []any{}, "saml2Token": []any{}},
		"web":            map[string]any{"redirectUris": list(app.RedirectURIs), "homePageUrl": nil, "logoutUrl": nil},
	}}, nil
}
