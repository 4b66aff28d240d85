package tenant

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"rekey/internal/clock"
)

// one is a tenant with a person who has a password and the methods given.
func one(t *testing.T, sw Switches, methods ...Method) (*Tenant, *clock.Movable) {
	t.Helper()
	c := clock.NewMovable(clock.Func(func() time.Time { return time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC) }), 0)
	f := &founding{}
	f.person("ann", "Ann", "Example", "Somebody.", methods...)
	made, err := New(Options{Clock: c, Switches: sw, People: f.people, Handsets: f.handsets})
	if err != nil {
		t.Fatal(err)
	}
	return made, c
}

const (
	ann     = "ann@fernhill.example"
	mobile  = "+1 4255550142"
	another = "+1 4255550143"
)

// status is the HTTP status of a refusal, 0 for none.
func status(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

func TestRules(t *testing.T) {
	has := []Method{phone("mobile", mobile)}
	both := []Method{phone("mobile", mobile), phone("alternateMobile", another)}
	for _, c := range []struct {
		name    string
		sw      Switches
		methods []Method
		do      func(*Tenant) error
		want    int
	}{
		{"add the first phone", Switches{}, nil, func(t *Tenant) error { _, err := t.AddPhone(ann, mobile, "mobile", 0); return err }, 0},
		{"add a type twice", Switches{}, has, func(t *Tenant) error { _, err := t.AddPhone(ann, another, "mobile", 0); return err }, 400},
		{"add a type twice, conflict", Switches{DuplicateIsConflict: true}, has, func(t *Tenant) error { _, err := t.AddPhone(ann, another, "mobile", 0); return err }, 409},
		{"alternate without phone", Switches{}, nil, func(t *Tenant) error { _, err := t.AddPhone(ann, another, "alternateMobile", 0); return err }, 400},
		{"alternate beside phone", Switches{}, has, func(t *Tenant) error { _, err := t.AddPhone(ann, another, "alternateMobile", 0); return err }, 0},
		{"same number twice", Switches{}, has, func(t *Tenant) error { _, err := t.AddPhone(ann, mobile, "alternateMobile", 0); return err }, 0},
		{"same number twice, refused", Switches{NumberOnce: true}, has, func(t *Tenant) error { _, err := t.AddPhone(ann, mobile, "alternateMobile", 0); return err }, 400},
		{"unknown type", Switches{}, nil, func(t *Tenant) error { _, err := t.AddPhone(ann, mobile, "pager", 0); return err }, 400},
		{"number without space", Switches{}, nil, func(t *Tenant) error { _, err := t.AddPhone(ann, "+14255550142", "mobile", 0); return err }, 400},
		{"number without space, let in", Switches{NumberWithoutSpace: true}, nil, func(t *Tenant) error { _, err := t.AddPhone(ann, "+14255550142", "mobile", 0); return err }, 0},
		{"policy off", Switches{PhonePolicyOff: true}, nil, func(t *Tenant) error { _, err := t.AddPhone(ann, mobile, "mobile", 0); return err }, 403},
		{"unknown person", Switches{}, nil, func(t *Tenant) error { _, err := t.AddPhone("bob", mobile, "mobile", 0); return err }, 404},
		{"change in place", Switches{}, has, func(t *Tenant) error { _, err := t.UpdatePhone(ann, MobileID, another, "mobile", 0); return err }, 0},
		{"change the type", Switches{}, has, func(t *Tenant) error { _, err := t.UpdatePhone(ann, MobileID, another, "office", 0); return err }, 400},
		{"change what is not there", Switches{}, nil, func(t *Tenant) error { _, err := t.UpdatePhone(ann, MobileID, another, "", 0); return err }, 404},
		{"change what is not there, 400", Switches{MissingIsBadRequest: true}, nil, func(t *Tenant) error { _, err := t.UpdatePhone(ann, MobileID, another, "", 0); return err }, 400},
		{"change a password as a phone", Switches{}, nil, func(t *Tenant) error { _, err := t.UpdatePhone(ann, PasswordID, another, "", 0); return err }, 404},
		{"delete phone under alternate", Switches{}, both, func(t *Tenant) error { return t.DeleteMethod(ann, TypePhone, MobileID, 0) }, 400},
		{"delete alternate", Switches{}, both, func(t *Tenant) error { return t.DeleteMethod(ann, TypePhone, AlternateMobileID, 0) }, 0},
		{"delete the last default", Switches{}, has, func(t *Tenant) error { return t.DeleteMethod(ann, TypePhone, MobileID, 0) }, 0},
		{"delete the last default, refused", Switches{LastDefaultStays: true}, has, func(t *Tenant) error { return t.DeleteMethod(ann, TypePhone, MobileID, 0) }, 400},
		{"delete the default of several", Switches{}, []Method{phone("mobile", mobile), oath("ann")}, func(t *Tenant) error { return t.DeleteMethod(ann, TypePhone, MobileID, 0) }, 400},
		{"delete by the wrong kind", Switches{}, has, func(t *Tenant) error { return t.DeleteMethod(ann, TypeFIDO2, MobileID, 0) }, 404},
		{"add an email", Switches{}, nil, func(t *Tenant) error { _, err := t.AddEmail(ann, "ann@home.example", 0); return err }, 0},
		{"add two emails", Switches{}, []Method{email("ann@home.example")}, func(t *Tenant) error { _, err := t.AddEmail(ann, "b@home.example", 0); return err }, 400},
		{"add no address", Switches{}, nil, func(t *Tenant) error { _, err := t.AddEmail(ann, "ann at home", 0); return err }, 400},
		{"change an email", Switches{}, []Method{email("ann@home.example")}, func(t *Tenant) error { _, err := t.UpdateEmail(ann, EmailID, "b@home.example", 0); return err }, 0},
		{"change an email that is not there", Switches{}, nil, func(t *Tenant) error { _, err := t.UpdateEmail(ann, EmailID, "b@home.example", 0); return err }, 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			made, _ := one(t, c.sw, c.methods...)
			before, _ := made.Person(ann)
			err := c.do(made)
			if got := status(err); got != c.want || (err == nil) != (c.want == 0) {
				t.Errorf("%s = %v, want status %d", c.name, err, c.want)
			}
			after, _ := made.Person(ann)
			if same := sameMethods(before.Methods, after.Methods); same != (c.want != 0) {
				t.Errorf("%s: methods unchanged = %v, want %v", c.name, same, c.want != 0)
			}
		})
	}
}

