package mail

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"rekey/internal/clock"
	"rekey/internal/emulator/tenant"
)

const (
	maya   = "maya.okafor@fernhill.example"
	simple = "From: Fernhill <id@fernhill.example>\r\nTo: <maya.okafor@fernhill.example>\r\nSubject: Your phone\r\n\r\nIt was changed.\r\n"
)

type post struct {
	*Server
	t      *testing.T
	tenant *tenant.Tenant
}

func newPost(t *testing.T, path string) *post {
	t.Helper()
	tn, err := tenant.New(tenant.Options{Clock: clock.NewMovable(clock.System{}, 0), Path: path})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Start(tn, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatalf("Start() = %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	})
	return &post{s, t, tn}
}

// dial returns a line that is encrypted, with the certificate checked.
func (p *post) dial() *smtp.Client {
	p.t.Helper()
	c, err := smtp.DialStartTLS(p.Addr(), &tls.Config{RootCAs: p.Roots(), ServerName: Host})
	if err != nil {
		p.t.Fatalf("DialStartTLS() = %v", err)
	}
	p.t.Cleanup(func() { c.Close() })
	return c
}

// signedIn returns a line that may submit.
func (p *post) signedIn() *smtp.Client {
	p.t.Helper()
	c := p.dial()
	if err := c.Auth(sasl.NewPlainClient("", p.User(), p.Password())); err != nil {
		p.t.Fatalf("Auth() = %v", err)
	}
	return c
}

func send(c *smtp.Client, content string, to ...string) error {
	return c.SendMail("id@fernhill.example", to, strings.NewReader(content))
}

// code is the status of an SMTP error, 0 for another one.
func code(err error) int {
	var e *smtp.SMTPError
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

func (p *post) statuses() []int {
	var out []int
	for _, r := range p.tenant.Requests("") {
		if r.Part != "mail" || r.Method != "MAIL" || r.Path != "/" {
			p.t.Errorf("recorded %+v, want a mail", r)
		}
		out = append(out, r.Status)
	}
	return out
}

func TestSubmit(t *testing.T) {
	p := newPost(t, "")
	if err := send(p.signedIn(), simple, maya, "jonas@lindqvist.example"); err != nil {
		t.Fatalf("SendMail() = %v", err)
	}
	got := p.tenant.Messages("", "")
	if len(got) != 2 || got[0].To != maya || got[1].To != "jonas@lindqvist.example" {
		t.Fatalf("messages = %+v, want one for each recipient", got)
	}
	for _, m := range got {
		if m.Channel != "mail" || m.Subject != "Your phone" || m.Text != "It was changed." || !m.Arrived {
			t.Errorf("message = %+v, want the mail as it was sent", m)
		}
	}
	if n := len(p.tenant.Messages("Maya.Okafor@Fernhill.example", "")); n != 1 {
		t.Errorf("messages to the address in other letters = %d, want 1", n)
	}
	if r := p.tenant.Requests(""); len(r) != 1 || r[0].Status != 250 || r[0].Caller != p.User() {
		t.Errorf("requests = %+v, want one with status 250", r)
	}
}

func TestSubmit_Decodes(t *testing.T) {
	p := newPost(t, "")
	for name, c := range map[string]struct{ content, subject, text string }{
		"encoded words": {"Subject: =?UTF-8?q?Ihre_Nummer_wurde_ge=C3=A4ndert?=\r\nContent-Type: text/plain; charset=UTF-8\r\n" +
			"Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe,=20\r\nIhr =\r\nTeam\r\n", "Ihre Nummer wurde geändert", "Grüße, \nIhr Team"},
		"base64": {"Subject: =?utf-8?B?2YTZitmE2Yk=?=\r\nContent-Transfer-Encoding: base64\r\n\r\n2YTZitmE2Yk=\r\n", "ليلى", "ليلى"},
		"parts": {"Subject: x\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>no</p>\r\n" +
			"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\nf\xfcr\r\n--c--\r\n--b--\r\n", "x", "für"},
		"dots":       {"Subject: x\r\n\r\n.\r\n..\r\nend\r\n", "x", ".\n..\nend"},
		"no subject": {"From: a@b.example\r\n\r\nhello", "", "hello"},
		"bytes":      {"Subject: x\r\n\r\na\xffb\r\n", "x", "a\uFFFDb"},
	} {
		if err := send(p.signedIn(), c.content, name+"@x.example"); err != nil && !strings.Contains(name, " ") {
			t.Errorf("%s: SendMail() = %v", name, err)
			continue
		}
		got, err := parse([]byte(c.content))
		if got.subject != c.subject || got.text != c.text || err != nil {
			t.Errorf("%s: parse() = %+v, %v, want %q, %q", name, got, err, c.subject, c.text)
		}
		if want := map[string]string{"parts": "<p>no</p>"}[name]; got.html != want {
			t.Errorf("%s: the HTML is %q, want %q", name, got.html, want)
		}
	}
}

func TestSubmit_Refuses(t *testing.T) {
	p := newPost(t, "")
	many := make([]string, maxRecipients+1)
	for i := range many {
		many[i] = maya
	}
	for _, c := range []struct {
		name, content string
		to            []string
		want          int
	}{
		{"no text", "Subject: x\r\nContent-Type: text/html\r\n\r\n<p>", []string{maya}, 554},
		{"no header", "x\r\n", []string{maya}, 554},
		{"unknown encoding", "Content-Transfer-Encoding: rot13\r\n\r\nx", []string{maya}, 554},
		{"too long", "Subject: x\r\n\r\n" + strings.Repeat("0123456789abcdef\r\n", maxMessage/16), []string{maya}, 552},
		{"too many", simple, many, 452},
		{"no address", simple, []string{"maya"}, 501},
		{"too long an address", simple, []string{strings.Repeat("x", 255) + "@x.example"}, 553},
	} {
		if err := send(p.signedIn(), c.content, c.to...); code(err) != c.want {
			t.Errorf("%s: SendMail() = %v, want %d", c.name, err, c.want)
		}
	}
	if got := p.tenant.Messages("", ""); len(got) != 0 {
		t.Errorf("messages = %+v, want none", got)
	}
}

// TestLine_NothingInTheClear: no password and no mail goes over a line that is not encrypted.
func TestLine_NothingInTheClear(t *testing.T) {
	p := newPost(t, "")
	c, err := smtp.Dial(p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if ok, _ := c.Extension("STARTTLS"); !ok {
		t.Error("STARTTLS is not offered")
	}
	if ok, mechanisms := c.Extension("AUTH"); ok {
		t.Errorf("AUTH %s is offered in the clear", mechanisms)
	}
	if err := c.Auth(sasl.NewPlainClient("", p.User(), p.Password())); err == nil {
		t.Error("AUTH in the clear is taken")
	}
	if err := c.Mail("id@fernhill.example", nil); code(err) != 530 {
		t.Errorf("MAIL in the clear = %v, want 530", err)
	}
	for name, config := range map[string]*tls.Config{
		"another authority": {ServerName: Host}, "another name": {RootCAs: p.Roots(), ServerName: "mail.example.com"},
	} {
		c, err := smtp.DialStartTLS(p.Addr(), config)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Noop(); err == nil {
			t.Errorf("%s: the certificate is taken", name)
		}
		c.Close()
	}
}

func TestAuth(t *testing.T) {
	p := newPost(t, "")
	token := func(roles ...string) string {
		return p.tenant.IssueAccess(tenant.Access{Resource: tenant.MailResource, ClientID: "app", Roles: roles, ExpiresAt: p.tenant.Now().Add(time.Hour)})
	}
	forGraph := p.tenant.IssueAccess(tenant.Access{ClientID: "app", Roles: []string{SendAsApp}, ExpiresAt: p.tenant.Now().Add(time.Hour)})
	for name, c := range map[string]struct {
		client sasl.Client
		ok     bool
	}{
		"plain":             {sasl.NewPlainClient("", p.User(), p.Password()), true},
		"plain as oneself":  {sasl.NewPlainClient(p.User(), p.User(), p.Password()), true},
		"plain as another":  {sasl.NewPlainClient("root", p.User(), p.Password()), false},
		"login":             {sasl.NewLoginClient(p.User(), p.Password()), true},
		"wrong password":    {sasl.NewPlainClient("", p.User(), "x"), false},
		"wrong user":        {sasl.NewLoginClient("x", p.Password()), false},
		"empty":             {sasl.NewLoginClient("", ""), false},
		"token":             {xoauth2{maya, token(SendAsApp)}, true},
		"token, no right":   {xoauth2{maya, token("Mail.Send")}, false},
		"token, no mailbox": {xoauth2{"nobody@fernhill.example", token(SendAsApp)}, false},
		"token, empty user": {xoauth2{"", token(SendAsApp)}, false},
		"token for Graph":   {xoauth2{maya, forGraph}, false},
		"no token":          {xoauth2{maya, "x"}, false},
		"unknown mechanism": {sasl.NewAnonymousClient("x"), false},
	} {
		line := p.dial()
		if err := line.Auth(c.client); (err == nil) != c.ok {
			t.Errorf("%s: Auth() = %v, want ok %v", name, err, c.ok)
		}
		if err := send(line, simple, maya); (err == nil) != c.ok {
			t.Errorf("%s: SendMail() = %v, want ok %v", name, err, c.ok)
		}
	}
}

type xoauth2 struct{ user, token string }

func (x xoauth2) Start() (string, []byte, error) {
	return "XOAUTH2", []byte("user=" + x.user + "\x01auth=Bearer " + x.token + "\x01\x01"), nil
}

func (x xoauth2) Next(challenge []byte) ([]byte, error) {
	if !bytes.Contains(challenge, []byte(`"status":"401"`)) {
		return nil, sasl.ErrUnexpectedServerChallenge
	}
	return []byte{}, nil
}

func TestFault_Status(t *testing.T) {
	for ordered, want := range map[int]int{421: 421, 451: 451, 452: 452, 550: 550, 554: 554, 503: 421, 500: 554, 429: 421, 403: 451, 599: 554} {
		p := newPost(t, "")
		p.tenant.Order(tenant.Fault{Part: "mail", Kind: "status", Status: ordered, Times: 1})
		if err := send(p.signedIn(), simple, maya); code(err) != want {
			t.Errorf("ordered %d: SendMail() = %v, want %d", ordered, err, want)
		}
		if n := len(p.tenant.Messages("", "")); n != 0 {
			t.Errorf("ordered %d: %d messages, want none", ordered, n)
		}
		if err := send(p.signedIn(), simple, maya); err != nil {
			t.Errorf("the mail after the fault = %v, want it taken", err)
		}
		if got := p.statuses(); len(got) != 2 || got[0] != want || got[1] != 250 {
			t.Errorf("ordered %d: recorded %v, want %d and 250", ordered, got, want)
		}
	}
}

func TestFault_HangUpAfterTheMailWasTaken(t *testing.T) {
	p := newPost(t, "")
	p.tenant.Order(tenant.Fault{Part: "mail", Kind: "hangup-after", Times: 1})
	err := send(p.signedIn(), simple, maya)
	if err == nil || code(err) != 0 {
		t.Errorf("SendMail() = %v, want a line that was cut", err)
	}
	if n := len(p.tenant.Messages(maya, "")); n != 1 {
		t.Errorf("messages = %d, want the one that was taken", n)
	}
	if got := p.statuses(); len(got) != 1 || got[0] != 250 {
		t.Errorf("recorded %v, want 250, which it would have had", got)
	}
}

func TestFault_Delay(t *testing.T) {
	p := newPost(t, "")
	p.tenant.Order(tenant.Fault{Part: "mail", Kind: "delay", Seconds: 0.02, Times: 1})
	c, start := p.signedIn(), time.Now()
	if err := send(c, simple, maya); err != nil || time.Since(start) < 20*time.Millisecond {
		t.Errorf("SendMail() = %v after %v, want it taken after 20 ms", err, time.Since(start))
	}
	if err := p.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
	p.tenant.Order(tenant.Fault{Part: "mail", Kind: "delay", Seconds: 3600, Times: 1})
	waiting := &session{server: p.Server, user: p.User()}
	if err := waiting.Mail("id@fernhill.example", nil); code(err) != 421 {
		t.Errorf("Mail() of a server that is closed = %v, want 421 at once", err)
	}
}

func TestSenderThatLeaves(t *testing.T) {
	p := newPost(t, "")
	c := p.signedIn()
	if err := c.Mail("id@fernhill.example", nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Rcpt(maya, nil); err != nil {
		t.Fatal(err)
	}
	w, err := c.Data()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, simple); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
	if got := p.statuses(); len(got) != 1 || got[0] != clientGone || len(p.tenant.Messages("", "")) != 0 {
		t.Errorf("recorded %v and %d messages, want %d and none", got, len(p.tenant.Messages("", "")), clientGone)
	}
}

// TestRestart: clients go on with what they know.
func TestRestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tenant.json")
	first := newPost(t, path)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again := newPost(t, path)
	if again.Addr() != first.Addr() || again.User() != first.User() || again.Password() != first.Password() || again.Certificate() != first.Certificate() {
		t.Errorf("after a restart %s %s, want %s %s and the same password and certificate", again.Addr(), again.User(), first.Addr(), first.User())
	}
	beside := newPost(t, path) // the port is taken now
	if beside.Addr() == again.Addr() {
		t.Errorf("two servers at %s", again.Addr())
	}
	if err := send(beside.signedIn(), simple, maya); err != nil {
		t.Errorf("SendMail() = %v", err)
	}
}

func TestClose_CutsIdleLines(t *testing.T) {
	p := newPost(t, "")
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.ReadFull(c, make([]byte, 4)); err != nil {
		t.Fatalf("greeting: %v", err)
	}
	if err := p.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
	if _, err := io.Copy(io.Discard, c); err != nil && !errors.Is(err, net.ErrClosed) && !strings.Contains(err.Error(), "reset") {
		t.Errorf("the line after Close() = %v, want it cut", err)
	}
}
