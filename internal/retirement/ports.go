package retirement

import (
	"context"
	"errors"

	"rekey/internal/directory"
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

// ErrDefault says that the directory keeps a method because it is the person's default
// while others are there.
var ErrDefault = errors.New("retirement: the default method stays while there are others")

// Remover takes methods off an account.
type Remover interface {
	// RemoveMethod removes one method; one that is not there is no error. Faults are those
	// of directory.Writer, and ErrDefault.
	RemoveMethod(ctx context.Context, person directory.PersonID, m directory.Method) error
}
