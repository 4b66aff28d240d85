package handlers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"rekey/internal/audit"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/limit"
	"rekey/internal/session"
	"rekey/internal/web"
)

// refreshTime is how long a sign-in waits for what is on the account.
const refreshTime = 2 * time.Second

// signIn sends the browser to the identity provider. With again=1 the signed-in person
// is asked for credentials once more (a step-up).
func (h *Handlers) signIn(c *web.Context) error {
	again, err := c.Query("again")
	if err != nil {
		return err
	}
	p, hint := session.Pending{ReturnTo: c.ReturnTo(), Forced: again == "1"}, ""
	if s := c.Session; s != nil {
		p.SessionID = s.ID
		if again == "1" {
			p.StepUp, p.Person, hint = true, s.Person, s.UserPrincipalName
		}
	}
	start, err := h.Broker.Start(c.Ctx(), p.Forced, hint)
	if f := fault.As(err); f != nil && f.Kind == fault.Unavailable {
		h.Log.Warn("a sign-in could not begin", "request", c.ID, "err", err)
		return h.down(c, f, web.SignInLink(p.ReturnTo, p.StepUp))
	}
	if err != nil {
		return err
	}
	p.Nonce, p.Verifier = start.Nonce, start.Verifier
	if err := h.Sessions.Begin(c.Writer(), c.Request(), start.State, p); err != nil {
		return fmt.Errorf("handlers: a sign-in could not begin: %w", err)
	}
	return c.SeeOther(start.URL)
}

// callback is where the identity provider sends the browser back to. Its address holds a
// code: the page tells nobody where it was (RST-7), and has no form. The state is used up
// whatever else comes with it: once, and only in the browser that began (OID-1).
func (h *Handlers) callback(c *web.Context) error {
	c.NoReferrer()
	c.Bare()
	state, code, trouble, ok := returned(c)
	if !ok {
		return h.failedPage(c, http.StatusBadRequest, "expired", web.SignInLink("/", false))
	}
	p, ok, err := h.Sessions.Take(c.Writer(), c.Request(), state)
	switch {
	case err != nil:
		return fmt.Errorf("handlers: a sign-in could not be found: %w", err)
	case !ok, code == "" && trouble == "":
		return h.failedPage(c, http.StatusBadRequest, "expired", web.SignInLink("/", false))
	case trouble != "":
		return h.failed(c, p, providerFault(trouble))
	}
	id, err := h.Broker.Complete(c.Ctx(), code, p.Verifier, p.Nonce)
	if err != nil {
		return h.failed(c, p, err)
	}
	if p.StepUp && (id.Person != p.Person || c.Session != nil && c.Session.Person != id.Person) {
		return h.otherPerson(c)
	}
	return h.signedIn(c, p, id)
}

// returned reads the address of the callback. Nothing of it is ever shown.
func returned(c *web.Context) (state, code, trouble string, ok bool) {
	for name, value := range map[string]*string{"state": &state, "code": &code, "error": &trouble} {
		v, err := c.Query(name)
		if err != nil {
			return "", "", "", false
		}
		*value = v
	}
	return state, code, trouble, state != ""
}

// providerFault sorts the errors of the authorization endpoint (RFC 6749 section 4.1.2.1,
// OpenID Connect Core section 3.1.2.6). Their words are not ours, and are dropped.
func providerFault(name string) error {
	switch name {
	case "access_denied":
		return fault.New(fault.Forbidden, "signin.cancelled")
	case "server_error", "temporarily_unavailable":
		return fault.New(fault.Unavailable, "signin.down")
	}
	return fault.New(fault.Forbidden, "signin.refused")
}

