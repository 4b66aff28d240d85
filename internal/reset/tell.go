package reset

import (
	"context"
	"time"

	"rekey/internal/audit"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/job"
	"rekey/internal/notice"
)

// giveUp is for how long others are tried to be told (NOT-4).
const giveUp = 24 * time.Hour

// tell has the other administrators who could have done the same told, and the mailbox that
// the operator names (RST-10). The notices and the end of the job commit together.
func (s *Service) tell(ctx context.Context, j job.Job, r Reset) error {
	ctx, cancel := context.WithTimeout(ctx, workTime)
	defer cancel()
	others, err := s.Directory.Holders(ctx, directory.GlobalAdministrator, directory.PrivilegedAuthenticationAdministrator)
	outcome := audit.Success
	if err != nil {
		f := fault.As(err)
		if f == nil || s.Clock.Now().Before(r.Moved.Add(giveUp)) {
			if f == nil {
				return err
			}
			return s.Jobs.Retry(context.WithoutCancel(ctx), j, s.due(j, f))
		}
		outcome = audit.Failure
		s.Log.Error("other administrators were not told of a reset", "reset", r.ID, "err", f)
	}
	err = s.Store.InTx(context.WithoutCancel(ctx), func(ctx context.Context) error {
		for _, to := range s.mailboxes(r, others) {
			e := notice.Event{Person: to.Person, Flow: r.ID, What: notice.ColleagueReset, Masked: r.Name, At: r.Moved, Language: s.Policy.Language,
				Browser: r.Origin.Browser, Network: r.Origin.Network, Mailbox: to.Account.Mail}
			if err := s.Notices.Tell(ctx, e); err != nil {
				return err
			}
		}
		if err := s.note(ctx, r, audit.ResetTell, outcome, "", nil); err != nil {
			return err
		}
		return s.Jobs.Done(ctx, j)
	})
	if err == nil {
		s.Wake()
	}
	return err
}

// mailboxes are who is told: each once, and never the person.
func (s *Service) mailboxes(r Reset, others []directory.Colleague) []directory.Colleague {
	var to []directory.Colleague
	for _, c := range others {
		if c.Person != r.Person && c.Account.Enabled && c.Account.Mail != "" {
			to = append(to, c)
		}
	}
	if s.Policy.AlertMail != "" {
		to = append(to, directory.Colleague{Person: r.Person, Account: directory.Account{Mail: s.Policy.AlertMail}})
	}
	return to
}
