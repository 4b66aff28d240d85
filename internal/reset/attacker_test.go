package reset_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/reset"
)

// holds is what somebody has of hers. The old phone is the one on her account; the new phone
// and the new mailbox are the stranger's own, which a stolen session may put there.
type holds struct{ session, password, oldPhone, newPhone, mailbox bool }

func (h holds) String() string {
	var all []string
	for name, has := range map[string]bool{"session": h.session, "password": h.password, "old phone": h.oldPhone, "new phone": h.newPhone, "mailbox": h.mailbox} {
		if has {
			all = append(all, name)
		}
	}
	if len(all) == 0 {
		return "nothing"
	}
	return strings.Join(all, ", ")
}

const (
	strangersPhone = "+12025550199"
	strangersMail  = "mallory@example.net"
)

// The attacker's table: whoever holds what, and whatever is tried, a password is set for the
// holder of the mailbox and the phone that have been hers for three days, and for nobody
// else.
func TestReset_TheAttackersTable(t *testing.T) {
	tries := []struct {
		name string
		// try returns whether the stranger got as far as it was possible to try.
		try     func(w *world, h holds) bool
		allowed func(h holds) bool
	}{
		{"asks for a reset and goes as far as that leads", func(w *world, h holds) bool { return w.attack(h, herPhone, hers) },
			func(h holds) bool { return h.mailbox && h.oldPhone }},
		{"changes the phone with the session first", func(w *world, h holds) bool {
			return h.session && h.newPhone && w.moves(directory.Phone, strangersPhone) && w.attack(h, strangersPhone, hers)
		}, func(holds) bool { return false }},
		{"changes the alternate email with the session first", func(w *world, h holds) bool {
			return h.session && w.moves(directory.Email, strangersMail) && w.attack(holds{oldPhone: h.oldPhone, mailbox: true}, herPhone, strangersMail)
		}, func(holds) bool { return false }},
		{"changes the phone at Microsoft first", func(w *world, h holds) bool {
			if !h.session || !h.newPhone {
				return false
			}
			w.put(directory.Phone, strangersPhone)
			w.directory.changed = map[directory.Kind]time.Time{directory.Phone: w.clock.Now()}
			return w.attack(h, strangersPhone, hers)
		}, func(holds) bool { return false }},
		{"takes her reset over at the second step", func(w *world, h holds) bool {
			her := w.begins(herAccount)
			w.work()
			her.Link = w.link(hers)
			must(w.t, her.presses(""))
			mine := &visitor{world: w, Browser: browser(), id: her.id}
			mine.Secret = strings.Repeat("A", 43)
			if h.mailbox {
				mine.Link = her.Link
			}
			err := mine.presses(w.code(herPhone)) // the right one, whoever has it
			if !fault.Is(err, fault.NotFound) {
				w.t.Errorf("the code in another browser: %v", err)
			}
			if err := mine.service.Resend(w.t.Context(), mine.Browser, her.id); !fault.Is(err, fault.NotFound) {
				w.t.Errorf("another code for another browser: %v", err)
			}
			return true
		}, func(holds) bool { return false }},
		{"goes on with her practice run", func(w *world, h holds) bool {
			if !h.session || !h.mailbox || !h.oldPhone {
				return false
			}
			v := &visitor{world: w, Browser: browser()}
			var err error
			v.id, v.Secret, err = w.service.Practise(w.t.Context(), actor(1, w.clock.Now()), v.Browser)
			must(w.t, err)
			w.work()
			v.Link = w.link(hers)
			must(w.t, v.presses(""))
			must(w.t, v.presses(w.code(herPhone)))
			must(w.t, v.sets(goodOne, goodOne))
			return true
		}, func(holds) bool { return false }},
	}
	for n := range 32 {
		h := holds{n&1 != 0, n&2 != 0, n&4 != 0, n&8 != 0, n&16 != 0}
		for _, tt := range tries {
			if tt.name == "takes her reset over at the second step" && n%16 != 0 {
				continue // what is held makes no difference but for the link
			}
			t.Run(fmt.Sprintf("%s/%s", h, tt.name), func(t *testing.T) {
				w := newWorld(t)
				tried := tt.try(w, h)
				set := w.directory.people[0].password != "old"
				if set != (tried && tt.allowed(h)) {
					t.Errorf("the password was set: %v, want %v", set, tried && tt.allowed(h))
				}
			})
		}
	}
}

// attack begins a reset and goes on with what the stranger holds: the mails to an address, if
// the mailbox, and the texts to a number, if the phone that has it; else by guessing.
func (w *world) attack(h holds, number, address string) bool {
	w.t.Helper()
	v := w.begins(herAccount)
	w.work()
	if sent := w.mails.to(address); h.mailbox && len(sent) > 0 && strings.Contains(sent[len(sent)-1].Body, "?link=") {
		v.Link = w.link(address)
	} else {
		v.Link = strings.Repeat("A", 43)
		for range 6 {
			_ = v.presses("BCDFGHJK")
		}
	}
	_ = v.presses("")
	has := number == herPhone && h.oldPhone || number == strangersPhone && h.newPhone
	if texts := w.texts.to(number); has && len(texts) > 0 {
		_ = v.presses(w.code(number))
	} else {
		for guess := range 6 {
			_ = v.presses(fmt.Sprintf("%06d", guess))
		}
	}
	if h.oldPhone && number != herPhone && len(w.texts.to(herPhone)) > 0 {
		w.t.Error("a code went to a phone that is not on the account any more")
	}
	_ = v.sets(goodOne, goodOne)
	return true
}

// put has the directory hold a contact.
func (w *world) put(kind directory.Kind, value string) {
	for i, m := range w.directory.people[0].methods {
		if m.Kind == kind {
			w.directory.people[0].methods[i].Value = value
		}
	}
}

// moves changes a contact through this site, as a change that was proved and applied.
func (w *world) moves(kind directory.Kind, value string) bool {
	w.t.Helper()
	w.put(kind, value)
	now := w.clock.Now()
	must(w.t, w.store.AddChange(w.t.Context(), contact.Change{ID: "00000000-0000-4000-8000-00000000cccc", Person: person(1), Session: "s", Kind: kind,
		Act: contact.Set, State: contact.Applied, Version: 1, Started: now, Expires: now, Moved: now}))
	return true
}

// Three days later a contact that is still there counts as hers.
func TestReset_CHG11_AfterTheCoolOff(t *testing.T) {
	w := newWorld(t)
	w.moves(directory.Phone, strangersPhone)
	w.clock.Advance(reset.CoolOff)
	w.attack(holds{newPhone: true, mailbox: true}, strangersPhone, hers)
	if w.directory.people[0].password == "old" {
		t.Error("a phone of three days does not count")
	}
}
