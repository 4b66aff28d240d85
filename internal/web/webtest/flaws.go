package webtest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Flaws returns what an answer of a site lacks, or has and must not, by WEB-3 and WEB-4:
// headers, cookies and, in HTML, whatever could run or be loaded that is not ours. path is
// what was asked for; secure says that the site lives at https.
func (a Answer) Flaws(path string, secure bool) []string {
	f := flaws{answer: a}
	f.policy()
	f.fixed(secure)
	f.revealing()
	f.content()
	f.caching(path)
	f.status()
	f.cookies()
	if strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
		f.html()
	}
	return f.found
}

// flaws collects what is wrong with an answer.
type flaws struct {
	answer Answer
	found  []string
}

func (f *flaws) add(format string, args ...any) {
	f.found = append(f.found, fmt.Sprintf(format, args...))
}

// one returns the value of a header that must be there exactly once.
func (f *flaws) one(name string) string {
	values := f.answer.Header.Values(name)
	if len(values) != 1 {
		f.add("%s = %q, want one", name, values)
		return ""
	}
	return values[0]
}

// policy holds the content security policy against WEB-3: everything is refused unless it
// is our own, and nothing makes room for inline code.
func (f *flaws) policy() {
	got := map[string]string{}
	for directive := range strings.SplitSeq(f.one("Content-Security-Policy"), ";") {
		name, sources, _ := strings.Cut(strings.TrimSpace(directive), " ")
		if _, twice := got[name]; twice {
			f.add("policy: %s comes twice", name)
		}
		got[name] = sources
	}
	for name, want := range map[string][]string{"default-src": {"'none'"}, "object-src": {"'none'"}, "base-uri": {"'none'"},
		"frame-ancestors": {"'none'"}, "form-action": {"'self'", "'none'"}} {
		if !slices.Contains(want, got[name]) {
			f.add("policy: %s %q, want %q", name, got[name], want)
		}
	}
	for name, sources := range got {
		if sandboxed := name == "sandbox" && sources == ""; !sandboxed && sources != "'none'" && sources != "'self'" {
			f.add("policy: %s %q, want our own files or none", name, sources)
		}
	}
}

// fixed holds the headers that are the same on every answer.
func (f *flaws) fixed(secure bool) {
	for name, want := range map[string][]string{"X-Content-Type-Options": {"nosniff"}, "Referrer-Policy": {"same-origin", "no-referrer"},
		"Cross-Origin-Opener-Policy": {"same-origin"}, "Cross-Origin-Resource-Policy": {"same-origin"}} {
		if got := f.one(name); !slices.Contains(want, got) {
			f.add("%s = %q, want %q", name, got, want)
		}
	}
	if !secure {
		if got := f.answer.Header.Values("Strict-Transport-Security"); len(got) != 0 {
			f.add("Strict-Transport-Security = %q at http, which browsers ignore", got)
		}
		return
	}
	age, subdomains, _ := strings.Cut(f.one("Strict-Transport-Security"), ";")
	seconds, err := strconv.Atoi(strings.TrimPrefix(age, "max-age="))
	if err != nil || seconds < 365*24*60*60 || strings.TrimSpace(subdomains) != "includeSubDomains" {
		f.add("Strict-Transport-Security = %q; %q, want a year at least, with subdomains", age, subdomains)
	}
}

// revealing finds what tells strangers how the site is made, or lets them in.
func (f *flaws) revealing() {
	for _, name := range []string{"Server", "X-Powered-By", "Via", "X-Runtime", "X-Version", "Access-Control-Allow-Origin",
		"Access-Control-Allow-Credentials", "Public-Key-Pins", "X-XSS-Protection", "Location-Internal", "SourceMap", "X-SourceMap"} {
		if got := f.answer.Header.Values(name); len(got) != 0 {
			f.add("%s = %q, want none", name, got)
		}
	}
	for _, words := range []string{"goroutine ", "runtime error", ".go:", "panic:", "sql: ", "echo/v4"} {
		if strings.Contains(f.answer.Body, words) {
			f.add("the body says %q", words)
		}
	}
}

// content holds the media type: what has a body says what it is, and in which characters.
func (f *flaws) content() {
	kind := f.answer.Header.Get("Content-Type")
	if f.answer.Body == "" && kind == "" {
		return
	}
	switch f.one("Content-Type") {
	case "text/html; charset=utf-8", "text/plain; charset=utf-8", "text/css; charset=utf-8", "text/javascript; charset=utf-8", "image/svg+xml":
	case "image/png", "image/webp", "audio/wav":
		return
	default:
		f.add("Content-Type = %q, want one of ours with its charset", kind)
	}
	if f.answer.Header.Get("Content-Encoding") == "" && !utf8.ValidString(f.answer.Body) {
		f.add("the body is not UTF-8")
	}
}

// caching holds that nothing is kept by anybody but files whose address has their hash.
func (f *flaws) caching(path string) {
	want := "no-store"
	if strings.HasPrefix(path, "/static/") && f.answer.Status == http.StatusOK {
		want = "public, max-age=31536000, immutable"
	}
	if got := f.one("Cache-Control"); got != want {
		f.add("Cache-Control = %q, want %q", got, want)
	}
	clear := f.answer.Header.Get("Clear-Site-Data")
	if strings.Contains(clear, "cookies") || strings.Contains(clear, "*") {
		f.add("Clear-Site-Data = %q clears the cookies of all sites of the domain", clear)
	}
}

// status holds what a status code promises.
func (f *flaws) status() {
	for status, header := range map[int]string{http.StatusSeeOther: "Location", http.StatusMethodNotAllowed: "Allow",
		http.StatusTooManyRequests: "Retry-After", http.StatusServiceUnavailable: "Retry-After"} {
		if f.answer.Status == status && f.one(header) == "" {
			f.add("%d without %s", status, header)
		}
	}
	if to := f.answer.Location(); strings.HasPrefix(to, "//") || strings.HasPrefix(to, "http:") && !strings.Contains(to, "127.0.0.1") {
		f.add("Location = %q", to)
	}
}

// cookies holds the flags of every cookie that is set, and of every one that is taken away.
func (f *flaws) cookies() {
	for _, line := range f.answer.Header.Values("Set-Cookie") {
		c, err := http.ParseSetCookie(line)
		if err != nil {
			f.add("Set-Cookie cannot be read: %v", err)
			continue
		}
		if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" ||
			c.SameSite != http.SameSiteLaxMode && c.SameSite != http.SameSiteStrictMode {
			f.add("the cookie %s lacks a flag: Secure %v, HttpOnly %v, SameSite %v, Path %q, Domain %q", c.Name, c.Secure, c.HttpOnly, c.SameSite, c.Path, c.Domain)
		}
	}
}
