package store

import (
	"context"
	"errors"
	"time"

	"rekey/internal/limit"
	"rekey/internal/tx"
)

var _ limit.Ledger = (*Store)(nil)

// pauses is the counter whose one kind of place is the end of a pause.
func pauses(key string) string { return key + "/pause" }

// Claim takes a place in a budget. Its row is an allowance's, dated at the latest moment
// at which the call can be over; the member is the name of the place.
func (s *Store) Claim(ctx context.Context, c limit.Claim) (until time.Time, ok bool, err error) {
	if err := tx.Refuse(ctx); err != nil {
		return time.Time{}, false, err
	}
	charge := limit.Charge{Key: c.Key, Windows: []limit.Window{{Count: c.Most, Span: c.Span}}}
	err = s.InTx(ctx, func(ctx context.Context) error {
		if err := s.lockCounters(ctx, c.Latest, []limit.Charge{charge}); err != nil {
			return err
		}
		if until, err = s.claimable(ctx, c); err != nil {
			return err
		}
		if until.After(c.At) {
			return errFull
		}
		_, err := s.write(ctx, `INSERT INTO places (counter, reserved, ends, member) VALUES ($1, $2, $3, $4)`,
			c.Key, micros(c.Latest), micros(c.Latest.Add(c.Span)), c.Place)
		return err
	})
	if errors.Is(err, errFull) {
		return until, false, nil
	}
	return until, err == nil, named("take a place in a budget", err)
}

// claimable returns when there is a place: after the pause, and when fewer than Most are taken.
func (s *Store) claimable(ctx context.Context, c limit.Claim) (time.Time, error) {
	if c.Most <= 0 {
		return c.At.Add(max(c.Span, time.Microsecond)), nil
	}
	until := c.At
	latest := `SELECT reserved FROM places WHERE counter = $1 AND nth IS NULL AND reserved > $2 ORDER BY reserved DESC LIMIT 1 OFFSET $3`
	var taken, paused int64
	_, err := found(s.in(ctx).QueryRowContext(ctx, latest, c.Key, micros(c.At.Add(-c.Span)), int64(c.Most-1)).Scan(&taken))
	if err != nil {
		return until, err
	}
	if taken > 0 {
		until = c.Soonest(moment(taken).Add(c.Span))
	}
	_, err = found(s.in(ctx).QueryRowContext(ctx, latest, pauses(c.Key), micros(until), int64(0)).Scan(&paused))
	if paused > 0 {
		until = moment(paused)
	}
	return until, err
}

// Settle dates a place at the end of its call, or gives it back.
func (s *Store) Settle(ctx context.Context, c limit.Claim, at time.Time) error {
	if err := tx.Refuse(ctx); err != nil {
		return err
	}
	if at.IsZero() {
		_, err := s.write(ctx, `DELETE FROM places WHERE counter = $1 AND nth IS NULL AND reserved = $2 AND member = $3`,
			c.Key, micros(c.Latest), c.Place)
		return named("give a place back", err)
	}
	_, err := s.write(ctx, `UPDATE places SET reserved = $4, ends = $5 WHERE counter = $1 AND nth IS NULL AND reserved = $2 AND member = $3`,
		c.Key, micros(c.Latest), c.Place, micros(at), micros(at.Add(c.Span)))
	return named("settle a place", err)
}

// Pause lets nobody take a place in a budget before until. It needs no lock: the row says
// all, and the longest one holds.
func (s *Store) Pause(ctx context.Context, key string, until time.Time) error {
	if err := tx.Refuse(ctx); err != nil {
		return err
	}
	_, err := s.write(ctx, `INSERT INTO places (counter, reserved, ends, member) VALUES ($1, $2, $2, '')`, pauses(key), micros(until))
	return named("pause a budget", err)
}
