package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"rekey/internal/captcha"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/reset"
	"rekey/internal/tx"
)

var (
	_ reset.Store   = (*Store)(nil)
	_ captcha.Store = (*Store)(nil)
)

// resetTime is how long a reset is kept after anything happened in it, for whoever begins
// again; longer than any of its steps.
const resetTime = time.Hour

// practiceTime is how long the date of a practice run is kept.
const practiceTime = 2 * 365 * 24 * time.Hour

const resetColumns = `id, browser, person, state, version, step, tries, started, until, moved, data`

// sealedReset is what is encrypted of a reset.
type sealedReset struct {
	User, Factors, Challenge, Reason, Why, Name, Trouble string
	Practice                                             bool
	Token, Letters                                       []byte
	Mail                                                 reset.Delivery
	First                                                directory.Kind
	Checks                                               []reset.Check
	TryAt                                                time.Time
	Origin                                               reset.Origin
}

// AddReset inserts a reset.
func (s *Store) AddReset(ctx context.Context, r reset.Reset) error {
	data, err := s.sealReset(r)
	if err != nil {
		return err
	}
	return s.later(ctx, naming("add a reset"), `INSERT INTO resets (`+resetColumns+`) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9, $10)`,
		r.ID, r.Browser, personKey(r.Person), string(r.State), r.Version, r.Step, micros(r.Started), micros(r.Until), micros(r.Moved), data)
}

// personKey is a person as it is stored, ” of nobody.
func personKey(p directory.PersonID) string {
	if p == (directory.PersonID{}) {
		return ""
	}
	return p.String()
}

func (s *Store) sealReset(r reset.Reset) ([]byte, error) {
	plain, err := json.Marshal(sealedReset{User: r.User, Factors: r.Factors, Challenge: r.Challenge, Reason: r.Reason, Why: r.Why,
		Name: r.Name, Trouble: r.Trouble, Practice: r.Practice, Token: r.Token, Letters: r.Letters, Mail: r.Mail, First: r.First,
		Checks: r.Checks, TryAt: r.TryAt, Origin: r.Origin})
	if err != nil {
		return nil, fmt.Errorf("store: a reset cannot be encoded: %w", err)
	}
	return s.seal(plain, "resets", "data", r.ID)
}

// Reset returns a reset of a browser, or fault.NotFound.
func (s *Store) Reset(ctx context.Context, id string, browser []byte) (reset.Reset, error) {
	return s.oneReset(s.in(ctx).QueryRowContext(ctx, `SELECT `+resetColumns+` FROM resets WHERE id = $1 AND browser = $2`, id, browser))
}

// ResetByID returns a reset, or fault.NotFound.
func (s *Store) ResetByID(ctx context.Context, id string) (reset.Reset, error) {
	return s.oneReset(s.in(ctx).QueryRowContext(ctx, `SELECT `+resetColumns+` FROM resets WHERE id = $1`, id))
}

func (s *Store) oneReset(row scanner) (reset.Reset, error) {
	r, err := s.readReset(row)
	ok, err := found(err)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "reset.none")
	}
	return r, named("read a reset", err)
}

func (s *Store) readReset(row scanner) (reset.Reset, error) {
	var r reset.Reset
	var person string
	var started, until, moved int64
	var data []byte
	err := row.Scan(&r.ID, &r.Browser, &person, &r.State, &r.Version, &r.Step, &r.Tries, &started, &until, &moved, &data)
	if err != nil {
		return reset.Reset{}, err
	}
	r.Person, _ = directory.ParsePersonID(person)
	r.Started, r.Until, r.Moved = moment(started), moment(until), moment(moved)
	plain, err := s.unseal(data, "resets", "data", r.ID)
	if err != nil {
		return reset.Reset{}, err
	}
	var d sealedReset
	if err := json.Unmarshal(plain, &d); err != nil {
		return reset.Reset{}, fmt.Errorf("store: the reset is not one: %w", err)
	}
	r.User, r.Factors, r.Challenge, r.Reason, r.Why, r.Name, r.Trouble = d.User, d.Factors, d.Challenge, d.Reason, d.Why, d.Name, d.Trouble
	r.Practice, r.Token, r.Letters, r.Mail, r.First, r.Checks, r.TryAt, r.Origin = d.Practice, d.Token, d.Letters, d.Mail, d.First, d.Checks, d.TryAt, d.Origin
	return r, nil
}

// SaveReset writes a reset over the version and state it was read with. With a final state
// the destinations of its codes are erased (PRV-2).
func (s *Store) SaveReset(ctx context.Context, r reset.Reset, from reset.State) (ok bool, err error) {
	data, err := s.sealReset(r)
	if err != nil {
		return false, err
	}
	err = s.InTx(ctx, func(ctx context.Context) error {
		n, err := s.write(ctx, `UPDATE resets SET person = $4, state = $5, version = version + 1, step = $6, until = $7, moved = $8, data = $9
			WHERE id = $1 AND version = $2 AND state = $3`,
			r.ID, r.Version, string(from), personKey(r.Person), string(r.State), r.Step, micros(r.Until), micros(r.Moved), data)
		ok = err == nil && n == 1
		if err != nil || !ok || r.Open() {
			return err
		}
		return s.later(ctx, naming("save a reset"), `UPDATE challenges SET destination = NULL WHERE flow = $1`, r.ID)
	})
	return ok && err == nil, named("save a reset", err)
}

