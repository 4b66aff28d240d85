package handlers_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"rekey/handlers"
	"rekey/internal/audit"
	"rekey/internal/clock"
	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/keyring"
	"rekey/internal/limit"
	"rekey/internal/message"
	"rekey/internal/reset"
	"rekey/internal/session"
	"rekey/internal/web"
	"rekey/internal/web/webtest"
	"rekey/templates"
)

const (
	changeID = "0b1c5a3e-7c11-4a55-9c3f-1d2e3f405162"
	rightOne = "918273"
)

func person(name string) directory.PersonID { return directory.PersonID{Tenant: "t", Object: name} }

func fields(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

// contacts is the journey with its states in memory. Its faults are ordered by fail.
type contacts struct {
	mu          sync.Mutex
	now         func() time.Time
	views       map[string]contact.View
	owner       map[string]directory.PersonID
	sent        int      // codes
	effects     []string // whatever changed something
	fail        error    // of the next call that changes something
	draft       *contact.Input
	removal     *contact.Removal
	withoutMail bool
	proofs      map[directory.Kind]contact.Proof
	actor       contact.Actor // of the last call
}

func (c *contacts) do(a contact.Actor, what string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.actor = a
	err := c.fail
	c.fail = nil
	if err == nil {
		c.effects = append(c.effects, what)
	}
	return err
}

// put keeps a change of maya's as a view of it.
func (c *contacts) put(v contact.View) {
	c.views[v.Change.ID], c.owner[v.Change.ID] = v, person("maya")
}

func (c *contacts) Start(_ context.Context, a contact.Actor, kind directory.Kind, in contact.Input) (contact.Change, error) {
	if err := c.do(a, "start "+string(kind)+" "+in.Country+" "+in.Number+in.Address); err != nil {
		return contact.Change{}, err
	}
	c.sent++
	v := contact.View{Step: contact.EnterCode, Here: true, To: "+1 •••-•••-••43", SentAt: c.now(), GoodUntil: c.now().Add(10 * time.Minute),
		CodeAlive: true, TriesLeft: 5, Change: contact.Change{ID: uuid.NewString(), Person: a.Person, Session: a.Session, Kind: kind, Act: contact.Set,
			State: contact.Proving, Masked: "+1 •••-•••-••43", OldMasked: "+1 •••-•••-••42"}}
	c.views[v.Change.ID], c.owner[v.Change.ID] = v, a.Person
	return v.Change, nil
}

// Closed and Reaches are the journey's own rules.
func (c *contacts) Closed(kind directory.Kind, snap directory.Snapshot) string {
	return c.rules().Closed(kind, snap)
}

func (c *contacts) Reaches(m directory.Method) bool { return c.rules().Reaches(m) }

func (c *contacts) rules() *contact.Service {
	if c.withoutMail {
		return &contact.Service{}
	}
	return &contact.Service{Senders: message.Senders{message.Mail: nil}}
}

func (c *contacts) Remove(_ context.Context, a contact.Actor, kind directory.Kind) (contact.Change, error) {
	return contact.Change{ID: changeID}, c.do(a, "remove "+string(kind))
}

func (c *contacts) Removal(_ context.Context, _ contact.Actor, kind directory.Kind) (contact.Removal, error) {
	if c.removal == nil {
		return contact.Removal{}, fault.New(fault.NotFound, "contact.none")
	}
	r := *c.removal
	r.Kind = kind
	return r, nil
}

func (c *contacts) Test(_ context.Context, a contact.Actor, kind directory.Kind) (contact.Change, error) {
	return contact.Change{ID: changeID}, c.do(a, "test "+string(kind))
}

func (c *contacts) View(_ context.Context, a contact.Actor, id string) (contact.View, error) {
	v, ok := c.views[id]
	if !ok || c.owner[id] != a.Person {
		return contact.View{}, fault.New(fault.NotFound, "change.not-found")
	}
	return v, nil
}

func (c *contacts) Redeem(ctx context.Context, a contact.Actor, id, typed string) (contact.Change, error) {
	v, err := c.View(ctx, a, id)
	if err != nil {
		return contact.Change{}, err
	}
	if err := c.do(a, "redeem "+typed); err != nil {
		return contact.Change{}, err
	}
	if v.Step == contact.EnterCode && typed != rightOne {
		v.TriesLeft--
		c.views[id] = v
		return contact.Change{}, fault.At("code", "code.wrong", map[string]any{"left": v.TriesLeft, "sent": v.SentAt})
	}
	v.Step, v.Change.State = contact.Wait, contact.Applying
	c.views[id] = v
	return v.Change, nil
}

func (c *contacts) Resend(ctx context.Context, a contact.Actor, id string) error {
	v, err := c.View(ctx, a, id)
	if err != nil {
		return err
	}
	if err := c.do(a, "resend"); err != nil {
		return err
	}
	c.sent++
	v.Newer = true
	c.views[id] = v
	return nil
}

func (c *contacts) Cancel(ctx context.Context, a contact.Actor, id string) error {
	v, err := c.View(ctx, a, id)
	if err != nil {
		return err
	}
	if err := c.do(a, "cancel"); err != nil {
		return err
	}
	v.Step, v.Change.State, v.Change.Reason = contact.Stopped, contact.Cancelled, "change.cancelled"
	c.views[id] = v
	return nil
}

func (c *contacts) Draft(context.Context, contact.Actor, directory.Kind) (contact.Input, bool) {
	if c.draft == nil {
		return contact.Input{}, false
	}
	return *c.draft, true
}

func (c *contacts) SteppedUp(_ context.Context, a contact.Actor) error { return c.do(a, "stepped-up") }

func (c *contacts) Overview(_ context.Context, a contact.Actor, _ directory.Snapshot) ([]contact.View, map[directory.Kind]contact.Proof, error) {
	var open []contact.View
	for id, v := range c.views {
		if c.owner[id] == a.Person && v.Change.Open() {
			open = append(open, v)
		}
	}
	return open, c.proofs, nil
}

// snapshots keeps one snapshot for everybody.
type snapshots struct {
	kept    *directory.Snapshot
	reads   int // of the directory
	fail    error
	hanging bool
}

func (s *snapshots) Kept(context.Context, directory.PersonID) (directory.Snapshot, error) {
	if s.kept == nil {
		return directory.Snapshot{}, directory.ErrNoSnapshot
	}
	return *s.kept, nil
}

func (s *snapshots) Refresh(ctx context.Context, _ directory.PersonID) (directory.Snapshot, error) {
	s.reads++
	if s.hanging {
		<-ctx.Done()
		return directory.Snapshot{}, ctx.Err()
	}
	if s.fail != nil {
		return directory.Snapshot{}, s.fail
	}
	return s.Kept(ctx, directory.PersonID{})
}

// broker is an identity provider at which codes are names of people.
type broker struct {
	begun    map[string]handlers.SignInStart // by state
	people   map[string]handlers.Identity    // by code
	stepUps  []string                        // login hints of the step-ups
	startErr error
	fail     error
}

func (b *broker) Start(_ context.Context, stepUp bool, hint string) (handlers.SignInStart, error) {
	if b.startErr != nil {
		return handlers.SignInStart{}, b.startErr
	}
	if stepUp {
		b.stepUps = append(b.stepUps, hint)
	}
	s := handlers.SignInStart{State: uuid.NewString(), Nonce: uuid.NewString(), Verifier: uuid.NewString()}
	s.URL = "https://login.example/authorize?state=" + s.State
	b.begun[s.State] = s
	return s, nil
}

func (b *broker) Complete(_ context.Context, code, verifier, nonce string) (handlers.Identity, error) {
	known := false
	for _, s := range b.begun {
		known = known || s.Verifier == verifier && s.Nonce == nonce
	}
	id, ok := b.people[code]
	switch {
	case b.fail != nil:
		return handlers.Identity{}, b.fail
	case !known || !ok:
		return handlers.Identity{}, fault.New(fault.Forbidden, "signin.refused")
	}
	return id, nil
}

func (b *broker) SignOutURL() string { return "https://login.example/logout" }

// allowances has room for what its first window allows, for ever.
type allowances map[string]int

func (a allowances) Reserve(_ context.Context, charges ...limit.Charge) (time.Time, bool, error) {
	for _, c := range charges {
		if a[c.Key] >= c.Windows[0].Count {
			return time.Time{}, false, nil
		}
	}
	for _, c := range charges {
		a[c.Key]++
	}
	return time.Time{}, true, nil
}

type events struct {
	all []audit.Event
	err error
}

func (e *events) Append(_ context.Context, event audit.Event) error {
	e.all = append(e.all, event)
	return e.err
}

// said lists events as "action outcome reason".
func (e *events) said() []string {
	var out []string
	for _, v := range e.all {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s", v.Action, v.Outcome, v.Reason)))
	}
	return out
}

// plainPages keeps the last page and renders its form token.
type plainPages struct{ last templates.Page }

func (p *plainPages) Render(w io.Writer, _ string, page templates.Page) error {
	p.last = page
	base := reflect.ValueOf(page).FieldByName("Base").Interface().(templates.Base)
	_, err := fmt.Fprintf(w, `<input type="hidden" name="form_token" value="%s">%+v`, base.FormToken, page)
	return err
}

type fixture struct {
	t         *testing.T
	site      *web.Site
	contacts  *contacts
	snapshots *snapshots
	broker    *broker
	resets    *resets
	events    *events
	rows      *webtest.Rows
	sessions  *session.Manager
	pages     *plainPages
	log       *bytes.Buffer
	now       time.Time
	renderer  web.Renderer
	deps      handlers.Deps
	ring      *keyring.Ring
}

func newFixture(t *testing.T, change ...func(*fixture, *handlers.Deps)) *fixture {
	t.Helper()
	f := &fixture{t: t, now: time.Date(2026, 11, 23, 14, 32, 0, 0, time.UTC), rows: webtest.NewRows(), events: &events{},
		pages: &plainPages{}, log: &bytes.Buffer{}, snapshots: &snapshots{}}
	f.renderer = f.pages
	f.contacts = &contacts{now: func() time.Time { return f.now }, views: map[string]contact.View{}, owner: map[string]directory.PersonID{}}
	f.broker = &broker{begun: map[string]handlers.SignInStart{}, people: map[string]handlers.Identity{}}
	for _, name := range []string{"maya", "jonas"} {
		f.broker.people[name] = handlers.Identity{Person: person(name), DisplayName: name, UserPrincipalName: name + "@fernhill.example",
			AuthTime: f.now, Strong: true, Language: "en"}
	}
	ring, err := keyring.New(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	tick := clock.Func(func() time.Time { return f.now })
	log := slog.New(slog.NewTextHandler(f.log, nil))
	f.sessions = session.NewManager(session.Options{Rows: f.rows, Ring: ring, Clock: tick, Rand: rand.Reader, NewID: uuid.NewString, CookieName: "__Host-rekey"})
	d := handlers.Deps{Contacts: f.contacts, Snapshots: f.snapshots, Sessions: f.sessions, Own: f.sessions, SignOuts: &signOuts{sessions: f.sessions}, Retirements: noMove{}, BaseURL: webtest.Base, Broker: f.broker, Audit: f.events,
		Allowances: allowances{},
		PhoneLost: func(methods []directory.Method) directory.Loss {
			return directory.PhoneLost(methods, directory.Policy{}, directory.Setting{Now: f.now})
		},
		Fresh:   func(a contact.Actor) bool { return a.Recent(f.now) && a.Strong },
		Refresh: []limit.Window{{Count: 2, Span: 10 * time.Second}},
		Context: true, Countries: []string{"US", "DE"}, NewID: uuid.NewString, Log: log}
	f.resets = &resets{now: func() time.Time { return f.now }, views: map[string]reset.View{}}
	d.Resets, d.Captcha, d.ResetCookie, d.LinkCookie = f.resets, &pictures{used: map[string]bool{}}, resetCookie, linkCookie
	for _, c := range change {
		c(f, &d)
	}
	f.deps, f.ring = d, ring
	h, err := handlers.New(d)
	if err != nil {
		t.Fatal(err)
	}
	f.site, err = web.New(web.Options{BaseURL: webtest.Base, Sessions: f.sessions, MAC: ring, Audit: f.events, Renderer: f.renderer,
		Languages: []string{"en", "de"}, Zone: time.UTC, FormCookie: "__Host-rekey-form", LanguageCookie: "__Host-rekey-language", Clock: tick, Rand: rand.Reader, NewID: uuid.NewString, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	h.Mount(f.site)
	return f
}

// signedIn returns a browser in which somebody has signed in freshly, and the token of its
// forms.
func (f *fixture) signedIn(name string) (*webtest.Browser, string) {
	f.t.Helper()
	b := webtest.New(f.t, f.site)
	id := f.broker.people[name]
	s := b.SignIn(f.sessions, session.Data{Person: id.Person, DisplayName: id.DisplayName, UserPrincipalName: id.UserPrincipalName,
		AuthTime: id.AuthTime, Strong: id.Strong, Guest: id.Guest, Language: "en"})
	return b, f.sessions.FormToken(s)
}

// tokenFor returns the token of a form: the session's, or, where the form is one of strangers,
// the one that belongs to the browser and the form.
func (f *fixture) tokenFor(b *webtest.Browser, route, session string) string {
	if !publicForm(route) {
		return session
	}
	b.Get("/reset") // for the cookie
	mac := f.ring.MAC([]byte("public-form"), []byte(own(b, "__Host-rekey-form")), []byte(route))
	return base64.RawURLEncoding.EncodeToString(mac)
}

// begin goes to the sign-in and returns the state that the provider was given.
func (f *fixture) begin(b *webtest.Browser, path string) string {
	f.t.Helper()
	a := b.Get(path)
	u, err := url.Parse(a.Location())
	if err != nil || a.Status != 303 || u.Host != "login.example" {
		f.t.Fatalf("GET %s = %d to %q, want the provider", path, a.Status, a.Location())
	}
	return u.Query().Get("state")
}

func callback(pairs ...string) string { return "/signin/callback?" + fields(pairs...).Encode() }

// view returns a change in a step, begun in the session of the browser.
func view(step contact.Step, state contact.State) contact.View {
	return contact.View{Step: step, Here: true, TriesLeft: 5, CodeAlive: true, Change: contact.Change{ID: changeID, Kind: directory.Phone, Act: contact.Set, State: state,
		Masked: "+1 •••-•••-••43", OldMasked: "+1 •••-•••-••42"}}
}

// page returns the last page as a T.
func page[T templates.Page](f *fixture) T {
	f.t.Helper()
	p, ok := f.pages.last.(T)
	if !ok {
		f.t.Fatalf("page = %T %+v, want %T", f.pages.last, f.pages.last, p)
	}
	return p
}

func (f *fixture) did(want ...string) {
	f.t.Helper()
	if !slices.Equal(f.contacts.effects, want) {
		f.t.Errorf("effects = %q, want %q", f.contacts.effects, want)
	}
}

var errDown = errors.New("secret detail")

func status(t *testing.T, what string, a webtest.Answer, want int, location string) {
	t.Helper()
	if a.Status != want || a.Location() != location {
		t.Errorf("%s = %d to %q, want %d to %q", what, a.Status, a.Location(), want, location)
	}
}
