package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"rekey/internal/clock"
	"rekey/internal/config"
	"rekey/internal/directory/graph"
	"rekey/internal/doctor"
	"rekey/internal/doctor/probe"
	"rekey/internal/message/mail"
	"rekey/internal/signin"
)

// doctorCommand looks at every part outside of the program and names what to do about
// what is not well. It sends nothing, changes nothing, and runs beside a live process.
type doctorCommand struct {
	Config string   `help:"The configuration file. Settings may also come from REKEY_ variables of the environment." type:"path" placeholder:"FILE"`
	Role   []string `help:"The role of the process whose configuration this is, as given to rekey serve." enum:"web,worker,reset" placeholder:"ROLE"`
}

// Run is called by the command line.
func (c *doctorCommand) Run(ctx context.Context, s streams) error {
	e := examination{clock: clock.System{}}
	for _, r := range c.Role {
		e.roles = append(e.roles, config.Role(r))
	}
	var err error
	if e.config, err = config.Load(c.Config, s.env, os.ReadFile, e.roles...); err != nil {
		return mistake{err}
	}
	if len(e.roles) == 0 {
		e.roles = []config.Role{config.Web, config.Worker, config.Reset}
	}
	return e.run(ctx, s.out)
}

// examination is one run of the doctor over a configuration.
type examination struct {
	config    config.Config
	roles     []config.Role
	clock     clock.Clock
	transport http.RoundTripper // to Microsoft; nil: the network
	dialMail  func(ctx context.Context, network, address string) (net.Conn, error)
}

// errIll is the end of a run in which something failed.
var errIll = errors.New("something failed: its line says what to do")

func (e examination) run(ctx context.Context, out io.Writer) error {
	db := openPatient(ctx, e.config)
	defer db.Close()
	tenant, err := e.tenant()
	if err != nil {
		return mistake{err}
	}
	post, err := e.mail()
	if err != nil {
		return mistake{err}
	}
	well, err := doctor.Run(ctx, out, []doctor.Check{
		doctor.CheckDatabase(db.Database), doctor.CheckClock(db.Database), doctor.CheckKeys(len(e.config.Keys)),
		doctor.CheckTenant(tenant), doctor.CheckGateway(e.gateway()), doctor.CheckMail(post), doctor.CheckNotices(db.Database),
	}, secrets(e.config))
	if err == nil && !well {
		err = errIll
	}
	return err
}

// tenant describes the tenant and our app registrations in it.
func (e examination) tenant() (doctor.Tenant, error) {
	cfg := e.config
	t := doctor.Tenant{Telephony: cfg.Tenant.Telephony, Graph: probe.Graph{BaseURL: graphURL, Transport: e.transport}, Clock: e.clock, Mails: cfg.Mail.Transport == config.GraphTransport,
		Context: cfg.AuthenticationContext, Redirect: cfg.BaseURL + "/signin/callback", SignedOut: cfg.BaseURL + "/signed-out"}
	for _, role := range []config.Role{config.Web, config.Worker, config.Reset} {
		if !slices.Contains(e.roles, role) || role == config.Reset && !cfg.ResetOn() {
			continue
		}
		app := e.app(role)
		tokens, err := e.tokens(app, "")
		if err != nil {
			return t, err
		}
		known := doctor.App{Role: string(role), ClientID: app.ClientID, Tokens: tokens}
		if len(app.Certificates) > 0 {
			known.Ends = app.Certificates[0].NotAfter
		}
		t.Apps = append(t.Apps, known)
		if role == config.Web {
			if t.Methods, err = e.policies(tokens); err != nil {
				return t, err
			}
		}
	}
	return t, nil
}

// graphURL is Microsoft Graph.
const graphURL = "https://graph.microsoft.com/v1.0"

func (e examination) app(role config.Role) config.App {
	switch role {
	case config.Web:
		return e.config.Web
	case config.Reset:
		return e.config.Reset
	}
	return e.config.Worker
}

// tokens are an app registration's for a scope; "" is Microsoft Graph.
func (e examination) tokens(app config.App, scope string) (*signin.AppTokens, error) {
	return appTokens(e.config.Tenant, app, scope, e.transport, e.clock)
}

// policies reads what the tenant allows. Its log is not for the report.
func (e examination) policies(tokens graph.Tokens) (*graph.Client, error) {
	budget, err := graph.NewBudget(graph.BudgetConfig{Clock: e.clock})
	if err != nil {
		return nil, err
	}
	return graph.New(graph.Config{BaseURL: graphURL, Tenant: e.config.Tenant.ID, Transport: e.transport, Tokens: tokens, Clock: e.clock,
		Log: slog.New(slog.DiscardHandler), Budget: budget})
}

// gateway describes the way of text messages.
func (e examination) gateway() doctor.Gateway {
	door := probe.Door{URL: e.config.SMS.URL}
	host, err := door.Host()
	if err != nil {
		host = e.config.SMS.Name
	}
	return doctor.Gateway{Host: host, Proxied: door.Proxied(), Reach: door.Reach}
}

// mail describes the way of mails.
func (e examination) mail() (doctor.Mail, error) {
	m := e.config.Mail
	if !m.On() || m.Transport == config.GraphTransport {
		return doctor.Mail{Graph: m.On()}, nil
	}
	o := mail.Options{Server: m.Server(), From: m.Sender(), Dial: e.dialMail, Clock: e.clock, Log: slog.New(slog.DiscardHandler)}
	if o.Server.Auth == mail.XOAuth2 {
		tokens, err := e.tokens(e.app(e.roles[0]), outlook)
		if err != nil {
			return doctor.Mail{}, err
		}
		o.Token = tokens.Token
	}
	smtp, err := mail.NewSMTP(o)
	if err != nil {
		return doctor.Mail{}, err
	}
	return doctor.Mail{Where: net.JoinHostPort(m.Host, strconv.Itoa(m.Port)), Probe: smtp.Probe}, nil
}

// secrets are the parts of a configuration that no line may hold.
func secrets(cfg config.Config) []string {
	all := []string{cfg.Web.Secret.Reveal(), cfg.Worker.Secret.Reveal(), cfg.Reset.Secret.Reveal(), cfg.Mail.Password.Reveal()}
	for _, key := range cfg.Keys {
		all = append(all, key.Reveal())
	}
	for _, value := range cfg.SMS.Headers {
		_, credential, _ := strings.Cut(value.Reveal(), " ") // of "Bearer …"
		all = append(all, value.Reveal(), credential)
	}
	if u, err := url.Parse(cfg.Database.Reveal()); err == nil && u.User != nil {
		password, _ := u.User.Password()
		all = append(all, password, url.QueryEscape(password), url.PathEscape(password))
	}
	return all
}
