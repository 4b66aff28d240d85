// Package handlers answers requests: parse, one call to a journey, then a redirect or a
// page. One file for each group of pages, one route table (Mount).
//
// It holds no rules: what may be done, by whom and how often is decided by the journeys,
// and who may come to a page by web. It turns what they say into the pages of templates.
package handlers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"rekey/internal/audit"
	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/limit"
	"rekey/internal/reset"
	"rekey/internal/session"
	"rekey/internal/web"
)

// Contacts is the journey of a change of contact; see contact.Service for the faults.
type Contacts interface {
	Start(ctx context.Context, a contact.Actor, kind directory.Kind, in contact.Input) (contact.Change, error)
	View(ctx context.Context, a contact.Actor, id string) (contact.View, error)
	Redeem(ctx context.Context, a contact.Actor, id, typed string) (contact.Change, error)
	Resend(ctx context.Context, a contact.Actor, id string) error
	Cancel(ctx context.Context, a contact.Actor, id string) error
	Remove(ctx context.Context, a contact.Actor, kind directory.Kind) (contact.Change, error)
	Removal(ctx context.Context, a contact.Actor, kind directory.Kind) (contact.Removal, error)
	Test(ctx context.Context, a contact.Actor, kind directory.Kind) (contact.Change, error)
	Closed(kind directory.Kind, snap directory.Snapshot) string
	Reaches(m directory.Method) bool
	Draft(ctx context.Context, a contact.Actor, kind directory.Kind) (contact.Input, bool)
	SteppedUp(ctx context.Context, a contact.Actor) error
	Overview(ctx context.Context, a contact.Actor, snap directory.Snapshot) ([]contact.View, map[directory.Kind]contact.Proof, error)
}

// Snapshots is what is on people's accounts; see directory.Snapshots.
type Snapshots interface {
	Kept(ctx context.Context, person directory.PersonID) (directory.Snapshot, error)
	Refresh(ctx context.Context, person directory.PersonID) (directory.Snapshot, error)
}

// Sessions starts, keeps and ends sessions; see session.Manager.
type Sessions interface {
	SignIn(w http.ResponseWriter, r *http.Request, d session.Data) (*session.Session, error)
	Save(w http.ResponseWriter, r *http.Request, s *session.Session) error
	SignOut(w http.ResponseWriter, r *http.Request) error
	Begin(w http.ResponseWriter, r *http.Request, state string, p session.Pending) error
	Take(w http.ResponseWriter, r *http.Request, state string) (session.Pending, bool, error)
}

// SignInStart is the beginning of a sign-in: where the browser goes, and what is kept
// until it comes back.
type SignInStart struct{ URL, State, Nonce, Verifier string }

// Identity is who signed in, as the identity provider proved it.
type Identity struct {
	Person            directory.PersonID
	DisplayName       string
	UserPrincipalName string
	AuthTime          time.Time // zero when the provider did not say
	Strong            bool      // the authentication context is in the token
	Guest             bool
	Language          string // BCP 47, may be empty
}

// Broker speaks to the identity provider.
type Broker interface {
	// Start begins a sign-in; with stepUp the person is asked for credentials in any case.
	// Fault: fault.Unavailable.
	Start(ctx context.Context, stepUp bool, loginHint string) (SignInStart, error)
	// Complete redeems what came back. Faults: fault.Unavailable, and fault.Forbidden for
	// what does not verify.
	Complete(ctx context.Context, code, verifier, nonce string) (Identity, error)
	// SignOutURL returns the address that ends the person's session at the provider.
	SignOutURL() string
}

// Allowances reserves a place in all charges, or in none; see limit.Allowances.
type Allowances interface {
	Reserve(ctx context.Context, charges ...limit.Charge) (until time.Time, ok bool, err error)
}

