package doctor

import (
	"strings"
	"testing"
	"time"

	"rekey/internal/clock"
	"rekey/internal/directory"
)

func TestRegistration_OID4(t *testing.T) {
	for body, want := range map[string][2]string{
		`{"optionalClaims":null,"web":{"redirectUris":["` + redirect + `"]}}`:                                                               {"FAIL  app registration, web", "auth_time"},
		`{"optionalClaims":{"idToken":[{"name":"acct"}],"accessToken":[{"name":"auth_time"}]},"web":{"redirectUris":["` + redirect + `"]}}`: {"FAIL  app registration, web", "auth_time"},
		`{"optionalClaims":{"idToken":[{"name":"auth_time"}]},"web":{"redirectUris":["` + redirect + `"]}}`:                                 {"warn  app registration, web", "acct"},
		`{"optionalClaims":{"idToken":[{"name":"auth_time"},{"name":"acct"}]},"web":{"redirectUris":["https://other.example/"]}}`:           {"FAIL  app registration, web", redirect},
		`{"optionalClaims":{"idToken":[{"name":"auth_time"},{"name":"acct"}]},"web":{"redirectUris":["` + redirect + `"]}}`:                 {"warn  app registration, web", signedOut},
		`{"optionalClaims":{"idToken":[{"name":"auth_time"},{"name":"acct"}]}}`:                                                             {"FAIL  app registration, web", redirect},
	} {
		tenant, graph := setUp()
		graph.answers[appPath] = body
		has(t, told(t, tenant), want[0], want[1])
	}
}

func TestContext_OID4(t *testing.T) {
	change := func(old, new string) string { return strings.Replace(contextRule, old, new, 1) }
	const strength = `"authenticationStrength":{"id":"x"}`
	tests := []struct{ name, reference, rules, begins, words string }{
		{"unpublished", `{"value":[{"id":"c2","isAvailable":true},{"id":"c1","isAvailable":false}]}`, contextRule, "FAIL  authentication context", "not published"},
		{"nothing said", `{"value":[{"id":"c1"}]}`, contextRule, "FAIL  authentication context", "not published"},
		{"no policy", "", "", "FAIL  policy of the authentication context", "whoever knows the password"},
		{"another context", "", change(`["c1"]`, `["c10"]`), "FAIL  policy of the authentication context", "c1"},
		{"reports only", "", change(`"enabled"`, `"enabledForReportingButNotEnforced"`), "FAIL  policy of the authentication context", ""},
		{"switched off", "", change(`"enabled"`, `"disabled"`), "FAIL  policy of the authentication context", ""},
		{"no control", "", change(strength, `"authenticationStrength":null`), "FAIL  policy of the authentication context", ""},
		{"a device will do", "", change(`"builtInControls":[]`, `"builtInControls":["compliantDevice"]`), "FAIL  policy of the authentication context", ""},
		{"a device or a second factor", "", strings.Replace(change(strength, `"authenticationStrength":null`), `"builtInControls":[]`, `"builtInControls":["mfa","compliantDevice"]`, 1),
			"FAIL  policy of the authentication context", ""},
		{"a device and a second factor", "", strings.Replace(strings.Replace(change(strength, `"authenticationStrength":null`), `"builtInControls":[]`,
			`"builtInControls":["mfa","compliantDevice"]`, 1), `"OR"`, `"AND"`, 1), "ok    policy of the authentication context", ""},
		{"a second factor", "", strings.Replace(change(strength, `"authenticationStrength":null`), `"builtInControls":[]`, `"builtInControls":["mfa"]`, 1),
			"ok    policy of the authentication context", ""},
		{"some people", "", change(`["All"]`, `["x"]`), "warn  policy of the authentication context", "all people"},
		{"but for a group", "", change(`"excludeGroups":[]`, `"excludeGroups":["x"]`), "warn  policy of the authentication context", "never-list"},
		{"but for a role", "", change(`"excludeRoles":[]`, `"excludeRoles":["x"]`), "warn  policy of the authentication context", "all people"},
		{"but for a person", "", change(`"excludeUsers":[]`, `"excludeUsers":["x"]`), "warn  policy of the authentication context", "all people"},
		{"from some networks", "", change(`"locations":null`, `"locations":{"includeLocations":["x"]}`), "warn  policy of the authentication context", "circumstances"},
		{"on some devices", "", change(`"locations":null`, `"devices":{"deviceFilter":{}}`), "warn  policy of the authentication context", "circumstances"},
		{"on some platforms", "", change(`"locations":null`, `"platforms":{"includePlatforms":["iOS"]}`), "warn  policy of the authentication context", "circumstances"},
		{"at some risk", "", change(`"locations":null`, `"signInRiskLevels":["high"]`), "warn  policy of the authentication context", "circumstances"},
		{"for people at risk", "", change(`"locations":null`, `"userRiskLevels":["high"]`), "warn  policy of the authentication context", "circumstances"},
		{"in old clients", "", change(`"locations":null`, `"clientAppTypes":["other"]`), "warn  policy of the authentication context", "circumstances"},
		{"in browsers", "", change(`"locations":null`, `"clientAppTypes":["browser"]`), "ok    policy of the authentication context", ""},
		{"split over two", "", change(`["All"]`, `["x"]`) + "," + change("everyTime", "timeBased"), "warn  policy of the authentication context", "Every time"},
		{"terms of use will do", "", change(`"termsOfUse":[]`, `"termsOfUse":["x"]`), "FAIL  policy of the authentication context", ""},
		{"once a day", "", change("everyTime", "timeBased"), "warn  policy of the authentication context", "Every time"},
		{"no frequency", "", change(`"isEnabled":true`, `"isEnabled":false`), "warn  policy of the authentication context", "Every time"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tenant, graph := setUp()
			if tt.reference != "" {
				graph.answers[contextPath] = tt.reference
			}
			graph.answers[rulesPath] = `{"value":[` + tt.rules + `]}`
			has(t, told(t, tenant), tt.begins, tt.words)
		})
	}
	tenant, graph := setUp()
	graph.answers[contextPath] = `{"value":[{"id":"c10","isAvailable":true}]}`
	has(t, told(t, tenant), "FAIL  authentication context: c1 is not there")
	tenant, _ = setUp()
	tenant.Context = ""
	has(t, told(t, tenant), "off   authentication context", "code to a contact")
}

