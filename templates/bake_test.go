package templates

import (
	"errors"
	"html/template"
	"strings"
	"testing"

	"rekey/internal/i18n"
)

func TestUnindented(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "",
		" one":                          " one",
		"\n    <p>":                     "\n<p>",
		"</p>\n\n      ":                "</p>\n",
		"<ul>\n  <li>\n\t a b\n  </li>": "<ul>\n<li>\na b\n</li>",
		"a\n\n\nb":                      "a\nb",
	} {
		if got := string(unindented([]byte(text))); got != want {
			t.Errorf("unindented(%q) = %q, want %q", text, got, want)
		}
	}
}

// What is baked says the same as before, and the commonest call has become one.
func TestBake_SaysTheSame(t *testing.T) {
	words, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	x := tools{words.Localizer("en"), []*i18n.Localizer{words.Localizer("en"), words.Localizer("de")}, func(name string) string { return "/static/" + name }}
	type known string
	page := struct {
		Kind  string
		Known known
		Less  bool
	}{"phone", "email", true}
	for text, joins := range map[string]bool{
		`<p>{{t (print "kind." .Kind)}}</p>`:                                            true,
		`<p title="{{t (print "kind." .Known)}}">{{languages}}</p>`:                     true,
		`{{if .Less}}{{t (print "kind." (print .Kind ""))}}{{end}}`:                     true,
		`{{$kind := t (print "kind." .Kind)}}{{$kind}} {{$kind}}`:                       true,
		`{{t (print "kind." .Kind) "help" "me"}}`:                                       false,
		`{{t (print "kind." .Kind "")}}`:                                                false,
		`{{$key := print "kind." .Kind}}{{t $key}} {{t "kind.email"}} {{icon "phone"}}`: false,
	} {
		var plain, baked strings.Builder
		before := template.Must(template.New("").Funcs(x.functions()).Parse(text))
		after := template.Must(before.Clone())
		bake(after, x)
		if got := strings.Contains(after.Tree.Root.String(), "joined"); got != joins {
			t.Errorf("%s is joined: %v, want %v", text, got, joins)
		}
		if err := before.Execute(&plain, page); err != nil {
			t.Fatal(err)
		}
		if err := after.Execute(&baked, page); err != nil {
			t.Fatal(err)
		}
		if plain.String() != baked.String() || strings.Contains(baked.String(), "kind.") {
			t.Errorf("%s says %q, baked %q", text, plain.String(), baked.String())
		}
	}
}

// What is baked decides the same as before.
func TestBake_DecidesTheSame(t *testing.T) {
	x := tools{asset: func(name string) string { return name }}
	for _, text := range []string{
		`{{if not .A}}yes{{end}}`,
		`{{if not .A}}yes{{else}}no{{end}}`,
		`{{if not (and .A .B)}}yes{{else if .C}}no{{end}}`,
		`{{if not (eq .Kind "phone")}}yes{{else}}no{{end}}`,
		`{{if and .A .B}}yes{{end}}`,
		`{{if and .A (not .B)}}yes{{else if and .B .C}}perhaps{{else}}no <b title="{{.Kind}}">{{.Kind}}</b>{{end}}`,
		`{{if and (or .A .B) (eq .Kind "<phone>")}}yes{{else}}{{.Kind}}{{end}}`,
		`{{if and .A .B .C}}yes{{else}}no{{end}}`,
		`{{with not .A}}yes {{.}}{{end}}{{not .B}}`,
		`one{{/* two */}} three{{if .A}} four{{end}}`,
	} {
		before := template.Must(template.New("").Parse(text))
		after := template.Must(before.Clone())
		bake(after, x)
		for i := range 16 {
			page := struct {
				A, B, C bool
				Kind    string
			}{i&1 != 0, i&2 != 0, i&4 != 0, map[bool]string{true: "phone", false: "<phone>"}[i&8 != 0]}
			var plain, baked strings.Builder
			if err := errors.Join(before.Execute(&plain, page), after.Execute(&baked, page)); err != nil {
				t.Fatal(err)
			}
			if plain.String() != baked.String() {
				t.Errorf("%s of %+v says %q, baked %q", text, page, plain.String(), baked.String())
			}
		}
		if got := after.Tree.Root.String(); strings.HasPrefix(text, "{{if not") && strings.Contains(got, "not") || strings.HasPrefix(text, "{{if and .A .B}}") && strings.Contains(got, "and") {
			t.Errorf("%s is baked to %s", text, got)
		}
	}
}
