package templates

import "time"

// Moving is what every page of the move off a phone has: see package retirement, whose words
// Situation, Task and Number are.
type Moving struct {
	// Situation is "new-phone", "new-number", "no-phone" or "lost".
	Situation string
	Task      string // this page's, "" for the list
	Step, Of  int    // of the task, 1 for the first; 0 for the list
	// Number is "yes" when the number moves to the new phone, "no" when it does not, "" while
	// that was not asked.
	Number string
	// Old names the old phone as the directory or the person calls it; untrusted, "" unknown.
	Old string
	// New names the new phone; untrusted, "" while nothing of it was seen.
	New string
}

// NewPhoneStart asks what is happening, or, once that is known, whether the number moves too.
type NewPhoneStart struct {
	Base
	Situation string // chosen, "" for none
	// AskNumber asks the second question.
	AskNumber bool
	Number    string // masked present number, "" for none
	Moves     string // chosen, "yes", "no" or ""
	Errors    []FieldError
	// Going is the situation of a move that is going on, "" for none: another answer begins anew.
	Going string
}

// Template is part of Page.
func (NewPhoneStart) Template() string { return "new-phone-start" }

// NewPhone is the list of tasks.
type NewPhone struct {
	Base
	Moving
	Tasks    []Task
	Phones   Phones
	Planned  time.Time // the day of the new number, zero for none
	Finished bool      // all is done; of a phone that goes, see HandIn
	Open     bool      // the move goes on until the person ends it
	// Nothing says that without the old phone nothing at all is left: only the help desk helps.
	Nothing bool
	CanPlan bool // a day for the new number makes sense
}

// Template is part of Page.
func (NewPhone) Template() string { return "new-phone" }

// Task is a line of the list: its name is retirement.TaskName, its state "done", "now" or "later".
type Task struct {
	Name  string
	State string
}

// Phones is the picture: what hangs on the old phone, and what on the new one.
type Phones struct {
	Old, New []OnPhone
	// Beside is what lives on neither.
	Beside []OnPhone
}

// OnPhone is a method in the picture.
type OnPhone struct {
	Method
	// State of one on the old phone: "there", "going" (being taken off), "gone" or "moves" (to the
	// new phone with the SIM). Of others: "proved", "seen" (not proved), or "missing" (to be put in
	// place).
	State  string
	Proved time.Time
}

// Inventory asks what is on the old phone. Its form sends the ids of what is ticked as "old".
type Inventory struct {
	Base
	Moving
	Items []InventoryItem
	// Failed to send, or nothing was ticked: the errors.
	Errors []FieldError
	// Fixed says that taking off has begun: the page only shows.
	Fixed bool
}

// Template is part of Page.
func (Inventory) Template() string { return "new-phone-inventory" }

// InventoryItem is a method with a tick.
type InventoryItem struct {
	Method
	ID    string
	Old   bool   // ticked
	Why   string // retirement.Reason, below "inventory.why."
	Alike bool   // another one of its kind has the same name
}

// Place asks to put the new one in place, and shows what was seen of it.
type Place struct {
	Base
	Moving
	// Wants are what is missing: "number", "method", "another". None: the task is done.
	Wants []string
	Seen  []OnPhone // what is new
	// NumberForm is where the number is changed, "" where the number needs nothing.
	NumberForm string
	NoNumber   bool // the person said that they want no new number
	NoApp      bool // the person said that they want no Authenticator or passkey on the new phone
	// CanSkipNumber, CanSkipApp say that enough is there without it.
	CanSkipNumber, CanSkipApp bool
	Looked                    time.Time // when the directory was looked at
	LookAgain                 time.Time // when it may be looked at again; past: now
	// Link is the address of this page, for the QR code that opens it on the new phone.
	Link string
}

// Template is part of Page.
func (Place) Template() string { return "new-phone-place" }

