package mail

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"rekey/internal/clock"
	"rekey/internal/fault"
	"rekey/internal/message"
	"rekey/internal/tx"
)

// Canaries: none of them may ever stand in a log line or an error.
const (
	canaryAddress = "canary.maya@example.net"
	canaryCode    = "918273"
	canarySecret  = "canary-secret"
)

var testNow = clock.Func(func() time.Time { return time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC) })

func note() message.Message {
	return message.Message{ID: "0194-msg", Channel: message.Mail, To: canaryAddress, Subject: "Contoso: the code you asked for",
		Body: "Your code is " + canaryCode + "\n\nEnter it on the page.\n"}
}

// options are those of a plain relay at an address.
func options(t *testing.T, address string) Options {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return Options{Server: Server{Host: "localhost", Port: number, Security: None, Auth: NoAuth, Timeout: 5 * time.Second},
		From: From{Name: "Contoso", Address: "rekey@contoso.example"}, Clock: testNow,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		}}
}

// newSMTP returns a sender and its log.
func newSMTP(t *testing.T, o Options) (*SMTP, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s, err := NewSMTP(o)
	if err != nil {
		t.Fatalf("NewSMTP = %v", err)
	}
	t.Cleanup(s.Close)
	return s, &log
}

// outcome names what Send told.
func outcome(err error) string {
	switch f := fault.As(err); {
	case err == nil:
		return "sent"
	case errors.Is(err, message.ErrUncertain):
		return "uncertain"
	case f != nil && f.Kind == fault.Unavailable && f.Key == Unavailable:
		return "unavailable"
	case f != nil && f.Kind == fault.Invalid && f.Key == Refused:
		return "refused"
	}
	return "unknown: " + err.Error()
}

// secretFree fails when a log or an error holds something it must not.
func secretFree(t *testing.T, log string, err error) {
	t.Helper()
	where := log
	if err != nil {
		where += "\n" + err.Error()
	}
	for _, canary := range []string{canaryAddress, canaryCode, canarySecret, "maya", "Canary"} {
		if strings.Contains(where, canary) {
			t.Errorf("log or error holds %q:\n%s", canary, where)
		}
	}
}

// read parses a mail: its headers, decoded, and its body.
func read(t *testing.T, content string) (netmail.Header, string) {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(content))
	if err != nil {
		t.Fatalf("not a mail: %v:\n%s", err, content)
	}
	if got := m.Header.Get("Content-Transfer-Encoding"); got != "quoted-printable" {
		t.Fatalf("Content-Transfer-Encoding = %q", got)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if err != nil {
		t.Fatal(err)
	}
	return m.Header, string(body)
}

func TestSMTP_TheMail(t *testing.T) {
	server := startServer(t, None, nil)
	s, log := newSMTP(t, options(t, server.address))
	m := note()
	m.Body += ".\n..\nMüller – 電話\n" + strings.Repeat("long ", 300) + "\n"
	for range 2 {
		if err := s.Send(t.Context(), m); err != nil {
			t.Fatalf("Send = %v", err)
		}
	}
	got := server.got()
	if len(got) != 2 || got[0].from != "rekey@contoso.example" || !slices.Equal(got[0].to, []string{canaryAddress}) {
		t.Fatalf("the server took %+v, want two mails to one address", got)
	}
	header, body := read(t, got[0].content)
	for name, want := range map[string]string{
		"From": `"Contoso" <rekey@contoso.example>`, "To": "<" + canaryAddress + ">", "Subject": m.Subject,
		"Date": "Sun, 22 Nov 2026 10:00:00 +0000", "Message-Id": "<0194-msg@contoso.example>", "Auto-Submitted": "auto-generated",
		"X-Auto-Response-Suppress": "All", "Content-Type": "text/plain; charset=UTF-8", "Mime-Version": "1.0",
	} {
		if got := header.Get(name); got != want || len(header[name]) != 1 {
			t.Errorf("%s = %q, want one %q", name, header[name], want)
		}
	}
	if want := strings.ReplaceAll(m.Body, "\n", "\r\n"); body != want {
		t.Errorf("body = %q, want %q", body, want)
	}
	if got[0].content != got[1].content {
		t.Errorf("the same message twice is two mails:\n%s\n%s", got[0].content, got[1].content)
	}
	secretFree(t, log.String(), nil)
}

