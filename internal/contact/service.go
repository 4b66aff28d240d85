package contact

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"rekey/internal/audit"
	"rekey/internal/clock"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/job"
	"rekey/internal/limit"
	"rekey/internal/message"
	"rekey/internal/phone"
	"rekey/internal/verification"
)

// Policy is what the organisation decided.
type Policy struct {
	Organisation string
	Host         string   // of the site, for the last line of texts; see message.CodeText
	Countries    []string // ISO 3166; numbers of other countries are refused (ABU-4)
	// Context says that an authentication context is configured, so that a fresh sign-in
	// proves its strength. Without one a change also needs a code to a contact on record.
	Context     bool
	Never       func(directory.PersonID) bool // the never-list
	Person      []limit.Window                // codes per person
	Destination []limit.Window                // codes per destination, over all persons
	Wait        []limit.Window                // codes per person and destination: the growing wait
}

// DefaultPerson, DefaultDestination and DefaultWait are the allowances of security.md
// ABU-2: 3 codes in 5 minutes, 5 in 10 minutes and 10 a day to a person; 10 in 5 minutes to
// a destination; and between codes to one destination 30, 60, then 120 seconds.
func DefaultPerson() []limit.Window {
	return []limit.Window{{Count: 3, Span: 5 * time.Minute}, {Count: 5, Span: 10 * time.Minute}, {Count: 10, Span: 24 * time.Hour}}
}

// DefaultDestination is explained at DefaultPerson.
func DefaultDestination() []limit.Window {
	return []limit.Window{{Count: 10, Span: 5 * time.Minute}}
}

// DefaultWait is explained at DefaultPerson: one in 30 s, two in 30+60 s, three in 30+60+120 s.
func DefaultWait() []limit.Window {
	return []limit.Window{{Count: 1, Span: 30 * time.Second}, {Count: 2, Span: 90 * time.Second}, {Count: 3, Span: 210 * time.Second}}
}

// Service is what people do with their contacts. It never writes to the directory: a
// proved change becomes a job for the Applier.
type Service struct {
	Store        Store
	Verification *verification.Service
	Snapshots    *directory.Snapshots
	Jobs         job.Queue
	Audit        audit.Log
	Allowances   *limit.Allowances
	Senders      message.Senders
	Words        func(language string) message.Words
	Policy       Policy
	MAC          verification.MAC
	Clock        clock.Clock
	NewID        func() string
	Wake         func() // a job was committed
	Log          *slog.Logger
}

// Input is what a person typed.
type Input struct {
	Country string // ISO 3166, two letters
	Number  string // one that starts with + wins over the country
}

// fresh reports whether the sign-in may start a change and have codes sent (CHG-1,
// OID-4). Without an authentication context its strength cannot be known; a code to a
// contact on record makes up for it.
func (s *Service) fresh(a Actor) bool {
	return a.Recent(s.Clock.Now()) && (a.Strong || !s.Policy.Context)
}

// Fresh reports whether the sign-in may start a change, for pages that say so beforehand.
func (s *Service) Fresh(a Actor) bool { return s.fresh(a) }

func stepUp() error { return fault.New(fault.StepUp, "signin.again") }

// Start begins a change: it checks the number, the sign-in and the account, and sends
// the first code. An open change of the same contact is cancelled (CHG-5).
//
// Faults: Invalid at a field, StepUp when the sign-in is not fresh, Conflict while a
// change is being applied (Args["change"]), Limited, Forbidden, Unavailable.
func (s *Service) Start(ctx context.Context, a Actor, kind directory.Kind, in Input) (Change, error) {
	number, err := s.number(in)
	if err != nil {
		return Change{}, err
	}
	if !s.fresh(a) {
		return Change{}, stepUp()
	}
	open, err := s.Store.OpenChanges(ctx, a.Person)
	if err != nil {
		return Change{}, err
	}
	for _, c := range open {
		if c.State == Applying {
			f := fault.New(fault.Conflict, "change.applying")
			f.Args = map[string]any{"change": c.ID}
			return Change{}, f
		}
	}
	snap, err := s.Snapshots.Fresh(ctx, a.Person)
	if err != nil {
		return Change{}, err
	}
	if err := s.permitted(ctx, a, snap.Account); err != nil {
		return Change{}, err
	}
	before, _ := snap.Contact(kind)
	if before.Value == number.E164 {
		return Change{}, fault.At(phone.Field, "number.same", nil)
	}
	c := s.newChange(a, kind, number, before)
	first, err := s.firstCode(c, snap)
	if err != nil {
		return Change{}, errors.Join(err, s.note(ctx, a, audit.ChangeStart, audit.Refusal, "change.no-contact-on-record", nil))
	}
	return s.start(ctx, a, c, first, open)
}

