package static

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func contents(t *testing.T) map[string][]byte {
	t.Helper()
	all, err := read()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Every file in the folders is part of what is served.
func TestRead_LeavesNothingOut(t *testing.T) {
	for _, c := range []struct {
		folder, ending string
		joined         []string
	}{{"css", ".css", styles()}, {"js", ".js", scripts()}} {
		entries, err := embedded.ReadDir(c.folder)
		if err != nil {
			t.Fatal(err)
		}
		var there []string
		for _, entry := range entries {
			there = append(there, strings.TrimSuffix(entry.Name(), c.ending))
		}
		if joined := slices.Sorted(slices.Values(c.joined)); !slices.Equal(there, joined) {
			t.Errorf("%s holds %q, joined are %q", c.folder, there, joined)
		}
	}
}

func TestAddress_ChangesWithContent(t *testing.T) {
	a, b := address("rekey.css", []byte("a")), address("rekey.css", []byte("b"))
	if a == b || a != address("rekey.css", []byte("a")) {
		t.Errorf("address = %q for one content and %q for another, want two that stay", a, b)
	}
}

func TestWithoutStyleComments(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"a{} /* x */ b{}", "a{}  b{}"},
		{"/* one\n two */a{}/**/", "a{}"},
		{"/*! kept */ a{}", "/*! kept */ a{}"},
		{"a{}", "a{}"},
	} {
		if got, err := withoutStyleComments(c.in); err != nil || got != c.want {
			t.Errorf("withoutStyleComments(%q) = %q, %v, want %q", c.in, got, err, c.want)
		}
	}
	if got, err := withoutStyleComments("a{} /* x"); err == nil {
		t.Errorf("withoutStyleComments of an open comment = %q, want an error", got)
	}
}

func TestWithoutLineComments(t *testing.T) {
	got, err := withoutLineComments("// head\na(); // kept\n  // gone\nb('//');\n")
	if want := "a(); // kept\nb('//');\n"; err != nil || got != want {
		t.Errorf("withoutLineComments = %q, %v, want %q", got, err, want)
	}
}

// The sheet needs nothing else, knows only its four layers, states their order first, and
// closes what it opens.
func TestStyle(t *testing.T) {
	sheet := string(contents(t)[Style])
	for _, bad := range []string{"url(", "@import", "expression(", "!important", "behavior:"} {
		if strings.Contains(sheet, bad) {
			t.Errorf("the sheet has %q", bad)
		}
	}
	order := "@layer tokens, base, layout, components;"
	if first := strings.Index(sheet, "@layer"); first < 0 || !strings.HasPrefix(sheet[first:], order) {
		t.Errorf("the sheet does not begin with %q", order)
	}
	for _, layer := range regexp.MustCompile(`@layer ([^{;]*)[{;]`).FindAllStringSubmatch(sheet, -1) {
		for name := range strings.SplitSeq(layer[1], ",") {
			if !strings.Contains(order, strings.TrimSpace(name)) {
				t.Errorf("layer %q is not one of %q", name, order)
			}
		}
	}
	for _, name := range styles() {
		content, err := embedded.ReadFile("css/" + name + ".css")
		if err != nil {
			t.Fatal(err)
		}
		text := string(content)
		if open, closed := strings.Count(text, "{"), strings.Count(text, "}"); open != closed || !strings.Contains(text, "@layer") {
			t.Errorf("css/%s.css: %d braces open, %d close, in a layer: %v", name, open, closed, strings.Contains(text, "@layer"))
		}
	}
}

// Every custom property that a rule uses has a value somewhere.
func TestStyle_PropertiesHaveValues(t *testing.T) {
	sheet := string(contents(t)[Style])
	for _, use := range regexp.MustCompile(`var\((--[A-Za-z0-9-]+)`).FindAllStringSubmatch(sheet, -1) {
		if !strings.Contains(sheet, use[1]+":") {
			t.Errorf("nothing sets %s", use[1])
		}
	}
}

// The sheet mirrors in languages written from right to left: sides are logical.
func TestStyle_SidesAreLogical(t *testing.T) {
	physical := regexp.MustCompile(`(?m)(^|[{;\s])((margin|padding|border)-(left|right|top|bottom)|left|right|top|bottom|float|(min-|max-)?(width|height))\s*:`)
	if found := physical.FindAllString(string(contents(t)[Style]), -1); len(found) > 0 {
		t.Errorf("the sheet names sides: %q", found)
	}
}

// The notices of others stay in what is served.
func TestNotices(t *testing.T) {
	all := contents(t)
	for _, name := range []string{Style, Icons} {
		if text := string(all[name]); !strings.Contains(text, "Microsoft Corporation") || !strings.Contains(text, "MIT licence") {
			t.Errorf("%s lacks the notice of its licence", name)
		}
	}
}

// Symbols are what pages draw: each id once, with a box and a path.
func TestIcons(t *testing.T) {
	sprite := string(contents(t)[Icons])
	symbol := regexp.MustCompile(`<symbol id="i-([a-z]+)" viewBox="0 0 (20|24|28) (20|24|28)">(<path d="M?[^"]+"[^>]*/>)+</symbol>`)
	seen := map[string]bool{}
	for _, found := range symbol.FindAllStringSubmatch(sprite, -1) {
		if seen[found[1]] {
			t.Errorf("i-%s is there twice", found[1])
		}
		seen[found[1]] = true
	}
	if all := strings.Count(sprite, "<symbol"); all != len(seen) || all != strings.Count(sprite, "id=") {
		t.Errorf("%d symbols, %d of them well made", all, len(seen))
	}
	for name := range strings.FieldsSeq(`phone call desk mail shield codeapp token finger passkey key ticket unknown chat
		check clock warn error info cross minus keep done now sync circle back next move out lock refresh sign`) {
		if !seen[name] {
			t.Errorf("there is no i-%s", name)
		}
	}
}

// Each script is a function of its own in strict mode: none sees the names of another.
func TestScript(t *testing.T) {
	for _, name := range scripts() {
		content, err := embedded.ReadFile("js/" + name + ".js")
		if err != nil {
			t.Fatal(err)
		}
		code, err := withoutLineComments(string(content))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(code, "(() => {\n  'use strict';\n") || !strings.HasSuffix(code, "\n})();\n") {
			t.Errorf("js/%s.js is not one strict function", name)
		}
		if !strings.HasPrefix(string(content), "// ") {
			t.Errorf("js/%s.js does not say what it is for", name)
		}
		for _, bad := range []string{"eval(", "Function(", "innerHTML =", "insertAdjacentHTML", "document.write", "console.", "localStorage", "document.cookie"} {
			if strings.Contains(code, bad) {
				t.Errorf("js/%s.js has %q", name, bad)
			}
		}
	}
}
