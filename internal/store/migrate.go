package store

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings the tables up to this release. It goes forward only; what it does is
// safe beside a process of the previous release.
func (s *Store) Migrate(ctx context.Context) error {
	p, err := s.provider()
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("the tables could not be brought up to this release: %w", err)
	}
	return nil
}

// ErrOld says that Migrate has something to do first.
var ErrOld = errors.New("the database is of an older release: run rekey migrate")

// Ready returns nil when the database answers and has this release's tables, or ErrOld.
func (s *Store) Ready(ctx context.Context) error {
	if err := s.db.PingContext(ctx); err != nil {
		return fmt.Errorf("the database does not answer: %w", err)
	}
	p, err := s.provider()
	if err != nil {
		return err
	}
	var have int64
	err = s.db.QueryRowContext(ctx, `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version`).Scan(&have)
	if err != nil {
		return fmt.Errorf("%w (%w)", ErrOld, err) // not even the table of versions
	}
	if sources := p.ListSources(); have < sources[len(sources)-1].Version {
		return ErrOld
	}
	return nil
}

func (s *Store) provider() (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger())}
	if s.engine.dialect == goose.DialectPostgres { // replicas that start together take turns
		locker, err := lock.NewPostgresSessionLocker()
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
