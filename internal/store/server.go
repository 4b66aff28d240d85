package store

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Limits of a connection to PostgreSQL.
const (
	connectTime = 2 * time.Second // AVL-1
	// A connection that rested longer than restTime is asked whether it is alive before
	// it is used; it has pingTime to say so.
	restTime = time.Second
	pingTime = 500 * time.Millisecond
)

// dial opens a PostgreSQL database.
func dial(ctx context.Context, o Options, readOnly bool) (*Store, error) {
	s := &Store{engine: postgres(), ring: o.Ring, patience: cmp.Or(o.Patience, patience), readOnly: readOnly}
	var err error
	if s.server, err = s.config(o.URL); err != nil {
		return nil, err
	}
	s.db = stdlib.OpenDB(*s.server,
		stdlib.OptionAfterConnect(durable),
		stdlib.OptionShouldPing(func(context.Context, stdlib.ShouldPingParams) bool { return false }),
		stdlib.OptionResetSession(s.alive))
	s.outside = asked{s.db}
	return connect(ctx, s)
}

// config reads the URL and adds what the rest of this package relies on. Its errors do not
// tell the password.
func (s *Store) config(address string) (*pgx.ConnConfig, error) {
	if _, err := url.Parse(address); err != nil {
		return nil, errors.New(`the database URL cannot be read: write it as "postgres://user:password@host:5432/name", and other characters than letters and digits of the password as %XX`)
	}
	c, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("the database URL cannot be used: %w", err)
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = connectTime
	}
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = "rekey"
	}
	// Conditional updates are written for this level.
	c.RuntimeParams["default_transaction_isolation"] = "read committed"
	// A process that is stopped, or whose machine is gone, must not hold the locks of its
	// open transaction: the others would wait for it. Our own deadline comes first.
	c.RuntimeParams["idle_in_transaction_session_timeout"] = strconv.FormatInt((s.patience + time.Second).Milliseconds(), 10)
	if s.readOnly {
		c.RuntimeParams["default_transaction_read_only"] = "on"
		return c, nil
	}
	// What a process at work asks are lookups, which have an index. Left to guess, the planner
	// scans the queue of jobs, whose size it never knows, or makes a bitmap of its index, which
	// passes over the jobs that are done again and again; and it plans each look anew. A scan
	// that it does need then looks too dear to it not to be compiled.
	c.RuntimeParams["enable_seqscan"] = "off"
	c.RuntimeParams["enable_bitmapscan"] = "off"
	c.RuntimeParams["plan_cache_mode"] = "force_generic_plan"
	c.RuntimeParams["jit"] = "off"
	return c, nil
}

// durable sees to it that a commit is on disk when it returns (AVL-6), also where the
// server, the database or the role says otherwise. Stricter settings stay.
func durable(ctx context.Context, c *pgx.Conn) error {
	_, err := c.Exec(ctx, `SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`)
	return err
}

// alive finds a connection dead before it is used, so that another one is: whose other
// end was restarted while it rested, or has gone without a word.
func (s *Store) alive(ctx context.Context, c *pgx.Conn) error {
	notes := c.PgConn().CustomData()
	used, _ := notes["used"].(time.Time)
	now := time.Now() // of a wire, not of a rule
	notes["used"] = now
	if doubt := s.doubt.Load(); now.Sub(used) <= restTime && (doubt == nil || used.After(*doubt)) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, min(pingTime, s.patience/4))
	defer cancel()
	if err := c.PgConn().Ping(ctx); err != nil {
		return driver.ErrBadConn
	}
	return nil
}

// suspect has every connection asked whether it is alive before it is used again: one of
// them did not answer in time.
func (s *Store) suspect() {
	now := time.Now()
	s.doubt.Store(&now)
}
