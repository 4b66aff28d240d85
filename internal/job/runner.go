package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"rekey/internal/clock"
)

// Handler does the work of one job. It finishes the job itself (Queue.Done or
// Queue.Retry), in the transaction of its own last step. An error leaves the job to be
// tried again after a pause.
type Handler func(ctx context.Context, j Job) error

// Runner takes due jobs and hands them to their handlers.
type Runner struct {
	queue    Queue
	clock    clock.Clock
	log      *slog.Logger
	handlers map[Kind]Handler
	kinds    []Kind
	workers  int
	wake     chan struct{}

	mu   sync.Mutex
	busy map[string]chan struct{} // closed when the worker of that job is done with it
}

// NewRunner returns a runner with that many workers, at least one.
func NewRunner(queue Queue, c clock.Clock, log *slog.Logger, workers int) *Runner {
	workers = max(workers, 1)
	return &Runner{queue: queue, clock: c, log: log, handlers: map[Kind]Handler{}, workers: workers,
		wake: make(chan struct{}, workers), busy: map[string]chan struct{}{}}
}

// Handle registers the handler of a kind. All are registered before Run.
func (r *Runner) Handle(kind Kind, h Handler) {
	r.handlers[kind] = h
	r.kinds = append(r.kinds, kind)
}

// Wake makes idle workers look at once: after a job was committed, or the clock moved.
func (r *Runner) Wake() {
	for range r.workers {
		select {
		case r.wake <- struct{}{}:
		default:
			return
		}
	}
}

// Run works until ctx ends and all workers have put their job down.
func (r *Runner) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for range r.workers {
		wg.Go(func() { r.work(ctx) })
	}
	wg.Wait()
}

func (r *Runner) work(ctx context.Context) {
	for ctx.Err() == nil {
		did, err := r.Once(ctx)
		if err != nil && ctx.Err() == nil {
			r.log.Error("the job queue failed", "err", err)
		}
		if did && err == nil {
			continue
		}
		timer := time.NewTimer(r.pause(ctx, err))
		select {
		case <-ctx.Done():
		case <-r.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// pause says how long to sleep when nothing is due: until the next job, at most Poll.
func (r *Runner) pause(ctx context.Context, err error) time.Duration {
	if err != nil {
		return time.Second
	}
	due, ok, err := r.queue.NextDue(ctx, r.kinds)
	if err != nil || !ok {
		return Poll
	}
	return min(max(due.Sub(r.clock.Now()), 10*time.Millisecond), Poll)
}

// Once takes one due job, if there is one, and works on it.
func (r *Runner) Once(ctx context.Context) (did bool, err error) {
	now := r.clock.Now()
	j, ok, err := r.queue.Take(ctx, r.kinds, now, now.Add(Lease))
	if err != nil || !ok {
		return false, err
	}
	if err := r.run(ctx, j); err != nil {
		if errors.Is(err, ErrLost) {
			return true, nil // another worker has it
		}
		r.log.Error("a job failed and is tried again", "job", j.ID, "kind", j.Kind, "attempt", j.Attempts, "err", err)
		due := r.clock.Now().Add(Backoff(j.Attempts))
		clean := context.WithoutCancel(ctx)
		if err := r.queue.Retry(clean, j, due); err != nil && !errors.Is(err, ErrLost) {
			return true, err
		}
	}
	return true, nil
}

// run contains a panic of a handler, so that one bad job does not stop the queue.
func (r *Runner) run(ctx context.Context, j Job) (err error) {
	leave, err := r.turn(ctx, j.ID)
	if err != nil {
		return err
	}
	defer leave()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("job: handler of %s panicked: %v", j.Kind, p)
		}
	}()
	return r.handlers[j.Kind](ctx, j)
}

// turn waits until no other worker of this process is at the job. When the clock jumps
// over the end of a lease, its holder may be in the middle of a call that cannot be taken
// back: whoever takes the job over must look at what that call did, not run beside it.
func (r *Runner) turn(ctx context.Context, id string) (leave func(), err error) {
	for {
		r.mu.Lock()
		other, taken := r.busy[id]
		if !taken {
			mine := make(chan struct{})
			r.busy[id] = mine
			r.mu.Unlock()
			return func() {
				r.mu.Lock()
				delete(r.busy, id)
				r.mu.Unlock()
				close(mine)
			}, nil
		}
		r.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Backoff is the pause before the next attempt: 1, 2, 4 … seconds, at most one minute.
func Backoff(attempts int) time.Duration {
	return min(time.Second<<min(max(attempts-1, 0), 10), time.Minute)
}
