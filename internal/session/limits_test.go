package session_test

import (
	"crypto/sha256"
	"errors"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"rekey/internal/session"
)

func TestManager_SES4_Limits(t *testing.T) {
	cases := []struct {
		name  string
		pause time.Duration
		times int
		want  bool
	}{
		{"just before the idle limit", session.Idle - time.Microsecond, 1, true},
		{"at the idle limit", session.Idle, 1, false},
		{"in use, just before the absolute limit", session.Absolute/32 - time.Microsecond, 32, true},
		{"in use, at the absolute limit", session.Absolute / 32, 32, false},
	}
	for _, tc := range cases {
		s := newSite(t)
		_, cookie := s.signIn(t, ada(), nil)
		var got *session.Session
		for range tc.times {
			s.clock.Advance(tc.pause)
			got = s.load(t, cookie)
		}
		if (got != nil) != tc.want {
			t.Errorf("Load %s = %+v, want somebody: %v", tc.name, got, tc.want)
		}
		hash := sha256.Sum256([]byte(cookie.Value))
		if _, ok, err := s.rows.Session(t.Context(), hash[:]); ok != tc.want || err != nil {
			t.Errorf("the row %s is there: %v, %v, want %v", tc.name, ok, err, tc.want)
		}
	}
}

// TestManager_SES4_SignInStartsAnew: both limits count from the last sign-in.
func TestManager_SES4_SignInStartsAnew(t *testing.T) {
	s := newSite(t)
	first, cookie := s.signIn(t, ada(), nil)
	for range 20 {
		s.clock.Advance(29 * time.Minute)
		var again *session.Session
		again, cookie = s.signIn(t, ada(), cookie)
		if again.ID != first.ID {
			t.Fatalf("signing in again gave row %q, want %q", again.ID, first.ID)
		}
	}
}

func TestManager_SeenIsWrittenOnceAMinute(t *testing.T) {
	s := newSite(t)
	_, cookie := s.signIn(t, ada(), nil)
	for range 120 {
		s.clock.Advance(time.Second)
		s.load(t, cookie)
	}
	if n := s.rows.touches.Load(); n != 2 {
		t.Errorf("120 views in two minutes wrote the time last seen %d times, want 2", n)
	}
}

func TestManager_ReadingGoesOnWithoutWrites(t *testing.T) {
	s := newSite(t)
	_, cookie := s.signIn(t, ada(), nil)
	s.rows.broken = errors.New("the disk is full")
	s.clock.Advance(10 * time.Minute)
	if got := s.load(t, cookie); got == nil {
		t.Error("Load while nothing can be written = nobody, want the person")
	}
	s.clock.Advance(20 * time.Minute)
	if got := s.load(t, cookie); got != nil {
		t.Errorf("Load past the idle limit while nothing can be written = %+v, want nobody", got)
	}
}

func TestManager_SES5_SignOut(t *testing.T) {
	s := newSite(t)
	_, cookie := s.signIn(t, ada(), nil)
	_, elsewhere := s.signIn(t, ada(), nil)
	r, w := request(cookie), httptest.NewRecorder()
	if err := s.SignOut(w, r); err != nil {
		t.Fatalf("SignOut = %v, want no error", err)
	}
	gone := set(w, cookieName)
	if gone == nil || gone.MaxAge >= 0 || gone.Value != "" || gone.Path != "/" || !gone.Secure {
		t.Errorf("SignOut set %+v, want the cookie gone, with the flags that __Host- asks for", gone)
	}
	if got, err := s.Load(r); got != nil || err != nil {
		t.Errorf("Load in the same request = %+v, %v, want nobody", got, err)
	}
	if got := s.load(t, cookie); got != nil {
		t.Errorf("Load with the next request = %+v, want nobody", got)
	}
	if got := s.load(t, elsewhere); got == nil {
		t.Error("signing out here ended the session elsewhere")
	}
	w = httptest.NewRecorder()
	if err := s.SignOut(w, request()); err != nil || set(w, cookieName) == nil {
		t.Errorf("SignOut of nobody = %v, want the cookie expired all the same", err)
	}
}

// TestManager_SaveKeepsWhoSignedIn: a page may keep drafts, but never make a sign-in
// fresher, stronger or another person's.
func TestManager_SaveKeepsWhoSignedIn(t *testing.T) {
	s := newSite(t)
	got, cookie := s.signIn(t, ada(), nil)
	got.Person, got.AuthTime, got.Strong = bob().Person, got.AuthTime.Add(time.Hour), false
	got.Zone, got.Language, got.Drafts = "Europe/Berlin", "de", map[string]map[string]string{"phone": {"number": "0151"}}
	if err := s.Save(httptest.NewRecorder(), request(cookie), got); err != nil {
		t.Fatalf("Save = %v, want no error", err)
	}
	want := ada()
	want.Zone, want.Language, want.Drafts = got.Zone, got.Language, got.Drafts
	if now := s.load(t, cookie); now == nil || !reflect.DeepEqual(now.Data, want) {
		t.Errorf("after Save = %+v, want %+v", now, want)
	}
}

func TestManager_FormToken(t *testing.T) {
	s := newSite(t)
	first, cookie := s.signIn(t, ada(), nil)
	token := s.FormToken(first)
	again, _ := s.signIn(t, ada(), cookie)
	if !s.ValidFormToken(again, token) {
		t.Error("the form token died with the secret, want it bound to the row")
	}
	other, _ := s.signIn(t, ada(), nil)
	for _, bad := range []string{"", "x", token + "A", token[1:], s.FormToken(other), strings.Repeat("A", 10_000)} {
		if s.ValidFormToken(again, bad) {
			t.Errorf("ValidFormToken(%.50q) = true, want false", bad)
		}
	}
	if s.ValidFormToken(other, token) {
		t.Error("the form token of another session is taken")
	}
}
