package signout_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"rekey/internal/audit"
	"rekey/internal/clock"
	"rekey/internal/directory"
	"rekey/internal/job"
	"rekey/internal/keyring"
	"rekey/internal/limit"
	"rekey/internal/session"
	"rekey/internal/signout"
	"rekey/internal/store"
)

// world is the journey on a real store, with a directory that does what the test says.
type world struct {
	*signout.Service
	t         *testing.T
	db        *store.Store
	sessions  *session.Manager
	clock     *clock.Movable
	directory *fakeDirectory
	events    *events
	runner    *job.Runner
	log       *bytes.Buffer
	woken     int
	never     bool
}

// fakeDirectory counts how often it was told, and answers what it is to.
type fakeDirectory struct {
	told   []directory.PersonID
	answer error
	during func() // runs while the call is on its way
}

func (d *fakeDirectory) RevokeSessions(ctx context.Context, person directory.PersonID) error {
	if _, bounded := ctx.Deadline(); !bounded {
		return errors.New("a call without a deadline")
	}
	d.told = append(d.told, person)
	if d.during != nil {
		d.during()
	}
	return d.answer
}

// events notes what the log was given, and can refuse to take it.
type events struct {
	audit.Log
	all []audit.Event
	err error
}

func (e *events) Append(ctx context.Context, event audit.Event) error {
	if e.err != nil {
		return e.err
	}
	e.all = append(e.all, event)
	return e.Log.Append(ctx, event)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	ring, err := keyring.New(bytes.Repeat([]byte{3}, keyring.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), store.Options{URL: "sqlite::memory:", Ring: ring})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 11, 23, 14, 32, 0, 0, time.UTC)
	w := &world{t: t, db: db, directory: &fakeDirectory{}, events: &events{Log: db}, log: &bytes.Buffer{},
		clock: clock.NewMovable(clock.Func(func() time.Time { return start }), 0)}
	var n atomic.Int64
	id := func() string { return fmt.Sprint("id-", n.Add(1)) }
	log := slog.New(slog.NewTextHandler(w.log, nil))
	w.sessions = session.NewManager(session.Options{Rows: db, Ring: ring, Clock: w.clock, Rand: rand.Reader, NewID: id, CookieName: "__Host-rekey"})
	w.Service = &signout.Service{Store: db, Sessions: w.sessions, Jobs: db, Audit: w.events, Allowances: &limit.Allowances{Store: db, Clock: w.clock}, Clock: w.clock, NewID: id, Wake: func() { w.woken++ }}
	revoker := &signout.Revoker{Store: db, Sessions: w.sessions, Directory: w.directory, Jobs: db, Audit: w.events,
		Never: func(directory.PersonID) bool { return w.never }, Clock: w.clock, NewID: id, Log: log}
	w.runner = job.NewRunner(db, w.clock, log, 1)
	w.runner.Handle(job.Revoke, revoker.Revoke)
	return w
}

func ada() directory.PersonID { return directory.PersonID{Tenant: "t", Object: "ada"} }
func bob() directory.PersonID { return directory.PersonID{Tenant: "t", Object: "bob"} }

// signIn starts a session whose credentials were typed at that time, and returns its id.
func (w *world) signIn(person directory.PersonID, typed time.Time) string {
	w.t.Helper()
	s, err := w.sessions.SignIn(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil), session.Data{Person: person, AuthTime: typed})
	if err != nil {
		w.t.Fatal(err)
	}
	return s.ID
}

// everywhere asks in a session.
func (w *world) everywhere(id string) {
	w.t.Helper()
	if err := w.Everywhere(w.t.Context(), signout.Actor{Person: ada(), Session: id, Address: "192.0.2.0/24", Request: "request"}); err != nil {
		w.t.Fatalf("Everywhere = %v, want no error", err)
	}
}

// work runs what is due, and returns how many jobs that were.
func (w *world) work() (jobs int) {
	w.t.Helper()
	for {
		did, err := w.runner.Once(w.t.Context())
		if err != nil {
			w.t.Fatalf("Once = %v, want no error", err)
		}
		if !did {
			return jobs
		}
		jobs++
	}
}

// wantSessions checks the ids of a person's live sessions, in any order.
func (w *world) wantSessions(person directory.PersonID, want ...string) {
	w.t.Helper()
	got, err := w.sessions.List(w.t.Context(), person)
	if err != nil {
		w.t.Fatal(err)
	}
	found := map[string]bool{}
	for _, s := range got {
		found[s.ID] = true
	}
	for _, id := range want {
		if !found[id] {
			w.t.Errorf("session %q of %s ended, want it to go on", id, person)
		}
	}
	if len(got) != len(want) {
		w.t.Errorf("sessions of %s = %+v, want %v", person, got, want)
	}
}

// wantState checks where the last one of Ada is.
func (w *world) wantState(state signout.State, reason string) signout.SignOut {
	w.t.Helper()
	got, ok, err := w.State(w.t.Context(), ada())
	if !ok || err != nil || got.State != state || got.Reason != reason {
		w.t.Errorf("State = %+v, %v, %v, want %q with reason %q", got, ok, err, state, reason)
	}
	return got
}

// wantEvents checks the outcomes of the events so far.
func (w *world) wantEvents(want ...audit.Outcome) {
	w.t.Helper()
	if len(w.events.all) != len(want) {
		w.t.Fatalf("events = %+v, want %v", w.events.all, want)
	}
	for i, e := range w.events.all {
		actor := "system"
		if e.Outcome == audit.Intent {
			actor = ada().String()
		}
		if e.Action != audit.SessionsRevoke || e.Outcome != want[i] || e.Subject != ada().String() || e.Actor != actor {
			w.t.Errorf("event %d = %+v, want %s of %s", i, e, want[i], actor)
		}
	}
}
