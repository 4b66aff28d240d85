package tenant

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rekey/internal/clock"
)

// orders are changes of every kind, in an order in which each can be done.
func orders(t *Tenant) []func() error {
	maya := t.People()[0].ID
	return []func() error{
		func() error { _, err := t.UpdatePhone(maya, MobileID, "+1 4255550111", "", 0); return err },
		func() error { _, err := t.Deliver(Message{Channel: "sms", To: "+14255550112"}); return err },
		func() error { return t.SetHandset("+14255550113", false) },
		func() error { return t.SetHandset("+14255550111", false) },
		func() error { return t.MoveNumber("+14255550111", "Another phone") },
		func() error { return t.MoveNumber("+14255550111", "A third phone") },
		func() error { return t.MoveNumber("+14255550111", "Another phone") },
		func() error { _, err := t.UpdatePhone(maya, MobileID, "+1 4255550113", "", 0); return err },
		func() error {
			return t.UpdatePerson(maya, func(p *Person) { p.UserPrincipalName = "Maya.Married@" + Domain })
		},
		func() error { return t.KeepServices(func(s *Services) { s.GatewayKey = "another" }) },
		func() error { return t.UseContext("c7") },
		func() error { return t.AddRedirect("web", "https://elsewhere.example/") },
		func() error { return t.KeepClockOffset(1e9) },
	}
}

// TestChange_NothingOfOneThatIsNotKept lets each change fail after all that it does, when
// it is to be written, and then lets it be done.
func TestChange_NothingOfOneThatIsNotKept(t *testing.T) {
	made := open(t, "")
	if err := made.RegisterApp(App{ClientID: "web"}); err != nil {
		t.Fatal(err)
	}
	for i, order := range orders(made) {
		before := content(t, made)
		made.path = filepath.Join(t.TempDir(), "gone", "tenant.json")
		if err := order(); err == nil {
			t.Errorf("order %d without a place to keep it = nil, want an error", i)
		}
		if after := content(t, made); after != before {
			t.Errorf("order %d, not kept, left\n%s\nwant\n%s", i, after, before)
		}
		allFound(t, made)
		made.path = ""
		if err := order(); err != nil {
			t.Errorf("order %d = %v", i, err)
		}
		if content(t, made) == before {
			t.Errorf("order %d changed nothing", i)
		}
		allFound(t, made)
	}
}

func content(t *testing.T, made *Tenant) string {
	t.Helper()
	b, err := json.MarshalIndent(&made.state, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// allFound compares what is found by its place with what is found by looking at all.
func allFound(t *testing.T, made *Tenant) {
	t.Helper()
	handsets := made.Handsets()
	for n := range 20 {
		number := E164(GraphNumber("+142555501" + string(rune('0'+n/10)) + string(rune('0'+n%10))))
		want := slices.IndexFunc(handsets, func(h Handset) bool { return h.Number == number })
		if got, ok := made.Handset(number); ok != (want >= 0) || ok && got != handsets[want] {
			t.Errorf("Handset(%q) = %v, %v, want the one at place %d", number, got, ok, want)
		}
	}
	for _, h := range handsets {
		if got, ok := made.Handset(h.Number); h.Number != "" && (!ok || got != h) {
			t.Errorf("Handset(%q) = %v, %v, want %v", h.Number, got, ok, h)
		}
	}
	for _, p := range made.People() {
		for _, name := range []string{p.ID, p.UserPrincipalName, strings.ToUpper(p.ID), strings.ToUpper(p.UserPrincipalName)} {
			if got, ok := made.Person(name); !ok || got.ID != p.ID {
				t.Errorf("Person(%q) = %q, %v, want %q", name, got.ID, ok, p.ID)
			}
		}
	}
	if p, ok := made.Person("nobody@" + Domain); ok {
		t.Errorf("Person of nobody = %q, want none", p.ID)
	}
}

func TestPerson_OneWhoWasRenamedIsNotFoundByTheOldName(t *testing.T) {
	made := open(t, "")
	maya := made.People()[0]
	err := made.UpdatePerson(maya.ID, func(p *Person) { p.UserPrincipalName = "maya.married@" + Domain })
	if err != nil {
		t.Fatal(err)
	}
	if p, ok := made.Person(maya.UserPrincipalName); ok {
		t.Errorf("Person(%q) after another name = %q, want nobody", maya.UserPrincipalName, p.ID)
	}
}

// BenchmarkChange is a change of a number among thousands of people and handsets, with the
// text before it.
func BenchmarkChange(b *testing.B) {
	made, err := New(Options{Clock: clock.System{}, People: Crowd(2000)})
	if err != nil {
		b.Fatal(err)
	}
	people, i := made.People(), 2000
	for b.Loop() {
		i++
		number := Number(i % 70000)
		if _, err := made.Deliver(Message{Channel: "sms", To: E164(number), Text: "123456"}); err != nil {
			b.Fatal(err)
		}
		if _, err := made.UpdatePhone(people[i%2000].ID, MobileID, number, "", 0); err != nil {
			b.Fatal(err)
		}
	}
}
