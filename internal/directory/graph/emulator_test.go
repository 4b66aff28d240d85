package graph_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"testing"
	"time"

	"rekey/internal/clock"
	"rekey/internal/directory"
	"rekey/internal/directory/directorytest"
	"rekey/internal/directory/graph"
	"rekey/internal/emulator"
	"rekey/internal/emulator/tenant"
	"rekey/internal/fault"
	"rekey/internal/signin"
)

const (
	webID    = "aaaaaaaa-0000-4000-8000-000000000001"
	workerID = "aaaaaaaa-0000-4000-8000-000000000002"
	maya     = "maya.okafor@fernhill.example"   // a phone
	tomas    = "tomas.herrera@fernhill.example" // none
	number   = "+12025550161"
)

// world is the embedded tenant with the clients of web and worker, tokens and all.
type world struct {
	*emulator.Emulator
	clock       *clock.Movable
	key         *rsa.PrivateKey
	cert        *x509.Certificate
	web, worker *graph.Client
}

func newWorld(t *testing.T, switches tenant.Switches, count int) *world {
	t.Helper()
	w := &world{clock: clock.NewMovable(clock.System{}, 0)}
	w.key, w.cert = certificate(t)
	var err error
	w.Emulator, err = emulator.New(emulator.Options{Clock: w.clock, Switches: switches, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Web: emulator.Registration{ClientID: webID, Certificate: w.cert}, Worker: emulator.Registration{ClientID: workerID, Certificate: w.cert}})
	if err != nil {
		t.Fatal(err)
	}
	w.web = w.client(t, webID, graph.Person, graph.BudgetConfig{Count: count})
	w.worker = w.client(t, workerID, graph.Write, graph.BudgetConfig{Count: count})
	return w
}

