package handlers

import (
	"net/http"
	"time"

	"rekey/internal/fault"
	"rekey/internal/web"
	"rekey/templates"
)

// justNow is for how long the page says that a code was sent "just now".
const justNow = 30 * time.Second

// codeForm is a code as typed. In the steps in which only Continue is missing it is empty.
type codeForm struct {
	Code string `form:"code"`
}

func changePath(id string) string { return "/changes/" + id }

// change shows a change where it stands; its step decides the page.
func (h *Handlers) change(c *web.Context) error {
	v, err := h.Contacts.View(c.Ctx(), h.actor(c), c.Param("id"))
	if err != nil {
		return err
	}
	page, err := h.changePage(c, v)
	if err != nil {
		return err
	}
	return c.Page(changeStatus(v), page)
}

// redeem moves a change on, with the code or with Continue.
func (h *Handlers) redeem(c *web.Context, form codeForm) error {
	_, err := h.Contacts.Redeem(c.Ctx(), h.actor(c), c.Param("id"), form.Code)
	return h.after(c, err, func(page *templates.CodeForm, f *fault.Error) {
		page.Code = form.Code
		if f.Kind == fault.Invalid {
			page.Errors = fieldErrors(f)
		}
	})
}

// resend sends a new code.
func (h *Handlers) resend(c *web.Context, _ struct{}) error {
	err := h.Contacts.Resend(c.Ctx(), h.actor(c), c.Param("id"))
	return h.after(c, err, func(page *templates.CodeForm, f *fault.Error) {
		page.TooEarly = f.Key == "limit.wait"
		if f.Until.After(page.ResendAt) {
			page.ResendAt = f.Until
		}
	})
}

// cancel ends an open change.
func (h *Handlers) cancel(c *web.Context, _ struct{}) error {
	if err := h.Contacts.Cancel(c.Ctx(), h.actor(c), c.Param("id")); err != nil {
		return err
	}
	return c.SeeOther(changePath(c.Param("id")))
}

// after leads to the change's page once something was done to it. What the person can
// put right, or has to wait for, is shown on that page itself; explain says what on it.
func (h *Handlers) after(c *web.Context, err error, explain func(*templates.CodeForm, *fault.Error)) error {
	id, f := c.Param("id"), fault.As(err)
	switch {
	case err == nil:
		return c.SeeOther(changePath(id))
	case f == nil:
		return err
	case f.Kind != fault.Invalid && f.Kind != fault.Limited && f.Kind != fault.StepUp:
		return err
	}
	v, viewErr := h.Contacts.View(c.Ctx(), h.actor(c), id)
	if viewErr != nil {
		return viewErr
	}
	if f.Kind == fault.StepUp {
		return c.Page(http.StatusOK, h.againPage(c, subject(v.Change), changePath(id), waiting(v.Change), about(v.Change)))
	}
	page, viewErr := h.changePage(c, v)
	if viewErr != nil {
		return viewErr
	}
	status := http.StatusUnprocessableEntity
	if f.Kind == fault.Limited {
		status = http.StatusTooManyRequests
		c.RetryAfter(f.Until)
	}
	switch p := page.(type) {
	case templates.CodeForm:
		p.Failed = true
		explain(&p, f)
		return c.Page(status, p)
	case templates.Continue:
		p.Failed, p.Wait = true, f.Until
		return c.Page(status, p)
	}
	return c.SeeOther(changePath(id)) // it moved on meanwhile
}
