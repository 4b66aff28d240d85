package main

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestChange_FromNumberToDirectory(t *testing.T) {
	s := startSite(t)
	maya, _ := s.ordinary()
	old := s.phone(maya)
	v := s.visitor()
	v.signIn(maya)
	calls, _ := s.methodCalls()
	for range 5 {
		if p := v.get("/"); p.status != http.StatusOK {
			t.Fatalf("GET / = %d", p.status)
		}
	}
	if now, _ := s.methodCalls(); now != calls {
		t.Errorf("five views of / cost %d Graph calls, want none", now-calls)
	}
	change := v.begin(firstNew)
	for range 3 {
		v.get(change)
		v.get("/contacts/mobile")
	}
	if n := len(s.texts("")); n != 1 {
		t.Errorf("%d texts, want 1: looking never sends (ABU-3, WEB-2)", n)
	}
	if p := v.send(change, "code", s.code(firstNew)); p.status != http.StatusSeeOther || p.location != change {
		t.Errorf("a right code: %d to %q, want 303 to %s", p.status, p.location, change)
	}
	s.applied(maya, firstNew)
	s.until(5*time.Second, "the page says it is done", func() bool { return v.get(change).Find(".panel h1").Length() == 1 })
	if after, writes := s.methodCalls(); after-calls > 3 || writes != 1 {
		t.Errorf("a whole change cost %d method calls with %d writes, want at most 3 with 1", after-calls, writes)
	}
	if n := len(s.texts(old)); n != 0 {
		t.Errorf("%d texts to the old number, want none", n)
	}
	if home := v.get("/").Find("main").Text(); !strings.Contains(home, "ending in 40") {
		t.Error("the security info page does not show the new number")
	}
}

func TestChange_COD2_AtTheEdgeOfTenMinutes(t *testing.T) {
	for _, tt := range []struct {
		after time.Duration
		good  bool
	}{{595 * time.Second, true}, {601 * time.Second, false}} {
		s := startSite(t)
		maya, _ := s.ordinary()
		v := s.visitor()
		v.signIn(maya)
		change := v.begin(firstNew)
		s.advance(tt.after)
		p := v.send(change, "code", s.code(firstNew))
		if tt.good {
			if p.status != http.StatusSeeOther {
				t.Errorf("after %v: %d, want accepted", tt.after, p.status)
			}
			s.applied(maya, firstNew)
			continue
		}
		if p.status != http.StatusUnprocessableEntity || p.Find(".summary").Length() != 1 {
			t.Errorf("after %v: %d %s, want refused with a summary", tt.after, p.status, p.Find("h1").Text())
		}
	}
}

func TestChange_CHG1_StaleSignInAppliesAfterStepUpWithoutANewCode(t *testing.T) {
	s := startSite(t)
	maya, _ := s.ordinary()
	v := s.visitor()
	v.signIn(maya)
	s.advance(5 * time.Minute)
	change := v.begin(firstNew)
	code := s.code(firstNew)
	s.advance(6 * time.Minute)
	if p := v.send(change, "code", code); p.status != http.StatusSeeOther {
		t.Fatalf("a right code under a stale sign-in: %d", p.status)
	}
	p := v.get(change)
	if link, _ := p.Find("main a.btn.main").Attr("href"); !strings.HasPrefix(link, "/signin?") {
		t.Errorf("the page leads to %q, want /signin", link)
	}
	if s.phone(maya) == firstNew {
		t.Error("it was applied under a stale sign-in")
	}
	v.signIn(maya)
	s.applied(maya, firstNew)
	if n := len(s.texts("")); n != 1 {
		t.Errorf("%d texts, want 1: no new code", n)
	}
}

