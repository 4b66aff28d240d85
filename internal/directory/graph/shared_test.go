package graph_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"rekey/internal/directory"
	"rekey/internal/directory/graph"
	"rekey/internal/emulator/tenant"
	"rekey/internal/fault"
	"rekey/internal/keyring"
	"rekey/internal/store"
	"rekey/internal/store/storetest/pg"
)

// processes are two processes of one app registration, on one database.
func processes(t *testing.T, w *world, urls [2]string) [2]*graph.Client {
	t.Helper()
	var stores [2]*store.Store
	for n, url := range urls {
		if n == 1 && url == urls[0] && strings.HasPrefix(url, "sqlite:") {
			stores[1] = stores[0] // one process has a file
			continue
		}
		stores[n] = database(t, url)
	}
	var clients [2]*graph.Client
	for n, s := range stores {
		clients[n] = w.client(t, workerID, graph.Person, graph.BudgetConfig{Ledger: s, Key: "graph/" + workerID, NewID: uuid.NewString, Reserve: 1})
	}
	return clients
}

func database(t *testing.T, url string) *store.Store {
	t.Helper()
	ring, err := keyring.New(bytes.Repeat([]byte{7}, keyring.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), store.Options{URL: url, Ring: ring})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close = %v, want no error", err)
		}
	})
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// Two processes share what the tenant allows: it answers no 429 to either, whatever they
// ask at once, and what it allows is used.
func TestBudget_AVL2_TwoProcessesStayBelowTheEmbeddedTenants(t *testing.T) {
	server := pg.Start(t)
	for name, urls := range map[string][2]string{
		"SQLite": {"sqlite::memory:", "sqlite::memory:"}, "PostgreSQL": {server.URL(""), server.URL("")},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tenant.Switches{}, graph.DefaultCount)
			clients := processes(t, w, urls)
			var answered, limited atomic.Int32
			for round := range 33 {
				var all sync.WaitGroup
				for n := range 12 {
					all.Go(func() {
						switch err := ask(t.Context(), clients[n%2], w.person(t, maya), n); {
						case err == nil:
							answered.Add(1)
						case fault.Is(err, fault.Limited):
							limited.Add(1)
						default:
							t.Errorf("call %d of round %d = %v", n, round, err)
						}
					})
				}
				all.Wait()
				w.clock.Advance(time.Second)
			}
			for _, r := range w.Tenant().Requests("") {
				if r.Status == 429 {
					t.Errorf("the tenant answered 429 at %v", r.At)
				}
			}
			if n := answered.Load(); n < 15 || n > 20 {
				t.Errorf("calls answered in 33 seconds = %d (%d refused by ourselves), want 15 to 20", n, limited.Load())
			}
		})
	}
}

// ask reads, and sometimes writes.
func ask(ctx context.Context, c *graph.Client, p directory.PersonID, n int) error {
	if n%4 == 3 {
		return c.UpdateContact(ctx, p, directory.Phone, fmt.Sprintf("+120255501%02d", n))
	}
	_, err := c.Methods(ctx, p)
	return err
}

// One process is told to wait; the other does not ask. Nor does one that is started then.
func TestBudget_AVL2_A429PausesTheOtherProcess(t *testing.T) {
	server := pg.Start(t)
	w := newWorld(t, tenant.Switches{}, graph.DefaultCount)
	clients := processes(t, w, [2]string{server.URL(""), server.URL("")})
	w.Tenant().Order(tenant.Fault{Part: "graph", Kind: "status", Status: 429, RetryAfter: 40, Times: 1})
	_, err := clients[0].Methods(t.Context(), w.person(t, maya))
	told := fault.As(err)
	if told == nil || told.Kind != fault.Limited || told.Until.Sub(w.clock.Now()) < 30*time.Second {
		t.Fatalf("Methods answered 429 = %v, want limited for 40 seconds", err)
	}
	before := len(w.Tenant().Requests(""))
	started := processes(t, w, [2]string{server.URL(""), server.URL("")})
	for n, c := range []*graph.Client{clients[1], started[0]} {
		err := c.UpdateContact(t.Context(), w.person(t, maya), directory.Phone, number)
		if f := fault.As(err); f == nil || f.Kind != fault.Limited || !f.Until.Equal(told.Until.Truncate(time.Microsecond)) {
			t.Errorf("UpdateContact of process %d = %v, want limited until %v", n+1, err, told.Until)
		}
	}
	if asked := len(w.Tenant().Requests("")) - before; asked != 0 {
		t.Errorf("requests of the others meanwhile = %d, want 0", asked)
	}
	w.clock.Advance(41 * time.Second)
	if err := clients[1].UpdateContact(t.Context(), w.person(t, maya), directory.Phone, number); err != nil {
		t.Errorf("UpdateContact after the wait = %v, want nil", err)
	}
}

// Without the database there is no place, and without a place nothing is sent.
func TestBudget_AVL2_WithoutTheDatabaseNothingIsSent(t *testing.T) {
	server := pg.Start(t)
	w := newWorld(t, tenant.Switches{}, graph.DefaultCount)
	clients := processes(t, w, [2]string{server.URL(""), server.URL("")})
	server.Kill(t)
	before := len(w.Tenant().Requests(""))
	for n, c := range clients {
		if err := c.UpdateContact(t.Context(), w.person(t, maya), directory.Phone, number); !fault.Is(err, fault.Unavailable) {
			t.Errorf("UpdateContact of process %d = %v, want unavailable", n, err)
		}
	}
	if asked := len(w.Tenant().Requests("")) - before; asked != 0 || w.phone(t, maya) != "+1 4255550142" {
		t.Errorf("requests without a database = %d, phone %s, want none and the old one", asked, w.phone(t, maya))
	}
}
