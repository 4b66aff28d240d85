package tenant_test

import (
	"errors"
	"net/http"
	"testing"

	"rekey/internal/clock"
	"rekey/internal/emulator/tenant"
)

func founded(t *testing.T) *tenant.Tenant {
	t.Helper()
	people, handsets := tenant.Fernhill()
	tn, err := tenant.New(tenant.Options{Clock: clock.NewMovable(clock.System{}, 0), People: people, Handsets: handsets})
	if err != nil {
		t.Fatal(err)
	}
	return tn
}

func wantStatus(t *testing.T, what string, err error, want int) {
	t.Helper()
	var refused *tenant.Error
	if !errors.As(err, &refused) || refused.Status != want {
		t.Errorf("%s = %v, want %d", what, err, want)
	}
}

const (
	priya       = "priya.raman@" + tenant.Domain
	priyaNumber = "+12065550117"
)

// TestMoveNumber: the SIM goes, and what lives on the old phone stays on it.
func TestMoveNumber(t *testing.T) {
	tn := founded(t)
	p, _ := tn.Person(priya)
	app, _ := p.Method(p.DefaultMethodID)
	if err := tn.MoveNumber(priyaNumber, "iPhone 17"); err != nil {
		t.Fatal(err)
	}
	if h, ok := tn.Handset(priyaNumber); !ok || h.Name != "iPhone 17" || h.Owner != p.ID || !h.Working {
		t.Errorf("Handset(%s) = %+v, %v, want the new one", priyaNumber, h, ok)
	}
	if h, ok := tn.HandsetOf(p.ID, app); !ok || h.Name != "iPhone 13" || h.Number != "" {
		t.Errorf("HandsetOf the Authenticator = %+v, %v, want the old one without a number", h, ok)
	}
	if err := tn.SetHandset("iPhone 13", false); err != nil {
		t.Errorf("SetHandset by name = %v, want no error", err)
	}
	if len(tn.Ring(priya)) != 0 {
		t.Error("a push rings on a phone that is switched off")
	}
	wantStatus(t, "MoveNumber of nobody's", tn.MoveNumber("+12025550199", "x"), http.StatusNotFound)
	wantStatus(t, "MoveNumber to no name", tn.MoveNumber(priyaNumber, ""), http.StatusBadRequest)
	wantStatus(t, "MoveNumber to where it is", tn.MoveNumber(priyaNumber, "iPhone 17"), http.StatusBadRequest)
}

// TestHandsetOf_TwoOfTheSameName: each Authenticator rings on its own phone.
func TestHandsetOf_TwoOfTheSameName(t *testing.T) {
	tn := founded(t)
	if err := tn.MoveNumber(priyaNumber, "iPhone 13 new"); err != nil {
		t.Fatal(err)
	}
	if _, err := tn.AddMethod(priya, tenant.Method{"@odata.type": tenant.TypeAuthenticator, "displayName": "iPhone 13", tenant.OnHandset: priyaNumber}); err != nil {
		t.Fatal(err)
	}
	rang := map[string]bool{}
	for _, p := range tn.Ring(priya) {
		rang[p.Handset] = true
	}
	if len(rang) != 2 || !rang[priyaNumber] || !rang["iPhone 13"] {
		t.Errorf("a push rings on %v, want both phones", rang)
	}
}

func TestSetDefault(t *testing.T) {
	tn := founded(t)
	m, err := tn.AddMethod(priya, tenant.Method{"@odata.type": tenant.TypeAuthenticator, "displayName": "iPhone 17"})
	if err != nil {
		t.Fatal(err)
	}
	if err := tn.SetDefault(priya, m.ID()); err != nil {
		t.Errorf("SetDefault = %v, want no error", err)
	}
	if p, _ := tn.Person(priya); p.DefaultMethodID != m.ID() {
		t.Errorf("the default is %q, want %q", p.DefaultMethodID, m.ID())
	}
	wantStatus(t, "SetDefault of the password", tn.SetDefault(priya, tenant.PasswordID), http.StatusBadRequest)
	wantStatus(t, "SetDefault of what is not there", tn.SetDefault(priya, "x"), http.StatusNotFound)
}
