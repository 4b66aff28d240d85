package templates

import (
	"slices"
	"strings"
	"time"
)

// textsEnd is when Microsoft stops delivering texts and calls for sign-in and password
// reset by itself, in the public cloud (announced for 1 February 2027).
func textsEnd() time.Time { return time.Date(2027, time.February, 1, 0, 0, 0, 0, time.UTC) }

// ended reports whether Microsoft delivers no texts and calls any more.
func ended(b Base) bool { return !b.Now.Before(textsEnd()) }

// old reports whether a proof is so old that nobody should count on it.
func old(b Base, proved time.Time) bool { return b.Now.After(proved.AddDate(1, 0, 0)) }

// initials returns the first letters of the first and the last name.
func initials(name string) string {
	words := strings.Fields(name)
	if len(words) > 2 {
		words = []string{words[0], words[len(words)-1]}
	}
	var letters strings.Builder
	for _, w := range words {
		for _, r := range w {
			letters.WriteRune(r)
			break
		}
	}
	return strings.ToUpper(letters.String())
}

// kinds lists the kinds of method in the order of the page, with their icons: contacts, then
// what lasts. What is not listed comes before the password.
func kinds() []struct{ kind, icon string } {
	return []struct{ kind, icon string }{
		{"phone", "phone"}, {"alternate-phone", "call"}, {"email", "mail"},
		{"passkey", "passkey"}, {"windows-hello", "finger"}, {"platform-key", "finger"}, {"authenticator", "shield"},
		{"external", "shield"}, {"code-app", "codeapp"}, {"hardware-token", "token"}, {"qr-code", "codeapp"},
		{"office-phone", "desk"}, {"pass", "ticket"}, {"unknown", "unknown"}, {"password", "key"},
	}
}

func rank(kind string) int {
	all := kinds()
	unknown := 0
	for i, k := range all {
		if k.kind == kind {
			return i
		}
		if k.kind == "unknown" {
			unknown = i
		}
	}
	return unknown
}

// picture returns the name of the icon of a kind of method.
func picture(kind string) string { return kinds()[rank(kind)].icon }

// sorted returns the methods in the order of the page.
func sorted(methods []Method) []Method {
	list := slices.Clone(methods)
	slices.SortStableFunc(list, func(a, b Method) int { return rank(a.Kind) - rank(b.Kind) })
	return list
}

// Lasting reports whether there is a passkey: the one method that neither a lost number
// nor the end of the texts takes away.
func (h Home) Lasting() bool {
	return slices.ContainsFunc(h.Methods, func(m Method) bool { return m.Kind == "passkey" })
}

// known returns the kind, or "unknown" for one that there are no words for.
func (x tools) known(kind string) string {
	if !x.words.Has("kind." + kind) {
		return "unknown"
	}
	return kind
}

// asked returns the kind, or "unknown" for one that no sign-in asks for as far as we know.
func (x tools) asked(kind string) string {
	if !x.words.Has("asked." + kind) {
		return "unknown"
	}
	return kind
}

// first returns the first method, nil when there is none.
func first(methods []Method) *Method {
	if len(methods) == 0 {
		return nil
	}
	return &methods[0]
}
