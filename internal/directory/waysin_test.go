package directory

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// kinds are all kinds there are, and one that nobody has heard of.
func kinds() []Kind {
	return []Kind{Phone, AlternatePhone, Email, OfficePhone, Authenticator, Passkey, WindowsHello, CodeApp, HardwareToken,
		Pass, PlatformKey, External, QRCode, Password, Unknown, "invented"}
}

func rules() []Rule {
	return []Rule{RuleText, RuleCall, RuleOfficeCall, RuleEmail, RulePasskey, RuleAuthenticator, RulePass, RuleCodeApp,
		RuleHardwareToken, RuleExternal, RuleQRCode}
}

// all is a policy in which every rule has the state, but for those that are given.
func all(state State, but map[Rule]State) Policy {
	p := Policy{Known: true, Rules: map[Rule]State{}}
	for _, r := range rules() {
		p.Rules[r] = state
	}
	for r, s := range but {
		p.Rules[r] = s
	}
	return p
}

func account(kinds ...Kind) []Method {
	var methods []Method
	for i, k := range kinds {
		methods = append(methods, Method{ID: fmt.Sprint(i), Kind: k})
	}
	return methods
}

// show writes ways in as "password+phone yes, windows-hello yes here".
func show(w Ways) string {
	var ways []string
	for _, way := range w.In {
		var used []string
		for _, m := range way.Methods {
			used = append(used, string(m.Kind))
		}
		text := strings.Join(used, "+") + " " + way.Answer.String()
		if way.Here {
			text += " here"
		}
		ways = append(ways, text)
	}
	return strings.Join(ways, ", ")
}

func settings() (now, after, provider, federated, strong, single Setting) {
	now = Setting{Now: time.Date(2027, 1, 15, 9, 0, 0, 0, time.UTC)}
	after, provider, federated, strong, single = now, now, now, now, now
	after.Now = DeliveryEnds()
	provider.Now, provider.Telephony = DeliveryEnds(), true
	federated.Federated = true
	strong.Strength, single.Strength = PhishingResistant, OneFactor
	return now, after, provider, federated, strong, single
}

// Every kind beside a password, under a policy that allows everything, in each setting.
func TestWaysIn_EveryKind(t *testing.T) {
	now, after, provider, federated, strong, single := settings()
	tests := []struct {
		kind                                             Kind
		now, after, provider, federated, strong, oneOnly string // "" is no way in beside the password
	}{
		{Phone, "password+phone yes", "", "password+phone yes", "password+phone cannot tell", "", ""},
		{AlternatePhone, "password+alternate-phone yes", "", "password+alternate-phone yes", "password+alternate-phone cannot tell", "", ""},
		{OfficePhone, "password+office-phone yes", "", "password+office-phone yes", "password+office-phone cannot tell", "", ""},
		{Email, "", "", "", "", "", ""},
		{Authenticator, "password+authenticator yes", "password+authenticator yes", "password+authenticator yes", "password+authenticator cannot tell", "", ""},
		{CodeApp, "password+code-app yes", "password+code-app yes", "password+code-app yes", "password+code-app cannot tell", "", ""},
		{HardwareToken, "password+hardware-token cannot tell", "password+hardware-token cannot tell", "password+hardware-token cannot tell", "password+hardware-token cannot tell", "", ""},
		{Passkey, "passkey yes", "passkey yes", "passkey yes", "passkey yes", "passkey yes", "passkey yes"},
		{WindowsHello, "windows-hello yes here", "windows-hello yes here", "windows-hello yes here", "windows-hello yes here", "windows-hello yes here", "windows-hello yes here"},
		{PlatformKey, "platform-key yes here", "platform-key yes here", "platform-key yes here", "platform-key yes here", "platform-key yes here", "platform-key yes here"},
		{Pass, "pass cannot tell", "pass cannot tell", "pass cannot tell", "pass cannot tell", "", "pass cannot tell"},
		{External, "password+external cannot tell", "password+external cannot tell", "password+external cannot tell", "password+external cannot tell", "", ""},
		{QRCode, "", "", "", "", "", "qr-code cannot tell"},
		{Unknown, "unknown cannot tell", "unknown cannot tell", "unknown cannot tell", "unknown cannot tell", "unknown cannot tell", "unknown cannot tell"},
		{"invented", "invented cannot tell", "invented cannot tell", "invented cannot tell", "invented cannot tell", "invented cannot tell", "invented cannot tell"},
	}
	for _, tt := range tests {
		for name, c := range map[string]struct {
			setting Setting
			want    string
			alone   string // of the password
		}{"now": {now, tt.now, ""}, "after": {after, tt.after, ""}, "provider": {provider, tt.provider, ""}, "federated": {federated, tt.federated, ""},
			"strong": {strong, tt.strong, ""}, "one factor": {single, tt.oneOnly, "password yes"}} {
			want := strings.Trim(c.alone+", "+c.want, ", ")
			for _, p := range []Policy{{}, all(On, nil)} {
				if got := show(WaysIn(account(Password, tt.kind), p, c.setting, nil)); got != want {
					t.Errorf("WaysIn(password and %s, known %v, %s) = %q, want %q", tt.kind, p.Known, name, got, want)
				}
			}
		}
	}
	if len(tests) != len(kinds())-1 {
		t.Errorf("%d kinds tested, want all %d but the password", len(tests), len(kinds())-1)
	}
}

