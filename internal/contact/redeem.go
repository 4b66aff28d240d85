package contact

import (
	"context"
	"errors"
	"slices"

	"rekey/internal/audit"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/job"
	"rekey/internal/notice"
	"rekey/internal/verification"
)

// Redeem moves a change on: it checks the code, or, where only Continue is missing (steps
// send-code and confirm), does what comes next. The value that is applied comes from the
// row, never from here (CHG-4). A change that is further on is returned as it is, so that
// a double click is harmless.
func (s *Service) Redeem(ctx context.Context, a Actor, id, typed string) (Change, error) {
	c, err := s.mine(ctx, a, id)
	if err != nil {
		return Change{}, err
	}
	switch c.State {
	case Authorised:
		return s.sendNew(ctx, a, c)
	case Proved:
		return s.confirm(ctx, a, c)
	case Authorising, Proving:
		return s.code(ctx, a, c, typed)
	}
	return c, nil
}

// mine loads a change that this session may move on, as it stands now. A final one may
// be looked at from every session.
func (s *Service) mine(ctx context.Context, a Actor, id string) (Change, error) {
	c, err := s.Store.Change(ctx, a.Person, id)
	if err != nil {
		return Change{}, err
	}
	c = c.At(s.Clock.Now())
	if c.Open() && c.State != Applying && c.Session != a.Session {
		return Change{}, fault.New(fault.Conflict, "code.elsewhere") // COD-4
	}
	return c, nil
}

func (s *Service) code(ctx context.Context, a Actor, c Change, typed string) (Change, error) {
	code := verification.Normalise(typed)
	if code == "" {
		return Change{}, fault.At("code", "code.empty", nil)
	}
	purpose := c.prove().purpose
	if c.State == Authorising {
		purpose = verification.AuthoriseChange
	}
	ch, err := s.Verification.Check(ctx, verification.Attempt{ID: c.Challenge, Person: a.Person, Session: a.Session, Purpose: purpose}, code)
	var wrong *verification.Wrong
	switch {
	case errors.As(err, &wrong):
		return Change{}, s.wrong(ctx, a, c, ch, wrong)
	case errors.Is(err, verification.ErrOver):
		return s.over(ctx, a, c)
	case err != nil:
		return Change{}, err
	}
	moved, err := s.right(ctx, a, c, ch)
	if errors.Is(err, verification.ErrOver) || fault.Is(err, fault.Conflict) {
		return s.over(ctx, a, c) // somebody else was faster with the same code
	}
	if err == nil && moved.State == Authorised && s.fresh(a) {
		return s.sendNew(ctx, a, moved)
	}
	return moved, err
}

// wrong says that the code is not right, and notes it: also for a caller who hangs up, so
// that nobody can try codes unseen (AUD-1). Whoever used up a code, or locked the contact,
// may be a stranger: the person is told (NOT-3).
func (s *Service) wrong(ctx context.Context, a Actor, c Change, ch verification.Challenge, w *verification.Wrong) error {
	ctx = context.WithoutCancel(ctx)
	told := ""
	switch {
	case !w.LockedUntil.IsZero():
		told = notice.Locked
	case w.Left <= 0:
		told = notice.CodesUsedUp
	}
	err := s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.note(ctx, a, audit.CodeCheck, audit.Failure, "code.wrong", s.sendDetail(c, ch)); err != nil || told == "" {
			return err
		}
		if told == notice.Locked {
			if err := s.note(ctx, a, audit.FactorLock, audit.Success, "limit.locked", map[string]string{"factor": ch.Factor}); err != nil {
				return err
			}
		}
		return s.alarm(ctx, a, c, told, masked(ch.Destination))
	})
	switch {
	case err != nil:
		return err
	case told == notice.Locked:
		s.Wake()
		return &fault.Error{Kind: fault.Limited, Key: "limit.locked", Until: w.LockedUntil}
	case told != "":
		s.Wake()
		return fault.At("code", "code.last-wrong", nil)
	}
	return fault.At("code", "code.wrong", map[string]any{"left": w.Left, "sent": ch.Issued})
}

