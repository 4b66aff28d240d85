package handlers

import (
	"net/http"
	"slices"

	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/phone"
	"rekey/internal/web"
)

// mobilePath is where the phone is added or changed.
const mobilePath = "/contacts/mobile"

// mobileForm is a number as typed.
type mobileForm struct {
	Country string `form:"country"`
	Number  string `form:"number"`
}

// mobile shows the form: filled in with what was typed before a step-up, or with the
// number of a change that is open in this session.
func (h *Handlers) mobile(c *web.Context) error {
	in := contact.Input{Country: h.proposed(c)}
	if draft, ok := c.Session.Drafts[mobilePath]; ok {
		in = contact.Input{Country: draft["country"], Number: draft["number"]}
	} else if open, ok := h.Contacts.Draft(c.Ctx(), h.actor(c), directory.Phone); ok {
		in = open
	}
	return h.showMobile(c, http.StatusOK, in, nil)
}

// proposed is the country that the form proposes: that of the present phone, or the first
// one that is allowed.
func (h *Handlers) proposed(c *web.Context) string {
	snap, _, err := h.kept(c)
	if err != nil {
		return h.Countries[0]
	}
	m, _ := snap.Contact(directory.Phone)
	if n, err := phone.Parse(m.Value, ""); err == nil && slices.Contains(h.Countries, n.Region) {
		return n.Region
	}
	return h.Countries[0]
}

// showMobile shows the form; f, if not nil, says what is in the way.
func (h *Handlers) showMobile(c *web.Context, status int, in contact.Input, f *fault.Error) error {
	page, err := h.numberPage(c, in, f)
	if err != nil {
		return err
	}
	return c.Page(status, page)
}

// startMobile starts a change of the phone. What was typed is never lost: mistakes show
// the form again, and where something else is in the way it is kept as a draft.
func (h *Handlers) startMobile(c *web.Context, form mobileForm) error {
	in := contact.Input{Country: form.Country, Number: form.Number}
	change, err := h.Contacts.Start(c.Ctx(), h.actor(c), directory.Phone, in)
	if err != nil {
		return h.notStarted(c, in, err)
	}
	if err := h.dropDraft(c); err != nil {
		h.Log.Warn("a draft could not be removed", "request", c.ID, "err", err)
	}
	return c.SeeOther(changePath(change.ID))
}

func (h *Handlers) notStarted(c *web.Context, in contact.Input, err error) error {
	f := fault.As(err)
	if f == nil {
		return err
	}
	switch f.Kind {
	case fault.Invalid:
		return h.showMobile(c, http.StatusUnprocessableEntity, in, f)
	case fault.Limited:
		c.RetryAfter(f.Until)
		return h.showMobile(c, http.StatusTooManyRequests, in, f)
	case fault.StepUp:
		h.keepDraft(c, in)
		return c.Page(http.StatusOK, h.againPage(c, mobilePath, "number", masked(in)))
	case fault.Conflict:
		h.keepDraft(c, in)
		if id, ok := f.Args["change"].(string); ok {
			return c.Problem(f, changePath(id), web.LinkChange)
		}
	case fault.Unavailable:
		h.keepDraft(c, in)
	}
	return err
}

// masked is the mask of what was typed, "" when it is no number.
func masked(in contact.Input) string {
	n, err := phone.Parse(in.Number, in.Country)
	if err != nil {
		return ""
	}
	return phone.Mask(n.E164)
}

// keepDraft puts what was typed aside, sealed in the session.
func (h *Handlers) keepDraft(c *web.Context, in contact.Input) {
	if len(in.Number) > draftLimit || len(in.Country) > draftLimit {
		return
	}
	if c.Session.Drafts == nil {
		c.Session.Drafts = map[string]map[string]string{}
	}
	c.Session.Drafts[mobilePath] = map[string]string{"country": in.Country, "number": in.Number}
	if err := h.Sessions.Save(c.Writer(), c.Request(), c.Session); err != nil {
		h.Log.Warn("a draft could not be kept", "request", c.ID, "err", err)
	}
}

// draftLimit is the longest field that a draft keeps, in bytes; no number is as long.
const draftLimit = 200

func (h *Handlers) dropDraft(c *web.Context) error {
	if _, ok := c.Session.Drafts[mobilePath]; !ok {
		return nil
	}
	delete(c.Session.Drafts, mobilePath)
	return h.Sessions.Save(c.Writer(), c.Request(), c.Session)
}
