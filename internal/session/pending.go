package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"rekey/internal/directory"
)

// Pending is a sign-in that has begun: what its callback needs.
type Pending struct {
	Nonce     string
	Verifier  string // PKCE
	ReturnTo  string // local path
	SessionID string // of the session in which it began, if somebody was signed in
	Person    directory.PersonID
	StepUp    bool // the callback must bring Person back
	Forced    bool // credentials were asked for in any case
}

// Begin notes a sign-in under its state, for this browser, for at most ten minutes
// (OID-1). The browser is known by a random cookie of its own, which stays when it is
// there already: several tabs may be signing in. It can never become a session.
func (m *Manager) Begin(w http.ResponseWriter, r *http.Request, state string, p Pending) error {
	if state == "" {
		return errors.New("session: a sign-in without a state")
	}
	data, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("session: a sign-in cannot be encoded: %w", err)
	}
	browser, known := secretOf(r, m.browserCookie())
	if !known {
		if browser, _, err = newSecret(m.random); err != nil {
			return err
		}
	}
	row := PendingRow{State: digest(state), Browser: digest(browser), Expires: m.clock.Now().Add(PendingTime), Data: data}
	if err := m.rows.AddPending(r.Context(), row); err != nil {
		return err
	}
	if !known {
		setCookie(w, m.browserCookie(), browser)
	}
	return nil
}

// Take returns the sign-in that this browser began with this state, once. ok is false
// for a state that is unknown, used, ten minutes old or another browser's.
func (m *Manager) Take(_ http.ResponseWriter, r *http.Request, state string) (p Pending, ok bool, err error) {
	browser, known := secretOf(r, m.browserCookie())
	if !known || state == "" {
		return Pending{}, false, nil
	}
	row, ok, err := m.rows.TakePending(r.Context(), digest(state), digest(browser))
	if err != nil || !ok || !m.clock.Now().Before(row.Expires) {
		return Pending{}, false, err
	}
	if err := json.Unmarshal(row.Data, &p); err != nil {
		return Pending{}, false, fmt.Errorf("session: the row does not hold a sign-in: %w", err)
	}
	return p, true, nil
}

func (m *Manager) browserCookie() string { return m.cookie + "-signin" }
