package mail

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"
)

func TestSMTP_Answers(t *testing.T) {
	for _, tt := range []struct {
		name, at, answer string
		want             string
		alarm            bool // the operator is told in an error of the log
	}{
		{"all is well", "QUIT", "221 bye", "sent", false},
		{"no good-bye", "QUIT", cut, "sent", false},
		{"busy at the greeting", "greeting", "421 " + canaryAddress, "unavailable", false},
		{"not now", "greeting", "554 " + canaryAddress, "unavailable", false},
		{"another protocol", "greeting", "HTTP/1.1 400 Bad Request", "unavailable", false},
		{"cut at the greeting", "greeting", cut, "unavailable", false},
		{"EHLO refused", "EHLO", "550 5.7.1 " + canaryAddress, "sent", false}, // HELO will do
		{"cut at EHLO", "EHLO", cut, "unavailable", false},
		{"sender, later", "MAIL", "451 4.3.0 " + canaryAddress, "unavailable", false},
		{"sender, never", "MAIL", "550 5.1.8 " + canaryAddress, "unavailable", true},
		{"sign in first", "MAIL", "530 5.7.0 sign in", "unavailable", true},
		{"cut at the sender", "MAIL", cut, "unavailable", false},
		{"recipient, later", "RCPT", "450 4.2.1 " + canaryAddress, "unavailable", false},
		{"no such mailbox", "RCPT", "550 5.1.1 " + canaryAddress, "refused", false},
		{"no such mailbox, no detail", "RCPT", "550 " + canaryAddress, "refused", false},
		{"bad address", "RCPT", "501 5.1.3 " + canaryAddress, "refused", false},
		{"no relaying", "RCPT", "554 5.7.1 " + canaryAddress, "unavailable", true},
		{"no relaying, no sign-in", "RCPT", "530 sign in", "unavailable", true},
		{"out of step", "RCPT", "503 what", "unavailable", true},
		{"forged detail", "RCPT", "550 5.1.1999 " + canaryAddress, "refused", false},
		{"cut at the recipient", "RCPT", cut, "unavailable", false},
		{"DATA, later", "DATA", "451 " + canaryAddress, "unavailable", false},
		{"DATA, never", "DATA", "554 " + canaryAddress, "unavailable", false},
		{"cut at DATA", "DATA", cut, "unavailable", false},
		{"mail, later", ".", "451 4.3.0 " + canaryAddress, "unavailable", false},
		{"mail, never", ".", "554 5.6.0 " + canaryAddress, "refused", false},
		{"mail, never, no detail", ".", "552 " + canaryAddress, "refused", false},
		{"mail, by policy", ".", "550 5.7.1 " + canaryAddress, "unavailable", true},
		{"cut after the mail", ".", cut, "uncertain", false},
		{"nonsense after the mail", ".", "what", "uncertain", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := startScripted(t, map[string]string{tt.at: tt.answer})
			s, log := newSMTP(t, options(t, server.address))
			err := s.Send(t.Context(), note())
			if got := outcome(err); got != tt.want {
				t.Errorf("Send = %s (%v), want %s", got, err, tt.want)
			}
			if alarm := strings.Contains(log.String(), "level=ERROR"); alarm != tt.alarm {
				t.Errorf("an error in the log: %v, want %v:\n%s", alarm, tt.alarm, log)
			}
			if strings.Count(server.told(), "\n.\n")+strings.Count(server.told(), "DATA") > 2 {
				t.Errorf("the server got the mail twice:\n%s", server.told())
			}
			secretFree(t, log.String(), err)
		})
	}
}

func TestSMTP_AVL1_WaitsNoLongerThanItsTimeout(t *testing.T) {
	for at, want := range map[string]string{"greeting": "unavailable", "EHLO": "unavailable", "RCPT": "unavailable", "DATA": "unavailable", ".": "uncertain", "QUIT": "sent"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			server := startScripted(t, map[string]string{at: hang})
			o := options(t, server.address)
			o.Server.Timeout = time.Second
			s, log := newSMTP(t, o)
			start := time.Now()
			err := s.Send(t.Context(), note())
			if took := time.Since(start); outcome(err) != want || took > 4*time.Second {
				t.Errorf("Send with a server silent at %s = %s after %v, want %s after a second", at, outcome(err), took, want)
			}
			secretFree(t, log.String(), err)
		})
	}
}

