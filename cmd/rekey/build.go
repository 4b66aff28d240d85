package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"rekey/internal/audit"
	"rekey/internal/config"
	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/directory/graph"
	"rekey/internal/job"
	"rekey/internal/limit"
	"rekey/internal/message"
	"rekey/internal/message/sms"
	"rekey/internal/notice"
	"rekey/internal/retirement"
	"rekey/internal/session"
	"rekey/internal/signout"
	"rekey/internal/verification"
)

// reach builds what both roles have: the gateways, the notices and the sessions.
func (a *App) reach() error {
	cfg := a.setup.Config
	text, err := sms.New(sms.Options{Gateway: cfg.SMS.Gateway(), Transport: a.setup.Transport, Clock: a.clock, Log: a.setup.Log})
	if err != nil {
		return err
	}
	a.close = append(a.close, text.Close)
	a.senders = message.Senders{message.Text: text}
	mails, err := a.mail()
	if err != nil {
		return err
	}
	if mails != nil {
		a.senders[message.Mail] = mails
	}
	org := cfg.Organisation
	a.notices = &notice.Service{Store: a.store, Jobs: a.store, Audit: a.store, Senders: a.senders, Words: a.find,
		Organisation: org.Name, Host: strings.TrimPrefix(cfg.BaseURL, "https://"), Help: message.Help{Name: org.HelpName, Phone: org.HelpPhone, Mail: org.HelpMail},
		Default: org.Location(), Hash: contact.Recogniser(a.ring), Clock: a.clock, NewID: uuid.NewString, Log: a.setup.Log}
	a.sessions = session.NewManager(session.Options{Rows: a.store, Ring: a.ring, Clock: a.clock, Rand: rand.Reader,
		NewID: uuid.NewString, CookieName: a.cookie("__Host-rekey")})
	return nil
}

func (a *App) find(language string) message.Words { return a.words.Localizer(language) }

// reader is the directory as the web role sees it: its app registration cannot write.
func (a *App) reader() (*graph.Client, error) {
	return a.client(a.setup.Config.Web, false)
}

func (a *App) client(app config.App, applying bool) (*graph.Client, error) {
	cfg := a.setup.Config
	reserve := 0
	if cfg.Web.ClientID == cfg.Worker.ClientID {
		reserve = 2
	}
	budget, err := graph.NewBudget(graph.BudgetConfig{Clock: a.clock, Ledger: a.store, Key: "graph/" + app.ClientID, NewID: uuid.NewString, Count: cfg.Graph.Budget.Count, Span: cfg.Graph.Budget.Span, Reserve: reserve})
	if err != nil {
		return nil, err
	}
	tokens, err := a.tokens(app, "")
	if err != nil {
		return nil, err
	}
	return graph.New(graph.Config{BaseURL: "https://graph.microsoft.com/v1.0", Tenant: cfg.Tenant.ID, App: app.ClientID, Transport: a.setup.Transport,
		Tokens: tokens, Clock: a.clock, Log: a.setup.Log, Budget: budget, Applying: applying})
}

// never is the never-list.
func (a *App) never(p directory.PersonID) bool {
	return slices.Contains(a.setup.Config.Never.People, p.Object)
}

// rule returns the rule of ways in for one app registration: with the tenant's policy as
// that may read it, which is optional.
func (a *App) rule(policies *directory.Policies) func(context.Context, []directory.Method, func(directory.Method) bool) bool {
	return func(ctx context.Context, methods []directory.Method, gone func(directory.Method) bool) bool {
		return directory.RemovalRefused(methods, gone, policies.Policy(ctx), a.waysIn())
	}
}

// waysIn is what decides over ways in beside methods and policy.
func (a *App) waysIn() directory.Setting {
	t := a.setup.Config.Tenant
	setting := directory.Setting{Now: a.clock.Now(), Telephony: t.Telephony, Federated: t.Federated}
	if t.Strength == config.PhishingResistant {
		setting.Strength = directory.PhishingResistant
	}
	return setting
}

// work builds the worker: it alone holds an identity that can write to the directory.
func (a *App) work() error {
	writer, err := a.client(a.setup.Config.Worker, true)
	if err != nil {
		return err
	}
	applier := &contact.Applier{Store: a.store, Snapshots: a.store, Reader: writer, Writer: writer, Jobs: a.store,
		Audit: a.store, Notices: a.notices, Sessions: a.sessions, Never: a.never, Last: a.rule(&directory.Policies{Reader: writer, Clock: a.clock}), Clock: a.clock, NewID: uuid.NewString, Log: a.setup.Log}
	revoker := &signout.Revoker{Store: a.store, Sessions: a.sessions, Directory: writer, Jobs: a.store, Audit: a.store,
		Never: a.never, Clock: a.clock, NewID: uuid.NewString, Log: a.setup.Log}
	policies := &directory.Policies{Reader: writer, Clock: a.clock}
	taker := &retirement.Taker{Store: a.store, Snapshots: a.store, Reader: writer, Remover: writer, Facts: a.facts(policies).Facts,
		Lagging: retirement.Lagging(a.store), Jobs: a.store, Audit: a.store, Notices: a.notices, Never: a.never, Clock: a.clock, NewID: uuid.NewString, Log: a.setup.Log}
	a.runner.Handle(job.Apply, func(ctx context.Context, j job.Job) error {
		if retirement.Owns(j) { // one queue for both: see retirement.Taker
			return taker.Take(ctx, j)
		}
		return applier.Apply(ctx, j)
	})
	a.runner.Handle(job.Remind, a.reminder().Remind)
	a.runner.Handle(job.Notice, a.notices.Deliver)
	a.runner.Handle(job.Revoke, revoker.Revoke)
	a.sealer = &audit.Sealer{Store: a.store, MAC: a.ring, Clock: a.clock, Owner: uuid.NewString(), Log: a.setup.Log}
	a.behind = append(a.behind, a.sealer.Run, a.sweep)
	return nil
}

