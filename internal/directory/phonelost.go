package directory

import "slices"

// Standing is how somebody stands without their phone.
type Standing string

// The standings, from the best to the worst.
const (
	Fine      Standing = "fine"       // what surely works, works anywhere
	AtRisk    Standing = "at-risk"    // what surely works, works at some computers alone
	Unclear   Standing = "unclear"    // something may work, nothing surely does
	LockedOut Standing = "locked-out" // nothing works
)

// worse reports whether a standing is worse than another one.
func (s Standing) worse(than Standing) bool {
	order := []Standing{Fine, AtRisk, Unclear, LockedOut}
	return slices.Index(order, s) > slices.Index(order, than)
}

// Loss is what losing the phone would come to.
type Loss struct {
	Standing Standing
	// Later is the standing from DeliveryEnds on, the same where nothing changes then.
	Later Standing
	Gone  []Method // they hang on the phone
	Maybe []Method // they may: the directory does not say
	Stays []Stay   // all others
	// Ways is how many ways in surely stay.
	Ways int
	// Add lists what would better Standing or Later: what lasts comes first.
	Add []Remedy
	// Assumed says that the tenant's policy is not known and was taken to allow everything,
	// in what stays and in what could be added.
	Assumed bool
}

// Stay is a method that would be left, and what it would be good for then.
type Stay struct {
	Method Method
	Use    Use // SignIn counts a missing password too
}

// Remedy is something that the person may add.
type Remedy struct {
	Kind  Kind // Passkey, one that is not on the phone, or AlternatePhone
	Lasts bool // it still helps after DeliveryEnds
}

// PhoneLost answers what a person could still sign in with if the phone were lost at this
// moment. Where the directory does not say whether a method lives on the phone, nothing
// relies on it. Number and app are taken to be on one handset: whoever has two knows more
// than the directory does.
func PhoneLost(methods []Method, p Policy, s Setting) Loss {
	later := s
	if s.delivers() && !s.Telephony {
		later.Now = DeliveryEnds()
	}
	left := WaysIn(methods, p, s, without(methods, Yes))
	loss := Loss{Standing: standing(methods, p, s), Later: standing(methods, p, later), Assumed: left.Assumed,
		Ways: WaysIn(methods, p, s, without(methods, CannotTell)).Certain()}
	for _, m := range methods {
		switch hangs(m, methods) {
		case Yes:
			loss.Gone = append(loss.Gone, m)
		case CannotTell:
			loss.Maybe = append(loss.Maybe, m)
		default:
			loss.Stays = append(loss.Stays, stay(m, left, p, s))
		}
	}
	loss.Add = remedies(methods, loss, p, s, later)
	return loss
}

// hangs answers whether a method is lost with the phone. An app of another provider and a
// kind that nobody knows may well live on it.
func hangs(m Method, methods []Method) Answer {
	switch m.Kind {
	case Phone, Authenticator, CodeApp:
		return Yes
	case AlternatePhone, OfficePhone: // the same number rings the same phone
		same := func(o Method) bool { return o.Kind == Phone && o.Value != "" && o.Value == m.Value }
		if slices.ContainsFunc(methods, same) {
			return Yes
		}
		return No
	case Passkey:
		switch m.Holder {
		case HeldByPhone:
			return Yes
		case HeldByComputer, HeldByKey, HeldBySync:
			return No
		}
		return CannotTell
	case Email, WindowsHello, PlatformKey, HardwareToken, Pass, QRCode, Password:
		return No
	}
	return CannotTell
}

// without picks the methods that hang on the phone as surely as that, or more.
func without(methods []Method, surely Answer) func(Method) bool {
	return func(m Method) bool { return hangs(m, methods) >= surely }
}

// standing judges by what surely stays, and by what may where nothing surely does. Of
// federated people nobody here knows the second factor of their own provider.
func standing(methods []Method, p Policy, s Setting) Standing {
	sure := WaysIn(methods, p, s, without(methods, CannotTell))
	switch {
	case slices.ContainsFunc(sure.In, func(w Way) bool { return w.Answer == Yes && !w.Here }):
		return Fine
	case sure.Certain() > 0:
		return AtRisk
	case s.Federated || len(WaysIn(methods, p, s, without(methods, Yes)).In) > 0:
		return Unclear
	}
	return LockedOut
}

// stay says what a method is good for among those that are left.
func stay(m Method, left Ways, p Policy, s Setting) Stay {
	use := UseOf(m, p, s)
	i := slices.IndexFunc(left.In, func(w Way) bool { return w.Methods[len(w.Methods)-1] == m })
	switch {
	case i >= 0:
		use.lower(left.In[i].Answer, WhyElsewhere) // as the password that it begins with
	case use.SignIn != No:
		use.lower(No, WhyNotEnough) // without one
	}
	return Stay{Method: m, Use: use}
}

// remedies tries what may be added. An alternate phone needs a phone beside it.
func remedies(methods []Method, loss Loss, p Policy, now, later Setting) []Remedy {
	hasPhone := slices.ContainsFunc(methods, func(m Method) bool { return m.Kind == Phone })
	hasOther := slices.ContainsFunc(methods, func(m Method) bool { return m.Kind == AlternatePhone })
	candidates := []Method{{ID: "new", Kind: Passkey, Holder: HeldByKey}}
	if hasPhone && !hasOther {
		candidates = append(candidates, Method{ID: "new", Kind: AlternatePhone})
	}
	var add []Remedy
	for _, m := range candidates {
		with := append(slices.Clone(methods), m)
		lasts := UseOf(m, p, later).SignIn != No
		if loss.Standing.worse(standing(with, p, now)) || lasts && loss.Later.worse(standing(with, p, later)) {
			add = append(add, Remedy{Kind: m.Kind, Lasts: lasts})
		}
	}
	return add
}
