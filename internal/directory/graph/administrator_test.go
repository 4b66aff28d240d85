package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/internal/directory"
	"rekey/internal/directory/graph"
	"rekey/internal/emulator/tenant"
	"rekey/internal/fault"
)

// resetClient is the client of the reset registration, with the directory roles given.
func (w *world) resetClient(t *testing.T, roles ...string) *graph.Client {
	t.Helper()
	const id = "bbbbbbbb-0000-4000-8000-000000000003"
	app := tenant.App{ClientID: id, Name: "Rekey reset", Certificate: w.cert, DirectoryRoles: roles, Permissions: []string{"User.Read.All",
		"UserAuthenticationMethod.Read.All", "RoleManagement.Read.Directory", "RoleEligibilitySchedule.Read.Directory", "GroupMember.Read.All",
		"Policy.Read.All", "AuditLog.Read.All", "Application.Read.All", "User-PasswordProfile.ReadWrite.All"}}
	if err := w.Tenant().RegisterApp(app); err != nil {
		t.Fatal(err)
	}
	return w.client(t, id, graph.Person, graph.BudgetConfig{Count: 100})
}

const privileged = "Privileged Authentication Administrator"

func TestAdministrator_WhoIsOne(t *testing.T) {
	for _, switches := range []tenant.Switches{{MethodCalls: -1}, {MethodCalls: -1, NoEligibleRoles: true}} {
		w := newWorld(t, switches, 100)
		c := w.resetClient(t, privileged)
		for name, want := range map[string]string{"ingrid.solberg": "held", "noor.rahimi": "eligible", "elif.kaya": "group", "maya.okafor": "", "ana.souza_birchwood.example#EXT#": ""} {
			if switches.NoEligibleRoles && want == "eligible" {
				want = "" // the tenant has no licence for it, and nobody to whom it applies
			}
			roles, err := c.Administrator(t.Context(), w.person(t, name+"@fernhill.example"))
			got := ""
			switch {
			case len(roles.Held) > 0:
				got = "held"
			case len(roles.Eligible) > 0:
				got = "eligible"
			case roles.Groups:
				got = "group"
			}
			if err != nil || got != want || roles.Any() != (want != "") {
				t.Errorf("%s is an administrator by %q, %v, want %q", name, got, err, want)
			}
		}
		if held, err := c.HoldsRole(t.Context(), w.person(t, "noor.rahimi@fernhill.example")); held || err != nil {
			t.Errorf("HoldsRole of somebody eligible = %v, %v, want false", held, err)
		}
	}
	w := newWorld(t, tenant.Switches{}, 100)
	if _, err := w.web.Administrator(t.Context(), w.person(t, "maya.okafor@fernhill.example")); !fault.Is(err, fault.Forbidden) {
		t.Errorf("without the permission: %v, want forbidden", err)
	}
}

// One user name finds one person: no id, no search, nobody else's path.
func TestFind_RST8_OnePerson(t *testing.T) {
	w := newWorld(t, tenant.Switches{}, 100)
	c := w.resetClient(t, privileged)
	ingrid := w.person(t, "ingrid.solberg@fernhill.example")
	for _, user := range []string{"ingrid.solberg@fernhill.example", "Ingrid.Solberg@FERNHILL.example"} {
		p, account, err := c.Find(t.Context(), user)
		if err != nil || p != ingrid || account.DisplayName != "Ingrid Solberg" || !account.Enabled {
			t.Errorf("Find(%q) = %v, %+v, %v", user, p, account, err)
		}
	}
	if p, account, err := c.Find(t.Context(), "ana.souza_birchwood.example#EXT#@fernhill.example"); err != nil || !account.Guest || p.Object == "" {
		t.Errorf("a guest: %v, %+v, %v", p, account, err)
	}
	before := len(w.Tenant().Requests(""))
	for _, user := range []string{"", "me", ingrid.Object, "a@b@c", "x/../y@fernhill.example", "x?$select=id@fernhill.example", "x y@fernhill.example",
		"x@fernhill.example\n", "$count@fernhill.example", strings.Repeat("x", 500) + "@fernhill.example"} {
		if _, _, err := c.Find(t.Context(), user); !fault.Is(err, fault.NotFound) {
			t.Errorf("Find(%.30q): %v, want not found", user, err)
		}
	}
	if n := len(w.Tenant().Requests("")) - before; n != 0 {
		t.Errorf("%d requests for what can be no user name", n)
	}
	if _, _, err := c.Find(t.Context(), "nobody@fernhill.example"); !fault.Is(err, fault.NotFound) {
		t.Errorf("nobody: %v, want not found", err)
	}
}

