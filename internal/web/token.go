package web

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"rekey/internal/fault"
)

// MAC makes and checks keyed hashes with a key outside the database.
type MAC interface {
	MAC(parts ...[]byte) []byte
	VerifyMAC(mac []byte, parts ...[]byte) bool
}

// browserBytes is the length of the cookie that signed-out forms hang on, before encoding.
const browserBytes = 32

// token returns the form token of a request's body; a form without one was not made here.
func token(values url.Values) (string, error) {
	switch v := values[TokenField]; {
	case len(v) > 1:
		return "", fault.New(fault.Malformed, "form.repeated")
	case len(v) == 0 || v[0] == "":
		return "", fault.New(fault.Forbidden, "form.token")
	default:
		return v[0], nil
	}
}

// checkSessionToken accepts the token that this session's forms carry.
func (s *Site) checkSessionToken(c *Context, values url.Values) error {
	given, err := token(values)
	if err != nil {
		return err
	}
	if err := c.requireSession(); err != nil {
		return err
	}
	if !s.Sessions.ValidFormToken(c.Session, given) {
		return fault.New(fault.Forbidden, "form.other-session")
	}
	return nil
}

// checkBrowserToken accepts the token of a signed-out form: a keyed hash of a random
// cookie and the form's route.
func (s *Site) checkBrowserToken(c *Context, values url.Values) error {
	given, err := token(values)
	if err != nil {
		return err
	}
	mac, err := base64.RawURLEncoding.DecodeString(given)
	browser := c.browser()
	if err != nil || browser == "" || !s.MAC.VerifyMAC(mac, browserParts(browser, c.route.Path)...) {
		return fault.New(fault.Forbidden, "form.other-session")
	}
	return nil
}

func browserParts(browser, route string) [][]byte {
	return [][]byte{[]byte("public-form"), []byte(browser), []byte(route)}
}

// PublicToken returns the token for a signed-out form that is sent to a route, as the
// route table writes it ("/reset/:id"), and sets the cookie that it hangs on.
func (c *Context) PublicToken(route string) (string, error) {
	browser := c.browser()
	if browser == "" {
		raw := make([]byte, browserBytes)
		if _, err := io.ReadFull(c.site.Rand, raw); err != nil {
			return "", fmt.Errorf("web: random numbers: %w", err)
		}
		browser = base64.RawURLEncoding.EncodeToString(raw)
		http.SetCookie(c.Writer(), &http.Cookie{Name: c.site.FormCookie, Value: browser, Path: "/",
			Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
		c.browserID = browser
	}
	return base64.RawURLEncoding.EncodeToString(c.site.MAC.MAC(browserParts(browser, route)...)), nil
}

// browser returns the value of the cookie of signed-out forms, "" when there is none that
// we could have made.
func (c *Context) browser() string {
	if c.browserID != "" {
		return c.browserID
	}
	cookies := c.Request().CookiesNamed(c.site.FormCookie)
	if len(cookies) != 1 || len(cookies[0].Value) != base64.RawURLEncoding.EncodedLen(browserBytes) {
		return ""
	}
	return cookies[0].Value
}
