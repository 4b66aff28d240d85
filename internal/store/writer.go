package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	lite "modernc.org/sqlite"

	"rekey/internal/fault"
)

// writer is the one connection that writes to a file. A commit must reach the disk, which
// takes milliseconds, and a file has one writer: one after the other, a few hundred
// transactions a second would be the most. So those that come while one is at work are
// committed together with it, each behind a savepoint of its own, and each returns only
// when the commit of all has: what was acknowledged survives kill -9 and power loss as
// before (AVL-6).
type writer struct {
	db *sql.DB
	// gate is held by whoever uses what is below. Waiting for it is fair, which cannot be
	// said of SQLite's own busy loop.
	gate  chan struct{}
	conn  *sql.Conn // nil before the first transaction, and after trouble
	stmts *statements
	batch *batch // begun and not committed; nil: none
	// gone is a failure of the part at work after which SQLite may have taken back the whole
	// transaction. What came next would be committed by itself, so nothing may come.
	gone error
}

// batch is the transactions that are committed together.
type batch struct {
	parts int           // that want it committed
	done  chan struct{} // closed when it ended
	err   error         // set before that: it was not committed, or nobody knows
}

func newWriter(db *sql.DB) *writer { return &writer{db: db, gate: make(chan struct{}, 1)} }

// errTakenBack says that a transaction was taken back together with another one, which
// failed in such a way that nothing beside it could be believed either.
var errTakenBack = errors.New("store: taken back together with another transaction")

// savepoint is the name of the one savepoint that is open at a time.
const savepoint = "part"

// run runs fn as a part of a batch and returns when that was committed. What fn did is
// rolled back alone when it fails.
func (w *writer) run(ctx context.Context, patience time.Duration, fn func(querier) error) error {
	if err := w.enter(ctx, patience+time.Second); err != nil {
		return err
	}
	b, err := w.part(ctx, fn)
	if err != nil && b != nil {
		// It saw what the others in the batch had written. Whoever looks again after its failure
		// must find that there.
		_ = w.settle(b, patience+time.Second) // how theirs ended is theirs to know
	}
	if err != nil {
		return err
	}
	return w.settle(b, slowest*(patience+time.Second))
}

// slowest is how many times longer than for its turn a transaction that is done waits for
// its commit: it will most likely be committed, and to say that it was not would be untrue.
const slowest = 3

// enter waits for the gate.
func (w *writer) enter(ctx context.Context, most time.Duration) error {
	select {
	case w.gate <- struct{}{}:
		return nil
	default:
	}
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case w.gate <- struct{}{}:
		return nil
	case <-timer.C:
		return fault.Wrap(fault.Unavailable, "site.busy", errors.New("store: too many transactions wait to write"))
	case <-ctx.Done():
		return fmt.Errorf("store: waiting to write: %w", ctx.Err())
	}
}

// part runs fn behind a savepoint, and leaves the gate.
// When it fails it returns the batch of the others, nil where there is none.
func (w *writer) part(ctx context.Context, fn func(querier) error) (b *batch, err error) {
	defer func() { <-w.gate }()
	if err := w.begin(ctx); err != nil {
		return nil, err
	}
	kept := false
	defer func() {
		if !kept { // it failed, or panics
			w.undo()
			b = w.batch
		}
	}()
	if err := w.do("SAVEPOINT " + savepoint); err != nil {
		return nil, err
	}
	if err := errors.Join(fn(w), w.gone); err != nil { // whatever fn made of it
		return nil, err
	}
	if err := w.do("RELEASE " + savepoint); err != nil {
		return nil, err
	}
	kept = true
	w.batch.parts++
	return w.batch, nil
}

// begin opens the connection and the batch where there is none.
func (w *writer) begin(ctx context.Context) error {
	if w.conn == nil {
		conn, err := w.db.Conn(ctx)
		if err != nil {
			return err
		}
		w.conn, w.stmts = conn, newStatements(conn)
	}
	if w.batch != nil {
		return nil
	}
	if err := w.do("BEGIN IMMEDIATE"); err != nil {
		w.drop()
		return err
	}
	w.batch = &batch{done: make(chan struct{})}
	return nil
}