// Without a password what begins with one is no way in; what stands alone is one.
func TestWaysIn_WithoutAPassword(t *testing.T) {
	now, _, _, federated, _, _ := settings()
	methods := account(Phone, Authenticator, Passkey)
	if got, want := show(WaysIn(methods, Policy{}, now, nil)), "passkey yes"; got != want {
		t.Errorf("WaysIn without a password = %q, want %q", got, want)
	}
	if got, want := show(WaysIn(methods, Policy{}, federated, nil)), "phone cannot tell, authenticator cannot tell, passkey yes"; got != want {
		t.Errorf("WaysIn with the password elsewhere = %q, want %q", got, want)
	}
}

func TestWaysIn_Policy(t *testing.T) {
	now, _, _, _, _, _ := settings()
	for kind, rs := range map[Kind][]Rule{
		Phone: {RuleText, RuleCall}, AlternatePhone: {RuleCall}, OfficePhone: {RuleOfficeCall}, Authenticator: {RuleAuthenticator}, CodeApp: {RuleCodeApp},
		HardwareToken: {RuleHardwareToken}, Passkey: {RulePasskey}, Pass: {RulePass}, External: {RuleExternal}, WindowsHello: nil, PlatformKey: nil, Unknown: nil,
	} {
		sure := UseOf(Method{Kind: kind}, Policy{}, now).SignIn
		for state, want := range map[State]Answer{On: Yes, Off: No, Some: CannotTell, Unstated: CannotTell} {
			but := map[Rule]State{}
			for _, r := range rs {
				but[r] = state
			}
			// The other rules say the opposite: none may decide over a kind that is not theirs.
			other := On
			if state == On {
				other = Off
			}
			if len(rs) == 0 {
				want = Yes
			}
			got := UseOf(Method{Kind: kind}, all(other, but), now).SignIn
			if want = min(want, sure); got != want {
				t.Errorf("UseOf(%s) where its rules are %d = %v, want %v", kind, state, got, want)
			}
		}
	}
	for _, but := range []map[Rule]State{{RuleText: On}, {RuleCall: On}} {
		if got := UseOf(Method{Kind: Phone}, all(Off, but), now).SignIn; got != Yes {
			t.Errorf("UseOf(phone) where only %v = %v, want yes: a text or a call is enough", but, got)
		}
	}
	if got := UseOf(Method{Kind: AlternatePhone}, all(On, map[Rule]State{RuleCall: Off}), now); got.SignIn != No || got.Why != WhyOff {
		t.Errorf("UseOf(alternate phone) where only texts are sent = %+v, want no: it is only ever called", got)
	}
}

