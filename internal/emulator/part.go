package emulator

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"rekey/internal/emulator/graph"
	"rekey/internal/emulator/tenant"
)

// clientGone is recorded for a request whose caller left while it was delayed.
const clientGone = 499

// part is one of the services that requests are recorded of and faults are ordered for.
type part struct {
	// name is graph, entra or sms; prefix is cut off paths before they are recorded.
	name, prefix string
	next         http.Handler
	// faulty says which requests faults befall; nil is all.
	faulty func(*http.Request) bool
	// caller names who asks; nil is nobody.
	caller func(*http.Request) string
	// refuse answers with a status that was ordered, in the service's own words.
	refuse func(http.ResponseWriter, *http.Request, int)
}

// part wraps a service: what was ordered to go wrong goes wrong, and the request is
// recorded with the status it got, or would have got before the line was cut.
func (e *Emulator) part(p part) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller := ""
		if p.caller != nil {
			caller = p.caller(r)
		}
		seen := &watched{ResponseWriter: w}
		var faults []tenant.Fault
		if p.faulty == nil || p.faulty(r) {
			faults = e.tenant.Take(p.name, r.Method != http.MethodGet && r.Method != http.MethodHead)
		}
		cut := e.serve(seen, r, p, faults)
		e.tenant.Record(tenant.Request{Part: p.name, Method: r.Method, Path: strings.TrimPrefix(r.URL.Path, p.prefix),
			Status: seen.status(), Caller: caller})
		if cut {
			// net/http cuts the connection on this value, and so does Transport.
			panic(http.ErrAbortHandler)
		}
	})
}

// serve answers under the faults and reports whether the line is to be cut.
func (e *Emulator) serve(w *watched, r *http.Request, p part, faults []tenant.Fault) (cut bool) {
	for _, f := range faults {
		switch f.Kind {
		case "delay":
			if !sleep(r.Context(), time.Duration(f.Seconds*float64(time.Second))) {
				w.code = clientGone
				return true
			}
		case "status":
			if f.RetryAfter > 0 {
				w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
			}
			p.refuse(w, r, f.Status)
			return false
		case "hangup-after":
			cut = true
			w.ResponseWriter = &discarded{header: http.Header{}}
		case "lag":
			r = r.WithContext(graph.WithLag(r.Context(), time.Duration(f.Seconds*float64(time.Second))))
		}
	}
	p.next.ServeHTTP(w, r)
	return cut
}

// sleep waits in real time and reports false when the caller left first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// watched remembers the status of an answer.
type watched struct {
	http.ResponseWriter
	code int
}

func (w *watched) WriteHeader(code int) {
	if w.code == 0 {
		w.code = code
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *watched) Write(b []byte) (int, error) {
	if w.code == 0 {
		w.code = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach what is underneath.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *watched) status() int {
	if w.code == 0 {
		return http.StatusOK
	}
	return w.code
}

// discarded is where the answer goes when the line is cut.
type discarded struct{ header http.Header }

func (d *discarded) Header() http.Header         { return d.header }
func (d *discarded) Write(b []byte) (int, error) { return len(b), nil }
func (d *discarded) WriteHeader(int)             {}

// isProtocol tells the sign-in's protocol endpoints from its pages and documents.
func isProtocol(r *http.Request) bool {
	return strings.HasSuffix(r.URL.Path, "/oauth2/v2.0/token") || strings.HasSuffix(r.URL.Path, "/oauth2/v2.0/authorize")
}

func (e *Emulator) callerOfGraph(r *http.Request) string {
	_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	a, _ := e.tenant.Access(token)
	return e.appName(a.ClientID)
}

// callerOfEntra reads the client id of the query, or of the form that a token is asked for
// with. The form is parsed once; the service finds it in the request.
func (e *Emulator) callerOfEntra(r *http.Request) string {
	if id := r.URL.Query().Get("client_id"); id != "" {
		return e.appName(id)
	}
	if r.Method != http.MethodPost || !isProtocol(r) {
		return ""
	}
	r.Body = http.MaxBytesReader(nil, r.Body, 1<<20)
	return e.appName(r.PostFormValue("client_id"))
}

func (e *Emulator) appName(clientID string) string {
	if a, ok := e.tenant.App(clientID); ok {
		return a.Name
	}
	return clientID
}

func (e *Emulator) refuseGraph(w http.ResponseWriter, r *http.Request, status int) {
	code := map[int]string{429: "TooManyRequests", 503: "serviceNotAvailable", 504: "gatewayTimeout", 401: "InvalidAuthenticationToken",
		403: "accessDenied", 404: "resourceNotFound"}[status]
	if code == "" {
		code = "generalException"
	}
	e.graph.Refuse(w, r, &tenant.Error{Status: status, Code: code, Message: "This answer was ordered."})
}

func refuseEntra(w http.ResponseWriter, _ *http.Request, status int) {
	code, number := "temporarily_unavailable", 90033
	if status < 500 && status != http.StatusTooManyRequests {
		code, number = "invalid_request", 900144
	}
	reply(w, status, map[string]any{"error": code, "error_codes": []int{number},
		"error_description": fmt.Sprintf("AADSTS%d: This answer was ordered.", number)})
}

func refuseSMS(w http.ResponseWriter, _ *http.Request, status int) {
	reply(w, status, map[string]string{"error": "this answer was ordered"})
}

// reply answers JSON.
func reply(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		panic("emulator: an answer that cannot be written: " + err.Error())
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // the line may be cut; there is nobody to tell
}
