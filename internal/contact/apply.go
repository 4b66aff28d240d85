package contact

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"rekey/internal/audit"
	"rekey/internal/clock"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/job"
	"rekey/internal/verification"
)

// Patience of applying.
const (
	// applyTime ends before a job's lease does, so that no write starts under a lost one.
	applyTime = job.Lease - 5*time.Second
	// lagTime is how long the directory may show the old value after a write whose answer
	// was lost, before the write is repeated (AVL-3).
	lagTime = directory.Lag
	// crashTime is the same after a crash, where most likely nothing was sent.
	crashTime = 10 * time.Second
	// giveUp is how long applying is tried.
	giveUp = 24 * time.Hour
)

// Applier writes proved changes to the directory. It is the only writer (CHG-6), and runs
// as the handler of job.Apply:
//
//  1. read the account: enabled, not on the never-list
//  2. read the methods: the new value is there already → applied; neither the value of
//     the start nor the new one → failed, somebody else changed it (CHG-8)
//  3. note the intent, check the lease, write in place
//  4. read back, keep the snapshot, record the outcome with the end of the job
//
// A crash or a lost answer between 3 and 4 leaves the intent in the row: the next attempt
// reads back with patience before it repeats anything.
type Applier struct {
	Store     Store
	Snapshots directory.SnapshotStore
	Reader    directory.Reader
	Writer    directory.Writer
	Jobs      job.Queue
	Audit     audit.Log
	Never     func(directory.PersonID) bool
	MAC       verification.MAC
	Clock     clock.Clock
	NewID     func() string
	Log       *slog.Logger
}

// Apply handles one job of kind job.Apply.
func (p *Applier) Apply(ctx context.Context, j job.Job) error {
	ctx, cancel := context.WithTimeout(ctx, applyTime)
	defer cancel()
	c, err := p.Store.ChangeByID(ctx, j.Subject)
	if fault.Is(err, fault.NotFound) || (err == nil && c.State != Applying) {
		return p.Jobs.Done(ctx, j) // finished by somebody else
	}
	if err != nil {
		return err
	}
	account, err := p.Reader.Account(ctx, c.Person)
	if err != nil {
		return p.trouble(ctx, j, c, err)
	}
	switch {
	case !account.Enabled:
		return p.fail(ctx, j, c, "account.disabled")
	case p.Never != nil && p.Never(c.Person):
		return p.fail(ctx, j, c, "account.protected")
	}
	at := p.Clock.Now()
	methods, err := p.Reader.Methods(ctx, c.Person)
	if err != nil {
		return p.trouble(ctx, j, c, err)
	}
	return p.compare(ctx, j, c, directory.Snapshot{Account: account, Methods: methods, At: at})
}

// compare decides what the directory's present value means.
func (p *Applier) compare(ctx context.Context, j job.Job, c Change, snap directory.Snapshot) error {
	now, _ := snap.Contact(c.Kind)
	if now.Value == c.Value {
		return p.done(ctx, j, c, snap)
	}
	if left := p.patience(c); left > 0 {
		return p.later(ctx, j, c, p.Clock.Now().Add(min(left, job.Backoff(min(j.Attempts, 4)))), c.Reason)
	}
	if now.Value == c.Before {
		return p.write(ctx, j, c, snap)
	}
	late, err := p.lagging(ctx, c)
	if err != nil {
		return err
	}
	if late {
		return p.later(ctx, j, c, p.Clock.Now().Add(5*time.Second), "apply.busy")
	}
	ctx, cancel := p.record(ctx)
	defer cancel()
	return p.finish(ctx, j, c, Failed, audit.Failure, "apply.moved", &snap)
}

// patience says how much longer to only look, after a write whose outcome is not known.
func (p *Applier) patience(c Change) time.Duration {
	switch {
	case c.Wrote.IsZero():
		return 0
	case c.Reason == reasonChecking:
		return lagTime - p.Clock.Now().Sub(c.Wrote)
	}
	return crashTime - p.Clock.Now().Sub(c.Wrote)
}

// lagging reports whether the directory may simply not show this person's last change yet.
func (p *Applier) lagging(ctx context.Context, c Change) (bool, error) {
	proofs, err := p.Store.LastProved(ctx, c.Person)
	return err == nil && p.Clock.Now().Sub(proofs[c.Kind].At) < lagTime, err
}

// reasonChecking marks a change whose write may have been done: the answer was lost.
const reasonChecking = "apply.checking"

// reasonUnknown is why a change ends as unknown after a day of no answers.
const reasonUnknown = "apply.unknown"