// alarm tells the person that somebody guesses the codes of a contact, at what was on the account when it
// was last read.
func (s *Service) alarm(ctx context.Context, a Actor, c Change, what, mask string) error {
	snap, err := s.Snapshots.Kept(ctx, a.Person)
	if err != nil && !errors.Is(err, directory.ErrNoSnapshot) {
		return err
	}
	return s.Notices.Tell(ctx, notice.Event{Person: a.Person, Flow: c.ID, What: what, Masked: mask, At: s.Clock.Now(), Language: a.Language,
		Zone: a.origin().Zone, Browser: a.Browser, Network: a.Network, Contacts: snap.Contacts(), Mailbox: snap.Account.Mail})
}

// over finds out why a code was not compared: the change has moved on (then that is the
// answer), the factor is locked, or this code is finished.
func (s *Service) over(ctx context.Context, a Actor, c Change) (Change, error) {
	ctx = context.WithoutCancel(ctx) // as in wrong
	now, err := s.Store.Change(ctx, a.Person, c.ID)
	if err != nil {
		return Change{}, err
	}
	if now.State != c.State {
		return now.At(s.Clock.Now()), nil
	}
	ch, err := s.Verification.Store.Challenge(ctx, a.Person, c.Challenge)
	if err != nil {
		return Change{}, err
	}
	if err := s.note(ctx, a, audit.CodeCheck, audit.Refusal, "code.over", s.sendDetail(c, ch)); err != nil {
		return Change{}, err
	}
	if err := s.locked(ctx, a.Person, ch.Factor); err != nil {
		return Change{}, err
	}
	return Change{}, fault.At("code", "code.over", nil)
}

// right consumes the proof and moves the change on, in one transaction with the job and
// the audit event. Only here is anything marked as proved (CHG-6).
func (s *Service) right(ctx context.Context, a Actor, c Change, ch verification.Challenge) (Change, error) {
	from, action := c.State, audit.ChangeProve
	if from == Authorising {
		action = audit.ChangeAuthorise
	}
	switch {
	case from == Authorising && c.Act == Set:
		c.State = Authorised
	case c.Act == Test:
		c.State, c.Value, c.Before = Applied, "", "" // nothing has to be written
	case s.fresh(a):
		c.State = Applying
	default:
		c.State = Proved
	}
	err := s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Verification.Consume(ctx, ch.ID); err != nil {
			return err
		}
		if err := s.note(ctx, a, action, audit.Success, "", s.sendDetail(c, ch)); err != nil {
			return err
		}
		return s.move(ctx, a, &c, from)
	})
	if err != nil {
		return Change{}, err
	}
	if c.State == Applying {
		s.Wake()
	}
	return c, nil
}

// move saves a change in its new state; one that is to be applied gets its job and its
// intent in the same transaction (CHG-8).
func (s *Service) move(ctx context.Context, a Actor, c *Change, from State) error {
	c.Moved = s.Clock.Now()
	ok, err := s.Store.SaveChange(ctx, *c, from)
	if err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.Conflict, "change.moved")
	}
	c.Version++
	if c.State != Applying {
		return nil
	}
	return s.enqueue(ctx, a, *c)
}

// enqueue adds the job that applies a change, with its intent.
func (s *Service) enqueue(ctx context.Context, a Actor, c Change) error {
	if err := s.note(ctx, a, audit.ChangeApply, audit.Intent, "", detail(c)); err != nil {
		return err
	}
	return s.Jobs.Add(ctx, job.Job{ID: s.NewID(), Kind: job.Apply, Key: c.Person.String(), Subject: c.ID, Created: c.Moved, Due: c.Moved})
}

