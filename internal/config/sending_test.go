package config

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/internal/limit"
	"rekey/internal/message/mail"
)

// smtpMail is a good section.
const smtpMail = `
mail:
  transport: smtp
  from: rekey@contoso.example
  host: smtp.contoso.example
  auth: password
  user: rekey
  password: ` + canary + "\n"

func TestMail_SMTP(t *testing.T) {
	certificate, _ := pair(t, 2048)
	w := newWorld(good + smtpMail + "  ca_file: /ca.crt\n")
	w.files["/ca.crt"] = certificate
	c, err := w.load()
	if err != nil {
		t.Fatalf("Load = %v", err)
	}
	server := c.Mail.Server()
	if server.Roots == nil {
		t.Error("Server has no roots, want those of ca_file")
	}
	server.Roots = nil
	if want := (mail.Server{Host: "smtp.contoso.example", Port: 587, Security: mail.StartTLS, Auth: mail.Password, User: "rekey",
		Password: canary, Timeout: 10 * time.Second}); server != want {
		t.Errorf("Server = %+v, want %+v", server, want)
	}
	if want := (mail.From{Name: "Contoso", Address: "rekey@contoso.example"}); c.Mail.Sender() != want || !c.Mail.On() {
		t.Errorf("Sender = %+v, want %+v, with the organisation's name", c.Mail.Sender(), want)
	}
}

func TestMail_OffAndGraph(t *testing.T) {
	c, err := newWorld(good).load()
	if err != nil || c.Mail.On() {
		t.Errorf("Load without a section = %v, mail on: %v, want off", err, c.Mail.On())
	}
	c, err = newWorld(good + "mail: {transport: graph, from: rekey@contoso.example, from_name: IT}\n").load()
	if err != nil || c.Mail.Transport != GraphTransport || c.Mail.FromName != "IT" {
		t.Errorf("Load with graph = %+v, %v", c.Mail, err)
	}
}

func TestMail_MistakesByOne(t *testing.T) {
	for _, tt := range []struct{ section, want string }{
		{"mail: {host: smtp.contoso.example}", "mail.transport: it is missing"},
		{"mail: {transport: pigeon}", "mail.transport (rekey.yaml line 21): write smtp or graph"},
		{"mail: {transport: graph}", "mail.from: set the address"},
		{"mail: {transport: graph, from: a@b.example, host: x.example}", "mail.host (rekey.yaml line 21): leave it out"},
		{"mail: {transport: graph, from: a@b.example, password: " + canary + "}", "mail.password (rekey.yaml line 21): leave it out"},
		{"mail: {transport: graph, from: a@b.example, timeout: 1h}", "mail.timeout (rekey.yaml line 21): use a time from 1s"},
		{"mail: {transport: smtp, from: a@b.example}", "mail.host: set the name"},
		{"mail: {transport: smtp, host: x.example}", "mail.from: set the address"},
		{"mail: {transport: smtp, host: x.example, from: \"A <a@b.example>\"}", "mail.from (rekey.yaml line 21): write one plain"},
		{"mail: {transport: smtp, host: x.example, from: a@b.example, security: maybe}", "mail.security (rekey.yaml line 21): use starttls"},
		{"mail: {transport: smtp, host: x.example, from: a@b.example, security: none, auth: password, user: u, password: " + canary + "}",
			"mail.security (rekey.yaml line 21): use starttls or tls, without them"},
		{"mail: {transport: smtp, host: x.example, from: a@b.example, auth: password, user: u}", "mail.password: set the password"},
		{"mail: {transport: smtp, host: x.example, from: a@b.example, port: 0}", "mail.port (rekey.yaml line 21): use a number"},
		{"mail: {transport: smtp, host: x.example, from: a@b.example, ca_file: /missing}", "mail.ca_file (rekey.yaml line 21): the file cannot"},
		{"mail: {transport: smtp, host: x.example, from: a@b.example, timeout: 1h}", "mail.timeout (rekey.yaml line 21): use a time from 1s"},
		{"email: {own_domains: [contoso.example, \"" + canary + "\"]}", "email.own_domains (rekey.yaml line 21): write domain names"},
		{"email: {allow_own_domains: perhaps}", "email.allow_own_domains (rekey.yaml line 21): write true or false."},
		{"drain_delay: 1m", "drain_delay (rekey.yaml line 21): use at most 10s"},
		{"drain_delay: soon", "drain_delay (rekey.yaml line 21): write a time"},
	} {
		if got := newWorld(good + tt.section + "\n").mistakes(t); len(got) != 1 || !strings.HasPrefix(got[0], tt.want) {
			t.Errorf("Load with %s = %q, want one mistake that begins with %q", tt.section, got, tt.want)
		}
	}
}

