// Package graph answers Microsoft Graph's REST interface, v1.0 and beta, from the state of
// a tenant: accounts, their authentication methods, ending sessions, sending mail, and the
// organisation's policies, with Graph's
// permissions, refusals, error envelope, throttling and lag. What Graph has and this package
// does not answers 501 and is logged, so that nothing passes by luck.
//
// The rules of methods are the tenant's; faults and the record of requests are the
// emulator's.
package graph

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"rekey/internal/emulator/tenant"
)

// Host is where Graph answers in Microsoft's global cloud.
const Host = "graph.microsoft.com"

// Graph is an http.Handler for paths that start with /v1.0/ or /beta/.
type Graph struct {
	tenant *tenant.Tenant
	log    *slog.Logger
	limit  limiter
	routes []route
}

// New returns Graph for a tenant. Unknown paths are logged to log.
func New(t *tenant.Tenant, log *slog.Logger) *Graph {
	g := &Graph{tenant: t, log: log}
	g.limit = newLimiter(t)
	g.routes = g.table()
	return g
}

type lagKey struct{}

// WithLag makes a write in this context invisible to reads for d, by the tenant's clock.
func WithLag(ctx context.Context, d time.Duration) context.Context {
	return context.WithValue(ctx, lagKey{}, d)
}

// call is one request on its way through a route.
type call struct {
	*http.Request
	beta   bool
	access tenant.Access
	// target is the person the path names.
	target tenant.Person
	// kind and id are those of the method the path names, if it names any; the id may be that
	// of an app.
	kind kind
	id   string
}

// lag is for how long the effect of this call stays unseen.
func (g *Graph) lag(c *call) time.Duration {
	d, _ := c.Context().Value(lagKey{}).(time.Duration)
	return max(d, g.tenant.Switches().ReadLag)
}

// answer is a status and a JSON body; a nil body is none.
type answer struct {
	status int
	body   map[string]any
}

// ServeHTTP finds the route, the caller and the person, asks whether the caller may, and
// lets the route answer.
func (g *Graph) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	identify(w, r, g.tenant.NewID())
	a, err := g.answer(w, r)
	if err != nil {
		a = g.refusal(w, err)
	}
	g.write(w, a)
}

// Refuse answers with an error instead of doing anything, for faults that were ordered.
func (g *Graph) Refuse(w http.ResponseWriter, r *http.Request, e *tenant.Error) {
	identify(w, r, g.tenant.NewID())
	g.write(w, g.refusal(w, e))
}

// identify gives the answer the ids by which support finds it.
func identify(w http.ResponseWriter, r *http.Request, requestID string) {
	clientID := r.Header.Get("client-request-id")
	if clientID == "" || len(clientID) > 64 {
		clientID = requestID
	}
	w.Header().Set("request-id", requestID)
	w.Header().Set("client-request-id", clientID)
}

func (g *Graph) answer(w http.ResponseWriter, r *http.Request) (answer, error) {
	version, segments, err := split(r)
	if err != nil {
		return answer{}, err
	}
	if version == "" {
		return answer{}, g.unknown(r, segments)
	}
	c := &call{Request: r, beta: version == "beta"}
	if c.access, err = g.authenticate(w, r); err != nil {
		return answer{}, err
	}
	rt, values := g.find(r.Method, segments, c.beta)
	if rt == nil {
		return answer{}, g.unknown(r, segments)
	}
	if rt.throttled {
		if wait := g.limit.wait(c.access.ClientID); wait > 0 {
			w.Header().Set("Retry-After", seconds(wait))
			return answer{}, &tenant.Error{Status: http.StatusTooManyRequests, Code: "TooManyRequests", Message: "Too Many Requests"}
		}
	}
	if err := g.aim(c, rt.need, values); err != nil {
		return answer{}, err
	}
	if err := g.allow(c, rt.need); err != nil {
		return answer{}, err
	}
	return rt.serve(c)
}

