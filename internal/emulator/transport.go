package emulator

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Transport hands requests for Microsoft's and the text gateway's hosts to the emulated
// services, in this process, and refuses every other host, so that nothing leaves the
// machine. A line that was ordered to be cut ends in io.ErrUnexpectedEOF.
func (e *Emulator) Transport() http.RoundTripper { return transport{e} }

type transport struct{ e *Emulator }

// RoundTrip runs the service on a copy of the request. It never changes the request and
// always closes its body.
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	body := io.ReadCloser(http.NoBody)
	if req.Body != nil {
		body = req.Body
	}
	defer body.Close()
	next, ok := t.e.hosts[strings.ToLower(strings.TrimSuffix(req.URL.Host, ":443"))]
	if !ok || req.URL.Scheme != "https" {
		return nil, fmt.Errorf("emulator: the demo reaches no other host, %s://%s neither", req.URL.Scheme, req.URL.Host)
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	w := newMemory()
	err := w.run(next, inward(req, body))
	if gone := req.Context().Err(); gone != nil {
		return nil, gone
	}
	if err != nil {
		return nil, err
	}
	return w.response(req), nil
}

// CloseIdleConnections does nothing; there are none.
func (t transport) CloseIdleConnections() {}

// inward makes of an outgoing request one as a server receives it. Clients may leave Host
// and protocol empty.
func inward(req *http.Request, body io.ReadCloser) *http.Request {
	in := req.Clone(req.Context())
	in.Body = body
	in.Host = req.URL.Host
	in.RemoteAddr = "127.0.0.1:0"
	in.RequestURI = req.URL.RequestURI()
	in.Proto, in.ProtoMajor, in.ProtoMinor = "HTTP/1.1", 1, 1
	if in.Method == "" {
		in.Method = http.MethodGet
	}
	if in.Header == nil {
		in.Header = http.Header{}
	}
	return in
}

// memory is an answer that stays in this process.
type memory struct {
	header http.Header
	sent   http.Header
	code   int
	body   bytes.Buffer
}

func newMemory() *memory { return &memory{header: http.Header{}} }

func (m *memory) Header() http.Header { return m.header }

func (m *memory) WriteHeader(code int) {
	if m.code != 0 || code < 200 {
		return
	}
	m.code, m.sent = code, m.header.Clone()
}

func (m *memory) Write(b []byte) (int, error) {
	m.WriteHeader(http.StatusOK)
	return m.body.Write(b)
}

// run serves a request. A handler that cuts the line, or panics, is a line that was cut.
func (m *memory) run(h http.Handler, r *http.Request) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = io.ErrUnexpectedEOF
			if e, ok := p.(error); !ok || !errors.Is(e, http.ErrAbortHandler) {
				err = fmt.Errorf("emulator: the service failed: %v: %w", p, io.ErrUnexpectedEOF)
			}
		}
	}()
	h.ServeHTTP(m, r)
	m.WriteHeader(http.StatusOK)
	return nil
}

func (m *memory) response(req *http.Request) *http.Response {
	if req.Method == http.MethodHead {
		m.body.Reset()
	}
	length := int64(m.body.Len())
	if m.sent.Get("Content-Length") == "" && m.code != http.StatusNoContent {
		m.sent.Set("Content-Length", strconv.FormatInt(length, 10))
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", m.code, http.StatusText(m.code)), StatusCode: m.code,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: m.sent,
		Body: io.NopCloser(&m.body), ContentLength: length, Request: req,
	}
}
