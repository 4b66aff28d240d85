package static

import (
	"bytes"
	"compress/gzip"
	"errors"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// file is one answer, in both of its forms.
type file struct {
	kind    string // media type
	plain   []byte
	gzipped []byte // nil where that is no smaller
	foreign bool   // not of our making
}

func newFile(name string, content []byte) (file, error) {
	kind, ok := map[string]string{
		".css": "text/css; charset=utf-8",
		".js":  "text/javascript; charset=utf-8",
		".svg": "image/svg+xml", ".png": "image/png", ".webp": "image/webp",
	}[path.Ext(name)]
	if !ok {
		return file{}, errors.New("no media type for it")
	}
	var small bytes.Buffer
	w, err := gzip.NewWriterLevel(&small, gzip.BestCompression)
	if err != nil {
		return file{}, err
	}
	if _, err := w.Write(content); err != nil {
		return file{}, err
	}
	if err := w.Close(); err != nil {
		return file{}, err
	}
	packed := small.Bytes()
	if len(packed) >= len(content) {
		packed = nil
	}
	return file{kind: kind, plain: content, gzipped: packed, foreign: strings.HasPrefix(name, logo+".")}, nil
}

// sandboxed is the policy of what an operator put here.
const sandboxed = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'; sandbox"

// ServeHTTP answers with a file, which a browser may keep for a year (as good as for good),
// or with 404.
func (f *Files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found, ok := f.files[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	body := found.plain
	h := w.Header()
	h.Set("Content-Type", found.kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	if found.foreign { // opened by itself it is a document: without scripts, and of no origin
		h.Set("Content-Security-Policy", sandboxed)
	}
	if found.gzipped != nil && takesGzip(r.Header.Values("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		body = found.gzipped
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a browser that hangs up is no trouble of ours
	}
}

// takesGzip reports whether a browser takes gzip: it names it, or everything, and not with
// the weight zero (RFC 9110 section 12.5.3).
func takesGzip(headers []string) bool {
	all := false
	for coding := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		name, weight, _ := strings.Cut(strings.ToLower(coding), ";")
		switch strings.TrimSpace(name) {
		case "gzip", "x-gzip":
			return !isZero(weight)
		case "*":
			all = !isZero(weight)
		}
	}
	return all
}

// isZero reports whether a weight such as "q=0.5" is zero. None is one.
func isZero(weight string) bool {
	digits, ok := strings.CutPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
	q, err := strconv.ParseFloat(digits, 64)
	return ok && err == nil && q == 0
}
