package reset

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"strings"
	"time"

	"rekey/internal/audit"
	"rekey/internal/fault"
)

// tokenHash is what is stored of a link's token (RST-4).
func (s *Service) tokenHash(token string) []byte {
	return s.MAC.MAC([]byte("reset-link"), []byte(token))
}

// lettersHash is what is stored of the letters; they are good for their own reset alone.
func (s *Service) lettersHash(id, letters string) []byte {
	return s.MAC.MAC([]byte("reset-letters"), []byte(id), []byte(letters))
}

// alphabet are the letters: none that is taken for another one, or for a digit.
const alphabet = "BCDFGHJKLMNPQRSTVWXZ"

// letterCount is how many there are: 20 to the 8th, about 34 bits, for five tries.
const letterCount = 8

// letters are what another browser shows for a link: a keyed hash of its token, so that
// opening the link anywhere writes nothing and always shows the same (RST-5).
func (s *Service) letters(token string) string {
	sum := s.MAC.MAC([]byte("reset-letters-of"), []byte(token))
	out := make([]byte, letterCount)
	for i := range out { // of 16 bits each; what one letter is likelier than another is beneath notice
		out[i] = alphabet[(int(sum[2*i])<<8|int(sum[2*i+1]))%len(alphabet)]
	}
	return string(out)
}

// grouped writes letters in two groups, for people who read them out.
func grouped(letters string) string { return letters[:letterCount/2] + "-" + letters[letterCount/2:] }

// normalLetters writes typed letters as they are compared. What is long is none of ours.
func normalLetters(typed string) string {
	if len(typed) > 64 {
		return "?"
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case strings.ContainsRune(" \t-\u00a0\u2010\u2011\u2013\u200e\u200f", r):
			return -1
		}
		return '?'
	}, typed)
}

// plausible reports whether a link cookie holds what a token looks like.
func plausible(token string) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	return err == nil && len(b) == secretSize
}

// opens reports whether a token is the one of this reset's link.
func (s *Service) opens(r Reset, token string) bool {
	return len(r.Token) > 0 && plausible(token) && s.MAC.VerifyMAC(r.Token, []byte("reset-link"), []byte(token))
}

// Go moves a reset on by its one button: with the link, or its letters, from the mailbox to
// the phone; from there with the texted code, or for the code to be sent where it was not.
// One that is further on already is left, so that a double click is harmless.
//
// Faults: Invalid at the field code, NotFound, and those of sending a code.
func (s *Service) Go(ctx context.Context, b Browser, id, typed string) error {
	r, err := s.mine(ctx, b, id)
	if err != nil {
		return err
	}
	switch {
	case r.State == Linked && r.Challenge == "":
		return s.text(ctx, b, r, 0)
	case r.State == Linked:
		return s.code(ctx, b, r, typed)
	case r.Step > 1 || r.Reason == Expired || r.Practice && r.State == Ended:
		return nil // further on, or over: the page says so
	case normalLetters(typed) != "":
		return s.spelled(ctx, b, id, normalLetters(typed))
	case s.opens(r, b.Link):
		return s.linked(ctx, b, r)
	}
	return fault.At("code", "letters.empty", nil)
}

// spelled goes on with the letters of the link, as read from another device. Each try is
// counted first. Where nothing was ever sent they are wrong like any others (RST-2).
func (s *Service) spelled(ctx context.Context, b Browser, id, letters string) error {
	r, ok, err := s.Store.CountLetters(ctx, id, browserHash(b.Secret), s.Clock.Now())
	if err != nil {
		return err
	}
	if !ok {
		return fault.At("code", "letters.over", nil)
	}
	right := len(r.Letters) > 0 && s.MAC.VerifyMAC(r.Letters, []byte("reset-letters"), []byte(id), []byte(letters))
	switch {
	case right && r.State == Ended:
		return fault.At("code", "letters.over", nil) // of a link that a newer one has ended
	case right:
		return s.linked(ctx, b, r)
	}
	if err := s.note(ctx, r, audit.ResetLink, audit.Failure, "letters.wrong", nil); err != nil {
		return err
	}
	return fault.At("code", "letters.wrong", map[string]any{"left": LetterTries - r.Tries})
}

// linked uses the link up: the mailbox is proved. Then the code is sent at once.
func (s *Service) linked(ctx context.Context, b Browser, r Reset) error {
	if r.State != Mailed {
		return nil // ended, and the page says why
	}
	r.State, r.Step, r.Until, r.Token, r.Letters = Linked, 2, s.Clock.Now().Add(StepTime), nil, nil
	r.Origin.Address, r.Origin.Request = b.Address, b.Request
	err := s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.move(ctx, &r, Mailed); err != nil {
			return err
		}
		return s.note(ctx, r, audit.ResetLink, audit.Success, "", nil)
	})
	if fault.Is(err, fault.Conflict) {
		return nil // another tab was faster
	}
	if err != nil {
		return err
	}
	return s.text(ctx, b, r, 0)
}

// Elsewhere returns what another browser shows for a link: its letters, and until when they
// are good. It changes nothing (RST-5). ok is false for a link that is no longer good.
func (s *Service) elsewhere(r Reset, token string, now time.Time) (letters string, ok bool) {
	if r.State != Mailed || !now.Before(r.Until) || !s.opens(r, token) {
		return "", false
	}
	return grouped(s.letters(token)), true
}

// same compares keyed hashes in constant time.
func same(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }
