package main

import (
	"context"
	"io"
	"log/slog"
	"os"

	"rekey/internal/clock"
	"rekey/internal/config"
	"rekey/internal/store"
)

// serveCommand starts the site in production. Nothing here can switch the demo's surface
// on: it lives in another command and has no setting.
type serveCommand struct {
	Config string   `help:"The configuration file. Settings may also come from REKEY_ variables of the environment." type:"path" placeholder:"FILE"`
	Role   []string `help:"What this process does: web serves people and can only read at Microsoft, worker writes there, reset serves /reset and can set the passwords of administrators. Without it, all." enum:"web,worker,reset" placeholder:"ROLE"`
}

// Run is called by the command line.
func (c *serveCommand) Run(ctx context.Context, s streams) error {
	var roles []config.Role
	for _, r := range c.Role {
		roles = append(roles, config.Role(r))
	}
	cfg, err := load(c.Config, s, roles...)
	if err != nil {
		return err
	}
	l, err := listen(cfg.Listen)
	if err != nil {
		return err
	}
	log := logger(s.err, cfg.Log.Level)
	app, err := New(ctx, Setup{Config: cfg, Listener: l, Clock: clock.System{}, Log: log, Roles: roles, Drain: cfg.DrainDelay})
	if err != nil {
		l.Close()
		return err
	}
	defer app.Close()
	log.Info("ready", "address", l.Addr().String(), "site", cfg.BaseURL, "roles", roles)
	return app.Run(ctx)
}

// load reads the configuration; all its mistakes come back as one mistake.
func load(path string, s streams, roles ...config.Role) (config.Config, error) {
	cfg, err := config.Load(path, s.env, os.ReadFile, roles...)
	if err != nil {
		return cfg, mistake{err}
	}
	return cfg, nil
}

func logger(w io.Writer, level slog.Leveler) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level}))
}

// migrateCommand brings the database into shape without starting the site.
type migrateCommand struct {
	place
	ServingRole string `help:"Of a PostgreSQL database: grant this role what a serving process needs, and no more." placeholder:"NAME"`
}

// Run is called by the command line.
func (c *migrateCommand) Run(ctx context.Context, s streams) error {
	o, err := c.options(s)
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, o)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Migrate(ctx); err != nil || c.ServingRole == "" {
		return err
	}
	return db.Grant(ctx, c.ServingRole)
}
