package config

import (
	"encoding/base64"
	"errors"
	"io/fs"
	"log/slog"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/internal/limit"
)

const guid = "00000000-0000-0000-0000-00000000000a"

// canary stands wherever a secret could be; no mistake may repeat it.
const canary = "canary-918273"

// good is a file with everything that must be there.
const good = `
base_url: https://rekey.example.com
database: sqlite:/var/lib/rekey/rekey.db
countries: [US, ca]
organisation:
  name: Contoso
tenant:
  id: 00000000-0000-0000-0000-00000000000A
web:
  client_id: ` + guid + `
  secret: web-secret
worker:
  client_id: ` + guid + `
  secret: worker-secret
sms:
  url: https://sms.gateway.example/v1/messages
  headers:
    Authorization: Bearer abc
  body: |
    {"to":{{json .To}},"text":{{json .Text}}}
`

// world is the file system and the environment of a test.
type world struct {
	files map[string]string
	env   map[string]string
}

func newWorld(file string) world {
	key := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))
	return world{files: map[string]string{"/etc/rekey.yaml": file}, env: map[string]string{"REKEY_KEYS": key}}
}

func (w world) load(roles ...Role) (Config, error) {
	return Load("/etc/rekey.yaml", w.lookup, w.read, roles...)
}

func (w world) lookup(name string) (string, bool) { v, ok := w.env[name]; return v, ok }

func (w world) read(path string) ([]byte, error) {
	if text, ok := w.files[path]; ok {
		return []byte(text), nil
	}
	return nil, fs.ErrNotExist
}

// mistakes loads and returns what is wrong.
func (w world) mistakes(t *testing.T, roles ...Role) Mistakes {
	t.Helper()
	_, err := w.load(roles...)
	var found Mistakes
	if err != nil && !errors.As(err, &found) {
		t.Fatalf("Load = %T, want Mistakes", err)
	}
	for _, sentence := range found {
		if strings.Contains(sentence, canary) {
			t.Errorf("mistake repeats a value: %s", sentence)
		}
		if !strings.HasSuffix(sentence, ".") && !strings.HasSuffix(sentence, "?") {
			t.Errorf("mistake is no sentence: %s", sentence)
		}
	}
	return found
}

func TestLoad_GoodFile(t *testing.T) {
	c, err := newWorld(good).load()
	if err != nil {
		t.Fatalf("Load = %v", err)
	}
	for name, pair := range map[string][2]any{
		"base_url":       {c.BaseURL, "https://rekey.example.com"},
		"listen":         {c.Listen, "127.0.0.1:8080"},
		"database":       {c.Database.Reveal(), "sqlite:/var/lib/rekey/rekey.db"},
		"countries":      {c.Countries, []string{"US", "CA"}},
		"zone":           {c.Organisation.Location().String(), "UTC"},
		"language":       {c.Organisation.Language, "en"},
		"tenant":         {c.Tenant.Authority(), "https://login.microsoftonline.com/" + guid},
		"secret":         {c.Web.Secret.Reveal(), "web-secret"},
		"headers":        {c.SMS.Gateway().Headers, map[string]string{"Authorization": "Bearer abc"}},
		"body":           {c.SMS.Body, "{\"to\":{{json .To}},\"text\":{{json .Text}}}\n"},
		"success_status": {c.SMS.SuccessStatus, []int{200, 201, 202}},
		"timeout":        {c.SMS.Timeout, 5 * time.Second},
		"person": {c.Allowances.Person, []limit.Window{{Count: 3, Span: 5 * time.Minute},
			{Count: 5, Span: 10 * time.Minute}, {Count: 10, Span: 24 * time.Hour}}},
		"budget": {c.Graph.Budget, limit.Window{Count: 5, Span: 10 * time.Second}},
		"level":  {c.Log.Level, slog.LevelInfo},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s = %v, want %v", name, pair[0], pair[1])
		}
	}
	if _, err := c.Ring(); err != nil {
		t.Errorf("Ring = %v", err)
	}
}