// PlanDay asks for the day on which the new number works, in three fields.
type PlanDay struct {
	Base
	Moving
	Year, Month, Date string    // as typed
	Planned           time.Time // zero: none yet
	MailTo            string    // masked mailbox that is reminded, "" for none
	Errors            []FieldError
}

// Template is part of Page.
func (PlanDay) Template() string { return "new-phone-day" }

// ProveNew shows what is proved, and how to prove the rest.
type ProveNew struct {
	Base
	Moving
	Items     []Proving
	Looked    time.Time
	LookAgain time.Time
}

// Template is part of Page.
func (ProveNew) Template() string { return "new-phone-prove" }

// Proving is a method that stays, and its proof.
type Proving struct {
	Method
	Proved time.Time // zero: not proved
	// Test is where a code is sent to it (POST), "" where none can be.
	Test string
	// Use says that Microsoft may report that exactly this one was used.
	Use bool
	// Needed says that the task waits for this one.
	Needed bool
}

// LockOutCheck says whether the person would get in without the old phone.
type LockOutCheck struct {
	Base
	Moving
	Passed  bool
	Ways    []WayIn // without the old phone; certain ones first
	Certain int
	Needed  int
	Add     []Remedy
	Assumed bool // the organisation's policy is not known
}

// Template is part of Page.
func (LockOutCheck) Template() string { return "new-phone-check" }

// WayIn is a way in.
type WayIn struct {
	Methods []Method
	Answer  string // "yes" or "cannot tell"
	Here    bool   // at one computer alone
	Proved  time.Time
}

// TakeOff shows what goes and what stays, and then how it goes.
type TakeOff struct {
	Base
	Moving
	Goes  []Method
	Stays []OnPhone
	Ways  int // how many ways in surely stay
	// Nothing says that no way in would be left: nothing is taken off, and only help helps.
	Nothing bool
	// CodeFirst says that a code to a contact that stays must be read back first: the sign-in
	// proves no strength.
	CodeFirst []Proving
	// Removals are shown once it was confirmed. Going says that one is on its way.
	Removals []Removing
	Going    bool
	// Again says that what was not taken off can be tried again.
	Again bool
}

// Template is part of Page.
func (TakeOff) Template() string { return "new-phone-take-off" }

// Removing is the taking off of one method: its state is retirement.RemovalState.
type Removing struct {
	Method
	State string
	Why   string // message key, "" for none
	At    time.Time
}

// SignOutAll is the task of signing out everywhere.
type SignOutAll struct {
	Base
	Moving
	Everywhere Everywhere
}

// Template is part of Page.
func (SignOutAll) Template() string { return "new-phone-sign-out" }

// SignInOnce is the task of signing in once more.
type SignInOnce struct {
	Base
	Moving
	Link string // to the sign-in and back
	// Signed is when that was done, zero while it was not. Weak says that the person came back
	// from a sign-in that proved no second factor.
	Signed time.Time
	Weak   bool
}

// Template is part of Page.
func (SignInOnce) Template() string { return "new-phone-sign-in" }

// HandIn is the end: the sentence, what nobody sees, how to wipe, and the receipt.
type HandIn struct {
	Base
	Moving
	// Needed says that the account still needs the phone, or, once Finished, that what the receipt
	// says is not so any more.
	Needed    bool
	Reference string
	Finished  time.Time
	Taken     []Removing
	Stays     []OnPhone
	SignedOut time.Time
	SignedIn  time.Time
	// Devices are registered devices that look like the old phone.
	Devices []Device
}

// Template is part of Page.
func (HandIn) Template() string { return "new-phone-hand-in" }

// Device is a registered device. All words of it are untrusted.
type Device struct {
	Name, System, Model string
	Seen                time.Time // zero unknown
}

// Help is for people who cannot sign in at all, signed out too.
type Help struct {
	Base
	Reset bool // administrators can reset their password here
}

// Template is part of Page.
func (Help) Template() string { return "help" }