// write notes the intent, makes sure the job is still ours, and writes.
func (p *Applier) write(ctx context.Context, j job.Job, c Change, snap directory.Snapshot) error {
	c.Wrote, c.Retry, c.Reason = p.Clock.Now(), time.Time{}, ""
	err := p.Store.InTx(ctx, func(ctx context.Context) error {
		if err := p.Jobs.Holds(ctx, j, p.Clock.Now()); err != nil {
			return err
		}
		return p.save(ctx, &c, audit.Intent, "")
	})
	if err != nil {
		return err
	}
	if err := p.Jobs.Holds(ctx, j, p.Clock.Now()); err != nil {
		return err
	}
	if _, exists := snap.Contact(c.Kind); exists {
		err = p.Writer.UpdateContact(ctx, c.Person, c.Kind, c.Value)
	} else {
		err = p.Writer.AddContact(ctx, c.Person, c.Kind, c.Value)
	}
	switch {
	case err == nil:
		return p.done(ctx, j, c, p.readBack(ctx, c, snap))
	case errors.Is(err, directory.ErrOutcomeUnknown):
		return p.later(ctx, j, c, p.Clock.Now().Add(time.Second), reasonChecking)
	}
	c.Wrote = time.Time{} // certainly not done
	return p.trouble(ctx, j, c, err)
}

// readBack returns what the directory shows after an acknowledged write. When it does
// not show the new value yet, or does not answer, the value is set in what was read before.
func (p *Applier) readBack(ctx context.Context, c Change, before directory.Snapshot) directory.Snapshot {
	at := p.Clock.Now()
	methods, err := p.Reader.Methods(ctx, c.Person)
	if err == nil {
		after := directory.Snapshot{Account: before.Account, Methods: methods, At: at}
		if m, _ := after.Contact(c.Kind); m.Value == c.Value {
			return after
		}
	}
	before.At = at
	return before.Wrote(c.Kind, c.Value, at)
}

// trouble sorts a fault of the directory into "later" and "never".
func (p *Applier) trouble(ctx context.Context, j job.Job, c Change, err error) error {
	f := fault.As(err)
	if f == nil {
		f = fault.Wrap(fault.Unavailable, "directory.down", err)
	}
	switch f.Kind {
	case fault.Invalid:
		return p.fail(ctx, j, c, "directory.refused")
	case fault.Forbidden:
		p.Log.Error("the directory refuses this process; see rekey doctor", "change", c.ID, "err", f.Key)
		return p.fail(ctx, j, c, "directory.permission")
	case fault.NotFound:
		return p.fail(ctx, j, c, "account.gone")
	}
	now := p.Clock.Now()
	if now.Sub(c.Moved) > giveUp {
		return p.stop(ctx, j, c, Failed, audit.Failure, "directory.down")
	}
	due := now.Add(job.Backoff(j.Attempts))
	if f.Until.After(due) {
		due = f.Until
	}
	reason := "apply.busy"
	if c.Reason == reasonChecking {
		reason = reasonChecking
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
// answer never came, may have been: it ends as unknown.
func (p *Applier) fail(ctx context.Context, j job.Job, c Change, reason string) error {
	if !c.Wrote.IsZero() {
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

// finish records the end: the state, the snapshot, the event and the job, together.
func (p *Applier) finish(ctx context.Context, j job.Job, c Change, to State, o audit.Outcome, reason string, snap *directory.Snapshot) error {
	return p.Store.InTx(ctx, func(ctx context.Context) error {
		if snap != nil {
			if err := p.Snapshots.SaveSnapshot(ctx, c.Person, *snap); err != nil {
				return err
			}
		}
		hash := p.hash(c.Value)
		c.State, c.Reason, c.Moved = to, reason, p.Clock.Now()
		if to == Unknown && reason != reasonUnknown {
			c.Reason = "" // its words tell the person that nothing was saved: it goes to the audit log alone
		}
		c.Value, c.Before, c.Wrote, c.Retry = "", "", time.Time{}, time.Time{}
		if err := p.saveWith(ctx, &c, o, reason, hash); err != nil {
			return err
		}
		return p.Jobs.Done(ctx, j)
	})
}

// record gives what must be written down its own few seconds, even when the time for the
// directory is over.
func (p *Applier) record(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
}

func (p *Applier) save(ctx context.Context, c *Change, o audit.Outcome, reason string) error {
	return p.saveWith(ctx, c, o, reason, p.hash(c.Value))
}

// saveWith saves the row, which nobody else may have moved on, and notes the event; an
// empty outcome notes none.
func (p *Applier) saveWith(ctx context.Context, c *Change, o audit.Outcome, reason, hash string) error {
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
	detail := map[string]string{"change": c.ID, "kind": string(c.Kind), "new": c.Masked, "hash": hash}
	if c.OldMasked != "" {
		detail["old"] = c.OldMasked
	}
	err = p.Audit.Append(ctx, audit.Event{ID: p.NewID(), At: p.Clock.Now(), Actor: "system", Subject: c.Person.String(),
		Action: audit.ChangeApply, Outcome: o, Reason: reason, Detail: detail})
	if err != nil {
		return fmt.Errorf("contact: the audit log takes no event: %w", err)
	}
	return nil
}

func (p *Applier) hash(value string) string { return recognise(p.MAC, value) }
