package contact_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/notice"
)

// act does one thing to one contact and lets it be applied.
func (w *world) act(a contact.Actor, act string) contact.Change {
	w.t.Helper()
	var c contact.Change
	var err error
	g := w.gateway
	switch act {
	case "set phone":
		c, err = w.service.Start(w.t.Context(), a, directory.Phone, contact.Input{Country: "US", Number: "2025550161"})
	case "set alternate":
		c, err = w.service.Start(w.t.Context(), a, directory.AlternatePhone, contact.Input{Country: "US", Number: "2025550162"})
	case "set email":
		g = w.mail
		c, err = w.service.Start(w.t.Context(), a, directory.Email, contact.Input{Address: "maya@example.org"})
	case "remove phone":
		c, err = w.service.Remove(w.t.Context(), a, directory.Phone)
	case "remove alternate":
		c, err = w.service.Remove(w.t.Context(), a, directory.AlternatePhone)
	case "remove email":
		c, err = w.service.Remove(w.t.Context(), a, directory.Email)
	}
	if err != nil {
		return contact.Change{}
	}
	if c.State == contact.Proving {
		c = w.redeem(a, c, g)
	}
	return c
}

// Two things done one after the other, to whichever contacts, come out as if the directory
// showed everything at once, however far it lags.
func TestApply_AVL3_TwoActsInARowUnderLag(t *testing.T) {
	acts := []string{"set phone", "set alternate", "set email", "remove phone", "remove alternate", "remove email"}
	rapid.Check(t, func(r *rapid.T) {
		first, second := rapid.SampledFrom(acts).Draw(r, "first"), rapid.SampledFrom(acts).Draw(r, "second")
		start := map[directory.Kind]string{directory.Phone: oldNumber}
		if rapid.Bool().Draw(r, "alternate") {
			start[directory.AlternatePhone] = alternate
		}
		if rapid.Bool().Draw(r, "email") {
			start[directory.Email] = home
		}
		outcome := func(lag time.Duration) string {
			w := newWorld(t)
			contacts := map[directory.Kind]string{}
			for k, v := range start {
				contacts[k] = v
			}
			w.has(contacts, shield)
			w.directory.lag = lag
			said := ""
			for _, act := range []string{first, second} {
				c := w.act(w.signedIn(maya, "s1"), act)
				if c.ID == "" {
					said += act + " refused; "
					continue
				}
				w.settle(5 * time.Minute)
				said += fmt.Sprintf("%s %s %s; ", act, w.state(c).State, w.state(c).Reason)
			}
			return said + fmt.Sprint(w.directory.phones)
		}
		lag := time.Duration(rapid.IntRange(1, 60).Draw(r, "lag")) * time.Second
		if got, want := outcome(lag), outcome(0); got != want {
			r.Fatalf("with a lag of %v: %s\nwithout: %s", lag, got, want)
		}
	})
}

// A promotion of which only the first half was written is not "not written": the person is
// told, the old number goes on hearing, and the other sessions end.
func TestApply_NOT1_HalfAPromotionIsTold(t *testing.T) {
	for _, lost := range []bool{false, true} {
		w := newWorld(t)
		w.has(both())
		a := w.signedIn(maya, "s1")
		c := w.begun(w.service.Remove(t.Context(), a, directory.Phone))
		w.redeem(a, c, w.gateway)
		refused := fault.New(fault.Invalid, "directory.refused")
		if lost {
			w.directory.hangUp = 1
			w.directory.fail = []error{nil, nil, nil, refused} // reads, write 1 (lost), reads again, write 2
		} else {
			w.directory.fail = []error{nil, nil, refused}
		}
		w.settle(5 * time.Minute)
		if got := w.state(c); got.State != contact.Unknown {
			t.Errorf("answer lost %v: the promotion is %s (%s), want unknown", lost, got.State, got.Reason)
		}
		w.wantNotified(notice.Unclear, oldNumber, alternate, "maya.okafor@fernhill.example")
		if len(w.ended) != 1 {
			t.Errorf("answer lost %v: other sessions ended %d times, want once", lost, len(w.ended))
		}
		snap, err := w.service.Snapshots.Kept(t.Context(), maya)
		if m, _ := snap.Contact(directory.Phone); err != nil || m.Value != alternate && !lost {
			t.Errorf("the kept snapshot shows %q, %v, want the new phone", m.Value, err)
		}
	}
}

// Our write landed and its answer was lost; then somebody changed it at Microsoft.
func TestApply_NOT1_AWriteThatWasOverwrittenIsTold(t *testing.T) {
	w := newWorld(t)
	_, c := w.proved()
	w.directory.hangUp = 1
	w.work()
	w.directory.mu.Lock()
	w.directory.phones[directory.Phone] = "+12025550111"
	w.directory.mu.Unlock()
	w.settle(10 * time.Minute)
	if got := w.state(c); got.State != contact.Unknown {
		t.Errorf("the change is %s (%s), want unknown", got.State, got.Reason)
	}
	w.wantNotified(notice.Unclear, oldNumber, newNumber, "+12025550111", "maya.okafor@fernhill.example")
}
