package storetest

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"rekey/internal/audit"
	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/job"
	"rekey/internal/limit"
	"rekey/internal/session"
	"rekey/internal/store"
	"rekey/internal/verification"
)

func snapshot(taken time.Time, number string) directory.Snapshot {
	return directory.Snapshot{At: taken,
		Account: directory.Account{DisplayName: "Ada Example", UserPrincipalName: "ada@example.com", Mail: "ada.private@example.com", Enabled: true},
		Methods: []directory.Method{{ID: "m1", Kind: directory.Phone, Value: number},
			{ID: "m2", Kind: directory.Passkey, Name: "Key", Model: "M", Added: at(-time.Hour), RawKind: "fido2"}}}
}

func snapshotNewest(t *testing.T, f Fixture) {
	ctx := t.Context()
	if _, err := f.Store.Snapshot(ctx, person(1)); !errors.Is(err, directory.ErrNoSnapshot) {
		t.Errorf("Snapshot of nobody = %v, want %v", err, directory.ErrNoSnapshot)
	}
	save := func(taken time.Duration, number string, want directory.Snapshot) {
		t.Helper()
		check(t, "SaveSnapshot", f.Store.SaveSnapshot(ctx, person(1), snapshot(at(taken), number)))
		if got, err := f.Store.Snapshot(ctx, person(1)); !reflect.DeepEqual(got, want) || err != nil {
			t.Errorf("Snapshot = %+v, %v, want %+v", got, err, want)
		}
	}
	save(time.Minute, "1", snapshot(at(time.Minute), "1"))
	save(0, "2", snapshot(at(time.Minute), "1"))
	save(time.Minute, "3", snapshot(at(time.Minute), "3"))
	save(time.Hour, "4", snapshot(at(time.Hour), "4"))
}

// all writes a row of everything, inside the transaction of ctx.
func all(ctx context.Context, s Store) error {
	return errors.Join(
		s.AddChange(ctx, change("change", 1, contact.Proving)),
		s.AddChallenge(ctx, challenge("challenge", "change", 1)),
		s.SaveSnapshot(ctx, person(1), snapshot(at(0), "+12025550188")),
		s.Add(ctx, newJob("job", job.Apply, "p", 0)),
		s.Append(ctx, event("event")),
		s.AddSession(ctx, sessionRow("session", "secret", 1)),
		s.AddPending(ctx, session.PendingRow{State: []byte("state"), Browser: []byte("browser"), Expires: at(0), Data: []byte("{}")}),
	)
}

// there says which of the rows of all are there.
func there(t *testing.T, s Store) []string {
	t.Helper()
	ctx := t.Context()
	var found []string
	note := func(what string, ok bool, err error) {
		if ok {
			found = append(found, what)
		}
		if err != nil && !fault.Is(err, fault.NotFound) && !errors.Is(err, directory.ErrNoSnapshot) {
			t.Errorf("%s = %v, want no error", what, err)
		}
	}
	_, err := s.ChangeByID(ctx, "change")
	note("change", err == nil, err)
	_, err = s.Challenge(ctx, person(1), "challenge")
	note("challenge", err == nil, err)
	_, err = s.Snapshot(ctx, person(1))
	note("snapshot", err == nil, err)
	_, ok, err := s.NextDue(ctx, []job.Kind{job.Apply})
	note("job", ok, err)
	n, err := s.CountEvents(ctx)
	note("event", n > 0, err)
	tail, err := s.Unsealed(ctx, 1)
	note("unsealed", len(tail) > 0, err)
	_, ok, err = s.Session(ctx, []byte("secret"))
	note("session", ok, err)
	_, ok, err = s.TakePending(ctx, []byte("state"), []byte("browser"))
	note("pending", ok, err)
	return found
}

var everything = []string{"change", "challenge", "snapshot", "job", "event", "unsealed", "session", "pending"}

