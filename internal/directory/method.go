package directory

import (
	"slices"

	"rekey/internal/mailbox"
	"rekey/internal/phone"
)

// Masked shows a contact so that only its owner recognises it, the same everywhere
// (PRV-1): a number with its last two digits, an address with its first letter and its
// domain.
func (m Method) Masked() string {
	if m.Kind != Email {
		return phone.Mask(m.Value)
	}
	return mailbox.Mask(m.Value)
}

// OnPhone reports whether methods of this kind usually live on a phone and do not move
// with its number.
func (k Kind) OnPhone() bool { return k == Authenticator || k == CodeApp }

// OnComputer reports whether methods of this kind sign in at one computer, whatever is
// asked elsewhere.
func (k Kind) OnComputer() bool { return k == WindowsHello || k == PlatformKey }

// AskedBeforeText returns the methods that Microsoft asks for before it sends a text, the
// first one first: a pass, a passkey, another provider, Authenticator, a one-time code
// of an app or a hardware token.
// Source: "System-preferred multifactor authentication" in Microsoft's documentation, on by
// default in every tenant.
func AskedBeforeText(methods []Method) []Method {
	order := []Kind{Pass, Passkey, External, Authenticator, CodeApp, HardwareToken}
	var asked []Method
	for _, m := range methods {
		if slices.Contains(order, m.Kind) {
			asked = append(asked, m)
		}
	}
	slices.SortStableFunc(asked, func(a, b Method) int { return slices.Index(order, a.Kind) - slices.Index(order, b.Kind) })
	return asked
}
