package reset

import (
	"context"

	"rekey/internal/audit"
	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
)

// Practise begins a practice run: the whole journey for an administrator who is signed in,
// but for the last step, which writes nothing. What is missing is told on its page.
//
// Faults: StepUp under a stale sign-in, Limited, Forbidden for whoever has no role.
func (s *Service) Practise(ctx context.Context, a contact.Actor, b Browser) (id, secret string, err error) {
	if !a.Recent(s.Clock.Now()) {
		return "", "", fault.New(fault.StepUp, "signin.again")
	}
	account, err := s.Directory.Account(ctx, a.Person)
	if err != nil {
		return "", "", err
	}
	standing, err := s.Directory.Administrator(ctx, a.Person)
	if err != nil {
		return "", "", err
	}
	if !standing.Any() {
		return "", "", fault.New(fault.Forbidden, "reset.practice-role")
	}
	if err := s.reserve(ctx, b); err != nil {
		return "", "", err
	}
	return s.begin(ctx, b, Reset{User: account.UserPrincipalName, Person: a.Person, Practice: true, Name: account.DisplayName}, nil)
}

// LastPractice returns a person's last practice run, zero when there was none.
func (s *Service) LastPractice(ctx context.Context, person directory.PersonID) (Practised, error) {
	return s.Store.LastPractice(ctx, person)
}

// practice ends a practice run at the place where a real one would write.
func (s *Service) practice(ctx context.Context, r Reset) error {
	may, err := s.Directory.MaySetPasswords(ctx)
	if err != nil && !fault.Is(err, fault.Forbidden) {
		return err
	}
	r.Checks = append(r.Checks, Check{What: "mail", OK: true}, Check{What: "text", OK: true})
	switch {
	case err != nil: // it may not be looked at, which says nothing about it
		may = true
	case may:
		r.Checks = append(r.Checks, Check{What: "identity", OK: true})
	default:
		r.Checks = append(r.Checks, Check{What: "identity", Reason: "identity"})
	}
	r.Checks = append(r.Checks, Check{What: "password", OK: true})
	r.State = Finished
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.move(ctx, &r, Proved); err != nil {
			return err
		}
		if err := s.practised(ctx, r, may && r.First != ""); err != nil {
			return err
		}
		return s.note(ctx, r, audit.ResetPractice, audit.Success, "", nil)
	})
	if fault.Is(err, fault.Conflict) {
		return nil
	}
	return err
}

// practised keeps how a practice run ended; of a real reset nothing.
func (s *Service) practised(ctx context.Context, r Reset, ok bool) error {
	if !r.Practice {
		return nil
	}
	return s.Store.SavePractice(ctx, r.Person, Practised{At: s.Clock.Now(), OK: ok})
}
