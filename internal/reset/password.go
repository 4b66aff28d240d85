package reset

import (
	"context"
	"errors"
	"time"

	"rekey/internal/audit"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/job"
	"rekey/internal/notice"
)

// writeTime is how long a person waits for the directory to take the password.
const writeTime = 10 * time.Second

// SetPassword writes the new password, inside the request: it is stored nowhere, before or
// after. The intent is committed before it, and a job that finds out what became of it if
// this process does not live to say so.
//
// Faults: Invalid at password or password_again, Unavailable and Limited when it was not
// written, NotFound. When nobody can say whether it was, the page says so.
func (s *Service) SetPassword(ctx context.Context, b Browser, id, password, again string) error {
	r, err := s.mine(ctx, b, id)
	if err != nil || r.State != Proved {
		return err // over, or further on: the page says so
	}
	if err := fit(password, again, s.context(directory.Account{DisplayName: r.Name, UserPrincipalName: r.User})); err != nil {
		return err
	}
	c, err := s.stillGood(ctx, r)
	switch {
	case errors.Is(err, errOver):
		return nil
	case err != nil:
		return err
	}
	if err := fit(password, again, s.context(c.account)); err != nil {
		return err
	}
	r.Origin.Address, r.Origin.Request = b.Address, b.Request
	r.First = s.secondFactor(ctx, c.methods)
	if r.Practice {
		return s.practice(ctx, r)
	}
	if err := s.intend(ctx, &r); err != nil {
		if fault.Is(err, fault.Conflict) {
			return nil // another tab was faster
		}
		return err
	}
	ctx = context.WithoutCancel(ctx) // who hangs up now has a password written all the same
	write, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	return s.written(ctx, r, c, s.Directory.SetPassword(write, r.Person, password))
}

// intend commits that the password is about to be written.
func (s *Service) intend(ctx context.Context, r *Reset) error {
	r.State = Writing
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.move(ctx, r, Proved); err != nil {
			return err
		}
		if err := s.enqueue(ctx, *r, r.Moved.Add(settle)); err != nil {
			return err
		}
		return s.note(ctx, *r, audit.ResetPassword, audit.Intent, "", nil)
	})
}

// written records what became of the password.
func (s *Service) written(ctx context.Context, r Reset, c candidate, err error) error {
	f := fault.As(err)
	switch {
	case err == nil:
		return s.finish(ctx, r, Finished, "", c)
	case errors.Is(err, directory.ErrOutcomeUnknown), f == nil:
		s.Log.Error("nobody knows whether a password was written", "reset", r.ID, "err", err)
		return s.finish(ctx, r, Ended, Unclear, c)
	case f.Kind == fault.Invalid:
		return s.back(ctx, r, audit.Failure, f, fault.At("password", "password.refused", nil))
	case f.Kind == fault.Unavailable, f.Kind == fault.Limited:
		return s.back(ctx, r, audit.Failure, f, &fault.Error{Kind: fault.Unavailable, Key: "reset.not-written", Until: f.Until, Err: f})
	}
	s.Log.Error("the directory does not let the reset identity set a password; see rekey doctor", "reset", r.ID, "err", f)
	err = s.end(ctx, r, Failed, f.Key, audit.Failure)
	if fault.Is(err, fault.Conflict) {
		return nil
	}
	return err
}

// back goes back to the form: nothing was written. Its ten minutes go on from where they
// were, and it gets no more of them.
func (s *Service) back(ctx context.Context, r Reset, o audit.Outcome, why, f *fault.Error) error {
	r.State = Proved
	err := s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.move(ctx, &r, Writing); err != nil {
			return err
		}
		return s.note(ctx, r, audit.ResetPassword, o, why.Key, nil)
	})
	if fault.Is(err, fault.Conflict) {
		return nil
	}
	return errors.Join(err, f)
}

// finish records that the password was written, or may have been: every session ends, the
// person is told, and a job tells the others. All of it commits together; where that fails
// the job of intend does it.
func (s *Service) finish(ctx context.Context, r Reset, to State, reason string, c candidate) error {
	what, outcome := notice.PasswordReset, audit.Success
	if to == Ended {
		what, outcome = notice.PasswordUnclear, audit.Unclear
	}
	r.State, r.Reason = to, reason
	err := s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.move(ctx, &r, Writing); err != nil {
			return err
		}
		if err := s.note(ctx, r, audit.ResetPassword, outcome, "", nil); err != nil {
			return err
		}
		if _, err := s.Store.SupersedeResets(ctx, r.Person, r.ID, s.Clock.Now()); err != nil { // RST-9
			return err
		}
		if err := s.SignOuts.EndAll(ctx, r.Person, r.Origin.Address, r.Origin.Request); err != nil {
			return err
		}
		if err := s.Notices.Tell(ctx, s.event(r, what, "", c.account, c.methods)); err != nil {
			return err
		}
		return s.enqueue(ctx, r, s.Clock.Now())
	})
	if fault.Is(err, fault.Conflict) {
		return nil // the job of intend was faster: it took too long
	}
	if err == nil {
		s.Wake()
	}
	return err
}

// settle handles the job of intend: a reset that still writes by then belongs to a process
// that is gone, and nobody can say what the directory got.
func (s *Service) settle(ctx context.Context, j job.Job, r Reset) error {
	ctx, cancel := context.WithTimeout(ctx, workTime)
	defer cancel()
	if s.Clock.Now().Before(r.Moved.Add(settle)) {
		return s.Jobs.Retry(ctx, j, r.Moved.Add(settle))
	}
	c := candidate{person: r.Person}
	var err error
	if c.account, err = s.Directory.Account(ctx, r.Person); err == nil {
		c.methods, err = s.Directory.Methods(ctx, r.Person)
	}
	if f := fault.As(err); f != nil && s.Clock.Now().Before(r.Moved.Add(giveUp)) {
		return s.Jobs.Retry(context.WithoutCancel(ctx), j, s.due(j, f))
	}
	if err != nil {
		s.Log.Error("a person is told of a reset at the contacts that we know ourselves: the directory does not answer", "reset", r.ID, "err", err)
	}
	if err := s.finish(ctx, r, Ended, Unclear, c); err != nil {
		return err
	}
	return s.Jobs.Done(ctx, j)
}

// due is when a job is tried again.
func (s *Service) due(j job.Job, f *fault.Error) time.Time {
	due := s.Clock.Now().Add(job.Backoff(j.Attempts))
	if f.Until.After(due) {
		due = f.Until
	}
	return due
}

// secondFactor is what the sign-in will ask for first beside the password, "" of nothing.
func (s *Service) secondFactor(ctx context.Context, methods []directory.Method) directory.Kind {
	ways := directory.WaysIn(methods, s.Policy.Methods(ctx), s.Policy.Setting(), nil)
	answers := func(kind directory.Kind) bool {
		for _, w := range ways.In {
			if w.Methods[len(w.Methods)-1].Kind == kind {
				return true
			}
		}
		return false
	}
	for _, m := range directory.AskedBeforeText(methods) {
		if answers(m.Kind) {
			return m.Kind
		}
	}
	for _, kind := range []directory.Kind{directory.Phone, directory.AlternatePhone, directory.OfficePhone, directory.WindowsHello, directory.PlatformKey} {
		if answers(kind) {
			return kind
		}
	}
	return ""
}
