package store

import (
	"context"
	"time"

	"rekey/internal/clock"
)

// Clock returns the clock of everything that works on this database (AVL-7). On
// PostgreSQL it follows the database's time, so that processes on several machines agree
// on what has expired, and is right already when Clock returns; its Run keeps it so. On
// SQLite, where one process is alone, it shows base's time. Base is the machine's clock
// or one derived from it.
func (s *Store) Clock(ctx context.Context, base clock.Clock) (*clock.Following, error) {
	f := clock.NewFollowing(base, clock.System{}, s.asked())
	return f, f.Measure(ctx)
}

// Skew returns how far the database's clock is ahead of this machine's, measured now.
// More than clock.SkewAlarm, in either direction, is worth an alarm. On SQLite it is 0.
func (s *Store) Skew(ctx context.Context) (ahead time.Duration, err error) {
	ask := s.asked()
	if ask == nil {
		return 0, nil
	}
	ahead, _, err = clock.Measure(ctx, clock.System{}, ask)
	return ahead, err
}

// asked returns the one question that this package asks a database for its time, or nil
// where the database has none of its own.
func (s *Store) asked() clock.Ask {
	if s.server == nil {
		return nil
	}
	return func(ctx context.Context) (time.Time, error) {
		var at int64
		err := s.in(ctx).QueryRowContext(ctx, `SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)`).Scan(&at)
		return moment(at), named("read the database's clock", err)
	}
}
