package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"rekey/internal/limit"
)

// flushed commits with a record of its own, so that it returns when that is on the disk.
const flushed = `SELECT pg_logical_emit_message(true, 'rekey', '')`

// reserveAtOnce is Reserve on PostgreSQL, in one trip over the line. The counters of the
// tenant and of a country are everybody's, so nobody may hold them while answers travel, nor
// while the disk is waited for. The commit that gives them up does not wait, therefore; the
// next one does, of a transaction that holds nothing. A log is written in its order: when
// that one is on the disk, so is the reservation, and only then has it been made (ABU-3,
// AVL-6). Whoever counted it meanwhile commits after it, and is lost with it.
func (s *Store) reserveAtOnce(ctx context.Context, at time.Time, charges []limit.Charge) (until time.Time, err error) {
	var v values
	wins, parts := v.looks(at, charges)
	if full := free(at, wins); full.After(at) { // a window that allows nothing
		return full, nil
	}
	caller := ctx
	ctx, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	lock, lockArgs := lockStatement(at, charges)
	number, numberArgs := s.numberStatement(charges)
	place := v.place(at, charges, parts)
	// Where the pool had only a dead connection, nothing was reserved, and it is done again. If
	// it was done and the line cut after it, a place is lost: never one too many given.
	err = s.again(ctx, func() error {
		seen := slices.Clone(wins)
		err := s.pipe(ctx, func(line *pgx.Conn) error {
			defer takeBack(ctx, line)
			batch := &pgx.Batch{}
			batch.Queue("begin")
			batch.Queue("SET LOCAL synchronous_commit = off")
			batch.Queue(lock, lockArgs...)
			if number != "" {
				batch.Queue(number, numberArgs...)
			}
			batch.Queue(place, v.args...)
			batch.Queue("commit")
			batch.Queue(flushed)
			return seenBy(line.SendBatch(ctx, batch), batch.Len()-3, charges, seen)
		})
		if err == nil {
			wins = seen
		}
		return err
	})
	return free(at, wins), bounded{store: s}.judged(caller, err)
}

// seenBy reads what a reservation saw of each window, after some other statements, and returns
// when it is on the disk.
func seenBy(results pgx.BatchResults, before int, charges []limit.Charge, wins []window) (err error) {
	defer func() {
		if closed := results.Close(); err == nil {
			err = closed // the commits, too
		}
	}()
	for range before { // until the counters are held
		if _, err := results.Exec(); err != nil {
			return err
		}
	}
	rows, err := results.Query()
	for err == nil && rows.Next() {
		err = saw(rows, charges, wins)
	}
	if err == nil {
		err = rows.Err()
	}
	return err
}

// pipe runs fn with a connection of the pool.
func (s *Store) pipe(ctx context.Context, fn func(line *pgx.Conn) error) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Raw(func(driver any) error { return fn(driver.(*stdlib.Conn).Conn()) })
}

// place writes the statement that takes the places, unless a window is full, and returns what
// it saw of each window.
func (v *values) place(at time.Time, charges []limit.Charge, parts []string) string {
	var rows []string
	for i, c := range charges {
		rows = append(rows, fmt.Sprintf("(%d, %s::TEXT, %s::BIGINT, %s::BIGINT, %s::TEXT)", i,
			v.add(c.Key), v.add(micros(at)), v.add(micros(at.Add(longest(c)))), v.add(c.Member)))
	}
	spans := "VALUES (-1, -1, 0::BIGINT)"
	n := 0
	for i, c := range charges {
		for _, w := range c.Windows {
			spans += fmt.Sprintf(", (%d, %d, %d)", n, i, w.Span.Microseconds())
			n++
		}
	}
	look := "SELECT -1, 0, NULL::BIGINT"
	if len(parts) > 0 {
		look = strings.Join(parts, " UNION ALL ")
	}
	return `WITH seen (i, present, nth) AS (` + look + `),
		spans (i, charge, span) AS (` + spans + `),
		wins AS (SELECT seen.i, spans.charge, present, nth + span AS until FROM seen JOIN spans ON spans.i = seen.i),
		taken AS (INSERT INTO places (counter, reserved, ends, member, nth)
			SELECT v.counter, v.reserved, v.ends, v.member, ` + nextNumber("v.counter", "v.member") + ` FROM (VALUES ` + strings.Join(rows, ", ") + `) AS v (charge, counter, reserved, ends, member)
			WHERE NOT EXISTS (SELECT 1 FROM wins WHERE wins.present = 0 AND wins.until > ` + v.add(micros(at)) + `)
				AND (v.member = '' OR EXISTS (SELECT 1 FROM wins WHERE wins.charge = v.charge AND wins.present = 0)))
		SELECT i, present, nth FROM seen WHERE i >= 0`
}
