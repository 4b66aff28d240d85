package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"rekey/internal/audit"
	"rekey/internal/web"
)

// The documents name files, settings, options, routes and words of the log. The tests here
// fail when one of them is not there (any more).

const root = "../../"

// documents returns the Markdown files and examples of the repository, by their path from
// its root.
func documents(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := entry.Name(); entry.IsDir() && (name == "node_modules" || strings.HasPrefix(name, ".") && path != root) {
			return filepath.SkipDir
		}
		example := strings.Contains(filepath.ToSlash(path), "/docs/examples/")
		if entry.IsDir() || filepath.Ext(path) != ".md" && !example {
			return nil
		}
		text, err := os.ReadFile(path)
		found[strings.TrimPrefix(filepath.ToSlash(path), root)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 20 {
		t.Fatalf("%d documents found, want all of them", len(found))
	}
	return found
}

// anchors returns what a document's headings can be linked to by.
func anchors(text string) []string {
	drop := regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	var found []string
	for line := range strings.Lines(text) {
		if heading := strings.TrimLeft(line, "#"); heading != line && strings.HasPrefix(heading, " ") {
			plain := drop.ReplaceAllString(strings.ToLower(strings.TrimSpace(heading)), "")
			found = append(found, strings.ReplaceAll(plain, " ", "-"))
		}
	}
	return found
}

func TestDocs_LinksLeadSomewhere(t *testing.T) {
	all := documents(t)
	link := regexp.MustCompile(`\]\(([^)\s]+)\)|<img src="([^"]+)"`)
	links := 0
	for name, text := range all {
		for _, found := range link.FindAllStringSubmatch(text, -1) {
			target := found[1] + found[2]
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			links++
			file, anchor, _ := strings.Cut(target, "#")
			to := name
			if file != "" {
				to = filepath.ToSlash(filepath.Join(filepath.Dir(name), file))
			}
			if _, err := os.Stat(root + to); err != nil {
				t.Errorf("%s links to %s, which is not there", name, target)
			}
			if anchor != "" && !slices.Contains(anchors(all[to]), anchor) {
				t.Errorf("%s links to %s, where no such heading is", name, target)
			}
		}
	}
	if links < 50 {
		t.Errorf("%d links found, want all of them", links)
	}
}

func TestDocs_SettingsExist(t *testing.T) {
	all := documents(t)
	known := regexp.MustCompile(`REKEY_[A-Z0-9_]+`).FindAllString(all["docs/configuration.md"], -1)
	known = append(known, "REKEY_SHOTS", "REKEY_PREVIEW", "REKEY_") // of tests; and of all settings
	sections := regexp.MustCompile("(?m)^## ([a-z]+)$").FindAllStringSubmatch(all["docs/configuration.md"], -1)
	dotted := regexp.MustCompile("`([a-z]+)\\.([a-z_]+)[`:]")
	named := 0
	for name, text := range all {
		for _, variable := range regexp.MustCompile(`REKEY_[A-Z0-9_]*`).FindAllString(text, -1) {
			named++
			if !slices.Contains(known, variable) && !slices.Contains(known, strings.TrimSuffix(variable, "_FILE")) {
				t.Errorf("%s names %s, which is no setting", name, variable)
			}
		}
		for _, setting := range dotted.FindAllStringSubmatch(text, -1) {
			isSection := slices.ContainsFunc(sections, func(s []string) bool { return s[1] == setting[1] })
			variable := strings.ToUpper("REKEY_" + setting[1] + "_" + setting[2])
			isAction := slices.Contains(audit.Actions(), audit.Action(setting[1]+"."+setting[2]))
			if isSection && !isAction && !strings.Contains("go db json crt key", setting[2]) && !slices.Contains(known, variable) {
				t.Errorf("%s names %s.%s, which is no setting", name, setting[1], setting[2])
			}
		}
	}
	if named < 80 {
		t.Errorf("%d variables found, want those of all documents", named)
	}
}

// options are the flags of each command, by its words: "audit verify".
func options(t *testing.T) map[string][]string {
	t.Helper()
	parser, err := kong.New(&cli{}, kong.Name("rekey"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for _, leaf := range parser.Model.Leaves(true) {
		command := strings.TrimPrefix(leaf.Path(), "rekey ")
		for _, group := range leaf.AllFlags(false) {
			for _, flag := range group {
				found[command] = append(found[command], flag.Name)
			}
		}
	}
	return found
}

func TestDocs_CommandsExist(t *testing.T) {
	known := options(t)
	call := regexp.MustCompile(`(?:rekey|/cmd/rekey|rekey",? "?)[ "]+(demo|serve|doctor|migrate|audit)\b((?:[^\S\n]+[^\s` + "`" + `|]+)*)`)
	flag := regexp.MustCompile(`--([a-z][a-z-]*)`)
	calls := 0
	for name, text := range documents(t) {
		for _, found := range call.FindAllStringSubmatch(strings.ReplaceAll(text, `", "`, " "), -1) {
			calls++
			command := found[1]
			if words := strings.Fields(found[2]); command == "audit" && len(words) > 0 {
				command += " " + strings.Trim(words[0], ".,;:`")
			}
			flags, there := known[command]
			if !there {
				t.Errorf("%s calls rekey %s, which is no command", name, command)
			}
			for _, f := range flag.FindAllStringSubmatch(found[2], -1) {
				if !slices.Contains(flags, f[1]) {
					t.Errorf("%s calls rekey %s with --%s, which it does not know", name, command, f[1])
				}
			}
		}
	}
	if calls < 20 {
		t.Errorf("%d calls found, want those of all documents", calls)
	}
}

// TestDocs_RoutesExist looks at what stands in code and begins with a slash. Files of the
// operator's machine do too; they are known by their first folder.
func TestDocs_RoutesExist(t *testing.T) {
	s, d := startSiteWith(t)
	known := []string{"/static/"}
	for _, r := range d.App.site.(*web.Site).Routes() {
		known = append(known, r.Path)
	}
	path := regexp.MustCompile("`(?:GET |POST )?(/[a-z_][a-z0-9_/:{}.-]*)[^`]*`")
	routes := 0
	for name, text := range documents(t) {
		for _, found := range path.FindAllStringSubmatch(text, -1) {
			route := strings.NewReplacer("{id}", ":id").Replace(found[1])
			if regexp.MustCompile(`^/(etc|var|usr|run|backup|some|tmp|opt)/`).MatchString(route) {
				continue
			}
			routes++
			if strings.HasPrefix(route, "/_emulator/") {
				if p := s.visitor().get(route); p.status == 404 {
					t.Errorf("%s names %s, which is not there", name, route)
				}
			} else if !slices.Contains(known, route) {
				t.Errorf("%s names %s, which is no route", name, route)
			}
		}
	}
	if routes < 15 {
		t.Errorf("%d routes found, want those of all documents", routes)
	}
}

// TestDocs_TheLogSaysSo: who alarms on a word of the log must be told of the one that is
// there.
func TestDocs_TheLogSaysSo(t *testing.T) {
	text, err := os.ReadFile(root + "docs/operations/monitoring.md")
	if err != nil {
		t.Fatal(err)
	}
	said := sources(t)
	messages := 0
	for _, found := range regexp.MustCompile("`([a-z][^`/=]* [^`/=]*[a-z])`").FindAllStringSubmatch(strings.ReplaceAll(string(text), "`rekey doctor`", ""), -1) {
		if messages++; !strings.Contains(said, `"`+found[1]+`"`) {
			t.Errorf("docs/operations/monitoring.md names the words %q, which no code logs", found[1])
		}
	}
	if messages < 12 {
		t.Errorf("%d messages found, want all of them", messages)
	}
}

// sources is all our code but tests.
func sources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, folder := range []string{"cmd", "handlers", "internal"} {
		err := filepath.WalkDir(root+folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			all.Write(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}
