package store

import (
	"context"
	"errors"
	"fmt"
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
	if charges = merged(charges); len(charges) == 0 {
		return at, true, nil
	}
	if s.server != nil {
		until, err = s.reserveAtOnce(ctx, at, charges)
		return until, err == nil && !until.After(at), named("reserve an allowance", err)
	}
	err = s.InTx(ctx, func(ctx context.Context) error {
		if err := s.lockCounters(ctx, at, charges); err != nil {
			return err
		}
		if number, args := s.numberStatement(charges); number != "" {
			if _, err := s.write(ctx, number, args...); err != nil {
				return err
			}
		}
		wins, err := s.look(ctx, at, charges)
		if err != nil {
			return err
		}
		if until = free(at, wins); until.After(at) {
			return errFull
		}
		return s.place(ctx, at, charges, wins)
	})
	if errors.Is(err, errFull) {
		return until, false, nil
	}
	return at, err == nil, named("reserve an allowance", err)
}

// place takes a place in every counter, in one statement. A member that is in every window
// of its counter already takes none.
func (s *Store) place(ctx context.Context, at time.Time, charges []limit.Charge, wins []window) error {
	var v values
	for i, c := range charges {
		absent := c.Member == "" || slices.ContainsFunc(wins, func(w window) bool { return w.charge == i && !w.present })
		if absent {
			v.row(c.Key, micros(at), micros(at.Add(longest(c))), c.Member)
		}
	}
	if v.rows == 0 {
		return nil
	}
	_, err := s.write(ctx, `INSERT INTO places (counter, reserved, ends, member, nth)
		SELECT column1, column2, column3, column4, `+nextNumber("column1", "column4")+` FROM (VALUES `+v.String()+`)`, v.args...)
	return err
}

// nextNumber writes the number of a new place: the next one of its counter, none for one that
// counts members.
func nextNumber(counter, member string) string {
	return `CASE WHEN ` + member + ` = '' THEN (SELECT COALESCE(MAX(p.nth), 0) + 1 FROM places p WHERE p.counter = ` + counter + ` AND p.nth IS NOT NULL) END`
}

// numberStatement numbers places that have none yet, of counters that do not count members,
// behind those that have one: a process of a release that knew no numbers took them. "" where
// there is no such counter. The counters are locked before it.
func (s *Store) numberStatement(charges []limit.Charge) (statement string, args []any) {
	var v values
	var keys []string
	for _, c := range charges {
		if c.Member == "" {
			keys = append(keys, v.add(c.Key))
		}
	}
	if len(keys) == 0 {
		return "", nil
	}
	return `UPDATE places SET nth = n.nth FROM (
			SELECT p.` + s.engine.row + ` AS place, (SELECT COALESCE(MAX(m.nth), 0) FROM places m WHERE m.counter = p.counter AND m.nth IS NOT NULL)
				+ ROW_NUMBER() OVER (PARTITION BY p.counter ORDER BY p.reserved) AS nth
			FROM places p WHERE p.nth IS NULL AND p.counter IN (` + strings.Join(keys, ", ") + `)) n
		WHERE places.` + s.engine.row + ` = n.place`, v.args
}

// lockCounters writes the row of each counter, in an order that all callers share, so
// that on an engine with many writers the next caller waits and then counts our places.
func (s *Store) lockCounters(ctx context.Context, at time.Time, charges []limit.Charge) error {
	statement, args := lockStatement(at, charges)
	_, err := s.write(ctx, statement, args...)
	return err
}

func lockStatement(at time.Time, charges []limit.Charge) (statement string, args []any) {
	var v values
	for _, c := range charges {
		v.row(c.Key, micros(at), micros(at.Add(longest(c))))
	}
	return `INSERT INTO counters (name, reserved, ends) VALUES ` + v.String() + `
		ON CONFLICT (name) DO UPDATE SET reserved = excluded.reserved, ends = excluded.ends`, v.args
}

// Next returns the earliest time, not before at, at which all charges have room.
func (s *Store) Next(ctx context.Context, at time.Time, charges []limit.Charge) (time.Time, error) {
	wins, err := s.look(ctx, at, merged(charges))
	if err != nil {
		return time.Time{}, named("look at an allowance", err)
	}
	return free(at, wins), nil
}

