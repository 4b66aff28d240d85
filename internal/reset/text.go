package reset

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/internal/audit"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/message"
	"rekey/internal/notice"
	"rekey/internal/phone"
	"rekey/internal/verification"
)

// factor is what failures in a row are counted on. It is not the one of changes: who tries
// codes here must not lock a person out of those (ABU-7).
const factor = "reset-phone"

// sendTime is how long a person waits for the gateway.
const sendTime = 8 * time.Second

// text sends a code to the phone that the directory holds at this moment (RST-1). What is in
// the way is kept for the page, which comes again: the mailbox stays proved.
//
// Faults: Limited, Unavailable, Forbidden for a phone that cannot serve.
func (s *Service) text(ctx context.Context, b Browser, r Reset, earlier int) error {
	err := s.send(ctx, b, r, earlier)
	if errors.Is(err, errOver) {
		return nil // the page says why
	}
	f := fault.As(err)
	if f == nil || r.Challenge != "" {
		return err
	}
	r.Trouble, r.TryAt = f.Key, f.Until
	if saved := s.Store.InTx(context.WithoutCancel(ctx), func(ctx context.Context) error { return s.move(ctx, &r, Linked) }); saved != nil && !fault.Is(saved, fault.Conflict) {
		s.Log.Warn("why a code did not go out could not be noted", "reset", r.ID, "err", saved)
	}
	return err
}

func (s *Service) send(ctx context.Context, b Browser, r Reset, earlier int) error {
	c, err := s.destination(ctx, r)
	if err != nil {
		return err
	}
	to := c.phone.Value
	r.First = s.secondFactor(ctx, c.methods)
	f, err := s.Verification.Store.Failures(ctx, r.Person, factor)
	if err != nil {
		return err
	}
	if f.LockedUntil.After(s.Clock.Now()) {
		return &fault.Error{Kind: fault.Limited, Key: "limit.locked", Until: f.LockedUntil}
	}
	full, err := s.Allowances.ReserveOr(ctx, s.Policy.Charges(r.Person, b.Source, to)...)
	if err != nil {
		return err
	}
	if full != nil {
		if err := s.note(ctx, r, audit.CodeSend, audit.Refusal, "limit.wait", nil); err != nil {
			return err
		}
		return &fault.Error{Kind: fault.Limited, Key: "limit.wait", Until: full.Until}
	}
	var ch verification.Challenge
	var code string
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		var err error
		ch, code, err = s.Verification.Issue(ctx, verification.Request{Flow: r.ID, Purpose: verification.ResetPassword, Person: r.Person,
			Session: session(r), Factor: factor, Destination: to, Earlier: earlier, Until: r.Until})
		if err != nil {
			return err
		}
		r.Challenge, r.Trouble, r.TryAt = ch.ID, "", time.Time{}
		if err := s.move(ctx, &r, Linked); err != nil {
			return err
		}
		return s.note(ctx, r, audit.CodeSend, audit.Intent, "", s.sendDetail(ch))
	})
	if fault.Is(err, fault.Conflict) {
		return nil // another tab was faster
	}
	if err != nil {
		return err
	}
	s.deliver(ctx, r, ch, code)
	return nil
}

// session is what a code is bound to: the browser of its reset (COD-4).
func session(r Reset) string { return fmt.Sprintf("reset/%x", r.Browser) }

func (s *Service) sendDetail(ch verification.Challenge) map[string]string {
	return map[string]string{"challenge": ch.ID, "purpose": string(ch.Purpose), "to": phone.Mask(ch.Destination)}
}

// destination is the phone on the account now. Whatever changed since the link was made
// ends the reset (RST-9).
func (s *Service) destination(ctx context.Context, r Reset) (candidate, error) {
	c, err := s.stillGood(ctx, r)
	if err != nil {
		return c, err
	}
	recent, err := s.recent(ctx, r.Person)
	if err != nil {
		return c, err
	}
	if at, changed := recent[directory.Phone]; changed {
		f := fault.New(fault.Forbidden, "reset.phone-recent")
		f.Until = at.Add(CoolOff)
		return c, s.refused(ctx, r, f)
	}
	if !s.texts(c.phone) {
		return c, s.refused(ctx, r, fault.New(fault.Forbidden, "reset.phone-missing"))
	}
	return c, nil
}

