package contact

import (
	"context"
	"strings"
	"time"

	"rekey/internal/audit"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/limit"
	"rekey/internal/phone"
	"rekey/internal/verification"
)

// Limits bound how many codes are sent (ABU-1, ABU-2). All hold at once; one without
// windows bounds nothing.
type Limits struct {
	Session     []limit.Window // codes that one session asks for
	Person      []limit.Window // codes that one person asks for
	Destination []limit.Window // codes to one number or mailbox, over all persons
	Wait        []limit.Window // codes per person and destination: the growing wait
	Address     []limit.Window // codes asked for from one network address; IPv6 by its /64
	Prefix      []limit.Window // codes to numbers that differ in their last two digits only
	Country     []limit.Window // codes to one country
	Tenant      []limit.Window // codes to anybody
	New         []limit.Window // different new numbers and addresses of one person
}

// DefaultLimits are the allowances of security.md ABU-2, and for what it leaves open
// numbers that no honest organisation reaches.
func DefaultLimits() Limits {
	const day = 24 * time.Hour
	return Limits{
		Session:     []limit.Window{{Count: 5, Span: 10 * time.Minute}},
		Person:      []limit.Window{{Count: 3, Span: 5 * time.Minute}, {Count: 5, Span: 10 * time.Minute}, {Count: 10, Span: day}},
		Destination: []limit.Window{{Count: 10, Span: 5 * time.Minute}},
		Wait:        DefaultWait(),
		Address:     []limit.Window{{Count: 60, Span: 10 * time.Minute}, {Count: 600, Span: day}},
		Prefix:      []limit.Window{{Count: 50, Span: 10 * time.Minute}, {Count: 500, Span: day}},
		Country:     []limit.Window{{Count: 1000, Span: day}},
		Tenant:      []limit.Window{{Count: 300, Span: 10 * time.Minute}, {Count: 5000, Span: day}},
		New:         []limit.Window{{Count: 3, Span: day}},
	}
}

// DefaultWait is the growing wait between codes to one destination, 30, 60, then 120
// seconds: one in 30 s, two in 30+60 s, three in 30+60+120 s.
func DefaultWait() []limit.Window {
	return []limit.Window{{Count: 1, Span: 30 * time.Second}, {Count: 2, Span: 90 * time.Second}, {Count: 3, Span: 210 * time.Second}}
}

// prefixDigits are how many digits at the end of a number its prefix leaves out.
const prefixDigits = 2

// Sending is one code that somebody asks for.
type Sending struct {
	Person  directory.PersonID
	Session string // "" of somebody who is signed out
	Source  string // as in Actor
	To      string // E.164, or an address
	New     bool   // To is not on the account yet
}

// Charges are the counters of one code. Their names hold no number and no address: hash is
// a keyed one. Whoever sends codes to phones charges these, so that all of them together
// stay within the limits.
func Charges(l Limits, hash func(value string) string, s Sending) []limit.Charge {
	person, dest := s.Person.String(), hash(s.To)
	charges := []limit.Charge{
		{Key: "send/person/" + person, Windows: l.Person},
		{Key: "send/destination/" + dest, Windows: l.Destination},
		{Key: "send/wait/" + person + "/" + dest, Windows: l.Wait},
		{Key: "send/tenant", Windows: l.Tenant},
	}
	if s.Session != "" {
		charges = append(charges, limit.Charge{Key: "send/session/" + s.Session, Windows: l.Session})
	}
	if s.Source != "" {
		charges = append(charges, limit.Charge{Key: "send/address/" + hash(s.Source), Windows: l.Address})
	}
	if s.New {
		charges = append(charges, limit.Charge{Key: "send/new/" + person, Windows: l.New, Member: dest})
	}
	if !strings.Contains(s.To, "@") {
		charges = append(charges, limit.Charge{Key: "send/country/" + regionOf(s.To), Windows: l.Country},
			limit.Charge{Key: "send/prefix/" + hash(s.To[:max(len(s.To)-prefixDigits, 0)]), Windows: l.Prefix})
	}
	return charges
}

func (s *Service) charges(a Actor, to send) []limit.Charge {
	return Charges(s.Policy.Limits, s.hash, Sending{Person: a.Person, Session: a.Session, Source: a.Source, To: to.to,
		New: to.purpose == verification.ProveContact})
}

// regionOf returns the country of a number, "" when it has none.
func regionOf(e164 string) string {
	n, err := phone.Parse(e164, "")
	if err != nil {
		return ""
	}
	return n.Region
}

// reserve takes a place for one code before it is sent (ABU-3). A locked factor gets none.
func (s *Service) reserve(ctx context.Context, a Actor, to send) error {
	if err := s.locked(ctx, a.Person, to.factor); err != nil {
		return err
	}
	full, err := s.Allowances.ReserveOr(ctx, s.charges(a, to)...)
	if err != nil || full == nil {
		return err
	}
	reason := refusal(full.Key)
	detail := map[string]string{"hash": s.hash(to.to), "full": strings.Join(strings.SplitN(full.Key, "/", 3)[:2], "/")}
	if err := s.noteRefusal(ctx, a, audit.CodeSend, reason, detail); err != nil {
		return err
	}
	return &fault.Error{Kind: fault.Limited, Key: reason, Until: full.Until}
}

// refusalNotes are how many refusals of one person go into the audit log, which keeps them
// for good; the log line of each request is there in any case.
func refusalNotes() []limit.Window { return []limit.Window{{Count: 20, Span: 10 * time.Minute}} }

// noteRefusal notes that something was refused, unless the person has filled the log with
// refusals lately.
func (s *Service) noteRefusal(ctx context.Context, a Actor, action audit.Action, reason string, detail map[string]string) error {
	_, ok, err := s.Allowances.Reserve(ctx, limit.Charge{Key: "note/refusal/" + a.Person.String(), Windows: refusalNotes()})
	if err != nil || !ok {
		return err
	}
	return s.note(ctx, a, action, audit.Refusal, reason, detail)
}

// refusal returns the message key for a counter that is full.
func refusal(counter string) string {
	switch {
	case strings.HasPrefix(counter, "send/new/"):
		return "limit.new"
	case strings.HasPrefix(counter, "send/tenant"), strings.HasPrefix(counter, "send/country/"), strings.HasPrefix(counter, "send/prefix/"),
		strings.HasPrefix(counter, "send/address/"):
		return "limit.everybody"
	}
	return "limit.wait"
}

func (s *Service) locked(ctx context.Context, person directory.PersonID, factor string) error {
	f, err := s.Verification.Store.Failures(ctx, person, factor)
	if err != nil || !f.LockedUntil.After(s.Clock.Now()) {
		return err
	}
	return &fault.Error{Kind: fault.Limited, Key: "limit.locked", Until: f.LockedUntil}
}

// issue makes the challenge inside the caller's transaction and notes the intent to send.
func (s *Service) issue(ctx context.Context, a Actor, c Change, to send, earlier int) (verification.Challenge, string, error) {
	challenge, code, err := s.Verification.Issue(ctx, verification.Request{Flow: c.ID, Purpose: to.purpose,
		Person: a.Person, Session: c.Session, Factor: to.factor, Destination: to.to, Earlier: earlier, Until: c.Expires})
	if err != nil {
		return challenge, "", err
	}
	return challenge, code, s.note(ctx, a, audit.CodeSend, audit.Intent, "", s.sendDetail(c, challenge))
}