func TestUseOf_Reasons(t *testing.T) {
	now, after, _, federated, strong, _ := settings()
	tests := []struct {
		kind    Kind
		policy  Policy
		setting Setting
		want    Why
	}{
		{Phone, Policy{}, now, ""}, {Phone, Policy{}, after, WhyUndelivered}, {Phone, all(Off, nil), after, WhyOff}, {Phone, Policy{}, strong, WhyWeak},
		{Phone, all(Some, nil), now, WhyUnstated}, {Phone, all(Some, nil), after, WhyUndelivered}, {Email, Policy{}, strong, WhyResetOnly},
		{Password, Policy{}, now, WhyNotEnough}, {Password, Policy{}, federated, WhyNotEnough}, {Pass, Policy{}, now, WhyUnseen}, {QRCode, Policy{}, now, WhyNotEnough},
		{Unknown, Policy{}, strong, WhyUnseen}, {Passkey, Policy{}, strong, ""}, {Passkey, Policy{Known: true}, now, WhyUnstated},
	}
	for _, tt := range tests {
		got := UseOf(Method{Kind: tt.kind}, tt.policy, tt.setting)
		if got.Why != tt.want || (got.SignIn == Yes) != (tt.want == "") {
			t.Errorf("UseOf(%s, %+v, %+v) = %+v, want because of %q", tt.kind, tt.policy, tt.setting, got, tt.want)
		}
	}
}

// What the rows of the contacts say (product.md, journey 1).
func TestUseOf_Reset(t *testing.T) {
	now, after, provider, federated, _, _ := settings()
	noText := all(On, map[Rule]State{RuleText: Off, RuleCall: Off})
	tests := []struct {
		kind    Kind
		policy  Policy
		setting Setting
		want    Answer
	}{
		{Phone, Policy{}, now, Yes}, {Phone, Policy{}, after, No}, {Phone, Policy{}, provider, Yes}, {Phone, noText, now, No}, {Phone, Policy{}, federated, CannotTell},
		{AlternatePhone, Policy{}, now, No}, {Email, Policy{}, now, Yes}, {Email, Policy{}, after, Yes}, {Email, all(On, map[Rule]State{RuleEmail: Off}), now, No},
		{Email, all(Some, nil), now, CannotTell}, {OfficePhone, Policy{}, now, Yes}, {Authenticator, Policy{}, after, Yes}, {CodeApp, Policy{}, now, Yes},
		{Passkey, Policy{}, now, No}, {WindowsHello, Policy{}, now, No}, {Password, Policy{}, now, No}, {Unknown, Policy{}, now, No},
	}
	for _, tt := range tests {
		if got := UseOf(Method{Kind: tt.kind}, tt.policy, tt.setting).Reset; got != tt.want {
			t.Errorf("UseOf(%s, %+v, %+v).Reset = %v, want %v", tt.kind, tt.policy, tt.setting, got, tt.want)
		}
	}
	ways := WaysIn(account(Password, Phone, AlternatePhone, Email, Passkey), Policy{}, now, nil)
	if len(ways.Reset) != 2 || ways.Reset[0].Kind != Phone || ways.Reset[1].Kind != Email {
		t.Errorf("WaysIn.Reset = %+v, want phone and email", ways.Reset)
	}
}

func TestDelivery_EndsToTheSecond(t *testing.T) {
	methods := account(Password, Phone)
	for _, tt := range []struct {
		now       time.Time
		telephony bool
		want      int
	}{
		{DeliveryEnds().Add(-time.Microsecond), false, 1}, {DeliveryEnds(), false, 0}, {DeliveryEnds().Add(time.Hour), true, 1},
		// The date is UTC: it is January still in the United States, and February already in Japan.
		{time.Date(2027, 1, 31, 20, 0, 0, 0, time.FixedZone("", -5*3600)), false, 0}, {time.Date(2027, 2, 1, 8, 0, 0, 0, time.FixedZone("", 9*3600)), false, 1},
	} {
		ways := WaysIn(methods, Policy{}, Setting{Now: tt.now, Telephony: tt.telephony}, nil)
		if ways.Certain() != tt.want {
			t.Errorf("WaysIn(password and phone) at %v, own telephony %v: %d certain, want %d", tt.now, tt.telephony, ways.Certain(), tt.want)
		}
	}
}

func TestWaysIn_Assumed(t *testing.T) {
	now, _, _, _, _, _ := settings()
	if !WaysIn(nil, Policy{}, now, nil).Assumed || WaysIn(nil, all(On, nil), now, nil).Assumed {
		t.Error("WaysIn.Assumed does not tell an unknown policy from a known one")
	}
}

func of(kinds ...Kind) func(Method) bool {
	return func(m Method) bool { return slices.Contains(kinds, m.Kind) }
}

