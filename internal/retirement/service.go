package retirement

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"rekey/internal/audit"
	"rekey/internal/clock"
	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/job"
	"rekey/internal/limit"
	"rekey/internal/signout"
)

// Policy is what the organisation decided.
type Policy struct {
	// Context says that an authentication context is configured, so that a fresh sign-in
	// proves its strength. Without one, taking off also needs a code that was read back at a
	// contact that stays.
	Context bool
	Never   func(directory.PersonID) bool // the never-list
	// Looks bound how often one person has the directory looked at, and, counted apart, acts
	// by what it says at that moment; QuietLooks bound how often all pages that wait do
	// together: its calls are everybody's (AVL-2).
	Looks, QuietLooks []limit.Window
}

// Snapshots is what is on people's accounts; see directory.Snapshots.
type Snapshots interface {
	Kept(ctx context.Context, person directory.PersonID) (directory.Snapshot, error)
	Fresh(ctx context.Context, person directory.PersonID) (directory.Snapshot, error)
	Refresh(ctx context.Context, person directory.PersonID) (directory.Snapshot, error)
}

// SignOuts signs people out everywhere; see signout.Service.
type SignOuts interface {
	Everywhere(ctx context.Context, a signout.Actor) error
	State(ctx context.Context, person directory.PersonID) (last signout.SignOut, ok bool, err error)
}

// Service is what people do on the way. It never writes to the directory: what was
// confirmed becomes a job for the Taker.
type Service struct {
	Store     Store
	Snapshots Snapshots
	Usage     directory.Usage
	Devices   directory.Devices
	Rules     Rules
	SignOuts  SignOuts
	Jobs      job.Queue
	Audit     audit.Log
	// Allowances bound the looks at the directory.
	Allowances *limit.Allowances
	// Fresh reports whether a sign-in may change what is on an account; see contact.Service.
	Fresh  func(contact.Actor) bool
	Policy Policy
	Clock  clock.Clock
	NewID  func() string
	// Reference makes a receipt's number, which nobody can guess.
	Reference func() string
	Wake      func() // a job was committed
	Log       *slog.Logger
}

// View is a move as pages show it.
type View struct {
	Retirement Retirement
	Account    directory.Account
	Facts      Facts
	Tasks      []Task
	Next       TaskName // "" when all is done
	// SignOut is the sign-out everywhere that the task of that name waits for, or that ended
	// it; ok is false in Asked when there is none yet.
	SignOut signout.SignOut
	Asked   bool
}

// Open returns a person's move that is going on. Fault: fault.NotFound.
func (s *Service) Open(ctx context.Context, person directory.PersonID) (Retirement, error) {
	r, err := s.Store.Retirement(ctx, person)
	if err == nil && !r.Open() {
		err = fault.New(fault.NotFound, "new-phone.none")
	}
	if err != nil {
		return Retirement{}, err
	}
	out, asked, err := s.SignOuts.State(ctx, person)
	return r.learn(out, asked), err
}

// Going reports whether a person's move is going on, by the row alone: every view of the
// security info page asks.
func (s *Service) Going(ctx context.Context, person directory.PersonID) (bool, error) {
	r, err := s.Store.Retirement(ctx, person)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil && r.Open(), err
}

// learn puts on the row when the directory ended the sessions, which the row itself is not
// told; the person's next act keeps it.
func (r Retirement) learn(out signout.SignOut, asked bool) Retirement {
	if !asked || out.State != signout.Done || !r.Open() || out.Asked.Before(r.Started) {
		return r
	}
	return r.SignedOut(out.Moved)
}

// View returns a person's move, or the last one that was finished, as answers and the kept
// reading of the directory make it. Faults: fault.NotFound, and fault.Unavailable while
// nothing was read yet: of an account that nobody knows nothing is said.
func (s *Service) View(ctx context.Context, a contact.Actor) (View, error) {
	return s.view(ctx, a, s.Snapshots.Kept)
}

