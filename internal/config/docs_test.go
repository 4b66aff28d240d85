package config

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
)

const docs = "../../docs/configuration.md"

const intro = `# Configuration

` + "`rekey serve --config rekey.yaml`" + ` reads one YAML file. Every setting can also stand in the
environment, which wins: the setting ` + "`sms.url`" + ` is ` + "`REKEY_SMS_URL`" + ` there. A **secret** may also
stand in a file that a variable with ` + "`_FILE`" + ` at its end names, for example
` + "`REKEY_KEYS_FILE=/run/credentials/rekey/keys`" + `. In the environment a list is one text with
commas; an empty variable counts as not set.

A process does everything, or with ` + "`--role web`, `--role worker` or `--role reset`" + ` one part of it: the web
role serves the pages and may only read at Microsoft Graph, the worker role applies changes and
sends notices, the reset role serves ` + "`/reset`" + ` alone. All take the same file, but for the sections
` + "`worker` and `reset`" + `: they hold credentials that can rewrite everybody's phone, and set
administrators' passwords, so a process without the role refuses to start with them. Of ` + "`reset`" + ` the
` + "`client_id`" + ` alone may stand everywhere: it says that there are resets. Without it there are none.

Names that do not exist are mistakes. All mistakes are told at once, and nothing starts
until there are none.

This page is made from internal/config by its tests
(` + "`UPDATE_DOCS=1 go test ./internal/config`" + `); changes made here by hand are lost.

## Example

Secrets are left to the environment here.

` + "```yaml\n" + example + "```\n"

// example is a small but complete configuration, for a certificate and a JSON gateway.
const example = `base_url: https://rekey.contoso.example
database: sqlite:/var/lib/rekey/rekey.db
countries: [US, CA]
proxies: [10.0.0.0/24]
authentication_context: c1
organisation:
  name: Contoso
  help_phone: +1 202 555 0100
  zone: America/New_York
tenant:
  id: 5f0e1c9a-0000-4000-8000-000000000001
web:
  client_id: 5f0e1c9a-0000-4000-8000-000000000002
  certificate_file: /etc/rekey/web.crt
  key_file: /etc/rekey/web.key
worker:
  client_id: 5f0e1c9a-0000-4000-8000-000000000003
  certificate_file: /etc/rekey/worker.crt
  key_file: /etc/rekey/worker.key
never:
  people: [5f0e1c9a-0000-4000-8000-000000000004]
sms:
  name: example
  url: https://sms.gateway.example/v1/messages
  from: Contoso
  body: '{"from":{{json .From}},"to":{{json .To}},"text":{{json .Text}}}'
  success_status: [202]
  success_field: status
  success_value: accepted
mail:
  transport: smtp
  from: rekey@contoso.example
  host: smtp.contoso.example
  auth: password
  user: rekey@contoso.example
email:
  own_domains: [contoso.example]
networks:
  - name: Office New York
    prefixes: [10.1.0.0/16, 203.0.113.0/24]
# In the environment: REKEY_KEYS_FILE, REKEY_SMS_HEADERS_FILE, REKEY_MAIL_PASSWORD_FILE
`

