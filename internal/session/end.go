package session

import (
	"context"
	"time"

	"rekey/internal/directory"
)

// Info is a live session as its person sees it.
type Info struct {
	ID      string
	Began   time.Time // the last sign-in
	Seen    time.Time // to the minute
	Browser string    // see Data
	Network string
}

// List returns the live sessions of a person, last seen first (SES-6).
func (m *Manager) List(ctx context.Context, person directory.PersonID) ([]Info, error) {
	rows, err := m.rows.SessionsOf(ctx, person)
	if err != nil {
		return nil, err
	}
	var list []Info
	now := m.clock.Now()
	for _, row := range rows {
		if row.over(now) {
			continue
		}
		d, err := decode(row)
		if err != nil {
			return nil, err
		}
		list = append(list, Info{ID: row.ID, Began: row.Began, Seen: row.Seen, Browser: d.Browser, Network: d.Network})
	}
	return list, nil
}

// End ends a session of a person; ok is false when there is none of that id, or it is
// another person's: nobody learns which (WEB-7). It joins the transaction in ctx, and takes
// effect with the next request on every replica (SES-5).
func (m *Manager) End(ctx context.Context, person directory.PersonID, id string) (ok bool, err error) {
	return m.rows.RemoveSessionOf(ctx, person, id)
}

// EndOthers ends the sessions of a person but one, and returns how many it ended. It joins
// the transaction in ctx, and takes effect with the next request on every replica (SES-5,
// SES-6).
func (m *Manager) EndOthers(ctx context.Context, person directory.PersonID, keep string) (int, error) {
	return m.rows.RemoveSessionsBut(ctx, person, keep)
}

// EndOlder ends the sessions of a person, but one, whose credentials were last typed before
// a time, or nobody knows when, and returns how many it ended. It joins the transaction in
// ctx.
func (m *Manager) EndOlder(ctx context.Context, person directory.PersonID, keep string, before time.Time) (ended int, err error) {
	rows, err := m.rows.SessionsOf(ctx, person)
	if err != nil {
		return 0, err
	}
	for _, row := range rows {
		if d, err := decode(row); err == nil && !d.AuthTime.Before(before) || row.ID == keep {
			continue
		}
		ok, err := m.rows.RemoveSessionOf(ctx, person, row.ID)
		if err != nil {
			return ended, err
		}
		if ok {
			ended++
		}
	}
	return ended, nil
}