// Read is like View, by a reading that is at most ten minutes old; faults of directory.Reader.
func (s *Service) Read(ctx context.Context, a contact.Actor) (View, error) {
	return s.view(ctx, a, s.Snapshots.Fresh)
}

func (s *Service) view(ctx context.Context, a contact.Actor, read func(context.Context, directory.PersonID) (directory.Snapshot, error)) (View, error) {
	r, err := s.Store.Retirement(ctx, a.Person)
	if err != nil {
		return View{}, err
	}
	snap, err := read(ctx, a.Person)
	if errors.Is(err, directory.ErrNoSnapshot) {
		err = fault.Wrap(fault.Unavailable, "directory.down", err)
	}
	if err != nil {
		return View{}, err
	}
	v := View{Account: snap.Account}
	if v.SignOut, v.Asked, err = s.SignOuts.State(ctx, a.Person); err != nil {
		return View{}, err
	}
	r = r.learn(v.SignOut, v.Asked)
	if v.Facts, err = s.Rules.Facts(ctx, r, snap); err != nil {
		return View{}, err
	}
	at := v.SignOut.Asked
	if v.SignOut.State == signout.Done {
		at = v.SignOut.Moved
	}
	v.Asked = v.Asked && r.counts(at, v.Facts)
	v.Retirement, v.Tasks = r, Tasks(r, v.Facts)
	v.Next, _ = Next(r, v.Facts)
	return v, nil
}

// Begin answers the first question: it begins a move, or goes on with the one that is open
// in another situation. Faults: fault.Invalid, fault.Conflict, and those of
// directory.Reader.
func (s *Service) Begin(ctx context.Context, a contact.Actor, situation Situation) (Retirement, error) {
	if !situation.Known() {
		return Retirement{}, fault.At("situation", "new-phone.choose", nil)
	}
	if s.Policy.Never(a.Person) {
		return Retirement{}, fault.New(fault.Forbidden, "account.protected")
	}
	if err := s.reserve(ctx, a, answers(), "answers"); err != nil {
		return Retirement{}, err
	}
	var methods []directory.Method
	if situation == NewNumber { // the one whose inventory is taken at once
		snap, err := s.Snapshots.Fresh(ctx, a.Person)
		if err != nil {
			return Retirement{}, err
		}
		methods = snap.Methods
	}
	now := s.Clock.Now()
	r, err := s.Open(ctx, a.Person)
	if err == nil {
		return s.move(ctx, a, r, audit.RetirementAnswer, func(r Retirement) (Retirement, error) { return r.Becomes(situation, now, methods) })
	}
	if !fault.Is(err, fault.NotFound) {
		return Retirement{}, err
	}
	r = Begin(s.NewID(), a.Person, situation, now, methods).by(a)
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.AddRetirement(ctx, r); err != nil {
			return err
		}
		return s.note(ctx, a, r, audit.RetirementStart, audit.Success, "")
	})
	return r, err
}

// Answer answers whether the number moves to the new phone.
func (s *Service) Answer(ctx context.Context, a contact.Actor, moves Reply) (Retirement, error) {
	return s.moveOpen(ctx, a, audit.RetirementAnswer, func(r Retirement) (Retirement, error) { return r.Answer(moves) })
}

// Take notes which methods live on the old phone, by their ids: of all that the directory
// shows, in a reading that is at most ten minutes old.
func (s *Service) Take(ctx context.Context, a contact.Actor, old []string) (Retirement, error) {
	snap, err := s.Snapshots.Fresh(ctx, a.Person)
	if err != nil {
		return Retirement{}, err
	}
	return s.moveOpen(ctx, a, audit.RetirementAnswer, func(r Retirement) (Retirement, error) {
		return r.Take(s.Clock.Now(), snap.Methods, old)
	})
}

// Waive notes what the person does without, or takes it back.
func (s *Service) Waive(ctx context.Context, a contact.Actor, w Want, without bool) (Retirement, error) {
	return s.moveOpen(ctx, a, audit.RetirementAnswer, func(r Retirement) (Retirement, error) { return r.Waive(w, without) })
}

