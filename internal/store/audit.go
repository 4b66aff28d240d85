package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"rekey/internal/audit"
)

const eventColumns = `id, at, actor, subject, action, outcome, reason, address, request, detail`

// Append adds an event to the log and to what the sealer has to do, in the transaction of
// ctx. Nothing in this package changes or removes an event (AUD-4).
func (s *Store) Append(ctx context.Context, e audit.Event) error {
	detail, err := json.Marshal(e.Detail)
	if err != nil {
		return fmt.Errorf("store: the detail of an event cannot be encoded: %w", err)
	}
	fail := naming("append an event")
	insert := `INSERT INTO events (` + eventColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING seq`
	args := []any{e.ID, micros(e.At), text(e.Actor), text(e.Subject), string(e.Action), string(e.Outcome), text(e.Reason),
		text(e.Address), text(e.Request), string(detail)}
	if s.server != nil { // in one statement, which SQLite does not take
		return s.later(ctx, fail, `WITH e AS (`+insert+`, id) INSERT INTO unsealed (seq, event) SELECT seq, id FROM e`, args...)
	}
	return fail(s.InTx(ctx, func(ctx context.Context) error {
		var seq int64
		if err := s.in(ctx).QueryRowContext(ctx, insert, args...).Scan(&seq); err != nil {
			return err
		}
		_, err = s.write(ctx, `INSERT INTO unsealed (seq, event) VALUES ($1, $2)`, seq, e.ID)
		return err
	}))
}

// text makes a string one that every engine takes and gives back unchanged: what a seal
// covers must not depend on where it was kept.
func text(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}

func readEvent(row scanner, before ...any) (audit.Event, error) {
	var e audit.Event
	var at int64
	var detail string
	dest := append(before, &e.ID, &at, &e.Actor, &e.Subject, &e.Action, &e.Outcome, &e.Reason, &e.Address, &e.Request, &detail)
	if err := row.Scan(dest...); err != nil {
		return e, err
	}
	e.At = moment(at)
	return e, decode(detail, &e)
}

// decode reads the detail. One that somebody broke stays visible as text, so that the
// seal does not fit and the rest of the chain is still checked.
func decode(detail string, e *audit.Event) error {
	if err := json.Unmarshal([]byte(detail), &e.Detail); err != nil {
		e.Detail = map[string]string{"unreadable": detail}
	}
	return nil
}

// HoldSealer takes the sealer's lease, or renews it when half of it is over: the sealer
// looks twice a second, and a write each time would be too many.
func (s *Store) HoldSealer(ctx context.Context, owner string, now, until time.Time) (held bool, err error) {
	err = s.InTx(ctx, func(ctx context.Context) error {
		var enough int
		half := now.Add(until.Sub(now) / 2)
		held, err = found(s.in(ctx).QueryRowContext(ctx, `SELECT 1 FROM leases
			WHERE name = 'sealer' AND owner = $1 AND leased_until > $2`, owner, micros(half)).Scan(&enough))
		if err != nil || held {
			return err
		}
		n, err := s.write(ctx, `INSERT INTO leases (name, owner, leased_until) VALUES ('sealer', $1, $2)
			ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, leased_until = excluded.leased_until
			WHERE leases.owner = excluded.owner OR leases.leased_until <= $3`, owner, micros(until), micros(now))
		held = err == nil && n == 1
		return err
	})
	return held && err == nil, named("take the sealer's lease", err)
}

// Unsealed returns up to limit events that have no seal, oldest first.
func (s *Store) Unsealed(ctx context.Context, limit int) ([]audit.Event, error) {
	var events []audit.Event
	err := s.each(ctx, func(row scanner) error {
		e, err := readEvent(row)
		events = append(events, e)
		return err
	}, `SELECT e.id, e.at, e.actor, e.subject, e.action, e.outcome, e.reason, e.address, e.request, e.detail
		FROM unsealed u JOIN events e ON e.seq = u.seq
		WHERE e.seq >= (SELECT MIN(seq) FROM unsealed) -- or PostgreSQL may go through the whole log
		ORDER BY u.seq LIMIT $1`, int64(limit))
	return events, named("read unsealed events", err)
}

// LastSeal returns the head of the chain.
func (s *Store) LastSeal(ctx context.Context) (seal audit.Seal, ok bool, err error) {
	ok, err = found(s.in(ctx).QueryRowContext(ctx, `SELECT position, event, mac FROM seals ORDER BY position DESC LIMIT 1`).
		Scan(&seal.Position, &seal.Event, &seal.MAC))
	return seal, ok, named("read the head of the chain", err)
}

// AddSeals appends to the chain, all or none. Fault: fault.Conflict when a position or an
// event has a seal already.
func (s *Store) AddSeals(ctx context.Context, seals []audit.Seal) error {
	fail := func(err error) error { return named("seal events", conflict(err, "audit.sealed")) }
	return fail(s.InTx(ctx, func(ctx context.Context) error {
		if s.server != nil {
			return s.sealAtOnce(ctx, fail, seals)
		}
		for _, seal := range seals {
			_, err := s.write(ctx, `INSERT INTO seals (position, event, mac) VALUES ($1, $2, $3)`, seal.Position, seal.Event, seal.MAC)
			if err != nil {
				return err
			}
			if _, err := s.write(ctx, `DELETE FROM unsealed WHERE event = $1`, seal.Event); err != nil {
				return err
			}
		}
		return nil
	}))
}

// sealAtOnce adds all seals in one statement: PostgreSQL takes lists of values, SQLite none.
func (s *Store) sealAtOnce(ctx context.Context, fail func(error) error, seals []audit.Seal) error {
	var positions []int64
	var events []string
	var macs [][]byte
	for _, seal := range seals {
		positions, events, macs = append(positions, seal.Position), append(events, seal.Event), append(macs, seal.MAC)
	}
	err := s.later(ctx, fail, `INSERT INTO seals (position, event, mac) SELECT p, e, m FROM unnest($1::BIGINT[], $2::TEXT[], $3::BYTEA[]) AS s (p, e, m)`,
		positions, events, macs)
	if err != nil {
		return err
	}
	return s.later(ctx, fail, `DELETE FROM unsealed WHERE event = ANY($1::TEXT[])`, events)
}

// EachSealed calls fn for every seal with its event, in order of position.
func (s *Store) EachSealed(ctx context.Context, fn func(seal audit.Seal, e audit.Event, found bool) error) error {
	return named("read the chain", s.each(ctx, func(row scanner) error {
		var seal audit.Seal
		var there bool
		e, err := readEvent(row, &seal.Position, &seal.Event, &seal.MAC, &there)
		if err != nil {
			return err
		}
		if !there {
			e = audit.Event{}
		}
		return fn(seal, e, there)
	}, `SELECT s.position, s.event, s.mac, e.id IS NOT NULL,
			COALESCE(e.id, ''), COALESCE(e.at, 0), COALESCE(e.actor, ''), COALESCE(e.subject, ''), COALESCE(e.action, ''),
			COALESCE(e.outcome, ''), COALESCE(e.reason, ''), COALESCE(e.address, ''), COALESCE(e.request, ''),
			COALESCE(e.detail, 'null')
		FROM seals s LEFT JOIN events e ON e.id = s.event ORDER BY s.position`))
}

// CountEvents returns how many events there are.
func (s *Store) CountEvents(ctx context.Context) (n int64, err error) {
	err = s.in(ctx).QueryRowContext(ctx, `SELECT COUNT(*) FROM events`).Scan(&n)
	return n, named("count events", err)
}

// CountStray returns how many events have neither a seal nor a place in unsealed, and how
// many places there belong to no event.
func (s *Store) CountStray(ctx context.Context) (events, places int64, err error) {
	err = s.in(ctx).QueryRowContext(ctx, `SELECT
		(SELECT COUNT(*) FROM events e WHERE NOT EXISTS (SELECT 1 FROM seals s WHERE s.event = e.id)
			AND NOT EXISTS (SELECT 1 FROM unsealed u WHERE u.event = e.id)),
		(SELECT COUNT(*) FROM unsealed u WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.seq = u.seq AND e.id = u.event))`).
		Scan(&events, &places)
	return events, places, named("count stray events", err)
}
