package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"rekey/internal/message"
)

// answerLimit is how much of an answer is read, in bytes.
const answerLimit = 64 << 10

// The waits after 429 and 503: without Retry-After, and at most.
const (
	usualWait   = time.Minute
	longestWait = time.Hour
)

// judge sorts Graph's answer.
func (g *Graph) judge(ctx context.Context, m message.Message, r *http.Response) error {
	switch status := r.StatusCode; {
	case status == http.StatusAccepted:
		g.log.InfoContext(ctx, "Graph took the mail", "message", m.ID)
		return nil
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		f := unavailable(ctx, g.log, m, fmt.Errorf("mail: Graph answered %d and asks to wait", status))
		f.Until = g.clock.Now().Add(g.wait(r.Header.Get("Retry-After")))
		return f
	case status < 300, status >= 500:
		return uncertain(ctx, g.log, m, fmt.Sprintf("Graph answered %d", status))
	}
	code := errorCode(r.Body)
	told := fmt.Errorf("mail: Graph answered %d %s", r.StatusCode, code)
	if r.StatusCode == http.StatusBadRequest && code == "ErrorInvalidRecipients" {
		return refused(ctx, g.log, m, told)
	}
	g.log.ErrorContext(ctx, "Graph does not let us send mail: check the mailbox in the mail settings and the permission Mail.Send; see rekey doctor",
		"status", r.StatusCode, "code", code, "message", m.ID)
	return unavailable(ctx, g.log, m, told)
}

// errorCode returns the code of Graph's error envelope, a word of letters; "" for any
// other answer. The words beside it are left out: they may quote the request.
func errorCode(body io.Reader) string {
	var answer struct {
		Error struct {
			Code string `json:"code"`
		} `json:"error"`
	}
	content, err := io.ReadAll(io.LimitReader(body, answerLimit))
	err = errors.Join(err, json.Unmarshal(content, &answer))
	if err != nil || !regexp.MustCompile(`^[A-Za-z_]{1,60}$`).MatchString(answer.Error.Code) {
		return ""
	}
	return answer.Error.Code
}

// wait reads Retry-After, in seconds or as a date (RFC 9110, 10.2.3).
func (g *Graph) wait(after string) time.Duration {
	wait := usualWait
	if seconds, err := strconv.ParseInt(after, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(after); err == nil {
		wait = at.Sub(g.clock.Now())
	}
	return min(max(wait, time.Second), longestWait)
}
