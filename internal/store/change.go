package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
)

const changeColumns = `id, person, session, kind, state, version, new_value, old_value, masked, old_masked,
	region, challenge, started, expires, moved, wrote, retry, reason, language, hash, act, half, zone, browser, network`

// AddChange inserts a change. Fault: fault.Conflict when another one of the same contact
// was opened meanwhile (CHG-5).
func (s *Store) AddChange(ctx context.Context, c contact.Change) error {
	value, before, err := s.sealChange(c)
	if err != nil {
		return err
	}
	fail := func(err error) error { return named("add a change", conflict(err, "change.moved")) }
	return s.later(ctx, fail, `INSERT INTO changes (`+changeColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)`,
		c.ID, c.Person.String(), c.Session, string(c.Kind), string(c.State), c.Version, value, before, c.Masked, c.OldMasked,
		c.Region, c.Challenge, micros(c.Started), micros(c.Expires), micros(c.Moved), micros(c.Wrote), micros(c.Retry),
		c.Reason, c.Language, c.Hash, string(c.Act), micros(c.Half), c.Origin.Zone, c.Origin.Browser, c.Origin.Network)
}

func (s *Store) sealChange(c contact.Change) (value, before []byte, err error) {
	if value, err = s.seal([]byte(c.Value), "changes", "new_value", c.ID); err != nil {
		return nil, nil, err
	}
	before, err = s.seal([]byte(c.Before), "changes", "old_value", c.ID)
	return value, before, err
}

// Change returns a person's change, or fault.NotFound.
func (s *Store) Change(ctx context.Context, person directory.PersonID, id string) (contact.Change, error) {
	return s.change(ctx, `SELECT `+changeColumns+` FROM changes WHERE id = $1 AND person = $2`, id, person.String())
}

// ChangeByID returns a change, or fault.NotFound.
func (s *Store) ChangeByID(ctx context.Context, id string) (contact.Change, error) {
	return s.change(ctx, `SELECT `+changeColumns+` FROM changes WHERE id = $1`, id)
}

func (s *Store) change(ctx context.Context, query string, args ...any) (contact.Change, error) {
	c, err := s.readChange(s.in(ctx).QueryRowContext(ctx, query, args...))
	ok, err := found(err)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "change.none")
	}
	return c, named("read a change", err)
}

func (s *Store) readChange(row scanner) (contact.Change, error) {
	var c contact.Change
	var person string
	var value, before []byte
	var started, expires, moved, wrote, retry, half int64
	err := row.Scan(&c.ID, &person, &c.Session, &c.Kind, &c.State, &c.Version, &value, &before, &c.Masked, &c.OldMasked,
		&c.Region, &c.Challenge, &started, &expires, &moved, &wrote, &retry, &c.Reason, &c.Language, &c.Hash,
		&c.Act, &half, &c.Origin.Zone, &c.Origin.Browser, &c.Origin.Network)
	if err != nil {
		return contact.Change{}, err
	}
	c.Person, _ = directory.ParsePersonID(person)
	c.Started, c.Expires, c.Moved, c.Wrote, c.Retry = moment(started), moment(expires), moment(moved), moment(wrote), moment(retry)
	c.Half = moment(half)
	plain, err := s.unseal(value, "changes", "new_value", c.ID)
	if err != nil {
		return contact.Change{}, err
	}
	c.Value = string(plain)
	plain, err = s.unseal(before, "changes", "old_value", c.ID)
	c.Before = string(plain)
	return c, err
}

// OpenChanges returns a person's open changes, oldest first.
func (s *Store) OpenChanges(ctx context.Context, person directory.PersonID) ([]contact.Change, error) {
	var changes []contact.Change
	err := s.each(ctx, func(row scanner) error {
		c, err := s.readChange(row)
		changes = append(changes, c)
		return err
	}, `SELECT `+changeColumns+` FROM changes
		WHERE person = $1 AND state IN ('authorising', 'authorised', 'proving', 'proved', 'applying')
		ORDER BY started, id`, person.String())
	return changes, named("read open changes", err)
}

// SaveChange writes a change over the version and state it was read with. With a final
// state the destinations of its codes are erased: they are the proposed value (PRV-2).
func (s *Store) SaveChange(ctx context.Context, c contact.Change, from contact.State) (ok bool, err error) {
	value, before, err := s.sealChange(c)
	if err != nil {
		return false, err
	}
	err = s.InTx(ctx, func(ctx context.Context) error {
		n, err := s.write(ctx, `UPDATE changes SET state = $4, version = version + 1, new_value = $5, old_value = $6,
				masked = $7, old_masked = $8, region = $9, challenge = $10, expires = $11, moved = $12, wrote = $13,
				retry = $14, reason = $15, language = $16, hash = $17, half = $18
			WHERE id = $1 AND version = $2 AND state = $3`,
			c.ID, c.Version, string(from), string(c.State), value, before,
			c.Masked, c.OldMasked, c.Region, c.Challenge, micros(c.Expires), micros(c.Moved), micros(c.Wrote),
			micros(c.Retry), c.Reason, c.Language, c.Hash, micros(c.Half))
		ok = err == nil && n == 1
		if err != nil || !ok || c.Open() {
			return err
		}
		return s.later(ctx, naming("save a change"), `UPDATE challenges SET destination = NULL WHERE flow = $1`, c.ID)
	})
	return ok && err == nil, named("save a change", conflict(err, "change.moved"))
}

// ExpireChanges ends open changes whose time is over, with their codes, and erases the
// values; it returns how many.
func (s *Store) ExpireChanges(ctx context.Context, now time.Time) (int, error) {
	var over []string
	err := s.InTx(ctx, func(ctx context.Context) error {
		over = nil
		err := s.each(ctx, func(row scanner) error {
			var id string
			err := row.Scan(&id)
			over = append(over, id)
			return err
		}, `UPDATE changes SET state = 'expired', reason = 'change.expired', version = version + 1, moved = $1,
				new_value = NULL, old_value = NULL
			WHERE state IN ('authorising', 'authorised', 'proving', 'proved') AND expires <= $1 RETURNING id`, micros(now))
		if err != nil {
			return err
		}
		for _, id := range over {
			_, err := s.write(ctx, `UPDATE challenges SET destination = NULL,
				state = CASE WHEN state = 'live' THEN 'superseded' ELSE state END WHERE flow = $1`, id)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return len(over), named("expire changes", err)
}

const overviewQuery = `SELECT ` + changeColumns + ` FROM changes
	WHERE person = $1 AND (state IN ('authorising', 'authorised', 'proving', 'proved', 'applying') OR state = 'applied' AND act <> 'remove')`

// Overview returns a person's open changes, oldest first, and when each contact was last
// proved and applied here.
func (s *Store) Overview(ctx context.Context, person directory.PersonID) (open []contact.Change, proofs map[directory.Kind]contact.Proof, err error) {
	proofs = map[directory.Kind]contact.Proof{}
	err = s.each(ctx, func(row scanner) error {
		c, err := s.readChange(row)
		if c.State == contact.Applied {
			if p := proofs[c.Kind]; !c.Moved.Before(p.At) {
				proofs[c.Kind] = contact.Proof{At: c.Moved, Masked: c.Masked, Hash: c.Hash}
			}
			return err
		}
		open = append(open, c)
		return err
	}, overviewQuery, person.String())
	slices.SortFunc(open, func(a, b contact.Change) int { return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.ID, b.ID)) })
	return open, proofs, named("read what a person changes and has proved", err)
}

// named says what failed, and leaves faults as they are.
func named(doing string, err error) error {
	if err == nil || fault.As(err) != nil {
		return err
	}
	return fmt.Errorf("store: %s: %w", doing, err)
}
