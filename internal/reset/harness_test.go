package reset_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rekey/internal/clock"
	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/i18n"
	"rekey/internal/job"
	"rekey/internal/keyring"
	"rekey/internal/limit"
	"rekey/internal/message"
	"rekey/internal/notice"
	"rekey/internal/reset"
	"rekey/internal/session"
	"rekey/internal/signout"
	"rekey/internal/store"
	"rekey/internal/verification"
)

const tenantID = "11111111-2222-3333-4444-555555555555"

// somebody is an account of the directory, and its password.
type somebody struct {
	directory.Account
	id       directory.PersonID
	roles    directory.Roles
	methods  []directory.Method
	password string
}

// fakeDirectory is a directory with state; it notes what is asked of it.
type fakeDirectory struct {
	mu      sync.Mutex
	people  []*somebody
	calls   []string
	closed  bool
	changed map[directory.Kind]time.Time
	history error
	down    map[string]error // by call
	may     bool
	// written is called in the middle of a write of a password, before it is done.
	writing func()
}

func (d *fakeDirectory) call(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = append(d.calls, name)
	return d.down[name]
}

func (d *fakeDirectory) asked() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.calls)
}

func (d *fakeDirectory) who(p directory.PersonID) (*somebody, error) {
	for _, s := range d.people {
		if s.id == p {
			return s, nil
		}
	}
	return nil, fault.New(fault.NotFound, "directory.not-found")
}

func (d *fakeDirectory) Find(_ context.Context, user string) (directory.PersonID, directory.Account, error) {
	if err := d.call("find"); err != nil {
		return directory.PersonID{}, directory.Account{}, err
	}
	for _, s := range d.people {
		if strings.EqualFold(s.UserPrincipalName, user) {
			return s.id, s.Account, nil
		}
	}
	return directory.PersonID{}, directory.Account{}, fault.New(fault.NotFound, "directory.not-found")
}

func (d *fakeDirectory) Account(_ context.Context, p directory.PersonID) (directory.Account, error) {
	if err := d.call("account"); err != nil {
		return directory.Account{}, err
	}
	s, err := d.who(p)
	if err != nil {
		return directory.Account{}, err
	}
	return s.Account, nil
}

func (d *fakeDirectory) Methods(_ context.Context, p directory.PersonID) ([]directory.Method, error) {
	if err := d.call("methods"); err != nil {
		return nil, err
	}
	s, err := d.who(p)
	if err != nil {
		return nil, err
	}
	return slices.Clone(s.methods), nil
}

func (d *fakeDirectory) Administrator(_ context.Context, p directory.PersonID) (directory.Roles, error) {
	if err := d.call("roles"); err != nil {
		return directory.Roles{}, err
	}
	s, err := d.who(p)
	if err != nil {
		return directory.Roles{}, err
	}
	return s.roles, nil
}

func (d *fakeDirectory) ResetAllowed(context.Context) (bool, error) {
	return !d.closed, d.call("policy")
}

func (d *fakeDirectory) ChangedContacts(context.Context, directory.PersonID, time.Time) (map[directory.Kind]time.Time, error) {
	if err := d.call("history"); err != nil {
		return nil, err
	}
	return maps.Clone(d.changed), d.history
}

func (d *fakeDirectory) SetPassword(_ context.Context, p directory.PersonID, password string) error {
	if d.writing != nil {
		d.writing()
	}
	err := d.call("write")
	if err != nil && !strings.Contains(err.Error(), "after all") {
		return err
	}
	s, werr := d.who(p)
	if werr == nil {
		s.password = password
	}
	return err
}

func (d *fakeDirectory) MaySetPasswords(context.Context) (bool, error) { return d.may, d.call("may") }

func (d *fakeDirectory) Holders(_ context.Context, roles ...string) ([]directory.Colleague, error) {
	if err := d.call("holders"); err != nil {
		return nil, err
	}
	var out []directory.Colleague
	for _, s := range d.people {
		if slices.ContainsFunc(s.roles.Held, func(r string) bool { return slices.Contains(roles, r) }) {
			out = append(out, directory.Colleague{Person: s.id, Account: s.Account})
		}
	}
	return out, nil
}

// outbox keeps what was sent.
type outbox struct {
	mu   sync.Mutex
	sent []message.Message
	err  error

	channel message.Channel
}

func (o *outbox) Channel() message.Channel { return o.channel }

func (o *outbox) Send(_ context.Context, m message.Message) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return o.err
	}
	o.sent = append(o.sent, m)
	return nil
}

