// Package gateway is the text gateway of the demo: an HTTPS interface as telephony providers
// offer it, whose texts arrive on the emulated handsets.
//
// The format is its own; the site reaches it through the same configured adapter as any
// other gateway.
package gateway

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"rekey/internal/emulator/tenant"
)

// Host is where the gateway answers; it can exist nowhere else.
const Host = "sms.gateway.example"

// maxBody is the longest request that is read, in bytes.
const maxBody = 16 << 10

// remembered is how many of the senders' ids are kept.
const remembered = 10000

// Gateway is an http.Handler with one route, POST /v1/messages: bearer key, JSON
// {"from","to","text"} with to in E.164, answered 202 {"id","status":"accepted"}; 401 for a
// wrong key, 400 for anything malformed. A message may carry an "id" of the sender's: a
// second one of the same id gets the first one's answer and is not sent again.
type Gateway struct {
	tenant *tenant.Tenant
	key    string
	log    *slog.Logger

	mu    sync.Mutex
	taken map[string]string
	order []string
}

// New returns the gateway for who holds the key.
func New(t *tenant.Tenant, key string, log *slog.Logger) *Gateway {
	return &Gateway{tenant: t, key: key, log: log, taken: map[string]string{}}
}

type message struct {
	ID   string `json:"id"`
	From string `json:"from"`
	To   string `json:"to"`
	Text string `json:"text"`
}

// ServeHTTP takes a text.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/v1/messages" {
		reply(w, http.StatusNotFound, map[string]string{"error": "not found"})
		return
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		reply(w, http.StatusMethodNotAllowed, map[string]string{"error": "method not allowed"})
		return
	}
	if !g.knows(r) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		reply(w, http.StatusUnauthorized, map[string]string{"error": "unknown key"})
		return
	}
	m, err := read(r)
	if err != nil {
		reply(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	id, err := g.send(m)
	if err != nil {
		g.log.Error("text gateway", "error", err)
		reply(w, http.StatusInternalServerError, map[string]string{"error": "the text could not be kept"})
		return
	}
	reply(w, http.StatusAccepted, map[string]string{"id": id, "status": "accepted"})
}

// send delivers a message once for each id of the sender's, of which the last 10,000 are
// remembered.
func (g *Gateway) send(m message) (string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if id, ok := g.taken[m.ID]; ok {
		return id, nil
	}
	sent, err := g.tenant.Deliver(tenant.Message{Channel: "sms", To: m.To, Text: m.Text})
	if err != nil || m.ID == "" {
		return sent.ID, err
	}
	g.taken[m.ID] = sent.ID
	g.order = append(g.order, m.ID)
	if len(g.order) > remembered {
		delete(g.taken, g.order[0])
		g.order = g.order[1:]
	}
	return sent.ID, nil
}

func (g *Gateway) knows(r *http.Request) bool {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(scheme, "Bearer") && g.key != "" && subtle.ConstantTimeCompare([]byte(key), []byte(g.key)) == 1
}

func read(r *http.Request) (message, error) {
	d := json.NewDecoder(io.LimitReader(r.Body, maxBody))
	d.DisallowUnknownFields()
	var m message
	if err := d.Decode(&m); err != nil {
		return m, errors.New("the body is not a JSON object with from, to and text")
	}
	if err := d.Decode(new(any)); err != io.EOF {
		return m, errors.New("the body goes on after the JSON object, or is too long")
	}
	if m.To == "" || tenant.E164(m.To) != m.To {
		return m, errors.New("to is not a number in E.164")
	}
	if m.Text == "" {
		return m, errors.New("text is empty")
	}
	return m, nil
}

func reply(w http.ResponseWriter, status int, body map[string]string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the line may be cut; there is nobody to tell
}
