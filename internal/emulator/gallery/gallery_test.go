package gallery_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/chromedp/chromedp"

	"rekey/internal/browsertest"
	"rekey/templates"
)

func get(t *testing.T, url string) (*http.Response, string) {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

// TestGallery_ListsEveryExample: each is on the list, and shown where the list leads.
func TestGallery_ListsEveryExample(t *testing.T) {
	server := serve(t)
	_, body := get(t, server.URL+"/_emulator/gallery?lang=en")
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range templates.Examples() {
		link := "/_emulator/gallery/" + e.Name + "?lang=en"
		if doc.Find(`a[href="`+link+`"]`).Length() != 1 {
			t.Errorf("the list has no link %q", link)
			continue
		}
		answer, shown := get(t, server.URL+link)
		if answer.StatusCode != http.StatusOK || !strings.Contains(shown, "<h1") {
			t.Errorf("GET %s = %d, want the page", link, answer.StatusCode)
		}
	}
}

// TestGallery_NothingOnItActs: scripts do not run, and forms lead nowhere.
func TestGallery_NothingOnItActs(t *testing.T) {
	answer, _ := get(t, serve(t).URL+"/_emulator/gallery/home")
	for _, want := range []string{"script-src 'none'", "form-action 'none'", "default-src 'none'"} {
		if policy := answer.Header.Get("Content-Security-Policy"); !strings.Contains(policy, want) {
			t.Errorf("Content-Security-Policy = %q, want %q in it", policy, want)
		}
	}
}

func TestGallery_UnknownExample(t *testing.T) {
	if answer, _ := get(t, serve(t).URL+"/_emulator/gallery/nothing"); answer.StatusCode != http.StatusNotFound {
		t.Errorf("GET of an unknown example = %d, want 404", answer.StatusCode)
	}
}

// TestAxe_TheGallerysOwnPages: the list and the components.
func TestAxe_TheGallerysOwnPages(t *testing.T) {
	server, axe := serve(t), browsertest.Axe(t)
	ctx := browsertest.Start(t)
	for _, path := range []string{"/_emulator/gallery", "/_emulator/gallery/components", "/_emulator/gallery/nothing"} {
		if err := chromedp.Run(ctx, chromedp.Navigate(server.URL+path)); err != nil {
			t.Fatal(err)
		}
		for _, v := range browsertest.Check(t, ctx, axe) {
			t.Errorf("%s: %v", path, v)
		}
	}
}
