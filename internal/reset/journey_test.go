package reset_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/message"
	"rekey/internal/reset"
)

// The whole way: two proofs, a new password, everybody told, nobody signed in.
func TestReset_RST1_TheWholeWay(t *testing.T) {
	w := newWorld(t)
	v := w.begins(herAccount)
	if n := w.directory.asked() + len(w.mails.sent) + len(w.texts.sent); n != 0 {
		t.Errorf("%d calls and messages before the answer, want none (RST-2)", n)
	}
	v.stage(reset.Mail)
	w.work()
	if n := len(w.mails.sent); n != 1 {
		t.Fatalf("%d mails, want one to one recipient (RST-8)", n)
	}
	v.stage(reset.Mail)
	v.Link = w.link(hers)
	if view := v.stage(reset.Link); view.Step != 1 || !view.Until.Equal(start.Add(reset.StepTime)) {
		t.Errorf("step %d until %s, want 1 until ten minutes after the request", view.Step, view.Until)
	}
	must(t, v.presses(""))
	view := v.stage(reset.Code)
	if view.Step != 2 || view.Masked == "" || strings.Contains(view.Masked, "555") || view.NoSecondFactor || !view.Until.After(start.Add(reset.StepTime)) {
		t.Errorf("step 2 is %+v", view)
	}
	must(t, v.presses(w.code(herPhone)))
	if view := v.stage(reset.Password); view.Step != 3 {
		t.Errorf("step %d, want 3", view.Step)
	}
	must(t, v.sets(goodOne, goodOne))
	if view := v.stage(reset.Done); view.First != directory.Passkey {
		t.Errorf("the sign-in asks for %q, want the passkey", view.First)
	}
	if got := w.directory.people[0].password; got != goodOne {
		t.Errorf("the password is %q", got)
	}
	w.work()
	for _, to := range []string{herAccount, hers, "daniel@fernhill.example", "identity@fernhill.example"} {
		if n := len(w.mails.to(to)); n == 0 {
			t.Errorf("%s was not told", to)
		}
	}
	if n := len(w.texts.to(herPhone)); n != 2 {
		t.Errorf("%d texts to the phone, want the code and the notice", n)
	}
	if _, ok, err := w.store.SignOut(t.Context(), person(1)); !ok || err != nil {
		t.Errorf("no sign-out was asked for: %v, %v (RST-10)", ok, err)
	}
	for _, e := range []string{"reset.request success", "reset.mail intent", "reset.mail success", "reset.link success", "code.send intent", "code.send success",
		"code.check success", "reset.password intent", "reset.password success", "reset.tell success", "sessions.revoke intent"} {
		if !slices.Contains(w.events(), e) {
			t.Errorf("no event %q in %q", e, w.events())
		}
	}
}

