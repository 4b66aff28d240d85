package store_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"rekey/internal/store/storetest"
	"rekey/internal/store/storetest/pg"
)

// TestGrant_AUD4_RestrictedRole runs all that a store must do as a role that cannot change
// the audit log.
func TestGrant_AUD4_RestrictedRole(t *testing.T) {
	server, n := pg.Start(t), 0
	execute(t, server, `CREATE ROLE "serving ""one""" LOGIN`)
	storetest.Run(t, func(t *testing.T) storetest.Fixture {
		n++
		schema := fmt.Sprint("granted_", n)
		execute(t, server, "CREATE SCHEMA "+schema)
		owner := opened(t, server.URL(schema))
		if err := owner.Grant(t.Context(), `serving "one"`); err != nil {
			t.Fatalf("Grant = %v, want no error", err)
		}
		url := strings.Replace(server.URL(schema), "user=postgres", "user=serving%20%22one%22", 1)
		s := opened(t, url) // its Migrate finds nothing to do
		if err := s.Ready(t.Context()); err != nil {
			t.Errorf("Ready = %v, want no error", err)
		}
		return storetest.Fixture{
			Store:  s,
			Reopen: func(t *testing.T) storetest.Store { return opened(t, url) },
			Raw: func(t *testing.T) []byte {
				db, err := sql.Open("pgx", server.URL(""))
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
				return dump(t, db, schema)
			},
		}
	})
	db, err := sql.Open("pgx", strings.Replace(server.URL("granted_1"), "user=postgres", "user=serving%20%22one%22", 1))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, text := range []string{`UPDATE events SET reason = ''`, `DELETE FROM events`, `TRUNCATE events`, `UPDATE seals SET event = ''`,
		`DELETE FROM seals`, `TRUNCATE seals`, `DROP TABLE events`, `ALTER TABLE events DISABLE TRIGGER ALL`, `DELETE FROM goose_db_version`,
		`CREATE TABLE more (n INT)`} {
		_, err := db.ExecContext(t.Context(), text)
		if err == nil || !strings.Contains(err.Error(), "42501") {
			t.Errorf("%s = %v, want it refused", text, err)
		}
	}
}

func TestGrant_Refuses(t *testing.T) {
	if err := opened(t, "sqlite::memory:").Grant(t.Context(), "anybody"); err == nil {
		t.Error("Grant on SQLite = nil, want an error")
	}
	s := opened(t, pg.Start(t).URL(""))
	if err := s.Grant(t.Context(), "nobody"); err == nil || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("Grant to a role that is not there = %v, want a sentence with its name", err)
	}
}
