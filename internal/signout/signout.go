// Package signout signs a person out everywhere: of this site at once, but for the session
// they ask in, and at Microsoft as soon as it answers.
//
//	state   means
//	open    the other sessions here have ended; a job tells the directory, for up to 24 hours
//	done    the directory has ended its sessions
//	failed  it refuses, or did not answer for a day
//
// There is one row for each person: the last time they asked. Asking again while it is open
// adds no second job, but raises its version, so that an answer to the first ask is not
// taken for one to the second.
//
// A single session is ended here too, with its event. Nobody is asked to sign in again for
// any of it: it only protects. It leaves to others to list sessions, and to show a page.
package signout

import (
	"context"
	"errors"
	"time"

	"rekey/internal/audit"
	"rekey/internal/clock"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/job"
	"rekey/internal/limit"
	"rekey/internal/tx"
)

// State says how far it is.
type State string

// The states.
const (
	Open   State = "open"
	Done   State = "done"
	Failed State = "failed"
)

// SignOut is the last time that a person signed out everywhere.
type SignOut struct {
	Person  directory.PersonID
	Session string // in which the person asked, and which goes on
	Job     string // id of the job that tells the directory
	Version int64  // grows with every ask
	State   State
	Asked   time.Time
	Moved   time.Time // when State was reached
	Retry   time.Time // while it is open: when the directory is asked again, if it did not answer
	Reason  string    // of Failed, and of Retry: a message key's end, as in contact.Change
}

// Store keeps them. All of it joins the transaction in ctx.
type Store interface {
	tx.Runner
	// AskSignOut writes an open one, over the person's last. When that is open still, its
	// job stays in charge and its version is raised; it returns the id of the job in charge.
	AskSignOut(ctx context.Context, s SignOut) (job string, err error)
	// SignOut returns a person's last one; ok is false when there is none.
	SignOut(ctx context.Context, person directory.PersonID) (s SignOut, ok bool, err error)
	// SaveSignOut writes State, Moved, Retry and Reason, if the row is open and has s's job
	// and version; ok is false when it has not.
	SaveSignOut(ctx context.Context, s SignOut) (ok bool, err error)
}

// Sessions ends sessions of this site; see session.Manager. All of it joins the
// transaction in ctx.
type Sessions interface {
	// End ends one session of a person; ok is false when they have none of that id.
	End(ctx context.Context, person directory.PersonID, id string) (ok bool, err error)
	EndOthers(ctx context.Context, person directory.PersonID, keep string) (int, error)
	// EndOlder ends those, but for one, whose person last typed credentials before a time.
	EndOlder(ctx context.Context, person directory.PersonID, keep string, before time.Time) (int, error)
}

// Actor is the signed-in person who asks.
type Actor struct {
	Person  directory.PersonID
	Session string // id of the session row, which goes on
	Address string // shortened network address, for the audit log
	Request string // request id
}

// Service signs people out. All fields are needed but Wake.
type Service struct {
	Store    Store
	Sessions Sessions
	Jobs     job.Queue
	Audit    audit.Log
	// Allowances bound how often one person has the directory told: its calls are everybody's.
	Allowances *limit.Allowances
	Clock      clock.Clock
	NewID      func() string
	Wake       func() // called once a job is committed
}

// asks are how often one person may have the directory told.
func asks() []limit.Window {
	return []limit.Window{{Count: 3, Span: 10 * time.Minute}, {Count: 20, Span: 24 * time.Hour}}
}

// Everywhere ends the person's other sessions here and has the directory end its own. The
// sessions, the job and the event commit together, or nothing does. Who asks too often has
// the sessions here ended, and the directory has been told already.
func (s *Service) Everywhere(ctx context.Context, a Actor) error {
	if a.Person == (directory.PersonID{}) || a.Session == "" {
		return errors.New("signout: nobody asks")
	}
	_, tell, err := s.Allowances.Reserve(ctx, limit.Charge{Key: "signout/person/" + a.Person.String(), Windows: asks()})
	if err != nil {
		return err
	}
	if !tell {
		_, err := s.Sessions.EndOthers(ctx, a.Person, a.Session)
		return err
	}
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.Sessions.EndOthers(ctx, a.Person, a.Session); err != nil {
			return err
		}
		if err := s.ask(ctx, a); err != nil {
			return err
		}
		return s.note(ctx, a, audit.SessionsRevoke, audit.Intent)
	})
	if err == nil && s.Wake != nil {
		s.Wake()
	}
	return err
}

// EndAll ends every session of a person who is not signed in here, and has the directory end
// its own: after a reset of the password. It joins the transaction in ctx; the caller calls
// Wake once that is committed.
func (s *Service) EndAll(ctx context.Context, person directory.PersonID, address, request string) error {
	if _, err := s.Sessions.EndOthers(ctx, person, ""); err != nil {
		return err
	}
	if err := s.ask(ctx, Actor{Person: person}); err != nil {
		return err
	}
	return s.Audit.Append(ctx, audit.Event{ID: s.NewID(), At: s.Clock.Now(), Actor: "system", Subject: person.String(),
		Action: audit.SessionsRevoke, Outcome: audit.Intent, Address: address, Request: request})
}

// End ends one of the person's sessions, with its event. Fault: fault.NotFound when it is
// not there, or another person's: nobody learns which (WEB-7).
func (s *Service) End(ctx context.Context, a Actor, id string) error {
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		ok, err := s.Sessions.End(ctx, a.Person, id)
		if err != nil {
			return err
		}
		if !ok {
			return fault.New(fault.NotFound, "session.none")
		}
		return s.note(ctx, a, audit.SessionEnd, audit.Success)
	})
}

func (s *Service) note(ctx context.Context, a Actor, action audit.Action, o audit.Outcome) error {
	person := a.Person.String()
	return s.Audit.Append(ctx, audit.Event{ID: s.NewID(), At: s.Clock.Now(), Actor: person, Subject: person,
		Action: action, Outcome: o, Address: a.Address, Request: a.Request})
}

// ask writes the row and, unless one is on its way, the job.
func (s *Service) ask(ctx context.Context, a Actor) error {
	now := s.Clock.Now()
	j := job.Job{ID: s.NewID(), Kind: job.Revoke, Key: a.Person.String(), Created: now, Due: now}
	inCharge, err := s.Store.AskSignOut(ctx, SignOut{Person: a.Person, Session: a.Session, Job: j.ID, Version: 1, State: Open,
		Asked: now, Moved: now})
	if err != nil || inCharge != j.ID {
		return err
	}
	return s.Jobs.Add(ctx, j)
}

// Older reports whether credentials were typed before the person last signed out everywhere:
// whoever comes with such a sign-in may be the one that was to be thrown out, also while the
// directory has not been told yet. Times of the identity provider are whole seconds.
func (s *Service) Older(ctx context.Context, person directory.PersonID, typed time.Time) (bool, error) {
	last, ok, err := s.Store.SignOut(ctx, person)
	return ok && typed.Before(last.Asked.Truncate(time.Second)), err
}

// State returns the last time that a person signed out everywhere; ok is false when there
// is none to tell of.
func (s *Service) State(ctx context.Context, person directory.PersonID) (last SignOut, ok bool, err error) {
	return s.Store.SignOut(ctx, person)
}