func TestSMTP_CallerHangsUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := startScripted(t, map[string]string{".": hang})
	o := options(t, server.address)
	dial := o.Dial
	o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		return &hangsUp{Conn: conn, at: "\r\n.\r\n", up: cancel}, err
	}
	s, _ := newSMTP(t, o)
	if got := outcome(s.Send(ctx, note())); got != "uncertain" {
		t.Errorf("Send cancelled after the mail = %s, want uncertain", got)
	}
	if got := outcome(s.Send(ctx, note())); got != "unavailable" {
		t.Errorf("Send cancelled before = %s, want unavailable", got)
	}
}

// hangsUp calls up once the text was written.
type hangsUp struct {
	net.Conn
	at string
	up func()
}

func (h *hangsUp) Write(p []byte) (int, error) {
	n, err := h.Conn.Write(p)
	if strings.HasSuffix(string(p), h.at) {
		h.up()
	}
	return n, err
}

func TestSMTP_ADropInTheMiddleIsNoMail(t *testing.T) {
	server := startScripted(t, nil)
	o := options(t, server.address)
	dial := o.Dial
	o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		return &breaks{Conn: conn}, err
	}
	s, log := newSMTP(t, o)
	m := note()
	m.Body = strings.Repeat("A line that makes the mail longer than one packet.\n", 400)
	err := s.Send(t.Context(), m)
	if got := outcome(err); got != "unavailable" || strings.Contains(server.told(), "\n.\n") || strings.Contains(server.told(), "QUIT") {
		t.Errorf("Send on a line that breaks = %s, want unavailable and no end of the mail:\n%.200s", got, server.told())
	}
	secretFree(t, log.String(), err)
}

// breaks is a connection that fails once the mail has begun.
type breaks struct {
	net.Conn
	begun bool
}

func (b *breaks) Write(p []byte) (int, error) {
	if b.begun {
		return 0, errors.New("broken")
	}
	b.begun = strings.Contains(string(p), "Message-ID")
	return b.Conn.Write(p)
}

func TestSMTP_EndlessAnswer(t *testing.T) {
	endless := "220-" + strings.Repeat(strings.Repeat("x", 60)+"\r\n220-", 1<<15) + "\r\n220 hello"
	server := startScripted(t, map[string]string{"greeting": endless})
	s, log := newSMTP(t, options(t, server.address))
	err := s.Send(t.Context(), note())
	if got := outcome(err); got != "unavailable" || strings.Contains(server.told(), "EHLO") {
		t.Errorf("Send after a greeting of 2 MB = %s, want unavailable", got)
	}
	if log.Len() > 4096 {
		t.Errorf("the log grew by %d bytes", log.Len())
	}
}

func TestSMTP_NobodyThere(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	s, log := newSMTP(t, options(t, address))
	err = s.Send(t.Context(), note())
	if got := outcome(err); got != "unavailable" || !strings.Contains(log.String(), "refused") {
		t.Errorf("Send to a closed port = %s, log %s, want unavailable and why", got, log)
	}
	secretFree(t, log.String(), err)
}

func TestSMTP_Probe(t *testing.T) {
	server := startScripted(t, map[string]string{"NOOP": "250 ok"})
	s, _ := newSMTP(t, options(t, server.address))
	if err := s.Probe(t.Context()); err != nil || strings.Contains(server.told(), "MAIL") || !strings.Contains(server.told(), "QUIT") {
		t.Errorf("Probe = %v, the server was told %q, want a greeting and a good-bye alone", err, server.told())
	}
	server = startScripted(t, map[string]string{"NOOP": "421 " + canaryAddress})
	s, _ = newSMTP(t, options(t, server.address))
	if err := s.Probe(t.Context()); err == nil || err.Error() != "mail: NOOP answered 421" {
		t.Errorf("Probe of a busy server = %v, want the command and the code alone", err)
	}
}
