package storetest

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"rekey/internal/session"
)

func sessionRow(id, secret string, who int) session.Row {
	return session.Row{ID: id, Secret: []byte(secret), Person: person(who), Began: at(0), Seen: at(time.Second), Data: []byte(`{"Zone":"UTC"}`)}
}

func wantSession(t *testing.T, f Fixture, secret string, want session.Row, there bool) {
	t.Helper()
	got, ok, err := f.Store.Session(t.Context(), []byte(secret))
	check(t, "Session", err)
	if ok != there || (there && !reflect.DeepEqual(got, want)) {
		t.Errorf("Session(%q) = %+v, %v, want %+v, %v", secret, got, ok, want, there)
	}
}

func sessionRoundTrip(t *testing.T, f Fixture) {
	ctx := t.Context()
	a, b := sessionRow("a", "secret-a", 1), sessionRow("b", "secret-b", 1)
	check(t, "AddSession", f.Store.AddSession(ctx, a))
	check(t, "AddSession", f.Store.AddSession(ctx, b))
	wantSession(t, f, "secret-a", a, true)
	wantSession(t, f, "secret-c", session.Row{}, false)
	check(t, "RemoveSession", f.Store.RemoveSession(ctx, "a"))
	check(t, "RemoveSession of a missing one", f.Store.RemoveSession(ctx, "a"))
	wantSession(t, f, "secret-a", session.Row{}, false)
	wantSession(t, f, "secret-b", b, true)
}

func sessionRotation(t *testing.T, f Fixture) {
	ctx := t.Context()
	check(t, "AddSession", f.Store.AddSession(ctx, sessionRow("a", "old", 1)))
	var won [20]bool
	n := count(t, len(won), func(i int) (ok bool, err error) {
		won[i], err = f.Store.SaveSession(ctx, sessionRow("a", fmt.Sprint("new-", i), 1), []byte("old"))
		return won[i], err
	})
	if n != 1 {
		t.Errorf("%d SaveSession over one secret: %d succeeded, want 1", len(won), n)
	}
	wantSession(t, f, "old", session.Row{}, false)
	for i, ok := range won {
		wantSession(t, f, fmt.Sprint("new-", i), sessionRow("a", fmt.Sprint("new-", i), 1), ok)
	}
}

func sessionTouch(t *testing.T, f Fixture) {
	want := sessionRow("a", "secret", 1)
	check(t, "AddSession", f.Store.AddSession(t.Context(), want))
	for _, d := range []time.Duration{time.Minute, 0} { // never back
		check(t, "TouchSession", f.Store.TouchSession(t.Context(), "a", at(d)))
	}
	want.Seen = at(time.Minute)
	wantSession(t, f, "secret", want, true)
}

func pendingSingleUse(t *testing.T, f Fixture) {
	ctx := t.Context()
	want := session.PendingRow{State: []byte("state"), Browser: []byte("browser"), Expires: at(session.PendingTime), Data: []byte(`{}`)}
	check(t, "AddPending", f.Store.AddPending(ctx, want))
	for _, wrong := range [][2]string{{"state", "another browser"}, {"another state", "browser"}} {
		if _, ok, err := f.Store.TakePending(ctx, []byte(wrong[0]), []byte(wrong[1])); ok || err != nil {
			t.Errorf("TakePending(%q, %q) = %v, %v, want none", wrong[0], wrong[1], ok, err)
		}
	}
	n := count(t, 50, func(int) (bool, error) {
		got, ok, err := f.Store.TakePending(ctx, []byte("state"), []byte("browser"))
		if ok && !reflect.DeepEqual(got, want) {
			t.Errorf("TakePending = %+v, want %+v", got, want)
		}
		return ok, err
	})
	if n != 1 {
		t.Errorf("50 TakePending: %d got it, want 1", n)
	}
}

// Of a person's sessions one is kept; everybody else's stay (SES-6).
func sessionRemoveOthers(t *testing.T, f Fixture) {
	ctx := t.Context()
	for i, id := range []string{"a", "b", "c"} {
		check(t, "AddSession", f.Store.AddSession(ctx, session.Row{ID: id, Secret: []byte("secret " + id), Person: person(1 + i/2), Began: at(0), Seen: at(0), Data: []byte("{}")}))
	}
	if n, err := f.Store.RemoveSessionsBut(ctx, person(1), "a"); err != nil || n != 1 {
		t.Errorf("RemoveSessionsBut = %d, %v, want 1", n, err)
	}
	for id, want := range map[string]bool{"a": true, "b": false, "c": true} {
		if _, ok, err := f.Store.Session(ctx, []byte("secret "+id)); err != nil || ok != want {
			t.Errorf("Session(%q) = %v, %v, want %v", id, ok, err, want)
		}
	}
}

// A person's sessions are listed, last seen first, and ended; those of others are neither.
func sessionOwn(t *testing.T, f Fixture) {
	ctx := t.Context()
	want := map[string]session.Row{}
	for i, id := range []string{"old", "new", "same", "other"} {
		who := 1 + i/3
		r := session.Row{ID: id, Secret: []byte("secret " + id), Person: person(who), Began: at(0), Seen: at(time.Duration(i%3) * time.Minute), Data: []byte("{}")}
		if id == "same" {
			r.Seen, r.Began = at(time.Minute), at(time.Second)
		}
		want[id] = r
		check(t, "AddSession", f.Store.AddSession(ctx, r))
	}
	wantSessions := func(who int, ids ...string) {
		t.Helper()
		got, err := f.Store.SessionsOf(ctx, person(who))
		check(t, "SessionsOf", err)
		if len(got) != len(ids) {
			t.Fatalf("SessionsOf(%d) = %+v, want %v", who, got, ids)
		}
		for i, id := range ids {
			if !reflect.DeepEqual(got[i], want[id]) {
				t.Errorf("SessionsOf(%d)[%d] = %+v, want %+v", who, i, got[i], want[id])
			}
		}
	}
	wantSessions(1, "same", "new", "old")
	wantSessions(2, "other")
	wantSessions(3)
	for _, id := range []string{"other", "missing", ""} {
		if ok, err := f.Store.RemoveSessionOf(ctx, person(1), id); ok || err != nil {
			t.Errorf("RemoveSessionOf(%q) = %v, %v, want nothing removed", id, ok, err)
		}
	}
	wantSession(t, f, "secret other", want["other"], true)
	n := count(t, 10, func(int) (bool, error) { return f.Store.RemoveSessionOf(ctx, person(1), "new") })
	if n != 1 {
		t.Errorf("10 RemoveSessionOf of one session: %d removed it, want 1", n)
	}
	wantSessions(1, "same", "old")
}
