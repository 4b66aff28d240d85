package web

import (
	"context"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
)

// Access says who may come to a route.
type Access string

// Who may come.
const (
	Public   Access = "public"
	SignedIn Access = "signed-in"
)

// Route is one row of the route table.
type Route struct {
	Method string
	Path   string // as registered: "/changes/:id"
	Access Access
}

// Handler answers a request for a page.
type Handler func(c *Context) error

// Routes returns the route table.
func (s *Site) Routes() []Route { return slices.Clone(s.routes) }

// Page registers a page for people who are signed in. Others are sent to the sign-in and
// come back. It answers GET and HEAD, and must not have an effect (WEB-2). A parameter
// named id must be a UUID; anything else is not there.
func (s *Site) Page(path string, h Handler) { s.PageAhead(path, nil, h) }

// PageAhead is Page with a context for the whole request, made by ahead before anything is
// read: for what may be read together with the session.
func (s *Site) PageAhead(path string, ahead func(context.Context) context.Context, h Handler) {
	s.page(path, SignedIn, func(c *Context) error {
		if r := c.Request(); ahead != nil {
			c.echo.SetRequest(r.WithContext(ahead(r.Context())))
		}
		if err := c.requireSession(); err != nil {
			return c.toSignIn(err)
		}
		if err := c.checkParams(); err != nil {
			return err
		}
		return h(c)
	})
}

// PublicPage registers a page for everybody, like Page in all else.
func (s *Site) PublicPage(path string, h Handler) {
	s.page(path, Public, func(c *Context) error {
		c.tryLoad()
		if err := c.checkParams(); err != nil {
			return err
		}
		return h(c)
	})
}

// Form registers a form of people who are signed in, and the struct that it fills: one
// string field, with a tag `form:"name"`, for each field of the form.
//
// The request must come from one of our own pages, carry the token of this very session,
// and have the struct's fields and no other. Only then is the handler called.
func Form[T any](s *Site, path string, h func(c *Context, form T) error) {
	form(s, path, SignedIn, s.checkSessionToken, h)
}

// PublicForm registers a form for everybody, like Form in all else; its token is bound
// to the browser (see Context.PublicToken).
func PublicForm[T any](s *Site, path string, h func(c *Context, form T) error) {
	form(s, path, Public, s.checkBrowserToken, h)
}

// AnyForm registers a form that people send whether they are signed in or not: with the
// token of the session, or of signed-out forms. In all else it is like Form.
func AnyForm[T any](s *Site, path string, h func(c *Context, form T) error) {
	form(s, path, Public, s.checkToken, h)
}

func form[T any](s *Site, path string, access Access, check func(*Context, url.Values) error, h func(*Context, T) error) {
	fields := shapeOf(reflect.TypeFor[T]())
	s.add(http.MethodPost, path, access, func(c *Context) error {
		c.tryLoad() // for the frame of a refusal, and to know whose form was refused
		var filled T
		err := s.origin.sent(c.Request())
		var values url.Values
		if err == nil {
			values, err = body(c.Request())
		}
		if err == nil {
			err = check(c, values)
		}
		if err == nil {
			err = c.checkParams()
		}
		if err == nil {
			err = fields.fill(values, reflect.ValueOf(&filled).Elem())
		}
		if err != nil {
			return c.refuseForm(err)
		}
		return h(c, filled)
	})
}

func (s *Site) page(path string, access Access, h Handler) {
	s.add(http.MethodGet, path, access, h)
	s.add(http.MethodHead, path, access, h)
}

func (s *Site) add(method, path string, access Access, h Handler) {
	route := Route{Method: method, Path: path, Access: access}
	s.routes = append(s.routes, route)
	s.echo.Add(method, path, func(e echo.Context) error {
		c := from(e)
		c.route = route
		return h(c)
	})
}

// allow returns the methods of a registered path, for the header of that name.
func (s *Site) allow(path string) []string {
	var methods []string
	for _, r := range s.routes {
		if r.Path == path {
			methods = append(methods, r.Method)
		}
	}
	return methods
}

// ReturnTo returns a path that somebody may be sent to after the sign-in: one of our own
// pages for people who are signed in, with no query, nothing encoded and no way to mean
// another host. ok is false for everything else (OID-5). The allow-list is the route
// table itself.
func (s *Site) ReturnTo(raw string) (path string, ok bool) {
	if !local(raw) {
		return "", false
	}
	for _, r := range s.routes {
		if r.Method == http.MethodGet && r.Access == SignedIn && matches(r.Path, raw) {
			return raw, true
		}
	}
	return "", false
}

// local reports whether raw is a path of this site: short, with no query, nothing encoded
// and no way to mean another host.
func local(raw string) bool {
	return len(raw) <= 200 && strings.HasPrefix(raw, "/") && !strings.HasPrefix(raw, "//") &&
		!strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`\%?#;:@`, r) })
}

// backTo returns the page, of people who are signed in, that a form at this path belongs to:
// the longest beginning of the path that is a page.
func (s *Site) backTo(path string) string {
	return longest(path, func(path string) bool {
		_, ok := s.ReturnTo(path)
		return ok
	})
}

// pageOf is backTo of pages for everybody as well.
func (s *Site) pageOf(path string) string {
	return longest(path, func(path string) bool {
		return local(path) && slices.ContainsFunc(s.routes, func(r Route) bool { return r.Method == http.MethodGet && matches(r.Path, path) })
	})
}

// longest returns the longest beginning of a path that is a page, "/" when there is none.
func longest(path string, isPage func(string) bool) string {
	for path != "" {
		if isPage(path) {
			return path
		}
		path = path[:max(strings.LastIndexByte(path, '/'), 0)]
	}
	return "/"
}

func matches(pattern, path string) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false
	}
	for i, w := range want {
		name, param := strings.CutPrefix(w, ":")
		if !param && w != got[i] || param && !validParam(name, got[i]) {
			return false
		}
	}
	return true
}

// validParam judges a path parameter. Ids are UUIDs as we write them.
func validParam(name, value string) bool {
	if name != "id" {
		return value != ""
	}
	id, err := uuid.Parse(value)
	return err == nil && id.String() == value
}
