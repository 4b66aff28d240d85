package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"
)

// quitTime is how long the server's good-bye is waited for: the mail is handed over.
const quitTime = time.Second

// step is how far a mail came.
type step int

const (
	connecting step = iota // up to the sign-in
	sender                 // MAIL FROM
	recipient              // RCPT TO
	announced              // DATA, and the mail without its last line
	ended                  // its last line: the server may have it
	unsuited               // the server cannot take such an address at all
)

// line is one SMTP session. The library's own way of sending is not used: it repeats the
// server's words in its errors, sends PLAIN in the clear to a host named localhost, leaves
// connections open when a greeting fails, and ends a half-written mail as if it were whole
// when it says QUIT after a failure. Its client for single commands has none of this.
type line struct {
	conn   net.Conn
	client *smtp.Client
	stop   func() bool
}

// close cuts the line, without a word.
func (l *line) close() {
	l.stop()
	l.conn.Close()
}

// quit says good-bye. What comes of it does not matter any more.
func (l *line) quit() {
	if err := l.conn.SetDeadline(time.Now().Add(quitTime)); err == nil {
		_ = l.client.Quit()
	}
}

func (l *line) greet(conn net.Conn, server Server, hello string, config *tls.Config) error {
	var err error
	if l.client, err = smtp.NewClient(conn, server.Host); err != nil {
		return reply("greeting", err)
	}
	l.client.SkipSMTPUTF8(true)
	if err := l.client.Hello(hello); err != nil {
		return reply("EHLO", err)
	}
	if server.Security != StartTLS {
		return nil
	}
	if ok, _ := l.client.Extension("STARTTLS"); !ok {
		return errors.New("mail: the server does not offer STARTTLS")
	}
	if err := l.client.StartTLS(config); err != nil {
		return fmt.Errorf("mail: no encryption: %w", handshakeReason(err))
	}
	return nil
}

// errSignIn marks a sign-in that the server refused.
var errSignIn = errors.New("the server refuses our sign-in")

// signIn signs in as configured. Passwords and tokens only go over an encrypted line.
func (s *SMTP) signIn(ctx context.Context, l *line) error {
	if s.server.Auth == NoAuth {
		return nil
	}
	if _, encrypted := l.client.TLSConnectionState(); !encrypted {
		return errors.New("mail: no sign-in without encryption")
	}
	_, offered := l.client.Extension("AUTH")
	auth, err := s.mechanism(ctx, strings.Fields(strings.ToUpper(offered)))
	if err != nil {
		return err
	}
	if err := l.client.Auth(auth); err != nil {
		var answer *textproto.Error
		if errors.As(err, &answer) && answer.Code >= 500 {
			return fmt.Errorf("mail: AUTH answered %d: %w", answer.Code, errSignIn)
		}
		return reply("AUTH", err)
	}
	return nil
}

func (s *SMTP) mechanism(ctx context.Context, offered []string) (smtp.Auth, error) {
	switch {
	case s.server.Auth == XOAuth2 && slices.Contains(offered, "XOAUTH2"):
		token, err := s.token(ctx)
		if err != nil {
			return nil, errors.New("mail: no token for the mail server")
		}
		return smtp.XOAuth2Auth(s.server.User, token), nil
	case s.server.Auth == Password && slices.Contains(offered, "PLAIN"):
		return smtp.PlainAuth("", s.server.User, s.server.Password, s.server.Host, false), nil
	case s.server.Auth == Password && slices.Contains(offered, "LOGIN"):
		return smtp.LoginAuth(s.server.User, s.server.Password, s.server.Host, false), nil
	}
	return nil, fmt.Errorf("mail: the server does not offer our way to sign in (%s): %w", s.server.Auth, errSignIn)
}

// hand gives the mail to the server. It returns how far that came.
func (l *line) hand(mail envelope) (step, error) {
	if mail.utf8 {
		if ok, _ := l.client.Extension("SMTPUTF8"); !ok {
			return unsuited, errors.New("mail: the server takes no such address")
		}
		l.client.SkipSMTPUTF8(false)
	}
	if err := l.client.Mail("<" + mail.from + ">"); err != nil {
		return sender, err
	}
	if err := l.client.Rcpt("<" + mail.to + ">"); err != nil {
		return recipient, err
	}
	body, err := l.client.Data()
	if err != nil {
		return announced, err
	}
	// When this fails, the last line was not written and never will be: the line is cut.
	if _, err := body.Write(mail.content); err != nil {
		return announced, err
	}
	return ended, body.Close()
}

// reply names a command and the code of its answer, never the answer's words: they may
// quote the address.
func reply(command string, err error) error {
	var answer *textproto.Error
	if errors.As(err, &answer) {
		return fmt.Errorf("mail: %s answered %d", command, answer.Code)
	}
	return fmt.Errorf("mail: no answer to %s", command)
}

// dialReason keeps what a failed connection says about the network.
func dialReason(err error) error {
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.As(err, &dns):
		return errors.New("its name is not known")
	case errors.As(err, &op) && op.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return errors.New("no answer in time")
	case errors.As(err, &op) && op.Err != nil:
		return op.Err
	}
	return errors.New("it failed")
}

// handshakeReason tells a certificate that is not trusted from other trouble.
func handshakeReason(err error) error {
	var verification *tls.CertificateVerificationError
	var name x509.HostnameError
	switch {
	case errors.As(err, &name):
		return errors.New("the certificate is for another name")
	case errors.As(err, &verification):
		return errors.New("the certificate is not trusted")
	}
	return errors.New("the handshake failed")
}
