package graph

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	abs "github.com/microsoft/kiota-abstractions-go"
	khttp "github.com/microsoft/kiota-http-go"
)

// answerLimit is how many bytes of an answer are read. Hundreds of methods fit.
const answerLimit = 4 << 20

var (
	errElsewhere = errors.New("graph: request to another host")
	errStatus    = errors.New("graph: not a success")
	errTooLong   = errors.New("graph: answer too long")
	errNoToken   = errors.New("graph: no token")
)

// exchange is what happened on the wire in one attempt. The SDK loses the status of
// answers that it cannot read, so it is noted below it.
type exchange struct {
	write bool

	token      error // why there is no token
	entered    bool  // the request was handed to the transport
	status     int   // of the answer, 0 when none came
	retryAfter string
	requestID  string // Graph's, for a support case

	dialling, wrote atomic.Bool // told by the network's transport, perhaps on another goroutine
}

type exchangeKey struct{}

// mayBeDone reports whether the request may have reached Graph, given the error that
// the attempt ended with.
func (x *exchange) mayBeDone(err error) bool {
	if !x.entered {
		return false
	}
	if x.dialling.Load() { // the network's own transport: it says when it wrote
		return x.wrote.Load()
	}
	var op *net.OpError
	return !errors.As(err, &op) || op.Op != "dial"
}

func (x *exchange) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn:      func(string) { x.dialling.Store(true) },
		WroteHeaders: func() { x.wrote.Store(true) },
	}
}

// gate is the last middleware before the network. Below it nothing is trusted: an answer
// that is not a success ends here as errStatus, so that no error body and no challenge
// header reaches the SDK's parsers, which panic over some; and of a write's answer only
// the success is passed on.
type gate struct{ base *url.URL }

// Intercept implements khttp.Middleware.
func (g gate) Intercept(pipeline khttp.Pipeline, index int, req *http.Request) (*http.Response, error) {
	x, ok := req.Context().Value(exchangeKey{}).(*exchange)
	if !ok || req.URL.Host != g.base.Host || req.URL.Scheme != g.base.Scheme {
		return nil, errElsewhere
	}
	if err := setLength(req); err != nil {
		return nil, err
	}
	if err := late(req.Context()); err != nil {
		return nil, err
	}
	x.entered = true
	resp, err := pipeline.Next(req.WithContext(httptrace.WithClientTrace(req.Context(), x.trace())), index)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	x.status, x.retryAfter, x.requestID = resp.StatusCode, resp.Header.Get("Retry-After"), resp.Header.Get("request-id")
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, errStatus
	}
	if x.write {
		return success(req), nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit+1))
	if err != nil {
		return nil, err
	}
	if len(body) > answerLimit {
		return nil, errTooLong
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// late returns why a request must not start any more. A process that was stopped and
// continues finds its deadline long over before the timer behind Err has fired; its place
// in the budget, and the lease of its job, may be somebody else's by then (AVL-4).
func late(ctx context.Context) error {
	if at, ok := ctx.Deadline(); ok && !time.Now().Before(at) {
		return context.DeadlineExceeded
	}
	return ctx.Err()
}

// success is an acknowledgement without a body.
func success(req *http.Request) *http.Response {
	return &http.Response{Status: "204 No Content", StatusCode: http.StatusNoContent, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: http.NoBody, Request: req}
}

// setLength gives a request its Content-Length: the SDK sets none, which sends bodies in
// chunks.
func setLength(req *http.Request) error {
	if req.Body == nil || req.Body == http.NoBody {
		return nil
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return err
	}
	req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return nil
}

// bearer puts the application's token on requests.
type bearer struct{ tokens Tokens }

// AuthenticateRequest implements the SDK's authentication.AuthenticationProvider.
func (b bearer) AuthenticateRequest(ctx context.Context, req *abs.RequestInformation, _ map[string]any) error {
	token, err := b.tokens.Token(ctx)
	if err == nil && (token == "" || strings.ContainsAny(token, "\r\n\x00 ")) {
		err = errNoToken
	}
	if err != nil {
		if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
			x.token = err
		}
		return errNoToken
	}
	req.Headers.Add("Authorization", "Bearer "+token)
	return nil
}
