// Package emulator is the organisation behind the demo and the end-to-end tests: sign-in,
// Microsoft Graph, handsets and a text gateway, mailboxes and a mail server, standing on one
// tenant. The real client libraries reach it with their production URLs through Transport,
// mail by SMTP at Mail; people, scripts and tests reach it through Handler, below /_emulator/.
//
// It imports none of the product's packages but leaves, so that it does not inherit a
// misreading, and nothing in production can switch it on. Which address it listens on, and
// which Host headers are let in, is the program's business.
package emulator

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"rekey/internal/clock"
	"rekey/internal/emulator/devices"
	"rekey/internal/emulator/devices/gateway"
	"rekey/internal/emulator/entra"
	"rekey/internal/emulator/graph"
	"rekey/internal/emulator/mail"
	"rekey/internal/emulator/tenant"
)

// Options says how the emulator comes to be. Clock is required.
type Options struct {
	// Clock is the clock of site and tenant alike. New moves it ahead by what was kept.
	Clock *clock.Movable
	// Path is the file that keeps the tenant; "" keeps nothing.
	Path string
	// Rand is where ids and tokens come from; nil is crypto/rand.
	Rand io.Reader
	// TenantID is the id of a tenant that is founded now; "" draws one.
	TenantID string
	// Web, Worker and Reset are the site's own app registrations; one without a client id is
	// not registered. They get exactly the permissions that the site documents.
	Web, Worker, Reset Registration
	// BaseURL is the address of the site; it may be set later with SetBaseURL.
	BaseURL string
	// GatewayKey is the key of the text gateway; "" draws one, once for a tenant that is kept.
	GatewayKey string
	// Wake is called after the clock was moved; may be nil.
	Wake func()
	// Site returns the site, for /_emulator/signin; may be nil.
	Site func() http.Handler
	// Log gets what an operator of the demo should hear; nil is slog.Default.
	Log *slog.Logger
	// StyleSheet is the URL of the site's style sheet, for the emulator's pages.
	StyleSheet string
	// Crowd is how many people more a tenant has that is founded now, for measurements.
	Crowd int
	// Switches and SignIn choose between behaviours of Graph and Entra.
	Switches tenant.Switches
	SignIn   entra.Switches
}

// Registration is one of the site's app registrations.
type Registration struct {
	ClientID    string
	Certificate *x509.Certificate
	// RedirectURIs are where people may be sent back to.
	RedirectURIs []string
}

// Emulator is safe for concurrent use.
type Emulator struct {
	clock      *clock.Movable
	tenant     *tenant.Tenant
	signIn     signIn
	graph      *graph.Graph
	mail       *mail.Server
	gatewayKey string
	baseURL    atomic.Value
	wake       func()
	site       func() http.Handler
	log        *slog.Logger
	hosts      map[string]http.Handler
	handler    http.Handler
	// moving is held while the clock is moved, its offset kept and the replicas told.
	moving sync.Mutex
	// webID is the client id of the site's web app, context the authentication context,
	// shared what replicas are handed.
	webID, context string
	shared         atomic.Pointer[json.RawMessage]
	replicas       *replicas
}

// signIn is what the control surface needs of the sign-in.
type signIn interface {
	Authorize(ctx context.Context, authorizeURL, user string, at time.Time, strong bool) (string, error)
}

// MailServer is where the site submits its mails: SMTP with STARTTLS, and AUTH PLAIN, LOGIN
// or XOAUTH2 once the line is encrypted.
type MailServer struct {
	// Addr is host and port on a loopback address.
	Addr           string
	User, Password string
	// RootCAs hold the authority of the server's certificate, RootCAPEM the same as text;
	// ServerName is the name that the certificate is for.
	RootCAs    *x509.CertPool
	RootCAPEM  string
	ServerName string
}

