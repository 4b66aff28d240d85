package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"rekey/internal/audit"
	"rekey/internal/clock"
	"rekey/internal/config"
	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/i18n"
	"rekey/internal/job"
	"rekey/internal/keyring"
	"rekey/internal/message"
	"rekey/internal/notice"
	"rekey/internal/reset"
	"rekey/internal/session"
	"rekey/internal/store"
	"rekey/internal/web"
)

const (
	drainTime  = 25 * time.Second // AVL-8: how long a process may take to end, its jobs' job.Grace included
	sweepEvery = time.Minute
	workers    = 8 // jobs at a time; each has its own person, and mostly waits for others
)

// Setup is everything that differs between `rekey serve`, `rekey demo` and a test.
type Setup struct {
	Config    config.Config
	Listener  net.Listener
	Transport http.RoundTripper // under MSAL, the Graph SDK and the gateway; nil: the network
	// DialMail opens the line to the mail server; nil is the network.
	DialMail func(ctx context.Context, network, address string) (net.Conn, error)
	Clock    clock.Clock
	Log      *slog.Logger
	// Around wraps the site; nil leaves it as it is. Only the demo has one.
	Around func(site http.Handler) http.Handler
	// Instance goes into the cookies' names: cookies know no ports, and two demos on one
	// computer must not overwrite each other's.
	Instance string
	Demo     bool
	// Pictured, if set, is told the characters of every picture of /reset. Only the demo has one.
	Pictured func(characters string)
	// Roles are what this process does; none: all of it.
	Roles []config.Role
	// Drain is how long the process goes on serving, and says that it is not ready, before
	// it stops.
	Drain time.Duration
}

// does reports whether the process has a role.
func (s Setup) does(role config.Role) bool {
	return len(s.Roles) == 0 || slices.Contains(s.Roles, role)
}

// App is a whole Rekey process: the site, or the workers behind it, or both.
type App struct {
	setup    Setup
	clock    clock.Clock
	ring     *keyring.Ring
	words    *i18n.Bundle
	store    *store.Store
	senders  message.Senders
	notices  *notice.Service
	sessions *session.Manager

	service  *contact.Service // of the web role
	password *reset.Service   // of the reset role, where resets are on
	runner   *job.Runner      // of the worker and the reset role
	sealer   *audit.Sealer
	site     http.Handler
	behind   []func(context.Context) // what runs beside the server until the end

	draining atomic.Bool
	server   *http.Server
	close    []func()
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
	var err error
	if a.ring, err = a.setup.Config.Ring(); err != nil {
		return err
	}
	load := i18n.Load
	if a.setup.Demo {
		load = i18n.LoadDemo
	}
	if a.words, err = load(); err != nil {
		return err
	}
	if err := a.open(ctx); err != nil {
		return err
	}
	if err := a.reach(); err != nil {
		return err
	}
	if err := a.jobs(); err != nil {
		return err
	}
	if err := a.serve(); err != nil {
		return err
	}
	handler := a.site
	if a.setup.Around != nil {
		handler = a.setup.Around(handler)
	}
	a.server = web.NewServer(handler, a.setup.Log)
	return nil
}

// jobs builds what works behind the pages, as far as the process has roles that do.
func (a *App) jobs() error {
	worker, resets := a.setup.does(config.Worker), a.resets()
	if !worker && !resets {
		return nil
	}
	a.runner = job.NewRunner(a.store, a.clock, a.setup.Log, workers)
	if worker {
		if err := a.work(); err != nil {
			return err
		}
	}
	if resets {
		if err := a.reset(); err != nil {
			return err
		}
	}
	a.behind = append(a.behind, a.runner.Run, func(ctx context.Context) { a.store.Listen(ctx, a.runner.Wake, a.setup.Log) })
	return nil
}