func TestChange_CHG1_NothingIsSentUnderAStaleOrWeakSignIn(t *testing.T) {
	for name, how := range map[string]map[string]any{"eleven minutes ago": stale, "password only": {"strong": false}} {
		s := startSite(t)
		maya, _ := s.ordinary()
		v := s.visitor()
		v.signIn(maya, how)
		p := v.send("/contacts/mobile", "country", "US", "number", firstNew)
		link, _ := p.Find("main a.btn.main").Attr("href")
		if p.status != http.StatusOK || !strings.HasPrefix(link, "/signin?") {
			t.Errorf("%s: %d, link %q, want a page that leads to /signin", name, p.status, link)
		}
		if n := len(s.texts("")); n != 0 {
			t.Errorf("%s: %d texts, want none", name, n)
		}
		v.signIn(maya)
		p = v.get("/contacts/mobile")
		if got, _ := p.Find("#number").Attr("value"); got != firstNew {
			t.Errorf("%s: back from the sign-in the form holds %q, want what was typed (ACC-3)", name, got)
		}
		v.begin(firstNew)
	}
}

func TestChange_COD3_FiftyRightCodesOneWrite(t *testing.T) {
	s := startSite(t)
	maya, _ := s.ordinary()
	v := s.visitor()
	v.signIn(maya)
	change, token := v.begin(firstNew), v.token()
	code := s.code(firstNew)
	v.parallel(50, change, token, code)
	s.applied(maya, firstNew)
	s.until(5*time.Second, "the page says it is done", func() bool { return v.get(change).Find(".panel h1").Length() == 1 })
	if _, writes := s.methodCalls(); writes != 1 {
		t.Errorf("%d writes, want 1", writes)
	}
}

func TestChange_COD5_FiftyWrongCodesThenTheRightOne(t *testing.T) {
	s := startSite(t)
	maya, _ := s.ordinary()
	old := s.phone(maya)
	v := s.visitor()
	v.signIn(maya)
	change, token := v.begin(firstNew), v.token()
	code := s.code(firstNew)
	statuses := v.parallel(50, change, token, wrong(code))
	for status, n := range statuses {
		if status != http.StatusUnprocessableEntity {
			t.Errorf("%d answers %d, want all 422", n, status)
		}
	}
	if p := v.send(change, "code", code); p.status != http.StatusUnprocessableEntity {
		t.Errorf("the right code afterwards: %d, want 422", p.status)
	}
	if s.phone(maya) != old {
		t.Error("the phone was changed")
	}
}

// parallel sends one code many times at once and counts the answers by status.
func (v *visitor) parallel(n int, path, token, code string) map[int]int {
	var wg sync.WaitGroup
	var mu sync.Mutex
	statuses := map[int]int{}
	for range n {
		wg.Go(func() {
			own := v.visitor() // cookies of its own, so that nothing is shared
			for k, x := range v.cookies {
				own.cookies[k] = x
			}
			p := own.post(path, map[string][]string{"form_token": {token}, "code": {code}})
			mu.Lock()
			defer mu.Unlock()
			statuses[p.status]++
		})
	}
	wg.Wait()
	return statuses
}

func TestChange_CHG4_AnAddedNumberChangesNothing(t *testing.T) {
	s := startSite(t)
	maya, _ := s.ordinary()
	v := s.visitor()
	v.signIn(maya)
	change := v.begin(firstNew)
	code := s.code(firstNew)
	for _, field := range []string{"number", "value", "destination", "kind", "person"} {
		if p := v.send(change, "code", code, field, secondNew); p.status != http.StatusBadRequest {
			t.Errorf("with %s: %d, want 400", field, p.status)
		}
	}
	if p := v.send(change, "code", code); p.status != http.StatusSeeOther {
		t.Errorf("without it: %d, want accepted: nothing was used up", p.status)
	}
	s.applied(maya, firstNew)
}

func TestChange_TwoTabs_CHG5(t *testing.T) {
	s := startSite(t)
	maya, _ := s.ordinary()
	v := s.visitor()
	v.signIn(maya)
	one := v.begin(firstNew)
	oneCode := s.code(firstNew)
	two := v.begin(secondNew)
	twoCode := s.code(secondNew)
	if p := v.send(one, "code", oneCode); p.status != http.StatusSeeOther || p.location != one {
		t.Errorf("the code of the first tab: %d %q", p.status, p.location)
	}
	if h1 := v.get(one).Find("h1").Text(); h1 != "You started another change" {
		t.Errorf("the first tab says %q, want that another change took its place", h1)
	}
	if p := v.send(two, "code", twoCode); p.status != http.StatusSeeOther {
		t.Errorf("the code of the second tab: %d", p.status)
	}
	s.applied(maya, secondNew)
}

