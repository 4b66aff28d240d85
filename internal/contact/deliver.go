package contact

import (
	"context"
	"errors"
	"time"

	"rekey/internal/audit"
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
	switch err := s.text(ctx, a, c, ch, code); {
	case err == nil:
	case errors.Is(err, message.ErrUncertain):
		delivery, outcome = verification.Uncertain, audit.Unclear
		s.Log.Warn("a text message may not have gone out", "message", ch.ID, "request", a.Request)
	default:
		delivery, outcome = verification.Refused, audit.Failure
		s.Log.Error("a text message did not go out", "message", ch.ID, "request", a.Request)
	}
	record := context.WithoutCancel(ctx)
	err := s.Store.InTx(record, func(ctx context.Context) error {
		if err := s.Verification.Store.SetDelivery(ctx, ch.ID, delivery); err != nil {
			return err
		}
		return s.note(ctx, a, audit.CodeSend, outcome, "", s.sendDetail(c, ch))
	})
	if err != nil {
		s.Log.Error("what became of a text message could not be noted", "message", ch.ID, "err", err)
	}
}

func (s *Service) text(ctx context.Context, a Actor, c Change, ch verification.Challenge, code string) error {
	sender, ok := s.Senders[message.Text]
	if !ok {
		return errors.New("contact: no sender for text messages")
	}
	zone := a.Zone
	if zone == nil {
		zone = time.UTC
	}
	body := message.CodeText(s.Words(a.Language), message.CodeValues{Organisation: s.Policy.Organisation,
		Purpose: string(ch.Purpose), Code: code, Until: ch.Expires.In(zone), Masked: phone.Ending(c.Masked),
		Host: s.Policy.Host, Newer: ch.Earlier > 0})
	return sender.Send(ctx, message.Message{ID: ch.ID, Channel: message.Text, To: ch.Destination, Body: body})
}
