package web

import "net/http"

// policy is the content security policy of every response (WEB-3): nothing but our own
// files, no inline script or style, no frame, no form to anywhere else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"

// transport is two years of HTTPS only (WEB-4 asks for one at least).
const transport = "max-age=63072000; includeSubDomains"

// Harden sets the headers that every response carries (WEB-3, WEB-4); secure says that
// the site lives at https.
func Harden(h http.Header, secure bool) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if secure {
		h.Set("Strict-Transport-Security", transport)
	}
}

// Media lets this page play sounds of our own.
func (c *Context) Media() { c.Header().Set("Content-Security-Policy", policy+"; media-src 'self'") }

// NoReferrer keeps the address of this page, which holds a secret, from whatever the
// page links to (RST-7). Such a page must not have a form: without a referrer Chromium
// sends "Origin: null", and the form would be refused.
func (c *Context) NoReferrer() { c.Header().Set("Referrer-Policy", "no-referrer") }

// ClearSiteData asks the browser to forget what it kept of this site (WEB-4). Cookies are
// not named: that would clear the whole registrable domain.
func (c *Context) ClearSiteData() { c.Header().Set("Clear-Site-Data", `"cache", "storage"`) }
