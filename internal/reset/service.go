package reset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"time"

	"rekey/internal/audit"
	"rekey/internal/clock"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/job"
	"rekey/internal/limit"
	"rekey/internal/message"
	"rekey/internal/verification"
)

// Policy is what the organisation decided.
type Policy struct {
	Organisation string
	BaseURL      string // of links, and of nothing a browser sent (RST-3)
	Host         string // of the site, for texts and mails
	Help         message.Help
	Language     string // BCP 47, of those who are told and whose own language is not known
	AlertMail    string // a mailbox that is told of every reset; "" of none
	Federated    bool   // another identity provider checks the tenant's passwords
	Countries    []string
	Default      *time.Location
	Never        func(directory.PersonID) bool // the never-list
	// Setting and Policy are what decides over ways in; see directory.WaysIn.
	Setting func() directory.Setting
	Methods func(ctx context.Context) directory.Policy
	// Charges are the counters of one code to a phone, the same ones that a change of contact
	// is charged to (ABU-1).
	Charges func(person directory.PersonID, source, to string) []limit.Charge
	// Requests bound what one network address may ask for, Mails what is sent to one person.
	Requests, Mails []limit.Window
}

// DefaultMails are how many mails of resets one person gets: enough for somebody who is in a
// hurry, too few to fill a mailbox. None is for a day: a stranger who spends them must go on
// doing so (ABU-7).
func DefaultMails() []limit.Window {
	return []limit.Window{{Count: 3, Span: 10 * time.Minute}, {Count: 10, Span: time.Hour}}
}

// Service is the journey. All fields are needed.
type Service struct {
	Store        Store
	Verification *verification.Service
	Directory    Directory
	Jobs         job.Queue
	Audit        audit.Log
	Notices      Notices
	SignOuts     SignOuts
	Allowances   *limit.Allowances
	Senders      message.Senders
	Words        func(language string) message.Words
	Policy       Policy
	Tenant       *TenantPolicy
	MAC          verification.MAC
	Clock        clock.Clock
	Rand         io.Reader // crypto/rand.Reader outside of tests
	NewID        func() string
	Wake         func() // a job was committed
	Log          *slog.Logger
}

// recognise is a keyed hash by which a value is recognised without being told.
func (s *Service) recognise(what, value string) string {
	return hex.EncodeToString(s.MAC.MAC([]byte("reset-"+what), []byte(value))[:12])
}

// browserHash is what is stored of a flow cookie: its value is random and long, so that no
// key is needed.
func browserHash(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// mine loads a reset of this browser, as it stands now.
func (s *Service) mine(ctx context.Context, b Browser, id string) (Reset, error) {
	if b.Secret == "" {
		return Reset{}, fault.New(fault.NotFound, "reset.none")
	}
	r, err := s.Store.Reset(ctx, id, browserHash(b.Secret))
	return r.At(s.Clock.Now()), err
}

// move saves a reset in its new state; Conflict when somebody else was faster.
func (s *Service) move(ctx context.Context, r *Reset, from State) error {
	r.Moved = s.Clock.Now()
	ok, err := s.Store.SaveReset(ctx, *r, from)
	if err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.Conflict, "reset.moved")
	}
	r.Version++
	return nil
}

// end ends a reset with its event.
func (s *Service) end(ctx context.Context, r Reset, reason, why string, outcome audit.Outcome) error {
	from := r.State
	r.State, r.Reason, r.Why = Ended, reason, why
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.move(ctx, &r, from); err != nil {
			return err
		}
		if err := s.Verification.Store.Supersede(ctx, r.ID); err != nil {
			return err
		}
		if err := s.practised(ctx, r, false); err != nil {
			return err
		}
		key := why
		if key == "" {
			key = "reset.over." + reason
		}
		return s.note(ctx, r, audit.ResetEnd, outcome, key, nil)
	})
}

// note appends an event of a reset. Nobody is signed in: the actor is empty, but in a
// practice run, and whose account it is about is told once that is known.
func (s *Service) note(ctx context.Context, r Reset, action audit.Action, o audit.Outcome, reason string, more map[string]string) error {
	detail := map[string]string{"reset": r.ID}
	if r.Practice {
		detail["practice"] = "yes"
	}
	for k, v := range more {
		detail[k] = v
	}
	subject, actor := "", ""
	if r.Person != (directory.PersonID{}) {
		subject = r.Person.String()
	}
	if r.Practice {
		actor = subject
	}
	err := s.Audit.Append(ctx, audit.Event{ID: s.NewID(), At: s.Clock.Now(), Actor: actor, Subject: subject, Action: action, Outcome: o,
		Reason: reason, Address: r.Origin.Address, Request: r.Origin.Request, Detail: detail})
	if err != nil {
		return fmt.Errorf("reset: the audit log takes no event: %w", err)
	}
	return nil
}

// zone is the person's, as far as their browser told it.
func (s *Service) zone(name string) *time.Location {
	if zone, err := time.LoadLocation(name); err == nil && name != "" && name != "Local" {
		return zone
	}
	return s.Policy.Default
}
