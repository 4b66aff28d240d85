// Package job is the one durable queue for what takes time: applying a change, sending
// notices, ending sessions. A job is a row that any process can finish.
//
// It knows how work is leased, retried and given up, not what the work is: handlers are
// registered by kind.
package job

import (
	"context"
	"errors"
	"time"
)

// Kind says what sort of work it is.
type Kind string

// The kinds of work. One kind never waits for another.
const (
	Apply  Kind = "apply"  // writes a proved change to the directory; key: the person
	Notice Kind = "notice" // sends one notice; each has a key of its own
	Revoke Kind = "revoke" // ends a person's sessions at the directory; key: the person
	Remind Kind = "remind" // reminds of a planned day; each plan has a key of its own
	Reset  Kind = "reset"  // what is due for an administrator's reset; each has a key of its own
)

// Lease limits, from the design: a job that nobody works on is free again after Lease,
// and is found after Poll at the latest.
const (
	Lease = 45 * time.Second
	Poll  = 10 * time.Second
)

// Job is one piece of work. Of all jobs with the same kind and key only the oldest is
// worked on.
type Job struct {
	ID       string
	Kind     Kind
	Key      string // see the kinds
	Subject  string // what it is about, for Apply the id of the change
	Created  time.Time
	Due      time.Time
	Attempts int // how often it was leased
	// Fence grows with every lease; only its newest holder may finish the job.
	Fence int64
	// LeasedUntil is when this lease ends.
	LeasedUntil time.Time
}

// ErrLost says that the lease is no longer ours: another worker has the job.
var ErrLost = errors.New("job: lease lost")

// Queue is the store's side. Add, Done, Retry and GiveUp join the transaction in ctx.
type Queue interface {
	// Add puts a job into the queue.
	Add(ctx context.Context, j Job) error
	// Take leases the oldest due job of the kinds whose kind and key has no older
	// unfinished job, until the given time. ok is false when there is none. A job
	// whose lease has ended is due.
	Take(ctx context.Context, kinds []Kind, now, until time.Time) (j Job, ok bool, err error)
	// Holds returns ErrLost unless this lease still stands at now.
	Holds(ctx context.Context, j Job, now time.Time) error
	// Done removes the job, Retry makes it due later and frees it; both return ErrLost
	// when the lease is not ours any more.
	Done(ctx context.Context, j Job) error
	Retry(ctx context.Context, j Job, due time.Time) error
	// NextDue returns when Take will next find something: of the oldest job of each kind
	// and key, the earliest due time or, for a leased one, end of lease. ok is false when
	// there is none.
	NextDue(ctx context.Context, kinds []Kind) (at time.Time, ok bool, err error)
	// FreeLeases ends all leases: for a single process at its start (SQLite).
	FreeLeases(ctx context.Context) error
}
