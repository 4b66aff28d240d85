// Package mail is the mail server of the demo's organisation: real SMTP on a loopback port,
// with STARTTLS required, as a provider offers it for submission. What is submitted lands in
// the tenant's messages, one for each recipient, and nowhere else.
//
// The mailboxes that people look at are package devices'.
package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"rekey/internal/emulator/tenant"
)

// Limits of the server. Sizes are in bytes.
const (
	maxMessage    = 1 << 20
	maxRecipients = 10
	maxIdle       = time.Minute
	closeTime     = 5 * time.Second
)

// Host is the name that the certificate is for, beside localhost. It is also the address.
const Host = "127.0.0.1"

// Server is a running mail server.
type Server struct {
	tenant *tenant.Tenant
	log    *slog.Logger
	smtp   *smtp.Server
	kept   tenant.MailService
	roots  *x509.CertPool
	lines  *lines

	// ctx ends with the server; a delay that was ordered ends with it.
	ctx    context.Context
	cancel context.CancelFunc
	served chan error
	closed sync.Once
}

// Start listens at a port of 127.0.0.1: the one of last time if it is free. User, password
// and certificate are drawn once and kept with the tenant. Close ends it.
func Start(t *tenant.Tenant, log *slog.Logger) (*Server, error) {
	kept, err := keep(t)
	if err != nil {
		return nil, err
	}
	certificate, roots, err := kept.pair()
	if err != nil {
		return nil, err
	}
	l, err := listen(kept.Port)
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	s := &Server{tenant: t, log: log, kept: kept.MailService, roots: roots, lines: newLines(l), served: make(chan error, 1)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.smtp = smtp.NewServer(smtp.BackendFunc(s.begin))
	s.smtp.Domain = "mail." + tenant.Domain
	s.smtp.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	s.smtp.MaxMessageBytes, s.smtp.MaxRecipients = maxMessage, maxRecipients
	s.smtp.ReadTimeout, s.smtp.WriteTimeout = maxIdle, maxIdle
	s.smtp.EnableSMTPUTF8 = true
	s.smtp.ErrorLog = protocolLog{log}
	go func() { s.served <- s.smtp.Serve(s.lines) }()
	if err := t.KeepServices(func(k *tenant.Services) { k.Mail.Port = s.port() }); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// listen takes the port, or any when that one is taken.
func listen(port int) (net.Listener, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(Host, strconv.Itoa(port)))
	if err != nil && port != 0 {
		return net.Listen("tcp", net.JoinHostPort(Host, "0"))
	}
	return l, err
}

// Addr is the host and port it listens at.
func (s *Server) Addr() string { return s.lines.Addr().String() }

func (s *Server) port() int { return s.lines.Addr().(*net.TCPAddr).Port }

// User and Password are what a client must prove to know.
func (s *Server) User() string     { return s.kept.User }
func (s *Server) Password() string { return s.kept.Password }

// Roots hold the server's certificate.
func (s *Server) Roots() *x509.CertPool { return s.roots }

// Certificate is the server's certificate as PEM.
func (s *Server) Certificate() string { return certificatePEM(s.kept.Certificate) }

// Close cuts every line and waits until nothing runs any more.
func (s *Server) Close() error {
	var err error
	s.closed.Do(func() {
		s.cancel()
		s.lines.cut()
		ctx, cancel := context.WithTimeout(context.Background(), closeTime)
		defer cancel()
		err = errors.Join(notClosed(s.smtp.Shutdown(ctx)), notClosed(<-s.served))
	})
	return err
}

// notClosed leaves out that a closed listener is closed.
func notClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// protocolLog takes what the protocol's library has to say: lines that broke.
type protocolLog struct{ log *slog.Logger }

func (l protocolLog) Printf(format string, v ...any) {
	l.log.Debug("emulated mail server", "what", fmt.Sprintf(format, v...))
}

func (l protocolLog) Println(v ...any) { l.log.Debug("emulated mail server", "what", fmt.Sprint(v...)) }

// lines is a listener that knows its open lines, so that they can be cut.
type lines struct {
	net.Listener
	mu   sync.Mutex
	open map[*line]struct{}
	over bool
}

func newLines(l net.Listener) *lines { return &lines{Listener: l, open: map[*line]struct{}{}} }

// Accept returns the next line.
func (l *lines) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		_ = c.Close() // nobody answers any more
		return nil, net.ErrClosed
	}
	one := &line{c, l}
	l.open[one] = struct{}{}
	return one, nil
}

// cut closes every line, and the listener.
func (l *lines) cut() {
	_ = l.Close() // a listener that is closed already is what is wanted
	l.mu.Lock()
	l.over = true
	open := make([]*line, 0, len(l.open))
	for c := range l.open {
		open = append(open, c)
	}
	l.mu.Unlock()
	for _, c := range open {
		_ = c.Close() // it is to be gone, and so it is
	}
}

type line struct {
	net.Conn
	of *lines
}

// Close closes the line and forgets it.
func (c *line) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}
