package mail

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"strings"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"rekey/internal/emulator/tenant"
)

// SendAsApp is the application permission that lets an app submit mails.
// Source: Exchange Online, authenticate an SMTP connection using OAuth.
const SendAsApp = "SMTP.SendAsApp"

// AuthMechanisms are offered once the line is encrypted.
func (s *session) AuthMechanisms() []string { return []string{sasl.Plain, sasl.Login, "XOAUTH2"} }

// Auth begins one of them.
func (s *session) Auth(mechanism string) (sasl.Server, error) {
	switch mechanism {
	case sasl.Plain:
		return sasl.NewPlainServer(func(identity, user, password string) error {
			if identity != "" && identity != user {
				return smtp.ErrAuthFailed
			}
			return s.login(user, password)
		}), nil
	case sasl.Login:
		return &loginServer{check: s.login}, nil
	case "XOAUTH2":
		return &tokenServer{check: s.bearer}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

// login checks the user and the password that the server drew.
func (s *session) login(user, password string) error {
	k := s.server.kept
	right := subtle.ConstantTimeCompare([]byte(user), []byte(k.User)) & subtle.ConstantTimeCompare([]byte(password), []byte(k.Password))
	if right != 1 {
		return smtp.ErrAuthFailed
	}
	s.user = user
	return nil
}

// bearer checks a token of an app that may send as a mailbox of the tenant.
func (s *session) bearer(user, token string) error {
	a, ok := s.server.tenant.Access(token)
	if !ok || a.Resource != tenant.MailResource || !a.AppOnly() || !a.Allows(SendAsApp) || !s.server.hasMailbox(user) {
		return smtp.ErrAuthFailed
	}
	s.user = user
	return nil
}

func (s *Server) hasMailbox(address string) bool {
	for _, p := range s.tenant.People() {
		if address != "" && strings.EqualFold(p.Mail, address) {
			return true
		}
	}
	return false
}

// loginServer asks for the user and then for the password.
type loginServer struct {
	check      func(user, password string) error
	user       string
	asked, had bool
}

// Next takes the next answer.
func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case response == nil && !l.asked:
		l.asked = true
		return []byte("Username:"), false, nil
	case !l.had:
		l.asked, l.had, l.user = true, true, string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.user, string(response))
}

// tokenServer speaks XOAUTH2. A refusal is told as JSON first, which the client answers
// with nothing. Source: Google, XOAUTH2 protocol; Exchange Online speaks the same.
type tokenServer struct {
	check  func(user, token string) error
	failed bool
}

// Next takes the next answer.
func (x *tokenServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if x.failed {
		return nil, true, smtp.ErrAuthFailed
	}
	if response == nil {
		return nil, false, nil
	}
	fields := strings.Split(string(response), "\x01")
	if len(fields) != 4 || !strings.HasPrefix(fields[0], "user=") || !strings.HasPrefix(fields[1], "auth=Bearer ") || fields[2]+fields[3] != "" {
		return nil, true, errors.New("this is not XOAUTH2")
	}
	if x.check(strings.TrimPrefix(fields[0], "user="), strings.TrimPrefix(fields[1], "auth=Bearer ")) == nil {
		return nil, true, nil
	}
	x.failed = true
	challenge, err = json.Marshal(map[string]string{"status": "401", "schemes": "bearer", "scope": "https://outlook.office365.com/.default"})
	return challenge, false, err
}
