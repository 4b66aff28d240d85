package contact

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"rekey/internal/audit"
	"rekey/internal/directory"
	"rekey/internal/message"
	"rekey/internal/phone"
	"rekey/internal/verification"
)

// sendTime is how long a person waits for the gateway.
const sendTime = 8 * time.Second

// deliver hands the code to the gateway and notes what became of it. Trouble is not an
// error: the challenge stands, and the page says that the message may not have gone out.
// A person who closes the browser meanwhile does not cut the gateway off half-way.
func (s *Service) deliver(ctx context.Context, a Actor, c Change, ch verification.Challenge, code string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTime)
	defer cancel()
	delivery, outcome := verification.Sent, audit.Success
	switch err := s.message(ctx, a, c, ch, code); {
	case err == nil:
	case errors.Is(err, message.ErrUncertain):
		delivery, outcome = verification.Uncertain, audit.Unclear
		s.Log.Warn("a code may not have gone out", "message", ch.ID, "request", a.Request)
	default:
		delivery, outcome = verification.Refused, audit.Failure
		s.Log.Error("a code did not go out", "message", ch.ID, "request", a.Request)
	}
	record := context.WithoutCancel(ctx)
	err := s.Store.InTx(record, func(ctx context.Context) error {
		if err := s.Verification.Store.SetDelivery(ctx, ch.ID, delivery); err != nil {
			return err
		}
		return s.note(ctx, a, audit.CodeSend, outcome, "", s.sendDetail(c, ch))
	})
	if err != nil {
		s.Log.Error("what became of a code could not be noted", "message", ch.ID, "err", err)
	}
}

// message sends the code by the channel of its destination.
func (s *Service) message(ctx context.Context, a Actor, c Change, ch verification.Challenge, code string) error {
	channel := channelOf(ch.Destination)
	sender, ok := s.Senders[channel]
	if !ok {
		return fmt.Errorf("contact: no sender for the channel %s", channel)
	}
	zone := a.Zone
	if zone == nil {
		zone = time.UTC
	}
	values := message.CodeValues{Organisation: s.Policy.Organisation, Purpose: c.purpose(ch.Purpose), Code: code,
		Until: ch.Expires.In(zone), Masked: c.about(), Host: s.Policy.Host, Newer: ch.Earlier > 0}
	m := message.Message{ID: ch.ID, Channel: channel, To: ch.Destination}
	if channel == message.Mail {
		m = message.CodeMail(s.Words(a.Language), values).In(m)
	} else {
		m.Body = message.CodeText(s.Words(a.Language), values)
	}
	return sender.Send(ctx, m)
}

// channelOf is how a destination is reached.
func channelOf(destination string) message.Channel {
	if strings.Contains(destination, "@") {
		return message.Mail
	}
	return message.Text
}

// purpose names what a code is for: a catalogue key below "text.purpose." and
// "mail.purpose.".
func (c Change) purpose(p verification.Purpose) string {
	switch {
	case p == verification.AuthoriseChange && c.Act == Remove:
		return "authorise-removal"
	case c.Kind == directory.Email && p != verification.TestContact:
		return string(p) + ".email"
	}
	return string(p)
}

// about is the contact that a message names: the new value, or the one that is removed. Of
// a number it is the last two digits.
func (c Change) about() string {
	value := c.Masked
	if value == "" {
		value = c.OldMasked
	}
	if c.Kind == directory.Email {
		return value
	}
	return phone.Ending(value)
}
