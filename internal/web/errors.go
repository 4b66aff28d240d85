package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"rekey/internal/audit"
	"rekey/internal/fault"
)

// waitTime is the Retry-After of a fault that does not say until when to wait.
const waitTime = 10 * time.Second

func notFound() error { return fault.New(fault.NotFound, "page.not-found") }

// fail answers with the page of an error (and with nothing when the browser hung up).
func (s *Site) fail(c *Context, err error) {
	if c.echo.Response().Committed || c.gone(err) {
		return
	}
	status, f := s.explain(err)
	switch status {
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		c.tryLoad() // no route did: for the frame
	}
	switch status {
	case http.StatusMethodNotAllowed:
		c.Header().Set("Allow", strings.Join(s.allow(c.echo.Path()), ", "))
	case http.StatusRequestEntityTooLarge:
		c.Header().Set("Connection", "close")
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if f.Until.IsZero() {
			f.Until = c.Now().Add(waitTime)
		}
		c.RetryAfter(f.Until)
	}
	rendered := s.guard(c, func() error {
		link, key := c.way(f)
		return c.Page(status, c.problem(status, f, link, key))
	})
	if rendered == nil || c.echo.Response().Committed {
		return
	}
	s.Log.Error("the error page could not be rendered", "request", c.ID, "err", rendered)
	_ = c.word(http.StatusInternalServerError, "Something went wrong here. What you did last may not have been saved: look before you try again. Request "+c.ID)
}

// explain returns the status of an error and the words for it. What is no fault has none
// of its own: its text is for the log only.
func (s *Site) explain(err error) (int, *fault.Error) {
	var httpErr *echo.HTTPError
	f := fault.As(err)
	switch {
	case f != nil:
		copied := *f
		return statusOf(f.Kind), &copied
	case errors.Is(err, errTooLarge):
		return http.StatusRequestEntityTooLarge, fault.New(fault.Malformed, "form.too-large")
	case errors.As(err, &httpErr):
		return httpProblem(httpErr.Code)
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable, fault.New(fault.Unavailable, "site.busy")
	}
	return http.StatusInternalServerError, fault.New(fault.Internal, "site.error")
}

// httpProblem maps the errors that Echo makes itself.
func httpProblem(status int) (int, *fault.Error) {
	switch status {
	case http.StatusNotFound:
		return status, fault.New(fault.NotFound, "page.not-found")
	case http.StatusMethodNotAllowed:
		return status, fault.New(fault.Malformed, "page.method")
	case http.StatusMisdirectedRequest:
		return status, fault.New(fault.Malformed, "page.host")
	case http.StatusRequestEntityTooLarge:
		return status, fault.New(fault.Malformed, "form.too-large")
	}
	if status >= 400 && status < 500 {
		return http.StatusBadRequest, fault.New(fault.Malformed, "form.malformed")
	}
	return http.StatusInternalServerError, fault.New(fault.Internal, "site.error")
}

// statusOf is the status of the page that tells of a fault.
func statusOf(k fault.Kind) int {
	switch k {
	case fault.Malformed:
		return http.StatusBadRequest
	case fault.SignedOut:
		return http.StatusUnauthorized
	case fault.Forbidden, fault.StepUp:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Gone:
		return http.StatusGone
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.Limited:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// gone reports whether an error only says that the browser hung up.
func (c *Context) gone(err error) bool {
	return err != nil && errors.Is(err, context.Canceled) && errors.Is(c.Ctx().Err(), context.Canceled)
}

// refuseForm notes a refused form of somebody who is signed in, and passes the refusal
// on. What strangers send is in the log line alone: they could fill the audit log.
func (c *Context) refuseForm(err error) error {
	f := fault.As(err)
	if c.Session == nil || f != nil && f.Kind != fault.Malformed && f.Kind != fault.Forbidden {
		return err
	}
	_, words := c.site.explain(err)
	person := c.Session.Person.String()
	noted := c.site.Audit.Append(c.Ctx(), audit.Event{ID: c.site.NewID(), At: c.Now(), Actor: person, Subject: person,
		Action: audit.FormRefuse, Outcome: audit.Refusal, Reason: words.Key, Address: c.Address(), Request: c.ID,
		Detail: map[string]string{"route": c.route.Path}})
	if noted != nil {
		c.site.Log.Error("a refused form could not be noted", "request", c.ID, "err", noted)
	}
	return err
}
