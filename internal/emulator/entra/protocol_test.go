package entra_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"rekey/internal/emulator/entra"
	"rekey/internal/emulator/tenant"
)

// refusedWith checks a refusal of the token endpoint: Entra's code, in all its places.
func refusedWith(t *testing.T, what string, status int, body map[string]any, oauth string, code float64) {
	t.Helper()
	codes, _ := body["error_codes"].([]any)
	description, _ := body["error_description"].(string)
	if status < 400 || body["error"] != oauth || len(codes) != 1 || codes[0] != code || !strings.HasPrefix(description, "AADSTS") {
		t.Errorf("%s = %d %v, want %s with code %v", what, status, body, oauth, code)
	}
	for _, name := range []string{"timestamp", "trace_id", "correlation_id"} {
		if body[name] == nil || body[name] == "" {
			t.Errorf("%s: %s is missing", what, name)
		}
	}
}

func (w *world) newCode(user string, strong bool, change func(url.Values)) string {
	w.t.Helper()
	callback, err := w.entra.Authorize(context.Background(), w.authorizeURL(change), user, w.clock.Now(), strong)
	if err != nil {
		w.t.Fatalf("Authorize(%s) = %v", user, err)
	}
	return code(w.t, callback)
}

func TestDiscovery_EndpointsByAddress(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	issuer := entra.Login + "/" + w.tenant.ID() + "/v2.0"
	for _, c := range []struct{ at, token string }{
		{entra.Login + "/" + w.tenant.ID(), entra.Login + "/" + w.tenant.ID()},
		{base + entra.Prefix + strings.ToUpper(w.tenant.ID()), base + entra.Prefix + w.tenant.ID()},
	} {
		rec := httptest.NewRecorder()
		w.serve.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, c.at+"/v2.0/.well-known/openid-configuration?", nil))
		body := rec.Body.String()
		for _, want := range []string{`"issuer":"` + issuer + `"`, `"token_endpoint":"` + c.token + `/oauth2/v2.0/token"`,
			`"authorization_endpoint":"` + base + entra.Prefix + w.tenant.ID() + `/oauth2/v2.0/authorize"`} {
			if !strings.Contains(body, want) {
				t.Errorf("discovery at %s = %s, want %s in it", c.at, body, want)
			}
		}
	}
	rec := httptest.NewRecorder()
	w.serve.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, entra.Login+"/another-tenant/v2.0/.well-known/openid-configuration", nil))
	if rec.Code != http.StatusBadRequest || !strings.Contains(rec.Body.String(), "AADSTS90002") {
		t.Errorf("discovery of another tenant = %d %s, want 400 AADSTS90002", rec.Code, rec.Body)
	}
}

// TestAuthorize_RedirectCheckedFirst: a mistake leads back to the app only when the address
// is known to be the app's.
func TestAuthorize_RedirectCheckedFirst(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	for name, c := range map[string]struct {
		change func(url.Values)
		code   string
	}{
		"foreign redirect": {func(q url.Values) { q.Set("redirect_uri", "https://evil.example/signin/callback") }, "AADSTS50011"},
		"longer redirect":  {func(q url.Values) { q.Set("redirect_uri", redirect+"/more") }, "AADSTS50011"},
		"no redirect":      {func(q url.Values) { q.Del("redirect_uri") }, "AADSTS50011"},
		"unknown app":      {func(q url.Values) { q.Set("client_id", "somebody") }, "AADSTS700016"},
		"two redirects":    {func(q url.Values) { q.Add("redirect_uri", "https://evil.example/") }, "AADSTS90014"},
		"all of it wrong": {func(q url.Values) {
			q.Set("redirect_uri", "https://evil.example/")
			q.Set("response_type", "token")
		}, "AADSTS50011"},
	} {
		b := w.browser().get(w.authorizeURL(c.change))
		if b.status != http.StatusBadRequest || b.header.Get("Location") != "" || !strings.Contains(b.page.Text(), c.code) {
			t.Errorf("%s: status %d, Location %q, page %q, want 400 and %s", name, b.status, b.header.Get("Location"), b.title(), c.code)
		}
	}
}

