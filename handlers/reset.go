package handlers

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/reset"
	"rekey/internal/web"
)

// Resets is the journey of administrators who forgot their password; see reset.Service for
// the faults.
type Resets interface {
	Begin(ctx context.Context, b reset.Browser, user string) (id, secret string, err error)
	View(ctx context.Context, b reset.Browser, id string) (reset.View, error)
	Go(ctx context.Context, b reset.Browser, id, typed string) error
	Resend(ctx context.Context, b reset.Browser, id string) error
	SetPassword(ctx context.Context, b reset.Browser, id, password, again string) error
	Again(ctx context.Context, b reset.Browser, id string) (newID, secret string, err error)
	Practise(ctx context.Context, a contact.Actor, b reset.Browser) (id, secret string, err error)
	LastPractice(ctx context.Context, person directory.PersonID) (reset.Practised, error)
	// Closed reports whether the tenant is known to forbid all this. It asks nobody.
	Closed() bool
}

// Captcha is the picture with characters, and the same spoken; see captcha.Service.
type Captcha interface {
	New() (token string, err error)
	Picture(token string) (png []byte, ok bool)
	Sound(token, language string) (wav []byte, ok bool)
	Languages() []string
	// Check uses the token up, whatever was typed.
	Check(ctx context.Context, token, typed string) (bool, error)
}

const (
	resetPath    = "/reset"
	practicePath = resetPath + "/practice"
	// The forms of one reset, as the route table writes them: what their tokens are made for.
	goRoute     = resetPath + "/:id"
	resendRoute = goRoute + "/resend"
	againRoute  = goRoute + "/again"
)

// The forms of a reset.
type (
	resetForm struct {
		User       string `form:"user"`
		Characters string `form:"characters"`
		Picture    string `form:"picture"`
		Another    string `form:"another"` // another picture, please
	}
	stepForm struct {
		Code     string `form:"code"` // or the letters of the link
		Password string `form:"password"`
		Again    string `form:"password_again"`
	}
)

// mountReset registers the pages and forms of a reset, and of its practice run.
func (h *Handlers) mountReset(s *web.Site) {
	s.PublicPage(resetPath, func(c *web.Context) error { return h.showStart(c, http.StatusOK, "", nil) })
	web.PublicForm(s, resetPath, h.beginReset)
	s.PublicPage(resetPath+"/picture/:token", h.picture)
	s.PublicPage(resetPath+"/sound/:language/:token", h.sound)
	s.PublicPage(goRoute, h.reset)
	web.PublicForm(s, goRoute, h.goOnReset)
	web.PublicForm(s, resendRoute, h.resendReset)
	web.PublicForm(s, againRoute, h.resetAgain)
	s.Page(practicePath, h.own(h.practice))
	web.Form(s, practicePath, ownForm(h.practise))
}

// picture shows the characters.
func (h *Handlers) picture(c *web.Context) error {
	png, ok := h.Captcha.Picture(c.Param("token"))
	if !ok {
		return fault.New(fault.NotFound, "page.not-found")
	}
	return c.Bytes("image/png", png)
}

// sound speaks them.
func (h *Handlers) sound(c *web.Context) error {
	wav, ok := h.Captcha.Sound(c.Param("token"), c.Param("language"))
	if !ok {
		return fault.New(fault.NotFound, "page.not-found")
	}
	return c.Bytes("audio/wav", wav)
}

// beginReset takes a user name. What it answers hangs on nothing but what the browser sent:
// whose name it is, is found out later, by a job (RST-2).
func (h *Handlers) beginReset(c *web.Context, form resetForm) error {
	if h.Resets.Closed() {
		return h.showStart(c, http.StatusForbidden, "", nil)
	}
	if form.Another != "" {
		return h.showStart(c, http.StatusOK, form.User, nil)
	}
	right, err := h.Captcha.Check(c.Ctx(), form.Picture, form.Characters)
	if err != nil {
		return err
	}
	if !right {
		return h.showStart(c, http.StatusUnprocessableEntity, form.User, fault.At("characters", "characters.wrong", nil))
	}
	id, secret, err := h.Resets.Begin(c.Ctx(), h.resetBrowser(c), form.User)
	if err == nil {
		return h.begun(c, id, secret)
	}
	switch f := fault.As(err); {
	case f == nil:
		return err
	case f.Kind == fault.Invalid:
		return h.showStart(c, http.StatusUnprocessableEntity, form.User, f)
	case f.Kind == fault.Limited:
		c.RetryAfter(f.Until)
		return h.showStart(c, http.StatusTooManyRequests, form.User, f)
	}
	return err
}

// begun gives the browser the cookie of a reset, and goes to its page.
func (h *Handlers) begun(c *web.Context, id, secret string) error {
	h.setCookie(c, h.ResetCookie, secret, 0)
	h.setCookie(c, h.LinkCookie, "", -1)
	return c.SeeOther(resetPage(id))
}

func resetPage(id string) string { return resetPath + "/" + url.PathEscape(id) }

