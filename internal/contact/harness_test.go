package contact_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"rekey/internal/audit"
	"rekey/internal/clock"
	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/job"
	"rekey/internal/keyring"
	"rekey/internal/limit"
	"rekey/internal/message"
	"rekey/internal/notice"
	"rekey/internal/store"
	"rekey/internal/verification"
)

// The journey is tested on the real store; only what is outside the product is played: the
// directory and the text gateway.

var (
	begin = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	maya  = directory.PersonID{Tenant: "11111111-1111-4111-8111-111111111111", Object: "22222222-2222-4222-8222-222222222222"}
	jonas = directory.PersonID{Tenant: maya.Tenant, Object: "33333333-3333-4333-8333-333333333333"}
)

const (
	oldNumber  = "+12025550142"
	newNumber  = "+12025550187"
	newerPhone = "+12025550199"
)

// world is one organisation around the journey.
type world struct {
	t         *testing.T
	mu        sync.Mutex
	now       time.Time
	ids       int
	store     *store.Store
	directory *account
	gateway   *gateway
	mail      *gateway
	notices   *notice.Service
	ended     []string // sessions that were kept when a person's others were ended
	service   *contact.Service
	applier   *contact.Applier
	runner    *job.Runner
	ring      *keyring.Ring
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: begin, gateway: &gateway{channel: message.Text}, mail: &gateway{channel: message.Mail}}
	var err error
	if w.ring, err = keyring.New(bytes.Repeat([]byte{9}, keyring.KeySize)); err != nil {
		t.Fatal(err)
	}
	w.store, err = store.Open(t.Context(), store.Options{URL: "sqlite:" + t.TempDir() + "/rekey.db", Ring: w.ring})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.store.Close() })
	if err := w.store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.directory = &account{w: w, enabled: true, phones: map[directory.Kind]string{directory.Phone: oldNumber}}
	w.wire()
	return w
}

func (w *world) wire() {
	log := slog.New(slog.DiscardHandler)
	c := clock.Func(w.time)
	checks := &verification.Service{Store: w.store, MAC: w.ring, Clock: c, Rand: rand.Reader, NewID: w.id}
	senders := message.Senders{message.Text: w.gateway, message.Mail: w.mail}
	find := func(string) message.Words { return words{} }
	w.notices = &notice.Service{Store: w.store, Jobs: w.store, Audit: w.store, Senders: senders, Words: find, Organisation: "Fernhill",
		Default: time.UTC, Hash: func(string) string { return "h" }, Clock: c, NewID: w.id, Log: log}
	w.service = &contact.Service{Store: w.store, Verification: checks,
		Snapshots: &directory.Snapshots{Reader: w.directory, Store: w.store, Clock: c},
		Jobs:      w.store, Audit: w.store, Allowances: &limit.Allowances{Store: w.store, Clock: c},
		Notices: w.notices, Senders: senders, Words: find,
		Policy: contact.Policy{Organisation: "Fernhill", Countries: []string{"US", "DE"}, Context: true, Domains: []string{"fernhill.example"},
			Last: w.last, Limits: contact.DefaultLimits()},
		MAC: w.ring, Clock: c, NewID: w.id, Wake: func() {}, Log: log}
	w.applier = &contact.Applier{Store: w.store, Snapshots: w.store, Reader: w.directory, Writer: w.directory,
		Jobs: w.store, Audit: w.store, Notices: w.notices, Sessions: w, Last: w.last, Clock: c, NewID: w.id, Log: log}
	w.runner = job.NewRunner(w.store, c, log, 1)
	w.runner.Handle(job.Apply, w.applier.Apply)
	w.runner.Handle(job.Notice, w.notices.Deliver)
}

// EndOthers is contact.Sessions.
func (w *world) EndOthers(_ context.Context, _ directory.PersonID, keep string) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = append(w.ended, keep)
	return 1, nil
}

// last is the rule of ways in, with a policy that nobody could read.
func (w *world) last(_ context.Context, methods []directory.Method, gone func(directory.Method) bool) bool {
	return directory.RemovalRefused(methods, gone, directory.Policy{}, directory.Setting{Now: w.time()})
}

func (w *world) time() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) id() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ids++
	return fmt.Sprintf("00000000-0000-4000-8000-%012d", w.ids)
}

