package contact

import (
	"context"
	"slices"
	"strings"

	"rekey/internal/audit"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/mailbox"
	"rekey/internal/message"
	"rekey/internal/phone"
	"rekey/internal/verification"
)

// Start begins to add or replace a contact: it checks what was typed, the sign-in and the
// account, and sends the first code. An open change of the same contact is cancelled
// (CHG-5).
//
// Faults: Invalid at a field, StepUp when the sign-in is not fresh, Conflict while a
// change is being applied (Args["change"]), Limited, Forbidden, Unavailable.
func (s *Service) Start(ctx context.Context, a Actor, kind directory.Kind, in Input) (Change, error) {
	p, err := s.proposal(kind, in)
	if err != nil {
		return Change{}, err
	}
	g, err := s.ground(ctx, a)
	if err != nil {
		return Change{}, err
	}
	before, _ := g.snap.Contact(kind)
	c := s.newChange(a, Set, kind, p, before.Value)
	first, err := s.firstCode(ctx, c, g.snap)
	if err != nil {
		return Change{}, s.unproven(ctx, a, err)
	}
	if err := s.fits(kind, p, g.snap); err != nil {
		return Change{}, s.guessed(ctx, a, first, err)
	}
	return s.start(ctx, a, c, first, g.open)
}

// guessed charges a value that is on the account already like one that a code is sent to,
// and answers it no better: otherwise whoever sits at somebody's session could find out
// what is behind the mask by trying (PRV-1).
func (s *Service) guessed(ctx context.Context, a Actor, first send, unfit error) error {
	f := fault.As(unfit)
	if f == nil || !slices.Contains([]string{"number.same", "number.is-phone", "number.is-alternate", "address.same"}, f.Key) {
		return unfit
	}
	if err := s.reserve(ctx, a, first); err != nil {
		return err
	}
	return s.refuse(ctx, a, f)
}

// ground is what every change stands on.
type ground struct {
	open []Change           // the person's open changes
	snap directory.Snapshot // at most ten minutes old
}

// ground refuses a sign-in that is not fresh, a second change beside one that is being
// applied, and accounts that nobody changes here.
func (s *Service) ground(ctx context.Context, a Actor) (g ground, err error) {
	if !s.fresh(a) {
		return g, stepUp()
	}
	if g.open, err = s.notApplying(ctx, a); err != nil {
		return g, err
	}
	if g.snap, err = s.Snapshots.Fresh(ctx, a.Person); err != nil {
		return g, err
	}
	return g, s.permitted(ctx, a, g.snap.Account)
}

// notApplying returns the person's open changes, none of which is being applied.
func (s *Service) notApplying(ctx context.Context, a Actor) ([]Change, error) {
	open, err := s.Store.OpenChanges(ctx, a.Person)
	if err != nil {
		return nil, err
	}
	for _, c := range open {
		if c.State == Applying {
			f := fault.New(fault.Conflict, "change.applying")
			f.Args = map[string]any{"change": c.ID}
			return nil, f
		}
	}
	return open, nil
}

// proposal is a value that was read and judged.
type proposal struct {
	value  string // E.164, or an address
	region string // of a number, ISO 3166
}

// proposal reads what was typed (CHG-9, CHG-10, ABU-4).
func (s *Service) proposal(kind directory.Kind, in Input) (proposal, error) {
	if kind == directory.Email {
		if !s.mails() {
			return proposal{}, fault.New(fault.Forbidden, "address.no-mail")
		}
		a, err := mailbox.Parse(in.Address)
		return proposal{value: a.Wire()}, err
	}
	n, err := phone.Parse(in.Number, in.Country)
	if err != nil {
		return proposal{}, err
	}
	switch {
	case n.Line == phone.Other:
		return proposal{}, fault.At(phone.Field, "number.kind", nil)
	case !slices.Contains(s.Policy.Countries, n.Region):
		return proposal{}, fault.At(phone.Field, "number.country", map[string]any{"region": n.Region})
	case !n.CanText():
		return proposal{}, fault.At(phone.Field, "number.landline", nil)
	}
	return proposal{value: n.E164, region: n.Region}, nil
}

// fits judges a proposal beside what is on the account.
func (s *Service) fits(kind directory.Kind, p proposal, snap directory.Snapshot) error {
	if kind == directory.Email {
		return s.addressFits(p, snap)
	}
	mobile, hasMobile := snap.Contact(directory.Phone)
	alternate, _ := snap.Contact(directory.AlternatePhone)
	switch {
	case kind == directory.AlternatePhone && !hasMobile:
		return fault.At(phone.Field, "number.phone-first", nil) // Graph: an alternate needs a phone
	case kind == directory.Phone && mobile.Value == p.value, kind == directory.AlternatePhone && alternate.Value == p.value:
		return fault.At(phone.Field, "number.same", nil)
	case kind == directory.Phone && alternate.Value == p.value:
		return fault.At(phone.Field, "number.is-alternate", nil)
	case kind == directory.AlternatePhone && mobile.Value == p.value:
		return fault.At(phone.Field, "number.is-phone", nil)
	}
	return nil
}

