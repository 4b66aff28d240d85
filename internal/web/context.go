package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"rekey/internal/fault"
	"rekey/internal/session"
)

// contextKey is where a Context travels in Echo's.
const contextKey = "rekey.context"

// Context is one request, as a handler sees it.
type Context struct {
	// Session is the live session: never nil in a Page or a Form; in the public ones it
	// is, for those who are signed out.
	Session *session.Session
	// ID is the request id.
	ID string

	site      *Site
	echo      echo.Context
	route     Route
	loaded    bool
	bare      bool
	browserID string
}

func from(e echo.Context) *Context { return e.Get(contextKey).(*Context) }

// Request returns the request.
func (c *Context) Request() *http.Request { return c.echo.Request() }

// Ctx returns the request's context. It ends at PageTime, or when the browser hangs up.
func (c *Context) Ctx() context.Context { return c.Request().Context() }

// Writer is for those who set cookies.
func (c *Context) Writer() http.ResponseWriter { return c.echo.Response() }

// Header returns the headers of the response.
func (c *Context) Header() http.Header { return c.echo.Response().Header() }

// Param returns a path parameter.
func (c *Context) Param(name string) string { return c.echo.Param(name) }

// Query returns a parameter of the address, "" when it is missing. One that comes twice,
// or holds what no browser sends, is a fault.
func (c *Context) Query(name string) (string, error) {
	switch v := c.echo.QueryParams()[name]; {
	case len(v) == 0:
		return "", nil
	case len(v) > 1:
		return "", fault.New(fault.Malformed, "form.repeated")
	case !plain(v[0]):
		return "", fault.New(fault.Malformed, "form.text")
	default:
		return v[0], nil
	}
}

// Now returns the time.
func (c *Context) Now() time.Time { return c.site.Clock.Now() }

// Zone returns the person's time zone, or the organisation's.
func (c *Context) Zone() *time.Location {
	if c.Session != nil {
		if zone, ok := LoadZone(c.Session.Zone); ok {
			return zone
		}
	}
	return c.site.Zone
}

// LoadZone returns the zone of an IANA name.
func LoadZone(name string) (*time.Location, bool) {
	if name == "" || name == "Local" || len(name) > 64 {
		return nil, false
	}
	zone, err := time.LoadLocation(name)
	return zone, err == nil
}

// SeeOther sends the browser on with 303, to a local path or, from the sign-in, to the
// identity provider.
func (c *Context) SeeOther(to string) error {
	c.Header().Set("Location", to)
	c.echo.Response().WriteHeader(http.StatusSeeOther)
	return nil
}

// NoContent answers 204.
func (c *Context) NoContent() error {
	c.echo.Response().WriteHeader(http.StatusNoContent)
	return nil
}

// ReturnTo is Site.ReturnTo of the parameter return_to; "/" for what is not allowed.
func (c *Context) ReturnTo() string {
	raw, err := c.Query("return_to")
	if err != nil {
		return "/"
	}
	if to, ok := c.site.ReturnTo(raw); ok {
		return to
	}
	return "/"
}

// SignInLink returns the address of the sign-in that comes back to a page. With again it
// asks the signed-in person for credentials once more.
func SignInLink(returnTo string, again bool) string {
	link := "/signin?"
	if again {
		link += "again=1&"
	}
	return link + "return_to=" + url.QueryEscape(returnTo)
}

// requireSession loads the session; nobody signed in is a fault.
func (c *Context) requireSession() error {
	if err := c.load(); err != nil {
		return err
	}
	if c.Session == nil {
		return fault.New(fault.SignedOut, "signed-out")
	}
	return nil
}

func (c *Context) load() error {
	if c.loaded {
		return nil
	}
	sess, err := c.site.Sessions.Load(c.Request())
	if err != nil {
		return fault.Wrap(fault.Unavailable, "site.down", fmt.Errorf("web: session: %w", err))
	}
	c.Session, c.loaded = sess, true
	return nil
}

// tryLoad loads the session where the page is there without one as well. Trouble shows
// later, where the session is needed.
func (c *Context) tryLoad() {
	if err := c.load(); err != nil {
		c.site.Log.Warn("a session could not be read", "request", c.ID, "err", err)
	}
}

// toSignIn turns "nobody is signed in" into the way to the sign-in and back.
func (c *Context) toSignIn(err error) error {
	if !fault.Is(err, fault.SignedOut) {
		return err
	}
	to, ok := c.site.ReturnTo(c.Request().URL.Path)
	if !ok {
		to = "/"
	}
	return c.SeeOther(SignInLink(to, false))
}

// checkParams refuses path parameters that cannot be ours: what they name is not there.
func (c *Context) checkParams() error {
	for _, name := range c.echo.ParamNames() {
		if name != "*" && !validParam(name, c.echo.Param(name)) {
			return fault.New(fault.NotFound, "page.not-found")
		}
	}
	return nil
}