// refused notes why no code goes out, and returns it.
func (s *Service) refused(ctx context.Context, r Reset, f *fault.Error) error {
	if err := s.note(ctx, r, audit.CodeSend, audit.Refusal, f.Key, nil); err != nil {
		return err
	}
	return f
}

// errOver says that the reset has ended just now: the page says why.
var errOver = errors.New("reset: over")

// stillGood reads the account anew and ends the reset when anything that it stands on is not
// what it was: the account is switched off, the role is gone, any method came, went or is
// another one (RST-9).
func (s *Service) stillGood(ctx context.Context, r Reset) (candidate, error) {
	c := candidate{person: r.Person}
	var err error
	if c.account, err = s.Directory.Account(ctx, r.Person); err != nil {
		return c, err
	}
	standing, err := s.Directory.Administrator(ctx, r.Person)
	if err != nil {
		return c, err
	}
	if c.methods, err = s.Directory.Methods(ctx, r.Person); err != nil {
		return c, err
	}
	snap := directory.Snapshot{Methods: c.methods}
	c.email, _ = snap.Contact(directory.Email)
	c.phone, _ = snap.Contact(directory.Phone)
	if s.unfit(r.Person, c.account) == "" && standing.Any() && !c.account.OnPremisesSynced &&
		same(r.Factors, s.factors(c.methods)) {
		return c, nil
	}
	if err := s.end(ctx, r, Changed, "", audit.Refusal); err != nil && !fault.Is(err, fault.Conflict) {
		return c, err
	}
	return c, errOver
}

// factors is a keyed hash of the methods on an account.
func (s *Service) factors(methods []directory.Method) string {
	var all []string
	for _, m := range methods {
		all = append(all, string(m.Kind)+"\x00"+m.ID+"\x00"+m.Value)
	}
	slices.Sort(all) // the directory lists them in no order
	return s.recognise("factors", strings.Join(all, "\x01"))
}

// deliver hands the code to the gateway and notes what became of it. Trouble is not an
// error: the challenge stands, and the page says that the message may not have gone out.
func (s *Service) deliver(ctx context.Context, r Reset, ch verification.Challenge, code string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTime)
	defer cancel()
	v := message.CodeValues{Organisation: s.Policy.Organisation, Purpose: string(ch.Purpose), Code: code, Until: ch.Expires.In(s.zone(r.Origin.Zone)),
		Masked: phone.Ending(phone.Mask(ch.Destination)), Host: s.Policy.Host, Newer: ch.Earlier > 0}
	m := message.Message{ID: ch.ID, Channel: message.Text, To: ch.Destination, Body: message.CodeText(s.Words(s.language(r)), v)}
	delivery, outcome := verification.Refused, audit.Failure
	if sender, ok := s.Senders[message.Text]; ok {
		switch err := sender.Send(ctx, m); {
		case err == nil:
			delivery, outcome = verification.Sent, audit.Success
		case errors.Is(err, message.ErrUncertain):
			delivery, outcome = verification.Uncertain, audit.Unclear
		}
	}
	if delivery != verification.Sent {
		s.Log.Error("a code did not go out, or nobody knows", "message", ch.ID, "reset", r.ID)
	}
	err := s.Store.InTx(context.WithoutCancel(ctx), func(ctx context.Context) error {
		if err := s.Verification.Store.SetDelivery(ctx, ch.ID, delivery); err != nil {
			return err
		}
		return s.note(ctx, r, audit.CodeSend, outcome, "", s.sendDetail(ch))
	})
	if err != nil {
		s.Log.Error("what became of a code could not be noted", "message", ch.ID, "err", err)
	}
}

// Resend sends a new code, which kills the older one (COD-10). Faults: Limited with Until.
func (s *Service) Resend(ctx context.Context, b Browser, id string) error {
	r, err := s.mine(ctx, b, id)
	if err != nil || r.State != Linked {
		return err // further on, or over: the page says so
	}
	earlier := 0
	if r.Challenge != "" {
		ch, err := s.Verification.Store.Challenge(ctx, r.Person, r.Challenge)
		if err != nil {
			return err
		}
		earlier = ch.Earlier + 1
	}
	return s.text(ctx, b, r, earlier)
}

