package signin

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"rekey/internal/fault"
	"rekey/internal/tx"
)

func TestStart_OID1_FreshSecretsAndPKCE(t *testing.T) {
	b := newIssuer(t).broker(t, nil)
	seen := map[string]bool{}
	for range 3 {
		s, err := b.Start(t.Context(), Options{LoginHint: "ada@example.org"})
		if err != nil {
			t.Fatalf("Start = %v", err)
		}
		u, err := url.Parse(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(s.Verifier))
		for name, want := range map[string]string{
			"state": s.State, "nonce": s.Nonce, "code_challenge": base64.RawURLEncoding.EncodeToString(sum[:]), "code_challenge_method": "S256",
			"response_type": "code", "response_mode": "query", "client_id": clientID, "redirect_uri": callback, "login_hint": "ada@example.org",
			"scope":  "openid profile https://graph.microsoft.com/User.Read",
			"claims": `{"id_token":{"acrs":{"essential":true,"value":"c1"}}}`, "prompt": "", "max_age": "",
		} {
			if got := u.Query().Get(name); got != want {
				t.Errorf("Start: %s = %q, want %q", name, got, want)
			}
		}
		for _, secret := range []string{s.State, s.Nonce, s.Verifier} {
			if len(secret) < 43 || seen[secret] {
				t.Errorf("Start: secret %q is short or was used before", secret)
			}
			seen[secret] = true
		}
		if strings.Contains(s.URL, s.Verifier) {
			t.Error("Start: the verifier is in the address")
		}
	}
}

func TestStart_OID4_StepUpAsksForCredentials(t *testing.T) {
	i := newIssuer(t)
	s, err := i.broker(t, func(c *Config) { c.AuthenticationContext = "" }).Start(t.Context(), Options{StepUp: true})
	if err != nil {
		t.Fatalf("Start = %v", err)
	}
	u, _ := url.Parse(s.URL)
	if q := u.Query(); q.Get("prompt") != "login" || q.Has("max_age") || q.Has("claims") || q.Has("login_hint") {
		t.Errorf("Start(StepUp) without context = %v, want prompt=login and no max_age, claims, login_hint", q)
	}
}

func TestStart_SendsTheBrowserWhereTheDocumentSays(t *testing.T) {
	for endpoint, good := range map[string]bool{
		"http://127.0.0.1:8080/authorize": true,
		"http://localhost:8080/authorize": true,
		"https://login.example.org/x":     true,
		"http://login.example.org/x":      false,
		"javascript:alert(1)":             false,
	} {
		i := newIssuer(t)
		i.document["authorization_endpoint"] = endpoint
		s, err := i.broker(t, nil).Start(t.Context(), Options{})
		if good && (err != nil || !strings.HasPrefix(s.URL, endpoint+"?")) || !good && !fault.Is(err, fault.Unavailable) {
			t.Errorf("Start with endpoint %q = %q, %v, want accepted: %v", endpoint, s.URL, err, good)
		}
	}
}

func TestStart_FetchesDiscoveryOncePerHour(t *testing.T) {
	i := newIssuer(t)
	b := i.broker(t, nil)
	run := func(want int) {
		t.Helper()
		for range 3 {
			if _, err := b.Start(t.Context(), Options{}); err != nil {
				t.Fatalf("Start = %v", err)
			}
			if _, err := b.Complete(t.Context(), "n", "v", "n"); err != nil {
				t.Fatalf("Complete = %v", err)
			}
		}
		if got := i.calls[wellKnown]; got != want {
			t.Errorf("discovery fetched %d times, want %d", got, want)
		}
	}
	run(1)
	i.clock.Advance(discoveryTime)
	i.idToken = func(form url.Values) string {
		c := goodClaims(form.Get("code"))
		c["exp"] = testNow.Add(2 * time.Hour).Unix()
		return i.sign(t, c)
	}
	run(2)
}

func TestStart_WhenMicrosoftIsDown(t *testing.T) {
	i := newIssuer(t)
	i.answer = func(*http.Request) (*http.Response, error) { return nil, errors.New("no route") }
	b := i.broker(t, nil)
	if _, err := b.Start(t.Context(), Options{}); !fault.Is(err, fault.Unavailable) || fault.As(err).Key != "signin.down" {
		t.Errorf("Start = %v, want signin.down", err)
	}
	i.answer = nil
	if _, err := b.Start(t.Context(), Options{}); err != nil {
		t.Errorf("Start after it came back = %v, want nil", err)
	}
	if _, err := b.Start(tx.With(t.Context(), 1), Options{}); !errors.Is(err, tx.ErrOpen) {
		t.Errorf("Start in a transaction = %v, want tx.ErrOpen", err)
	}
}

func TestSignOutURL(t *testing.T) {
	i := newIssuer(t)
	const back = "?post_logout_redirect_uri=https%3A%2F%2Frekey.example.org%2Fsignout"
	if got, want := i.broker(t, nil).SignOutURL(), "http://127.0.0.1:8080/logout"+back; got != want {
		t.Errorf("SignOutURL = %q, want %q", got, want)
	}
	i.answer = func(*http.Request) (*http.Response, error) { return nil, errors.New("no route") }
	if got, want := i.broker(t, nil).SignOutURL(), authority+"/oauth2/v2.0/logout"+back; got != want {
		t.Errorf("SignOutURL with Microsoft down = %q, want %q", got, want)
	}
}

func TestNew_NamesEveryMistake(t *testing.T) {
	_, err := New(Config{Authority: "http://login.example.org/common", TenantID: "contoso", RedirectURL: "/callback", PostLogoutURL: "x", AuthenticationContext: "c100"})
	if err == nil {
		t.Fatal("New = nil, want an error")
	}
	for _, want := range []string{"tenant", "authority", "client id", "clock", "certificate", "redirect URL", "post-logout URL", "c100"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("New = %v, want a word on %s", err, want)
		}
	}
	for _, wrong := range []string{"https://login.microsoftonline.com/common", "https://login.microsoftonline.com/00000000-0000-4000-8000-000000000000", "http://login.microsoftonline.com/" + tenantID} {
		i := newIssuer(t)
		if _, err := New(Config{Authority: wrong, TenantID: tenantID, ClientID: clientID, Secret: "s", RedirectURL: callback, Clock: i.clock}); err == nil {
			t.Errorf("New(authority %q) = nil, want an error", wrong)
		}
	}
}
