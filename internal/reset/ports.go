package reset

import (
	"context"
	"time"

	"rekey/internal/directory"
	"rekey/internal/notice"
	"rekey/internal/tx"
)

// Store keeps resets. All of it but CountLetters joins the transaction in ctx, if there is
// one.
type Store interface {
	tx.Runner
	// AddReset inserts one.
	AddReset(ctx context.Context, r Reset) error
	// Reset returns a reset of a browser; another browser's looks like a missing one. Fault:
	// fault.NotFound.
	Reset(ctx context.Context, id string, browser []byte) (Reset, error)
	// ResetByID is for links and jobs. Fault: fault.NotFound.
	ResetByID(ctx context.Context, id string) (Reset, error)
	// SaveReset writes the row if its stored version and state are still those given, and
	// raises the version by one; ok is false when somebody else was faster. Of r it writes
	// everything but ID, Browser, Tries and Started. With a final state it erases where the
	// codes went.
	SaveReset(ctx context.Context, r Reset, from State) (ok bool, err error)
	// SupersedeResets ends a person's open resets but one, with the reason Newer, and their codes.
	// Practice runs end real ones and the other way round; one whose password is being
	// written is left.
	SupersedeResets(ctx context.Context, person directory.PersonID, but string, now time.Time) (ended []string, err error)
	// CountLetters raises the tries of a reset of this browser that is at its first step, or
	// ended there, has tries left and time, and commits that before it returns (COD-5). ok is
	// false, and nothing is counted, when there is none. A context that carries a transaction gets tx.ErrOpen.
	CountLetters(ctx context.Context, id string, browser []byte, now time.Time) (r Reset, ok bool, err error)
	// ChangedHere returns when each contact of a person last changed through this site, of
	// those that did since a time.
	ChangedHere(ctx context.Context, person directory.PersonID, since time.Time) (map[directory.Kind]time.Time, error)
	// SavePractice keeps the outcome of a practice run; LastPractice returns the last one,
	// zero when there is none.
	SavePractice(ctx context.Context, person directory.PersonID, p Practised) error
	LastPractice(ctx context.Context, person directory.PersonID) (Practised, error)
}

// Directory is the directory as the identity that may reset passwords sees it. Nothing else
// uses that identity (OID-6).
type Directory interface {
	directory.Reader
	directory.Finder
	directory.Administrators
	directory.ResetPolicy
	directory.ContactHistory
	directory.PasswordWriter
	directory.Colleagues
}

// Notices tells people what happened to their account; see notice.Service.
type Notices interface {
	// Tell joins the transaction in ctx.
	Tell(ctx context.Context, e notice.Event) error
	// Formers returns the contacts of a person that were replaced or removed lately.
	Formers(ctx context.Context, person directory.PersonID) ([]notice.Former, error)
}

// SignOuts ends every session of a person; see signout.Service.
type SignOuts interface {
	// EndAll ends the sessions here and has the directory end its own. It joins the
	// transaction in ctx.
	EndAll(ctx context.Context, person directory.PersonID, address, request string) error
}