func (s *Service) newChange(a Actor, kind directory.Kind, number phone.Number, before directory.Method) Change {
	now := s.Clock.Now()
	c := Change{ID: s.NewID(), Person: a.Person, Session: a.Session, Kind: kind, State: Proving, Version: 1,
		Value: number.E164, Before: before.Value, Masked: phone.Mask(number.E164), Hash: s.hash(number.E164), Region: number.Region,
		Started: now, Expires: now.Add(FlowTime), Moved: now, Language: a.Language}
	if before.Value != "" {
		c.OldMasked = phone.Mask(before.Value)
	}
	if !s.Policy.Context {
		c.State = Authorising
	}
	return c
}

// number reads and judges what was typed (CHG-9, ABU-4).
func (s *Service) number(in Input) (phone.Number, error) {
	n, err := phone.Parse(in.Number, in.Country)
	if err != nil {
		return phone.Number{}, err
	}
	switch {
	case n.Line == phone.Other:
		return n, fault.At(phone.Field, "number.kind", nil)
	case !slices.Contains(s.Policy.Countries, n.Region):
		return n, fault.At(phone.Field, "number.country", map[string]any{"region": n.Region})
	case !n.CanText():
		return n, fault.At(phone.Field, "number.landline", nil)
	}
	return n, nil
}

// permitted refuses guests, disabled accounts and the never-list.
func (s *Service) permitted(ctx context.Context, a Actor, account directory.Account) error {
	key := ""
	switch {
	case account.Guest:
		key = "account.guest"
	case !account.Enabled:
		key = "account.disabled"
	case s.Policy.Never != nil && s.Policy.Never(a.Person):
		key = "account.protected"
	default:
		return nil
	}
	if err := s.note(ctx, a, audit.ChangeStart, audit.Refusal, key, nil); err != nil {
		return err
	}
	return fault.New(fault.Forbidden, key)
}

// send is one code to be sent.
type send struct {
	purpose verification.Purpose
	factor  string
	to      string // E.164
}

func (c Change) prove() send {
	return send{verification.ProveContact, string(c.Kind), c.Value}
}

// firstCode says where the first code of a change goes: to the new value, or, where the
// sign-in proves no strength, to a contact on record that agrees to the change.
func (s *Service) firstCode(c Change, snap directory.Snapshot) (send, error) {
	if c.State != Authorising {
		return c.prove(), nil
	}
	for _, kind := range []directory.Kind{directory.Phone, directory.AlternatePhone} {
		if m, ok := snap.Contact(kind); ok {
			if n, err := phone.Parse(m.Value, ""); err == nil && n.CanText() {
				return send{verification.AuthoriseChange, string(kind), m.Value}, nil
			}
		}
	}
	return send{}, fault.New(fault.Forbidden, "change.no-contact-on-record")
}

// start reserves the allowance, commits the change with its challenge, and sends.
func (s *Service) start(ctx context.Context, a Actor, c Change, first send, open []Change) (Change, error) {
	if err := s.reserve(ctx, a, first); err != nil {
		return s.pressedTwice(ctx, c, err)
	}
	var challenge verification.Challenge
	var code string
	err := s.Store.InTx(ctx, func(ctx context.Context) error {
		for _, o := range open {
			if o.Kind == c.Kind {
				if err := s.cancel(ctx, a, o, "change.replaced"); err != nil {
					return err
				}
			}
		}
		var err error
		if challenge, code, err = s.issue(ctx, a, c, first, 0); err != nil {
			return err
		}
		c.Challenge = challenge.ID
		if err := s.Store.AddChange(ctx, c); err != nil {
			return err
		}
		return s.note(ctx, a, audit.ChangeStart, audit.Success, "", s.detail(c))
	})
	if err != nil {
		return Change{}, err
	}
	s.deliver(ctx, a, c, challenge, code)
	return c, nil
}

// pressedTwice returns the open change of this session with the same value, if there is
// one: its code is on its way. Else it returns the reason why no other may be sent. It
// reads in a transaction, so that it waits for the one that the first press may be in.
func (s *Service) pressedTwice(ctx context.Context, c Change, reason error) (Change, error) {
	if !fault.Is(reason, fault.Limited) {
		return Change{}, reason
	}
	var open []Change
	err := s.Store.InTx(ctx, func(ctx context.Context) (err error) {
		open, err = s.Store.OpenChanges(ctx, c.Person)
		return err
	})
	if err != nil {
		return Change{}, err
	}
	for _, o := range open {
		if same := o.At(s.Clock.Now()); same.Open() && o.Kind == c.Kind && o.Session == c.Session && o.Value == c.Value {
			return o, nil
		}
	}
	return Change{}, reason
}

