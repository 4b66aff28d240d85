package store

import (
	"context"
	"errors"
	"time"

	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/tx"
	"rekey/internal/verification"
)

const challengeColumns = `id, flow, purpose, person, session, factor, destination, code_mac, state, tries,
	issued, expires, earlier, delivery`

// AddChallenge supersedes the live challenges of the flow and of the person, factor and
// purpose, and inserts this one. Fault: fault.Conflict when another one was issued for
// the same at the same moment (COD-10).
func (s *Store) AddChallenge(ctx context.Context, c verification.Challenge) error {
	dest, err := s.seal([]byte(c.Destination), "challenges", "destination", c.ID)
	if err != nil {
		return err
	}
	fail := func(err error) error { return named("add a challenge", conflict(err, "change.moved")) }
	return fail(s.InTx(ctx, func(ctx context.Context) error {
		err := s.later(ctx, fail, `UPDATE challenges SET state = 'superseded'
			WHERE state = 'live' AND (flow = $1 OR (person = $2 AND factor = $3 AND purpose = $4))`,
			c.Flow, c.Person.String(), c.Factor, string(c.Purpose))
		if err != nil {
			return err
		}
		return s.later(ctx, fail, `INSERT INTO challenges (`+challengeColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
			c.ID, c.Flow, string(c.Purpose), c.Person.String(), c.Session, c.Factor, dest, c.CodeMAC, string(c.State),
			int64(c.Tries), micros(c.Issued), micros(c.Expires), int64(c.Earlier), string(c.Delivery))
	}))
}

// Challenge returns a person's challenge, or fault.NotFound.
func (s *Store) Challenge(ctx context.Context, person directory.PersonID, id string) (verification.Challenge, error) {
	c, err := s.readChallenge(s.in(ctx).QueryRowContext(ctx,
		`SELECT `+challengeColumns+` FROM challenges WHERE id = $1 AND person = $2`, id, person.String()))
	ok, err := found(err)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "code.none")
	}
	return c, named("read a challenge", err)
}

func (s *Store) readChallenge(row scanner) (verification.Challenge, error) {
	var c verification.Challenge
	var person string
	var dest []byte
	var issued, expires int64
	err := row.Scan(&c.ID, &c.Flow, &c.Purpose, &person, &c.Session, &c.Factor, &dest, &c.CodeMAC, &c.State, &c.Tries,
		&issued, &expires, &c.Earlier, &c.Delivery)
	if err != nil {
		return verification.Challenge{}, err
	}
	c.Person, _ = directory.ParsePersonID(person)
	c.Issued, c.Expires = moment(issued), moment(expires)
	plain, err := s.unseal(dest, "challenges", "destination", c.ID)
	c.Destination = string(plain)
	return c, err
}

// SetDelivery notes what became of the message.
func (s *Store) SetDelivery(ctx context.Context, id string, d verification.Delivery) error {
	return s.later(ctx, naming("note a delivery"), `UPDATE challenges SET delivery = $2 WHERE id = $1`, id, string(d))
}

// Supersede ends the live challenges of a flow.
func (s *Store) Supersede(ctx context.Context, flow string) error {
	return s.later(ctx, naming("end the codes of a flow"), `UPDATE challenges SET state = 'superseded' WHERE flow = $1 AND state = 'live'`, flow)
}

// errNotCounted rolls a try back that may not be counted.
var errNotCounted = errors.New("store: not counted")

// CountTry counts a try on the challenge and on the person's failures in a row, and
// commits both before it returns.
func (s *Store) CountTry(ctx context.Context, a verification.Attempt) (c verification.Challenge, f verification.Failures, ok bool, err error) {
	if err := tx.Refuse(ctx); err != nil {
		return c, f, false, err
	}
	err = s.InTx(ctx, func(ctx context.Context) error {
		if c, err = s.countOnChallenge(ctx, a); err != nil {
			return err
		}
		f, err = s.countOnFactor(ctx, c.Person, c.Factor, a.Now)
		return err
	})
	if errors.Is(err, errNotCounted) {
		return verification.Challenge{}, verification.Failures{}, false, nil
	}
	return c, f, err == nil, named("count a try", err)
}

// countOnChallenge is one conditional statement: of many at once, five succeed.
func (s *Store) countOnChallenge(ctx context.Context, a verification.Attempt) (verification.Challenge, error) {
	c, err := s.readChallenge(s.in(ctx).QueryRowContext(ctx, `UPDATE challenges SET tries = tries + 1
		WHERE id = $1 AND person = $2 AND session = $3 AND purpose = $4 AND state = 'live' AND expires > $5 AND tries < $6
		RETURNING `+challengeColumns,
		a.ID, a.Person.String(), a.Session, string(a.Purpose), micros(a.Now), int64(verification.Tries)))
	ok, err := found(err)
	if err == nil && !ok {
		err = errNotCounted
	}
	return c, err
}

// countOnFactor raises the failures in a row, unless the factor is locked, and sets the
// lock that LockAfter asks for. The conditional upsert holds the row until the commit, and
// takes away a lock that is over: most tries set none.
func (s *Store) countOnFactor(ctx context.Context, person directory.PersonID, factor string, now time.Time) (verification.Failures, error) {
	var f verification.Failures
	ok, err := found(s.in(ctx).QueryRowContext(ctx, `INSERT INTO failures (person, factor, streak, locked_until) VALUES ($1, $2, 1, 0)
		ON CONFLICT (person, factor) DO UPDATE SET streak = failures.streak + 1, locked_until = 0 WHERE failures.locked_until <= $3
		RETURNING streak`, person.String(), factor, micros(now)).Scan(&f.Row))
	if err == nil && !ok {
		err = errNotCounted
	}
	if err != nil {
		return f, err
	}
	if f.LockedUntil = verification.LockAfter(f.Row, now); f.LockedUntil.IsZero() {
		return f, nil
	}
	return f, s.later(ctx, naming("count a try"), `UPDATE failures SET locked_until = $3 WHERE person = $1 AND factor = $2`,
		person.String(), factor, micros(f.LockedUntil))
}

// Consume uses a live challenge up, once, and clears the failures in a row. One whose
// time ran out after its code was compared is dead as well (COD-2).
func (s *Store) Consume(ctx context.Context, id string, now time.Time) (ok bool, err error) {
	err = s.InTx(ctx, func(ctx context.Context) error {
		var person, factor string
		ok, err = found(s.in(ctx).QueryRowContext(ctx, `UPDATE challenges SET state = 'consumed'
			WHERE id = $1 AND state = 'live' AND expires > $2 RETURNING person, factor`, id, micros(now)).Scan(&person, &factor))
		if err != nil || !ok {
			return err
		}
		return s.later(ctx, naming("consume a challenge"), `DELETE FROM failures WHERE person = $1 AND factor = $2`, person, factor)
	})
	return ok && err == nil, named("consume a challenge", err)
}

// Failures returns the failures in a row of a person on a factor.
func (s *Store) Failures(ctx context.Context, person directory.PersonID, factor string) (verification.Failures, error) {
	var f verification.Failures
	var until int64
	_, err := found(s.in(ctx).QueryRowContext(ctx, `SELECT streak, locked_until FROM failures WHERE person = $1 AND factor = $2`,
		person.String(), factor).Scan(&f.Row, &until))
	f.LockedUntil = moment(until)
	return f, named("read failures", err)
}
