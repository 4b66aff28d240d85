package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"rekey/internal/clock"
	"rekey/internal/config"
	"rekey/internal/emulator"
	"rekey/internal/emulator/entra"
	"rekey/internal/emulator/tenant"
	"rekey/internal/keyring"
	"rekey/internal/limit"
	"rekey/internal/message/mail"
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
	Listen    string        `help:"The loopback address and port to serve; port 0 picks a free one." default:"127.0.0.1:8080" placeholder:"ADDRESS"`
	Data      string        `help:"Keep everything in this folder. Without it nothing is kept." type:"path" placeholder:"DIR"`
	Database  string        `help:"Use this PostgreSQL in place of SQLite. Keys and tenant are kept by --data." placeholder:"URL"`
	Tenant    string        `help:"Join the tenant of another running demo, at this address, as a second replica; takes the same --database." placeholder:"URL"`
	roles     []config.Role // of this process; tests of replicas have one that does no work
	Crowd     int           `hidden:"" help:"For measurements: so many people more, and budgets and allowances so wide that nobody waits. The tenant is not kept." placeholder:"N"`
	NoContext bool          `name:"no-authentication-context" help:"Start the tenant without an authentication context: a change then also needs a code to a contact on record."`
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

// outside is what stands around a demo in place of the world: a tenant of its own, or that
// of the demo that it joined.
type outside interface {
	Transport() http.RoundTripper
	Mail() emulator.MailServer
	Handler() http.Handler
	Pictured(characters string)
	Close() error
}

// demo is a running demo: the same App as in production, over the emulator's transport.
type demo struct {
	App      *App
	Emulator *emulator.Emulator // nil in a demo that joined another one
	BaseURL  string
	outside  outside
}

// Close frees everything after App.Run has returned.
func (d *demo) Close() {
	d.App.Close()
	_ = d.outside.Close() // nothing was kept in it that is not on disk
}

// wake makes the workers look, once there are any.
func (d *demo) wake() {
	if d.App != nil {
		d.App.Wake()
	}
}

// startDemo takes the address, opens, founds or joins the tenant, and builds the process.
func startDemo(ctx context.Context, c demoCommand, log *slog.Logger) (*demo, error) {
	host, err := loopbackHost(c.Listen)
	if err != nil {
		return nil, err
	}
	if c.Tenant != "" && c.Database == "" {
		return nil, mistake{errors.New("rekey: a second replica works on the database of the first: give both the same --database")}
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
		if d.outside != nil {
			_ = d.outside.Close() // the error that led here is the one to tell
		}
		return nil, err
	}
	return d, nil
}

func (d *demo) build(ctx context.Context, c demoCommand, kept folder, l net.Listener, log *slog.Logger) error {
	moves := clock.NewMovable(clock.System{}, 0)
	var shared demoShared
	var err error
	if c.Tenant != "" {
		shared, err = d.join(ctx, c, moves, log)
	} else {
		shared, err = d.found(c, kept, moves, log)
	}
	if err != nil {
		return err
	}
	apps, err := parseApps([]byte(shared.Apps))
	if err != nil {
		return err
	}
	cfg := demoConfig(d.BaseURL, shared, apps, d.outside.Mail())
	if c.Crowd > 0 {
		widen(&cfg)
	}
	cfg.Database = config.Secret(c.Database)
	if c.Database == "" {
		cfg.Database = config.Secret("sqlite:" + kept.database())
	}
	setup := Setup{Config: cfg, Listener: l, Transport: d.outside.Transport(), Clock: moves, Log: log, Around: d.around,
		Instance: shared.Tenant[:8], Demo: true, Drain: demoDrain, Roles: c.roles, Pictured: d.outside.Pictured,
		DialMail: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, d.outside.Mail().Addr)
		}}
	replica, joined := d.outside.(*emulator.Remote)
	if joined {
		setup.Around = func(site http.Handler) http.Handler { return d.around(replica.Around(site)) }
	}
	if d.App, err = New(ctx, setup); err != nil {
		return err
	}
	if joined {
		d.App.behind = append(d.App.behind, replica.Run)
	}
	return nil
}

// demoDrain is how long a demo says that it is going; nobody wants to wait for it.
const demoDrain = 500 * time.Millisecond

// demoShared is what every replica of a demo has in common.
type demoShared struct {
	Keys    string   `json:"keys"`
	Apps    string   `json:"apps"` // PEM
	Never   []string `json:"never"`
	Tenant  string   `json:"tenant,omitempty"`
	Context string   `json:"context"`
	Gateway string   `json:"gateway,omitempty"`
}