// cancel ends an open change and its codes, erases what it proposed and notes it, in the
// caller's transaction.
func (s *Service) cancel(ctx context.Context, a Actor, c Change, reason string) error {
	from, detail := c.State, s.detail(c)
	c.State, c.Reason, c.Moved = Cancelled, reason, s.Clock.Now()
	c.Value, c.Before = "", ""
	ok, err := s.Store.SaveChange(ctx, c, from)
	if err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.Conflict, "change.moved")
	}
	if err := s.Verification.Store.Supersede(ctx, c.ID); err != nil {
		return err
	}
	return s.note(ctx, a, audit.ChangeCancel, audit.Success, reason, detail)
}

// charges are the counters of one code.
func (s *Service) charges(a Actor, to string) []limit.Charge {
	person, dest := a.Person.String(), s.hash(to)
	return []limit.Charge{
		{Key: "send/person/" + person, Windows: s.Policy.Person},
		{Key: "send/destination/" + dest, Windows: s.Policy.Destination},
		{Key: "send/wait/" + person + "/" + dest, Windows: s.Policy.Wait},
	}
}

// reserve takes a place for one code before it is sent (ABU-3). A locked factor gets none.
func (s *Service) reserve(ctx context.Context, a Actor, to send) error {
	if err := s.locked(ctx, a.Person, to.factor); err != nil {
		return err
	}
	until, ok, err := s.Allowances.Reserve(ctx, s.charges(a, to.to)...)
	if err != nil || ok {
		return err
	}
	if err := s.note(ctx, a, audit.CodeSend, audit.Refusal, "limit.wait", map[string]string{"hash": s.hash(to.to)}); err != nil {
		return err
	}
	return &fault.Error{Kind: fault.Limited, Key: "limit.wait", Until: until}
}

func (s *Service) locked(ctx context.Context, person directory.PersonID, factor string) error {
	f, err := s.Verification.Store.Failures(ctx, person, factor)
	if err != nil || !f.LockedUntil.After(s.Clock.Now()) {
		return err
	}
	return &fault.Error{Kind: fault.Limited, Key: "limit.locked", Until: f.LockedUntil}
}

// issue makes the challenge inside the caller's transaction and notes the intent to send.
func (s *Service) issue(ctx context.Context, a Actor, c Change, to send, earlier int) (verification.Challenge, string, error) {
	challenge, code, err := s.Verification.Issue(ctx, verification.Request{Flow: c.ID, Purpose: to.purpose,
		Person: a.Person, Session: c.Session, Factor: to.factor, Destination: to.to, Earlier: earlier, Until: c.Expires})
	if err != nil {
		return challenge, "", err
	}
	return challenge, code, s.note(ctx, a, audit.CodeSend, audit.Intent, "", s.sendDetail(c, challenge))
}

// recognise is a keyed hash by which a value is recognised without being told (AUD-3).
func recognise(mac verification.MAC, value string) string {
	return hex.EncodeToString(mac.MAC([]byte("contact-value"), []byte(value))[:12])
}

func (s *Service) hash(value string) string { return recognise(s.MAC, value) }

func (s *Service) detail(c Change) map[string]string {
	d := map[string]string{"change": c.ID, "kind": string(c.Kind), "new": c.Masked}
	if c.OldMasked != "" {
		d["old"] = c.OldMasked
	}
	if c.Value != "" {
		d["hash"] = s.hash(c.Value)
	}
	return d
}

func (s *Service) sendDetail(c Change, ch verification.Challenge) map[string]string {
	return map[string]string{"change": c.ID, "challenge": ch.ID, "purpose": string(ch.Purpose),
		"to": phone.Mask(ch.Destination), "hash": s.hash(ch.Destination)}
}

// note appends an audit event of the actor about themselves.
func (s *Service) note(ctx context.Context, a Actor, action audit.Action, o audit.Outcome, reason string, detail map[string]string) error {
	err := s.Audit.Append(ctx, audit.Event{ID: s.NewID(), At: s.Clock.Now(), Actor: a.Person.String(),
		Subject: a.Person.String(), Action: action, Outcome: o, Reason: reason, Address: a.Address,
		Request: a.Request, Detail: detail})
	if err != nil {
		return fmt.Errorf("contact: the audit log takes no event: %w", err)
	}
	return nil
}