func TestAuthorize_MistakesGoToTheApp(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	for name, c := range map[string]struct {
		change func(url.Values)
		oauth  string
		code   string
	}{
		"no PKCE":            {func(q url.Values) { q.Del("code_challenge") }, "invalid_request", "AADSTS900144"},
		"plain PKCE":         {func(q url.Values) { q.Set("code_challenge_method", "plain") }, "invalid_request", "AADSTS50147"},
		"PKCE method absent": {func(q url.Values) { q.Del("code_challenge_method") }, "invalid_request", "AADSTS50147"},
		"short challenge":    {func(q url.Values) { q.Set("code_challenge", "abc") }, "invalid_request", "AADSTS50147"},
		"implicit flow":      {func(q url.Values) { q.Set("response_type", "id_token") }, "unsupported_response_type", "AADSTS700054"},
		"no scope":           {func(q url.Values) { q.Del("scope") }, "invalid_request", "AADSTS900144"},
		"scope not granted":  {func(q url.Values) { q.Set("scope", "openid https://graph.microsoft.com/Mail.Read") }, "invalid_grant", "AADSTS65001"},
		"broken claims":      {func(q url.Values) { q.Set("claims", "{") }, "invalid_request", "AADSTS90015"},
		"prompt=none":        {func(q url.Values) { q.Set("prompt", "none") }, "login_required", "AADSTS50058"},
		"unknown prompt":     {func(q url.Values) { q.Set("prompt", "dance") }, "invalid_request", "AADSTS90023"},
		"max_age=never":      {func(q url.Values) { q.Set("max_age", "never") }, "invalid_request", "AADSTS90023"},
	} {
		b := w.browser().get(w.authorizeURL(c.change))
		got, _ := url.Parse(b.callback())
		if got.Query().Get("error") != c.oauth || !strings.HasPrefix(got.Query().Get("error_description"), c.code) || got.Query().Get("state") != "the-state" {
			t.Errorf("%s: callback %q, want %s %s and the state", name, b.callback(), c.oauth, c.code)
		}
	}
}

func TestRedeem_PKCE(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	for name, v := range map[string]string{"wrong": strings.Repeat("x", 43), "missing": ""} {
		status, body := w.redeem(w.newCode(maya, true, nil), func(f url.Values) { f.Set("code_verifier", v) })
		refusedWith(t, "verifier "+name, status, body, "invalid_grant", 501481)
	}
}

func TestRedeem_CodeOnce(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	c := w.newCode(maya, true, nil)
	if status, body := w.redeem(c, nil); status != http.StatusOK {
		t.Fatalf("first redemption = %d %v, want 200", status, body)
	}
	status, body := w.redeem(c, nil)
	refusedWith(t, "second redemption", status, body, "invalid_grant", 54005)
	c = w.newCode(maya, true, nil)
	w.redeem(c, func(f url.Values) { f.Set("code_verifier", "wrong") })
	status, body = w.redeem(c, nil)
	refusedWith(t, "redemption after a wrong verifier", status, body, "invalid_grant", 54005)
}

func TestRedeem_TenMinutes(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	fresh := w.newCode(maya, true, nil)
	w.clock.Advance(9*time.Minute + 50*time.Second)
	if status, body := w.redeem(fresh, nil); status != http.StatusOK {
		t.Errorf("after 9:50 = %d %v, want 200", status, body)
	}
	old := w.newCode(maya, true, nil)
	w.clock.Advance(10 * time.Minute)
	status, body := w.redeem(old, nil)
	refusedWith(t, "after ten minutes", status, body, "invalid_grant", 70008)
}

