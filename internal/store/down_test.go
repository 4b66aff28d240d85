package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/limit"
	"rekey/internal/store"
	"rekey/internal/store/storetest"
	"rekey/internal/store/storetest/pg"
)

func TestStore_AVL6_TheServerIsKilledInTheMiddleOfRedemptions(t *testing.T) {
	server := pg.Start(t)
	for n := range 3 {
		schema := fmt.Sprint("outage_", n)
		execute(t, server, "CREATE SCHEMA "+schema)
		storetest.Outage(t, opened(t, server.URL(schema)), func() { server.Kill(t) }, func() { server.Up(t) })
	}
}

// execute runs a statement as the operator of a server.
func execute(t *testing.T, server *pg.Server, statements ...string) {
	t.Helper()
	db, err := sql.Open("pgx", server.URL(""))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // what one SET says holds for the next statement
	for _, text := range statements {
		if _, err := db.ExecContext(t.Context(), text); err != nil {
			t.Fatalf("%s = %v, want no error", text, err)
		}
	}
}

// wantDown fails the test unless an error says that the database is down, for the page.
func wantDown(t *testing.T, what string, err error) {
	t.Helper()
	if f := fault.As(err); f == nil || f.Kind != fault.Unavailable || f.Key != "site.down" {
		t.Errorf("%s = %v, want unavailable: site.down", what, err)
	}
}

func wantWell(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s = %v, want no error", what, err)
	}
}

// patience is how long these tests let the database take.
const patience = 300 * time.Millisecond

// hasty returns a store with little patience.
func hasty(t *testing.T, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: url, Ring: ring(t), Patience: patience})
	if err != nil {
		t.Fatalf("Open = %v, want no error", err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestStore_AVL1_SlowDatabase(t *testing.T) {
	server := pg.Start(t)
	opened(t, server.URL(""))
	wire := server.Wire(t)
	s := hasty(t, wire.URL(""))
	wantWell(t, "AddChange", s.AddChange(t.Context(), proving("a")))
	wire.Slow(5 * time.Second)
	for what, do := range map[string]func() error{
		"a write": func() error { return s.SaveSnapshot(t.Context(), someone(), directory.Snapshot{At: now()}) },
		"a read":  func() error { _, err := s.ChangeByID(t.Context(), "a"); return err },
		"a list":  func() error { _, err := s.OpenChanges(t.Context(), someone()); return err },
	} {
		began := time.Now()
		wantDown(t, what, do())
		if took := time.Since(began); took > 3*patience+time.Second {
			t.Errorf("%s of a slow database took %v, want it given up", what, took)
		}
	}
	began := time.Now()
	wantDown(t, "Ready", s.Ready(t.Context()))
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("Ready of a slow database took %v, want two seconds at most", took)
	}
	wire.Slow(0)
	wantWell(t, "AddChange of a database that is quick again", s.SaveSnapshot(t.Context(), someone(), directory.Snapshot{At: now()}))
	wantWell(t, "Ready", s.Ready(t.Context()))
}

// Whose time is up, or whose browser has gone, is told that, and not that the database is
// down.
func TestStore_AVL1_TheCallersOwnDeadline(t *testing.T) {
	server := pg.Start(t)
	wire := server.Wire(t)
	s := opened(t, wire.URL(""))
	wire.Slow(5 * time.Second)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.ChangeByID(ctx, "a"); !errors.Is(err, context.DeadlineExceeded) || fault.As(err) != nil {
		t.Errorf("ChangeByID = %v, want %v", err, context.DeadlineExceeded)
	}
	if err := s.AddChange(ctx, proving("a")); !errors.Is(err, context.DeadlineExceeded) || fault.As(err) != nil {
		t.Errorf("AddChange = %v, want %v", err, context.DeadlineExceeded)
	}
}

func TestStore_AVL6_ReadOnlyServer(t *testing.T) {
	server := pg.Start(t)
	s := opened(t, server.URL(""))
	execute(t, server, `ALTER SYSTEM SET default_transaction_read_only = on`, `SELECT pg_reload_conf()`)
	write := func() error { return s.SaveSnapshot(t.Context(), someone(), directory.Snapshot{At: now()}) }
	until(t, "the server takes no writes", func() bool { return write() != nil })
	wantDown(t, "AddChange", s.AddChange(t.Context(), proving("a")))
	wantDown(t, "Ready", s.Ready(t.Context()))
	wantWell(t, "Current", s.Current(t.Context()))
	if _, err := s.ChangeByID(t.Context(), "a"); !fault.Is(err, fault.NotFound) {
		t.Errorf("ChangeByID of a change that was refused = %v, want not-found", err)
	}
	execute(t, server, `SET default_transaction_read_only = off`, `ALTER SYSTEM RESET default_transaction_read_only`, `SELECT pg_reload_conf()`)
	until(t, "the server takes writes again", func() bool { return write() == nil })
	wantWell(t, "Ready", s.Ready(t.Context()))
}

// until asks until something is so.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patient); !is(); {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patient, what)
		}
	}
}

