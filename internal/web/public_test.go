package web_test

import (
	"net/http"
	"strings"
	"testing"

	"rekey/internal/web"
	"rekey/internal/web/webtest"
)

// TestPublic_ARefusedFormLeadsBackToItsPage, also where nobody needs to be signed in; a sign-in
// comes back to no such page.
func TestPublic_ARefusedFormLeadsBackToItsPage(t *testing.T) {
	f := newFixture(t)
	b := webtest.New(t, f.site)
	a := b.Post("/reset", fields("form_token", "wrong"))
	if a.Status != 403 {
		t.Fatalf("POST /reset = %d, want 403", a.Status)
	}
	has(t, a, `Link:/reset `)
	has(t, a, "LinkKey:"+web.LinkBack)
	has(t, a, `Path:/reset `)
	if to, ok := f.site.ReturnTo("/reset"); ok {
		t.Errorf("a sign-in may come back to %q", to)
	}
}

func TestPublic_SoundsAndPictures(t *testing.T) {
	f := newFixture(t)
	f.site.PublicPage("/sound", func(c *web.Context) error { return c.Bytes("audio/wav", []byte("RIFF....")) })
	f.site.PublicPage("/player", func(c *web.Context) error {
		c.Media()
		return c.NoContent()
	})
	b := webtest.New(t, f.site)
	for method, want := range map[string]string{http.MethodGet: "RIFF....", http.MethodHead: ""} {
		a := b.Do(webtest.Request(method, "/sound", ""))
		if a.Status != 200 || a.Body != want || a.Header.Get("Content-Type") != "audio/wav" || a.Header.Get("Content-Length") != "8" {
			t.Errorf("%s = %d %q, %v, want the sound", method, a.Status, a.Body, a.Header)
		}
		for _, flaw := range a.Flaws("/sound", true) {
			t.Error(flaw)
		}
	}
	r := webtest.Request(http.MethodGet, "/sound", "")
	r.Header.Set("Range", "bytes=0-3")
	if a := b.Do(r); a.Status != 206 || a.Body != "RIFF" || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("a part = %d %q, want it, kept by nobody", a.Status, a.Body)
	}
	a := b.Get("/player")
	if policy := a.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "; media-src 'self'") {
		t.Errorf("policy %q, want sounds of our own in it", policy)
	}
	for _, flaw := range a.Flaws("/player", true) {
		t.Error(flaw)
	}
}
