package store

import (
	"context"
	"time"

	"rekey/internal/session"
)

// challengeTime is how long a challenge is kept after it was issued, for the questions
// that come with notices and undo (PRV-2).
const challengeTime = 72 * time.Hour

// noticeTime is how long a notice is kept after its end, for the page of its change.
const noticeTime = 30 * 24 * time.Hour

// Swept counts what a sweep ended or removed.
type Swept struct {
	Changes    int // expired, their values erased
	Challenges int
	Sessions   int
	Pendings   int // sign-ins that nobody came back from
	Places     int // of allowances, no window counts them any more
	Notices    int
	Formers    int // contacts that get no notices any more

	Retirements int // moves off a phone that ended, or were forgotten
	Resets      int // of administrators' passwords
	Practices   int // that are too long ago to tell of
}

// Sweep ends and removes what is over at now. Everything it removes is refused or not
// counted before as well; it only keeps the tables small and what is personal short-lived.
func (s *Store) Sweep(ctx context.Context, now time.Time) (Swept, error) {
	var n Swept
	var err error
	if n.Changes, err = s.ExpireChanges(ctx, now); err != nil {
		return n, err
	}
	steps := []struct {
		count *int
		query string
		args  []any
	}{
		{&n.Challenges, `DELETE FROM challenges WHERE issued <= $1`, []any{micros(now.Add(-challengeTime))}},
		{&n.Sessions, `DELETE FROM sessions WHERE began <= $1 OR seen <= $2`,
			[]any{micros(now.Add(-session.Absolute)), micros(now.Add(-session.Idle))}},
		{&n.Pendings, `DELETE FROM pending_signins WHERE expires <= $1`, []any{micros(now)}},
		{&n.Places, `DELETE FROM places WHERE ends <= $1`, []any{micros(now)}},
		{&n.Notices, `DELETE FROM notices WHERE state <> 'waiting' AND moved <= $1`, []any{micros(now.Add(-noticeTime))}},
		{&n.Formers, `DELETE FROM formers WHERE until <= $1`, []any{micros(now)}},
		{&n.Retirements, `DELETE FROM retirements WHERE open <> 1 AND moved <= $1 OR moved <= $2`,
			[]any{micros(now.Add(-retiredTime)), micros(now.Add(-forgottenTime))}},
		{&n.Resets, `DELETE FROM resets WHERE moved <= $1 AND until <= $1 AND state <> 'writing'`, []any{micros(now.Add(-resetTime))}},
		{&n.Practices, `DELETE FROM practices WHERE at <= $1`, []any{micros(now.Add(-practiceTime))}},
		{new(int), `DELETE FROM used_pictures WHERE ends <= $1`, []any{micros(now)}},
		{new(int), `DELETE FROM counters WHERE ends <= $1`, []any{micros(now)}},
	}
	for _, step := range steps {
		rows, err := s.write(ctx, step.query, step.args...)
		if err != nil {
			return n, named("sweep", err)
		}
		*step.count = int(rows)
	}
	return n, nil
}
