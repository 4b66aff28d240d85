package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"rekey/internal/job"
	"rekey/internal/tx"
)

const jobColumns = `id, kind, job_key, subject, created, due, attempts, fence, leased_until`

// Add puts a job into the queue. It is not leased, whatever j says.
func (s *Store) Add(ctx context.Context, j job.Job) error {
	return s.later(ctx, naming("add a job"), `INSERT INTO jobs (`+jobColumns+`) VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0)`,
		j.ID, string(j.Kind), j.Key, j.Subject, micros(j.Created), micros(j.Due))
}

// Take leases the oldest due job that has no older one of its kind and key before it.
// Nobody else gets it meanwhile: the lease is one statement, which passes over what another
// process is about to lease instead of waiting for it.
func (s *Store) Take(ctx context.Context, kinds []job.Kind, now, until time.Time) (j job.Job, ok bool, err error) {
	if len(kinds) == 0 {
		return job.Job{}, false, nil
	}
	// Most looks find nothing, and a transaction on a file waits for its turn, and for the disk.
	if s.writer != nil {
		if any, err := s.waits(ctx, kinds, now); err != nil || !any {
			return job.Job{}, false, named("look for a job", err)
		}
	}
	in, args := among(kinds, micros(now), micros(until))
	take := func(ctx context.Context) error {
		j, err = readJob(s.in(ctx).QueryRowContext(ctx, `UPDATE jobs
			SET attempts = attempts + 1, fence = fence + 1, leased_until = $2
			WHERE id = (`+s.leasable(in)+`) RETURNING `+jobColumns, args...))
		ok, err = found(err)
		return err
	}
	if s.server != nil && tx.From(ctx) == nil {
		// Not behind a BEGIN. Of a lease whose answer was lost nobody knows: it ends by itself.
		err = s.again(ctx, func() error { return take(ctx) })
	} else {
		err = s.InTx(ctx, take)
	}
	return j, ok && err == nil, named("take a job", err)
}

// waits reports whether Take may find something.
func (s *Store) waits(ctx context.Context, kinds []job.Kind, now time.Time) (bool, error) {
	in, args := among(kinds, micros(now))
	var id string
	return found(s.in(ctx).QueryRowContext(ctx, s.leasable(in), args...).Scan(&id))
}

// leasable selects what Take may lease at $1 among the kinds of the list. A job that is being
// worked on bars the others of its kind and key even where an older one has shown up since.
// Whether one is barred is looked up in the order of age, until one is not.
func (s *Store) leasable(in string) string {
	return `SELECT j.id FROM (SELECT id, kind, job_key, seq FROM jobs
			WHERE kind IN (` + in + `) AND due <= $1 AND leased_until <= $1 ORDER BY seq` + s.engine.skip + `) j
		WHERE (SELECT o.seq FROM jobs o
			WHERE o.kind = j.kind AND o.job_key = j.job_key AND o.seq <> j.seq AND (o.seq < j.seq OR o.leased_until > $1)
			LIMIT 1) IS NULL
		LIMIT 1` // an order out here would have PostgreSQL lock them all first
}

// among writes the list of kinds as parameters after those given.
func among(kinds []job.Kind, args ...any) (string, []any) {
	var list []string
	for _, k := range kinds {
		args = append(args, string(k))
		list = append(list, fmt.Sprintf("$%d", len(args)))
	}
	return strings.Join(list, ", "), args
}

func readJob(row scanner) (job.Job, error) {
	var j job.Job
	var created, due, until int64
	err := row.Scan(&j.ID, &j.Kind, &j.Key, &j.Subject, &created, &due, &j.Attempts, &j.Fence, &until)
	j.Created, j.Due, j.LeasedUntil = moment(created), moment(due), moment(until)
	return j, err
}

// Holds returns job.ErrLost unless this lease still stands at now.
func (s *Store) Holds(ctx context.Context, j job.Job, now time.Time) error {
	var one int
	ok, err := found(s.in(ctx).QueryRowContext(ctx, `SELECT 1 FROM jobs WHERE id = $1 AND fence = $2 AND leased_until > $3`,
		j.ID, j.Fence, micros(now)).Scan(&one))
	if err != nil {
		return named("check a lease", err)
	}
	return lost(ok)
}

// Done removes the job, or returns job.ErrLost.
func (s *Store) Done(ctx context.Context, j job.Job) error {
	n, err := s.write(ctx, `DELETE FROM jobs WHERE id = $1 AND fence = $2 AND leased_until > 0`, j.ID, j.Fence)
	if err != nil {
		return named("end a job", err)
	}
	return lost(n == 1)
}

// Retry frees the job and makes it due later, or returns job.ErrLost. The lease is given
// up: its holder cannot end the job any more.
func (s *Store) Retry(ctx context.Context, j job.Job, due time.Time) error {
	n, err := s.write(ctx, `UPDATE jobs SET due = $3, leased_until = 0 WHERE id = $1 AND fence = $2 AND leased_until > 0`,
		j.ID, j.Fence, micros(due))
	if err != nil {
		return named("put a job back", err)
	}
	return lost(n == 1)
}

func lost(held bool) error {
	if held {
		return nil
	}
	return job.ErrLost
}

// NextDue returns when Take will next find something.
func (s *Store) NextDue(ctx context.Context, kinds []job.Kind) (at time.Time, ok bool, err error) {
	if len(kinds) == 0 {
		return time.Time{}, false, nil
	}
	in, args := among(kinds)
	var next *int64
	err = s.in(ctx).QueryRowContext(ctx, `SELECT MIN(CASE WHEN j.leased_until > j.due THEN j.leased_until ELSE j.due END) FROM jobs j
		WHERE j.kind IN (`+in+`) AND NOT EXISTS (
			SELECT 1 FROM jobs o WHERE o.kind = j.kind AND o.job_key = j.job_key AND o.seq < j.seq)`, args...).Scan(&next)
	if err != nil || next == nil {
		return time.Time{}, false, named("look for the next job", err)
	}
	return moment(*next), true, nil
}

// FreeLeases ends all leases, the sealer's too: for the single process of a SQLite
// database at its start, when nobody can be holding one.
func (s *Store) FreeLeases(ctx context.Context) error {
	return named("free leases", s.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.write(ctx, `UPDATE jobs SET leased_until = 0 WHERE leased_until > 0`); err != nil {
			return err
		}
		_, err := s.write(ctx, `DELETE FROM leases`)
		return err
	}))
}
