package handlers

import (
	"errors"
	"net/http"
	"time"

	"rekey/internal/audit"
	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/limit"
	"rekey/internal/web"
	"rekey/templates"
)

// kept returns the kept snapshot; known is false when there is none yet.
func (h *Handlers) kept(c *web.Context) (snap directory.Snapshot, known bool, err error) {
	snap, err = h.Snapshots.Kept(c.Ctx(), c.Session.Person)
	if errors.Is(err, directory.ErrNoSnapshot) {
		return directory.Snapshot{}, false, nil
	}
	return snap, err == nil, err
}

// home shows what is on the account, from the kept snapshot: it costs no call to the
// directory.
func (h *Handlers) home(c *web.Context) error { return h.showHome(c, http.StatusOK, nil) }

// showHome shows the page; f, if not nil, says why the directory could not be read again.
func (h *Handlers) showHome(c *web.Context, status int, f *fault.Error) error {
	var a account
	var err error
	if a.snap, a.known, err = h.kept(c); err != nil {
		return err
	}
	actor := h.actor(c)
	if a.open, a.proofs, err = h.Contacts.Overview(c.Ctx(), actor, a.snap); err != nil {
		return err
	}
	page := h.homePage(c, a)
	if page.Moving, err = h.moving(c); err != nil {
		return err
	}
	if h.Practice != nil && a.known {
		last, shown, err := h.Practice(c.Ctx(), c.Session.Person, a.snap)
		if err != nil {
			return err
		}
		if shown {
			page.Practice = &templates.PracticeRow{At: last.At, OK: last.OK}
		}
	}
	if f != nil {
		page.Failed, page.RefreshFailed, page.RetryAt, page.TooEarly = true, true, f.Until, f.Key == "limit.refresh"
	}
	return c.Page(status, page)
}

// moving reports whether a move to a new phone is going on.
func (h *Handlers) moving(c *web.Context) (bool, error) {
	return h.Retirements.Going(c.Ctx(), c.Session.Person)
}

// refresh reads the directory again. When it does not answer, the page still shows what
// is known, and says so.
func (h *Handlers) refresh(c *web.Context, _ struct{}) error {
	until, ok, err := h.Allowances.Reserve(c.Ctx(), limit.Charge{Key: "refresh/person/" + c.Session.Person.String(), Windows: h.Refresh})
	if err != nil {
		return err
	}
	if !ok { // the directory's calls are everybody's
		f := &fault.Error{Kind: fault.Limited, Key: "limit.refresh", Until: until}
		if err := h.note(c, audit.SnapshotRefresh, audit.Refusal, f.Key); err != nil {
			return err
		}
		c.RetryAfter(until)
		return h.showHome(c, http.StatusTooManyRequests, f)
	}
	_, err = h.Snapshots.Refresh(c.Ctx(), c.Session.Person)
	outcome, reason := audit.Success, ""
	if err != nil {
		outcome, reason = audit.Failure, keyOf(err)
	}
	if noted := h.note(c, audit.SnapshotRefresh, outcome, reason); noted != nil {
		return noted
	}
	switch {
	case err == nil:
		return c.SeeOther("/")
	case fault.Is(err, fault.NotFound):
		return fault.Wrap(fault.Forbidden, "account.gone", err) // the page is there, the account is not
	case fault.Is(err, fault.Unavailable), fault.Is(err, fault.Limited):
		f := *fault.As(err)
		if f.Until.IsZero() {
			f.Until = c.Now().Add(retryTime)
		}
		c.RetryAfter(f.Until)
		return h.showHome(c, http.StatusServiceUnavailable, &f)
	}
	return err
}

// retryTime is when to try again where the directory does not say.
const retryTime = 10 * time.Second

// keyOf returns the message key of an error, for the audit log.
func keyOf(err error) string {
	if f := fault.As(err); f != nil {
		return f.Key
	}
	return "site.error"
}

// own shows guests where their methods live, in place of a page about them.
func (h *Handlers) own(page web.Handler) web.Handler {
	return func(c *web.Context) error {
		if c.Session.Guest {
			return c.Page(http.StatusOK, h.guestPage(c))
		}
		return page(c)
	}
}

// ownForm refuses the forms of those pages to guests: the token says so even where the
// directory calls somebody of another organisation a member.
func ownForm[T any](form func(*web.Context, T) error) func(*web.Context, T) error {
	return func(c *web.Context, in T) error {
		if c.Session.Guest {
			return fault.New(fault.Forbidden, "account.guest")
		}
		return form(c, in)
	}
}

// actor is the signed-in person, as the journeys want to know them.
func (h *Handlers) actor(c *web.Context) contact.Actor {
	s := c.Session
	return contact.Actor{Person: s.Person, Session: s.ID, AuthTime: s.AuthTime, Strong: s.Strong,
		Address: c.Address(), Source: c.Source(), Browser: c.Browser(), Network: c.Network(),
		Request: c.ID, Language: c.Locale(), Zone: c.Zone()}
}

// note appends an event of the person who is signed in, or of nobody, about themselves.
func (h *Handlers) note(c *web.Context, action audit.Action, o audit.Outcome, reason string) error {
	person := ""
	if c.Session != nil {
		person = c.Session.Person.String()
	}
	return h.Audit.Append(c.Ctx(), audit.Event{ID: h.NewID(), At: c.Now(), Actor: person, Subject: person,
		Action: action, Outcome: o, Reason: reason, Address: c.Address(), Request: c.ID})
}
