// Package architecture holds no code but this test of who may import whom
// (docs/architecture.md). It parses the sources: nothing has to compile.
package architecture

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "rekey/"

// rule is one direction: it says why a package must not import a path, or "".
// Both are import paths; ours are given without the module and "internal/".
type rule struct {
	name  string
	tests bool // holds for test files too
	check func(from, imported string) string
}

// leaves may be imported by all and import none of ours but fault. The value lists what
// else a leaf may import: templates render words (i18n), link to styles and scripts
// (static) and write numbers as their country does (phone); i18n puts numbers into words.
func leaves() map[string][]string {
	return map[string][]string{
		"fault": nil, "tx": nil, "keyring": nil, "mailbox": nil, "clock": nil, "digit": nil, "metrics": nil, "static": nil,
		"phone": {"digit"}, "i18n": {"phone"}, "templates": {"i18n", "static", "phone"},
	}
}

// journeys and what they are made of: rules and states, no HTTP, no SQL, no Microsoft.
func journeys() []string {
	return []string{"contact", "retirement", "reset", "desk",
		"verification", "directory", "message", "notice", "signout", "audit", "limit", "job", "captcha"}
}

// adapters point inwards: they implement the ports of the journeys.
func adapters() []string {
	return []string{"store", "directory/graph", "message/sms", "message/mail", "signin"}
}

// homes are the only packages that may import a vendor's library.
func homes() map[string][]string {
	return map[string][]string{
		"github.com/microsoftgraph":                                  {"directory/graph"},
		"github.com/microsoft/kiota":                                 {"directory/graph"},
		"github.com/AzureAD/microsoft-authentication-library-for-go": {"signin"},
		"github.com/coreos/go-oidc":                                  {"signin"},
		"github.com/labstack":                                        {"web", "handlers", "bench"},
		"github.com/jackc/pgx":                                       {"store"},
		"modernc.org/sqlite":                                         {"store"},
		"github.com/pressly/goose":                                   {"store"},
		"github.com/gorilla/sessions":                                {"session", "web", "bench"},
		"github.com/gorilla/securecookie":                            {"session", "web"},
		"github.com/nyaruka/phonenumbers":                            {"phone"},
		"github.com/wneessen/go-mail":                                {"message/mail"},
		"github.com/twilio":                                          {"message/sms"},
		"net/smtp":                                                   {"message/mail"},
		"github.com/mileusna/useragent":                              {"web"},
		"github.com/mojocn/base64Captcha":                            {"captcha"},
		"github.com/ccojocar/zxcvbn-go":                              {"reset"},
		"github.com/emersion":                                        {"emulator/mail"},
	}
}

func rules() []rule {
	return []rule{
		{name: "leaf", check: checkLeaf},
		{name: "journey", check: checkJourney},
		{name: "handlers", check: checkHandlers},
		{name: "emulator", check: checkEmulator},
		{name: "cmd", tests: true, check: checkCmd},
		{name: "home", check: checkHome},
		{name: "graph root", tests: true, check: checkGraphRoot},
	}
}

func checkLeaf(from, imported string) string {
	allowed, isLeaf := leaves()[first(from)]
	other, isOurs := ours(imported)
	if !isLeaf || !isOurs || other == "fault" || first(other) == first(from) || slices.Contains(allowed, first(other)) {
		return ""
	}
	return "a leaf imports none of ours but fault"
}

func checkJourney(from, imported string) string {
	// Adapters live below their port, and so do the suites that test every adapter.
	if !withinAny(from, journeys()) || withinAny(from, adapters()) || strings.HasSuffix(from, "test") {
		return ""
	}
	for _, outside := range []string{"github.com/labstack", "net/http", "database/sql",
		"github.com/AzureAD", "github.com/coreos/go-oidc", "github.com/microsoftgraph", "github.com/microsoft"} {
		if within(imported, outside) {
			return "a journey knows no HTTP, no SQL and no Microsoft"
		}
	}
	// What is above a journey knows all of these, so importing it would be the same.
	above := append([]string{"session", "web", "handlers", "emulator", "config"}, adapters()...)
	if other, ok := ours(imported); ok && withinAny(other, above) {
		return "a journey imports no adapter and nothing above it"
	}
	return ""
}

func checkHandlers(from, imported string) string {
	other, ok := ours(imported)
	if within(from, "handlers") && ok && withinAny(other, append([]string{"config", "emulator"}, adapters()...)) {
		return "handlers import no adapter, store, config or emulator"
	}
	return ""
}