// SupersedeResets ends a person's open resets but one, with their codes.
func (s *Store) SupersedeResets(ctx context.Context, person directory.PersonID, but string, now time.Time) (ended []string, err error) {
	err = s.InTx(ctx, func(ctx context.Context) error {
		ended = nil
		var open []reset.Reset
		err := s.each(ctx, func(row scanner) error {
			r, err := s.readReset(row)
			open = append(open, r)
			return err
		}, `SELECT `+resetColumns+` FROM resets WHERE person = $1 AND id <> $2 AND state IN ('requested', 'mailed', 'linked', 'proved') ORDER BY id`,
			person.String(), but)
		if err != nil {
			return err
		}
		for _, r := range open {
			from := r.State
			r.State, r.Reason, r.Moved = reset.Ended, reset.Newer, now
			ok, err := s.SaveReset(ctx, r, from)
			if err != nil {
				return err
			}
			if !ok {
				continue // it moved on, or ended, this moment
			}
			if err := s.Supersede(ctx, r.ID); err != nil {
				return err
			}
			ended = append(ended, r.ID)
		}
		return nil
	})
	return ended, named("end older resets", err)
}

// CountLetters counts a try before its letters are compared, in a transaction of its own
// (COD-5).
func (s *Store) CountLetters(ctx context.Context, id string, browser []byte, now time.Time) (r reset.Reset, ok bool, err error) {
	if err := tx.Refuse(ctx); err != nil {
		return r, false, err
	}
	err = s.InTx(ctx, func(ctx context.Context) error {
		r, err = s.readReset(s.in(ctx).QueryRowContext(ctx, `UPDATE resets SET tries = tries + 1
			WHERE id = $1 AND browser = $2 AND step = 1 AND tries < $3 AND until > $4 RETURNING `+resetColumns,
			id, browser, reset.LetterTries, micros(now)))
		ok, err = found(err)
		return err
	})
	return r, ok && err == nil, named("count letters", err)
}

// ChangedHere returns when contacts of a person last changed through this site. A change
// whose outcome nobody knows counts as one.
func (s *Store) ChangedHere(ctx context.Context, person directory.PersonID, since time.Time) (map[directory.Kind]time.Time, error) {
	changed := map[directory.Kind]time.Time{}
	err := s.each(ctx, func(row scanner) error {
		var kind, act string
		var moved int64
		err := row.Scan(&kind, &act, &moved)
		kinds := []directory.Kind{directory.Kind(kind)}
		if act == "promote" { // the alternate phone became the phone
			kinds = []directory.Kind{directory.Phone, directory.AlternatePhone}
		}
		for _, k := range kinds {
			if at := moment(moved); at.After(changed[k]) {
				changed[k] = at
			}
		}
		return err
	}, `SELECT kind, act, moved FROM changes WHERE person = $1 AND act <> 'test' AND state IN ('applied', 'applying', 'unknown') AND moved > $2`,
		person.String(), micros(since))
	return changed, named("read what changed lately", err)
}

// SavePractice keeps the outcome of a person's last practice run.
func (s *Store) SavePractice(ctx context.Context, person directory.PersonID, p reset.Practised) error {
	good := 0
	if p.OK {
		good = 1
	}
	return s.later(ctx, naming("keep a practice run"), `INSERT INTO practices (person, at, good) VALUES ($1, $2, $3)
		ON CONFLICT (person) DO UPDATE SET at = excluded.at, good = excluded.good`, person.String(), micros(p.At), good)
}

// LastPractice returns it, zero when there is none.
func (s *Store) LastPractice(ctx context.Context, person directory.PersonID) (reset.Practised, error) {
	var at int64
	var good int
	ok, err := found(s.in(ctx).QueryRowContext(ctx, `SELECT at, good FROM practices WHERE person = $1`, person.String()).Scan(&at, &good))
	if err != nil || !ok {
		return reset.Practised{}, named("read a practice run", err)
	}
	return reset.Practised{At: moment(at), OK: good == 1}, nil
}

// UsePicture notes that a picture was tried, once.
func (s *Store) UsePicture(ctx context.Context, id string, until time.Time) (ok bool, err error) {
	if err := tx.Refuse(ctx); err != nil {
		return false, err
	}
	n, err := s.write(ctx, `INSERT INTO used_pictures (id, ends) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`, id, micros(until))
	return n == 1 && err == nil, named("note a picture as tried", err)
}