// addressFits refuses the mailbox that is locked out together with the account, and, unless
// the organisation allows them, its other ones.
func (s *Service) addressFits(p proposal, snap directory.Snapshot) error {
	now, _ := snap.Contact(directory.Email)
	for _, work := range []string{snap.Account.Mail, snap.Account.UserPrincipalName} {
		if work != "" && mailbox.Same(work, p.value) {
			return fault.At(mailbox.Field, "address.work", nil)
		}
	}
	_, domain, _ := strings.Cut(p.value, "@")
	// Those of the work mailbox and of the user name are the organisation's, whatever is
	// configured: other spellings of one's own mailbox are there.
	domains := slices.Clone(s.Policy.Domains)
	for _, work := range []string{snap.Account.Mail, snap.Account.UserPrincipalName} {
		if _, d, ok := strings.Cut(work, "@"); ok {
			domains = append(domains, d)
		}
	}
	own := slices.ContainsFunc(domains, func(d string) bool { return mailbox.Same("x@"+d, "x@"+domain) })
	switch {
	case own && !s.Policy.OwnDomains:
		return fault.At(mailbox.Field, "address.own-domain", nil)
	case now.Value != "" && mailbox.Same(now.Value, p.value):
		return fault.At(mailbox.Field, "address.same", nil)
	}
	return nil
}

func (s *Service) newChange(a Actor, act Act, kind directory.Kind, p proposal, before string) Change {
	now := s.Clock.Now()
	c := Change{ID: s.NewID(), Person: a.Person, Session: a.Session, Kind: kind, Act: act, State: Proving, Version: 1,
		Value: p.value, Before: before, Masked: masked(p.value), OldMasked: masked(before), Region: p.region,
		Started: now, Expires: now.Add(FlowTime), Moved: now, Language: a.Language, Origin: a.origin()}
	if p.value != "" {
		c.Hash = s.hash(p.value)
	}
	if !s.Policy.Context && (act == Set || act == Remove) {
		c.State = Authorising
	}
	return c
}

// masked is the mask of a contact's value, "" of none.
func masked(value string) string {
	switch {
	case value == "":
		return ""
	case strings.Contains(value, "@"):
		return directory.Method{Kind: directory.Email, Value: value}.Masked()
	}
	return phone.Mask(value)
}

// permitted refuses guests, disabled accounts and the never-list.
func (s *Service) permitted(ctx context.Context, a Actor, account directory.Account) error {
	key := ""
	switch {
	case account.Guest:
		key = "account.guest"
	case !account.Enabled:
		key = "account.disabled"
	case s.Policy.Never != nil && s.Policy.Never(a.Person):
		key = "account.protected"
	default:
		return nil
	}
	return s.refuse(ctx, a, fault.New(fault.Forbidden, key))
}

// refuse notes why a change may not be started, and returns the reason.
func (s *Service) refuse(ctx context.Context, a Actor, f *fault.Error) error {
	if err := s.noteRefusal(ctx, a, audit.ChangeStart, f.Key, nil); err != nil {
		return err
	}
	return f
}

// unproven notes that nobody on record could agree.
func (s *Service) unproven(ctx context.Context, a Actor, err error) error {
	if f := fault.As(err); f != nil {
		return s.refuse(ctx, a, f)
	}
	return err
}

// send is one code to be sent.
type send struct {
	purpose verification.Purpose
	factor  string
	to      string // E.164, or an address
}

func (c Change) prove() send {
	purpose := verification.ProveContact
	if c.Act == Test {
		purpose = verification.TestContact
	}
	return send{purpose, string(c.Kind), c.Value}
}

// firstCode says where the first code of a change goes: to the new value, or, where the
// sign-in proves no strength, to a contact on record that agrees to the change: the present
// one when it is replaced, the one that was there until lately when a new one comes in its
// place (removing first would otherwise leave it unasked), another one when it is removed.
func (s *Service) firstCode(ctx context.Context, c Change, snap directory.Snapshot) (send, error) {
	if c.State != Authorising {
		return c.prove(), nil
	}
	if c.Adding() {
		formers, err := s.Notices.Formers(ctx, c.Person)
		if err != nil {
			return send{}, err
		}
		for _, f := range slices.Backward(formers) {
			if f.Method.Kind == c.Kind && s.Reaches(f.Method) {
				return send{verification.AuthoriseChange, string(c.Kind), f.Method.Value}, nil
			}
		}
	}
	kinds := []directory.Kind{c.Kind, directory.Phone, directory.AlternatePhone, directory.Email}
	if c.Act == Remove {
		kinds = slices.DeleteFunc(kinds, func(k directory.Kind) bool { return k == c.Kind })
	}
	for _, kind := range kinds {
		if m, ok := snap.Contact(kind); ok && s.Reaches(m) {
			return send{verification.AuthoriseChange, string(kind), m.Value}, nil
		}
	}
	return send{}, fault.New(fault.Forbidden, "change.no-contact-on-record")
}

// Closed says why a contact cannot be added at all, whatever is typed: "no-mail" or
// "phone-first"; "" when it can. Start refuses it for the same reasons.
func (s *Service) Closed(kind directory.Kind, snap directory.Snapshot) string {
	_, there := snap.Contact(kind)
	_, hasPhone := snap.Contact(directory.Phone)
	switch {
	case kind == directory.Email && !s.mails():
		return "no-mail"
	case kind == directory.AlternatePhone && !there && !hasPhone:
		return "phone-first"
	}
	return ""
}

func (s *Service) mails() bool {
	_, ok := s.Senders[message.Mail]
	return ok
}

// Reaches reports whether a code can be sent to a contact.
func (s *Service) Reaches(m directory.Method) bool {
	if m.Kind == directory.Email {
		return s.mails()
	}
	n, err := phone.Parse(m.Value, "")
	return err == nil && n.CanText()
}