// window is a window of a charge, as it was found.
type window struct {
	charge  int // place among the charges
	until   time.Time
	present bool // the charge's member has a place in it
}

// free is when every window has room.
func free(at time.Time, wins []window) time.Time {
	for _, w := range wins {
		if w.until.After(at) {
			at = w.until
		}
	}
	return at
}

// look finds out when each window has room, in one statement: a reservation holds the
// counters of everybody who sends, and every way to the database takes time. A window of n
// is full while the place that was taken n places ago is in it, or of one that counts members
// the n-th newest of them, but never for a member that is. So no span ever holds more than n,
// wherever clocks are set meanwhile: between a place and the one n after it is a span.
func (s *Store) look(ctx context.Context, at time.Time, charges []limit.Charge) ([]window, error) {
	var v values
	wins, parts := v.looks(at, charges)
	if len(parts) == 0 {
		return wins, nil
	}
	return wins, s.each(ctx, func(row scanner) error { return saw(row, charges, wins) }, strings.Join(parts, " UNION ALL "), v.args...)
}

// looks writes the part of a statement for each window, and returns the windows as they are
// where nothing is found.
func (v *values) looks(at time.Time, charges []limit.Charge) (wins []window, parts []string) {
	for i, c := range charges {
		for _, w := range c.Windows {
			if w.Count <= 0 { // nothing is allowed, ever
				wins = append(wins, window{charge: i, until: at.Add(max(w.Span, time.Microsecond))})
				continue
			}
			parts = append(parts, v.find(len(wins), c, micros(at.Add(-w.Span)), w.Count))
			wins = append(wins, window{charge: i, until: at})
		}
	}
	return wins, parts
}

// saw reads what was found of a window.
func saw(row scanner, charges []limit.Charge, wins []window) error {
	var i, present int
	var nth *int64
	if err := row.Scan(&i, &present, &nth); err != nil {
		return err
	}
	if wins[i].present = present > 0; nth != nil && !wins[i].present {
		wins[i].until = moment(*nth).Add(span(charges, wins, i))
	}
	return nil
}

// span is the length of the i-th window of all charges.
func span(charges []limit.Charge, wins []window, i int) time.Duration {
	first := slices.IndexFunc(wins, func(w window) bool { return w.charge == wins[i].charge })
	return charges[wins[i].charge].Windows[i-first].Span
}

// find writes the part of a statement that looks at the i-th window: whether the member is
// in it, and when its last free place was taken.
func (v *values) find(i int, c limit.Charge, since int64, count int) string {
	key := v.add(c.Key)
	if c.Member == "" {
		return fmt.Sprintf(`SELECT %d, 0, (SELECT reserved FROM places WHERE counter = %[2]s
			AND nth <= (SELECT MAX(nth) FROM places WHERE counter = %[2]s AND nth IS NOT NULL) - %[3]s ORDER BY nth DESC LIMIT 1)`, i, key, v.add(int64(count-1)))
	}
	from, offset := v.add(since), v.add(int64(count-1))
	return fmt.Sprintf(`SELECT %[1]d, (SELECT COUNT(*) FROM places WHERE counter = %[2]s AND nth IS NULL AND member = %[5]s AND reserved > %[3]s),
		(SELECT MAX(reserved) FROM places WHERE counter = %[2]s AND nth IS NULL AND reserved > %[3]s GROUP BY member ORDER BY MAX(reserved) DESC LIMIT 1 OFFSET %[4]s)`,
		i, key, from, offset, v.add(c.Member))
}

// values writes the values of a statement as parameters.
type values struct {
	text strings.Builder
	rows int
	args []any
}

// add adds one value and returns its parameter.
func (v *values) add(value any) string {
	v.args = append(v.args, value)
	return fmt.Sprintf("$%d", len(v.args))
}

// row adds a row of values.
func (v *values) row(row ...any) {
	if v.rows++; v.rows > 1 {
		v.text.WriteString(", ")
	}
	for i, value := range row {
		v.text.WriteString(map[bool]string{true: "(", false: ", "}[i == 0])
		v.text.WriteString(v.add(value))
	}
	v.text.WriteString(")")
}

// String is the list of rows.
func (v *values) String() string { return v.text.String() }

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
