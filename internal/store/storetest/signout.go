package storetest

import (
	"fmt"
	"testing"
	"time"

	"rekey/internal/signout"
)

func aSignOut(job string, who int, asked time.Duration) signout.SignOut {
	return signout.SignOut{Person: person(who), Session: "session of " + job, Job: job, Version: 1, State: signout.Open, Asked: at(asked), Moved: at(asked)}
}

func wantSignOut(t *testing.T, f Fixture, want signout.SignOut) {
	t.Helper()
	got, ok, err := f.Store.SignOut(t.Context(), want.Person)
	if got != want || !ok || err != nil {
		t.Errorf("SignOut = %+v, %v, %v, want %+v", got, ok, err, want)
	}
}

func ask(t *testing.T, f Fixture, s signout.SignOut, want string) {
	t.Helper()
	if got, err := f.Store.AskSignOut(t.Context(), s); got != want || err != nil {
		t.Errorf("AskSignOut with job %q = %q, %v, want %q in charge", s.Job, got, err, want)
	}
}

func save(t *testing.T, f Fixture, s signout.SignOut, want bool) {
	t.Helper()
	if ok, err := f.Store.SaveSignOut(t.Context(), s); ok != want || err != nil {
		t.Errorf("SaveSignOut(%+v) = %v, %v, want %v", s, ok, err, want)
	}
}

func signOutRoundTrip(t *testing.T, f Fixture) {
	if got, ok, err := f.Store.SignOut(t.Context(), person(1)); ok || err != nil {
		t.Errorf("SignOut of nobody = %+v, %v, %v, want none", got, ok, err)
	}
	other := aSignOut("other", 2, 0)
	ask(t, f, other, "other")
	s := aSignOut("one", 1, 0)
	ask(t, f, s, "one")
	wantSignOut(t, f, s)
	s.Retry, s.Reason = at(time.Minute), "directory.down"
	save(t, f, s, true)
	wantSignOut(t, f, s)
	s.State, s.Moved, s.Retry, s.Reason = signout.Done, at(time.Hour), time.Time{}, ""
	save(t, f, s, true)
	wantSignOut(t, f, s)
	save(t, f, s, false) // it is over
	wantSignOut(t, f, other)
}

// An answer to the first ask is none to the second, and there is always one job in charge.
func signOutAskedAgain(t *testing.T, f Fixture) {
	first := aSignOut("one", 1, 0)
	ask(t, f, first, "one")
	again := aSignOut("two", 1, time.Minute)
	ask(t, f, again, "one")
	done := first
	done.State, done.Moved = signout.Done, at(2*time.Minute)
	save(t, f, done, false)
	again.Job, again.Version = "one", 2
	wantSignOut(t, f, again)
	strange := again
	strange.Job = "two"
	save(t, f, strange, false)
	done = again
	done.State, done.Moved = signout.Done, at(2*time.Minute)
	save(t, f, done, true)
	later := aSignOut("three", 1, time.Hour)
	ask(t, f, later, "three")
	later.Version = 3
	wantSignOut(t, f, later)
}

func signOutOneJobOfMany(t *testing.T, f Fixture) {
	const n = 20
	var asked [n]string
	together(n, func(i int) {
		var err error
		if asked[i], err = f.Store.AskSignOut(t.Context(), aSignOut(fmt.Sprint("job-", i), 1, 0)); err != nil {
			t.Errorf("AskSignOut = %v, want no error", err)
		}
	})
	own := 0
	for i, job := range asked {
		if job == fmt.Sprint("job-", i) {
			own++
		}
		if job != asked[0] {
			t.Errorf("jobs %q and %q are in charge, want one", job, asked[0])
		}
	}
	got, _, err := f.Store.SignOut(t.Context(), person(1))
	if err != nil || own != 1 || got.Version != n {
		t.Errorf("after %d asks at once: %d jobs, version %d, %v, want 1 job and every ask counted", n, own, got.Version, err)
	}
}
