package signout

import (
	"context"
	"log/slog"
	"time"

	"rekey/internal/audit"
	"rekey/internal/clock"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/job"
)

const (
	// revokeTime ends before a job's lease does, so that no call starts under a lost one.
	revokeTime = job.Lease - 5*time.Second
	// recordTime is what writing down the outcome may take, even when revokeTime is over.
	recordTime = 5 * time.Second
	// giveUp is how long the directory is told.
	giveUp = 24 * time.Hour
)

// Revoker tells the directory. It runs as the handler of job.Revoke, in the worker: the
// site itself holds no identity that may end sessions at Microsoft. Telling it twice is
// harmless, so that after a crash or a lost answer it is simply told again.
type Revoker struct {
	Store     Store
	Sessions  Sessions
	Directory directory.Revoker
	Jobs      job.Queue
	Audit     audit.Log
	Never     func(directory.PersonID) bool // the never-list, which holds for every write
	Clock     clock.Clock
	NewID     func() string
	Log       *slog.Logger
}

// Revoke handles one job of kind job.Revoke.
func (r *Revoker) Revoke(ctx context.Context, j job.Job) error {
	ctx, cancel := context.WithTimeout(ctx, revokeTime)
	defer cancel()
	person, ok := directory.ParsePersonID(j.Key)
	if !ok {
		r.Log.Error("a job to end sessions names nobody", "job", j.ID)
		return r.Jobs.Done(ctx, j)
	}
	s, ok, err := r.Store.SignOut(ctx, person)
	switch {
	case err != nil:
		return err
	case !ok || s.Job != j.ID || s.State != Open:
		return r.Jobs.Done(ctx, j) // finished by somebody else
	case r.Never != nil && r.Never(person):
		return r.end(ctx, j, s, Failed, "account.protected")
	}
	if err := r.Jobs.Holds(ctx, j, r.Clock.Now()); err != nil {
		return err
	}
	if err := r.Directory.RevokeSessions(ctx, person); err != nil {
		return r.trouble(ctx, j, s, err)
	}
	return r.end(ctx, j, s, Done, "")
}

// trouble sorts a fault of the directory into "later" and "never".
func (r *Revoker) trouble(ctx context.Context, j job.Job, s SignOut, err error) error {
	f := fault.As(err)
	if f == nil {
		f = fault.Wrap(fault.Unavailable, "directory.down", err)
	}
	switch f.Kind {
	case fault.Invalid:
		return r.end(ctx, j, s, Failed, "directory.refused")
	case fault.Forbidden:
		r.Log.Error("the directory refuses this process; see rekey doctor", "job", j.ID, "err", f.Key)
		return r.end(ctx, j, s, Failed, "directory.permission")
	case fault.NotFound:
		return r.end(ctx, j, s, Failed, "account.gone")
	}
	now := r.Clock.Now()
	if now.Sub(s.Asked) > giveUp {
		r.Log.Error("the directory was not told to end a person's sessions: it did not answer for a day", "job", j.ID, "err", f)
		return r.end(ctx, j, s, Failed, "directory.down")
	}
	due := now.Add(job.Backoff(j.Attempts))
	if f.Until.After(due) {
		due = f.Until
	}
	r.Log.Warn("the directory is told again to end a person's sessions", "job", j.ID, "attempt", j.Attempts, "err", f)
	return r.later(ctx, j, s, due)
}

// later frees the job until due, and tells the page. Somebody who asked again meanwhile
// gets the same job.
func (r *Revoker) later(ctx context.Context, j job.Job, s SignOut, due time.Time) error {
	ctx, cancel := record(ctx)
	defer cancel()
	s.Retry, s.Reason = due, "directory.down"
	return r.Store.InTx(ctx, func(ctx context.Context) error {
		if _, err := r.Store.SaveSignOut(ctx, s); err != nil {
			return err
		}
		return r.Jobs.Retry(ctx, j, due)
	})
}

// end records what became of it: the state, the event and the end of the job together. When
// the person asked again meanwhile the job goes on at once: sessions that began since the
// call are to end too.
func (r *Revoker) end(ctx context.Context, j job.Job, s SignOut, to State, reason string) error {
	ctx, cancel := record(ctx)
	defer cancel()
	now := r.Clock.Now()
	s.State, s.Moved, s.Retry, s.Reason = to, now, time.Time{}, reason
	return r.Store.InTx(ctx, func(ctx context.Context) error {
		ok, err := r.Store.SaveSignOut(ctx, s)
		if err != nil {
			return err
		}
		if !ok {
			return r.Jobs.Retry(ctx, j, now)
		}
		if err := r.aftermath(ctx, s); err != nil {
			return err
		}
		return r.Jobs.Done(ctx, j)
	})
}

// aftermath notes the outcome. Until Microsoft had ended its sessions, a browser that was
// signed out here came back without a password, by itself even: such sessions end as well.
func (r *Revoker) aftermath(ctx context.Context, s SignOut) error {
	outcome := audit.Failure
	if s.State == Done {
		outcome = audit.Success
		if _, err := r.Sessions.EndOlder(ctx, s.Person, s.Session, s.Asked); err != nil {
			return err
		}
	}
	return r.Audit.Append(ctx, audit.Event{ID: r.NewID(), At: s.Moved, Actor: "system", Subject: s.Person.String(),
		Action: audit.SessionsRevoke, Outcome: outcome, Reason: s.Reason})
}

func record(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), recordTime)
}