// TestStore_AVL1_DeadConnections lets every connection of the pool die while it rests, in
// two ways: the first request of each sort afterwards finds the database well.
func TestStore_AVL1_DeadConnections(t *testing.T) {
	server := pg.Start(t)
	wire := server.Wire(t)
	s := opened(t, wire.URL(""))
	wantWell(t, "AddChange", s.AddChange(t.Context(), proving("a")))
	for how, kill := range map[string]func(){
		"cut": wire.Cut,
		"terminated": func() {
			execute(t, server, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'rekey'`)
		},
	} {
		for what, do := range map[string]func() error{
			"a read":  func() error { _, err := s.ChangeByID(t.Context(), "a"); return err },
			"a list":  func() error { _, err := s.OpenChanges(t.Context(), someone()); return err },
			"a write": func() error { return s.SaveSnapshot(t.Context(), someone(), directory.Snapshot{At: now()}) },
			"Ready":   func() error { return s.Ready(t.Context()) },
		} {
			fill(t, s)
			kill()
			wantWell(t, what+" after all connections were "+how, do())
		}
	}
}

// The machine of the database is gone without a word, and another one has its address: one
// request at most waits in vain, and the next finds the new one.
func TestStore_AVL1_StalledConnections(t *testing.T) {
	server := pg.Start(t)
	opened(t, server.URL(""))
	wire := server.Wire(t)
	s := hasty(t, wire.URL(""))
	fill(t, s)
	fill(t, s) // connections that were used just now are not asked first
	wire.Stall()
	write := func() error { return s.SaveSnapshot(t.Context(), someone(), directory.Snapshot{At: now()}) }
	if err := write(); err != nil {
		wantDown(t, "the first write", err)
	}
	wantWell(t, "the second write", write())
}

// fill makes the pool hold several connections.
func fill(t *testing.T, s *store.Store) {
	t.Helper()
	const n = 5
	var ready sync.WaitGroup
	ready.Add(n)
	err := atOnce(n, func(int) error {
		return s.InTx(t.Context(), func(context.Context) error {
			ready.Done()
			ready.Wait()
			return nil
		})
	})
	wantWell(t, "five transactions at once", err)
}

// The answer to a commit is lost: that is never told as a success, and nothing is repeated.
func TestInTx_AVL6_UnknownCommit(t *testing.T) {
	server := pg.Start(t)
	wire := server.Wire(t)
	s, beside := opened(t, wire.URL("")), opened(t, server.URL(""))
	// The first transaction of a connection has the server parse COMMIT, for which it waits.
	wantWell(t, "a transaction", s.SaveSnapshot(t.Context(), someone(), directory.Snapshot{At: now()}))
	cut := make(chan struct{})
	go func() {
		defer close(cut)
		for end := time.Now().Add(patient); time.Now().Before(end); {
			if _, err := beside.ChangeByID(t.Context(), "a"); err == nil {
				break // committed, and the answer is on its slow way
			}
		}
		wire.Cut()
	}()
	calls := 0
	err := s.InTx(t.Context(), func(ctx context.Context) error {
		calls++
		err := errors.Join(s.AddChange(ctx, proving("a")), s.Run(ctx, "SELECT 1")) // which takes it along
		wire.Slow(time.Hour)
		return err
	})
	<-cut
	wantDown(t, "InTx", err)
	if _, err := beside.ChangeByID(t.Context(), "a"); err != nil || calls != 1 {
		t.Errorf("ChangeByID = %v after %d calls, want the change after one", err, calls)
	}
}

// A transaction that takes too long is rolled back, whatever its function says.
func TestInTx_AVL1_Overtime(t *testing.T) {
	for engine, url := range map[string]string{"SQLite": "sqlite:" + filepath.Join(t.TempDir(), "rekey.db"), "PostgreSQL": pg.Start(t).URL("")} {
		s := hasty(t, url)
		wantWell(t, "Migrate", s.Migrate(t.Context()))
		err := s.InTx(t.Context(), func(ctx context.Context) error {
			err := s.AddChange(ctx, proving("a"))
			<-ctx.Done()
			return err
		})
		wantDown(t, engine+": InTx", err)
		if _, err := s.ChangeByID(t.Context(), "a"); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: ChangeByID = %v, want not-found", engine, err)
		}
	}
}

func TestInTx_AVL8_OverloadOnSQLite(t *testing.T) {
	s := hasty(t, "sqlite::memory:")
	wantWell(t, "Migrate", s.Migrate(t.Context()))
	err := s.InTx(t.Context(), func(context.Context) error {
		return s.AddChange(t.Context(), proving("a")) // waits for the very transaction that waits for it
	})
	if f := fault.As(err); f == nil || f.Kind != fault.Unavailable || f.Key != "site.busy" {
		t.Errorf("a write that waits too long = %v, want unavailable: site.busy", err)
	}
}

func TestStore_AVL6_ReadOnlyFile(t *testing.T) {
	path := "sqlite:" + filepath.Join(t.TempDir(), "rekey.db")
	opened(t, path)
	s, err := store.OpenReadOnly(t.Context(), store.Options{URL: path, Ring: ring(t)})
	if err != nil {
		t.Fatalf("OpenReadOnly = %v, want no error", err)
	}
	defer s.Close()
	wantDown(t, "AddChange", s.AddChange(t.Context(), proving("a")))
}

// TestOpen_AVL6_Settings asks the server itself for what we rely on, where an operator set
// something else.
func TestOpen_AVL6_Settings(t *testing.T) {
	server := pg.Start(t)
	execute(t, server, `ALTER ROLE postgres SET synchronous_commit = off`, `ALTER ROLE postgres SET default_transaction_isolation = 'serializable'`)
	s := opened(t, server.URL(""))
	for name, want := range map[string]string{"synchronous_commit": "on", "transaction_isolation": "read committed",
		"idle_in_transaction_session_timeout": "5s", "application_name": "rekey"} {
		if got := store.Setting(t, s, name); got != want {
			t.Errorf("SHOW %s = %q, want %q", name, got, want)
		}
	}
	execute(t, server, `ALTER ROLE postgres SET synchronous_commit = remote_apply`)
	if got := store.Setting(t, opened(t, server.URL("")), "synchronous_commit"); got != "remote_apply" {
		t.Errorf("SHOW synchronous_commit = %q, want the stricter setting of the operator", got)
	}
}

func TestOpen_PasswordsStaySecret(t *testing.T) {
	for _, url := range []string{"postgres://ada:s3cret%zz@localhost/x", "postgres://ada:s3cret@localhost:port/x",
		"postgres://ada:s3cret@localhost/x?sslmode=odd", "postgres:///x?host=/nowhere&user=ada&password=s3cret"} {
		_, err := store.Open(t.Context(), store.Options{URL: url, Ring: ring(t)})
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("Open(%q) = %v, want an error without the password", url, err)
		}
	}
}

// After the lines to the server were cut, reservations find it well at once: each makes sure
// of its line before it sends what cannot be repeated.
func TestReserve_AVL1_AfterTheLineWasCut(t *testing.T) {
	server := pg.Start(t)
	wire := server.Wire(t)
	s := opened(t, wire.URL(""))
	reserve := func() {
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				c := limit.Charge{Key: fmt.Sprint("w", i), Windows: []limit.Window{{Count: 1000, Span: time.Minute}}}
				if _, ok, err := s.Reserve(t.Context(), now(), []limit.Charge{c}); err != nil || !ok {
					t.Errorf("Reserve = %v, %v, want a place", ok, err)
				}
			})
		}
		wg.Wait()
	}
	for range 5 {
		reserve()
		wire.Cut()
	}
	reserve()
}