func TestLoad_EnvironmentWins(t *testing.T) {
	w := newWorld(good)
	for name, value := range map[string]string{
		"REKEY_BASE_URL": "https://Other.example:443/", "REKEY_COUNTRIES": "DE, AT,de", "REKEY_ORGANISATION_ZONE": "Europe/Berlin",
		"REKEY_SMS_HEADERS": "Authorization: Basic x\nX-Key: a:b", "REKEY_SMS_SUCCESS_STATUS": "202", "REKEY_SMS_TIMEOUT": "2s",
		"REKEY_PROXIES": "10.1.2.3/8, 192.0.2.1", "REKEY_ALLOWANCES_PERSON": "1000 per 1m", "REKEY_LOG_LEVEL": "DEBUG",
		"REKEY_LISTEN": "", "REKEY_WEB_SECRET_FILE": "/run/secret", "REKEY_NEVER_PEOPLE": guid,
	} {
		w.env[name] = value
	}
	w.files["/run/secret"] = "from-file\n"
	c, err := w.load()
	if err != nil {
		t.Fatalf("Load = %v", err)
	}
	for name, pair := range map[string][2]any{
		"base_url":  {c.BaseURL, "https://other.example"},
		"countries": {c.Countries, []string{"DE", "AT"}},
		"zone":      {c.Organisation.Location().String(), "Europe/Berlin"},
		"headers":   {c.SMS.Gateway().Headers, map[string]string{"Authorization": "Basic x", "X-Key": "a:b"}},
		"status":    {c.SMS.SuccessStatus, []int{202}},
		"timeout":   {c.SMS.Timeout, 2 * time.Second},
		"proxies":   {c.Proxies, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.1/32")}},
		"person":    {c.Allowances.Person, []limit.Window{{Count: 1000, Span: time.Minute}}},
		"level":     {c.Log.Level, slog.LevelDebug},
		"listen":    {c.Listen, "127.0.0.1:8080"},
		"secret":    {c.Web.Secret.Reveal(), "from-file"},
		"never":     {c.Never.People, []string{guid}},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s = %v, want %v", name, pair[0], pair[1])
		}
	}
}

func TestLoad_EnvironmentAlone(t *testing.T) {
	w := newWorld("")
	for name, value := range map[string]string{
		"REKEY_BASE_URL": "http://127.0.0.1:8080", "REKEY_DATABASE_FILE": "/run/database", "REKEY_COUNTRIES": "US",
		"REKEY_ORGANISATION_NAME": "Contoso", "REKEY_TENANT_ID": guid, "REKEY_WEB_CLIENT_ID": guid, "REKEY_WEB_SECRET": "x",
		"REKEY_SMS_URL": "https://gateway.example/", "REKEY_SMS_BODY": `{{form "to" .To "text" .Text}}`,
		"REKEY_SMS_CONTENT_TYPE": "application/x-www-form-urlencoded",
	} {
		w.env[name] = value
	}
	w.files["/run/database"] = "postgres://rekey:" + canary + "@db.example/rekey\n"
	c, err := Load("", w.lookup, w.read, Web)
	if err != nil {
		t.Fatalf("Load = %v", err)
	}
	if got := c.Database.Reveal(); got != "postgres://rekey:"+canary+"@db.example/rekey" {
		t.Errorf("database = %q", got)
	}
}

func TestLoad_OnlyTheRolesOfTheProcessNeedTheirApp(t *testing.T) {
	w := newWorld(strings.ReplaceAll(good, "worker:\n  client_id: "+guid+"\n  secret: worker-secret\n", ""))
	if got := w.mistakes(t, Web); len(got) != 0 {
		t.Errorf("Load for the web role without the worker's app = %q, want no mistake", got)
	}
	got := w.mistakes(t)
	if len(got) != 2 || !strings.HasPrefix(got[0], "worker.client_id: it is missing") || !strings.HasPrefix(got[1], "worker.certificate_file: it is missing") {
		t.Errorf("Load for all roles without the worker's app = %q, want two mistakes", got)
	}
}

