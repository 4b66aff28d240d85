package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	msalerr "github.com/AzureAD/microsoft-authentication-library-for-go/apps/errors"

	"rekey/internal/clock"
	"rekey/internal/fault"
)

// refused and down are the two ways in which a sign-in fails. Their causes are our own
// words and numbers: MSAL's errors hold whole answers, with tokens, and whole requests,
// with the client's secret, and are dropped here.
func refused(why string) error {
	return fault.Wrap(fault.Forbidden, "signin.refused", errors.New("signin: "+why))
}

func down(why string) *fault.Error {
	return fault.Wrap(fault.Unavailable, "signin.down", errors.New("signin: "+why))
}

// guarded runs a call of MSAL or of the verifier, maps its error, and turns a panic over
// an odd answer into a refusal.
func guarded[T any](c clock.Clock, call func() (T, error)) (result T, err error) {
	defer func() {
		if recover() != nil {
			err = refused("the library could not cope with the answer")
		}
	}()
	result, err = call()
	return result, translate(err, c.Now())
}

// translate maps an error of MSAL, or of the calls under it, to a fault. Faults and nil
// pass.
func translate(err error, now time.Time) error {
	if err == nil || fault.As(err) != nil {
		return err
	}
	var call msalerr.CallErr
	if errors.As(err, &call) {
		return answered(call.Resp, now)
	}
	var transport *url.Error
	switch {
	case errors.Is(err, context.Canceled):
		return down("given up by the caller")
	case errors.Is(err, context.DeadlineExceeded):
		return down("no answer in time")
	case errors.Is(err, errTooLong):
		return down("answer too long")
	case errors.Is(err, errNotJSON):
		return down("answer is not JSON")
	case errors.As(err, &transport):
		return down("no connection, or it broke")
	}
	return refused("token response not usable")
}

// answered maps an error answer of the sign-in service.
func answered(resp *http.Response, now time.Time) error {
	if resp == nil {
		return down("answer lost")
	}
	var body struct {
		Error string `json:"error"`
		Codes []int  `json:"error_codes"`
	}
	if resp.Body != nil {
		_ = json.NewDecoder(io.LimitReader(resp.Body, answerLimit)).Decode(&body)
	}
	why := "answer " + strconv.Itoa(resp.StatusCode)
	if name := oauthError(body.Error); name != "" {
		why += " " + name
	}
	for _, code := range body.Codes {
		why += fmt.Sprintf(" AADSTS%d", code)
	}
	switch {
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500 || resp.StatusCode < 400:
		f := down(why)
		f.Until = retryAfter(resp, now)
		return f
	case body.Error == "invalid_client" || body.Error == "unauthorized_client" || body.Error == "temporarily_unavailable",
		resp.StatusCode == http.StatusNotFound:
		return down(why) // our registration is wrong: nothing that the person could do better
	}
	return refused(why)
}

// oauthError returns name if it looks like one of OAuth's error names, else "".
func oauthError(name string) string {
	if len(name) > 40 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return ""
	}
	return name
}

// retryAfter reads a Retry-After, seconds or a date, of at most an hour; zero when there
// is none.
func retryAfter(resp *http.Response, now time.Time) time.Time {
	header := resp.Header.Get("Retry-After")
	wait := time.Duration(0)
	if seconds, err := strconv.Atoi(header); err == nil {
		wait = time.Duration(min(seconds, 3600)) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		wait = min(at.Sub(now), time.Hour)
	}
	if wait <= 0 {
		return time.Time{}
	}
	return now.Add(wait)
}