// code checks the texted code; the right one leads to the password.
func (s *Service) code(ctx context.Context, b Browser, r Reset, typed string) error {
	code := verification.Normalise(typed)
	if code == "" {
		return fault.At("code", "code.empty", nil)
	}
	ch, err := s.Verification.Check(ctx, verification.Attempt{ID: r.Challenge, Person: r.Person, Session: session(r),
		Purpose: verification.ResetPassword}, code)
	var wrong *verification.Wrong
	switch {
	case errors.As(err, &wrong):
		return s.wrong(ctx, r, ch, wrong)
	case errors.Is(err, verification.ErrOver):
		return s.codeOver(ctx, r)
	case err != nil:
		return err
	}
	r.State, r.Step, r.Until = Proved, 3, s.Clock.Now().Add(StepTime)
	r.Origin.Address, r.Origin.Request = b.Address, b.Request
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Verification.Consume(ctx, ch.ID); err != nil {
			return err
		}
		if err := s.note(ctx, r, audit.CodeCheck, audit.Success, "", s.sendDetail(ch)); err != nil {
			return err
		}
		return s.move(ctx, &r, Linked)
	})
	if errors.Is(err, verification.ErrOver) || fault.Is(err, fault.Conflict) {
		return nil // somebody was faster with the same code: the page shows where it is
	}
	return err
}

// wrong says that the code is not right, and notes it, also for a caller who hangs up.
func (s *Service) wrong(ctx context.Context, r Reset, ch verification.Challenge, w *verification.Wrong) error {
	ctx = context.WithoutCancel(ctx)
	if err := s.note(ctx, r, audit.CodeCheck, audit.Failure, "code.wrong", s.sendDetail(ch)); err != nil {
		return err
	}
	if w.Left <= 0 || !w.LockedUntil.IsZero() {
		s.alarm(ctx, r, ch, w)
	}
	switch {
	case !w.LockedUntil.IsZero():
		if err := s.note(ctx, r, audit.FactorLock, audit.Success, "limit.locked", map[string]string{"factor": factor}); err != nil {
			return err
		}
		return &fault.Error{Kind: fault.Limited, Key: "limit.locked", Until: w.LockedUntil}
	case w.Left <= 0:
		return fault.At("code", "code.last-wrong", nil)
	}
	return fault.At("code", "code.wrong", map[string]any{"left": w.Left, "sent": ch.Issued})
}

// alarm tells the person that somebody guesses the codes of their phone: whoever does has
// the mailbox already (NOT-3). It is told to addresses alone, so that guessing costs nothing.
func (s *Service) alarm(ctx context.Context, r Reset, ch verification.Challenge, w *verification.Wrong) {
	what := notice.CodesUsedUp
	if !w.LockedUntil.IsZero() {
		what = notice.Locked
	}
	account, err := s.Directory.Account(ctx, r.Person)
	if err == nil {
		var methods []directory.Method
		if methods, err = s.Directory.Methods(ctx, r.Person); err == nil {
			err = s.Store.InTx(ctx, func(ctx context.Context) error {
				return s.Notices.Tell(ctx, s.event(r, what, phone.Mask(ch.Destination), account, methods))
			})
		}
	}
	if err != nil {
		s.Log.Error("a person was not told that somebody guesses codes", "reset", r.ID, "err", err)
		return
	}
	s.Wake()
}

// event is something to tell the person.
func (s *Service) event(r Reset, what, masked string, account directory.Account, methods []directory.Method) notice.Event {
	return notice.Event{Person: r.Person, Flow: r.ID, What: what, Masked: masked, At: s.Clock.Now(), Language: s.language(r), Zone: r.Origin.Zone,
		Browser: r.Origin.Browser, Network: r.Origin.Network, Contacts: directory.Snapshot{Methods: methods}.Contacts(), Mailbox: account.Mail}
}

// codeOver says why a code was not compared, unless the reset has moved on.
func (s *Service) codeOver(ctx context.Context, r Reset) error {
	now, err := s.Store.ResetByID(ctx, r.ID)
	if err != nil || now.State != Linked || now.Challenge != r.Challenge {
		return err
	}
	if err := s.note(ctx, r, audit.CodeCheck, audit.Refusal, "code.over", nil); err != nil {
		return err
	}
	f, err := s.Verification.Store.Failures(ctx, r.Person, factor)
	if err != nil {
		return err
	}
	if f.LockedUntil.After(s.Clock.Now()) {
		return &fault.Error{Kind: fault.Limited, Key: "limit.locked", Until: f.LockedUntil}
	}
	return fault.At("code", "code.over", nil)
}
