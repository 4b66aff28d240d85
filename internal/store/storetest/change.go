package storetest

import (
	"reflect"
	"testing"
	"time"

	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/verification"
)

func change(id string, who int, state contact.State) contact.Change {
	return contact.Change{ID: id, Person: person(who), Session: "session-1", Kind: directory.Phone, Act: contact.Promote, State: state, Version: 1,
		Value: "+12025550142", Before: "+12025550199", Masked: "+1 ••• 42", OldMasked: "+1 ••• 99", Hash: "0a1b", Region: "US",
		Challenge: "challenge-" + id, Started: at(0), Expires: at(contact.FlowTime), Moved: at(time.Second),
		Wrote: at(2 * time.Second), Retry: at(3 * time.Second), Reason: "apply.busy", Language: "en-GB",
		Half: at(4 * time.Second), Origin: contact.Origin{Zone: "Europe/Berlin", Browser: "Chrome on Windows", Network: "Office"}}
}

func changeRoundTrip(t *testing.T, f Fixture) {
	ctx := t.Context()
	full, empty := change("full", 1, contact.Proving), contact.Change{ID: "empty", Person: person(2), State: contact.Applied}
	for _, want := range []contact.Change{full, empty} {
		check(t, "AddChange", f.Store.AddChange(ctx, want))
		got, err := f.Store.Change(ctx, want.Person, want.ID)
		check(t, "Change", err)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("Change(%q) = %+v, want %+v", want.ID, got, want)
		}
		got, err = f.Store.ChangeByID(ctx, want.ID)
		check(t, "ChangeByID", err)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("ChangeByID(%q) = %+v, want %+v", want.ID, got, want)
		}
	}
}

func changeOfOthers(t *testing.T, f Fixture) {
	ctx := t.Context()
	check(t, "AddChange", f.Store.AddChange(ctx, change("a", 1, contact.Proving)))
	if _, err := f.Store.Change(ctx, person(2), "a"); !fault.Is(err, fault.NotFound) {
		t.Errorf("Change of another person = %v, want not-found", err)
	}
	if _, err := f.Store.Change(ctx, person(1), "b"); !fault.Is(err, fault.NotFound) {
		t.Errorf("Change(%q) = %v, want not-found", "b", err)
	}
	if _, err := f.Store.ChangeByID(ctx, "b"); !fault.Is(err, fault.NotFound) {
		t.Errorf("ChangeByID(%q) = %v, want not-found", "b", err)
	}
}

func changeOneOpen(t *testing.T, f Fixture) {
	ctx := t.Context()
	check(t, "AddChange", f.Store.AddChange(ctx, change("first", 1, contact.Applying)))
	if err := f.Store.AddChange(ctx, change("second", 1, contact.Proving)); !fault.Is(err, fault.Conflict) {
		t.Errorf("AddChange of a second open one = %v, want conflict", err)
	}
	other := change("other-kind", 1, contact.Proving)
	other.Kind = directory.AlternatePhone
	check(t, "AddChange of another contact", f.Store.AddChange(ctx, other))
	check(t, "AddChange of another person", f.Store.AddChange(ctx, change("other-person", 2, contact.Proving)))

	over := change("first", 1, contact.Applied)
	if ok, err := f.Store.SaveChange(ctx, over, contact.Applying); !ok || err != nil {
		t.Fatalf("SaveChange = %v, %v, want true", ok, err)
	}
	check(t, "AddChange after the first ended", f.Store.AddChange(ctx, change("third", 1, contact.Proving)))
}

func changeConditionalSave(t *testing.T, f Fixture) {
	ctx := t.Context()
	c := change("a", 1, contact.Proving)
	check(t, "AddChange", f.Store.AddChange(ctx, c))
	next := c
	next.State, next.Value, next.Reason, next.Wrote = contact.Applying, "+12025550150", "", time.Time{}
	cases := []struct {
		name    string
		version int64
		from    contact.State
		want    bool
	}{
		{"an older version", 0, contact.Proving, false},
		{"a newer version", 2, contact.Proving, false},
		{"another state", 1, contact.Proved, false},
		{"as read", 1, contact.Proving, true},
		{"the same again", 1, contact.Proving, false},
	}
	for _, tc := range cases {
		next.Version = tc.version
		if ok, err := f.Store.SaveChange(ctx, next, tc.from); ok != tc.want || err != nil {
			t.Errorf("SaveChange over %s = %v, %v, want %v", tc.name, ok, err, tc.want)
		}
	}
	got, err := f.Store.ChangeByID(ctx, "a")
	check(t, "ChangeByID", err)
	next.Version = 2
	if !reflect.DeepEqual(got, next) {
		t.Errorf("after SaveChange = %+v, want %+v", got, next)
	}
}

func changeOneOfManySaves(t *testing.T, f Fixture) {
	ctx := t.Context()
	check(t, "AddChange", f.Store.AddChange(ctx, change("a", 1, contact.Proving)))
	next := change("a", 1, contact.Applying)
	n := count(t, 20, func(int) (bool, error) { return f.Store.SaveChange(ctx, next, contact.Proving) })
	if n != 1 {
		t.Errorf("20 SaveChange of the same version: %d succeeded, want 1", n)
	}
}

func changeFixedColumns(t *testing.T, f Fixture) {
	ctx := t.Context()
	want := change("a", 1, contact.Proving)
	check(t, "AddChange", f.Store.AddChange(ctx, want))
	forged := want
	forged.Person, forged.Session, forged.Kind, forged.Started = person(9), "session-9", directory.Email, at(time.Hour)
	if ok, err := f.Store.SaveChange(ctx, forged, contact.Proving); !ok || err != nil {
		t.Fatalf("SaveChange = %v, %v, want true", ok, err)
	}
	got, err := f.Store.ChangeByID(ctx, "a")
	check(t, "ChangeByID", err)
	want.Version = 2
	if !reflect.DeepEqual(got, want) {
		t.Errorf("SaveChange wrote more than it may: %+v, want %+v", got, want)
	}
}

