package emulator

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// staleAge is how old a sign-in is that was ordered not to be fresh: a minute more than the
// site accepts.
const staleAge = 11 * time.Minute

// maxHops is how many redirects of the site are followed on the way to the sign-in.
const maxHops = 5

// wanted is an order to sign somebody in.
type wanted struct {
	User string `json:"user"`
	// Fresh and Strong are true when they are left out.
	Fresh  *bool `json:"fresh"`
	Strong *bool `json:"strong"`
}

// answered is a refusal with a status of its own.
type answered struct {
	status int
	text   string
}

func (a *answered) Error() string { return a.text }

// signInSite is where people sign in without the pages.
type signInSite struct {
	handler http.Handler
	baseURL string
	// authorize takes the authorization request to the tenant and returns the way back.
	authorize func(ctx context.Context, authorizeURL string, in wanted) (string, error)
}

// signInDirectly signs a person in without the pages.
func (e *Emulator) signInDirectly(w http.ResponseWriter, r *http.Request) {
	var in wanted
	if !read(w, r, &in) {
		return
	}
	if _, ok := e.tenant.Person(in.User); !ok {
		fail(w, http.StatusNotFound, noSuchUser)
		return
	}
	if e.site == nil || e.BaseURL() == "" {
		fail(w, http.StatusServiceUnavailable, "There is no site to sign in to.")
		return
	}
	signInSite{e.site(), e.BaseURL(), e.authorize}.signIn(w, r, in)
}

const noSuchUser = "Nobody in the tenant has this user principal name."

// authorize answers an authorization request for a person, by the order's age and strength.
func (e *Emulator) authorize(ctx context.Context, authorizeURL string, in wanted) (string, error) {
	if _, ok := e.tenant.Person(in.User); !ok {
		return "", &answered{http.StatusNotFound, noSuchUser}
	}
	at := e.clock.Now()
	if in.Fresh != nil && !*in.Fresh {
		at = at.Add(-staleAge)
	}
	callback, err := e.signIn.Authorize(ctx, authorizeURL, in.User, at, in.Strong == nil || *in.Strong)
	if err != nil {
		return "", sentence("The tenant refused the sign-in: %v", err)
	}
	return callback, nil
}

// signIn begins at the site's own /signin with the request's cookies, lets the tenant issue
// a code, and ends at the site's own callback, so that everything but the pages is what a
// browser would do. The site's cookies come back with the answer.
func (s signInSite) signIn(w http.ResponseWriter, r *http.Request, in wanted) {
	v := newVisit(s.handler, s.baseURL, r)
	location, status, err := s.walk(v, in)
	v.pass(w.Header())
	var own *answered
	switch {
	case errors.As(err, &own):
		fail(w, own.status, own.text)
	case err != nil:
		fail(w, http.StatusConflict, err.Error())
	default:
		reply(w, http.StatusOK, map[string]any{"location": location, "status": status})
	}
}

// walk goes from /signin over the authorization request to the callback.
func (s signInSite) walk(v *visit, in wanted) (string, int, error) {
	next := "/signin"
	for range maxHops {
		status, location := v.get(next)
		if status < 300 || status > 399 || location == "" {
			return "", 0, sentence("The site's sign-in answered %d and sent nobody to the tenant.", status)
		}
		if isAuthorize(location) {
			return s.finish(v, location, in)
		}
		next = location
	}
	return "", 0, sentence("The site's sign-in redirects in a circle.")
}

func (s signInSite) finish(v *visit, authorizeURL string, in wanted) (string, int, error) {
	callback, err := s.authorize(v.ctx, authorizeURL, in)
	if err != nil {
		return "", 0, err
	}
	status, location := v.get(callback)
	if status >= 400 {
		return "", 0, sentence("The site refused the sign-in with status %d.", status)
	}
	return location, status, nil
}

func isAuthorize(location string) bool {
	u, err := url.Parse(location)
	return err == nil && strings.HasSuffix(u.Path, "/oauth2/v2.0/authorize")
}

// visit is a browser that goes from page to page of the site, in this process.
type visit struct {
	ctx    context.Context
	site   http.Handler
	base   string
	like   *http.Request
	jar    map[string]string
	set    map[string]string
	setSeq []string
}

// newVisit begins with the cookies and the address of the request it acts for.
func newVisit(site http.Handler, base string, r *http.Request) *visit {
	v := &visit{ctx: r.Context(), site: site, base: base, like: r, jar: map[string]string{}, set: map[string]string{}}
	for _, c := range r.Cookies() {
		v.jar[c.Name] = c.Value
	}
	return v
}

// get fetches a page of the site and keeps the cookies it sets. A page that cannot be
// fetched has status 502.
func (v *visit) get(location string) (status int, next string) {
	base, err := url.Parse(v.base)
	if err != nil {
		return http.StatusBadGateway, ""
	}
	u, err := base.Parse(location)
	if err != nil || u.Host != base.Host {
		return http.StatusBadGateway, ""
	}
	req, err := http.NewRequestWithContext(v.ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return http.StatusBadGateway, ""
	}
	for name, value := range v.jar {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	for _, name := range []string{"User-Agent", "Accept-Language"} {
		if value := v.like.Header.Get(name); value != "" {
			req.Header.Set(name, value)
		}
	}
	in := inward(req, http.NoBody)
	in.RemoteAddr = v.like.RemoteAddr
	w := newMemory()
	if err := w.run(v.site, in); err != nil {
		return http.StatusBadGateway, ""
	}
	res := w.response(req)
	v.keep(res)
	next = res.Header.Get("Location")
	if to, err := u.Parse(next); err == nil && next != "" {
		next = to.String()
	}
	return res.StatusCode, next
}

func (v *visit) keep(res *http.Response) {
	for _, line := range res.Header.Values("Set-Cookie") {
		c, err := http.ParseSetCookie(line)
		if err != nil {
			continue
		}
		v.jar[c.Name] = c.Value
		if c.MaxAge < 0 || c.Value == "" {
			delete(v.jar, c.Name)
		}
		if _, again := v.set[c.Name]; !again {
			v.setSeq = append(v.setSeq, c.Name)
		}
		v.set[c.Name] = line
	}
}

// pass hands on the cookies that were set, the last of each name.
func (v *visit) pass(h http.Header) {
	for _, name := range v.setSeq {
		h.Add("Set-Cookie", v.set[name])
	}
}
