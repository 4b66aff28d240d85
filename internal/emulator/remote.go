package emulator

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"rekey/internal/clock"
)

// askEvery is how often a replica asks where the clock is; joinWait is how long it waits at
// most before it joins again.
const (
	askEvery = time.Second
	joinWait = 10 * time.Second
)

// RemoteOptions says who joins whom. All are required but Wake and Log.
type RemoteOptions struct {
	// TenantURL is the address of the running demo ("http://127.0.0.1:8080"), BaseURL that of
	// this one.
	TenantURL, BaseURL string
	// Clock is this demo's. Join moves it to where the first's is; it never goes back.
	Clock *clock.Movable
	// Wake is called after the clock was moved.
	Wake func()
	// Site returns this demo's site, for /_emulator/signin.
	Site func() http.Handler
	Log  *slog.Logger
}

// Remote is the tenant of another running demo, in place of an Emulator of one's own. It is
// safe for concurrent use.
type Remote struct {
	o      RemoteOptions
	first  string
	client *http.Client
	lines  *http.Transport
	joined Joined // when it was joined first
	now    atomic.Pointer[Joined]
	asked  atomic.Int64 // when the first was asked last, on the machine's clock since start
	start  time.Time
	moving sync.Mutex
}

// Join makes this demo a replica of the one at TenantURL. The error is a sentence that says
// what to do. What is to be the same as at the first is in Joined; Transport, Handler and
// Around stand where an Emulator's would, and Run must run until the end, then Close.
func Join(ctx context.Context, o RemoteOptions) (*Remote, error) {
	first, ok := loopbackURL(o.TenantURL)
	if !ok {
		return nil, sentence("A tenant is joined at an address of this computer, such as http://127.0.0.1:8080, not at %q.", o.TenantURL)
	}
	if o.Clock == nil || o.Site == nil {
		return nil, errors.New("emulator: a clock and a site are needed")
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	r := &Remote{o: o, first: first, client: newClient(), start: time.Now(),
		lines: &http.Transport{Proxy: nil, DisableCompression: true, MaxIdleConnsPerHost: 64, IdleConnTimeout: 30 * time.Second}}
	if err := r.join(ctx); err != nil {
		return nil, err
	}
	r.joined = *r.now.Load()
	return r, nil
}

// Joined is what the first said when it was joined.
func (r *Remote) Joined() Joined { return r.joined }

// Mail is where mails are submitted: the first's mail server, where it is now.
func (r *Remote) Mail() MailServer {
	m := r.now.Load().Mail
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(m.RootCA))
	return MailServer{Addr: m.Addr, User: m.User, Password: m.Password, RootCAs: roots, RootCAPEM: m.RootCA, ServerName: m.ServerName}
}

// Pictured notes the characters of a picture that this replica's site showed.
func (r *Remote) Pictured(characters string) {
	ctx, cancel := context.WithTimeout(context.Background(), followTime)
	defer cancel()
	if err := r.ask(ctx, http.MethodPost, "/join/"+r.now.Load().Replica+"/picture", map[string]string{"text": characters}, &struct{}{}); err != nil {
		r.o.Log.Warn("the demo that was joined was not told of a picture", "err", err)
	}
}

// Close frees the lines to the first.
func (r *Remote) Close() error {
	r.lines.CloseIdleConnections()
	return nil
}

// join asks the first to take this replica in, and moves the clock to where the first's is.
func (r *Remote) join(ctx context.Context) error {
	var out Joined
	err := r.ask(ctx, http.MethodPost, "/join", map[string]string{"base_url": r.o.BaseURL}, &out)
	var no *answered
	switch {
	case errors.As(err, &no):
		return sentence("The demo at %s takes no replicas: %s", r.first, no.text)
	case err != nil:
		return sentence("No demo answers at %s: start one there first, and join it then (%v).", r.first, err)
	case out.TenantID == "" || out.Replica == "":
		return sentence("What answers at %s is no demo that can be joined.", r.first)
	case r.joined.TenantID != "" && out.TenantID != r.joined.TenantID:
		return sentence("At %s there is another tenant now; this replica belongs to the one before. Start it again.", r.first)
	}
	r.now.Store(&out)
	r.follow(time.Duration(out.ClockOffset) * time.Microsecond)
	return nil
}

// follow moves the clock to an offset, never back, and wakes the workers.
func (r *Remote) follow(offset time.Duration) {
	r.moving.Lock()
	defer r.moving.Unlock()
	ahead := offset - r.o.Clock.Offset()
	if ahead <= 0 {
		return
	}
	r.o.Clock.Advance(ahead)
	if r.o.Wake != nil {
		r.o.Wake()
	}
}

// Run follows the first's clock until ctx ends: it asks at once and then each second, so that
// a replica that was stopped and goes on catches up, and joins again when the first was
// restarted.
func (r *Remote) Run(ctx context.Context) {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	var wait time.Duration
	for {
		if r.catchUp(ctx) == nil {
			wait = 0
		} else if wait = min(max(2*wait, askEvery), joinWait); !sleep(ctx, wait-askEvery) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// catchUp asks the first where the clock is; a first that does not know this replica any
// more is joined again.
func (r *Remote) catchUp(ctx context.Context) error {
	r.asked.Store(int64(time.Since(r.start)))
	ctx, cancel := context.WithTimeout(ctx, followTime)
	defer cancel()
	var now struct {
		Offset int64 `json:"clock_offset_us"`
	}
	err := r.ask(ctx, http.MethodGet, "/join/"+r.now.Load().Replica, nil, &now)
	var no *answered
	switch {
	case err == nil:
		r.follow(time.Duration(now.Offset) * time.Microsecond)
		return nil
	case errors.As(err, &no):
		return r.joinAgain(ctx)
	}
	r.o.Log.Debug("the demo that was joined does not answer", "err", err)
	return err
}

func (r *Remote) joinAgain(ctx context.Context) error {
	if err := r.join(ctx); err != nil {
		r.o.Log.Warn("the demo that was joined cannot be joined again", "err", err)
		return err
	}
	r.o.Log.Info("the demo that was joined was restarted, and was joined again")
	return nil
}

// ask sends an object to the first's surface and reads one into out. A status other than
// 200 is an *answered with what the first said.
func (r *Remote) ask(ctx context.Context, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, r.first+Prefix+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	res, err := r.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer := json.NewDecoder(io.LimitReader(res.Body, 1<<20))
	if res.StatusCode == http.StatusOK {
		return answer.Decode(out)
	}
	var refusal struct {
		Error string `json:"error"`
	}
	if answer.Decode(&refusal) != nil || refusal.Error == "" {
		refusal.Error = fmt.Sprintf("it answered %d.", res.StatusCode)
	}
	return &answered{res.StatusCode, refusal.Error}
}