// serve builds what answers requests: the site, for a process of the reset role alone its
// pages, and for a worker only how the process is.
func (a *App) serve() error {
	if !a.setup.does(config.Web) && a.resets() {
		return a.resetPages()
	}
	if !a.setup.does(config.Web) {
		a.site = web.Health(strings.HasPrefix(a.setup.Config.BaseURL, "https://"), a.ready, a.draining.Load, a.setup.Log)
		return nil
	}
	reader, err := a.reader()
	if err != nil {
		return err
	}
	snapshots := &directory.Snapshots{Reader: reader, Store: a.store, Clock: a.clock,
		Policies: &directory.Policies{Reader: reader, Clock: a.clock}}
	if a.setup.Config.ResetOn() {
		snapshots.Roles = reader
	}
	if err := a.journeys(snapshots); err != nil {
		return err
	}
	a.site, err = a.pages(reader, snapshots)
	return err
}

// ready says whether this process can do its work.
func (a *App) ready(ctx context.Context) error { return a.store.Ready(ctx) }

// open opens the database, brings it into shape and follows its clock.
func (a *App) open(ctx context.Context) error {
	var err error
	a.store, err = store.Open(ctx, store.Options{URL: a.setup.Config.Database.Reveal(), Ring: a.ring})
	if err != nil {
		return err
	}
	a.close = append(a.close, func() { a.store.Close() })
	if err := a.store.Migrate(ctx); err != nil {
		return err
	}
	if strings.HasPrefix(a.setup.Config.Database.Reveal(), "sqlite:") {
		if err := a.store.FreeLeases(ctx); err != nil { // this is the only process; whoever held them is gone
			return err
		}
	}
	follows, err := a.store.Clock(ctx, a.setup.Clock)
	if err != nil {
		return err
	}
	a.clock = follows
	a.behind = append(a.behind, func(ctx context.Context) { follows.Run(ctx, a.setup.Log) })
	return nil
}

// Run serves until ctx ends, then lets requests and jobs come to their end (AVL-8): for
// the time of Setup.Drain it goes on and says that it is not ready any more, so that
// nothing new is sent here; then it stops listening.
func (a *App) Run(ctx context.Context) error {
	behind, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var wg sync.WaitGroup
	for _, run := range a.behind {
		wg.Go(func() { run(behind) })
	}
	served := make(chan error, 1)
	go func() { served <- a.server.Serve(a.setup.Listener) }()
	var err error
	select {
	case err = <-served:
	case <-ctx.Done():
		err = a.drain(ctx, served)
	}
	stop()
	wg.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}

// drain ends serving in order.
func (a *App) drain(ctx context.Context, served <-chan error) error {
	a.draining.Store(true)
	pause := time.NewTimer(a.setup.Drain)
	defer pause.Stop()
	select {
	case err := <-served:
		return err
	case <-pause.C:
	}
	left := drainTime - job.Grace - a.setup.Drain
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), max(left, time.Second))
	defer cancel()
	err := a.server.Shutdown(ctx)
	<-served
	return err
}

// sweep removes what is over, each minute.
func (a *App) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if _, err := a.store.Sweep(ctx, a.clock.Now()); err != nil && ctx.Err() == nil {
			a.setup.Log.Error("what is over could not be swept", "err", err)
		}
		a.countNotices(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// countNotices says how many notices wait to be sent, and how many never were.
func (a *App) countNotices(ctx context.Context) {
	waiting, err := a.store.CountNotices(ctx, notice.Waiting)
	if err != nil {
		return // the sweep before it has said so
	}
	abandoned, err := a.store.CountNotices(ctx, notice.Abandoned)
	if err == nil && waiting+abandoned > 0 {
		a.setup.Log.Warn("notices", "waiting", waiting, "abandoned", abandoned)
	}
}

// Wake makes the workers look at once, after the demo's clock was moved.
func (a *App) Wake() {
	if a.runner != nil {
		a.runner.Wake()
	}
}

// Site is the site without what Setup.Around puts around it.
func (a *App) Site() http.Handler { return a.site }

// Close frees what New took. It is called after Run has returned.
func (a *App) Close() {
	for _, fn := range slices.Backward(a.close) {
		fn()
	}
	a.close = nil
}
