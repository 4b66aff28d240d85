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

// Applier writes changes to the directory. It is the only writer (CHG-6), and runs as the
// handler of job.Apply:
//
//  1. read the account: enabled, not on the never-list
//  2. read the methods: what was wanted is there already → applied; neither that nor what
//     was there at the start → failed, somebody else changed it (CHG-8); a removal that would
//     take the last way in → failed
//  3. note the intent, check the lease, write in place; a promotion is two writes, phone
//     first, so that the person has a phone at any moment (AVL-5)
//  4. read back, keep the snapshot, and record the outcome with the end of the job, the
//     notices and the end of the person's other sessions (SES-6)
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
	Notices   Notices
	Sessions  Sessions
	Never     func(directory.PersonID) bool
	Last      func(ctx context.Context, methods []directory.Method, gone func(directory.Method) bool) bool // see Policy
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
	snap := directory.Snapshot{Account: account, Methods: methods, At: at}
	late, err := p.lagging(ctx, c, snap)
	if err != nil {
		return err
	}
	if late {
		return p.later(ctx, j, c, p.Clock.Now().Add(5*time.Second), "apply.busy")
	}
	return p.compare(ctx, j, c, snap)
}

// compare decides what the directory's present values mean.
func (p *Applier) compare(ctx context.Context, j job.Job, c Change, snap directory.Snapshot) error {
	todo := c.next(snap, p.Clock.Now())
	if todo == nothing {
		return p.done(ctx, j, c, c.showing(snap, p.Clock.Now()))
	}
	if todo == removeAlternate && c.Half.IsZero() {
		c.Wrote = time.Time{} // the first half is there: nothing is unclear any more
	}
	if left := p.patience(c); left > 0 {
		return p.later(ctx, j, c, p.Clock.Now().Add(min(left, job.Backoff(min(j.Attempts, 4)))), c.Reason)
	}
	if todo != elsewhere {
		if reason := p.barred(ctx, c, snap); reason != "" {
			return p.fail(ctx, j, c, reason)
		}
		return p.write(ctx, j, c, snap, todo)
	}
	ctx, cancel := p.record(ctx)
	defer cancel()
	if c.touched() {
		return p.finish(ctx, j, c, Unknown, audit.Unclear, "apply.moved", &snap)
	}
	return p.finish(ctx, j, c, Failed, audit.Failure, "apply.moved", &snap)
}

// barred says why a change that was permitted at its start is not any more, "" when it is.
func (p *Applier) barred(ctx context.Context, c Change, snap directory.Snapshot) string {
	_, alternate := snap.Contact(directory.AlternatePhone)
	_, mobile := snap.Contact(directory.Phone)
	switch {
	case c.Act == Remove && c.Kind == directory.Phone && alternate:
		return "remove.alternate-first"
	case c.Act == Remove && p.Last != nil && p.Last(ctx, snap.Methods, func(m directory.Method) bool { return m.Kind == c.Kind }):
		return "remove.last-way"
	case c.Act == Set && c.Kind == directory.AlternatePhone && !mobile:
		return "number.phone-first"
	}
	return ""
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

// lagging reports whether the directory does not show an earlier change of the person yet,
// to whichever contact: nothing can be concluded from what it shows. Nor may what it should
// show be put in its place: somebody else may have changed it meanwhile (CHG-8). What this
// very change has written is looked after elsewhere.
func (p *Applier) lagging(ctx context.Context, c Change, snap directory.Snapshot) (bool, error) {
	kept, err := p.Snapshots.Snapshot(ctx, c.Person)
	if errors.Is(err, directory.ErrNoSnapshot) {
		return false, nil
	}
	for _, w := range kept.Written {
		m, _ := snap.Contact(w.Kind)
		own := !c.Half.IsZero() && w.Kind == directory.Phone && w.Value == c.Value
		if m.Value != w.Value && !own && snap.At.Sub(w.At) < directory.Lag {
			return true, err
		}
	}
	return false, err
}

// reasonChecking marks a change whose write may have been done: the answer was lost.
const reasonChecking = "apply.checking"

// reasonUnknown is why a change ends as unknown after a day of no answers.
const reasonUnknown = "apply.unknown"

// write notes the intent, makes sure the job is still ours, and writes.
func (p *Applier) write(ctx context.Context, j job.Job, c Change, snap directory.Snapshot, todo deed) error {
	c.Wrote, c.Retry, c.Reason = p.Clock.Now(), time.Time{}, ""
	if todo == removeAlternate && c.Half.IsZero() {
		c.Half = c.Wrote // the answer to the first half was lost, and it is there
	}
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
	switch err = p.carryOut(ctx, c, todo); {
	case err == nil && c.Act == Promote && todo == updateIt:
		return p.secondHalf(ctx, j, c, snap)
	case err == nil:
		return p.done(ctx, j, c, p.readBack(ctx, c, snap))
	case errors.Is(err, directory.ErrOutcomeUnknown):
		return p.later(ctx, j, c, p.Clock.Now().Add(time.Second), reasonChecking)
	}
	c.Wrote = time.Time{} // certainly not done
	return p.trouble(ctx, j, c, err)
}

// carryOut makes the one call. Nothing else in the product writes a contact (CHG-6).
func (p *Applier) carryOut(ctx context.Context, c Change, todo deed) error {
	switch todo {
	case addIt:
		return p.Writer.AddContact(ctx, c.Person, c.Kind, c.Value)
	case updateIt:
		return p.Writer.UpdateContact(ctx, c.Person, c.Kind, c.Value)
	case removeIt:
		return p.Writer.RemoveContact(ctx, c.Person, c.Kind)
	case removeAlternate:
		return p.Writer.RemoveContact(ctx, c.Person, directory.AlternatePhone)
	}
	return fmt.Errorf("contact: nothing to carry out: %d", todo)
}

// secondHalf notes that the phone of a promotion is written, and goes on with the alternate.
func (p *Applier) secondHalf(ctx context.Context, j job.Job, c Change, snap directory.Snapshot) error {
	now := p.Clock.Now()
	c.Half, c.Wrote = now, time.Time{}
	snap.At = now
	snap = snap.Wrote(directory.Phone, c.Value, now)
	err := func() error {
		ctx, cancel := p.record(ctx)
		defer cancel()
		return p.Store.InTx(ctx, func(ctx context.Context) error {
			if err := p.Snapshots.SaveSnapshot(ctx, c.Person, snap); err != nil {
				return err
			}
			return p.save(ctx, &c, "", "")
		})
	}()
	if err != nil {
		return err
	}
	return p.write(ctx, j, c, snap, removeAlternate)
}

// readBack returns what the directory shows after an acknowledged write. What it does not
// show yet, or does not answer, is set in what was read before.
func (p *Applier) readBack(ctx context.Context, c Change, before directory.Snapshot) directory.Snapshot {
	at := p.Clock.Now()
	methods, err := p.Reader.Methods(ctx, c.Person)
	if err == nil {
		after := directory.Snapshot{Account: before.Account, Methods: methods, At: at}
		if c.shown(after) {
			return after
		}
	}
	before.At = at
	return c.showing(before, at)
}
