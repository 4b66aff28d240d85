package store

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"rekey/internal/fault"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings the tables up to this release. It goes forward only; what it does is
// safe beside a process of the previous release, and beside other processes that migrate:
// one does the work, the others wait for it.
func (s *Store) Migrate(ctx context.Context) error {
	s.migrating.Lock()
	defer s.migrating.Unlock()
	p, err := s.provider()
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return judge(ctx, fmt.Errorf("the tables could not be brought up to this release: %w", err))
	}
	return nil
}

// ErrOld says that Migrate has something to do first.
var ErrOld = errors.New("the database is of an older release: run rekey migrate")

// readyTime is how long Ready may take.
const readyTime = 2 * time.Second

// Ready returns nil when this process can serve: the database answers, has this release's
// tables, and takes writes if it was opened for them. It answers within two seconds.
// Errors: ErrOld, and fault.Unavailable when the database is lost, read-only or slow.
func (s *Store) Ready(ctx context.Context) error {
	within, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	err := s.Current(within)
	if err == nil && !s.readOnly {
		err = s.writable(within)
	}
	if err != nil && within.Err() != nil && ctx.Err() == nil {
		err = judge(ctx, errors.Join(errSlow, err))
	}
	return err
}

// Current returns nil when the database answers and has this release's tables, or ErrOld.
func (s *Store) Current(ctx context.Context) error {
	if err := s.again(ctx, func() error { return s.db.PingContext(ctx) }); err != nil {
		return judge(ctx, fmt.Errorf("the database does not answer: %w", err))
	}
	p, err := s.provider()
	if err != nil {
		return err
	}
	var have int64
	err = s.in(ctx).QueryRowContext(ctx, `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version`).Scan(&have)
	switch sources := p.ListSources(); {
	case err != nil && (fault.As(err) != nil || ctx.Err() != nil):
		return err
	case err != nil:
		return fmt.Errorf("%w (%w)", ErrOld, err) // not even the table of versions
	case have < sources[len(sources)-1].Version:
		return ErrOld
	}
	return nil
}

// errProbe rolls the probe back.
var errProbe = errors.New("store: only a probe")

// writable tries a write that changes no row and is rolled back: a database that takes
// none refuses it all the same, and one that does has next to no work with it.
func (s *Store) writable(ctx context.Context) error {
	err := s.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.in(ctx).ExecContext(ctx, `DELETE FROM leases WHERE name = ''`); err != nil {
			return fmt.Errorf("the database takes no writes: %w", err)
		}
		return errProbe
	})
	if errors.Is(err, errProbe) {
		return nil
	}
	return err
}

func (s *Store) provider() (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger())}
	if s.server != nil { // replicas that start together take turns: they try each second, for five minutes
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	return goose.NewProvider(s.engine.dialect, s.db, words{dir, s.engine.serial}, options...)
}

// words puts the engine's own words into the migrations as they are read.
type words struct {
	fs.FS
	serial string
}

// Open opens a migration.
func (w words) Open(name string) (fs.File, error) {
	f, err := w.FS.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil || info.IsDir() {
		return f, err
	}
	defer f.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(f); err != nil {
		return nil, err
	}
	return &file{info, bytes.NewReader(bytes.ReplaceAll(text.Bytes(), []byte("$SERIAL"), []byte(w.serial)))}, nil
}

// file is a migration with its words in place.
type file struct {
	info fs.FileInfo
	*bytes.Reader
}

func (f *file) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *file) Close() error               { return nil }
