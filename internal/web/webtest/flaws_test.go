package webtest

import (
	"net/http"
	"strings"
	"testing"
)

// sound is an answer as it should be.
func sound() Answer {
	h := http.Header{}
	for name, value := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'",
		"X-Content-Type-Options":  "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store", "Content-Type": "text/html; charset=utf-8",
		"Strict-Transport-Security": "max-age=63072000; includeSubDomains",
		"Set-Cookie":                "__Host-a=b; Path=/; Secure; HttpOnly; SameSite=Lax",
	} {
		h.Set(name, value)
	}
	return Answer{Status: http.StatusOK, Header: h, Body: `<!doctype html><script src="/static/a.js" defer></script><a href="tel:+1">call</a><a href="/x?a=b:c">on</a>`}
}

// TestFlaws_FindsWhatItIsFor: the crawls stand on this, so it must not be blind.
func TestFlaws_FindsWhatItIsFor(t *testing.T) {
	if found := sound().Flaws("/", true); len(found) != 0 {
		t.Fatalf("Flaws of a sound answer = %q, want none", found)
	}
	headers := map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self' 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'",
		"X-Content-Type-Options":  "", "Referrer-Policy": "unsafe-url", "Cross-Origin-Opener-Policy": "unsafe-none",
		"Cross-Origin-Resource-Policy": "cross-origin", "Cache-Control": "private", "Content-Type": "text/html",
		"Strict-Transport-Security": "max-age=300", "Set-Cookie": "a=b; Path=/", "Server": "Echo", "Access-Control-Allow-Origin": "*",
		"Clear-Site-Data": `"cookies"`, "Location": "//evil.example",
	}
	for name, value := range headers {
		a := sound()
		a.Header.Set(name, value)
		if len(a.Flaws("/", true)) == 0 {
			t.Errorf("%s: %s is not found", name, value)
		}
	}
	for _, body := range []string{"<script>1</script>", `<script src="https://cdn.example/x.js"></script>`, "<style>a{}</style>", `<p style="x">`,
		`<p onclick="x">`, `<a href="javascript:x">`, `<a href="JavaScript:x">`, `<a href="data:text/html,x">`, `<a href="//evil.example">`, `<form action="javascript:x"></form>`,
		`<base href="/">`, `<iframe src="/"></iframe>`, `<img src="/x.png">`, `<meta http-equiv="refresh" content="0; url=https://evil.example">`,
		"panic: x", "\xff"} {
		a := sound()
		a.Body = body
		if len(a.Flaws("/", true)) == 0 {
			t.Errorf("%q is not found", body)
		}
	}
	for _, status := range []int{http.StatusSeeOther, http.StatusMethodNotAllowed, http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		a := sound()
		a.Status = status
		if len(a.Flaws("/", true)) == 0 {
			t.Errorf("%d without its header is not found", status)
		}
	}
	picture := sound()
	picture.Header.Set("Content-Security-Policy", "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'; sandbox")
	if found := picture.Flaws("/", true); len(found) != 0 {
		t.Errorf("Flaws of what is in a sandbox = %q, want none", found)
	}
	picture.Header.Set("Content-Security-Policy", picture.Header.Get("Content-Security-Policy")+" allow-scripts")
	if len(picture.Flaws("/", true)) == 0 {
		t.Error("a sandbox that allows scripts is not found")
	}
	a := sound()
	if found := a.Flaws("/", false); len(found) != 1 || !strings.HasPrefix(found[0], "Strict-Transport-Security") {
		t.Errorf("Flaws at http = %q, want its transport security alone", found)
	}
}
