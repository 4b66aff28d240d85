package contact

import (
	"context"
	"time"

	"rekey/internal/directory"
	"rekey/internal/message"
	"rekey/internal/notice"
	"rekey/internal/phone"
	"rekey/internal/verification"
)

// View is a change as a page shows it.
type View struct {
	Change      Change
	Step        Step
	Here        bool   // this session started it and may move it on; others only look
	To          string // masked destination of the newest code
	SentAt      time.Time
	GoodUntil   time.Time
	CodeAlive   bool // false: expired, or five wrong codes
	Newer       bool // an older code died when this one was sent
	TriesLeft   int
	ResendAt    time.Time // when a new code may be asked for; past or now: at once
	LockedUntil time.Time // zero, or until when the factor takes no codes
	Delivery    verification.Delivery
	Channel     message.Channel // of the newest code
	Told        []notice.Notice // who is told of a change that was applied
}

// View returns a person's change. Somebody else's looks like a missing one (WEB-7).
func (s *Service) View(ctx context.Context, a Actor, id string) (View, error) {
	c, err := s.Store.Change(ctx, a.Person, id)
	if err != nil {
		return View{}, err
	}
	return s.view(ctx, a, c)
}

func (s *Service) view(ctx context.Context, a Actor, c Change) (View, error) {
	now := s.Clock.Now()
	c = c.At(now)
	v := View{Change: c, Step: c.Next(now, s.fresh(a)), Here: c.Session == a.Session}
	switch v.Step {
	case EnterCode:
	case Done:
		var err error
		v.Told, err = s.Notices.Of(ctx, c.ID)
		return v, err
	default:
		return v, nil
	}
	ch, err := s.Verification.Store.Challenge(ctx, a.Person, c.Challenge)
	if err != nil {
		return View{}, err
	}
	f, err := s.Verification.Store.Failures(ctx, a.Person, ch.Factor)
	if err != nil {
		return View{}, err
	}
	if f.LockedUntil.After(now) {
		v.LockedUntil = f.LockedUntil
	}
	if v.ResendAt, err = s.Allowances.Next(ctx, s.charges(a, send{ch.Purpose, ch.Factor, ch.Destination})...); err != nil {
		return View{}, err
	}
	v.To, v.Channel, v.SentAt, v.GoodUntil = masked(ch.Destination), channelOf(ch.Destination), ch.Issued, ch.Expires
	v.CodeAlive, v.Newer, v.TriesLeft = ch.Alive(now), ch.Earlier > 0, verification.Tries-ch.Tries
	v.Delivery = ch.Delivery
	return v, nil
}

// Overview returns the person's changes that are not over, and when each contact, as the
// snapshot has it, was last proved here: one that has another value by now was not. It is
// for the security info page.
func (s *Service) Overview(ctx context.Context, a Actor, snap directory.Snapshot) ([]View, map[directory.Kind]Proof, error) {
	open, proofs, err := s.Store.Overview(ctx, a.Person)
	if err != nil {
		return nil, nil, err
	}
	now := s.Clock.Now()
	var views []View
	for _, c := range open {
		if c = c.At(now); c.Open() {
			views = append(views, View{Change: c, Step: c.Next(now, s.fresh(a)), Here: c.Session == a.Session})
		}
	}
	return views, current(proofs, snap, s.hash), nil
}

// Draft returns what was typed for the open change of this session, so that a wrong
// number or address can be corrected without typing it again (ACC-3).
func (s *Service) Draft(ctx context.Context, a Actor, kind directory.Kind) (Input, bool) {
	open, err := s.Store.OpenChanges(ctx, a.Person)
	if err != nil {
		return Input{}, false
	}
	for _, c := range open {
		if c = c.At(s.Clock.Now()); c.Open() && c.State != Applying && c.Act == Set && c.Kind == kind && c.Session == a.Session {
			if kind == directory.Email {
				return Input{Address: c.Value}, true
			}
			return Input{Country: c.Region, Number: phone.National(c.Value)}, true
		}
	}
	return Input{}, false
}
