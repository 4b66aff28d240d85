package store

import (
	"context"
	"time"

	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/notice"
)

const noticeColumns = `id, person, flow, channel, destination, to_mask, what, masked, old_masked, at, created,
	language, zone, browser, network, state, moved`

// AddNotice inserts a notice.
func (s *Store) AddNotice(ctx context.Context, n notice.Notice) error {
	to, err := s.seal([]byte(n.To), "notices", "destination", n.ID)
	if err != nil {
		return err
	}
	return s.later(ctx, naming("add a notice"), `INSERT INTO notices (`+noticeColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
		n.ID, n.Person.String(), n.Flow, string(n.Channel), to, n.ToMask, n.What, n.Masked, n.Old, micros(n.At), micros(n.Created),
		n.Language, n.Zone, n.Browser, n.Network, string(n.State), micros(n.Moved))
}

// Notice returns a notice, or fault.NotFound.
func (s *Store) Notice(ctx context.Context, id string) (notice.Notice, error) {
	n, err := s.readNotice(s.in(ctx).QueryRowContext(ctx, `SELECT `+noticeColumns+` FROM notices WHERE id = $1`, id))
	ok, err := found(err)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "notice.none")
	}
	return n, named("read a notice", err)
}

func (s *Store) readNotice(row scanner) (notice.Notice, error) {
	var n notice.Notice
	var person string
	var to []byte
	var at, created, moved int64
	err := row.Scan(&n.ID, &person, &n.Flow, &n.Channel, &to, &n.ToMask, &n.What, &n.Masked, &n.Old, &at, &created,
		&n.Language, &n.Zone, &n.Browser, &n.Network, &n.State, &moved)
	if err != nil {
		return notice.Notice{}, err
	}
	n.Person, _ = directory.ParsePersonID(person)
	n.At, n.Created, n.Moved = moment(at), moment(created), moment(moved)
	plain, err := s.unseal(to, "notices", "destination", n.ID)
	n.To = string(plain)
	return n, err
}

// EndNotice ends a waiting notice and erases where it went.
func (s *Store) EndNotice(ctx context.Context, id string, to notice.State, at time.Time) (ok bool, err error) {
	n, err := s.write(ctx, `UPDATE notices SET state = $2, moved = $3, destination = NULL WHERE id = $1 AND state = 'waiting'`,
		id, string(to), micros(at))
	return n == 1 && err == nil, named("end a notice", err)
}

// NoticesOf returns the notices of a flow, oldest first.
func (s *Store) NoticesOf(ctx context.Context, flow string) ([]notice.Notice, error) {
	var notices []notice.Notice
	err := s.each(ctx, func(row scanner) error {
		n, err := s.readNotice(row)
		notices = append(notices, n)
		return err
	}, `SELECT `+noticeColumns+` FROM notices WHERE flow = $1 ORDER BY created, channel, to_mask, id`, flow)
	return notices, named("read the notices of a change", err)
}

// CountNotices returns how many notices are in a state.
func (s *Store) CountNotices(ctx context.Context, state notice.State) (n int, err error) {
	err = s.in(ctx).QueryRowContext(ctx, `SELECT COUNT(*) FROM notices WHERE state = $1`, string(state)).Scan(&n)
	return n, named("count notices", err)
}

// AddFormer keeps a contact that was replaced or removed.
func (s *Store) AddFormer(ctx context.Context, f notice.Former) error {
	value, err := s.seal([]byte(f.Method.Value), "formers", "value", f.ID)
	if err != nil {
		return err
	}
	return s.later(ctx, naming("keep a former contact"), `INSERT INTO formers (id, person, kind, value, until) VALUES ($1, $2, $3, $4, $5)`,
		f.ID, f.Person.String(), string(f.Method.Kind), value, micros(f.Until))
}

// Formers returns the former contacts of a person that still get notices.
func (s *Store) Formers(ctx context.Context, person directory.PersonID, at time.Time) ([]notice.Former, error) {
	var formers []notice.Former
	err := s.each(ctx, func(row scanner) error {
		f := notice.Former{Person: person}
		var value []byte
		var until int64
		if err := row.Scan(&f.ID, &f.Method.Kind, &value, &until); err != nil {
			return err
		}
		plain, err := s.unseal(value, "formers", "value", f.ID)
		f.Method.Value, f.Until = string(plain), moment(until)
		formers = append(formers, f)
		return err
	}, `SELECT id, kind, value, until FROM formers WHERE person = $1 AND until > $2 ORDER BY until, id`, person.String(), micros(at))
	return formers, named("read former contacts", err)
}
