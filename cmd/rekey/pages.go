package main

import (
	"context"
	"crypto/rand"

	"github.com/google/uuid"

	"rekey/handlers"
	"rekey/internal/config"
	"rekey/internal/directory"
	"rekey/internal/directory/graph"
	"rekey/internal/limit"
	"rekey/internal/signin"
	"rekey/internal/signout"
	"rekey/internal/web"
	"rekey/static"
	"rekey/templates"
)

// frame builds a site without routes: words, looks and what is around every page.
func (a *App) frame() (*web.Site, error) {
	cfg, log := a.setup.Config, a.setup.Log
	files, err := static.Branded(static.Brand{Accent: cfg.Organisation.Accent, Logo: cfg.Organisation.LogoPicture})
	if err != nil {
		return nil, err
	}
	renderer, err := templates.New(a.words, files.URL)
	if err != nil {
		return nil, err
	}
	return web.New(web.Options{BaseURL: cfg.BaseURL, Sessions: a.sessions, MAC: a.ring, Audit: a.store,
		Renderer: renderer, Languages: a.words.Languages(), Language: cfg.Organisation.Language, LanguageCookie: a.cookie("__Host-rekey-language"),
		Organisation: templates.Organisation{Name: cfg.Organisation.Name, Logo: files.Logo(), HelpName: cfg.Organisation.HelpName,
			HelpPhone: cfg.Organisation.HelpPhone, HelpMail: cfg.Organisation.HelpMail},
		Zone: cfg.Organisation.Location(), FormCookie: a.cookie("__Host-rekey-form"), Proxies: cfg.Proxies, Networks: networks(cfg.Networks), Static: files,
		Ready: a.ready, Draining: a.draining.Load, Demo: a.setup.Demo, Clock: a.clock, Rand: rand.Reader, NewID: uuid.NewString, Log: log})
}

// pages builds the site: sessions, sign-in and routes.
func (a *App) pages(reader *graph.Client, snapshots *directory.Snapshots) (*web.Site, error) {
	cfg := a.setup.Config
	site, err := a.frame()
	if err != nil {
		return nil, err
	}
	broker, err := a.broker()
	if err != nil {
		return nil, err
	}
	outs := a.signOuts()
	deps := handlers.Deps{Contacts: a.service, Snapshots: snapshots, Sessions: a.sessions, Own: a.sessions, SignOuts: outs,
		Retirements: a.retirements(reader, snapshots, outs), BaseURL: cfg.BaseURL,
		Broker: brokering{broker}, Audit: a.store, Allowances: a.service.Allowances, Fresh: a.service.Fresh, Context: cfg.AuthenticationContext != "", Countries: cfg.Countries,
		Refresh: cfg.Allowances.Refresh, Ahead: a.store.Ahead,
		PhoneLost: func(methods []directory.Method) directory.Loss {
			return directory.PhoneLost(methods, snapshots.Policies.Kept(), a.waysIn())
		},
		NewID: uuid.NewString, Log: a.setup.Log}
	if cfg.ResetOn() {
		deps.Practice = a.lastPractice
	}
	if a.resets() {
		a.offerResets(&deps)
	}
	h, err := handlers.New(deps)
	if err != nil {
		return nil, err
	}
	h.Mount(site)
	return site, nil
}

// signOuts is the journey that ends sessions.
func (a *App) signOuts() *signout.Service {
	return &signout.Service{Store: a.store, Sessions: a.sessions, Jobs: a.store, Audit: a.store, Allowances: &limit.Allowances{Store: a.store, Clock: a.clock}, Clock: a.clock,
		NewID: uuid.NewString, Wake: a.found}
}

// networks are the operator's names for networks, as the site wants to know them.
func networks(configured []config.Network) []web.Network {
	var named []web.Network
	for _, n := range configured {
		named = append(named, web.Network(n))
	}
	return named
}

func (a *App) cookie(name string) string {
	if a.setup.Instance == "" {
		return name
	}
	return name + "-" + a.setup.Instance
}

func (a *App) broker() (*signin.Broker, error) {
	cfg := a.setup.Config
	return signin.New(signin.Config{Authority: cfg.Tenant.Authority(), TenantID: cfg.Tenant.ID, ClientID: cfg.Web.ClientID,
		Certificates: cfg.Web.Certificates, PrivateKey: cfg.Web.PrivateKey, Secret: cfg.Web.Secret.Reveal(),
		RedirectURL: cfg.BaseURL + "/signin/callback", PostLogoutURL: cfg.BaseURL + "/signed-out",
		AuthenticationContext: cfg.AuthenticationContext, Transport: a.setup.Transport, Clock: a.clock})
}

// brokering makes the Microsoft sign-in a handlers.Broker: handlers know no adapter.
type brokering struct{ *signin.Broker }

func (b brokering) Start(ctx context.Context, stepUp bool, loginHint string) (handlers.SignInStart, error) {
	s, err := b.Broker.Start(ctx, signin.Options{StepUp: stepUp, LoginHint: loginHint})
	return handlers.SignInStart(s), err
}

func (b brokering) Complete(ctx context.Context, code, verifier, nonce string) (handlers.Identity, error) {
	id, err := b.Broker.Complete(ctx, code, verifier, nonce)
	return handlers.Identity(id), err
}
