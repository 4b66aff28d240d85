package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// value returns what a person has of a kind of contact in the directory: a number as E.164,
// or an address, "" when there is none.
func (s *site) value(upn, kind string) string {
	for _, p := range s.people() {
		if p.UserPrincipalName != upn {
			continue
		}
		for _, m := range p.Methods {
			if fmt.Sprint(m["phoneType"]) == kind {
				return strings.ReplaceAll(fmt.Sprint(m["phoneNumber"]), " ", "")
			}
			if address, ok := m["emailAddress"].(string); ok && kind == "email" {
				return address
			}
		}
	}
	return ""
}

// ends waits until the page of a change says that it is over, well or not.
func (v *visitor) ends(change string, well bool) page {
	v.t.Helper()
	var p page
	v.until(15*time.Second, "the change comes to its end", func() bool {
		p = v.get(change)
		return p.Find(".panel").Length() == 1 || p.Find("main form[method=post]").Length() == 0 && p.Find(".trail").Length() == 0
	})
	if done := p.Find(".panel").Length() == 1; done != well {
		v.t.Errorf("%s ended well: %v, want %v: %.300s", change, done, well, strings.Join(strings.Fields(p.Find("main").Text()), " "))
	}
	return p
}

// starts sends a form and returns the path of the change that it began.
func (v *visitor) starts(path string, fields ...string) string {
	v.t.Helper()
	p := v.send(path, fields...)
	if p.status != http.StatusSeeOther || !strings.HasPrefix(p.location, "/changes/") {
		v.t.Fatalf("POST %s %v: %d to %q: %.400s", path, fields, p.status, p.location, strings.Join(strings.Fields(p.Find("main").Text()), " "))
	}
	return p.location
}

// told waits until each of them has so many notices.
func (s *site) told(n int, to ...string) {
	s.t.Helper()
	for _, address := range to {
		s.until(15*time.Second, fmt.Sprintf("%d notices at %s", n, address), func() bool { return s.noticesAt(address) == n })
	}
}

// noticesAt counts the different notices at a number or mailbox. The end of a job that the
// clock jumped over is not its own any more, and its notice goes out again: twice is better
// than never.
func (s *site) noticesAt(address string) int {
	different := map[string]bool{}
	for _, m := range s.notices(address) {
		different[m.Subject+m.Text] = true
	}
	return len(different)
}

const private = "maya@private.example"

// Every contact of one person: added, tested, changed, promoted and removed, each proved at
// its destination, each told to all (journey 2, NOT-1, NOT-2).
func TestContacts_AddTestChangePromoteRemove(t *testing.T) {
	s := startSite(t)
	maya, _ := s.ordinary()
	old := s.phone(maya)
	v := s.visitor()
	v.signIn(maya)

	if p := v.get("/contacts/alternate-mobile"); p.status != 200 || p.Find("#number").Length() != 1 {
		t.Errorf("the form of the alternate phone beside a phone: %d", p.status)
	}
	change := v.starts("/contacts/email", "address", private)
	if mails := s.texts(private); len(mails) != 1 || mails[0].Channel != "mail" || sixDigits.MatchString(mails[0].Subject) {
		t.Fatalf("mails with a code = %+v, want one, with no code in its subject (NOT-4)", mails)
	}
	v.send(change, "code", s.code(private))
	v.ends(change, true)
	if got := s.value(maya, "email"); got != private {
		t.Errorf("the alternate email is %q, want %q", got, private)
	}
	s.told(1, old, private, maya)

	s.advance(6 * time.Minute)
	v.signIn(maya)
	change = v.starts("/contacts/email/test")
	v.send(change, "code", s.code(private))
	if p := v.ends(change, true); !strings.Contains(p.Find("h1").Text(), "still reaches you") {
		t.Errorf("after a test the page says %q", p.Find("h1").Text())
	}
	s.told(1, old, private, maya) // a test changes nothing

	change = v.starts("/contacts/alternate-mobile", "country", "US", "number", firstNew)
	v.send(change, "code", s.code(firstNew))
	v.ends(change, true)
	if got := s.value(maya, "alternateMobile"); got != firstNew {
		t.Errorf("the alternate phone is %q, want %q", got, firstNew)
	}
	s.told(2, old, private, maya)
	s.told(1, firstNew)

	s.advance(11 * time.Minute)
	v.signIn(maya)
	_, before := s.methodCalls()
	change = v.starts("/contacts/mobile/remove") // the alternate one becomes the phone
	v.send(change, "code", s.code(firstNew))
	v.ends(change, true)
	if _, writes := s.methodCalls(); s.value(maya, "mobile") != firstNew || s.value(maya, "alternateMobile") != "" || writes-before != 2 {
		t.Errorf("after the promotion: phone %s, alternate %q, %d writes, want the alternate one as the phone, with two", s.value(maya, "mobile"), s.value(maya, "alternateMobile"), writes-before)
	}
	s.told(3, old, private, maya)

	s.advance(11 * time.Minute)
	v.signIn(maya)
	change = v.starts("/contacts/email/remove")
	v.ends(change, true)
	if got := s.value(maya, "email"); got != "" {
		t.Errorf("the alternate email is still %q", got)
	}
	s.told(4, old, private, maya)
	s.told(3, firstNew) // added, promoted, and this

	// Three days later what is gone hears nothing any more.
	s.advance(73 * time.Hour)
	v.signIn(maya)
	change = v.begin(secondNew)
	v.send(change, "code", s.code(secondNew))
	v.ends(change, true)
	s.told(5, maya)
	s.told(4, firstNew)
	s.told(1, secondNew)
	if n, m := s.noticesAt(old), s.noticesAt(private); n != 4 || m != 4 {
		t.Errorf("three days later the old phone has %d notices and the old address %d, want 4 and 4", n, m)
	}
}