// signedIn is a person who signed in just now, strongly.
func (w *world) signedIn(p directory.PersonID, session string) contact.Actor {
	return contact.Actor{Person: p, Session: session, AuthTime: w.time(), Strong: true, Language: "en", Zone: time.UTC, Request: "r"}
}

func (w *world) start(a contact.Actor, number string) contact.Change {
	w.t.Helper()
	c, err := w.service.Start(w.t.Context(), a, directory.Phone, contact.Input{Country: "US", Number: number})
	if err != nil {
		w.t.Fatalf("Start(%q) = %v", number, err)
	}
	return c
}

// work lets the worker do everything that is due.
func (w *world) work() {
	w.t.Helper()
	for range 50 {
		did, err := w.runner.Once(w.t.Context())
		if err != nil {
			w.t.Fatalf("the job queue failed: %v", err)
		}
		if !did {
			return
		}
	}
	w.t.Fatal("the worker does not come to rest")
}

// settle works and moves the clock until no job is left, for at most that long.
func (w *world) settle(limit time.Duration) {
	w.t.Helper()
	for end := w.time().Add(limit); w.time().Before(end); w.advance(time.Second) {
		w.work()
		if _, waiting, err := w.store.NextDue(w.t.Context(), []job.Kind{job.Apply}); err != nil || !waiting {
			return
		}
	}
}

func (w *world) state(c contact.Change) contact.Change {
	w.t.Helper()
	got, err := w.store.ChangeByID(w.t.Context(), c.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

func (w *world) expect(c contact.Change, want contact.State) {
	w.t.Helper()
	if got := w.state(c); got.State != want {
		w.t.Errorf("the change is %s (%s), want %s", got.State, got.Reason, want)
	}
}

// account is the directory of one person: their phones, how it answers, what was written.
type account struct {
	w       *world
	mu      sync.Mutex
	enabled bool
	guest   bool
	mailbox string                    // "none": the person has no work mailbox
	phones  map[directory.Kind]string // contacts
	others  []directory.Method
	writes  int
	reads   int
	fail    []error       // answers of the next calls, nil for none
	hangUp  int           // so many next writes are done, and the answer is lost
	lag     time.Duration // reads show what was before a write for so long
	shown   map[directory.Kind]string
	until   time.Time
}

func (d *account) next() error {
	if len(d.fail) == 0 {
		return nil
	}
	err := d.fail[0]
	d.fail = d.fail[1:]
	return err
}

func (d *account) Account(context.Context, directory.PersonID) (directory.Account, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := directory.Account{DisplayName: "Maya Okafor", UserPrincipalName: "maya@fernhill.example", Mail: "maya.okafor@fernhill.example",
		Enabled: d.enabled, Guest: d.guest}
	if d.mailbox == "none" {
		a.Mail = ""
	}
	return a, nil
}

func (d *account) Methods(context.Context, directory.PersonID) ([]directory.Method, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reads++
	if err := d.next(); err != nil {
		return nil, err
	}
	phones := d.phones
	if d.w.time().Before(d.until) {
		phones = d.shown
	}
	out := slices.Clone(d.others)
	for kind, value := range phones {
		out = append(out, directory.Method{ID: string(kind), Kind: kind, Value: value})
	}
	return out, nil
}

func (d *account) write(kind directory.Kind, value string, exists bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.next(); err != nil {
		return err
	}
	if _, have := d.phones[kind]; have != exists {
		return fault.New(fault.Conflict, "directory.conflict")
	}
	d.shown = map[directory.Kind]string{}
	for k, v := range d.phones {
		d.shown[k] = v
	}
	d.until = d.w.time().Add(d.lag)
	d.phones[kind] = value
	d.writes++
	if d.hangUp > 0 {
		d.hangUp--
		return fmt.Errorf("cut: %w", directory.ErrOutcomeUnknown)
	}
	return nil
}

func (d *account) AddContact(_ context.Context, _ directory.PersonID, kind directory.Kind, e164 string) error {
	return d.write(kind, e164, false)
}

func (d *account) UpdateContact(_ context.Context, _ directory.PersonID, kind directory.Kind, e164 string) error {
	return d.write(kind, e164, true)
}

func (d *account) RemoveContact(_ context.Context, _ directory.PersonID, kind directory.Kind) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.next(); err != nil {
		return err
	}
	if _, have := d.phones[kind]; !have {
		return nil
	}
	if _, alternate := d.phones[directory.AlternatePhone]; alternate && kind == directory.Phone {
		return fault.New(fault.Invalid, "directory.refused")
	}
	d.shown = map[directory.Kind]string{}
	for k, v := range d.phones {
		d.shown[k] = v
	}
	d.until = d.w.time().Add(d.lag)
	delete(d.phones, kind)
	d.writes++
	if d.hangUp > 0 {
		d.hangUp--
		return fmt.Errorf("cut: %w", directory.ErrOutcomeUnknown)
	}
	return nil
}

// holds checks what the directory holds now and how often it was written.
func (d *account) holds(want string, writes int) {
	d.w.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if got := d.phones[directory.Phone]; got != want || d.writes != writes {
		d.w.t.Errorf("the directory holds %q after %d writes, want %q after %d", got, d.writes, want, writes)
	}
}

// gateway keeps what was sent.
type gateway struct {
	channel message.Channel
	mu      sync.Mutex
	texts   []message.Message
	fail    error
}

func (g *gateway) Channel() message.Channel { return g.channel }

func (g *gateway) Send(_ context.Context, m message.Message) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.fail != nil {
		return g.fail
	}
	g.texts = append(g.texts, m)
	return nil
}

