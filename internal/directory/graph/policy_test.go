package graph

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/tx"
)

const everybody = `"includeTargets":[{"targetType":"group","id":"all_users","isRegistrationRequired":false}],"excludeTargets":[]`

// entry is one configuration as Graph writes it.
func entry(kind, id, state, rest string) string {
	return fmt.Sprintf(`{"@odata.type":"#microsoft.graph.%sAuthenticationMethodConfiguration","id":%q,"state":%q%s}`, kind, id, state, rest)
}

func policyText(migration string, entries ...string) string {
	return fmt.Sprintf(`{"id":"authenticationMethodsPolicy","policyMigrationState":%q,"registrationEnforcement":{},"authenticationMethodConfigurations":[%s]}`,
		migration, strings.Join(entries, ","))
}

func TestPolicy_ReadsEveryRule(t *testing.T) {
	r := newRig(t, nil)
	r.graph.answer = func(req *http.Request) (*http.Response, error) {
		return reply(200, policyText("migrationComplete",
			entry("sms", "Sms", "enabled", ","+strings.Replace(everybody, "false", `false,"isUsableForSignIn":true`, 1)),
			entry("voice", "Voice", "enabled", `,"isOfficePhoneAllowed":false,`+everybody),
			entry("email", "Email", "disabled", ","+everybody),
			entry("fido2", "Fido2", "enabled", `,"keyRestrictions":null,"includeTargets":[{"targetType":"group","id":"7c1a"}],"excludeTargets":[]`),
			entry("microsoftAuthenticator", "MicrosoftAuthenticator", "enabled", `,"featureSettings":{},"includeTargets":[{"id":"all_users"}],"excludeTargets":[{"id":"7c1a"}]`),
			entry("temporaryAccessPass", "TemporaryAccessPass", "enabled", ","+everybody),
			entry("softwareOath", "SoftwareOath", "disabled", ","+everybody),
			entry("hardwareOath", "HardwareOath", "paused", ","+everybody),
			entry("external", "0b6f", "enabled", ","+everybody),
			entry("external", "0b70", "disabled", ","+everybody),
			entry("qrCodePin", "QRCodePin", "enabled", ""),
			entry("x509Certificate", "X509Certificate", "enabled", ","+everybody),
			entry("veryNew", "VeryNew", "enabled", ","+everybody),
		)), nil
	}
	got, err := r.Policy(t.Context())
	want := map[directory.Rule]directory.State{
		directory.RuleText: directory.On, directory.RuleCall: directory.On, directory.RuleOfficeCall: directory.Off, directory.RuleEmail: directory.Off,
		directory.RulePasskey: directory.Some, directory.RuleAuthenticator: directory.Some, directory.RulePass: directory.On, directory.RuleCodeApp: directory.Off,
		directory.RuleHardwareToken: directory.Unstated, directory.RuleExternal: directory.Some, directory.RuleQRCode: directory.Some,
	}
	if err != nil || !got.Known || !maps.Equal(got.Rules, want) {
		t.Errorf("Policy = %+v, %v, want %v", got, err, want)
	}
	if len(r.graph.seen) != 1 || r.graph.seen[0].URL.String() != "https://graph.microsoft.com/v1.0/policies/authenticationMethodsPolicy" ||
		r.graph.seen[0].Header.Get("Authorization") != "Bearer t1" || r.graph.seen[0].Method != http.MethodGet {
		t.Errorf("Policy asked %v, want one GET of the policy with the token", r.graph.seen[0].URL)
	}
}

