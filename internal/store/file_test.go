package store_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rekey/internal/audit"
	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/job"
	"rekey/internal/keyring"
	"rekey/internal/store"
)

func now() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

func someone() directory.PersonID { return directory.PersonID{Tenant: "tenant", Object: "object"} }

func proving(id string) contact.Change {
	return contact.Change{ID: id, Person: someone(), Kind: directory.Phone, State: contact.Proving, Version: 1, Value: "+12025550142", Started: now()}
}

func TestOpen_OneProcess(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "rekey.db")
	s := opened(t, url)
	_, err := store.Open(t.Context(), store.Options{URL: url, Ring: ring(t)})
	if err == nil || !strings.Contains(err.Error(), "another Rekey process has the database") {
		t.Errorf("Open(%q) beside a live one = %v, want a sentence that says so", url, err)
	}
	if err := s.Close(); err != nil {
		t.Fatalf("Close = %v, want no error", err)
	}
	opened(t, url)
}

func TestOpen_SaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	for url, want := range map[string]string{
		"":                                 "begins neither",
		"mysql://user:secret@host/db":      "begins neither",
		"sqlite:":                          "names no file",
		"sqlite:" + dir + "/none/rekey.db": "cannot be opened for writing",
		"sqlite:" + dir:                    "cannot be opened for writing",
	} {
		_, err := store.Open(t.Context(), store.Options{URL: url, Ring: ring(t)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open(%q) = %v, want an error with %q", url, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("Open tells the password of the URL: %v", err)
		}
	}
	missing := "sqlite:" + filepath.Join(dir, "missing.db")
	if _, err := store.OpenReadOnly(t.Context(), store.Options{URL: missing, Ring: ring(t)}); err == nil || !strings.Contains(err.Error(), "there is no database") {
		t.Errorf("OpenReadOnly(%q) = %v, want a sentence that says so", missing, err)
	}
}

func TestOpen_OddPathAndMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "50% of? #1 ü.db")
	s := opened(t, "sqlite:"+path)
	if err := s.AddChange(t.Context(), proving("a")); err != nil {
		t.Fatalf("AddChange = %v, want no error", err)
	}
	for _, name := range []string{path, path + "-wal", path + ".lock"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Errorf("Stat(%q) = %v, want the file there", name, err)
			continue
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("mode of %q = %v, want 0600", name, info.Mode().Perm())
		}
	}
}

// TestOpen_AVL6_Durable asks the engine itself for what durability hangs on.
func TestOpen_AVL6_Durable(t *testing.T) {
	s := opened(t, "sqlite:"+filepath.Join(t.TempDir(), "rekey.db"))
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "busy_timeout": "5000", "foreign_keys": "1"} {
		if got := store.Pragma(t, s, pragma); got != want {
			t.Errorf("PRAGMA %s = %q, want %q", pragma, got, want)
		}
	}
}

func TestOpen_InMemory(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	a, b := opened(t, "sqlite::memory:"), opened(t, "sqlite::memory:")
	if err := a.AddChange(t.Context(), proving("a")); err != nil {
		t.Fatalf("AddChange = %v, want no error", err)
	}
	if _, err := b.ChangeByID(t.Context(), "a"); !fault.Is(err, fault.NotFound) {
		t.Errorf("ChangeByID in another one = %v, want not-found", err)
	}
	for _, s := range []*store.Store{a, b} {
		if err := s.Close(); err != nil {
			t.Errorf("Close = %v, want no error", err)
		}
	}
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	if len(left) != 0 || err != nil {
		t.Errorf("after Close there is %v, %v, want nothing", left, err)
	}
}

func TestOpenReadOnly(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "rekey.db")
	live := opened(t, url)
	if err := live.Append(t.Context(), audit.Event{ID: "first", At: now()}); err != nil {
		t.Fatalf("Append = %v, want no error", err)
	}
	look := func(want int64) {
		t.Helper()
		s, err := store.OpenReadOnly(t.Context(), store.Options{URL: url, Ring: ring(t)})
		if err != nil {
			t.Fatalf("OpenReadOnly = %v, want no error", err)
		}
		defer s.Close()
		if r, err := audit.Verify(t.Context(), s, ring(t)); r.Events != want || err != nil {
			t.Errorf("Verify = %+v, %v, want %d events", r, err, want)
		}
		if err := s.Append(t.Context(), audit.Event{ID: "forbidden"}); err == nil {
			t.Error("Append to a database opened for reading = nil, want an error")
		}
		if err := s.Ready(t.Context()); err != nil {
			t.Errorf("Ready = %v, want no error", err)
		}
	}
	look(1)
	if err := live.Append(t.Context(), audit.Event{ID: "second", At: now()}); err != nil {
		t.Fatalf("Append beside a reader = %v, want no error", err)
	}
	look(2)
	if err := live.Close(); err != nil {
		t.Fatalf("Close = %v, want no error", err)
	}
	look(2) // nobody else has it open
}

