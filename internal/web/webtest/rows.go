package webtest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"rekey/internal/directory"
	"rekey/internal/session"
)

// Rows keeps sessions in memory. It is safe for concurrent use; its transactions do not
// roll back.
type Rows struct {
	mu       sync.Mutex
	sessions map[string]session.Row
	pending  []session.PendingRow
	err      error
}

// NewRows returns empty Rows.
func NewRows() *Rows { return &Rows{sessions: map[string]session.Row{}} }

// Break makes everything fail with err, as a database that is down would; nil mends it.
func (m *Rows) Break(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

// State describes all that is kept but the times last seen, to compare.
func (m *Rows) State() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var rows []string
	for _, r := range m.sessions {
		rows = append(rows, fmt.Sprintf("%s %x %s", r.ID, r.Secret, r.Data))
	}
	slices.Sort(rows)
	return strings.Join(rows, "\n")
}

// Sessions returns how many sessions are kept.
func (m *Rows) Sessions() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.sessions)
}

// InTx runs fn.
func (m *Rows) InTx(ctx context.Context, fn func(context.Context) error) error { return fn(ctx) }

// AddSession implements session.Rows.
func (m *Rows) AddSession(_ context.Context, r session.Row) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sessions[r.ID] = r
	return m.err
}

// Session implements session.Rows.
func (m *Rows) Session(_ context.Context, secret []byte) (session.Row, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.sessions {
		if bytes.Equal(r.Secret, secret) {
			return r, true, m.err
		}
	}
	return session.Row{}, false, m.err
}

// SaveSession implements session.Rows.
func (m *Rows) SaveSession(_ context.Context, r session.Row, secret []byte) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	old, ok := m.sessions[r.ID]
	if !ok || !bytes.Equal(old.Secret, secret) {
		return false, m.err
	}
	m.sessions[r.ID] = r
	return true, m.err
}

// TouchSession implements session.Rows.
func (m *Rows) TouchSession(_ context.Context, id string, at time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r, ok := m.sessions[id]; ok && at.After(r.Seen) {
		r.Seen = at
		m.sessions[id] = r
	}
	return m.err
}

// RemoveSession implements session.Rows.
func (m *Rows) RemoveSession(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.sessions, id)
	return m.err
}

// SessionsOf implements session.Rows.
func (m *Rows) SessionsOf(_ context.Context, person directory.PersonID) ([]session.Row, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var rows []session.Row
	for _, r := range m.sessions {
		if r.Person == person {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b session.Row) int {
		return cmp.Or(b.Seen.Compare(a.Seen), b.Began.Compare(a.Began), cmp.Compare(a.ID, b.ID))
	})
	return rows, m.err
}

// RemoveSessionOf implements session.Rows.
func (m *Rows) RemoveSessionOf(_ context.Context, person directory.PersonID, id string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.sessions[id]
	if ok = ok && r.Person == person; ok {
		delete(m.sessions, id)
	}
	return ok, m.err
}

// RemoveSessionsBut implements session.Rows.
func (m *Rows) RemoveSessionsBut(_ context.Context, person directory.PersonID, keep string) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for id, r := range m.sessions {
		if r.Person == person && id != keep {
			delete(m.sessions, id)
			n++
		}
	}
	return n, m.err
}

// AddPending implements session.Rows.
func (m *Rows) AddPending(_ context.Context, p session.PendingRow) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pending = append(m.pending, p)
	return m.err
}

// TakePending implements session.Rows.
func (m *Rows) TakePending(_ context.Context, state, browser []byte) (session.PendingRow, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := slices.IndexFunc(m.pending, func(p session.PendingRow) bool {
		return bytes.Equal(p.State, state) && bytes.Equal(p.Browser, browser)
	})
	if i < 0 {
		return session.PendingRow{}, false, m.err
	}
	p := m.pending[i]
	m.pending = slices.Delete(m.pending, i, i+1)
	return p, true, m.err
}
