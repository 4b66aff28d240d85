package store_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/retirement"
	"rekey/internal/session"
	"rekey/internal/store"
	"rekey/internal/store/storetest/pg"
)

// two fills a store with what is read of somebody, and of somebody else.
func two(t *testing.T, s *store.Store) (me, other directory.PersonID) {
	t.Helper()
	me, other = someone(), directory.PersonID{Tenant: "tenant", Object: "other"}
	for _, who := range []directory.PersonID{me, other} {
		c := proving("change of " + who.Object)
		c.Person = who
		wantWell(t, "AddSession", s.AddSession(t.Context(), session.Row{ID: who.Object, Secret: []byte("secret of " + who.Object), Person: who, Began: now(), Seen: now(), Data: []byte("{}")}))
		wantWell(t, "SaveSnapshot", s.SaveSnapshot(t.Context(), who, directory.Snapshot{At: now(), Account: directory.Account{DisplayName: who.Object}}))
		wantWell(t, "AddChange", s.AddChange(t.Context(), c))
	}
	wantWell(t, "AddRetirement", s.AddRetirement(t.Context(), retirement.Retirement{ID: "move", Person: me, Situation: retirement.NewPhone, Started: now()}))
	return me, other
}

// reads says what the security info page would read of somebody.
func reads(t *testing.T, s *store.Store, ctx context.Context, who directory.PersonID) (name, change string, moving bool) {
	t.Helper()
	snap, err := s.Snapshot(ctx, who)
	wantWell(t, "Snapshot", err)
	open, _, err := s.Overview(ctx, who)
	wantWell(t, "Overview", err)
	r, err := s.Retirement(ctx, who)
	if !fault.Is(err, fault.NotFound) {
		wantWell(t, "Retirement", err)
	}
	if len(open) == 1 {
		change = open[0].ID
	}
	return snap.Account.DisplayName, change, err == nil && r.Open()
}

// What is read together with a session is its person's, once, and never older than the
// request.
func TestAhead_PRV1_OnePersonOnce(t *testing.T) {
	for engine, url := range map[string]string{"SQLite": "sqlite:" + filepath.Join(t.TempDir(), "rekey.db"), "PostgreSQL": pg.Start(t).URL("")} {
		t.Run(engine, func(t *testing.T) {
			s := opened(t, url)
			me, other := two(t, s)
			ctx := s.Ahead(t.Context())
			if r, ok, err := s.Session(ctx, []byte("secret of object")); err != nil || !ok || r.Person != me {
				t.Fatalf("Session = %+v, %v, %v, want the person's", r, ok, err)
			}
			if name, change, moving := reads(t, s, ctx, other); name != "other" || change != "change of other" || moving {
				t.Errorf("of another person %q, %q, %v was read", name, change, moving)
			}
			if name, change, moving := reads(t, s, ctx, me); name != "object" || change != "change of object" || !moving {
				t.Errorf("of the person %q, %q, %v was read", name, change, moving)
			}
			wantWell(t, "SaveSnapshot", s.SaveSnapshot(ctx, me, directory.Snapshot{At: now().Add(time.Second), Account: directory.Account{DisplayName: "renamed"}}))
			if name, _, _ := reads(t, s, ctx, me); name != "renamed" {
				t.Errorf("what is read again is %q, want what was written meanwhile", name)
			}
			for secret, want := range map[string]bool{"no such secret": false, "secret of other": true} {
				ctx := s.Ahead(t.Context())
				if _, ok, err := s.Session(ctx, []byte(secret)); err != nil || ok != want {
					t.Errorf("Session(%q) = %v, %v, want %v", secret, ok, err, want)
				}
				if name, _, _ := reads(t, s, ctx, me); name != "renamed" {
					t.Errorf("beside the session of %q the person is %q", secret, name)
				}
			}
		})
	}
}

// The first request after the database hung up finds it well.
func TestAhead_AVL1_DeadConnections(t *testing.T) {
	wire := pg.Start(t).Wire(t)
	s := opened(t, wire.URL(""))
	two(t, s)
	fill(t, s)
	wire.Cut()
	_, ok, err := s.Session(s.Ahead(t.Context()), []byte("secret of object"))
	if wantWell(t, "Session", err); !ok {
		t.Error("the session is not found")
	}
}