// confirm applies a proved change once the sign-in is fresh again (CHG-1).
func (s *Service) confirm(ctx context.Context, a Actor, c Change) (Change, error) {
	if !s.fresh(a) {
		return Change{}, stepUp()
	}
	c.State = Applying
	err := s.Store.InTx(ctx, func(ctx context.Context) error { return s.move(ctx, a, &c, Proved) })
	if fault.Is(err, fault.Conflict) {
		return s.Store.Change(ctx, a.Person, c.ID)
	}
	if err != nil {
		return Change{}, err
	}
	s.Wake()
	return c, nil
}

// SteppedUp is told of every completed sign-in: changes of this session that only
// waited for a fresh one are applied now, without a new code.
func (s *Service) SteppedUp(ctx context.Context, a Actor) error {
	if !s.fresh(a) {
		return nil
	}
	open, err := s.Store.OpenChanges(ctx, a.Person)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	waiting := slices.DeleteFunc(open, func(c Change) bool {
		return c.At(now).State != Proved || c.Session != a.Session
	})
	for _, c := range waiting {
		if _, err := s.confirm(ctx, a, c); err != nil {
			return err
		}
	}
	return nil
}

// sendNew sends the code to the new value, after a contact on record agreed.
func (s *Service) sendNew(ctx context.Context, a Actor, c Change) (Change, error) {
	if !s.fresh(a) {
		return Change{}, stepUp()
	}
	return s.resend(ctx, a, c, c.prove(), 0)
}

// Resend makes a new code, which kills the older one (COD-10), and sends it to the same
// destination. Faults: Limited with Until before its time, StepUp under a stale sign-in
// (a code is only sent under a fresh one), Gone when the change is over.
func (s *Service) Resend(ctx context.Context, a Actor, id string) error {
	c, err := s.mine(ctx, a, id)
	if err != nil {
		return err
	}
	switch {
	case c.State == Expired:
		return fault.New(fault.Gone, "change.expired")
	case c.State != Authorising && c.State != Proving:
		return nil // further on: nothing to send, the page shows where it is
	case !s.fresh(a):
		return stepUp()
	}
	ch, err := s.Verification.Store.Challenge(ctx, a.Person, c.Challenge)
	if err != nil {
		return err
	}
	_, err = s.resend(ctx, a, c, send{ch.Purpose, ch.Factor, ch.Destination}, ch.Earlier+1)
	return err
}

func (s *Service) resend(ctx context.Context, a Actor, c Change, to send, earlier int) (Change, error) {
	if err := s.reserve(ctx, a, to); err != nil {
		return Change{}, err
	}
	from := c.State
	if to.purpose != verification.AuthoriseChange {
		c.State = Proving
	}
	var challenge verification.Challenge
	var code string
	err := s.Store.InTx(ctx, func(ctx context.Context) error {
		var err error
		if challenge, code, err = s.issue(ctx, a, c, to, earlier); err != nil {
			return err
		}
		c.Challenge = challenge.ID
		return s.move(ctx, a, &c, from)
	})
	if err != nil {
		return Change{}, err
	}
	s.deliver(ctx, a, c, challenge, code)
	return c, nil
}

// Cancel ends an open change and its codes. One that is over is left as it is.
// Fault: Conflict while it is being applied.
func (s *Service) Cancel(ctx context.Context, a Actor, id string) error {
	c, err := s.Store.Change(ctx, a.Person, id)
	if err != nil {
		return err
	}
	switch {
	case c.State == Applying:
		return fault.New(fault.Conflict, "change.applying")
	case !c.At(s.Clock.Now()).Open():
		return nil
	}
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		return s.cancel(ctx, a, c, "change.cancelled")
	})
	if !fault.Is(err, fault.Conflict) {
		return err
	}
	now, again := s.Store.Change(ctx, a.Person, id)
	if again == nil && !now.Open() {
		return nil // pressed twice
	}
	return err
}
