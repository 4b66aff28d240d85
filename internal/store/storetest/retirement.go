package storetest

import (
	"bytes"
	"errors"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/retirement"
)

func aMove(id string, who int) retirement.Retirement {
	old := directory.Method{ID: "a", Kind: directory.Authenticator, Name: "A phone called canary"}
	return retirement.Retirement{ID: id, Person: person(who), Situation: retirement.NewPhone, Moves: retirement.No, Started: at(0),
		Inventoried: at(time.Minute), Items: []retirement.Item{{Method: old, Old: true, Why: retirement.ReasonOnlyApp}},
		Removals: []retirement.Removal{{Method: old, State: retirement.Planned, At: at(time.Hour)}},
		Used:     []retirement.Proof{{Method: directory.Method{ID: "b", Kind: directory.Passkey}, At: at(time.Hour)}}}
}

func addMove(t *testing.T, f Fixture, r retirement.Retirement) {
	t.Helper()
	if err := f.Store.AddRetirement(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

func wantMove(t *testing.T, f Fixture, want retirement.Retirement) {
	t.Helper()
	for name, read := range map[string]func() (retirement.Retirement, error){
		"Retirement":     func() (retirement.Retirement, error) { return f.Store.Retirement(t.Context(), want.Person) },
		"RetirementByID": func() (retirement.Retirement, error) { return f.Store.RetirementByID(t.Context(), want.ID) },
	} {
		if got, err := read(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s = %+v, %v, want %+v", name, got, err, want)
		}
	}
}

func saveMove(t *testing.T, f Fixture, r retirement.Retirement, want bool) {
	t.Helper()
	if ok, err := f.Store.SaveRetirement(t.Context(), r); ok != want || err != nil {
		t.Errorf("SaveRetirement of version %d = %v, %v, want %v", r.Version, ok, err, want)
	}
}

func retirementRoundTrip(t *testing.T, f Fixture) {
	if _, err := f.Store.Retirement(t.Context(), person(1)); !fault.Is(err, fault.NotFound) {
		t.Errorf("Retirement of nobody: %v, want not found", err)
	}
	addMove(t, f, aMove("other", 2))
	r := aMove("one", 1)
	addMove(t, f, r)
	wantMove(t, f, r)
	r.Confirmed, r.Removals[0].State = at(2*time.Hour), retirement.Taken
	saveMove(t, f, r, true)
	saveMove(t, f, r, false) // an older version
	r.Version++
	wantMove(t, f, r)
	wantMove(t, f, aMove("other", 2))
}

func retirementSealed(t *testing.T, f Fixture) {
	addMove(t, f, aMove("one", 1))
	if raw := f.Raw(t); bytes.Contains(raw, []byte("canary")) {
		t.Error("the name of a phone is at rest in the clear")
	}
}

// A person has one open move; the last finished one is shown until another begins, and
// one that was given up never.
func retirementOneOpen(t *testing.T, f Fixture) {
	first := aMove("one", 1)
	addMove(t, f, first)
	if err := f.Store.AddRetirement(t.Context(), aMove("two", 1)); !fault.Is(err, fault.Conflict) {
		t.Errorf("AddRetirement of a second one: %v, want a conflict", err)
	}
	first.Finished = at(time.Hour)
	saveMove(t, f, first, true)
	first.Version++
	wantMove(t, f, first)
	second := aMove("two", 1)
	second.Started = at(2 * time.Hour)
	addMove(t, f, second)
	wantMove(t, f, second)
	second.Abandoned = at(3 * time.Hour)
	saveMove(t, f, second, true)
	wantMove(t, f, first)
}

func retirementOneOfManySaves(t *testing.T, f Fixture) {
	r := aMove("one", 1)
	addMove(t, f, r)
	var saved atomic.Int32
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			ok, err := f.Store.SaveRetirement(t.Context(), r)
			if err != nil && !errors.Is(err, t.Context().Err()) {
				t.Errorf("SaveRetirement: %v", err)
			}
			if ok {
				saved.Add(1)
			}
		})
	}
	wg.Wait()
	if saved.Load() != 1 {
		t.Errorf("%d of 16 saves of one version were done, want 1", saved.Load())
	}
}

func retirementSwept(t *testing.T, f Fixture) {
	open, done := aMove("open", 1), aMove("done", 2)
	addMove(t, f, open)
	addMove(t, f, done)
	done.Finished = at(2 * time.Hour)
	saveMove(t, f, done, true)
	for _, tt := range []struct {
		after time.Duration
		want  int
	}{{29 * 24 * time.Hour, 0}, {31 * 24 * time.Hour, 1}, {209 * 24 * time.Hour, 0}, {211 * 24 * time.Hour, 1}} {
		n, err := f.Store.Sweep(t.Context(), at(tt.after))
		if err != nil || n.Retirements != tt.want {
			t.Errorf("Sweep after %s removed %d moves, %v, want %d", tt.after, n.Retirements, err, tt.want)
		}
	}
}
