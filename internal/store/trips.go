package store

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"
)

// trips is a transaction on PostgreSQL that goes over the line as seldom as it can. An
// answer takes longer to travel than most statements take to run, and of most of what a
// transaction writes nobody needs the answer before the commit. Such statements wait here
// and travel, in their order, together with the next one that is asked something; BEGIN
// with the first, COMMIT with the last.
//
// A transaction of which nothing was ever answered has had no effect: when the pool had
// only a dead connection for it, it begins again on another one.
type trips struct {
	store   *Store
	conn    *sql.Conn
	line    *pgx.Conn // of conn, which nobody else uses meanwhile
	waiting []errand
	begun   bool // the server has said so
}

// errand is a statement whose answer nobody waits for.
type errand struct {
	query string
	args  []any
	fail  func(error) error // what its failure is called, wherever it shows
}

// hire returns a transaction that the server does not know of yet.
func (s *Store) hire(ctx context.Context) (*trips, error) {
	t := &trips{store: s, waiting: []errand{{query: "begin", fail: func(err error) error { return fmt.Errorf("store: no transaction: %w", err) }}}}
	return t, t.connect(ctx)
}

func (t *trips) connect(ctx context.Context) (err error) {
	if t.conn, err = t.store.db.Conn(ctx); err != nil {
		return err
	}
	return t.conn.Raw(func(driver any) error {
		t.line = driver.(*stdlib.Conn).Conn()
		return nil
	})
}

// later has a statement wait for company.
func (t *trips) later(e errand) { t.waiting = append(t.waiting, e) }

// commit sends what still waits, and ends the transaction.
func (t *trips) commit(ctx context.Context) error {
	if !t.begun {
		if len(t.waiting) == 1 {
			return nil // the server never heard of it
		}
		if err := t.send(ctx, nil); err != nil { // a commit is never sent twice, so not along with this
			return err
		}
	}
	t.later(errand{query: "commit", fail: func(err error) error { return fmt.Errorf("store: not committed, or nobody knows: %w", err) }})
	return t.send(ctx, nil)
}

// leave gives the connection back. A transaction that is still open is taken back.
func (t *trips) leave(ctx context.Context) {
	if t.conn == nil {
		return
	}
	if t.line != nil {
		takeBack(ctx, t.line)
	}
	_ = t.conn.Close()
}

// takeBack takes a transaction back that is still open.
func takeBack(ctx context.Context, line *pgx.Conn) {
	if line.IsClosed() || line.PgConn().TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pingTime)
	defer cancel()
	_, _ = line.Exec(ctx, "rollback") // a connection that could not is not used again
}

// send sends what waits, and with it what ask asks, nil for nothing.
func (t *trips) send(ctx context.Context, ask *question) error {
	answered, err := t.travel(ctx, ask)
	if err != nil && !answered && !t.begun && ctx.Err() == nil && cut(err) {
		t.store.shed()
		_ = t.conn.Close()
		if err = t.connect(ctx); err == nil {
			answered, err = t.travel(ctx, ask)
		}
	}
	t.begun = t.begun || answered
	t.waiting = nil
	return err
}

// question is a statement whose answer somebody waits for.
type question struct {
	query string
	args  []any
	read  func(pgx.Rows) error
}

// travel goes over the line once. answered says whether the server took the first
// statement.
func (t *trips) travel(ctx context.Context, ask *question) (answered bool, err error) {
	if len(t.waiting) == 0 {
		rows, err := t.line.Query(ctx, ask.query, ask.args...)
		if err != nil {
			return true, err
		}
		return true, ask.read(rows)
	}
	batch := &pgx.Batch{}
	for _, e := range t.waiting {
		batch.Queue(e.query, e.args...)
	}
	if ask != nil {
		batch.Queue(ask.query, ask.args...)
	}
	results := t.line.SendBatch(ctx, batch)
	defer func() {
		if closed := results.Close(); err == nil {
			err = closed
		}
	}()
	for i, e := range t.waiting {
		tag, err := results.Exec()
		if err == nil && e.query == "commit" && tag.String() == "ROLLBACK" {
			err = pgx.ErrTxCommitRollback // a statement had failed, and nobody said so
		}
		if err != nil {
			return i > 0, &belated{e.fail(err)}
		}
	}
	if ask == nil {
		return true, nil
	}
	rows, err := results.Query()
	if err != nil {
		return true, err
	}
	return true, ask.read(rows)
}

// belated is the failure of an errand. It shows at another statement, or at the commit, and
// is not theirs.
type belated struct{ err error }

// Error tells what failed.
func (b *belated) Error() string { return b.err.Error() }

// Unwrap returns why.
func (b *belated) Unwrap() error { return b.err }

// ExecContext is part of querier.
func (t *trips) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	var tag pgconn.CommandTag
	err := t.send(ctx, &question{query, args, func(rows pgx.Rows) error {
		rows.Close()
		tag = rows.CommandTag()
		return rows.Err()
	}})
	return affected(tag.RowsAffected()), err
}

// affected is how many rows a statement changed.
type affected int64

// LastInsertId is part of sql.Result; PostgreSQL has none.
func (affected) LastInsertId() (int64, error) {
	return 0, errors.New("store: PostgreSQL has no last id")
}

// RowsAffected is part of sql.Result.
func (n affected) RowsAffected() (int64, error) { return int64(n), nil }

// QueryRowContext is part of querier.
func (t *trips) QueryRowContext(ctx context.Context, query string, args ...any) scanner {
	return row(func(dest ...any) error {
		return t.send(ctx, &question{query, args, func(rows pgx.Rows) error {
			defer rows.Close()
			if !rows.Next() {
				return cmp.Or(rows.Err(), sql.ErrNoRows)
			}
			if err := rows.Scan(dest...); err != nil {
				return err
			}
			rows.Close()
			return rows.Err()
		}})
	})
}

// QueryContext is part of querier. All rows are read before it returns: the line is free for
// what is asked while the caller goes through them.
func (t *trips) QueryContext(ctx context.Context, query string, args ...any) (rows, error) {
	read := &readRows{types: t.line.TypeMap(), at: -1}
	return read, t.send(ctx, &question{query, args, func(rows pgx.Rows) error {
		return read.from(rows)
	}})
}

// readRows are rows that came over the line already.
type readRows struct {
	types  *pgtype.Map
	fields []pgconn.FieldDescription
	values [][][]byte
	at     int
}

// from reads all rows, to the end.
func (r *readRows) from(rows pgx.Rows) error {
	defer rows.Close()
	r.fields = slices.Clone(rows.FieldDescriptions())
	for rows.Next() {
		var kept [][]byte
		for _, value := range rows.RawValues() {
			kept = append(kept, bytes.Clone(value)) // of nil, which is NULL, nil
		}
		r.values = append(r.values, kept)
	}
	return rows.Err()
}

// one is the first row alone.
func (r *readRows) one() scanner {
	return row(func(dest ...any) error {
		if !r.Next() {
			return sql.ErrNoRows
		}
		return r.Scan(dest...)
	})
}

// Next is part of rows.
func (r *readRows) Next() bool { r.at++; return r.at < len(r.values) }

// Scan is part of rows.
func (r *readRows) Scan(dest ...any) error {
	return pgx.ScanRow(r.types, r.fields, r.values[r.at], dest...)
}

// Err is part of rows.
func (r *readRows) Err() error { return nil }

// Close is part of rows.
func (r *readRows) Close() error { return nil }
