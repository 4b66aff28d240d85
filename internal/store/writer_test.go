package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"rekey/internal/contact"
	"rekey/internal/fault"
	"rekey/internal/store"
)

// file opens a file for writing.
func file(t *testing.T, path string) *store.Store { t.Helper(); return opened(t, "sqlite:"+path) }

// of is a change of a person of its own.
func of(id string) contact.Change {
	c := proving(id)
	c.Person.Object = id
	return c
}

// TestWriter_EachPartStandsAlone: of transactions that are committed together one that
// fails takes back its own, and one that panics lets the others go on.
func TestWriter_EachPartStandsAlone(t *testing.T) {
	s := file(t, filepath.Join(t.TempDir(), "rekey.db"))
	refused := errors.New("refused")
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			defer func() {
				if p := recover(); p != nil && i%3 != 2 {
					t.Errorf("InTx of %d panics: %v", i, p)
				}
			}()
			err := s.InTx(t.Context(), func(ctx context.Context) error {
				if err := s.AddChange(ctx, of(fmt.Sprint("c", i))); err != nil {
					return err
				}
				switch i % 3 {
				case 1:
					return refused
				case 2:
					panic("in the middle")
				}
				return nil
			})
			if want := map[int]error{0: nil, 1: refused}[i%3]; !errors.Is(err, want) {
				t.Errorf("InTx of %d = %v, want %v", i, err, want)
			}
		})
	}
	wg.Wait()
	for i := range 60 {
		_, err := s.ChangeByID(t.Context(), fmt.Sprint("c", i))
		if kept := err == nil; kept != (i%3 == 0) || err != nil && !fault.Is(err, fault.NotFound) {
			t.Errorf("change %d: %v, want it kept: %v", i, err, i%3 == 0)
		}
	}
}

// TestWriter_AVL6_AcknowledgedIsCommitted: what InTx returned from is seen by others at
// once, however many share the commit.
func TestWriter_AVL6_AcknowledgedIsCommitted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rekey.db")
	s := file(t, path)
	beside, err := store.OpenReadOnly(t.Context(), store.Options{URL: "sqlite:" + path, Ring: ring(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer beside.Close()
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 10 {
				id := fmt.Sprint("w", worker, "-", i)
				if err := s.AddChange(t.Context(), of(id)); err != nil {
					t.Errorf("AddChange = %v, want no error", err)
				}
				if _, err := beside.ChangeByID(t.Context(), id); err != nil {
					t.Errorf("ChangeByID from beside = %v, want what was acknowledged", err)
				}
			}
		})
	}
	wg.Wait()
}

// TestWriter_ACancelledPartIsTakenBack: a browser that hangs up neither leaves half of its
// own transaction nor disturbs anybody else's.
func TestWriter_ACancelledPartIsTakenBack(t *testing.T) {
	s := file(t, filepath.Join(t.TempDir(), "rekey.db"))
	ctx, cancel := context.WithCancel(t.Context())
	err := s.InTx(ctx, func(ctx context.Context) error {
		if err := s.AddChange(ctx, of("a")); err != nil {
			return err
		}
		cancel()
		return s.AddChange(ctx, of("b"))
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("InTx = %v, want %v", err, context.Canceled)
	}
	if err := s.AddChange(t.Context(), of("c")); err != nil {
		t.Errorf("AddChange afterwards = %v, want no error", err)
	}
	for id, want := range map[string]bool{"a": false, "b": false, "c": true} {
		if _, err := s.ChangeByID(t.Context(), id); (err == nil) != want {
			t.Errorf("ChangeByID(%q) = %v, want it there: %v", id, err, want)
		}
	}
}

// TestWriter_ARefusedPartLeavesNothingOpen: after a transaction that failed alone nobody
// else has to wait for the file.
func TestWriter_ARefusedPartLeavesNothingOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rekey.db")
	s := file(t, path)
	refused := errors.New("refused")
	if err := s.InTx(t.Context(), func(ctx context.Context) error { return errors.Join(s.AddChange(ctx, of("a")), refused) }); !errors.Is(err, refused) {
		t.Fatalf("InTx = %v, want %v", err, refused)
	}
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE beside (x)"); err != nil {
		t.Errorf("a write beside it = %v, want no error", err)
	}
}

// TestWriter_ALoserFindsTheWinner: of many that race for one row all but one fail, and find
// what beat them when they look.
func TestWriter_ALoserFindsTheWinner(t *testing.T) {
	s := file(t, filepath.Join(t.TempDir(), "rekey.db"))
	for round := range 20 {
		id := fmt.Sprint("r", round)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if err := s.AddChange(t.Context(), of(id)); err == nil {
					return
				}
				if _, err := s.ChangeByID(t.Context(), id); err != nil {
					t.Errorf("ChangeByID after a conflict = %v, want the change that was first", err)
				}
			})
		}
		wg.Wait()
	}
}

// TestWriter_AVL6_AFullDiskKeepsNothingByHalf: after a failure with which SQLite may take
// back the whole transaction nothing more is done in it, whatever its function makes of
// the failure; who shares the commit is told that the database cannot serve now.
func TestWriter_AVL6_AFullDiskKeepsNothingByHalf(t *testing.T) {
	s := file(t, filepath.Join(t.TempDir(), "rekey.db"))
	full := func(ctx context.Context) error { // the disk has no page left
		if err := s.Run(ctx, "PRAGMA max_page_count = 1"); err != nil {
			return err
		}
		return s.Run(ctx, "CREATE TABLE beside AS SELECT randomblob(1000000) AS x")
	}
	inside, shared := make(chan struct{}), make(chan error, 1)
	go func() {
		shared <- s.InTx(t.Context(), func(ctx context.Context) error {
			err := s.AddChange(ctx, of("neighbour"))
			close(inside)
			return err
		})
	}()
	<-inside
	var trouble error
	err := s.InTx(t.Context(), func(ctx context.Context) error {
		if err := s.AddChange(ctx, of("before")); err != nil {
			return err
		}
		trouble = full(ctx)
		if err := s.Run(ctx, "DELETE FROM jobs"); err == nil {
			t.Error("a statement after the failure was done")
		}
		return nil // as somebody who does not look
	})
	if trouble == nil || !fault.Is(err, fault.Unavailable) {
		t.Errorf("InTx = %v after %v, want unavailable", err, trouble)
	}
	if err := <-shared; err != nil && !fault.Is(err, fault.Unavailable) {
		t.Errorf("InTx of the neighbour = %v, want no error, or unavailable", err)
	}
	if _, err := s.ChangeByID(t.Context(), "before"); !fault.Is(err, fault.NotFound) {
		t.Errorf("ChangeByID of what was taken back = %v, want not found", err)
	}
}
