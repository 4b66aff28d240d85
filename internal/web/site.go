package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/labstack/echo/v4"
	"golang.org/x/text/language"

	"rekey/internal/audit"
	"rekey/internal/clock"
	"rekey/internal/session"
	"rekey/templates"
)

// Sessions says who is signed in.
type Sessions interface {
	// Load returns the live session of a request, or nil when nobody is signed in.
	Load(r *http.Request) (*session.Session, error)
	// FormToken returns the token of a session's forms.
	FormToken(s *session.Session) string
	// ValidFormToken reports whether a form carries the token of this session.
	ValidFormToken(s *session.Session, token string) bool
}

// Renderer turns a page into HTML.
type Renderer interface {
	Render(w io.Writer, lang string, page templates.Page) error
}

// Options are what a Site needs. All are needed but Proxies, Networks,
// Static, Ready, Draining and Demo.
type Options struct {
	BaseURL        string // "https://rekey.example.org": no path; nothing else is ever linked to
	Sessions       Sessions
	MAC            MAC       // for the tokens of signed-out forms
	Audit          audit.Log // takes refused forms
	Renderer       Renderer
	Languages      []string // BCP 47, of the renderer; the first one is the default
	Language       string   // BCP 47, of the organisation, for people who ask for none of these
	LanguageCookie string   // name of the cookie that keeps a choice, with the prefix __Host-
	Organisation   templates.Organisation
	Zone           *time.Location // of the organisation, for people whose browser did not tell theirs
	FormCookie     string         // name of the cookie of signed-out forms, with the prefix __Host-
	Proxies        []netip.Prefix // whose X-Forwarded-For is believed
	Networks       []Network      // the operator's names for networks; the first that fits is told
	Static         http.Handler   // serves /static/, with cache headers of its own
	Ready          func(context.Context) error
	Draining       func() bool // the process is about to stop
	Demo           bool
	Clock          clock.Clock
	Rand           io.Reader
	NewID          func() string // request ids and event ids
	Log            *slog.Logger
}

// Site is the web site: an http.Handler with a route table.
type Site struct {
	Options
	origin  origin
	echo    *echo.Echo
	routes  []Route
	matcher language.Matcher
	wishes  *lru.Cache[string, wish] // by what was asked for
}

// keptWishes is how many different ways to ask for languages are kept.
const keptWishes = 1000

// New returns a Site that serves /healthz, /readyz and /static/; everything else is
// registered. Its error names every mistake in the options.
func New(o Options) (*Site, error) {
	s := &Site{Options: o, echo: echo.New()}
	var err error
	s.origin, err = parseOrigin(o.BaseURL)
	for _, name := range []string{o.FormCookie, o.LanguageCookie} {
		if len(name) <= len("__Host-") || !strings.HasPrefix(name, "__Host-") {
			err = errors.Join(err, fmt.Errorf("web: the name of a cookie, %q, does not begin with __Host-", name))
		}
	}
	if o.Sessions == nil || o.MAC == nil || o.Audit == nil || o.Renderer == nil || o.Zone == nil ||
		o.Clock == nil || o.Rand == nil || o.NewID == nil || o.Log == nil {
		err = errors.Join(err, errors.New("web: an option is missing"))
	}
	var tags []language.Tag
	for _, name := range o.Languages {
		tag, terr := language.Parse(name)
		err = errors.Join(err, terr)
		tags = append(tags, wished(tag))
	}
	if len(tags) == 0 {
		err = errors.Join(err, errors.New("web: no language"))
	}
	if err != nil {
		return nil, err
	}
	s.matcher = language.NewMatcher(tags)
	if s.wishes, err = lru.New[string, wish](keptWishes); err != nil {
		return nil, err
	}
	s.prepare()
	return s, nil
}

// wished returns the tag by which a language is found among a person's wishes. A
// pseudo-language (CLDR's region XA) is found by none: it is only ever chosen.
func wished(tag language.Tag) language.Tag {
	if region, _ := tag.Region(); region.String() == "XA" {
		return language.MustParse("zxx") // no linguistic content
	}
	return tag
}

// prepare sets Echo up so that every request runs through around and every error comes
// back to it.
func (s *Site) prepare() {
	s.echo.HideBanner = true
	s.echo.Logger.SetOutput(io.Discard) // we have a log of our own
	s.echo.IPExtractor = extractor(s.Proxies)
	s.echo.HTTPErrorHandler = func(error, echo.Context) {} // around has answered
	s.echo.Pre(s.around)
	s.serveHealth()
	if s.Static != nil {
		s.serveStatic()
	}
}

// ServeHTTP answers a request.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.echo.ServeHTTP(w, r) }

// URL returns the absolute address of a local path, built from configuration alone (RST-3).
func (s *Site) URL(path string) string { return s.origin.String() + path }
