package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"testing"
	"time"

	"rekey/internal/audit"
	"rekey/internal/clock"
	"rekey/internal/fault"
	"rekey/internal/keyring"
)

func event(id string) audit.Event {
	return audit.Event{ID: id, At: at(0), Actor: person(1).String(), Subject: person(2).String(), Action: audit.ChangeApply,
		Outcome: audit.Intent, Reason: "apply.busy", Address: "192.0.2.0/24", Request: "request-1",
		Detail: map[string]string{"kind": "phone", "new": "+1 ••• 42"}}
}

func ring(t *testing.T) *keyring.Ring {
	t.Helper()
	r, err := keyring.New(make([]byte, keyring.KeySize))
	check(t, "keyring.New", err)
	return r
}

func sealer(t *testing.T, s Store, owner string) *audit.Sealer {
	return &audit.Sealer{Store: s, MAC: ring(t), Clock: clock.Func(func() time.Time { return at(0) }), Owner: owner,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

func auditRoundTrip(t *testing.T, f Fixture) {
	ctx := t.Context()
	nothing := audit.Event{ID: "nothing", At: at(time.Microsecond)}
	empty := event("empty detail")
	empty.Detail = map[string]string{}
	odd := event("odd")
	odd.Reason, odd.Detail = "a\x00b\xff\r\n", map[string]string{"field": "c\x00d\xff\u2028"}
	wantOdd := odd
	wantOdd.Reason, wantOdd.Detail = "a\ufffdb\ufffd\r\n", map[string]string{"field": "c\x00d\ufffd\u2028"}
	for _, e := range []audit.Event{event("full"), nothing, empty, odd} {
		check(t, "Append", f.Store.Append(ctx, e))
	}
	want := []audit.Event{event("full"), nothing, empty, wantOdd}
	got, err := f.Store.Unsealed(ctx, 10)
	check(t, "Unsealed", err)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Unsealed = %+v, want %+v in the order of writing", got, want)
	}
	if got, err = f.Store.Unsealed(ctx, 2); len(got) != 2 || err != nil {
		t.Errorf("Unsealed(2) = %d events, %v, want 2", len(got), err)
	}
	if stray, empty, err := f.Store.CountStray(ctx); stray != 0 || empty != 0 || err != nil {
		t.Errorf("CountStray = %d, %d, %v, want none", stray, empty, err)
	}
	if n, err := f.Store.CountEvents(ctx); n != 4 || err != nil {
		t.Errorf("CountEvents = %d, %v, want 4", n, err)
	}
}

func auditCommits(t *testing.T, f Fixture) {
	ctx := t.Context()
	err := f.Store.InTx(ctx, func(ctx context.Context) error {
		check(t, "Append", f.Store.Append(ctx, event("undone")))
		return errUndo
	})
	if !errors.Is(err, errUndo) {
		t.Fatalf("InTx = %v, want what fn returned", err)
	}
	check(t, "InTx", f.Store.InTx(ctx, func(ctx context.Context) error { return f.Store.Append(ctx, event("done")) }))
	got, err := f.Store.Unsealed(ctx, 10)
	if n, countErr := f.Store.CountEvents(ctx); n != 1 || countErr != nil || len(got) != 1 || got[0].ID != "done" || err != nil {
		t.Errorf("events = %+v (%d), %v, %v, want only the committed one", got, n, err, countErr)
	}
}

func auditChain(t *testing.T, f Fixture) {
	ctx := t.Context()
	verify := func(sealed, unsealed int64) string {
		t.Helper()
		r, err := audit.Verify(ctx, f.Store, ring(t))
		check(t, "Verify", err)
		if !r.Good() || r.Sealed != sealed || r.Unsealed != unsealed {
			t.Errorf("Verify = %+v, want %d sealed, %d not yet, no problem", r, sealed, unsealed)
		}
		return r.Head
	}
	if _, ok, err := f.Store.LastSeal(ctx); ok || err != nil {
		t.Errorf("LastSeal of an empty chain = %v, %v, want none", ok, err)
	}
	together(20, func(i int) {
		if err := f.Store.Append(ctx, event(fmt.Sprint("event-", i))); err != nil {
			t.Errorf("Append = %v, want no error", err)
		}
	})
	verify(0, 20)
	for _, want := range []int{20, 0} {
		if n, err := sealer(t, f.Store, "one").Seal(ctx); n != want || err != nil {
			t.Errorf("Seal = %d, %v, want %d", n, err, want)
		}
	}
	head := verify(20, 0)
	last, ok, err := f.Store.LastSeal(ctx)
	if fmt.Sprintf("%x", last.MAC) != head || !ok || err != nil || last.Position != 20 {
		t.Errorf("LastSeal = %+v, %v, %v, want position 20 and MAC %s", last, ok, err, head)
	}
	check(t, "Append", f.Store.Append(ctx, event("late")))
	verify(20, 1)
	f.Store = f.Reopen(t)
	if _, err := sealer(t, f.Store, "one").Seal(ctx); err != nil {
		t.Errorf("Seal = %v, want no error", err)
	}
	verify(21, 0)
}

func auditOneSealer(t *testing.T, f Fixture) {
	ctx := t.Context()
	hold := func(owner string, now, until time.Duration, want bool) {
		t.Helper()
		if held, err := f.Store.HoldSealer(ctx, owner, at(now), at(until)); held != want || err != nil {
			t.Errorf("HoldSealer(%q) at +%v = %v, %v, want %v", owner, now, held, err, want)
		}
	}
	hold("one", 0, 30*time.Second, true)
	hold("two", time.Second, 31*time.Second, false)
	hold("one", 5*time.Second, 35*time.Second, true)    // more than half is left: not written
	hold("two", 29*time.Second, 59*time.Second, false)  // until +30 s
	hold("one", 29*time.Second, 59*time.Second, true)   // renewed
	hold("two", 30*time.Second, 60*time.Second, false)  // so that it stands on
	hold("two", 59*time.Second, 89*time.Second, true)   // over
	hold("one", 60*time.Second, 90*time.Second, false)  // lost
	hold("two", 100*time.Second, 130*time.Second, true) // renewed after its end
	n := count(t, 10, func(i int) (bool, error) {
		return f.Store.HoldSealer(ctx, fmt.Sprint("racer-", i), at(time.Hour), at(time.Hour+30*time.Second))
	})
	if n != 1 {
		t.Errorf("10 HoldSealer at once: %d hold it, want 1", n)
	}
}

func auditPositionOnce(t *testing.T, f Fixture) {
	ctx := t.Context()
	for _, id := range []string{"a", "b"} {
		check(t, "Append", f.Store.Append(ctx, event(id)))
	}
	check(t, "AddSeals", f.Store.AddSeals(ctx, []audit.Seal{{Position: 1, Event: "a", MAC: []byte("m")}}))
	for name, seals := range map[string][]audit.Seal{
		"a taken position": {{Position: 2, Event: "b", MAC: []byte("m")}, {Position: 1, Event: "c", MAC: []byte("m")}},
		"a sealed event":   {{Position: 2, Event: "a", MAC: []byte("m")}},
	} {
		if err := f.Store.AddSeals(ctx, seals); !fault.Is(err, fault.Conflict) {
			t.Errorf("AddSeals with %s = %v, want conflict", name, err)
		}
	}
	last, ok, err := f.Store.LastSeal(ctx)
	if last.Position != 1 || !ok || err != nil {
		t.Errorf("LastSeal = %+v, %v, %v, want position 1: all or none", last, ok, err)
	}
	if left, err := f.Store.Unsealed(ctx, 10); len(left) != 1 || left[0].ID != "b" || err != nil {
		t.Errorf("Unsealed = %+v, %v, want b", left, err)
	}
}
