package sms

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"text/template"
	"time"

	"rekey/internal/clock"
	"rekey/internal/fault"
	"rekey/internal/message"
	"rekey/internal/tx"
)

// idPlaceholder stands for the message's id in a header value.
const idPlaceholder = "{{.ID}}"

// connectTimeout bounds the time until a line to the gateway stands (AVL-1).
const connectTimeout = 2 * time.Second

// Refused is the message key of a text that certainly did not go out.
const Refused = "sms.refused"

// Options are what a Sender needs.
type Options struct {
	Gateway   Gateway
	Transport http.RoundTripper // nil: a transport of its own, to the real network
	Clock     clock.Clock
	Log       *slog.Logger
}

// Sender hands text messages to one gateway. It is safe for concurrent use.
type Sender struct {
	gateway   Gateway
	body      *template.Template
	transport http.RoundTripper
	clock     clock.Clock
	log       *slog.Logger
}

var _ message.Sender = (*Sender)(nil)

// New returns a sender, or an error that lists every mistake in the description of the
// gateway.
func New(o Options) (*Sender, error) {
	if mistakes := o.Gateway.Mistakes(); len(mistakes) > 0 {
		return nil, errors.New("sms: " + strings.Join(mistakes, "\n"))
	}
	body, err := parseBody(o.Gateway.Body)
	if err != nil {
		return nil, err
	}
	if o.Transport == nil {
		o.Transport = ownTransport()
	}
	return &Sender{gateway: o.Gateway.withDefaults(), body: body, transport: o.Transport, clock: o.Clock,
		log: o.Log.With("gateway", o.Gateway.Name)}, nil
}

func ownTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: connectTimeout}).DialContext,
		TLSHandshakeTimeout:    connectTimeout,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        time.Minute,
		MaxResponseHeaderBytes: answerLimit,
	}
}

// Channel returns message.Text.
func (s *Sender) Channel() message.Channel { return message.Text }

// Close ends the idle lines to the gateway.
func (s *Sender) Close() {
	if t, ok := s.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// Send hands one message to the gateway and waits for its answer, at most the gateway's
// timeout. See message.Sender and the package comment for its errors. None of them, and
// no log line, holds the number, the text or a header.
func (s *Sender) Send(ctx context.Context, m message.Message) error {
	if err := tx.Refuse(ctx); err != nil {
		return err
	}
	request, err := s.request(m)
	if err != nil {
		return s.refused(ctx, m, 0, err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.gateway.Timeout)
	defer cancel()
	var line progress
	response, err := s.transport.RoundTrip(request.WithContext(line.watch(ctx)))
	if err != nil {
		return s.broken(ctx, m, &line, err)
	}
	defer response.Body.Close()
	return s.judge(ctx, m, response)
}

func (s *Sender) request(m message.Message) (*http.Request, error) {
	digits, ok := strings.CutPrefix(m.To, "+")
	if m.Channel != message.Text || !ok || !e164(digits) {
		return nil, errors.New("sms: not a text message to an E.164 number")
	}
	if strings.ContainsFunc(m.ID, func(r rune) bool { return r <= ' ' || r > '~' }) || m.ID == "" {
		return nil, errors.New("sms: the message's id is empty or not printable ASCII")
	}
	var body bytes.Buffer
	v := values{To: m.To, ToDigits: digits, From: s.gateway.From, Text: m.Body, ID: m.ID}
	if err := s.body.Execute(&body, v); err != nil {
		return nil, errors.New("sms: the body template fails on this message")
	}
	request, err := http.NewRequest(s.gateway.Method, s.gateway.URL, bytes.NewReader(body.Bytes()))
	if err != nil {
		return nil, errors.New("sms: the gateway's address cannot be used")
	}
	// Without GetBody the transport cannot send the same text twice by itself.
	request.GetBody = nil
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "Rekey")
	for name, value := range s.gateway.Headers {
		request.Header.Set(name, strings.ReplaceAll(value, idPlaceholder, m.ID))
	}
	request.Header.Set("Content-Type", s.gateway.ContentType)
	return request, nil
}

// e164 reports whether the digits after the plus sign can be a number (ITU-T E.164).
func e164(digits string) bool {
	return len(digits) >= 2 && len(digits) <= 15 && digits[0] != '0' &&
		!strings.ContainsFunc(digits, func(r rune) bool { return r < '0' || r > '9' })
}

func (s *Sender) refused(ctx context.Context, m message.Message, status int, err error) *fault.Error {
	s.log.WarnContext(ctx, "the text was not taken", "status", status, "message", m.ID, "reason", err.Error())
	return fault.Wrap(fault.Unavailable, Refused, err)
}

func (s *Sender) uncertain(ctx context.Context, m message.Message, status int, reason string) error {
	s.log.WarnContext(ctx, "nobody knows whether the text was taken", "status", status, "message", m.ID, "reason", reason)
	return fmt.Errorf("sms: %s: %w", reason, message.ErrUncertain)
}
