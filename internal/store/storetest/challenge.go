package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"rekey/internal/fault"
	"rekey/internal/tx"
	"rekey/internal/verification"
)

const destination = "+12025550177"

func challenge(id, flow string, who int) verification.Challenge {
	return verification.Challenge{ID: id, Flow: flow, Purpose: verification.ProveContact, Person: person(who), Session: "session-1",
		Factor: "phone", Destination: destination, CodeMAC: []byte{0, 1, 2, 255}, State: verification.Live, Issued: at(0),
		Expires: at(verification.Lifetime), Earlier: 2, Delivery: verification.Sending}
}

func attempt(c verification.Challenge, now time.Time) verification.Attempt {
	return verification.Attempt{ID: c.ID, Person: c.Person, Session: c.Session, Purpose: c.Purpose, Now: now}
}

// try counts a try and says whether it was counted.
func try(t *testing.T, f Fixture, a verification.Attempt) (verification.Challenge, verification.Failures, bool) {
	t.Helper()
	c, fs, ok, err := f.Store.CountTry(t.Context(), a)
	check(t, "CountTry", err)
	return c, fs, ok
}

func challengeRoundTrip(t *testing.T, f Fixture) {
	ctx := t.Context()
	want := challenge("a", "flow", 1)
	check(t, "AddChallenge", f.Store.AddChallenge(ctx, want))
	got, err := f.Store.Challenge(ctx, person(1), "a")
	check(t, "Challenge", err)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Challenge(%q) = %+v, want %+v", "a", got, want)
	}
	if _, err := f.Store.Challenge(ctx, person(2), "a"); !fault.Is(err, fault.NotFound) {
		t.Errorf("Challenge of another person = %v, want not-found", err)
	}
	check(t, "SetDelivery", f.Store.SetDelivery(ctx, "a", verification.Uncertain))
	check(t, "Supersede", f.Store.Supersede(ctx, "flow"))
	want.Delivery, want.State = verification.Uncertain, verification.Superseded
	if got, err = f.Store.Challenge(ctx, person(1), "a"); !reflect.DeepEqual(got, want) {
		t.Errorf("Challenge(%q) = %+v, %v, want %+v", "a", got, err, want)
	}
	if _, _, ok := try(t, f, attempt(want, at(0))); ok {
		t.Error("CountTry of a superseded code = true, want false")
	}
}

func challengeLifetime(t *testing.T, f Fixture) {
	ctx := t.Context()
	c := challenge("a", "flow", 1)
	check(t, "AddChallenge", f.Store.AddChallenge(ctx, c))
	if _, _, ok := try(t, f, attempt(c, c.Expires)); ok {
		t.Error("CountTry at the limit = true, want false")
	}
	if _, _, ok := try(t, f, attempt(c, c.Expires.Add(-time.Microsecond))); !ok {
		t.Error("CountTry just before the limit = false, want true")
	}
	if ok, err := f.Store.Consume(ctx, "a", c.Expires); ok || err != nil {
		t.Errorf("Consume at the limit = %v, %v, want false", ok, err)
	}
	if ok, err := f.Store.Consume(ctx, "a", c.Expires.Add(-time.Microsecond)); !ok || err != nil {
		t.Errorf("Consume just before the limit = %v, %v, want true", ok, err)
	}
}

func challengeSingleUse(t *testing.T, f Fixture) {
	ctx := t.Context()
	check(t, "AddChallenge", f.Store.AddChallenge(ctx, challenge("a", "flow", 1)))
	err := f.Store.InTx(ctx, func(ctx context.Context) error {
		if ok, err := f.Store.Consume(ctx, "a", at(0)); !ok || err != nil {
			t.Errorf("Consume = %v, %v, want true", ok, err)
		}
		return errUndo
	})
	if !errors.Is(err, errUndo) {
		t.Fatalf("InTx = %v, want what fn returned", err)
	}
	n := count(t, 50, func(int) (bool, error) { return f.Store.Consume(ctx, "a", at(0)) })
	if n != 1 {
		t.Errorf("50 Consume: %d succeeded, want 1", n)
	}
	c, err := f.Store.Challenge(ctx, person(1), "a")
	if c.State != verification.Consumed || err != nil {
		t.Errorf("state = %v, %v, want consumed", c.State, err)
	}
	if _, _, ok := try(t, f, attempt(c, at(0))); ok {
		t.Error("CountTry of a consumed code = true, want false")
	}
}

