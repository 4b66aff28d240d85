package notice

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"rekey/internal/audit"
	"rekey/internal/clock"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/job"
	"rekey/internal/message"
	"rekey/internal/phone"
)

// sendTime bounds one exchange with a gateway; it ends before a job's lease does.
const sendTime = 20 * time.Second

// Pauses between tries: after the first hour, and after a refusal, which many servers give
// for good where it passes: a full mailbox, a filter, a relay that is set up wrongly.
const (
	slowPause    = 10 * time.Minute
	refusedPause = 2 * time.Hour
)

// Service writes notices and sends them.
type Service struct {
	Store   Store
	Jobs    job.Queue
	Audit   audit.Log
	Senders message.Senders
	Words   func(language string) message.Words
	// Organisation, Host and Help are the same in every notice. Host is the address of the
	// site, as people type it.
	Organisation string
	Host         string
	Help         message.Help
	Default      *time.Location // zone of people whose own is not known
	Hash         func(value string) string
	Clock        clock.Clock
	NewID        func() string
	Log          *slog.Logger
}

// Tell writes a notice for every destination, with its job, and keeps what is gone for the
// notices of the next 72 hours. It joins the transaction in ctx.
func (s *Service) Tell(ctx context.Context, e Event) error {
	now := s.Clock.Now()
	formers, err := s.Store.Formers(ctx, e.Person, now)
	if err != nil {
		return err
	}
	contacts := append(append([]directory.Method{}, e.Contacts...), e.Gone...)
	for _, f := range formers {
		contacts = append(contacts, f.Method)
	}
	for _, to := range s.destinations(e, contacts) {
		if err := s.add(ctx, e, to, now); err != nil {
			return err
		}
	}
	for _, m := range e.Gone {
		if err := s.Store.AddFormer(ctx, Former{ID: s.NewID(), Person: e.Person, Method: m, Until: now.Add(Keep)}); err != nil {
			return err
		}
	}
	return nil
}

// destination is where a notice goes.
type destination struct {
	channel message.Channel
	to      string
}

// destinations lists everywhere that an event is told, each once: changes go to all
// numbers and mailboxes. Guessed codes change nothing: they are told by mail, and to numbers
// only where there is no work mailbox, so that a guesser cannot spend money on texts. The
// alternate email alone would not do: the guesser may have put it there.
func (s *Service) destinations(e Event, contacts []directory.Method) []destination {
	var mails, texts []destination
	seen := map[string]bool{}
	add := func(list *[]destination, channel message.Channel, to string) {
		if _, can := s.Senders[channel]; can && to != "" && !seen[strings.ToLower(to)] {
			seen[strings.ToLower(to)] = true
			*list = append(*list, destination{channel, to})
		}
	}
	add(&mails, message.Mail, e.Mailbox)
	if e.What == ColleagueReset { // it is not about the account of whoever is told
		return mails
	}
	for _, m := range contacts {
		if m.Kind == directory.Email {
			add(&mails, message.Mail, m.Value)
		} else if n, err := phone.Parse(m.Value, ""); err == nil && n.CanText() {
			add(&texts, message.Text, m.Value)
		}
	}
	_, mailed := s.Senders[message.Mail]
	if (e.What == Locked || e.What == CodesUsedUp) && mailed && e.Mailbox != "" {
		return mails
	}
	return append(texts, mails...)
}

func (s *Service) add(ctx context.Context, e Event, to destination, now time.Time) error {
	n := Notice{ID: s.NewID(), Person: e.Person, Flow: e.Flow, Channel: to.channel, To: to.to, ToMask: mask(to), What: e.What,
		Masked: e.Masked, Old: e.Old, At: e.At, Created: now, Language: e.Language, Zone: e.Zone, Browser: e.Browser,
		Network: e.Network, State: Waiting, Moved: now}
	if err := s.Store.AddNotice(ctx, n); err != nil {
		return err
	}
	return s.Jobs.Add(ctx, job.Job{ID: s.NewID(), Kind: job.Notice, Key: n.ID, Subject: n.ID, Created: now, Due: now})
}

