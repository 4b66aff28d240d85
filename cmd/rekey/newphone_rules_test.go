package main

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestNewPhone_OLD2_NothingBeforeItsTime: tasks that are not reached do nothing.
func TestNewPhone_OLD2_NothingBeforeItsTime(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	v := s.moving(priya, "new-phone", "yes")
	v.inventory(v.guessed()...)
	before := s.types(priya)
	for _, path := range []string{"/new-phone/take-off", "/new-phone/take-off/again", "/new-phone/sign-out", "/new-phone/hand-in"} {
		v.advance(time.Minute)
		if p := v.send(path); p.status != 409 {
			t.Errorf("POST %s before its time = %d, want 409", path, p.status)
		}
	}
	if after := s.types(priya); !slices.Equal(before, after) {
		t.Errorf("methods = %v, want %v", after, before)
	}
}

// TestNewPhone_OLD2_AnEarlierSignOutDoesNotCount: who signed out everywhere before the old
// phone was off finds the way to do it again.
func TestNewPhone_OLD2_AnEarlierSignOutDoesNotCount(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	v := s.readyToTakeOff()
	v.form("/sessions/revoke")
	s.until(10*time.Second, "Microsoft ended the sessions", func() bool {
		return strings.Contains(v.get("/sessions").main(), "ended") || v.get("/sessions").Find(".bar.fine").Length() == 1
	})
	v.form("/new-phone/take-off")
	v.takenOff()
	v.wantNext("sign-out")
	if v.get("/new-phone/sign-out").Find(`form[action="/new-phone/sign-out"]`).Length() != 1 {
		t.Fatalf("no way to sign out: %s", v.get("/new-phone/sign-out").main())
	}
	v.advance(time.Minute)
	v.signedOut()
	v.wantNext("sign-in")
}

// TestNewPhone_AVL2_NothingWasReadYet: of an account that could not be read nothing is said.
func TestNewPhone_AVL2_NothingWasReadYet(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	v := s.visitor()
	s.fault(fault{"part": "graph", "kind": "status", "status": 503, "times": 100})
	v.signIn(priya)
	v.form("/new-phone", "situation", "lost")
	for _, path := range []string{"/new-phone", "/new-phone/inventory"} {
		if p := v.get(path); p.status != 503 || strings.Contains(p.main(), "nothing on your account") {
			t.Errorf("GET %s while nothing was read = %d %s, want 503", path, p.status, p.main())
		}
	}
	if p := v.send("/new-phone/sign-out"); p.status == 303 {
		t.Error("signing out as a task of a list that cannot be known")
	}
}

// TestNewPhone_CHG1_TakingOffNeedsAFreshSignIn: a session that was left open takes nothing
// off.
func TestNewPhone_CHG1_TakingOffNeedsAFreshSignIn(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	v := s.readyToTakeOff()
	before := s.types(priya)
	v.advance(11 * time.Minute)
	p := v.send("/new-phone/take-off")
	if p.status != 200 || p.Find(`a[href^="/signin?"]`).Length() == 0 {
		t.Errorf("taking off with an old sign-in = %d %s, want a way to the sign-in", p.status, p.main())
	}
	v.signIn(priya, map[string]any{"strong": false})
	if p := v.send("/new-phone/take-off"); p.status != 200 {
		t.Errorf("taking off with a weak sign-in = %d, want a way to the sign-in", p.status)
	}
	if p := v.get("/signin/not-fresh?return_to=%2Fnew-phone%2Ftake-off"); p.status != 403 || strings.Contains(p.main(), "number that you typed") {
		t.Errorf("back from a weak sign-in: %d %s", p.status, p.main())
	}
	v.takenOff()
	if after := s.types(priya); !slices.Equal(before, after) {
		t.Errorf("methods = %v, want %v", after, before)
	}
}

// TestNewPhone_CHG3_WithoutContextACodeComesFirst: where the strength of a sign-in is not
// proved, a code to a contact that stays is.
func TestNewPhone_CHG3_WithoutContextACodeComesFirst(t *testing.T) {
	t.Parallel()
	s := startSite(t, func(c *demoCommand) { c.NoContext = true })
	v := s.readyToTakeOff()
	v.advance(11 * time.Minute)
	v.signIn(priya)
	if p := v.send("/new-phone/take-off"); p.status != 422 || !strings.Contains(p.main(), "First a code") {
		t.Errorf("without a code of the last ten minutes = %d %s, want 422 and the way to one", p.status, p.main())
	}
	v.testContact("/contacts/mobile", priyaNumber)
	v.form("/new-phone/take-off")
	v.takenOff()
	v.wantNext("sign-out")
}

// TestNewPhone_OLD1_TwoDevicesAtOnce: what one has moved on, the other sees, and the same
// confirmation twice takes nothing off twice.
func TestNewPhone_OLD1_TwoDevicesAtOnce(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	v := s.readyToTakeOff()
	other := s.visitor()
	other.advance(11 * time.Second)
	other.signIn(priya)
	other.wantNext("take-off")
	v.form("/new-phone/take-off")
	other.advance(11 * time.Second)
	if p := other.send("/new-phone/take-off"); p.status != 303 && p.status != 409 { // on its way, or done
		t.Errorf("the same on another device = %d %s", p.status, p.main())
	}
	v.takenOff()
	deletes := 0
	for _, r := range s.requests() {
		if r.Method == "DELETE" {
			deletes++
		}
	}
	if got := s.types(priya); deletes != 1 || len(slices.DeleteFunc(got, func(k string) bool { return k != "microsoftAuthenticator" })) != 1 {
		t.Errorf("%d removals, methods = %v, want 1 and one Authenticator left", deletes, s.types(priya))
	}
	other.wantNext("sign-out")
}

