package directory

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func passkey(h Holder) Method { return Method{ID: "k", Kind: Passkey, Holder: h} }

// with is account with methods besides.
func with(more []Method, kinds ...Kind) []Method { return append(account(kinds...), more...) }

// showAdd writes remedies as "passkey, alternate-phone for a while".
func showAdd(add []Remedy) string {
	var texts []string
	for _, r := range add {
		text := string(r.Kind)
		if !r.Lasts {
			text += " for a while"
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ", ")
}

// Every kind beside a password and a phone, under a policy that allows everything, in each
// setting: what is left of it once the phone is gone.
func TestPhoneLost_EveryKind(t *testing.T) {
	now, after, provider, federated, strong, single := settings()
	tests := []struct {
		kind                                             Kind
		now, after, provider, federated, strong, oneOnly Standing
	}{
		{Phone, LockedOut, LockedOut, LockedOut, Unclear, LockedOut, Fine},
		{AlternatePhone, Fine, LockedOut, Fine, Unclear, LockedOut, Fine},
		{OfficePhone, Fine, LockedOut, Fine, Unclear, LockedOut, Fine},
		{Email, LockedOut, LockedOut, LockedOut, Unclear, LockedOut, Fine},
		{Authenticator, LockedOut, LockedOut, LockedOut, Unclear, LockedOut, Fine},
		{CodeApp, LockedOut, LockedOut, LockedOut, Unclear, LockedOut, Fine},
		{HardwareToken, Unclear, Unclear, Unclear, Unclear, LockedOut, Fine},
		{Passkey, Unclear, Unclear, Unclear, Unclear, Unclear, Fine}, // of which nobody says what holds it
		{WindowsHello, AtRisk, AtRisk, AtRisk, AtRisk, AtRisk, Fine},
		{PlatformKey, AtRisk, AtRisk, AtRisk, AtRisk, AtRisk, Fine},
		{Pass, Unclear, Unclear, Unclear, Unclear, LockedOut, Fine},
		{External, Unclear, Unclear, Unclear, Unclear, LockedOut, Fine},
		{QRCode, LockedOut, LockedOut, LockedOut, Unclear, LockedOut, Fine},
		{Password, LockedOut, LockedOut, LockedOut, Unclear, LockedOut, Fine},
		{Unknown, Unclear, Unclear, Unclear, Unclear, Unclear, Fine},
		{"invented", Unclear, Unclear, Unclear, Unclear, Unclear, Fine},
	}
	for _, tt := range tests {
		for name, c := range map[string]struct {
			setting Setting
			want    Standing
		}{"now": {now, tt.now}, "after": {after, tt.after}, "provider": {provider, tt.provider}, "federated": {federated, tt.federated},
			"strong": {strong, tt.strong}, "one factor": {single, tt.oneOnly}} {
			for _, p := range []Policy{{}, all(On, nil)} {
				if got := PhoneLost(account(Password, Phone, tt.kind), p, c.setting); got.Standing != c.want || got.Assumed == p.Known {
					t.Errorf("PhoneLost(password, phone and %s, known %v, %s) = %s, assumed %v, want %s", tt.kind, p.Known, name, got.Standing, got.Assumed, c.want)
				}
			}
		}
	}
	if len(tests) != len(kinds()) {
		t.Errorf("%d kinds tested, want all %d", len(tests), len(kinds()))
	}
}

func TestPhoneLost_Holders(t *testing.T) {
	now, after, _, federated, strong, _ := settings()
	for holder, want := range map[Holder]Standing{HeldByPhone: LockedOut, HeldByComputer: AtRisk, HeldByKey: Fine, HeldBySync: Fine, "": Unclear, "new": Unclear} {
		for name, s := range map[string]Setting{"now": now, "after": after, "strong": strong, "federated": federated} {
			want := want
			if name == "federated" && want == LockedOut {
				want = Unclear
			}
			if got := PhoneLost(with([]Method{passkey(holder)}, Password, Phone), Policy{}, s).Standing; got != want {
				t.Errorf("PhoneLost(passkey held by %q, %s) = %s, want %s", holder, name, got, want)
			}
		}
	}
}

// What the tenant's policy says of a kind decides over what is left.
func TestPhoneLost_Policy(t *testing.T) {
	now, _, _, _, _, _ := settings()
	key := []Method{passkey(HeldByKey)}
	tests := []struct {
		name  string
		has   []Method
		rule  Rule
		state State
		want  Standing
		add   string
	}{
		{"passkeys on", with(key, Password, Phone), RulePasskey, On, Fine, ""},
		{"passkeys off", with(key, Password, Phone), RulePasskey, Off, LockedOut, "alternate-phone for a while"},
		{"passkeys for some", with(key, Password, Phone), RulePasskey, Some, Unclear, "alternate-phone for a while"},
		{"passkeys not spoken of", with(key, Password, Phone), RulePasskey, Unstated, Unclear, "alternate-phone for a while"},
		{"calls off", account(Password, Phone, AlternatePhone), RuleCall, Off, LockedOut, "passkey"},
		{"calls for some", account(Password, Phone, AlternatePhone), RuleCall, Some, Unclear, "passkey"},
		{"texts off, calls not", account(Password, Phone, AlternatePhone), RuleText, Off, Fine, "passkey"},
		{"calls off, so no alternate phone", account(Password, Phone), RuleCall, Off, LockedOut, "passkey"},
		{"calls to desks off", account(Password, Phone, OfficePhone), RuleOfficeCall, Off, LockedOut, "passkey, alternate-phone for a while"},
		{"tokens off", account(Password, Phone, HardwareToken), RuleHardwareToken, Off, LockedOut, "passkey, alternate-phone for a while"},
		{"no policy over computers", account(Password, Phone, WindowsHello), RulePasskey, Off, AtRisk, "alternate-phone for a while"},
		{"Authenticator off: it is lost anyway", account(Password, Phone, Authenticator), RuleAuthenticator, Off, LockedOut, "passkey, alternate-phone for a while"},
	}
	for _, tt := range tests {
		got := PhoneLost(tt.has, all(On, map[Rule]State{tt.rule: tt.state}), now)
		if got.Standing != tt.want || showAdd(got.Add) != tt.add {
			t.Errorf("PhoneLost(%s) = %s, add %q, want %s, add %q", tt.name, got.Standing, showAdd(got.Add), tt.want, tt.add)
		}
	}
}

// The end of Microsoft's texts and calls is said before it comes.
func TestPhoneLost_Later(t *testing.T) {
	now, after, provider, federated, _, _ := settings()
	tests := []struct {
		name            string
		has             []Method
		setting         Setting
		standing, later Standing
		add             string
	}{
		{"an alternate phone is good until then", account(Password, Phone, AlternatePhone), now, Fine, LockedOut, "passkey"},
		{"and no longer", account(Password, Phone, AlternatePhone), after, LockedOut, LockedOut, "passkey"},
		{"unless somebody delivers", account(Password, Phone, AlternatePhone), provider, Fine, Fine, ""},
		{"a key stays", with([]Method{passkey(HeldByKey)}, Password, Phone), now, Fine, Fine, ""},
		{"the computer alone", account(Password, Phone, WindowsHello), now, AtRisk, AtRisk, "passkey, alternate-phone for a while"},
		{"the computer alone, after", account(Password, Phone, WindowsHello), after, AtRisk, AtRisk, "passkey"},
		{"the computer, and calls until then", account(Password, Phone, AlternatePhone, WindowsHello), now, Fine, AtRisk, "passkey"},
		{"a number and nothing else", account(Password, Phone), provider, LockedOut, LockedOut, "passkey, alternate-phone"},
		{"without any phone there can be no other one", account(Password, Email), now, LockedOut, LockedOut, "passkey"},
		{"another provider has the password", account(Phone), federated, Unclear, Unclear, "passkey"},
		{"nothing at all", nil, now, LockedOut, LockedOut, "passkey"},
	}
	for _, tt := range tests {
		got := PhoneLost(tt.has, Policy{}, tt.setting)
		if got.Standing != tt.standing || got.Later != tt.later || showAdd(got.Add) != tt.add {
			t.Errorf("PhoneLost(%s) = %s, later %s, add %q, want %s, later %s, add %q", tt.name, got.Standing, got.Later, showAdd(got.Add), tt.standing, tt.later, tt.add)
		}
	}
	last := now
	last.Now = DeliveryEnds().Add(-1)
	if got := PhoneLost(account(Password, Phone, AlternatePhone), Policy{}, last); got.Standing != Fine || got.Later != LockedOut {
		t.Errorf("PhoneLost at the last moment = %s, later %s, want fine and then locked out", got.Standing, got.Later)
	}
}

// A number that rings the same handset is lost with it.
func TestPhoneLost_TheSameNumberTwice(t *testing.T) {
	now, _, _, _, _, _ := settings()
	for _, kind := range []Kind{AlternatePhone, OfficePhone} {
		for number, want := range map[string]Standing{"+12025550142": LockedOut, "+12025550143": Fine, "": Fine} {
			has := []Method{{ID: "1", Kind: Password}, {ID: "2", Kind: Phone, Value: "+12025550142"}, {ID: "3", Kind: kind, Value: number}}
			if got := PhoneLost(has, Policy{}, now).Standing; got != want {
				t.Errorf("PhoneLost(%s with %q beside a phone) = %s, want %s", kind, number, got, want)
			}
		}
	}
}

func TestPhoneLost_WhatGoesAndWhatStays(t *testing.T) {
	now, _, _, _, _, _ := settings()
	has := with([]Method{passkey(""), {ID: "p", Kind: Passkey, Holder: HeldByPhone}}, Password, Phone, AlternatePhone, Email, Authenticator, WindowsHello, HardwareToken, External)
	got := PhoneLost(has, all(On, map[Rule]State{RuleOfficeCall: Off}), now)
	list := func(methods []Method) (texts []string) {
		for _, m := range methods {
			texts = append(texts, string(m.Kind))
		}
		return texts
	}
	var stays []string
	for _, s := range got.Stays {
		stays = append(stays, fmt.Sprintf("%s %s %s", s.Method.Kind, s.Use.SignIn, s.Use.Why))
	}
	if gone := list(got.Gone); !slices.Equal(gone, []string{"phone", "authenticator", "passkey"}) {
		t.Errorf("gone = %q", gone)
	}
	if maybe := list(got.Maybe); !slices.Equal(maybe, []string{"external", "passkey"}) {
		t.Errorf("maybe = %q", maybe)
	}
	want := []string{"password no not-enough", "alternate-phone yes ", "email no reset-only", "windows-hello yes ", "hardware-token cannot tell unseen"}
	if !slices.Equal(stays, want) || got.Ways != 2 {
		t.Errorf("stays = %q with %d ways, want %q with 2", stays, got.Ways, want)
	}
	_, _, _, federated, _, _ := settings()
	if s := PhoneLost(account(Phone, AlternatePhone), Policy{}, federated).Stays; len(s) != 1 || s[0].Use.SignIn != CannotTell || s[0].Use.Why != WhyElsewhere {
		t.Errorf("where the password is elsewhere %+v stays, want an alternate phone of which nobody can tell", s)
	}
	bare := PhoneLost(account(Phone, AlternatePhone), Policy{}, now)
	if len(bare.Stays) != 1 || bare.Stays[0].Use.SignIn != No || bare.Stays[0].Use.Why != WhyNotEnough {
		t.Errorf("without a password %+v stays, want an alternate phone that signs nobody in", bare.Stays)
	}
}

func TestPhoneLost_Properties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		methods, p, s := world(t)
		for i := range methods {
			methods[i].Holder = rapid.SampledFrom([]Holder{"", HeldByPhone, HeldByComputer, HeldByKey, HeldBySync}).Draw(t, "holder")
		}
		got := PhoneLost(methods, p, s)
		if n := len(got.Gone) + len(got.Maybe) + len(got.Stays); n != len(methods) {
			t.Fatalf("PhoneLost(%v) tells of %d methods", methods, n)
		}
		if (got.Standing == Fine || got.Standing == AtRisk) != (got.Ways > 0) {
			t.Fatalf("PhoneLost(%v) = %s with %d ways", methods, got.Standing, got.Ways)
		}
		if got.Later.worse(got.Standing) == got.Standing.worse(got.Later) && got.Later != got.Standing {
			t.Fatalf("PhoneLost(%v) = %s, later %s: standings have an order", methods, got.Standing, got.Later)
		}
		if got.Standing.worse(got.Later) {
			t.Fatalf("PhoneLost(%v) = %s, later %s: the end of the texts makes nothing better", methods, got.Standing, got.Later)
		}
		// Nothing that may be lost is relied on, and losing more is never better.
		lost := func(m Method) bool { return hangs(m, methods) != No }
		if WaysIn(methods, p, s, lost).Certain() != got.Ways {
			t.Fatalf("PhoneLost(%v) counts on what may be lost", methods)
		}
		if fewer := PhoneLost(slices.DeleteFunc(slices.Clone(methods), some(t, "less", methods)), p, s); got.Standing.worse(fewer.Standing) {
			t.Fatalf("PhoneLost(%v) = %s, with less on the account %s", methods, got.Standing, fewer.Standing)
		}
		if got.Standing == Fine && got.Later == Fine && len(got.Add) > 0 {
			t.Fatalf("PhoneLost(%v) = fine for good, and %v to add", methods, got.Add)
		}
	})
}
