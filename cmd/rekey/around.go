package main

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"rekey/internal/web"
)

// loopbackHost returns the host of an address to listen at. The demo's surface lets
// everybody in as anybody, so it stays on this computer.
func loopbackHost(address string) (string, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil || !isLoopback(host) {
		return "", mistake{fmt.Errorf("rekey: the demo listens on this computer only: write a loopback address and a port, such as 127.0.0.1:8080, not %q", address)}
	}
	return host, nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// around puts the demo's surface beside the site: /_emulator/ is answered by the tenant,
// everything else by the site. Names of other computers are refused (a web page elsewhere
// could otherwise reach in by a name that resolves to this computer); a GET at another
// loopback name goes to the printed address, because cookies do not cross names.
func (d *demo) around(site http.Handler) http.Handler {
	surface := d.outside.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := (&url.URL{Host: r.Host}).Hostname()
		if !strings.HasPrefix(r.URL.Path, "/_emulator/") {
			web.Harden(w.Header(), false)
		}
		switch {
		case !isLoopback(host) || !fromLoopback(r):
			http.Error(w, "This is a demo. It answers on this computer only, at "+d.BaseURL, http.StatusMisdirectedRequest)
		case strings.HasPrefix(r.URL.Path, "/_emulator/"):
			surface.ServeHTTP(w, r)
		case r.URL.Path == "/_emulator":
			http.Redirect(w, r, "/_emulator/", http.StatusSeeOther)
		case "http://"+r.Host != d.BaseURL && (r.Method == http.MethodGet || r.Method == http.MethodHead):
			http.Redirect(w, r, d.BaseURL+r.URL.RequestURI(), http.StatusTemporaryRedirect)
		default:
			site.ServeHTTP(w, r)
		}
	})
}

func fromLoopback(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	return err == nil && isLoopback(host)
}