func TestLoad_MistakesOneByOne(t *testing.T) {
	for _, c := range []struct{ change, to, want string }{
		{"base_url: https://rekey.example.com", "base_url: http://rekey.example.com", "base_url (rekey.yaml line 2): use https"},
		{"base_url: https://rekey.example.com", "base_url: https://rekey.example.com/rekey", "base_url (rekey.yaml line 2): write scheme and host alone"},
		{"base_url: https://rekey.example.com", "base_url: https://u:" + canary + "@rekey.example.com", "base_url (rekey.yaml line 2): write scheme"},
		{"base_url: https://rekey.example.com", "base_url: rekey.example.com", "base_url (rekey.yaml line 2): write scheme"},
		{"base_url: https://rekey.example.com\n", "", "base_url: it is missing: set it in the file or as REKEY_BASE_URL, for example"},
		{"base_url: ", "base_ulr: " + canary + "\nbase_url: ", "base_ulr (rekey.yaml line 2): there is no such setting: do you mean base_url?"},
		{"base_url: ", "colour: " + canary + "\nbase_url: ", "colour (rekey.yaml line 2): there is no such setting, remove it."},
		{"base_url: ", "demo: true\nbase_url: ", "demo (rekey.yaml line 2): there is no such setting, remove it."},
		{"  name: Contoso", "  nmae: x\n  name: Contoso", "organisation.nmae (rekey.yaml line 6): there is no such setting: do you mean organisation.name?"},
		{"organisation:\n  name: Contoso", "organisation: " + canary, "organisation (rekey.yaml line 5): this is a section"},
		{"  name: Contoso", "  name: [" + canary + "]", "organisation.name (rekey.yaml line 6): write one text."},
		{"  name: Contoso", "  name: \"two\\nlines\"", "organisation.name (rekey.yaml line 6): use at most 40 letters"},
		{"  name: Contoso", "  name: Contoso\n  zone: Mars/" + canary, "organisation.zone (rekey.yaml line 7): write the IANA name"},
		{"  name: Contoso", "  name: Contoso\n  language: q", "organisation.language (rekey.yaml line 7): write a language tag"},
		{"  name: Contoso", "  name: Contoso\n  help_mail: Help <a@b.example>", "organisation.help_mail (rekey.yaml line 7): write one plain address"},
		{"countries: [US, ca]", "countries: [US, +1]", "countries (rekey.yaml line 4): write each country"},
		{"countries: [US, ca]", "countries: []", "countries (rekey.yaml line 4): it is missing"},
		{"countries: [US, ca]", "countries: {US: 1}", "countries (rekey.yaml line 4): write a list of texts."},
		{"countries: ", "listen: somewhere\ncountries: ", "listen (rekey.yaml line 4): write an address and a port"},
		{"countries: ", "listen: :70000\ncountries: ", "listen (rekey.yaml line 4): write an address and a port"},
		{"countries: ", "proxies: 0.0.0.0/0\ncountries: ", "proxies (rekey.yaml line 4): write networks"},
		{"countries: ", "authentication_context: c0\ncountries: ", "authentication_context (rekey.yaml line 4): write an id"},
		{"countries: ", "never: {people: [admin@contoso.example]}\ncountries: ", "never.people (rekey.yaml line 4): write object ids"},
		{"countries: ", "allowances: {person: often}\ncountries: ", "allowances.person (rekey.yaml line 4): write a count and a time"},
		{"countries: ", "allowances: {person: []}\ncountries: ", "allowances.person (rekey.yaml line 4): without any allowance"},
		{"countries: ", "allowances: {destination: 0 per 5m}\ncountries: ", "allowances.destination (rekey.yaml line 4): write a count"},
		{"countries: ", "graph: {budget: 5 per 0s}\ncountries: ", "graph.budget (rekey.yaml line 4): write a count"},
		{"countries: ", "log: {level: loud}\ncountries: ", "log.level (rekey.yaml line 4): write debug, info"},
		{"sqlite:/var/lib/rekey/rekey.db", "mysql://root:" + canary + "@db/", "database (rekey.yaml line 3): write sqlite:"},
		{"00000000-0000-0000-0000-00000000000A", "contoso.example", "tenant.id (rekey.yaml line 8): write the tenant's id"},
		{"tenant:", "tenant:\n  cloud: china", "tenant.cloud (rekey.yaml line 8): only global"},
		{"  secret: web-secret\n", "", "web.certificate_file: it is missing: set it and key_file"},
		{"  secret: web-secret", "  secret: " + canary + "\n  key_file: /k\n  certificate_file: /c", "web.secret (rekey.yaml line 11): keep either"},
		{"  secret: web-secret", "  key_file: /k", "web.certificate_file: it is missing: name the certificate"},
		{"  secret: web-secret", "  certificate_file: /c", "web.key_file: it is missing: name the private key"},
		{"url: https://sms", "url: http://" + canary, "sms.url (rekey.yaml line 16): use https"},
		{"  body: |", "  timeout: " + canary + "\n  body: |", "sms.timeout (rekey.yaml line 19): write a time with its unit"},
		{"  body: |", "  timeout: 1h\n  body: |", "sms.timeout (rekey.yaml line 19): use a time from 1s"},
		{"  body: |", "  success_status: [" + canary + "]\n  body: |", "sms.success_status (rekey.yaml line 19): write a list of whole numbers."},
		{"{{json .Text}}", "\"{{.Text}}\"", "sms.body (rekey.yaml line 19): put each value through json"},
		{"Authorization: Bearer abc", "Host: " + canary, "sms.headers (rekey.yaml line 17): leave out Host"},
		{"  headers:\n    Authorization: Bearer abc", "  headers: " + canary, "sms.headers (rekey.yaml line 17): write a header on each line"},
	} {
		text := strings.Replace(good, c.change, c.to, 1)
		if text == good {
			t.Fatalf("%q changes nothing", c.change)
		}
		if got := newWorld(text).mistakes(t); len(got) != 1 || !strings.HasPrefix(got[0], c.want) {
			t.Errorf("Load with %q = %q, want one mistake that begins with %q", c.to, got, c.want)
		}
	}
}

