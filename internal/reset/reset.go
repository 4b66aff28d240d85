// Package reset is the journey of an administrator who resets their own forgotten
// password: two proofs, ten minutes each, in one browser. It holds the rules and the
// states, and knows no HTTP, no SQL and no Microsoft.
//
// A reset is a row that belongs to the browser in which it was begun (its flow cookie), not
// to a session: nobody is ever signed in by it. Its states, and what moves it on:
//
//	requested  somebody typed a user name; a job finds out whose it is. Where it is nobody's
//	           who may, the row stays as it is until its time is over, so that nobody learns
//	           from it whose names there are (RST-2)
//	mailed     the link is on its way to the alternate email; the button in this browser,
//	           with the link or its letters → linked
//	linked     the mailbox is proved; a code to the phone, when it is right → proved
//	proved     both are proved; a password that is good → writing
//	writing    the password is being written, inside a request
//	done       the directory took it
//	ended      not, for a reason: expired, newer, changed, refused, failed, unclear
//
// Each of the three steps has ten minutes, counted from its beginning by the server. The
// last two states are final. Nothing about the account changes before both proofs (RST-10),
// and the password itself is kept nowhere.
//
// A practice run is the same journey of an administrator who is signed in; it writes
// nothing at its end.
package reset

import (
	"time"

	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/verification"
)

// Limits, with their requirement.
const (
	StepTime    = 10 * time.Minute // RST-1: both proofs
	LetterTries = 5                // COD-5, for the letters of the link; the link itself stays good
	CoolOff     = 72 * time.Hour   // CHG-11: a contact that changed lately proves nothing here
)

// State is the state of a reset.
type State string

// The states.
const (
	Requested State = "requested"
	Mailed    State = "mailed"
	Linked    State = "linked"
	Proved    State = "proved"
	Writing   State = "writing"
	Finished  State = "done"
	Ended     State = "ended"
)

// Why a reset ended: the ends of message keys.
const (
	Expired = "expired"
	Newer   = "newer"   // another one of the same person was begun, or it was begun again
	Changed = "changed" // contacts, role or account are not what they were
	Refused = "refused" // of a practice run: something is missing
	Failed  = "failed"  // the directory does not let us
	Unclear = "unclear" // nobody can say whether the password was written
)

// Reset is a request for a new password, from start to end.
type Reset struct {
	ID      string
	Browser []byte             // hash of the flow cookie
	Person  directory.PersonID // zero until the job has found somebody who may
	State   State
	Version int64
	Step    int // 1 to 3: where it is, or where it ended
	Tries   int // letters that were compared
	Started time.Time
	Until   time.Time // of the step it is at
	Moved   time.Time // when it entered its state

	// All below is encrypted at rest.

	User      string // what was typed, so that nobody has to type it again
	Practice  bool
	Token     []byte // keyed hash of the link's token
	Letters   []byte // keyed hash of the link's letters
	Mail      Delivery
	Factors   string // keyed hash of all that was on the account when the link was made
	Challenge string // the newest one
	Trouble   string // message key: why no code went out, until one does
	TryAt     time.Time
	Reason    string // of Ended
	Why       string // message key of a refusal, for the audit log and a practice run
	First     directory.Kind
	Checks    []Check
	Name      string // display name, for those who are told
	Origin    Origin
}

// Delivery is how far the mail of the link is.
type Delivery string

// The deliveries. The zero value is a mail that nobody has thought of yet.
const (
	Sending Delivery = "sending" // being handed over, or nobody came back to say
	Sent    Delivery = "sent"
)

// Origin says from where a reset was asked for, as mails and notices tell it.
type Origin struct {
	Language, Zone, Browser, Network string
	Address, Request                 string // for the audit log
}

// Open reports whether the reset can still be moved on, or its password is being written.
func (r Reset) Open() bool { return r.State != Finished && r.State != Ended }

// settle is how long a password may be on its way before nobody can say what became of it.
const settle = time.Minute

// At returns the reset as it stands at a time, whether or not a sweep or a job has noted it.
func (r Reset) At(now time.Time) Reset {
	switch {
	case r.State == Writing && !now.Before(r.Moved.Add(settle)):
		r.State, r.Reason = Ended, Unclear
	case r.Open() && r.State != Writing && !now.Before(r.Until):
		r.State, r.Reason = Ended, Expired
	}
	return r
}

// Browser is who asks: a browser, in which nobody is signed in.
type Browser struct {
	Secret string // value of the flow cookie, "" of none
	Link   string // value of the link cookie: the token of the mail's link, "" of none
	// Address is shortened, for the audit log; Source is what allowances count by (ABU-6).
	Address, Source            string
	Browser, Network, Language string // as in contact.Actor
	Request                    string
	Zone                       *time.Location // nil when it is not known
}

// Stage is what a page shows of a reset.
type Stage string

// The stages. Of the first, two different rows look the same: one of an administrator and
// one of nobody (RST-2).
const (
	Mail      Stage = "mail"      // step 1: a mail may have gone out; waits for the link or its letters
	Link      Stage = "link"      // step 1: the link was opened in this very browser: one button
	Elsewhere Stage = "elsewhere" // the link was opened in another browser: shows its letters
	Text      Stage = "text"      // step 2: no code went out yet: one button, and why
	Code      Stage = "code"      // step 2: waits for the texted code
	Password  Stage = "password"  // step 3
	Done      Stage = "done"
	Over      Stage = "over"
)

// View is a reset as a page shows it.
type View struct {
	ID       string
	Stage    Stage
	Step     int       // 1 to 3
	Until    time.Time // of the step
	Practice bool
	Letters  string // Elsewhere: in two groups, "KXRT-MPWD"
	// Of Text and Code.
	Masked         string // the phone
	Sent           time.Time
	GoodUntil      time.Time // of the code, at most Until
	CodeAlive      bool      // false: expired, or five wrong codes
	ResendAt       time.Time
	Delivery       verification.Delivery
	Newer          bool // an older code died when this one was sent
	NoSecondFactor bool // nothing on the account would answer the sign-in's second question
	Problem        *fault.Error
	// Of Over and Done.
	Reason   string // see the constants
	CanAgain bool   // "begin again" needs no typing; of Mail too
	First    directory.Kind
	Checks   []Check
}

// Check is one thing that a practice run looked at.
type Check struct {
	// What is account, administrator, managed, policy, email, phone, mail, text, identity or
	// password.
	What   string
	OK     bool
	Reason string // message key's end of what is in the way, "" when OK
}

// Practised is a person's last practice run that came to an end.
type Practised struct {
	At time.Time // zero: never
	OK bool
}
