package web

import (
	"bytes"
	"net/http"
	"strconv"
	"time"

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

// Bytes answers with a picture or a sound. Parts of it can be asked for: some browsers play
// nothing that comes only as a whole.
func (c *Context) Bytes(kind string, content []byte) error {
	c.Header().Set("Content-Type", kind)
	http.ServeContent(c.Writer(), c.Request(), "", time.Time{}, bytes.NewReader(content))
	return nil
}
