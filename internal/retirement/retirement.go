// Package retirement is the journey off an old phone: what hangs on it, what replaces it,
// what is proved, and what is taken off, in an order that never leaves a person without a
// way in. It holds the rules and the states, and knows no HTTP, no SQL and no Microsoft.
//
// A retirement is a row that belongs to a person, not to a browser. Nothing of its
// progress is believed because somebody pressed a button: every task is computed from the
// answers that were given and from what the directory says (OLD-1). See Tasks.
//
//	situation   order of the tasks
//	new-phone   inventory, place, prove, check, take-off, sign-out, sign-in, hand-in
//	no-phone    the same, with something else than a phone in place
//	new-number  place, check: the phone stays, its old number goes with the change
//	lost        inventory, sign-out, take-off, place, prove, check, sign-in, hand-in
//
// Two rules hold whatever happens between, checked again right before every removal:
// nobody who has a way in is left without one, and a phone is called "no longer needed"
// only when two ways in without it are there, one of them proved (OLD-2).
package retirement

import (
	"slices"
	"time"

	"rekey/internal/directory"
)

// Situation is what is happening to the phone.
type Situation string

// The situations, as the form of surface.md names them.
const (
	NewPhone  Situation = "new-phone"  // the old one is still at hand
	NewNumber Situation = "new-number" // same phone
	NoPhone   Situation = "no-phone"   // given back, with no new one
	Lost      Situation = "lost"       // or stolen
)

// Known reports whether it is one of the situations.
func (s Situation) Known() bool {
	return s == NewPhone || s == NewNumber || s == NoPhone || s == Lost
}

// Reply is the answer to a question that may not have been answered yet.
type Reply string

// The replies.
const (
	Unasked Reply = ""
	Yes     Reply = "yes"
	No      Reply = "no"
)

// Item is a method as it was at the inventory, and what the person said of it.
type Item struct {
	Method directory.Method
	Old    bool   // it lives on the old phone
	Why    Reason // of the guess that was shown
}

// Removal is the taking off of one old method.
type Removal struct {
	Method directory.Method
	State  RemovalState
	Why    string    // key of a reason, where it is refused or failed
	At     time.Time // when it entered its state
}

// RemovalState is how far a removal is.
type RemovalState string

// The states of a removal.
const (
	Planned   RemovalState = "planned"
	Taken     RemovalState = "taken"     // the directory acknowledged it, or shows it gone
	IsDefault RemovalState = "default"   // the directory keeps the default method: the person changes it at Microsoft first
	Held      RemovalState = "held"      // it would leave too few ways in as things are now
	Failed    RemovalState = "failed"    // not removed, for another reason
	Uncertain RemovalState = "uncertain" // nobody can say; it is looked at again
)

// Over reports whether nothing more is tried by itself.
func (s RemovalState) Over() bool { return s == Taken || s == IsDefault || s == Held || s == Failed }

// Retirement is one move off one phone.
type Retirement struct {
	ID        string
	Person    directory.PersonID
	Situation Situation
	Moves     Reply // does the number move to the new phone; asked of new-phone alone
	NoNumber  bool  // the person wants no new number
	NoApp     bool  // the person wants no Authenticator, code app or passkey in place of the old one
	Started   time.Time
	Version   int64
	Origin    Origin // of the person's last answer, for notices

	Planned time.Time // beginning of the day on which the new number works, in the person's zone; zero: no plan
	PlanID  string    // of the plan's reminder
	Told    time.Time // when the reminder of this plan was sent

	Inventoried time.Time // zero: not yet
	Items       []Item    // encrypted at rest
	// Used is when the directory last said that exactly this method was used, since the
	// inventory.
	Used []Proof

	Confirmed time.Time // the taking off was confirmed under a fresh sign-in
	// ConfirmedAs and ConfirmedBy are the situation and the place in which it was: removals
	// are judged and told by these, whatever is answered later without a fresh sign-in.
	ConfirmedAs Situation
	ConfirmedBy Origin
	// Cleared is when nothing of the old phone was on the account any more, wherever it was
	// removed, and the signing out that counts was asked for.
	Cleared   time.Time
	Removals  []Removal
	Revoked   time.Time // sessions were ended everywhere
	SignedIn  time.Time // the first strong sign-in after that
	Finished  time.Time // the sentence was shown as true, and taken
	Abandoned time.Time // the person gave it up
	Reference string    // of the receipt
}

// Open reports whether it goes on.
func (r Retirement) Open() bool { return r.Finished.IsZero() && r.Abandoned.IsZero() }

// Origin is where the person answered, as notices tell it.
type Origin struct{ Language, Zone, Browser, Network string }

// same reports whether two readings are of one and the same thing. Of a contact there is
// one of each kind: it keeps its id when its number changes, and is another thing then; and
// one that was written a moment ago has no id yet.
func same(a, b directory.Method) bool {
	return a.Kind == b.Kind && a.Value == b.Value && (a.ID == b.ID || a.Kind.Contact())
}

// IsOld reports whether a method is one that the person said lives on the old phone.
func (r Retirement) IsOld(m directory.Method) bool {
	return slices.ContainsFunc(r.Items, func(i Item) bool { return i.Old && same(i.Method, m) })
}

// IsNew reports whether a method was not there at the inventory: what appears later is new.
func (r Retirement) IsNew(m directory.Method) bool {
	return !r.Inventoried.IsZero() && !slices.ContainsFunc(r.Items, func(i Item) bool { return same(i.Method, m) })
}

// OldItems returns what the person said lives on the old phone.
func (r Retirement) OldItems() []directory.Method {
	var old []directory.Method
	for _, i := range r.Items {
		if i.Old {
			old = append(old, i.Method)
		}
	}
	return old
}
