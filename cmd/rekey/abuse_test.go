package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// attempt asks for a code as fast as it can, from an address of its own choosing.
func (v *visitor) attempt(token, country, number, from string) int {
	form := url.Values{"form_token": {token}, "country": {country}, "number": {number}}
	req, err := http.NewRequest("POST", v.base+"/contacts/mobile", strings.NewReader(form.Encode()))
	if err != nil {
		return 0
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.Header.Set("X-Forwarded-For", from)
	for name, value := range v.cookies {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		return 0
	}
	res.Body.Close()
	return res.StatusCode
}

// One person asks for 200 codes to 50 numbers, many of them in a row, in closed countries and
// premium ranges, with a new X-Forwarded-For each time, through two processes at once: three
// texts are sent, exactly what the allowance says, and not one more in the next minutes.
func TestAbuse_ABU1_ABU2_ABU4_ABU6_TwoHundredSendsThroughTwoProcesses(t *testing.T) {
	c := startCluster(t)
	maya := c.employees()[0]
	v := c.sites[0].visitor()
	v.signIn(maya)
	token := v.token()
	type ask struct{ country, number string }
	var asks []ask
	for n := range 25 {
		asks = append(asks, ask{"US", fmt.Sprintf("202555%04d", 140+n)})
	}
	for _, closed := range []string{"+5352123456", "+18765551234", "+18095551234", "+37120123456", "+22507123456", "+26878123456", "+6745551234", "+2217012345"} {
		asks = append(asks, ask{"US", closed}) // Cuba, Jamaica, Dominican Republic, Latvia …
	}
	for _, special := range []string{"+19005551234", "+18005551234", "+870773123456", "+881612345678", "+8835100123456", "+449091234567",
		"+448712345678", "+447012345678", "+491805123456", "+4990012345678", "+447640123456", "+33899123456"} {
		asks = append(asks, ask{"US", special}) // premium, free, satellite, shared cost, personal, pagers
	}
	for len(asks) < 50 {
		asks = append(asks, ask{"US", fmt.Sprintf("202555%04d", 165+len(asks)%30)})
	}
	answers := map[int]int{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for n := range 200 {
		all.Go(func() {
			w := visitor{site: c.sites[n%2], cookies: v.cookies}
			a := asks[n%len(asks)]
			status := w.attempt(token, a.country, a.number, fmt.Sprintf("203.0.113.%d", n))
			mu.Lock()
			answers[status]++
			mu.Unlock()
		})
	}
	all.Wait()
	// An ask that waited too long for its place is answered 503, and its place is lost, never
	// given twice: on a machine that is busy with something else there may be such a one.
	sent := c.tenant.texts("")
	if len(sent) == 0 || len(sent) > 3 || len(sent)+answers[http.StatusServiceUnavailable] < 3 {
		t.Fatalf("200 asks sent %d texts, want exactly three; answers %v", len(sent), answers)
	}
	for _, m := range sent {
		if !strings.HasPrefix(m.To, "+12025550") {
			t.Errorf("a text went to %s", m.To)
		}
	}
	if answers[http.StatusTooManyRequests] == 0 || answers[http.StatusUnprocessableEntity] == 0 || answers[0] != 0 || answers[http.StatusInternalServerError] != 0 {
		t.Errorf("answers = %v, want 429 and 422 among them, none missing and no 500", answers)
	}
	c.tenant.advance(4*time.Minute + 50*time.Second)
	for n := range 10 {
		(&visitor{site: c.sites[n%2], cookies: v.cookies}).attempt(token, "US", fmt.Sprintf("202555%04d", 140+n), "198.51.100.7")
	}
	if n := len(c.tenant.texts("")); n > 3 || n < len(sent) {
		t.Errorf("in five minutes %d texts, want three (a sliding window)", n)
	}
	// The person is not locked out for good: a number that was tried works again in time.
	c.tenant.advance(20 * time.Minute)
	v.signIn(maya)
	if p := v.send("/contacts/mobile", "country", "US", "number", sent[0].To); p.status != http.StatusSeeOther {
		t.Errorf("a tried number after 25 minutes: %d, want 303", p.status)
	}
	if p := v.send("/contacts/mobile", "country", "US", "number", "+12025550199"); p.status != http.StatusTooManyRequests || p.header.Get("Retry-After") == "" {
		t.Errorf("a fourth new number on the same day: %d, Retry-After %q, want 429 with a time", p.status, p.header.Get("Retry-After"))
	}
}

// The mail server is down while a change is made, and comes back: the notice arrives once.
func TestNotices_NOT4_MailServerDownThenUp(t *testing.T) {
	for _, kind := range []fault{
		{"part": "mail", "kind": "status", "status": 421, "times": 0},
		{"part": "mail", "kind": "status", "status": 451, "times": 0},
	} {
		s := startSite(t)
		maya, _ := s.ordinary()
		v := s.visitor()
		v.signIn(maya)
		s.fault(kind)
		change := v.begin(firstNew)
		v.send(change, "code", s.code(firstNew))
		s.applied(maya, firstNew)
		s.until(10*time.Second, "the page says it is done", func() bool { return v.get(change).Find(".panel h1").Length() == 1 })
		s.advance(30 * time.Minute)
		s.until(10*time.Second, "it was tried again", func() bool {
			n := 0
			for _, r := range s.requests() {
				if r.Part == "mail" {
					n++
				}
			}
			return n >= 2
		})
		if n := len(s.notices(maya)); n != 0 {
			t.Errorf("%d notices arrived while the mail server was down", n)
		}
		s.control("DELETE", "/_emulator/faults", nil, nil)
		s.advance(15 * time.Minute)
		s.until(10*time.Second, "the notice arrives", func() bool { return len(s.notices(maya)) > 0 })
		s.advance(30 * time.Hour)
		<-time.After(300 * time.Millisecond) // nothing is to happen: there is no event to wait for
		mails := s.notices(maya)
		if len(mails) != 1 || mails[0].Channel != "mail" || !strings.Contains(mails[0].Subject, "phone") {
			t.Errorf("notices to the work mailbox = %+v, want one mail", mails)
		}
	}
}
