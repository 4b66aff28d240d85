package retirement

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"rekey/internal/audit"
	"rekey/internal/clock"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/job"
	"rekey/internal/notice"
)

// takeTime ends before a job's lease does, so that no removal starts under a lost one.
const takeTime = job.Lease - 5*time.Second

// subjectPrefix marks the jobs of a Taker among those of contact changes.
const subjectPrefix = "retirement/"

func subjectOf(id string) string { return subjectPrefix + id }

// Owns reports whether a job of kind job.Apply is a Taker's.
func Owns(j job.Job) bool { return strings.HasPrefix(j.Subject, subjectPrefix) }

// giveUp is how long a removal is tried.
const giveUp = 24 * time.Hour

// Taker takes old methods off, one in each run of its job: the row says after each what
// was done, so that a page shows it as it happens and a process that dies leaves nothing
// to guess. Each run reads the account anew and asks MayRemove again, because days may lie
// between the check and the removal.
//
// It runs under the kind and key of contact changes: two that each see the other's method
// as the way in that remains would together take both. Removing what is not there is no
// error, so after a crash or a lost answer it reads and, if need be, asks once more.
type Taker struct {
	Store     Store
	Snapshots directory.SnapshotStore
	Reader    directory.Reader
	Remover   Remover
	// Facts completes what was read of an account; see Rules.
	Facts func(ctx context.Context, r Retirement, s directory.Snapshot) (Facts, error)
	// Lagging reports whether the directory does not show a write of ours yet; nothing can
	// be concluded from what it shows then.
	Lagging func(ctx context.Context, person directory.PersonID, s directory.Snapshot) (bool, error)
	Jobs    job.Queue
	Audit   audit.Log
	Notices Notices
	Never   func(directory.PersonID) bool
	Clock   clock.Clock
	NewID   func() string
	Log     *slog.Logger
}

// Take handles one job.
func (t *Taker) Take(ctx context.Context, j job.Job) error {
	ctx, cancel := context.WithTimeout(ctx, takeTime)
	defer cancel()
	r, err := t.Store.RetirementByID(ctx, strings.TrimPrefix(j.Subject, subjectPrefix))
	if fault.Is(err, fault.NotFound) {
		return t.Jobs.Done(ctx, j)
	}
	if err != nil {
		return err
	}
	i := r.nextRemoval()
	if i < 0 || r.Confirmed.IsZero() || !r.Open() && r.Removals[i].State != Uncertain {
		return t.Jobs.Done(ctx, j)
	}
	snap, err := t.read(ctx, r.Person)
	unclear := r.Removals[i].State == Uncertain
	barred := err == nil && (!snap.Account.Enabled || t.Never(r.Person))
	switch {
	case err != nil && unclear: // it may be done: nothing but a reading ends that
		return t.later(ctx, j, err)
	case err != nil:
		return t.trouble(ctx, j, r, i, err)
	case unclear && (!r.Open() || barred): // it is only said what became of it
		return t.conclude(ctx, j, r, i, snap)
	case barred:
		return t.end(ctx, j, r, i, Failed, "account.protected", nil)
	}
	return t.judge(ctx, j, r, i, snap)
}

func (t *Taker) read(ctx context.Context, person directory.PersonID) (directory.Snapshot, error) {
	account, err := t.Reader.Account(ctx, person)
	if err != nil {
		return directory.Snapshot{}, err
	}
	snap := directory.Snapshot{Account: account, At: t.Clock.Now()}
	snap.Methods, err = t.Reader.Methods(ctx, person)
	return snap, err
}

// nextRemoval returns the place of the first removal that is not over, -1 when all are.
func (r Retirement) nextRemoval() int {
	return slices.IndexFunc(r.Removals, func(x Removal) bool { return !x.State.Over() })
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
	f, err := t.Facts(ctx, r, snap)
	if err != nil {
		return err
	}
	m := r.Removals[i].Method
	_, alternate := snap.Contact(directory.AlternatePhone)
	switch {
	case !present(snap.Methods, m):
		return t.end(ctx, j, r, i, Taken, "", &snap)
	case !MayRemove(r, f, m) && t.soon(r, i):
		return t.Jobs.Retry(ctx, j, t.Clock.Now().Add(5*time.Second))
	case !MayRemove(r, f, m):
		return t.end(ctx, j, r, i, Held, "take-off.held", &snap)
	case !removable(m.Kind):
		return t.end(ctx, j, r, i, Failed, "take-off.elsewhere", &snap)
	case m.Kind == directory.Phone && alternate: // the directory keeps a phone beside an alternate one
		return t.end(ctx, j, r, i, Failed, "take-off.alternate", &snap)
	}
	return t.remove(ctx, j, r, i, snap)
}

// removable reports whether methods of a kind can be taken off here; the others only at
// Microsoft.
func removable(k directory.Kind) bool {
	return k.Contact() || k == directory.Authenticator || k == directory.Passkey || k == directory.CodeApp
}

// soon reports whether a removal may be done and not show yet.
func (t *Taker) soon(r Retirement, i int) bool {
	return r.Removals[i].State == Uncertain && t.Clock.Now().Sub(r.Removals[i].At) < directory.Lag
}