// TestSMTP_BothParts: text for plain programs first, then HTML (RFC 2046, 5.1.4), and the
// same mail however often it is tried.
func TestSMTP_BothParts(t *testing.T) {
	server := startServer(t, None, nil)
	s, log := newSMTP(t, options(t, server.address))
	m := note()
	m.HTML = "<!doctype html><p>Your code is <strong>" + canaryCode + "</strong></p>"
	for range 2 {
		if err := s.Send(t.Context(), m); err != nil {
			t.Fatalf("Send = %v", err)
		}
	}
	got := server.got()
	if got[0].content != got[1].content {
		t.Errorf("the same message twice is two mails:\n%s\n%s", got[0].content, got[1].content)
	}
	mail, err := netmail.ReadMessage(strings.NewReader(got[0].content))
	if err != nil {
		t.Fatal(err)
	}
	media, params, err := mime.ParseMediaType(mail.Header.Get("Content-Type"))
	if err != nil || media != "multipart/alternative" {
		t.Fatalf("Content-Type = %q, want multipart/alternative", mail.Header.Get("Content-Type"))
	}
	parts := multipart.NewReader(mail.Body, params["boundary"])
	for _, want := range [][2]string{{"text/plain; charset=UTF-8", m.Body}, {"text/html; charset=UTF-8", m.HTML}} {
		p, err := parts.NextPart() // decodes quoted-printable
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(p)
		if p.Header.Get("Content-Type") != want[0] || strings.ReplaceAll(string(body), "\r\n", "\n") != want[1] || err != nil {
			t.Errorf("part = %q: %q, want %q: %q", p.Header.Get("Content-Type"), body, want[0], want[1])
		}
	}
	if _, err := parts.NextPart(); err != io.EOF {
		t.Errorf("there is a third part")
	}
	secretFree(t, log.String(), nil)
}

// headers are the names that every mail has, and no other.
func headers() []string {
	return []string{"Auto-Submitted", "Content-Transfer-Encoding", "Content-Type", "Date", "From", "Message-Id", "Mime-Version",
		"Subject", "To", "X-Auto-Response-Suppress"}
}

func TestSMTP_NOT4_HeadersCannotBeInjected(t *testing.T) {
	server := startServer(t, None, nil)
	for _, attack := range []string{
		"x\r\nBcc: eve@example.org", "x\nBcc: eve@example.org", "x\rBcc: eve@example.org", "x\r\n\r\nEvil body", "x\x00y", "x\u2028Bcc: eve",
		"x\r\n.\r\nMAIL FROM:<eve@example.org>\r\n", "=?utf-8?q?x=0D=0ABcc:_eve@example.org?=", "x\" <eve@example.org>, \"y", "x>, <eve@example.org",
		"\xff\xfe", strings.Repeat("long ", 500) + "\r\nBcc: eve@example.org", strings.Repeat("ü", 500), "\r\n \r\nx", "",
	} {
		o := options(t, server.address)
		o.From.Name = attack
		s, _ := newSMTP(t, options(t, server.address))
		s.from.Name = attack // past the check of the settings
		m := note()
		m.Subject, m.Body = attack, attack+"\r\n"
		before := len(server.got())
		if err := s.Send(t.Context(), m); err != nil {
			t.Errorf("Send(%.40q) = %v", attack, err)
			continue
		}
		got := server.got()
		if len(got) != before+1 || !slices.Equal(got[before].to, []string{canaryAddress}) {
			t.Fatalf("Send(%.40q) made %+v, want one mail to one address", attack, got[before:])
		}
		header, _ := read(t, got[before].content)
		checkHeader(t, attack, header)
	}
}