func TestLoad_BrokenFiles(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"base_url: \"" + canary, "rekey.yaml: line 1 is not good YAML"},
		{"a: 1\na: " + canary, "rekey.yaml: line 2 is not good YAML"},
		{"base_url: x\n  listen: " + canary, "rekey.yaml: line 1 is not good YAML"},
		{"- " + canary, "rekey.yaml: it holds no settings"},
		{canary, "rekey.yaml: it holds no settings"},
		{"a: 1\n---\nb: 2", "rekey.yaml: it holds more than one document"},
		{"a: &x 1\nb: *x", "rekey.yaml: line 1 has an anchor"},
		{"a: !!binary " + canary, "rekey.yaml: line 1 has an anchor, an alias or a tag"},
		{"a:\n  <<: {b: 1}", "rekey.yaml: line 2 merges"},
	} {
		if got := newWorld(c.text).mistakes(t); len(got) != 1 || !strings.HasPrefix(got[0], c.want) {
			t.Errorf("Load of %q = %q, want one mistake that begins with %q", c.text, got, c.want)
		}
	}
	w := newWorld("")
	delete(w.files, "/etc/rekey.yaml")
	if got := w.mistakes(t); len(got) != 1 || !strings.HasPrefix(got[0], "rekey.yaml: the file cannot be read") {
		t.Errorf("Load without a file = %q, want one mistake", got)
	}
}

func TestLoad_AllMistakesAtOnce(t *testing.T) {
	w := newWorld("web: {client_id: x}\nlisten: 1\ncolour: red\nsms: {url: ftp://x, method: GET}\n")
	w.env = map[string]string{"REKEY_KEYS": canary, "REKEY_DATABASE": canary, "REKEY_DATABASE_FILE": "/x",
		"REKEY_WORKER_SECRET_FILE": "/missing", "REKEY_LOG_LEVEL": canary, "REKEY_SMS_HEADERS": canary}
	var names []string
	for _, sentence := range w.mistakes(t) {
		name, _, _ := strings.Cut(sentence, ":")
		names = append(names, name)
	}
	want := []string{
		"colour (rekey.yaml line 3)", "database (REKEY_DATABASE_FILE)", "worker.secret (REKEY_WORKER_SECRET_FILE)",
		"sms.headers (REKEY_SMS_HEADERS)", "log.level (REKEY_LOG_LEVEL)",
		"base_url", "countries", "organisation.name", "tenant.id", "worker.client_id", "sms.body",
		"listen (rekey.yaml line 2)", "keys (REKEY_KEYS)", "web.client_id (rekey.yaml line 1)", "web.certificate_file",
		"worker.certificate_file", "sms.url (rekey.yaml line 4)", "sms.method (rekey.yaml line 4)",
	}
	if !slices.Equal(names, want) {
		t.Errorf("Load complains about\n%q, want\n%q", names, want)
	}
}

func TestLoad_NothingAtAll(t *testing.T) {
	w := newWorld("")
	w.env = nil
	got := strings.Join(w.mistakes(t), "\n")
	for _, key := range []string{"base_url", "database", "keys", "countries", "organisation.name", "tenant.id",
		"web.client_id", "worker.client_id", "sms.url", "sms.body"} {
		if !strings.Contains(got, key+": it is missing") {
			t.Errorf("Load of an empty file says nothing about %s:\n%s", key, got)
		}
	}
}
