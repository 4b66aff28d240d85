// Package config reads the configuration: a YAML file, overlaid by REKEY_ variables of
// the environment. Whatever is wrong is told at once, one sentence for each mistake.
//
// The tree of structs below is the whole of it: names, defaults, the environment and
// docs/configuration.md follow from its tags and comments. What the settings do is other
// packages' business; building the program from them is cmd/rekey's.
//
//	tag      holds
//	key      name in the file; with its section's, in capitals, in the environment
//	default  value where nothing is set, written as in the environment
//	need     "yes": it has no default and must be set; "role": only in processes of that role
//	example  what it may look like
package config

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	// The zones of people and organisations must be known wherever this runs; a small
	// container has no zone files.
	_ "time/tzdata"

	"rekey/internal/keyring"
	"rekey/internal/limit"
)

// Role is one of the things that a process does.
type Role string

// The roles. Only a process of a role needs the settings of its section.
const (
	Web    Role = "web"    // serves the pages and signs people in; can only read at Microsoft Graph
	Worker Role = "worker" // applies changes; the only one that writes contacts to Microsoft Graph
	Reset  Role = "reset"  // serves /reset alone; the only one that can set an administrator's password
	Tool   Role = "tool"   // not a process that serves: a command that works on the database alone
)

// Config is the whole configuration.
type Config struct {
	// BaseURL is the address at which people reach the site: https, without a path. Every
	// link is built from it and from nothing else. Plain http is for loopback addresses.
	BaseURL string `key:"base_url" need:"yes" example:"https://rekey.example.com"`
	// Listen is the address and port that the process serves, normally behind a proxy
	// that ends TLS.
	Listen string `key:"listen" default:"127.0.0.1:8080"`
	// Database is where everything is kept: sqlite: and a path, or the postgres:// URL of
	// a PostgreSQL database. SQLite serves one process; several need PostgreSQL.
	Database Secret `key:"database" need:"yes" example:"sqlite:/var/lib/rekey/rekey.db"`
	// Keys encrypt and seal what is kept: 32 random bytes each, in base64, as
	// `openssl rand -base64 32` prints them. The first one writes, all of them read: to
	// change the key, put a new one in front and leave the old ones.
	Keys []Secret `key:"keys" need:"yes"`
	// AuthenticationContext is the id of the Conditional Access authentication context
	// that proves a strong sign-in. Without one, a change also needs a code to a contact on
	// record.
	AuthenticationContext string `key:"authentication_context" example:"c1"`
	// Countries are those to whose numbers codes are sent, as ISO 3166 letters. All
	// others are refused: texts to distant countries are how fraud makes money.
	Countries []string `key:"countries" need:"yes" example:"US, CA"`
	// Proxies are the networks of the reverse proxies in front of the site. Only their
	// X-Forwarded-For is believed.
	Proxies []netip.Prefix `key:"proxies" example:"10.0.0.0/24"`
	// Networks are the operator's names for networks, a list of name and prefixes. Notices
	// and the list of sessions say "Office Berlin" then, and a shortened address for all
	// other networks; the first name that fits is told. In the environment one
	// `Name: prefix, prefix` a line.
	Networks []Network `key:"networks" example:"[{name: Office Berlin, prefixes: [10.1.0.0/16]}]"`
	// DrainDelay is how long /readyz says that the process is going before it takes no
	// more requests, so that the proxy sends the next ones elsewhere.
	DrainDelay time.Duration `key:"drain_delay" default:"5s"`

	Organisation Organisation `key:"organisation"`
	Tenant       Tenant       `key:"tenant"`
	Web          App          `key:"web"`
	Worker       App          `key:"worker"`
	Reset        App          `key:"reset"`
	Alerts       Alerts       `key:"alerts"`
	Never        Never        `key:"never"`
	SMS          SMS          `key:"sms"`
	Mail         Mail         `key:"mail"`
	Email        Email        `key:"email"`
	Allowances   Allowances   `key:"allowances"`
	Graph        Graph        `key:"graph"`
	Log          Log          `key:"log"`
}

