package static_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"rekey/static"
)

// names are the files that pages ask for.
var names = [...]string{static.Style, static.Script, static.Icons, static.Favicon}

func newFiles(t *testing.T) *static.Files {
	t.Helper()
	files, err := static.New()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func get(t *testing.T, files *static.Files, method, path, accept string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	if accept != "" {
		r.Header.Set("Accept-Encoding", accept)
	}
	w := httptest.NewRecorder()
	files.Handler().ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, a *http.Response) []byte {
	t.Helper()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func plain(t *testing.T, files *static.Files, name string) string {
	t.Helper()
	return string(body(t, get(t, files, http.MethodGet, files.URL(name), "")))
}

func TestURL(t *testing.T) {
	files := newFiles(t)
	shape := regexp.MustCompile(`^/static/[a-z]+\.[0-9a-f]{12}\.(css|js|svg)$`)
	for _, name := range names {
		if url := files.URL(name); !shape.MatchString(url) || url != newFiles(t).URL(name) || url != static.URL(name) {
			t.Errorf("URL(%q) = %q, want the same hashed address each time, and %q", name, url, static.URL(name))
		}
	}
	for _, name := range []string{"", "nothing.css", "rekey", "../static.go"} {
		url := files.URL(name)
		if a := get(t, files, http.MethodGet, url, ""); a.StatusCode != 404 || url != static.URL(name) {
			t.Errorf("URL(%q) = %q with status %d, want %q and 404", name, url, a.StatusCode, static.URL(name))
		}
	}
}

func TestHandler_Headers(t *testing.T) {
	files := newFiles(t)
	for name, kind := range map[string]string{
		static.Style: "text/css; charset=utf-8", static.Script: "text/javascript; charset=utf-8",
		static.Icons: "image/svg+xml", static.Favicon: "image/svg+xml",
	} {
		for _, accept := range []string{"", "gzip, deflate, br"} {
			a := get(t, files, http.MethodGet, files.URL(name), accept)
			if a.StatusCode != http.StatusOK {
				t.Fatalf("GET %s = %d, want 200", name, a.StatusCode)
			}
			for header, want := range map[string]string{
				"Content-Type": kind, "Cache-Control": "public, max-age=31536000, immutable",
				"Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff",
				"Content-Length": strconv.Itoa(len(body(t, a))),
			} {
				if got := a.Header.Get(header); got != want {
					t.Errorf("GET %s (%q): %s = %q, want %q", name, accept, header, got, want)
				}
			}
		}
	}
}

func TestHandler_Gzip(t *testing.T) {
	files := newFiles(t)
	for _, c := range []struct {
		accept string
		want   string
	}{
		{"gzip", "gzip"}, {"br, gzip;q=0.5", "gzip"}, {"GZIP", "gzip"}, {"*", "gzip"}, {"br;q=1.0, *;q=0.1", "gzip"},
		{"", ""}, {"br", ""}, {"gzip;q=0", ""}, {"gzip; q=0.000", ""}, {"*;q=0", ""}, {"*, gzip;q=0", ""}, {"gzipped", ""},
	} {
		a := get(t, files, http.MethodGet, files.URL(static.Style), c.accept)
		if got := a.Header.Get("Content-Encoding"); got != c.want {
			t.Errorf("Accept-Encoding %q: Content-Encoding = %q, want %q", c.accept, got, c.want)
		}
	}
	for _, name := range names {
		packed, err := gzip.NewReader(get(t, files, http.MethodGet, files.URL(name), "gzip").Body)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		content, err := io.ReadAll(packed)
		if err != nil || string(content) != plain(t, files, name) {
			t.Errorf("%s: unpacked it has %d bytes (%v), want what is served plain", name, len(content), err)
		}
	}
}

func TestHandler_Head(t *testing.T) {
	files := newFiles(t)
	with, without := get(t, files, http.MethodGet, files.URL(static.Style), "gzip"), get(t, files, http.MethodHead, files.URL(static.Style), "gzip")
	if b := body(t, without); without.StatusCode != 200 || len(b) != 0 || without.Header.Get("Content-Length") != with.Header.Get("Content-Length") {
		t.Errorf("HEAD = %d, %d bytes, length %q, want 200, none, %q", without.StatusCode, len(b),
			without.Header.Get("Content-Length"), with.Header.Get("Content-Length"))
	}
}

func TestHandler_NotThere(t *testing.T) {
	files := newFiles(t)
	for _, c := range []struct {
		method, path string
		want         int
	}{
		{"GET", "/static/rekey.css", 404}, {"GET", "/static/rekey.000000000000.css", 404}, {"GET", "/static/", 404},
		{"GET", "/static/css/tokens.css", 404}, {"GET", "/static/../static.go", 404}, {"GET", files.URL(static.Style) + "/", 404},
		{"GET", files.URL("nothing.css"), 404}, {"POST", "/static/rekey.css", 404},
		{"POST", files.URL(static.Style), 405}, {"DELETE", files.URL(static.Icons), 405},
	} {
		a := get(t, files, c.method, c.path, "")
		if a.StatusCode != c.want || a.Header.Get("Cache-Control") != "" {
			t.Errorf("%s %s = %d, kept %q, want %d and not kept", c.method, c.path, a.StatusCode, a.Header.Get("Cache-Control"), c.want)
		}
		if allow := a.Header.Get("Allow"); c.want == 405 && allow != "GET, HEAD" {
			t.Errorf("%s %s: Allow = %q, want GET, HEAD", c.method, c.path, allow)
		}
	}
}

// A first visit is at most 30 kB: these files, compressed, and 14 kB for the page itself, which
// is not; see TestSize of templates.
func TestSize(t *testing.T) {
	const budget = 30_000 - 14_000
	files := newFiles(t)
	total := 0
	for _, name := range names {
		size := len(body(t, get(t, files, http.MethodGet, files.URL(name), "gzip")))
		t.Logf("%s: %d bytes", name, size)
		total += size
	}
	if total > budget {
		t.Errorf("the files of a first visit have %d bytes, want at most %d", total, budget)
	}
}

// Everything comes from this host: nothing names another one, except the names of XML.
func TestFiles_NameNoOtherHost(t *testing.T) {
	files := newFiles(t)
	elsewhere := regexp.MustCompile(`(?i)(https?:)?//[a-z0-9.-]+\.[a-z]+[^"')\s]*`)
	for _, name := range names {
		found := slices.DeleteFunc(elsewhere.FindAllString(plain(t, files, name), -1), func(url string) bool {
			return url == "http://www.w3.org/2000/svg"
		})
		if len(found) > 0 {
			t.Errorf("%s names %q", name, found)
		}
	}
}

func TestPictures_AreDrawingsOnly(t *testing.T) {
	files := newFiles(t)
	for _, name := range []string{static.Icons, static.Favicon} {
		for _, bad := range []string{"<script", "<style", "style=", "onload", "href", "<foreignObject", "<!ENTITY"} {
			if bytes.Contains([]byte(plain(t, files, name)), []byte(bad)) {
				t.Errorf("%s has %q", name, bad)
			}
		}
	}
}