func TestRedeem_WrongRedirectOrClient(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	status, body := w.redeem(w.newCode(maya, true, nil), func(f url.Values) { f.Set("redirect_uri", "http://localhost:8080/") })
	refusedWith(t, "another redirect URI", status, body, "invalid_grant", 500112)
	status, body = w.redeem(w.newCode(maya, true, nil), func(f url.Values) {
		f.Del("client_assertion")
		f.Set("client_id", daemonID)
		f.Set("client_secret", "s3cret")
	})
	refusedWith(t, "another app's code", status, body, "invalid_grant", 700005)
	status, body = w.redeem("made-up", nil)
	refusedWith(t, "unknown code", status, body, "invalid_grant", 70000)
}

// TestScope_Echo: the scope comes back as it was asked for, but for offline_access.
func TestScope_Echo(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	_, body := w.redeem(w.newCode(maya, true, nil), nil)
	if want := "https://graph.microsoft.com/User.Read openid profile"; body["scope"] != want {
		t.Errorf("scope = %v, want %q", body["scope"], want)
	}
	if body["refresh_token"] == nil {
		t.Error("refresh_token is missing, offline_access was asked for")
	}
	_, body = w.redeem(w.newCode(maya, true, func(q url.Values) { q.Set("scope", "openid profile") }), nil)
	if body["refresh_token"] != nil {
		t.Error("refresh_token is there, offline_access was not asked for at the sign-in")
	}
}

func TestAssertion_Refused(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	otherKey, otherCert := certificate(t)
	own := func(change func(map[string]any)) func() string { return func() string { return w.assertion(change) } }
	for name, c := range map[string]struct {
		assertion func() string
		code      float64
	}{
		"expired":        {own(func(c map[string]any) { c["exp"] = time.Now().Add(-time.Second).Unix() }), 700024},
		"no expiry":      {own(func(c map[string]any) { delete(c, "exp") }), 700024},
		"not yet":        {own(func(c map[string]any) { c["nbf"] = time.Now().Add(time.Hour).Unix() }), 700024},
		"other audience": {own(func(c map[string]any) { c["aud"] = "https://login.example/token" }), 700023},
		"other subject":  {own(func(c map[string]any) { c["sub"] = daemonID }), 700021},
		"other issuer":   {own(func(c map[string]any) { c["iss"] = daemonID }), 700021},
		"no jti":         {own(func(c map[string]any) { delete(c, "jti") }), 50027},
		"other certificate": {func() string {
			return w.sign(otherKey, otherCert, map[string]any{"sub": webID})
		}, 700027},
		"other key": {func() string { return w.sign(otherKey, w.cert, map[string]any{"sub": webID}) }, 700027},
		"no JWT":    {func() string { return "nonsense" }, 50027},
	} {
		status, body := w.redeem(w.newCode(maya, true, nil), func(f url.Values) { f.Set("client_assertion", c.assertion()) })
		refusedWith(t, name, status, body, "invalid_client", c.code)
		if status != http.StatusUnauthorized {
			t.Errorf("%s: status %d, want 401", name, status)
		}
	}
}

func TestAssertion_Once(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	a := w.assertion(nil)
	use := func(f url.Values) { f.Set("client_assertion", a) }
	if status, body := w.redeem(w.newCode(maya, true, nil), use); status != http.StatusOK {
		t.Fatalf("first use = %d %v, want 200", status, body)
	}
	status, body := w.redeem(w.newCode(maya, true, nil), use)
	refusedWith(t, "second use", status, body, "invalid_client", 700029)
	status, body = w.redeem(w.newCode(maya, true, nil), func(f url.Values) {
		f.Set("client_assertion", w.assertion(func(c map[string]any) { c["aud"] = entra.Login + "/" + w.tenant.ID() + "/v2.0" }))
	})
	if status != http.StatusOK {
		t.Errorf("the issuer as audience = %d %v, want 200", status, body)
	}
}

