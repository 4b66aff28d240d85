package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/internal/job"
	"rekey/internal/notice"
	"rekey/internal/store"
	"rekey/internal/store/storetest"
	"rekey/internal/store/storetest/pg"
)

// TestPostgreSQL runs all that a store must do as a role that owns no table and cannot
// change the audit log (AUD-4).
func TestPostgreSQL(t *testing.T) {
	server := pg.Start(t)
	execute(t, server, `CREATE ROLE "serving ""one""" LOGIN`)
	db, err := sql.Open("pgx", server.URL(""))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	n := 0
	storetest.Run(t, func(t *testing.T) storetest.Fixture {
		n++
		schema := fmt.Sprint("test_", n)
		url := granted(t, server, schema)
		s := opened(t, url) // its Migrate finds nothing to do
		return storetest.Fixture{
			Store: s,
			Reopen: func(t *testing.T) storetest.Store {
				if err := s.Close(); err != nil {
					t.Fatalf("Close = %v, want no error", err)
				}
				s = opened(t, url)
				return s
			},
			Raw: func(t *testing.T) []byte { return dump(t, db, schema) },
		}
	})
}

// granted makes a schema with its tables and returns the address for the role that serves.
func granted(t *testing.T, server *pg.Server, schema string) string {
	t.Helper()
	execute(t, server, "CREATE SCHEMA "+schema)
	owner := opened(t, server.URL(schema))
	if err := owner.Grant(t.Context(), `serving "one"`); err != nil {
		t.Fatalf("Grant = %v, want no error", err)
	}
	return strings.Replace(server.URL(schema), "user=postgres", "user=serving%20%22one%22", 1)
}

// dump returns all rows of a schema as text. Bytes are written as they are where they can
// be read as text: as hexadecimal they would hide what the test looks for.
func dump(t *testing.T, db *sql.DB, schema string) []byte {
	t.Helper()
	var all []byte
	columns := query(t, db, `SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = $1`, schema)
	if len(columns) < 50 {
		t.Fatalf("the schema has only the columns %v", columns)
	}
	for _, c := range query(t, db, `SELECT 'SELECT ' || CASE data_type WHEN 'bytea' THEN 'encode(' || column_name || ', ''escape'')'
			ELSE column_name || '::text' END || ' FROM ' || table_schema || '.' || table_name || ' WHERE ' || column_name || ' IS NOT NULL'
			FROM information_schema.columns WHERE table_schema = $1`, schema) {
		all = append(all, []byte(fmt.Sprintln(query(t, db, c)))...)
	}
	return all
}

func query(t *testing.T, db *sql.DB, text string, args ...any) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), text, args...)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return slices.Clip(all)
}

func TestOpenReadOnly_PostgreSQL(t *testing.T) {
	server := pg.Start(t)
	live := opened(t, server.URL(""))
	s, err := store.OpenReadOnly(t.Context(), store.Options{URL: server.URL(""), Ring: ring(t)})
	if err != nil {
		t.Fatalf("OpenReadOnly = %v, want no error", err)
	}
	defer s.Close()
	if err := s.AddChange(t.Context(), proving("a")); err == nil {
		t.Error("AddChange to a database opened for reading = nil, want an error")
	}
	if err := live.AddChange(t.Context(), proving("a")); err != nil {
		t.Errorf("AddChange beside it = %v, want no error", err)
	}
	if _, err := s.ChangeByID(t.Context(), "a"); err != nil {
		t.Errorf("ChangeByID = %v, want no error", err)
	}
}

// That a session was seen need not be on the disk; what is committed together with it must be.
func TestTouchSession_AVL6_LoosensNoOtherCommit(t *testing.T) {
	server := pg.Start(t)
	s := opened(t, server.URL(""))
	me, _ := two(t, s)
	later := now().Add(time.Minute)
	wantWell(t, "TouchSession", s.TouchSession(t.Context(), me.Object, later))
	if r, ok, err := s.Session(t.Context(), []byte("secret of "+me.Object)); err != nil || !ok || !r.Seen.Equal(later) {
		t.Errorf("Session = %+v, %v, %v, want it seen at %v", r, ok, err, later)
	}
	wantWell(t, "InTx", s.InTx(t.Context(), func(ctx context.Context) error {
		return errors.Join(s.TouchSession(ctx, me.Object, later.Add(time.Minute)), s.AddNotice(ctx, notice.Notice{ID: "n", Person: me, Channel: "sms", State: notice.Waiting}))
	}))
	server.Kill(t)
	server.Up(t)
	if n, err := s.CountNotices(t.Context(), notice.Waiting); n != 1 || err != nil {
		t.Errorf("CountNotices = %d, %v, want the one that was committed", n, err)
	}
}

// Whatever PostgreSQL believes of the queue, it does not go through all of it for each job.
func TestTake_PostgreSQLScansNoQueue(t *testing.T) {
	server := pg.Start(t)
	s := opened(t, server.URL(""))
	execute(t, server, "ANALYZE jobs") // empty
	for i := range 50 {
		wantWell(t, "Add", s.Add(t.Context(), job.Job{ID: fmt.Sprint(i), Kind: job.Apply, Key: fmt.Sprint(i % 10), Created: now(), Due: now()}))
	}
	for i := range 10 {
		j, ok, err := s.Take(t.Context(), []job.Kind{job.Apply, job.Notice}, now(), now().Add(time.Minute))
		if err != nil || !ok || j.ID != fmt.Sprint(i) {
			t.Fatalf("Take number %d = %+v, %v, %v, want the oldest of the next key", i, j, ok, err)
		}
	}
	if _, ok, err := s.Take(t.Context(), []job.Kind{job.Apply}, now(), now().Add(time.Minute)); ok || err != nil {
		t.Errorf("Take = %v, %v, want none: each key has one at work", ok, err)
	}
	wantWell(t, "Close", s.Close()) // the last it does is to tell what it did
	db, err := sql.Open("pgx", server.URL(""))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	// Making an index goes through a table once.
	if got := query(t, db, `SELECT seq_scan - (SELECT COUNT(*) FROM pg_indexes WHERE tablename = 'jobs') FROM pg_stat_user_tables WHERE relname = 'jobs'`); !slices.Equal(got, []string{"0"}) {
		t.Errorf("the queue was gone through %q times, want 0", got)
	}
}