func TestDefault_TheFirstBecomesIt(t *testing.T) {
	for _, c := range []struct {
		sw   Switches
		want int
	}{{Switches{}, 400}, {Switches{NoDefaultByItself: true}, 0}} {
		made, _ := one(t, c.sw)
		if _, err := made.AddPhone(ann, mobile, "mobile", 0); err != nil {
			t.Fatal(err)
		}
		if _, err := made.AddMethod(ann, Method{"@odata.type": TypeAuthenticator, "displayName": "Pixel 9"}); err != nil {
			t.Fatal(err)
		}
		if got := status(made.DeleteMethod(ann, TypePhone, MobileID, 0)); got != c.want {
			t.Errorf("DeleteMethod of the first = %d with %+v, want %d", got, c.sw, c.want)
		}
	}
}

func sameMethods(a, b []Method) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].ID() != b[i].ID() || a[i].PhoneNumber() != b[i].PhoneNumber() || a[i].EmailAddress() != b[i].EmailAddress() {
			return false
		}
	}
	return true
}

func TestValidNumber(t *testing.T) {
	for number, want := range map[string]bool{
		"+1 4255550142": true, "+1 4255550142x123": true, "+44 1632960001": true, "+14255550142": false, "1 4255550142": false,
		"+1 425 5550142": false, "+1 4255550142x": false, "+0 4255550142": false, "": false, "+1 12": false, "+1 425555014212345": false,
	} {
		if got := ValidNumber(number); got != want {
			t.Errorf("ValidNumber(%q) = %v, want %v", number, got, want)
		}
	}
}

func TestGraphNumber(t *testing.T) {
	for number, want := range map[string]string{
		"+14255550142": "+1 4255550142", "+46701740612": "+46 701740612", "+353201234567": "+353 201234567", "+1 4255550142": "+1 4255550142", "rubbish": "rubbish",
	} {
		if got := GraphNumber(number); got != want {
			t.Errorf("GraphNumber(%q) = %q, want %q", number, got, want)
		}
	}
}

func TestVisibleMethods_Lag(t *testing.T) {
	made, c := one(t, Switches{}, phone("mobile", mobile))
	if _, err := made.UpdatePhone(ann, MobileID, another, "", 30*time.Second); err != nil {
		t.Fatal(err)
	}
	read := func() string {
		methods, _ := made.VisibleMethods(ann)
		return Person{Methods: methods}.Methods[1].PhoneNumber()
	}
	p, _ := made.Person(ann)
	if m, _ := p.Phone("mobile"); m.PhoneNumber() != another {
		t.Errorf("Person after a write = %q, want %q", m.PhoneNumber(), another)
	}
	c.Advance(29 * time.Second)
	if got := read(); got != mobile {
		t.Errorf("VisibleMethods after 29 s = %q, want %q", got, mobile)
	}
	if _, err := made.UpdatePhone(ann, MobileID, "+1 4255550144", "", 30*time.Second); err != nil {
		t.Fatal(err)
	}
	c.Advance(time.Second)
	if got := read(); got != another {
		t.Errorf("VisibleMethods after 30 s = %q, want the first write's %q", got, another)
	}
	c.Advance(29 * time.Second)
	if got := read(); got != "+1 4255550144" {
		t.Errorf("VisibleMethods after 59 s = %q, want the second write's", got)
	}
}

func TestAddMethod(t *testing.T) {
	made, _ := one(t, Switches{})
	m, err := made.AddMethod(ann, Method{"@odata.type": TypePhone, "phoneNumber": "+14255550142", "phoneType": "mobile"})
	if err != nil || m.PhoneNumber() != mobile || m.ID() != MobileID {
		t.Errorf("AddMethod(phone) = %v, %v", m, err)
	}
	m, err = made.AddMethod(ann, Method{"@odata.type": TypeAuthenticator, "displayName": "Pixel 9"})
	if err != nil || m.ID() == "" || m["createdDateTime"] != nil {
		t.Errorf("AddMethod(authenticator) = %v, %v, want an id and no date", m, err)
	}
	p, _ := made.Person(ann)
	if h, ok := made.HandsetOf(p.ID, m); !ok || !h.Working {
		t.Errorf("HandsetOf(authenticator) = %v, %v, want a handset that works", h, ok)
	}
	m, err = made.AddMethod(ann, Method{"@odata.type": "#microsoft.graph.telepathyAuthenticationMethod"})
	if err != nil || m.ID() == "" || m["createdDateTime"] == nil {
		t.Errorf("AddMethod(unknown kind) = %v, %v, want an id and a date", m, err)
	}
	if _, err := made.AddMethod(ann, Method{"@odata.type": "telepathy"}); status(err) != http.StatusBadRequest {
		t.Errorf("AddMethod without a type = %v, want 400", err)
	}
	if _, err := made.AddMethod(ann, nil); status(err) != http.StatusBadRequest {
		t.Errorf("AddMethod(nil) = %v, want 400", err)
	}
}