// New opens or founds the tenant, registers the site's apps with it and starts the mail
// server. Close ends what it started.
func New(o Options) (*Emulator, error) {
	if o.Clock == nil {
		return nil, errors.New("emulator: a clock is needed")
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	people, handsets := tenant.Fernhill()
	t, err := tenant.New(tenant.Options{ID: o.TenantID, Clock: o.Clock, Path: o.Path, Rand: o.Rand, Switches: o.Switches,
		People: append(people, tenant.Crowd(o.Crowd)...), Handsets: handsets})
	if err != nil {
		return nil, err
	}
	o.Clock.Advance(t.ClockOffset() - o.Clock.Offset())
	e := &Emulator{
		clock: o.Clock, tenant: t, graph: graph.New(t, o.Log), gatewayKey: o.GatewayKey,
		wake: o.Wake, site: o.Site, log: o.Log,
		webID: o.Web.ClientID, context: o.SignIn.AuthenticationContext, replicas: newReplicas(),
	}
	e.SetBaseURL(o.BaseURL)
	if err := errors.Join(e.keepKey(), e.register(o), t.UseContext(o.SignIn.AuthenticationContext), e.mount(o)); err != nil {
		return nil, err
	}
	if e.mail, err = mail.Start(t, o.Log); err != nil {
		return nil, err
	}
	return e, nil
}

// keepKey draws the gateway's key where none is given; it stays the same after a restart.
func (e *Emulator) keepKey() error {
	if e.gatewayKey != "" {
		return nil
	}
	if e.gatewayKey = e.tenant.Services().GatewayKey; e.gatewayKey != "" {
		return nil
	}
	e.gatewayKey = base64.RawURLEncoding.EncodeToString(e.tenant.Random(24))
	return e.tenant.KeepServices(func(s *tenant.Services) { s.GatewayKey = e.gatewayKey })
}

// Pictured notes the characters of a picture that the site showed.
func (e *Emulator) Pictured(characters string) {
	_, _ = e.tenant.Deliver(tenant.Message{Channel: "picture", Text: characters}) // only a text to a new number is kept
}

// Close ends the mail server and waits for it.
func (e *Emulator) Close() error { return e.mail.Close() }

// Mail is where mails are submitted.
func (e *Emulator) Mail() MailServer {
	return MailServer{Addr: e.mail.Addr(), User: e.mail.User(), Password: e.mail.Password(),
		RootCAs: e.mail.Roots(), RootCAPEM: e.mail.Certificate(), ServerName: mail.Host}
}

// register makes the site's apps known, each with no more than it needs.
func (e *Emulator) register(o Options) error {
	claims := []string{"auth_time", "acct"}
	if o.SignIn.NoAuthTime {
		claims = []string{"acct"}
	}
	for _, a := range []tenant.App{
		{Name: "Rekey web", ClientID: o.Web.ClientID, Certificate: o.Web.Certificate, RedirectURIs: o.Web.RedirectURIs,
			Permissions: []string{"User.Read.All", "UserAuthenticationMethod.Read.All", "Policy.Read.AuthenticationMethod", "Policy.Read.All",
				"AuthenticationContext.Read.All"}, Scopes: []string{"User.Read"}, Claims: claims},
		{Name: "Rekey worker", ClientID: o.Worker.ClientID, Certificate: o.Worker.Certificate, RedirectURIs: o.Worker.RedirectURIs,
			Permissions: []string{"User.Read.All", "UserAuthenticationMethod.Read.All", "UserAuthMethod-Phone.ReadWrite.All",
				"UserAuthMethod-Email.ReadWrite.All", "UserAuthMethod-MicrosoftAuthApp.ReadWrite.All", "UserAuthMethod-Passkey.ReadWrite.All",
				"UserAuthMethod-SoftwareOATH.ReadWrite.All", "User.RevokeSessions.All", "Mail.Send"}},
		{Name: "Rekey reset", ClientID: o.Reset.ClientID, Certificate: o.Reset.Certificate,
			Permissions: []string{"User.Read.All", "UserAuthenticationMethod.Read.All", "RoleManagement.Read.Directory",
				"RoleEligibilitySchedule.Read.Directory", "GroupMember.Read.All", "Policy.Read.All", "AuditLog.Read.All", "Application.Read.All",
				"User-PasswordProfile.ReadWrite.All"}, DirectoryRoles: []string{"Privileged Authentication Administrator"}},
	} {
		if a.ClientID == "" {
			continue
		}
		if err := e.tenant.RegisterApp(a); err != nil {
			return fmt.Errorf("emulator: registering %s: %w", a.Name, err)
		}
	}
	return nil
}

// mount builds the services and says where each is reached.
func (e *Emulator) mount(o Options) error {
	signIn, err := entra.New(entra.Options{Tenant: e.tenant, BaseURL: e.BaseURL, StyleSheet: o.StyleSheet, Switches: o.SignIn})
	if err != nil {
		return err
	}
	e.signIn = signIn
	login := e.part(part{name: "entra", prefix: strings.TrimSuffix(entra.Prefix, "/"), next: signIn.Handler(),
		faulty: isProtocol, caller: e.callerOfEntra, refuse: refuseEntra})
	rest := e.part(part{name: "graph", next: e.graph, caller: e.callerOfGraph, refuse: e.refuseGraph})
	texts := e.part(part{name: "sms", next: gateway.New(e.tenant, e.gatewayKey, e.log), refuse: refuseSMS})
	e.hosts = map[string]http.Handler{
		strings.TrimPrefix(entra.Login, "https://"): login, graph.Host: rest, gateway.Host: texts,
	}
	pages, err := devices.New(devices.Options{Tenant: e.tenant, StyleSheet: o.StyleSheet})
	if err != nil {
		return err
	}
	e.handler = e.control(login, rest, pages)
	return nil
}

// Tenant is the state everything stands on.
func (e *Emulator) Tenant() *tenant.Tenant { return e.tenant }

// GatewayKey is the key that the text gateway asks for.
func (e *Emulator) GatewayKey() string { return e.gatewayKey }

// BaseURL is the address of the site, without a slash at the end.
func (e *Emulator) BaseURL() string { return e.baseURL.Load().(string) }

// SetBaseURL tells the address once it is known ("http://127.0.0.1:8080").
func (e *Emulator) SetBaseURL(address string) { e.baseURL.Store(strings.TrimSuffix(address, "/")) }

// Handler serves everything below /_emulator/.
func (e *Emulator) Handler() http.Handler { return e.handler }