func mask(to destination) string {
	kind := directory.Phone
	if to.channel == message.Mail {
		kind = directory.Email
	}
	return directory.Method{Kind: kind, Value: to.to}.Masked()
}

// Formers returns the contacts of a person that were replaced or removed in the last 72
// hours, the oldest first.
func (s *Service) Formers(ctx context.Context, person directory.PersonID) ([]Former, error) {
	return s.Store.Formers(ctx, person, s.Clock.Now())
}

// Of returns the notices of a change, oldest first.
func (s *Service) Of(ctx context.Context, flow string) ([]Notice, error) {
	return s.Store.NoticesOf(ctx, flow)
}

// Deliver handles one job of kind job.Notice.
func (s *Service) Deliver(ctx context.Context, j job.Job) error {
	n, err := s.Store.Notice(ctx, j.Subject)
	if fault.Is(err, fault.NotFound) || (err == nil && n.State != Waiting) {
		return s.Jobs.Done(ctx, j)
	}
	if err != nil {
		return err
	}
	if s.Clock.Now().Sub(n.Created) > giveUp {
		return s.end(ctx, j, n, Abandoned, "notice.abandoned")
	}
	err = s.send(ctx, n)
	switch {
	case err == nil:
		return s.end(ctx, j, n, Sent, "")
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return s.later(ctx, j, n, err)
}

// send hands the notice to its gateway. One whose answer was lost is sent again, under the
// same id: told twice is better than not told.
func (s *Service) send(ctx context.Context, n Notice) error {
	sender, ok := s.Senders[n.Channel]
	if !ok {
		return fault.New(fault.Unavailable, "notice.no-sender")
	}
	zone, err := time.LoadLocation(n.Zone)
	if err != nil || n.Zone == "" {
		zone = s.Default
	}
	v := message.NoticeValues{Organisation: s.Organisation, Event: n.What, Masked: n.Masked, OldMasked: n.Old,
		At: n.At.In(zone), Zone: zone.String(), Browser: n.Browser, Network: n.Network, Help: s.Help, Host: s.Host}
	m := message.Message{ID: n.ID, Channel: n.Channel, To: n.To}
	if n.Channel == message.Mail {
		m = message.NoticeMail(s.Words(n.Language), v).In(m)
	} else {
		m.Body = message.NoticeText(s.Words(n.Language), v)
	}
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	return sender.Send(ctx, m)
}

// later puts the job back; what keeps it is in the log.
func (s *Service) later(ctx context.Context, j job.Job, n Notice, reason error) error {
	now := s.Clock.Now()
	due := now.Add(job.Backoff(j.Attempts))
	if now.Sub(n.Created) > time.Hour {
		due = now.Add(slowPause)
	}
	f := fault.As(reason)
	if f != nil && f.Kind == fault.Invalid {
		due = now.Add(refusedPause)
	}
	if f != nil && f.Until.After(due) {
		due = f.Until
	}
	s.Log.Warn("a notice is tried again", "notice", n.ID, "attempt", j.Attempts, "err", reason)
	return s.Jobs.Retry(context.WithoutCancel(ctx), j, due)
}

// end records what became of the notice, the event and the end of the job together. An
// abandoned one alarms.
func (s *Service) end(ctx context.Context, j job.Job, n Notice, to State, reason string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	outcome := audit.Success
	if to == Abandoned {
		outcome = audit.Failure
		s.Log.Error("a notice was abandoned: somebody was not told of a change to their account", "notice", n.ID, "reason", reason)
	}
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		ok, err := s.Store.EndNotice(ctx, n.ID, to, s.Clock.Now())
		if err != nil {
			return err
		}
		if !ok {
			return job.ErrLost
		}
		err = s.Audit.Append(ctx, audit.Event{ID: s.NewID(), At: s.Clock.Now(), Actor: "system", Subject: n.Person.String(),
			Action: audit.NoticeSend, Outcome: outcome, Reason: reason,
			Detail: map[string]string{"notice": n.ID, "change": n.Flow, "what": n.What, "to": n.ToMask, "hash": s.Hash(n.To)}})
		if err != nil {
			return err
		}
		return s.Jobs.Done(ctx, j)
	})
}
