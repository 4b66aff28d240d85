package store_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"rekey/internal/contact"
	"rekey/internal/store"
	"rekey/internal/store/storetest/pg"
)

// atOnce runs fn n times at once and returns the first error.
func atOnce(n int, fn func(i int) error) error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = fn(i) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func unmigrated(t *testing.T, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: url, Ring: ring(t)})
	if err != nil {
		t.Fatalf("Open = %v, want no error", err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// TestMigrate_AVL8_ProcessesStartTogether starts four replicas on an empty database.
func TestMigrate_AVL8_ProcessesStartTogether(t *testing.T) {
	server := pg.Start(t)
	replicas := make([]*store.Store, 4)
	for i := range replicas {
		replicas[i] = unmigrated(t, server.URL(""))
	}
	if err := atOnce(len(replicas), func(i int) error { return replicas[i].Migrate(t.Context()) }); err != nil {
		t.Errorf("4 Migrate at once = %v, want no error", err)
	}
	for i, s := range replicas {
		if err := s.Ready(t.Context()); err != nil {
			t.Errorf("Ready of replica %d = %v, want no error", i, err)
		}
	}
	db, err := sql.Open("pgx", server.URL(""))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if twice := query(t, db, `SELECT version_id::text FROM goose_db_version GROUP BY version_id HAVING COUNT(*) > 1`); len(twice) != 0 {
		t.Errorf("the migrations %v ran more than once", twice)
	}
}

func TestMigrate_AVL8_AtOnceOnSQLite(t *testing.T) {
	s := unmigrated(t, "sqlite:"+filepath.Join(t.TempDir(), "rekey.db"))
	if err := atOnce(4, func(int) error { return s.Migrate(t.Context()) }); err != nil {
		t.Errorf("4 Migrate at once = %v, want no error", err)
	}
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("Ready = %v, want no error", err)
	}
}

// TestMigrate_AVL8_BesideALiveProcess migrates a database that a process works on.
func TestMigrate_AVL8_BesideALiveProcess(t *testing.T) {
	server := pg.Start(t)
	live := opened(t, server.URL(""))
	others := []*store.Store{unmigrated(t, server.URL("")), unmigrated(t, server.URL(""))}
	err := atOnce(40, func(i int) error {
		if i < len(others) {
			return others[i].Migrate(t.Context())
		}
		c := proving(fmt.Sprint("change-", i))
		c.Person.Object = c.ID
		if err := live.AddChange(t.Context(), c); err != nil {
			return err
		}
		_, err := live.SaveChange(t.Context(), c, contact.Proving)
		return err
	})
	if err != nil {
		t.Errorf("changes beside Migrate = %v, want no error", err)
	}
}