func checkEmulator(from, imported string) string {
	other, ok := ours(imported)
	if !within(from, "emulator") || !ok || within(other, "emulator") {
		return ""
	}
	if _, leaf := leaves()[first(other)]; !leaf {
		return "the emulator must not inherit our misreadings: it imports none of ours but leaves"
	}
	return ""
}

func checkCmd(from, imported string) string {
	if other, ok := ours(imported); ok && within(other, "cmd") && !within(from, "cmd") {
		return "nothing imports cmd"
	}
	return ""
}

func checkHome(from, imported string) string {
	for library, homes := range homes() {
		if within(imported, library) && !withinAny(from, homes) {
			return library + " has its home in " + strings.Join(homes, " and ")
		}
	}
	return ""
}

func checkGraphRoot(_, imported string) string {
	if imported == "github.com/microsoftgraph/msgraph-sdk-go" {
		return "the Graph SDK's root package drags in 80 others: import its sub-packages"
	}
	return ""
}

// ours cuts the module (and "internal/") off an import path of ours.
func ours(imported string) (string, bool) {
	short, ok := strings.CutPrefix(imported, module)
	return strings.TrimPrefix(short, "internal/"), ok
}

func first(name string) string {
	head, _, _ := strings.Cut(name, "/")
	return head
}

// within reports whether a path is the other one, lies below it, or, as vendors name
// families of modules, continues it with a hyphen ("kiota-http-go").
func within(name, base string) bool {
	rest, ok := strings.CutPrefix(name, base)
	return ok && (rest == "" || rest[0] == '/' || rest[0] == '-')
}

func withinAny(name string, bases []string) bool {
	return slices.ContainsFunc(bases, func(base string) bool { return within(name, base) })
}

// TestImportDirections reads every Go file of the module.
func TestImportDirections(t *testing.T) {
	root := ".."
	seen := map[string]bool{}
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && (file != root && strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules") {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		folder, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		from, _ := ours(path.Join(module, filepath.ToSlash(folder)))
		seen[from] = true
		checkFile(t, file, from)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, known := range []string{"fault", "contact", "emulator/tenant", "message/sms"} {
		if !seen[known] {
			t.Errorf("no file of %s was read: this test looks in the wrong place", known)
		}
	}
}

func checkFile(t *testing.T, file, from string) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Errorf("%s: %v", file, err)
		return
	}
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		for _, r := range rules() {
			if strings.HasSuffix(file, "_test.go") && !r.tests {
				continue
			}
			if why := r.check(from, imported); why != "" {
				t.Errorf("%s imports %s: %s (rule %q)", file, imported, why, r.name)
			}
		}
	}
}

