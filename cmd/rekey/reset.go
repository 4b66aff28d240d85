package main

import (
	"context"
	"crypto/rand"

	"github.com/google/uuid"

	"rekey/handlers"
	"rekey/internal/captcha"
	"rekey/internal/config"
	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/job"
	"rekey/internal/limit"
	"rekey/internal/reset"
	"rekey/internal/verification"
)

// resets reports whether this process is one of the reset role, and resets are on.
func (a *App) resets() bool { return a.setup.Config.ResetOn() && a.setup.does(config.Reset) }

// reset builds the journey of administrators who reset their password. It has an identity of
// its own at the directory, which nothing else uses (OID-6), and a budget with it.
func (a *App) reset() error {
	cfg := a.setup.Config
	client, err := a.client(cfg.Reset, false)
	if err != nil {
		return err
	}
	policies := &directory.Policies{Reader: client, Clock: a.clock}
	tenant := &reset.TenantPolicy{Reader: client, Log: a.setup.Log}
	host, err := hostOf(cfg.BaseURL)
	if err != nil {
		return err
	}
	limits, hash := a.limits(), contact.Recogniser(a.ring)
	a.password = &reset.Service{Store: a.store,
		Verification: &verification.Service{Store: a.store, MAC: a.ring, Clock: a.clock, Rand: rand.Reader, NewID: uuid.NewString},
		Directory:    client, Jobs: a.store, Audit: a.store, Notices: a.notices, SignOuts: a.signOuts(),
		Allowances: &limit.Allowances{Store: a.store, Clock: a.clock}, Senders: a.senders, Words: a.find, Tenant: tenant,
		Policy: reset.Policy{Organisation: cfg.Organisation.Name, BaseURL: cfg.BaseURL, Host: host, Help: a.notices.Help,
			Language: cfg.Organisation.Language, AlertMail: cfg.Alerts.Mail, Federated: cfg.Tenant.Federated, Countries: cfg.Countries,
			Default: cfg.Organisation.Location(), Never: a.never, Setting: a.waysIn, Methods: policies.Policy,
			Charges: func(person directory.PersonID, source, to string) []limit.Charge {
				return contact.Charges(limits, hash, contact.Sending{Person: person, Source: source, To: to})
			},
			Requests: cfg.Allowances.Resets, Mails: reset.DefaultMails()},
		MAC: a.ring, Clock: a.clock, Rand: rand.Reader, NewID: uuid.NewString, Wake: a.found, Log: a.setup.Log}
	a.runner.Handle(job.Reset, a.password.Work)
	a.behind = append(a.behind, tenant.Run)
	return nil
}

// offerResets gives the handlers what they need for resets.
func (a *App) offerResets(d *handlers.Deps) {
	d.Resets, d.ResetCookie, d.LinkCookie = a.password, a.cookie("__Host-rekey-reset"), a.cookie("__Host-rekey-link")
	d.Captcha = &captcha.Service{Store: a.store, Seals: a.ring, Clock: a.clock, Rand: rand.Reader, NewID: uuid.NewString, Drawn: a.setup.Pictured}
}

// resetPages builds the site of a process that serves resets alone: it reads no other
// pages, signs nobody in, and holds no identity but the one for passwords.
func (a *App) resetPages() error {
	site, err := a.frame()
	if err != nil {
		return err
	}
	deps := handlers.Deps{Sessions: a.sessions, Snapshots: &directory.Snapshots{Store: a.store, Clock: a.clock}, Log: a.setup.Log}
	a.offerResets(&deps)
	h, err := handlers.NewResets(deps)
	if err != nil {
		return err
	}
	h.MountResets(site)
	a.site = site
	return nil
}

// lastPractice is what security info shows an administrator of practice runs. It asks the
// database only for those who are one.
func (a *App) lastPractice(ctx context.Context, person directory.PersonID, snap directory.Snapshot) (p reset.Practised, shown bool, err error) {
	if !snap.Account.Administrator {
		return p, false, nil
	}
	p, err = a.store.LastPractice(ctx, person)
	return p, true, err
}
