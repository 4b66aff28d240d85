package reset

import (
	"context"
	"time"

	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/limit"
	"rekey/internal/phone"
)

// View returns a reset as this browser may see it, and changes nothing. In the browser where
// it began that is where it stands; in another one that has its link, the letters. For
// everybody else it is not there.
//
// Fault: NotFound.
func (s *Service) View(ctx context.Context, b Browser, id string) (View, error) {
	r, err := s.mine(ctx, b, id)
	if fault.Is(err, fault.NotFound) {
		return s.viewElsewhere(ctx, b, id)
	}
	if err != nil {
		return View{}, err
	}
	v := View{ID: r.ID, Step: r.Step, Until: r.Until, Practice: r.Practice, Reason: r.Reason, CanAgain: r.User != ""}
	switch r.State {
	case Requested, Mailed:
		v.Stage = Mail
		if s.opens(r, b.Link) {
			v.Stage = Link
		}
	case Linked:
		err = s.viewCode(ctx, b, r, &v)
	case Proved, Writing:
		v.Stage, v.NoSecondFactor = Password, r.First == ""
	case Finished:
		v.Stage, v.First, v.Checks, v.CanAgain = Done, r.First, r.Checks, false
	default:
		s.viewOver(r, b, &v)
	}
	return v, err
}

// viewOver shows why a reset is over. One that ended before its mailbox was proved, for a
// reason that only an administrator's can have, looks like those of nobody until its time is
// over, unless the link is in this browser (RST-2).
func (s *Service) viewOver(r Reset, b Browser, v *View) {
	v.Stage = Over
	if r.Practice {
		v.Checks = r.Checks
	}
	if r.Step > 1 || r.Practice || r.Reason == Expired || s.opens(r, b.Link) {
		return
	}
	if s.Clock.Now().Before(r.Until) {
		v.Stage, v.Reason = Mail, ""
	} else {
		v.Reason = Expired
	}
}

// viewElsewhere is the link in another browser.
func (s *Service) viewElsewhere(ctx context.Context, b Browser, id string) (View, error) {
	if !plausible(b.Link) {
		return View{}, fault.New(fault.NotFound, "reset.none")
	}
	r, err := s.Store.ResetByID(ctx, id)
	if err != nil {
		return View{}, err
	}
	letters, ok := s.elsewhere(r, b.Link, s.Clock.Now())
	if !ok {
		return View{}, fault.New(fault.NotFound, "reset.none")
	}
	return View{ID: r.ID, Stage: Elsewhere, Step: 1, Until: r.Until, Practice: r.Practice, Letters: letters}, nil
}

// viewCode is the second step.
func (s *Service) viewCode(ctx context.Context, b Browser, r Reset, v *View) error {
	if r.Challenge == "" {
		v.Stage = Text
		if r.Trouble != "" {
			v.Problem = &fault.Error{Kind: fault.Unavailable, Key: r.Trouble, Until: r.TryAt}
		}
		return nil
	}
	ch, err := s.Verification.Store.Challenge(ctx, r.Person, r.Challenge)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	v.Stage, v.Masked, v.Sent, v.GoodUntil, v.CodeAlive = Code, phone.Mask(ch.Destination), ch.Issued, ch.Expires, ch.Alive(now)
	v.Delivery, v.Newer = ch.Delivery, ch.Earlier > 0
	v.NoSecondFactor = r.First == ""
	v.ResendAt, err = s.nextText(ctx, r.Person, b.Source, ch.Destination)
	return err
}

// nextText is when a new code may be asked for.
func (s *Service) nextText(ctx context.Context, person directory.PersonID, source, to string) (time.Time, error) {
	var charges []limit.Charge = s.Policy.Charges(person, source, to)
	return s.Allowances.Next(ctx, charges...)
}

// Closed reports whether the tenant is known to forbid resets; it asks nobody.
func (s *Service) Closed() bool { return s.Tenant.Closed() }
