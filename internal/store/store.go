// Package store keeps everything that must survive a crash, on database/sql: changes,
// challenges, snapshots, jobs, allowances, the audit log and sessions. It fulfils the
// ports that those packages declare; the rules stay with them.
//
// One SQL text serves SQLite and PostgreSQL. Numbers, addresses, snapshots, session data
// and sign-in secrets are sealed by the keyring for their table, column and row, so that
// the file alone tells nobody's contacts (PRV-2). No statement asks the database for the
// time: Clock does, and everybody takes the time from there.
//
// On SQLite one process writes: a lock beside the file keeps a second one out, and those
// transactions that come together are committed together (see writer). On PostgreSQL many processes do; Listen and Announce wake
// them for each other's work. A commit that returned survives kill -9 and power loss
// (AVL-6: WAL with synchronous=FULL, synchronous_commit).
//
// Every statement has a deadline. A database that is gone, takes no writes or is too slow
// comes back as fault.Unavailable, and is found well again by the first request after.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"rekey/internal/keyring"
	"rekey/internal/tx"
)

// Store is a database. It is safe for concurrent use.
type Store struct {
	db        *sql.DB
	engine    engine
	server    *pgx.ConnConfig // of PostgreSQL
	ring      *keyring.Ring
	patience  time.Duration
	readOnly  bool
	doubt     atomic.Pointer[time.Time] // when the database was last too slow
	writer    *writer                   // of a file that is not read only
	outside   querier                   // single statements
	migrating sync.Mutex
	announcer caller
	closers   []io.Closer
	once      sync.Once
	closed    error
}

// open is a transaction on its way in a context.
type open struct {
	store  *Store
	tx     querier
	failed error // of a nested InTx: nothing of this transaction may be committed
}

// InTx runs fn inside one transaction, or inside the one that ctx carries. What a nested
// call failed at is never committed, even if its error gets lost on the way up. Fault:
// fault.Unavailable when the database is gone, takes no writes, or is slower than
// Options.Patience; then nothing was committed, or nobody knows.
func (s *Store) InTx(ctx context.Context, fn func(ctx context.Context) error) error {
	if o, ok := tx.From(ctx).(*open); ok && o.store == s {
		err := fn(ctx)
		if err != nil {
			o.failed = err
		}
		return err
	}
	if err := tx.Refuse(ctx); err != nil {
		return fmt.Errorf("store: a transaction of another store: %w", err)
	}
	if s.writer != nil {
		return s.inFile(ctx, fn)
	}
	within, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	return s.timely(ctx, within, s.transact(within, fn))
}

// timely is the outcome of a transaction that had until the deadline of within.
func (s *Store) timely(ctx, within context.Context, err error) error {
	if err != nil && within.Err() != nil && ctx.Err() == nil {
		s.suspect()
		return judge(ctx, errors.Join(errSlow, err)) // err may be anything: the transaction ended under fn's hands
	}
	return err
}

// transact runs fn inside a new transaction. When the connection is lost during the
// commit, nobody knows whether it happened: that is an error, and fn is never repeated.
func (s *Store) transact(ctx context.Context, fn func(ctx context.Context) error) error {
	t, err := s.hire(ctx)
	defer t.leave(ctx)
	if err == nil {
		if err := s.within(ctx, t, fn); err != nil {
			return err
		}
		err = t.commit(ctx)
	}
	return bounded{store: s}.judged(ctx, err)
}

// inFile runs fn on the one connection that writes. Its time begins when its turn comes.
func (s *Store) inFile(ctx context.Context, fn func(ctx context.Context) error) error {
	var own error
	err := s.writer.run(ctx, s.patience, func(q querier) error {
		within, cancel := context.WithTimeout(ctx, s.patience)
		defer cancel()
		if own = s.within(within, q, fn); own == nil {
			own = within.Err() // as any transaction ends with its context
		}
		own = s.timely(ctx, within, own)
		return own
	})
	if err == nil || errors.Is(err, own) { // fn's own error is judged already
		return err
	}
	return judge(ctx, fmt.Errorf("store: not committed, or nobody knows: %w", err))
}

