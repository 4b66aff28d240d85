package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"

	"rekey/internal/clock"
	"rekey/internal/fault"
	"rekey/internal/mailbox"
	"rekey/internal/message"
	"rekey/internal/tx"
)

// Message keys of what Send answers.
const (
	Unavailable = "mail.unavailable" // certainly not taken, may be taken later
	Refused     = "mail.refused"     // this recipient, or this mail, never will be
)

// connectTimeout bounds the time until a line to the server stands (AVL-1).
const connectTimeout = 2 * time.Second

// Options are what an SMTP sender needs.
type Options struct {
	Server Server
	From   From
	// Token returns an access token for xoauth2.
	Token func(ctx context.Context) (string, error)
	// Dial opens a line; nil is the network.
	Dial  func(ctx context.Context, network, address string) (net.Conn, error)
	Clock clock.Clock
	Log   *slog.Logger
}

// SMTP hands mails to one mail server, each on a line of its own. It is safe for
// concurrent use.
type SMTP struct {
	server Server
	from   From
	hello  string
	token  func(ctx context.Context) (string, error)
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
	clock  clock.Clock
	log    *slog.Logger
}

var _ message.Sender = (*SMTP)(nil)

// NewSMTP returns a sender, or an error that lists every mistake in the description of the
// server.
func NewSMTP(o Options) (*SMTP, error) {
	mistakes := append(o.Server.Mistakes(), o.From.Mistakes()...)
	if o.Server.Auth == XOAuth2 && o.Token == nil {
		mistakes = append(mistakes, "auth: xoauth2 needs a source of tokens.")
	}
	if len(mistakes) > 0 {
		return nil, errors.New("mail: " + strings.Join(mistakes, "\n"))
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{Timeout: connectTimeout}).DialContext
	}
	from, err := mailbox.Parse(o.From.Address)
	if err != nil {
		return nil, err
	}
	return &SMTP{server: o.Server, from: o.From, hello: from.Domain, token: o.Token, dial: o.Dial, clock: o.Clock,
		log: o.Log.With("mail", "smtp")}, nil
}

// Channel returns message.Mail.
func (s *SMTP) Channel() message.Channel { return message.Mail }

// Close does nothing: no line outlives its mail.
func (s *SMTP) Close() {}

// Send hands one mail to the server and waits for its answer, at most the server's
// timeout. See message.Sender and the package comment for its errors.
func (s *SMTP) Send(ctx context.Context, m message.Message) error {
	if err := tx.Refuse(ctx); err != nil {
		return err
	}
	mail, err := compose(s.from, m, s.clock.Now())
	if err != nil {
		s.log.ErrorContext(ctx, "a mail cannot be sent", "message", m.ID, "reason", err.Error())
		return fault.Wrap(fault.Invalid, Refused, err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.server.Timeout)
	defer cancel()
	line, err := s.open(ctx)
	if err != nil {
		return s.judge(ctx, m, connecting, err)
	}
	defer line.close()
	if err := s.signIn(ctx, line); err != nil {
		return s.judge(ctx, m, connecting, err)
	}
	if at, err := line.hand(mail); err != nil {
		return s.judge(ctx, m, at, err)
	}
	line.quit()
	s.log.InfoContext(ctx, "the mail server took the mail", "message", m.ID)
	return nil
}

// Probe signs in at the server and leaves again, without a mail. Its error says in words
// what failed, and holds nothing that is secret.
func (s *SMTP) Probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.server.Timeout)
	defer cancel()
	line, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer line.close()
	if err := s.signIn(ctx, line); err != nil {
		return err
	}
	if err := line.client.Noop(); err != nil {
		return reply("NOOP", err)
	}
	line.quit()
	return nil
}

// open connects, greets and encrypts.
func (s *SMTP) open(ctx context.Context) (*line, error) {
	conn, err := s.dial(ctx, "tcp", net.JoinHostPort(s.server.Host, strconv.Itoa(s.server.Port)))
	if err != nil {
		return nil, fmt.Errorf("mail: no line to the server: %w", dialReason(err))
	}
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			conn.Close()
			return nil, errors.New("mail: the line takes no deadline")
		}
	}
	l := &line{conn: conn, stop: context.AfterFunc(ctx, func() { conn.Close() })}
	secured := net.Conn(&limited{Conn: conn, left: mostRead})
	config := &tls.Config{ServerName: s.server.Host, RootCAs: s.server.Roots, MinVersion: tls.VersionTLS12}
	if s.server.Security == TLS {
		encrypted := tls.Client(secured, config)
		if err := encrypted.HandshakeContext(ctx); err != nil {
			l.close()
			return nil, fmt.Errorf("mail: no encryption: %w", handshakeReason(err))
		}
		secured = encrypted
	}
	if err := l.greet(secured, s.server, s.hello, config); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

// mostRead is how much is read from a server in one exchange, in bytes: certificates,
// greetings and answers fit many times over.
const mostRead = 1 << 20

// limited is a connection from which only so much can be read: the client collects an
// answer of any number of lines in memory.
type limited struct {
	net.Conn
	left int
}

// Read reads, and fails at the limit.
func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := l.Conn.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}
