package web_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"rekey/internal/web"
	"rekey/internal/web/webtest"
)

// TestHealth_WEB2_WEB3_WEB4_OfAProcessWithoutPages: what a worker answers to anybody who
// reaches it is held against the same rules as a page.
func TestHealth_WEB2_WEB3_WEB4_OfAProcessWithoutPages(t *testing.T) {
	for _, secure := range []bool{true, false} {
		var trouble error
		draining := false
		h := web.Health(secure, func(context.Context) error { return trouble }, func() bool { return draining }, slog.New(slog.DiscardHandler))
		ask := func(method, path string, want int) {
			t.Helper()
			a := webtest.New(t, h).Do(webtest.Request(method, path, ""))
			for _, flaw := range a.Flaws(path, secure) {
				t.Errorf("%s %s = %d: %s", method, path, a.Status, flaw)
			}
			if a.Status != want || want == http.StatusMethodNotAllowed && a.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s = %d, Allow %q, want %d", method, path, a.Status, a.Header.Get("Allow"), want)
			}
			if strings.Contains(a.Body, "secret") {
				t.Errorf("%s %s says %q", method, path, a.Body)
			}
		}
		for _, path := range []string{"/healthz", "/readyz"} {
			ask("GET", path, 200)
			ask("HEAD", path, 200)
			for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} {
				ask(method, path, 405)
			}
		}
		for _, path := range []string{"/", "/signin", "/contacts/mobile", "/_emulator/", "//healthz", "/x/../healthz", "/healthz/", "/%ff"} {
			for _, method := range []string{"GET", "HEAD", "POST", "DELETE", "OPTIONS", "TRACE"} {
				ask(method, path, 404)
			}
		}
		trouble = errors.New("secret")
		ask("GET", "/readyz", 503)
		ask("GET", "/healthz", 200)
		trouble, draining = nil, true
		ask("GET", "/readyz", 503)
	}
}

func TestHealth_APanicIsNobodysBusiness(t *testing.T) {
	log := &bytes.Buffer{}
	h := web.Health(true, func(context.Context) error { panic("secret") }, nil, slog.New(slog.NewTextHandler(log, nil)))
	a := webtest.New(t, h).Get("/readyz")
	if flaws := a.Flaws("/readyz", true); a.Status != 500 || len(flaws) != 0 || strings.Contains(a.Body+log.String(), "secret") || !strings.Contains(log.String(), "panicked") {
		t.Errorf("a check that panics = %d %q, flaws %q, log %s, want 500 and a line without its value", a.Status, a.Body, flaws, log)
	}
}