func TestRemovalRefused_OLD2(t *testing.T) {
	now, after, provider, federated, strong, single := settings()
	tests := []struct {
		name    string
		has     []Kind
		gone    Kind
		policy  Policy
		setting Setting
		want    bool
	}{
		{"nothing but a phone", []Kind{Password, Phone}, Phone, Policy{}, now, true},
		{"an address beside it lets nobody in", []Kind{Password, Phone, Email}, Phone, Policy{}, now, true},
		{"an address is never a way in", []Kind{Password, Email}, Email, Policy{}, now, false},
		{"an address beside the last way in", []Kind{Password, Phone, Email}, Email, Policy{}, now, false},
		{"the Authenticator stays", []Kind{Password, Phone, Authenticator}, Phone, Policy{}, now, false},
		{"the Authenticator may not be used", []Kind{Password, Phone, Authenticator}, Phone, all(On, map[Rule]State{RuleAuthenticator: Off}), now, true},
		{"the Authenticator is for some people", []Kind{Password, Phone, Authenticator}, Phone, all(On, map[Rule]State{RuleAuthenticator: Some}), now, true},
		{"a passkey stays", []Kind{Password, Phone, Passkey}, Phone, Policy{}, now, false},
		{"Windows Hello stays", []Kind{Password, Phone, WindowsHello}, Phone, Policy{}, now, false},
		{"a pass is over soon", []Kind{Password, Phone, Pass}, Phone, Policy{}, now, true},
		{"another company's app cannot be told", []Kind{Password, Phone, External}, Phone, Policy{}, now, true},
		{"a hardware token may wait for its activation", []Kind{Password, Phone, HardwareToken}, Phone, Policy{}, now, true},
		{"an unknown kind cannot be told", []Kind{Password, Phone, Unknown}, Phone, Policy{}, now, true},
		{"a QR code is one factor", []Kind{Password, Phone, QRCode}, Phone, Policy{}, now, true},
		{"the desk phone stays", []Kind{Password, Phone, OfficePhone}, Phone, Policy{}, now, false},
		{"the alternate phone goes, the phone stays", []Kind{Password, Phone, AlternatePhone}, AlternatePhone, Policy{}, now, false},
		{"so too when texts are not delivered any more", []Kind{Password, Phone, AlternatePhone}, AlternatePhone, Policy{}, after, false},
		{"not delivered, but perhaps they are", []Kind{Password, Phone}, Phone, Policy{}, after, true},
		{"not delivered, and the Authenticator stays", []Kind{Password, Phone, Authenticator}, Phone, Policy{}, after, false},
		{"not delivered, so the desk phone is no help", []Kind{Password, Authenticator, OfficePhone}, Authenticator, Policy{}, after, true},
		{"delivered by a provider of the tenant's own", []Kind{Password, Authenticator, OfficePhone}, Authenticator, Policy{}, provider, false},
		{"texts and calls are off for good", []Kind{Password, Phone}, Phone, all(On, map[Rule]State{RuleText: Off, RuleCall: Off}), now, false},
		{"too weak here, but perhaps good elsewhere", []Kind{Password, Phone}, Phone, Policy{}, strong, true},
		{"too weak both", []Kind{Password, Phone, Authenticator}, Phone, Policy{}, strong, false},
		{"the only strong one", []Kind{Password, Phone, Passkey}, Passkey, Policy{}, strong, true},
		{"a password that is enough, as we were told", []Kind{Password, Phone}, Phone, Policy{}, single, true},
		{"federated, nothing else", []Kind{Phone}, Phone, Policy{}, federated, true},
		{"federated, the Authenticator stays", []Kind{Phone, Authenticator}, Phone, Policy{}, federated, false},
		{"nothing goes", []Kind{Password}, Phone, Policy{}, now, false},
		{"nothing there", nil, Phone, Policy{}, now, false},
		{"a phone without a password signs nobody in", []Kind{Phone}, Phone, Policy{}, now, false},
	}
	for _, tt := range tests {
		if got := RemovalRefused(account(tt.has...), of(tt.gone), tt.policy, tt.setting); got != tt.want {
			t.Errorf("RemovalRefused(%s): %v without %s = %v, want %v", tt.name, tt.has, tt.gone, got, tt.want)
		}
	}
}

