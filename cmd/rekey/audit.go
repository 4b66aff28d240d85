package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"rekey/internal/audit"
	"rekey/internal/config"
	"rekey/internal/keyring"
	"rekey/internal/store"
)

// place names a database: a production one by its configuration, or a demo's by its folder.
type place struct {
	Config   string `help:"The configuration file of the site." type:"path" placeholder:"FILE" xor:"place"`
	Data     string `help:"The folder of a demo." type:"path" placeholder:"DIR" xor:"place"`
	Database string `help:"The PostgreSQL of a demo that was started with one." placeholder:"URL"`
}

// options returns how to open the database.
func (p place) options(s streams) (store.Options, error) {
	switch {
	case p.Data != "":
		return demoDatabase(p.Data, p.Database)
	case p.Database != "":
		return store.Options{}, mistake{errors.New("rekey: --database goes with --data, which has the keys; a site's database is in its configuration")}
	}
	cfg, err := load(p.Config, s, config.Tool)
	if err != nil {
		return store.Options{}, err
	}
	ring, err := cfg.Ring()
	return store.Options{URL: cfg.Database.Reveal(), Ring: ring}, err
}

// demoDatabase opens what a demo keeps in its folder, or in the PostgreSQL that it was
// started with.
func demoDatabase(dir, url string) (store.Options, error) {
	keys, err := os.ReadFile(filepath.Join(dir, keysFile))
	if err != nil {
		return store.Options{}, mistake{fmt.Errorf("rekey: %s is not the folder of a demo: it has no file %q", dir, keysFile)}
	}
	ring, err := keyring.Parse(string(keys))
	if url == "" {
		url = "sqlite:" + filepath.Join(dir, databaseFile)
	}
	return store.Options{URL: url, Ring: ring}, err
}

type auditCommand struct {
	Verify verifyCommand `cmd:"" help:"Check that nothing in the audit log was changed, removed or inserted."`
}

// verifyCommand reads only, and runs beside a live process.
type verifyCommand struct{ place }

// Run is called by the command line.
func (c *verifyCommand) Run(ctx context.Context, s streams) error {
	o, err := c.options(s)
	if err != nil {
		return err
	}
	db, err := store.OpenReadOnly(ctx, o)
	if err != nil {
		return err
	}
	defer db.Close()
	r, err := audit.Verify(ctx, db, o.Ring)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%d events, %d sealed, %d waiting for the sealer\nhead %s\n", r.Events, r.Sealed, r.Unsealed, r.Head)
	for _, p := range r.Problems {
		fmt.Fprintln(s.out, p)
	}
	if !r.Good() {
		return errors.New("the audit log does not verify: compare it with the copies and the heads in the log")
	}
	fmt.Fprintln(s.out, "The audit log verifies.")
	return nil
}
