package reset

import (
	"context"
	"errors"
	"time"

	"rekey/internal/audit"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/job"
	"rekey/internal/limit"
	"rekey/internal/message"
	"rekey/internal/phone"
)

// Why a request comes to nothing: ends of message keys.
const (
	unknownUser  = "unknown"   // nobody has that user name
	guestAccount = "guest"     // the password lives elsewhere
	disabled     = "disabled"  // switched off
	protected    = "protected" // on the never-list
	ordinary     = "not-administrator"
	elsewhere    = "elsewhere" // synchronised or federated: Microsoft's own reset
	closed       = "closed"    // the tenant's allowedToUseSSPR
	noEmail      = "no-email"
	emailRecent  = "email-recent"
	noPhone      = "no-phone"
	phoneRecent  = "phone-recent"
	tooMany      = "too-many" // mails to one person
)

// candidate is what is known of the person that a request is about.
type candidate struct {
	person  directory.PersonID
	account directory.Account
	methods []directory.Method
	email   directory.Method
	phone   directory.Method
	recent  map[directory.Kind]time.Time // contacts that changed within the cool-off
	checks  []Check
}

func (c *candidate) check(what, reason string) string {
	c.checks = append(c.checks, Check{What: what, OK: reason == "", Reason: reason})
	return reason
}

// judge finds out whose request it is, and why it comes to nothing; "" when it may go on.
// A phone that changed lately is no reason yet: whoever has proved the mailbox is told. Its
// errors are those of the directory.
func (s *Service) judge(ctx context.Context, r Reset) (c candidate, reason string, err error) {
	if r.Practice {
		c.person = r.Person
		c.account, err = s.Directory.Account(ctx, r.Person)
	} else {
		c.person, c.account, err = s.Directory.Find(ctx, r.User)
	}
	switch {
	case fault.Is(err, fault.NotFound):
		return c, c.check("account", unknownUser), nil
	case err != nil:
		return c, "", err
	}
	if reason = c.check("account", s.unfit(c.person, c.account)); reason != "" {
		return c, reason, nil
	}
	standing, err := s.Directory.Administrator(ctx, c.person)
	if err != nil {
		return c, "", err
	}
	if c.methods, err = s.Directory.Methods(ctx, c.person); err != nil {
		return c, "", err
	}
	snap := directory.Snapshot{Methods: c.methods}
	c.email, _ = snap.Contact(directory.Email)
	c.phone, _ = snap.Contact(directory.Phone)
	if !standing.Any() {
		return c, c.check("administrator", ordinary), nil
	}
	c.check("administrator", "")
	if c.account.OnPremisesSynced || s.Policy.Federated {
		return c, c.check("managed", elsewhere), nil
	}
	c.check("managed", "")
	allowed, err := s.Tenant.Allowed(ctx)
	if err != nil {
		return c, "", err
	}
	if !allowed {
		return c, c.check("policy", closed), nil
	}
	c.check("policy", "")
	reason, err = s.judgeContacts(ctx, &c)
	return c, reason, err
}

// unfit says why an account is out of the question whatever its roles.
func (s *Service) unfit(p directory.PersonID, a directory.Account) string {
	switch {
	case a.Guest:
		return guestAccount
	case !a.Enabled:
		return disabled
	case s.Policy.Never != nil && s.Policy.Never(p):
		return protected
	}
	return ""
}

// judgeContacts looks at what would prove who it is (RST-1, CHG-11).
func (s *Service) judgeContacts(ctx context.Context, c *candidate) (reason string, err error) {
	if c.recent, err = s.recent(ctx, c.person); err != nil {
		return "", err
	}
	_, emailMoved := c.recent[directory.Email]
	_, phoneMoved := c.recent[directory.Phone]
	switch {
	case c.email.Value == "":
		reason = c.check("email", noEmail)
	case emailMoved:
		reason = c.check("email", emailRecent)
	default:
		c.check("email", "")
	}
	switch {
	case !s.texts(c.phone):
		if c.check("phone", noPhone); reason == "" {
			reason = noPhone
		}
	case phoneMoved:
		c.check("phone", phoneRecent)
	default:
		c.check("phone", "")
	}
	return reason, nil
}

// texts reports whether a code can be sent to a phone (ABU-4).
func (s *Service) texts(m directory.Method) bool {
	n, err := phone.Parse(m.Value, "")
	if m.Value == "" || err != nil || !n.CanText() {
		return false
	}
	for _, region := range s.Policy.Countries {
		if region == n.Region {
			return true
		}
	}
	return false
}

