package reset_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/reset"
)

func TestPassword_RST11_Rules(t *testing.T) {
	w := newWorld(t)
	v := w.toPassword()
	for _, tt := range []struct{ password, key string }{
		{"", "password.short"},
		{"Ab1!xyz", "password.short"},
		{strings.Repeat("aB3!", 64) + "x", "password.long"},
		{"lampewolkefahrrad", "password.classes"},
		{"lampe wolke fahrrad", "password.classes"},
		{"lämpe-Wolke-7-fahrrad", "password.characters"},
		{"lampe-Wolke-7\tfahrrad", "password.characters"},
		{"Password1!", "password.common"},
		{"P@ssw0rd", "password.common"},
		{"Qwertyuiop1!", "password.common"},
		{"aaaaaaaaA1!", "password.common"},
		{"Fernhill2026!", "password.context"},
		{"Ingrid.Solberg1", "password.context"},
	} {
		err := v.sets(tt.password, tt.password)
		wantFault(t, err, fault.Invalid, tt.key)
		if f := fault.As(err); f != nil && f.Field != "password" {
			t.Errorf("%q is refused at %q", tt.password, f.Field)
		}
	}
	err := v.sets(goodOne, goodOne+" ")
	wantFault(t, err, fault.Invalid, "password.again")
	if slices.Contains(w.directory.calls, "write") {
		t.Error("a password that is refused here reached the directory")
	}
	// Taken as it is: blanks at the ends belong to it, and a long one is good.
	for _, good := range []string{" lampe-Wolke-7-fahrrad ", strings.Repeat("kG7!wq", 42)} {
		w := newWorld(t)
		v := w.toPassword()
		must(t, v.sets(good, good))
		if got := w.directory.people[0].password; got != good {
			t.Errorf("%q was written as %q", good, got)
		}
	}
}

// What the directory says to a password, and what a person sees of it.
func TestPassword_Outcomes(t *testing.T) {
	for _, tt := range []struct {
		name   string
		says   error
		kind   fault.Kind
		key    string
		stage  reset.Stage
		reason string
		told   bool
		event  string
	}{
		{"refused", fault.New(fault.Invalid, "password.refused"), fault.Invalid, "password.refused", reset.Password, "", false, "reset.password failure password.refused"},
		{"down", fault.New(fault.Unavailable, "directory.down"), fault.Unavailable, "reset.not-written", reset.Password, "", false, "reset.password failure directory.down"},
		{"busy", fault.New(fault.Limited, "directory.busy"), fault.Unavailable, "reset.not-written", reset.Password, "", false, "reset.password failure directory.busy"},
		{"no right", fault.New(fault.Forbidden, "directory.permission"), 0, "", reset.Over, reset.Failed, false, "reset.end failure directory.permission"},
		{"lost", fmt.Errorf("cut, after all: %w", directory.ErrOutcomeUnknown), 0, "", reset.Over, reset.Unclear, true, "reset.password unclear"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			v := w.toPassword()
			w.directory.down["write"] = tt.says
			err := v.sets(goodOne, goodOne)
			if tt.key == "" {
				must(t, err)
			} else {
				wantFault(t, err, tt.kind, tt.key)
			}
			if view := v.stage(tt.stage); view.Reason != tt.reason {
				t.Errorf("reason %q, want %q", view.Reason, tt.reason)
			}
			if !slices.Contains(w.events(), tt.event) {
				t.Errorf("no event %q in %q", tt.event, w.events())
			}
			w.work()
			told := len(w.mails.to(herAccount)) > 0 && len(w.mails.to("daniel@fernhill.example")) > 0
			if told != tt.told {
				t.Errorf("told %v, want %v", told, tt.told)
			}
			delete(w.directory.down, "write")
			if tt.stage == reset.Password {
				must(t, v.sets(goodOne, goodOne))
				v.stage(reset.Done)
			}
		})
	}
}

// The process is gone in the middle of the write: another one finds out, tells everybody,
// and says that nobody knows.
func TestPassword_AVL4_KilledInTheMiddle(t *testing.T) {
	w := newWorld(t)
	v := w.toPassword()
	w.directory.writing = func() { panic("killed") }
	func() {
		defer func() { _ = recover() }()
		_ = v.sets(goodOne, goodOne)
	}()
	w.directory.writing = nil
	v.stage(reset.Password)
	w.work() // not yet: the write could still be on its way
	v.stage(reset.Password)
	must(t, v.sets(goodOne, goodOne)) // and nothing is written twice
	if n := strings.Count(fmt.Sprint(w.directory.calls), "write"); n != 0 {
		t.Errorf("%d writes", n)
	}
	w.clock.Advance(time.Minute)
	if view := v.stage(reset.Over); view.Reason != reset.Unclear || !view.CanAgain {
		t.Errorf("over for %q, again %v", view.Reason, view.CanAgain)
	}
	w.work()
	if len(w.mails.to(herAccount)) == 0 || len(w.mails.to("daniel@fernhill.example")) == 0 {
		t.Error("nobody was told of a password that may have been written")
	}
	if _, ok, _ := w.store.SignOut(t.Context(), person(1)); !ok {
		t.Error("no sign-out was asked for")
	}
	if !slices.Contains(w.events(), "reset.password unclear") {
		t.Errorf("no outcome in %q", w.events())
	}
}

