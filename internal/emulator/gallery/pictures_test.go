package gallery_test

import (
	"context"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"rekey/internal/browsertest"
	"rekey/templates"
)

// picturesDir is where scripts/shots wants its pictures.
const picturesDir = "REKEY_SHOTS"

// shown are the examples that docs/pictures.md shows beside the first one of each page.
func shown() []string {
	return []string{"home-lost-locked-out", "home-all", "home-empty", "number-wrong", "code-wrong", "address", "remove-promote", "wait-checking", "done-authenticator", "stopped-apply.moved",
		"problem-429-limit.wait", "problem-503-directory.down"}
}

// BenchmarkPictures takes the pictures of the documents: it is no test, and runs when
// scripts/shots asks for it.
func BenchmarkPictures(b *testing.B) {
	dir := os.Getenv(picturesDir)
	if dir == "" {
		b.Fatal("run scripts/shots: it says where the pictures go")
	}
	server, ctx := serve(b), browsertest.Start(b)
	var index strings.Builder
	index.WriteString("# Every page\n\nMade by `scripts/shots` from the examples of the gallery (`/_emulator/gallery` in the demo), " +
		"on a phone (390 px) and a desk (1280 px), light and dark. The people do not exist.\n")
	taken := func(example, lang string, width int64, scheme string) (name, title string) {
		name = fmt.Sprintf("%s-%s-%d-%s.webp", example, lang, width, scheme)
		picture, title := photograph(b, ctx, fmt.Sprintf("%s/_emulator/gallery/%s?lang=%s", server.URL, example, lang), width, scheme)
		if err := os.WriteFile(filepath.Join(dir, name), picture, 0o644); err != nil {
			b.Fatal(err)
		}
		return name, html.EscapeString(title)
	}
	for _, example := range chosen(b) {
		fmt.Fprintf(&index, "\n## %s\n\n", example)
		for _, scheme := range []string{"light", "dark"} {
			for _, screen := range []struct {
				width int64
				shown int
				on    string
			}{{390, 200, "phone"}, {1280, 520, "desk"}} {
				name, title := taken(example, "en", screen.width, scheme)
				fmt.Fprintf(&index, "<img src=\"pictures/%s\" width=\"%d\" alt=\"“%s” (%s) on a %s, %s\">\n", name, screen.shown, title, example, screen.on, scheme)
			}
		}
	}
	index.WriteString("\n## In other languages\n\n")
	for _, lang := range []struct{ tag, name string }{{"ar", "Arabic"}, {"de", "German"}} {
		for _, example := range []string{"home", "code", "new-phone"} {
			name, title := taken(example, lang.tag, 390, "light")
			fmt.Fprintf(&index, "<img src=\"pictures/%s\" width=\"200\" alt=\"“%s”, which is %s in %s, on a phone, light\">\n", name, title, example, lang.name)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "..", "pictures.md"), []byte(index.String()), 0o644); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(0, "ns/op")
}

// chosen are the first example of each page, and those that were named.
func chosen(b *testing.B) []string {
	b.Helper()
	var names []string
	pages, extra := map[string]bool{}, map[string]bool{}
	for _, name := range shown() {
		extra[name] = true
	}
	for _, e := range templates.Examples() {
		if !pages[e.Page.Template()] || extra[e.Name] {
			names = append(names, e.Name)
		}
		pages[e.Page.Template()] = true
		delete(extra, e.Name)
	}
	for name := range extra {
		b.Errorf("there is no example %q", name)
	}
	return names
}

// photograph takes a picture of a whole page, and reads its title without the organisation.
func photograph(b *testing.B, ctx context.Context, url string, width int64, scheme string) (picture []byte, title string) {
	b.Helper()
	err := chromedp.Run(ctx, emulation.SetDeviceMetricsOverride(width, 800, 1, width < 700),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}),
		chromedp.Navigate(url), chromedp.WaitReady("main", chromedp.ByQuery),
		chromedp.Title(&title),
		chromedp.ActionFunc(func(ctx context.Context) (err error) {
			picture, err = cdppage.CaptureScreenshot().WithCaptureBeyondViewport(true).WithFormat(cdppage.CaptureScreenshotFormatWebp).WithQuality(70).Do(ctx)
			return err
		}))
	if err != nil {
		b.Fatal(err)
	}
	if i := strings.LastIndex(title, " - "); i >= 0 {
		title = title[:i]
	}
	return picture, title
}
