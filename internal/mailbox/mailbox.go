// Package mailbox reads and shows mail addresses: the one address that a form may hold,
// the form in which addresses are compared, and the mask.
//
// It accepts less than RFC 5322 does. Quotes, comments, display names and address
// literals belong to nobody's mailbox today, and each of them has carried an attack
// (CHG-10). Whether a mailbox exists is proved by a code to it, not here.
package mailbox

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"rekey/internal/fault"
)

// Field is the form field that address faults belong to.
const Field = "address"

// The longest address and the longest local part, in bytes as they go over the line
// (RFC 5321, 4.5.3.1, and its erratum 1690).
const (
	longest      = 254
	longestLocal = 64
)

// typedLimit is the longest input that is looked at, in bytes: floods never reach the
// normalisation (CHG-10). A good address with blanks around it fits.
const typedLimit = 1024

// Address is one mail address.
type Address struct {
	Display   string // as typed, with a lower-case domain: for people, and to be written
	Canonical string // for comparing and hashing: all lower case, the domain in punycode
	Local     string // the part before the sign, as typed
	Domain    string // lower case, in punycode
}

// Wire returns the address as it goes over the line: the local part as typed, the domain
// in punycode.
func (a Address) Wire() string { return a.Local + "@" + a.Domain }

// Parse reads what a person typed.
//
// Faults are fault.Invalid at Field, with the keys address.empty, address.invalid,
// address.one (more than one address) and address.long.
func Parse(typed string) (Address, error) {
	text, key := clean(typed)
	if key != "" {
		return Address{}, fault.At(Field, key, nil)
	}
	local, typedDomain, _ := strings.Cut(text, "@")
	domain, ok := ParseDomain(typedDomain)
	if !ok || !isLocal(local) {
		return Address{}, fault.At(Field, "address.invalid", nil)
	}
	a := Address{Display: local + "@" + shownDomain(typedDomain, domain), Canonical: fold(local) + "@" + domain,
		Local: local, Domain: domain}
	if len(local) > longestLocal || len(a.Wire()) > longest {
		return Address{}, fault.At(Field, "address.long", nil)
	}
	return a, nil
}

// clean trims and normalises, and tells one address from none and from several. It
// returns the key of what is wrong.
func clean(typed string) (text, key string) {
	if len(typed) > typedLimit {
		return "", "address.long"
	}
	// Line breaks are refused even at the ends, where browsers never leave one: whoever
	// sends them is trying out headers.
	if !utf8.ValidString(typed) || strings.ContainsAny(typed, "\r\n\x00") {
		return "", "address.invalid"
	}
	text = norm.NFC.String(strings.Map(narrow, strings.TrimFunc(typed, blank)))
	switch {
	case text == "":
		return "", "address.empty"
	case strings.ContainsAny(text, `"<>()[]\:`), strings.Contains(text, "@@"):
		return "", "address.invalid"
	case strings.Count(text, "@") > 1, strings.ContainsAny(text, ",;"):
		return "", "address.one"
	case !strings.Contains(text, "@"):
		return "", "address.invalid"
	case len(text) > longest:
		return "", "address.long"
	}
	return text, ""
}

// blank reports what pasted text carries at its ends: spaces and direction marks.
func blank(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }

// narrow maps full-width signs, which East Asian keyboards give, to ASCII.
func narrow(r rune) rune {
	if r >= '！' && r <= '～' {
		return r - '！' + '!'
	}
	return r
}

// isLocal reports whether a local part is a dot-atom (RFC 5321, 4.1.2, and RFC 6531, 3.3):
// ASCII letters, digits and signs, or letters, marks and digits of other scripts. What
// only looks like such a letter (a compatibility form) is refused.
func isLocal(local string) bool {
	if local == "" || local[0] == '.' || strings.HasSuffix(local, ".") || strings.Contains(local, "..") {
		return false
	}
	return norm.NFKC.IsNormalString(local) && !strings.ContainsFunc(local, func(r rune) bool {
		if r < utf8.RuneSelf {
			letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
			return !letter && !strings.ContainsRune(".!#$%&'*+-/=?^_`{|}~", r)
		}
		return !unicode.In(r, unicode.L, unicode.M, unicode.Nd)
	})
}

// fold brings a local part into the form in which it is compared. Mail systems may tell
// capitals apart (RFC 5321, 2.4); none in use does, and a second "Maya@" must not pass for
// another mailbox.
func fold(local string) string { return norm.NFC.String(strings.ToLower(local)) }

// Same reports whether two texts name the same mailbox. What is no address is compared
// as it stands, but for capitals and blanks at the ends.
func Same(a, b string) bool { return canonical(a) == canonical(b) }

func canonical(text string) string {
	if a, err := Parse(text); err == nil {
		return a.Canonical
	}
	return fold(strings.TrimFunc(text, blank))
}

// Mask shows an address so that only its owner recognises it: its first letter and its
// domain, "m••••@example.net" (PRV-1). What is no address is only dots.
func Mask(address string) string {
	const dots = "••••"
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return dots
	}
	first, _ := utf8.DecodeRuneInString(address[:at])
	if at == 0 || !unicode.IsPrint(first) {
		return dots + visible(address[at:])
	}
	return string(first) + dots + visible(address[at:])
}

// visible drops what has no shape: marks that turn the direction of the text around it,
// and line breaks.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text)
}