// client is a process of an app registration.
func (w *world) client(t *testing.T, id string, class graph.Class, c graph.BudgetConfig) *graph.Client {
	t.Helper()
	tokens, err := signin.NewAppTokens(signin.AppConfig{Authority: "https://login.microsoftonline.com/" + w.Tenant().ID(), TenantID: w.Tenant().ID(),
		ClientID: id, Certificates: []*x509.Certificate{w.cert}, PrivateKey: w.key, Transport: w.Transport(), Clock: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	c.Clock = w.clock
	budget, err := graph.NewBudget(c)
	if err != nil {
		t.Fatal(err)
	}
	client, err := graph.New(graph.Config{BaseURL: "https://graph.microsoft.com/v1.0", Tenant: w.Tenant().ID(), App: id, Transport: w.Transport(), Tokens: tokens,
		Clock: w.clock, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Budget: budget, Class: class})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func certificate(t *testing.T) (*rsa.PrivateKey, *x509.Certificate) {
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
	return key, cert
}

func (w *world) person(t *testing.T, name string) directory.PersonID {
	t.Helper()
	p, ok := w.Tenant().Person(name)
	if !ok {
		t.Fatalf("nobody is called %s", name)
	}
	return directory.PersonID{Tenant: w.Tenant().ID(), Object: p.ID}
}

// phone is the phone that a person has in the tenant itself.
func (w *world) phone(t *testing.T, name string) string {
	t.Helper()
	p, _ := w.Tenant().Person(name)
	for _, m := range p.Methods {
		if m.PhoneType() == "mobile" {
			return m.PhoneNumber()
		}
	}
	return ""
}

// The client does the same whatever Graph really does where no document says.
func TestClient_DoesWhatEveryDirectoryDoes_OnTheEmbeddedTenant(t *testing.T) {
	for name, switches := range map[string]tenant.Switches{
		"as documented":   {},
		"bodies on PATCH": {PatchAnswersBody: true},
		"conflicts":       {DuplicateIsConflict: true},
		"missing is 400":  {MissingIsBadRequest: true},
		"no space needed": {NumberWithoutSpace: true},
		"dates on phones": {PhoneDates: true},
		"default stays":   {LastDefaultStays: true},
		"no default":      {NoDefaultByItself: true},
	} {
		t.Run(name, func(t *testing.T) {
			switches.MethodCalls = -1
			directorytest.Run(t, func(t *testing.T) directorytest.Harness {
				w := newWorld(t, switches, 1000)
				return directorytest.Harness{Reader: w.web, Writer: w.worker, Revoker: w.worker, Alice: w.person(t, maya), Phone: "+14255550142", Bob: w.person(t, tomas),
					Missing: directory.PersonID{Tenant: w.Tenant().ID(), Object: "cccccccc-0000-4000-8000-000000000003"}}
			})
		})
	}
}

// Everybody in the tenant can be read, whatever is on their account; nothing is dropped.
func TestMethods_OfEverybodyInTheEmbeddedTenant(t *testing.T) {
	w := newWorld(t, tenant.Switches{MethodCalls: -1}, 1000)
	for _, p := range w.Tenant().People() {
		id := directory.PersonID{Tenant: w.Tenant().ID(), Object: p.ID}
		account, err := w.web.Account(t.Context(), id)
		if err != nil || account.Enabled != p.Enabled || account.Guest != p.Guest || account.UserPrincipalName != p.UserPrincipalName || account.OnPremisesSynced != p.OnPremisesSynced {
			t.Errorf("Account(%s) = %+v, %v", p.UserPrincipalName, account, err)
		}
		methods, err := w.web.Methods(t.Context(), id)
		if err != nil || len(methods) == 0 && len(p.Methods) > 0 {
			t.Errorf("Methods(%s) = %d, %v, want some", p.UserPrincipalName, len(methods), err)
		}
		for _, m := range methods {
			if m.Kind == directory.Unknown && m.RawKind == "" {
				t.Errorf("Methods(%s): an unknown kind without a name: %+v", p.UserPrincipalName, m)
			}
		}
	}
}

// The web's registration cannot write, whatever asks it to (design: roles of a process).
func TestClient_TheWebCannotWrite(t *testing.T) {
	w := newWorld(t, tenant.Switches{}, 5)
	if err := w.web.UpdateContact(t.Context(), w.person(t, maya), directory.Phone, number); !fault.Is(err, fault.Forbidden) {
		t.Errorf("UpdateContact by the web = %v, want forbidden", err)
	}
	if got := w.phone(t, maya); got != "+1 4255550142" {
		t.Errorf("phone afterwards = %q, want the old one", got)
	}
}

func TestUpdatePhone_AVL3_HungUpOnAfterTheWrite(t *testing.T) {
	w := newWorld(t, tenant.Switches{}, 5)
	w.Tenant().Order(tenant.Fault{Part: "graph", Kind: "hangup-after", Times: 1})
	if err := w.worker.UpdateContact(t.Context(), w.person(t, maya), directory.Phone, number); !errors.Is(err, directory.ErrOutcomeUnknown) {
		t.Errorf("UpdateContact hung up on = %v, want outcome unknown", err)
	}
	if got := w.phone(t, maya); got != "+1 2025550161" {
		t.Errorf("phone afterwards = %q, want the new one", got)
	}
	if n := w.writes(); n != 1 {
		t.Errorf("writes seen = %d, want 1", n)
	}
}

func (w *world) writes() int {
	n := 0
	for _, r := range w.Tenant().Requests("") {
		if r.Part == "graph" && r.Method != "GET" {
			n++
		}
	}
	return n
}

func TestClient_AVL2_WhenTheEmbeddedTenantIsBusy(t *testing.T) {
	for status, kind := range map[int]fault.Kind{429: fault.Limited, 503: fault.Unavailable, 403: fault.Forbidden} {
		w := newWorld(t, tenant.Switches{}, 5)
		w.Tenant().Order(tenant.Fault{Part: "graph", Kind: "status", Status: status, RetryAfter: 2, Times: 1})
		err := w.worker.UpdateContact(t.Context(), w.person(t, maya), directory.Phone, number)
		if f := fault.As(err); f == nil || f.Kind != kind || kind != fault.Forbidden && f.Until.Sub(w.clock.Now()) > 2*time.Second {
			t.Errorf("UpdateContact answered %d = %v, want %v for two seconds", status, err, kind)
		}
		if got := w.phone(t, maya); got != "+1 4255550142" {
			t.Errorf("phone after %d = %q, want the old one", status, got)
		}
	}
}

// Our budget is never larger than what the tenant allows: it answers no 429.
func TestBudget_AVL2_StaysBelowTheEmbeddedTenants(t *testing.T) {
	w := newWorld(t, tenant.Switches{}, graph.DefaultCount)
	limited := 0
	for range 40 {
		if _, err := w.web.Methods(t.Context(), w.person(t, maya)); fault.Is(err, fault.Limited) {
			limited++
			w.clock.Advance(time.Second)
		} else if err != nil {
			t.Fatalf("Methods = %v", err)
		}
	}
	for _, r := range w.Tenant().Requests("") {
		if r.Status == 429 {
			t.Errorf("the tenant answered 429 at %v", r.At)
		}
	}
	if limited == 0 {
		t.Error("40 calls without a wait: the budget limits nothing")
	}
}

// Tokens run out by the tenant's clock, which is ahead of the machine's that MSAL asks.
func TestClient_FetchesANewTokenWhenTheClockWasMoved(t *testing.T) {
	w := newWorld(t, tenant.Switches{}, 5)
	for range 3 {
		if _, err := w.web.Methods(t.Context(), w.person(t, maya)); err != nil {
			t.Errorf("Methods = %v, want nil", err)
		}
		w.clock.Advance(25 * time.Hour)
	}
	refused := 0
	for _, r := range w.Tenant().Requests("") {
		if r.Status == 401 {
			refused++
		}
	}
	if refused != 2 {
		t.Errorf("calls refused for their token = %d, want 2", refused)
	}
}

func TestClient_AVL1_WhenTheEmbeddedTenantIsSlow(t *testing.T) {
	w := newWorld(t, tenant.Switches{}, 5)
	if _, err := w.worker.Methods(t.Context(), w.person(t, maya)); err != nil { // the token is there now
		t.Fatalf("Methods = %v", err)
	}
	w.Tenant().Order(tenant.Fault{Part: "graph", Kind: "delay", Seconds: 600, Times: 2})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := w.worker.Methods(ctx, w.person(t, maya)); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Methods of a slow Graph = %v, want unavailable", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := w.worker.UpdateContact(ctx, w.person(t, maya), directory.Phone, number); !errors.Is(err, directory.ErrOutcomeUnknown) {
		t.Errorf("UpdateContact of a slow Graph = %v, want outcome unknown", err)
	}
}