// to returns what went to a destination.
func (o *outbox) to(destination string) []message.Message {
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []message.Message
	for _, m := range o.sent {
		if m.To == destination {
			out = append(out, m)
		}
	}
	return out
}

// world is a journey over a real database, with everything around it.
type world struct {
	t         *testing.T
	clock     *clock.Movable
	store     *store.Store
	directory *fakeDirectory
	mails     *outbox
	texts     *outbox
	service   *reset.Service
	runner    *job.Runner
	sessions  *session.Manager
}

var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func person(n int) directory.PersonID {
	return directory.PersonID{Tenant: tenantID, Object: fmt.Sprintf("00000000-0000-0000-0000-%012d", n)}
}

// ingrid is an administrator who can do it all.
func ingrid() *somebody {
	return &somebody{id: person(1), password: "old", roles: directory.Roles{Held: []string{directory.GlobalAdministrator}},
		Account: directory.Account{DisplayName: "Ingrid Solberg", UserPrincipalName: "ingrid@fernhill.example", Mail: "ingrid@fernhill.example", Enabled: true},
		methods: []directory.Method{{ID: "pw", Kind: directory.Password}, {ID: "m", Kind: directory.Phone, Value: "+12025550142"},
			{ID: "e", Kind: directory.Email, Value: "ingrid@solberg.example"}, {ID: "k", Kind: directory.Passkey, Name: "Key"}}}
}

func daniel() *somebody {
	return &somebody{id: person(2), password: "old", roles: directory.Roles{Held: []string{directory.PrivilegedAuthenticationAdministrator}},
		Account: directory.Account{DisplayName: "Daniel Achebe", UserPrincipalName: "daniel@fernhill.example", Mail: "daniel@fernhill.example", Enabled: true}}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, clock: clock.NewMovable(clock.Func(func() time.Time { return start }), 0), mails: &outbox{channel: message.Mail}, texts: &outbox{channel: message.Text},
		directory: &fakeDirectory{people: []*somebody{ingrid(), daniel()}, may: true, down: map[string]error{}}}
	key, err := keyring.NewKey(rand.Reader)
	must(t, err)
	ring, err := keyring.Parse(key)
	must(t, err)
	w.store, err = store.Open(t.Context(), store.Options{URL: "sqlite::memory:", Ring: ring})
	must(t, err)
	t.Cleanup(func() { w.store.Close() })
	must(t, w.store.Migrate(t.Context()))
	words, err := i18n.Load()
	must(t, err)
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	n := 0
	var mu sync.Mutex
	newID := func() string {
		mu.Lock()
		defer mu.Unlock()
		n++
		return fmt.Sprintf("00000000-0000-4000-8000-%012d", n)
	}
	find := func(language string) message.Words { return words.Localizer(language) }
	senders := message.Senders{message.Text: w.texts, message.Mail: w.mails}
	help := message.Help{Name: "the IT service desk", Phone: "+1 202-555-0100"}
	notices := &notice.Service{Store: w.store, Jobs: w.store, Audit: w.store, Senders: senders, Words: find, Organisation: "Fernhill",
		Host: "rekey.example.com", Help: help, Default: time.UTC, Hash: contact.Recogniser(ring), Clock: w.clock, NewID: newID, Log: log}
	w.sessions = session.NewManager(session.Options{Rows: w.store, Ring: ring, Clock: w.clock, Rand: rand.Reader, NewID: newID, CookieName: "__Host-rekey"})
	allowances := &limit.Allowances{Store: w.store, Clock: w.clock}
	outs := &signout.Service{Store: w.store, Sessions: w.sessions, Jobs: w.store, Audit: w.store, Allowances: allowances, Clock: w.clock, NewID: newID}
	w.service = &reset.Service{Store: w.store, Verification: &verification.Service{Store: w.store, MAC: ring, Clock: w.clock, Rand: rand.Reader, NewID: newID},
		Directory: w.directory, Jobs: w.store, Audit: w.store, Notices: notices, SignOuts: outs, Allowances: allowances, Senders: senders, Words: find,
		Policy: reset.Policy{Organisation: "Fernhill", BaseURL: "https://rekey.example.com", Host: "rekey.example.com", Help: help, Language: "en",
			AlertMail: "identity@fernhill.example", Countries: []string{"US"}, Default: time.UTC, Never: func(p directory.PersonID) bool { return p == person(9) },
			Setting: func() directory.Setting { return directory.Setting{Now: w.clock.Now()} },
			Methods: func(context.Context) directory.Policy { return directory.Policy{} },
			Charges: func(p directory.PersonID, source, to string) []limit.Charge {
				return []limit.Charge{{Key: "send/wait/" + p.String(), Windows: contact.DefaultWait()}}
			},
			Requests: []limit.Window{{Count: 10, Span: 10 * time.Minute}}, Mails: reset.DefaultMails()},
		Tenant: &reset.TenantPolicy{Reader: w.directory, Log: log}, MAC: ring, Clock: w.clock, Rand: rand.Reader, NewID: newID, Wake: func() {}, Log: log}
	w.runner = job.NewRunner(w.store, w.clock, log, 1)
	w.runner.Handle(job.Reset, w.service.Work)
	w.runner.Handle(job.Notice, notices.Deliver)
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// work does all jobs that are due, two seconds later.
func (w *world) work() {
	w.t.Helper()
	w.clock.Advance(3 * time.Second)
	for range 50 {
		did, err := w.runner.Once(w.t.Context())
		must(w.t, err)
		if !did {
			return
		}
	}
	w.t.Fatal("the jobs do not end")
}