func TestEmail_DomainsInOneForm(t *testing.T) {
	c, err := newWorld(good + "email: {own_domains: [Contoso.Example, bücher.example], allow_own_domains: True}\n").load()
	if want := []string{"contoso.example", "xn--bcher-kva.example"}; err != nil || !slices.Equal(c.Email.OwnDomains, want) || !c.Email.AllowOwnDomains {
		t.Errorf("Load = %+v, %v, want %v", c.Email, err, want)
	}
}

func TestNetworks(t *testing.T) {
	want := []Network{
		{Name: "Office Berlin", Prefixes: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("2001:db8::/32")}},
		{Name: "VPN", Prefixes: []netip.Prefix{netip.MustParsePrefix("192.0.2.7/32")}},
	}
	for _, text := range []string{
		"networks:\n  - name: Office Berlin\n    prefixes: [10.1.0.0/16, '2001:db8::/32']\n  - {name: VPN, prefixes: 192.0.2.7}\n",
		"networks: [{prefixes: [10.1.2.3/16, '2001:db8::/32'], name: ' Office Berlin '}, {name: VPN, prefixes: [192.0.2.7]}]\n",
	} {
		c, err := newWorld(good + text).load()
		if err != nil || !reflect.DeepEqual(c.Networks, want) {
			t.Errorf("Load with %q = %v, %v, want %v", text, c.Networks, err, want)
		}
	}
	w := newWorld(good)
	w.env["REKEY_NETWORKS"] = "Office Berlin: 10.1.0.0/16, 2001:db8::/32\n\nVPN: 192.0.2.7\n"
	if c, err := w.load(); err != nil || !reflect.DeepEqual(c.Networks, want) {
		t.Errorf("Load with a variable = %v, %v, want %v", c.Networks, err, want)
	}
	for _, bad := range []string{
		"networks: Office", "networks: {Office: [10.0.0.0/8]}", "networks: [10.0.0.0/8]", "networks: [{name: Office}]",
		"networks: [{prefixes: [10.0.0.0/8]}]", "networks: [{name: '', prefixes: [10.0.0.0/8]}]", "networks: [{name: Office, prefixes: [" + canary + "]}]",
		"networks: [{name: Office, prefixes: [0.0.0.0/0]}]", "networks: [{name: Office, prefixes: []}]", "networks: [{name: Office, ip: 10.0.0.0/8}]",
		`networks: [{name: "a\nb", prefixes: [10.0.0.0/8]}]`, "networks: [{name: " + strings.Repeat("x", 41) + ", prefixes: [10.0.0.0/8]}]",
		"networks: [{name: [Office], prefixes: [10.0.0.0/8]}]",
	} {
		if got := newWorld(good + bad + "\n").mistakes(t); len(got) != 1 || !strings.HasPrefix(got[0], "networks (rekey.yaml line 21): write a list of networks") {
			t.Errorf("Load with %q = %q, want one mistake about networks", bad, got)
		}
	}
}

func TestAllowances_ABU1(t *testing.T) {
	day := 24 * time.Hour
	want := Allowances{
		Session:     []limit.Window{{Count: 5, Span: 10 * time.Minute}},
		Person:      []limit.Window{{Count: 3, Span: 5 * time.Minute}, {Count: 5, Span: 10 * time.Minute}, {Count: 10, Span: day}},
		Destination: []limit.Window{{Count: 10, Span: 5 * time.Minute}},
		Address:     []limit.Window{{Count: 60, Span: 10 * time.Minute}, {Count: 600, Span: day}},
		Prefix:      []limit.Window{{Count: 50, Span: 10 * time.Minute}, {Count: 500, Span: day}},
		Country:     []limit.Window{{Count: 1000, Span: day}},
		Tenant:      []limit.Window{{Count: 300, Span: 10 * time.Minute}, {Count: 5000, Span: day}},
		NewNumbers:  []limit.Window{{Count: 3, Span: day}},
		Refresh:     []limit.Window{{Count: 2, Span: 10 * time.Second}, {Count: 10, Span: 10 * time.Minute}},
		Resets:      []limit.Window{{Count: 20, Span: 10 * time.Minute}, {Count: 100, Span: day}},
	}
	if got := Default().Allowances; !reflect.DeepEqual(got, want) {
		t.Errorf("Default().Allowances = %+v, want %+v", got, want)
	}
	for _, name := range []string{"session", "person", "destination", "address", "prefix", "country", "tenant", "new_numbers", "refresh"} {
		got := newWorld(good + "allowances: {" + name + ": []}\n").mistakes(t)
		if len(got) != 1 || !strings.HasPrefix(got[0], "allowances."+name+" (rekey.yaml line 21): without any allowance") {
			t.Errorf("Load without an allowance for %s = %q, want one mistake", name, got)
		}
	}
}

