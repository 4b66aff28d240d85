package mail

import (
	"bytes"
	"errors"
	netmail "net/mail"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"

	"rekey/internal/mailbox"
	"rekey/internal/message"
)

// envelope is a mail that is ready to go.
type envelope struct {
	from, to string // as they go over the line
	utf8     bool   // an address is not ASCII: the server must speak SMTPUTF8 (RFC 6531)
	content  []byte // headers and body, lines ended by CR LF
}

// checked returns the recipient of a message that may be sent.
func checked(m message.Message) (mailbox.Address, error) {
	to, err := mailbox.Parse(m.To)
	if m.Channel != message.Mail || err != nil {
		return to, errors.New("mail: not a mail to one plain address")
	}
	// The id stands in a header.
	if m.ID == "" || len(m.ID) > 100 || strings.ContainsFunc(m.ID, func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && r != '-'
	}) {
		return to, errors.New("mail: the message's id is not of letters, digits and hyphens")
	}
	return to, nil
}

// compose writes a mail. It is written whole before a line to a server is opened, so that
// nothing can fail half-way through it. Headers are encoded by the library, which lets no
// line break through; control characters are taken out before, so that none is left in
// what a mail program decodes.
func compose(f From, m message.Message, at time.Time) (envelope, error) {
	to, err := checked(m)
	if err != nil {
		return envelope{}, err
	}
	from, err := mailbox.Parse(f.Address)
	if err != nil {
		return envelope{}, errors.New("mail: the sender is not one plain address")
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(&netmail.Address{Name: oneLine(f.Name), Address: from.Wire()})
	msg.ToMailAddress(&netmail.Address{Address: to.Wire()})
	msg.Subject(oneLine(m.Subject))
	msg.SetDateWithValue(at)
	// The same message has the same id however often it is tried: mailboxes that see it
	// twice can show it once.
	msg.SetMessageIDWithValue(m.ID + "@" + from.Domain)
	// No out-of-office answers, please (RFC 3834, 5; the second one is Exchange's).
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	msg.SetBodyString(gomail.TypeTextPlain, m.Body)
	if m.HTML != "" { // programs take the last one that they understand (RFC 2046, 5.1.4)
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
		// The same message is the same mail however often it is tried.
		msg.SetBoundary("rekey-" + m.ID)
	}
	var content bytes.Buffer
	if _, err := msg.WriteTo(&content); err != nil {
		return envelope{}, errors.New("mail: the mail cannot be written")
	}
	return envelope{from: from.Wire(), to: to.Wire(), utf8: !ascii(from.Wire() + to.Wire()), content: content.Bytes()}, nil
}

// oneLine replaces control characters, line breaks above all, by blanks. What looks like
// the beginning of an encoded word (RFC 2047) is torn apart: a mail program would decode it,
// to whatever it hides.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))
	return strings.TrimSpace(strings.ReplaceAll(text, "=?", "= ?"))
}

func ascii(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII })
}
