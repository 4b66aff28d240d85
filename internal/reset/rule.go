package reset

import (
	"strings"
	"unicode"
	"unicode/utf8"

	zxcvbn "github.com/ccojocar/zxcvbn-go"

	"rekey/internal/directory"
	"rekey/internal/fault"
)

// What Microsoft Entra takes as a password.
// Source: Microsoft Entra, "Password policies and account restrictions": 8 to 256
// characters, three of the four kinds, no others than these symbols.
const (
	shortest = 8
	longest  = 256
	symbols  = "@#$%^&*-_!+=[]{}|\\:',.?/`~\"();<> "
)

// guessable is below how many bits a password is refused because it would be guessed: what
// is made of common passwords, names, keyboard rows, dates and words that everybody here
// knows. A word of one's own with a digit and a mark behind it is above.
const guessable = 28

// looked is how much of a long password is looked at, in characters: what is good this far
// is good, and the look takes time that grows with the square.
const looked = 64

// fit judges a new password as far as that can be done here. It is taken as it is: nothing
// is trimmed, and nothing of it is kept (RST-11). words are those that a stranger would try
// first. Fault: Invalid at password or password_again.
func fit(password, again string, words []string) error {
	if f := entraTakes(password); f != nil {
		return f
	}
	if word := tooEasy(password, words); word != nil {
		return word
	}
	if password != again {
		return fault.At("password_again", "password.again", nil)
	}
	return nil
}

// entraTakes checks the rules that Entra states.
func entraTakes(password string) error {
	var lower, upper, digit, symbol bool
	for _, r := range password {
		switch {
		case r >= 'a' && r <= 'z':
			lower = true
		case r >= 'A' && r <= 'Z':
			upper = true
		case r >= '0' && r <= '9':
			digit = true
		case strings.ContainsRune(symbols, r):
			symbol = true
		default:
			return fault.At("password", "password.characters", nil)
		}
	}
	kinds := 0
	for _, there := range []bool{lower, upper, digit, symbol} {
		if there {
			kinds++
		}
	}
	switch n := utf8.RuneCountInString(password); {
	case n < shortest:
		return fault.At("password", "password.short", nil)
	case n > longest:
		return fault.At("password", "password.long", nil)
	case kinds < 3:
		return fault.At("password", "password.classes", nil)
	}
	return nil
}

// tooEasy reports a password that would be guessed, with the word that makes it so, if it is
// one that belongs to the person or the organisation.
func tooEasy(password string, words []string) error {
	part := password[:min(len(password), looked)] // ASCII: entraTakes has seen it
	strength := zxcvbn.PasswordStrength(part, words)
	if strength.Entropy >= guessable {
		return nil
	}
	for _, m := range strength.MatchSequence {
		if m.DictionaryName == "user_inputs" {
			return fault.At("password", "password.context", map[string]any{"word": m.Token})
		}
	}
	return fault.At("password", "password.common", nil)
}

// context lists the words that a stranger would try for this person first: their names, the
// organisation's, what is in their addresses.
func (s *Service) context(a directory.Account) []string {
	apart := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	var words []string
	for _, text := range []string{a.DisplayName, a.UserPrincipalName, a.Mail, s.Policy.Organisation} {
		for _, word := range strings.FieldsFunc(strings.ToLower(text), apart) {
			if utf8.RuneCountInString(word) >= 3 {
				words = append(words, word)
			}
		}
	}
	return words
}