// Until the migration is complete, what this policy refuses may be allowed by an older one.
func TestPolicy_BeforeTheMigration(t *testing.T) {
	for _, migration := range []string{"preMigration", "migrationInProgress", "", "unknownFutureValue"} {
		got, err := translatePolicy([]byte(policyText(migration,
			entry("sms", "Sms", "disabled", ","+everybody), entry("voice", "Voice", "disabled", ","+everybody), entry("fido2", "Fido2", "disabled", ","+everybody),
			entry("microsoftAuthenticator", "MicrosoftAuthenticator", "enabled", ","+everybody))))
		want := map[directory.Rule]directory.State{directory.RuleText: directory.Unstated, directory.RuleCall: directory.Unstated,
			directory.RuleOfficeCall: directory.Unstated, directory.RulePasskey: directory.Off, directory.RuleAuthenticator: directory.On,
			directory.RuleEmail: directory.Unstated, directory.RuleCodeApp: directory.Unstated, directory.RuleHardwareToken: directory.Unstated}
		for rule, state := range want {
			if got.Rules[rule] != state {
				t.Errorf("translatePolicy(%q): %s is %d, want %d", migration, rule, got.Rules[rule], state)
			}
		}
		if err != nil {
			t.Errorf("translatePolicy(%s) = %v, want nil", migration, err)
		}
	}
}

func TestPolicy_OfficePhones(t *testing.T) {
	for text, want := range map[string]directory.State{
		entry("voice", "Voice", "enabled", `,"isOfficePhoneAllowed":true,`+everybody):  directory.On,
		entry("voice", "Voice", "enabled", `,"isOfficePhoneAllowed":true`):             directory.Some,
		entry("voice", "Voice", "enabled", `,`+everybody):                              directory.Unstated,
		entry("voice", "Voice", "disabled", `,"isOfficePhoneAllowed":true,`+everybody): directory.Off,
	} {
		if got, err := translatePolicy([]byte(policyText("migrationComplete", text))); err != nil || got.Rules[directory.RuleOfficeCall] != want {
			t.Errorf("translatePolicy(%s) = %v, %v, want office calls %d", text, got, err, want)
		}
	}
}

func TestPolicy_UglyAnswers(t *testing.T) {
	for name, c := range uglyAnswers() {
		r := newRig(t, nil)
		r.graph.answer = c.answer
		want := c.read
		switch name {
		case "200 no content type", "200 item a text", "200 value null", "200 item null", "200 paged", "200 wrong property type", "200 type not a text":
			want = fault.Unavailable // another list than the one asked for
		}
		_, err := r.Policy(t.Context())
		if !matches(err, want, c.until) {
			t.Errorf("Policy of %s = %v, want %v until %v", name, err, want, c.until)
		}
		if told := fmt.Sprintf("%v %s", err, r.log); strings.Contains(told, "canary") || strings.Contains(told, "t1") {
			t.Errorf("Policy of %s tells a secret: %s", name, told)
		}
	}
	for _, text := range []string{``, `null`, `{}`, `[]`, `{"authenticationMethodConfigurations":null}`, `{"authenticationMethodConfigurations":{}}`,
		`{"authenticationMethodConfigurations":["canary"]}`, `{"authenticationMethodConfigurations":[{"state":7}]}`,
		`{"authenticationMethodConfigurations":[{"includeTargets":"canary"}]}`, `{"authenticationMethodConfigurations":[]} canary`,
		`{"authenticationMethodConfigurations":[],"authenticationMethodConfigurations@odata.nextLink":"https://elsewhere.example/"}`} {
		if got, err := translatePolicy([]byte(text)); err == nil || got.Known {
			t.Errorf("translatePolicy(%s) = %+v, %v, want an error and nothing known", text, got, err)
		}
	}
	got, err := translatePolicy([]byte(`{"authenticationMethodConfigurations":[null,{},{"@odata.type":"#microsoft.graph.smsAuthenticationMethodConfiguration"}]}`))
	if err != nil || !got.Known || got.Rules[directory.RuleText] != directory.Unstated {
		t.Errorf("translatePolicy with empty entries = %+v, %v, want nothing stated", got, err)
	}
}

func TestPolicy_RefusesATransaction(t *testing.T) {
	r := newRig(t, nil)
	if _, err := r.Policy(tx.With(t.Context(), 1)); err == nil || len(r.graph.seen) != 0 {
		t.Errorf("Policy inside a transaction = %v after %d requests, want refused", err, len(r.graph.seen))
	}
}
