package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"rekey/internal/audit"
)

// TestSecrets_AUD3 goes through every flow, with trouble in each, and then looks for codes,
// numbers, addresses, passwords, tokens and cookies in all that was logged, in the audit log
// and in the raw files of the database.
func TestSecrets_AUD3(t *testing.T) {
	data := t.TempDir()
	s, d := startSiteWith(t, func(c *demoCommand) { c.Data = data })
	maya, jonas := s.ordinary()
	canaries := map[string]string{"the old number": s.phone(maya), "the new number": firstNew, "another number": secondNew, "a third number": thirdNew}
	v := s.visitor()
	v.signIn(maya)
	for name, value := range v.cookies {
		canaries["the cookie "+name] = value
	}
	canaries["a form token"] = v.token()
	s.everyFlow(v, maya, jonas, canaries)
	for _, text := range s.texts("") {
		canaries["code "+text.ID] = sixDigits.FindString(text.Text)
	}
	for what, canary := range canaries {
		if len(canary) < 6 {
			t.Errorf("the canary for %s is %q: nothing would be found", what, canary)
		}
	}
	s.until(5*time.Second, "everything is sealed", func() bool {
		waiting, err := d.App.store.Unsealed(context.Background(), 1)
		return err == nil && len(waiting) == 0
	})
	places := map[string]string{"the log": s.log.String(), "the audit log": s.auditLog(d)}
	files, err := filepath.Glob(filepath.Join(data, "rekey.db*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("database files: %v, %v", files, err)
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if len(raw) > 0 { // the lock file is empty
			places[filepath.Base(f)] = string(raw)
		}
	}
	for place, text := range places {
		if len(text) < 100 {
			t.Errorf("%s is nearly empty: this test looks in the wrong place", place)
		}
		for what, canary := range canaries {
			for _, form := range forms(canary) {
				if containsWord(text, form) {
					t.Errorf("%s holds %s (%q)", place, what, form)
				}
			}
		}
	}
}

// everyFlow signs in well and badly, changes, fails, cancels, steps up and signs out.
func (s *site) everyFlow(v *visitor, maya, jonas string, canaries map[string]string) {
	s.t.Helper()
	first := v.begin(firstNew)
	v.send(first, "code", wrong(s.code(firstNew)))
	v.send(first, "code", "12x456")
	v.send(first + "/resend")
	v.send(first, "code", s.code(firstNew), "number", secondNew)
	second := v.begin(secondNew)
	v.send(second + "/cancel")
	v.send("/contacts/mobile", "country", "US", "number", firstNew+"99")
	s.advance(301 * time.Second)
	s.fault(fault{"part": "sms", "kind": "hangup-after"})
	third := v.begin(thirdNew)
	s.control("DELETE", "/_emulator/faults", nil, nil)
	s.advance(301 * time.Second)
	v.send(third + "/resend")
	v.send(third, "code", s.code(thirdNew)) // stale by now: proved
	s.fault(fault{"part": "graph", "kind": "hangup-after"})
	v.signIn(maya)
	canaries["the session"] = firstValue(v.cookies)
	s.applied(maya, thirdNew)
	s.until(30*time.Second, "the change is over", func() bool { return v.get(third).Find(".panel").Length() == 1 })
	s.fault(fault{"part": "entra", "kind": "status", "status": 503, "times": 1})
	v.get("/signin/callback?code=canarycode&state=canarystate")
	canaries["a callback's code"], canaries["a callback's state"] = "canarycode", "canarystate"
	v.get("/?q=canaryquery")
	canaries["a query"] = "canaryquery"
	v.post("/contacts/mobile", map[string][]string{"number": {"canaryform"}})
	canaries["a refused form"] = "canaryform"
	s.control("DELETE", "/_emulator/faults", nil, nil)
	s.everyContact(v, maya, canaries)
	s.aMove(canaries)
	other := s.visitor()
	other.signIn(jonas)
	other.get(third)
	v.send("/snapshot/refresh")
	v.send("/signout")
}

// everyContact adds, tests and removes an alternate email and an alternate phone, with mails
// that do not arrive, codes that are wrong, and the end of all sessions.
func (s *site) everyContact(v *visitor, maya string, canaries map[string]string) {
	s.t.Helper()
	canaries["the alternate email"], canaries["a refused address"] = private, "canary.refused@fernhill.example"
	canaries["the work mailbox"] = maya
	s.advance(25 * time.Hour)
	v.signIn(maya)
	s.fault(fault{"part": "mail", "kind": "status", "status": 451, "times": 2})
	v.send("/contacts/email", "address", "canary.refused@fernhill.example")
	v.starts("/contacts/email", "address", private) // its mail does not go out
	s.advance(31 * time.Second)
	change := v.starts("/contacts/email", "address", private)
	if len(s.texts(private)) == 0 {
		s.advance(61 * time.Second)
		v.send(change + "/resend")
	}
	v.send(change, "code", wrong(s.code(private)))
	v.send(change, "code", s.code(private))
	v.ends(change, true)
	s.told(1, private)
	s.advance(10 * time.Minute)
	v.signIn(maya)
	change = v.starts("/contacts/alternate-mobile", "country", "US", "number", secondNew)
	v.send(change, "code", s.code(secondNew))
	v.ends(change, true)
	v.send("/contacts/email/test")
	v.ends(v.starts("/contacts/email/remove"), true)
	v.send("/contacts/mobile/remove")
	v.send("/sessions/revoke")
	s.told(3, private)
}

// aMove moves somebody to a new phone with everything that can be answered, refused and lost
// on the way, and returns that person's browser.
func (s *site) aMove(canaries map[string]string) *visitor {
	s.t.Helper()
	canaries["the number that moved"], canaries["the old phone's name"] = priyaNumber, "iPhone 13"
	canaries["the new phone's name"], canaries["the mailbox that is reminded"] = "Canary 17 of Priya", priya
	s.advance(time.Minute)
	v := s.moving(priya, "new-phone", "no")
	soon := time.Now().Add(5 * 24 * time.Hour)
	v.form("/new-phone/day", "year", soon.Format("2006"), "month", soon.Format("1"), "date", soon.Format("2"))
	v.form("/new-phone/number", "moves", "yes")
	v.send("/new-phone/take-off") // too early
	v.inventory(s.methodID(priya, "iPhone 13"))
	s.moveSIM("Canary 17 of Priya")
	v.register(priya, authenticatorOn("Canary 17 of Priya"))
	s.setDefault("Canary 17 of Priya")
	v.testContact("/contacts/mobile", priyaNumber)
	s.fault(fault{"part": "graph", "kind": "hangup-after"})
	v.form("/new-phone/take-off")
	v.takenOff()
	v.signedOut()
	v.advance(2 * time.Minute)
	v.signIn(priya)
	v.form("/new-phone/hand-in")
	v.form("/new-phone", "situation", "no-phone")
	v.form("/new-phone/stop")
	return v
}

func firstValue(cookies map[string]string) string {
	for _, v := range cookies {
		return v
	}
	return "none"
}

// auditLog returns all events as JSON.
func (s *site) auditLog(d *demo) string {
	s.t.Helper()
	var all bytes.Buffer
	err := d.App.store.EachSealed(context.Background(), func(_ audit.Seal, e audit.Event, found bool) error {
		if !found {
			return errors.New("an event is missing")
		}
		return json.NewEncoder(&all).Encode(e)
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return all.String()
}

// forms are the ways in which a value may be written.
func forms(value string) []string {
	out := []string{value}
	if national, ok := strings.CutPrefix(value, "+1"); ok && len(national) == 10 {
		out = append(out, national, "+1 "+national, national[:3]+"-"+national[3:6]+"-"+national[6:], "%2B1"+national)
	}
	return out
}

// containsWord finds a code only where no other digit, letter or hyphen stands beside it:
// six digits are easily part of an id or of a time.
func containsWord(text, word string) bool {
	if !sixDigits.MatchString(word) || len(word) != 6 {
		return strings.Contains(text, word)
	}
	return regexp.MustCompile(`(^|[^0-9A-Za-z.\-])` + word + `($|[^0-9A-Za-z.\-])`).MatchString(printable(text))
}

// printable cuts what is not text out of a database file, so that its bytes are not taken
// for words.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return 'x'
		}
		return r
	}, text)
}
