package emulator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"rekey/internal/emulator/devices/gateway"
	"rekey/internal/emulator/entra"
	"rekey/internal/emulator/graph"
)

// Transport hands requests for Microsoft's and the text gateway's hosts to the first's
// services and refuses every other host. A line that is cut there is cut here.
func (r *Remote) Transport() http.RoundTripper { return remoteTransport{r} }

type remoteTransport struct{ r *Remote }

// RoundTrip sends the request to the first, by the host that it is for.
func (t remoteTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	host := strings.ToLower(strings.TrimSuffix(req.URL.Host, ":443"))
	if req.URL.Scheme != "https" || !reachable(host) {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, fmt.Errorf("emulator: the demo reaches no other host, %s://%s neither", req.URL.Scheme, req.URL.Host)
	}
	out := req.Clone(req.Context())
	out.URL = t.r.there(hostsPrefix+host, req.URL)
	out.Host = out.URL.Host
	if out.Header == nil {
		out.Header = http.Header{}
	}
	res, err := t.r.lines.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	res.Request = req
	return res, nil
}

// CloseIdleConnections frees the lines that are not in use.
func (t remoteTransport) CloseIdleConnections() { t.r.lines.CloseIdleConnections() }

// reachable are the hosts of an Emulator's Transport.
func reachable(host string) bool {
	return host == strings.TrimPrefix(entra.Login, "https://") || host == graph.Host || host == gateway.Host
}

// there is the address at the first of what u names, below a prefix, written as u is.
func (r *Remote) there(prefix string, u *url.URL) *url.URL {
	out := &url.URL{Scheme: "http", Host: strings.TrimPrefix(r.first, "http://"), RawQuery: u.RawQuery}
	out.Path, out.RawPath = prefix+u.Path, prefix+u.EscapedPath()
	return out
}

// Handler serves everything below /_emulator/: what is the first's is asked of the first,
// signing in without the pages is done at this demo's own site.
func (r *Remote) Handler() http.Handler {
	proxy := &httputil.ReverseProxy{Rewrite: r.rewrite, Transport: r.lines, ErrorHandler: r.proxyError}
	own := http.NewServeMux()
	own.HandleFunc(Prefix+"/clock/follow", byMethod(map[string]http.HandlerFunc{"POST": notByBrowser(r.followOrder)}))
	own.HandleFunc(Prefix+"/signin", byMethod(map[string]http.HandlerFunc{"POST": r.signIn}))
	return local(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == Prefix+"/clock/follow" || req.URL.Path == Prefix+"/signin" {
			own.ServeHTTP(w, req)
			return
		}
		proxy.ServeHTTP(w, req)
	}))
}

// rewrite aims a request at the first. Its pages and forms are as good here as there: an
// Origin that is ours becomes the first's, another one is left for the first to refuse.
func (r *Remote) rewrite(p *httputil.ProxyRequest) {
	p.Out.URL = r.there("", p.In.URL)
	p.Out.Host = p.Out.URL.Host
	if o := p.In.Header.Get("Origin"); o != "" && sameHost(o, p.In.Host) {
		p.Out.Header.Set("Origin", r.first)
	}
}

// proxyError says that the first cannot be reached; a line that it cut is cut here.
func (r *Remote) proxyError(w http.ResponseWriter, _ *http.Request, err error) {
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		w.Header().Set("Retry-After", "1")
		fail(w, http.StatusServiceUnavailable, "The demo that was joined does not answer.")
		return
	}
	panic(http.ErrAbortHandler)
}

// maxOffset is how far ahead a clock may be, two hundred years in microseconds.
const maxOffset = 200 * 365 * 24 * 60 * 60 * 1e6

// followOrder moves the clock to where the first's is.
func (r *Remote) followOrder(w http.ResponseWriter, req *http.Request) {
	var in struct {
		Offset int64 `json:"offset_us"`
	}
	if !read(w, req, &in) {
		return
	}
	if in.Offset < 0 || in.Offset > maxOffset {
		fail(w, http.StatusBadRequest, "The offset_us must be a number of microseconds, and not negative.")
		return
	}
	r.follow(time.Duration(in.Offset) * time.Microsecond)
	reply(w, http.StatusOK, map[string]int64{"offset_us": r.o.Clock.Offset().Microseconds()})
}

// signIn signs a person in at this demo's site, with a code that the first issues.
func (r *Remote) signIn(w http.ResponseWriter, req *http.Request) {
	var in wanted
	if !read(w, req, &in) {
		return
	}
	signInSite{r.o.Site(), r.o.BaseURL, r.authorize}.signIn(w, req, in)
}

func (r *Remote) authorize(ctx context.Context, authorizeURL string, in wanted) (string, error) {
	body := map[string]any{"authorize_url": authorizeURL, "user": in.User}
	if in.Fresh != nil {
		body["fresh"] = *in.Fresh
	}
	if in.Strong != nil {
		body["strong"] = *in.Strong
	}
	var out struct {
		Callback string `json:"callback"`
	}
	err := r.ask(ctx, http.MethodPost, "/join/"+r.now.Load().Replica+"/authorize", body, &out)
	return out.Callback, err
}

// Around wraps the site: after a pause in which the first was not asked where the clock is,
// as after the process was stopped, it is asked before anything is answered by a clock that
// may be behind.
func (r *Remote) Around(site http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if time.Since(r.start)-time.Duration(r.asked.Load()) > 2*askEvery {
			_ = r.catchUp(req.Context()) // it has said so itself; the page is answered all the same
		}
		site.ServeHTTP(w, req)
	})
}
