package handlers

import (
	"context"
	"net/http"
	"time"

	"rekey/internal/directory"
	"rekey/internal/session"
	"rekey/internal/signout"
	"rekey/internal/web"
	"rekey/templates"
)

// Own lists a person's own sessions; see session.Manager.
type Own interface {
	List(ctx context.Context, person directory.PersonID) ([]session.Info, error)
}

// SignOuts is the journey that ends sessions; see signout.Service for the faults.
type SignOuts interface {
	End(ctx context.Context, a signout.Actor, id string) error
	Everywhere(ctx context.Context, a signout.Actor) error
	Older(ctx context.Context, person directory.PersonID, typed time.Time) (bool, error)
	State(ctx context.Context, person directory.PersonID) (last signout.SignOut, ok bool, err error)
}

const sessionsPath = "/sessions"

// mountSessions registers the pages of one's own sessions.
func (h *Handlers) mountSessions(s *web.Site) {
	s.Page(sessionsPath, h.own(h.sessions))
	web.Form(s, sessionsPath+"/revoke", ownForm(h.revoke))
	web.Form(s, sessionsPath+"/:id/end", ownForm(h.endSession))
}

// sessions lists where the person is signed in, and how far the last sign-out everywhere is.
func (h *Handlers) sessions(c *web.Context) error {
	list, err := h.Own.List(c.Ctx(), c.Session.Person)
	if err != nil {
		return err
	}
	page := templates.Sessions{Base: c.Base()}
	for _, s := range list {
		row := templates.SignedIn{ID: s.ID, Browser: s.Browser, Network: s.Network, Began: s.Began, Seen: s.Seen, Here: s.ID == c.Session.ID}
		page.List = append(page.List, row)
	}
	last, ok, err := h.SignOuts.State(c.Ctx(), c.Session.Person)
	if err != nil {
		return err
	}
	if ok {
		page.Everywhere = templates.Everywhere{State: string(last.State), Asked: last.Asked, Moved: last.Moved, RetryAt: last.Retry, Reason: last.Reason}
	}
	return c.Page(http.StatusOK, page)
}

// endSession ends one of the person's sessions. This browser's own is signed out as the
// menu does it, which takes the cookie away too.
func (h *Handlers) endSession(c *web.Context, _ struct{}) error {
	id := c.Param("id")
	if id == c.Session.ID {
		return h.signOut(c, struct{}{})
	}
	if err := h.SignOuts.End(c.Ctx(), h.leaver(c), id); err != nil {
		return err
	}
	return c.SeeOther(sessionsPath)
}

// revoke signs the person out everywhere but here. No fresh sign-in is asked for: it only
// protects.
func (h *Handlers) revoke(c *web.Context, _ struct{}) error {
	if err := h.SignOuts.Everywhere(c.Ctx(), h.leaver(c)); err != nil {
		return err
	}
	return c.SeeOther(sessionsPath)
}

// leaver is the signed-in person, as the journey wants to know them.
func (h *Handlers) leaver(c *web.Context) signout.Actor {
	return signout.Actor{Person: c.Session.Person, Session: c.Session.ID, Address: c.Address(), Request: c.ID}
}
