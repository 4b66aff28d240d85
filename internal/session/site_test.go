package session_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"rekey/internal/clock"
	"rekey/internal/directory"
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
