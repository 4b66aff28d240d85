package contact

import (
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"

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
	Host         string   // of the site, for the last line of texts; see message.CodeText
	Countries    []string // ISO 3166; numbers of other countries are refused (ABU-4)
	// Domains are the organisation's own mail domains, in lower case. Addresses there are
	// refused unless OwnDomains allows them: one password lost would take both.
	Domains    []string
	OwnDomains bool
	// Context says that an authentication context is configured, so that a fresh sign-in
	// proves its strength. Without one a change also needs a code to a contact on record.
	Context bool
	Never   func(directory.PersonID) bool // the never-list
	// Last reports whether the person would be left without a way in that they have now, if
	// the methods were gone; see directory.RemovalRefused.
	Last   func(ctx context.Context, methods []directory.Method, gone func(directory.Method) bool) bool
	Limits Limits
}

// Service is what people do with their contacts. It never writes to the directory: a
// proved change becomes a job for the Applier.
type Service struct {
	Store        Store
	Verification *verification.Service
	Snapshots    *directory.Snapshots
	Jobs         job.Queue
	Audit        audit.Log
	Notices      Notices
	Allowances   *limit.Allowances
	Senders      message.Senders
	Words        func(language string) message.Words
	Policy       Policy
	MAC          verification.MAC
	Clock        clock.Clock
	NewID        func() string
	Wake         func() // a job was committed
	Log          *slog.Logger
}

// Input is what a person typed: country and number of a phone, or an address.
type Input struct {
	Country string // ISO 3166, two letters
	Number  string // one that starts with + wins over the country
	Address string
}

// fresh reports whether the sign-in may start a change and have codes sent (CHG-1,
// OID-4). Without an authentication context its strength cannot be known; a code to a
// contact on record makes up for it.
func (s *Service) fresh(a Actor) bool {
	return a.Recent(s.Clock.Now()) && (a.Strong || !s.Policy.Context)
}

// Fresh reports whether the sign-in may start a change, for pages that say so beforehand.
func (s *Service) Fresh(a Actor) bool { return s.fresh(a) }

func stepUp() error { return fault.New(fault.StepUp, "signin.again") }

// recognise is a keyed hash by which a value is recognised without being told (AUD-3).
func recognise(mac verification.MAC, value string) string {
	return hex.EncodeToString(mac.MAC([]byte("contact-value"), []byte(value))[:12])
}

// Recogniser returns the keyed hash by which the audit log recognises a contact.
func Recogniser(mac verification.MAC) func(value string) string {
	return func(value string) string { return recognise(mac, value) }
}

func (s *Service) hash(value string) string { return recognise(s.MAC, value) }

// detail is what the audit log keeps of a change: masks, and the keyed hash.
func detail(c Change) map[string]string {
	d := map[string]string{"change": c.ID, "kind": string(c.Kind), "act": string(c.Act)}
	for name, value := range map[string]string{"new": c.Masked, "old": c.OldMasked, "hash": c.Hash} {
		if value != "" {
			d[name] = value
		}
	}
	return d
}

func (s *Service) sendDetail(c Change, ch verification.Challenge) map[string]string {
	return map[string]string{"change": c.ID, "challenge": ch.ID, "purpose": string(ch.Purpose),
		"to": masked(ch.Destination), "hash": s.hash(ch.Destination)}
}

// note appends an audit event of the actor about themselves.
func (s *Service) note(ctx context.Context, a Actor, action audit.Action, o audit.Outcome, reason string, detail map[string]string) error {
	err := s.Audit.Append(ctx, audit.Event{ID: s.NewID(), At: s.Clock.Now(), Actor: a.Person.String(),
		Subject: a.Person.String(), Action: action, Outcome: o, Reason: reason, Address: a.Address,
		Request: a.Request, Detail: detail})
	if err != nil {
		return fmt.Errorf("contact: the audit log takes no event: %w", err)
	}
	return nil
}
