package retirement

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"rekey/internal/audit"
	"rekey/internal/clock"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/job"
)

// takeTime ends before a job's lease does, so that no removal starts under a lost one.
const takeTime = job.Lease - 5*time.Second

// Taker takes old methods off, one in each run of its job: the row says after each what
// was done, so that a page shows it as it happens and a process that dies leaves nothing
// to guess. Each run reads the account anew and asks MayRemove again, because days may lie
// between the check and the removal.
//
// It runs under the kind and key of contact changes: two that each see the other's method
// as the way in that remains would together take both.
type Taker struct {
	Store   Store
	Reader  directory.Reader
	Remover Remover
	// Facts completes what was read of an account with policy, settings and proofs.
	Facts func(ctx context.Context, person directory.PersonID, s directory.Snapshot) (Facts, error)
	// Lagging reports whether the directory does not show a write of ours yet; nothing can
	// be concluded from what it shows then.
	Lagging func(ctx context.Context, person directory.PersonID, s directory.Snapshot) (bool, error)
	Jobs    job.Queue
	Audit   audit.Log
	Never   func(directory.PersonID) bool
	Clock   clock.Clock
	NewID   func() string
	Log     *slog.Logger
}

// Take handles one job.
func (t *Taker) Take(ctx context.Context, j job.Job) error {
	ctx, cancel := context.WithTimeout(ctx, takeTime)
	defer cancel()
	r, err := t.Store.RetirementByID(ctx, j.Subject)
	if fault.Is(err, fault.NotFound) {
		return t.Jobs.Done(ctx, j)
	}
	if err != nil {
		return err
	}
	i := r.nextRemoval()
	if i < 0 || !r.Open() || r.Confirmed.IsZero() {
		return t.Jobs.Done(ctx, j)
	}
	account, err := t.Reader.Account(ctx, r.Person)
	if err != nil {
		return t.later(ctx, j, err)
	}
	if !account.Enabled || t.Never(r.Person) {
		return t.end(ctx, j, r, i, Failed, "account.protected")
	}
	snap := directory.Snapshot{Account: account, At: t.Clock.Now()}
	if snap.Methods, err = t.Reader.Methods(ctx, r.Person); err != nil {
		return t.later(ctx, j, err)
	}
	return t.judge(ctx, j, r, i, snap)
}

// nextRemoval returns the place of the first removal that is not over, -1 when all are.
func (r Retirement) nextRemoval() int {
	for i, x := range r.Removals {
		if !x.State.Over() {
			return i
		}
	}
	return -1
}

// judge decides what the directory's present methods mean for one removal.
func (t *Taker) judge(ctx context.Context, j job.Job, r Retirement, i int, snap directory.Snapshot) error {
	late, err := t.Lagging(ctx, r.Person, snap)
	if err != nil {
		return err
	}
	if late {
		return t.Jobs.Retry(ctx, j, t.Clock.Now().Add(5*time.Second))
	}
	f, err := t.Facts(ctx, r.Person, snap)
	if err != nil {
		return t.later(ctx, j, err)
	}
	m := r.Removals[i].Method
	switch {
	case !present(snap.Methods, m):
		return t.end(ctx, j, r, i, Taken, "")
	case !MayRemove(r, f, m):
		return t.end(ctx, j, r, i, Held, "take-off.held")
	}
	return t.remove(ctx, j, r, i)
}

func present(methods []directory.Method, m directory.Method) bool {
	for _, x := range methods {
		if same(x, m) {
			return true
		}
	}
	return false
}

// remove notes the intent, makes sure the job is still ours, and makes the one call.
func (t *Taker) remove(ctx context.Context, j job.Job, r Retirement, i int) error {
	r.Removals[i].State, r.Removals[i].At = Uncertain, t.Clock.Now()
	if err := t.save(ctx, &r, i, audit.Intent, func(ctx context.Context) error { return t.Jobs.Holds(ctx, j, t.Clock.Now()) }); err != nil {
		return err
	}
	if err := t.Jobs.Holds(ctx, j, t.Clock.Now()); err != nil {
		return err
	}
	switch err := t.Remover.RemoveMethod(ctx, r.Person, r.Removals[i].Method); {
	case err == nil:
		return t.end(ctx, j, r, i, Taken, "")
	case fault.Is(err, fault.Invalid): // it is there, and the directory keeps it
		return t.end(ctx, j, r, i, IsDefault, "take-off.default")
	case fault.Is(err, fault.Forbidden), fault.Is(err, fault.Conflict):
		return t.end(ctx, j, r, i, Failed, "take-off.refused")
	default: // not done, or nobody can say: it is read again before it is repeated
		return t.later(ctx, j, err)
	}
}

// later gives the job back after trouble that may pass.
func (t *Taker) later(ctx context.Context, j job.Job, err error) error {
	ctx, cancel := record(ctx)
	defer cancel()
	at := t.Clock.Now().Add(job.Backoff(min(j.Attempts, 6)))
	if f := fault.As(err); f != nil && f.Until.After(at) {
		at = f.Until
	}
	t.Log.WarnContext(ctx, "a method could not be taken off yet", "retirement", j.Subject, "attempt", j.Attempts)
	return t.Jobs.Retry(ctx, j, at)
}

// end writes the outcome of one removal, and frees the job for the next one.
func (t *Taker) end(ctx context.Context, j job.Job, r Retirement, i int, s RemovalState, why string) error {
	ctx, cancel := record(ctx)
	defer cancel()
	outcome := audit.Success
	if s != Taken {
		outcome = audit.Failure
	}
	r.Removals[i].State, r.Removals[i].Why, r.Removals[i].At = s, why, t.Clock.Now()
	return t.save(ctx, &r, i, outcome, func(ctx context.Context) error {
		if r.nextRemoval() < 0 {
			return t.Jobs.Done(ctx, j)
		}
		return t.Jobs.Retry(ctx, j, t.Clock.Now())
	})
}

// record keeps what is known although the time for asking is over.
func record(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 4*time.Second)
}

// errChanged says that somebody else moved the row on; the job is run again.
var errChanged = errors.New("retirement: the row was changed meanwhile")

// save writes the row and its event, together with what else belongs to it.
func (t *Taker) save(ctx context.Context, r *Retirement, i int, o audit.Outcome, also func(context.Context) error) error {
	return t.Store.InTx(ctx, func(ctx context.Context) error {
		ok, err := t.Store.SaveRetirement(ctx, *r)
		if err != nil {
			return err
		}
		if !ok {
			return errChanged
		}
		r.Version++
		x := r.Removals[i]
		err = t.Audit.Append(ctx, audit.Event{ID: t.NewID(), At: t.Clock.Now(), Actor: "system", Subject: r.Person.String(),
			Action: audit.MethodRemove, Outcome: o, Reason: x.Why, Detail: map[string]string{"retirement": r.ID, "kind": string(x.Method.Kind)}})
		if err != nil {
			return err
		}
		return also(ctx)
	})
}
