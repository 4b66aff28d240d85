package message

import (
	"errors"
	"net"
	"strings"
	"unicode/utf16"
)

// ErrUncertain says that nobody knows whether the gateway took the message.
var ErrUncertain = errors.New("message: delivery uncertain")

// CodeText renders the text message that carries a code (COD-11): the organisation, what
// the code is for, the code, until when it is good, a warning, and on the last line
// "@host #code" for browsers that read codes by themselves (WICG origin-bound one-time
// codes). On an IP address that line is left out: the format has no place for one.
func CodeText(w Words, v CodeValues) string {
	key := "text.code"
	if v.Newer {
		key = "text.code.newer"
	}
	body := w.T(key, "organisation", v.Organisation, "purpose", w.T("text.purpose."+v.Purpose, "masked", v.Masked),
		"code", v.Code, "until", v.Until.Format("15:04"))
	if v.Host != "" && net.ParseIP(strings.Trim(v.Host, "[]")) == nil {
		body += "\n@" + v.Host + " #" + v.Code
	}
	return body
}

// Segments returns how many text message segments a body takes (3GPP TS 23.038: 160
// septets in the GSM 7-bit alphabet or 153 in each part of a longer one, 70 and 67 UTF-16
// units otherwise), and whether it fits the GSM alphabet.
func Segments(body string) (n int, gsm bool) {
	septets := 0
	for _, r := range body {
		switch {
		case strings.ContainsRune(gsmBasic, r):
			septets++
		case strings.ContainsRune(gsmExtended, r):
			septets += 2
		default:
			units := len(utf16.Encode([]rune(body)))
			return parts(units, 70, 67), false
		}
	}
	return parts(septets, 160, 153), true
}

func parts(units, single, each int) int {
	if units <= single {
		return 1
	}
	return (units + each - 1) / each
}

// The GSM 7-bit default alphabet and its extension table (3GPP TS 23.038, 6.2.1).
const (
	gsmBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtended = "^{}\\[~]|€\f"
)
