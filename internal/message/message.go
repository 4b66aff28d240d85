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
}

// Senders finds the sender of a channel.
type Senders map[Channel]Sender

// CodeValues are the values of a text message that carries a code.
type CodeValues struct {
	Organisation string
	Purpose      string // catalogue key below "text.purpose.", for example "prove-contact"
	Code         string
	Until        time.Time // in the person's zone
	Masked       string    // the masked new value
	Host         string    // of the site, without port; empty leaves the last line out
	Newer        bool      // an older code died with this one
}