// reset shows a reset where it stands. An address with the token of the mail's link is left at
// once, and nothing else happens: whoever opens links by themselves, mail scanners above all,
// changes nothing (RST-5, RST-7).
func (h *Handlers) reset(c *web.Context) error {
	if c.Request().URL.RawQuery != "" {
		c.NoReferrer()
		if token, ok := linkToken(c.Request().URL); ok {
			h.setCookie(c, h.LinkCookie, token, 0)
		}
		return c.SeeOther(resetPage(c.Param("id")))
	}
	v, err := h.Resets.View(c.Ctx(), h.resetBrowser(c), c.Param("id"))
	if err != nil {
		return h.noReset(c, err)
	}
	return h.showReset(c, v, resetStatus(v), stepForm{}, nil)
}

// linkToken reads the token of an address: one, of the letters that tokens are made of, and no
// longer than any of ours.
func linkToken(u *url.URL) (string, bool) {
	given := u.Query()["link"]
	if len(given) != 1 || given[0] == "" || len(given[0]) > longestSecret {
		return "", false
	}
	foreign := strings.ContainsFunc(given[0], func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
	return given[0], !foreign
}

// goOnReset moves a reset on: with the button, the letters, the code or the password, as its
// step asks.
func (h *Handlers) goOnReset(c *web.Context, form stepForm) error {
	b, id := h.resetBrowser(c), c.Param("id")
	password := form.Password != "" || form.Again != ""
	if !password {
		v, err := h.Resets.View(c.Ctx(), b, id)
		if err != nil {
			return h.noReset(c, err)
		}
		password = v.Stage == reset.Password
	}
	var err error
	if password {
		err = h.Resets.SetPassword(c.Ctx(), b, id, form.Password, form.Again)
	} else {
		err = h.Resets.Go(c.Ctx(), b, id, form.Code)
	}
	return h.afterReset(c, b, err, stepForm{Code: form.Code}) // the password goes no further
}

// resendReset sends a new code.
func (h *Handlers) resendReset(c *web.Context, _ struct{}) error {
	b := h.resetBrowser(c)
	return h.afterReset(c, b, h.Resets.Resend(c.Ctx(), b, c.Param("id")), stepForm{})
}

// resetAgain begins a reset once more, with the user name that was typed.
func (h *Handlers) resetAgain(c *web.Context, _ struct{}) error {
	b := h.resetBrowser(c)
	id, secret, err := h.Resets.Again(c.Ctx(), b, c.Param("id"))
	if err != nil {
		return h.afterReset(c, b, err, stepForm{})
	}
	return h.begun(c, id, secret)
}

// afterReset shows where a reset stands after something was asked for: what was typed stays,
// but for passwords.
func (h *Handlers) afterReset(c *web.Context, b reset.Browser, err error, typed stepForm) error {
	id, f := c.Param("id"), fault.As(err)
	switch {
	case err == nil:
		return c.SeeOther(resetPage(id))
	case f == nil:
		return err
	case f.Kind == fault.NotFound:
		return h.noReset(c, err)
	}
	v, viewErr := h.Resets.View(c.Ctx(), b, id)
	if viewErr != nil {
		return h.noReset(c, viewErr)
	}
	told := *f
	status := http.StatusConflict
	switch told.Kind {
	case fault.Invalid:
		if !fits(v, told) {
			return c.SeeOther(resetPage(id)) // it moved on meanwhile, and its page says to where
		}
		status = http.StatusUnprocessableEntity
	case fault.Limited, fault.Unavailable:
		status = map[fault.Kind]int{fault.Limited: http.StatusTooManyRequests, fault.Unavailable: http.StatusServiceUnavailable}[told.Kind]
		if told.Until.IsZero() {
			told.Until = c.Now().Add(retryTime)
		}
		c.RetryAfter(told.Until)
	case fault.Gone, fault.Conflict, fault.Forbidden:
		return c.SeeOther(resetPage(id))
	default:
		return err
	}
	return h.showReset(c, v, status, typed, &told)
}

// fits reports whether the page of a view has the field at which a fault is.
func fits(v reset.View, f fault.Error) bool {
	switch f.Field {
	case "code":
		return v.Stage == reset.Mail || v.Stage == reset.Code
	case "password", "password_again":
		return v.Stage == reset.Password
	}
	return false
}

// noReset says that there is no such reset for this browser: of somebody else's, of one that is
// long over and of one that never was in the same words.
func (h *Handlers) noReset(c *web.Context, err error) error {
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	return c.Page(http.StatusGone, h.gonePage(c))
}

// practice shows the last practice run, and begins another.
func (h *Handlers) practice(c *web.Context) error { return h.showPractice(c, http.StatusOK, nil) }

func (h *Handlers) practise(c *web.Context, _ struct{}) error {
	id, secret, err := h.Resets.Practise(c.Ctx(), h.actor(c), h.resetBrowser(c))
	if err == nil {
		return h.begun(c, id, secret)
	}
	f := fault.As(err)
	if f == nil {
		return err
	}
	told := *f
	switch told.Kind {
	case fault.StepUp:
		return c.Page(http.StatusOK, h.againPage(c, h.subject(c, directory.Phone), practicePath, "practice", ""))
	case fault.Forbidden:
		return h.showPractice(c, http.StatusForbidden, &told)
	case fault.Limited, fault.Unavailable:
		if told.Until.IsZero() {
			told.Until = c.Now().Add(retryTime)
		}
		c.RetryAfter(told.Until)
		return h.showPractice(c, map[fault.Kind]int{fault.Limited: http.StatusTooManyRequests, fault.Unavailable: http.StatusServiceUnavailable}[told.Kind], &told)
	}
	return err
}
