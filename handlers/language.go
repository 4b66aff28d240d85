package handlers

import (
	"rekey/internal/fault"
	"rekey/internal/web"
)

// languageForm is a choice at the foot of a page.
type languageForm struct {
	Language string `form:"language"`
	ReturnTo string `form:"return_to"`
}

// language keeps a choice of language: in the browser for a year, and in the session, so
// that a browser that loses the cookie goes on in it until the sign-out.
func (h *Handlers) language(c *web.Context, form languageForm) error {
	if !c.Offers(form.Language) {
		return fault.New(fault.Malformed, "form.malformed")
	}
	if c.Session != nil && c.Session.Language != form.Language {
		c.Session.Language = form.Language
		if err := h.Sessions.Save(c.Writer(), c.Request(), c.Session); err != nil {
			return err
		}
	}
	c.ChooseLanguage(form.Language)
	return c.SeeOther(web.Local(form.ReturnTo))
}
