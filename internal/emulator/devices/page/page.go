// Package page is the frame that all pages of the emulated organisation share: layout,
// security headers, icons, the small style sheet and script of their own, and how numbers,
// names and times are written.
//
// It leaves the look to the site's style sheet, whose URL it is given, and what is on a page
// to its users.
package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

// assets are served below AssetPrefix; the drawings are written into the pages.
//
//go:embed layout.html emulator.css emulator.js icon.svg icons/*.svg
var assets embed.FS

// AssetPrefix is where Assets must be mounted.
const AssetPrefix = "/_emulator/assets/"

// Options are the same for every page of a set.
type Options struct {
	// StyleSheet is the URL of the site's style sheet; "" leaves it out.
	StyleSheet string
	// Organisation is the name in the heading.
	Organisation string
}

// Set is the pages of one package. It is safe for concurrent use.
type Set struct {
	options Options
	pages   map[string]*template.Template
}

// Page is what a page is made of.
type Page struct {
	// Title is the name of the page in the browser.
	Title string
	// Wrong marks a page that shows a mistake in a form.
	Wrong bool
	// Live marks a page that looks again by itself.
	Live bool
	// FormTargets are origins that a form's answer may lead to, beside our own: browsers
	// hold the redirect after a form against the policy as well.
	FormTargets []string
	// Data is for the page's own template.
	Data any
}

type frame struct {
	Page
	Options
}

// New parses the templates */*.html of a folder. Each defines "main", but for those whose
// name begins with an underscore: what they define is for all.
func New(folder fs.FS, o Options) (*Set, error) {
	layout, err := template.New("layout.html").Funcs(functions()).ParseFS(assets, "layout.html")
	if err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	names, err := fs.Glob(folder, "*/*.html")
	if err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	s := &Set{o, map[string]*template.Template{}}
	for _, name := range names {
		if strings.HasPrefix(path.Base(name), "_") {
			if layout, err = layout.ParseFS(folder, name); err != nil {
				return nil, fmt.Errorf("page: %w", err)
			}
		}
	}
	for _, name := range names {
		if strings.HasPrefix(path.Base(name), "_") {
			continue
		}
		t, err := layout.Clone()
		if err == nil {
			t, err = t.ParseFS(folder, name)
		}
		if err != nil {
			return nil, fmt.Errorf("page: %w", err)
		}
		s.pages[strings.TrimSuffix(path.Base(name), ".html")] = t
	}
	return s, nil
}

// Write answers with a page; a page that cannot be made is a bare 500.
func (s *Set) Write(w http.ResponseWriter, status int, name string, p Page) {
	t, ok := s.pages[name]
	var b bytes.Buffer
	if !ok || t.ExecuteTemplate(&b, "layout.html", frame{p, s.options}) != nil {
		http.Error(w, "This page cannot be shown.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "+
		"form-action "+strings.Join(append([]string{"'self'"}, p.FormTargets...), " ")+"; base-uri 'none'; frame-ancestors 'none'")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // a browser that is gone cannot be told
}

// Assets serves the style sheet, the script and the icon.
func Assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"emulator.css", "emulator.js", "icon.svg"} {
			if r.URL.Path != assetURL(name) {
				continue
			}
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			http.ServeFileFS(w, r, assets, name)
			return
		}
		http.NotFound(w, r)
	})
}

// assetURL names a file by its content, so that browsers may keep it.
func assetURL(name string) string {
	b, err := assets.ReadFile(name)
	if err != nil {
		return AssetPrefix + name
	}
	sum := sha256.Sum256(b)
	base, ext, _ := strings.Cut(name, ".")
	return AssetPrefix + base + "." + hex.EncodeToString(sum[:6]) + "." + ext
}

func functions() template.FuncMap {
	return template.FuncMap{
		"asset":    assetURL,
		"icon":     icon,
		"initials": Initials,
		"ending":   Ending,
		"stamp":    func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"clock":    func(t time.Time) string { return t.UTC().Format("15:04") + " UTC" },
		"isolate":  isolate,
		"address":  address,
	}
}

// icon returns one of our own drawings.
func icon(name string) (template.HTML, error) {
	b, err := assets.ReadFile("icons/" + name + ".svg")
	return template.HTML(strings.TrimSpace(string(b))), err // a file of this program, not data
}
