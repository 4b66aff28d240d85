package captcha

import (
	"bytes"
	"context"
	"crypto/rand"
	"image/png"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/internal/clock"
	"rekey/internal/keyring"
)

// used remembers pictures in memory.
type used map[string]time.Time

func (u used) UsePicture(_ context.Context, id string, until time.Time) (bool, error) {
	_, was := u[id]
	u[id] = until
	return !was, nil
}

func newService(t *testing.T) (*Service, *clock.Movable, *string) {
	t.Helper()
	key, err := keyring.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := keyring.Parse(key)
	if err != nil {
		t.Fatal(err)
	}
	c := clock.NewMovable(clock.Func(func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }), 0)
	n, digits := 0, new(string)
	return &Service{Store: used{}, Seals: ring, Clock: c, Rand: rand.Reader, NewID: func() string { n++; return strings.Repeat("x", n) },
		Drawn: func(d string) { *digits = d }}, c, digits
}

func newToken(t *testing.T, s *Service) string {
	t.Helper()
	token, err := s.New()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestCheck_SingleUse(t *testing.T) {
	s, _, digits := newService(t)
	other := *digits
	for _, tt := range []struct {
		name  string
		typed func() string
		want  bool
	}{
		{"right", func() string { return *digits }, true},
		{"with blanks", func() string { return " " + (*digits)[:3] + " " + (*digits)[3:] }, true},
		{"Arabic-Indic digits", func() string {
			return strings.Map(func(r rune) rune { return r - '0' + '٠' }, *digits)
		}, true},
		{"empty", func() string { return "" }, false},
		{"of another picture", func() string { return other + "1" }, false},
		{"long", func() string { return strings.Repeat(*digits, 50) }, false},
	} {
		token := newToken(t, s)
		if ok, err := s.Check(t.Context(), token, tt.typed()); ok != tt.want || err != nil {
			t.Errorf("%s: %v, %v, want %v", tt.name, ok, err, tt.want)
		}
		if ok, _ := s.Check(t.Context(), token, *digits); ok {
			t.Errorf("%s: a picture that was tried takes the right digits", tt.name)
		}
	}
}

func TestCheck_Lifetime(t *testing.T) {
	s, c, digits := newService(t)
	token := newToken(t, s)
	c.Advance(Lifetime)
	if ok, err := s.Check(t.Context(), token, *digits); ok || err != nil {
		t.Errorf("after ten minutes: %v, %v, want false", ok, err)
	}
	if _, ok := s.Picture(token); ok {
		t.Error("a picture is drawn after its time")
	}
}

// What goes with the form is none of a stranger's making, and does not show the digits.
func TestToken_Forged(t *testing.T) {
	s, _, digits := newService(t)
	token := newToken(t, s)
	if strings.Contains(token, *digits) {
		t.Error("the token holds the digits")
	}
	middle := len(token) / 2
	changed := token[:middle] + string(rune('A'+(token[middle]+1)%26)) + token[middle+1:]
	for _, forged := range []string{"", "x", changed, token + "AA", strings.Repeat("A", 4096)} {
		if ok, err := s.Check(t.Context(), forged, *digits); ok || err != nil {
			t.Errorf("Check(%.20q) = %v, %v, want false", forged, ok, err)
		}
	}
}

func TestPictureAndSound(t *testing.T) {
	s, _, _ := newService(t)
	token := newToken(t, s)
	data, ok := s.Picture(token)
	if !ok {
		t.Fatal("no picture")
	}
	if _, err := png.Decode(bytes.NewReader(data)); err != nil {
		t.Errorf("the picture is no PNG: %v", err)
	}
	english, _ := s.Sound(token, "en")
	if !bytes.HasPrefix(english, []byte("RIFF")) || !bytes.Contains(english[:16], []byte("WAVE")) {
		t.Error("the sound is no WAV")
	}
	for _, language := range append(s.Languages(), "ar", "fr", "../../etc", "") {
		if wav, ok := s.Sound(token, language); !ok || len(wav) < 1000 {
			t.Errorf("Sound in %q: %d bytes, %v", language, len(wav), ok)
		}
	}
	if !slices.IsSorted(s.Languages()) {
		t.Error("languages are not sorted")
	}
}
