package session_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rekey/internal/fault"
	"rekey/internal/session"
)

func TestManager_SES1_OpaqueRandomSecret(t *testing.T) {
	s := newSite(t)
	_, cookie := s.signIn(t, ada(), nil)
	secret, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil || len(secret)*8 < 128 {
		t.Errorf("the cookie holds %d random bits, %v, want at least 128", len(secret)*8, err)
	}
	hash := sha256.Sum256([]byte(cookie.Value))
	for name, tc := range map[string]struct {
		stored []byte
		want   bool
	}{"its hash": {hash[:], true}, "the secret": {secret, false}, "the cookie's text": {[]byte(cookie.Value), false}} {
		if _, ok, err := s.rows.Session(t.Context(), tc.stored); ok != tc.want || err != nil {
			t.Errorf("the row is found by %s: %v, %v, want %v", name, ok, err, tc.want)
		}
	}
	if got := s.load(t, cookie); got == nil || !reflect.DeepEqual(got.Data, ada()) {
		t.Errorf("Load = %+v, want %+v", got, ada())
	}
	_, second := s.signIn(t, ada(), nil)
	if second.Value == cookie.Value {
		t.Error("two sign-ins got the same secret")
	}
}

func TestManager_SES1_UnknownCookies(t *testing.T) {
	s := newSite(t)
	_, cookie := s.signIn(t, ada(), nil)
	last := cookie.Value[len(cookie.Value)-1]
	for _, value := range []string{"", "x", strings.Repeat("A", 43), strings.Repeat("A", 10_000), cookie.Value + "A", cookie.Value[1:],
		cookie.Value[:42] + string(last^1), "id-1", "%00"} {
		if got := s.load(t, &http.Cookie{Name: cookieName, Value: value}); got != nil {
			t.Errorf("Load with the cookie %.50q = %+v, want nobody", value, got)
		}
	}
	if got := s.load(t, nil); got != nil {
		t.Errorf("Load without a cookie = %+v, want nobody", got)
	}
}

func TestManager_SES1_NoRandomness(t *testing.T) {
	s := newSiteWith(t, strings.NewReader("not enough"))
	w := httptest.NewRecorder()
	if got, err := s.SignIn(w, request(), ada()); err == nil {
		t.Errorf("SignIn without randomness = %+v, want an error", got)
	}
	if err := s.Begin(w, request(), "state", session.Pending{}); err == nil {
		t.Error("Begin without randomness = nil, want an error")
	}
	if got := w.Result().Cookies(); len(got) != 0 {
		t.Errorf("cookies = %v, want none", got)
	}
}

func TestManager_SES2_SamePersonKeepsTheRow(t *testing.T) {
	s := newSite(t)
	first, old := s.signIn(t, ada(), nil)
	first.Zone, first.Drafts = "Europe/London", map[string]map[string]string{"phone": {"number": "07400"}}
	if err := s.Save(httptest.NewRecorder(), request(old), first); err != nil {
		t.Fatalf("Save = %v, want no error", err)
	}
	again := ada()
	again.AuthTime, again.Language = again.AuthTime.Add(time.Hour), "de"
	second, cookie := s.signIn(t, again, old)
	if second.ID != first.ID || cookie.Value == old.Value {
		t.Errorf("signing in again gave row %q, want %q, and a new secret", second.ID, first.ID)
	}
	if got := s.load(t, old); got != nil {
		t.Errorf("Load with the old secret = %+v, want nobody", got)
	}
	want := again
	want.Zone, want.Drafts = first.Zone, first.Drafts
	if got := s.load(t, cookie); got == nil || !reflect.DeepEqual(got.Data, want) {
		t.Errorf("Load with the new secret = %+v, want %+v", got, want)
	}
	moved := again
	moved.Zone = "Asia/Tokyo"
	third, _ := s.signIn(t, moved, cookie)
	if third.Zone != "Asia/Tokyo" {
		t.Errorf("zone = %q, want the one of the sign-in", third.Zone)
	}
}

