// Package notice tells people what happened to their account: at all contacts, old and
// new, and at the work mailbox, by a path that does not depend on the change (NOT-1).
//
// A notice is a row for each destination, written in the transaction of what it tells of,
// and sent by a job of its own:
//
//	waiting    to be sent, or tried again for 24 hours
//	sent       a gateway took it
//	abandoned  for good: nobody took it, or it was refused
//
// In the last two the destination is erased. A notice that fails never undoes anything.
//
// It leaves the words to message, and what is worth telling to the journeys.
package notice

import (
	"context"
	"time"

	"rekey/internal/directory"
	"rekey/internal/message"
	"rekey/internal/tx"
)

// What happened: keys of words, and beside these for each contact kind
// kind + ".added", ".changed" and ".removed".
const (
	Promoted    = "promoted"      // the alternate phone became the phone
	Unclear     = "unclear"       // a change may or may not have been made
	Locked      = "lock"          // a contact takes no codes for a while
	CodesUsedUp = "codes-used-up" // a code was entered wrongly until it was dead

	PasswordReset   = "password-reset"   // the password was reset here
	PasswordUnclear = "password-unclear" // it may have been
	ColleagueReset  = "colleague-reset"  // another administrator's was, or may have been
)

// Keep is for how long a contact that was replaced or removed still gets notices (NOT-2).
const Keep = 72 * time.Hour

// giveUp is for how long a notice is tried (NOT-4).
const giveUp = 24 * time.Hour

// Event is something to tell.
type Event struct {
	Person directory.PersonID
	Flow   string // id of the change it is about
	What   string
	Masked string // the new value, "" of a removal
	Old    string // the masked value before, "" of an addition
	At     time.Time
	// Language and Zone (an IANA name) are the person's; Browser and Network say from where
	// it was done.
	Language, Zone, Browser, Network string
	// Contacts are those on the account before and after. Mailbox is the work mailbox.
	Contacts []directory.Method
	Mailbox  string
	// Gone are contacts that the event took away: they get this notice, and those of the
	// next 72 hours.
	Gone []directory.Method
}

// State is the state of a notice.
type State string

// The states.
const (
	Waiting   State = "waiting"
	Sent      State = "sent"
	Abandoned State = "abandoned"
)

// Notice is one message to one destination.
type Notice struct {
	ID      string
	Person  directory.PersonID
	Flow    string
	Channel message.Channel
	To      string // E.164 or an address; encrypted at rest, erased at the end
	ToMask  string // its mask, kept
	What    string
	Masked  string
	Old     string
	At      time.Time
	Created time.Time

	Language, Zone, Browser, Network string

	State State
	Moved time.Time // when it entered its state
}

// Former is a contact that was on the account until lately.
type Former struct {
	ID     string
	Person directory.PersonID
	Method directory.Method // kind and value; encrypted at rest
	Until  time.Time        // gets notices until then
}

// Store keeps notices. All of it joins the transaction in ctx.
type Store interface {
	tx.Runner
	AddNotice(ctx context.Context, n Notice) error
	// Notice returns a notice. Fault: fault.NotFound.
	Notice(ctx context.Context, id string) (Notice, error)
	// EndNotice moves a waiting notice to its end and erases its destination; ok is false
	// when it was not waiting any more.
	EndNotice(ctx context.Context, id string, to State, at time.Time) (ok bool, err error)
	// NoticesOf returns the notices of a flow, oldest first.
	NoticesOf(ctx context.Context, flow string) ([]Notice, error)
	AddFormer(ctx context.Context, f Former) error
	// Formers returns the former contacts of a person that still get notices at a time.
	Formers(ctx context.Context, person directory.PersonID, at time.Time) ([]Former, error)
	// CountNotices returns how many notices are in a state.
	CountNotices(ctx context.Context, state State) (int, error)
}
