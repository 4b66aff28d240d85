package signin

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"rekey/internal/clock"
)

// The tenant, the app and the person of these tests.
const (
	tenantID  = "11111111-2222-4333-8444-555555555555"
	clientID  = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
	objectID  = "99999999-8888-4777-8666-555555555555"
	authority = "https://login.microsoftonline.com/" + tenantID
	callback  = "https://rekey.example.org/signin/callback"
)

var testNow = time.Date(2027, 1, 15, 9, 30, 0, 0, time.UTC)

// issuer is a sign-in service in this process: discovery, keys and token endpoint, as
// Entra has them. Its fields are what a test bends.
type issuer struct {
	key      *rsa.PrivateKey // signs; its public half is served
	clock    *clock.Movable
	served   []jose.JSONWebKey
	document map[string]any

	mu      sync.Mutex
	forms   []url.Values                                // posted to the token endpoint
	calls   map[string]int                              // by path
	idToken func(form url.Values) string                // what the token endpoint gives out
	answer  func(*http.Request) (*http.Response, error) // overrides everything when it returns something
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key := newKey(t)
	i := &issuer{key: key, clock: clock.NewMovable(clock.Func(func() time.Time { return testNow }), 0), calls: map[string]int{}}
	i.served = []jose.JSONWebKey{{Key: key.Public(), KeyID: "k1", Use: "sig", Algorithm: "RS256"}}
	i.document = map[string]any{
		"issuer": authority + "/v2.0", "authorization_endpoint": authority + "/oauth2/v2.0/authorize",
		"token_endpoint": authority + "/oauth2/v2.0/token", "jwks_uri": authority + "/discovery/v2.0/keys",
		"end_session_endpoint": "http://127.0.0.1:8080/logout",
	}
	i.idToken = func(form url.Values) string { return i.sign(t, goodClaims(form.Get("code"))) }
	return i
}

func newKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// goodClaims are those of a sign-in one minute ago. The nonce is the code, so that a
// test needs no store of sign-ins.
func goodClaims(nonce string) map[string]any {
	return map[string]any{
		"iss": authority + "/v2.0", "aud": clientID, "tid": tenantID, "oid": objectID, "sub": "pairwise", "ver": "2.0",
		"iat": testNow.Unix(), "nbf": testNow.Unix(), "exp": testNow.Add(time.Hour).Unix(), "nonce": nonce,
		"auth_time": testNow.Add(-time.Minute).Unix(), "acrs": []string{"c1"}, "acct": 0,
		"name": "Ada Example", "preferred_username": "ada@example.org", "xms_pl": "de-de",
	}
}

func (i *issuer) sign(t *testing.T, c map[string]any) string {
	return signed(t, jose.RS256, jose.JSONWebKey{Key: i.key, KeyID: "k1"}, "JWT", c)
}

func signed(t *testing.T, alg jose.SignatureAlgorithm, key any, typ jose.ContentType, c map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, (&jose.SignerOptions{}).WithType(typ))
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := token.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return compact
}

// RoundTrip implements http.RoundTripper.
func (i *issuer) RoundTrip(req *http.Request) (*http.Response, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if req.URL.Host != "login.microsoftonline.com" {
		i.calls["//"+req.URL.Host]++
		return nil, errors.New("issuer: a call to " + req.URL.Host)
	}
	path := strings.TrimPrefix(req.URL.Path, "/"+tenantID)
	i.calls[path]++
	if i.answer != nil {
		if resp, err := i.answer(req); resp != nil || err != nil {
			return resp, err
		}
	}
	switch path {
	case wellKnown:
		return reply(200, i.document), nil
	case "/discovery/v2.0/keys":
		return reply(200, jose.JSONWebKeySet{Keys: i.served}), nil
	case "/oauth2/v2.0/token":
		text, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		form, err := url.ParseQuery(string(text))
		if err != nil {
			return nil, err
		}
		i.forms = append(i.forms, form)
		return reply(200, i.tokens(form)), nil
	}
	return reply(404, map[string]any{"error": "not found"}), nil
}

func (i *issuer) tokens(form url.Values) map[string]any {
	out := map[string]any{"token_type": "Bearer", "expires_in": 3600, "access_token": "access-" + form.Get("code"), "scope": form.Get("scope")}
	if form.Get("grant_type") == "client_credentials" {
		out["access_token"] = "app-" + string(rune('0'+len(i.forms)))
		return out
	}
	out["scope"] = "openid profile https://graph.microsoft.com/User.Read"
	out["refresh_token"] = "refresh-canary"
	if id := i.idToken(form); id != "" {
		out["id_token"] = id
	}
	return out
}

func reply(status int, body any) *http.Response {
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	switch body := body.(type) {
	case string:
		_, _ = w.WriteString(body)
	default:
		_ = json.NewEncoder(w).Encode(body)
	}
	return w.Result()
}

// broker returns a Broker on the issuer; change may alter its configuration.
func (i *issuer) broker(t *testing.T, change func(*Config)) *Broker {
	t.Helper()
	c := Config{Authority: authority, TenantID: tenantID, ClientID: clientID, Secret: "secret-canary", RedirectURL: callback,
		PostLogoutURL: "https://rekey.example.org/signout", AuthenticationContext: "c1", Transport: i, Clock: i.clock}
	if change != nil {
		change(&c)
	}
	b, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func certificate(t *testing.T, key *rsa.PrivateKey) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "rekey"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}
