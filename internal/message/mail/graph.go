package mail

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"rekey/internal/clock"
	"rekey/internal/fault"
	"rekey/internal/mailbox"
	"rekey/internal/message"
	"rekey/internal/tx"
)

// graphAddress is Microsoft Graph in the global cloud.
const graphAddress = "https://graph.microsoft.com/v1.0"

// Tokens are the access tokens of the app registration that sends; it needs the
// application permission Mail.Send. Drop forgets the present one: the service refused it.
type Tokens interface {
	Token(ctx context.Context) (string, error)
	Drop()
}

// GraphOptions are what a Graph sender needs.
type GraphOptions struct {
	From      string // the mailbox from which mails are sent
	Tokens    Tokens
	Transport http.RoundTripper // nil: a transport of its own, to the real network
	Timeout   time.Duration     // for the whole exchange
	Clock     clock.Clock
	Log       *slog.Logger
}

// Graph hands mails to Microsoft Graph. It is safe for concurrent use.
//
// It speaks plain HTTP: one call is not worth the SDK, which has its home elsewhere and
// would repeat the request by itself.
type Graph struct {
	address   string
	tokens    Tokens
	transport http.RoundTripper
	timeout   time.Duration
	clock     clock.Clock
	log       *slog.Logger
}

var _ message.Sender = (*Graph)(nil)

// NewGraph returns a sender, or an error that lists every mistake in the options.
func NewGraph(o GraphOptions) (*Graph, error) {
	mistakes := From{Address: o.From}.Mistakes()
	if o.Timeout < time.Second || o.Timeout > Longest {
		mistakes = append(mistakes, fmt.Sprintf("timeout: use a time from 1s to %v, the person waits for it.", Longest))
	}
	if len(mistakes) > 0 {
		return nil, errors.New("mail: " + strings.Join(mistakes, "\n"))
	}
	from, err := mailbox.Parse(o.From)
	if err != nil {
		return nil, err
	}
	if o.Transport == nil {
		o.Transport = ownTransport()
	}
	return &Graph{address: graphAddress + "/users/" + url.PathEscape(from.Wire()) + "/sendMail", tokens: o.Tokens,
		transport: o.Transport, timeout: o.Timeout, clock: o.Clock, log: o.Log.With("mail", "graph")}, nil
}

func ownTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: connectTimeout}).DialContext,
		TLSHandshakeTimeout:    connectTimeout,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        time.Minute,
		MaxResponseHeaderBytes: answerLimit,
	}
}

// Channel returns message.Mail.
func (g *Graph) Channel() message.Channel { return message.Mail }

// Close ends the idle lines to Graph.
func (g *Graph) Close() {
	if t, ok := g.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// Send hands one mail to Graph and waits for its answer, at most the timeout. See
// message.Sender and the package comment for its errors.
func (g *Graph) Send(ctx context.Context, m message.Message) error {
	if err := tx.Refuse(ctx); err != nil {
		return err
	}
	body, err := g.body(m)
	if err != nil {
		g.log.ErrorContext(ctx, "a mail cannot be sent", "message", m.ID, "reason", err.Error())
		return fault.Wrap(fault.Invalid, Refused, err)
	}
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	// A token may have ended by the service's clock and not by ours. A 401 is no mail.
	for last := false; ; last = true {
		again, err := g.once(ctx, m, body, last)
		if !again {
			return err
		}
		g.tokens.Drop()
	}
}

// once makes one request. again says that the token was refused and another one may do.
func (g *Graph) once(ctx context.Context, m message.Message, body []byte, last bool) (again bool, err error) {
	token, err := g.tokens.Token(ctx)
	if err != nil {
		return false, unavailable(ctx, g.log, m, errors.New("mail: no token for Graph"))
	}
	var line progress
	request, err := http.NewRequestWithContext(line.watch(ctx), http.MethodPost, g.address, bytes.NewReader(body))
	if err != nil {
		return false, unavailable(ctx, g.log, m, errors.New("mail: the request cannot be made"))
	}
	// Without GetBody the transport cannot send the same mail twice by itself.
	request.GetBody = nil
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "Rekey")
	response, err := g.transport.RoundTrip(request)
	if err != nil {
		if line.nothingSent(err) {
			return false, unavailable(ctx, g.log, m, errors.New("mail: no line to Graph"))
		}
		return false, uncertain(ctx, g.log, m, "no answer from Graph")
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusUnauthorized && !last {
		return true, nil
	}
	return false, g.judge(ctx, m, response)
}

// body is what sendMail takes (Microsoft Graph v1.0, user: sendMail). Own header fields
// must begin with x-, so that Auto-Submitted cannot be set. There is one body: Exchange makes
// the text for programs that show no HTML out of it.
func (g *Graph) body(m message.Message) ([]byte, error) {
	to, err := checked(m)
	if err != nil {
		return nil, err
	}
	type object = map[string]any
	content := object{"contentType": "text", "content": m.Body}
	if m.HTML != "" {
		content = object{"contentType": "html", "content": m.HTML}
	}
	return json.Marshal(object{
		"message": object{
			"subject":                oneLine(m.Subject),
			"body":                   content,
			"toRecipients":           []object{{"emailAddress": object{"address": to.Wire()}}},
			"internetMessageHeaders": []object{{"name": "x-auto-response-suppress", "value": "All"}},
		},
		// Codes must not pile up in a mailbox that others can read.
		"saveToSentItems": false,
	})
}

// progress remembers how far a request came on its line.
type progress struct{ asked, wrote atomic.Bool }

func (p *progress) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:          func(string) { p.asked.Store(true) },
		WroteHeaderField: func(string, []string) { p.wrote.Store(true) },
		WroteHeaders:     func() { p.wrote.Store(true) },
	})
}

// nothingSent reports whether the other side certainly saw no part of the request: the
// line never stood, or the transport tells its progress and wrote nothing.
func (p *progress) nothingSent(err error) bool {
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		return true
	}
	return p.asked.Load() && !p.wrote.Load()
}
