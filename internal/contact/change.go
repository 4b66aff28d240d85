// Package contact is the journey of a change of phone, alternate phone or alternate
// email: start, prove, apply, tell. It holds the rules and the states, and knows no
// HTTP, no SQL and no Microsoft.
//
// A change is a row. What it does to the contact is its act: set (add or replace), remove,
// promote (the alternate phone becomes the phone) or test (a code to what is there, and
// nothing is written). Its states, and what moves it on:
//
//	authorising  a code went to a contact on record (only where no authentication
//	             context proves the strength of the sign-in); that code, then → proving,
//	             or for a removal → applying, or proved
//	authorised   that code was right, but the sign-in had gone stale: no code may be
//	             sent. A fresh sign-in and Continue → proving
//	proving      a code went to the new value; the right one → applying, or proved;
//	             of a test → applied, because nothing has to be written
//	proved       the right code came under a stale sign-in; a fresh one → applying
//	applying     a durable job writes to the directory; a removal under a strong, fresh
//	             sign-in begins here
//	applied      the directory acknowledged it
//	failed       it was not written, for a reason
//	unknown      nobody could find out whether it was written
//	cancelled    by the person, or by a newer change of the same contact
//	expired      30 minutes passed before it was proved and permitted
//
// The last five are final; the proposed value is erased with them (PRV-2).
package contact

import (
	"time"

	"rekey/internal/directory"
)

// State is the state of a change.
type State string

// The states.
const (
	Authorising State = "authorising"
	Authorised  State = "authorised"
	Proving     State = "proving"
	Proved      State = "proved"
	Applying    State = "applying"
	Applied     State = "applied"
	Failed      State = "failed"
	Unknown     State = "unknown"
	Cancelled   State = "cancelled"
	Expired     State = "expired"
)

// Act is what a change does to its contact.
type Act string

// The acts.
const (
	Set     Act = "set"     // add it, or replace what is there
	Remove  Act = "remove"  // take it off the account
	Promote Act = "promote" // the alternate phone becomes the phone, and is no alternate any more
	Test    Act = "test"    // prove that what is there still reaches the person
)

// FlowTime is how long a change may take from its start until it is proved and permitted
// (CHG-7).
const FlowTime = 30 * time.Minute

// Change is a request to add, replace, remove or test a contact.
type Change struct {
	ID        string
	Person    directory.PersonID
	Session   string // session row in which it was started; only that one may move it on
	Kind      directory.Kind
	Act       Act
	State     State
	Version   int64
	Value     string // proposed, E.164 or an address; "" of a removal; encrypted at rest, erased at the end
	Before    string // what the directory held at the start, "" for an addition; encrypted, erased
	Masked    string // of Value, kept; "" of a removal
	OldMasked string // of Before, kept, "" for an addition
	Hash      string // keyed hash of Value, kept
	Region    string // country of the number typed, ISO 3166
	Challenge string // the newest challenge
	Started   time.Time
	Expires   time.Time
	Moved     time.Time // when it entered its state
	Wrote     time.Time // when a write was last attempted whose outcome is not known; else zero
	Half      time.Time // of a promotion: when its first write was acknowledged; else zero
	Retry     time.Time // when applying is tried again, for the page; else zero
	Reason    string    // message key: why it failed, or what holds it up
	Language  string    // of the person, for what is sent later
	Origin    Origin    // from where it was asked for, for notices
}

// Origin says from where something was asked for, as a notice tells it.
type Origin struct {
	Zone    string // IANA name of the person's time zone
	Browser string // "Chrome on Windows", may be empty
	Network string // the operator's name of the network, or a shortened address; may be empty
}

// Open reports whether the change can still be moved on, or is being applied.
func (c Change) Open() bool {
	switch c.State {
	case Authorising, Authorised, Proving, Proved, Applying:
		return true
	}
	return false
}

// Adding reports whether there was no such contact before.
func (c Change) Adding() bool { return c.Act == Set && c.Before == "" && c.OldMasked == "" }

// Writes reports whether the change is to be written to the directory.
func (c Change) Writes() bool { return c.Act != Test }

// Step is what comes next for the person.
type Step string

// The steps. They name pages, not buttons.
const (
	EnterCode   Step = "enter-code"    // state authorising or proving
	SendCode    Step = "send-code"     // state authorised, sign-in fresh: press Continue
	SignInAgain Step = "sign-in-again" // state authorised or proved, sign-in stale
	Confirm     Step = "confirm"       // state proved, sign-in fresh: press Continue
	Wait        Step = "wait"          // state applying
	Done        Step = "done"
	Stopped     Step = "stopped" // failed, unknown, cancelled, expired
)

// Next says what comes next, given the time and whether the person's sign-in is fresh.
// It is a pure function of the row: an expired row is Stopped even before a sweep notes it.
func (c Change) Next(now time.Time, fresh bool) Step {
	switch c.State {
	case Applying:
		return Wait
	case Applied:
		return Done
	case Failed, Unknown, Cancelled, Expired:
		return Stopped
	}
	if !now.Before(c.Expires) {
		return Stopped
	}
	switch {
	case c.State == Authorised && fresh:
		return SendCode
	case c.State == Proved && fresh:
		return Confirm
	case c.State == Authorised || c.State == Proved:
		return SignInAgain
	}
	return EnterCode
}

// At returns the change as it stands at a time: an open one whose 30 minutes are over is
// expired, except while it is being applied.
func (c Change) At(now time.Time) Change {
	if c.Open() && c.State != Applying && !now.Before(c.Expires) {
		c.State = Expired
		c.Reason = "change.expired"
		c.Value, c.Before = "", ""
	}
	return c
}
