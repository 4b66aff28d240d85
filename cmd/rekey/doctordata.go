package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"time"

	"rekey/internal/config"
	"rekey/internal/doctor"
	"rekey/internal/notice"
	"rekey/internal/store"
)

// patient is the database as the doctor looks at it.
type patient struct {
	doctor.Database
	open *store.Store
}

// openPatient opens the database, for writing where no process of ours has it open. What
// goes wrong is what its Ready answers.
func openPatient(ctx context.Context, cfg config.Config) *patient {
	p := &patient{Database: doctor.Database{Engine: "PostgreSQL"}}
	ring, err := cfg.Ring()
	if err != nil {
		return p.lost(err)
	}
	o := store.Options{URL: cfg.Database.Reveal(), Ring: ring}
	if path, ok := strings.CutPrefix(o.URL, "sqlite:"); ok {
		p.Engine = "SQLite"
		if _, err := os.Stat(strings.TrimPrefix(path, "//")); errors.Is(err, fs.ErrNotExist) {
			return p.lost(doctor.ErrMissing) // opening it would make one
		}
	}
	if p.open, err = store.Open(ctx, o); err != nil && p.Engine == "SQLite" {
		p.open, err = p.beside(ctx, o)
	}
	if err != nil {
		return p.lost(err)
	}
	p.Ready = p.ready
	p.Notices = p.notices
	if p.Engine == "PostgreSQL" {
		p.Skew = p.open.Skew
	}
	return p
}

// beside opens a SQLite file for reading, which another process has open, or which cannot
// be written.
func (p *patient) beside(ctx context.Context, o store.Options) (*store.Store, error) {
	path := strings.TrimPrefix(strings.TrimPrefix(o.URL, "sqlite:"), "//")
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, errors.Join(doctor.ErrReadOnly, err)
	}
	p.InUse = true
	if err := file.Close(); err != nil {
		return nil, err
	}
	return store.OpenReadOnly(ctx, o)
}

// lost makes the error the answer to whatever is asked of the database.
func (p *patient) lost(err error) *patient {
	p.Ready = func(context.Context) error { return err }
	p.Notices = func(context.Context) (int, int, error) { return 0, 0, err }
	if p.Engine == "PostgreSQL" {
		p.Skew = func(context.Context) (time.Duration, error) { return 0, err }
	}
	return p
}

func (p *patient) ready(ctx context.Context) error {
	err := p.open.Ready(ctx)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrOld):
		return doctor.ErrOld
	case p.open.Current(ctx) == nil: // it answers, so what failed is the write
		return errors.Join(doctor.ErrReadOnly, err)
	}
	return err
}

func (p *patient) notices(ctx context.Context) (waiting, abandoned int, err error) {
	if waiting, err = p.open.CountNotices(ctx, notice.Waiting); err != nil {
		return 0, 0, err
	}
	abandoned, err = p.open.CountNotices(ctx, notice.Abandoned)
	return waiting, abandoned, err
}

// Close closes the database, if it was open.
func (p *patient) Close() {
	if p.open != nil {
		p.open.Close()
	}
}
