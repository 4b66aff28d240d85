package mail

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// mailServer is a real mail server that keeps what it takes.
type mailServer struct {
	address    string
	roots      *x509.CertPool
	mechanisms []string // offered once encrypted
	sasl       func(mechanism string) sasl.Server

	mu    sync.Mutex
	mails []taken
}

// taken is one mail as it went over the line.
type taken struct {
	from    string
	to      []string
	content string
	tls     bool
	utf8    bool
}

// startServer starts a server; security as in Server.
func startServer(t *testing.T, security Security, change func(*mailServer, *smtp.Server)) *mailServer {
	t.Helper()
	m := &mailServer{}
	server := smtp.NewServer(m)
	server.Domain = "localhost"
	server.ErrorLog = log.New(io.Discard, "", 0)
	certificate, roots := certificate(t, "localhost")
	m.roots = roots
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	if security == StartTLS {
		server.TLSConfig = config
	}
	if change != nil {
		change(m, server)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m.address = listener.Addr().String()
	if security == TLS {
		listener = tls.NewListener(listener, config)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		if err := errors.Join(server.Close(), <-done); err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Errorf("the mail server ended with %v", err)
		}
	})
	return m
}

func (m *mailServer) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &session{server: m, conn: c}, nil
}

func (m *mailServer) got() []taken {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]taken{}, m.mails...)
}

type session struct {
	server *mailServer
	conn   *smtp.Conn
	mail   taken
}

func (s *session) AuthMechanisms() []string {
	if _, encrypted := s.conn.TLSConnectionState(); !encrypted {
		return nil
	}
	return s.server.mechanisms
}

func (s *session) Auth(mechanism string) (sasl.Server, error) { return s.server.sasl(mechanism), nil }

func (s *session) Mail(from string, o *smtp.MailOptions) error {
	_, encrypted := s.conn.TLSConnectionState()
	s.mail = taken{from: from, tls: encrypted, utf8: o.UTF8}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mail.to = append(s.mail.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.mail.content = string(content)
	s.server.mails = append(s.server.mails, s.mail)
	return nil
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

// certificate makes one for a name, and the roots that trust it.
func certificate(t *testing.T, name string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

// What a scripted server does instead of answering.
const (
	cut  = "cut"  // it closes the line
	hang = "hang" // it says nothing until the line is closed
)

// scripted is a server that answers by a table: the beginning of a line → the answer. It
// keeps what it was told.
type scripted struct {
	address string
	answers map[string]string

	mu    sync.Mutex
	lines []string
}

func startScripted(t *testing.T, answers map[string]string) *scripted {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &scripted{address: listener.Addr().String(), answers: answers}
	var lines sync.WaitGroup
	lines.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			lines.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		lines.Wait()
	})
	return s
}

func (s *scripted) told() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.lines, "\n")
}

// serve speaks with one client until one of both hangs up.
func (s *scripted) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewScanner(conn)
	if !s.answer(conn, in, "greeting", "220 hello") {
		return
	}
	usual := map[string]string{"EHLO": "250 localhost", "HELO": "250 localhost", "MAIL": "250 ok", "RCPT": "250 ok",
		"DATA": "354 go on", ".": "250 taken", "QUIT": "221 bye", "AUTH": "235 welcome"}
	for mail := false; in.Scan(); {
		text := in.Text()
		s.mu.Lock()
		s.lines = append(s.lines, text)
		s.mu.Unlock()
		word, _, _ := strings.Cut(text, " ")
		if mail && text != "." {
			continue
		}
		mail = false
		if !s.answer(conn, in, word, usual[word]) {
			return
		}
		mail = word == "DATA" && s.answers["DATA"] == ""
	}
}

// answer answers a word as the table says; it reports whether the line goes on.
func (s *scripted) answer(conn net.Conn, in *bufio.Scanner, word, usual string) bool {
	text := usual
	if other := s.answers[word]; other != "" {
		text = other
	}
	switch text {
	case cut:
		return false
	case hang:
		for in.Scan() {
		}
		return false
	}
	_, err := io.WriteString(conn, text+"\r\n")
	return err == nil
}
