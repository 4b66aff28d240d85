package mail

import (
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/emersion/go-smtp"

	"rekey/internal/emulator/tenant"
)

// clientGone is recorded for a mail whose sender left before it was taken.
const clientGone = 499

// session is one line, from its greeting or its STARTTLS on.
type session struct {
	server *Server
	line   *smtp.Conn
	// user is who proved to be one; "" is nobody.
	user string
	mail *transaction
}

// transaction is one mail on its way in.
type transaction struct {
	to []string
	// refusal waits for the recipient, hangUp for the end of the mail.
	refusal *smtp.SMTPError
	hangUp  bool
}

func (s *Server) begin(c *smtp.Conn) (smtp.Session, error) { return &session{server: s, line: c}, nil }

// Mail begins a mail. Faults that were ordered befall it here: a delay and a server that is
// not up at once, a mailbox that refuses and a hang-up when their moment comes.
func (s *session) Mail(_ string, _ *smtp.MailOptions) error {
	if s.user == "" {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"}
	}
	s.mail = &transaction{}
	for _, f := range s.server.tenant.Take("mail", true) {
		switch f.Kind {
		case "delay":
			if !s.server.sleep(time.Duration(f.Seconds * float64(time.Second))) {
				return s.refuse(ordered(http.StatusServiceUnavailable))
			}
		case "status":
			fault := ordered(f.Status)
			if !ofMailbox(fault.Code) {
				return s.refuse(fault)
			}
			s.mail.refusal = fault
		case "hangup-after":
			s.mail.hangUp = true
		}
	}
	return nil
}

// Rcpt names a recipient. Every address has a mailbox.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.mail == nil {
		return errors.New("a recipient of no mail")
	}
	if s.mail.refusal != nil {
		return s.refuse(s.mail.refusal)
	}
	local, domain, ok := strings.Cut(to, "@")
	if !ok || local == "" || domain == "" || len(to) > 254 {
		return &smtp.SMTPError{Code: 553, EnhancedCode: smtp.EnhancedCode{5, 1, 3}, Message: "This is no mailbox"}
	}
	s.mail.to = append(s.mail.to, to)
	return nil
}

// Data takes the mail.
func (s *session) Data(r io.Reader) error {
	if s.mail == nil {
		return errors.New("the content of no mail")
	}
	raw, err := io.ReadAll(r)
	var tooLong *smtp.SMTPError
	if errors.As(err, &tooLong) {
		return s.refuse(tooLong)
	}
	if err != nil {
		return err // the sender is gone: Logout records it
	}
	m, err := parse(raw)
	if err != nil {
		return s.refuse(&smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "This mail cannot be read"})
	}
	for _, to := range s.mail.to {
		if _, err := s.server.tenant.Deliver(tenant.Message{Channel: "mail", To: to, Subject: m.subject, Text: m.text, HTML: m.html}); err != nil {
			s.server.log.Error("emulated mail server", "error", err)
			return s.refuse(&smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "The mail could not be kept"})
		}
	}
	hangUp := s.mail.hangUp
	s.record(250)
	if hangUp {
		s.cut()
	}
	return nil
}

// Reset forgets a mail that was not finished.
func (s *session) Reset() {
	if s.mail != nil {
		s.record(clientGone)
	}
}

// Logout ends the line.
func (s *session) Logout() error {
	s.Reset()
	return nil
}

// refuse answers an error and ends the mail with it.
func (s *session) refuse(e *smtp.SMTPError) error {
	s.record(e.Code)
	return e
}

// record notes the mail with the status it got, or would have got before the line was cut.
func (s *session) record(status int) {
	s.mail = nil
	s.server.tenant.Record(tenant.Request{Part: "mail", Method: "MAIL", Path: "/", Status: status, Caller: s.user})
}

// cut ends the line without another word.
func (s *session) cut() {
	c := s.line.Conn()
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	_ = c.Close() // it is to be gone, and so it is
}

// sleep waits in real time and reports false when the server ends first.
func (s *Server) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.ctx.Done():
		return false
	}
}

// ordered is a status that was ordered in SMTP's words; those of HTTP are translated.
// Source: RFC 5321, section 4.2.3.
func ordered(status int) *smtp.SMTPError {
	code := status
	switch {
	case status == 421 || status >= 450 && status <= 455 || status >= 550 && status <= 555:
	case status == http.StatusTooManyRequests || status >= 502 && status <= 504:
		code = 421
	case status < 500:
		code = 451
	default:
		code = 554
	}
	return &smtp.SMTPError{Code: code, Message: "This answer was ordered"}
}

// ofMailbox says whether a code is about the recipient, not about the server.
func ofMailbox(code int) bool { return code == 450 || code == 452 || code >= 550 && code <= 553 }
