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
	body := w.T(key, "organisation", v.Organisation, "purpose", w.T("text.purpose."+v.purpose(), "masked", short(v.Masked)),
		"code", v.Code, "until", plain(w.Clock(v.Until)))
	if v.Host != "" && net.ParseIP(strings.Trim(v.Host, "[]")) == nil {
		body += "\n@" + v.Host + " #" + v.Code
	}
	return body
}

// CodeMail renders the mail that carries a code to a mailbox. The code is in the body alone:
// subjects are shown on locked screens and kept in logs (NOT-4).
func CodeMail(w Words, v CodeValues) Letter {
	l := newLetter(w, w.T("mail.code.subject", "organisation", v.Organisation), v.Organisation)
	l.parts = append(l.parts, part{lines: []string{w.T("mail.code.is", "code", v.Code)}, strong: v.Code})
	l.say(w.T("mail.code.purpose", "purpose", w.T("mail.purpose."+v.purpose(), "masked", isolate(w, v.Masked))))
	l.say(w.T("mail.code.until", "until", w.Clock(v.Until), "zone", zone(w, v.Until)))
	if v.Newer {
		l.say(w.T("mail.code.newer"))
	}
	l.say(w.T("mail.code.nobody", "organisation", isolate(w, v.Organisation)))
	l.say(w.T("mail.code.stranger"))
	return l
}

// purpose is the key of the words for what the code is for. About a mailbox they differ.
func (v CodeValues) purpose() string {
	const email = ".email"
	key := strings.TrimSuffix(v.Purpose, email)
	if strings.Contains(v.Masked, "@") {
		key += email
	}
	return key
}

// shortest is how much of a masked address stands in a text message, in letters: more
// would take a second segment (COD-11).
const shortest = 20

// short writes a mask for a text message: the dots would push the whole text out of the
// GSM alphabet, and a long domain into a second segment. What is cut is the middle: the
// beginning and the end tell a person which address it is.
func short(masked string) string {
	const gap = "..."
	for strings.Contains(masked, "••") {
		masked = strings.ReplaceAll(masked, "••", "•")
	}
	letters := []rune(plain(masked))
	if len(letters) <= shortest {
		return string(letters)
	}
	end := (shortest - len(gap)) / 2
	begin := shortest - len(gap) - end
	return strings.TrimRight(string(letters[:begin]), ".") + gap + strings.TrimLeft(string(letters[len(letters)-end:]), ".")
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