// Stop gives the move up. What is on its way to be taken off, and was not yet, stays.
func (s *Service) Stop(ctx context.Context, a contact.Actor) error {
	_, err := s.moveOpen(ctx, a, audit.RetirementStop, func(r Retirement) (Retirement, error) { return r.Stop(s.Clock.Now()), nil })
	return err
}

// answers are how often one person may answer: each answer is an event in the audit log,
// which is kept for good.
func answers() []limit.Window { return []limit.Window{{Count: 100, Span: time.Hour}} }

// moveOpen moves the person's open move on.
func (s *Service) moveOpen(ctx context.Context, a contact.Actor, act audit.Action, fn func(Retirement) (Retirement, error), also ...func(context.Context, Retirement) error) (Retirement, error) {
	if err := s.reserve(ctx, a, answers(), "answers"); err != nil {
		return Retirement{}, err
	}
	r, err := s.Open(ctx, a.Person)
	if err != nil {
		return Retirement{}, err
	}
	return s.move(ctx, a, r, act, fn, also...)
}

// move writes what fn makes of the row, its event and what else belongs to it together.
// Fault: fault.Conflict when somebody else moved it on meanwhile.
func (s *Service) move(ctx context.Context, a contact.Actor, r Retirement, act audit.Action, fn func(Retirement) (Retirement, error), also ...func(context.Context, Retirement) error) (Retirement, error) {
	next, err := fn(r.by(a))
	if err != nil {
		return Retirement{}, err
	}
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		ok, err := s.Store.SaveRetirement(ctx, next)
		if err != nil {
			return err
		}
		if !ok {
			return fault.New(fault.Conflict, "new-phone.moved")
		}
		for _, do := range also {
			if err := do(ctx, next); err != nil {
				return err
			}
		}
		return s.note(ctx, a, next, act, audit.Success, "")
	})
	next.Version++
	return next, err
}

// by notes from where the person last answered.
func (r Retirement) by(a contact.Actor) Retirement {
	r.Origin = Origin{Language: a.Language, Browser: a.Browser, Network: a.Network}
	if a.Zone != nil {
		r.Origin.Zone = a.Zone.String()
	}
	return r
}

func (s *Service) note(ctx context.Context, a contact.Actor, r Retirement, act audit.Action, o audit.Outcome, reason string) error {
	err := s.Audit.Append(ctx, audit.Event{ID: s.NewID(), At: s.Clock.Now(), Actor: a.Person.String(), Subject: a.Person.String(),
		Action: act, Outcome: o, Reason: reason, Address: a.Address, Request: a.Request,
		Detail: map[string]string{"retirement": r.ID, "situation": string(r.Situation)}})
	if err != nil {
		return fmt.Errorf("retirement: the audit log takes no event: %w", err)
	}
	return nil
}

func stepUp() error { return fault.New(fault.StepUp, "signin.again") }

// codeTime is how old a code read back may be that makes up for a sign-in of unknown
// strength.
const codeTime = contact.FreshTime

// allowed reports whether this sign-in may have methods taken off (CHG-1, CHG-3): a fresh
// one of proved strength, or a fresh one and a code that was just read back at a contact
// that does not live on the old phone.
func (s *Service) allowed(a contact.Actor, r Retirement, f Facts) error {
	if !s.Fresh(a) {
		return stepUp()
	}
	if s.Policy.Context || CodeRead(r, f, s.Clock.Now()) {
		return nil
	}
	return fault.New(fault.Invalid, "new-phone.code-first")
}

// CodeRead reports whether a code was read back lately at a contact that stays.
func CodeRead(r Retirement, f Facts, now time.Time) bool {
	for _, p := range f.Proofs {
		if p.Method.Kind.Contact() && !r.IsOld(p.Method) && !p.At.After(now) && now.Sub(p.At) <= codeTime {
			return true
		}
	}
	return false
}
