package storetest

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"
	"time"

	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/reset"
	"rekey/internal/tx"
	"rekey/internal/verification"
)

func aReset(id string, who int) reset.Reset {
	r := reset.Reset{ID: id, Browser: []byte("browser of " + id), State: reset.Requested, Version: 1, Step: 1, Started: at(0), Moved: at(0),
		Until: at(reset.StepTime), User: "canary@fernhill.example", Origin: reset.Origin{Language: "en", Zone: "Europe/Berlin", Browser: "Chrome",
			Network: "Office", Address: "203.0.113.0", Request: "r1"}}
	if who > 0 {
		r.Person, r.State, r.Mail, r.Factors = person(who), reset.Mailed, reset.Sending, "f"
		r.Token, r.Letters, r.Name = []byte("token"), []byte("letters"), "Ingrid"
		r.Checks = []reset.Check{{What: "email", OK: true}}
	}
	return r
}

func addReset(t *testing.T, f Fixture, r reset.Reset) {
	t.Helper()
	check(t, "AddReset", f.Store.AddReset(t.Context(), r))
}

func wantReset(t *testing.T, f Fixture, want reset.Reset) {
	t.Helper()
	if got, err := f.Store.Reset(t.Context(), want.ID, want.Browser); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Reset = %+v, %v, want %+v", got, err, want)
	}
	if got, err := f.Store.ResetByID(t.Context(), want.ID); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("ResetByID = %+v, %v, want %+v", got, err, want)
	}
}

func resetRoundTrip(t *testing.T, f Fixture) {
	empty, full := aReset("empty", 0), aReset("full", 1)
	addReset(t, f, empty)
	addReset(t, f, full)
	wantReset(t, f, empty)
	wantReset(t, f, full)
	full.State, full.Step, full.Until, full.Moved, full.Challenge, full.First = reset.Linked, 2, at(time.Hour), at(time.Minute), "c", directory.Passkey
	full.Trouble, full.TryAt, full.Token = "limit.wait", at(time.Hour), nil
	if ok, err := f.Store.SaveReset(t.Context(), full, reset.Mailed); !ok || err != nil {
		t.Fatalf("SaveReset = %v, %v", ok, err)
	}
	full.Version++
	wantReset(t, f, full)
	for _, stale := range []struct {
		version int64
		from    reset.State
	}{{full.Version - 1, reset.Linked}, {full.Version, reset.Mailed}} {
		old := full
		old.Version = stale.version
		if ok, err := f.Store.SaveReset(t.Context(), old, stale.from); ok || err != nil {
			t.Errorf("SaveReset of version %d from %s = %v, %v, want false", stale.version, stale.from, ok, err)
		}
	}
	if raw := f.Raw(t); bytes.Contains(raw, []byte("canary@")) {
		t.Error("what was typed is at rest in the clear")
	}
}

// A reset belongs to the browser in which it was begun.
func resetOfOthers(t *testing.T, f Fixture) {
	addReset(t, f, aReset("one", 1))
	for _, browser := range [][]byte{nil, {}, []byte("browser of two")} {
		if _, err := f.Store.Reset(t.Context(), "one", browser); !fault.Is(err, fault.NotFound) {
			t.Errorf("Reset of browser %q: %v, want not found", browser, err)
		}
		if _, ok, err := f.Store.CountLetters(t.Context(), "one", browser, at(0)); ok || err != nil {
			t.Errorf("CountLetters of browser %q = %v, %v, want false", browser, ok, err)
		}
	}
}

func resetOneOfManySaves(t *testing.T, f Fixture) {
	r := aReset("one", 1)
	addReset(t, f, r)
	r.State = reset.Linked
	if n := count(t, 16, func(int) (bool, error) { return f.Store.SaveReset(t.Context(), r, reset.Mailed) }); n != 1 {
		t.Errorf("%d of 16 saves of one version were done, want 1", n)
	}
}

func resetFiveOfFifty(t *testing.T, f Fixture) {
	r := aReset("one", 0)
	addReset(t, f, r)
	n := count(t, 50, func(int) (bool, error) {
		_, ok, err := f.Store.CountLetters(t.Context(), r.ID, r.Browser, at(time.Minute))
		return ok, err
	})
	if n != reset.LetterTries {
		t.Errorf("%d of 50 tries were counted, want %d", n, reset.LetterTries)
	}
	late := aReset("late", 0)
	addReset(t, f, late)
	if _, ok, _ := f.Store.CountLetters(t.Context(), late.ID, late.Browser, at(reset.StepTime)); ok {
		t.Error("a try was counted at the end of the step")
	}
	further := aReset("further", 1)
	further.State, further.Step = reset.Linked, 2
	addReset(t, f, further)
	if _, ok, _ := f.Store.CountLetters(t.Context(), further.ID, further.Browser, at(0)); ok {
		t.Error("a try was counted at the second step")
	}
	if _, _, err := f.Store.CountLetters(tx.With(t.Context(), "open"), r.ID, r.Browser, at(0)); err == nil {
		t.Error("a try was counted inside a transaction")
	}
}

