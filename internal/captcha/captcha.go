// Package captcha tells people from programs: six digits in a picture, the same digits
// spoken. It slows programs down and stops none for good; what is behind it has allowances
// of its own.
//
// Asking for a picture writes nothing anywhere, because a page that is looked at has no
// effect (WEB-2) and strangers must not be able to fill a database by looking: the digits
// travel with the form, encrypted, and with the time until which they are good. What is
// written, for as long as that, is which of them were tried: each is good for one try, in
// all processes together.
package captcha

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/mojocn/base64Captcha"

	"rekey/internal/clock"
	"rekey/internal/digit"
)

// Length is how many digits there are.
const Length = 6

// Lifetime is how long a picture is good.
const Lifetime = 10 * time.Minute

// Sealer encrypts what goes with the form; see keyring.Ring.
type Sealer interface {
	Seal(plain []byte, place ...string) ([]byte, error)
	Open(sealed []byte, place ...string) ([]byte, error)
}

// Store remembers which pictures were tried.
type Store interface {
	// UsePicture notes that a picture was tried, until it is no longer good; ok is false when
	// it had been. A context that carries a transaction gets tx.ErrOpen.
	UsePicture(ctx context.Context, id string, until time.Time) (ok bool, err error)
}

// Service makes pictures and judges what people read in them.
type Service struct {
	Store Store
	Seals Sealer
	Clock clock.Clock
	Rand  io.Reader // crypto/rand.Reader outside of tests
	NewID func() string
	// Drawn, if set, is told the digits of every new picture: the demo's way to read one.
	Drawn func(digits string)
}

// picture is what a token holds.
type picture struct {
	id     string
	digits string
	until  time.Time
}

// New returns the token of a new picture: it goes into the form and into the addresses of
// picture and sound. It writes nothing.
func (s *Service) New() (token string, err error) {
	n, err := rand.Int(s.Rand, big.NewInt(1_000_000))
	if err != nil {
		return "", fmt.Errorf("captcha: no randomness: %w", err)
	}
	p := picture{id: s.NewID(), digits: fmt.Sprintf("%0*d", Length, n.Int64()), until: s.Clock.Now().Add(Lifetime)}
	plain := append(binary.BigEndian.AppendUint64(nil, uint64(p.until.UnixMicro())), p.digits+p.id...)
	sealed, err := s.Seals.Seal(plain, place()...)
	if err != nil {
		return "", err
	}
	if s.Drawn != nil {
		s.Drawn(p.digits)
	}
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

func place() []string { return []string{"captcha", "picture"} }

// open reads a token; false for what is none of ours, or too old.
func (s *Service) open(token string) (picture, bool) {
	if len(token) > 512 {
		return picture{}, false
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return picture{}, false
	}
	plain, err := s.Seals.Open(sealed, place()...)
	if err != nil || len(plain) <= 8+Length {
		return picture{}, false
	}
	p := picture{until: time.UnixMicro(int64(binary.BigEndian.Uint64(plain))), digits: string(plain[8 : 8+Length]), id: string(plain[8+Length:])}
	return p, s.Clock.Now().Before(p.until)
}

// Picture returns the picture as PNG; ok is false for a token that is no longer good.
func (s *Service) Picture(token string) (png []byte, ok bool) {
	p, ok := s.open(token)
	if !ok {
		return nil, false
	}
	return drawn(base64Captcha.NewDriverDigit(88, 264, Length, 0.6, 60), p.digits)
}

// Sound returns the digits spoken in a language, as WAV. Of a language that has no voice it
// is English; see Languages.
func (s *Service) Sound(token, language string) (wav []byte, ok bool) {
	p, ok := s.open(token)
	if !ok {
		return nil, false
	}
	if !slices.Contains(s.Languages(), language) {
		language = "en"
	}
	return drawn(base64Captcha.NewDriverAudio(Length, language), p.digits)
}

// Languages returns those that have a voice of their own, as BCP 47 tags. The library has no
// other, whatever it takes.
func (s *Service) Languages() []string { return []string{"de", "en", "ja", "ru", "zh"} }

// drawn runs a driver of the library, which panics over what it cannot draw.
func drawn(d base64Captcha.Driver, digits string) (out []byte, ok bool) {
	defer func() {
		if recover() != nil {
			out, ok = nil, false
		}
	}()
	item, err := d.DrawCaptcha(digits)
	if err != nil {
		return nil, false
	}
	var b bytes.Buffer
	if _, err := item.WriteTo(&b); err != nil {
		return nil, false
	}
	return b.Bytes(), b.Len() > 0
}

// Check judges what was read in a picture. Whatever it was, the picture is used up, in the
// same time for right and wrong.
func (s *Service) Check(ctx context.Context, token, typed string) (ok bool, err error) {
	p, good := s.open(token)
	if !good {
		return false, nil
	}
	first, err := s.Store.UsePicture(ctx, p.id, p.until)
	if err != nil {
		return false, err
	}
	return first && normal(typed) == p.digits, nil
}

// normal writes what was typed in ASCII digits, without blanks and hyphens. What is long is
// none of our pictures.
func normal(typed string) string {
	if len(typed) > 64 {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t-\u00a0\u200e\u200f", r) {
			return -1
		}
		return digit.ASCII(r)
	}, typed)
}
