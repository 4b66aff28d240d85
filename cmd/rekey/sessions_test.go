package main

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// revocations counts how often Microsoft ended everybody's sessions.
func (s *site) revocations() int {
	s.t.Helper()
	n := 0
	for _, r := range s.requests() {
		if r.Part == "graph" && r.Method == "POST" && r.Status/100 == 2 && strings.HasSuffix(r.Path, "/revokeSignInSessions") {
			n++
		}
	}
	return n
}

// in is the same browser at another replica.
func (v *visitor) in(s *site) *visitor { return &visitor{site: s, cookies: v.cookies} }

func (v *visitor) wantHome(what string, signedIn bool) {
	v.t.Helper()
	want := http.StatusSeeOther
	if signedIn {
		want = http.StatusOK
	}
	if p := v.get("/"); p.status != want {
		v.t.Errorf("%s: %d, want %d", what, p.status, want)
	}
}

// What ends at one replica has ended at the other with the next request, and Microsoft is
// told once.
func TestReplicas_SES5_SES6_SessionsEndEverywhere(t *testing.T) {
	c := startCluster(t)
	people := c.employees()
	here, other, third, stranger := c.sites[0].visitor(), c.sites[1].visitor(), c.sites[1].visitor(), c.sites[1].visitor()
	for _, v := range []*visitor{here, other, third} {
		v.signIn(people[0])
	}
	stranger.signIn(people[1])

	ends := here.get("/sessions").Find(`form[action$="/end"]`)
	if ends.Length() != 2 {
		t.Fatalf("%d sessions can be ended, want the two others", ends.Length())
	}
	path, _ := ends.Last().Attr("action") // seen least lately: the second one
	if p := stranger.send(path); p.status != http.StatusNotFound {
		t.Errorf("somebody else ends a session: %d, want 404 (WEB-7)", p.status)
	}
	if p := here.send(path); p.status != http.StatusSeeOther || p.location != "/sessions" {
		t.Fatalf("ending a session: %d %s", p.status, p.location)
	}
	other.wantHome("the ended session", false)
	third.wantHome("the third session", true)

	if p := here.send("/sessions/revoke"); p.status != http.StatusSeeOther || p.location != "/sessions" {
		t.Fatalf("signing out everywhere: %d %s", p.status, p.location)
	}
	third.wantHome("the third session", false)
	here.in(c.sites[1]).wantHome("this session at the other replica", true)
	stranger.wantHome("somebody else's session", true)
	c.tenant.until(30*time.Second, "Microsoft has ended the sessions", func() bool { return c.tenant.revocations() == 1 })
	c.tenant.until(30*time.Second, "the page says so", func() bool {
		return here.in(c.sites[1]).get("/sessions").Find(".bar.fine[role=status]").Length() == 1
	})
	here.wantHome("this session afterwards", true)
}

// A Microsoft that does not answer is told again, and the page says since when.
func TestSessions_AVL8_MicrosoftIsToldAgain(t *testing.T) {
	s := startSite(t)
	upn, _ := s.ordinary()
	v := s.visitor()
	v.signIn(upn)
	s.fault(fault{"part": "graph", "kind": "status", "status": 503, "times": 1000})
	if p := v.send("/sessions/revoke"); p.status != http.StatusSeeOther {
		t.Fatalf("signing out everywhere: %d", p.status)
	}
	s.until(30*time.Second, "the page says that there is no answer", func() bool {
		bar := v.get("/sessions").Find(".bar[data-poll]")
		return bar.Length() == 1 && bar.Find("time").Length() == 2
	})
	if n := s.revocations(); n != 0 {
		t.Errorf("%d revocations, want none", n)
	}
	s.control("DELETE", "/_emulator/faults", nil, nil)
	s.advance(10 * time.Minute)
	s.until(30*time.Second, "the page says that it is done", func() bool {
		return s.revocations() == 1 && v.get("/sessions").Find(".bar.fine").Length() == 1
	})
}

// While Microsoft does not answer, a sign-in from before the ask gets no session here, and
// cannot throw the owner out in turn (SES-6).
func TestSessions_SES6_AnOlderSignInStaysOut(t *testing.T) {
	s := startSite(t)
	upn, _ := s.ordinary()
	owner, thief := s.visitor(), s.visitor()
	s.advance(20 * time.Minute)
	owner.signIn(upn)
	s.fault(fault{"part": "graph", "kind": "status", "status": 503, "times": 0})
	if p := owner.send("/sessions/revoke"); p.status != http.StatusSeeOther {
		t.Fatalf("signing out everywhere: %d", p.status)
	}
	data := strings.NewReader(`{"user":"` + upn + `","fresh":false}`)
	req, err := http.NewRequest("POST", s.base+"/_emulator/signin", data)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	thief.do(req)
	thief.wantHome("an old sign-in after the owner signed out everywhere", false)
	owner.wantHome("the owner", true)

	// One person cannot have the directory told without end (AVL-2).
	for range 20 {
		owner.send("/sessions/revoke")
	}
	s.control("DELETE", "/_emulator/faults", nil, nil)
	s.advance(10 * time.Minute)
	s.until(30*time.Second, "Microsoft is told", func() bool { return s.revocations() > 0 })
	if n := s.revocations(); n > 3 {
		t.Errorf("21 asks told Microsoft %d times, want at most three", n)
	}
}
