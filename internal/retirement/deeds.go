package retirement

import (
	"context"
	"time"

	"rekey/internal/audit"
	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/job"
	"rekey/internal/limit"
	"rekey/internal/signout"
)

// Confirm begins the taking off, by what the directory says at this moment.
//
// Faults: fault.StepUp; fault.Invalid when a code must be read back first; fault.Conflict
// when it is not its turn or the row moved on; fault.Forbidden; those of directory.Reader.
func (s *Service) Confirm(ctx context.Context, a contact.Actor) (Retirement, error) {
	return s.takeOff(ctx, a, Retirement.Confirm)
}

// Again has what was not taken off tried once more. Faults are those of Confirm.
func (s *Service) Again(ctx context.Context, a contact.Actor) (Retirement, error) {
	return s.takeOff(ctx, a, Retirement.Again)
}

func (s *Service) takeOff(ctx context.Context, a contact.Actor, plan func(Retirement, time.Time, Facts) (Retirement, error)) (Retirement, error) {
	r, err := s.Open(ctx, a.Person)
	if err != nil {
		return Retirement{}, err
	}
	if !s.Fresh(a) { // before the directory is asked
		return Retirement{}, stepUp()
	}
	switch {
	case s.Policy.Never(a.Person):
		return Retirement{}, s.refuse(ctx, a, r, fault.New(fault.Forbidden, "account.protected"))
	case r.OnItsWay(s.Clock.Now()): // pressed twice, or on another device as well
		return r, nil
	}
	if err := s.reserve(ctx, a, s.Policy.Looks, "acts"); err != nil {
		return Retirement{}, err
	}
	f, err := s.now(ctx, r)
	if err != nil {
		return Retirement{}, err
	}
	if err := s.allowed(a, r, f); err != nil {
		return Retirement{}, s.refuse(ctx, a, r, err)
	}
	next, err := plan(r.by(a), s.Clock.Now(), f)
	if err != nil {
		return Retirement{}, s.refuse(ctx, a, r, err)
	}
	r, err = s.move(ctx, a, r, audit.RetirementConfirm, func(Retirement) (Retirement, error) { return next, nil },
		func(ctx context.Context, r Retirement) error {
			now := s.Clock.Now()
			return s.Jobs.Add(ctx, job.Job{ID: s.NewID(), Kind: job.Apply, Key: a.Person.String(), Subject: subjectOf(r.ID), Created: now, Due: now})
		})
	if err == nil {
		s.Wake()
	}
	return r, err
}

// refuse notes why nothing may be taken off (AUD-1), and returns the reason.
func (s *Service) refuse(ctx context.Context, a contact.Actor, r Retirement, reason error) error {
	f := fault.As(reason)
	if f == nil || f.Kind == fault.StepUp {
		return reason // a sign-in away, and noted as that
	}
	if err := s.note(ctx, a, r, audit.RetirementConfirm, audit.Refusal, f.Key); err != nil {
		return err
	}
	return reason
}

// now reads the directory at this moment.
func (s *Service) now(ctx context.Context, r Retirement) (Facts, error) {
	snap, err := s.Snapshots.Refresh(ctx, r.Person)
	if err != nil {
		return Facts{}, err
	}
	return s.Rules.Facts(ctx, r, snap)
}

// SignOut signs the person out everywhere, when it is its turn. Faults: fault.Conflict, and
// those of signout.Service.
func (s *Service) SignOut(ctx context.Context, a contact.Actor) error {
	v, err := s.View(ctx, a)
	if err != nil {
		return err
	}
	if !v.Retirement.Open() || !Reached(v.Retirement, v.Facts, SignOut) {
		return fault.New(fault.Conflict, "new-phone.not-yet")
	}
	if next := v.Retirement.Clears(s.Clock.Now(), v.Facts); !next.Cleared.Equal(v.Retirement.Cleared) {
		if _, err := s.move(ctx, a, v.Retirement, audit.RetirementAnswer, func(Retirement) (Retirement, error) { return next, nil }); err != nil {
			return err
		}
	}
	return s.SignOuts.Everywhere(ctx, signout.Actor{Person: a.Person, Session: a.Session, Address: a.Address, Request: a.Request})
}

// SignedIn is told of each sign-in, after the person's methods were read. It notes the one
// that only the new phone can have answered.
func (s *Service) SignedIn(ctx context.Context, a contact.Actor) error {
	if _, err := s.Open(ctx, a.Person); fault.Is(err, fault.NotFound) {
		return nil
	} else if err != nil {
		return err
	}
	v, err := s.View(ctx, a)
	if fault.Is(err, fault.Unavailable) {
		return nil // nothing was read: nothing is noted
	}
	if err != nil {
		return err
	}
	r := v.Retirement
	next := r.Saw(a.AuthTime, a.Strong || !s.Policy.Context, v.Facts)
	if next.SignedIn.Equal(r.SignedIn) && next.Cleared.Equal(r.Cleared) {
		return nil
	}
	_, err = s.move(ctx, a, r, audit.RetirementSignIn, func(Retirement) (Retirement, error) { return next, nil })
	return err
}