// undo takes back the part that was begun last, and with it a batch that nobody else takes
// part in: nobody would commit it. Some failures of the disk take back the whole
// transaction: then nothing of the batch may be believed.
func (w *writer) undo() {
	gone := w.gone
	w.gone = nil
	if w.batch.parts == 0 {
		if w.do("ROLLBACK") != nil {
			w.drop()
		}
		w.end(nil)
		return
	}
	err := gone
	if err == nil {
		err = errors.Join(w.do("ROLLBACK TO "+savepoint), w.do("RELEASE "+savepoint))
	}
	if err != nil {
		_ = w.do("ROLLBACK") // there may be none left
		w.end(fmt.Errorf("%w: %w", errTakenBack, err))
		w.drop()
	}
}

// watch notes a failure after which nothing more may be done in the part at work.
func (w *writer) watch(err error) error {
	if w.gone == nil && takesBack(err) {
		w.gone = err
	}
	return err
}

// takesBack reports whether an error of SQLite may have taken back the whole transaction
// (https://www.sqlite.org/lang_transaction.html, "Response To Errors Within A Transaction").
func takesBack(err error) bool {
	var file *lite.Error
	if !errors.As(err, &file) {
		return false
	}
	switch file.Code() & 0xff {
	case 5, 7, 9, 10, 13: // BUSY, NOMEM, INTERRUPT, IOERR, FULL
		return true
	}
	return false
}

// usable returns why no further statement may run in the part at work, nil when one may.
func (w *writer) usable(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return w.gone
}

// settle commits the batch, unless somebody who waited longer did: whoever came meanwhile
// went first, and takes part.
func (w *writer) settle(b *batch, most time.Duration) error {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-b.done:
		return b.err
	case w.gate <- struct{}{}:
		defer func() { <-w.gate }()
	case <-timer.C:
		return errSlow // it may still be committed: nobody knows
	}
	if w.batch == b {
		err := w.do("COMMIT")
		if err != nil {
			_ = w.do("ROLLBACK") // there may be none left
			err = fmt.Errorf("store: not committed: %w", err)
		}
		w.end(err)
	}
	<-b.done
	return b.err
}

// end tells everybody in the batch how it ended.
func (w *writer) end(err error) {
	b := w.batch
	w.batch, b.err = nil, err
	close(b.done)
}

// do runs a statement that nobody may interrupt: SQLite would take back the whole batch.
func (w *writer) do(statement string) error {
	_, err := w.stmts.exec(context.Background(), statement)
	return err
}

// drop gives the connection up; the next transaction gets another one.
func (w *writer) drop() {
	if w.conn != nil {
		w.stmts.close()
		_ = w.conn.Close() // what went wrong with it has been told
		w.conn = nil
	}
}

// close waits for the transaction that is at work.
func (w *writer) close() {
	w.gate <- struct{}{}
	defer func() { <-w.gate }()
	if w.batch != nil { // whoever waits for it gave up
		w.end(w.do("COMMIT"))
	}
	w.drop()
}

// The writer is the querier of the transaction that is at work. Statements are not
// interrupted: they take microseconds, and SQLite would take back the whole batch.

// ExecContext is part of querier.
func (w *writer) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := w.usable(ctx); err != nil {
		return nil, err
	}
	result, err := w.stmts.exec(context.WithoutCancel(ctx), query, args...)
	return result, w.watch(err)
}

// QueryContext is part of querier.
func (w *writer) QueryContext(ctx context.Context, query string, args ...any) (rows, error) {
	if err := w.usable(ctx); err != nil {
		return nil, err
	}
	// Not prepared: the same query may be asked while its rows are being read.
	rows, err := w.conn.QueryContext(context.WithoutCancel(ctx), query, args...)
	return rows, w.watch(err)
}

// QueryRowContext is part of querier.
func (w *writer) QueryRowContext(ctx context.Context, query string, args ...any) scanner {
	if err := w.usable(ctx); err != nil {
		return row(func(...any) error { return err })
	}
	asked := w.stmts.row(context.WithoutCancel(ctx), query, args...)
	return row(func(dest ...any) error { return w.watch(asked.Scan(dest...)) })
}
