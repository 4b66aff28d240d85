package session_test

import (
	"net/http/httptest"
	"testing"

	"github.com/gorilla/sessions"

	"rekey/internal/session"
)

// TestStore_ReadsOncePerRequest: however often a request asks, the row is read once.
func TestStore_ReadsOncePerRequest(t *testing.T) {
	s := newSite(t)
	want, cookie := s.signIn(t, ada(), nil)
	r, before := request(cookie), s.rows.reads.Load()
	for range 5 {
		if got, err := s.Load(r); got == nil || got.ID != want.ID || err != nil {
			t.Fatalf("Load = %+v, %v, want row %q", got, err, want.ID)
		}
	}
	if n := s.rows.reads.Load() - before; n != 1 {
		t.Errorf("five Load in one request read the row %d times, want once", n)
	}
	again, err := s.SignIn(httptest.NewRecorder(), r, bob())
	if err != nil {
		t.Fatalf("SignIn = %v, want no error", err)
	}
	if got, err := s.Load(r); got == nil || got.ID != again.ID || err != nil {
		t.Errorf("Load after SignIn in the same request = %+v, %v, want row %q", got, err, again.ID)
	}
}

// TestStore_AsGorillaKnowsIt goes through gorilla's interface alone.
func TestStore_AsGorillaKnowsIt(t *testing.T) {
	s := newSite(t)
	var g sessions.Store = s.Store()
	nobody, err := g.Get(request(), cookieName)
	if err != nil || !nobody.IsNew || nobody.ID != "" {
		t.Fatalf("Get of nobody = %+v, %v, want a new session", nobody, err)
	}
	w := httptest.NewRecorder()
	if err := nobody.Save(request(), w); err != nil || len(w.Result().Cookies()) != 0 {
		t.Errorf("Save of nobody = %v with cookies %v, want neither", err, w.Result().Cookies())
	}
	if got, err := g.New(request(), "another"); got == nil || err == nil {
		t.Errorf("New(%q) = %v, %v, want a session and an error", "another", got, err)
	}

	want, cookie := s.signIn(t, ada(), nil)
	live, err := g.Get(request(cookie), cookieName)
	if err != nil || live.IsNew || live.ID != want.ID {
		t.Fatalf("Get = %+v, %v, want row %q", live, err, want.ID)
	}
	live.Values["session"].(*session.Session).Zone = "Europe/Oslo"
	w = httptest.NewRecorder()
	if err := live.Save(request(cookie), w); err != nil || len(w.Result().Cookies()) != 0 {
		t.Errorf("Save = %v with cookies %v, want the secret left as it is", err, w.Result().Cookies())
	}
	if got := s.load(t, cookie); got == nil || got.Zone != "Europe/Oslo" {
		t.Errorf("Load after Save = %+v, want its zone", got)
	}
	live.Options.MaxAge = -1
	if err := live.Save(request(cookie), httptest.NewRecorder()); err != nil {
		t.Errorf("Save with a negative MaxAge = %v, want no error", err)
	}
	if got := s.load(t, cookie); got != nil {
		t.Errorf("Load afterwards = %+v, want nobody", got)
	}

	fresh, err := g.Get(request(), cookieName)
	if err != nil {
		t.Fatalf("Get = %v, want no error", err)
	}
	fresh.Values["session"] = &session.Session{ID: "new", Data: bob()}
	w = httptest.NewRecorder()
	if err := fresh.Save(request(), w); err != nil {
		t.Fatalf("Save of a new session = %v, want no error", err)
	}
	if got := s.load(t, set(w, cookieName)); got == nil || got.ID != "new" {
		t.Errorf("Load of a new session = %+v, want its row", got)
	}
}
