package main

import (
	"bytes"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rekey/internal/config"
	"rekey/internal/keyring"
	"rekey/internal/store"
	"rekey/internal/store/storetest/pg"
)

// examine runs the doctor over a demo's configuration, with the demo's tenant and mail
// server behind it, and returns its report.
func examine(t *testing.T, s Setup, change func(*config.Config), roles ...config.Role) (report string, err error) {
	t.Helper()
	gateway := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the doctor sent a text") }))
	defer gateway.Close()
	if len(roles) == 0 {
		roles = []config.Role{config.Web, config.Worker}
	}
	e := examination{config: s.Config, roles: roles, clock: s.Clock, transport: s.Transport, dialMail: s.DialMail}
	e.config.SMS.URL = gateway.URL
	if change != nil {
		change(&e.config)
	}
	var out strings.Builder
	err = e.run(t.Context(), &out)
	for _, secret := range secrets(e.config) {
		if len(secret) > 3 && strings.Contains(out.String(), secret) {
			t.Errorf("the report tells a secret:\n%s", out.String())
		}
	}
	if out.Len() == 0 {
		t.Error("the report is empty")
	}
	return out.String(), err
}

// tells wants each of the lines to begin a line of the report.
func tells(t *testing.T, report string, lines ...string) {
	t.Helper()
	for _, l := range lines {
		if !strings.Contains("\n"+report, "\n"+l) {
			t.Errorf("report:\n%s\nwant a line %q", report, l)
		}
	}
}

func TestDoctor_BesideALiveProcess(t *testing.T) {
	_, d := startSiteWith(t, func(c *demoCommand) { c.Data = t.TempDir() })
	report, err := examine(t, d.App.setup, nil)
	if err != nil {
		t.Errorf("doctor = %v, want nothing failed:\n%s", err, report)
	}
	tells(t, report, "ok    database: SQLite has the tables of this release; a running process has it open", "ok    clock, database", "ok    keys: one key",
		"ok    tenant token, web", "ok    tenant token, worker", "ok    permission, web: UserAuthenticationMethod.Read.All",
		"ok    permission, worker: UserAuthMethod-Phone.ReadWrite.All", "ok    Microsoft Graph", "ok    authentication context: c1", "ok    policy of the authentication context",
		"ok    policies on registering security info: “", "ok    authentication methods", "ok    administrators' own password reset",
		"ok    text gateway: 127.0.0.1", "ok    mail: ", "ok    notices: 0 waiting, 0 given up")
}

func TestDoctor_NamesWhatIsWrong(t *testing.T) {
	_, d := startSiteWith(t, func(c *demoCommand) { c.Data = t.TempDir() })
	for name, c := range map[string]struct {
		change func(*config.Config)
		want   string
	}{
		"mail password": {func(c *config.Config) { c.Mail.Password = "not-the-canary" }, "FAIL  mail"},
		"gateway":       {func(c *config.Config) { c.SMS.URL = "https://127.0.0.1:1/v1" }, "FAIL  text gateway: 127.0.0.1:1 cannot be reached"},
		"client id":     {func(c *config.Config) { c.Web.ClientID = "aaaaaaaa-0000-4000-8000-00000000dead" }, "FAIL  tenant token, web: none"},
		"certificate": {func(c *config.Config) {
			c.Worker.Certificates, c.Worker.PrivateKey = c.Web.Certificates, c.Web.PrivateKey
		}, "FAIL  tenant token, worker: none"},
		"one for both":   {func(c *config.Config) { c.Web = c.Worker }, "FAIL  permission, web: UserAuthMethod-Phone.ReadWrite.All is not for reading"},
		"context":        {func(c *config.Config) { c.AuthenticationContext = "c98" }, "FAIL  authentication context: c98 is not there"},
		"other database": {func(c *config.Config) { c.Database = config.Secret("sqlite:" + filepath.Join(t.TempDir(), "none.db")) }, "FAIL  database: there is none"},
		"no server":      {func(c *config.Config) { c.Database = "postgres://rekey:canary-word@127.0.0.1:1/rekey" }, "FAIL  database: PostgreSQL does not answer"},
	} {
		report, err := examine(t, d.App.setup, c.change)
		if !errors.Is(err, errIll) {
			t.Errorf("%s: doctor = %v, want that something failed", name, err)
		}
		tells(t, report, c.want)
		if strings.Contains(report, "canary") {
			t.Errorf("%s: the report tells a secret:\n%s", name, report)
		}
	}
}