// Nobody but those who may gets a link, and in their own browser all look alike.
func TestReset_RST2_EverybodyLooksAlike(t *testing.T) {
	cases := []struct {
		name   string
		change func(w *world)
		user   string
		advice string // words of the one mail, "" of none
		to     string
		reason string
	}{
		{"unknown", nil, "nobody@fernhill.example", "", "", "unknown"},
		{"guest", func(w *world) { w.directory.people[0].Guest = true }, herAccount, "", "", "guest"},
		{"disabled", func(w *world) { w.directory.people[0].Enabled = false }, herAccount, "", "", "disabled"},
		{"never-list", func(w *world) { w.directory.people[0].id = person(9) }, herAccount, "", "", "protected"},
		{"employee", func(w *world) { w.directory.people[0].roles = directory.Roles{} }, herAccount, "administrators alone", hers, "not-administrator"},
		{"synchronised", func(w *world) { w.directory.people[0].OnPremisesSynced = true }, herAccount, "own servers", hers, "elsewhere"},
		{"federated", func(w *world) { w.service.Policy.Federated = true }, herAccount, "own servers", hers, "elsewhere"},
		{"switched off", func(w *world) { w.directory.closed = true }, herAccount, "does not allow", hers, "closed"},
		{"no phone", func(w *world) { w.directory.people[0].methods = w.directory.people[0].methods[2:] }, herAccount, "takes a phone", hers, "no-phone"},
		{"landline abroad", func(w *world) { w.directory.people[0].methods[1].Value = "+493012345678" }, herAccount, "takes a phone", hers, "no-phone"},
		{"no email", func(w *world) { w.directory.people[0].methods = w.directory.people[0].methods[:2] }, herAccount, "takes an alternate email", herAccount, "no-email"},
		{"email changed lately", func(w *world) {
			w.directory.changed = map[directory.Kind]time.Time{directory.Email: start.Add(-71 * time.Hour)}
		}, herAccount, "three days", herAccount, "email-recent"},
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			if tt.change != nil {
				tt.change(w)
			}
			v, good := w.begins(tt.user), newWorld(t).begins(herAccount)
			same := func(when string) {
				t.Helper()
				a, b := v.view(), good.view()
				a.ID, b.ID = "", ""
				if fmt.Sprintf("%+v", a) != fmt.Sprintf("%+v", b) {
					t.Errorf("%s: %+v, for somebody who may %+v", when, a, b)
				}
			}
			same("at once")
			w.work()
			good.work()
			same("after the work")
			for range 7 {
				a, b := v.presses("BBBB-BBBB"), good.presses("BBBB-BBBB")
				if fmt.Sprint(a) != fmt.Sprint(b) {
					t.Errorf("wrong letters: %v, for somebody who may %v", a, b)
				}
			}
			w.clock.Advance(reset.StepTime)
			good.clock.Advance(reset.StepTime)
			same("after ten minutes")
			if tt.advice == "" && len(w.mails.sent) != 0 || tt.advice != "" && (len(w.mails.sent) != 1 || !strings.Contains(w.mails.sent[0].Body, tt.advice)) {
				t.Errorf("%d mails, want one about %q", len(w.mails.sent), tt.advice)
			}
			if tt.to != "" && len(w.mails.to(tt.to)) != 1 {
				t.Errorf("no mail to %s", tt.to)
			}
			if strings.Contains(fmt.Sprint(w.mails.sent), "?link=") || len(w.texts.sent) != 0 {
				t.Error("a link or a text went out")
			}
			if want := "reset.mail refusal reset.why." + tt.reason; !slices.Contains(w.events(), want) {
				t.Errorf("no event %q in %q", want, w.events())
			}
		})
	}
}

// Looking at the link, however often and wherever, changes and sends nothing (RST-5).
func TestReset_RST5_OpeningTheLinkDoesNothing(t *testing.T) {
	w := newWorld(t)
	v := w.begins(herAccount)
	w.work()
	token := w.link(hers)
	calls, events := w.directory.asked(), len(w.events())
	scanner := &visitor{world: w, Browser: browser(), id: v.id}
	scanner.Link = token
	var letters string
	for range 20 {
		view := scanner.stage(reset.Elsewhere)
		letters = view.Letters
	}
	if w.directory.asked() != calls || len(w.texts.sent) != 0 || len(w.events()) != events {
		t.Error("opening the link had an effect")
	}
	if err := scanner.presses(""); !fault.Is(err, fault.NotFound) {
		t.Errorf("the button in another browser: %v, want not found (RST-6)", err)
	}
	if err := scanner.presses(letters); !fault.Is(err, fault.NotFound) {
		t.Errorf("the letters in another browser: %v, want not found (RST-6)", err)
	}
	// The owner goes on, with the letters, in the browser where it began.
	must(t, v.presses(" "+strings.ToLower(letters)+" "))
	v.stage(reset.Code)
	if err := scanner.view2(); !fault.Is(err, fault.NotFound) {
		t.Errorf("the link after it was used: %v, want not found (RST-4)", err)
	}
}

func (v *visitor) view2() error {
	_, err := v.service.View(v.t.Context(), v.Browser, v.id)
	return err
}

