package signout_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"rekey/internal/audit"
	"rekey/internal/fault"
	"rekey/internal/job"
	"rekey/internal/signout"
)

func TestEverywhere_SES6_EndsAllButThisOne(t *testing.T) {
	w := newWorld(t)
	here, _, bobs := w.signIn(ada(), w.clock.Now()), w.signIn(ada(), w.clock.Now()), w.signIn(bob(), w.clock.Now())
	w.everywhere(here)
	w.wantSessions(ada(), here) // at once, before anything was told to anybody
	w.wantSessions(bob(), bobs)
	if len(w.directory.told) != 0 || w.woken != 1 {
		t.Errorf("told %v, woken %d times, want the worker woken and nobody told yet", w.directory.told, w.woken)
	}
	if s := w.wantState(signout.Open, ""); !s.Asked.Equal(w.clock.Now()) {
		t.Errorf("asked at %v, want %v", s.Asked, w.clock.Now())
	}
	w.clock.Advance(2 * time.Second)
	if n := w.work(); n != 1 || len(w.directory.told) != 1 || w.directory.told[0] != ada() {
		t.Errorf("%d jobs told %v, want one to tell of Ada", n, w.directory.told)
	}
	if s := w.wantState(signout.Done, ""); !s.Moved.Equal(w.clock.Now()) {
		t.Errorf("done at %v, want %v", s.Moved, w.clock.Now())
	}
	w.wantSessions(ada(), here)
	w.wantEvents(audit.Intent, audit.Success)
	if e := w.events.all[0]; e.Address != "192.0.2.0/24" || e.Request != "request" {
		t.Errorf("event = %+v, want where it came from", e)
	}
}

// TestEverywhere_AUD2_AllOrNothing: when the log takes no event, no session has ended and
// nobody is told.
func TestEverywhere_AUD2_AllOrNothing(t *testing.T) {
	w := newWorld(t)
	here, other := w.signIn(ada(), w.clock.Now()), w.signIn(ada(), w.clock.Now())
	w.events.err = errors.New("no log")
	if err := w.Everywhere(t.Context(), signout.Actor{Person: ada(), Session: here}); !errors.Is(err, w.events.err) {
		t.Errorf("Everywhere = %v, want %v", err, w.events.err)
	}
	w.events.err = nil
	w.wantSessions(ada(), here, other)
	if s, ok, err := w.State(t.Context(), ada()); ok || err != nil {
		t.Errorf("State = %+v, %v, %v, want none", s, ok, err)
	}
	if n := w.work(); n != 0 || w.woken != 0 {
		t.Errorf("%d jobs, woken %d times, want neither", n, w.woken)
	}
}

func TestEverywhere_OfNobody(t *testing.T) {
	w := newWorld(t)
	w.signIn(ada(), w.clock.Now())
	for _, a := range []signout.Actor{{}, {Person: ada()}, {Session: "session"}} {
		if err := w.Everywhere(t.Context(), a); err == nil {
			t.Errorf("Everywhere(%+v) = nil, want an error", a)
		}
	}
	w.wantEvents()
}

func TestEnd_WEB7_OthersLookMissing(t *testing.T) {
	w := newWorld(t)
	here, other, bobs := w.signIn(ada(), w.clock.Now()), w.signIn(ada(), w.clock.Now()), w.signIn(bob(), w.clock.Now())
	a := signout.Actor{Person: ada(), Session: here, Address: "192.0.2.0/24", Request: "request"}
	for _, id := range []string{bobs, "missing", ""} {
		if err := w.End(t.Context(), a, id); !fault.Is(err, fault.NotFound) {
			t.Errorf("End(%q) = %v, want not-found", id, err)
		}
	}
	w.wantEvents()
	w.wantSessions(bob(), bobs)
	w.events.err = errors.New("no log")
	if err := w.End(t.Context(), a, other); !errors.Is(err, w.events.err) {
		t.Errorf("End without a log = %v, want %v", err, w.events.err)
	}
	w.wantSessions(ada(), here, other) // no end without its event (AUD-2)
	w.events.err = nil
	if err := w.End(t.Context(), a, other); err != nil {
		t.Errorf("End = %v, want no error", err)
	}
	w.wantSessions(ada(), here)
	want := audit.Event{Actor: ada().String(), Subject: ada().String(), Action: audit.SessionEnd, Outcome: audit.Success, Address: a.Address, Request: a.Request}
	got := w.events.all[0]
	got.ID, got.At = "", time.Time{}
	if len(w.events.all) != 1 || !reflect.DeepEqual(got, want) {
		t.Errorf("events = %+v, want %+v", w.events.all, want)
	}
	if err := w.End(t.Context(), a, other); !fault.Is(err, fault.NotFound) {
		t.Errorf("End of an ended one = %v, want not-found", err)
	}
}

// TestRevoke_SES5_NobodySlipsBackIn: between the end of a thief's session here and the end
// of it at Microsoft, the browser comes back without a password.
func TestRevoke_SES5_NobodySlipsBackIn(t *testing.T) {
	w := newWorld(t)
	before := w.clock.Now().Add(-time.Hour)
	here := w.signIn(ada(), before)
	w.everywhere(here)
	w.clock.Advance(time.Second)
	w.signIn(ada(), before)
	w.signIn(ada(), time.Time{}) // the provider did not say
	typed := w.signIn(ada(), w.clock.Now())
	bobs := w.signIn(bob(), before)
	w.work()
	w.wantSessions(ada(), here, typed)
	w.wantSessions(bob(), bobs)
}

