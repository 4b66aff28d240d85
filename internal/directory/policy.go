package directory

import "context"

// Rule is one entry of a tenant's authentication-method policy, the tenant's own name for
// a group of methods. Source: authenticationMethodConfigurations of Graph's
// authenticationMethodsPolicy. Certificates have an entry too and are left out: no account
// lists them, so nobody can be said to have one.
type Rule string

// The rules that decide over methods which an account can list. Windows Hello and platform
// keys have none: device management decides over them.
const (
	RuleText          Rule = "Sms"
	RuleCall          Rule = "Voice"
	RuleOfficeCall    Rule = "Voice/office" // Voice with isOfficePhoneAllowed
	RuleEmail         Rule = "Email"        // password reset alone
	RulePasskey       Rule = "Fido2"
	RuleAuthenticator Rule = "MicrosoftAuthenticator"
	RulePass          Rule = "TemporaryAccessPass"
	RuleCodeApp       Rule = "SoftwareOath"
	RuleHardwareToken Rule = "HardwareOath"
	RuleExternal      Rule = "External" // any provider of the tenant's
	RuleQRCode        Rule = "QRCodePin"
)

// State says for whom a rule lets its methods be used.
type State int

// The states. The zero value is a rule that the policy does not speak of.
const (
	Unstated State = iota // cannot tell
	Off                   // for nobody
	Some                  // for groups of people: cannot tell for a person
	On                    // for everybody
)

// Policy is what a tenant lets people sign in with. It decides over use and not over what
// can be stored: a method that is off may well be on the account.
//
// The zero value is a policy that nobody could read. Its methods count as usable, because
// they were registered under some policy; whoever shows ways in says so (Ways.Assumed).
type Policy struct {
	Known bool
	Rules map[Rule]State
}

// allows answers whether a person may use a method that falls under any of the rules.
func (p Policy) allows(rules []Rule) Answer {
	if !p.Known || len(rules) == 0 {
		return Yes
	}
	best := No
	for _, r := range rules {
		switch p.Rules[r] {
		case On:
			return Yes
		case Off:
		default:
			best = CannotTell
		}
	}
	return best
}

// PolicyReader reads the tenant's authentication-method policy. Faults are those of
// Reader; Forbidden where this process has no permission for it, which is optional.
type PolicyReader interface {
	Policy(ctx context.Context) (Policy, error)
}