// checkHeader fails when a header has another name, a second value, a second address, or
// decodes to a line break.
func checkHeader(t *testing.T, attack string, header netmail.Header) {
	t.Helper()
	for name, values := range header {
		if !slices.Contains(headers(), name) || len(values) != 1 {
			t.Errorf("%.40q made the header %s: %q", attack, name, values)
		}
	}
	for name, want := range map[string]string{"From": "rekey@contoso.example", "To": canaryAddress} {
		list, err := header.AddressList(name)
		if err != nil || len(list) != 1 || list[0].Address != want || strings.ContainsAny(list[0].Name, "\r\n\x00") {
			t.Errorf("%.40q made %s %q (%v), want %s alone", attack, name, header.Get(name), err, want)
		}
	}
	if subject, err := new(mime.WordDecoder).DecodeHeader(header.Get("Subject")); err != nil || strings.ContainsAny(subject, "\r\n\x00") {
		t.Errorf("%.40q made the subject %q (%v), want one line", attack, subject, err)
	}
}

func TestSMTP_NOT4_NoMailToAnythingButOneAddress(t *testing.T) {
	server := startScripted(t, nil)
	s, log := newSMTP(t, options(t, server.address))
	for _, change := range []func(*message.Message){
		func(m *message.Message) { m.To = "maya@example.net, eve@example.org" },
		func(m *message.Message) { m.To = "maya@example.net\r\nRCPT TO:<eve@example.org>" },
		func(m *message.Message) { m.To = "maya@example.net> <eve@example.org" },
		func(m *message.Message) { m.To = "Maya <maya@example.net>" },
		func(m *message.Message) { m.To = "+12025550142" },
		func(m *message.Message) { m.To = "" },
		func(m *message.Message) { m.ID = "x\r\nBcc: eve@example.org" },
		func(m *message.Message) { m.ID = "x>" },
		func(m *message.Message) { m.ID = "" },
		func(m *message.Message) { m.Channel = message.Text },
	} {
		m := note()
		change(&m)
		err := s.Send(t.Context(), m)
		if got := outcome(err); got != "refused" || server.told() != "" {
			t.Errorf("Send(%+v) = %s, the server was told %q; want refused, and no word to the server", m, got, server.told())
		}
		secretFree(t, strings.ReplaceAll(log.String(), m.ID, ""), err)
	}
}

func TestSMTP_InternationalAddresses(t *testing.T) {
	server := startServer(t, None, func(_ *mailServer, s *smtp.Server) { s.EnableSMTPUTF8 = true })
	s, _ := newSMTP(t, options(t, server.address))
	for _, tt := range []struct {
		to, want string
		utf8     bool
	}{
		{"eve@bücher.example", "eve@xn--bcher-kva.example", false},
		{"émile@example.net", "émile@example.net", true},
	} {
		m := note()
		m.To = tt.to
		if err := s.Send(t.Context(), m); err != nil {
			t.Fatalf("Send to %s = %v", tt.to, err)
		}
		last := server.got()[len(server.got())-1]
		if !slices.Equal(last.to, []string{tt.want}) || last.utf8 != tt.utf8 {
			t.Errorf("Send to %s went to %v, SMTPUTF8 %v, want %s, %v", tt.to, last.to, last.utf8, tt.want, tt.utf8)
		}
	}
	plain := startScripted(t, nil)
	s, _ = newSMTP(t, options(t, plain.address))
	m := note()
	m.To = "émile@example.net"
	if got := outcome(s.Send(t.Context(), m)); got != "refused" || strings.Contains(plain.told(), "MAIL") {
		t.Errorf("Send to %s without SMTPUTF8 = %s, want refused before MAIL:\n%s", m.To, got, plain.told())
	}
}

