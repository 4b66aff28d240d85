package store

import (
	"context"

	"rekey/internal/directory"
	"rekey/internal/signout"
)

var _ signout.Store = (*Store)(nil)

// AskSignOut writes an open one over the person's last, in one statement: a job that ends
// at the same moment either ends before it, and another takes charge, or finds the version
// raised.
func (s *Store) AskSignOut(ctx context.Context, o signout.SignOut) (job string, err error) {
	_, err = s.returning(ctx, `INSERT INTO signouts (person, session, job, version, state, asked, moved, retry, reason)
		VALUES ($1, $2, $3, $4, 'open', $5, $6, 0, '')
		ON CONFLICT (person) DO UPDATE SET
			session = excluded.session, version = signouts.version + 1, state = 'open',
			job = CASE WHEN signouts.state = 'open' THEN signouts.job ELSE excluded.job END,
			asked = excluded.asked, moved = excluded.moved, retry = 0, reason = ''
		RETURNING job`,
		[]any{o.Person.String(), o.Session, o.Job, o.Version, micros(o.Asked), micros(o.Moved)}, &job)
	return job, named("note that somebody signs out everywhere", err)
}

// SignOut returns a person's last one.
func (s *Store) SignOut(ctx context.Context, person directory.PersonID) (o signout.SignOut, ok bool, err error) {
	o.Person = person
	var asked, moved, retry int64
	ok, err = found(s.in(ctx).QueryRowContext(ctx, `SELECT session, job, version, state, asked, moved, retry, reason FROM signouts WHERE person = $1`,
		person.String()).Scan(&o.Session, &o.Job, &o.Version, &o.State, &asked, &moved, &retry, &o.Reason))
	if err != nil || !ok {
		return signout.SignOut{}, false, named("read when somebody signed out everywhere", err)
	}
	o.Asked, o.Moved, o.Retry = moment(asked), moment(moved), moment(retry)
	return o, true, nil
}

// SaveSignOut moves an open one on, unless its person asked again meanwhile.
func (s *Store) SaveSignOut(ctx context.Context, o signout.SignOut) (ok bool, err error) {
	n, err := s.write(ctx, `UPDATE signouts SET state = $4, moved = $5, retry = $6, reason = $7
		WHERE person = $1 AND job = $2 AND version = $3 AND state = 'open'`,
		o.Person.String(), o.Job, o.Version, string(o.State), micros(o.Moved), micros(o.Retry), o.Reason)
	return n == 1 && err == nil, named("note how a sign-out everywhere ended", err)
}
