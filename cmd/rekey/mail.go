package main

import (
	"context"
	"net/http"

	"rekey/internal/clock"
	"rekey/internal/config"
	"rekey/internal/message"
	"rekey/internal/message/mail"
	"rekey/internal/signin"
)

// outlook is the resource whose tokens a mail server of Microsoft's takes (xoauth2).
const outlook = "https://outlook.office365.com/.default"

// mail returns the sender of mails, nil where mail is off.
func (a *App) mail() (message.Sender, error) {
	m := a.setup.Config.Mail
	switch {
	case !m.On():
		return nil, nil
	case m.Transport == config.GraphTransport:
		tokens, err := a.tokens(a.own(), "")
		if err != nil {
			return nil, err
		}
		s, err := mail.NewGraph(mail.GraphOptions{From: m.From, Tokens: tokens, Transport: a.setup.Transport, Timeout: m.Timeout, Clock: a.clock, Log: a.setup.Log})
		if err == nil {
			a.close = append(a.close, s.Close)
		}
		return s, err
	}
	o := mail.Options{Server: m.Server(), From: m.Sender(), Dial: a.setup.DialMail, Clock: a.clock, Log: a.setup.Log}
	if o.From.Name == "" {
		o.From.Name = a.setup.Config.Organisation.Name
	}
	if o.Server.Auth == mail.XOAuth2 {
		tokens, err := a.tokens(a.own(), outlook)
		if err != nil {
			return nil, err
		}
		o.Token = func(ctx context.Context) (string, error) { return tokens.Token(ctx) }
	}
	return mail.NewSMTP(o)
}

// own is the app registration that this process sends mail as: the web's where it serves
// people, so that a process of both roles needs Mail.Send only once.
func (a *App) own() config.App {
	switch {
	case a.setup.does(config.Web):
		return a.setup.Config.Web
	case a.setup.does(config.Worker):
		return a.setup.Config.Worker
	}
	return a.setup.Config.Reset
}

// tokens are those of an app registration, for a scope; "" is Microsoft Graph.
func (a *App) tokens(app config.App, scope string) (*signin.AppTokens, error) {
	return appTokens(a.setup.Config.Tenant, app, scope, a.setup.Transport, a.clock)
}

func appTokens(tenant config.Tenant, app config.App, scope string, transport http.RoundTripper, c clock.Clock) (*signin.AppTokens, error) {
	return signin.NewAppTokens(signin.AppConfig{Authority: tenant.Authority(), TenantID: tenant.ID, Scope: scope, ClientID: app.ClientID,
		Certificates: app.Certificates, PrivateKey: app.PrivateKey, Secret: app.Secret.Reveal(), Transport: transport, Clock: c})
}