// aim fills in whom and what the path is about.
func (g *Graph) aim(c *call, n need, values map[string]string) error {
	c.kind, _ = kindOf(values["kind"])
	c.id = values["method"]
	if n.ofTenant() {
		return nil
	}
	who, find := values["person"], g.tenant.Person
	if n.what == sendMail {
		find = g.mailbox
	}
	if who == "" {
		if c.access.AppOnly() {
			return &tenant.Error{Status: http.StatusBadRequest, Code: "BadRequest",
				Message: "/me request is only valid with delegated authentication flow."}
		}
		who = c.access.PersonID
	}
	p, ok := find(who)
	if !ok && n.what == sendMail {
		return &tenant.Error{Status: http.StatusNotFound, Code: "ErrorInvalidUser", Message: "The requested user '" + who + "' is invalid."}
	}
	if !ok {
		return &tenant.Error{Status: http.StatusNotFound, Code: "Request_ResourceNotFound",
			Message: "Resource '" + who + "' does not exist or one of its queried reference-property objects are not present."}
	}
	c.target = p
	return nil
}

// authenticate reads the bearer token.
func (g *Graph) authenticate(w http.ResponseWriter, r *http.Request) (tenant.Access, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	message := "Access token is empty."
	if strings.EqualFold(scheme, "Bearer") && token != "" {
		a, ok := g.tenant.Access(token)
		if ok && a.Resource == "" {
			return a, nil
		}
		message = "Access token validation failure. The token is unknown or has expired."
		if ok {
			message = "Access token validation failure. Invalid audience."
		}
	}
	w.Header().Set("WWW-Authenticate",
		`Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"`)
	return tenant.Access{}, &tenant.Error{Status: http.StatusUnauthorized, Code: "InvalidAuthenticationToken", Message: message}
}

// unknown is what this Graph does not have; somebody should hear of it.
func (g *Graph) unknown(r *http.Request, segments []string) error {
	g.log.Error("the emulated Graph has no such path", "method", r.Method, "path", "/"+strings.Join(anonymous(segments), "/"))
	return &tenant.Error{Status: http.StatusNotImplemented, Code: "NotImplemented",
		Message: "The emulated Graph has no " + r.Method + " for this path."}
}

func (g *Graph) asError(err error) *tenant.Error {
	var e *tenant.Error
	if errors.As(err, &e) {
		return e
	}
	g.log.Error("emulated Graph", "error", err)
	return &tenant.Error{Status: http.StatusInternalServerError, Code: "generalException", Message: "The tenant's state could not be kept."}
}

// split takes a path apart: the version ("" when it names none) and what follows it. What is
// named by a key is two segments.
func split(r *http.Request) (version string, segments []string, err error) {
	for _, s := range strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/") {
		s, err := url.PathUnescape(s)
		if err != nil || s == "" {
			return "", nil, &tenant.Error{Status: http.StatusBadRequest, Code: "BadRequest", Message: "Resource not found for a segment of the path."}
		}
		segments = append(segments, keyed(s)...)
	}
	if segments[0] == "v1.0" || segments[0] == "beta" {
		return segments[0], segments[1:], nil
	}
	return "", segments, nil
}

// keyed takes apart what is named by a key: "applications(appId='x')".
func keyed(segment string) []string {
	for _, name := range []string{"applications(appId", "servicePrincipals(appId", "directoryRoles(roleTemplateId"} {
		if key, ok := strings.CutPrefix(segment, name+"='"); ok && strings.HasSuffix(key, "')") {
			return []string{name + ")", strings.TrimSuffix(key, "')")}
		}
	}
	return []string{segment}
}

// anonymous hides in a path what may name a person or a number.
func anonymous(segments []string) []string {
	out := make([]string, len(segments))
	for i, s := range segments {
		if strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ$.") != "" && s != "v1.0" {
			s = "…"
		}
		out[i] = s
	}
	return out
}

func (g *Graph) write(w http.ResponseWriter, a answer) {
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	b, err := json.Marshal(a.body)
	if err != nil {
		panic("graph: an answer that cannot be written: " + err.Error())
	}
	w.Header().Set("Content-Type", "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8")
	w.Header().Set("Cache-Control", "private")
	w.WriteHeader(a.status)
	if _, err := w.Write(b); err != nil {
		g.log.Debug("emulated Graph: the answer was not taken", "error", err)
	}
}

// refusal is Graph's error envelope.
func (g *Graph) refusal(w http.ResponseWriter, err error) answer {
	e := g.asError(err)
	return answer{e.Status, map[string]any{"error": map[string]any{
		"code": e.Code, "message": e.Message,
		"innerError": map[string]any{
			"message": e.Message, "date": g.tenant.Now().Format("2006-01-02T15:04:05"),
			"request-id": w.Header().Get("request-id"), "client-request-id": w.Header().Get("client-request-id"),
		},
	}}}
}