func browser() reset.Browser {
	return reset.Browser{Address: "203.0.113.0", Source: "203.0.113.7", Browser: "Chrome", Network: "203.0.113.0", Language: "en", Request: "r"}
}

// visitor is one browser on its way.
type visitor struct {
	*world
	reset.Browser
	id string
}

// begins begins a reset in a fresh browser.
func (w *world) begins(user string) *visitor {
	w.t.Helper()
	v := &visitor{world: w, Browser: browser()}
	id, secret, err := w.service.Begin(w.t.Context(), v.Browser, user)
	must(w.t, err)
	v.id, v.Secret = id, secret
	return v
}

func (v *visitor) view() reset.View {
	v.t.Helper()
	view, err := v.service.View(v.t.Context(), v.Browser, v.id)
	must(v.t, err)
	return view
}

func (v *visitor) stage(want reset.Stage) reset.View {
	v.t.Helper()
	view := v.view()
	if view.Stage != want {
		v.t.Fatalf("the stage is %s (%s), want %s", view.Stage, view.Reason, want)
	}
	return view
}

func (v *visitor) presses(typed string) error {
	return v.service.Go(v.t.Context(), v.Browser, v.id, typed)
}

// link is the token of the last link that was mailed to an address.
func (w *world) link(to string) string {
	w.t.Helper()
	sent := w.mails.to(to)
	if len(sent) == 0 {
		w.t.Fatalf("no mail to %s", to)
	}
	_, rest, ok := strings.Cut(sent[len(sent)-1].Body, "?link=")
	if !ok {
		w.t.Fatalf("no link in %q", sent[len(sent)-1].Body)
	}
	return strings.Fields(rest)[0]
}

// code is the last one that was texted to a number.
func (w *world) code(to string) string {
	w.t.Helper()
	sent := w.texts.to(to)
	if len(sent) == 0 {
		w.t.Fatalf("no text to %s", to)
	}
	_, code, _ := strings.Cut(sent[len(sent)-1].Body, "#")
	return code
}

const (
	hers       = "ingrid@solberg.example"
	herPhone   = "+12025550142"
	goodOne    = "lampe-Wolke-7-fahrrad"
	herAccount = "ingrid@fernhill.example"
)

// toPassword goes all the way to the third step.
func (w *world) toPassword() *visitor {
	w.t.Helper()
	v := w.begins(herAccount)
	w.work()
	v.Link = w.link(hers)
	must(w.t, v.presses(""))
	v.stage(reset.Code)
	must(w.t, v.presses(w.code(herPhone)))
	v.stage(reset.Password)
	return v
}

func (v *visitor) sets(password, again string) error {
	return v.service.SetPassword(v.t.Context(), v.Browser, v.id, password, again)
}

// events are the audit log's, as action, outcome and reason.
func (w *world) events() []string {
	w.t.Helper()
	var out []string
	all, err := w.store.Unsealed(w.t.Context(), 1000)
	must(w.t, err)
	for _, e := range all {
		out = append(out, strings.TrimSpace(fmt.Sprint(e.Action, " ", e.Outcome, " ", e.Reason)))
	}
	return out
}

func wantFault(t *testing.T, err error, kind fault.Kind, key string) {
	t.Helper()
	if f := fault.As(err); f == nil || f.Kind != kind || f.Key != key {
		t.Errorf("err = %v, want %s %s", err, kind, key)
	}
}
