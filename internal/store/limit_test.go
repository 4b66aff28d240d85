package store_test

import (
	"context"
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

// Places that a process of the release before took count, whether they were there or came while
// both ran.
func TestReserve_AVL8_BesideOneThatKnowsNoNumbers(t *testing.T) {
	for engine, url := range map[string]string{"SQLite": "sqlite::memory:", "PostgreSQL": pg.Start(t).URL("")} {
		t.Run(engine, func(t *testing.T) {
			s := opened(t, url)
			tenant := limit.Charge{Key: "tenant", Windows: []limit.Window{{Count: 5, Span: time.Hour}}}
			member := limit.Charge{Key: "new", Windows: []limit.Window{{Count: 100, Span: time.Hour}}, Member: "a"}
			reserve := func(after time.Duration, want bool, until time.Duration) {
				t.Helper()
				got, ok, err := s.Reserve(t.Context(), now().Add(after), []limit.Charge{tenant, member})
				if ok != want || err != nil || !got.Equal(now().Add(until)) {
					t.Errorf("Reserve after %v = %v, %v, %v, want %v, %v", after, got, ok, err, now().Add(until), want)
				}
			}
			old := func(after time.Duration) {
				t.Helper()
				wantWell(t, "Run", s.InTx(t.Context(), func(ctx context.Context) error {
					return s.Run(ctx, fmt.Sprintf(`INSERT INTO places (counter, reserved, ends, member) VALUES ('tenant', %d, %d, '')`,
						now().Add(after).UnixMicro(), now().Add(after+time.Hour).UnixMicro()))
				}))
			}
			old(time.Minute)
			old(0)
			reserve(2*time.Minute, true, 2*time.Minute)
			old(3 * time.Minute)
			reserve(4*time.Minute, true, 4*time.Minute)
			reserve(5*time.Minute, false, time.Hour)
			reserve(time.Hour, true, time.Hour)
			reserve(time.Hour, false, time.Hour+time.Minute)
			reserve(time.Hour+2*time.Minute, true, time.Hour+2*time.Minute)
		})
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
