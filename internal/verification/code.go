package verification

import (
	"crypto/rand"
	"fmt"
	"io"
	"math/big"
	"strings"

	"rekey/internal/digit"
)

// Digits is the length of a code.
const Digits = 6

// NewCode returns a code of six digits, uniform over 000000 to 999999 (COD-1).
func NewCode(random io.Reader) (string, error) {
	n, err := rand.Int(random, big.NewInt(1_000_000))
	if err != nil {
		return "", fmt.Errorf("verification: no randomness: %w", err)
	}
	return fmt.Sprintf("%0*d", Digits, n.Int64()), nil
}

// typedLimit is the longest input that is looked at, in bytes: room for a code with
// blanks between full-width digits, nothing for floods.
const typedLimit = 64

// Normalise turns what was typed into a code once, before anything else looks at it
// (COD-8): blanks and hyphens go, Arabic-Indic, Persian and full-width digits become
// ASCII. Whatever else stays as it is, and is then refused by Normal.
func Normalise(typed string) string {
	if len(typed) > typedLimit {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\r\n-\u00a0\u2007\u2009\u202f\u2010\u2011\u2012\u2013\u2014\u200e\u200f\u2060\ufeff", r) {
			return -1
		}
		return digit.ASCII(r)
	}, typed)
}

// Normal reports whether s is exactly six ASCII digits.
func Normal(s string) bool {
	if len(s) != Digits {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
