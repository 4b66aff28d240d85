package handlers_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"testing"
	"time"

	"rekey/handlers"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/session"
	"rekey/internal/signout"
	"rekey/internal/web/webtest"
	"rekey/templates"
)

// signOuts is the journey on the sessions of the fixture; its last state is what the test
// says.
type signOuts struct {
	sessions *session.Manager
	last     *signout.SignOut
	actors   []signout.Actor
	fail     error
}

func (s *signOuts) End(ctx context.Context, a signout.Actor, id string) error {
	s.actors = append(s.actors, a)
	ok, err := s.sessions.End(ctx, a.Person, id)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "session.none")
	}
	return errors.Join(err, s.fail)
}

func (s *signOuts) Everywhere(ctx context.Context, a signout.Actor) error {
	s.actors = append(s.actors, a)
	if s.fail != nil {
		return s.fail
	}
	_, err := s.sessions.EndOthers(ctx, a.Person, a.Session)
	return err
}

func (s *signOuts) Older(_ context.Context, person directory.PersonID, typed time.Time) (bool, error) {
	return s.last != nil && s.last.Person == person && typed.Before(s.last.Asked), nil
}

func (s *signOuts) State(_ context.Context, person directory.PersonID) (signout.SignOut, bool, error) {
	if s.last == nil || s.last.Person != person {
		return signout.SignOut{}, false, nil
	}
	return *s.last, true, nil
}

// withSignOuts makes a fixture and returns its journey too.
func withSignOuts(t *testing.T) (*fixture, *signOuts) {
	t.Helper()
	var journey *signOuts
	f := newFixture(t, func(_ *fixture, d *handlers.Deps) { journey = d.SignOuts.(*signOuts) })
	return f, journey
}

// here returns the id of a browser's session, as its own page shows it.
func (f *fixture) here(b *webtest.Browser) string {
	f.t.Helper()
	status(f.t, "GET /sessions", b.Get("/sessions"), 200, "")
	for _, row := range page[templates.Sessions](f).List {
		if row.Here {
			return row.ID
		}
	}
	f.t.Fatal("the page does not show this session")
	return ""
}

func endOf(id string) string { return "/sessions/" + id + "/end" }

func TestSessions_SES6_ListsOnesOwn(t *testing.T) {
	f, _ := withSignOuts(t)
	b, _ := f.signedIn("maya")
	f.signedIn("jonas")
	f.now = f.now.Add(5 * time.Minute)
	f.signedIn("maya")
	status(t, "GET /sessions", b.Get("/sessions"), 200, "")
	got := page[templates.Sessions](f)
	if len(got.List) != 2 || got.Everywhere != (templates.Everywhere{}) {
		t.Fatalf("page = %+v, want Maya's two sessions and nothing else", got)
	}
	if n := len(slices.DeleteFunc(got.List, func(s templates.SignedIn) bool { return !s.Here })); n != 1 {
		t.Errorf("%d sessions are this one, want 1", n)
	}
}

// TestSignIn_SES6_KeepsWhereFrom: what the list shows is of the sign-in itself, and of our
// own words.
func TestSignIn_SES6_KeepsWhereFrom(t *testing.T) {
	f, _ := withSignOuts(t)
	b := webtest.New(t, f.site)
	state := f.begin(b, "/signin")
	r := webtest.Request(http.MethodGet, callback("state", state, "code", "maya"), "")
	r.Header.Set("User-Agent", "Mozilla/5.0 (Windows NT 10.0; rv:132.0) Gecko/20100101 Firefox/132.0 <b>evil</b>")
	status(t, "the callback", b.Do(r), 303, "/")
	f.here(b)
	row := page[templates.Sessions](f).List[0]
	if row.Browser != "Firefox on Windows" || row.Network != "192.0.2.0/24" || !row.Began.Equal(f.now) || !row.Here {
		t.Errorf("session = %+v, want Firefox on Windows from 192.0.2.0/24", row)
	}
}

