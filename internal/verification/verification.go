// Package verification proves that somebody holds a phone or a mailbox: it issues
// challenges (one code to one destination for one purpose, alive for ten minutes) and
// checks what is typed.
//
// It leaves to others what is sent and how (message), how often (limit), and what a
// proof is good for: a journey consumes it in the transaction of its own next step.
//
//	state       until
//	live        the right code is consumed, or a newer one comes; five tries or ten
//	            minutes end it as well, see Alive
//	consumed    for good: it has proved something, once
//	superseded  for good: a newer code was sent, or the flow was cancelled
package verification

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"rekey/internal/clock"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/tx"
)

// Limits, with their requirement.
const (
	Lifetime   = 10 * time.Minute // COD-2: at the limit the code is dead
	Tries      = 5                // COD-5: compared codes per challenge
	RowLimit   = 10               // COD-6: compared failures in a row, then a lock
	RowCeiling = 100              // COD-6: in a row, then the help desk
	LockTime   = time.Hour
)

// ForGood is the end of a lock that only the help desk ends.
const ForGood = 100 * 365 * 24 * time.Hour

// Purpose says what a code is for. A code is worthless for any other purpose (COD-4).
type Purpose string

// The purposes.
const (
	ProveContact    Purpose = "prove-contact"    // the new value is really the person's
	AuthoriseChange Purpose = "authorise-change" // a contact on record agrees
	TestContact     Purpose = "test-contact"     // what is on the account still reaches the person
	ResetPassword   Purpose = "reset-password"   // the second proof of an administrator's reset
)

// State is the state of a challenge.
type State string

// The states.
const (
	Live       State = "live"
	Consumed   State = "consumed"
	Superseded State = "superseded"
)

// Challenge is one code sent to one destination for one purpose.
type Challenge struct {
	ID          string
	Flow        string // id of the change, reset or test that it belongs to
	Purpose     Purpose
	Person      directory.PersonID
	Session     string // session row in which it was asked for
	Factor      string // what failures in a row are counted on, for example "phone"
	Destination string // E.164 number or address, encrypted at rest
	CodeMAC     []byte
	State       State
	Tries       int
	Issued      time.Time
	Expires     time.Time
	Earlier     int // how many codes of the same flow came before it
	Delivery    Delivery
}

// Delivery says what became of the message that carries the code.
type Delivery string

// The ways a delivery can stand.
const (
	Sending   Delivery = "sending" // being handed over, or nobody came back to say
	Sent      Delivery = "sent"    // the gateway took it
	Refused   Delivery = "refused" // the gateway said no: it did not go out
	Uncertain Delivery = "uncertain"
)

// Alive reports whether the code could still be right at that time.
func (c Challenge) Alive(now time.Time) bool {
	return c.State == Live && c.Tries < Tries && now.Before(c.Expires)
}

// Failures counts the compared failures in a row of a person on a factor.
type Failures struct {
	Row         int
	LockedUntil time.Time
}

// Store keeps challenges and failure counts.
type Store interface {
	// AddChallenge supersedes every live challenge of the same flow, and of the same
	// person, factor and purpose, and inserts this one, in one transaction.
	AddChallenge(ctx context.Context, c Challenge) error
	// Challenge returns a person's challenge. Fault: fault.NotFound.
	Challenge(ctx context.Context, person directory.PersonID, id string) (Challenge, error)
	// SetDelivery notes what became of the message.
	SetDelivery(ctx context.Context, id string, d Delivery) error
	// Supersede ends the live challenges of a flow.
	Supersede(ctx context.Context, flow string) error
	// CountTry raises the tries of a live challenge that is bound to person, session and
	// purpose, has tries left and has not expired, together with the person's failures in
	// a row, and commits both before it returns (COD-5, COD-6). ok is false, and nothing
	// is counted, when there is no such challenge or the factor is locked. A lock is set
	// as LockAfter says.
	// A context that carries a transaction gets tx.ErrOpen.
	CountTry(ctx context.Context, a Attempt) (c Challenge, f Failures, ok bool, err error)
	// Consume moves a challenge whose right code was typed to consumed, once, and clears
	// the failures in a row. ok is false when it was consumed or superseded meanwhile.
	// It joins the transaction in ctx.
	Consume(ctx context.Context, id string, now time.Time) (ok bool, err error)
	// Failures returns the count of a person and factor.
	Failures(ctx context.Context, person directory.PersonID, factor string) (Failures, error)
}

