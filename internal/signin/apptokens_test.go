package signin

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"rekey/internal/fault"
	"rekey/internal/tx"
)

func (i *issuer) appTokens(t *testing.T) *AppTokens {
	t.Helper()
	a, err := NewAppTokens(AppConfig{Authority: authority, TenantID: tenantID, ClientID: clientID, Secret: "secret-canary", Transport: i, Clock: i.clock})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAppTokens_KeepsUntilDropped(t *testing.T) {
	t.Setenv("MSAL_FORCE_REGION", "westus") // the issuer refuses every other host
	i := newIssuer(t)
	a := i.appTokens(t)
	for n, want := range []string{"app-1", "app-1", "app-2", "app-2"} {
		if n == 2 {
			a.Drop()
		}
		if got, err := a.Token(t.Context()); got != want || err != nil {
			t.Errorf("Token %d = %q, %v, want %q", n, got, err, want)
		}
	}
	if len(i.calls) != 2 || i.calls[wellKnown] != 1 {
		t.Errorf("calls = %v, want one for discovery and the rest to the token endpoint", i.calls)
	}
	form := i.forms[0]
	if form.Get("grant_type") != "client_credentials" || !strings.HasPrefix(form.Get("scope"), "https://graph.microsoft.com/.default") {
		t.Errorf("token form = %v, want client credentials for .default", form)
	}
}

func TestAppTokens_ParallelCallersAskOnce(t *testing.T) {
	i := newIssuer(t)
	a := i.appTokens(t)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if got, err := a.Token(t.Context()); got != "app-1" || err != nil {
				t.Errorf("Token = %q, %v, want app-1", got, err)
			}
		})
	}
	all.Wait()
	if len(i.forms) != 1 {
		t.Errorf("token endpoint asked %d times, want once", len(i.forms))
	}
}

func TestAppTokens_FailsAsUnavailableAndTellsNothing(t *testing.T) {
	for name, answer := range map[string]func(*http.Request) (*http.Response, error){
		"cut": func(*http.Request) (*http.Response, error) { return nil, errors.New("canary") },
		"invalid_grant": func(*http.Request) (*http.Response, error) {
			return reply(400, `{"error":"invalid_grant","error_description":"canary"}`), nil
		},
		"HTML": func(*http.Request) (*http.Response, error) { return reply(200, "<html>canary"), nil },
		"no token": func(req *http.Request) (*http.Response, error) {
			if strings.HasSuffix(req.URL.Path, "/token") {
				return reply(200, `{"expires_in":3600,"canary":1}`), nil
			}
			return nil, nil
		},
	} {
		i := newIssuer(t)
		i.answer = answer
		a := i.appTokens(t)
		token, err := a.Token(t.Context())
		if token != "" || !fault.Is(err, fault.Unavailable) || strings.Contains(err.Error(), "canary") {
			t.Errorf("Token(%s) = %q, %v, want unavailable without details", name, token, err)
		}
		i.answer = nil
		if _, err := a.Token(t.Context()); err != nil {
			t.Errorf("Token(%s) once it is well again = %v, want nil", name, err)
		}
	}
}

func TestAppTokens_WaitsNoLongerThanItsCaller(t *testing.T) {
	i := newIssuer(t)
	a := i.appTokens(t)
	a.turn <- struct{}{} // somebody else is asking
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Token(ctx); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Token with no turn = %v, want unavailable", err)
	}
	<-a.turn
	if _, err := a.Token(tx.With(t.Context(), 1)); !errors.Is(err, tx.ErrOpen) {
		t.Errorf("Token in a transaction = %v, want tx.ErrOpen", err)
	}
}

func TestNewAppTokens_NamesMistakes(t *testing.T) {
	if _, err := NewAppTokens(AppConfig{Scope: "https://graph.microsoft.com/User.Read"}); err == nil || !strings.Contains(err.Error(), ".default") || !strings.Contains(err.Error(), "tenant") {
		t.Errorf("NewAppTokens = %v, want words on scope and tenant", err)
	}
}
