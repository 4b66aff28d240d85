package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"rekey/internal/limit"
)

// reserveAtOnce is Reserve on PostgreSQL: one transaction that goes over the line as a
// whole. The counters of the tenant and of a country are everybody's, so nobody may hold
// them while answers travel.
func (s *Store) reserveAtOnce(ctx context.Context, at time.Time, charges []limit.Charge) (until time.Time, err error) {
	var v values
	wins, parts := v.looks(at, charges)
	if full := free(at, wins); full.After(at) { // a window that allows nothing
		return full, nil
	}
	caller := ctx
	ctx, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	conn, err := s.live(ctx)
	if err != nil {
		return at, bounded{store: s}.judged(caller, err)
	}
	defer conn.Close()
	err = conn.Raw(func(driver any) error {
		batch := &pgx.Batch{}
		lock, args := lockStatement(at, charges)
		batch.Queue(lock, args...)
		place := v.place(at, charges, parts)
		batch.Queue(place, v.args...)
		results := driver.(*stdlib.Conn).Conn().SendBatch(ctx, batch)
		if _, err := results.Exec(); err != nil {
			_ = results.Close() // the first error is the one to tell
			return err
		}
		rows, err := results.Query()
		for err == nil && rows.Next() {
			err = saw(rows, charges, wins)
		}
		if err == nil {
			err = rows.Err()
		}
		if closed := results.Close(); err == nil {
			err = closed // commits
		}
		return err
	})
	return free(at, wins), bounded{store: s}.judged(caller, err)
}

// live returns a connection that has just answered. What goes over it next may have been
// done when no answer comes, and cannot be repeated; so a dead connection must show before.
func (s *Store) live(ctx context.Context) (conn *sql.Conn, err error) {
	err = s.again(ctx, func() error {
		if conn, err = s.db.Conn(ctx); err != nil {
			return err
		}
		if err = conn.PingContext(ctx); err != nil {
			_ = conn.Close() // the ping has said what is wrong with it
		}
		return err
	})
	return conn, err
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
		taken AS (INSERT INTO places (counter, reserved, ends, member)
			SELECT v.counter, v.reserved, v.ends, v.member FROM (VALUES ` + strings.Join(rows, ", ") + `) AS v (charge, counter, reserved, ends, member)
			WHERE NOT EXISTS (SELECT 1 FROM wins WHERE wins.present = 0 AND wins.until > ` + v.add(micros(at)) + `)
				AND (v.member = '' OR EXISTS (SELECT 1 FROM wins WHERE wins.charge = v.charge AND wins.present = 0)))
		SELECT i, present, nth FROM seen WHERE i >= 0`
}
