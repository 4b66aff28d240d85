package handlers_test

import (
	"fmt"
	"testing"

	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/message"
	"rekey/internal/notice"
	"rekey/internal/verification"
	"rekey/templates"
)

// acts are what can be done to each contact, as the journey's changes say it.
func acts() map[string]contact.Change {
	all := map[string]contact.Change{}
	for _, kind := range []directory.Kind{directory.Phone, directory.AlternatePhone, directory.Email} {
		new, old := "+1 •••-•••-••43", "+1 •••-•••-••42"
		if kind == directory.Email {
			new, old = "m••••@example.org", "m••••@example.net"
		}
		all["add "+string(kind)] = contact.Change{Kind: kind, Act: contact.Set, Masked: new}
		all["change "+string(kind)] = contact.Change{Kind: kind, Act: contact.Set, Masked: new, OldMasked: old}
		all["remove "+string(kind)] = contact.Change{Kind: kind, Act: contact.Remove, OldMasked: old}
		all["test "+string(kind)] = contact.Change{Kind: kind, Act: contact.Test, Masked: old, OldMasked: old}
	}
	all["promote phone"] = contact.Change{Kind: directory.Phone, Act: contact.Promote, Masked: "+1 •••-•••-••43", OldMasked: "+1 •••-•••-••42"}
	return all
}

// stepsOf are the steps of a change, with a state of each.
func stepsOf(ch contact.Change) map[contact.Step]contact.State {
	all := map[contact.Step]contact.State{contact.EnterCode: contact.Proving, contact.Done: contact.Applied, contact.Stopped: contact.Cancelled}
	if ch.Writes() {
		all[contact.SignInAgain], all[contact.Confirm], all[contact.Wait] = contact.Proved, contact.Proved, contact.Applying
	}
	return all
}

func TestPages_EveryActOnEveryContact(t *testing.T) {
	for name, ch := range acts() {
		for step, state := range stepsOf(ch) {
			f := withRealPages(t)
			f.fill()
			b, token := f.signedIn("maya")
			ch.ID, ch.State = changeID, state
			v := contact.View{Change: ch, Step: step, Here: true, To: "+1 •••-•••-••42", CodeAlive: true, TriesLeft: 5, Delivery: verification.Sent,
				SentAt: f.now, GoodUntil: f.now.Add(verification.Lifetime), Channel: message.Text,
				Told: []notice.Notice{{ToMask: "m••••@example.net", Channel: message.Mail, State: notice.Abandoned}}}
			f.contacts.put(v)
			what := fmt.Sprintf("%s, %s", name, step)
			f.checkPage(what, b.Get("/changes/"+changeID), token)
			f.checkPage(what+", home", b.Get("/"), token)
			v.Here = false
			f.contacts.put(v)
			f.checkPage(what+", elsewhere", b.Get("/changes/"+changeID), token)
		}
	}
}

func TestPages_EveryFormOfEveryContact(t *testing.T) {
	for kind, path := range paths() {
		f := withRealPages(t)
		f.fill()
		f.snapshots.kept.Methods = append(f.snapshots.kept.Methods, directory.Method{Kind: directory.AlternatePhone, Value: "+12025550155"})
		b, token := f.signedIn("maya")
		f.checkPage(path, b.Get(path), token)
		present, _ := f.snapshots.kept.Contact(kind)
		other := directory.Method{Kind: directory.Email, Value: "maya@example.net"}
		for name, r := range map[string]contact.Removal{"plain": {Stays: f.snapshots.kept.Methods}, "agreed to": {Agrees: &other}, "promotion": {Promote: &other},
			"the last way in": {Refused: "remove.last-way"}, "a deaf alternate": {Refused: "remove.alternate-first"}, "nobody agrees": {Refused: "change.no-contact-on-record"}} {
			r.Present = present
			f.contacts.removal = &r
			doc := f.checkPage(path+"/remove, "+name, b.Get(path+"/remove"), token)
			if can := r.Refused == ""; (doc.Find(`form[action="`+path+`/remove"]`).Length() == 1) != can {
				t.Errorf("%s/remove, %s: a form = %v, want %v", path, name, !can, can)
			}
		}
		for _, e := range []*fault.Error{{Kind: fault.Limited, Key: "limit.new", Until: f.now}, fault.At("number", "number.empty", nil), fault.At("address", "address.empty", nil)} {
			f.contacts.fail = e
			f.checkPage(path+" with "+e.Key, b.Post(path, fields("form_token", token)), token)
			f.contacts.fail = e
			f.checkPage(path+"/remove with "+e.Key, b.Post(path+"/remove", fields("form_token", token)), token)
		}
	}
}

// TestChange_SaysWhatItIsAbout: the words of a page hang on what is done to which contact.
func TestChange_SaysWhatItIsAbout(t *testing.T) {
	for name, ch := range acts() {
		f := newFixture(t)
		f.fill()
		b, _ := f.signedIn("maya")
		ch.ID, ch.State = changeID, contact.Proving
		f.contacts.put(contact.View{Change: ch, Step: contact.EnterCode, Here: true, CodeAlive: true, TriesLeft: 5})
		b.Get("/changes/" + changeID)
		if p := page[templates.CodeForm](f); p.Act+" "+p.Kind != name {
			t.Errorf("the page of %q is about %q", name, p.Act+" "+p.Kind)
		}
		b.Get("/")
		if p := page[templates.Home](f); len(p.Running) != 1 || p.Running[0].Act+" "+p.Running[0].Kind != name || p.Running[0].To == "" {
			t.Errorf("home while %q = %+v", name, p.Running)
		}
	}
}
