package mailbox

import (
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// profile reads domain names as UTS #46 says for looking them up: capitals and odd dots
// mapped, labels checked, lengths of the DNS kept. Two hyphens in the middle are allowed:
// there are such names.
func profile() *idna.Profile {
	return idna.New(idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false), idna.StrictDomainName(true),
		idna.ValidateLabels(true), idna.CheckHyphens(false), idna.CheckJoiners(true), idna.VerifyDNSLength(true))
}

// ParseDomain returns a domain name in lower case and punycode, the form of
// Address.Domain. It needs at least two labels; an IP address is none.
func ParseDomain(typed string) (domain string, ok bool) {
	if len(typed) > typedLimit {
		return "", false
	}
	domain, err := profile().ToASCII(norm.NFC.String(typed))
	if err != nil {
		return "", false
	}
	labels := strings.Split(domain, ".")
	for _, label := range labels {
		if strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return "", false
		}
	}
	numeric := strings.Trim(labels[len(labels)-1], "0123456789") == ""
	return domain, len(labels) > 1 && !numeric
}

// shownDomain returns the form for people: a name typed in ASCII stays as it is, and so
// does punycode.
func shownDomain(typed, domain string) string {
	lower := strings.ToLower(typed)
	if lower == domain {
		return domain
	}
	if shown, err := profile().ToUnicode(domain); err == nil {
		return shown
	}
	return domain
}