func TestChange_WEB7_AnotherPersonsChangeIsNotThere(t *testing.T) {
	s := startSite(t)
	maya, jonas := s.ordinary()
	v, other := s.visitor(), s.visitor()
	v.signIn(maya)
	change := v.begin(firstNew)
	other.signIn(jonas)
	for _, p := range []page{other.get(change), other.send(change, "code", s.code(firstNew)),
		other.send(change + "/resend"), other.send(change + "/cancel"),
		v.get("/changes/00000000-0000-4000-8000-000000000000"), v.get("/changes/x")} {
		if p.status != http.StatusNotFound {
			t.Errorf("%d %s, want 404", p.status, p.Find("h1").Text())
		}
	}
	if n := len(s.texts("")); n != 1 {
		t.Errorf("%d texts, want 1", n)
	}
}

func TestChange_COD4_InAnotherSessionOnlyToLookAt(t *testing.T) {
	s := startSite(t)
	maya, _ := s.ordinary()
	v, desktop := s.visitor(), s.visitor()
	v.signIn(maya)
	change := v.begin(firstNew)
	desktop.signIn(maya)
	if p := desktop.get(change); p.status != http.StatusOK || p.Find("#code").Length() != 0 {
		t.Errorf("in another session: %d with %d code fields, want to look at it only", p.status, p.Find("#code").Length())
	}
	if p := desktop.send(change, "code", s.code(firstNew)); p.status != http.StatusConflict {
		t.Errorf("the code from another session: %d, want 409", p.status)
	}
	if p := v.send(change, "code", s.code(firstNew)); p.status != http.StatusSeeOther {
		t.Errorf("the code from its own session: %d", p.status)
	}
}

func TestChange_AVL2_GraphInTrouble(t *testing.T) {
	tests := []struct {
		name string
		f    fault
	}{
		{"429 with Retry-After", fault{"part": "graph", "kind": "status", "status": 429, "retry_after": 2, "times": 2}},
		{"503", fault{"part": "graph", "kind": "status", "status": 503, "times": 2}},
		{"500", fault{"part": "graph", "kind": "status", "status": 500, "times": 1}},
		{"hanging up after the write", fault{"part": "graph", "kind": "hangup-after", "times": 1}},
		{"lag of ten seconds", fault{"part": "graph", "kind": "lag", "seconds": 10}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := startSite(t)
			maya, _ := s.ordinary()
			v := s.visitor()
			v.signIn(maya)
			change := v.begin(firstNew)
			s.fault(tt.f)
			if p := v.send(change, "code", s.code(firstNew)); p.status != http.StatusSeeOther {
				t.Fatalf("a right code: %d", p.status)
			}
			s.until(40*time.Second, "the page says it is done", func() bool {
				p := v.get(change)
				if p.status != http.StatusOK {
					t.Fatalf("the page while waiting: %d", p.status)
				}
				return p.Find(".panel h1").Length() == 1
			})
			s.control("DELETE", "/_emulator/faults", nil, nil)
			s.until(15*time.Second, "the directory shows it", func() bool { return s.phone(maya) == firstNew })
			if _, writes := s.methodCalls(); writes != 1 {
				t.Errorf("%d writes, want 1", writes)
			}
		})
	}
}

func TestChange_WaitingTellsTheTruth(t *testing.T) {
	s := startSite(t)
	maya, _ := s.ordinary()
	v := s.visitor()
	v.signIn(maya)
	change := v.begin(firstNew)
	s.fault(fault{"part": "graph", "kind": "status", "status": 429, "retry_after": 120, "times": 1})
	v.send(change, "code", s.code(firstNew))
	s.until(10*time.Second, "the page names the time of the next try", func() bool {
		p := v.get(change)
		return p.Find("[role=status] .now time").Length() == 1
	})
	if p := v.send("/contacts/mobile", "country", "US", "number", secondNew); p.status != http.StatusConflict {
		t.Errorf("another change meanwhile: %d, want 409", p.status)
	}
	if s.phone(maya) == firstNew {
		t.Error("it was written although Graph asked to wait")
	}
	s.advance(121 * time.Second)
	s.applied(maya, firstNew)
}

