package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"github.com/google/uuid"

	"rekey/internal/clock"
	"rekey/internal/config"
	"rekey/internal/emulator"
	"rekey/internal/emulator/entra"
	"rekey/internal/keyring"
	"rekey/static"
)

// The files in a demo's folder.
const (
	databaseFile = "rekey.db"
	keysFile     = "keys"
	tenantFile   = "tenant.json"
	appsFile     = "apps.pem"
)

// demoCommand is the whole product with an embedded tenant.
type demoCommand struct {
	Listen    string `help:"The loopback address and port to serve; port 0 picks a free one." default:"127.0.0.1:8080" placeholder:"ADDRESS"`
	Data      string `help:"Keep everything in this folder. Without it nothing is kept." type:"path" placeholder:"DIR"`
	NoContext bool   `name:"no-authentication-context" help:"Start the tenant without an authentication context: a change then also needs a code to a contact on record."`
}

// Run is called by the command line.
func (c *demoCommand) Run(ctx context.Context, s streams) error {
	d, err := startDemo(ctx, *c, logger(s.err, slog.LevelInfo))
	if err != nil {
		return err
	}
	defer d.Close()
	fmt.Fprintf(s.out, "Rekey is ready at %s\n", d.BaseURL)
	fmt.Fprintf(s.err, "The demo's phones and mailboxes are at %s/_emulator/. Everybody's password is \"demo\".\n", d.BaseURL)
	return d.App.Run(ctx)
}

// demo is a running demo: the same App as in production, over the emulator's transport.
type demo struct {
	App      *App
	Emulator *emulator.Emulator
	BaseURL  string
}

// Close frees everything after App.Run has returned.
func (d *demo) Close() { d.App.Close() }

// startDemo takes the address, opens or founds the tenant, and builds the process.
func startDemo(ctx context.Context, c demoCommand, log *slog.Logger) (*demo, error) {
	host, err := loopbackHost(c.Listen)
	if err != nil {
		return nil, err
	}
	kept, err := openFolder(c.Data)
	if err != nil {
		return nil, err
	}
	l, err := listen(c.Listen)
	if err != nil {
		return nil, err
	}
	d := &demo{BaseURL: "http://" + net.JoinHostPort(host, fmt.Sprint(l.Addr().(*net.TCPAddr).Port))}
	if err := d.build(ctx, c, kept, l, log); err != nil {
		l.Close()
		return nil, err
	}
	return d, nil
}

func (d *demo) build(ctx context.Context, c demoCommand, kept folder, l net.Listener, log *slog.Logger) error {
	apps, err := kept.apps()
	if err != nil {
		return err
	}
	keys, err := kept.keys()
	if err != nil {
		return err
	}
	files, err := static.New()
	if err != nil {
		return err
	}
	time := clock.NewMovable(clock.System{}, 0)
	context := "c1"
	if c.NoContext {
		context = ""
	}
	d.Emulator, err = emulator.New(emulator.Options{Clock: time, Path: kept.path(tenantFile), BaseURL: d.BaseURL, Log: log,
		Web:        emulator.Registration{ClientID: apps.Web.ID, Certificate: apps.Web.certificate, RedirectURIs: []string{d.BaseURL + "/signin/callback"}},
		Worker:     emulator.Registration{ClientID: apps.Worker.ID, Certificate: apps.Worker.certificate},
		Wake:       func() { d.App.Wake() },
		Site:       func() http.Handler { return d.App.Site() },
		StyleSheet: files.URL("rekey.css"), SignIn: entra.Switches{AuthenticationContext: context}})
	if err != nil {
		return err
	}
	tenant := d.Emulator.Tenant().ID()
	cfg := demoConfig(d.BaseURL, tenant, apps, d.Emulator.GatewayKey())
	cfg.AuthenticationContext = context
	if breakGlass, ok := d.Emulator.Tenant().Person("emergency@fernhill.example"); ok {
		cfg.Never.People = []string{breakGlass.ID}
	}
	cfg.Keys = []config.Secret{config.Secret(keys)}
	cfg.Database = config.Secret("sqlite:" + kept.database())
	d.App, err = New(ctx, Setup{Config: cfg, Listener: l, Transport: d.Emulator.Transport(), Clock: time, Log: log,
		Around: d.around, Instance: tenant[:8], Demo: true})
	return err
}

// demoConfig is the production configuration of the demo's organisation.
func demoConfig(baseURL, tenant string, apps demoApps, gatewayKey string) config.Config {
	cfg := config.Default()
	cfg.BaseURL = baseURL
	cfg.Countries = []string{"US", "AE", "AT", "AU", "CA", "CH", "DE", "ES", "FR", "GB", "IN", "JO", "JP", "MX", "NG", "SE"}
	cfg.Organisation = config.Organisation{Name: "Fernhill", HelpName: "the IT service desk", HelpPhone: "+1 202-555-0100",
		HelpMail: "help@fernhill.example", Zone: "America/New_York", Language: "en"}
	cfg.Tenant.ID = tenant
	cfg.Web = config.App{ClientID: apps.Web.ID, Certificates: apps.Web.chain(), PrivateKey: apps.Web.key}
	cfg.Worker = config.App{ClientID: apps.Worker.ID, Certificates: apps.Worker.chain(), PrivateKey: apps.Worker.key}
	cfg.SMS.Name = "handsets"
	cfg.SMS.URL = "https://sms.gateway.example/v1/messages"
	cfg.SMS.Headers = map[string]config.Secret{"Authorization": config.Secret("Bearer " + gatewayKey)}
	cfg.SMS.Body = `{"from":{{json .From}},"to":{{json .To}},"text":{{json .Text}},"id":{{json .ID}}}`
	cfg.SMS.From = "Fernhill"
	cfg.SMS.SuccessStatus = []int{http.StatusAccepted}
	cfg.SMS.SuccessField, cfg.SMS.SuccessValue = "status", "accepted"
	return cfg
}

// folder is where a demo keeps itself; "" keeps nothing.
type folder string

func openFolder(dir string) (folder, error) {
	if dir == "" {
		return "", nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", mistake{fmt.Errorf("rekey: the folder %s cannot be made: choose another one with --data", dir)}
	}
	return folder(dir), nil
}

func (f folder) path(name string) string {
	if f == "" {
		return ""
	}
	return filepath.Join(string(f), name)
}

func (f folder) database() string {
	if f == "" {
		return ":memory:"
	}
	return f.path(databaseFile)
}

// keys returns the kept key ring, or makes one.
func (f folder) keys() (string, error) {
	return f.keep(keysFile, func() ([]byte, error) {
		text, err := keyring.NewKey(rand.Reader)
		return []byte(text + "\n"), err
	})
}

// apps returns the kept app registrations, or makes them.
func (f folder) apps() (demoApps, error) {
	text, err := f.keep(appsFile, func() ([]byte, error) { return newApps(uuid.NewString) })
	if err != nil {
		return demoApps{}, err
	}
	return parseApps([]byte(text))
}

// keep returns what a file holds; one that is not there is made, whole or not at all.
func (f folder) keep(name string, fresh func() ([]byte, error)) (string, error) {
	if f == "" {
		data, err := fresh()
		return string(data), err
	}
	data, err := os.ReadFile(f.path(name))
	if !errors.Is(err, fs.ErrNotExist) {
		return string(data), err
	}
	if data, err = fresh(); err != nil {
		return "", err
	}
	return string(data), writeWhole(f.path(name), data)
}

// writeWhole writes a file so that a crash leaves it whole or absent.
func writeWhole(path string, data []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(data)
	if err = errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}
