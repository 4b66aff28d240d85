package session_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rekey/internal/clock"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/keyring"
	"rekey/internal/session"
	"rekey/internal/store"
)

const cookieName = "__Host-rekey"

// site is a manager on a real store, with a clock that the test moves.
type site struct {
	*session.Manager
	rows  *rows
	clock *clock.Movable
}

// rows counts what is asked of the store, and can make its writes fail.
type rows struct {
	session.Rows
	reads, touches atomic.Int64
	broken         error
}

func (r *rows) Session(ctx context.Context, secret []byte) (session.Row, bool, error) {
	r.reads.Add(1)
	return r.Rows.Session(ctx, secret)
}

func (r *rows) TouchSession(ctx context.Context, id string, at time.Time) error {
	r.touches.Add(1)
	if r.broken != nil {
		return r.broken
	}
	return r.Rows.TouchSession(ctx, id, at)
}

func (r *rows) RemoveSession(ctx context.Context, id string) error {
	if r.broken != nil {
		return r.broken
	}
	return r.Rows.RemoveSession(ctx, id)
}

func newSite(t *testing.T) *site { return newSiteWith(t, rand.Reader) }

func newSiteWith(t *testing.T, random io.Reader) *site {
	t.Helper()
	ring, err := keyring.New(bytes.Repeat([]byte{3}, keyring.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), store.Options{URL: "sqlite::memory:", Ring: ring})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	movable := clock.NewMovable(clock.Func(func() time.Time { return start }), 0)
	kept := &rows{Rows: db}
	var id atomic.Int64
	return &site{rows: kept, clock: movable, Manager: session.NewManager(session.Options{Rows: kept, Ring: ring, Clock: movable,
		Rand: random, NewID: func() string { return fmt.Sprint("id-", id.Add(1)) }, CookieName: cookieName})}
}

// request is a request with the cookies of a browser.
func request(cookies ...*http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, c := range cookies {
		if c != nil {
			r.AddCookie(c)
		}
	}
	return r
}

// set returns the cookie that a response sets, or nil.
func set(w *httptest.ResponseRecorder, name string) *http.Cookie {
	for _, c := range w.Result().Cookies() {
		if c.Name == name {
			return c
		}
	}
	return nil
}

func ada() session.Data {
	return session.Data{Person: directory.PersonID{Tenant: "t", Object: "ada"}, DisplayName: "Ada Example",
		UserPrincipalName: "ada@example.com", AuthTime: time.Date(2026, 11, 23, 11, 59, 0, 0, time.UTC), Strong: true, Language: "en-GB"}
}

func bob() session.Data {
	return session.Data{Person: directory.PersonID{Tenant: "t", Object: "bob"}, Guest: true}
}

// signIn signs in with the cookie of a browser and returns the session and the new cookie.
func (s *site) signIn(t *testing.T, d session.Data, cookie *http.Cookie) (*session.Session, *http.Cookie) {
	t.Helper()
	w := httptest.NewRecorder()
	got, err := s.SignIn(w, request(cookie), d)
	if err != nil {
		t.Fatalf("SignIn = %v, want no error", err)
	}
	c := set(w, cookieName)
	if c == nil {
		t.Fatal("SignIn set no cookie")
	}
	return got, c
}

// load returns the session of a cookie.
func (s *site) load(t *testing.T, cookie *http.Cookie) *session.Session {
	t.Helper()
	got, err := s.Load(request(cookie))
	if err != nil {
		t.Fatalf("Load = %v, want no error", err)
	}
	return got
}

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
