package entra

import (
	"maps"
	"net/http"
	"strings"
	"time"

	"rekey/internal/emulator/tenant"
)

// session is a sign-in that a browser keeps, so that the next app need not ask again.
type session struct {
	Person string
	// AuthTime is when the password was entered. A second factor given later leaves it.
	AuthTime time.Time
	// Strong says that a second factor was given.
	Strong bool
	until  time.Time
}

// cookieName carries part of the tenant's id, because browsers do not keep the cookies of
// two demos on different ports apart.
func (e *Entra) cookieName() string { return "entra-" + strings.SplitN(e.tenant.ID(), "-", 2)[0] }

// sessionOf returns the browser's session and its person, if it is still worth something:
// not too old, not revoked, the account there and enabled.
func (e *Entra) sessionOf(r *http.Request) (session, tenant.Person, bool) {
	c, err := r.Cookie(e.cookieName())
	if err != nil {
		return session{}, tenant.Person{}, false
	}
	e.mu.Lock()
	s, ok := e.sessions[c.Value]
	e.mu.Unlock()
	if !ok || !e.tenant.Now().Before(s.until) {
		return session{}, tenant.Person{}, false
	}
	p, ok := e.tenant.Person(s.Person)
	if !ok || !p.Enabled || revoked(p, s.AuthTime) {
		return session{}, tenant.Person{}, false
	}
	return *s, p, true
}

// revoked says whether a sign-in at that time was made void since.
func revoked(p tenant.Person, authTime time.Time) bool { return authTime.Before(p.SessionsValidFrom) }

// keepSession gives the browser a new session in place of the one it had.
func (e *Entra) keepSession(w http.ResponseWriter, r *http.Request, s session) {
	now := e.tenant.Now()
	s.until = now.Add(sessionLife)
	id := e.secret()
	e.mu.Lock()
	maps.DeleteFunc(e.sessions, func(_ string, old *session) bool { return !now.Before(old.until) })
	if c, err := r.Cookie(e.cookieName()); err == nil {
		delete(e.sessions, c.Value)
	}
	e.sessions[id] = &s
	e.mu.Unlock()
	http.SetCookie(w, e.cookie(id, 0))
}

// endSession forgets the browser's session.
func (e *Entra) endSession(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(e.cookieName()); err == nil {
		e.mu.Lock()
		delete(e.sessions, c.Value)
		e.mu.Unlock()
	}
	http.SetCookie(w, e.cookie("", -1))
}

// cookie is not Secure: the demo speaks plain HTTP on a loopback address, where not every
// browser sends a secure cookie back.
func (e *Entra) cookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: e.cookieName(), Value: value, Path: Prefix, MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}