func TestManager_SES2_AnotherPersonGetsAnotherRow(t *testing.T) {
	s := newSite(t)
	first, old := s.signIn(t, ada(), nil)
	first.Drafts = map[string]map[string]string{"phone": {"number": "07400"}}
	if err := s.Save(httptest.NewRecorder(), request(old), first); err != nil {
		t.Fatalf("Save = %v, want no error", err)
	}
	second, cookie := s.signIn(t, bob(), old)
	if second.ID == first.ID {
		t.Errorf("another person got the row %q", second.ID)
	}
	if got := s.load(t, old); got != nil {
		t.Errorf("Load with the first person's secret = %+v, want nobody: the row is gone", got)
	}
	if got := s.load(t, cookie); got == nil || !reflect.DeepEqual(got.Data, bob()) {
		t.Errorf("Load = %+v, want %+v without the other's drafts", got, bob())
	}
}

func TestManager_SES2_NoFixation(t *testing.T) {
	s := newSite(t)
	planted := &http.Cookie{Name: cookieName, Value: strings.Repeat("A", 43)}
	if _, cookie := s.signIn(t, ada(), planted); cookie.Value == planted.Value {
		t.Error("SignIn took over the secret that the browser brought along")
	}
	if got := s.load(t, planted); got != nil {
		t.Errorf("Load with the planted secret = %+v, want nobody", got)
	}
}

// TestManager_SES2_RotationRaces signs in many times at once with the same old secret:
// one keeps the row, and no request finds anything by the old secret afterwards.
func TestManager_SES2_RotationRaces(t *testing.T) {
	s := newSite(t)
	first, old := s.signIn(t, ada(), nil)
	const n = 10
	requests := make([]*http.Request, n)
	for i := range requests {
		requests[i] = request(old)
		if got, err := s.Load(requests[i]); got == nil || err != nil {
			t.Fatalf("Load = %v, %v, want the session: all requests began before the rotation", got, err)
		}
	}
	cookies := make([]*http.Cookie, n)
	var kept atomic.Int64
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			w := httptest.NewRecorder()
			got, err := s.SignIn(w, requests[i], ada())
			if err != nil {
				t.Errorf("SignIn = %v, want no error", err)
				return
			}
			if cookies[i] = set(w, cookieName); got.ID == first.ID {
				kept.Add(1)
			}
		})
	}
	wg.Wait()
	if kept.Load() != 1 {
		t.Errorf("%d of %d sign-ins kept the row, want 1", kept.Load(), n)
	}
	if got := s.load(t, old); got != nil {
		t.Errorf("Load with the rotated secret = %+v, want nobody", got)
	}
	for i, c := range cookies {
		if got := s.load(t, c); got == nil {
			t.Errorf("Load with the secret of sign-in %d = nobody, want the person", i)
		}
	}
	// A request that began before the rotation cannot write over it.
	stale := *first
	stale.Drafts = map[string]map[string]string{"phone": {"number": "07400"}}
	if err := s.Save(httptest.NewRecorder(), request(old), &stale); !fault.Is(err, fault.SignedOut) {
		t.Errorf("Save with the rotated secret = %v, want signed-out", err)
	}
}

func TestManager_SES3_CookieFlags(t *testing.T) {
	s := newSite(t)
	_, cookie := s.signIn(t, ada(), nil)
	w := httptest.NewRecorder()
	if err := s.Begin(w, request(), "state", session.Pending{Verifier: "verifier", Nonce: "nonce"}); err != nil {
		t.Fatalf("Begin = %v, want no error", err)
	}
	browser := set(w, cookieName+"-signin")
	if browser == nil {
		t.Fatal("Begin set no cookie")
	}
	for _, c := range []*http.Cookie{cookie, browser} {
		want := &http.Cookie{Name: c.Name, Value: c.Value, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, Raw: c.Raw}
		if !reflect.DeepEqual(c, want) {
			t.Errorf("cookie = %+v, want %+v: no Domain, Max-Age or Expires", c, want)
		}
		if !strings.HasPrefix(c.Name, "__Host-") || len(c.Raw) > 4096 {
			t.Errorf("cookie %q is %d bytes, want a __Host- name and at most 4096", c.Name, len(c.Raw))
		}
		for _, secret := range []string{"ada", "Ada", "example", "verifier", "nonce", "state"} {
			if strings.Contains(c.Raw, secret) {
				t.Errorf("cookie %q holds %q", c.Raw, secret)
			}
		}
	}
}
