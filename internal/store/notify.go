package store

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// How processes on one PostgreSQL wake each other for work. All of it only saves waiting:
// what a lost wake-up announced is found by the next poll.
const (
	listenSQL = `LISTEN rekey_jobs`
	// Nothing is written that has to survive, so nobody waits for the disk.
	announceSQL = `BEGIN; SET LOCAL synchronous_commit = off; NOTIFY rekey_jobs; COMMIT`
	// Pauses before listening again; longer ones would be no better than the poll.
	firstPause, longestPause = 250 * time.Millisecond, 8 * time.Second
)

// Listen calls wake whenever a process on the same database announces work, and once
// whenever it begins to listen, for what it may have missed. It holds a connection of its
// own, gets a new one when that is lost, and returns when ctx ends. On SQLite, where there
// is no other process, it returns at once.
func (s *Store) Listen(ctx context.Context, wake func(), log *slog.Logger) {
	if s.server == nil {
		return
	}
	pause := firstPause
	for ctx.Err() == nil {
		heard, err := s.listen(ctx, wake)
		if ctx.Err() != nil {
			return
		}
		if heard {
			pause = firstPause
			log.Warn("other processes cannot wake this one until the database is back", "err", err)
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
		pause = min(2*pause, longestPause)
	}
}

// listen listens on one connection until it is lost; heard says whether it got that far.
func (s *Store) listen(ctx context.Context, wake func()) (heard bool, err error) {
	c, err := pgx.ConnectConfig(ctx, s.server)
	if err != nil {
		return false, err
	}
	defer hangUp(ctx, c)
	if err := s.ask(ctx, func(ctx context.Context) error { _, err := c.Exec(ctx, listenSQL); return err }); err != nil {
		return false, err
	}
	wake()
	quiet := 4 * s.patience // then the connection is asked whether it is alive
	for {
		within, cancel := context.WithTimeout(ctx, quiet)
		_, err := c.WaitForNotification(within)
		cancel()
		switch {
		case err == nil:
			wake()
		case ctx.Err() != nil || !pgconn.Timeout(err):
			return true, err
		default:
			if err := s.ask(ctx, c.Ping); err != nil {
				return true, err
			}
		}
	}
}

// ask bounds one round trip.
func (s *Store) ask(ctx context.Context, fn func(ctx context.Context) error) error {
	within, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	return fn(within)
}

func hangUp(ctx context.Context, c *pgx.Conn) {
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), pingTime)
	defer cancel()
	_ = c.Close(within) // the server notices either way
}

// Announce tells the other processes that there is work: call it after the commit. It
// returns at once; many at a time become one or two. On SQLite it does nothing.
//
// It is a NOTIFY of its own, never one inside the transaction that added the work:
// PostgreSQL commits those one after the other, under one lock.
func (s *Store) Announce() {
	if s.server != nil {
		s.announcer.call(s.announce)
	}
}

func (s *Store) announce(ctx context.Context) {
	_ = s.ask(ctx, func(ctx context.Context) error { // unheard, the work is found by the poll
		return s.pipe(ctx, func(line *pgx.Conn) error {
			_, err := line.PgConn().Exec(ctx, announceSQL).ReadAll()
			return err
		})
	})
}

// caller runs a function beside its callers: never twice at a time, and once more when it
// was called meanwhile.
type caller struct {
	mu     sync.Mutex
	busy   bool
	again  bool
	closed bool
	stop   context.CancelCauseFunc
	wait   sync.WaitGroup
}

func (c *caller) call(fn func(ctx context.Context)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy || c.closed {
		c.again = true
		return
	}
	ctx, stop := context.WithCancelCause(context.Background())
	c.busy, c.stop = true, stop
	c.wait.Go(func() {
		defer stop(nil)
		for more := true; more; more = c.next() {
			fn(ctx)
		}
	})
}

func (c *caller) next() (more bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	more = c.again && !c.closed
	c.busy, c.again = more, false
	return more
}

// close lets a call that is under way come to its end, for as long as a commit may wait
// for it: the last work of a process that stops is announced too.
func (c *caller) close() {
	c.mu.Lock()
	c.closed = true
	stop := c.stop
	c.mu.Unlock()
	if stop == nil {
		return
	}
	late := time.AfterFunc(pingTime, func() { stop(errClosed) })
	defer late.Stop()
	c.wait.Wait()
}

// errClosed says that the store was closed.
var errClosed = errors.New("store: closed")