func TestReady(t *testing.T) {
	s, err := store.Open(t.Context(), store.Options{URL: "sqlite::memory:", Ring: ring(t)})
	if err != nil {
		t.Fatalf("Open = %v, want no error", err)
	}
	if err := s.Ready(t.Context()); !errors.Is(err, store.ErrOld) {
		t.Errorf("Ready before Migrate = %v, want %v", err, store.ErrOld)
	}
	for range 2 {
		if err := s.Migrate(t.Context()); err != nil {
			t.Errorf("Migrate = %v, want no error", err)
		}
		if err := s.Ready(t.Context()); err != nil {
			t.Errorf("Ready after Migrate = %v, want no error", err)
		}
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close = %v, want no error", err)
	}
	if err := s.Ready(t.Context()); err == nil || errors.Is(err, store.ErrOld) {
		t.Errorf("Ready after Close = %v, want that it does not answer", err)
	}
}

// TestInTx_WritesOutsideWait shows what a write inside InTx does that forgot the ctx: it
// gives up with the context, or after five seconds, and never hangs for good.
func TestInTx_WritesOutsideWait(t *testing.T) {
	s := opened(t, "sqlite::memory:")
	err := s.InTx(t.Context(), func(context.Context) error {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		return s.AddChange(ctx, proving("a"))
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a write outside an open transaction = %v, want %v", err, context.DeadlineExceeded)
	}
	if err := s.AddChange(t.Context(), proving("a")); err != nil {
		t.Errorf("AddChange afterwards = %v, want no error", err)
	}
}

// TestStore_AVL6_SurvivesKill kills a process with SIGKILL in the middle of its writes and
// finds all that it was told had been committed. The process is this test itself.
func TestStore_AVL6_SurvivesKill(t *testing.T) {
	if url := os.Getenv("REKEY_TEST_WRITE"); url != "" {
		writeForEver(t, url)
	}
	url := "sqlite:" + filepath.Join(t.TempDir(), "rekey.db")
	cmd := exec.Command(os.Args[0], "-test.run=^TestStore_AVL6_SurvivesKill$")
	cmd.Env = append(os.Environ(), "REKEY_TEST_WRITE="+url)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var told []string
	for lines := bufio.NewScanner(out); len(told) < 50 && lines.Scan(); {
		told = append(told, lines.Text())
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	if len(told) < 50 {
		t.Fatalf("the writing process said only %q", told)
	}
	s := opened(t, url) // the kernel freed the lock
	for _, id := range told {
		if _, err := s.ChangeByID(t.Context(), id); err != nil {
			t.Errorf("ChangeByID(%q) after the kill = %v, want it: the commit had returned", id, err)
		}
	}
	// One transaction wrote both, or neither.
	n, err := s.CountEvents(t.Context())
	if changes := store.Count(t, s, "changes"); err != nil || n != changes {
		t.Errorf("after the kill there are %d events, %v, and %d changes, want as many", n, err, changes)
	}
	if err := s.FreeLeases(t.Context()); err != nil {
		t.Errorf("FreeLeases = %v, want no error", err)
	}
	if _, ok, err := s.Take(t.Context(), []job.Kind{job.Apply}, now(), now().Add(time.Minute)); !ok || err != nil {
		t.Errorf("Take of the job that the dead process had leased = %v, %v, want it", ok, err)
	}
}

func writeForEver(t *testing.T, url string) {
	s := opened(t, url)
	ctx := t.Context()
	if err := s.Add(ctx, job.Job{ID: "job", Kind: job.Apply, Key: "p", Created: now(), Due: now()}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Take(ctx, []job.Kind{job.Apply}, now(), now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for i := 0; ; i++ {
		id := fmt.Sprint("change-", i)
		err := s.InTx(ctx, func(ctx context.Context) error {
			c := proving(id)
			c.Person.Object = id
			return errors.Join(s.AddChange(ctx, c), s.Append(ctx, audit.Event{ID: id, At: now()}))
		})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(id)
	}
}

// TestStore_PRV2_SealedForItsRow moves what is sealed to other rows and columns: nowhere
// but at its place can it be opened.
func TestStore_PRV2_SealedForItsRow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rekey.db")
	s := opened(t, "sqlite:"+path)
	a, b := proving("a"), proving("b")
	a.Before, b.Person.Object = "+12025550143", "other"
	if err := errors.Join(s.AddChange(t.Context(), a), s.AddChange(t.Context(), b)); err != nil {
		t.Fatalf("AddChange = %v, want no error", err)
	}
	for name, query := range map[string]string{
		"another row":    `UPDATE changes SET new_value = (SELECT new_value FROM changes WHERE id = 'a') WHERE id = 'b'`,
		"another column": `UPDATE changes SET old_value = (SELECT new_value FROM changes WHERE id = 'b') WHERE id = 'b'`,
	} {
		tamper(t, path, query)
		if _, err := s.ChangeByID(t.Context(), "b"); !errors.Is(err, keyring.ErrUnreadable) {
			t.Errorf("ChangeByID with a value of %s = %v, want %v", name, err, keyring.ErrUnreadable)
		}
	}
}

// tamper changes the file behind the store's back.
func tamper(t *testing.T, path, query string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), query); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}
