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

// gather is how long a worker of one kind lets calls come together before it looks. While the
// others have more to do than they can, each job that they take is a call, and nearly always
// they find the next one themselves.
const gather = 100 * time.Millisecond

// Grace is how long the jobs in hand may go on after Run was told to stop.
const Grace = 10 * time.Second

// Runner takes due jobs and hands them to their handlers. Some of its workers take any
// kind; beside them each kind has one of its own, so that a mail server that lets every
// notice wait holds up no change.
type Runner struct {
	queue    Queue
	clock    clock.Clock
	log      *slog.Logger
	handlers map[Kind]Handler
	kinds    []Kind
	workers  int

	mu   sync.Mutex
	crew []*worker
	busy map[string]chan struct{} // closed when the worker of that job is done with it
}

// worker takes jobs of some kinds.
type worker struct {
	kinds []Kind
	own   bool // of one kind alone, for when all others are at work
	wake  chan struct{}
	idle  bool // under the runner's lock: it looks at wake before it sleeps again
}

// NewRunner returns a runner with that many workers for any kind of job, at least one.
func NewRunner(queue Queue, c clock.Clock, log *slog.Logger, workers int) *Runner {
	return &Runner{queue: queue, clock: c, log: log, handlers: map[Kind]Handler{}, workers: max(workers, 1),
		busy: map[string]chan struct{}{}}
}

// Handle registers the handler of a kind. All are registered before Run.
func (r *Runner) Handle(kind Kind, h Handler) {
	r.handlers[kind] = h
	r.kinds = append(r.kinds, kind)
}

// Wake makes an idle worker look at once: after a job was committed, or the clock moved. One
// is enough, because whoever finds a job wakes the next: to wake all of them for each job
// would be a dozen looks for one. Where nobody is idle that takes any kind, those of one
// kind look, after gather.
func (r *Runner) Wake() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, w := range r.crew {
		if w.idle && !w.own {
			w.rouse()
			return
		}
	}
	for _, w := range r.crew {
		w.rouse()
	}
}

// rouse wakes a worker; one that is at work looks again when it is done.
func (w *worker) rouse() {
	w.idle = false
	select {
	case w.wake <- struct{}{}:
	default: // it will look already
	}
}

// rests notes that a worker found nothing and will sleep.
func (r *Runner) rests(w *worker) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w.idle = len(w.wake) == 0
}

// Run works until ctx ends and all workers have put their job down: idle ones at once,
// the others when their job is done, at the latest Grace later. A job that is interrupted
// then is free for other processes at once.
func (r *Runner) Run(ctx context.Context) {
	inHand, interrupt := context.WithCancel(context.WithoutCancel(ctx))
	defer interrupt()
	done := make(chan struct{})
	var wg sync.WaitGroup
	for _, w := range r.hire() {
		wg.Go(func() { r.work(ctx, inHand, w) })
	}
	go func() {
		wg.Wait()
		close(done)
	}()
	<-ctx.Done()
	late := time.AfterFunc(Grace, interrupt)
	defer late.Stop()
	<-done
}

// rises notes that a worker looks again, whatever it was that woke it. It will see what it was
// called for until now: it need not look once more for that.
func (r *Runner) rises(w *worker) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w.idle = false
	select {
	case <-w.wake:
	default:
	}
}

func (r *Runner) hire() []*worker {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.crew = nil
	for range r.workers {
		r.crew = append(r.crew, &worker{kinds: r.kinds, wake: make(chan struct{}, 1)})
	}
	if len(r.kinds) > 1 {
		for _, k := range r.kinds {
			r.crew = append(r.crew, &worker{kinds: []Kind{k}, own: true, wake: make(chan struct{}, 1)})
		}
	}
	return r.crew
}

func (r *Runner) work(ctx, inHand context.Context, w *worker) {
	for ctx.Err() == nil {
		r.rises(w)
		did, err := r.once(inHand, w.kinds)
		if err != nil {
			r.log.Error("the job queue failed", "err", err)
		}
		if did && err == nil {
			continue
		}
		if sleep(ctx, r.pause(inHand, w, err), w.wake) && w.own {
			sleep(ctx, gather, nil)
		}
	}
}

// sleep returns after a while, or when ctx ends, or when it is woken.
func sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) (woken bool) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-wake:
		return true
	case <-timer.C:
	}
	return false
}

// pause says how long to sleep when nothing is due: until the next job, at most Poll.
func (r *Runner) pause(ctx context.Context, w *worker, err error) time.Duration {
	r.rests(w) // before it asks: what is committed after the answer wakes it
	if err != nil {
		return time.Second
	}
	due, ok, err := r.queue.NextDue(ctx, w.kinds)
	if err != nil || !ok {
		return Poll
	}
	return min(max(due.Sub(r.clock.Now()), 10*time.Millisecond), Poll)
}

// Once takes one due job of any kind, if there is one, and works on it.
func (r *Runner) Once(ctx context.Context) (did bool, err error) { return r.once(ctx, r.kinds) }

func (r *Runner) once(ctx context.Context, kinds []Kind) (did bool, err error) {
	now := r.clock.Now()
	j, ok, err := r.queue.Take(ctx, kinds, now, now.Add(Lease))
	if err != nil || !ok {
		return false, err
	}
	r.Wake() // where there was one there may be another
	if err := r.run(ctx, j); err != nil {
		return true, r.failed(ctx, j, err)
	}
	return true, nil
}

// failed puts a job back: after a pause, or at once when it is only that we stop.
func (r *Runner) failed(ctx context.Context, j Job, err error) error {
	due := r.clock.Now()
	switch {
	case errors.Is(err, ErrLost):
		return nil // another worker has it
	case ctx.Err() != nil:
		r.log.Info("a job was interrupted and is left to others", "job", j.ID, "kind", j.Kind, "attempt", j.Attempts)
	default:
		r.log.Error("a job failed and is tried again", "job", j.ID, "kind", j.Kind, "attempt", j.Attempts, "err", err)
		due = due.Add(Backoff(j.Attempts))
	}
	err = r.queue.Retry(context.WithoutCancel(ctx), j, due)
	if errors.Is(err, ErrLost) {
		return nil
	}
	return err
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