// recent returns the contacts that changed within the cool-off, with the time: as we know
// from our own record, and as Entra's log tells where it may be read.
func (s *Service) recent(ctx context.Context, person directory.PersonID) (map[directory.Kind]time.Time, error) {
	since := s.Clock.Now().Add(-CoolOff)
	changed, err := s.Store.ChangedHere(ctx, person, since)
	if err != nil {
		return nil, err
	}
	formers, err := s.Notices.Formers(ctx, person)
	if err != nil {
		return nil, err
	}
	for _, f := range formers { // also those that a move off a phone took away
		later(changed, f.Method.Kind, f.Until.Add(-CoolOff))
	}
	told, err := s.Directory.ChangedContacts(ctx, person, since)
	if fault.Is(err, fault.Forbidden) {
		s.Log.Warn("Entra's own log may not be read: a contact that was changed elsewhere lately counts as proof; see rekey doctor")
		return changed, nil
	}
	for kind, at := range told {
		later(changed, kind, at)
	}
	return changed, err
}

func later(times map[directory.Kind]time.Time, kind directory.Kind, at time.Time) {
	if at.After(times[kind]) {
		times[kind] = at
	}
}

// Work handles one job of kind job.Reset: what is due for the reset depends on its state.
func (s *Service) Work(ctx context.Context, j job.Job) error {
	r, err := s.Store.ResetByID(ctx, j.Subject)
	if fault.Is(err, fault.NotFound) {
		return s.Jobs.Done(ctx, j)
	}
	if err != nil {
		return err
	}
	switch now := s.Clock.Now(); {
	case r.State == Writing:
		return s.settle(ctx, j, r)
	case r.State == Finished, r.State == Ended && r.Reason == Unclear:
		return s.tell(ctx, j, r)
	case r.State == Requested && r.Why == "" && now.Before(r.Until), r.State == Mailed && r.Mail == Sending && now.Before(r.Until):
		return s.answer(ctx, j, r)
	}
	return s.Jobs.Done(ctx, j)
}

// answer finds out whose request it is and sends the one mail that it comes to, or none.
func (s *Service) answer(ctx context.Context, j job.Job, r Reset) error {
	ctx, cancel := context.WithTimeout(ctx, workTime)
	defer cancel()
	c, reason, err := s.judge(ctx, r)
	if err == nil {
		r.Person = c.person
	}
	if err == nil && reason == "" {
		err = s.invite(ctx, j, r, c)
	} else if err == nil {
		err = s.decline(ctx, j, r, c, reason)
	}
	if f := fault.As(err); f != nil && (f.Kind == fault.Unavailable || f.Kind == fault.Limited || f.Kind == fault.Forbidden) {
		return s.again(ctx, j, r, f)
	}
	return err
}

// workTime ends before a job's lease does.
const workTime = job.Lease - 10*time.Second

// again tries later, as long as the mail would still be of use.
func (s *Service) again(ctx context.Context, j job.Job, r Reset, f *fault.Error) error {
	ctx = context.WithoutCancel(ctx)
	due := s.Clock.Now().Add(job.Backoff(j.Attempts))
	if f.Until.After(due) {
		due = f.Until
	}
	s.Log.Warn("a reset waits", "reset", r.ID, "attempt", j.Attempts, "err", f)
	if due.Before(r.Until) {
		return s.Jobs.Retry(ctx, j, due)
	}
	s.Log.Error("a reset came to nothing: no answer in time", "reset", r.ID, "err", f)
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.note(ctx, r, audit.ResetMail, audit.Failure, f.Key, nil); err != nil {
			return err
		}
		return s.Jobs.Done(ctx, j)
	})
}

// mailed takes a place for one more mail to a person, before it is sent.
func (s *Service) mailed(ctx context.Context, person directory.PersonID) (ok bool, err error) {
	_, ok, err = s.Allowances.Reserve(ctx, limit.Charge{Key: "reset/mail/" + person.String(), Windows: s.Policy.Mails})
	return ok, err
}

// decline notes why a request comes to nothing, and tells the owner of the account where
// that helps: at one address that the directory knows, never at one that was typed.
func (s *Service) decline(ctx context.Context, j job.Job, r Reset, c candidate, reason string) error {
	r.Why, r.Checks, r.Name = reason, c.checks, c.account.DisplayName
	advice, to := adviceTo(reason, c)
	if r.Practice {
		advice = "" // the page says it
	}
	if advice != "" {
		ok, err := s.mailed(ctx, c.person)
		if err != nil {
			return err
		}
		if !ok {
			advice, r.Why = "", tooMany
		}
	}
	from := r.State
	r.Token, r.Letters = nil, nil
	if r.Practice {
		r.State, r.Reason = Ended, Refused
	}
	err := s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.move(ctx, &r, from); err != nil {
			return err
		}
		if err := s.practised(ctx, r, false); err != nil {
			return err
		}
		if err := s.note(ctx, r, audit.ResetMail, audit.Refusal, "reset.why."+r.Why, nil); err != nil {
			return err
		}
		return s.Jobs.Done(ctx, j)
	})
	if fault.Is(err, fault.Conflict) {
		return s.Jobs.Done(ctx, j) // begun again meanwhile
	}
	if err != nil || advice == "" {
		return err
	}
	// One that is lost here is not sent again: it changes nothing for anybody.
	letter := message.ResetAdviceMail(s.Words(s.language(r)), advice, s.values(r, ""))
	if err := s.post(ctx, s.NewID(), to, letter); err != nil {
		s.Log.Warn("the answer to a reset did not go out", "reset", r.ID, "err", err)
	}
	return nil
}