func txRollback(t *testing.T, f Fixture) {
	err := f.Store.InTx(t.Context(), func(ctx context.Context) error {
		check(t, "writing a row of everything", all(ctx, f.Store))
		return errUndo
	})
	if !errors.Is(err, errUndo) {
		t.Errorf("InTx = %v, want what fn returned", err)
	}
	if got := there(t, f.Store); len(got) != 0 {
		t.Errorf("after a rollback there are %v, want nothing", got)
	}
	func() {
		defer func() {
			if p := recover(); p != "stop" {
				t.Errorf("InTx panicked with %v, want what fn panicked with", p)
			}
		}()
		_ = f.Store.InTx(t.Context(), func(ctx context.Context) error {
			check(t, "writing a row of everything", all(ctx, f.Store))
			panic("stop")
		})
	}()
	if got := there(t, f.Store); len(got) != 0 {
		t.Errorf("after a panic there are %v, want nothing", got)
	}
	check(t, "InTx", f.Store.InTx(t.Context(), func(ctx context.Context) error { return all(ctx, f.Store) }))
	if got := there(t, f.Store); !reflect.DeepEqual(got, everything) {
		t.Errorf("after a commit there are %v, want %v", got, everything)
	}
}

func txNested(t *testing.T, f Fixture) {
	err := f.Store.InTx(t.Context(), func(ctx context.Context) error {
		check(t, "writing a row of everything", all(ctx, f.Store))
		_ = f.Store.InTx(ctx, func(context.Context) error { return errUndo }) // lost on the way up
		return nil
	})
	if !errors.Is(err, errUndo) {
		t.Errorf("InTx around a nested failure = %v, want it", err)
	}
	if got := there(t, f.Store); len(got) != 0 {
		t.Errorf("after a nested failure there are %v, want nothing", got)
	}
	check(t, "InTx", f.Store.InTx(t.Context(), func(ctx context.Context) error {
		return f.Store.InTx(ctx, func(ctx context.Context) error { return all(ctx, f.Store) })
	}))
	if got := there(t, f.Store); !reflect.DeepEqual(got, everything) {
		t.Errorf("after a nested commit there are %v, want %v", got, everything)
	}
}

// storeSealed poisons everything that is personal or secret, and looks for it at rest.
func storeSealed(t *testing.T, f Fixture) {
	ctx := t.Context()
	c := change("change", 1, contact.Proving)
	c.Value, c.Before, c.Masked = "poison-new-value", "poison-old-value", "canary-masked"
	ch := challenge("challenge", "change", 1)
	ch.Destination = "poison-destination"
	snap := snapshot(at(0), "poison-snapshot-number")
	snap.Account.DisplayName, snap.Account.Mail = "poison-name", "poison-mail"
	row := sessionRow("session", "secret", 1)
	row.Data = []byte(`{"DisplayName":"poison-session","Drafts":{"phone":{"number":"poison-draft"}}}`)
	pending := session.PendingRow{State: []byte("state"), Browser: []byte("browser"), Expires: at(0), Data: []byte(`{"Nonce":"poison-nonce","Verifier":"poison-verifier"}`)}
	check(t, "writing", errors.Join(f.Store.AddChange(ctx, c), f.Store.AddChallenge(ctx, ch),
		f.Store.SaveSnapshot(ctx, person(1), snap), f.Store.AddSession(ctx, row), f.Store.AddPending(ctx, pending)))
	saved := c
	saved.Value = "poison-saved-value"
	if ok, err := f.Store.SaveChange(ctx, saved, contact.Proving); !ok || err != nil {
		t.Fatalf("SaveChange = %v, %v, want true", ok, err)
	}
	raw := f.Raw(t)
	if !bytes.Contains(raw, []byte("canary-masked")) {
		t.Fatal("what is at rest does not even hold the masked value: this test looks in the wrong place")
	}
	if i := bytes.Index(raw, []byte("poison")); i >= 0 {
		t.Errorf("at rest there is %q in the clear", raw[i:min(i+24, len(raw))])
	}
}

