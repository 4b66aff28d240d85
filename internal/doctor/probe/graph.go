// Package probe reaches the parts that the doctor looks at over the network: Microsoft
// Graph, whose settings it reads, and hosts whose door it knocks at. It sends nothing that
// changes anything, and leaves judging to doctor.
package probe

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"rekey/internal/doctor"
)

// Limits of one call (AVL-1).
const (
	connectTime = 2 * time.Second
	callTime    = 10 * time.Second
	answerLimit = 4 << 20 // bytes
)

// Waits after an answer that asks to wait. Conditional Access takes one request a second
// and does not say so in the answer (Graph throttling limits).
const (
	defaultWait = 2 * time.Second
	longestWait = 5 * time.Second
	tries       = 3
)

// Graph reads from Microsoft Graph. The SDK is not used: the doctor asks for five things
// of four of its packages.
type Graph struct {
	BaseURL   string            // "https://graph.microsoft.com/v1.0"
	Transport http.RoundTripper // nil: the network, connecting within two seconds
	// Wait waits, or returns early with the context's error; nil waits by a timer.
	Wait func(ctx context.Context, d time.Duration) error
}

var _ doctor.Graph = Graph{}

// Get implements doctor.Graph. While Graph is asked too much it asks again, twice.
func (g Graph) Get(ctx context.Context, token, path string) (doctor.Answer, error) {
	for try := 1; ; try++ {
		answer, wait, err := g.get(ctx, token, path)
		if err != nil || wait == 0 || try == tries {
			return answer, err
		}
		if err := g.wait(ctx, wait); err != nil {
			return doctor.Answer{}, errors.New("no answer in time")
		}
	}
}

// get asks once. A wait is how long to wait before asking again, 0 for not at all.
func (g Graph) get(ctx context.Context, token, path string) (answer doctor.Answer, wait time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, g.BaseURL+path, nil)
	if err != nil {
		return answer, 0, errors.New("the address makes no sense")
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/json")
	if strings.Contains(path, "$count=true") { // Graph answers such a question with this header alone
		req.Header.Set("ConsistencyLevel", "eventual")
	}
	resp, err := g.client().Do(req)
	if err != nil {
		return answer, 0, reason(ctx, err)
	}
	defer resp.Body.Close()
	answer.Status = resp.StatusCode
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		answer.Date = at
	}
	if resp.StatusCode == http.StatusTooManyRequests {
		return answer, patience(resp.Header.Get("Retry-After")), nil
	}
	answer.Body, err = io.ReadAll(io.LimitReader(resp.Body, answerLimit))
	if err != nil {
		return doctor.Answer{}, 0, reason(ctx, err)
	}
	return answer, 0, nil
}

// client follows no redirects: they could carry the token elsewhere.
func (g Graph) client() *http.Client {
	transport := g.Transport
	if transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.DialContext = (&net.Dialer{Timeout: connectTime}).DialContext
		t.TLSHandshakeTimeout = connectTime
		t.DisableKeepAlives = true // a handful of calls, and nobody to close the lines
		transport = t
	}
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (g Graph) wait(ctx context.Context, d time.Duration) error {
	if g.Wait != nil {
		return g.Wait(ctx, d)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// patience reads a Retry-After in seconds.
func patience(header string) time.Duration {
	if seconds, err := strconv.Atoi(header); err == nil && seconds > 0 {
		return min(time.Duration(min(seconds, 60))*time.Second, longestWait)
	}
	return defaultWait
}

// reason puts a failed connection in words, without the request that it was for.
func reason(ctx context.Context, err error) error {
	var call *url.Error
	if errors.As(err, &call) {
		err = call.Err
	}
	if ctx.Err() != nil {
		return errors.New("no answer in time")
	}
	return err
}
