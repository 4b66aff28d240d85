package templates

import (
	"slices"
	"strings"
	"time"
)

// ResetStart is where an administrator who forgot the password begins.
type ResetStart struct {
	Base
	Token   string // of its form
	User    string // as typed
	Picture string // token of the picture and of its sound
	// Voice is the language in which the characters are spoken, "" of none; Foreign says
	// that it is not that of the page.
	Voice   string
	Foreign bool
	Errors  []FieldError
	Trouble *Problem
	// Closed says that the organisation's settings at Microsoft forbid all this.
	Closed bool
}

// Template is part of Page.
func (ResetStart) Template() string { return "reset-start" }

// ResetStep is what the pages of a reset have in common.
type ResetStep struct {
	ID       string
	Step     int       // 1 to 3
	Until    time.Time // of the step
	Practice bool
	// GoToken, ResendToken and AgainToken let the forms be sent: each form of people who
	// are signed out has a token of its own.
	GoToken, ResendToken, AgainToken string

	Errors  []FieldError
	Trouble *Problem // what was in the way of what was asked for last
}

// ResetMail waits for the link of the mail, or for its letters. It looks the same whether or
// not a mail went out.
type ResetMail struct {
	Base
	ResetStep
	CanAgain  bool
	Letters   string // as typed
	TriesLeft int    // of the letters, after a wrong one
}

// Template is part of Page.
func (ResetMail) Template() string { return "reset-mail" }

// ResetLink has the one button of the link, in the browser where it began.
type ResetLink struct {
	Base
	ResetStep
}

// Template is part of Page.
func (ResetLink) Template() string { return "reset-link" }

// ResetElsewhere shows the letters of a link that was opened in another browser.
type ResetElsewhere struct {
	Base
	ResetStep
	Letters string // "KXRT-MPWD"
}

// Template is part of Page.
func (ResetElsewhere) Template() string { return "reset-elsewhere" }

// Spelled is the letters one by one, for those who listen.
func (p ResetElsewhere) Spelled() string {
	var groups []string
	for group := range strings.SplitSeq(p.Letters, "-") {
		groups = append(groups, strings.Join(strings.Split(group, ""), " "))
	}
	return strings.Join(groups, ", ")
}

// ResetText says why no code went to the phone yet: why is "phone-recent", "phone-missing",
// "limited", "down" or "other".
type ResetText struct {
	Base
	ResetStep
	Why    string
	To     string // masked phone, may be empty
	Begins time.Time
}

// Template is part of Page.
func (ResetText) Template() string { return "reset-text" }

// ResetCode asks for the code that went to the phone.
type ResetCode struct {
	Base
	ResetStep
	To             string // masked phone
	SentAt         time.Time
	GoodUntil      time.Time
	Alive          bool
	Newer          bool
	Sent           bool // a new code was sent just now
	TriesLeft      int  // after a wrong one
	ResendAt       time.Time
	Delivery       string // verification.Delivery
	Code           string // as typed
	TooEarly       bool   // a new code was asked for before its time
	NoSecondFactor bool   // nothing on the account answers the sign-in's second question
}

// Template is part of Page.
func (ResetCode) Template() string { return "reset-code" }

// ResetPassword asks for the new password. What was typed is not among its values: it is
// never shown again.
type ResetPassword struct {
	Base
	ResetStep
	NoSecondFactor bool
}

// Template is part of Page.
func (ResetPassword) Template() string { return "reset-password" }

// ResetDone says that the directory took the password, or how a practice run ended.
type ResetDone struct {
	Base
	Practice bool
	First    string // kind of the second factor that the sign-in asks for first, "" of none
	Checks   []ResetCheck
}

// Template is part of Page.
func (ResetDone) Template() string { return "reset-done" }

// Worked reports whether nothing was missing in a practice run: the sign-in after a real reset
// would ask for a second factor too.
func (p ResetDone) Worked() bool {
	return p.First != "" && !slices.ContainsFunc(p.Checks, func(c ResetCheck) bool { return !c.OK })
}

// ResetOver says why a reset ended otherwise: reason is the end of a message key, "gone" for
// what is not there or not this browser's.
type ResetOver struct {
	Base
	ID         string
	Reason     string
	Practice   bool
	CanAgain   bool // one button, and no typing
	AgainToken string
	Checks     []ResetCheck
	Trouble    *Problem // why it could not be begun again
}

// Template is part of Page.
func (ResetOver) Template() string { return "reset-over" }

// ResetCheck is one thing that a practice run looked at.
type ResetCheck struct {
	What   string
	OK     bool
	Reason string
}

// ResetPractice is where an administrator begins a practice run.
type ResetPractice struct {
	Base
	Last    time.Time // zero: never
	OK      bool      // the last one
	Refused string    // message key of why none can be begun, "" when it can
	Trouble *Problem
}

// Template is part of Page.
func (ResetPractice) Template() string { return "reset-practice" }

// PracticeRow is the last practice run on the security info page of an administrator.
type PracticeRow struct {
	At time.Time // zero: never
	OK bool
}

// Key is the end of the keys of the page's words.
func (p ResetOver) Key() string {
	switch p.Reason {
	case "expired", "newer", "letters-used-up", "code-used-up", "changed", "unclear", "gone":
		return p.Reason
	case "refused":
		if p.Practice {
			return p.Reason
		}
	}
	return "failed"
}
