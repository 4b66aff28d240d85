package web

import (
	"bytes"
	"strconv"

	"rekey/templates"
)

// Page answers with a page. It is rendered whole before anything is sent, so that a page
// that breaks half-way becomes an error page.
func (c *Context) Page(status int, p templates.Page) error {
	var b bytes.Buffer
	if err := c.site.Renderer.Render(&b, c.Lang(), p); err != nil {
		return err
	}
	h := c.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	c.echo.Response().WriteHeader(status)
	_, err := c.echo.Response().Write(b.Bytes())
	return err
}
