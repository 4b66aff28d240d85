package handlers

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"rekey/internal/fault"
	"rekey/internal/reset"
	"rekey/internal/verification"
	"rekey/internal/web"
	"rekey/templates"
)

// longestSecret bounds what is read of a cookie or a link, in bytes: ours have 256 bits.
const longestSecret = 128

// doneTime is for how long the browser can still look at what became of a reset: a refresh, or
// another tab that waits, finds its end and not a dead link.
const doneTime = 10 * time.Minute

// resetBrowser is who asks: a browser. Who is signed in there does not matter (SES-2).
func (h *Handlers) resetBrowser(c *web.Context) reset.Browser {
	return reset.Browser{Secret: cookie(c, h.ResetCookie), Link: cookie(c, h.LinkCookie), Address: c.Address(), Source: c.Source(),
		Browser: c.Browser(), Network: c.Network(), Request: c.ID, Language: c.Locale(), Zone: c.Zone()}
}

// cookie returns the value of a cookie, "" when there is not exactly one that could be ours.
func cookie(c *web.Context, name string) string {
	found := c.Request().CookiesNamed(name)
	if len(found) != 1 || len(found[0].Value) > longestSecret {
		return ""
	}
	return found[0].Value
}

// setCookie sets a cookie for seconds, with 0 until the browser is closed; below 0 it takes it
// away, where there is one.
func (h *Handlers) setCookie(c *web.Context, name, value string, seconds int) {
	if seconds < 0 && len(c.Request().CookiesNamed(name)) == 0 {
		return
	}
	http.SetCookie(c.Writer(), &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: seconds,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// showStart shows the first page with a new picture; f, if not nil, says what is in the way.
func (h *Handlers) showStart(c *web.Context, status int, user string, f *fault.Error) error {
	page := templates.ResetStart{Base: c.Base(), User: user, Closed: h.Resets.Closed()}
	if page.Closed {
		return c.Page(status, page)
	}
	var err error
	if page.Picture, err = h.Captcha.New(); err != nil {
		return err
	}
	if page.Token, err = c.PublicToken(resetPath); err != nil {
		return err
	}
	page.Voice, page.Foreign = voice(h.Captcha.Languages(), c.Lang())
	page.Failed = f != nil
	page.Errors, page.Trouble = told(c, f)
	c.Media()
	return c.Page(status, page)
}

// voice chooses the language in which characters are spoken to the reader of a page: English
// where there is none of the page's own.
func voice(all []string, lang string) (voice string, foreign bool) {
	base, _, _ := strings.Cut(lang, "-")
	switch {
	case slices.Contains(all, base):
		return base, false
	case slices.Contains(all, "en"):
		return "en", true
	}
	return "", false
}

// told says what is in the way: at a field, or above the page.
func told(c *web.Context, f *fault.Error) ([]templates.FieldError, *templates.Problem) {
	switch {
	case f == nil:
		return nil, nil
	case f.Kind == fault.Invalid:
		return fieldErrors(f), nil
	}
	status := http.StatusServiceUnavailable
	if f.Kind == fault.Limited {
		status = http.StatusTooManyRequests
	}
	return nil, &templates.Problem{Base: c.Base(), Status: status, Key: f.Key, Args: f.Args, Until: f.Until}
}

// resetStatus is the status of a reset's page: one that is over too late is gone.
func resetStatus(v reset.View) int {
	if v.Stage == reset.Over && v.Reason == reset.Expired {
		return http.StatusGone
	}
	return http.StatusOK
}

// showReset shows a reset at its step, with what was typed; f, if not nil, says what is in the
// way. Where it has ended, its cookies end too.
func (h *Handlers) showReset(c *web.Context, v reset.View, status int, typed stepForm, f *fault.Error) error {
	h.endCookies(c, v)
	step, err := h.step(c, v, f)
	if err != nil {
		return err
	}
	base := c.Base()
	base.Failed = f != nil
	return c.Page(status, h.resetStepPage(c, v, base, step, typed, f))
}

// endCookies ends the cookies of a reset that has ended. The one that it can be begun again
// with stays for that; and the end of an older one is none of the newer's.
func (h *Handlers) endCookies(c *web.Context, v reset.View) {
	if v.Stage != reset.Done && v.Stage != reset.Over || v.Reason == reset.Newer {
		return
	}
	h.setCookie(c, h.LinkCookie, "", -1)
	if secret := cookie(c, h.ResetCookie); secret != "" && !v.CanAgain {
		h.setCookie(c, h.ResetCookie, secret, int(doneTime.Seconds()))
	}
}

// step is what the pages of all steps show.
func (h *Handlers) step(c *web.Context, v reset.View, f *fault.Error) (templates.ResetStep, error) {
	s := templates.ResetStep{ID: v.ID, Step: v.Step, Until: v.Until, Practice: v.Practice}
	for route, token := range map[string]*string{goRoute: &s.GoToken, resendRoute: &s.ResendToken, againRoute: &s.AgainToken} {
		made, err := c.PublicToken(route)
		if err != nil {
			return templates.ResetStep{}, err
		}
		*token = made
	}
	s.Errors, s.Trouble = told(c, f)
	return s, nil
}

// resetStepPage is the page of a stage.
func (h *Handlers) resetStepPage(c *web.Context, v reset.View, base templates.Base, step templates.ResetStep, typed stepForm, f *fault.Error) templates.Page {
	switch v.Stage {
	case reset.Mail:
		return templates.ResetMail{Base: base, ResetStep: step, CanAgain: v.CanAgain, Letters: typed.Code, TriesLeft: left(f)}
	case reset.Link:
		return templates.ResetLink{Base: base, ResetStep: step}
	case reset.Elsewhere:
		return templates.ResetElsewhere{Base: base, ResetStep: step, Letters: v.Letters}
	case reset.Text:
		return textPage(v, base, step, f)
	case reset.Code:
		return h.resetCodePage(c, v, base, step, typed, f)
	case reset.Password:
		return templates.ResetPassword{Base: base, ResetStep: step, NoSecondFactor: v.NoSecondFactor}
	case reset.Done:
		return templates.ResetDone{Base: base, Practice: v.Practice, First: string(v.First), Checks: resetChecks(v)}
	}
	return templates.ResetOver{Base: base, ID: v.ID, Reason: v.Reason, Practice: v.Practice, CanAgain: v.CanAgain, AgainToken: step.AgainToken,
		Checks: resetChecks(v), Trouble: step.Trouble}
}

// left is how many tries a fault leaves, 0 when it does not say.
func left(f *fault.Error) int {
	if f == nil {
		return 0
	}
	n, _ := f.Args["left"].(int)
	return n
}

// textPage says why no code went out. What is in its own words already is not said twice.
func textPage(v reset.View, base templates.Base, step templates.ResetStep, f *fault.Error) templates.ResetText {
	page := templates.ResetText{Base: base, ResetStep: step, Why: "other", To: v.Masked}
	page.Trouble = nil
	p := cmp.Or(v.Problem, f)
	if p == nil {
		return page
	}
	page.Begins = p.Until
	switch {
	case p.Key == "reset.phone-recent":
		page.Why = "phone-recent"
		if until, ok := p.Args["until"].(time.Time); ok {
			page.Begins = until
		}
	case p.Key == "reset.phone-missing":
		page.Why = "phone-missing"
	case p.Kind == fault.Limited, strings.HasPrefix(p.Key, "limit."):
		page.Why = "limited"
	case p.Kind == fault.Unavailable:
		page.Why = "down"
	}
	return page
}

func (h *Handlers) resetCodePage(c *web.Context, v reset.View, base templates.Base, step templates.ResetStep, typed stepForm, f *fault.Error) templates.ResetCode {
	page := templates.ResetCode{Base: base, ResetStep: step, To: v.Masked, SentAt: v.Sent, GoodUntil: v.GoodUntil, Alive: v.CodeAlive, Newer: v.Newer,
		Sent: v.Newer && c.Now().Sub(v.Sent) < justNow, TriesLeft: left(f), ResendAt: v.ResendAt, Delivery: string(v.Delivery), Code: typed.Code,
		NoSecondFactor: v.NoSecondFactor}
	if f != nil && f.Key == "limit.wait" {
		page.TooEarly, page.Trouble = true, nil
	}
	if v.Delivery == verification.Refused {
		page.Failed = true
	}
	return page
}

func resetChecks(v reset.View) []templates.ResetCheck {
	var all []templates.ResetCheck
	for _, c := range v.Checks {
		all = append(all, templates.ResetCheck{What: c.What, OK: c.OK, Reason: c.Reason})
	}
	return all
}

// gonePage says that there is nothing to go on with in this browser.
func (h *Handlers) gonePage(c *web.Context) templates.ResetOver {
	return templates.ResetOver{Base: c.Base(), Reason: "gone"}
}

// showPractice shows the last practice run; f, if not nil, says what is in the way of another.
func (h *Handlers) showPractice(c *web.Context, status int, f *fault.Error) error {
	last, err := h.Resets.LastPractice(c.Ctx(), c.Session.Person)
	if err != nil {
		return err
	}
	page := templates.ResetPractice{Base: c.Base(), Last: last.At, OK: last.OK}
	if f != nil {
		page.Failed = true
		if f.Kind == fault.Forbidden {
			page.Refused = f.Key
		} else {
			_, page.Trouble = told(c, f)
		}
	}
	return c.Page(status, page)
}