// failed notes a sign-in that came to nothing, and says so.
func (h *Handlers) failed(c *web.Context, p session.Pending, cause error) error {
	action, key := audit.SignIn, keyOf(cause)
	if p.StepUp {
		action = audit.StepUp
	}
	if c.Session != nil || h.mayNote(c) {
		if err := h.note(c, action, audit.Failure, key); err != nil {
			h.Log.Error("a failed sign-in could not be noted", "request", c.ID, "err", err)
		}
	}
	h.Log.Warn("a sign-in failed", "request", c.ID, "err", cause)
	again := web.SignInLink(p.ReturnTo, p.StepUp && c.Session != nil)
	switch f := fault.As(cause); {
	case f == nil, strings.HasPrefix(f.Key, "site."): // ours, not the provider's
		return cause
	case f.Kind == fault.Unavailable:
		return h.down(c, f, again)
	case f.Key == "signin.cancelled":
		return h.failedPage(c, http.StatusForbidden, "cancelled", again)
	}
	return h.failedPage(c, http.StatusForbidden, "refused", again)
}

// strangerNotes are how many failed sign-ins of people who are signed out go into the
// audit log, which keeps them for good: of one network, and of all. Two requests make one,
// so a stranger could fill it; the log line of each request is there in any case.
func strangerNotes(network string) []limit.Charge {
	return []limit.Charge{
		{Key: "note/signin/network/" + network, Windows: []limit.Window{{Count: 20, Span: 10 * time.Minute}}},
		{Key: "note/signin", Windows: []limit.Window{{Count: 500, Span: time.Hour}}},
	}
}

// mayNote reports whether a failed sign-in of somebody who is signed out goes into the
// audit log. When nobody can say, it does.
func (h *Handlers) mayNote(c *web.Context) bool {
	_, ok, err := h.Allowances.Reserve(c.Ctx(), strangerNotes(c.Address())...)
	return ok || err != nil
}

// down says that the identity provider does not answer.
func (h *Handlers) down(c *web.Context, f *fault.Error, again string) error {
	until := f.Until
	if until.IsZero() {
		until = c.Now().Add(retryTime)
	}
	c.RetryAfter(until)
	return h.failedPage(c, http.StatusServiceUnavailable, "down", again)
}

// otherPerson ends the session: a step-up that another person completes is nobody's
// (OID-5), and the person who has just signed in gets no session either.
func (h *Handlers) otherPerson(c *web.Context) error {
	if err := h.note(c, audit.StepUp, audit.Refusal, "signin.other-person"); err != nil {
		h.Log.Error("a refused step-up could not be noted", "request", c.ID, "err", err)
	}
	if err := h.Sessions.SignOut(c.Writer(), c.Request()); err != nil {
		return fmt.Errorf("handlers: a session could not be ended: %w", err)
	}
	c.Session = nil
	return h.failedPage(c, http.StatusForbidden, "other-person", web.SignInLink("/", false))
}

// signedIn starts the session, or renews that of the same person, and goes on to where
// the person wanted to go.
func (h *Handlers) signedIn(c *web.Context, p session.Pending, id Identity) error {
	older, err := h.SignOuts.Older(c.Ctx(), id.Person, id.AuthTime)
	if err != nil {
		return err
	}
	if older {
		return h.thrownOut(c, p)
	}
	action := audit.SignIn
	if c.Session != nil && c.Session.Person == id.Person {
		action = audit.StepUp
	}
	s, err := h.Sessions.SignIn(c.Writer(), c.Request(), session.Data{Person: id.Person, DisplayName: id.DisplayName,
		UserPrincipalName: id.UserPrincipalName, Guest: id.Guest, AuthTime: id.AuthTime, Strong: id.Strong, Language: cmp.Or(c.Chosen(), id.Language, c.Locale()),
		Browser: c.Browser(), Network: c.Network()})
	if err != nil {
		return fmt.Errorf("handlers: a session could not be started: %w", err)
	}
	c.Session = s
	fresh := h.Fresh(h.actor(c))
	outcome, reason := audit.Success, ""
	if p.StepUp && !fresh {
		outcome, reason = audit.Failure, "signin.not-fresh"
	}
	if err := h.note(c, action, outcome, reason); err != nil {
		c.Session = nil // no sign-in without its event (AUD-2)
		return errors.Join(err, h.Sessions.SignOut(c.Writer(), c.Request()))
	}
	h.goOn(c)
	if p.StepUp && !fresh {
		return c.SeeOther("/signin/not-fresh?return_to=" + url.QueryEscape(p.ReturnTo))
	}
	return c.SeeOther(p.ReturnTo)
}

