package i18n

import (
	"strings"
	"testing"
)

// gsm is the GSM 7-bit default alphabet without its extension table (3GPP TS 23.038, 6.2.1).
const gsm = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
	"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"

// The longest names that a text message still has to hold in one segment.
const (
	longestOrganisation = 20
	longestHost         = 30
)

func TestTexts_COD11_OneSegment(t *testing.T) {
	l := load(t).Localizer(Default)
	for _, key := range []string{"text.code", "text.code.newer"} {
		for _, purpose := range []string{"prove-contact", "authorise-change"} {
			text := l.T(key, "organisation", strings.Repeat("O", longestOrganisation), "purpose", l.T("text.purpose."+purpose, "masked", "42"),
				"code", "482913", "until", "14:42")
			text += "\n@" + strings.Repeat("h", longestHost) + " #482913"
			if n := len([]rune(text)); n > 160 {
				t.Errorf("%s for %s has %d characters, want at most 160:\n%s", key, purpose, n, text)
			}
			for _, r := range text {
				if !strings.ContainsRune(gsm, r) {
					t.Errorf("%s for %s has %q, which is not in the GSM alphabet", key, purpose, r)
				}
			}
			for _, want := range []string{"OOOO", "482913", "42", "14:42", "Staff never ask for it"} {
				if !strings.Contains(text, want) {
					t.Errorf("%s for %s lacks %q:\n%s", key, purpose, want, text)
				}
			}
		}
	}
}