func TestClient_SecretAndNone(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {daemonID}, "client_secret": {"s3cret"}, "scope": {"https://graph.microsoft.com/.default"}}
	status, body := w.post(form)
	token, _ := body["access_token"].(string)
	if access, ok := w.tenant.Access(token); status != http.StatusOK || !ok || !access.AppOnly() || !access.Allows("User.Read.All") {
		t.Errorf("client credentials = %d %v, want a token with User.Read.All", status, body)
	}
	form.Set("client_secret", "guess")
	status, body = w.post(form)
	refusedWith(t, "wrong secret", status, body, "invalid_client", 7000215)
	form.Del("client_secret")
	status, body = w.post(form)
	refusedWith(t, "no secret", status, body, "invalid_client", 7000218)
	form.Set("client_id", webID)
	form.Set("client_secret", "")
	status, body = w.post(form)
	refusedWith(t, "an app that has a certificate only", status, body, "invalid_client", 7000218)
	form.Set("client_id", daemonID)
	form.Set("client_secret", "s3cret")
	form.Set("scope", "https://graph.microsoft.com/User.Read.All")
	status, body = w.post(form)
	refusedWith(t, "one permission", status, body, "invalid_scope", 1002012)
}

// TestClient_TokensAreForOneResource: each holds the permissions of its resource only.
func TestClient_TokensAreForOneResource(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	app, _ := w.tenant.App(daemonID)
	app.Permissions = append(app.Permissions, "SMTP.SendAsApp")
	if err := w.tenant.RegisterApp(app); err != nil {
		t.Fatal(err)
	}
	for scope, want := range map[string]struct{ resource, has, lacks string }{
		"https://graph.microsoft.com/.default": {"", "User.Read.All", "SMTP.SendAsApp"},
		tenant.MailResource + "/.default":      {tenant.MailResource, "SMTP.SendAsApp", "User.Read.All"},
	} {
		_, body := w.post(url.Values{"grant_type": {"client_credentials"}, "client_id": {daemonID}, "client_secret": {"s3cret"}, "scope": {scope}})
		token, _ := body["access_token"].(string)
		a, ok := w.tenant.Access(token)
		if !ok || a.Resource != want.resource || !a.Allows(want.has) || a.Allows(want.lacks) {
			t.Errorf("token for %s = %+v, want %+v", scope, a, want)
		}
	}
	status, body := w.post(url.Values{"grant_type": {"client_credentials"}, "client_id": {daemonID}, "client_secret": {"s3cret"}, "scope": {"https://example.com/.default"}})
	refusedWith(t, "another resource", status, body, "invalid_resource", 500011)
}

// TestACRS_BothShapes: the claim is there exactly when a context is configured, was asked
// for, and the sign-in was strong.
func TestACRS_BothShapes(t *testing.T) {
	for _, c := range []struct {
		name    string
		s       entra.Switches
		ask     func(url.Values)
		strong  bool
		present bool
	}{
		{"asked for, strong", entra.Switches{AuthenticationContext: "c1"}, wantContext, true, true},
		{"asked for, password only", entra.Switches{AuthenticationContext: "c1"}, wantContext, false, false},
		{"not asked for", entra.Switches{AuthenticationContext: "c1"}, nil, true, false},
		{"always", entra.Switches{AuthenticationContext: "c1", ContextAlways: true}, nil, true, true},
		{"another context asked for", entra.Switches{AuthenticationContext: "c2"}, wantContext, true, false},
		{"no context in the tenant", entra.Switches{}, wantContext, true, false},
	} {
		w := newWorld(t, c.s)
		_, body := w.redeem(w.newCode(maya, c.strong, c.ask), nil)
		if _, present := claims(t, body)["acrs"]; present != c.present {
			t.Errorf("%s: acrs present %v, want %v", c.name, present, c.present)
		}
	}
	w := newWorld(t, entra.Switches{AuthenticationContext: "c1", ContextText: true, NoAuthTime: true})
	_, body := w.redeem(w.newCode(maya, true, wantContext), nil)
	got := claims(t, body)
	if _, there := got["auth_time"]; got["acrs"] != "c1" || there {
		t.Errorf("claims = %v, want acrs as one string and no auth_time", got)
	}
}