// A command that works on the database takes the file of the process that has it.
func TestRoles_AToolTakesTheFileOfAnyProcess(t *testing.T) {
	if got := newWorld(good).mistakes(t, Tool); len(got) != 0 {
		t.Errorf("Load for a tool = %q, want no mistake", got)
	}
}

// The process that faces the internet must not hold what could rewrite anybody's phone.
func TestRoles_WebAloneHoldsNoWriteCredential(t *testing.T) {
	without := strings.Replace(good, "worker:\n  client_id: "+guid+"\n  secret: worker-secret\n", "", 1)
	if got := newWorld(without).mistakes(t, Web); len(got) != 0 {
		t.Errorf("Load for web without worker = %q, want no mistake", got)
	}
	if got := newWorld(good).mistakes(t, Web); len(got) != 2 ||
		!strings.HasPrefix(got[0], "worker.client_id (rekey.yaml line 13): the web role must not hold") ||
		!strings.HasPrefix(got[1], "worker.secret (rekey.yaml line 14): the web role must not hold") {
		t.Errorf("Load for web with worker = %q, want both settings refused", got)
	}
	w := newWorld(without)
	w.env["REKEY_WORKER_KEY_FILE"], w.env["REKEY_WORKER_SECRET_FILE"] = "/missing.key", "/run/secret"
	w.files["/run/secret"] = canary
	if got := w.mistakes(t, Web); len(got) != 2 || !strings.HasPrefix(got[0], "worker.key_file (REKEY_WORKER_KEY_FILE): the web role") ||
		!strings.HasPrefix(got[1], "worker.secret (REKEY_WORKER_SECRET_FILE): the web role") {
		t.Errorf("Load for web with worker in the environment = %q, want both variables named", got)
	}
	for _, roles := range [][]Role{nil, {Worker}, {Web, Worker}} {
		if got := newWorld(good).mistakes(t, roles...); len(got) != 0 {
			t.Errorf("Load for %v = %q, want no mistake", roles, got)
		}
	}
	if got := newWorld(without).mistakes(t, Worker); len(got) != 2 || !strings.HasPrefix(got[0], "worker.client_id: it is missing") {
		t.Errorf("Load for worker without worker = %q, want it missing", got)
	}
}

func TestDatabase_NotInMemory(t *testing.T) {
	for _, text := range []string{"sqlite::memory:", "sqlite:file::memory:?cache=shared", "sqlite:/x?mode=memory"} {
		got := newWorld(strings.Replace(good, "sqlite:/var/lib/rekey/rekey.db", "'"+text+"'", 1)).mistakes(t)
		if len(got) != 1 || !strings.HasPrefix(got[0], "database (rekey.yaml line 3): name a file") {
			t.Errorf("Load with %s = %q, want it refused", text, got)
		}
	}
}

// The identity that can set administrators' passwords is a registration of its own, held by
// processes of its role alone (OID-6).
func TestReset_OID6_AloneWithItsCredential(t *testing.T) {
	const id = "5f0e1c9a-0000-4000-8000-00000000000a"
	with := func(client string) world {
		w := newWorld(good + "mail:\n  transport: smtp\n  from: rekey@contoso.example\n  host: smtp.contoso.example\n")
		w.env["REKEY_RESET_CLIENT_ID"], w.env["REKEY_RESET_SECRET"] = client, canary
		return w
	}
	webOnly := func(w world) world {
		delete(w.env, "REKEY_RESET_SECRET")
		return w
	}
	for _, tt := range []struct {
		name  string
		world world
		roles []Role
		want  string // "" of no mistake
	}{
		{"all roles", with(id), nil, ""},
		{"its role", with(id), []Role{Web, Worker, Reset}, ""},
		{"off", newWorld(good), nil, ""},
		{"its role, not set", newWorld(good), []Role{Web, Worker, Reset}, "reset.client_id: it is missing"},
		{"no credential", webOnly(with(id)), nil, "reset.certificate_file: it is missing"},
		{"another process knows that it is on", webOnly(with(id)), []Role{Web, Worker}, ""},
		{"another process holds the credential", with(id), []Role{Web, Worker}, "reset.secret (REKEY_RESET_SECRET): only a process of the reset role"},
	} {
		got := tt.world.mistakes(t, tt.roles...)
		if tt.want == "" && len(got) != 0 || tt.want != "" && (len(got) == 0 || !strings.HasPrefix(got[0], tt.want)) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	same, err := newWorld(good).load()
	if err != nil {
		t.Fatal(err)
	}
	for _, client := range []string{same.Web.ClientID, strings.ToUpper(same.Worker.ClientID)} {
		if got := with(client).mistakes(t); len(got) != 1 || !strings.HasPrefix(got[0], "reset.client_id (REKEY_RESET_CLIENT_ID): make an app registration of its own") {
			t.Errorf("one registration for two: %q", got)
		}
	}
}
