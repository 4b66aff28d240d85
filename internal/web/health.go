package web

import (
	"context"
	"net/http"
	"time"
)

// readyTime is how long the readiness check may take.
const readyTime = 2 * time.Second

// The paths that tell machines how we are. They answer under every host name, because
// load balancers ask by address, and say nothing else.
const (
	healthPath = "/healthz"
	readyPath  = "/readyz"
)

func isHealth(path string) bool { return path == healthPath || path == readyPath }

// serveHealth registers /healthz (this process runs) and /readyz (it can serve).
func (s *Site) serveHealth() {
	s.page(healthPath, Public, func(c *Context) error { return c.word(http.StatusOK, "ok") })
	s.page(readyPath, Public, func(c *Context) error {
		ctx, cancel := context.WithTimeout(c.Ctx(), readyTime)
		defer cancel()
		status, text := readiness(ctx, s.Ready, s.Draining, s.Log.With("request", c.ID))
		if status != http.StatusOK {
			c.Header().Set("Retry-After", "5")
		}
		return c.word(status, text)
	})
}

// word answers one word for a machine.
func (c *Context) word(status int, text string) error {
	return c.echo.Blob(status, "text/plain; charset=utf-8", []byte(text+"\n"))
}
