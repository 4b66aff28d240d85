package session

import (
	"fmt"
	"net/http"

	"github.com/gorilla/sessions"
)

// valueKey is where gorilla's session carries ours.
const valueKey = "session"

// store is the Manager as gorilla/sessions knows one: its registry reads a session at
// most once in a request. It is a type of its own because both call their Save "Save".
type store struct{ *Manager }

// Store returns the manager as a gorilla/sessions Store.
func (m *Manager) Store() sessions.Store { return store{m} }

// Get returns the session of the request, from the registry after the first time.
func (s store) Get(r *http.Request, name string) (*sessions.Session, error) {
	return sessions.GetRegistry(r).Get(s, name)
}

// New reads the session of the request. It is never nil, and new when nobody is signed in.
func (s store) New(r *http.Request, name string) (*sessions.Session, error) {
	g := sessions.NewSession(s, name)
	g.Options, g.IsNew = options(), true
	if name != s.cookie {
		return g, fmt.Errorf("session: no session goes by the name %q", name)
	}
	live, err := s.read(r)
	if err == nil && live != nil {
		g.ID, g.IsNew = live.ID, false
		g.Values[valueKey] = live
	}
	return g, err
}

// Save writes a session of the request: a new one gets its row and its cookie, a live one
// keeps its secret, and one with a negative MaxAge is signed out.
func (s store) Save(r *http.Request, w http.ResponseWriter, g *sessions.Session) error {
	live, _ := g.Values[valueKey].(*Session)
	switch {
	case g.Options != nil && g.Options.MaxAge < 0:
		expireCookie(w, g.Name())
		delete(g.Values, valueKey)
		if live == nil {
			return nil
		}
		return s.rows.RemoveSession(r.Context(), live.ID)
	case live == nil:
		return nil
	case live.row.Secret == nil:
		value, err := s.add(r.Context(), live)
		if err == nil {
			setCookie(w, g.Name(), value)
		}
		return err
	}
	return s.keep(r.Context(), live)
}

// read returns the live session that the request's cookie belongs to, or nil.
func (m *Manager) read(r *http.Request) (*Session, error) {
	value, ok := secretOf(r, m.cookie)
	if !ok {
		return nil, nil
	}
	ctx := r.Context()
	row, ok, err := m.rows.Session(ctx, digest(value))
	if err != nil || !ok {
		return nil, err
	}
	now := m.clock.Now()
	if row.over(now) {
		_ = m.rows.RemoveSession(ctx, row.ID) // dead either way; the sweep tries again
		return nil, nil
	}
	d, err := decode(row)
	if err != nil {
		return nil, err
	}
	if now.Sub(row.Seen) >= touchEvery {
		// Reading goes on while the database cannot be written: a session that is not
		// noted as seen only ends earlier.
		_ = m.rows.TouchSession(ctx, row.ID, now)
	}
	return &Session{ID: row.ID, Data: d, row: row}, nil
}
