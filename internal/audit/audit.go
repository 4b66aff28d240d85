// Package audit says what happened, to whom, by whom and how it ended. Events commit
// with the change that they tell of; a sealer chains them afterwards, so that a later
// change, gap or insertion shows.
//
// An event never holds a code, a password, a full number or address (AUD-3): values come
// masked, with a keyed hash beside them where the same value must be recognised.
package audit

import (
	"context"
	"time"
)

// Action is what was done. Actions are constants of this package.
type Action string

// The actions.
const (
	SignIn          Action = "signin"
	StepUp          Action = "signin.step-up"
	SignOut         Action = "signout"
	SnapshotRefresh Action = "snapshot.refresh"
	ChangeStart     Action = "change.start"
	CodeSend        Action = "code.send"
	CodeCheck       Action = "code.check"
	FactorLock      Action = "factor.lock"
	ChangeAuthorise Action = "change.authorise"
	ChangeProve     Action = "change.prove"
	ChangeApply     Action = "change.apply"
	ChangeCancel    Action = "change.cancel"
	FormRefuse      Action = "form.refuse"
	NoticeSend      Action = "notice.send"
	SessionEnd      Action = "session.end"
	SessionsRevoke  Action = "sessions.revoke"
	MethodRemove    Action = "method.remove"

	RetirementStart   Action = "retirement.start"
	RetirementAnswer  Action = "retirement.answer"
	RetirementProof   Action = "retirement.proof"
	RetirementConfirm Action = "retirement.confirm"
	RetirementSignIn  Action = "retirement.sign-in"
	RetirementFinish  Action = "retirement.finish"
	RetirementStop    Action = "retirement.stop"
	RetirementPlan    Action = "retirement.plan"
	RetirementRemind  Action = "retirement.remind"

	ResetRequest  Action = "reset.request"
	ResetMail     Action = "reset.mail"
	ResetLink     Action = "reset.link"
	ResetPassword Action = "reset.password"
	ResetTell     Action = "reset.tell"
	ResetEnd      Action = "reset.end"
	ResetPractice Action = "reset.practice"
)

// Actions returns all of them, for tests and exports.
func Actions() []Action {
	return []Action{SignIn, StepUp, SignOut, SnapshotRefresh, ChangeStart, CodeSend, CodeCheck, FactorLock,
		ChangeAuthorise, ChangeProve, ChangeApply, ChangeCancel, FormRefuse, NoticeSend, SessionEnd, SessionsRevoke,
		MethodRemove, RetirementStart, RetirementAnswer, RetirementProof, RetirementConfirm, RetirementSignIn, RetirementFinish,
		RetirementStop, RetirementPlan, RetirementRemind,
		ResetRequest, ResetMail, ResetLink, ResetPassword, ResetTell, ResetEnd, ResetPractice}
}

// Outcome is how it ended. An act that cannot be undone has an Intent event before it
// and one of the others after it.
type Outcome string

// The outcomes.
const (
	Intent  Outcome = "intent"
	Success Outcome = "success"
	Failure Outcome = "failure" // it was tried and did not work
	Refusal Outcome = "refusal" // it was not allowed
	Unclear Outcome = "unclear" // nobody can say
)

// Event is one entry of the log.
type Event struct {
	ID      string
	At      time.Time
	Actor   string // person id ("tenant/object"), "system", or "" for somebody signed out
	Subject string // person id of the account it is about, may be empty
	Action  Action
	Outcome Outcome
	Reason  string // a fault's message key, or empty
	Address string // network address of the browser, shortened to /24 or /64
	Request string // request id
	Detail  map[string]string
}

// Log takes events. Append joins the transaction in ctx, if there is one.
type Log interface {
	Append(ctx context.Context, e Event) error
}
