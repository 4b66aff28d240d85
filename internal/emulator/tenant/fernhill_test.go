package tenant

import (
	"testing"

	"github.com/nyaruka/phonenumbers"
)

func TestFernhill_NumbersAreReal(t *testing.T) {
	people, handsets := Fernhill()
	check := func(who, number string) {
		n, err := phonenumbers.Parse(number, "")
		if err != nil || !phonenumbers.IsValidNumber(n) {
			t.Errorf("%s has number %q: valid = false, %v", who, number, err)
		}
	}
	for _, p := range people {
		for _, m := range p.Methods {
			if m.Type() != TypePhone {
				continue
			}
			if !ValidNumber(m.PhoneNumber()) {
				t.Errorf("ValidNumber(%q) = false", m.PhoneNumber())
			}
			check(p.DisplayName, m.PhoneNumber())
		}
	}
	for _, h := range handsets {
		check(h.Name, h.Number)
	}
}
