package entra_test

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"
	"github.com/coreos/go-oidc/v3/oidc"

	"rekey/internal/emulator/entra"
)

func (w *world) msal() confidential.Client {
	w.t.Helper()
	cred, err := confidential.NewCredFromCert([]*x509.Certificate{w.cert}, w.key)
	if err != nil {
		w.t.Fatalf("NewCredFromCert() = %v", err)
	}
	c, err := confidential.New(entra.Login+"/"+w.tenant.ID(), webID, cred,
		confidential.WithHTTPClient(&http.Client{Transport: w}), confidential.WithInstanceDiscovery(false))
	if err != nil {
		w.t.Fatalf("confidential.New() = %v", err)
	}
	return c
}

// TestSignIn_MSAL goes the whole way with the library that the site uses: its authorization
// URL, the pages, its redemption, a verified ID token, a silent refresh.
func TestSignIn_MSAL(t *testing.T) {
	w := newWorld(t, entra.Switches{AuthenticationContext: "c1"})
	c, ctx := w.msal(), context.Background()
	scopes := []string{"https://graph.microsoft.com/User.Read"}
	raw, err := c.AuthCodeURL(ctx, webID, redirect, append([]string{"openid", "profile", "offline_access"}, scopes...),
		confidential.WithClaims(`{"id_token":{"acrs":{"essential":true,"value":"c1"}}}`))
	if err != nil {
		t.Fatalf("AuthCodeURL() = %v", err)
	}
	if !strings.HasPrefix(raw, base+entra.Prefix) {
		t.Fatalf("AuthCodeURL() = %q, want one the browser reaches below %s", raw, base+entra.Prefix)
	}
	u, _ := url.Parse(raw)
	q := u.Query()
	own, _ := url.Parse(w.authorizeURL(nil))
	for _, name := range []string{"state", "nonce", "code_challenge", "code_challenge_method"} {
		q.Set(name, own.Query().Get(name))
	}
	u.RawQuery = q.Encode()
	b := w.browser().get(u.String()).submit("password", "user", maya, "password", "demo")
	if b.title() != "Enter the code" {
		t.Fatalf("after the password: page %q, want Enter the code", b.title())
	}
	b.submit("code", "code", w.text("+14255550142"))
	if got, _ := url.Parse(b.callback()); got.Query().Get("state") != "the-state" {
		t.Fatalf("callback %q, want the state back", b.callback())
	}
	res, err := c.AcquireTokenByAuthCode(ctx, code(t, b.callback()), redirect, scopes, confidential.WithChallenge(verifier))
	if err != nil {
		t.Fatalf("AcquireTokenByAuthCode() = %v", err)
	}
	if want := w.person(maya).ID + "." + w.tenant.ID(); res.Account.HomeAccountID != want {
		t.Errorf("HomeAccountID = %q, want %q", res.Account.HomeAccountID, want)
	}
	checkIDToken(t, w, res.IDToken.RawToken)
	access, ok := w.tenant.Access(res.AccessToken)
	if !ok || access.PersonID != w.person(maya).ID || !access.Strong || !access.Allows("User.Read") {
		t.Errorf("Access() = %+v, %v, want a strong one of Maya with User.Read", access, ok)
	}
	silent, err := c.AcquireTokenSilent(ctx, scopes, confidential.WithSilentAccount(res.Account))
	if err != nil || silent.AccessToken != res.AccessToken {
		t.Errorf("AcquireTokenSilent() = %v, want the cached token", err)
	}
}

