package handlers

import (
	"errors"
	"net/http"
	"slices"

	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/mailbox"
	"rekey/internal/phone"
	"rekey/internal/web"
)

// contactPath is where a contact of a kind is added or changed.
func contactPath(kind directory.Kind) string {
	switch kind {
	case directory.AlternatePhone:
		return "/contacts/alternate-mobile"
	case directory.Email:
		return "/contacts/email"
	}
	return "/contacts/mobile"
}

// numberForm is a number as typed, addressForm an address.
type (
	numberForm struct {
		Country string `form:"country"`
		Number  string `form:"number"`
	}
	addressForm struct {
		Address string `form:"address"`
	}
)

// mountContacts registers the pages and forms of every contact.
func (h *Handlers) mountContacts(s *web.Site) {
	for _, kind := range []directory.Kind{directory.Phone, directory.AlternatePhone, directory.Email} {
		path := contactPath(kind)
		s.Page(path, h.own(func(c *web.Context) error { return h.contactForm(c, kind) }))
		if kind == directory.Email {
			web.Form(s, path, ownForm(func(c *web.Context, f addressForm) error {
				return h.start(c, kind, contact.Input{Address: f.Address})
			}))
		} else {
			web.Form(s, path, ownForm(func(c *web.Context, f numberForm) error {
				return h.start(c, kind, contact.Input{Country: f.Country, Number: f.Number})
			}))
		}
		s.Page(path+"/remove", h.own(func(c *web.Context) error { return h.removeForm(c, kind) }))
		web.Form(s, path+"/remove", ownForm(func(c *web.Context, _ struct{}) error { return h.remove(c, kind) }))
		web.Form(s, path+"/test", ownForm(func(c *web.Context, _ struct{}) error { return h.test(c, kind) }))
	}
}

// contactForm shows the form: filled in with what was typed before a step-up, or with the
// value of a change that is open in this session. A contact that cannot be added says why.
func (h *Handlers) contactForm(c *web.Context, kind directory.Kind) error {
	snap, known, err := h.kept(c)
	if err != nil {
		return err
	}
	if reason := h.Contacts.Closed(kind, snap); reason != "" && (known || reason != "phone-first") {
		return c.Page(http.StatusOK, h.closedPage(c, kind, reason))
	}
	in := contact.Input{Country: h.proposed(snap)}
	if draft, ok := c.Session.Drafts[contactPath(kind)]; ok {
		in = contact.Input{Country: draft["country"], Number: draft["number"], Address: draft["address"]}
	} else if open, ok := h.Contacts.Draft(c.Ctx(), h.actor(c), kind); ok {
		in = open
	}
	return h.showForm(c, http.StatusOK, kind, in, nil)
}

// proposed is the country that the form proposes: that of the present phone, or the first
// one that is allowed.
func (h *Handlers) proposed(snap directory.Snapshot) string {
	m, _ := snap.Contact(directory.Phone)
	if n, err := phone.Parse(m.Value, ""); err == nil && slices.Contains(h.Countries, n.Region) {
		return n.Region
	}
	return h.Countries[0]
}

// showForm shows the form; f, if not nil, says what is in the way.
func (h *Handlers) showForm(c *web.Context, status int, kind directory.Kind, in contact.Input, f *fault.Error) error {
	page, err := h.formPage(c, kind, in, f)
	if err != nil {
		return err
	}
	return c.Page(status, page)
}

// start starts a change. What was typed is never lost: mistakes show the form again, and
// where something else is in the way it is kept as a draft.
func (h *Handlers) start(c *web.Context, kind directory.Kind, in contact.Input) error {
	change, err := h.Contacts.Start(c.Ctx(), h.actor(c), kind, in)
	if err != nil {
		return h.notStarted(c, kind, in, err)
	}
	if err := h.dropDraft(c, kind); err != nil {
		h.Log.Warn("a draft could not be removed", "request", c.ID, "err", err)
	}
	return c.SeeOther(changePath(change.ID))
}

func (h *Handlers) notStarted(c *web.Context, kind directory.Kind, in contact.Input, err error) error {
	f := fault.As(err)
	if f == nil {
		return err
	}
	switch f.Kind {
	case fault.Invalid:
		return h.showForm(c, http.StatusUnprocessableEntity, kind, in, f)
	case fault.Limited:
		c.RetryAfter(f.Until)
		return h.showForm(c, http.StatusTooManyRequests, kind, in, f)
	case fault.StepUp:
		h.keepDraft(c, kind, in, true)
		return c.Page(http.StatusOK, h.againPage(c, h.subject(c, kind), contactPath(kind), "number", masked(in)))
	case fault.Conflict:
		h.keepDraft(c, kind, in, false)
		return h.busy(c, f)
	case fault.Unavailable:
		h.keepDraft(c, kind, in, false)
	case fault.Forbidden:
		return h.backHome(c, f) // the form would only be refused again
	}
	return err
}

// busy leads to the change that is in the way.
func (h *Handlers) busy(c *web.Context, f *fault.Error) error {
	if id, ok := f.Args["change"].(string); ok {
		return c.Problem(f, changePath(id), web.LinkChange)
	}
	return f
}

