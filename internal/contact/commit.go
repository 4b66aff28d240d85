package contact

import (
	"context"
	"errors"

	"rekey/internal/audit"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/verification"
)

// start reserves the allowance, commits the change with its challenge, and sends.
func (s *Service) start(ctx context.Context, a Actor, c Change, first send, open []Change) (Change, error) {
	if err := s.reserve(ctx, a, first); err != nil {
		return s.pressedTwice(ctx, c, err)
	}
	challenge, code, err := s.commit(ctx, a, &c, first, open)
	for again := 0; again < retries && fault.Is(err, fault.Conflict); again++ {
		// Somebody was faster with another change of the person: it is replaced like any
		// other. The place is reserved, so that giving up would cost it for nothing.
		if open, err = s.notApplying(ctx, a); err == nil {
			challenge, code, err = s.commit(ctx, a, &c, first, open)
		}
	}
	if err != nil {
		return Change{}, err
	}
	s.deliver(ctx, a, c, challenge, code)
	return c, nil
}

// retries is how often a start that lost a race is tried again. Whoever loses that often is
// a machine.
const retries = 8

// commit writes a change with its first challenge, in place of those that are open.
func (s *Service) commit(ctx context.Context, a Actor, c *Change, first send, open []Change) (challenge verification.Challenge, code string, err error) {
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.replace(ctx, a, *c, open); err != nil {
			return err
		}
		var err error
		if challenge, code, err = s.issue(ctx, a, *c, first, 0); err != nil {
			return err
		}
		c.Challenge = challenge.ID
		if err := s.Store.AddChange(ctx, *c); err != nil {
			return err
		}
		return s.note(ctx, a, audit.ChangeStart, audit.Success, "", detail(*c))
	})
	return challenge, code, err
}

// replace cancels the open changes whose place a new one takes: those of the same contact,
// and beside a promotion those of the alternate phone, which it uses up.
func (s *Service) replace(ctx context.Context, a Actor, c Change, open []Change) error {
	for _, o := range open {
		if o.Kind != c.Kind && (c.Act != Promote || o.Kind != directory.AlternatePhone) {
			continue
		}
		if err := s.cancel(ctx, a, o, "change.replaced"); err != nil {
			return err
		}
	}
	return nil
}

// pressedTwice returns the open change of this session with the same act and value, if
// there is one: its code is on its way. Else it returns the reason why no other may be
// sent. It reads in a transaction, so that it waits for the one that the first press may be
// in.
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
		return Change{}, errors.Join(reason, err)
	}
	for _, o := range open {
		same := o.At(s.Clock.Now())
		if same.Open() && o.Kind == c.Kind && o.Act == c.Act && o.Session == c.Session && o.Value == c.Value {
			return o, nil
		}
	}
	return Change{}, reason
}

// cancel ends an open change and its codes, erases what it proposed and notes it, in the
// caller's transaction.
func (s *Service) cancel(ctx context.Context, a Actor, c Change, reason string) error {
	from := c.State
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
	return s.note(ctx, a, audit.ChangeCancel, audit.Success, reason, detail(c))
}