func TestContacts_OLD2_TheLastWayInIsNotRemoved(t *testing.T) {
	s := startSite(t)
	maya, _ := s.ordinary()
	v := s.visitor()
	v.signIn(maya)
	if p := v.get("/contacts/mobile/remove"); p.status != 200 || p.Find("form[action='/contacts/mobile/remove']").Length() != 0 {
		t.Errorf("the page of a removal that is refused: %d with a button", p.status)
	}
	if p := v.send("/contacts/mobile/remove"); p.status != http.StatusUnprocessableEntity || s.phone(maya) == "" {
		t.Errorf("removing the last way in: %d, the phone is %q, want 422 and the phone kept", p.status, s.phone(maya))
	}
	if p := v.get("/contacts/email/remove"); p.status != http.StatusNotFound {
		t.Errorf("removing what is not there: %d, want 404", p.status)
	}
}

// Microsoft keeps the default method while there are others: the page says what to do.
func TestContacts_MicrosoftKeepsTheDefault(t *testing.T) {
	s := startSite(t)
	const grace = "grace.kimani@fernhill.example" // a phone, which is the default, and a code app
	phone := s.phone(grace)
	v := s.visitor()
	v.signIn(grace)
	change := v.starts("/contacts/mobile/remove")
	p := v.ends(change, false)
	if s.phone(grace) != phone || !strings.Contains(p.Find("main").Text(), "choose another default") {
		t.Errorf("the phone is %q, the page says %q", s.phone(grace), strings.Join(strings.Fields(p.Find("main").Text()), " "))
	}
	if n := len(s.notices("")); n != 0 {
		t.Errorf("%d notices of a change that was not made", n)
	}
}

// Without an authentication context another contact agrees to a removal.
func TestContacts_OID4_RemovalWithoutAuthenticationContext(t *testing.T) {
	s := startSite(t, func(c *demoCommand) { c.NoContext = true })
	const jonas = "jonas.lindqvist@fernhill.example"
	v := s.visitor()
	v.signIn(jonas)
	number := s.value(jonas, "mobile")
	change := v.starts("/contacts/email/remove")
	if s.value(jonas, "email") == "" || len(s.texts(number)) != 1 {
		t.Fatalf("%d codes at the phone, want one before anything goes", len(s.texts(number)))
	}
	v.send(change, "code", s.code(number))
	v.ends(change, true)
	if got := s.value(jonas, "email"); got != "" {
		t.Errorf("the alternate email is still %q", got)
	}
}

func TestContacts_CHG10_BadAddresses(t *testing.T) {
	s := startSite(t)
	maya, _ := s.ordinary()
	v := s.visitor()
	v.signIn(maya)
	for _, typed := range []string{maya, "x", "a@b.example,c@d.example", "Maya <m@private.example>", "m@private.example\r\nBcc: x@y.example",
		"jonas.lindqvist@fernhill.example", strings.Repeat("a", 10_000) + "@private.example", "m@private.example\x00"} {
		p := v.send("/contacts/email", "address", typed)
		if p.status != http.StatusUnprocessableEntity && p.status != http.StatusBadRequest || p.Find("h1").Length() != 1 {
			t.Errorf("address %.40q: %d, want a clear refusal", typed, p.status)
		}
		if got, _ := p.Find("#address").Attr("value"); p.status == http.StatusUnprocessableEntity && !strings.Contains(typed, "\r") && got != typed {
			t.Errorf("what was typed is lost: %.40q of %.40q", got, typed)
		}
	}
	if mails := slices.DeleteFunc(s.messages(""), func(m text) bool { return m.Channel != "mail" }); len(mails) != 0 {
		t.Errorf("mails = %+v, want none", mails)
	}
}

// The other sessions end with a change, and not with a test of a contact.
func TestContacts_SES6_OtherSessionsEnd(t *testing.T) {
	s := startSite(t)
	maya, _ := s.ordinary()
	v, other := s.visitor(), s.visitor()
	v.signIn(maya)
	other.signIn(maya)
	change := v.starts("/contacts/mobile/test")
	v.send(change, "code", s.code(s.phone(maya)))
	v.ends(change, true)
	other.wantHome("another session after a test", true)
	change = v.begin(firstNew)
	v.send(change, "code", s.code(firstNew))
	v.ends(change, true)
	other.wantHome("another session after a change", false)
	v.wantHome("the session that changed it", true)
}