// found opens the tenant that the folder keeps, or founds one.
func (d *demo) found(c demoCommand, kept folder, moves *clock.Movable, log *slog.Logger) (demoShared, error) {
	shared := demoShared{Context: "c1"}
	if c.NoContext {
		shared.Context = ""
	}
	var err error
	if shared.Apps, err = kept.apps(); err != nil {
		return shared, err
	}
	if shared.Keys, err = kept.keys(); err != nil {
		return shared, err
	}
	apps, err := parseApps([]byte(shared.Apps))
	if err != nil {
		return shared, err
	}
	files, err := static.New()
	if err != nil {
		return shared, err
	}
	path, switches := kept.path(tenantFile), tenant.Switches{}
	if c.Crowd > 0 { // thousands would be written anew at each change
		path, switches.MethodCalls = "", -1
	}
	d.Emulator, err = emulator.New(emulator.Options{Clock: moves, Path: path, BaseURL: d.BaseURL, Log: log, Crowd: c.Crowd, Switches: switches,
		Web:        emulator.Registration{ClientID: apps.Web.ID, Certificate: apps.Web.certificate, RedirectURIs: []string{d.BaseURL + "/signin/callback"}},
		Worker:     emulator.Registration{ClientID: apps.Worker.ID, Certificate: apps.Worker.certificate},
		Reset:      emulator.Registration{ClientID: apps.Reset.ID, Certificate: apps.Reset.certificate},
		Wake:       d.wake,
		Site:       func() http.Handler { return d.App.Site() },
		StyleSheet: files.URL("rekey.css"), SignIn: entra.Switches{AuthenticationContext: shared.Context}})
	if err != nil {
		return shared, err
	}
	d.outside = d.Emulator
	if breakGlass, ok := d.Emulator.Tenant().Person("emergency@fernhill.example"); ok {
		shared.Never = []string{breakGlass.ID}
	}
	handed, err := json.Marshal(shared)
	if err != nil {
		return shared, err
	}
	if err := d.Emulator.Share(handed); err != nil {
		return shared, err
	}
	shared.Tenant, shared.Gateway = d.Emulator.Tenant().ID(), d.Emulator.GatewayKey()
	return shared, nil
}

// join makes this demo a replica of another one.
func (d *demo) join(ctx context.Context, c demoCommand, moves *clock.Movable, log *slog.Logger) (demoShared, error) {
	r, err := emulator.Join(ctx, emulator.RemoteOptions{TenantURL: c.Tenant, BaseURL: d.BaseURL, Clock: moves, Log: log,
		Wake: d.wake, Site: func() http.Handler { return d.App.Site() }})
	if err != nil {
		return demoShared{}, mistake{err}
	}
	d.outside = r
	var shared demoShared
	if err := json.Unmarshal(r.Joined().Shared, &shared); err != nil {
		return shared, fmt.Errorf("what the demo at %s shares cannot be read: %w", c.Tenant, err)
	}
	shared.Tenant, shared.Gateway = r.Joined().TenantID, r.Joined().GatewayKey
	return shared, nil
}

// demoConfig is the production configuration of the demo's organisation.
func demoConfig(baseURL string, shared demoShared, apps demoApps, server emulator.MailServer) config.Config {
	cfg := config.Default()
	cfg.BaseURL = baseURL
	cfg.Countries = []string{"US", "AE", "AT", "AU", "CA", "CH", "DE", "ES", "FR", "GB", "IN", "JO", "JP", "MX", "NG", "SE"}
	cfg.Organisation = config.Organisation{Name: "Fernhill", HelpName: "the IT service desk", HelpPhone: "+1 202-555-0100",
		HelpMail: "help@fernhill.example", Zone: "America/New_York", Language: "en"}
	cfg.Tenant.ID = shared.Tenant
	cfg.AuthenticationContext = shared.Context
	cfg.Keys = []config.Secret{config.Secret(shared.Keys)}
	cfg.Never.People = shared.Never
	cfg.Email.OwnDomains = []string{"fernhill.example"}
	cfg.Mail.Transport, cfg.Mail.From, cfg.Mail.Host, cfg.Mail.Roots = config.SMTPTransport, "security@fernhill.example", server.ServerName, server.RootCAs
	cfg.Mail.Auth, cfg.Mail.User, cfg.Mail.Password = string(mail.Password), server.User, config.Secret(server.Password)
	cfg.Web = config.App{ClientID: apps.Web.ID, Certificates: apps.Web.chain(), PrivateKey: apps.Web.key}
	cfg.Worker = config.App{ClientID: apps.Worker.ID, Certificates: apps.Worker.chain(), PrivateKey: apps.Worker.key}
	cfg.Reset = config.App{ClientID: apps.Reset.ID, Certificates: apps.Reset.chain(), PrivateKey: apps.Reset.key}
	cfg.Alerts.Mail = "identity@fernhill.example"
	cfg.SMS.Name = "handsets"
	cfg.SMS.URL = "https://sms.gateway.example/v1/messages"
	cfg.SMS.Headers = map[string]config.Secret{"Authorization": config.Secret("Bearer " + shared.Gateway)}
	cfg.SMS.Body = `{"from":{{json .From}},"to":{{json .To}},"text":{{json .Text}},"id":{{json .ID}}}`
	cfg.SMS.From = "Fernhill"
	cfg.SMS.SuccessStatus = []int{http.StatusAccepted}
	cfg.SMS.SuccessField, cfg.SMS.SuccessValue = "status", "accepted"
	return cfg
}

// widen makes room for a crowd: what is measured then is the work, not the waiting.
func widen(cfg *config.Config) {
	cfg.Graph.Budget.Count = 200_000
	a := &cfg.Allowances
	for _, windows := range []*[]limit.Window{&a.Session, &a.Person, &a.Destination, &a.Address, &a.Prefix, &a.Country, &a.Tenant, &a.NewNumbers, &a.Resets} {
		*windows = []limit.Window{{Count: 100_000, Span: time.Second}}
	}
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

// apps returns the kept app registrations, or makes them. A folder of an older demo has
// fewer: those that came since are added.
func (f folder) apps() (string, error) {
	kept, err := f.keep(appsFile, func() ([]byte, error) { return newApps(uuid.NewString, appNames()...) })
	known := strings.Count(kept, "BEGIN CERTIFICATE")
	if err != nil || known >= len(appNames()) || known < 2 {
		return kept, err
	}
	more, err := newApps(uuid.NewString, appNames()[known:]...)
	if err != nil {
		return "", err
	}
	kept += string(more)
	return kept, writeWhole(f.path(appsFile), []byte(kept))
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