func changeOpen(t *testing.T, f Fixture) {
	ctx := t.Context()
	states := []contact.State{contact.Authorising, contact.Authorised, contact.Proving, contact.Proved, contact.Applying,
		contact.Applied, contact.Failed, contact.Unknown, contact.Cancelled, contact.Expired}
	var want []string
	for i, state := range states {
		c := change(string(state), 1, state)
		c.Kind = directory.Kind(state) // one open change per contact
		c.Started = at(-time.Duration(i) * time.Minute)
		check(t, "AddChange", f.Store.AddChange(ctx, c))
		if c.Open() {
			want = append([]string{c.ID}, want...)
		}
	}
	check(t, "AddChange", f.Store.AddChange(ctx, change("other", 2, contact.Proving)))
	open, err := f.Store.OpenChanges(ctx, person(1))
	check(t, "OpenChanges", err)
	var got []string
	for _, c := range open {
		got = append(got, c.ID)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("OpenChanges = %v, want %v, oldest first", got, want)
	}
}

func changeExpire(t *testing.T, f Fixture) {
	ctx := t.Context()
	add := func(id string, who int, state contact.State, expires time.Time) {
		c := change(id, who, state)
		c.Expires = expires
		check(t, "AddChange", f.Store.AddChange(ctx, c))
		check(t, "AddChallenge", f.Store.AddChallenge(ctx, challenge("code-"+id, id, who)))
	}
	add("at-the-limit", 1, contact.Proving, at(0))
	add("before", 2, contact.Proved, at(time.Microsecond))
	add("applying", 3, contact.Applying, at(-time.Hour))
	for _, want := range []int{1, 0} {
		if n, err := f.Store.ExpireChanges(ctx, at(0)); n != want || err != nil {
			t.Errorf("ExpireChanges = %v, %v, want %v", n, err, want)
		}
	}
	want := map[string]contact.State{"at-the-limit": contact.Expired, "before": contact.Proved, "applying": contact.Applying}
	for id, state := range want {
		c, err := f.Store.ChangeByID(ctx, id)
		check(t, "ChangeByID", err)
		ch, err := f.Store.Challenge(ctx, c.Person, "code-"+id)
		check(t, "Challenge", err)
		erased := state == contact.Expired
		if c.State != state || (c.Value == "") != erased || (c.Before == "") != erased || (ch.Destination == "") != erased ||
			(ch.State == verification.Superseded) != erased {
			t.Errorf("after ExpireChanges %q = %+v with %+v, want state %v, erased %v", id, c, ch, state, erased)
		}
		if erased && (c.Version != 2 || !c.Moved.Equal(at(0)) || c.Reason != "change.expired") {
			t.Errorf("after ExpireChanges %q = %+v, want a new version, moved now, with its reason", id, c)
		}
	}
}

func changeFinalErases(t *testing.T, f Fixture) {
	ctx := t.Context()
	c := change("a", 1, contact.Applying)
	check(t, "AddChange", f.Store.AddChange(ctx, c))
	check(t, "AddChallenge", f.Store.AddChallenge(ctx, challenge("code", "a", 1)))
	check(t, "AddChallenge", f.Store.AddChallenge(ctx, challenge("code-2", "b", 2)))
	save := func(from, to contact.State, wantA string) {
		t.Helper()
		c.State = to
		if ok, err := f.Store.SaveChange(ctx, c, from); !ok || err != nil {
			t.Fatalf("SaveChange = %v, %v, want true", ok, err)
		}
		c.Version++
		a, err := f.Store.Challenge(ctx, person(1), "code")
		check(t, "Challenge", err)
		b, err := f.Store.Challenge(ctx, person(2), "code-2")
		check(t, "Challenge", err)
		if a.Destination != wantA || b.Destination != destination {
			t.Errorf("destinations in state %v = %q and %q, want %q and %q", to, a.Destination, b.Destination, wantA, destination)
		}
	}
	save(contact.Applying, contact.Applying, destination)
	save(contact.Applying, contact.Applied, "")
}

func changeLastProved(t *testing.T, f Fixture) {
	ctx := t.Context()
	add := func(id string, who int, kind directory.Kind, state contact.State, moved time.Duration, masked string) {
		c := change(id, who, state)
		c.Kind, c.Moved, c.Masked = kind, at(moved), masked
		check(t, "AddChange", f.Store.AddChange(ctx, c))
	}
	add("newer", 1, directory.Phone, contact.Applied, 2*time.Hour, "22")
	add("older", 1, directory.Phone, contact.Applied, time.Hour, "11")
	add("failed", 1, directory.Phone, contact.Failed, 3*time.Hour, "33")
	add("email", 1, directory.Email, contact.Applied, time.Minute, "44")
	add("other", 2, directory.AlternatePhone, contact.Applied, 4*time.Hour, "55")
	_, got, err := f.Store.Overview(ctx, person(1))
	check(t, "LastProved", err)
	want := map[directory.Kind]contact.Proof{
		directory.Phone: {At: at(2 * time.Hour), Masked: "22", Hash: "0a1b"},
		directory.Email: {At: at(time.Minute), Masked: "44", Hash: "0a1b"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("LastProved = %v, want %v", got, want)
	}
	if _, got, err := f.Store.Overview(ctx, person(3)); len(got) != 0 || err != nil {
		t.Errorf("LastProved of nobody = %v, %v, want none", got, err)
	}
}
