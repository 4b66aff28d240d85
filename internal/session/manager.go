package session

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"rekey/internal/clock"
	"rekey/internal/fault"
	"rekey/internal/keyring"
)

// Options are what a Manager needs. All are required.
type Options struct {
	Rows  Rows
	Ring  *keyring.Ring
	Clock clock.Clock
	Rand  io.Reader // crypto/rand.Reader outside of tests
	NewID func() string
	// CookieName begins with "__Host-", so that no other site of the domain can set it.
	CookieName string
}

// Manager looks after the sessions of a site. It is safe for concurrent use.
type Manager struct {
	rows   Rows
	ring   *keyring.Ring
	clock  clock.Clock
	random io.Reader
	newID  func() string
	cookie string
}

// NewManager returns a manager.
func NewManager(o Options) *Manager {
	return &Manager{rows: o.Rows, ring: o.Ring, clock: o.Clock, random: o.Rand, newID: o.NewID, cookie: o.CookieName}
}

// Load returns the session of the request. Both are nil when nobody is signed in: there
// is no cookie, or it belongs to no session, or a limit has passed.
func (m *Manager) Load(r *http.Request) (*Session, error) {
	g, err := m.Store().Get(r, m.cookie)
	if err != nil {
		return nil, err
	}
	s, _ := g.Values[valueKey].(*Session)
	return s, nil
}

// SignIn starts a session after a completed sign-in, with a new secret in any case
// (SES-2). When the browser's live session is the same person's, its row stays, with its
// drafts and, unless d has one, its time zone; otherwise it ends and there is a new row.
func (m *Manager) SignIn(w http.ResponseWriter, r *http.Request, d Data) (*Session, error) {
	g, err := m.Store().Get(r, m.cookie)
	if err != nil {
		return nil, err
	}
	old, _ := g.Values[valueKey].(*Session)
	var s *Session
	var value string
	err = m.rows.InTx(r.Context(), func(ctx context.Context) error {
		s, value, err = m.renew(ctx, old, d)
		return err
	})
	if err != nil {
		return nil, err
	}
	setCookie(w, m.cookie, value)
	g.ID, g.IsNew, g.Values[valueKey] = s.ID, false, s
	return s, nil
}

// renew writes the row of a sign-in and returns it with the value of its cookie.
func (m *Manager) renew(ctx context.Context, old *Session, d Data) (*Session, string, error) {
	if old != nil && old.Person == d.Person {
		s, value, ok, err := m.rotate(ctx, old, d)
		if err != nil || ok {
			return s, value, err
		}
		old = nil // signed out or renewed by another request meanwhile: its row is not ours
	}
	if old != nil {
		if err := m.rows.RemoveSession(ctx, old.ID); err != nil {
			return nil, "", err
		}
	}
	s := &Session{ID: m.newID(), Data: d}
	value, err := m.add(ctx, s)
	return s, value, err
}

// rotate keeps the row and gives it a new secret; the old one is dead from then on. ok is
// false when the old one was dead already.
func (m *Manager) rotate(ctx context.Context, old *Session, d Data) (s *Session, value string, ok bool, err error) {
	now, was := m.clock.Now(), old.row.Secret
	current, ok, err := m.rows.Session(ctx, was) // drafts may have changed since the request began
	if err != nil || !ok {
		return nil, "", false, err
	}
	kept, err := decode(current)
	if err != nil {
		return nil, "", false, err
	}
	d.Drafts = kept.Drafts
	if d.Zone == "" {
		d.Zone = kept.Zone
	}
	value, hash, err := newSecret(m.random)
	if err != nil {
		return nil, "", false, err
	}
	s = &Session{ID: old.ID, Data: d, row: Row{ID: old.ID, Secret: hash, Person: d.Person, Began: now, Seen: now}}
	if s.row.Data, err = json.Marshal(d); err != nil {
		return nil, "", false, fmt.Errorf("session: cannot be encoded: %w", err)
	}
	ok, err = m.rows.SaveSession(ctx, s.row, was)
	return s, value, ok, err
}

// add inserts the row of a new session and returns the value of its cookie.
func (m *Manager) add(ctx context.Context, s *Session) (value string, err error) {
	value, hash, err := newSecret(m.random)
	if err != nil {
		return "", err
	}
	now := m.clock.Now()
	s.row = Row{ID: s.ID, Secret: hash, Person: s.Person, Began: now, Seen: now}
	if s.row.Data, err = json.Marshal(s.Data); err != nil {
		return "", fmt.Errorf("session: cannot be encoded: %w", err)
	}
	return value, m.rows.AddSession(ctx, s.row)
}

// Save keeps the drafts, the time zone and the language of a live session; who signed in,
// and how, only SignIn writes. Fault: fault.SignedOut when the session ended or its
// secret changed meanwhile.
func (m *Manager) Save(_ http.ResponseWriter, r *http.Request, s *Session) error {
	return m.keep(r.Context(), s)
}

func (m *Manager) keep(ctx context.Context, s *Session) error {
	return m.rows.InTx(ctx, func(ctx context.Context) error {
		row, ok, err := m.rows.Session(ctx, s.row.Secret)
		if err != nil {
			return err
		}
		if !ok || row.ID != s.ID {
			return fault.New(fault.SignedOut, "session.over")
		}
		d, err := decode(row)
		if err != nil {
			return err
		}
		d.Drafts, d.Zone, d.Language = s.Drafts, s.Zone, s.Language
		if row.Data, err = json.Marshal(d); err != nil {
			return fmt.Errorf("session: cannot be encoded: %w", err)
		}
		ok, err = m.rows.SaveSession(ctx, row, row.Secret)
		if err == nil && !ok {
			err = fault.New(fault.SignedOut, "session.over")
		}
		return err
	})
}

// SignOut ends the session of the request and takes its cookie away by name.
func (m *Manager) SignOut(w http.ResponseWriter, r *http.Request) error {
	g, err := m.Store().Get(r, m.cookie)
	if err != nil {
		expireCookie(w, m.cookie)
		return err
	}
	g.Options.MaxAge = -1
	return m.Store().Save(r, w, g)
}

// FormToken binds a form to the session's row, so that it stays good when the secret
// changes (WEB-1).
func (m *Manager) FormToken(s *Session) string {
	return base64.RawURLEncoding.EncodeToString(m.ring.MAC(formParts(s)...))
}

// ValidFormToken reports whether the token is one of this session's row.
func (m *Manager) ValidFormToken(s *Session, token string) bool {
	mac, err := base64.RawURLEncoding.Strict().DecodeString(token)
	return err == nil && m.ring.VerifyMAC(mac, formParts(s)...)
}

func formParts(s *Session) [][]byte { return [][]byte{[]byte("form-token"), []byte(s.ID)} }

// decode reads what a row holds.
func decode(row Row) (Data, error) {
	var d Data
	if err := json.Unmarshal(row.Data, &d); err != nil {
		return d, fmt.Errorf("session: the row does not hold a session: %w", err)
	}
	if d.Person != row.Person {
		return d, errors.New("session: the row is another person's")
	}
	return d, nil
}