// Two tabs press at once: one password is written.
func TestPassword_TwoTabs(t *testing.T) {
	w := newWorld(t)
	v := w.toPassword()
	nested := false
	w.directory.writing = func() {
		if !nested {
			nested = true
			must(t, v.sets("another-Lamp-9-entirely", "another-Lamp-9-entirely"))
		}
	}
	must(t, v.sets(goodOne, goodOne))
	if got := w.directory.people[0].password; got != goodOne {
		t.Errorf("the password is %q", got)
	}
	v.stage(reset.Done)
}

// Who hangs up after pressing has a password written all the same, and is told so.
func TestPassword_HangUp(t *testing.T) {
	w := newWorld(t)
	v := w.toPassword()
	ctx, hangUp := context.WithCancel(t.Context())
	w.directory.writing = hangUp
	must(t, v.service.SetPassword(ctx, v.Browser, v.id, goodOne, goodOne))
	v.stage(reset.Done)
}

func actor(n int, typed time.Time) contact.Actor {
	return contact.Actor{Person: person(n), Session: "s", AuthTime: typed}
}

func TestPractice_WritesNothing(t *testing.T) {
	w := newWorld(t)
	v := &visitor{world: w, Browser: browser()}
	_, _, err := w.service.Practise(t.Context(), actor(1, start.Add(-11*time.Minute)), v.Browser)
	wantFault(t, err, fault.StepUp, "signin.again")
	v.id, v.Secret, err = w.service.Practise(t.Context(), actor(1, start), v.Browser)
	must(t, err)
	w.work()
	v.Link = w.link(hers)
	if view := v.stage(reset.Link); !view.Practice {
		t.Error("it does not say that it is a practice run")
	}
	must(t, v.presses(""))
	must(t, v.presses(w.code(herPhone)))
	must(t, v.sets(goodOne, goodOne))
	view := v.stage(reset.Done)
	for _, c := range view.Checks {
		if !c.OK {
			t.Errorf("%s would fail: %s", c.What, c.Reason)
		}
	}
	if len(view.Checks) < 8 {
		t.Errorf("checks %+v", view.Checks)
	}
	w.work()
	if slices.Contains(w.directory.calls, "write") || w.directory.people[0].password != "old" || len(w.mails.to("daniel@fernhill.example")) != 0 {
		t.Error("a practice run wrote, or told others")
	}
	if p, err := w.service.LastPractice(t.Context(), person(1)); err != nil || !p.OK || p.At.IsZero() {
		t.Errorf("the last practice run is %+v, %v", p, err)
	}
}

func TestPractice_SaysWhatIsMissing(t *testing.T) {
	w := newWorld(t)
	w.directory.people[0].methods = w.directory.people[0].methods[:2]
	v := &visitor{world: w, Browser: browser()}
	var err error
	v.id, v.Secret, err = w.service.Practise(t.Context(), actor(1, start), v.Browser)
	must(t, err)
	w.work()
	view := v.stage(reset.Over)
	last := view.Checks[len(view.Checks)-2]
	if view.Reason != reset.Refused || last.What != "email" || last.OK || last.Reason != "no-email" {
		t.Errorf("over for %q, checks %+v", view.Reason, view.Checks)
	}
	if p, _ := w.service.LastPractice(t.Context(), person(1)); p.OK || p.At.IsZero() {
		t.Errorf("the last practice run is %+v", p)
	}
	w.directory.people[0].roles = directory.Roles{}
	_, _, err = w.service.Practise(t.Context(), actor(1, start), v.Browser)
	wantFault(t, err, fault.Forbidden, "reset.practice-role")
}

func TestBegin_ABU1_PerAddress(t *testing.T) {
	w := newWorld(t)
	for range 10 {
		w.begins("nobody@fernhill.example")
	}
	_, _, err := w.service.Begin(t.Context(), browser(), herAccount)
	wantFault(t, err, fault.Limited, "reset.busy")
	if f := fault.As(err); f == nil || f.Until.IsZero() {
		t.Error("it does not say until when")
	}
	other := browser()
	other.Source = "198.51.100.1"
	if _, _, err := w.service.Begin(t.Context(), other, herAccount); err != nil {
		t.Errorf("from another address: %v (ABU-7)", err)
	}
}

func TestBegin_RST8_OneUserName(t *testing.T) {
	w := newWorld(t)
	for typed, key := range map[string]string{"": "user.empty", "   ": "user.empty", "ingrid": "user.form", "a@b@c": "user.form", "@b": "user.form", "a@": "user.form",
		"a@b,c@d": "user.form", "a@b c@d": "user.form", "a@b\nc": "user.form", "a@b/../x": "user.form", "x?a@b": "user.form", strings.Repeat("a", 120) + "@b": "user.form"} {
		_, _, err := w.service.Begin(t.Context(), browser(), typed)
		wantFault(t, err, fault.Invalid, key)
	}
	w.begins("  Ingrid@Fernhill.example ")
	w.work()
	w.link(hers)
}