func TestSessions_SES5_EndTakesEffectAtOnce(t *testing.T) {
	f, journey := withSignOuts(t)
	b, token := f.signedIn("maya")
	other, _ := f.signedIn("maya")
	id := f.here(other)
	status(t, "ending a session", b.Post(endOf(id), fields("form_token", token)), 303, "/sessions")
	status(t, "its next request", other.Get("/"), 303, "/signin?return_to=%2F")
	status(t, "one's own next request", b.Get("/sessions"), 200, "")
	if a := journey.actors[0]; a.Person != person("maya") || a.Session != f.here(b) || a.Address != "192.0.2.0/24" || a.Request == "" {
		t.Errorf("actor = %+v, want Maya, this session, where from and the request", a)
	}
	status(t, "ending it again", b.Post(endOf(id), fields("form_token", token)), 404, "")
}

// TestSessions_WEB7_OthersLookMissing: a session of somebody else and one that is not there
// get the same answer, to the letter.
func TestSessions_WEB7_OthersLookMissing(t *testing.T) {
	f, _ := withSignOuts(t)
	b, token := f.signedIn("maya")
	jonas, _ := f.signedIn("jonas")
	var said []string
	for _, id := range []string{f.here(jonas), changeID} {
		status(t, "POST "+endOf(id), b.Post(endOf(id), fields("form_token", token)), 404, "")
		p := page[templates.Problem](f)
		p.RequestID, p.FormToken, p.Path, p.Viewer = "", "", "", nil
		said = append(said, fmt.Sprintf("%+v", p))
	}
	if said[0] != said[1] {
		t.Errorf("another's session: %s\nnone: %s\nwant the same", said[0], said[1])
	}
	status(t, "Jonas", jonas.Get("/"), 200, "")
	for _, id := range []string{"x", "0B1C5A3E-7C11-4A55-9C3F-1D2E3F405162", "*"} {
		status(t, "POST "+endOf(id), b.Post(endOf(id), fields("form_token", token)), 404, "")
	}
}

// TestSessions_EndOfThisOneIsASignOut takes the cookie away too.
func TestSessions_EndOfThisOneIsASignOut(t *testing.T) {
	f, journey := withSignOuts(t)
	b, token := f.signedIn("maya")
	a := b.Post(endOf(f.here(b)), fields("form_token", token))
	status(t, "ending this session", a, 303, "/signed-out")
	if a.Header.Get("Clear-Site-Data") == "" || f.rows.Sessions() != 0 || len(journey.actors) != 0 {
		t.Errorf("%d sessions are left, header %v, want a sign-out", f.rows.Sessions(), a.Header)
	}
	if got := f.events.said(); !slices.Equal(got, []string{"signout success"}) {
		t.Errorf("events = %q, want a sign-out", got)
	}
}

func TestSessions_SES6_SignOutEverywhere(t *testing.T) {
	f, journey := withSignOuts(t)
	b, token := f.signedIn("maya")
	other, _ := f.signedIn("maya")
	jonas, _ := f.signedIn("jonas")
	f.now = f.now.Add(20 * time.Minute) // no fresh sign-in is asked for
	status(t, "GET /sessions/revoke", b.Get("/sessions/revoke"), 405, "")
	status(t, "signing out everywhere", b.Post("/sessions/revoke", fields("form_token", token)), 303, "/sessions")
	status(t, "another browser", other.Get("/"), 303, "/signin?return_to=%2F")
	status(t, "this browser", b.Get("/"), 200, "")
	status(t, "somebody else", jonas.Get("/"), 200, "")
	if len(journey.actors) != 1 || journey.actors[0].Session != f.here(b) {
		t.Errorf("actors = %+v, want one, in this session", journey.actors)
	}
	journey.fail = fault.New(fault.Unavailable, "site.down")
	status(t, "without a database", b.Post("/sessions/revoke", fields("form_token", token)), 503, "")
}

