package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/notice"
	"rekey/internal/store/storetest/pg"
)

// A statement whose answer nobody waits for fails at the next one, or at the commit: then
// nothing of the transaction is kept, whatever its function says, and the failure is that
// statement's, not the one's at which it shows.
func TestInTx_AVL6_WhatFailsLaterTakesEverythingBack(t *testing.T) {
	s := opened(t, pg.Start(t).URL(""))
	twice := notice.Notice{ID: "n", Person: someone(), Channel: "sms", State: notice.Waiting}
	for name, after := range map[string]func(ctx context.Context) error{
		"at the commit":                      func(context.Context) error { return nil },
		"at the next one":                    func(ctx context.Context) error { return s.Run(ctx, "SELECT 1") },
		"at the next one, which says naught": func(ctx context.Context) error { _ = s.Run(ctx, "SELECT 1"); return nil },
		"at one that may conflict": func(ctx context.Context) error {
			c := proving("a")
			_, err := s.SaveChange(ctx, c, c.State)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := s.InTx(t.Context(), func(ctx context.Context) error {
				return errors.Join(s.AddChange(ctx, proving("a")), s.AddNotice(ctx, twice), s.AddNotice(ctx, twice), after(ctx))
			})
			if err == nil || fault.Is(err, fault.Conflict) {
				t.Errorf("InTx = %v, want the notice's own failure", err)
			}
			if _, err := s.ChangeByID(t.Context(), "a"); !fault.Is(err, fault.NotFound) {
				t.Errorf("ChangeByID = %v, want not-found", err)
			}
		})
	}
}

// The same, of a row whose place is taken: whoever asked for it hears that somebody else
// was faster.
func TestInTx_CHG5_WhatConflictsLaterIsAConflict(t *testing.T) {
	s := opened(t, pg.Start(t).URL(""))
	wantWell(t, "AddChange", s.AddChange(t.Context(), proving("a")))
	err := s.InTx(t.Context(), func(ctx context.Context) error {
		return errors.Join(s.AddChange(ctx, proving("b")), s.Run(ctx, "SELECT 1"))
	})
	if !fault.Is(err, fault.Conflict) {
		t.Errorf("InTx = %v, want a conflict", err)
	}
}

// A line that is cut after the server began a transaction ends it: only one of which it
// never heard may begin again.
func TestInTx_AVL6_CutInTheMiddle(t *testing.T) {
	wire := pg.Start(t).Wire(t)
	s := opened(t, wire.URL(""))
	calls := 0
	err := s.InTx(t.Context(), func(ctx context.Context) error {
		calls++
		err := s.Run(ctx, "SELECT 1")
		wire.Cut()
		return errors.Join(err, s.AddChange(ctx, proving("a")))
	})
	wantDown(t, "InTx", err)
	if _, err := s.ChangeByID(t.Context(), "a"); !fault.Is(err, fault.NotFound) || calls != 1 {
		t.Errorf("ChangeByID = %v after %d calls, want not-found after one", err, calls)
	}
}

// A transaction that only looked, and one that did nothing, end well.
func TestInTx_WithoutAWrite(t *testing.T) {
	s := opened(t, pg.Start(t).URL(""))
	wantWell(t, "nothing", s.InTx(t.Context(), func(context.Context) error { return nil }))
	wantWell(t, "a look", s.InTx(t.Context(), func(ctx context.Context) error { _, err := s.OpenChanges(ctx, someone()); return err }))
	own := errors.New("own")
	if err := s.InTx(t.Context(), func(ctx context.Context) error { return errors.Join(s.AddChange(ctx, proving("a")), own) }); !errors.Is(err, own) {
		t.Errorf("InTx = %v, want the function's own error", err)
	}
	if _, err := s.ChangeByID(t.Context(), "a"); !fault.Is(err, fault.NotFound) {
		t.Errorf("ChangeByID = %v, want not-found", err)
	}
}

// What needs no answer takes no trip of its own: a transaction of five statements, one of which
// is asked something, goes over the line twice, and the security info page is read in one go.
func TestInTx_GoesOverTheLineSeldom(t *testing.T) {
	wire := pg.Start(t).Wire(t)
	s := opened(t, wire.URL(""))
	two(t, s)
	n := 0
	transaction := func() {
		n++
		wantWell(t, "InTx", s.InTx(t.Context(), func(ctx context.Context) error {
			c, snap := proving(fmt.Sprint("seldom ", n)), directory.Snapshot{At: now()}
			c.Person, c.State = directory.PersonID{Tenant: "tenant", Object: c.ID}, contact.Failed
			note := notice.Notice{ID: c.ID, Person: c.Person, Channel: "sms", State: notice.Waiting}
			_, err := s.Formers(ctx, c.Person, now())
			return errors.Join(s.AddChange(ctx, c), err, s.SaveSnapshot(ctx, c.Person, snap), s.AddNotice(ctx, note), s.SaveSnapshot(ctx, c.Person, snap))
		}))
	}
	page := func() {
		ctx := s.Ahead(t.Context())
		_, _, err := s.Session(ctx, []byte("secret of object"))
		wantWell(t, "Session", err)
		reads(t, s, ctx, someone())
	}
	for what, tt := range map[string]struct {
		do   func()
		want int
	}{"a transaction": {transaction, 2}, "the page": {page, 1}} {
		tt.do() // the first of a connection has the server parse what it asks
		before := wire.Trips()
		tt.do()
		if took := wire.Trips() - before; took != tt.want {
			t.Errorf("%s takes %d trips, want %d", what, took, tt.want)
		}
	}
}
