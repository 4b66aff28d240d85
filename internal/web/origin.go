package web

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"rekey/internal/fault"
)

// origin is where this site lives: the only origin whose forms it takes, the only host
// it answers for, the only beginning of its links (RST-3).
type origin struct {
	scheme string // http or https
	host   string // lower case, with the port unless it is the scheme's own
}

// parseOrigin reads a base URL: scheme and host, no path.
func parseOrigin(raw string) (origin, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil ||
		u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		return origin{}, fmt.Errorf("web: base URL %q is not of the form https://host or http://host", raw)
	}
	return origin{scheme: u.Scheme, host: plainHost(u.Scheme, u.Host)}, nil
}

// plainHost writes a host as browsers do in Origin: lower case, without the scheme's
// own port.
func plainHost(scheme, host string) string {
	host = strings.ToLower(host)
	if h, port, err := net.SplitHostPort(host); err == nil && (scheme == "http" && port == "80" || scheme == "https" && port == "443") {
		if strings.Contains(h, ":") {
			return "[" + h + "]"
		}
		return h
	}
	return host
}

func (o origin) String() string { return o.scheme + "://" + o.host }

// secure reports whether the site is served over TLS.
func (o origin) secure() bool { return o.scheme == "https" }

// isHost reports whether a Host header names this site.
func (o origin) isHost(host string) bool { return plainHost(o.scheme, host) == o.host }

// sent checks that a form was sent by one of our own pages (WEB-1): Sec-Fetch-Site is
// same-origin, or Origin is ours. When a browser sends both, both must agree; when it
// sends neither, nothing says where the form came from, and it is refused. Other sites
// of the same domain are strangers too.
func (o origin) sent(r *http.Request) error {
	site, once := onlyOne(r.Header, "Sec-Fetch-Site")
	from, onceToo := onlyOne(r.Header, "Origin")
	switch {
	case !once, !onceToo, site == "" && from == "":
	case site != "" && site != "same-origin":
	case from != "" && from != o.String():
	default:
		return nil
	}
	return fault.New(fault.Forbidden, "form.origin")
}
