package web

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"rekey/internal/fault"
	"rekey/templates"
)

// Base returns what every page has.
func (c *Context) Base() templates.Base {
	path := c.Request().URL.Path
	if c.Request().Method == http.MethodPost {
		path = c.site.pageOf(path)
	}
	if !local(path) {
		path = "" // a page does not repeat what is no address of ours, nor bytes that are no text
	}
	b := templates.Base{Organisation: c.site.Organisation, Zone: c.Zone(), Now: c.Now(), Path: path,
		Demo: c.site.Demo, RequestID: c.ID, LanguageToken: c.languageToken()}
	_, b.Region = c.tongue()
	if c.Session != nil && !c.bare {
		b.Viewer = &templates.Viewer{DisplayName: c.Session.DisplayName, UserPrincipalName: c.Session.UserPrincipalName, Zone: c.Session.Zone}
		b.FormToken = c.site.Sessions.FormToken(c.Session)
	}
	return b
}

// Bare keeps the forms of the frame, the sign-out among them, off this request's page.
func (c *Context) Bare() { c.bare = true }

// RetryAfter tells machines when to try again: in whole seconds, at least one.
func (c *Context) RetryAfter(until time.Time) {
	seconds := max(int(math.Ceil(until.Sub(c.Now()).Seconds())), 1)
	c.Header().Set("Retry-After", strconv.Itoa(seconds))
}

// Links of error pages: the keys of their words, below "problem.link.".
const (
	LinkHome     = "home"
	LinkSignIn   = "sign-in"
	LinkBack     = "back"      // to the form that was refused
	LinkChange   = "change"    // to the change that is in the way
	LinkNewPhone = "new-phone" // to the move to a new phone
)

// Problem answers with the page of a fault, with a link of the handler's choice.
func (c *Context) Problem(f *fault.Error, link, linkKey string) error {
	status := statusOf(f.Kind)
	return c.Page(status, c.problem(status, f, link, linkKey))
}

func (c *Context) problem(status int, f *fault.Error, link, linkKey string) templates.Page {
	base := c.Base()
	base.Failed = true
	return templates.Problem{Base: base, Status: status, Key: f.Key, Args: f.Args, Until: f.Until, Link: link, LinkKey: linkKey}
}

// way returns where to go on after a problem: to the sign-in, back to the form that was
// refused, or home.
func (c *Context) way(f *fault.Error) (link, key string) {
	path := c.Request().URL.Path
	back := c.site.backTo(path)
	switch {
	case f.Kind == fault.SignedOut:
		return SignInLink(back, false), LinkSignIn
	case f.Kind == fault.StepUp:
		return SignInLink(back, true), LinkSignIn
	case c.Request().Method == http.MethodPost && c.site.pageOf(path) != "/":
		return c.site.pageOf(path), LinkBack
	}
	return "/", LinkHome
}