func TestDoctor_LooksAndChangesNothing(t *testing.T) {
	dir := t.TempDir()
	_, d := startSiteWith(t, func(c *demoCommand) { c.Data = dir })
	place := filepath.Join(dir, "elsewhere.db")
	none := func(c *config.Config) { c.Database = config.Secret("sqlite:" + place) }
	if _, err := examine(t, d.App.setup, none); err == nil {
		t.Error("doctor without a database = nil, want that something failed")
	}
	if _, err := os.Stat(place); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the doctor made a database: %v", err)
	}
	older, folder := filepath.Join(dir, "older.db"), filepath.Join(dir, "folder.db")
	if err := errors.Join(os.WriteFile(older, nil, 0o600), os.Mkdir(folder, 0o700)); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{older: "FAIL  database: SQLite has the tables of an older release", folder: "FAIL  database: SQLite cannot be written"} {
		report, err := examine(t, d.App.setup, func(c *config.Config) { c.Database = config.Secret("sqlite:" + path) })
		if !errors.Is(err, errIll) {
			t.Errorf("doctor of %s = %v, want that something failed", path, err)
		}
		tells(t, report, want)
	}
}

func TestDoctor_ByRole(t *testing.T) {
	_, d := startSiteWith(t, func(c *demoCommand) { c.Data = t.TempDir() })
	web, err := examine(t, d.App.setup, nil, config.Web)
	if err != nil || strings.Contains(web, "worker") {
		t.Errorf("doctor of the web role = %v, want nothing of the worker:\n%s", err, web)
	}
	worker, err := examine(t, d.App.setup, nil, config.Worker)
	if err != nil || strings.Contains(worker, ", web") || strings.Contains(worker, "authentication context") {
		t.Errorf("doctor of the worker role = %v, want nothing of the web:\n%s", err, worker)
	}
}

func TestDoctor_ExitCodes(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "rekey.yaml")
	if err := os.WriteFile(empty, []byte("listen: 127.0.0.1:0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	none := func(string) (string, bool) { return "", false }
	for _, args := range [][]string{{"doctor", "--config", empty}, {"doctor", "--config", empty + ".none"}, {"doctor", "--role", "reset"}} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), args, streams{out: &out, err: &errs, env: none}); code != exitMistake || out.Len() != 0 || errs.Len() == 0 {
			t.Errorf("rekey %v = %d, %q, %q, want 2 and the mistakes", args, code, out.String(), errs.String())
		}
	}
}

func TestDoctor_PostgreSQL(t *testing.T) {
	_, d := startSiteWith(t)
	server := pg.Start(t)
	at := func(url string) func(*config.Config) {
		return func(c *config.Config) { c.Database = config.Secret(url) }
	}
	report, _ := examine(t, d.App.setup, at(server.URL("")))
	tells(t, report, "FAIL  database: PostgreSQL has the tables of an older release", "ok    clock, database: the database is ")
	db, err := store.Open(t.Context(), store.Options{URL: server.URL(""), Ring: ringOf(t, d.App.setup.Config)})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Migrate(t.Context()), db.Close()); err != nil {
		t.Fatal(err)
	}
	report, err = examine(t, d.App.setup, at(server.URL("")))
	if err != nil {
		t.Errorf("doctor of a good database = %v:\n%s", err, report)
	}
	tells(t, report, "ok    database: PostgreSQL answers, can be written", "ok    notices: 0 waiting")
	report, _ = examine(t, d.App.setup, at(server.URL("")+"&default_transaction_read_only=on"))
	tells(t, report, "FAIL  database: PostgreSQL cannot be written")
	server.Kill(t)
	report, _ = examine(t, d.App.setup, at(server.URL("")))
	tells(t, report, "FAIL  database: PostgreSQL does not answer", "warn  clock, database: not measured", "warn  notices: not counted")
}

func ringOf(t *testing.T, c config.Config) *keyring.Ring {
	t.Helper()
	ring, err := c.Ring()
	if err != nil {
		t.Fatal(err)
	}
	return ring
}
