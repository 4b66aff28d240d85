package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"rekey/internal/emulator/gallery"
	"rekey/internal/emulator/tenant"
)

// Prefix is where the demo's own surface begins.
const Prefix = "/_emulator"

// maxControl is the longest body of a request to the control surface, in bytes.
const maxControl = 64 << 10

// control serves the demo's own surface: orders and looks for scripts and tests, the
// emulated services for other clients, and the pages.
func (e *Emulator) control(login, rest, pages http.Handler) http.Handler {
	own := http.NewServeMux()
	for _, c := range []struct {
		path    string
		methods map[string]http.HandlerFunc
	}{
		{"/messages", map[string]http.HandlerFunc{"GET": e.messages}},
		{"/requests", map[string]http.HandlerFunc{"GET": e.requests}},
		{"/tenant", map[string]http.HandlerFunc{"GET": e.people}},
		{"/people/{person}/methods", map[string]http.HandlerFunc{"POST": e.addMethod}},
		{"/people/{person}/default", map[string]http.HandlerFunc{"POST": e.setDefault}},
		{"/handsets/{number}/move", map[string]http.HandlerFunc{"POST": e.moveNumber}},
		{"/handsets/{number}", map[string]http.HandlerFunc{"POST": e.setHandset, "GET": pages.ServeHTTP}},
		{"/faults", map[string]http.HandlerFunc{"POST": e.orderFault, "DELETE": e.clearFaults}},
		{"/clock", map[string]http.HandlerFunc{"POST": e.moveClock}},
		{"/signin", map[string]http.HandlerFunc{"POST": e.signInDirectly}},
		{"/join", map[string]http.HandlerFunc{"POST": notByBrowser(e.join)}},
		{"/join/{replica}", map[string]http.HandlerFunc{"GET": notByBrowser(e.replicaClock)}},
		{"/join/{replica}/picture", map[string]http.HandlerFunc{"POST": notByBrowser(e.replicaPicture)}},
		{"/join/{replica}/authorize", map[string]http.HandlerFunc{"POST": notByBrowser(e.replicaSignIn)}},
	} {
		own.HandleFunc(Prefix+c.path, byMethod(c.methods))
	}
	own.Handle(Prefix+"/graph/", http.StripPrefix(Prefix+"/graph", rest))
	own.Handle(Prefix+"/entra/", login)
	shown := gallery.New(gallery.Options{})
	own.Handle("GET "+gallery.Prefix, shown)
	own.Handle("GET "+gallery.Prefix+"/", shown)
	own.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead && !strings.HasPrefix(r.URL.Path, Prefix+"/devices/") {
			fail(w, http.StatusNotFound, "There is nothing at this address.")
			return
		}
		pages.ServeHTTP(w, r)
	})
	return local(e.byHost(own))
}

// byMethod answers 405 with what is allowed.
func byMethod(methods map[string]http.HandlerFunc) http.HandlerFunc {
	var allowed []string
	for m := range methods {
		allowed = append(allowed, m)
	}
	slices.Sort(allowed)
	allow := strings.Join(allowed, ", ")
	return func(w http.ResponseWriter, r *http.Request) {
		if h, ok := methods[r.Method]; ok {
			h(w, r)
			return
		}
		if h, ok := methods[http.MethodGet]; ok && r.Method == http.MethodHead {
			h(w, r)
			return
		}
		w.Header().Set("Allow", allow)
		fail(w, http.StatusMethodNotAllowed, "This address takes "+allow+" only.")
	}
}

// notByBrowser refuses browsers, whatever page they are on: what is answered here is secret.
func notByBrowser(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for name := range r.Header {
			if name == "Origin" || strings.HasPrefix(name, "Sec-Fetch-") {
				fail(w, http.StatusForbidden, "This address is for programs, not for browsers.")
				return
			}
		}
		host := (&url.URL{Host: r.Host}).Hostname()
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			fail(w, http.StatusMisdirectedRequest, "The demo has no such name.")
			return
		}
		next(w, r)
	}
}

// local lets in this machine only, and no order that another site's page gives through the
// browser of somebody who runs the demo.
func local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
			fail(w, http.StatusForbidden, "The demo answers this machine only.")
			return
		}
		if o := r.Header.Get("Origin"); o != "" && !sameHost(o, r.Host) && !strings.HasPrefix(r.URL.Path, Prefix+"/entra/") {
			fail(w, http.StatusForbidden, "The demo takes no orders from another site's pages.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func sameHost(origin, host string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host == host && host != ""
}

// read reads a JSON object with no fields but those of v. It answers 400 itself and reports
// false when it is something else.
func read(w http.ResponseWriter, r *http.Request, v any) bool {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxControl))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil && d.Decode(new(any)) != io.EOF {
		err = errors.New("something follows the object")
	}
	if err != nil {
		fail(w, http.StatusBadRequest, "The body is not the JSON object that this address takes: "+err.Error()+".")
		return false
	}
	return true
}

// refused is an error whose text is a sentence for whoever gave the order.
type refused string

func (r refused) Error() string { return string(r) }

func sentence(format string, args ...any) error { return refused(fmt.Sprintf(format, args...)) }

// fail answers an error as a sentence.
func fail(w http.ResponseWriter, status int, sentence string) {
	reply(w, status, map[string]string{"error": sentence})
}

// failWith answers a refusal of the tenant, or 500.
func (e *Emulator) failWith(w http.ResponseWriter, err error) {
	var rule *tenant.Error
	if errors.As(err, &rule) {
		fail(w, rule.Status, rule.Message)
		return
	}
	e.log.Error("emulator: the tenant could not be kept", "error", err)
	fail(w, http.StatusInternalServerError, "The tenant could not be kept; the log says why.")
}

// setDefault changes the default second factor of a person, as they do at Microsoft.
func (e *Emulator) setDefault(w http.ResponseWriter, r *http.Request) {
	var in struct {
		ID string `json:"id"`
	}
	if !read(w, r, &in) {
		return
	}
	e.told(w, e.tenant.SetDefault(r.PathValue("person"), in.ID))
}

// moveNumber puts the SIM of a number into another handset.
func (e *Emulator) moveNumber(w http.ResponseWriter, r *http.Request) {
	var in struct {
		To string `json:"to"`
	}
	if !read(w, r, &in) {
		return
	}
	e.told(w, e.tenant.MoveNumber(r.PathValue("number"), in.To))
}

// told answers how an order about the tenant ended.
func (e *Emulator) told(w http.ResponseWriter, err error) {
	var refusal *tenant.Error
	switch {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case errors.As(err, &refusal):
		fail(w, refusal.Status, refusal.Message)
	default:
		e.log.Error("an order was not kept", "err", err)
		fail(w, http.StatusInternalServerError, "That could not be kept.")
	}
}