func TestSetPassword_OnTheEmbeddedTenant(t *testing.T) {
	w := newWorld(t, tenant.Switches{}, 100)
	c := w.resetClient(t, privileged)
	ingrid := w.person(t, "ingrid.solberg@fernhill.example")
	const good = "lampe-Wolke-7-fahrrad"
	for _, tt := range []struct {
		name, password string
		fault          map[string]any
		check          func(error) bool
	}{
		{"refused", "P@ssw0rd12", nil, func(err error) bool {
			f := fault.As(err)
			return f != nil && f.Kind == fault.Invalid && f.Key == "password.refused" && !strings.Contains(err.Error(), "P@ssw0rd")
		}},
		{"taken", good, nil, func(err error) bool { return err == nil }},
	} {
		if err := c.SetPassword(t.Context(), ingrid, tt.password); !tt.check(err) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if p, _ := w.Tenant().Person(ingrid.Object); p.Password != good {
		t.Errorf("the password is %q", p.Password)
	}
	if may, err := c.MaySetPasswords(t.Context()); !may || err != nil {
		t.Errorf("MaySetPasswords = %v, %v", may, err)
	}
	c = w.resetClient(t, "User Administrator")
	if err := c.SetPassword(t.Context(), ingrid, good+"2"); !fault.Is(err, fault.Forbidden) {
		t.Errorf("with too small a role: %v, want forbidden", err)
	}
	if may, err := c.MaySetPasswords(t.Context()); may || err != nil {
		t.Errorf("MaySetPasswords with too small a role = %v, %v", may, err)
	}
	for name, other := range map[string]*graph.Client{"web": w.web, "worker": w.worker} {
		if err := other.SetPassword(t.Context(), ingrid, good+"3"); !fault.Is(err, fault.Forbidden) {
			t.Errorf("by the %s registration: %v, want forbidden (OID-6)", name, err)
		}
	}
}

func TestResetAllowed(t *testing.T) {
	w := newWorld(t, tenant.Switches{}, 100)
	c := w.resetClient(t)
	for _, want := range []bool{true, false} {
		if err := w.Tenant().UpdatePolicies(func(p *tenant.Policies) { p.ResetForAdministrators = want }); err != nil {
			t.Fatal(err)
		}
		if got, err := c.ResetAllowed(t.Context()); got != want || err != nil {
			t.Errorf("ResetAllowed = %v, %v, want %v", got, err, want)
		}
	}
}

func TestChangedContacts_CHG11(t *testing.T) {
	for _, switches := range []tenant.Switches{{MethodCalls: -1}, {MethodCalls: -1, LogNamesNothing: true}} {
		w := newWorld(t, switches, 1000)
		c := w.resetClient(t)
		maya := w.person(t, "maya.okafor@fernhill.example")
		since := w.clock.Now().Add(-time.Hour)
		changed := func() []string {
			t.Helper()
			got, err := c.ChangedContacts(t.Context(), maya, since)
			if err != nil {
				t.Fatal(err)
			}
			var kinds []string
			for k := range got {
				kinds = append(kinds, string(k))
			}
			slices.Sort(kinds)
			return kinds
		}
		want := func(when string, named ...string) {
			t.Helper()
			if switches.LogNamesNothing && len(named) > 0 {
				named = []string{"alternate-phone", "email", "phone"}
			}
			if got := changed(); fmt.Sprint(got) != fmt.Sprint(named) {
				t.Errorf("%s: %v, want %v", when, got, named)
			}
		}
		want("at the beginning")
		if !switches.LogNamesNothing {
			if _, err := w.Tenant().AddMethod(maya.Object, tenant.Method{"@odata.type": tenant.TypeAuthenticator, "displayName": "Pixel"}); err != nil {
				t.Fatal(err)
			}
			want("after an app was added")
		}
		if _, err := w.Tenant().AddEmail(maya.Object, "maya@okafor.example", 0); err != nil {
			t.Fatal(err)
		}
		want("after an email was added", "email")
		for n := range 250 { // more than a page, and more than two
			if _, err := w.Tenant().UpdatePhone(maya.Object, tenant.MobileID, fmt.Sprintf("+1 202555%04d", n), "", 0); err != nil {
				t.Fatal(err)
			}
		}
		want("after the phone was changed", "alternate-phone", "email", "phone")
	}
	w := newWorld(t, tenant.Switches{}, 100)
	if _, err := w.web.ChangedContacts(t.Context(), w.person(t, "maya.okafor@fernhill.example"), time.Now()); !fault.Is(err, fault.Forbidden) {
		t.Errorf("without the permission: %v, want forbidden", err)
	}
}

func TestHolders(t *testing.T) {
	w := newWorld(t, tenant.Switches{}, 100)
	c := w.resetClient(t)
	all, err := c.Holders(t.Context(), directory.GlobalAdministrator, directory.PrivilegedAuthenticationAdministrator, "3a2c62db-5318-420d-8d74-23affee5d9d5")
	var names []string
	for _, o := range all {
		names = append(names, o.Account.UserPrincipalName)
	}
	slices.Sort(names)
	if want := []string{"daniel.achebe@fernhill.example", "emergency@fernhill.example", "ingrid.solberg@fernhill.example"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("Holders = %v, %v, want %v", names, err, want)
	}
}