// Finish ends the move with the sentence, if it is true by what the directory says at this
// moment. Faults: fault.Conflict when it is not, and those of directory.Reader.
func (s *Service) Finish(ctx context.Context, a contact.Actor) (Retirement, error) {
	r, err := s.Open(ctx, a.Person)
	if err != nil {
		return Retirement{}, err
	}
	if err := s.reserve(ctx, a, s.Policy.Looks, "acts"); err != nil {
		return Retirement{}, err
	}
	f, err := s.now(ctx, r)
	if err != nil {
		return Retirement{}, err
	}
	return s.move(ctx, a, r, audit.RetirementFinish, func(r Retirement) (Retirement, error) { return r.Finish(s.Clock.Now(), f, s.Reference()) })
}

// Look has the directory looked at now. Faults: fault.Limited, and those of
// directory.Reader.
func (s *Service) Look(ctx context.Context, a contact.Actor) error {
	r, err := s.Open(ctx, a.Person)
	if err != nil {
		return err
	}
	if err := s.reserve(ctx, a, s.Policy.Looks, "looks"); err != nil {
		return err
	}
	return s.look(ctx, a, r)
}

// QuietLook is Look as a page asks for it by itself while it waits: where it would come at
// the expense of others nothing happens, and nobody is told.
func (s *Service) QuietLook(ctx context.Context, a contact.Actor) error {
	r, err := s.Open(ctx, a.Person)
	if err != nil {
		return err
	}
	_, ok, err := s.Allowances.Reserve(ctx, limit.Charge{Key: "retirement/quiet", Windows: s.Policy.QuietLooks}, s.charge(a, "looks", s.Policy.Looks))
	if err != nil || !ok {
		return err
	}
	return s.look(ctx, a, r)
}

// NextLook returns when the person may have the directory looked at: now, or later.
func (s *Service) NextLook(ctx context.Context, a contact.Actor) (time.Time, error) {
	return s.Allowances.Next(ctx, s.charge(a, "looks", s.Policy.Looks))
}

func (s *Service) charge(a contact.Actor, what string, w []limit.Window) limit.Charge {
	return limit.Charge{Key: "retirement/" + what + "/" + a.Person.String(), Windows: w}
}

func (s *Service) reserve(ctx context.Context, a contact.Actor, w []limit.Window, what string) error {
	until, ok, err := s.Allowances.Reserve(ctx, s.charge(a, what, w))
	if err == nil && !ok {
		return &fault.Error{Kind: fault.Limited, Key: "limit.refresh", Until: until}
	}
	return err
}

// look reads methods, and when they were used where only that can prove them. What is
// learned from the latter is kept in the row.
func (s *Service) look(ctx context.Context, a contact.Actor, r Retirement) error {
	snap, err := s.Snapshots.Refresh(ctx, a.Person)
	if err != nil {
		return err
	}
	f, err := s.Rules.Facts(ctx, r, snap)
	if err != nil || r.Inventoried.IsZero() || !hangsOnUse(r, f) {
		return err
	}
	used, err := s.Usage.LastUsed(ctx, a.Person)
	if err != nil { // nobody says: it is not proved
		s.Log.InfoContext(ctx, "the directory does not say when methods were used", "retirement", r.ID, "err", err)
		return nil
	}
	next := r.SawUse(snap.Methods, used)
	if len(next.Used) == len(r.Used) && (len(next.Used) == 0 || next.Used[0] == r.Used[0]) {
		return nil
	}
	_, err = s.move(ctx, a, r, audit.RetirementProof, func(Retirement) (Retirement, error) { return next, nil })
	return err
}

// hangsOnUse reports whether something that stays can only be proved by its use.
func hangsOnUse(r Retirement, f Facts) bool {
	for _, m := range f.Methods {
		if !r.IsOld(m) && m.Kind != directory.Password && !Provable(m) && !m.Kind.Contact() && f.Proved(r, m).IsZero() {
			return true
		}
	}
	return false
}

// OldDevices returns the registered devices that look like the old phone. Faults are those
// of directory.Reader.
func (s *Service) OldDevices(ctx context.Context, a contact.Actor, r Retirement) ([]directory.Device, error) {
	all, err := s.Devices.Devices(ctx, a.Person)
	if err != nil {
		return nil, err
	}
	var alike []directory.Device
	for _, d := range all {
		if d.Phone() && r.looksLike(d) {
			alike = append(alike, d)
		}
	}
	return alike, nil
}
