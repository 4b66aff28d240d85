package main

import (
	"strings"
	"testing"
)

// lost returns the mark and the words of the card about a lost phone.
func (v *visitor) lost() (mark, card string) {
	v.t.Helper()
	p := v.get("/")
	return strings.TrimSpace(p.Find(".lost .pill").Text()), strings.Join(strings.Fields(p.Find(".lost").Text()), " ")
}

// TestLost_SaysHowEverybodyStands: for the demo's people the page says what the emulated
// sign-in then does, and a view of it asks Microsoft nothing.
func TestLost_SaysHowEverybodyStands(t *testing.T) {
	s := startSite(t)
	for _, tt := range []struct{ who, mark, says string }{
		{"maya.okafor", "Locked out", "You would be locked out."},
		{"tomas.herrera", "Locked out", "What would be left is not enough to sign in."},
		{"priya.raman", "At risk", "Windows Hello on FERN-LT-0217 At that computer only."},
		{"jonas.lindqvist", "Fine", "Passkey: Security key on the keyring"},
		{"grace.kimani", "Fine", "From 1 February 2027 Microsoft no longer makes these calls. Then you would be locked out."},
		{"samir.haddad", "Cannot tell", "Other provider: Fernhill Guard"},
		{"nadia.petrenko", "Locked out", "Nothing on your account is enough to sign in"},
	} {
		s.advance(11e9) // each sign-in reads the directory, within the budget of everybody
		v := s.visitor()
		v.signIn(tt.who + "@fernhill.example")
		before := len(s.requests())
		if mark, card := v.lost(); mark != tt.mark || !strings.Contains(card, tt.says) || strings.Contains(card, "We cannot see which methods") {
			t.Errorf("%s: %q, %q, want %q with %q, by the tenant's own policy", tt.who, mark, card, tt.mark, tt.says)
		}
		if n := len(s.requests()) - before; n != 0 {
			t.Errorf("%s: the page cost %d calls of Microsoft, want none", tt.who, n)
		}
	}
}