func TestChange_SendersInTrouble(t *testing.T) {
	for name, f := range map[string]fault{
		"refused":      {"part": "sms", "kind": "status", "status": 400},
		"down":         {"part": "sms", "kind": "status", "status": 503},
		"hanging up":   {"part": "sms", "kind": "hangup-after"},
		"unauthorised": {"part": "sms", "kind": "status", "status": 401},
	} {
		t.Run(name, func(t *testing.T) {
			s := startSite(t)
			maya, _ := s.ordinary()
			v := s.visitor()
			v.signIn(maya)
			s.fault(f)
			change := v.begin(firstNew)
			if p := v.get(change); p.Find(".bar.risk, .bar.out").Length() != 1 {
				t.Errorf("the code page does not say that the text may not have gone out")
			}
			s.control("DELETE", "/_emulator/faults", nil, nil)
			s.advance(31 * time.Second)
			if p := v.send(change + "/resend"); p.status != http.StatusSeeOther {
				t.Fatalf("a new code: %d", p.status)
			}
			if p := v.send(change, "code", s.code(firstNew)); p.status != http.StatusSeeOther {
				t.Errorf("the new code: %d", p.status)
			}
			s.applied(maya, firstNew)
		})
	}
}

func TestChange_ResendBeforeItsTime_COD10(t *testing.T) {
	s := startSite(t)
	maya, _ := s.ordinary()
	v := s.visitor()
	v.signIn(maya)
	change := v.begin(firstNew)
	older := s.code(firstNew)
	p := v.send(change + "/resend")
	if p.status != http.StatusTooManyRequests || p.header.Get("Retry-After") == "" || p.Find("#code").Length() != 1 {
		t.Errorf("too early: %d, Retry-After %q, want 429 with the same page", p.status, p.header.Get("Retry-After"))
	}
	s.advance(30 * time.Second)
	if p := v.send(change + "/resend"); p.status != http.StatusSeeOther {
		t.Fatalf("in time: %d", p.status)
	}
	if !strings.Contains(v.get(change).Find("main").Text(), "older code no longer works") {
		t.Error("the page does not say that the older code is dead")
	}
	newer := s.code(firstNew)
	if older != newer {
		if p := v.send(change, "code", older); p.status != http.StatusUnprocessableEntity {
			t.Errorf("the older code: %d, want 422", p.status)
		}
	}
	v.send(change, "code", newer)
	s.applied(maya, firstNew)
}

func TestChange_WithoutAuthenticationContext(t *testing.T) {
	s := startSite(t, func(c *demoCommand) { c.NoContext = true })
	maya, _ := s.ordinary()
	old := s.phone(maya)
	v := s.visitor()
	v.signIn(maya)
	change := v.begin(firstNew)
	if len(s.texts(old)) != 1 || len(s.texts(firstNew)) != 0 {
		t.Fatalf("%d texts to the number on record and %d to the new one, want 1 and 0", len(s.texts(old)), len(s.texts(firstNew)))
	}
	v.send(change, "code", s.code(old))
	if len(s.texts(firstNew)) != 1 {
		t.Fatalf("%d texts to the new number, want 1", len(s.texts(firstNew)))
	}
	v.send(change, "code", s.code(firstNew))
	s.applied(maya, firstNew)
}

// Failures are counted on the person, however the user name is written, in whichever session.
func TestChange_COD7_CountersKnowThePersonNotTheName(t *testing.T) {
	s := startSite(t)
	maya, _ := s.ordinary()
	for i, name := range []string{maya, strings.ToUpper(maya)} {
		v := s.visitor()
		v.signIn(name)
		change := v.begin([]string{firstNew, secondNew}[i])
		code := wrong(s.code([]string{firstNew, secondNew}[i]))
		for try := 1; try <= 5; try++ {
			want := http.StatusUnprocessableEntity
			if i == 1 && try == 5 {
				want = http.StatusTooManyRequests
			}
			if p := v.send(change, "code", code); p.status != want {
				t.Errorf("%s, wrong code %d: %d, want %d", name, try, p.status, want)
			}
		}
	}
}
