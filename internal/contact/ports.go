package contact

import (
	"context"
	"time"

	"rekey/internal/directory"
	"rekey/internal/notice"
	"rekey/internal/tx"
)

// Store keeps changes. All of it joins the transaction in ctx, if there is one.
type Store interface {
	tx.Runner
	// AddChange inserts a change.
	AddChange(ctx context.Context, c Change) error
	// Change returns a person's change; somebody else's looks like a missing one.
	// Fault: fault.NotFound.
	Change(ctx context.Context, person directory.PersonID, id string) (Change, error)
	// ChangeByID is for jobs. Fault: fault.NotFound.
	ChangeByID(ctx context.Context, id string) (Change, error)
	// OpenChanges returns a person's changes that are authorising, authorised, proving,
	// proved or applying, oldest first, expired ones included.
	OpenChanges(ctx context.Context, person directory.PersonID) ([]Change, error)
	// SaveChange writes the row if its stored version and state are still those given,
	// and raises the version by one; ok is false when somebody else was faster. Of c it
	// writes everything but ID, Person, Session, Kind, Act, Started and Origin.
	SaveChange(ctx context.Context, c Change, from State) (ok bool, err error)
	// ExpireChanges moves open changes whose time is over (not applying ones) to expired
	// and erases their values; it returns how many.
	ExpireChanges(ctx context.Context, now time.Time) (int, error)
	// Overview returns the same, and when each contact of the person was last proved here: for every
	// applied change but removals the time, by kind, with the hash of the value it had.
	Overview(ctx context.Context, person directory.PersonID) (open []Change, proofs map[directory.Kind]Proof, err error)
}

// Notices tells people what happened to their account; see notice.Service.
type Notices interface {
	// Tell joins the transaction in ctx.
	Tell(ctx context.Context, e notice.Event) error
	// Of returns the notices of a change.
	Of(ctx context.Context, flow string) ([]notice.Notice, error)
	// Formers returns the contacts that were replaced or removed in the last 72 hours, the
	// oldest first.
	Formers(ctx context.Context, person directory.PersonID) ([]notice.Former, error)
}

// Sessions ends what a change makes doubtful; see session.Manager.
type Sessions interface {
	// EndOthers ends the person's sessions but one, in the transaction in ctx.
	EndOthers(ctx context.Context, person directory.PersonID, keep string) (ended int, err error)
}

// Proof says that a contact was proved here.
type Proof struct {
	At     time.Time
	Masked string
	Hash   string // keyed, of the value
}
