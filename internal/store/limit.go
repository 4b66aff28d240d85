package store

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"rekey/internal/limit"
	"rekey/internal/tx"
)

// errFull rolls a reservation back.
var errFull = errors.New("store: no room")

// Reserve takes a place in all charges at the time, or in none (ABU-3). A window is the
// span that ends with the deed, its beginning excluded: what was reserved exactly one
// span ago has left it.
func (s *Store) Reserve(ctx context.Context, at time.Time, charges []limit.Charge) (until time.Time, ok bool, err error) {
	if err := tx.Refuse(ctx); err != nil {
		return time.Time{}, false, err
	}
	charges = merged(charges)
	err = s.InTx(ctx, func(ctx context.Context) error {
		if err := s.lockCounters(ctx, at, charges); err != nil {
			return err
		}
		if until, err = s.room(ctx, at, charges); err != nil {
			return err
		}
		if until.After(at) {
			return errFull
		}
		for _, c := range charges {
			if err := s.place(ctx, at, c); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, errFull) {
		return until, false, nil
	}
	return at, err == nil, named("reserve an allowance", err)
}

// place takes a place. A member that is in every window of its counter already takes none.
func (s *Store) place(ctx context.Context, at time.Time, c limit.Charge) error {
	if c.Member != "" {
		absent := false
		for _, w := range c.Windows {
			in, err := s.member(ctx, at, c, w)
			if err != nil {
				return err
			}
			absent = absent || !in
		}
		if !absent {
			return nil
		}
	}
	_, err := s.write(ctx, `INSERT INTO places (counter, reserved, ends, member) VALUES ($1, $2, $3, $4)`,
		c.Key, micros(at), micros(at.Add(longest(c))), c.Member)
	return err
}

// member reports whether the charge's member has a place in a window.
func (s *Store) member(ctx context.Context, at time.Time, c limit.Charge, w limit.Window) (bool, error) {
	var one int
	return found(s.in(ctx).QueryRowContext(ctx, `SELECT 1 FROM places WHERE counter = $1 AND member = $2 AND reserved > $3 LIMIT 1`,
		c.Key, c.Member, micros(at.Add(-w.Span))).Scan(&one))
}

// lockCounters writes the row of each counter, in an order that all callers share, so
// that on an engine with many writers the next caller waits and then counts our places.
func (s *Store) lockCounters(ctx context.Context, at time.Time, charges []limit.Charge) error {
	for _, c := range charges {
		_, err := s.write(ctx, `INSERT INTO counters (name, reserved, ends) VALUES ($1, $2, $3)
			ON CONFLICT (name) DO UPDATE SET reserved = excluded.reserved, ends = excluded.ends`,
			c.Key, micros(at), micros(at.Add(longest(c))))
		if err != nil {
			return err
		}
	}
	return nil
}

// Next returns the earliest time, not before at, at which all charges have room.
func (s *Store) Next(ctx context.Context, at time.Time, charges []limit.Charge) (time.Time, error) {
	until, err := s.room(ctx, at, merged(charges))
	return until, named("look at an allowance", err)
}

// room returns when every window has room. A window of n is full while its n-th newest
// place is in it; places dated in the future, after a clock was set back, count.
func (s *Store) room(ctx context.Context, at time.Time, charges []limit.Charge) (time.Time, error) {
	until := at
	for _, c := range charges {
		for _, w := range c.Windows {
			free, err := s.free(ctx, at, c, w)
			if err != nil {
				return time.Time{}, err
			}
			if free.After(until) {
				until = free
			}
		}
	}
	return until, nil
}

// free returns when a window has room. One that counts members is full while the n-th
// newest of them is in it, and never for a member that is.
func (s *Store) free(ctx context.Context, at time.Time, c limit.Charge, w limit.Window) (time.Time, error) {
	if w.Count <= 0 { // nothing is allowed, ever
		return at.Add(max(w.Span, time.Microsecond)), nil
	}
	query := `SELECT reserved FROM places WHERE counter = $1 AND reserved > $2
		ORDER BY reserved DESC LIMIT 1 OFFSET $3`
	if c.Member != "" {
		if in, err := s.member(ctx, at, c, w); err != nil || in {
			return at, err
		}
		query = `SELECT MAX(reserved) FROM places WHERE counter = $1 AND reserved > $2
			GROUP BY member ORDER BY MAX(reserved) DESC LIMIT 1 OFFSET $3`
	}
	var nth int64
	full, err := found(s.in(ctx).QueryRowContext(ctx, query, c.Key, micros(at.Add(-w.Span)), int64(w.Count-1)).Scan(&nth))
	if err != nil || !full {
		return at, err
	}
	return moment(nth).Add(w.Span), nil
}

// merged sorts the charges by key and joins those with the same one: a deed takes one
// place in a counter, under the member of the first.
func merged(charges []limit.Charge) []limit.Charge {
	sorted := slices.Clone(charges)
	slices.SortStableFunc(sorted, func(a, b limit.Charge) int { return strings.Compare(a.Key, b.Key) })
	var out []limit.Charge
	for _, c := range sorted {
		if n := len(out); n > 0 && out[n-1].Key == c.Key {
			out[n-1].Windows = append(slices.Clone(out[n-1].Windows), c.Windows...)
			continue
		}
		out = append(out, c)
	}
	return out
}

// longest is the longest window of a charge: after it a place counts no more.
func longest(c limit.Charge) time.Duration {
	var d time.Duration
	for _, w := range c.Windows {
		d = max(d, w.Span)
	}
	return d
}