func checkIDToken(t *testing.T, w *world, raw string) {
	t.Helper()
	ctx := oidc.ClientContext(context.Background(), &http.Client{Transport: w})
	keys := oidc.NewRemoteKeySet(ctx, entra.Login+"/"+w.tenant.ID()+"/discovery/v2.0/keys")
	issuer := entra.Login + "/" + w.tenant.ID() + "/v2.0"
	token, err := oidc.NewVerifier(issuer, keys, &oidc.Config{ClientID: webID, SupportedSigningAlgs: []string{"RS256"}}).Verify(ctx, raw)
	if err != nil {
		t.Fatalf("Verify() = %v", err)
	}
	got := claims(t, map[string]any{"id_token": raw})
	for name, want := range map[string]any{
		"ver": "2.0", "oid": w.person(maya).ID, "tid": w.tenant.ID(), "nonce": "the-nonce", "aud": webID,
		"preferred_username": maya, "name": "Maya Okafor", "acct": float64(0),
	} {
		if got[name] != want {
			t.Errorf("claim %s = %v, want %v", name, got[name], want)
		}
	}
	if token.Subject == w.person(maya).ID || token.Subject == "" {
		t.Errorf("sub = %q, want one that is not the object id", token.Subject)
	}
	if at, _ := got["auth_time"].(float64); time.Since(time.Unix(int64(at), 0)) > time.Minute {
		t.Errorf("auth_time = %v, want now", got["auth_time"])
	}
	if acrs, _ := got["acrs"].([]any); len(acrs) != 1 || acrs[0] != "c1" {
		t.Errorf("acrs = %v, want [c1]", got["acrs"])
	}
	if _, there := got["amr"]; there {
		t.Error("amr is there, but v2.0 tokens have none")
	}
}

// TestRefresh_MSAL has MSAL renew an access token that is about to end.
func TestRefresh_MSAL(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	c, ctx := w.msal(), context.Background()
	scopes := []string{"https://graph.microsoft.com/User.Read"}
	callback, err := w.entra.Authorize(ctx, w.authorizeURL(func(q url.Values) { q.Set("max_age", "299") }), maya, w.clock.Now(), true)
	if err != nil {
		t.Fatalf("Authorize() = %v", err)
	}
	first, err := c.AcquireTokenByAuthCode(ctx, code(t, callback), redirect, scopes, confidential.WithChallenge(verifier))
	if err != nil {
		t.Fatalf("AcquireTokenByAuthCode() = %v", err)
	}
	second, err := c.AcquireTokenSilent(ctx, scopes, confidential.WithSilentAccount(first.Account))
	if err != nil {
		t.Fatalf("AcquireTokenSilent() = %v", err)
	}
	if second.AccessToken == first.AccessToken {
		t.Error("AcquireTokenSilent() = the old token, want a new one: the old has less than five minutes left")
	}
}

// TestClientCredentials_MSAL has MSAL fetch a token of the app itself, which must work
// however far the tenant's clock was moved: MSAL goes by the machine's.
func TestClientCredentials_MSAL(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	for range 2 {
		res, err := w.msal().AcquireTokenByCredential(context.Background(), []string{"https://graph.microsoft.com/.default"})
		if err != nil {
			t.Fatalf("AcquireTokenByCredential() = %v", err)
		}
		access, ok := w.tenant.Access(res.AccessToken)
		if !ok || !access.AppOnly() || access.ClientID != webID {
			t.Errorf("Access() = %+v, %v, want one of the app itself", access, ok)
		}
		w.clock.Advance(48 * time.Hour)
	}
}

func TestClientInfo_Unpadded(t *testing.T) {
	w := newWorld(t, entra.Switches{})
	for _, user := range []string{maya, ana} {
		callback, err := w.entra.Authorize(context.Background(), w.authorizeURL(nil), user, w.clock.Now(), false)
		if err != nil {
			t.Fatalf("Authorize(%s) = %v", user, err)
		}
		_, body := w.redeem(code(t, callback), nil)
		info, _ := body["client_info"].(string)
		raw, err := base64.RawURLEncoding.DecodeString(info)
		if err != nil || !strings.Contains(string(raw), "utid") {
			t.Errorf("client_info of %s = %q, want unpadded base64url with a utid", user, info)
		}
		if home := strings.Contains(string(raw), w.tenant.ID()); home != (user != ana) {
			t.Errorf("client_info of %s = %s, names this tenant: %v", user, raw, home)
		}
	}
}
