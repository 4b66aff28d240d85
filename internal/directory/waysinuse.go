package directory

// Why says why a method does not surely sign anybody in.
type Why string

// The reasons.
const (
	WhyResetOnly   Why = "reset-only"  // for password reset and nothing else
	WhyNotEnough   Why = "not-enough"  // one factor, where two are asked for
	WhyWeak        Why = "weak"        // not phishing-resistant, where that is asked for
	WhyUndelivered Why = "undelivered" // texts and calls are not delivered any more
	WhyOff         Why = "off"         // the tenant's policy lets nobody use it
	WhyUnstated    Why = "unstated"    // the policy lets some people use it, or does not say
	WhyUnseen      Why = "unseen"      // the directory does not show whether it works
	WhyElsewhere   Why = "elsewhere"   // another identity provider checks it
)

// Use is what a method is good for.
type Use struct {
	SignIn   Answer
	Password bool // signs in only after a password
	Here     bool // signs in at one computer alone
	Call     bool // Microsoft calls it and never texts it
	// Reset says whether the method serves Microsoft's own password reset, if the tenant has
	// switched that on; no interface tells whether it has.
	Reset Answer
	Why   Why // of a SignIn that is not Yes
}

// trait is what is always true of a kind.
type trait struct {
	sees      Answer // what its being listed says: CannotTell where it may be listed and not work
	rules     []Rule // any of them allows sign-in with it
	second    bool   // a second factor, after a password
	single    bool   // a first factor that is not enough on its own
	strong    bool   // phishing-resistant
	here      bool   // bound to one computer
	telephony bool   // somebody has to deliver a text or a call
	call      bool   // calls only
	reset     []Rule // any of them allows password reset with it
	why       Why    // of sees
}

// traitOf is the table of kinds. A kind that is not in it cannot be told. Sources are
// Microsoft's pages of the same names unless another one is given.
func traitOf(k Kind) trait {
	switch k {
	case Phone: // "Phone authentication": texted or called, for sign-in and reset
		either := []Rule{RuleText, RuleCall}
		return trait{sees: Yes, rules: either, second: true, telephony: true, reset: either}
	case AlternatePhone: // the same page: voice calls only, never for password reset
		return trait{sees: Yes, rules: []Rule{RuleCall}, second: true, telephony: true, call: true}
	case OfficePhone: // the same page: voice calls only; its own switch within Voice
		office := []Rule{RuleOfficeCall}
		return trait{sees: Yes, rules: office, second: true, telephony: true, call: true, reset: office}
	case Email: // Graph's emailAuthenticationMethod: for self-service password reset only
		return trait{sees: No, why: WhyResetOnly, reset: []Rule{RuleEmail}}
	case Authenticator: // "Microsoft Authenticator": a push after the password; in reset too
		return trait{sees: Yes, rules: []Rule{RuleAuthenticator}, second: true, reset: []Rule{RuleAuthenticator}}
	case CodeApp: // "OATH tokens"
		return trait{sees: Yes, rules: []Rule{RuleCodeApp}, second: true, reset: []Rule{RuleCodeApp}}
	case HardwareToken: // the same page: listed from assignment on, good from activation on
		return trait{sees: CannotTell, why: WhyUnseen, rules: []Rule{RuleHardwareToken}, second: true, reset: []Rule{RuleHardwareToken}}
	case Passkey: // "Passkeys (FIDO2)": alone, phishing-resistant
		return trait{sees: Yes, rules: []Rule{RulePasskey}, strong: true}
	case WindowsHello, PlatformKey: // "Windows Hello for Business", "Platform credential for macOS"
		return trait{sees: Yes, strong: true, here: true}
	case Pass: // "Temporary Access Pass": alone, but not begun, used up or over within hours
		return trait{sees: CannotTell, why: WhyUnseen, rules: []Rule{RulePass}}
	case External: // "External authentication methods": another company's answer
		return trait{sees: CannotTell, why: WhyUnseen, rules: []Rule{RuleExternal}, second: true}
	case QRCode: // "QR code": one factor, for shared devices
		return trait{sees: CannotTell, why: WhyUnseen, rules: []Rule{RuleQRCode}, single: true}
	case Password:
		return trait{sees: Yes, single: true}
	}
	return trait{sees: CannotTell, why: WhyUnseen, strong: true} // strong, for all we know
}

// UseOf answers what a method is good for under the tenant's policy and settings.
func UseOf(m Method, p Policy, s Setting) Use {
	t := traitOf(m.Kind)
	u := Use{SignIn: t.sees, Why: t.why, Password: t.second, Here: t.here || m.Holder == HeldByComputer, Call: t.call, Reset: t.resets(p, s)}
	if m.Kind == Password && s.Federated {
		u.lower(CannotTell, WhyElsewhere)
	}
	switch p.allows(t.rules) {
	case No:
		u.lower(No, WhyOff)
	case CannotTell:
		u.lower(CannotTell, WhyUnstated)
	}
	if t.telephony && !s.delivers() {
		u.lower(No, WhyUndelivered)
	}
	if t.single && s.Strength != OneFactor {
		u.lower(No, WhyNotEnough)
	}
	if !t.strong && s.Strength == PhishingResistant {
		u.lower(No, WhyWeak)
	}
	return u
}

// lower sets a lower answer with its reason; of equal ones the first stays.
func (u *Use) lower(to Answer, why Why) {
	if to < u.SignIn {
		u.SignIn, u.Why = to, why
	}
}

// resets answers whether the kind serves password reset. The reset of a federated person
// is the other provider's affair.
func (t trait) resets(p Policy, s Setting) Answer {
	switch {
	case len(t.reset) == 0 || t.telephony && !s.delivers():
		return No
	case s.Federated:
		return min(CannotTell, p.allows(t.reset))
	}
	return p.allows(t.reset)
}
