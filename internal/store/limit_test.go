package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"rekey/internal/limit"
	"rekey/internal/limit/limittest"
	"rekey/internal/store"
	"rekey/internal/store/storetest"
	"rekey/internal/store/storetest/pg"
)

func TestAllowances_SQLite(t *testing.T) {
	allowances(t, func(t *testing.T) [2]*store.Store {
		s := opened(t, "sqlite::memory:")
		return [2]*store.Store{s, s}
	})
}

func TestAllowances_PostgreSQL(t *testing.T) {
	server, n := pg.Start(t), 0
	allowances(t, func(t *testing.T) [2]*store.Store {
		n++
		schema := fmt.Sprint("allowances_", n)
		execute(t, server, "CREATE SCHEMA "+schema)
		return [2]*store.Store{opened(t, server.URL(schema)), opened(t, server.URL(schema))}
	})
}

// allowances checks what two processes share on one database.
func allowances(t *testing.T, open func(t *testing.T) [2]*store.Store) {
	t.Run("Allowances", func(t *testing.T) {
		storetest.Allowances(t, func(t *testing.T) [2]storetest.Store {
			s := open(t)
			return [2]storetest.Store{s[0], s[1]}
		})
	})
	t.Run("Ledger", func(t *testing.T) {
		limittest.Ledger(t, func(t *testing.T) [2]limit.Ledger {
			s := open(t)
			return [2]limit.Ledger{s[0], s[1]}
		})
	})
}

// What a budget counts no more is removed, and what it still counts stays.
func TestLedger_PRV2_Sweep(t *testing.T) {
	s := opened(t, "sqlite::memory:")
	begin := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	flying := limit.Claim{Key: "graph/x", Place: "flying", Most: 2, Span: 10 * time.Second, At: begin, Latest: begin.Add(10 * time.Second)}
	over := flying
	over.Place = "over"
	for _, c := range []limit.Claim{flying, over} {
		if _, ok, err := s.Claim(t.Context(), c); !ok || err != nil {
			t.Fatalf("Claim = %v, %v, want a place", ok, err)
		}
	}
	if err := errors.Join(s.Settle(t.Context(), over, begin), s.Pause(t.Context(), "graph/x", begin.Add(15*time.Second))); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		after time.Duration
		left  int64
	}{{10*time.Second - time.Microsecond, 3}, {10 * time.Second, 2}, {15 * time.Second, 1}, {20 * time.Second, 0}} {
		if _, err := s.Sweep(t.Context(), begin.Add(c.after)); err != nil || store.Count(t, s, "places") != c.left {
			t.Errorf("places %v after, swept = %d, %v, want %d", c.after, store.Count(t, s, "places"), err, c.left)
		}
	}
}

// A reservation that was made is still there when the server lost its memory right after.
func TestReserve_ABU3_SurvivesTheServersDeath(t *testing.T) {
	server := pg.Start(t)
	s := opened(t, server.URL(""))
	charges := func(i int) []limit.Charge {
		once := []limit.Window{{Count: 1, Span: time.Hour}}
		return []limit.Charge{{Key: fmt.Sprint("person ", i), Windows: once}, {Key: "tenant", Windows: []limit.Window{{Count: 100, Span: time.Hour}}}}
	}
	const deaths = 3
	for i := range deaths {
		if _, ok, err := s.Reserve(t.Context(), now(), charges(i)); !ok || err != nil {
			t.Fatalf("Reserve %d = %v, %v, want a place", i, ok, err)
		}
		server.Kill(t)
		server.Up(t)
	}
	for i := range deaths {
		if _, ok, err := s.Reserve(t.Context(), now(), charges(i)); ok || err != nil {
			t.Errorf("Reserve %d again = %v, %v, want none: its place was lost with the server", i, ok, err)
		}
	}
}
