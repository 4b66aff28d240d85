package graph

import (
	"strings"
	"testing"

	"rekey/internal/emulator/tenant"
)

const (
	readMethodsPolicies = "Policy.Read.AuthenticationMethod"
	readAllPolicies     = "Policy.Read.All"
)

func TestTenantRoutes_Permissions(t *testing.T) {
	const access = "/v1.0/identity/conditionalAccess/"
	for _, c := range []struct {
		token, path string
		status      int
		code        string
	}{
		{"app " + readMethodsPolicies, "/v1.0/policies/authenticationMethodsPolicy", 200, ""},
		{"app " + readAllPolicies, "/v1.0/policies/authenticationMethodsPolicy", 200, ""},
		{"app User.Read.All", "/v1.0/policies/authenticationMethodsPolicy", 403, "AccessDenied"},
		{"", "/v1.0/policies/authenticationMethodsPolicy", 401, "InvalidAuthenticationToken"},
		{"app " + readAllPolicies, "/v1.0/policies/authorizationPolicy", 200, ""},
		{"app " + readMethodsPolicies, "/v1.0/policies/authorizationPolicy", 403, "AccessDenied"},
		{"app " + readAllPolicies, access + "policies", 200, ""},
		{"app AuthenticationContext.Read.All", access + "policies", 403, "AccessDenied"},
		{"app AuthenticationContext.Read.All", access + "authenticationContextClassReferences", 200, ""},
		{"app User.Read.All", access + "authenticationContextClassReferences", 403, "AccessDenied"},
		{"app Organization.Read.All", "/v1.0/organization", 200, ""},
		{"app User.Read.All", "/v1.0/organization", 403, "Authorization_RequestDenied"},
		{"app User.Read.All", "/v1.0/applications(appId='x')", 403, "Authorization_RequestDenied"},
		{"app Application.Read.All", "/v1.0/applications(appId='x')", 404, "Request_ResourceNotFound"},
		{"app Application.Read.All", "/v1.0/applications(appId='')", 404, "Request_ResourceNotFound"},
		{"mei.tanaka " + readAllPolicies, access + "policies", 200, ""},
		{"maya.okafor " + readAllPolicies, access + "policies", 403, "AccessDenied"},
		{"mei.tanaka User.Read", access + "policies", 403, "AccessDenied"},
	} {
		w := newWorld(t, tenant.Switches{})
		if got := w.do(t, w.token(c.token), "GET", c.path, ""); got.Code != c.status || got.code() != c.code {
			t.Errorf("GET %s by %q = %d %q, want %d %q", c.path, c.token, got.Code, got.code(), c.status, c.code)
		}
	}
}

func TestMethodsPolicy(t *testing.T) {
	w := newWorld(t, tenant.Switches{})
	if err := w.UpdatePolicies(func(p *tenant.Policies) {
		for i := range p.Methods {
			p.Methods[i].Enabled = p.Methods[i].Enabled && p.Methods[i].ID != "Sms"
		}
	}); err != nil {
		t.Fatal(err)
	}
	got := w.do(t, w.app(readMethodsPolicies), "GET", "/v1.0/policies/authenticationMethodsPolicy", "")
	states := map[string]string{}
	for _, m := range got.body["authenticationMethodConfigurations"].([]any) {
		m := m.(map[string]any)
		if odataType, _ := m["@odata.type"].(string); !strings.HasSuffix(odataType, "AuthenticationMethodConfiguration") || m["includeTargets"] == nil {
			t.Errorf("configuration %v, want its type and its targets", m)
		}
		states[m["id"].(string)] = m["state"].(string)
	}
	if got.body["id"] != "authenticationMethodsPolicy" || states["Sms"] != "disabled" || states["Voice"] != "enabled" || states["HardwareOath"] != "disabled" || len(states) != 11 {
		t.Errorf("policy = %v", states)
	}
}

func TestAuthorizationPolicy(t *testing.T) {
	w := newWorld(t, tenant.Switches{})
	for _, want := range []bool{true, false} {
		if err := w.UpdatePolicies(func(p *tenant.Policies) { p.ResetForAdministrators = want }); err != nil {
			t.Fatal(err)
		}
		if got := w.do(t, w.app(readAllPolicies), "GET", "/v1.0/policies/authorizationPolicy", "").body["allowedToUseSSPR"]; got != want {
			t.Errorf("allowedToUseSSPR = %v, want %v", got, want)
		}
	}
}

// TestConditionalAccess: without a context there is only the rule that covers Microsoft's
// own page.
func TestConditionalAccess(t *testing.T) {
	w := newWorld(t, tenant.Switches{})
	about := func() (contexts, actions, published int) {
		rules := w.do(t, w.app(readAllPolicies), "GET", "/v1.0/identity/conditionalAccess/policies", "").body["value"].([]any)
		for _, r := range rules {
			r := r.(map[string]any)
			applications := r["conditions"].(map[string]any)["applications"].(map[string]any)
			contexts += len(applications["includeAuthenticationContextClassReferences"].([]any))
			for _, a := range applications["includeUserActions"].([]any) {
				if a == tenant.RegisterSecurityInfo && r["state"] == "enabled" {
					actions++
				}
			}
		}
		list := w.do(t, w.app("AuthenticationContext.Read.All"), "GET", "/v1.0/identity/conditionalAccess/authenticationContextClassReferences", "").body["value"].([]any)
		for _, x := range list {
			if x.(map[string]any)["isAvailable"] == true && x.(map[string]any)["id"] == "c1" {
				published++
			}
		}
		return contexts, actions, published
	}
	for _, c := range []struct {
		context   string
		contexts  int
		published int
	}{{"c1", 1, 1}, {"c1", 1, 1}, {"", 0, 0}} {
		if err := w.UseContext(c.context); err != nil {
			t.Fatal(err)
		}
		if contexts, actions, published := about(); contexts != c.contexts || actions != 1 || published != c.published {
			t.Errorf("with context %q: %d rules for it, %d for security info, %d published, want %d, 1, %d", c.context, contexts, actions, published, c.contexts, c.published)
		}
	}
}