// Attempt is one code typed for one challenge.
type Attempt struct {
	ID      string
	Person  directory.PersonID
	Session string
	Purpose Purpose
	Now     time.Time
}

// MAC makes and checks keyed hashes with a key outside the database (COD-9).
type MAC interface {
	MAC(parts ...[]byte) []byte
	VerifyMAC(mac []byte, parts ...[]byte) bool
}

// Service issues and checks codes.
type Service struct {
	Store Store
	MAC   MAC
	Clock clock.Clock
	Rand  io.Reader // crypto/rand.Reader outside of tests (COD-1)
	NewID func() string
}

// Request asks for a challenge.
type Request struct {
	Flow        string
	Purpose     Purpose
	Person      directory.PersonID
	Session     string
	Factor      string
	Destination string
	Earlier     int
	Until       time.Time // when the flow ends, and its codes with it; zero: no earlier than they do
}

// Issue makes a challenge and its code, and kills the live one before it. It joins the
// transaction in ctx; the code is sent after the commit.
func (s *Service) Issue(ctx context.Context, r Request) (Challenge, string, error) {
	code, err := NewCode(s.Rand)
	if err != nil {
		return Challenge{}, "", err
	}
	now := s.Clock.Now()
	c := Challenge{ID: s.NewID(), Flow: r.Flow, Purpose: r.Purpose, Person: r.Person, Session: r.Session,
		Factor: r.Factor, Destination: r.Destination, State: Live, Issued: now, Expires: now.Add(Lifetime),
		Earlier: r.Earlier, Delivery: Sending}
	if !r.Until.IsZero() && r.Until.Before(c.Expires) {
		c.Expires = r.Until
	}
	c.CodeMAC = s.MAC.MAC(codeParts(c, code)...)
	return c, code, s.Store.AddChallenge(ctx, c)
}

// codeParts binds a code to everything it is good for (COD-4).
func codeParts(c Challenge, code string) [][]byte {
	return [][]byte{[]byte("code"), []byte(c.ID), []byte(c.Flow), []byte(c.Purpose), []byte(c.Person.String()),
		[]byte(c.Session), []byte(c.Destination), []byte(code)}
}

// Wrong says that a code was compared and is not right.
type Wrong struct {
	Left        int       // tries left with this challenge
	LockedUntil time.Time // when this failure locked the factor, else zero
}

// Error describes it for the log.
func (w *Wrong) Error() string { return fmt.Sprintf("verification: wrong code, %d tries left", w.Left) }

// ErrOver says that the challenge takes no more codes: consumed, dead, superseded,
// expired, locked, or not this person's in this session. Nothing was compared.
var ErrOver = errors.New("verification: the challenge takes no more codes")

// Check counts a try, commits it, and then compares (COD-5). A nil error means that the
// code is right; it proves nothing until Consume succeeds in the caller's transaction.
// The code must be normal (see Normalise); others get fault.Invalid and are not counted.
func (s *Service) Check(ctx context.Context, a Attempt, code string) (Challenge, error) {
	if err := tx.Refuse(ctx); err != nil {
		return Challenge{}, err
	}
	if !Normal(code) {
		return Challenge{}, fault.At("code", "code.digits", nil)
	}
	a.Now = s.Clock.Now()
	c, f, ok, err := s.Store.CountTry(ctx, a)
	if err != nil {
		return Challenge{}, err
	}
	if !ok {
		return Challenge{}, ErrOver
	}
	if !s.MAC.VerifyMAC(c.CodeMAC, codeParts(c, code)...) {
		w := &Wrong{Left: Tries - c.Tries}
		if f.LockedUntil.After(a.Now) {
			w.LockedUntil = f.LockedUntil
		}
		return c, w
	}
	return c, nil
}

// Consume uses a proof up, once, in the caller's transaction. It returns ErrOver when
// somebody else was faster.
func (s *Service) Consume(ctx context.Context, id string) error {
	ok, err := s.Store.Consume(ctx, id, s.Clock.Now())
	if err == nil && !ok {
		err = ErrOver
	}
	return err
}

// LockAfter returns until when a factor is locked that has failed row times in a row at
// that time; zero when it is not.
func LockAfter(row int, now time.Time) time.Time {
	switch {
	case row >= RowCeiling:
		return now.Add(ForGood)
	case row > 0 && row%RowLimit == 0:
		return now.Add(LockTime)
	}
	return time.Time{}
}