func TestSMTP_RefusesATransaction(t *testing.T) {
	server := startScripted(t, nil)
	s, _ := newSMTP(t, options(t, server.address))
	if err := s.Send(tx.With(t.Context(), "open"), note()); !errors.Is(err, tx.ErrOpen) || server.told() != "" {
		t.Errorf("Send inside a transaction = %v, want %v", err, tx.ErrOpen)
	}
	if s.Channel() != message.Mail {
		t.Errorf("Channel = %v, want mail", s.Channel())
	}
}

// signIns accepts the canary secret as password or token of "user", and says how.
func signIns(how *string) func(string) sasl.Server {
	check := func(mechanism, user, secret string) error {
		if user != "user" || secret != canarySecret {
			return smtp.ErrAuthFailed
		}
		*how = mechanism
		return nil
	}
	return func(mechanism string) sasl.Server {
		switch mechanism {
		case sasl.Plain:
			return sasl.NewPlainServer(func(_, user, password string) error { return check(mechanism, user, password) })
		case "LOGIN":
			return &login{check: func(user, password string) error { return check(mechanism, user, password) }}
		}
		return bearer(func(user, token string) error { return check(mechanism, user, token) })
	}
}

type login struct {
	check       func(user, password string) error
	asked, user string
}

func (l *login) Next(response []byte) ([]byte, bool, error) {
	switch {
	case l.asked == "":
		l.asked = "user"
		return []byte("Username:"), false, nil
	case l.asked == "user":
		l.asked, l.user = "password", string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.user, string(response))
}

type bearer func(user, token string) error

// Next reads "user=…^Aauth=Bearer …^A^A" (SASL XOAUTH2).
func (b bearer) Next(response []byte) ([]byte, bool, error) {
	parts := strings.Split(string(response), "\x01")
	if len(parts) != 4 {
		return nil, true, smtp.ErrAuthFailed
	}
	return nil, true, b(strings.TrimPrefix(parts[0], "user="), strings.TrimPrefix(parts[1], "auth=Bearer "))
}

func TestSMTP_SignsIn(t *testing.T) {
	for _, tt := range []struct {
		name     string
		security Security
		auth     Auth
		offered  []string
		secret   string
		want     string // how, or the outcome
	}{
		{"PLAIN after STARTTLS", StartTLS, Password, []string{"LOGIN", "PLAIN"}, canarySecret, "PLAIN"},
		{"LOGIN where there is no PLAIN", StartTLS, Password, []string{"LOGIN"}, canarySecret, "LOGIN"},
		{"PLAIN in TLS", TLS, Password, []string{"PLAIN"}, canarySecret, "PLAIN"},
		{"a token", TLS, XOAuth2, []string{"PLAIN", "XOAUTH2"}, canarySecret, "XOAUTH2"},
		{"wrong password", StartTLS, Password, []string{"PLAIN"}, canarySecret + "x", "unavailable"},
		{"wrong token", TLS, XOAuth2, []string{"XOAUTH2"}, canarySecret + "x", "unavailable"},
		{"no way in common", TLS, XOAuth2, []string{"PLAIN"}, canarySecret, "unavailable"},
		{"no sign-in at all", StartTLS, Password, nil, canarySecret, "unavailable"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var how string
			server := startServer(t, tt.security, func(m *mailServer, _ *smtp.Server) { m.mechanisms, m.sasl = tt.offered, signIns(&how) })
			o := options(t, server.address)
			o.Server.Security, o.Server.Auth, o.Server.User, o.Server.Roots = tt.security, tt.auth, "user", server.roots
			if tt.auth == Password {
				o.Server.Password = tt.secret
			}
			o.Token = func(context.Context) (string, error) { return tt.secret, nil }
			s, log := newSMTP(t, o)
			err := s.Send(t.Context(), note())
			got := outcome(err)
			if got == "sent" {
				got = how
			}
			if got != tt.want {
				t.Errorf("Send = %s (%v), want %s", got, err, tt.want)
			}
			taken := server.got()
			if (len(taken) == 1) != (err == nil) || len(taken) == 1 && !taken[0].tls {
				t.Errorf("the server took %+v after %v", taken, err)
			}
			if told := strings.Contains(log.String(), "refuses our sign-in"); told != (err != nil) {
				t.Errorf("the log tells the operator of the sign-in: %v, want %v:\n%s", told, err != nil, log)
			}
			secretFree(t, log.String(), err)
		})
	}
}

