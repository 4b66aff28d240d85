package retirement

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"rekey/internal/audit"
	"rekey/internal/clock"
	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/job"
	"rekey/internal/message"
)

// MostAhead is how far ahead a day can be planned.
const MostAhead = 180 * 24 * time.Hour

// remindHour is the hour of the day before at which a person is reminded.
const remindHour = 9

// Plan notes the day on which the new number works: its beginning in the person's zone. The
// day before, they are reminded; until they change the number themselves the old one stays.
//
// Faults: fault.Invalid at the field "day" for one that is over or too far ahead,
// fault.Conflict.
func (s *Service) Plan(ctx context.Context, a contact.Actor, day time.Time) (Retirement, error) {
	now, zone := s.Clock.Now(), a.Zone
	if zone == nil {
		zone = time.UTC
	}
	today := beginning(now.In(zone))
	switch {
	case day.Before(today):
		return Retirement{}, fault.At("day", "day.over", nil)
	case day.Sub(today) > MostAhead:
		return Retirement{}, fault.At("day", "day.far", nil)
	}
	j := job.Job{ID: s.NewID(), Kind: job.Remind, Created: now, Due: remindAt(day)}
	j.Key = j.ID
	r, err := s.moveOpen(ctx, a, audit.RetirementPlan, func(r Retirement) (Retirement, error) {
		if !r.Plannable() {
			return r, fault.New(fault.Conflict, "new-phone.not-yet")
		}
		r.Planned, r.PlanID, r.Told = day, j.ID, time.Time{}
		return r, nil
	}, func(ctx context.Context, r Retirement) error {
		if j.Due.Before(now) {
			return nil // today or tomorrow: nobody forgets that
		}
		j.Subject = r.ID
		return s.Jobs.Add(ctx, j)
	})
	return r, err
}

// Unplan takes the day back.
func (s *Service) Unplan(ctx context.Context, a contact.Actor) error {
	_, err := s.moveOpen(ctx, a, audit.RetirementPlan, func(r Retirement) (Retirement, error) {
		r.Planned, r.PlanID = time.Time{}, ""
		return r, nil
	})
	return err
}

// beginning returns the beginning of a time's day in its own zone.
func beginning(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, t.Location())
}

// remindAt is when a person is reminded of a day.
func remindAt(day time.Time) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d-1, remindHour, 0, 0, 0, day.Location())
}

// Reminder reminds people of the day before it comes, by a mail to the work mailbox, or to
// the alternate one of those who have none. It is told once; one that cannot be sent for a
// day is not sent any more.
type Reminder struct {
	Store     Store
	Snapshots directory.SnapshotStore
	Senders   message.Senders
	Words     func(language string) message.Words
	// Organisation and Host are those of the site, Default the zone of people of whom none
	// is known.
	Organisation, Host string
	Help               message.Help
	Default            *time.Location
	Jobs               job.Queue
	Audit              audit.Log
	Clock              clock.Clock
	NewID              func() string
	Log                *slog.Logger
}

// Remind handles one job of kind job.Remind.
func (m *Reminder) Remind(ctx context.Context, j job.Job) error {
	r, err := m.Store.RetirementByID(ctx, j.Subject)
	if fault.Is(err, fault.NotFound) {
		return m.Jobs.Done(ctx, j)
	}
	if err != nil {
		return err
	}
	now := m.Clock.Now()
	if !r.Open() || r.PlanID != j.ID || !r.Told.IsZero() || now.After(r.Planned.Add(24*time.Hour)) {
		return m.Jobs.Done(ctx, j) // another day, none any more, or it has come
	}
	err = m.send(ctx, r, j)
	if err == nil {
		return m.told(ctx, j, r)
	}
	if errors.Is(err, errNobody) {
		return m.Jobs.Done(ctx, j)
	}
	m.Log.WarnContext(ctx, "a reminder is tried again", "retirement", r.ID, "attempt", j.Attempts, "err", err)
	return m.Jobs.Retry(ctx, j, now.Add(job.Backoff(min(j.Attempts, 6))))
}

// errNobody says that there is no mailbox to remind at.
var errNobody = errors.New("retirement: nobody to remind")

func (m *Reminder) send(ctx context.Context, r Retirement, j job.Job) error {
	snap, err := m.Snapshots.Snapshot(ctx, r.Person)
	if errors.Is(err, directory.ErrNoSnapshot) {
		return errNobody
	}
	if err != nil {
		return err
	}
	to, sender := Mailbox(snap), m.Senders[message.Mail]
	if to == "" || sender == nil {
		return errNobody
	}
	zone, err := time.LoadLocation(r.Origin.Zone)
	if err != nil || r.Origin.Zone == "" {
		zone = m.Default
	}
	letter := message.PlanMail(m.Words(r.Origin.Language), message.PlanValues{Organisation: m.Organisation, Day: r.Planned.In(zone),
		Host: m.Host, Help: m.Help})
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return sender.Send(ctx, letter.In(message.Message{ID: j.ID, Channel: message.Mail, To: to}))
}

// told notes that the reminder was sent, on the row as it is by now.
func (m *Reminder) told(ctx context.Context, j job.Job, r Retirement) error {
	ctx, cancel := record(ctx)
	defer cancel()
	return m.Store.InTx(ctx, func(ctx context.Context) error {
		r, err := m.Store.RetirementByID(ctx, r.ID)
		if err != nil {
			return err
		}
		r.Told = m.Clock.Now()
		if ok, err := m.Store.SaveRetirement(ctx, r); err != nil {
			return err
		} else if !ok {
			return errChanged
		}
		err = m.Audit.Append(ctx, audit.Event{ID: m.NewID(), At: r.Told, Actor: "system", Subject: r.Person.String(),
			Action: audit.RetirementRemind, Outcome: audit.Success, Detail: map[string]string{"retirement": r.ID}})
		if err != nil {
			return err
		}
		return m.Jobs.Done(ctx, j)
	})
}

// Mailbox is where a person is reminded: the work mailbox, else the alternate email; ""
// where there is neither.
func Mailbox(snap directory.Snapshot) string {
	if snap.Account.Mail != "" {
		return snap.Account.Mail
	}
	m, _ := snap.Contact(directory.Email)
	return m.Value
}