// Letters are counted before they are compared; five wrong ones end them, but not the link.
func TestReset_COD5_LettersFiveTries(t *testing.T) {
	w := newWorld(t)
	v := w.begins(herAccount)
	w.work()
	right := strings.ReplaceAll((&visitor{world: w, Browser: reset.Browser{Link: w.link(hers)}, id: v.id}).stage(reset.Elsewhere).Letters, "-", "")
	for n := range reset.LetterTries {
		err := v.presses("BCDF GHJK")
		wantFault(t, err, fault.Invalid, "letters.wrong")
		if left := fault.As(err).Args["left"]; left != reset.LetterTries-n-1 {
			t.Errorf("left %v after %d", left, n+1)
		}
	}
	wantFault(t, v.presses(right), fault.Invalid, "letters.over")
	wantFault(t, v.presses(""), fault.Invalid, "letters.empty")
	v.Link = w.link(hers)
	must(t, v.presses(""))
	v.stage(reset.Code)
}

// A token is good whole, once, in its own reset alone.
func TestReset_RST4_Tokens(t *testing.T) {
	w := newWorld(t)
	v := w.begins(herAccount)
	w.work()
	token := w.link(hers)
	other := w.begins("daniel@fernhill.example")
	w.work()
	for _, forged := range []string{token[:len(token)-1], token + "A", strings.ToUpper(token), token[1:] + token[:1], "", strings.Repeat("A", len(token))} {
		v.Link = forged
		wantFault(t, v.presses(""), fault.Invalid, "letters.empty")
	}
	other.Link = token
	wantFault(t, other.presses(""), fault.Invalid, "letters.empty")
	v.Link = token
	must(t, v.presses(""))
	wantFault(t, v.presses(""), fault.Invalid, "code.empty") // twice is once: by now it is the next step's form
	if n := len(w.texts.to(herPhone)); n != 1 {
		t.Errorf("%d texts, want 1", n)
	}
}

// Steps are taken in their order, and none is left out.
func TestReset_RST1_Order(t *testing.T) {
	w := newWorld(t)
	v := w.begins(herAccount)
	w.work()
	must(t, v.sets(goodOne, goodOne))
	must(t, v.service.Resend(t.Context(), v.Browser, v.id))
	wantFault(t, v.presses("123456"), fault.Invalid, "letters.wrong")
	v.Link = w.link(hers)
	v.stage(reset.Link)
	must(t, v.sets(goodOne, goodOne))
	must(t, v.presses(""))
	must(t, v.sets(goodOne, goodOne))
	v.stage(reset.Code)
	if got := w.directory.people[0].password; got != "old" || slices.Contains(w.directory.calls, "write") {
		t.Errorf("the password is %q before both proofs", got)
	}
	must(t, v.presses(w.code(herPhone)))
	must(t, v.presses(w.code(herPhone)))
	v.stage(reset.Password)
}

func TestReset_RST1_EachStepTenMinutes(t *testing.T) {
	for step, take := range []func(w *world) *visitor{
		func(w *world) *visitor { v := w.begins(herAccount); w.work(); v.Link = w.link(hers); return v },
		func(w *world) *visitor {
			v := w.begins(herAccount)
			w.work()
			v.Link = w.link(hers)
			must(w.t, v.presses(""))
			return v
		},
		func(w *world) *visitor { return w.toPassword() },
	} {
		w := newWorld(t)
		v := take(w)
		if view := v.view(); view.Step != step+1 {
			t.Fatalf("at step %d, want %d", view.Step, step+1)
		}
		w.clock.Advance(v.view().Until.Sub(w.clock.Now()))
		if view := v.stage(reset.Over); view.Reason != reset.Expired || !view.CanAgain {
			t.Errorf("step %d: over for %q, again %v", step+1, view.Reason, view.CanAgain)
		}
		typed := ""
		if step == 1 {
			typed = w.code(herPhone)
		}
		must(t, v.presses(typed))
		must(t, v.sets(goodOne, goodOne))
		if got := w.directory.people[0].password; got != "old" {
			t.Errorf("step %d: a password was written after its time", step+1)
		}
		id, secret, err := v.service.Again(t.Context(), v.Browser, v.id)
		must(t, err)
		v.id, v.Secret = id, secret
		w.work()
		v.stage(reset.Mail)
		v.Link = w.link(hers)
		v.stage(reset.Link)
	}
}