// TestNewPhone_APlannedDay: it is named, can be another one, and nothing happens by itself.
func TestNewPhone_APlannedDay(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	const maya = "maya.okafor@fernhill.example"
	v := s.moving(maya, "new-number", "")
	soon := time.Now().Add(3 * 24 * time.Hour)
	day := func(at time.Time) []string {
		return []string{"year", at.Format("2006"), "month", at.Format("1"), "date", at.Format("2")}
	}
	for _, wrong := range [][]string{{"year", "2026", "month", "2", "date", "30"}, {"year", "x"}, day(soon.Add(-100 * 24 * time.Hour)), day(soon.Add(400 * 24 * time.Hour))} {
		if p := v.send("/new-phone/day", wrong...); p.status != 422 || p.Find(".summary a[href='#date']").Length() != 1 {
			t.Errorf("the day %v = %d, want 422 with a link to the field", wrong, p.status)
		}
	}
	v.form("/new-phone/day", day(soon.Add(24*time.Hour))...)
	v.form("/new-phone/day", day(soon)...) // another day in its place
	if p := v.get("/new-phone"); !strings.Contains(p.main(), "Your new number works from") {
		t.Errorf("the list does not name the day: %s", p.main())
	}
	v.advance(5 * 24 * time.Hour) // the day has come and gone
	if s.phone(maya) != "+14255550142" {
		t.Errorf("phone = %q, want the old one", s.phone(maya))
	}
	v.signIn(maya)
	v.form("/new-phone/day/cancel")
	if p := v.get("/new-phone"); strings.Contains(p.main(), "Your new number works from") {
		t.Error("the day was cancelled, and is named")
	}
}

// TestNewPhone_Reminder: it comes the day before at nine, once.
func TestNewPhone_Reminder(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	const maya = "maya.okafor@fernhill.example"
	v := s.moving(maya, "new-number", "")
	zone, err := time.LoadLocation("America/New_York") // of the demo's organisation
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().In(zone).AddDate(0, 0, 3)
	v.form("/new-phone/day", "year", at.Format("2006"), "month", at.Format("1"), "date", at.Format("2"))
	count := func() (n int) {
		for _, m := range s.messages(maya) {
			if strings.Contains(m.Subject, "tomorrow is the day of your new number") && strings.Contains(m.Text, "/new-phone/day") {
				n++
			}
		}
		return n
	}
	due := time.Date(at.Year(), at.Month(), at.Day()-1, 9, 0, 0, 0, zone)
	v.advance(time.Until(due) - time.Minute)
	v.signIn(maya)
	if n := count(); n != 0 {
		t.Errorf("%d reminders a minute before their time, want none", n)
	}
	v.advance(2 * time.Minute)
	s.until(10*time.Second, "one reminder comes", func() bool { return count() == 1 })
}

// TestNewPhone_ABU3_Answers: one person cannot fill the audit log with answers.
func TestNewPhone_ABU3_Answers(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	v := s.visitor()
	v.signIn(priya)
	token := v.token()
	for i := range 101 {
		p := v.post("/new-phone", url.Values{"form_token": {token}, "situation": {[]string{"no-phone", "new-phone"}[i%2]}})
		if want := map[bool]int{false: 303, true: 429}[i == 100]; p.status != want {
			t.Fatalf("answer %d = %d, want %d", i+1, p.status, want)
		}
	}
}

// TestNewPhone_AUD1_EveryActIsInTheLog: what is done on the way, what is refused, and the
// removal before and after.
func TestNewPhone_AUD1_EveryActIsInTheLog(t *testing.T) {
	t.Parallel()
	s, d := startSiteWith(t)
	s.aMove(map[string]string{})
	var log string
	s.until(10*time.Second, "the events are sealed", func() bool { log = s.auditLog(d); return strings.Contains(log, "retirement.stop") })
	for _, want := range []string{`"retirement.start","Outcome":"success"`, `"retirement.answer","Outcome":"success"`, `"retirement.plan","Outcome":"success"`,
		`"retirement.confirm","Outcome":"refusal","Reason":"new-phone.not-yet"`, `"retirement.confirm","Outcome":"success"`,
		`"method.remove","Outcome":"intent"`, `"method.remove","Outcome":"success"`, `"retirement.sign-in","Outcome":"success"`,
		`"retirement.finish","Outcome":"success"`, `"retirement.stop","Outcome":"success"`} {
		if !strings.Contains(log, `"Action":`+want) {
			t.Errorf("the audit log lacks %s", want)
		}
	}
}

// TestNewPhone_AVL2_QuietLooks: however many pages wait and look by themselves, the
// directory is asked no more than a few times a minute for it.
func TestNewPhone_AVL2_QuietLooks(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	var waiting []*visitor
	for _, who := range []string{"maya.okafor", "priya.raman", "lena.vogt", "grace.kimani", "tomas.herrera"} {
		v := s.visitor()
		v.advance(11 * time.Second)
		v.signIn(who + "@fernhill.example")
		v.form("/new-phone", "situation", "no-phone")
		waiting = append(waiting, v)
	}
	v := waiting[0]
	v.advance(time.Minute)
	before, _ := s.methodCalls()
	for range 6 {
		for _, v := range waiting {
			if p := v.send("/new-phone/look", "task", "place", "quiet", "1"); p.status != 204 {
				t.Fatalf("a quiet look = %d", p.status)
			}
		}
	}
	if after, _ := s.methodCalls(); after-before > 12 || after == before {
		t.Errorf("30 quiet looks in a minute made %d calls on methods, want some and at most 12", after-before)
	}
}
