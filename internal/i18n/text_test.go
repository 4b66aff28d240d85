package i18n

import (
	"strings"
	"testing"
	"time"
)

// gsm is the GSM 7-bit default alphabet without its extension table (3GPP TS 23.038, 6.2.1).
const gsm = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
	"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"

// The longest names that a text message still has to hold in one segment.
const (
	longestOrganisation = 20
	longestHost         = 30
	longestAddress      = 20
)

// TestTexts_COD11_OneSegment: in the GSM alphabet a text message with a code is one segment,
// whatever the purpose, at the hour that takes most room. Arabic is not in that alphabet: it
// takes two segments of 67 at most.
func TestTexts_COD11_OneSegment(t *testing.T) {
	until := time.Date(2026, time.November, 23, 22, 42, 0, 0, time.UTC)
	b := load(t)
	purposes := map[string]string{"prove-contact": "42", "authorise-change": "42", "authorise-removal": "42", "test-contact": "42",
		"authorise-change.email": strings.Repeat("m", longestAddress), "authorise-removal.email": strings.Repeat("m", longestAddress)}
	for lang, room := range map[string]int{"en": 160, "en-US": 160, "de": 160, "ar": 134} {
		l := b.Localizer(lang)
		for _, key := range []string{"text.code", "text.code.newer"} {
			for purpose, masked := range purposes {
				clock := strings.ReplaceAll(l.Clock(until), "\u00a0", " ")
				text := l.T(key, "organisation", strings.Repeat("O", longestOrganisation), "purpose", l.T("text.purpose."+purpose, "masked", masked),
					"code", "482913", "until", clock)
				wants := []string{"OOOO", "482913", masked, clock}
				text += "\n@" + strings.Repeat("h", longestHost) + " #482913"
				checkText(t, lang+" "+key+" "+purpose, text, room, wants)
			}
		}
	}
}

func checkText(t *testing.T, what, text string, room int, wants []string) {
	t.Helper()
	if n := len([]rune(text)); n > room {
		t.Errorf("%s has %d characters, want at most %d:\n%s", what, n, room, text)
	}
	for _, r := range text {
		if room == 160 && !strings.ContainsRune(gsm, r) {
			t.Errorf("%s has %q, which is not in the GSM alphabet", what, r)
		}
	}
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%s lacks %q:\n%s", what, want, text)
		}
	}
}

// TestTexts_COD11_SayThatNobodyAsks holds each language to its own words for it.
func TestTexts_COD11_SayThatNobodyAsks(t *testing.T) {
	b := load(t)
	for lang, want := range map[string]string{"en": "Staff never ask for it", "de": "Wir fragen nie danach"} {
		for _, key := range []string{"text.code", "text.code.newer"} {
			if text := b.Localizer(lang).T(key); !strings.Contains(text, want) {
				t.Errorf("%s: %s lacks %q: %q", lang, key, want, text)
			}
		}
	}
}
