package store_test

import (
	"database/sql"
	"strings"
	"testing"

	"rekey/internal/store/storetest/pg"
)

func TestGrant_AUD4_NothingBeyondWhatServingNeeds(t *testing.T) {
	server := pg.Start(t)
	execute(t, server, `CREATE ROLE "serving ""one""" LOGIN`)
	url := granted(t, server, "granted")
	execute(t, server, `GRANT ALL ON granted.events, granted.seals TO "serving ""one"""`) // a mistake, which the next Grant takes back
	owner, s := opened(t, server.URL("granted")), opened(t, url)
	if err := owner.Grant(t.Context(), `serving "one"`); err != nil {
		t.Fatalf("Grant again = %v, want no error", err)
	}
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("Ready = %v, want no error", err)
	}
	db, err := sql.Open("pgx", url)
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