// within runs fn with a transaction in its context.
func (s *Store) within(ctx context.Context, t querier, fn func(ctx context.Context) error) error {
	o := &open{store: s, tx: t}
	if err := fn(tx.With(ctx, o)); err != nil {
		return err
	}
	if o.failed != nil {
		return fmt.Errorf("store: rolled back: %w", o.failed)
	}
	return nil
}

// in returns the transaction that ctx carries, or else the database, for a read or, on
// PostgreSQL, a single statement.
func (s *Store) in(ctx context.Context) bounded {
	if o, ok := tx.From(ctx).(*open); ok && o.store == s {
		return bounded{store: s, to: o.tx}
	}
	if a, ok := ctx.Value(aheadKey{}).(*ahead); ok {
		return bounded{store: s, to: atHand{s.outside, a}, alone: true}
	}
	return bounded{store: s, to: s.outside, alone: true}
}

// write runs one statement in the transaction of ctx or in its own, and returns how many
// rows it changed.
func (s *Store) write(ctx context.Context, query string, args ...any) (n int64, err error) {
	err = s.InTx(ctx, func(ctx context.Context) error {
		res, err := s.in(ctx).ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		n, err = res.RowsAffected()
		return err
	})
	return n, err
}

// later runs one statement whose answer nobody needs, in the transaction of ctx or in its
// own; where it fails, fail names it. On PostgreSQL it goes over the line with the next
// statement of the transaction, or with the commit, and fails there.
func (s *Store) later(ctx context.Context, fail func(error) error, query string, args ...any) error {
	if o, ok := tx.From(ctx).(*open); ok && o.store == s {
		if t, ok := o.tx.(*trips); ok {
			t.later(errand{query, args, fail})
			return nil
		}
		_, err := s.in(ctx).ExecContext(ctx, query, args...)
		return fail(err)
	}
	return s.InTx(ctx, func(ctx context.Context) error { return s.later(ctx, fail, query, args...) })
}

// naming names a failure, for later.
func naming(doing string) func(error) error {
	return func(err error) error { return named(doing, err) }
}

// returning runs one statement that writes and returns at most one row; ok is false when
// it returned none.
func (s *Store) returning(ctx context.Context, query string, args []any, dest ...any) (ok bool, err error) {
	err = s.InTx(ctx, func(ctx context.Context) error {
		ok, err = found(s.in(ctx).QueryRowContext(ctx, query, args...).Scan(dest...))
		return err
	})
	return ok, err
}

// found turns "no such row" from an error into a false.
func found(err error) (bool, error) {
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// each reads all rows of a SELECT.
func (s *Store) each(ctx context.Context, read func(scanner) error, query string, args ...any) error {
	return s.in(ctx).each(ctx, read, query, args...)
}

// seal encrypts a value for its place; an empty value is NULL.
func (s *Store) seal(value []byte, table, column, id string) ([]byte, error) {
	if len(value) == 0 {
		return nil, nil
	}
	return s.ring.Seal(value, table, column, id)
}

// unseal decrypts what seal wrote for the same place.
func (s *Store) unseal(sealed []byte, table, column, id string) ([]byte, error) {
	if len(sealed) == 0 {
		return nil, nil
	}
	plain, err := s.ring.Open(sealed, table, column, id)
	if err != nil {
		return nil, fmt.Errorf("store: %s.%s of %s: %w", table, column, id, err)
	}
	return plain, nil
}

// micros is a time as it is stored; a zero time is 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// moment is the time that micros wrote.
func moment(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// Close closes the database and gives up its lock. An in-memory one is gone. Closing
// again does nothing.
func (s *Store) Close() error {
	s.once.Do(func() {
		s.announcer.close()
		if s.writer != nil {
			s.writer.close()
		}
		s.closed = s.db.Close()
		for _, c := range s.closers {
			s.closed = errors.Join(s.closed, c.Close())
		}
	})
	return s.closed
}
