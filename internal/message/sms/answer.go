package sms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"rekey/internal/fault"
	"rekey/internal/message"
)

// answerLimit is how much of an answer is read, in bytes.
const answerLimit = 64 << 10

// The waits after a 429: without Retry-After, and at most.
const (
	usualWait   = time.Minute
	longestWait = time.Hour
)

// progress remembers how far a request came on its line.
type progress struct{ asked, wrote atomic.Bool }

func (p *progress) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:          func(string) { p.asked.Store(true) },
		WroteHeaderField: func(string, []string) { p.wrote.Store(true) },
		WroteHeaders:     func() { p.wrote.Store(true) },
	})
}

// nothingSent reports whether the gateway certainly saw no part of the request: the line
// never stood, or the transport tells its progress and wrote nothing. A transport that
// tells nothing leaves it open.
func (p *progress) nothingSent(err error) bool {
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		return true
	}
	return p.asked.Load() && !p.wrote.Load()
}

// broken turns an exchange without an answer into what the caller learns. The reason of
// a line that broke after sending is only a class: the error's own text may quote what
// the other side wrote, and that may quote the message.
func (s *Sender) broken(ctx context.Context, m message.Message, line *progress, err error) error {
	if line.nothingSent(err) {
		return s.refused(ctx, m, 0, fmt.Errorf("sms: no line to the gateway: %w", err))
	}
	if ctx.Err() != nil {
		return s.uncertain(ctx, m, 0, "no answer in time")
	}
	return s.uncertain(ctx, m, 0, "the line broke before an answer")
}

func (s *Sender) judge(ctx context.Context, m message.Message, r *http.Response) error {
	switch status := r.StatusCode; {
	case status == http.StatusTooManyRequests:
		f := s.refused(ctx, m, status, errors.New("sms: the gateway asks to wait"))
		f.Until = s.clock.Now().Add(s.wait(r.Header.Get("Retry-After")))
		return f
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		s.log.ErrorContext(ctx, "the gateway refuses our credentials: check the sms settings, above all its headers",
			"status", status, "message", m.ID)
		return fault.Wrap(fault.Unavailable, Refused, errors.New("sms: the gateway refuses our credentials"))
	case status >= 500:
		return s.uncertain(ctx, m, status, "the gateway failed")
	case !slices.Contains(s.gateway.SuccessStatus, status):
		return s.refused(ctx, m, status, fmt.Errorf("sms: the gateway answered %d", status))
	}
	return s.judgeField(ctx, m, r)
}

// judgeField reads the answer and compares the field of the success rule.
func (s *Sender) judgeField(ctx context.Context, m message.Message, r *http.Response) error {
	answer, err := io.ReadAll(io.LimitReader(r.Body, answerLimit+1))
	if s.gateway.SuccessField != "" {
		if err != nil || len(answer) > answerLimit {
			return s.uncertain(ctx, m, r.StatusCode, "the answer was cut or too long")
		}
		tree, err := decode(answer)
		if err != nil {
			return s.uncertain(ctx, m, r.StatusCode, "the answer is not JSON")
		}
		if found, ok := find(tree, s.gateway.SuccessField); !ok || found != s.gateway.SuccessValue {
			return s.refused(ctx, m, r.StatusCode, errors.New("sms: the answer's field does not say success"))
		}
	}
	s.log.InfoContext(ctx, "the gateway took the text", "status", r.StatusCode, "message", m.ID)
	return nil
}

// find returns the text, number or truth value at a path of names and positions.
func find(tree any, path string) (string, bool) {
	for step := range strings.SplitSeq(path, ".") {
		switch v := tree.(type) {
		case map[string]any:
			tree = v[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(v) {
				return "", false
			}
			tree = v[i]
		default:
			return "", false
		}
	}
	switch v := tree.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

// wait reads Retry-After, in seconds or as a date (RFC 9110, 10.2.3).
func (s *Sender) wait(after string) time.Duration {
	wait := usualWait
	if seconds, err := strconv.ParseInt(after, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(after); err == nil {
		wait = at.Sub(s.clock.Now())
	}
	return min(max(wait, time.Second), longestWait)
}
