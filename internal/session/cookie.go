package session

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"

	"github.com/gorilla/sessions"
)

// secretSize is the length of a secret in bytes: 256 bits, twice what SES-1 asks for.
const secretSize = 32

// options are the cookie's flags (SES-3). It lasts as long as the browser: no Max-Age.
// Lax, because the identity provider leads back here by a link of its own.
func options() *sessions.Options {
	return &sessions.Options{Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}

// newSecret returns a fresh secret as the cookie carries it, and its hash.
func newSecret(random io.Reader) (value string, hash []byte, err error) {
	b := make([]byte, secretSize)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", nil, fmt.Errorf("session: no randomness: %w", err)
	}
	value = base64.RawURLEncoding.EncodeToString(b)
	return value, digest(value), nil
}

// digest is what is stored of a secret. A secret is random and long, so that no key is
// needed: there is nothing to try.
func digest(value string) []byte {
	sum := sha256.Sum256([]byte(value))
	return sum[:]
}

// secretOf returns the value of a cookie that looks like one of our secrets.
func secretOf(r *http.Request, name string) (value string, ok bool) {
	c, err := r.Cookie(name)
	if err != nil {
		return "", false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(c.Value)
	return c.Value, err == nil && len(b) == secretSize
}

// setCookie hands a secret to the browser.
func setCookie(w http.ResponseWriter, name, value string) {
	http.SetCookie(w, sessions.NewCookie(name, value, options()))
}

// expireCookie takes a cookie away by its name.
func expireCookie(w http.ResponseWriter, name string) {
	o := options()
	o.MaxAge = -1
	http.SetCookie(w, sessions.NewCookie(name, "", o))
}