// TestMaxAge_ShortensTokens is a habit of Entra that a site must not fall for.
func TestMaxAge_ShortensTokens(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	_, body := w.redeem(w.newCode(maya, true, func(q url.Values) { q.Set("max_age", "120") }), nil)
	got := claims(t, body)
	iat, _ := got["iat"].(float64)
	if exp, _ := got["exp"].(float64); exp-iat != 120 || body["expires_in"] != float64(120) {
		t.Errorf("life of the tokens = %v and %v s, want 120", exp-iat, body["expires_in"])
	}
}

func TestRefresh_Revoked(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	_, body := w.redeem(w.newCode(maya, true, nil), nil)
	token, _ := body["refresh_token"].(string)
	refresh := func() (int, map[string]any) {
		return w.redeem("", func(f url.Values) {
			f.Set("grant_type", "refresh_token")
			f.Set("refresh_token", token)
		})
	}
	if status, body := refresh(); status != http.StatusOK || claims(t, body)["nonce"] != nil {
		t.Errorf("refresh = %d, nonce %v, want 200 and none", status, claims(t, body)["nonce"])
	}
	w.clock.Advance(time.Minute)
	if err := w.tenant.RevokeSessions(maya); err != nil {
		t.Fatalf("RevokeSessions() = %v", err)
	}
	status, body := refresh()
	refusedWith(t, "after revocation", status, body, "invalid_grant", 50173)
	if err := w.tenant.UpdatePerson(maya, func(p *tenant.Person) { p.Enabled = false }); err != nil {
		t.Fatalf("UpdatePerson() = %v", err)
	}
	status, body = refresh()
	refusedWith(t, "after the account was disabled", status, body, "invalid_grant", 50057)
}

func TestAuthorize_DirectRefusals(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	for user, want := range map[string]string{"nobody@fernhill.example": "AADSTS50034", "peter.novak@fernhill.example": "AADSTS50057"} {
		_, err := w.entra.Authorize(context.Background(), w.authorizeURL(nil), user, w.clock.Now(), true)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("Authorize(%s) = %v, want %s", user, err, want)
		}
	}
	bad := w.authorizeURL(func(q url.Values) { q.Set("redirect_uri", "https://evil.example/") })
	if to, err := w.entra.Authorize(context.Background(), bad, maya, w.clock.Now(), true); err == nil || to != "" {
		t.Errorf("Authorize(foreign redirect) = %q, %v, want a refusal", to, err)
	}
}

// FuzzToken has the token endpoint answer JSON whatever it is sent.
func FuzzToken(f *testing.F) {
	f.Add("grant_type=authorization_code&code=x&client_id=" + webID)
	f.Add("grant_type=%00&grant_type=b")
	f.Add("client_assertion=a.b.c&client_id=" + daemonID + "&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&grant_type=refresh_token")
	f.Fuzz(func(t *testing.T, body string) {
		tn, err := tenant.New(tenant.Options{Clock: fixedClock()})
		if err != nil {
			t.Fatal(err)
		}
		e, err := entra.New(entra.Options{Tenant: tn, BaseURL: func() string { return base }})
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodPost, "https://login.microsoftonline.com/"+tn.ID()+"/oauth2/v2.0/token", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		rec := httptest.NewRecorder()
		e.Handler().ServeHTTP(rec, r)
		if rec.Code < 400 || rec.Code >= 500 || !strings.HasPrefix(rec.Header().Get("Content-Type"), "application/json") {
			t.Errorf("token(%q) = %d %s, want a refusal in JSON", body, rec.Code, rec.Header().Get("Content-Type"))
		}
	})
}
