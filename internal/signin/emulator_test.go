package signin_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rekey/internal/clock"
	"rekey/internal/emulator"
	"rekey/internal/emulator/entra"
	"rekey/internal/fault"
	"rekey/internal/signin"
)

const (
	webID = "aaaaaaaa-0000-4000-8000-000000000001"
	site  = "http://127.0.0.1:8080"
	maya  = "maya.okafor@fernhill.example"
)

// world is a broker with the embedded tenant under it, and the least site around it.
type world struct {
	*signin.Broker
	*emulator.Emulator
	clock    *clock.Movable
	options  signin.Options
	started  signin.Start
	identity signin.Identity
	err      error
	code     string // of the last callback
	spoil    bool   // complete with another sign-in's verifier
	spoilt   error
}

func newWorld(t *testing.T, switches entra.Switches) *world {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{clock: clock.NewMovable(clock.System{}, 0)}
	w.Emulator, err = emulator.New(emulator.Options{Clock: w.clock, BaseURL: site, SignIn: switches,
		Log:  slog.New(slog.NewTextHandler(io.Discard, nil)),
		Web:  emulator.Registration{ClientID: webID, Certificate: cert, RedirectURIs: []string{site + "/signin/callback"}},
		Site: func() http.Handler { return http.HandlerFunc(w.serve) }})
	if err != nil {
		t.Fatal(err)
	}
	w.Broker, err = signin.New(signin.Config{Authority: "https://login.microsoftonline.com/" + w.Tenant().ID(), TenantID: w.Tenant().ID(), ClientID: webID,
		Certificates: []*x509.Certificate{cert}, PrivateKey: key, RedirectURL: site + "/signin/callback", PostLogoutURL: site + "/",
		AuthenticationContext: switches.AuthenticationContext, Transport: w.Transport(), Clock: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// serve is /signin and /signin/callback.
func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/signin" {
		if w.started, w.err = w.Start(r.Context(), w.options); w.err == nil {
			http.Redirect(rw, r, w.started.URL, http.StatusSeeOther)
		}
		return
	}
	w.identity, w.err = signin.Identity{}, nil
	w.code = r.URL.Query().Get("code")
	if w.spoil {
		_, w.spoilt = w.Complete(r.Context(), w.code, w.started.Verifier+"x", w.started.Nonce)
	} else if r.URL.Query().Get("state") == w.started.State {
		w.identity, w.err = w.Complete(r.Context(), r.URL.Query().Get("code"), w.started.Verifier, w.started.Nonce)
	}
	http.Redirect(rw, r, "/", http.StatusSeeOther)
}

// signIn goes through the tenant without its pages.
func (w *world) signIn(t *testing.T, body string) {
	t.Helper()
	rec := httptest.NewRecorder()
	req := httptest.NewRequest("POST", site+"/_emulator/signin", strings.NewReader(body))
	req.RemoteAddr = "127.0.0.1:40000"
	w.Handler().ServeHTTP(rec, req)
	if rec.Code != 200 || w.err != nil {
		t.Fatalf("signing in %s = %d %s, %v", body, rec.Code, rec.Body, w.err)
	}
}

func TestBroker_WithTheEmbeddedTenant(t *testing.T) {
	for name, c := range map[string]struct {
		switches entra.Switches
		options  signin.Options
		body     string
		strong   bool
		age      time.Duration // -1: no time at all
	}{
		"fresh":             {entra.Switches{AuthenticationContext: "c1"}, signin.Options{}, `{"user":"` + maya + `","fresh":true}`, true, 0},
		"context as text":   {entra.Switches{AuthenticationContext: "c1", ContextText: true}, signin.Options{}, `{"user":"` + maya + `","fresh":true}`, true, 0},
		"step-up":           {entra.Switches{AuthenticationContext: "c1"}, signin.Options{StepUp: true, LoginHint: maya}, `{"user":"` + maya + `","fresh":true}`, true, 0},
		"eleven minutes":    {entra.Switches{AuthenticationContext: "c1"}, signin.Options{}, `{"user":"` + maya + `","fresh":false}`, true, 11 * time.Minute},
		"password only":     {entra.Switches{AuthenticationContext: "c1"}, signin.Options{}, `{"user":"` + maya + `","fresh":true,"strong":false}`, false, 0},
		"without context":   {entra.Switches{}, signin.Options{}, `{"user":"` + maya + `","fresh":true}`, false, 0},
		"without auth_time": {entra.Switches{AuthenticationContext: "c1", NoAuthTime: true}, signin.Options{}, `{"user":"` + maya + `","fresh":true}`, true, -1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.switches)
			w.clock.Advance(100 * time.Hour) // the tenant's clock is the site's, and not the machine's
			w.options = c.options
			w.signIn(t, c.body)
			got := w.identity
			person, _ := w.Tenant().Person(maya)
			if got.Person.Tenant != w.Tenant().ID() || got.Person.Object != person.ID || got.DisplayName != person.DisplayName || got.UserPrincipalName != maya || got.Guest {
				t.Errorf("Complete = %+v, want Maya", got)
			}
			age := w.clock.Now().Sub(got.AuthTime) - c.age
			if got.Strong != c.strong || c.age < 0 && !got.AuthTime.IsZero() || c.age >= 0 && (age < 0 || age > 10*time.Second) {
				t.Errorf("Complete = strong %v, %v old, want %v, %v", got.Strong, w.clock.Now().Sub(got.AuthTime), c.strong, c.age)
			}
		})
	}
}

func TestBroker_GuestOfTheEmbeddedTenant(t *testing.T) {
	w := newWorld(t, entra.Switches{AuthenticationContext: "c1"})
	for _, p := range w.Tenant().People() {
		if p.Guest {
			w.signIn(t, `{"user":"`+p.UserPrincipalName+`","fresh":true}`)
			if !w.identity.Guest || w.identity.Person.Object != p.ID {
				t.Errorf("Complete = %+v, want a guest", w.identity)
			}
			return
		}
	}
	t.Error("there is no guest in the tenant")
}

func TestBroker_SignOutURL_IsTheEmbeddedTenants(t *testing.T) {
	if got := newWorld(t, entra.Switches{}).SignOutURL(); !strings.HasPrefix(got, site+"/_emulator/") {
		t.Errorf("SignOutURL = %q, want the tenant's own page", got)
	}
}

// A code is good once, and for nobody without the verifier that began its sign-in.
func TestComplete_OID1_ACodeIsGoodOnce(t *testing.T) {
	w := newWorld(t, entra.Switches{AuthenticationContext: "c1"})
	w.signIn(t, `{"user":"`+maya+`","fresh":true}`)
	if _, err := w.Complete(t.Context(), w.code, w.started.Verifier, w.started.Nonce); !fault.Is(err, fault.Forbidden) {
		t.Errorf("Complete with a used code = %v, want refused", err)
	}
	w.spoil = true
	w.signIn(t, `{"user":"`+maya+`","fresh":true}`)
	if !fault.Is(w.spoilt, fault.Forbidden) {
		t.Errorf("Complete with another verifier = %v, want refused", w.spoilt)
	}
}
