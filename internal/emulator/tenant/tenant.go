// Package tenant holds the emulated organisation: people, the methods on their accounts,
// roles, devices, handsets, app registrations, what was sent, which faults were ordered,
// and the rules by which Microsoft Graph lets methods change.
//
// It speaks no protocol: entra signs people in with what it finds here, graph answers REST
// from it, devices shows handsets and mailboxes, and emulator orders faults. People,
// handsets, apps, policies, the services' secrets, the tenant's id and the clock's offset are
// written to a file at every change when a path is given; messages, requests, faults, pushes
// and access tokens live in memory only.
package tenant

import (
	"crypto/rand"
	"fmt"
	"io"
	"sync"
	"time"

	"rekey/internal/clock"
)

// Options says how a tenant comes to be. Clock is required; everything else has a good zero.
type Options struct {
	// ID is the tenant's GUID for a tenant that does not exist yet; "" draws one. A state
	// file that exists keeps its own id.
	ID string
	// Clock dates and expires everything.
	Clock clock.Clock
	// Path is the state file; "" keeps nothing.
	Path string
	// Rand is where ids and tokens come from; nil is crypto/rand.
	Rand io.Reader
	// Switches choose between behaviours of Graph that no document settles.
	Switches Switches
	// People are the tenant's people when no state file exists yet; nil is Fernhill.
	People []Person
	// Handsets go with People.
	Handsets []Handset
	// OnChange is called, outside any lock, after every change of the kept state; may be nil.
	OnChange func()
}

// Tenant is safe for concurrent use. What its methods return are copies.
type Tenant struct {
	clock    clock.Clock
	path     string
	switches Switches
	onChange func()

	randMu sync.Mutex
	rand   io.Reader

	mu       sync.Mutex
	state    state
	unseen   map[string][]version
	access   map[string]Access
	messages log[Message]
	requests log[Request]
	audits   log[Audit]
	faults   []*ordered
	pushes   pushes
}

// New opens the tenant kept at the path, or founds one. It fails on a state file that
// cannot be read, and never replaces one.
func New(o Options) (*Tenant, error) {
	if o.Clock == nil {
		return nil, fmt.Errorf("tenant: a clock is needed")
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	t := &Tenant{
		clock: o.Clock, path: o.Path, switches: o.Switches, onChange: o.OnChange, rand: o.Rand,
		unseen: map[string][]version{}, access: map[string]Access{},
	}
	found, err := load(o.Path, &t.state)
	if err != nil || found {
		return t, err
	}
	if o.People == nil {
		o.People, o.Handsets = Fernhill()
	}
	t.state = state{ID: o.ID, People: clonePeople(o.People), Handsets: append([]Handset(nil), o.Handsets...)}
	if t.state.ID == "" {
		t.state.ID = t.NewID()
	}
	return t, t.state.try(func(s *state) error {
		s.addNumbers()
		return save(o.Path, s)
	})
}

// ID returns the tenant's lower-case GUID.
func (t *Tenant) ID() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.state.ID
}

// Now is the time by the tenant's clock, in UTC.
func (t *Tenant) Now() time.Time { return t.clock.Now().UTC() }

// Switches returns the behaviours that were chosen.
func (t *Tenant) Switches() Switches { return t.switches }

// ClockOffset is how far ahead of its base the clock was when that was last kept.
func (t *Tenant) ClockOffset() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return time.Duration(t.state.ClockOffsetMillis) * time.Millisecond
}

// KeepClockOffset keeps the clock's offset, in whole milliseconds.
func (t *Tenant) KeepClockOffset(d time.Duration) error {
	return t.change(func(s *state) error {
		s.ClockOffsetMillis = d.Milliseconds()
		return nil
	})
}

// NewID draws a random version 4 GUID. It panics when the source of randomness fails, as
// crypto/rand does.
func (t *Tenant) NewID() string {
	b := t.Random(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// Random draws n random bytes and panics when the source fails.
func (t *Tenant) Random(n int) []byte {
	t.randMu.Lock()
	defer t.randMu.Unlock()
	b := make([]byte, n)
	if _, err := io.ReadFull(t.rand, b); err != nil {
		panic("tenant: the source of randomness failed")
	}
	return b
}

// change runs fn on the state and keeps it on disk, so that what a caller was told has
// survived; when either fails, nothing has changed.
func (t *Tenant) change(fn func(*state) error) error {
	err := t.changeLocked(fn)
	if err == nil && t.onChange != nil {
		t.onChange()
	}
	return err
}

func (t *Tenant) changeLocked(fn func(*state) error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.state.try(func(s *state) error {
		if err := fn(s); err != nil {
			return err
		}
		return save(t.path, s)
	})
}
