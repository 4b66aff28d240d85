package entra

import (
	"encoding/base64"
	"maps"
	"net/url"
	"time"

	"rekey/internal/emulator/tenant"
)

// grant is what a code or a refresh token stands for.
type grant struct {
	req     request
	person  string
	session session
	until   time.Time
	used    bool
}

// callback issues a code and returns the way back to the app that asked.
func (e *Entra) callback(req request, p tenant.Person, s session) string {
	s.Person = p.ID
	g := &grant{req: req, person: p.ID, session: s, until: e.tenant.Now().Add(codeLife)}
	code := e.keep(e.codes, g)
	return withQuery(req.redirect, url.Values{"code": {code}, "state": {req.state}, "session_state": {e.tenant.NewID()}})
}

// keep stores a grant under a new secret and forgets those that are long over. A used code
// stays until then, so that its second use is known as one.
func (e *Entra) keep(grants map[string]*grant, g *grant) string {
	now, id := e.tenant.Now(), e.secret()
	e.mu.Lock()
	defer e.mu.Unlock()
	maps.DeleteFunc(grants, func(_ string, old *grant) bool { return now.After(old.until.Add(codeLife)) })
	grants[id] = g
	return id
}

// takeCode returns what a code stands for and uses it up, whatever comes of it.
func (e *Entra) takeCode(code string) (grant, *Error) {
	now := e.tenant.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	g, ok := e.codes[code]
	switch {
	case !ok:
		return grant{}, refuse("invalid_grant", 70000, "The provided value for the 'code' parameter is not valid.")
	case g.used:
		return grant{}, refuse("invalid_grant", 54005, "OAuth2 Authorization code was already redeemed, please retry with a new "+
			"valid code or use an existing refresh token.")
	case !now.Before(g.until):
		return grant{}, refuse("invalid_grant", 70008, "The provided authorization code or refresh token has expired. Send a new "+
			"interactive authorization request for this user and resource.")
	}
	g.used = true
	return *g, nil
}

// refreshGrant returns what a refresh token stands for. It stays good: Entra does not
// revoke it when a newer one is issued.
func (e *Entra) refreshGrant(token string) (grant, *Error) {
	now := e.tenant.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	g, ok := e.refresh[token]
	if !ok || !now.Before(g.until) {
		return grant{}, refuse("invalid_grant", 700082, "The refresh token has expired due to inactivity, or is not valid.")
	}
	return *g, nil
}

// secret is a value that nobody guesses, 256 bits.
func (e *Entra) secret() string { return base64.RawURLEncoding.EncodeToString(e.tenant.Random(32)) }

// withQuery adds parameters to a redirect URI, without empty ones.
func withQuery(uri string, add url.Values) string {
	u, err := url.Parse(uri)
	if err != nil {
		return uri
	}
	q := u.Query()
	for name, values := range add {
		if values[0] != "" {
			q.Set(name, values[0])
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}