func TestRemovalRefused_TheMethodsOfOneHandset(t *testing.T) {
	now, _, _, _, _, _ := settings()
	methods := account(Password, Phone, Authenticator, Authenticator)
	for gone, want := range map[string]bool{"1": false, "1 2": false, "1 2 3": true, "2 3": false} {
		got := RemovalRefused(methods, func(m Method) bool { return strings.Contains(gone, m.ID) }, Policy{}, now)
		if got != want {
			t.Errorf("RemovalRefused(methods %s of four) = %v, want %v", gone, got, want)
		}
	}
}

// world draws a person, a tenant and a setting.
func world(t *rapid.T) ([]Method, Policy, Setting) {
	var methods []Method
	for i, k := range rapid.SliceOfN(rapid.SampledFrom(kinds()), 0, 8).Draw(t, "kinds") {
		methods = append(methods, Method{ID: fmt.Sprint(i), Kind: k})
	}
	p := Policy{Known: rapid.Bool().Draw(t, "known"), Rules: map[Rule]State{}}
	for _, r := range rules() {
		p.Rules[r] = State(rapid.IntRange(int(Unstated), int(On)).Draw(t, string(r)))
	}
	s := Setting{Now: DeliveryEnds().Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "hours")) * time.Hour), Telephony: rapid.Bool().Draw(t, "telephony"),
		Federated: rapid.Bool().Draw(t, "federated"), Strength: Strength(rapid.IntRange(int(SecondFactor), int(PhishingResistant)).Draw(t, "strength"))}
	return methods, p, s
}

// some draws a choice among methods.
func some(t *rapid.T, name string, methods []Method) func(Method) bool {
	var ids []string
	for _, m := range methods {
		if rapid.Bool().Draw(t, name+m.ID) {
			ids = append(ids, m.ID)
		}
	}
	return func(m Method) bool { return slices.Contains(ids, m.ID) }
}

func TestWaysIn_Properties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		methods, p, s := world(t)
		few := some(t, "few", methods)
		extra := some(t, "extra", methods)
		more := func(m Method) bool { return few(m) || extra(m) }
		kept := slices.Clone(methods)
		before, after := WaysIn(methods, p, s, few), WaysIn(methods, p, s, more)
		if after.Certain() > before.Certain() || len(after.In) > len(before.In) || len(after.Reset) > len(before.Reset) {
			t.Fatalf("WaysIn without more of %v = %s, without fewer %s: want no more ways", methods, show(after), show(before))
		}
		if !slices.Equal(methods, kept) {
			t.Fatalf("WaysIn changed the methods it was given")
		}
		for _, way := range before.In {
			if slices.ContainsFunc(way.Methods, few) || way.Answer == No || len(way.Methods) == 0 {
				t.Fatalf("WaysIn(%v) = %s, with a way that uses what is left out, or none at all", methods, show(before))
			}
			if way.Answer == Yes && slices.ContainsFunc(way.Methods, of(Unknown, "invented", Email, Pass, External, QRCode, HardwareToken)) {
				t.Fatalf("WaysIn(%v) = %s, want nothing certain of what cannot be told", methods, show(before))
			}
		}
		unknown := append(slices.Clone(methods), Method{ID: "u", Kind: Unknown})
		if got := WaysIn(unknown, p, s, few).Certain(); got != before.Certain() {
			t.Fatalf("WaysIn with an unknown method besides = %d certain, want %d", got, before.Certain())
		}
	})
}

func TestRemovalRefused_Properties_OLD2(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		methods, p, s := world(t)
		gone := some(t, "gone", methods)
		refused := RemovalRefused(methods, gone, p, s)
		before, after := WaysIn(methods, p, s, nil), WaysIn(methods, p, s, gone)
		if !s.Federated && before.Certain() > 0 && after.Certain() == 0 && !refused {
			t.Fatalf("RemovalRefused(%v) = false, and it takes the last certain way in: %s before, %s after", methods, show(before), show(after))
		}
		if refused && !slices.ContainsFunc(methods, gone) {
			t.Fatalf("RemovalRefused(%v) = true although nothing goes", methods)
		}
		if RemovalRefused(methods, of(Email), p, s) {
			t.Fatalf("RemovalRefused(%v, the address) = true, want an address always let go", methods)
		}
		more := append(slices.Clone(methods), Method{ID: "k", Kind: WindowsHello})
		if RemovalRefused(more, gone, p, s) {
			t.Fatalf("RemovalRefused(%v) = true although a key of the computer stays", more)
		}
	})
}