// adviceTo says which mail a reason comes to, and to which one address: the alternate email,
// else the work mailbox. An address that changed lately gets none.
func adviceTo(reason string, c candidate) (advice, to string) {
	switch reason {
	case ordinary, elsewhere, closed, noPhone:
		advice = reason
	case noEmail, emailRecent:
		return reason, c.account.Mail
	default: // unknown, guest, disabled, protected: nobody to tell
		return "", ""
	}
	if to = c.email.Value; to == "" {
		to = c.account.Mail
	}
	if to == "" {
		return "", ""
	}
	return advice, to
}

// invite makes the link and sends it. A newer request of the same person ends older ones
// now, and not before: who does not get a mail kills nothing (RST-9, ABU-7).
func (s *Service) invite(ctx context.Context, j job.Job, r Reset, c candidate) error {
	if r.State == Requested {
		ok, err := s.mailed(ctx, c.person)
		if err != nil {
			return err
		}
		if !ok {
			c.check("mail", tooMany)
			return s.decline(ctx, j, r, candidate{person: c.person, account: c.account, checks: c.checks}, tooMany)
		}
	}
	token, err := s.secret()
	if err != nil {
		return err
	}
	from := r.State
	r.Token, r.Letters, r.Name, r.Checks = s.tokenHash(token), s.lettersHash(r.ID, s.letters(token)), c.account.DisplayName, c.checks
	r.Factors = s.factors(c.methods)
	r.State, r.Mail = Mailed, Sending
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		ended, err := s.Store.SupersedeResets(ctx, c.person, r.ID, s.Clock.Now())
		if err != nil {
			return err
		}
		for _, id := range ended {
			if err := s.note(ctx, r, audit.ResetEnd, audit.Success, "reset.over."+Newer, map[string]string{"ended": id}); err != nil {
				return err
			}
		}
		if err := s.move(ctx, &r, from); err != nil {
			return err
		}
		return s.note(ctx, r, audit.ResetMail, audit.Intent, "", map[string]string{"to": c.email.Masked()})
	})
	if fault.Is(err, fault.Conflict) {
		return s.Jobs.Done(ctx, j) // begun again, or superseded, meanwhile
	}
	if err != nil {
		return err
	}
	link := s.Policy.BaseURL + "/reset/" + r.ID + "?link=" + token
	err = s.post(ctx, r.ID, c.email.Value, message.ResetLinkMail(s.Words(s.language(r)), s.values(r, link)))
	return s.posted(ctx, j, r, err)
}

// posted notes what became of the mail. One that nobody took is sent again with a new link:
// the old one was kept nowhere.
func (s *Service) posted(ctx context.Context, j job.Job, r Reset, sent error) error {
	f := fault.As(sent)
	switch {
	case sent == nil:
	case errors.Is(sent, message.ErrUncertain): // it may be there already: two links would be worse
		s.Log.Warn("the mail of a reset may not have gone out", "reset", r.ID)
	case f != nil && f.Kind != fault.Invalid:
		return f
	default:
		s.Log.Error("the mail of a reset was refused", "reset", r.ID, "err", sent)
	}
	outcome := audit.Success
	if sent != nil {
		outcome = audit.Failure
	}
	r.Mail = Sent
	err := s.Store.InTx(context.WithoutCancel(ctx), func(ctx context.Context) error {
		if err := s.move(ctx, &r, Mailed); err != nil && !fault.Is(err, fault.Conflict) { // the link was pressed already
			return err
		}
		if err := s.note(ctx, r, audit.ResetMail, outcome, "", nil); err != nil {
			return err
		}
		return s.Jobs.Done(ctx, j)
	})
	return err
}

// post sends one mail to one address (RST-8).
func (s *Service) post(ctx context.Context, id, to string, l message.Letter) error {
	sender, ok := s.Senders[message.Mail]
	if !ok {
		return fault.New(fault.Unavailable, "reset.no-mail")
	}
	return sender.Send(ctx, l.In(message.Message{ID: id, Channel: message.Mail, To: to}))
}

func (s *Service) language(r Reset) string {
	if r.Origin.Language != "" {
		return r.Origin.Language
	}
	return s.Policy.Language
}

func (s *Service) values(r Reset, link string) message.ResetValues {
	return message.ResetValues{Organisation: s.Policy.Organisation, Host: s.Policy.Host, Link: link, Until: r.Until.In(s.zone(r.Origin.Zone)),
		Help: s.Policy.Help, Practice: r.Practice, Browser: r.Origin.Browser, Network: r.Origin.Network}
}
