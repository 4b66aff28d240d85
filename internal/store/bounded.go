package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// querier is a database or an open transaction.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) scanner
}

// rows are the rows of an answer.
type rows interface {
	scanner
	Next() bool
	Err() error
	Close() error
}

// asked is a database of database/sql as a querier.
type asked struct{ *sql.DB }

// QueryContext is part of querier.
func (a asked) QueryContext(ctx context.Context, query string, args ...any) (rows, error) {
	return a.DB.QueryContext(ctx, query, args...)
}

// QueryRowContext is part of querier.
func (a asked) QueryRowContext(ctx context.Context, query string, args ...any) scanner {
	return a.DB.QueryRowContext(ctx, query, args...)
}

// scanner is a row that can be read.
type scanner interface{ Scan(dest ...any) error }

// bounded is a querier whose every statement has a deadline and whose errors are judged
// (AVL-1). A SELECT outside of a transaction is asked again when the pool had only a dead
// connection for it; whatever may have had an effect is not.
type bounded struct {
	store *Store
	to    querier
	alone bool // outside of a transaction
}

// ExecContext runs a statement that returns no rows.
func (b bounded) ExecContext(ctx context.Context, query string, args ...any) (res sql.Result, err error) {
	err = b.run(ctx, query, func(ctx context.Context) error {
		res, err = b.to.ExecContext(ctx, query, args...)
		return err
	})
	return res, err
}

// QueryRowContext returns the row of a statement, which runs when the row is scanned.
func (b bounded) QueryRowContext(ctx context.Context, query string, args ...any) scanner {
	return row(func(dest ...any) error {
		return b.run(ctx, query, func(ctx context.Context) error {
			return b.to.QueryRowContext(ctx, query, args...).Scan(dest...)
		})
	})
}

// row is a row that has yet to be asked for.
type row func(dest ...any) error

// Scan asks for the row and reads it.
func (r row) Scan(dest ...any) error { return r(dest...) }

func (b bounded) run(ctx context.Context, query string, fn func(ctx context.Context) error) error {
	within, cancel := context.WithTimeout(ctx, b.store.patience)
	defer cancel()
	once := func() error { return fn(within) }
	if !b.alone || !strings.HasPrefix(query, "SELECT") {
		return b.judged(ctx, once())
	}
	return b.judged(ctx, b.store.again(within, once))
}

// judged is judge, and sees to it that connections which may all be as bad as this one are
// not used again: to a server that takes no writes (another of the hosts in the URL may),
// or to one that does not answer.
func (b bounded) judged(caller context.Context, err error) error {
	var server *pgconn.PgError
	switch {
	case errors.As(err, &server) && server.Code == readOnlyServer && !b.store.readOnly:
		b.store.shed()
	case caller.Err() == nil && (errors.Is(err, errSlow) || errors.Is(err, context.DeadlineExceeded)):
		b.store.suspect()
	}
	return judge(caller, err)
}

// each reads all rows of a SELECT. The deadline is for each row: a log may be long.
func (b bounded) each(caller context.Context, read func(scanner) error, query string, args ...any) error {
	ctx, cancel := context.WithCancelCause(caller)
	defer cancel(nil)
	slow := time.AfterFunc(b.store.patience, func() { cancel(errSlow) })
	defer slow.Stop()
	rows, err := b.rows(ctx, query, args...)
	if err != nil {
		return b.judged(caller, late(ctx, err))
	}
	defer rows.Close()
	for rows.Next() {
		slow.Stop() // reading a row is the caller's own time
		if err := read(rows); err != nil {
			return err
		}
		slow.Reset(b.store.patience)
	}
	return b.judged(caller, late(ctx, rows.Err()))
}

func (b bounded) rows(ctx context.Context, query string, args ...any) (found rows, err error) {
	ask := func() error {
		found, err = b.to.QueryContext(ctx, query, args...)
		return err
	}
	if b.alone {
		err = b.store.again(ctx, ask)
	} else {
		err = ask()
	}
	return found, err
}

// late names the reason of an error in a context that was cancelled for slowness.
func late(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), errSlow) {
		return errors.Join(errSlow, err)
	}
	return err
}