// conclude says what became of a removal that nobody waits for any more.
func (t *Taker) conclude(ctx context.Context, j job.Job, r Retirement, i int, snap directory.Snapshot) error {
	if present(snap.Methods, r.Removals[i].Method) {
		if t.soon(r, i) {
			return t.Jobs.Retry(ctx, j, t.Clock.Now().Add(5*time.Second))
		}
		return t.end(ctx, j, r, i, Failed, "take-off.stopped", &snap)
	}
	return t.end(ctx, j, r, i, Taken, "", &snap)
}

func present(methods []directory.Method, m directory.Method) bool {
	return slices.ContainsFunc(methods, func(x directory.Method) bool { return same(x, m) })
}

// remove notes the intent, makes sure the job is still ours, and makes the one call.
func (t *Taker) remove(ctx context.Context, j job.Job, r Retirement, i int, snap directory.Snapshot) error {
	r.Removals[i].State, r.Removals[i].At = Uncertain, t.Clock.Now()
	if err := t.save(ctx, &r, i, audit.Intent, func(ctx context.Context) error { return t.Jobs.Holds(ctx, j, t.Clock.Now()) }); err != nil {
		return err
	}
	if err := t.Jobs.Holds(ctx, j, t.Clock.Now()); err != nil {
		return err
	}
	if err := t.Remover.RemoveMethod(ctx, r.Person, r.Removals[i].Method); err != nil {
		return t.trouble(ctx, j, r, i, err)
	}
	return t.end(ctx, j, r, i, Taken, "", &snap)
}

// trouble sorts a fault of the directory into "later" and "never". A lost answer is later:
// it is read again before anything is repeated.
func (t *Taker) trouble(ctx context.Context, j job.Job, r Retirement, i int, err error) error {
	switch {
	case fault.Is(err, fault.Invalid): // it is there, and the directory keeps it
		return t.end(ctx, j, r, i, IsDefault, "take-off.default", nil)
	case fault.Is(err, fault.Forbidden):
		t.Log.ErrorContext(ctx, "the directory refuses this process; see rekey doctor", "retirement", r.ID, "err", err)
		return t.end(ctx, j, r, i, Failed, "take-off.permission", nil)
	case fault.Is(err, fault.Conflict):
		return t.end(ctx, j, r, i, Failed, "take-off.refused", nil)
	case fault.Is(err, fault.NotFound):
		return t.end(ctx, j, r, i, Failed, "account.gone", nil)
	case t.Clock.Now().Sub(r.Removals[i].At) > giveUp && r.Removals[i].State != Uncertain:
		return t.end(ctx, j, r, i, Failed, "directory.down", nil)
	}
	return t.later(ctx, j, err)
}

// later gives the job back after trouble that may pass.
func (t *Taker) later(ctx context.Context, j job.Job, err error) error {
	ctx, cancel := record(ctx)
	defer cancel()
	at := t.Clock.Now().Add(job.Backoff(min(j.Attempts, 6)))
	if f := fault.As(err); f != nil && f.Until.After(at) {
		at = f.Until
	}
	t.Log.WarnContext(ctx, "a method could not be taken off yet", "job", j.ID, "attempt", j.Attempts, "err", err)
	return t.Jobs.Retry(ctx, j, at)
}

// end writes the outcome of one removal, tells the person, and frees the job for the next
// one. snap, if not nil, is what was read before, and is kept without what was taken.
func (t *Taker) end(ctx context.Context, j job.Job, r Retirement, i int, s RemovalState, why string, snap *directory.Snapshot) error {
	ctx, cancel := record(ctx)
	defer cancel()
	outcome := audit.Success
	if s != Taken {
		outcome = audit.Failure
	}
	r.Removals[i].State, r.Removals[i].Why, r.Removals[i].At = s, why, t.Clock.Now()
	return t.save(ctx, &r, i, outcome, func(ctx context.Context) error {
		if s == Taken {
			if err := t.taken(ctx, r, r.Removals[i], snap); err != nil {
				return err
			}
		}
		if r.nextRemoval() < 0 || !r.Open() {
			return t.Jobs.Done(ctx, j)
		}
		return t.Jobs.Retry(ctx, j, t.Clock.Now())
	})
}

// taken keeps what the account is without the method, and tells everybody who is to know,
// what was taken off included: it may be a stranger who did it. A phone that was lost or
// stolen learns of this one thing and of nothing later.
func (t *Taker) taken(ctx context.Context, r Retirement, x Removal, snap *directory.Snapshot) error {
	if snap == nil {
		return nil
	}
	after := *snap
	if after.At = x.At; x.Method.Kind.Contact() {
		after = after.Wrote(x.Method.Kind, "", x.At)
	} else {
		after.Methods = slices.DeleteFunc(slices.Clone(after.Methods), func(m directory.Method) bool { return same(m, x.Method) })
	}
	if err := t.Snapshots.SaveSnapshot(ctx, r.Person, after); err != nil {
		return err
	}
	if !removable(x.Method.Kind) {
		return nil // somebody else removed it, and tells of it
	}
	e := notice.Event{Person: r.Person, Flow: r.ID, What: string(x.Method.Kind) + ".removed", At: x.At,
		Language: r.ConfirmedBy.Language, Zone: r.ConfirmedBy.Zone, Browser: r.ConfirmedBy.Browser, Network: r.ConfirmedBy.Network,
		Contacts: snap.Contacts(), Mailbox: snap.Account.Mail}
	if x.Method.Kind.Contact() {
		e.Old = x.Method.Masked()
		if r.ConfirmedAs != Lost {
			e.Gone = []directory.Method{x.Method}
		}
	}
	return t.Notices.Tell(ctx, e)
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