// The newer request ends the older one as soon as its mail goes out; whoever began the older
// one learns nothing from that without the link.
func TestReset_RST9_NewerEndsOlder(t *testing.T) {
	w := newWorld(t)
	first := w.begins(herAccount)
	w.work()
	token := w.link(hers)
	second := w.begins(herAccount)
	first.Link = token
	first.stage(reset.Link) // until the mail of the second is on its way
	w.work()
	if view := first.stage(reset.Over); view.Reason != reset.Newer {
		t.Errorf("the first is over for %q", view.Reason)
	}
	must(t, first.presses(""))
	if n := len(w.texts.sent); n != 0 {
		t.Errorf("%d texts for a dead link", n)
	}
	first.Link = ""
	first.stage(reset.Mail)
	second.Link = w.link(hers)
	must(t, second.presses(""))
	third := w.begins(herAccount)
	w.work()
	if view := second.stage(reset.Over); view.Reason != reset.Newer {
		t.Errorf("the second is over for %q at its second step", view.Reason)
	}
	must(t, second.presses(w.code(herPhone)))
	third.Link = w.link(hers)
	third.stage(reset.Link)
	// A fourth within ten minutes gets no mail, so that nobody can keep her from going on.
	w.begins(herAccount)
	w.work()
	third.stage(reset.Link)
}

// What the reset stands on has changed since the link was made.
func TestReset_RST9_ChangesEndIt(t *testing.T) {
	for name, change := range map[string]func(s *somebody){
		"disabled":     func(s *somebody) { s.Enabled = false },
		"role gone":    func(s *somebody) { s.roles = directory.Roles{} },
		"other phone":  func(s *somebody) { s.methods[1].Value = "+12025550199" },
		"phone gone":   func(s *somebody) { s.methods = slices.Delete(s.methods, 1, 2) },
		"other email":  func(s *somebody) { s.methods[2].Value = "mallory@example.net" },
		"synchronised": func(s *somebody) { s.OnPremisesSynced = true },
		"one more key": func(s *somebody) { s.methods = append(s.methods, directory.Method{ID: "k2", Kind: directory.Passkey}) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			v := w.begins(herAccount)
			w.work()
			v.Link = w.link(hers)
			change(w.directory.people[0])
			must(t, v.presses(""))
			if view := v.stage(reset.Over); view.Reason != reset.Changed {
				t.Errorf("before the text: over for %q", view.Reason)
			}
			w = newWorld(t)
			v = w.toPassword()
			change(w.directory.people[0])
			must(t, v.sets(goodOne, goodOne))
			if view := v.stage(reset.Over); view.Reason != reset.Changed || w.directory.people[0].password != "old" {
				t.Errorf("before the password: over for %q, password %q", view.Reason, w.directory.people[0].password)
			}
			if len(w.texts.sent) != 1 {
				t.Errorf("%d texts, want the one before the change", len(w.texts.sent))
			}
		})
	}
}

// A phone that changed within 72 hours proves nothing; the page says so once the mailbox is
// proved, and until when.
func TestReset_CHG11_CoolOff(t *testing.T) {
	for _, tt := range []struct {
		name  string
		since time.Duration
		want  reset.Stage
	}{{"71 hours", -71 * time.Hour, reset.Text}, {"73 hours", -73 * time.Hour, reset.Code}} {
		w := newWorld(t)
		if tt.since > -reset.CoolOff { // the directory tells those alone
			w.directory.changed = map[directory.Kind]time.Time{directory.Phone: start.Add(tt.since)}
		}
		v := w.begins(herAccount)
		w.work()
		v.Link = w.link(hers)
		err := v.presses("")
		view := v.stage(tt.want)
		if tt.want == reset.Code {
			must(t, err)
			continue
		}
		wantFault(t, err, fault.Forbidden, "reset.phone-recent")
		if view.Problem == nil || view.Problem.Key != "reset.phone-recent" || !view.Problem.Until.Equal(start.Add(time.Hour)) || len(w.texts.sent) != 0 {
			t.Errorf("%s: %+v, want until one hour from now, and no text", tt.name, view.Problem)
		}
	}
	// Where Entra's log may not be read, our own record counts alone.
	w := newWorld(t)
	w.directory.history = fault.New(fault.Forbidden, "directory.permission")
	v := w.begins(herAccount)
	w.work()
	v.Link = w.link(hers)
	must(t, v.presses(""))
	v.stage(reset.Code)
}