func challengeBound(t *testing.T, f Fixture) {
	c := challenge("a", "flow", 1)
	check(t, "AddChallenge", f.Store.AddChallenge(t.Context(), c))
	for name, bend := range map[string]func(*verification.Attempt){
		"id":      func(a *verification.Attempt) { a.ID = "b" },
		"person":  func(a *verification.Attempt) { a.Person = person(2) },
		"session": func(a *verification.Attempt) { a.Session = "session-2" },
		"purpose": func(a *verification.Attempt) { a.Purpose = verification.AuthoriseChange },
	} {
		a := attempt(c, at(0))
		bend(&a)
		if _, _, ok := try(t, f, a); ok {
			t.Errorf("CountTry with another %s = true, want false", name)
		}
	}
	for _, who := range []int{1, 2} {
		if fs, err := f.Store.Failures(t.Context(), person(who), "phone"); fs.Row != 0 || err != nil {
			t.Errorf("Failures = %+v, %v, want none counted", fs, err)
		}
	}
	if got, fs, ok := try(t, f, attempt(c, at(0))); !ok || got.Tries != 1 || fs.Row != 1 || got.Destination != destination {
		t.Errorf("CountTry = %+v, %+v, %v, want the first try", got, fs, ok)
	}
}

func challengeFiveOfFifty(t *testing.T, f Fixture) {
	c := challenge("a", "flow", 1)
	check(t, "AddChallenge", f.Store.AddChallenge(t.Context(), c))
	n := count(t, 50, func(int) (bool, error) {
		_, _, ok, err := f.Store.CountTry(t.Context(), attempt(c, at(0)))
		return ok, err
	})
	if n != verification.Tries {
		t.Errorf("50 CountTry: %d were counted, want %d", n, verification.Tries)
	}
	got, err := f.Store.Challenge(t.Context(), person(1), "a")
	check(t, "Challenge", err)
	fs, err := f.Store.Failures(t.Context(), person(1), "phone")
	check(t, "Failures", err)
	if got.Tries != verification.Tries || fs.Row != verification.Tries {
		t.Errorf("tries = %d, failures in a row = %d, want %d each", got.Tries, fs.Row, verification.Tries)
	}
}

func challengeCommitsItself(t *testing.T, f Fixture) {
	c := challenge("a", "flow", 1)
	check(t, "AddChallenge", f.Store.AddChallenge(t.Context(), c))
	err := f.Store.InTx(t.Context(), func(ctx context.Context) error {
		_, _, _, err := f.Store.CountTry(ctx, attempt(c, at(0)))
		return err
	})
	if !errors.Is(err, tx.ErrOpen) {
		t.Errorf("CountTry inside a transaction = %v, want %v", err, tx.ErrOpen)
	}
}

// fail counts n failures in a row, with a new challenge after every five, and returns the
// last count.
func fail(t *testing.T, f Fixture, prefix string, n int, now func(i int) time.Time) verification.Failures {
	t.Helper()
	var last verification.Failures
	for i := range n {
		c := challenge(fmt.Sprintf("%s-%d", prefix, i), fmt.Sprintf("flow-%s-%d", prefix, i), 1)
		c.Session = fmt.Sprintf("session-%d", i)
		c.Expires = now(i).Add(verification.Lifetime)
		check(t, "AddChallenge", f.Store.AddChallenge(t.Context(), c))
		_, fs, ok := try(t, f, attempt(c, now(i)))
		if !ok {
			t.Fatalf("CountTry %d of %d = false, want true", i+1, n)
		}
		last = fs
	}
	return last
}

