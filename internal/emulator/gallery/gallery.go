// Package gallery shows every page of the site in every state, in every language, and the
// components that they are made of, as the demo's /_emulator/gallery. What it shows are the
// examples of package templates, rendered as the site renders them; nothing on them leads
// anywhere.
package gallery

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync"

	"rekey/internal/emulator/devices/page"
	"rekey/internal/i18n"
	"rekey/static"
	sitepages "rekey/templates"
)

//go:embed templates/*.html
var templates embed.FS

// Prefix is where the gallery must be mounted.
const Prefix = "/_emulator/gallery"

// Options says how the gallery comes to be.
type Options struct {
	// Organisation is the name in the heading of the gallery's own pages.
	Organisation string
}

// New returns the handler of everything below Prefix: the list, components, and each
// example by its name, with the language as ?lang=. The pages are parsed when the first
// one is asked for, so that a demo starts without waiting for them.
func New(o Options) http.Handler {
	made := sync.OnceValues(func() (http.Handler, error) { return build(o) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, err := made()
		if err != nil {
			http.Error(w, "The gallery cannot be shown.", http.StatusInternalServerError)
			return
		}
		h.ServeHTTP(w, r)
	})
}

type gallery struct {
	set      *sitepages.Set
	words    *i18n.Bundle
	own      *page.Set
	examples map[string]sitepages.Example
	groups   []group
	sprite   string
}

// group is the examples of one page.
type group struct {
	Page     string
	Examples []string
}

func build(o Options) (http.Handler, error) {
	words, err := i18n.LoadDemo()
	if err != nil {
		return nil, err
	}
	files, err := static.New()
	if err != nil {
		return nil, err
	}
	g := &gallery{words: words, examples: map[string]sitepages.Example{}, sprite: files.URL("icons.svg")}
	if g.set, err = sitepages.New(words, files.URL); err != nil {
		return nil, err
	}
	g.own, err = page.New(templates, page.Options{StyleSheet: files.URL("rekey.css"), Organisation: cmp.Or(o.Organisation, "Fernhill")})
	if err != nil {
		return nil, fmt.Errorf("gallery: %w", err)
	}
	g.sort()
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Prefix, g.index)
	mux.HandleFunc("GET "+Prefix+"/components", g.components)
	mux.HandleFunc("GET "+Prefix+"/{example}", g.example)
	return mux, nil
}

// sort groups the examples by their page, in the order in which the pages first come.
func (g *gallery) sort() {
	for _, e := range sitepages.Examples() {
		name := e.Page.Template()
		g.examples[e.Name] = e
		i := slices.IndexFunc(g.groups, func(x group) bool { return x.Page == name })
		if i < 0 {
			i = len(g.groups)
			g.groups = append(g.groups, group{Page: name})
		}
		g.groups[i].Examples = append(g.groups[i].Examples, e.Name)
	}
}

// language returns the language that was asked for, or the default.
func (g *gallery) language(r *http.Request) string {
	if lang := r.URL.Query().Get("lang"); slices.Contains(g.words.Languages(), lang) {
		return lang
	}
	return i18n.Default
}

type listing struct {
	Lang      string
	Languages []language
	Groups    []group
	Count     int
}

type language struct {
	Tag     string
	Current bool
}

func (g *gallery) index(w http.ResponseWriter, r *http.Request) {
	data := listing{Lang: g.language(r), Groups: g.groups, Count: len(g.examples)}
	for _, tag := range g.words.Languages() {
		data.Languages = append(data.Languages, language{tag, tag == data.Lang})
	}
	g.own.Write(w, http.StatusOK, "list", page.Page{Title: "Gallery", Data: data})
}

func (g *gallery) components(w http.ResponseWriter, _ *http.Request) {
	g.own.Write(w, http.StatusOK, "components", page.Page{Title: "Components", Data: sprite(g.sprite)})
}

// sprite is the address of the site's icons.
type sprite string

// Icon draws one: 20 px beside text, 24 px where big is among the classes.
func (s sprite) Icon(name string, classes ...string) template.HTML {
	class, size := strings.Join(append([]string{"icon"}, classes...), " "), "20"
	if slices.Contains(classes, "big") {
		size = "24"
	}
	return template.HTML(fmt.Sprintf(`<svg class="%s" width="%s" height="%s" aria-hidden="true"><use href="%s"/></svg>`,
		template.HTMLEscapeString(class), size, size, template.HTMLEscapeString(string(s)+"#i-"+name)))
}

// policy keeps an example still: its scripts would ask the site about things that are not
// there, and its forms would be sent to it.
const policy = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"

func (g *gallery) example(w http.ResponseWriter, r *http.Request) {
	e, ok := g.examples[r.PathValue("example")]
	if !ok {
		g.own.Write(w, http.StatusNotFound, "none", page.Page{Title: "There is no such example"})
		return
	}
	var b bytes.Buffer
	if err := g.set.Render(&b, g.language(r), e.Page); err != nil {
		http.Error(w, "This example cannot be shown.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Content-Security-Policy", policy)
	_, _ = b.WriteTo(w) // a browser that is gone cannot be told
}