func TestSMTP_NoToken(t *testing.T) {
	server := startServer(t, TLS, func(m *mailServer, _ *smtp.Server) { m.mechanisms = []string{"XOAUTH2"} })
	o := options(t, server.address)
	o.Server.Security, o.Server.Auth, o.Server.User, o.Server.Roots = TLS, XOAuth2, "user", server.roots
	o.Token = func(context.Context) (string, error) { return "", errors.New("token " + canarySecret) }
	s, log := newSMTP(t, o)
	err := s.Send(t.Context(), note())
	if got := outcome(err); got != "unavailable" || len(server.got()) != 0 {
		t.Errorf("Send without a token = %s, want unavailable and no mail", got)
	}
	secretFree(t, log.String(), err)
}

func TestSMTP_NothingGoesOverAnUntrustedLine(t *testing.T) {
	_, others := certificate(t, "localhost")
	for _, tt := range []struct {
		name     string
		security Security
		host     string
		roots    func(*mailServer) *x509.CertPool
		want     string
	}{
		{"another CA, STARTTLS", StartTLS, "localhost", func(*mailServer) *x509.CertPool { return others }, "not trusted"},
		{"another CA, TLS", TLS, "localhost", func(*mailServer) *x509.CertPool { return others }, "not trusted"},
		{"another name, STARTTLS", StartTLS, "smtp.contoso.example", func(m *mailServer) *x509.CertPool { return m.roots }, "another name"},
		{"another name, TLS", TLS, "smtp.contoso.example", func(m *mailServer) *x509.CertPool { return m.roots }, "another name"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var how string
			server := startServer(t, tt.security, func(m *mailServer, _ *smtp.Server) { m.mechanisms, m.sasl = []string{"PLAIN"}, signIns(&how) })
			o := options(t, server.address)
			o.Server.Security, o.Server.Host, o.Server.Roots = tt.security, tt.host, tt.roots(server)
			o.Server.Auth, o.Server.User, o.Server.Password = Password, "user", canarySecret
			s, _ := newSMTP(t, o)
			err := s.Send(t.Context(), note())
			if got := outcome(err); got != "unavailable" || how != "" || len(server.got()) != 0 || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Send = %v, signed in by %q, want unavailable because the certificate is %s", err, how, tt.want)
			}
		})
	}
}

func TestSMTP_StartTLSIsRequired(t *testing.T) {
	for name, answers := range map[string]map[string]string{
		"stripped from the greeting": {"EHLO": "250-localhost\r\n250 AUTH PLAIN"},
		"refused":                    {"EHLO": "250-localhost\r\n250 STARTTLS", "STARTTLS": "454 not now"},
	} {
		server := startScripted(t, answers)
		o := options(t, server.address)
		o.Server.Security, o.Server.Auth, o.Server.User, o.Server.Password = StartTLS, Password, "user", canarySecret
		s, log := newSMTP(t, o)
		err := s.Send(t.Context(), note())
		told := server.told()
		if got := outcome(err); got != "unavailable" || strings.Contains(told, "AUTH") || strings.Contains(told, "MAIL") {
			t.Errorf("Send, STARTTLS %s, = %s, the server was told %q; want unavailable, no sign-in and no mail", name, got, told)
		}
		secretFree(t, log.String(), err)
	}
}