// masked is the mask of what was typed, "" when it is nothing that a code could be sent to.
func masked(in contact.Input) string {
	if in.Address != "" {
		a, err := mailbox.Parse(in.Address)
		if err != nil {
			return ""
		}
		return mailbox.Mask(a.Display)
	}
	n, err := phone.Parse(in.Number, in.Country)
	if err != nil {
		return ""
	}
	return phone.Mask(n.E164)
}

// keepDraft puts what was typed aside, sealed in the session; stepUp says that it waits for
// a fresh sign-in.
func (h *Handlers) keepDraft(c *web.Context, kind directory.Kind, in contact.Input, stepUp bool) {
	if len(in.Number) > draftLimit || len(in.Country) > draftLimit || len(in.Address) > draftLimit {
		return
	}
	if c.Session.Drafts == nil {
		c.Session.Drafts = map[string]map[string]string{}
	}
	draft := map[string]string{"country": in.Country, "number": in.Number}
	if kind == directory.Email {
		draft = map[string]string{"address": in.Address}
	}
	if stepUp {
		draft[draftWhy] = draftStepUp
	}
	c.Session.Drafts[contactPath(kind)] = draft
	if err := h.Sessions.Save(c.Writer(), c.Request(), c.Session); err != nil {
		h.Log.Warn("a draft could not be kept", "request", c.ID, "err", err)
	}
}

// draftLimit is the longest field that a draft keeps, in bytes; no number and no address is
// as long.
const draftLimit = 255

// Why a draft was kept stands beside its fields, when the form afterwards has to say that
// the person is back from a sign-in.
const draftWhy, draftStepUp = "why", "step-up"

func (h *Handlers) dropDraft(c *web.Context, kind directory.Kind) error {
	if _, ok := c.Session.Drafts[contactPath(kind)]; !ok {
		return nil
	}
	delete(c.Session.Drafts, contactPath(kind))
	return h.Sessions.Save(c.Writer(), c.Request(), c.Session)
}

// removeForm asks whether a contact is to go.
func (h *Handlers) removeForm(c *web.Context, kind directory.Kind) error {
	return h.showRemoval(c, http.StatusOK, kind, nil)
}

// showRemoval shows what a removal would come to; f, if not nil, says what is in the way.
func (h *Handlers) showRemoval(c *web.Context, status int, kind directory.Kind, f *fault.Error) error {
	r, err := h.Contacts.Removal(c.Ctx(), h.actor(c), kind)
	if errors.Is(err, directory.ErrNoSnapshot) {
		return fault.Wrap(fault.NotFound, "contact.none", err)
	}
	if err != nil {
		return err
	}
	return c.Page(status, h.removePage(c, r, f))
}

// remove takes a contact off the account, or makes the alternate phone the phone.
func (h *Handlers) remove(c *web.Context, kind directory.Kind) error {
	change, err := h.Contacts.Remove(c.Ctx(), h.actor(c), kind)
	if err == nil {
		return c.SeeOther(changePath(change.ID))
	}
	f := fault.As(err)
	if f == nil {
		return err
	}
	switch f.Kind {
	case fault.Invalid:
		return h.showRemoval(c, http.StatusUnprocessableEntity, kind, f)
	case fault.Limited:
		c.RetryAfter(f.Until)
		return h.showRemoval(c, http.StatusTooManyRequests, kind, f)
	case fault.StepUp:
		s := h.subject(c, kind)
		s.Act = string(contact.Remove)
		return c.Page(http.StatusOK, h.againPage(c, s, contactPath(kind)+"/remove", "remove", h.present(c, kind)))
	case fault.Conflict:
		return h.busy(c, f)
	case fault.NotFound, fault.Forbidden:
		return h.backHome(c, f) // the question would only be refused again
	}
	return err
}

// test sends a code to a contact that is on the account.
func (h *Handlers) test(c *web.Context, kind directory.Kind) error {
	change, err := h.Contacts.Test(c.Ctx(), h.actor(c), kind)
	if err == nil {
		return c.SeeOther(changePath(change.ID))
	}
	f := fault.As(err)
	switch {
	case f == nil:
		return err
	case f.Kind == fault.StepUp:
		s := h.subject(c, kind)
		s.Act = string(contact.Test)
		return c.Page(http.StatusOK, h.againPage(c, s, "/", "test", h.present(c, kind)))
	case f.Kind == fault.Conflict:
		return h.busy(c, f)
	}
	return h.backHome(c, f)
}

// backHome says what is in the way of something that was asked for on the security info
// page, and leads back there.
func (h *Handlers) backHome(c *web.Context, f *fault.Error) error {
	told := *f
	switch told.Kind {
	case fault.Limited, fault.Unavailable:
		if told.Until.IsZero() {
			told.Until = c.Now().Add(retryTime)
		}
		c.RetryAfter(told.Until)
	}
	return c.Problem(&told, "/", web.LinkHome)
}

// present is the mask of a contact on the account, "" of none.
func (h *Handlers) present(c *web.Context, kind directory.Kind) string {
	snap, _, err := h.kept(c)
	if err != nil {
		return ""
	}
	if m, ok := snap.Contact(kind); ok {
		return m.Masked()
	}
	return ""
}
