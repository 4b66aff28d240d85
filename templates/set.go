// Package templates is what people see: the pages, as HTML templates with a typed struct
// of values each. Words come from i18n, styles and scripts from static.
//
// It decides how things are said and shown, never what may be done: handlers fill the
// structs. Everything in them is escaped; names of people and devices are untrusted text.
package templates

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"strings"

	"rekey/internal/i18n"
)

//go:embed layouts/*.html partials/*.html pages/*.html
var files embed.FS

// Set holds every page in every language, parsed once. It is safe for concurrent use.
type Set struct {
	pages map[string]map[string]*template.Template // by language, by page
}

// New parses the pages in all languages of the bundle. asset returns the local address of
// a file of static by its name.
func New(words *i18n.Bundle, asset func(name string) string) (*Set, error) {
	s := &Set{pages: map[string]map[string]*template.Template{}}
	var all []*i18n.Localizer
	for _, lang := range words.Languages() {
		all = append(all, words.Localizer(lang))
	}
	for _, lang := range words.Languages() {
		pages, err := pagesOf(tools{words.Localizer(lang), all, asset})
		if err != nil {
			return nil, fmt.Errorf("templates: %s: %w", lang, err)
		}
		s.pages[lang] = pages
	}
	return s, nil
}

// pagesOf reads the frame once and each page into a copy of it.
func pagesOf(x tools) (map[string]*template.Template, error) {
	frame, err := template.New("").Funcs(x.functions()).ParseFS(files, "layouts/*.html", "partials/*.html")
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(files, "pages/*.html")
	if err != nil {
		return nil, err
	}
	pages := map[string]*template.Template{}
	for _, name := range names {
		page, err := frame.Clone()
		if err != nil {
			return nil, err
		}
		if page, err = page.ParseFS(files, name); err != nil {
			return nil, err
		}
		bake(page, x)
		pages[strings.TrimSuffix(path.Base(name), ".html")] = page.Lookup("layout")
	}
	return pages, nil
}

// Render writes a page in a language, one of the bundle's; others get the default. What
// was written before an error is not a page: render into a buffer.
func (s *Set) Render(w io.Writer, lang string, page Page) error {
	pages := s.pages[lang]
	if pages == nil {
		pages = s.pages[i18n.Default]
	}
	t := pages[page.Template()]
	if t == nil {
		return fmt.Errorf("templates: there is no page %q", page.Template())
	}
	return t.Execute(w, page)
}