// Deps are what the handlers need. All are needed but Ahead and what belongs to resets.
type Deps struct {
	Contacts  Contacts
	Snapshots Snapshots
	Sessions  Sessions
	Own       Own
	SignOuts  SignOuts
	// Retirements is the journey off an old phone.
	Retirements Retirements
	// BaseURL is the address of the site, for the code that opens a page on another device.
	BaseURL string
	Broker  Broker
	Audit   audit.Log
	// Allowances bound what people who are signed out may write into the audit log, and how
	// often one person has the directory read.
	Allowances Allowances
	Refresh    []limit.Window
	// Fresh says whether a sign-in may start a change, by the journey's own rule.
	Fresh func(contact.Actor) bool
	// PhoneLost says what losing the phone would come to for somebody with these methods. It
	// asks nobody.
	PhoneLost func([]directory.Method) directory.Loss
	// Context says that an authentication context is configured, so that a change needs one
	// code and not two.
	Context bool
	// Ahead, where it is set, lets what the security info page shows be read together with the
	// session.
	Ahead     func(context.Context) context.Context
	Countries []string      // ISO 3166, whose numbers are taken; the first one is proposed
	NewID     func() string // of audit events
	Log       *slog.Logger

	// Resets is the journey of administrators who forgot their password, Captcha the picture
	// before it: both nil where it is switched off. ResetCookie and LinkCookie are the names of
	// its cookies, with the prefix __Host-.
	Resets                  Resets
	Captcha                 Captcha
	ResetCookie, LinkCookie string
	// Practice, where it is set, returns the last practice run of somebody with this on their
	// account; shown is false for everybody who is no administrator.
	Practice func(ctx context.Context, person directory.PersonID, snap directory.Snapshot) (last reset.Practised, shown bool, err error)
}

// Handlers answers the site's requests.
type Handlers struct{ Deps }

// New returns the handlers.
func New(d Deps) (*Handlers, error) {
	if d.Contacts == nil || d.Snapshots == nil || d.Sessions == nil || d.Own == nil || d.SignOuts == nil || d.Retirements == nil || d.BaseURL == "" || d.Broker == nil || d.Audit == nil || d.Allowances == nil ||
		d.Fresh == nil || d.PhoneLost == nil || len(d.Countries) == 0 || d.NewID == nil || d.Log == nil {
		return nil, errors.New("handlers: a dependency is missing")
	}
	if err := d.checkResets(); err != nil {
		return nil, err
	}
	return &Handlers{d}, nil
}

// NewResets returns the handlers of a process that serves resets alone. Of the dependencies it
// needs Resets, Captcha and their cookies, Sessions, Snapshots, which it only asks for what is
// kept, and Log.
func NewResets(d Deps) (*Handlers, error) {
	if d.Resets == nil || d.Sessions == nil || d.Snapshots == nil || d.Log == nil {
		return nil, errors.New("handlers: a dependency of resets is missing")
	}
	if err := d.checkResets(); err != nil {
		return nil, err
	}
	return &Handlers{d}, nil
}

func (d Deps) checkResets() error {
	if (d.Resets == nil) != (d.Captcha == nil) {
		return errors.New("handlers: of resets and their picture there is one without the other")
	}
	for _, name := range []string{d.ResetCookie, d.LinkCookie} {
		if d.Resets != nil && (len(name) <= len(hostPrefix) || !strings.HasPrefix(name, hostPrefix) || d.ResetCookie == d.LinkCookie) {
			return fmt.Errorf("handlers: the name of a cookie, %q, does not begin with %s, or is another one's", name, hostPrefix)
		}
	}
	return nil
}

// hostPrefix begins the name of a cookie that no other host can have set (RFC 6265bis 4.1.3.2).
const hostPrefix = "__Host-"

// Mount registers every page and form. /static/, /healthz and /readyz are web's own.
func (h *Handlers) Mount(s *web.Site) {
	s.PageAhead("/", h.Ahead, h.own(h.home))
	web.Form(s, "/snapshot/refresh", ownForm(h.refresh))

	s.PublicPage("/signin", h.signIn)
	s.PublicPage("/signin/callback", h.callback)
	s.Page("/signin/not-fresh", h.notFresh)
	web.Form(s, "/signout", h.signOut)
	s.PublicPage("/signed-out", h.signedOut)

	h.mountContacts(s)
	h.mountSessions(s)
	h.mountNewPhone(s)
	if h.Resets != nil {
		h.mountReset(s)
	}

	s.Page("/changes/:id", h.own(h.change))
	web.Form(s, "/changes/:id", ownForm(h.redeem))
	web.Form(s, "/changes/:id/resend", ownForm(h.resend))
	web.Form(s, "/changes/:id/cancel", ownForm(h.cancel))

	web.Form(s, "/zone", h.zone)
	web.AnyForm(s, web.LanguageForm, h.language)
}

// MountResets registers the pages and forms of resets, and what their frame has.
func (h *Handlers) MountResets(s *web.Site) {
	h.mountReset(s)
	web.AnyForm(s, web.LanguageForm, h.language)
}