func storeReopen(t *testing.T, f Fixture) {
	ctx := t.Context()
	check(t, "writing a row of everything", all(ctx, f.Store))
	c := challenge("challenge", "change", 1)
	if _, _, ok := try(t, f, attempt(c, at(0))); !ok {
		t.Fatal("CountTry = false, want true")
	}
	allowance := charge("key", limit.Window{Count: 1, Span: time.Minute})
	wantReserve(t, f, 0, allowance, true, 0)
	if _, err := sealer(t, f.Store, "one").Seal(ctx); err != nil {
		t.Fatalf("Seal = %v, want no error", err)
	}
	check(t, "Append", f.Store.Append(ctx, event("event-2")))

	f.Store = f.Reopen(t)
	if fs, err := f.Store.Failures(ctx, person(1), "phone"); fs.Row != 1 || err != nil {
		t.Errorf("Failures after reopening = %+v, %v, want one in a row", fs, err)
	}
	wantReserve(t, f, 0, allowance, false, time.Minute)
	if r, err := audit.Verify(ctx, f.Store, ring(t)); !r.Good() || r.Sealed != 1 || r.Unsealed != 1 || err != nil {
		t.Errorf("Verify after reopening = %+v, %v, want one sealed and one not", r, err)
	}
	if got, err := f.Store.ChangeByID(ctx, "change"); !reflect.DeepEqual(got, change("change", 1, contact.Proving)) || err != nil {
		t.Errorf("ChangeByID after reopening = %+v, %v, want it as it was", got, err)
	}
	if got := there(t, f.Store); !reflect.DeepEqual(got, everything) {
		t.Errorf("after reopening there are %v, want %v", got, everything)
	}
}

func storeSweep(t *testing.T, f Fixture) {
	ctx := t.Context()
	check(t, "writing a row of everything", all(ctx, f.Store))
	kept := challenge("kept", "other flow", 2)
	kept.Issued = at(time.Microsecond)
	fresh := sessionRow("fresh", "fresh", 2)
	fresh.Began, fresh.Seen = at(72*time.Hour-session.Absolute+time.Second), at(72*time.Hour-session.Idle+time.Second)
	old := fresh
	old.ID, old.Secret, old.Began = "too old", []byte("too old"), at(72*time.Hour-session.Absolute)
	idle := fresh
	idle.ID, idle.Secret, idle.Seen = "idle", []byte("idle"), at(72*time.Hour-session.Idle)
	pending := session.PendingRow{State: []byte("later"), Browser: []byte("b"), Expires: at(72*time.Hour + 1000), Data: []byte("{}")}
	check(t, "writing", errors.Join(f.Store.AddChallenge(ctx, kept), f.Store.AddSession(ctx, fresh), f.Store.AddSession(ctx, old),
		f.Store.AddSession(ctx, idle), f.Store.AddPending(ctx, pending)))
	wantReserve(t, f, 0, charge("short", limit.Window{Count: 1, Span: time.Hour}), true, 0)
	wantReserve(t, f, 0, charge("long", limit.Window{Count: 1, Span: 100 * time.Hour}), true, 0)

	want := store.Swept{Changes: 1, Challenges: 1, Sessions: 3, Pendings: 1, Places: 1}
	for _, want := range []store.Swept{want, {}} {
		if got, err := f.Store.Sweep(ctx, at(72*time.Hour)); got != want || err != nil {
			t.Errorf("Sweep = %+v, %v, want %+v", got, err, want)
		}
	}
	wantSession(t, f, "fresh", fresh, true)
	if c, err := f.Store.Challenge(ctx, person(2), "kept"); c.State != verification.Live || err != nil {
		t.Errorf("Challenge(%q) = %+v, %v, want it left alone", "kept", c, err)
	}
	wantReserve(t, f, 72*time.Hour, charge("long", limit.Window{Count: 1, Span: 100 * time.Hour}), false, 100*time.Hour)
}
