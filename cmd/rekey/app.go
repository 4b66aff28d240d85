package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"rekey/internal/audit"
	"rekey/internal/clock"
	"rekey/internal/config"
	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/directory/graph"
	"rekey/internal/i18n"
	"rekey/internal/job"
	"rekey/internal/keyring"
	"rekey/internal/limit"
	"rekey/internal/message"
	"rekey/internal/message/sms"
	"rekey/internal/signin"
	"rekey/internal/store"
	"rekey/internal/verification"
	"rekey/internal/web"
)

const (
	drainTime  = 25 * time.Second // AVL-8: how long requests may take to end at a shutdown
	sweepEvery = time.Minute
	workers    = 4 // jobs at a time; each has its own person
)

// Setup is everything that differs between `rekey serve`, `rekey demo` and a test.
type Setup struct {
	Config    config.Config
	Listener  net.Listener
	Transport http.RoundTripper // under MSAL, the Graph SDK and the gateway; nil: the network
	Clock     clock.Clock
	Log       *slog.Logger
	// Around wraps the site; nil leaves it as it is. Only the demo has one.
	Around func(site http.Handler) http.Handler
	// Instance goes into the cookies' names: cookies know no ports, and two demos on one
	// computer must not overwrite each other's.
	Instance string
	Demo     bool
}

// App is a whole Rekey process: the site and the workers behind it.
type App struct {
	setup   Setup
	store   *store.Store
	runner  *job.Runner
	sealer  *audit.Sealer
	sender  *sms.Sender
	service *contact.Service
	site    *web.Site
	words   *i18n.Bundle
	server  *http.Server
	close   []func()
}

