package contact

import (
	"context"

	"rekey/internal/audit"
	"rekey/internal/directory"
	"rekey/internal/fault"
)

// Removal says what removing a contact would come to, for the page that asks.
type Removal struct {
	Kind    directory.Kind
	Present directory.Method // the contact
	// Promote, if set, is the alternate phone that would become the phone: Microsoft lets
	// nobody keep an alternate one without a phone.
	Promote *directory.Method
	// Refused, if set, is the message key of the reason why it cannot be removed.
	Refused string
	// Agrees, if set, is the contact on record that must agree with a code.
	Agrees *directory.Method
	Stays  []directory.Method // what else is on the account
}

// Removal looks at what a removal would come to, by the kept snapshot; it costs no call to
// the directory. Faults: NotFound when there is no such contact; directory.ErrNoSnapshot.
func (s *Service) Removal(ctx context.Context, a Actor, kind directory.Kind) (Removal, error) {
	snap, err := s.Snapshots.Kept(ctx, a.Person)
	if err != nil {
		return Removal{}, err
	}
	return s.removal(ctx, kind, snap)
}

func (s *Service) removal(ctx context.Context, kind directory.Kind, snap directory.Snapshot) (Removal, error) {
	present, ok := snap.Contact(kind)
	if !ok {
		return Removal{}, fault.New(fault.NotFound, "contact.none")
	}
	r := Removal{Kind: kind, Present: present}
	for _, m := range snap.Methods {
		if m.Kind != kind {
			r.Stays = append(r.Stays, m)
		}
	}
	if alternate, ok := snap.Contact(directory.AlternatePhone); ok && kind == directory.Phone {
		r.Promote = &alternate
		if !s.Reaches(alternate) {
			r.Refused = "remove.alternate-first"
		}
		return r, nil
	}
	if s.last(ctx, snap.Methods, kind) {
		r.Refused = "remove.last-way"
		return r, nil
	}
	if !s.Policy.Context {
		first, err := s.firstCode(ctx, Change{Kind: kind, Act: Remove, State: Authorising}, snap)
		if err != nil {
			r.Refused = "change.no-contact-on-record"
			return r, nil
		}
		m, _ := snap.Contact(directory.Kind(first.factor))
		r.Agrees = &m
	}
	return r, nil
}

// last reports whether the contact is part of the last way in (OLD-2).
func (s *Service) last(ctx context.Context, methods []directory.Method, kind directory.Kind) bool {
	return s.Policy.Last != nil && s.Policy.Last(ctx, methods, func(m directory.Method) bool { return m.Kind == kind })
}

// Remove begins to take a contact off the account. Under a strong, fresh sign-in it is
// applied at once; where the sign-in proves no strength another contact on record must
// agree first. Beside an alternate phone the phone is not removed but replaced by it: that
// takes a code to the alternate one.
//
// Faults: StepUp, NotFound when there is no such contact, Invalid when the last way in or
// an alternate phone is in the way, Conflict while a change is being applied
// (Args["change"]), Limited, Forbidden, Unavailable.
func (s *Service) Remove(ctx context.Context, a Actor, kind directory.Kind) (Change, error) {
	if c, ok, err := s.removing(ctx, a, kind); err != nil || ok {
		return c, err
	}
	g, err := s.ground(ctx, a)
	if err != nil {
		return Change{}, err
	}
	r, err := s.removal(ctx, kind, g.snap)
	if err != nil {
		return Change{}, err
	}
	if r.Refused != "" {
		return Change{}, s.refuse(ctx, a, fault.New(fault.Invalid, r.Refused))
	}
	if r.Promote != nil {
		c := s.newChange(a, Promote, kind, proposal{value: r.Promote.Value}, r.Present.Value)
		return s.start(ctx, a, c, c.prove(), g.open)
	}
	c := s.newChange(a, Remove, kind, proposal{}, r.Present.Value)
	if c.State == Authorising {
		first, err := s.firstCode(ctx, c, g.snap)
		if err != nil {
			return Change{}, s.unproven(ctx, a, err)
		}
		return s.start(ctx, a, c, first, g.open)
	}
	return s.removeNow(ctx, a, c, g.open)
}

// removing returns the removal of this contact that is being applied, if there is one: the
// button was pressed twice.
func (s *Service) removing(ctx context.Context, a Actor, kind directory.Kind) (Change, bool, error) {
	open, err := s.Store.OpenChanges(ctx, a.Person)
	for _, c := range open {
		if c.State == Applying && c.Act == Remove && c.Kind == kind {
			return c, true, err
		}
	}
	return Change{}, false, err
}

// removeNow commits a removal with its job.
func (s *Service) removeNow(ctx context.Context, a Actor, c Change, open []Change) (Change, error) {
	c.State = Applying
	err := s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.replace(ctx, a, c, open); err != nil {
			return err
		}
		if err := s.Store.AddChange(ctx, c); err != nil {
			return err
		}
		if err := s.note(ctx, a, audit.ChangeStart, audit.Success, "", detail(c)); err != nil {
			return err
		}
		return s.enqueue(ctx, a, c)
	})
	if err != nil {
		return Change{}, err
	}
	s.Wake()
	return c, nil
}

// Test sends a code to a contact that is on the account. The right one proves that it still
// reaches the person; nothing is written. An open change of the contact is cancelled.
//
// Faults: those of Start, and NotFound when there is no such contact.
func (s *Service) Test(ctx context.Context, a Actor, kind directory.Kind) (Change, error) {
	g, err := s.ground(ctx, a)
	if err != nil {
		return Change{}, err
	}
	present, ok := g.snap.Contact(kind)
	if !ok {
		return Change{}, fault.New(fault.NotFound, "contact.none")
	}
	if !s.Reaches(present) {
		return Change{}, s.refuse(ctx, a, fault.New(fault.Invalid, "test.cannot-reach"))
	}
	c := s.newChange(a, Test, kind, proposal{value: present.Value}, present.Value)
	return s.start(ctx, a, c, c.prove(), g.open)
}