func TestReset_COD4_CodeOfAnotherBrowser(t *testing.T) {
	w := newWorld(t)
	v := w.begins(herAccount)
	w.work()
	v.Link = w.link(hers)
	must(t, v.presses(""))
	thief := &visitor{world: w, Browser: browser(), id: v.id}
	thief.Secret, thief.Link = strings.Repeat("A", 43), v.Link
	if err := thief.presses(w.code(herPhone)); !fault.Is(err, fault.NotFound) {
		t.Errorf("the code in another browser: %v, want not found", err)
	}
	wantFault(t, v.presses("000000"), fault.Invalid, "code.wrong")
	must(t, v.presses(w.code(herPhone)))
	v.stage(reset.Password)
}

// Who has the mailbox and guesses codes gets five tries, and she is told.
func TestReset_COD5_NOT3_CodesUsedUp(t *testing.T) {
	w := newWorld(t)
	v := w.begins(herAccount)
	w.work()
	v.Link = w.link(hers)
	must(t, v.presses(""))
	right := w.code(herPhone)
	wrong := "000000"
	if right == wrong {
		wrong = "000001"
	}
	for range 4 {
		wantFault(t, v.presses(wrong), fault.Invalid, "code.wrong")
	}
	wantFault(t, v.presses(wrong), fault.Invalid, "code.last-wrong")
	wantFault(t, v.presses(right), fault.Invalid, "code.over")
	w.work()
	if len(w.mails.to(herAccount)) == 0 {
		t.Error("she was not told at her work mailbox")
	}
	wantFault(t, v.service.Resend(t.Context(), v.Browser, v.id), fault.Limited, "limit.wait")
	w.clock.Advance(31 * time.Second)
	must(t, v.service.Resend(t.Context(), v.Browser, v.id))
	wantFault(t, v.presses(right), fault.Invalid, "code.wrong")
	must(t, v.presses(w.code(herPhone)))
	v.stage(reset.Password)
}

// The mail that nobody took is sent again, with a new link, as long as it is of use.
func TestReset_MailServerDown(t *testing.T) {
	w := newWorld(t)
	w.mails.err = fault.New(fault.Unavailable, "mail.down")
	v := w.begins(herAccount)
	w.work()
	w.mails.err = nil
	w.clock.Advance(2 * time.Second)
	w.work()
	v.Link = w.link(hers)
	v.stage(reset.Link)
	if n := len(w.mails.to(hers)); n != 1 {
		t.Errorf("%d mails, want 1", n)
	}
	w.work()
	if n := len(w.mails.to(hers)); n != 1 {
		t.Errorf("%d mails later, want 1", n)
	}
	w = newWorld(t)
	w.mails.err = message.ErrUncertain
	w.begins(herAccount)
	w.work()
	w.mails.err = nil
	w.clock.Advance(time.Minute)
	w.work()
	if n := len(w.mails.sent); n != 0 {
		t.Errorf("%d mails after one that may have gone out, want none", n)
	}
}

func TestReset_DirectoryDown(t *testing.T) {
	w := newWorld(t)
	for _, call := range []string{"find", "account", "roles", "policy", "methods", "history"} {
		w.directory.down[call] = fault.New(fault.Unavailable, "directory.down")
		v := w.begins(herAccount)
		w.work()
		if n := len(w.mails.sent); n != 0 && call != "account" {
			t.Errorf("%s down: %d mails", call, n)
		}
		delete(w.directory.down, call)
		w.clock.Advance(3 * time.Second)
		w.work()
		v.Link = w.link(hers)
		v.stage(reset.Link)
		w.mails.sent = nil
		w.clock.Advance(time.Hour)
	}
}