// Organisation is whose site it is, as pages and text messages say it.
type Organisation struct {
	// Name is the organisation's name, short enough for a text message.
	Name string `key:"name" need:"yes" example:"Contoso"`
	// HelpName is what people call the help desk, as it stands in a sentence. Without it each
	// page and message says "the help desk" in its own language; a name is the same in all.
	HelpName string `key:"help_name" example:"the IT service desk"`
	// HelpPhone is the help desk's number, as people should dial it.
	HelpPhone string `key:"help_phone" example:"+1 202 555 0100"`
	// HelpMail is the help desk's address.
	HelpMail string `key:"help_mail" example:"help@contoso.example"`
	// Zone is the time zone, as an IANA name, for people whose own is not known.
	Zone string `key:"zone" default:"UTC" example:"America/New_York"`
	// Language is the language, as a BCP 47 tag, for people whose own is not available.
	Language string `key:"language" default:"en"`
	// Logo is the path of a picture beside the name, an SVG, PNG or WebP file of at most 12
	// KB, made for light ground. It is read once, at the start.
	Logo string `key:"logo" example:"/etc/rekey/logo.svg"`
	// Accent is the one colour of buttons and links, in six hexadecimal digits, with # or
	// without; in YAML # needs quotation marks around it. Pages make a lighter or darker
	// one of it where words could not be read otherwise.
	Accent string `key:"accent" example:"'#0f6cbd'"`

	// LogoPicture is what the file holds.
	LogoPicture []byte `key:"-"`
}

// Location returns the organisation's time zone.
func (o Organisation) Location() *time.Location {
	if zone, err := time.LoadLocation(o.Zone); err == nil {
		return zone
	}
	return time.UTC
}

// Tenant is the Microsoft Entra tenant whose people use the site.
type Tenant struct {
	// ID is the tenant's id.
	ID string `key:"id" need:"yes" example:"00000000-0000-0000-0000-000000000000"`
	// Cloud is Microsoft's cloud in which the tenant lives; so far only global.
	Cloud string `key:"cloud" default:"global"`
	// Telephony is true where the tenant has a telephony provider of its own, so that texts
	// and calls for sign-in are delivered after 1 February 2027.
	Telephony bool `key:"telephony" default:"false"`
	// Federated is true where another identity provider checks passwords for the tenant.
	Federated bool `key:"federated" default:"false"`
	// Strength is what the tenant asks of a sign-in: second-factor, or phishing-resistant
	// where nothing but passkeys and keys of computers lets people in.
	Strength string `key:"strength" default:"second-factor"`
}

// What a tenant may ask of a sign-in.
const (
	SecondFactor      = "second-factor"
	PhishingResistant = "phishing-resistant"
)

// Authority returns the address of the tenant's sign-in service.
func (t Tenant) Authority() string { return "https://login.microsoftonline.com/" + t.ID }

// App is how a process proves to Microsoft Entra which app registration it is: a
// certificate, or (not as good) a secret.
type App struct {
	// ClientID is the application id of the app registration.
	ClientID string `key:"client_id" need:"role" example:"00000000-0000-0000-0000-000000000000"`
	// CertificateFile is the path of the certificate in PEM, as uploaded to the app
	// registration.
	CertificateFile string `key:"certificate_file" example:"/etc/rekey/web.crt"`
	// KeyFile is the path of the certificate's RSA private key in PEM, without a password.
	KeyFile string `key:"key_file" example:"/etc/rekey/web.key"`
	// Secret is the app registration's client secret, instead of certificate and key.
	Secret Secret `key:"secret"`

	// Certificates and PrivateKey are what the two files hold.
	Certificates []*x509.Certificate `key:"-"`
	PrivateKey   crypto.PrivateKey   `key:"-"`
}

// Format prints the client id alone: the rest is secret, whatever the verb.
func (a App) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "app registration %s", a.ClientID) }

// ResetOn reports whether administrators may reset their own password here.
func (c Config) ResetOn() bool { return c.Reset.ClientID != "" }

// Alerts is who is told of what an organisation should look at.
type Alerts struct {
	// Mail is a mailbox that is told of each reset of an administrator's password, beside the
	// other administrators.
	Mail string `key:"mail" example:"identity@contoso.example"`
}

// Never is whom nobody may change here, whatever happens.
type Never struct {
	// People are the object ids of the accounts that are never changed, above all
	// break-glass accounts.
	People []string `key:"people"`
}

// Network is an operator's name for the networks that its prefixes cover.
type Network struct {
	Name     string
	Prefixes []netip.Prefix
}

// Graph is how Microsoft Graph is used.
type Graph struct {
	// Budget is how many calls for authentication methods all processes make together;
	// Microsoft allows each app about five in ten seconds.
	Budget limit.Window `key:"budget" default:"5 per 10s"`
}

// Log is what is logged.
type Log struct {
	// Level is debug, info, warn or error.
	Level slog.Level `key:"level" default:"info"`
}

// Ring returns the key ring.
func (c Config) Ring() (*keyring.Ring, error) {
	keys := make([]string, len(c.Keys))
	for i, key := range c.Keys {
		keys[i] = key.Reveal()
	}
	return keyring.Parse(strings.Join(keys, ","))
}
