package retirement

import (
	"context"

	"rekey/internal/directory"
	"rekey/internal/notice"
	"rekey/internal/tx"
)

// Store keeps retirements. All of it joins the transaction in ctx, if there is one.
type Store interface {
	tx.Runner
	// AddRetirement inserts one. A person has one open retirement at most.
	// Fault: fault.Conflict.
	AddRetirement(ctx context.Context, r Retirement) error
	// Retirement returns a person's open one, else the last that was finished. Fault:
	// fault.NotFound.
	Retirement(ctx context.Context, person directory.PersonID) (Retirement, error)
	// RetirementByID is for jobs. Fault: fault.NotFound.
	RetirementByID(ctx context.Context, id string) (Retirement, error)
	// SaveRetirement writes the row if its stored version is still r.Version, and raises
	// it by one; ok is false when somebody else was faster.
	SaveRetirement(ctx context.Context, r Retirement) (ok bool, err error)
}

// Notices tells people what happened to their account; see notice.Service.
type Notices interface {
	// Tell joins the transaction in ctx.
	Tell(ctx context.Context, e notice.Event) error
}

// Remover takes methods off an account.
type Remover interface {
	// RemoveMethod removes one method; one that is not there is no error. Faults are those
	// of directory.Writer; fault.Invalid means that the directory keeps it, as it does with
	// the default method while others are there.
	RemoveMethod(ctx context.Context, person directory.PersonID, m directory.Method) error
}
