package gallery_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"rekey/internal/browsertest"
	"rekey/internal/emulator/gallery"
	"rekey/internal/i18n"
	"rekey/static"
	"rekey/templates"
)

// serve serves the gallery and the files that its pages load.
func serve(t testing.TB) *httptest.Server {
	t.Helper()
	files, err := static.New()
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/static/", files)
	mux.Handle("/", gallery.New(gallery.Options{}))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

// walk opens one example after the other inside one page, where the style sheet is loaded
// already, and runs axe on each: opening each in the browser itself takes twice as long.
const walk = `async (names, lang, options) => {
	const bad = [];
	for (const name of names) {
		const answer = await fetch("/_emulator/gallery/" + name + "?lang=" + lang);
		if (!answer.ok) bad.push({name, found: [{id: "gone", help: "the example is not there", nodes: []}]});
		const page = new DOMParser().parseFromString(await answer.text(), "text/html");
		page.querySelectorAll("script, link[rel=stylesheet]").forEach(e => e.remove());
		document.title = page.title;
		for (const a of ["lang", "dir"]) document.documentElement.setAttribute(a, page.documentElement.getAttribute(a));
		if (!page.body.querySelector("h1")) bad.push({name, found: [{id: "empty", help: "there was nothing to look at", nodes: []}]});
		document.body.replaceWith(page.body);
		const found = (%s)(await axe.run(document, options));
		if (found.length) bad.push({name, found});
	}
	return JSON.stringify(bad);
}`

// colours are the rules whose answer depends on the theme.
const colours = `{runOnly: {type: "rule", values: ["color-contrast", "link-in-text-block"]}, resultTypes: ["violations"]}`

// TestAxe_EveryPageStateLanguageAndTheme: axe finds nothing on any page in any state and
// language; colours are looked at in the dark and with more contrast as well.
func TestAxe_EveryPageStateLanguageAndTheme(t *testing.T) {
	server, axe := serve(t), browsertest.Axe(t)
	words, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range templates.Examples() {
		names = append(names, e.Name)
	}
	list, err := json.Marshal(names)
	if err != nil {
		t.Fatal(err)
	}
	for _, run := range []struct{ name, scheme, contrast, options string }{
		{"light", "light", "no-preference", browsertest.Standards}, {"dark", "dark", "no-preference", colours},
		{"light with contrast", "light", "more", colours}, {"dark with contrast", "dark", "more", colours},
	} {
		for _, lang := range words.Languages() {
			if run.contrast == "more" && lang != i18n.Default {
				continue // the colours are the same ones
			}
			t.Run(run.name+"/"+lang, func(t *testing.T) {
				t.Parallel()
				ctx := browsertest.Start(t)
				var text string
				err := chromedp.Run(ctx, page.SetBypassCSP(true),
					emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: run.scheme}, {Name: "prefers-contrast", Value: run.contrast},
						{Name: "prefers-reduced-motion", Value: "reduce"}}),
					chromedp.Navigate(server.URL+"/_emulator/gallery/home"), chromedp.Evaluate(axe+";0", nil),
					chromedp.Evaluate(fmt.Sprintf("("+walk+")(%s, %q, %s)", browsertest.Found, list, lang, run.options), &text, browsertest.Await))
				if err != nil {
					t.Fatal(err)
				}
				report(t, text)
			})
		}
	}
}

func report(t *testing.T, text string) {
	t.Helper()
	var bad []struct {
		Name  string
		Found []browsertest.Violation
	}
	if err := json.Unmarshal([]byte(text), &bad); err != nil {
		t.Fatal(err)
	}
	for _, b := range bad {
		for _, v := range b.Found {
			t.Errorf("%s: %v", b.Name, v)
		}
	}
}
