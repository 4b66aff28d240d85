package contact

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rekey/internal/audit"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/job"
	"rekey/internal/notice"
)

// trouble sorts a fault of the directory into "later" and "never".
func (p *Applier) trouble(ctx context.Context, j job.Job, c Change, err error) error {
	f := fault.As(err)
	if f == nil {
		f = fault.Wrap(fault.Unavailable, "directory.down", err)
	}
	switch f.Kind {
	case fault.Invalid:
		if c.Act == Remove || c.Act == Promote {
			return p.fail(ctx, j, c, "remove.refused") // most likely it is the default: Graph keeps that
		}
		return p.fail(ctx, j, c, "directory.refused")
	case fault.Forbidden:
		p.Log.Error("the directory refuses this process; see rekey doctor", "change", c.ID, "err", f.Key)
		return p.fail(ctx, j, c, "directory.permission")
	case fault.NotFound:
		return p.fail(ctx, j, c, "account.gone")
	}
	now := p.Clock.Now()
	if now.Sub(c.Moved) > giveUp {
		return p.fail(ctx, j, c, "directory.down")
	}
	due := now.Add(job.Backoff(j.Attempts))
	if f.Until.After(due) {
		due = f.Until
	}
	reason := "apply.busy"
	switch {
	case c.Reason == reasonChecking:
		reason = reasonChecking
	case f.Key == "directory.budget": // we hold it back ourselves: that is not Microsoft's doing
		reason = "apply.queue"
	}
	return p.later(ctx, j, c, due, reason)
}

// later frees the job until due, and tells the page. A write that nobody could confirm
// for a day ends as unknown.
func (p *Applier) later(ctx context.Context, j job.Job, c Change, due time.Time, reason string) error {
	ctx, cancel := p.record(ctx)
	defer cancel()
	if !c.Wrote.IsZero() && p.Clock.Now().Sub(c.Moved) > giveUp {
		return p.stop(ctx, j, c, Unknown, audit.Unclear, reasonUnknown)
	}
	c.Retry, c.Reason = due, reason
	return p.Store.InTx(ctx, func(ctx context.Context) error {
		if err := p.save(ctx, &c, "", ""); err != nil {
			return err
		}
		return p.Jobs.Retry(ctx, j, due)
	})
}

// fail ends a change that was not written. One whose write was on its way, and whose
// answer never came, may have been, and half of a promotion was: these end as unknown, and
// the person is told.
func (p *Applier) fail(ctx context.Context, j job.Job, c Change, reason string) error {
	if c.touched() {
		return p.stop(ctx, j, c, Unknown, audit.Unclear, reason)
	}
	return p.stop(ctx, j, c, Failed, audit.Failure, reason)
}

func (p *Applier) stop(ctx context.Context, j job.Job, c Change, to State, o audit.Outcome, reason string) error {
	ctx, cancel := p.record(ctx)
	defer cancel()
	return p.finish(ctx, j, c, to, o, reason, nil)
}

func (p *Applier) done(ctx context.Context, j job.Job, c Change, snap directory.Snapshot) error {
	ctx, cancel := p.record(ctx)
	defer cancel()
	return p.finish(ctx, j, c, Applied, audit.Success, "", &snap)
}

// finish records the end: the state, the snapshot, the event, the notices and the job,
// together.
func (p *Applier) finish(ctx context.Context, j job.Job, c Change, to State, o audit.Outcome, reason string, snap *directory.Snapshot) error {
	return p.Store.InTx(ctx, func(ctx context.Context) error {
		if snap != nil {
			if err := p.Snapshots.SaveSnapshot(ctx, c.Person, *snap); err != nil {
				return err
			}
		}
		if err := p.aftermath(ctx, c, to, snap); err != nil {
			return err
		}
		c.State, c.Reason, c.Moved = to, reason, p.Clock.Now()
		if to == Unknown && reason != reasonUnknown {
			c.Reason = "" // its words tell the person that nothing was saved: it goes to the audit log alone
		}
		c.Value, c.Before, c.Wrote, c.Half, c.Retry = "", "", time.Time{}, time.Time{}, time.Time{}
		if err := p.save(ctx, &c, o, reason); err != nil {
			return err
		}
		return p.Jobs.Done(ctx, j)
	})
}

// aftermath tells the person of a change that was made, or that may have been, and ends the
// other sessions after one that was, if only by half.
func (p *Applier) aftermath(ctx context.Context, c Change, to State, snap *directory.Snapshot) error {
	if to != Applied && to != Unknown {
		return nil
	}
	if snap == nil {
		kept, err := p.Snapshots.Snapshot(ctx, c.Person)
		if err != nil && !errors.Is(err, directory.ErrNoSnapshot) {
			return err
		}
		snap = &kept
	}
	if err := p.Notices.Tell(ctx, c.event(to, *snap, p.Clock.Now())); err != nil || to != Applied && c.Half.IsZero() {
		return err
	}
	_, err := p.Sessions.EndOthers(ctx, c.Person, c.Session)
	return err
}

// event is what the person is told, at what is on the account and what is not any more.
func (c Change) event(to State, snap directory.Snapshot, at time.Time) notice.Event {
	e := notice.Event{Person: c.Person, Flow: c.ID, Masked: c.Masked, Old: c.OldMasked, At: at, Language: c.Language,
		Zone: c.Origin.Zone, Browser: c.Origin.Browser, Network: c.Origin.Network, Contacts: snap.Contacts(), Mailbox: snap.Account.Mail}
	if c.Value != "" {
		e.Contacts = append(e.Contacts, directory.Method{Kind: c.Kind, Value: c.Value})
	}
	if c.Before != "" {
		e.Gone = []directory.Method{{Kind: c.Kind, Value: c.Before}}
	}
	switch {
	case to == Unknown:
		e.What = notice.Unclear
	case c.Act == Promote:
		e.What = notice.Promoted
	case c.Act == Remove:
		e.What = string(c.Kind) + ".removed"
	case c.Before == "":
		e.What = string(c.Kind) + ".added"
	default:
		e.What = string(c.Kind) + ".changed"
	}
	return e
}

// record gives what must be written down its own few seconds, even when the time for the
// directory is over.
func (p *Applier) record(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
}

// save saves the row, which nobody else may have moved on, and notes the event; an empty
// outcome notes none.
func (p *Applier) save(ctx context.Context, c *Change, o audit.Outcome, reason string) error {
	ok, err := p.Store.SaveChange(ctx, *c, Applying)
	if err != nil {
		return err
	}
	if !ok {
		return job.ErrLost
	}
	c.Version++
	if o == "" {
		return nil
	}
	err = p.Audit.Append(ctx, audit.Event{ID: p.NewID(), At: p.Clock.Now(), Actor: "system", Subject: c.Person.String(),
		Action: audit.ChangeApply, Outcome: o, Reason: reason, Detail: detail(*c)})
	if err != nil {
		return fmt.Errorf("contact: the audit log takes no event: %w", err)
	}
	return nil
}