// TestDocs fails when docs/configuration.md is not what the struct tree says.
func TestDocs(t *testing.T) {
	want := reference(t)
	if os.Getenv("UPDATE_DOCS") != "" {
		if err := os.WriteFile(docs, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/configuration.md is stale: UPDATE_DOCS=1 go test ./internal/config")
	}
}

func TestDocs_ExampleLoads(t *testing.T) {
	certificate, key := pair(t, 2048)
	w := newWorld(example)
	w.env["REKEY_SMS_HEADERS_FILE"], w.env["REKEY_MAIL_PASSWORD_FILE"] = "/run/headers", "/run/password"
	for path, text := range map[string]string{"/etc/rekey/web.crt": certificate, "/etc/rekey/web.key": key,
		"/etc/rekey/worker.crt": certificate, "/etc/rekey/worker.key": key, "/run/headers": "Authorization: Bearer x\n", "/run/password": "x\n"} {
		w.files[path] = text
	}
	if got := w.mistakes(t); len(got) != 0 {
		t.Errorf("Load of the example = %q, want no mistake", got)
	}
}

// reference writes the page from the tags of the tree and the comments of its source.
func reference(t *testing.T) string {
	t.Helper()
	types, fields := comments(t)
	var c Config
	var page strings.Builder
	page.WriteString(intro)
	section := "-"
	for _, s := range settings(&c) {
		name, last := "", s.key
		if head, rest, ok := strings.Cut(s.key, "."); ok {
			name, last = head, rest
		}
		if name != section {
			section = name
			page.WriteString(heading(name, typeOf(s.field), types))
		}
		comment := fields[typeOf(s.field)+"."+lastPart(s.field)]
		if comment == "" {
			t.Errorf("%s has no comment", s.field)
		}
		_, goName, _ := strings.Cut(s.field, ".")
		if goName == "" {
			goName = s.field
		}
		page.WriteString(row(s, last, sentence(comment, goName)))
	}
	return page.String()
}

func heading(section, goType string, types map[string]string) string {
	title, about := "In no section", ""
	if section != "" {
		title, about = section, sentence(types[goType], goType)+"\n"
	}
	switch section {
	case "web":
		about = "The app registration of the role that serves pages and signs people in. " + about
	case "worker":
		about = "The app registration of the role that applies changes. " + about
	case "reset":
		about = "The app registration that can set administrators' passwords, used for nothing else. Without its `client_id` there are no resets. " + about
	}
	if about != "" {
		about = "\n" + about
	}
	return "\n## " + title + "\n" + about + "\n| setting | meaning | default |\n|---|---|---|\n"
}

func row(s setting, name, meaning string) string {
	if s.example != "" {
		section, _, _ := strings.Cut(s.key, ".")
		meaning += fmt.Sprintf(" For example `%s`.", strings.ReplaceAll(s.example, "/web.", "/"+section+"."))
	}
	if s.secret() {
		meaning += " **Secret.**"
	}
	normal := "none"
	switch {
	case s.need == "yes":
		normal = "**must be set**"
	case s.need == "role":
		normal = "**must be set** in processes of this role"
	case s.normal != "":
		normal = "`" + s.normal + "`"
	}
	return fmt.Sprintf("| `%s`<br>`%s` | %s | %s |\n", name, s.env, strings.ReplaceAll(meaning, "|", "\\|"), normal)
}

// sentence cuts the name, and "is", off the beginning of a comment.
func sentence(comment, name string) string {
	for _, prefix := range []string{name + " ", "is ", "are "} {
		comment = strings.TrimPrefix(comment, prefix)
	}
	if comment == "" {
		return ""
	}
	return strings.ToUpper(comment[:1]) + comment[1:]
}

// typeOf names the struct type in which a field such as "Web.ClientID" stands.
func typeOf(field string) string {
	section, _, ok := strings.Cut(field, ".")
	switch {
	case !ok:
		return "Config"
	case section == "Web", section == "Worker", section == "Reset":
		return "App"
	}
	return section
}

func lastPart(field string) string { return field[strings.LastIndex(field, ".")+1:] }

// comments reads the sources of the tree: what its types and their fields say about
// themselves, each in one line.
func comments(t *testing.T) (types, fields map[string]string) {
	t.Helper()
	types, fields = map[string]string{}, map[string]string{}
	for _, name := range []string{"config.go", "sending.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			general, ok := n.(*ast.GenDecl)
			if !ok || general.Tok != token.TYPE {
				return true
			}
			for _, spec := range general.Specs {
				about(spec.(*ast.TypeSpec), general.Doc, types, fields)
			}
			return false
		})
	}
	return types, fields
}

// about notes what a struct type says about itself and its fields.
func about(named *ast.TypeSpec, doc *ast.CommentGroup, types, fields map[string]string) {
	structure, ok := named.Type.(*ast.StructType)
	if !ok {
		return
	}
	types[named.Name.Name] = oneLine(doc)
	for _, field := range structure.Fields.List {
		for _, name := range field.Names {
			fields[named.Name.Name+"."+name.Name] = oneLine(field.Doc)
		}
	}
}

func oneLine(doc *ast.CommentGroup) string { return strings.Join(strings.Fields(doc.Text()), " ") }