// TestRules shows that each rule can fail, and that it fails on nothing else.
func TestRules(t *testing.T) {
	bad := map[string][][2]string{
		"leaf": {
			{"fault", "rekey/internal/clock"}, {"tx", "rekey/internal/phone"}, {"keyring", "rekey/internal/tx"},
			{"phone", "rekey/internal/i18n"}, {"clock", "rekey/internal/contact"}, {"metrics", "rekey/internal/store"},
			{"static", "rekey/internal/i18n"}, {"i18n", "rekey/internal/static"}, {"templates", "rekey/internal/contact"},
			{"templates", "rekey/internal/web"}, {"i18n", "rekey/internal/message"},
		},
		"journey": {
			{"contact", "github.com/labstack/echo/v4"}, {"verification", "net/http"}, {"audit", "database/sql"},
			{"job", "net/http/httptest"}, {"limit", "database/sql/driver"},
			{"directory", "github.com/microsoftgraph/msgraph-sdk-go/models"}, {"directory", "github.com/microsoft/kiota-abstractions-go"},
			{"contact", "github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"},
			{"contact", "github.com/coreos/go-oidc/v3/oidc"},
			{"contact", "rekey/internal/store"}, {"directory", "rekey/internal/directory/graph"},
			{"message", "rekey/internal/message/sms"}, {"message", "rekey/internal/message/mail"},
			{"contact", "rekey/internal/signin"}, {"contact", "rekey/internal/session"}, {"contact", "rekey/internal/web"},
			{"contact", "rekey/handlers"}, {"contact", "rekey/internal/emulator/tenant"}, {"contact", "rekey/internal/config"},
			{"retirement", "net/http"}, {"reset", "net/http"}, {"desk", "net/http"}, {"captcha", "net/http"},
			{"contact/text", "net/http"},
		},
		"handlers": {
			{"handlers", "rekey/internal/store"}, {"handlers", "rekey/internal/directory/graph"},
			{"handlers", "rekey/internal/message/sms"}, {"handlers", "rekey/internal/signin"},
			{"handlers", "rekey/internal/config"}, {"handlers", "rekey/internal/emulator"},
			{"handlers/desk", "rekey/internal/emulator/tenant"},
		},
		"emulator": {
			{"emulator", "rekey/internal/directory"}, {"emulator/entra", "rekey/internal/signin"},
			{"emulator/graph", "rekey/internal/directory/graph"}, {"emulator/devices", "rekey/internal/message"},
			{"emulator/tenant", "rekey/internal/store"}, {"emulator", "rekey/internal/web"},
		},
		"cmd": {{"web", "rekey/cmd/rekey"}, {"handlers", "rekey/cmd/rekey"}, {"e2e", "rekey/cmd"}},
		"home": {
			{"web", "github.com/microsoftgraph/msgraph-sdk-go/models"}, {"signin", "github.com/microsoft/kiota-http-go"},
			{"directory/graph", "github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"},
			{"web", "github.com/coreos/go-oidc/v3/oidc"}, {"session", "github.com/labstack/echo/v4"},
			{"emulator/devices", "github.com/labstack/echo/v4"}, {"cmd/rekey", "github.com/labstack/echo/v4"},
			{"cmd/rekey", "modernc.org/sqlite"}, {"session", "github.com/jackc/pgx/v5/stdlib"}, {"cmd/rekey", "github.com/pressly/goose/v3"},
			{"handlers", "github.com/gorilla/sessions"}, {"store", "github.com/gorilla/sessions"}, {"web2", "github.com/gorilla/securecookie"},
			{"store", "github.com/nyaruka/phonenumbers"}, {"contact", "net/smtp"}, {"message", "github.com/wneessen/go-mail"}, {"emulator/devices", "github.com/emersion/go-smtp"}, {"handlers", "github.com/mileusna/useragent"},
			{"handlers", "github.com/mojocn/base64Captcha"}, {"contact", "github.com/ccojocar/zxcvbn-go"},
			{"message/mail", "github.com/twilio/twilio-go"},
		},
		"graph root": {{"directory/graph", "github.com/microsoftgraph/msgraph-sdk-go"}},
	}
	for _, r := range rules() {
		if len(bad[r.name]) == 0 {
			t.Errorf("rule %q has no example that it refuses", r.name)
		}
		for _, pair := range bad[r.name] {
			if r.check(pair[0], pair[1]) == "" {
				t.Errorf("rule %q lets %s import %s, want it refused", r.name, pair[0], pair[1])
			}
		}
	}
	for library := range homes() {
		if !slices.ContainsFunc(bad["home"], func(pair [2]string) bool { return within(pair[1], library) }) {
			t.Errorf("rule \"home\" has no example for %s", library)
		}
	}
}

func TestRules_LetThrough(t *testing.T) {
	for _, pair := range [][2]string{
		{"phone", "rekey/internal/fault"}, {"phone", "github.com/nyaruka/phonenumbers"}, {"static", "net/http"},
		{"templates", "rekey/internal/i18n"}, {"templates", "rekey/internal/static"}, {"templates", "rekey/internal/phone"},
		{"i18n", "rekey/internal/phone"}, {"templates", "rekey/templates/partial"},
		{"contact", "rekey/internal/directory"}, {"contact", "rekey/internal/limit"}, {"contact", "net/netip"},
		{"handlers", "rekey/internal/contact"}, {"handlers", "rekey/internal/web"}, {"handlers", "rekey/internal/session"},
		{"handlers", "github.com/labstack/echo/v4"}, {"handlers", "rekey/internal/message"},
		{"emulator/entra", "rekey/internal/emulator/tenant"}, {"emulator", "rekey/internal/clock"}, {"emulator", "rekey/internal/keyring"},
		{"directory/graph", "github.com/microsoftgraph/msgraph-sdk-go/users"}, {"directory/graph", "github.com/microsoft/kiota-http-go"},
		{"signin", "github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"}, {"signin", "github.com/coreos/go-oidc/v3/oidc"},
		{"store", "modernc.org/sqlite"}, {"store", "github.com/jackc/pgx/v5/stdlib"}, {"store", "rekey/internal/contact"},
		{"session", "github.com/gorilla/sessions"}, {"message/sms", "net/http"},
		{"cmd/rekey", "rekey/internal/store"}, {"cmd/rekey", "rekey/internal/emulator"}, {"cmd/rekey", "rekey/internal/config"},
		{"config", "rekey/internal/message/sms"}, {"directory/directorytest", "rekey/internal/directory"},
	} {
		for _, r := range rules() {
			if why := r.check(pair[0], pair[1]); why != "" {
				t.Errorf("rule %q refuses that %s imports %s: %s", r.name, pair[0], pair[1], why)
			}
		}
	}
}
