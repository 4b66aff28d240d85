package templates

import "time"

// Page is what Render takes: a struct of this package that embeds Base.
type Page interface {
	// Template names the file below pages/, without its ending.
	Template() string
}

// Base is what every page has.
type Base struct {
	Organisation Organisation
	Viewer       *Viewer        // nil when nobody is signed in
	FormToken    string         // of the session, or of this signed-out form
	Zone         *time.Location // of the person
	Region       string         // ISO 3166, in whose way dates are written; "" unknown
	// LanguageToken lets the form that chooses the language be sent; without it, there is
	// no such form.
	LanguageToken string
	Now           time.Time
	Path          string // of this page, for links back to it
	Demo          bool
	RequestID     string
	Failed        bool // the page shows an error: its title begins with "Error:"
}

// Organisation is whose site it is.
type Organisation struct {
	Name      string
	Logo      string // local path of a picture, "" for the sign of this product
	HelpName  string // as it stands in a sentence, "" for "the help desk" in the language of the page
	HelpPhone string
	HelpMail  string
}

// Viewer is who is signed in.
type Viewer struct {
	DisplayName       string
	UserPrincipalName string
	Zone              string // IANA name that their browser told, "" while unknown
}

// Contact is a row of the security info page. Value is masked; an empty one means none.
type Contact struct {
	Kind     string // "phone", "alternate-phone", "email"
	Value    string
	ProvedAt time.Time // zero: never proved here
	Editable bool      // there is a page to add or change it
	Closed   bool      // it cannot be added yet: there is no phone
	Testable bool      // a code can be sent to it
	Off      bool      // it cannot be kept here: nothing can be mailed
}

// Form is where the contact is added or changed.
func (c Contact) Form() string { return formOf(c.Kind) }

// Method is a row of the other methods.
type Method struct {
	Kind    string // directory.Kind
	Value   string // masked number, of an office phone; else ""
	Name    string // untrusted
	Model   string // untrusted
	Added   time.Time
	RawKind string // of an unknown kind
	First   bool   // Microsoft asks for it before all others
}

// Running is a change that is not over, for the bar on the security info page.
type Running struct {
	Subject
	ID   string
	Step string // contact.Step
	To   string // masked value that it is about
	Here bool   // this session may move it on
}

// Home is the security info page.
type Home struct {
	Base
	Contacts []Contact
	Methods  []Method
	// TakenAt is when the directory said all this; zero: nothing could be read yet.
	TakenAt time.Time
	// RefreshFailed says that the last try to read the directory failed; RetryAt, if set,
	// when to try again.
	RefreshFailed bool
	RetryAt       time.Time
	TooEarly      bool // it was not even tried: it was asked for too often
	Running       []Running
	Lost          *Lost // nil while nothing was read
	Moving        bool  // a move to a new phone is going on
	// Practice is the last practice run of resetting the password; nil for everybody who is
	// no administrator.
	Practice *PracticeRow
}

// Template is part of Page.
func (Home) Template() string { return "home" }

// Guest is the page of people whose account belongs to another organisation.
type Guest struct {
	Base
	// Home is the domain of the organisation where their methods live, or "".
	Home string
}

// Template is part of Page.
func (Guest) Template() string { return "guest" }

// Country is a choice of the number form.
type Country struct {
	Code        string // ISO 3166
	CallingCode string // without "+"
}

// FieldError is what is wrong at a field: a message key below "error." and its values.
type FieldError struct {
	Field string
	Key   string
	Args  map[string]any
}

// NumberForm asks for a number: step 1 of a change of phone or alternate phone.
type NumberForm struct {
	Base
	Subject
	Current   string // masked present number, "" when there is none
	Countries []Country
	Country   string // chosen, ISO 3166
	Number    string // as typed
	Errors    []FieldError
	// Back says that the person has just signed in again and finds the form filled in.
	Back bool
	// WithoutContext says that a code to a contact on record comes first.
	WithoutContext bool
	// Wait, if set, is until when no further code may be sent.
	Wait    time.Time
	WaitKey string // message key below "error." of why
}

// Template is part of Page.
func (NumberForm) Template() string { return "number" }

// SignInAgain leads to a fresh sign-in by a link (never by a form: Chromium would apply
// form-action to the way to the identity provider).
type SignInAgain struct {
	Base
	Subject
	Link string
	// For says what waits: "number" (nothing was sent yet), "proved" (the code was right,
	// nothing is left but this), "authorised", "resend", "remove" or "test".
	For string
	To  string // masked value that it is about
	// Back is the page that the sign-in comes back to, a local path.
	Back string
	// Still says that the person comes from a sign-in that was not fresh or not strong.
	Still bool
}

// Template is part of Page.
func (SignInAgain) Template() string { return "again" }

