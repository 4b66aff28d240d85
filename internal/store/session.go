package store

import (
	"context"
	"encoding/hex"
	"time"

	"rekey/internal/directory"
	"rekey/internal/session"
	"rekey/internal/tx"
)

// AddSession inserts a session row.
func (s *Store) AddSession(ctx context.Context, r session.Row) error {
	data, err := s.seal(r.Data, "sessions", "data", r.ID)
	if err != nil {
		return err
	}
	_, err = s.write(ctx, `INSERT INTO sessions (id, secret, person, began, seen, data) VALUES ($1, $2, $3, $4, $5, $6)`,
		r.ID, r.Secret, r.Person.String(), micros(r.Began), micros(r.Seen), data)
	return named("add a session", err)
}

const (
	sessionColumns = `id, secret, person, began, seen, data`
	sessionQuery   = `SELECT ` + sessionColumns + ` FROM sessions WHERE secret = $1`
)

// Session returns the row with the hash of a secret.
func (s *Store) Session(ctx context.Context, secret []byte) (r session.Row, ok bool, err error) {
	if a, ok := ctx.Value(aheadKey{}).(*ahead); ok && tx.From(ctx) == nil {
		r, err = s.sessionAhead(ctx, a, secret)
	} else {
		r, err = s.readSession(s.in(ctx).QueryRowContext(ctx, sessionQuery, secret))
	}
	ok, err = found(err)
	return r, ok, named("read a session", err)
}

func (s *Store) readSession(row scanner) (session.Row, error) {
	var r session.Row
	var person string
	var began, seen int64
	var data []byte
	if err := row.Scan(&r.ID, &r.Secret, &person, &began, &seen, &data); err != nil {
		return session.Row{}, err
	}
	var err error
	r.Person, _ = directory.ParsePersonID(person)
	r.Began, r.Seen = moment(began), moment(seen)
	r.Data, err = s.unseal(data, "sessions", "data", r.ID)
	return r, err
}

// SessionsOf returns a person's rows, last seen first.
func (s *Store) SessionsOf(ctx context.Context, person directory.PersonID) ([]session.Row, error) {
	var rows []session.Row
	err := s.each(ctx, func(row scanner) error {
		r, err := s.readSession(row)
		rows = append(rows, r)
		return err
	}, `SELECT `+sessionColumns+` FROM sessions WHERE person = $1 ORDER BY seen DESC, began DESC, id`, person.String())
	return rows, named("read a person's sessions", err)
}

// SaveSession writes a row that still has the secret given.
func (s *Store) SaveSession(ctx context.Context, r session.Row, secret []byte) (ok bool, err error) {
	data, err := s.seal(r.Data, "sessions", "data", r.ID)
	if err != nil {
		return false, err
	}
	n, err := s.write(ctx, `UPDATE sessions SET secret = $3, began = $4, seen = $5, data = $6 WHERE id = $1 AND secret = $2`,
		r.ID, secret, r.Secret, micros(r.Began), micros(r.Seen), data)
	return n == 1 && err == nil, named("save a session", err)
}

// TouchSession notes when a session was last seen. PostgreSQL need not have it on the disk: a
// server that loses its memory loses the latest note with it, and then the session only ends
// earlier (SES-4).
func (s *Store) TouchSession(ctx context.Context, id string, at time.Time) error {
	alone, fail := tx.From(ctx) == nil, naming("note a session as seen")
	return fail(s.InTx(ctx, func(ctx context.Context) error {
		if s.server != nil && alone { // others in the transaction may have to survive
			if err := s.later(ctx, fail, `SET LOCAL synchronous_commit = off`); err != nil {
				return err
			}
		}
		return s.later(ctx, fail, `UPDATE sessions SET seen = $2 WHERE id = $1 AND seen < $2`, id, micros(at))
	}))
}

// RemoveSession deletes a row; a missing one is fine.
func (s *Store) RemoveSession(ctx context.Context, id string) error {
	_, err := s.write(ctx, `DELETE FROM sessions WHERE id = $1`, id)
	return named("remove a session", err)
}

// RemoveSessionOf deletes a row of a person; a missing one and another person's look the
// same.
func (s *Store) RemoveSessionOf(ctx context.Context, person directory.PersonID, id string) (ok bool, err error) {
	n, err := s.write(ctx, `DELETE FROM sessions WHERE person = $1 AND id = $2`, person.String(), id)
	return n == 1 && err == nil, named("remove a person's session", err)
}

// RemoveSessionsBut deletes a person's rows but one, and returns how many.
func (s *Store) RemoveSessionsBut(ctx context.Context, person directory.PersonID, keep string) (int, error) {
	n, err := s.write(ctx, `DELETE FROM sessions WHERE person = $1 AND id <> $2`, person.String(), keep)
	return int(n), named("remove sessions", err)
}

// AddPending inserts a sign-in that has begun.
func (s *Store) AddPending(ctx context.Context, p session.PendingRow) error {
	data, err := s.seal(p.Data, "pending_signins", "data", hex.EncodeToString(p.State))
	if err != nil {
		return err
	}
	_, err = s.write(ctx, `INSERT INTO pending_signins (state, browser, expires, data) VALUES ($1, $2, $3, $4)`,
		p.State, p.Browser, micros(p.Expires), data)
	return named("note a sign-in", err)
}

// TakePending removes and returns the sign-in that this browser began with this state.
func (s *Store) TakePending(ctx context.Context, state, browser []byte) (p session.PendingRow, ok bool, err error) {
	var expires int64
	var data []byte
	ok, err = s.returning(ctx, `DELETE FROM pending_signins WHERE state = $1 AND browser = $2 RETURNING state, browser, expires, data`,
		[]any{state, browser}, &p.State, &p.Browser, &expires, &data)
	if err != nil || !ok {
		return session.PendingRow{}, false, named("take a sign-in", err)
	}
	p.Expires = moment(expires)
	p.Data, err = s.unseal(data, "pending_signins", "data", hex.EncodeToString(p.State))
	return p, err == nil, err
}