func resetSuperseded(t *testing.T, f Fixture) {
	states := []reset.State{reset.Mailed, reset.Linked, reset.Proved, reset.Writing, reset.Finished}
	for _, state := range states {
		r := aReset(string(state), 1)
		r.State = state
		addReset(t, f, r)
		c := challenge("code of "+r.ID, r.ID, 1)
		c.Factor = "factor of " + r.ID
		check(t, "AddChallenge", f.Store.AddChallenge(t.Context(), c))
	}
	addReset(t, f, aReset("of another", 2))
	addReset(t, f, aReset("newest", 1))
	ended, err := f.Store.SupersedeResets(t.Context(), person(1), "newest", at(time.Minute))
	if want := []string{"linked", "mailed", "proved"}; err != nil || !reflect.DeepEqual(ended, want) {
		t.Errorf("SupersedeResets = %v, %v, want %v", ended, err, want)
	}
	for _, tt := range []struct {
		id    string
		state reset.State
		code  verification.State
	}{{"mailed", reset.Ended, verification.Superseded}, {"linked", reset.Ended, verification.Superseded}, {"writing", reset.Writing, verification.Live},
		{"done", reset.Finished, verification.Live}} {
		r, err := f.Store.ResetByID(t.Context(), tt.id)
		c, cerr := f.Store.Challenge(t.Context(), person(1), "code of "+tt.id)
		if err != nil || cerr != nil || r.State != tt.state || c.State != tt.code {
			t.Errorf("%s is %s, its code %s (%v, %v), want %s and %s", tt.id, r.State, c.State, err, cerr, tt.state, tt.code)
		}
	}
}

func resetChangedHere(t *testing.T, f Fixture) {
	for i, c := range []struct {
		kind  directory.Kind
		act   contact.Act
		state contact.State
		moved time.Duration
	}{
		{directory.Phone, contact.Set, contact.Applied, -80 * time.Hour},
		{directory.Email, contact.Remove, contact.Applied, -2 * time.Hour},
		{directory.Email, contact.Set, contact.Applied, -time.Hour},
		{directory.AlternatePhone, contact.Test, contact.Applied, -time.Hour},
		{directory.Phone, contact.Set, contact.Failed, -time.Hour},
	} {
		one := change(fmt.Sprint("c", i), 1, c.state)
		one.Kind, one.Act, one.Moved = c.kind, c.act, at(c.moved)
		check(t, "AddChange", f.Store.AddChange(t.Context(), one))
	}
	got, err := f.Store.ChangedHere(t.Context(), person(1), at(-reset.CoolOff))
	if want := map[directory.Kind]time.Time{directory.Email: at(-time.Hour)}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("ChangedHere = %v, %v, want %v", got, err, want)
	}
}

func resetPractice(t *testing.T, f Fixture) {
	want := func(p reset.Practised) {
		t.Helper()
		if got, err := f.Store.LastPractice(t.Context(), person(1)); got != p || err != nil {
			t.Errorf("LastPractice = %+v, %v, want %+v", got, err, p)
		}
	}
	want(reset.Practised{})
	for _, p := range []reset.Practised{{At: at(0), OK: true}, {At: at(time.Hour)}} {
		check(t, "SavePractice", f.Store.SavePractice(t.Context(), person(1), p))
		want(p)
	}
}

func pictureOnce(t *testing.T, f Fixture) {
	if n := count(t, 16, func(int) (bool, error) { return f.Store.UsePicture(t.Context(), "one", at(time.Minute)) }); n != 1 {
		t.Errorf("a picture was good for %d tries, want 1", n)
	}
}

func resetSwept(t *testing.T, f Fixture) {
	writing := aReset("writing", 1)
	writing.State = reset.Writing
	addReset(t, f, writing)
	addReset(t, f, aReset("over", 2))
	check(t, "SavePractice", f.Store.SavePractice(t.Context(), person(1), reset.Practised{At: at(0), OK: true}))
	for _, tt := range []struct {
		after             time.Duration
		resets, practices int
	}{{reset.StepTime + 59*time.Minute, 0, 0}, {reset.StepTime + time.Hour, 1, 0}, {3 * 365 * 24 * time.Hour, 0, 1}} {
		n, err := f.Store.Sweep(t.Context(), at(tt.after))
		if err != nil || n.Resets != tt.resets || n.Practices != tt.practices {
			t.Errorf("Sweep after %s removed %d resets and %d practice runs, %v, want %d and %d", tt.after, n.Resets, n.Practices, err, tt.resets, tt.practices)
		}
	}
}
