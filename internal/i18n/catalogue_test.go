package i18n

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template/parse"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// use is one place in the sources that asks for words.
type use struct {
	where  string
	key    string   // or the beginning of one, when open
	open   bool     // the rest of the key is only known when the page is made
	values []string // names of the values that are given
	more   bool     // there are values besides
}

// catalogue returns the messages of a language: for each key its plural forms, or one
// form named "other".
func catalogue(t *testing.T, lang string) map[string]map[string]string {
	t.Helper()
	content, err := fs.ReadFile(embedded, "catalogue/"+lang+".json")
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]any
	if err := json.Unmarshal(content, &raw); err != nil {
		t.Fatal(err)
	}
	messages := map[string]map[string]string{}
	for key, value := range raw {
		forms := map[string]string{}
		switch v := value.(type) {
		case string:
			forms["other"] = v
		case map[string]any:
			for form, text := range v {
				forms[form], _ = text.(string)
			}
		}
		messages[key] = forms
	}
	return messages
}

// templateUses returns what the HTML templates ask for.
func templateUses(t *testing.T) []use {
	t.Helper()
	var all []use
	err := filepath.WalkDir("../../templates", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".html" {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		tree := parse.New(path)
		tree.Mode = parse.SkipFuncCheck
		set := map[string]*parse.Tree{}
		if _, err := tree.Parse(string(content), "", "", set); err != nil {
			return err
		}
		for _, one := range set {
			walk(one.Root, func(c *parse.CommandNode) { all = append(all, commandUse(path, c)...) })
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// walk calls f for every command of a template.
func walk(node parse.Node, f func(*parse.CommandNode)) {
	branch := func(b *parse.BranchNode) {
		walk(b.Pipe, f)
		walk(b.List, f)
		if b.ElseList != nil {
			walk(b.ElseList, f)
		}
	}
	switch n := node.(type) {
	case *parse.ListNode:
		for _, child := range n.Nodes {
			walk(child, f)
		}
	case *parse.ActionNode:
		walk(n.Pipe, f)
	case *parse.TemplateNode:
		if n.Pipe != nil {
			walk(n.Pipe, f)
		}
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	case *parse.PipeNode:
		for _, c := range n.Cmds {
			walk(c, f)
		}
	case *parse.CommandNode:
		f(n)
		for _, arg := range n.Args {
			walk(arg, f)
		}
	}
}

func commandUse(where string, c *parse.CommandNode) []use {
	name, ok := c.Args[0].(*parse.IdentifierNode)
	if !ok || name.Ident != "t" && name.Ident != "rich" || len(c.Args) < 2 {
		return nil
	}
	u := use{where: filepath.Base(where)}
	switch key := c.Args[1].(type) {
	case *parse.StringNode:
		u.key = key.Text
	case *parse.PipeNode: // (print "kind." .Kind)
		start, isString := key.Cmds[0].Args[1].(*parse.StringNode)
		if !isString {
			return []use{{where: u.where, key: c.String()}}
		}
		u.key, u.open = start.Text, true
	}
	for i := 2; i < len(c.Args); i += 2 {
		if s, isString := c.Args[i].(*parse.StringNode); isString {
			u.values = append(u.values, s.Text)
		}
	}
	return []use{u}
}

// calls returns every call in our Go sources, tests and the emulator aside.
func calls(t *testing.T, f func(where, function string, args []ast.Expr)) {
	t.Helper()
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains([]string{"emulator", "testdata", ".git"}, d.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			switch fun := call.Fun.(type) {
			case *ast.SelectorExpr:
				f(path, fun.Sel.Name, call.Args)
			case *ast.Ident:
				f(path, fun.Name, call.Args)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(lit.Value)
	return s, err == nil
}

// goUses returns what the Go sources ask for in so many words: T("key", …) and
// T("begin." + rest, …).
func goUses(t *testing.T) []use {
	t.Helper()
	var all []use
	calls(t, func(where, function string, args []ast.Expr) {
		if function != "T" || len(args) == 0 {
			return
		}
		u := use{where: filepath.Base(where)}
		key := args[0]
		if sum, ok := key.(*ast.BinaryExpr); ok {
			key, u.open = sum.X, true
		}
		var ok bool
		if u.key, ok = literal(key); !ok {
			return // a variable: see variables
		}
		for i := 1; i < len(args); i += 2 {
			name, ok := literal(args[i])
			if !ok {
				u.more = true
				break
			}
			u.values = append(u.values, name)
		}
		all = append(all, u)
	})
	return all
}

// variables are the keys that reach T in a variable, with the values that are given.
func variables() []use {
	trouble := []string{"organisation", "help"}
	values := append(slices.Clone(trouble), "until", "left", "sent", "region", "digits", "word", Count)
	return []use{
		{where: "problems.go", key: "error.", open: true, values: values},
		{where: "problems.go", key: "problem.text.", open: true, values: trouble},
		{where: "problems.go", key: "reason.", open: true, values: trouble},
		{where: "problems.go", key: "stopped.text.", open: true, values: trouble},
		{where: "subject.go", key: "over.what", open: true},
		{where: "code.go", key: "text.code", values: []string{"organisation", "purpose", "code", "until"}},
		{where: "code.go", key: "text.code.newer", values: []string{"organisation", "purpose", "code", "until"}},
		{where: "code.go", key: "text.purpose.", open: true, values: []string{"masked"}},
	}
}

// faultUses returns the words that the errors of form fields need, and the reasons of
// changes that came to nothing.
func faultUses(t *testing.T) []use {
	t.Helper()
	var all []use
	calls(t, func(where, function string, args []ast.Expr) {
		position, prefix := 0, ""
		switch {
		case function == "At" && len(args) == 3:
			position, prefix = 1, "error."
		case (function == "fail" || function == "cancel") && len(args) == 4:
			position, prefix = 3, "reason."
		case function == "stop" && len(args) == 6 || function == "finish" && len(args) == 7:
			position, prefix = 5, "reason."
		default:
			return
		}
		if key, ok := literal(args[position]); ok && strings.Contains(key, ".") {
			all = append(all, use{where: filepath.Base(where), key: prefix + key, more: true})
		}
	})
	return all
}

func placeholders(text string) []string {
	var names []string
	for _, m := range regexp.MustCompile(`\{\{\.([a-z]+)\}\}`).FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	return names
}

func TestCatalogue_EveryKeyExists(t *testing.T) {
	messages := catalogue(t, Default)
	uses := slices.Concat(templateUses(t), goUses(t), variables(), faultUses(t))
	if len(uses) < 200 {
		t.Fatalf("only %d uses of words were found", len(uses))
	}
	for _, u := range uses {
		switch {
		case u.key == "error.zone.unknown": // only a script of ours gets that answer
		case u.open && len(matching(messages, u)) == 0:
			t.Errorf("%s: no key begins with %q", u.where, u.key)
		case !u.open && messages[u.key] == nil:
			t.Errorf("%s: there is no key %q", u.where, u.key)
		}
	}
}

func matching(messages map[string]map[string]string, u use) []string {
	var keys []string
	for key := range messages {
		if key == u.key || u.open && strings.HasPrefix(key, u.key) {
			keys = append(keys, key)
		}
	}
	return keys
}

func TestCatalogue_EveryKeyIsUsed(t *testing.T) {
	messages := catalogue(t, Default)
	used := map[string]bool{}
	for _, u := range slices.Concat(templateUses(t), goUses(t), variables()) {
		for _, key := range matching(messages, u) {
			used[key] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(messages)) {
		if !used[key] {
			t.Errorf("nobody uses %q", key)
		}
	}
}

func TestCatalogue_EveryReasonIsUsed(t *testing.T) {
	// contact.Change.At sets the first without a call, the Applier has a constant for the
	// second, and its barred returns the others.
	used := map[string]bool{"reason.change.expired": true, "reason.apply.unknown": true, "reason.remove.alternate-first": true,
		"reason.remove.last-way": true, "reason.number.phone-first": true}
	for _, u := range faultUses(t) {
		used[u.key] = true
	}
	for key := range catalogue(t, Default) {
		if strings.HasPrefix(key, "reason.") && !used[key] {
			t.Errorf("no change ends with %q", key)
		}
	}
}

func TestCatalogue_PlaceholdersAgree(t *testing.T) {
	uses := slices.Concat(templateUses(t), goUses(t), variables())
	for _, lang := range load(t).Languages() {
		messages := catalogue(t, lang)
		for _, u := range uses {
			for _, key := range matching(messages, u) {
				if !nearest(uses, u, key) {
					continue
				}
				for form, text := range messages[key] {
					checkPlaceholders(t, lang, u, key, form, text)
				}
			}
		}
	}
}

// nearest reports whether no other use is more exact about a key.
func nearest(uses []use, u use, key string) bool {
	return !slices.ContainsFunc(uses, func(other use) bool {
		return len(other.key) > len(u.key) && (other.key == key || other.open && strings.HasPrefix(key, other.key))
	})
}

func checkPlaceholders(t *testing.T, lang string, u use, key, form, text string) {
	t.Helper()
	wanted := placeholders(text)
	if n := strings.Count(text, "{{"); n != len(wanted) {
		t.Errorf("%s: %s (%s) has a placeholder that is not {{.name}}", lang, key, form)
	}
	for _, name := range wanted {
		if !u.more && !slices.Contains(u.values, name) {
			t.Errorf("%s: %s (%s) wants {{.%s}}, %s does not give it", lang, key, form, name, u.where)
		}
	}
	for _, name := range u.values {
		if !u.open && name != Count && !slices.Contains(wanted, name) {
			t.Errorf("%s: %s (%s) does not use %q, which %s gives", lang, key, form, name, u.where)
		}
	}
}

// TestCatalogue_EveryLanguageIsComplete: the same keys as in English, and of each key that
// counts exactly the plural forms that CLDR has for the language.
func TestCatalogue_EveryLanguageIsComplete(t *testing.T) {
	english := catalogue(t, Default)
	for _, lang := range load(t).Languages() {
		own, needed := catalogue(t, lang), pluralForms(lang)
		for key, forms := range english {
			switch got := slices.Sorted(maps.Keys(own[key])); {
			case own[key] == nil:
				t.Errorf("%s: there is no %q", lang, key)
			case len(forms) > 1 && !slices.Equal(got, needed):
				t.Errorf("%s: %s has the forms %q, want %q", lang, key, got, needed)
			case len(forms) == 1 && len(got) > 1:
				t.Errorf("%s: %s counts, and does not in English", lang, key)
			}
		}
		for key := range own {
			if english[key] == nil {
				t.Errorf("%s: %q is not in English", lang, key)
			}
		}
	}
}

// pluralForms returns the names of the forms that whole numbers take in a language, as
// CLDR has them.
func pluralForms(lang string) []string {
	names := map[plural.Form]string{plural.Other: "other", plural.Zero: "zero", plural.One: "one", plural.Two: "two",
		plural.Few: "few", plural.Many: "many"}
	forms := map[string]bool{}
	for n := range 1000 {
		forms[names[plural.Cardinal.MatchPlural(language.MustParse(lang), n, 0, 0, 0, 0)]] = true
	}
	return slices.Sorted(maps.Keys(forms))
}

// TestCatalogue_ValuesAreInEveryLanguage: what English tells a person, the others tell too.
func TestCatalogue_ValuesAreInEveryLanguage(t *testing.T) {
	english := catalogue(t, Default)
	for _, lang := range load(t).Languages() {
		for key, forms := range catalogue(t, lang) {
			for form, text := range forms {
				got, want := inOrder(placeholders(text)), inOrder(placeholders(english[key]["other"]))
				if form != "other" { // "one try" may stand for "1 try"
					got, want = without(got, Count), without(want, Count)
				}
				if !slices.Equal(got, want) && key != "time.date.month-first" {
					t.Errorf("%s: %s (%s) has the values %q, want %q", lang, key, form, got, want)
				}
				if strings.Count(text, "{n}") != strings.Count(english[key]["other"], "{n}") {
					t.Errorf("%s: %s lacks the {n} of the running clock, or has too many", lang, key)
				}
			}
		}
	}
}

func inOrder(names []string) []string { return slices.Compact(slices.Sorted(slices.Values(names))) }

func without(names []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == name })
}

func TestCatalogue_Typography(t *testing.T) {
	day := regexp.MustCompile(`\d (January|February|November|minutes|seconds)`)
	for key, forms := range catalogue(t, Default) {
		for _, text := range forms {
			switch {
			case strings.TrimSpace(text) != text && key != "list.comma" || text == "":
				t.Errorf("%s: %q begins or ends with a blank, or is empty", key, text)
			case strings.Contains(text, "!"):
				t.Errorf("%s: %q has an exclamation mark", key, text)
			case !strings.HasPrefix(key, "text.") && strings.ContainsAny(text, `'"`):
				t.Errorf("%s: %q has a straight quotation mark", key, text)
			case day.MatchString(text):
				t.Errorf("%s: %q may break between a number and its unit", key, text)
			}
		}
	}
}
