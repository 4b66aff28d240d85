package store_test

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"rekey/internal/audit"
	"rekey/internal/clock"
	"rekey/internal/store"
)

// sealedLog returns a store with three sealed events, and its file.
func sealedLog(t *testing.T) (s *store.Store, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "rekey.db")
	s = opened(t, "sqlite:"+path)
	for _, id := range []string{"one", "two", "three"} {
		e := audit.Event{ID: id, At: now(), Actor: "a", Subject: "b", Action: audit.ChangeApply, Outcome: audit.Success,
			Reason: "r", Address: "192.0.2.0/24", Request: "q", Detail: map[string]string{"kind": "phone"}}
		if err := s.Append(t.Context(), e); err != nil {
			t.Fatalf("Append = %v, want no error", err)
		}
	}
	sealer := &audit.Sealer{Store: s, MAC: ring(t), Clock: clock.Func(now), Owner: "test", Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	if n, err := sealer.Seal(t.Context()); n != 3 || err != nil {
		t.Fatalf("Seal = %d, %v, want 3", n, err)
	}
	return s, path
}

// TestAudit_AUD4_TamperingShows changes every column of an event, removes and inserts.
func TestAudit_AUD4_TamperingShows(t *testing.T) {
	queries := []string{
		`UPDATE events SET at = at + 1 WHERE id = 'two'`,
		`UPDATE events SET detail = '{"kind":"email"}' WHERE id = 'two'`,
		`UPDATE events SET detail = 'null' WHERE id = 'two'`,
		`UPDATE events SET detail = 'broken' WHERE id = 'two'`,
		`DELETE FROM events WHERE id = 'two'`,
		`DELETE FROM seals WHERE position = 2`,
		`DELETE FROM seals WHERE position = 1`,
		`UPDATE seals SET mac = zeroblob(32) WHERE position = 2`,
		`UPDATE seals SET event = 'elsewhere' WHERE position = 2`,
	}
	for _, column := range []string{"actor", "subject", "action", "outcome", "reason", "address", "request"} {
		queries = append(queries, `UPDATE events SET `+column+` = 'forged' WHERE id = 'two'`)
	}
	for _, query := range queries {
		s, path := sealedLog(t)
		if r, err := audit.Verify(t.Context(), s, ring(t)); !r.Good() || err != nil {
			t.Fatalf("Verify of an untouched log = %+v, %v, want no problem", r, err)
		}
		tamper(t, path, query)
		if r, err := audit.Verify(t.Context(), s, ring(t)); r.Good() || err != nil {
			t.Errorf("Verify after %q = %+v, %v, want a problem", query, r, err)
		}
	}
	s, path := sealedLog(t)
	tamper(t, path, `INSERT INTO events (id, at, actor, subject, action, outcome, reason, address, request, detail)
		VALUES ('forged', 1, '', '', '', '', '', '', '', 'null')`)
	sealer := &audit.Sealer{Store: s, MAC: ring(t), Clock: clock.Func(now), Owner: "test", Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	if n, err := sealer.Seal(t.Context()); n != 0 || err != nil {
		t.Errorf("Seal after an event was smuggled in = %d, %v: the sealer took it for ours", n, err)
	}
	if r, err := audit.Verify(t.Context(), s, ring(t)); r.Unsealed != 1 || r.Good() || err != nil {
		t.Errorf("Verify after an event was smuggled in = %+v, %v, want it to show as never sealed, and a problem", r, err)
	}
	s, path = sealedLog(t)
	if err := s.Append(t.Context(), audit.Event{ID: "four", At: now(), Action: audit.SignIn, Outcome: audit.Failure}); err != nil {
		t.Fatal(err)
	}
	if r, err := audit.Verify(t.Context(), s, ring(t)); r.Unsealed != 1 || !r.Good() || err != nil {
		t.Errorf("Verify while an event waits for the sealer = %+v, %v, want no problem", r, err)
	}
	tamper(t, path, `DELETE FROM events WHERE id = 'four'`)
	if r, err := audit.Verify(t.Context(), s, ring(t)); r.Good() || err != nil {
		t.Errorf("Verify after an event that waited was removed = %+v, %v, want a problem", r, err)
	}
}

// TestAudit_AUD4_AppendOnly reads the sources: no statement of ours changes or removes an
// event or a seal, and no statement asks the database for the time.
func TestAudit_AUD4_AppendOnly(t *testing.T) {
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	forbidden := regexp.MustCompile(`(?i)(UPDATE|DELETE\s+FROM|REPLACE\s+INTO|TRUNCATE|DROP\s+TABLE)\s+(events|seals)\b|now\(\)\s*[,)]|CURRENT_TIMESTAMP|SELECT \*`)
	read := 0
	for _, name := range sources {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		read++
		if found := forbidden.Find(text); found != nil {
			t.Errorf("%s says %q", name, found)
		}
	}
	if read < 10 {
		t.Errorf("only %d sources were read", read)
	}
}
