package mail

import (
	"crypto/x509"
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode"

	"rekey/internal/mailbox"
)

// Longest is the longest timeout that a server may be given: a person waits for it.
const Longest = 30 * time.Second

// Security is how the line to a mail server is protected.
type Security string

// The ways. STARTTLS is required, never tried: whoever can strip it from the server's
// answer could read along.
const (
	StartTLS Security = "starttls"
	TLS      Security = "tls" // from the first byte
	None     Security = "none"
)

// Auth is how we sign in at a mail server.
type Auth string

// The ways. Password is PLAIN or LOGIN, whichever the server has.
const (
	NoAuth   Auth = "none"
	Password Auth = "password"
	XOAuth2  Auth = "xoauth2"
)

// Server describes a mail server as configuration does.
type Server struct {
	Host     string
	Port     int
	Security Security
	Auth     Auth
	User     string
	Password string
	Roots    *x509.CertPool // nil: the machine's
	Timeout  time.Duration  // for the whole exchange
}

// From is who sends.
type From struct {
	Name    string // shown beside the address
	Address string
}

type adder func(format string, args ...any)

// Mistakes returns everything that is wrong with the description, one sentence each,
// which begins with the name of the setting. No value is repeated in it: it might be a
// secret in the wrong place.
func (s Server) Mistakes() []string {
	var found []string
	add := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	switch {
	case s.Host == "":
		add("host: set the name of the mail server, for example smtp.contoso.example.")
	case !isHost(s.Host):
		add("host: write the server's name alone, for example smtp.contoso.example; the port is a setting of its own.")
	}
	if s.Port < 1 || s.Port > 65535 {
		add("port: use a number from 1 to 65535, mostly 587, or 465 for tls.")
	}
	if s.Security != StartTLS && s.Security != TLS && s.Security != None {
		add("security: use starttls, tls or none.")
	}
	s.checkAuth(add)
	if s.Timeout < time.Second || s.Timeout > Longest {
		add("timeout: use a time from 1s to %v, the person waits for it.", Longest)
	}
	return found
}

// isHost reports whether a text is a name or an IP address.
func isHost(text string) bool {
	if _, err := netip.ParseAddr(text); err == nil {
		return true
	}
	return len(text) <= 253 && !strings.HasPrefix(text, "-") && !strings.ContainsFunc(text, func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && r != '.' && r != '-'
	})
}

func (s Server) checkAuth(add adder) {
	switch s.Auth {
	case NoAuth:
		if s.User != "" || s.Password != "" {
			add("auth: set it to password, or leave out user and password.")
		}
		return
	case Password, XOAuth2:
	default:
		add("auth: use none, password or xoauth2.")
		return
	}
	if s.Security == None {
		add("security: use starttls or tls, without them everybody on the way could read the password or the token.")
	}
	if s.User == "" || strings.ContainsFunc(s.User, unicode.IsControl) {
		add("user: set the name with which to sign in at the mail server, on one line.")
	}
	switch {
	case s.Auth == Password && (s.Password == "" || strings.ContainsFunc(s.Password, unicode.IsControl)):
		add("password: set the password of the user at the mail server, on one line.")
	case s.Auth == XOAuth2 && s.Password != "":
		add("password: leave it out, xoauth2 signs in with a token.")
	}
}

// Mistakes returns what is wrong with the sender, as Server.Mistakes does.
func (f From) Mistakes() []string {
	var found []string
	if f.Address == "" {
		found = append(found, "from: set the address from which mails are sent, for example rekey@contoso.example.")
	} else if _, err := mailbox.Parse(f.Address); err != nil {
		found = append(found, "from: write one plain address, for example rekey@contoso.example.")
	}
	if len([]rune(f.Name)) > 60 || strings.ContainsFunc(f.Name, unicode.IsControl) {
		found = append(found, "from_name: use at most 60 letters on one line.")
	}
	return found
}