func challengeLock(t *testing.T, f Fixture) {
	ctx := t.Context()
	same := func(int) time.Time { return at(0) }
	if fs := fail(t, f, "a", 9, same); fs.Row != 9 || !fs.LockedUntil.IsZero() {
		t.Errorf("after nine failures = %+v, want no lock", fs)
	}
	if fs := fail(t, f, "b", 1, same); fs.Row != 10 || !fs.LockedUntil.Equal(at(verification.LockTime)) {
		t.Errorf("after ten failures = %+v, want a lock of one hour", fs)
	}
	next := challenge("next", "next", 1)
	next.Expires = at(2 * time.Hour)
	check(t, "AddChallenge", f.Store.AddChallenge(ctx, next))
	if _, _, ok := try(t, f, attempt(next, at(verification.LockTime-time.Microsecond))); ok {
		t.Error("CountTry while locked = true, want false")
	}
	if c, err := f.Store.Challenge(ctx, person(1), "next"); c.Tries != 0 || err != nil {
		t.Errorf("tries after a try while locked = %d, %v, want 0", c.Tries, err)
	}
	other := challenge("other", "other", 1)
	other.Factor = "alternate-phone"
	check(t, "AddChallenge", f.Store.AddChallenge(ctx, other))
	if _, fs, ok := try(t, f, attempt(other, at(0))); !ok || fs.Row != 1 {
		t.Errorf("CountTry on another factor = %+v, %v, want its first", fs, ok)
	}
	if _, fs, ok := try(t, f, attempt(next, at(verification.LockTime))); !ok || fs.Row != 11 || !fs.LockedUntil.IsZero() {
		t.Errorf("CountTry when the lock ended = %+v, %v, want the eleventh in a row", fs, ok)
	}
}

func challengeCeiling(t *testing.T, f Fixture) {
	hourly := func(i int) time.Time { return at(time.Duration(i) * verification.LockTime) }
	fs := fail(t, f, "a", verification.RowCeiling, hourly)
	want := verification.LockAfter(verification.RowCeiling, hourly(verification.RowCeiling-1))
	if fs.Row != verification.RowCeiling || !fs.LockedUntil.Equal(want) {
		t.Errorf("after %d failures = %+v, want locked until %v", verification.RowCeiling, fs, want)
	}
	got, err := f.Store.Failures(t.Context(), person(1), "phone")
	check(t, "Failures", err)
	if !got.LockedUntil.Equal(want) {
		t.Errorf("Failures = %+v, want locked until %v", got, want)
	}
}

func challengeClears(t *testing.T, f Fixture) {
	ctx := t.Context()
	fail(t, f, "a", 10, func(int) time.Time { return at(0) })
	if ok, err := f.Store.Consume(ctx, "a-9", at(0)); !ok || err != nil {
		t.Fatalf("Consume of the tenth, right code = %v, %v, want true", ok, err)
	}
	if fs, err := f.Store.Failures(ctx, person(1), "phone"); fs != (verification.Failures{}) || err != nil {
		t.Errorf("Failures after a success = %+v, %v, want none", fs, err)
	}
}

func challengeOneLive(t *testing.T, f Fixture) {
	ctx := t.Context()
	add := func(id, flow string, who int, p verification.Purpose, factor string) {
		c := challenge(id, flow, who)
		c.Purpose, c.Factor = p, factor
		check(t, "AddChallenge", f.Store.AddChallenge(ctx, c))
	}
	add("same-flow", "flow", 1, verification.AuthoriseChange, "email")
	add("same-kind", "older", 1, verification.ProveContact, "phone")
	add("other-factor", "other-1", 1, verification.ProveContact, "email")
	add("other-purpose", "other-2", 1, verification.AuthoriseChange, "phone")
	add("other-person", "other-3", 2, verification.ProveContact, "phone")
	add("new", "flow", 1, verification.ProveContact, "phone")
	for id, want := range map[string]verification.State{"same-flow": verification.Superseded, "same-kind": verification.Superseded,
		"other-factor": verification.Live, "other-purpose": verification.Live, "new": verification.Live} {
		if c, err := f.Store.Challenge(ctx, person(1), id); c.State != want || err != nil {
			t.Errorf("state of %q = %v, %v, want %v", id, c.State, err, want)
		}
	}
	if c, err := f.Store.Challenge(ctx, person(2), "other-person"); c.State != verification.Live || err != nil {
		t.Errorf("state of another person's = %v, %v, want live", c.State, err)
	}
}

func challengeOneLiveOfMany(t *testing.T, f Fixture) {
	const n = 20
	ctx := t.Context()
	together(n, func(i int) {
		err := f.Store.AddChallenge(ctx, challenge(fmt.Sprint(i), fmt.Sprint("flow-", i), 1))
		if err != nil && !fault.Is(err, fault.Conflict) {
			t.Errorf("AddChallenge = %v, want no error or conflict", err)
		}
	})
	live := 0
	for i := range n {
		if c, err := f.Store.Challenge(ctx, person(1), fmt.Sprint(i)); err == nil && c.State == verification.Live {
			live++
		}
	}
	if live != 1 {
		t.Errorf("%d AddChallenge at once left %d live, want 1", n, live)
	}
}