func TestSessions_SaysHowFarItIs(t *testing.T) {
	f, journey := withSignOuts(t)
	b, _ := f.signedIn("maya")
	journey.last = &signout.SignOut{Person: person("maya"), State: signout.Open, Asked: f.now, Moved: f.now, Retry: f.now.Add(time.Second), Reason: "directory.down"}
	f.here(b)
	want := templates.Everywhere{State: "open", Asked: f.now, Moved: f.now, RetryAt: f.now.Add(time.Second), Reason: "directory.down"}
	if got := page[templates.Sessions](f).Everywhere; got != want {
		t.Errorf("state = %+v, want %+v", got, want)
	}
	jonas, _ := f.signedIn("jonas")
	f.here(jonas)
	if got := page[templates.Sessions](f).Everywhere; got != (templates.Everywhere{}) {
		t.Errorf("somebody else sees %+v", got)
	}
}

func TestSessions_GuestsAndStrangers(t *testing.T) {
	f, journey := withSignOuts(t)
	id := f.broker.people["maya"]
	id.Guest = true
	f.broker.people["maya"] = id
	b, token := f.signedIn("maya")
	status(t, "a guest", b.Get("/sessions"), 200, "")
	page[templates.Guest](f)
	for _, path := range []string{"/sessions/revoke", endOf(changeID)} {
		status(t, path+" of a guest", b.Post(path, fields("form_token", token)), 403, "")
	}
	if len(journey.actors) != 0 {
		t.Errorf("a guest reached the journey: %+v", journey.actors)
	}
	status(t, "a stranger", webtest.New(t, f.site).Get("/sessions"), 303, "/signin?return_to=%2Fsessions")
}

// TestSessions_RealPage holds the page against the routes: its forms post to them, with the
// token.
func TestSessions_RealPage(t *testing.T) {
	f := withRealPages(t)
	b, token := f.signedIn("maya")
	f.signedIn("maya")
	a := b.Get("/sessions")
	a.Body = regexp.MustCompile(`/sessions/[0-9a-f-]{36}/end`).ReplaceAllString(a.Body, endOf(changeID))
	doc := f.checkPage("sessions", a, token)
	if n := doc.Find(`form[action$="/end"]`).Length(); n != 1 {
		t.Errorf("%d sessions can be ended, want the other one", n)
	}
	if n := doc.Find(`form[action="/sessions/revoke"]`).Length(); n != 1 {
		t.Errorf("%d buttons to sign out everywhere, want 1", n)
	}
}

// A sign-in from before the person signed out everywhere gets no session, whether or not
// the provider has been told yet: credentials are asked for once more (SES-6).
func TestSignIn_SES6_OlderThanSigningOutEverywhere(t *testing.T) {
	f, journey := withSignOuts(t)
	journey.last = &signout.SignOut{Person: person("maya"), State: signout.Open, Asked: f.now.Add(time.Second)}
	b := webtest.New(t, f.site)
	state := f.begin(b, "/signin?return_to=%2Fcontacts%2Femail")
	status(t, "the callback", b.Get(callback("state", state, "code", "maya")), 303, "/signin?again=1&return_to=%2Fcontacts%2Femail")
	if n := f.rows.Sessions(); n != 0 {
		t.Fatalf("%d sessions, want none", n)
	}
	state = f.begin(b, "/signin?again=1&return_to=%2Fcontacts%2Femail")
	if len(f.broker.stepUps) != 1 {
		t.Errorf("credentials were asked for %d times, want once", len(f.broker.stepUps))
	}
	a := b.Get(callback("state", state, "code", "maya")) // the provider did not ask
	if a.Status != 403 || f.rows.Sessions() != 0 {
		t.Errorf("an old sign-in once more: %d with %d sessions, want 403 and none", a.Status, f.rows.Sessions())
	}
	journey.last.Asked = f.now
	state = f.begin(b, "/signin?again=1&return_to=%2Fcontacts%2Femail")
	status(t, "a new one", b.Get(callback("state", state, "code", "maya")), 303, "/contacts/email")
}
