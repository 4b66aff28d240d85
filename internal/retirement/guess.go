package retirement

import (
	"slices"
	"strings"

	"rekey/internal/directory"
)

// Reason says why a method was taken to live on the old phone, or not to. The person
// decides; the reason stands beside the tick.
type Reason string

// The reasons.
const (
	ReasonNumber    Reason = "number"     // its number, which stays with it or ends
	ReasonMoves     Reason = "moves"      // the number moves to the new phone
	ReasonOther     Reason = "other"      // an alternate number is often another phone's
	ReasonOnlyApp   Reason = "only-app"   // the one Authenticator there is
	ReasonNamed     Reason = "named"      // the same phone's name as something that is on it
	ReasonUnsure    Reason = "unsure"     // several look alike: the person must say
	ReasonBound     Reason = "bound"      // a passkey that cannot leave its phone
	ReasonSynced    Reason = "synced"     // a passkey that comes along by itself
	ReasonKey       Reason = "key"        // a security key
	ReasonComputer  Reason = "computer"   // of a computer
	ReasonCodeApp   Reason = "code-app"   // codes are mostly made on the phone
	ReasonNotPhone  Reason = "not-phone"  // nothing that lives on a phone
	ReasonCannotSay Reason = "cannot-say" // a kind that nobody here knows
)

// Guess takes an inventory: every method but the password, with what it is taken to be.
// Where in doubt nothing is ticked: what is wrongly ticked would be taken off.
func Guess(methods []directory.Method, s Situation, moves Reply) []Item {
	var items []Item
	for _, m := range methods {
		if m.Kind == directory.Password || m.Kind == directory.Email {
			continue // neither lives on a phone, and the one cannot be taken off
		}
		old, why := guess(m, methods, s, moves)
		items = append(items, Item{Method: m, Old: old, Why: why})
	}
	return items
}

func guess(m directory.Method, all []directory.Method, s Situation, moves Reply) (old bool, why Reason) {
	switch m.Kind {
	case directory.Phone:
		if moves == Yes {
			return false, ReasonMoves
		}
		return true, ReasonNumber
	case directory.AlternatePhone:
		return false, ReasonOther
	case directory.Authenticator:
		return guessApp(m, all)
	case directory.CodeApp:
		return true, ReasonCodeApp
	case directory.Passkey:
		return guessPasskey(m, all)
	case directory.WindowsHello, directory.PlatformKey:
		return false, ReasonComputer
	case directory.OfficePhone, directory.HardwareToken, directory.Pass, directory.QRCode:
		return false, ReasonNotPhone
	}
	return false, ReasonCannotSay
}

// guessApp ticks an Authenticator only where there is no other one: registering the new
// phone first is what careful people do, and taking off the wrong one locks them out.
func guessApp(m directory.Method, all []directory.Method) (bool, Reason) {
	for _, other := range all {
		if other.Kind == directory.Authenticator && other.ID != m.ID {
			return false, ReasonUnsure
		}
	}
	return true, ReasonOnlyApp
}

// guessPasskey goes by what holds the key; where the directory does not say, by the name of
// the one Authenticator there is, which people see on their phone.
func guessPasskey(m directory.Method, all []directory.Method) (bool, Reason) {
	switch m.Holder {
	case directory.HeldByPhone:
		return true, ReasonBound
	case directory.HeldBySync:
		return false, ReasonSynced
	case directory.HeldByKey:
		return false, ReasonKey
	case directory.HeldByComputer:
		return false, ReasonComputer
	}
	for _, o := range all {
		if only, _ := guessApp(o, all); only && o.Kind == directory.Authenticator && sameName(o, m) {
			return true, ReasonNamed
		}
	}
	return false, ReasonUnsure
}

// sameName reports whether two methods carry the same name.
func sameName(a, b directory.Method) bool {
	return strings.TrimSpace(a.Name) != "" && strings.EqualFold(strings.TrimSpace(a.Name), strings.TrimSpace(b.Name))
}

// Alike reports whether two methods of the same kind carry the same name, so that only
// their dates and the person can tell them apart.
func Alike(m directory.Method, all []directory.Method) bool {
	return slices.ContainsFunc(all, func(o directory.Method) bool {
		return o.ID != m.ID && o.Kind == m.Kind && strings.EqualFold(strings.TrimSpace(o.Name), strings.TrimSpace(m.Name))
	})
}

// looksLike reports whether a registered device has the name or the model of something
// that lives on the old phone. Directories do not say which app runs on which device.
func (r Retirement) looksLike(d directory.Device) bool {
	for _, m := range r.OldItems() {
		for _, name := range []string{m.Name, m.Model} {
			if name = strings.TrimSpace(name); name != "" && (strings.EqualFold(name, strings.TrimSpace(d.Name)) || strings.EqualFold(name, strings.TrimSpace(d.Model))) {
				return true
			}
		}
	}
	return false
}