func TestRules_OnSeveralPages(t *testing.T) {
	tenant, graph := setUp()
	graph.answers[rulesPath] = `{"value":[],"@odata.nextLink":"https://elsewhere.example/v1.0/identity/conditionalAccess/policies?$skiptoken=abc"}`
	graph.answers[rulesPath+"?$skiptoken=abc"] = `{"value":[` + contextRule + `]}`
	has(t, told(t, tenant), "ok    policy of the authentication context")
	graph.answers[rulesPath+"?$skiptoken=abc"] = `{"value":[],"@odata.nextLink":"https://graph.microsoft.com/x?$skiptoken=abc"}`
	has(t, told(t, tenant), "warn  policy of the authentication context") // in a circle
}

func TestRegistrationRules_ProtectMicrosoftsPageOnly(t *testing.T) {
	const theirs = `{"displayName":"Register from the office","state":"enabled","conditions":{"applications":{"includeUserActions":["urn:user:registersecurityinfo"]},
		"users":{"includeUsers":["All"]}%s},"grantControls":null}`
	plain, placed := strings.Replace(theirs, "%s", "", 1), strings.Replace(theirs, "%s", `,"locations":{"includeLocations":["All"]}`, 1)
	const away = `{"displayName":"Not from elsewhere","state":"enabled","conditions":{"applications":{"includeAuthenticationContextClassReferences":["c1"]},
		"users":{"includeUsers":["All"]},"locations":{"includeLocations":["All"],"excludeLocations":["AllTrusted"]}},"grantControls":{"operator":"OR","builtInControls":["block"]}}`
	const name = "policies on registering security info"
	tests := []struct{ rules, begins, words string }{
		{contextRule, "ok    " + name, "none"},
		{plain, "warn  " + name, "configure an authentication context"},
		{strings.Replace(plain, "enabled", "disabled", 1), "ok    " + name, "none"},
		{plain + "," + contextRule, "ok    " + name, "“Register from the office”"},
		{placed + "," + contextRule, "warn  " + name, "other networks"},
		{placed + "," + contextRule + "," + away, "ok    " + name, "does"},
		{placed + "," + contextRule + "," + strings.Replace(away, "enabled", "disabled", 1), "warn  " + name, "other networks"},
	}
	for _, tt := range tests {
		tenant, graph := setUp()
		graph.answers[rulesPath] = `{"value":[` + tt.rules + `]}`
		has(t, told(t, tenant), tt.begins, tt.words)
	}
}

func TestReset_IsTold(t *testing.T) {
	for body, want := range map[string]string{`{"allowedToUseSSPR":false}`: "ok    administrators' own password reset: switched off",
		`{"allowedToUseSSPR":true}`: "ok    administrators' own password reset: allowed", `{}`: "warn  administrators' own password reset"} {
		tenant, graph := setUp()
		graph.answers[resetPath] = body
		has(t, told(t, tenant), want)
	}
}

func TestMethods_WhatIsKeptHereMustBeOfUse(t *testing.T) {
	for off, words := range map[directory.Rule]string{directory.RuleText: "phones cannot be used to sign in", directory.RuleCall: "alternate phones cannot", directory.RuleEmail: "alternate emails cannot"} {
		tenant, _ := setUp()
		rules := map[directory.Rule]directory.State{directory.RuleText: directory.On, directory.RuleCall: directory.On, directory.RuleEmail: directory.On, off: directory.Off}
		if off == directory.RuleText {
			rules[directory.RuleCall] = directory.Off
		}
		tenant.Methods = methodsPolicy{policy: directory.Policy{Known: true, Rules: rules}}
		has(t, told(t, tenant), "warn  authentication methods", words)
	}
}

func TestDelivery_Ends(t *testing.T) {
	end := directory.DeliveryEnds()
	const name = "texts and calls of sign-in"
	for now, want := range map[time.Time]string{end.AddDate(0, 0, -200): "ok    " + name, end.AddDate(0, 0, -179): "warn  " + name + ": Microsoft stops", end: "warn  " + name + ": Microsoft has stopped"} {
		tenant, _ := setUp()
		tenant.Clock = clock.Func(func() time.Time { return now })
		has(t, told(t, tenant), want)
		tenant.Telephony = true
		has(t, told(t, tenant), "ok    "+name, "provider of the tenant's own")
	}
}
