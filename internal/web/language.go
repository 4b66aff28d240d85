package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"rekey/internal/fault"
)

// LanguageForm is where the language is chosen, by people who are signed in and by others.
const LanguageForm = "/language"

// choiceSeconds is how long a browser keeps the choice of a language: a year.
const choiceSeconds = 365 * 24 * 60 * 60

// longestAsk bounds what is read of a browser's wishes.
const longestAsk = 500

// Lang returns the language of the page: what was chosen, else the best for what the
// account, the browser and the organisation prefer, in this order.
func (c *Context) Lang() string {
	lang, _ := c.tongue()
	return lang
}

// Locale is Lang with the person's region where that is known: "en-US".
func (c *Context) Locale() string {
	lang, region := c.tongue()
	if region == "" {
		return lang
	}
	return lang + "-" + region
}

// tongue returns the language, and the region of the first wish for that language that
// names one: dates and times are written as people write them there.
func (c *Context) tongue() (lang, region string) {
	asks := [3]string{1: c.Request().Header.Get("Accept-Language"), 2: c.site.Language}
	if c.Session != nil {
		asks[0] = c.Session.Language
	}
	w := c.site.wish(asks)
	if chosen := c.Chosen(); chosen != "" && chosen != w.lang {
		return chosen, regionFor(chosen, w.tags)
	}
	return w.lang, w.region
}

// wish is what somebody would like to read, in the order of preference.
type wish struct {
	tags         []language.Tag
	lang, region string // the best of the site's for it
}

// wish reads the languages of the account, the browser and the organisation. Most browsers ask
// in one of a few ways, and to read each is work: those that come again are kept.
func (s *Site) wish(asks [3]string) wish {
	key := strings.Join(asks[:], "\x00")
	if w, ok := s.wishes.Get(key); ok {
		return w
	}
	var w wish
	for _, ask := range asks {
		if len(ask) > longestAsk {
			continue
		}
		if some, _, err := language.ParseAcceptLanguage(ask); err == nil {
			w.tags = append(w.tags, some...)
		}
	}
	_, i, _ := s.matcher.Match(w.tags...)
	w.lang = s.Languages[i]
	w.region = regionFor(w.lang, w.tags)
	if len(key) <= longestAsk {
		s.wishes.Add(key, w)
	}
	return w
}

func regionFor(lang string, wishes []language.Tag) string {
	base, _, _ := strings.Cut(lang, "-")
	for _, tag := range wishes {
		b, _ := tag.Base()
		if r, confidence := tag.Region(); b.String() == base && confidence == language.Exact && r.IsCountry() {
			return r.String()
		}
	}
	return ""
}

// Chosen returns the language that was chosen in this browser, "" for none that is offered.
func (c *Context) Chosen() string {
	cookies := c.Request().CookiesNamed(c.site.LanguageCookie)
	if len(cookies) != 1 || !c.Offers(cookies[0].Value) {
		return ""
	}
	return cookies[0].Value
}

// Offers reports whether a language is one of the site's.
func (c *Context) Offers(lang string) bool { return slices.Contains(c.site.Languages, lang) }

// ChooseLanguage keeps a language in this browser for a year. The cookie says nothing else.
func (c *Context) ChooseLanguage(lang string) {
	http.SetCookie(c.Writer(), &http.Cookie{Name: c.site.LanguageCookie, Value: lang, Path: "/", MaxAge: choiceSeconds,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// Local returns a path of this site that a form may lead back to, "/" for anything that
// could mean another host. There need not be a page: then there was none before.
func Local(raw string) string {
	if !local(raw) {
		return "/"
	}
	return raw
}

// checkToken accepts what the frame's forms carry: the token of the session, of signed-out
// forms while there is none.
func (s *Site) checkToken(c *Context, values url.Values) error {
	if c.Session != nil {
		return s.checkSessionToken(c, values)
	}
	err := s.checkBrowserToken(c, values)
	if f := fault.As(err); f != nil && f.Key == "form.other-session" {
		return c.requireSession() // most likely its page is from before the session ended: that page says so
	}
	return err
}

// languageToken returns the token of the form that chooses the language. Under a name that
// is not the site's there is no such form: its cookie would be another site's.
func (c *Context) languageToken() string {
	switch {
	case c.bare || !c.site.origin.isHost(c.Request().Host):
		return ""
	case c.Session != nil:
		return c.site.Sessions.FormToken(c.Session)
	}
	token, err := c.PublicToken(LanguageForm)
	if err != nil {
		c.site.Log.Error("the form of languages has no token", "request", c.ID, "err", err)
	}
	return token
}