func TestApplication(t *testing.T) {
	w := newWorld(t, tenant.Switches{})
	if err := w.RegisterApp(tenant.App{ClientID: "a1", Name: "Rekey web", Claims: []string{"auth_time"}, RedirectURIs: []string{"http://127.0.0.1/signin/callback"}}); err != nil {
		t.Fatal(err)
	}
	got := w.do(t, w.app("Application.Read.All"), "GET", "/v1.0/applications(appId='a1')?$select=optionalClaims,web", "").body
	claims := got["optionalClaims"].(map[string]any)["idToken"].([]any)
	uris := got["web"].(map[string]any)["redirectUris"].([]any)
	if len(claims) != 1 || claims[0].(map[string]any)["name"] != "auth_time" || len(uris) != 1 {
		t.Errorf("application = %v, want its claims and its redirect URIs", got)
	}
}

const letter = `{"message":{"subject":"Your phone","body":{"contentType":"Text","content":"It was changed.\r\n"},` +
	`"toRecipients":[{"emailAddress":{"address":"maya.okafor@fernhill.example"}}],"ccRecipients":[{"emailAddress":{"address":"maya@home.example"}}]},"saveToSentItems":false}`

func TestSendMail(t *testing.T) {
	for _, c := range []struct {
		name, token, from, body string
		status                  int
		code                    string
	}{
		{"the organisation's mailbox", "app Mail.Send", tenant.ServiceMailbox, letter, 202, ""},
		{"a person's", "app Mail.Send", "{ingrid.solberg}", letter, 202, ""},
		{"one's own", "maya.okafor Mail.Send", "{maya.okafor}", letter, 202, ""},
		{"another's", "maya.okafor Mail.Send", "{ingrid.solberg}", letter, 403, "ErrorAccessDenied"},
		{"without the permission", "app User.Read.All", tenant.ServiceMailbox, letter, 403, "ErrorAccessDenied"},
		{"nobody's", "app Mail.Send", "nobody@fernhill.example", letter, 404, "ErrorInvalidUser"},
		{"an account without a mailbox", "app Mail.Send", "{emergency}", letter, 404, "MailboxNotEnabledForRESTAPI"},
		{"no message", "app Mail.Send", tenant.ServiceMailbox, `{}`, 400, "ErrorInvalidRequest"},
		{"odd message", "app Mail.Send", tenant.ServiceMailbox, `{"message":{"subject":5}}`, 400, "ErrorInvalidRequest"},
		{"no recipients", "app Mail.Send", tenant.ServiceMailbox, `{"message":{"subject":"x"}}`, 400, "ErrorInvalidRecipients"},
		{"no address", "app Mail.Send", tenant.ServiceMailbox, `{"message":{"toRecipients":[{"emailAddress":{"address":"maya"}}]}}`, 400, "ErrorInvalidRecipients"},
		{"two in one", "app Mail.Send", tenant.ServiceMailbox, `{"message":{"toRecipients":[{"emailAddress":{"address":"a@x.example, b@x.example"}}]}}`, 400, "ErrorInvalidRecipients"},
		{"a header in it", "app Mail.Send", tenant.ServiceMailbox, `{"message":{"toRecipients":[{"emailAddress":{"address":"a@x.example\r\nBcc: b@x.example"}}]}}`, 400, "ErrorInvalidRecipients"},
	} {
		w := newWorld(t, tenant.Switches{})
		got := w.do(t, w.token(c.token), "POST", w.fill("/v1.0/users/"+c.from+"/sendMail"), c.body)
		if got.Code != c.status || got.code() != c.code || c.status == 202 && got.Body.Len() != 0 {
			t.Errorf("%s: sendMail = %d %q, want %d %q: %s", c.name, got.Code, got.code(), c.status, c.code, got.Body)
		}
		delivered := w.Messages("", "")
		if c.status != 202 && len(delivered) != 0 {
			t.Errorf("%s: delivered %+v, want nothing", c.name, delivered)
		}
		if c.status == 202 && (len(delivered) != 2 || delivered[1].To != "maya@home.example" || delivered[0].Channel != "mail" ||
			delivered[0].Subject != "Your phone" || delivered[0].Text != "It was changed.") {
			t.Errorf("%s: delivered %+v, want the mail in two mailboxes", c.name, delivered)
		}
	}
}

// TestServiceMailbox_IsNoAccount: it sends mails, and that is all.
func TestServiceMailbox_IsNoAccount(t *testing.T) {
	w := newWorld(t, tenant.Switches{})
	if got := w.do(t, w.app("User.Read.All"), "GET", "/v1.0/users/"+tenant.ServiceMailbox, ""); got.Code != 404 {
		t.Errorf("GET the mailbox as a user = %d, want 404", got.Code)
	}
}
