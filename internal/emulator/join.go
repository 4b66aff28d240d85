package emulator

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// Joining: a second demo becomes another replica of the site, on the tenant of the first.
//
//	POST /_emulator/join {"base_url":"http://127.0.0.1:8081"}     → Joined
//	GET  /_emulator/join/{replica}                                → {"clock_offset_us":n}; 404: join again
//	POST /_emulator/join/{replica}/authorize {"authorize_url","user","fresh","strong"} → {"callback":url}
//	     /_emulator/hosts/{host}/…                                the services by the hosts that clients know
//
// and on the replica
//
//	POST /_emulator/clock/follow {"offset_us":n}                  its clock moves to there, never back

// Joined is what a replica is told: everything that it shares with the demo it joined.
type Joined struct {
	// Replica is the name that the replica goes by.
	Replica  string `json:"replica"`
	TenantID string `json:"tenant_id"`
	// BaseURL is the address of the demo that was joined.
	BaseURL    string     `json:"base_url"`
	GatewayKey string     `json:"gateway_key"`
	Mail       JoinedMail `json:"mail"`
	// ClockOffset is how far ahead of the machine's clock the demo's is, in microseconds.
	ClockOffset           int64  `json:"clock_offset_us"`
	AuthenticationContext string `json:"authentication_context"`
	// Shared is what the first was given by Share.
	Shared json.RawMessage `json:"shared"`
}

// JoinedMail is where mails are submitted; the certificate's authority is PEM.
type JoinedMail struct {
	Addr       string `json:"addr"`
	User       string `json:"user"`
	Password   string `json:"password"`
	RootCA     string `json:"root_ca_pem"`
	ServerName string `json:"server_name"`
}

// join takes a replica in: people may be sent back to it, and the clock's moves are told it.
func (e *Emulator) join(w http.ResponseWriter, r *http.Request) {
	var in struct {
		BaseURL string `json:"base_url"`
	}
	if !read(w, r, &in) {
		return
	}
	shared := e.shared.Load()
	if shared == nil {
		fail(w, http.StatusNotFound, "This demo takes no replicas.")
		return
	}
	base, ok := loopbackURL(in.BaseURL)
	if !ok {
		fail(w, http.StatusBadRequest, "The base_url must be an address of this computer, such as http://127.0.0.1:8081.")
		return
	}
	if err := e.tenant.AddRedirect(e.webID, base+"/signin/callback"); err != nil {
		e.failWith(w, err)
		return
	}
	id := base64.RawURLEncoding.EncodeToString(e.tenant.Random(18))
	e.replicas.add(id, base) // before the offset is read, so that no move is missed
	m := e.Mail()
	reply(w, http.StatusOK, Joined{Replica: id, TenantID: e.tenant.ID(), BaseURL: e.BaseURL(), GatewayKey: e.gatewayKey,
		Mail:        JoinedMail{Addr: m.Addr, User: m.User, Password: m.Password, RootCA: m.RootCAPEM, ServerName: m.ServerName},
		ClockOffset: e.clock.Offset().Microseconds(), AuthenticationContext: e.context, Shared: *shared})
}

// replicaClock tells a replica where the clock is.
func (e *Emulator) replicaClock(w http.ResponseWriter, r *http.Request) {
	if !e.replicas.know(r.PathValue("replica")) {
		fail(w, http.StatusNotFound, "This demo knows no such replica: join again.")
		return
	}
	reply(w, http.StatusOK, map[string]int64{"clock_offset_us": e.clock.Offset().Microseconds()})
}

// replicaSignIn issues a code for somebody who signs in to a replica without the pages.
func (e *Emulator) replicaSignIn(w http.ResponseWriter, r *http.Request) {
	var in struct {
		wanted
		AuthorizeURL string `json:"authorize_url"`
	}
	if !read(w, r, &in) {
		return
	}
	if !e.replicas.know(r.PathValue("replica")) {
		fail(w, http.StatusNotFound, "This demo knows no such replica: join again.")
		return
	}
	callback, err := e.authorize(r.Context(), in.AuthorizeURL, in.wanted)
	var own *answered
	switch {
	case errors.As(err, &own):
		fail(w, own.status, own.text)
	case err != nil:
		fail(w, http.StatusConflict, err.Error())
	default:
		reply(w, http.StatusOK, map[string]string{"callback": callback})
	}
}

// hostsPrefix is where replicas reach the services by the hosts that clients know.
const hostsPrefix = Prefix + "/hosts/"

// byHost serves what is below hostsPrefix. It does so before paths are made tidy: a service
// answers for what it was asked for.
func (e *Emulator) byHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest, ok := strings.CutPrefix(r.URL.EscapedPath(), hostsPrefix)
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		host, _, _ := strings.Cut(rest, "/")
		service, ok := e.hosts[host]
		if !ok {
			fail(w, http.StatusNotFound, "The demo has no such host.")
			return
		}
		http.StripPrefix(hostsPrefix+host, service).ServeHTTP(w, r)
	})
}

// loopbackURL returns the origin of an address on this computer, without a slash at the end.
func loopbackURL(address string) (string, bool) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", false
	}
	ip := net.ParseIP(u.Hostname())
	return "http://" + u.Host, u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// replicaPicture notes the characters of a picture that a replica showed.
func (e *Emulator) replicaPicture(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Text string `json:"text"`
	}
	if !read(w, r, &in) {
		return
	}
	if !e.replicas.know(r.PathValue("replica")) {
		fail(w, http.StatusNotFound, "This demo knows no such replica: join again.")
		return
	}
	e.Pictured(in.Text)
	reply(w, http.StatusOK, map[string]string{})
}