// TestRevoke_SES6_AskedAgainMeanwhile: an answer to the first ask is none to the second.
func TestRevoke_SES6_AskedAgainMeanwhile(t *testing.T) {
	w := newWorld(t)
	here := w.signIn(ada(), w.clock.Now())
	w.everywhere(here)
	w.directory.during = func() {
		w.directory.during = nil
		w.everywhere(here)
	}
	if n := w.work(); n != 2 || len(w.directory.told) != 2 {
		t.Errorf("%d attempts told %d times, want 2", n, len(w.directory.told))
	}
	w.wantState(signout.Done, "")
	w.wantEvents(audit.Intent, audit.Intent, audit.Success)
	w.everywhere(here)
	w.everywhere(here)
	if n := w.work(); n != 1 || len(w.directory.told) != 3 {
		t.Errorf("two asks in a row: %d jobs, told %d times in all, want 1 and 3", n, len(w.directory.told))
	}
	w.wantState(signout.Done, "")
}

func TestRevoke_AVL8_TriedAgainForADay(t *testing.T) {
	for name, answer := range map[string]error{
		"down": fault.New(fault.Unavailable, "directory.down"), "limited": fault.New(fault.Limited, "directory.busy"),
		"conflict": fault.New(fault.Conflict, "directory.conflict"), "no fault": errors.New("connection reset"),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.directory.answer = answer
			asked := w.clock.Now()
			w.everywhere(w.signIn(ada(), asked))
			w.work()
			s := w.wantState(signout.Open, "directory.down")
			if !s.Retry.Equal(asked.Add(job.Backoff(1))) {
				t.Errorf("retry at %v, want after %v", s.Retry, job.Backoff(1))
			}
			for w.clock.Now().Sub(asked) <= 23*time.Hour {
				w.clock.Advance(30 * time.Minute)
				w.work()
			}
			w.wantState(signout.Open, "directory.down")
			w.wantEvents(audit.Intent)
			w.clock.Advance(2 * time.Hour)
			w.work()
			w.wantState(signout.Failed, "directory.down")
			w.wantEvents(audit.Intent, audit.Failure)
			if n := w.work(); n != 0 || !strings.Contains(w.log.String(), "level=ERROR") {
				t.Errorf("%d jobs afterwards, log %q, want none and an alarm", n, w.log)
			}
		})
	}
}

// TestRevoke_AVL8_WaitsAsLongAsTheDirectorySays keeps to Retry-After.
func TestRevoke_AVL8_WaitsAsLongAsTheDirectorySays(t *testing.T) {
	w := newWorld(t)
	until := w.clock.Now().Add(10 * time.Minute)
	w.directory.answer = &fault.Error{Kind: fault.Limited, Key: "directory.busy", Until: until}
	w.everywhere(w.signIn(ada(), w.clock.Now()))
	w.work()
	w.clock.Advance(9 * time.Minute)
	if n := w.work(); n != 0 {
		t.Errorf("%d attempts before the directory wants one", n)
	}
	w.directory.answer = nil
	w.clock.Advance(time.Minute)
	w.work()
	w.wantState(signout.Done, "")
}

func TestRevoke_GivesUpVisibly(t *testing.T) {
	for want, answer := range map[string]error{
		"directory.permission": fault.New(fault.Forbidden, "directory.forbidden"),
		"account.gone":         fault.New(fault.NotFound, "account.gone"),
		"directory.refused":    fault.New(fault.Invalid, "directory.refused"),
		"account.protected":    nil, // on the never-list: no write at all
	} {
		w := newWorld(t)
		w.directory.answer, w.never = answer, answer == nil
		here := w.signIn(ada(), w.clock.Now())
		w.signIn(ada(), w.clock.Now())
		w.everywhere(here)
		w.work()
		w.wantState(signout.Failed, want)
		w.wantEvents(audit.Intent, audit.Failure)
		w.wantSessions(ada(), here) // what ended here stays ended
		if e := w.events.all[1]; e.Reason != want {
			t.Errorf("reason = %q, want %q", e.Reason, want)
		}
		if n := len(w.directory.told); w.never != (n == 0) {
			t.Errorf("%s: told %d times", want, n)
		}
		w.clock.Advance(time.Hour)
		if n := w.work(); n != 0 {
			t.Errorf("%s: %d attempts after giving up", want, n)
		}
	}
}

// TestRevoke_AVL4_LostLease: a worker that lost the job tells nobody and records nothing.
func TestRevoke_AVL4_LostLease(t *testing.T) {
	w := newWorld(t)
	w.everywhere(w.signIn(ada(), w.clock.Now()))
	w.directory.during = func() {
		w.directory.during = nil
		w.clock.Advance(job.Lease) // another worker takes over while the call is on its way
		now := w.clock.Now()
		if _, ok, err := w.db.Take(t.Context(), []job.Kind{job.Revoke}, now, now.Add(job.Lease)); !ok || err != nil {
			t.Errorf("Take = %v, %v, want the job", ok, err)
		}
	}
	wantCommitted := func(want int) {
		t.Helper()
		if n, err := w.db.CountEvents(t.Context()); int(n) != want || err != nil {
			t.Errorf("%d events are committed, %v, want %d", n, err, want)
		}
	}
	w.work()
	w.wantState(signout.Open, "")
	wantCommitted(1)
	w.clock.Advance(job.Lease)
	w.work()
	w.wantState(signout.Done, "")
	wantCommitted(2)
}

// TestRevoke_JobsOfNothing: jobs that have nothing to do end.
func TestRevoke_JobsOfNothing(t *testing.T) {
	w := newWorld(t)
	for i, key := range []string{"nobody", "", ada().String()} {
		if err := w.db.Add(t.Context(), job.Job{ID: fmt.Sprint("stray-", i), Kind: job.Revoke, Key: key, Due: w.clock.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.work(); n != 3 || len(w.directory.told) != 0 || w.work() != 0 {
		t.Errorf("%d jobs, told %v, want three that end without a call", n, w.directory.told)
	}
}
