package web

import (
	"context"
	"log/slog"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"rekey/internal/fault"
)

// around runs every request: it gives it an id, the headers and a deadline, refuses what
// no page takes, turns the error into a page, and writes the one log line.
func (s *Site) around(next echo.HandlerFunc) echo.HandlerFunc {
	return func(e echo.Context) error {
		began := s.Clock.Now()
		c := &Context{ID: s.NewID(), site: s, echo: e}
		e.Set(contextKey, c)
		ctx, cancel := context.WithTimeout(e.Request().Context(), PageTime)
		defer cancel()
		e.SetRequest(e.Request().WithContext(ctx))
		Harden(c.Header(), s.origin.secure())
		c.Header().Set("X-Request-Id", c.ID)
		err := s.guard(c, func() error { return s.admit(c, next) })
		if err != nil {
			s.fail(c, err)
		}
		s.logLine(c, began, err)
		return nil
	}
}

// admit refuses other hosts and other methods before anything is looked up.
func (s *Site) admit(c *Context, next echo.HandlerFunc) error {
	r := c.Request()
	if !s.origin.isHost(r.Host) && !isHealth(r.URL.Path) {
		return echo.NewHTTPError(http.StatusMisdirectedRequest)
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost:
		return next(c.echo)
	}
	// Look the path up as a GET to tell what would be allowed; Echo would answer OPTIONS.
	s.echo.Router().Find(http.MethodGet, echo.GetPath(r), c.echo)
	if len(s.allow(c.echo.Path())) == 0 {
		return echo.ErrNotFound
	}
	return echo.ErrMethodNotAllowed
}

// panicked is a panic, kept without its value and without arguments: either could hold
// what a person typed.
type panicked struct {
	kind  string
	stack []string
}

func (p *panicked) Error() string { return "panic: " + p.kind }

// guard runs a handler and turns a panic into an error.
func (s *Site) guard(c *Context, run func() error) (err error) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		if v == http.ErrAbortHandler {
			panic(v)
		}
		p := &panicked{kind: kindOf(v), stack: frames()}
		s.Log.Error("a page panicked", "request", c.ID, "route", c.echo.Path(), "kind", p.kind, "stack", p.stack)
		err = p
	}()
	return run()
}

// kindOf describes a panic's value without what it holds. The runtime's own errors tell
// of types and indexes only.
func kindOf(v any) string {
	if e, ok := v.(runtime.Error); ok {
		return e.Error()
	}
	switch v.(type) {
	case error:
		return "error"
	case string:
		return "string"
	}
	return "other"
}

// frames returns where a panic came from: functions, files and lines, no values.
func frames() []string {
	pcs := make([]uintptr, 32)
	all := runtime.CallersFrames(pcs[:runtime.Callers(4, pcs)])
	var lines []string
	for {
		f, more := all.Next()
		lines = append(lines, f.Function+" "+f.File+":"+strconv.Itoa(f.Line))
		if !more {
			return lines
		}
	}
}

// statusClientGone is what the log calls a request whose browser hung up.
const statusClientGone = 499

// logLine writes the canonical line of a request: its route as registered, never its
// address, which may hold secrets; no cookie, no body.
func (s *Site) logLine(c *Context, began time.Time, err error) {
	level := slog.LevelInfo
	attrs := []slog.Attr{slog.String("method", methodName(c.Request().Method)), slog.String("route", c.routeName()),
		slog.Int("status", c.echo.Response().Status), slog.Int64("ms", s.Clock.Now().Sub(began).Milliseconds()),
		slog.String("request", c.ID)}
	if c.Session != nil {
		attrs = append(attrs, slog.String("person", c.Session.Person.Object))
	}
	if f := fault.As(err); f != nil {
		attrs = append(attrs, slog.String("fault", f.Kind.String()), slog.String("key", f.Key))
	}
	switch {
	case c.gone(err):
		attrs[2] = slog.Int("status", statusClientGone)
	case err != nil && c.echo.Response().Status >= http.StatusInternalServerError:
		level = slog.LevelError
		attrs = append(attrs, slog.String("err", err.Error()))
	case isHealth(c.Request().URL.Path):
		level = slog.LevelDebug
	}
	s.Log.LogAttrs(context.WithoutCancel(c.Ctx()), level, "request", attrs...)
}

// routeName returns the registered path, or a word for those that have none.
func (c *Context) routeName() string {
	if len(c.site.allow(c.echo.Path())) == 0 {
		return "none"
	}
	return c.echo.Path()
}

// methodName keeps what a client invents out of the log.
func methodName(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions, http.MethodTrace, http.MethodConnect:
		return method
	}
	return "other"
}
