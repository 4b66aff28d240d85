package config

import (
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/language"

	"rekey/internal/keyring"
	"rekey/internal/phone"
	"rekey/static"
)

// check complains about values that no part of the program could work with, and brings
// the others into the one form that all parts expect.
func (l *loader) check() {
	l.checkBaseURL()
	l.checkListen()
	l.checkDatabase()
	for _, key := range l.config.Keys {
		if _, err := keyring.Parse(key.Reveal()); err != nil {
			l.complain("keys", "each key must be 32 bytes in base64, as `openssl rand -base64 32` prints them.")
		}
	}
	l.checkOrganisation()
	l.checkBrand()
	l.checkTenant()
	l.checkCountries()
	l.checkApp("web", &l.config.Web)
	l.checkWorker()
	l.checkReset()
	if !l.guids(l.config.Never.People) {
		l.complain("never.people", "write object ids, such as 00000000-0000-0000-0000-000000000000.")
	}
	l.checkAllowances()
	l.complainAll("sms.", l.config.SMS.Gateway().Mistakes())
	l.checkMail()
	l.checkEmail()
	if l.config.DrainDelay > longestDrain {
		l.complain("drain_delay", "use at most 10s, whoever stops the process waits for it.")
	}
}

// longestDrain leaves the requests in hand their share of the 25 seconds of AVL-8.
const longestDrain = 10 * time.Second

func (l *loader) checkBaseURL() {
	const key = "base_url"
	u, err := url.Parse(l.config.BaseURL)
	switch {
	case l.config.BaseURL == "":
	case err != nil || u.Hostname() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" ||
		u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		l.complain(key, "write scheme and host alone, for example https://rekey.example.com.")
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		l.complain(key, "use https, plain http is for loopback addresses.")
	default:
		l.config.BaseURL = origin(u)
	}
}

// origin writes an address as browsers do in Origin: lower case, no default port.
func origin(u *url.URL) string {
	host := strings.ToLower(u.Host)
	for scheme, port := range map[string]string{"https": ":443", "http": ":80"} {
		if u.Scheme == scheme {
			host = strings.TrimSuffix(host, port)
		}
	}
	return u.Scheme + "://" + host
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func (l *loader) checkListen() {
	_, port, err := net.SplitHostPort(l.config.Listen)
	if n, perr := strconv.Atoi(port); err != nil || perr != nil || n < 0 || n > 65535 {
		l.complain("listen", "write an address and a port, such as 127.0.0.1:8080 or :8080.")
	}
}

func (l *loader) checkDatabase() {
	text := l.config.Database.Reveal()
	path, isSQLite := strings.CutPrefix(text, "sqlite:")
	isPostgres := strings.HasPrefix(text, "postgres://") || strings.HasPrefix(text, "postgresql://")
	if isSQLite && (strings.Contains(path, ":memory:") || strings.Contains(path, "mode=memory")) {
		l.complain("database", "name a file, such as sqlite:/var/lib/rekey/rekey.db: what is kept in memory is gone with the process.")
	}
	if text != "" && !isPostgres && (!isSQLite || path == "") {
		l.complain("database", "write sqlite: and a path, such as sqlite:/var/lib/rekey/rekey.db, or a postgres:// URL.")
	}
}

func (l *loader) checkOrganisation() {
	o := &l.config.Organisation
	if o.Name != "" && (strings.TrimSpace(o.Name) == "" || len([]rune(o.Name)) > 40 || strings.ContainsFunc(o.Name, unicode.IsControl)) {
		l.complain("organisation.name", "use at most 40 letters on one line, it stands in text messages.")
	}
	if a, err := mail.ParseAddress(o.HelpMail); o.HelpMail != "" && (err != nil || a.Address != o.HelpMail) {
		l.complain("organisation.help_mail", "write one plain address, such as help@contoso.example.")
	}
	if _, err := time.LoadLocation(o.Zone); err != nil || o.Zone == "" || o.Zone == "Local" {
		l.complain("organisation.zone", "write the IANA name of a time zone, such as Europe/Berlin.")
	}
	if tag, err := language.Parse(o.Language); err != nil || tag == language.Und {
		l.complain("organisation.language", "write a language tag, such as en or pt-BR.")
	} else {
		o.Language = tag.String()
	}
}

// checkBrand reads the logo.
func (l *loader) checkBrand() {
	o := &l.config.Organisation
	if o.Accent != "" {
		if o.Accent = "#" + strings.TrimPrefix(o.Accent, "#"); !static.ValidAccent(o.Accent) {
			l.complain("organisation.accent", "write a colour with six hexadecimal digits, such as '#0f6cbd'.")
		}
	}
	if o.Logo == "" {
		return
	}
	picture, err := l.readFile(o.Logo)
	if err != nil {
		l.complain("organisation.logo", "the file that it names cannot be read: check its path and its rights.")
		return
	}
	if _, err := static.CheckLogo(picture); err != nil {
		l.complain("organisation.logo", err.Error()+".")
		return
	}
	o.LogoPicture = picture
}

// guids reports whether all texts are GUIDs, and brings them into lower case.
func (l *loader) guids(texts []string) bool {
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	for i := range texts {
		if texts[i] = strings.ToLower(texts[i]); !form.MatchString(texts[i]) {
			return false
		}
	}
	return true
}

// guid is guids for one text, which may be empty.
func (l *loader) guid(text *string) bool {
	one := []string{*text}
	ok := *text == "" || l.guids(one)
	*text = one[0]
	return ok
}

func (l *loader) checkTenant() {
	if !l.guid(&l.config.Tenant.ID) {
		l.complain("tenant.id", "write the tenant's id, such as 00000000-0000-0000-0000-000000000000, not its domain name.")
	}
	if l.config.Tenant.Cloud != "global" {
		l.complain("tenant.cloud", "only global is supported so far.")
	}
	if !slices.Contains([]string{SecondFactor, PhishingResistant}, l.config.Tenant.Strength) {
		l.complain("tenant.strength", "write second-factor or phishing-resistant.")
	}
	context := l.config.AuthenticationContext
	if context != "" && !regexp.MustCompile(`^c[1-9][0-9]?$`).MatchString(context) {
		l.complain("authentication_context", "write an id from c1 to c99, or leave it out.")
	}
}

func (l *loader) checkCountries() {
	var countries []string
	for _, country := range l.config.Countries {
		country = strings.ToUpper(country)
		if len(country) != 2 || phone.CallingCode(country) == "" {
			l.complain("countries", "write each country with its two ISO 3166 letters, such as US or DE.")
			return
		}
		if !slices.Contains(countries, country) {
			countries = append(countries, country)
		}
	}
	l.config.Countries = countries
}

func (l *loader) checkAllowances() {
	for _, s := range settings(&l.config) {
		if strings.HasPrefix(s.key, "allowances.") && isEmpty(s.value) {
			l.complain(s.key, "without any allowance nothing would be bounded: "+windowHint)
		}
	}
}
