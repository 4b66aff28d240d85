package tenant

import (
	"net/http"
	"strings"
)

// passwordSymbols are the characters beside letters and digits that a password may have.
// Source: Entra, "Password policies and account restrictions".
const passwordSymbols = "@#$%^&*-_!+=[]{}|\\:',.?/`~\"();<> "

// SetPassword sets a person's password, as somebody else may: it may be the one they have.
// 400 for one against the policy, and for a person whose password is kept elsewhere.
// Source: Graph, "Update user", passwordProfile; the message is the one that public code looks for.
func (t *Tenant) SetPassword(idOrUPN, password string) error {
	return t.change(func(s *state) error {
		p := s.own(idOrUPN)
		if p == nil {
			return noPerson()
		}
		if p.OnPremisesSynced || p.Guest {
			return &Error{Status: http.StatusBadRequest, Code: "Request_BadRequest",
				Message: "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration."}
		}
		if !complies(password) {
			return &Error{Status: http.StatusBadRequest, Code: "Request_BadRequest",
				Message: "The specified password does not comply with password complexity requirements. Please provide a different password."}
		}
		p.Password = password
		return nil
	})
}

// complies says whether a password follows the policy: 8 to 256 characters, three of four
// kinds, none that is not allowed, and none of the words that Microsoft bans everywhere.
func complies(password string) bool {
	kinds := map[string]bool{}
	for _, r := range password {
		switch {
		case r >= 'a' && r <= 'z':
			kinds["lower"] = true
		case r >= 'A' && r <= 'Z':
			kinds["upper"] = true
		case r >= '0' && r <= '9':
			kinds["digit"] = true
		case strings.ContainsRune(passwordSymbols, r):
			kinds["symbol"] = true
		default:
			return false
		}
	}
	return len(password) >= 8 && len(password) <= 256 && len(kinds) >= 3 && !banned(password)
}

// banned says whether little but a banned word is left of a password once common
// replacements of letters are taken back. Nobody outside knows Microsoft's list.
// Source: Entra, "Eliminate bad passwords", how passwords are evaluated: a banned word
// counts one point, each other character one, and five are needed.
func banned(password string) bool {
	plain := strings.NewReplacer("0", "o", "1", "l", "$", "s", "@", "a").Replace(strings.ToLower(password))
	points := 0
	for len(plain) > 0 {
		word := ""
		for _, w := range []string{"password", "contoso", "fernhill", "blank", "welcome", "summer", "winter", "qwerty"} {
			if strings.HasPrefix(plain, w) {
				word = w
			}
		}
		points++
		plain = plain[max(len(word), 1):]
	}
	return points < 5
}
