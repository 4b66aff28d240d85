package signin

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"rekey/internal/clock"
)

// Limits of a conversation with the sign-in service.
const (
	connectTime   = 2 * time.Second // AVL-1
	answerLimit   = 1 << 20         // bytes of an answer that are read
	discoveryTime = time.Hour       // how long the discovery document is good
)

// wellKnown is the path of the discovery document below the authority. MSAL adds a lone "?".
const wellKnown = "/v2.0/.well-known/openid-configuration"

var (
	errTooLong = errors.New("signin: answer too long")
	errNotJSON = errors.New("signin: answer is not JSON")
)

// newHTTPClient returns the client that MSAL and the key set use: no redirects, because
// they would carry the client's proof of identity elsewhere, and a time limit of its own,
// because the key set fetches without our context.
func newHTTPClient(base http.RoundTripper, c clock.Clock) *http.Client {
	return &http.Client{
		Transport:     &guard{base: base, clock: c, kept: map[string]keptAnswer{}},
		Timeout:       callTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// network is the way to the real service.
func network() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext = (&net.Dialer{Timeout: connectTime, KeepAlive: 30 * time.Second}).DialContext
	t.TLSHandshakeTimeout = connectTime
	t.ResponseHeaderTimeout = callTime
	return t
}

// guard reads answers whole and within a limit, refuses answers that are no JSON where
// they claim success, and keeps the discovery document, which MSAL would fetch again for
// every sign-in.
type guard struct {
	base  http.RoundTripper
	clock clock.Clock

	mu   sync.Mutex
	kept map[string]keptAnswer
}

type keptAnswer struct {
	body []byte
	at   time.Time
}

// RoundTrip implements http.RoundTripper.
func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	discovery := req.Method == http.MethodGet && strings.HasSuffix(req.URL.Path, wellKnown)
	key := req.URL.Scheme + "://" + req.URL.Host + req.URL.Path
	if discovery {
		if body, ok := g.recall(key); ok {
			return answer(req, body), nil
		}
	}
	resp, err := g.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit+1))
	if err != nil {
		return nil, err
	}
	success := resp.StatusCode >= 200 && resp.StatusCode < 300
	switch {
	case len(body) > answerLimit:
		return nil, errTooLong
	case success && !json.Valid(body):
		return nil, errNotJSON
	case success && discovery:
		g.keep(key, body)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	resp.ContentLength = int64(len(body))
	return resp, nil
}

func (g *guard) recall(key string) ([]byte, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	kept, ok := g.kept[key]
	age := g.clock.Now().Sub(kept.at)
	return kept.body, ok && age >= 0 && age < discoveryTime
}

func (g *guard) keep(key string, body []byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.kept[key] = keptAnswer{body: body, at: g.clock.Now()}
}

func answer(req *http.Request, body []byte) *http.Response {
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, ContentLength: int64(len(body)),
		Body: io.NopCloser(bytes.NewReader(body)), Request: req,
	}
}
