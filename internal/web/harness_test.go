package web_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"rekey/internal/audit"
	"rekey/internal/clock"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/keyring"
	"rekey/internal/session"
	"rekey/internal/web"
	"rekey/internal/web/webtest"
	"rekey/templates"
)

const anID = "0b1c5a3e-7c11-4a55-9c3f-1d2e3f405162"

// plainPages renders a page as its Go value, and a form with the token in it.
type plainPages struct{}

func (plainPages) Render(w io.Writer, lang string, p templates.Page) error {
	_, err := fmt.Fprintf(w, "<html lang=%q data-template=%q>%+v", lang, p.Template(), p)
	return err
}

// words is a page of the tests.
type words struct {
	templates.Base
	Text string
}

func (words) Template() string { return "words" }

// events keeps audit events.
type events struct {
	mu  sync.Mutex
	all []audit.Event
	err error
}

func (e *events) Append(_ context.Context, event audit.Event) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, event)
	return e.err
}

type mobileForm struct {
	Country string `form:"country"`
	Number  string `form:"number"`
}

type codeForm struct {
	Code string `form:"code"`
}

type fixture struct {
	site     *web.Site
	sessions *session.Manager
	rows     *webtest.Rows
	events   *events
	log      *bytes.Buffer
	now      time.Time
	effects  []string // what handlers of forms were called with
	answer   error    // what /fault returns
}

func newFixture(t *testing.T, change ...func(*web.Options)) *fixture {
	t.Helper()
	f := &fixture{rows: webtest.NewRows(), events: &events{}, log: &bytes.Buffer{},
		now: time.Date(2026, 11, 23, 14, 32, 0, 0, time.UTC)}
	ring, err := keyring.New(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	tick := clock.Func(func() time.Time { return f.now })
	f.sessions = session.NewManager(session.Options{Rows: f.rows, Ring: ring, Clock: tick, Rand: rand.Reader,
		NewID: uuid.NewString, CookieName: "__Host-rekey"})
	o := web.Options{BaseURL: webtest.Base, Sessions: f.sessions, MAC: ring, Audit: f.events, Renderer: plainPages{},
		Languages: []string{"en", "de"}, Zone: time.UTC, FormCookie: "__Host-rekey-form", LanguageCookie: "__Host-rekey-language", Clock: tick,
		Rand: rand.Reader, NewID: uuid.NewString, Log: slog.New(slog.NewTextHandler(f.log, nil))}
	for _, c := range change {
		c(&o)
	}
	if f.site, err = web.New(o); err != nil {
		t.Fatal(err)
	}
	f.register()
	return f
}

// register adds routes of every sort.
func (f *fixture) register() {
	show := func(c *web.Context) error { return c.Page(http.StatusOK, words{Base: c.Base(), Text: "here"}) }
	for _, path := range []string{"/", "/contacts/mobile", "/changes/:id"} {
		f.site.Page(path, show)
	}
	web.Form(f.site, "/contacts/mobile", func(c *web.Context, in mobileForm) error {
		f.effects = append(f.effects, in.Country+" "+in.Number)
		return c.SeeOther("/changes/" + anID)
	})
	web.Form(f.site, "/ticks", func(c *web.Context, in struct {
		Tick  []string `form:"tick"`
		Plain string   `form:"plain"`
	}) error {
		f.effects = append(f.effects, fmt.Sprint("ticks ", in.Tick, in.Plain))
		return c.SeeOther("/")
	})
	web.Form(f.site, "/changes/:id", func(c *web.Context, in codeForm) error {
		f.effects = append(f.effects, in.Code)
		return c.SeeOther("/changes/" + c.Param("id"))
	})
	web.Form(f.site, "/changes/:id/resend", func(c *web.Context, _ struct{}) error {
		f.effects = append(f.effects, "resend")
		return c.SeeOther("/changes/" + c.Param("id"))
	})
	f.site.PublicPage("/reset", func(c *web.Context) error {
		token, err := c.PublicToken("/reset")
		if err != nil {
			return err
		}
		return c.Page(http.StatusOK, words{Text: `<input name="form_token" value="` + token + `">`})
	})
	web.PublicForm(f.site, "/reset", func(c *web.Context, in struct {
		User string `form:"user"`
	}) error {
		f.effects = append(f.effects, in.User)
		return c.SeeOther("/reset")
	})
	web.PublicForm(f.site, "/unlock", func(c *web.Context, _ struct{}) error {
		f.effects = append(f.effects, "unlock")
		return c.SeeOther("/reset")
	})
	f.site.PublicPage("/fault", func(*web.Context) error { return f.answer })
	f.site.PublicPage("/panic", func(c *web.Context) error {
		secret, err := c.Query("secret")
		panic(fmt.Errorf("%s %w", secret, err))
	})
	f.site.PublicPage("/half", func(c *web.Context) error { return c.Page(http.StatusOK, broken{}) })
}

// broken is a page that no renderer knows.
type broken struct{}

func (broken) Template() string { panic(errors.New("no such template")) }

func maya() session.Data {
	return session.Data{Person: directory.PersonID{Tenant: "t", Object: "maya"}, DisplayName: "Maya Okafor",
		UserPrincipalName: "maya@fernhill.example"}
}

// signedIn returns a browser with a session, and the token of its forms.
func (f *fixture) signedIn(t *testing.T) (*webtest.Browser, string) {
	t.Helper()
	b := webtest.New(t, f.site)
	s := b.SignIn(f.sessions, maya())
	return b, f.sessions.FormToken(s)
}

func fields(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

// at fills the parameters of a route.
func at(path string) string { return strings.ReplaceAll(path, ":id", anID) }

func has(t *testing.T, a webtest.Answer, text string) {
	t.Helper()
	if !strings.Contains(a.Body, text) {
		t.Errorf("body = %s, want %q in it", a.Body, text)
	}
}

func isFault(kind fault.Kind, key string) *fault.Error { return fault.New(kind, key) }