// CodeForm asks for a code: step 2 of a change. It is also the review.
type CodeForm struct {
	Base
	Subject
	ID          string // of the change
	Channel     string // of the code: "text" or "mail"
	Authorising bool   // the code went to a contact on record, which agrees
	TwoCodes    bool   // without an authentication context: one step more
	To          string // masked destination
	New         string // masked new number
	Current     string // masked present number, "" when Adding
	SentAt      time.Time
	GoodUntil   time.Time
	Alive       bool
	Newer       bool
	TriesLeft   int
	ResendAt    time.Time // zero or past: now
	LockedUntil time.Time // zero: not locked
	Delivery    string    // verification.Delivery
	Code        string    // as typed
	Errors      []FieldError
	// TooEarly says that a new code was asked for before its time.
	TooEarly bool
	Sent     bool // a new code was sent just now
}

// Template is part of Page.
func (CodeForm) Template() string { return "code" }

// Elsewhere shows a change that another session began.
type Elsewhere struct {
	Base
	Subject
	ID  string
	New string
}

// Template is part of Page.
func (Elsewhere) Template() string { return "elsewhere" }

// Continue has one button: step is "send-code" (to the new number) or "confirm" (save it).
type Continue struct {
	Base
	Subject
	ID   string
	Step string
	New  string
	// Wait, if set, is until when no code may be sent.
	Wait time.Time
}

// Template is part of Page.
func (Continue) Template() string { return "continue" }

// Wait shows a change that is being saved at Microsoft. A script updates its status.
type Wait struct {
	Base
	Subject
	ID       string
	New      string
	Current  string
	ProvedAt time.Time
	Reason   string    // "", "apply.busy", "apply.queue" or "apply.checking"
	RetryAt  time.Time // zero: at this moment
}

// Template is part of Page.
func (Wait) Template() string { return "wait" }

// Watched reports whether the page looks again by itself where there are no scripts.
func (p Wait) Watched() bool { return p.watched(p.ProvedAt) }

// watched reports whether something began so lately that a page looks again by itself where
// there are no scripts: a quarter of an hour, as the script does, so that a forgotten window
// keeps nobody signed in (SES-4).
func (b Base) watched(since time.Time) bool { return b.Now.Sub(since) < 15*time.Minute }

// Done says what was changed and what comes at the next sign-in.
type Done struct {
	Base
	Subject
	New       string // masked; "" when it was removed
	Old       string
	AppliedAt time.Time
	// Told are the notices of the change.
	Told []Told
	// First lists the methods that Microsoft asks for before a text, strongest first.
	First []Method
	// OnPhone lists the methods that may live on the old phone, for its last warning.
	OnPhone []Method
	// OnComputer lists the methods that sign in at one computer, as before.
	OnComputer []Method
	// Moving says that a move to a new phone is going on, to which this belongs.
	Moving bool
}

// Template is part of Page.
func (Done) Template() string { return "done" }

// Told is a notice to one destination: state is "waiting", "sent" or "abandoned".
type Told struct {
	To      string // masked
	Channel string // "text" or "mail"
	State   string
}

// AddressForm asks for a mail address: step 1 of a change of alternate email.
type AddressForm struct {
	Base
	Subject
	Current string // masked present address, "" when there is none
	Address string // as typed
	Errors  []FieldError
	// Back, WithoutContext, Wait and WaitKey are as in NumberForm.
	Back           bool
	WithoutContext bool
	Wait           time.Time
	WaitKey        string
}

// Template is part of Page.
func (AddressForm) Template() string { return "address" }

// Closed says why a contact cannot be added: reason is "phone-first" or "no-mail".
type Closed struct {
	Base
	Subject
	Reason string
}

// Template is part of Page.
func (Closed) Template() string { return "closed" }

// RemoveForm asks whether a contact is to go, and says what that comes to.
type RemoveForm struct {
	Base
	Subject
	Value string // masked
	// Promote is the masked alternate phone that becomes the phone; "" for a removal.
	Promote string
	// Agrees is the masked contact that must agree with a code, "" when none must.
	Agrees string
	// Refused is a message key below "remove.refused." when it cannot go.
	Refused string
	Stays   []Method // what else is on the account
	Wait    time.Time
	WaitKey string
}

// Template is part of Page.
func (RemoveForm) Template() string { return "remove" }

// Stopped says why a change was not made: state is contact.State, reason a message key.
type Stopped struct {
	Base
	Subject
	State   string
	Reason  string
	New     string
	Current string
}

// Template is part of Page.
func (Stopped) Template() string { return "stopped" }

// SignedOut is where signing out ends.
type SignedOut struct {
	Base
	MicrosoftLink string
	Reset         bool // administrators can reset their password here
}

// Template is part of Page.
func (SignedOut) Template() string { return "signed-out" }

// SignInFailed says that a sign-in did not work: key is "refused", "cancelled",
// "expired", "other-person" or "down".
type SignInFailed struct {
	Base
	Key   string
	Link  string // to try again
	Reset bool   // administrators can reset their password here
}

// Template is part of Page.
func (SignInFailed) Template() string { return "signin-failed" }

// Problem is an error page.
type Problem struct {
	Base
	Status int
	Key    string // a fault's message key, or ""
	Args   map[string]any
	Until  time.Time // zero: no time to name
	Link   string    // where to go on, a local path
	// LinkKey names the link below "problem.link.".
	LinkKey string
}

// Template is part of Page.
func (Problem) Template() string { return "problem" }
