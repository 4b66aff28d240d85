package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/retirement"
)

var _ retirement.Store = (*Store)(nil)

// How long moves are kept: one that ended for the questions about its receipt, one that
// nobody came back to as long as a day can be planned ahead and a while longer (PRV-2).
const (
	retiredTime   = 30 * 24 * time.Hour
	forgottenTime = retirement.MostAhead + 30*24*time.Hour
)

// AddRetirement inserts a move. Fault: fault.Conflict when the person has an open one.
func (s *Store) AddRetirement(ctx context.Context, r retirement.Retirement) error {
	data, err := s.sealRetirement(r)
	if err != nil {
		return err
	}
	_, err = s.write(ctx, `INSERT INTO retirements (id, person, version, open, started, moved, situation, data)
		VALUES ($1, $2, $3, 1, $4, $4, $5, $6)`, r.ID, r.Person.String(), r.Version, micros(r.Started), string(r.Situation), data)
	return named("add a move", conflict(err, "new-phone.moved"))
}

const retirementQuery = `SELECT id, person, version, data FROM retirements WHERE person = $1 AND open <> 2
	ORDER BY open DESC, started DESC LIMIT 1`

// Retirement returns a person's open move, else the last one that was finished, or
// fault.NotFound.
func (s *Store) Retirement(ctx context.Context, person directory.PersonID) (retirement.Retirement, error) {
	return s.retirement(ctx, retirementQuery, person.String())
}

// RetirementByID returns a move, or fault.NotFound.
func (s *Store) RetirementByID(ctx context.Context, id string) (retirement.Retirement, error) {
	return s.retirement(ctx, `SELECT id, person, version, data FROM retirements WHERE id = $1`, id)
}

func (s *Store) retirement(ctx context.Context, query string, args ...any) (retirement.Retirement, error) {
	var r retirement.Retirement
	var id, person string
	var version int64
	var data []byte
	ok, err := found(s.in(ctx).QueryRowContext(ctx, query, args...).Scan(&id, &person, &version, &data))
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "new-phone.none")
	}
	if err != nil {
		return r, named("read a move", err)
	}
	plain, err := s.unseal(data, "retirements", "data", id)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(plain, &r); err != nil {
		return retirement.Retirement{}, fmt.Errorf("store: the move is not one: %w", err)
	}
	r.ID, r.Version = id, version
	r.Person, _ = directory.ParsePersonID(person)
	return r, nil
}

// SaveRetirement writes a move over the version it was read with.
func (s *Store) SaveRetirement(ctx context.Context, r retirement.Retirement) (ok bool, err error) {
	data, err := s.sealRetirement(r)
	if err != nil {
		return false, err
	}
	n, err := s.write(ctx, `UPDATE retirements SET version = version + 1, open = $3, moved = $4, situation = $5, data = $6
		WHERE id = $1 AND version = $2`, r.ID, r.Version, openness(r), micros(lastOf(r)), string(r.Situation), data)
	return err == nil && n == 1, named("save a move", err)
}

// openness is 1 of an open move, 0 of a finished and 2 of an abandoned one.
func openness(r retirement.Retirement) int {
	switch {
	case r.Open():
		return 1
	case r.Finished.IsZero():
		return 2
	}
	return 0
}

// lastOf is when something last happened in a move, as far as its row knows.
func lastOf(r retirement.Retirement) time.Time {
	last := r.Started
	for _, at := range []time.Time{r.Inventoried, r.Confirmed, r.Revoked, r.SignedIn, r.Planned, r.Finished, r.Abandoned} {
		if at.After(last) {
			last = at
		}
	}
	return last
}

func (s *Store) sealRetirement(r retirement.Retirement) ([]byte, error) {
	plain, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("store: a move cannot be encoded: %w", err)
	}
	return s.seal(plain, "retirements", "data", r.ID)
}