// sent returns the codes, or else the notices, oldest first.
func (g *gateway) sent(codes bool) []message.Message {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(g.texts), func(m message.Message) bool { return sixDigits.MatchString(m.Body) != codes })
}

// count is how many codes were sent.
func (g *gateway) count() int { return len(g.sent(true)) }

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// last returns the newest code and where it went.
func (g *gateway) last() (to, code string) {
	codes := g.sent(true)
	if len(codes) == 0 {
		return "", ""
	}
	m := codes[len(codes)-1]
	return m.To, sixDigits.FindString(m.Body)
}

// words shows keys and values.
type words struct{}

func (words) Lang() string { return "en" }
func (words) Dir() string  { return "ltr" }

func (words) Clock(t time.Time) string { return t.Format("15:04") }
func (words) Date(t time.Time) string  { return t.Format("2\u00a0January\u00a02006") }

func (words) T(key string, args ...any) string { return key + " " + fmt.Sprintln(args...) }

// wrongCode is a code that differs from the right one.
func wrongCode(right string) string {
	if right[0] == '9' {
		return "0" + right[1:]
	}
	return "9" + right[1:]
}

func key(err error) string {
	if f := fault.As(err); f != nil {
		return f.Key
	}
	return fmt.Sprint(err)
}

func wantKey(t *testing.T, what string, err error, want string) *fault.Error {
	t.Helper()
	if key(err) != want {
		t.Errorf("%s: %v, want %s", what, err, want)
		return &fault.Error{}
	}
	return fault.As(err)
}

// events returns the audit log's outcomes of an action, oldest first.
func (w *world) events(action audit.Action) []audit.Event {
	w.t.Helper()
	var out []audit.Event
	for _, e := range w.allEvents() {
		if e.Action == action {
			out = append(out, e)
		}
	}
	return out
}

func (w *world) allEvents() []audit.Event {
	w.t.Helper()
	events, err := w.store.Unsealed(w.t.Context(), 10_000)
	if err != nil {
		w.t.Fatal(err)
	}
	return events
}

var errBroken = errors.New("broken")

// refusing is an audit log that cannot be written.
type refusing struct{}

func (refusing) Append(context.Context, audit.Event) error { return errBroken }

// refusingNotices cannot write a notice.
type refusingNotices struct{ contact.Notices }

func (refusingNotices) Tell(context.Context, notice.Event) error { return errBroken }

// lastProved is what the security info page shows of it.
func (w *world) lastProved(a contact.Actor) (map[directory.Kind]contact.Proof, error) {
	snap, err := w.service.Snapshots.Kept(context.Background(), a.Person)
	if err != nil {
		return nil, err
	}
	_, proofs, err := w.service.Overview(context.Background(), a, snap)
	return proofs, err
}
