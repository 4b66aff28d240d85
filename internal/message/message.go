// Package message is what is sent to whom: the channels, the port of a sender, and the
// texts, one typed struct of values each.
//
// Gateways live in message/sms and message/mail. When something is sent, and how often,
// is decided by the journeys.
package message

import (
	"context"
	"time"
)

// Channel is a way to reach a person.
type Channel string

// The channels.
const (
	Text Channel = "text"
	Mail Channel = "mail"
)

// Message is one rendered message. Body holds secrets: it never goes into a log.
type Message struct {
	ID      string // also the gateway's idempotency key
	Channel Channel
	To      string // E.164 number, or address
	Subject string // mail only
	Body    string
	HTML    string // mail only: the same once more, for programs that show it
}

// Sender hands messages to a gateway.
//
// A nil error means that the gateway took the message. Faults: fault.Unavailable when it
// was certainly not taken; ErrUncertain when the line broke before the answer. Send
// refuses a context that carries a transaction (tx.ErrOpen).
type Sender interface {
	Channel() Channel
	Send(ctx context.Context, m Message) error
}

// Words finds the words of a message in a person's language. i18n.Localizer has it.
type Words interface {
	T(key string, args ...any) string
	Lang() string // BCP 47
	Dir() string  // "ltr" or "rtl"
	// Clock and Date write the time of day and the day in the time's own zone.
	Clock(t time.Time) string
	Date(t time.Time) string
}

// Senders finds the sender of a channel.
type Senders map[Channel]Sender

// CodeValues are the values of a message that carries a code.
type CodeValues struct {
	Organisation string
	// Purpose is the catalogue key below "text.purpose." or "mail.purpose.", for example
	// "prove-contact". When Masked is an address, its words are those of the key with
	// ".email" at the end, whether Purpose has that or not.
	Purpose string
	Code    string
	Until   time.Time // in the person's zone
	Masked  string    // the contact it is about: the end of a number, or a masked address
	Host    string    // of the site, without port; empty leaves the last line of a text out
	Newer   bool      // an older code died with this one
}

// NoticeValues are the values of a notice: what happened to an account, when, from where,
// and how to object (NOT-3).
type NoticeValues struct {
	Organisation string
	Event        string // catalogue key below "notice.event." and "notice.subject.", for example "phone.changed"
	Masked       string // the masked new value, may be empty
	OldMasked    string // the masked value before, may be empty
	At           time.Time
	Zone         string // name of the zone; empty, or the name of At's location, is told as people say it
	Browser      string // "Chrome on Windows", may be empty
	Network      string // the operator's name of the network, or a shortened address; may be empty
	Help         Help
	Host         string // where the site is, for mails, as people type it: without "https://"; may be empty
}

// Help is whom people call when something is wrong. Phone and Mail may be empty.
type Help struct {
	Name  string // as it stands in a sentence, "" for "the help desk" in the language of the message
	Phone string
	Mail  string
}