// thrownOut gives no session to a sign-in from before the person signed out everywhere:
// credentials are asked for once more. Where the provider did not ask, it says so.
func (h *Handlers) thrownOut(c *web.Context, p session.Pending) error {
	again := "/signin?again=1&return_to=" + url.QueryEscape(p.ReturnTo)
	if p.Forced {
		return h.failedPage(c, http.StatusForbidden, "refused", again)
	}
	return c.SeeOther(again)
}

// goOn does what waited for the sign-in. Nothing of it stops the person from being
// signed in: trouble shows on the pages that need it.
func (h *Handlers) goOn(c *web.Context) {
	if c.Session.Guest {
		return
	}
	if err := h.Contacts.SteppedUp(c.Ctx(), h.actor(c)); err != nil {
		h.Log.Error("a proved change did not go on after a sign-in", "request", c.ID, "err", err)
	}
	ctx, cancel := context.WithTimeout(c.Ctx(), refreshTime)
	defer cancel()
	if _, err := h.Snapshots.Refresh(ctx, c.Session.Person); err != nil {
		h.Log.Warn("what is on an account could not be read at sign-in", "request", c.ID, "err", err)
	}
	if err := h.Retirements.SignedIn(c.Ctx(), h.actor(c)); err != nil {
		h.Log.Error("a sign-in was not noted for a move to a new phone", "request", c.ID, "err", err)
	}
}

// notFresh says that the sign-in that was asked for came back too old or too weak; there
// is no second redirect by itself. Should it be fresh by now, there is nothing to say.
func (h *Handlers) notFresh(c *web.Context) error {
	to, a := c.ReturnTo(), h.actor(c)
	if h.Fresh(a) {
		return c.SeeOther(to)
	}
	what, masked, kind := "number", "", directory.Phone
	for _, k := range []directory.Kind{directory.Phone, directory.AlternatePhone, directory.Email} {
		switch to {
		case contactPath(k):
			kind = k
		case contactPath(k) + "/remove":
			kind, what = k, "remove"
		}
	}
	subj := h.subject(c, kind)
	switch {
	case to == "/":
		what = "test"
	case strings.HasPrefix(to, newPhonePath):
		what = "take-off"
	case to == practicePath:
		what = "practice"
	}
	if id, ok := strings.CutPrefix(to, changePath("")); ok {
		v, err := h.Contacts.View(c.Ctx(), a, id)
		if err != nil {
			return err
		}
		what, masked, subj = waiting(v.Change), about(v.Change), subject(v.Change)
	}
	page := h.againPage(c, subj, to, what, masked)
	page.Still, page.Failed = true, true
	page.Path = to // this page's own address means nothing without its query
	return c.Page(http.StatusForbidden, page)
}

// signOut ends this browser's session. It never leads to the identity provider by itself
// (design.md, Forms): the page after it has a link.
func (h *Handlers) signOut(c *web.Context, _ struct{}) error {
	if err := h.note(c, audit.SignOut, audit.Success, ""); err != nil {
		h.Log.Error("a sign-out could not be noted", "request", c.ID, "err", err)
	}
	if err := h.Sessions.SignOut(c.Writer(), c.Request()); err != nil {
		return fmt.Errorf("handlers: a session could not be ended: %w", err)
	}
	c.ClearSiteData()
	return c.SeeOther("/signed-out")
}

// signedOut is the page after it.
func (h *Handlers) signedOut(c *web.Context) error {
	if c.Session != nil {
		return c.SeeOther("/")
	}
	return c.Page(http.StatusOK, h.signedOutPage(c))
}
