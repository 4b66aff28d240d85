// Package entra is the sign-in of the emulated organisation: OpenID Connect as Microsoft
// Entra's v2.0 endpoints speak it, and the pages on which people sign in with the methods
// that are on their accounts now, strongest first.
//
// It keeps sessions, flows, codes and refresh tokens in memory only. People, methods,
// handsets, apps and access tokens are package tenant's; recording requests and ordered
// faults is the transport's business.
//
// A sign-in goes through these states (flow.step):
//
//	password → factor → done      the usual way
//	password → locked → factor    no method works now; "try again" looks once more
//	choose   → factor → done      a session is there, but a second factor is asked for
//	account  → password or done   prompt=select_account
package entra

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"rekey/internal/clock"
	"rekey/internal/emulator/devices/page"
	"rekey/internal/emulator/tenant"
)

// Login is the host that clients know these endpoints by.
const Login = "https://login.microsoftonline.com"

// Prefix is where the endpoints and pages are on the demo's own address.
const Prefix = "/_emulator/entra/"

// Lifetimes. Those of codes and tokens are Entra's defaults.
// Source: Entra, configurable token lifetimes; OAuth 2.0 authorization code flow.
const (
	codeLife    = 10 * time.Minute
	tokenLife   = time.Hour
	refreshLife = 90 * 24 * time.Hour
	sessionLife = 24 * time.Hour
	flowLife    = 30 * time.Minute
)

// Options says how the sign-in behaves. Tenant and BaseURL are required.
type Options struct {
	Tenant *tenant.Tenant
	// BaseURL returns the address that the browser reaches the demo at, without a slash at
	// the end ("http://127.0.0.1:8080"). It may be known later than New.
	BaseURL func() string
	// ClientClock dates client assertions. A client library knows only the machine's time,
	// however far the tenant's clock was moved. nil is the machine's clock.
	ClientClock clock.Clock
	// Organisation is the name on the pages and in texts; "" is Fernhill.
	Organisation string
	// StyleSheet is the URL of the site's style sheet; "" leaves the pages plain.
	StyleSheet string
	Switches
}

// Switches are settings of a tenant that an app meets in both positions.
type Switches struct {
	// AuthenticationContext is the id of the published authentication context ("c1") that
	// asks for a second factor; "" is a tenant without one, where nothing steps up and
	// "acrs" is never issued.
	AuthenticationContext string
	// ContextAlways puts "acrs" into every ID token of a strong sign-in, asked for or not
	// (the optional claim of that name is on).
	ContextAlways bool
	// ContextText writes "acrs" as one string instead of an array.
	ContextText bool
	// NoAuthTime leaves the optional claim "auth_time" off.
	NoAuthTime bool
	// PasswordIsEnough asks for a second factor only where an authentication context needs
	// one, instead of at every sign-in of those who have one.
	PasswordIsEnough bool
}

// Entra is safe for concurrent use.
type Entra struct {
	o      Options
	tenant *tenant.Tenant
	pages  *page.Set
	key    func() (*signingKey, error)

	mu       sync.Mutex
	flows    map[string]*flow
	sessions map[string]*session
	codes    map[string]*grant
	refresh  map[string]*grant
	jtis     map[string]time.Time
}

// New makes the sign-in of a tenant. Its signing key is made when it is first needed.
func New(o Options) (*Entra, error) {
	if o.Tenant == nil || o.BaseURL == nil {
		return nil, fmt.Errorf("entra: a tenant and a base URL are needed")
	}
	if o.ClientClock == nil {
		o.ClientClock = clock.System{}
	}
	if o.Organisation == "" {
		o.Organisation = "Fernhill"
	}
	pages, err := page.New(templates, page.Options{StyleSheet: o.StyleSheet, Organisation: o.Organisation})
	if err != nil {
		return nil, fmt.Errorf("entra: %w", err)
	}
	return &Entra{
		o: o, tenant: o.Tenant, pages: pages, key: sync.OnceValues(newSigningKey),
		flows: map[string]*flow{}, sessions: map[string]*session{}, codes: map[string]*grant{},
		refresh: map[string]*grant{}, jtis: map[string]time.Time{},
	}, nil
}

// Handler serves the endpoints at the root, as the host login.microsoftonline.com does, and
// endpoints and pages below Prefix.
func (e *Entra) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, prefix := range []string{"/", Prefix} {
		mux.HandleFunc("GET "+prefix+"{tenant}/v2.0/.well-known/openid-configuration", e.ofTenant(e.discovery))
		mux.HandleFunc("GET "+prefix+"{tenant}/discovery/v2.0/keys", e.ofTenant(e.keys))
		mux.HandleFunc("POST "+prefix+"{tenant}/oauth2/v2.0/token", e.token)
	}
	at := Prefix + "{tenant}/"
	mux.HandleFunc("GET "+at+"oauth2/v2.0/authorize", e.authorize)
	mux.HandleFunc("POST "+at+"oauth2/v2.0/authorize", e.authorize)
	mux.HandleFunc("GET "+at+"oauth2/v2.0/logout", e.logout)
	mux.HandleFunc("GET "+at+"signin/{flow}", e.showFlow)
	for name, act := range map[string]action{
		"password": e.givePassword, "account": e.pickAccount, "way": e.pickWay, "code": e.giveCode,
		"check": e.checkPush, "use": e.useKey, "again": e.tryAgain, "restart": e.restart,
	} {
		mux.Handle("POST "+at+"signin/{flow}/"+name, http.NewCrossOriginProtection().Handler(e.form(act)))
	}
	return mux
}

// Authorize answers an authorization request for a person without any page: it returns the
// redirect back to the app with a code for a sign-in at the time given, strong or by
// password only. It makes no session. The error is one of *Error.
func (e *Entra) Authorize(_ context.Context, authorizeURL, user string, at time.Time, strong bool) (string, error) {
	q, fault := queryOf(authorizeURL)
	if fault != nil {
		return "", fault
	}
	req, fault := e.readRequest(q)
	if fault != nil {
		return "", fault
	}
	p, ok := e.tenant.Person(user)
	if !ok {
		return "", noAccount(user)
	}
	if !p.Enabled {
		return "", accountDisabled()
	}
	return e.callback(req, p, session{AuthTime: at, Strong: strong}), nil
}

// ofTenant lets through what names this tenant, by id or domain.
func (e *Entra) ofTenant(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if fault := e.checkTenant(r); fault != nil {
			e.writeError(w, fault)
			return
		}
		next(w, r)
	}
}

func (e *Entra) checkTenant(r *http.Request) *Error {
	name := r.PathValue("tenant")
	if strings.EqualFold(name, e.tenant.ID()) || strings.EqualFold(name, tenant.Domain) {
		return nil
	}
	return noTenant(name)
}

// issuer is what ID tokens and discovery name, wherever the document was asked for.
func (e *Entra) issuer() string { return Login + "/" + e.tenant.ID() + "/v2.0" }

// local is the address of an endpoint or page in the browser.
func (e *Entra) local(path string) string {
	return e.o.BaseURL() + Prefix + e.tenant.ID() + path
}
