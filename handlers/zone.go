package handlers

import (
	"rekey/internal/fault"
	"rekey/internal/web"
)

// zoneForm is a time zone by its IANA name, as a script of ours reads it from the browser.
type zoneForm struct {
	Zone string `form:"zone"`
}

// zone keeps the person's time zone. Only the script sends it, and reads no answer.
func (h *Handlers) zone(c *web.Context, form zoneForm) error {
	if _, ok := web.LoadZone(form.Zone); !ok {
		return fault.At("zone", "zone.unknown", nil)
	}
	if c.Session.Zone != form.Zone {
		c.Session.Zone = form.Zone
		if err := h.Sessions.Save(c.Writer(), c.Request(), c.Session); err != nil {
			return err
		}
	}
	return c.NoContent()
}