// facts is what decides over ways in, for the move off a phone.
func (a *App) facts(policies *directory.Policies) retirement.Rules {
	return retirement.Rules{Proofs: contact.Proofs{Store: a.store, Hash: contact.Recogniser(a.ring)}, Policy: policies.Policy, Setting: a.waysIn}
}

// reminder reminds people of the day that they planned.
func (a *App) reminder() *retirement.Reminder {
	org := a.setup.Config.Organisation
	return &retirement.Reminder{Store: a.store, Snapshots: a.store, Senders: a.senders, Words: a.find, Organisation: org.Name,
		Host: strings.TrimPrefix(a.setup.Config.BaseURL, "https://"), Help: a.notices.Help, Default: org.Location(),
		Jobs: a.store, Audit: a.store, Clock: a.clock, NewID: uuid.NewString, Log: a.setup.Log}
}

// quietLooks are how often all pages that wait have the directory looked at together: each
// look is two calls of the five in ten seconds that a tenant has.
func quietLooks() []limit.Window { return []limit.Window{{Count: 6, Span: time.Minute}} }

// retirements builds the journey off an old phone.
func (a *App) retirements(reader *graph.Client, snapshots *directory.Snapshots, outs *signout.Service) *retirement.Service {
	return &retirement.Service{Store: a.store, Snapshots: snapshots, Usage: reader, Devices: reader, Rules: a.facts(snapshots.Policies),
		SignOuts: outs, Jobs: a.store, Audit: a.store, Allowances: &limit.Allowances{Store: a.store, Clock: a.clock}, Fresh: a.service.Fresh,
		Policy: retirement.Policy{Context: a.setup.Config.AuthenticationContext != "", Never: a.never, Looks: a.setup.Config.Allowances.Refresh, QuietLooks: quietLooks()},
		Clock:  a.clock, NewID: uuid.NewString, Reference: reference, Wake: a.found, Log: a.setup.Log}
}

// reference makes a receipt's number: forty random bits in letters and digits that nobody
// mixes up when they are read out (Crockford's base 32).
func reference() string {
	const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program first
	for i, c := range b {
		b[i] = letters[c%32]
	}
	return "RK " + string(b[:4]) + " " + string(b[4:])
}

// journeys builds what people do.
func (a *App) journeys(snapshots *directory.Snapshots) error {
	cfg := a.setup.Config
	host, err := hostOf(cfg.BaseURL)
	if err != nil {
		return err
	}
	a.service = &contact.Service{Store: a.store,
		Verification: &verification.Service{Store: a.store, MAC: a.ring, Clock: a.clock, Rand: rand.Reader, NewID: uuid.NewString},
		Snapshots:    snapshots, Jobs: a.store, Audit: a.store, Notices: a.notices,
		Allowances: &limit.Allowances{Store: a.store, Clock: a.clock},
		Senders:    a.senders, Words: a.find,
		Policy: contact.Policy{Organisation: cfg.Organisation.Name, Host: host, Countries: cfg.Countries,
			Domains: cfg.Email.OwnDomains, OwnDomains: cfg.Email.AllowOwnDomains,
			Context: cfg.AuthenticationContext != "", Never: a.never, Last: a.rule(snapshots.Policies), Limits: a.limits()},
		MAC: a.ring, Clock: a.clock, NewID: uuid.NewString, Wake: a.found, Log: a.setup.Log}
	return nil
}

// limits bound how many codes are sent.
func (a *App) limits() contact.Limits {
	l := a.setup.Config.Allowances
	return contact.Limits{Session: l.Session, Person: l.Person, Destination: l.Destination, Wait: contact.DefaultWait(),
		Address: l.Address, Prefix: l.Prefix, Country: l.Country, Tenant: l.Tenant, New: l.NewNumbers}
}

// found is told that work was committed: here it is looked for at once, elsewhere by a
// notification.
func (a *App) found() {
	a.Wake()
	a.store.Announce()
}

// hostOf returns the host of the base URL without its port.
func hostOf(baseURL string) (string, error) {
	u, err := url.Parse(baseURL)
	if err != nil || u.Hostname() == "" {
		return "", fmt.Errorf("the base URL %q has no host", baseURL)
	}
	return u.Hostname(), nil
}
