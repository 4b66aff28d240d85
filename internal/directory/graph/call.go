package graph

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/limit"
	"rekey/internal/tx"
)

// Waits after an answer that asks to wait.
const (
	defaultWait = 10 * time.Second // when it does not say how long
	longestWait = time.Hour        // when it says too much
)

// errNotThere says that the tenant does not have what was asked for. It does not leave this
// package.
var errNotThere = errors.New("graph: the tenant does not have that")

// operation is what a call is, for the log and the rules.
type operation struct {
	name    string
	write   bool
	charged bool // it counts against the budget
	inPlace bool // a write to a method that was there when it was read: 404 means that it went
	// optional is a read of what a tenant may have no licence for, which Graph answers with 400.
	optional bool
}

// call runs one operation of the SDK under every rule of this package: no transaction,
// a place in the budget, a deadline (the caller's when that is earlier), panics caught,
// and an error that is ours. A token that Graph refuses is dropped and the call made once
// more, which is safe for writes too: 401 means that nothing was done.
func (c *Client) call(ctx context.Context, op operation, do func(context.Context) error) error {
	if err := tx.Refuse(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	var place limit.Claim
	if op.charged {
		var err error
		if place, err = c.budget.take(ctx, c.classOf(op)); err != nil {
			return err
		}
	}
	began := c.clock.Now()
	x, err := c.attempt(ctx, op, do)
	sent := x.entered
	if x.status == http.StatusUnauthorized {
		c.tokens.Drop()
		x, err = c.attempt(ctx, op, do)
	}
	if op.charged {
		c.settle(ctx, place, sent)
	}
	result := c.outcome(ctx, op, x, err)
	c.note(ctx, op, x, result, c.clock.Now().Sub(began))
	return result
}

// classOf returns how urgent an operation is.
func (c *Client) classOf(op operation) Class {
	if op.write {
		return Write
	}
	return c.class
}

// settle writes down the end of a call. Where that fails the place only counts longer.
func (c *Client) settle(ctx context.Context, place limit.Claim, sent bool) {
	if err := c.budget.done(ctx, place, sent); err != nil {
		c.log.WarnContext(ctx, "graph budget: the end of a call was not written down", "err", err.Error())
	}
}

// pause makes all processes wait. Where that fails they get their own 429.
func (c *Client) pause(ctx context.Context, until time.Time) {
	if err := c.budget.pause(ctx, until); err != nil {
		c.log.WarnContext(ctx, "graph budget: the other processes were not told to wait", "err", err.Error())
	}
}

// attempt runs do with a fresh record of the wire.
func (c *Client) attempt(ctx context.Context, op operation, do func(context.Context) error) (x *exchange, err error) {
	x = &exchange{write: op.write}
	defer func() {
		if recover() != nil {
			err = errOdd // the SDK could not cope with the answer
		}
	}()
	return x, do(context.WithValue(ctx, exchangeKey{}, x))
}

// outcome says what an attempt came to, by the status first and never by words.
func (c *Client) outcome(ctx context.Context, op operation, x *exchange, err error) error {
	why := op.name + ": " + reason(ctx, x, err)
	switch {
	case x.status == 0 && err != nil:
		return unanswered(op, x, err, why)
	case x.status == 0:
		return down(why, time.Time{})
	case x.status >= 200 && x.status <= 299:
		if op.write || err == nil {
			return nil
		}
		if f := fault.As(err); f != nil {
			return f
		}
		return down(why, time.Time{})
	}
	return c.refusal(ctx, op, x, why)
}

// unanswered is the outcome when no answer came.
func unanswered(op operation, x *exchange, err error, why string) error {
	if op.write && x.mayBeDone(err) {
		return fmt.Errorf("%w: %s", directory.ErrOutcomeUnknown, why)
	}
	if f := fault.As(x.token); f != nil {
		return down(why, f.Until)
	}
	return down(why, time.Time{})
}

// refusal is the outcome of an answer that is not a success.
func (c *Client) refusal(ctx context.Context, op operation, x *exchange, why string) error {
	cause := errors.New("graph: " + why)
	switch x.status {
	case http.StatusTooManyRequests:
		until := c.until(x.retryAfter, defaultWait)
		if op.charged {
			c.pause(ctx, until)
		}
		return &fault.Error{Kind: fault.Limited, Key: "directory.busy", Until: until, Err: cause}
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		if op.write {
			return fault.Wrap(fault.Invalid, "directory.refused", cause)
		}
		if op.optional {
			return errNotThere
		}
	case http.StatusForbidden:
		return fault.Wrap(fault.Forbidden, "directory.permission", cause)
	case http.StatusNotFound:
		if op.inPlace {
			return fault.Wrap(fault.Conflict, "directory.conflict", cause)
		}
		return fault.Wrap(fault.NotFound, "directory.not-found", cause)
	case http.StatusConflict:
		return fault.Wrap(fault.Conflict, "directory.conflict", cause)
	case http.StatusMethodNotAllowed, http.StatusNotImplemented: // a cloud that has no such methods: asking again is no use
		if op.write {
			return fault.Wrap(fault.Invalid, "directory.refused", cause)
		}
	case http.StatusServiceUnavailable:
		return down(why, c.until(x.retryAfter, 0))
	}
	if op.write && x.status >= 500 {
		return fmt.Errorf("%w: %s", directory.ErrOutcomeUnknown, why)
	}
	return down(why, time.Time{})
}

func down(why string, until time.Time) error {
	return &fault.Error{Kind: fault.Unavailable, Key: "directory.down", Until: until, Err: errors.New("graph: " + why)}
}

// until reads a Retry-After, seconds or a date. Without one the wait is otherwise, and
// zero stands for no time at all.
func (c *Client) until(retryAfter string, otherwise time.Duration) time.Time {
	now, wait := c.clock.Now(), otherwise
	if seconds, err := strconv.Atoi(retryAfter); err == nil && seconds >= 0 {
		wait = time.Duration(min(seconds, int(longestWait/time.Second))) * time.Second
	} else if at, err := http.ParseTime(retryAfter); err == nil {
		wait = min(max(at.Sub(now), 0), longestWait)
	}
	if wait == 0 && otherwise == 0 {
		return time.Time{}
	}
	return now.Add(max(wait, time.Second))
}

// reason puts an attempt in words of ours: errors of the SDK, of the transport and of the
// answer may hold numbers, ids and tokens.
func reason(ctx context.Context, x *exchange, err error) string {
	switch {
	case x.token != nil:
		if f := fault.As(x.token); f != nil {
			return "no token: " + f.Error()
		}
		return "no token"
	case x.status != 0 && (x.status < 200 || x.status > 299):
		return "answer " + strconv.Itoa(x.status)
	case errors.Is(ctx.Err(), context.Canceled):
		return "given up by the caller"
	case ctx.Err() != nil:
		return "no answer in time"
	case x.status != 0 && err != nil:
		return "answer " + strconv.Itoa(x.status) + " makes no sense"
	case errors.Is(err, errElsewhere):
		return "request to another host"
	case !x.mayBeDone(err):
		return "no connection"
	}
	return "the line broke"
}

// note writes the one log line of a call.
func (c *Client) note(ctx context.Context, op operation, x *exchange, result error, took time.Duration) {
	attrs := []slog.Attr{slog.String("call", op.name), slog.Int("status", x.status), slog.Duration("took", took)}
	if guid(x.requestID) {
		attrs = append(attrs, slog.String("graph_request", x.requestID))
	}
	level := slog.LevelDebug
	switch {
	case fault.Is(result, fault.Forbidden):
		level = slog.LevelError
	case result != nil && !fault.Is(result, fault.NotFound):
		level = slog.LevelWarn
	}
	if result != nil {
		attrs = append(attrs, slog.String("err", result.Error()))
	}
	c.log.LogAttrs(ctx, level, "graph call", attrs...)
}
