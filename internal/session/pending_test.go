package session_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rekey/internal/session"
)

// begin begins a sign-in and returns the browser's cookies afterwards.
func (s *site) begin(t *testing.T, state string, p session.Pending, cookie *http.Cookie) *http.Cookie {
	t.Helper()
	w := httptest.NewRecorder()
	if err := s.Begin(w, request(cookie), state, p); err != nil {
		t.Fatalf("Begin(%q) = %v, want no error", state, err)
	}
	if c := set(w, cookieName+"-signin"); c != nil {
		return c
	}
	return cookie
}

func (s *site) take(t *testing.T, state string, cookie *http.Cookie) (session.Pending, bool) {
	t.Helper()
	p, ok, err := s.Take(httptest.NewRecorder(), request(cookie), state)
	if err != nil {
		t.Fatalf("Take(%q) = %v, want no error", state, err)
	}
	return p, ok
}

func pending() session.Pending {
	return session.Pending{Nonce: "nonce", Verifier: "verifier", ReturnTo: "/contacts/mobile", SessionID: "id-1", Person: ada().Person, StepUp: true}
}

func TestPending_OID1_SingleUse(t *testing.T) {
	s := newSite(t)
	browser := s.begin(t, "state", pending(), nil)
	var taken atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			p, ok, err := s.Take(httptest.NewRecorder(), request(browser), "state")
			if err != nil {
				t.Errorf("Take = %v, want no error", err)
			}
			if ok {
				taken.Add(1)
				if p != pending() {
					t.Errorf("Take = %+v, want %+v", p, pending())
				}
			}
		})
	}
	wg.Wait()
	if taken.Load() != 1 {
		t.Errorf("20 Take of one state: %d got it, want 1", taken.Load())
	}
}

func TestPending_OID1_BoundToTheBrowser(t *testing.T) {
	s := newSite(t)
	browser := s.begin(t, "state", pending(), nil)
	other := s.begin(t, "other state", session.Pending{}, nil)
	for name, cookie := range map[string]*http.Cookie{"no": nil, "another browser's": other,
		"a malformed": {Name: browser.Name, Value: "x"}, "a wrongly named": {Name: cookieName, Value: browser.Value}} {
		if p, ok := s.take(t, "state", cookie); ok {
			t.Errorf("Take with %s cookie = %+v, want none", name, p)
		}
	}
	for _, state := range []string{"", "unknown", "other state"} {
		if p, ok := s.take(t, state, browser); ok {
			t.Errorf("Take(%q) = %+v, want none", state, p)
		}
	}
	if _, ok := s.take(t, "state", browser); !ok {
		t.Error("Take in the browser that began = none: others used it up")
	}
}

func TestPending_OID1_TenMinutes(t *testing.T) {
	s := newSite(t)
	browser := s.begin(t, "in time", pending(), nil)
	s.begin(t, "late", pending(), browser)
	s.clock.Advance(session.PendingTime - time.Microsecond)
	if _, ok := s.take(t, "in time", browser); !ok {
		t.Error("Take just before ten minutes = none, want it")
	}
	s.clock.Advance(time.Microsecond)
	if p, ok := s.take(t, "late", browser); ok {
		t.Errorf("Take after ten minutes = %+v, want none", p)
	}
}

func TestPending_OID1_SeveralTabs(t *testing.T) {
	s := newSite(t)
	one, two := pending(), pending()
	one.ReturnTo, two.ReturnTo = "/one", "/two"
	browser := s.begin(t, "state one", one, nil)
	if again := s.begin(t, "state two", two, browser); again != browser {
		t.Errorf("the second tab changed the browser's cookie to %v", again)
	}
	for state, want := range map[string]session.Pending{"state one": one, "state two": two} {
		if p, ok := s.take(t, state, browser); !ok || p != want {
			t.Errorf("Take(%q) = %+v, %v, want %+v", state, p, ok, want)
		}
	}
	malformed := &http.Cookie{Name: browser.Name, Value: "planted"}
	if c := s.begin(t, "state three", one, malformed); c == malformed {
		t.Error("Begin kept a malformed cookie")
	}
	if err := s.Begin(httptest.NewRecorder(), request(), "", one); err == nil {
		t.Error("Begin without a state = nil, want an error")
	}
}

// TestPending_SES2_NeverASession: the cookie of a sign-in is not one of a session.
func TestPending_SES2_NeverASession(t *testing.T) {
	s := newSite(t)
	browser := s.begin(t, "state", pending(), nil)
	for _, name := range []string{cookieName, browser.Name} {
		if got := s.load(t, &http.Cookie{Name: name, Value: browser.Value}); got != nil {
			t.Errorf("Load with the sign-in's secret as %q = %+v, want nobody", name, got)
		}
	}
	_, cookie := s.signIn(t, ada(), nil)
	if p, ok := s.take(t, "state", &http.Cookie{Name: browser.Name, Value: cookie.Value}); ok {
		t.Errorf("Take with a session's secret = %+v, want none", p)
	}
}