// New builds the process: the database is open and in shape, nothing runs yet.
func New(ctx context.Context, setup Setup) (*App, error) {
	a := &App{setup: setup}
	if err := a.build(ctx); err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

func (a *App) build(ctx context.Context) error {
	cfg := a.setup.Config
	ring, err := cfg.Ring()
	if err != nil {
		return err
	}
	if err := a.open(ctx, ring); err != nil {
		return err
	}
	reader, writer, err := a.directory()
	if err != nil {
		return err
	}
	a.sender, err = sms.New(sms.Options{Gateway: cfg.SMS.Gateway(), Transport: a.setup.Transport, Clock: a.setup.Clock, Log: a.setup.Log})
	if err != nil {
		return err
	}
	a.close = append(a.close, a.sender.Close)
	a.work(ring, writer)
	snapshots := &directory.Snapshots{Reader: reader, Store: a.store, Clock: a.setup.Clock}
	if err := a.journeys(ring, snapshots); err != nil {
		return err
	}
	if err := a.pages(ring, snapshots); err != nil {
		return err
	}
	var handler http.Handler = a.site
	if a.setup.Around != nil {
		handler = a.setup.Around(handler)
	}
	a.server = web.NewServer(handler, a.setup.Log)
	return nil
}

// open opens the database and brings it into shape.
func (a *App) open(ctx context.Context, ring *keyring.Ring) error {
	var err error
	a.store, err = store.Open(ctx, store.Options{URL: a.setup.Config.Database.Reveal(), Ring: ring})
	if err != nil {
		return err
	}
	a.close = append(a.close, func() { a.store.Close() })
	if err := a.store.Migrate(ctx); err != nil {
		return err
	}
	if strings.HasPrefix(a.setup.Config.Database.Reveal(), "sqlite:") {
		return a.store.FreeLeases(ctx) // this is the only process; whoever held them is gone
	}
	return nil
}

// directory returns the reader of the web role and the client of the worker role, each
// with its own app registration; the web's cannot write.
func (a *App) directory() (reader, writer *graph.Client, err error) {
	cfg := a.setup.Config
	readBudget, err := a.budget(0)
	if err != nil {
		return nil, nil, err
	}
	writeBudget, err := a.budget(0)
	if err != nil {
		return nil, nil, err
	}
	if cfg.Web.ClientID == cfg.Worker.ClientID {
		if readBudget, err = a.budget(2); err != nil {
			return nil, nil, err
		}
		writeBudget = readBudget
	}
	if reader, err = a.client(cfg.Web, readBudget, false); err != nil {
		return nil, nil, err
	}
	writer, err = a.client(cfg.Worker, writeBudget, true)
	return reader, writer, err
}

func (a *App) budget(reserve int) (*graph.Budget, error) {
	b := a.setup.Config.Graph.Budget
	return graph.NewBudget(graph.BudgetConfig{Clock: a.setup.Clock, Count: b.Count, Span: b.Span, Reserve: reserve})
}

func (a *App) client(app config.App, budget *graph.Budget, applying bool) (*graph.Client, error) {
	tenant := a.setup.Config.Tenant
	tokens, err := signin.NewAppTokens(signin.AppConfig{Authority: tenant.Authority(), TenantID: tenant.ID,
		ClientID: app.ClientID, Certificates: app.Certificates, PrivateKey: app.PrivateKey, Secret: app.Secret.Reveal(),
		Transport: a.setup.Transport, Clock: a.setup.Clock})
	if err != nil {
		return nil, err
	}
	return graph.New(graph.Config{BaseURL: "https://graph.microsoft.com/v1.0", Tenant: tenant.ID, Transport: a.setup.Transport,
		Tokens: tokens, Clock: a.setup.Clock, Log: a.setup.Log, Budget: budget, Applying: applying})
}

// never is the never-list.
func (a *App) never(p directory.PersonID) bool {
	return slices.Contains(a.setup.Config.Never.People, p.Object)
}

// work builds what runs behind the pages.
func (a *App) work(ring *keyring.Ring, writer *graph.Client) {
	applier := &contact.Applier{Store: a.store, Snapshots: a.store, Reader: writer, Writer: writer, Jobs: a.store,
		Audit: a.store, Never: a.never, MAC: ring, Clock: a.setup.Clock, NewID: uuid.NewString, Log: a.setup.Log}
	a.runner = job.NewRunner(a.store, a.setup.Clock, a.setup.Log, workers)
	a.runner.Handle(job.Apply, applier.Apply)
	a.sealer = &audit.Sealer{Store: a.store, MAC: ring, Clock: a.setup.Clock, Owner: uuid.NewString(), Log: a.setup.Log}
}

// journeys builds what people do.
func (a *App) journeys(ring *keyring.Ring, snapshots *directory.Snapshots) error {
	cfg, c := a.setup.Config, a.setup.Clock
	host, err := hostOf(cfg.BaseURL)
	if err != nil {
		return err
	}
	words, err := i18n.Load()
	if err != nil {
		return err
	}
	a.words = words
	a.service = &contact.Service{Store: a.store,
		Verification: &verification.Service{Store: a.store, MAC: ring, Clock: c, Rand: rand.Reader, NewID: uuid.NewString},
		Snapshots:    snapshots, Jobs: a.store, Audit: a.store,
		Allowances: &limit.Allowances{Store: a.store, Clock: c},
		Senders:    message.Senders{message.Text: a.sender}, Words: func(language string) message.Words { return words.Localizer(language) },
		Policy: contact.Policy{Organisation: cfg.Organisation.Name, Host: host, Countries: cfg.Countries,
			Context: cfg.AuthenticationContext != "", Never: a.never,
			Person: cfg.Allowances.Person, Destination: cfg.Allowances.Destination, Wait: contact.DefaultWait()},
		MAC: ring, Clock: c, NewID: uuid.NewString, Wake: a.runner.Wake, Log: a.setup.Log}
	return nil
}

// hostOf returns the host of the base URL without its port.
func hostOf(baseURL string) (string, error) {
	u, err := url.Parse(baseURL)
	if err != nil || u.Hostname() == "" {
		return "", fmt.Errorf("the base URL %q has no host", baseURL)
	}
	return u.Hostname(), nil
}

// Run serves until ctx ends, then lets requests and jobs come to their end.
func (a *App) Run(ctx context.Context) error {
	behind, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var wg sync.WaitGroup
	wg.Go(func() { a.runner.Run(behind) })
	wg.Go(func() { a.sealer.Run(behind) })
	wg.Go(func() { a.sweep(behind) })
	served := make(chan error, 1)
	go func() { served <- a.server.Serve(a.setup.Listener) }()
	var err error
	select {
	case err = <-served:
	case <-ctx.Done():
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
		err = a.server.Shutdown(drain)
		cancel()
		<-served
	}
	stop()
	wg.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}

// sweep removes what is over, each minute.
func (a *App) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if _, err := a.store.Sweep(ctx, a.setup.Clock.Now()); err != nil && ctx.Err() == nil {
			a.setup.Log.Error("what is over could not be swept", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Wake makes the workers look at once, after the demo's clock was moved.
func (a *App) Wake() { a.runner.Wake() }

// Site is the site without what Setup.Around puts around it.
func (a *App) Site() http.Handler { return a.site }

// Close frees what New took. It is called after Run has returned.
func (a *App) Close() {
	for _, fn := range slices.Backward(a.close) {
		fn()
	}
	a.close = nil
}
