package storetest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rekey/internal/clock"
	"rekey/internal/job"
)

// Runners checks the queue with the runners that work on it. open makes a fresh database
// and returns a store for each process on it: one and the same where one process has it.
func Runners(t *testing.T, open func(t *testing.T) [2]Store) {
	t.Run("AVL4_EachJobIsDoneOnce", func(t *testing.T) { runnersOnce(t, open(t)) })
	t.Run("AVL4_AFrozenWorkerLoses", func(t *testing.T) { runnersFrozen(t, open(t)) })
	t.Run("AVL4_AStoppedProcessLeavesItsJobs", func(t *testing.T) { runnersStopped(t, open(t)) })
}

func runner(s Store, c clock.Clock, handle func(ctx context.Context, s Store, j job.Job) error) *job.Runner {
	r := job.NewRunner(s, c, slog.New(slog.DiscardHandler), 3)
	for _, k := range []job.Kind{job.Apply, job.Notice, job.Revoke} {
		r.Handle(k, func(ctx context.Context, j job.Job) error { return handle(ctx, s, j) })
	}
	return r
}

// done is what handlers did, and who is at it.
type done struct {
	mu     sync.Mutex
	order  map[string][]string // of each kind and key, the jobs in the order of their ends
	inHand map[string]int
	all    chan struct{} // closed when so many are done
	want   int
}

func (d *done) begin(t *testing.T, j job.Job) (end func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := string(j.Kind) + j.Key
	if d.inHand[key]++; d.inHand[key] > 1 {
		t.Errorf("%d workers at jobs of kind %s and key %s, want one at a time", d.inHand[key], j.Kind, j.Key)
	}
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.inHand[key]--
	}
}

func (d *done) end(j job.Job) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := string(j.Kind) + j.Key
	d.order[key] = append(d.order[key], j.ID)
	if d.want--; d.want == 0 {
		close(d.all)
	}
}

func runnersOnce(t *testing.T, stores [2]Store) {
	const jobs, keys = 90, 5
	d := &done{order: map[string][]string{}, inHand: map[string]int{}, all: make(chan struct{}), want: jobs}
	c := clock.NewMovable(clock.System{}, 0)
	kinds := []job.Kind{job.Apply, job.Notice, job.Revoke}
	for i := range jobs {
		check(t, "Add", stores[i%2].Add(t.Context(), job.Job{ID: fmt.Sprintf("%03d", i), Kind: kinds[i%3], Key: fmt.Sprint(i % keys),
			Created: c.Now(), Due: c.Now()}))
	}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, s := range stores {
		r := runner(s, c, func(ctx context.Context, s Store, j job.Job) error {
			// A worker leaves before it commits: with the commit, the next job is free.
			leave := sync.OnceFunc(d.begin(t, j))
			defer leave()
			if j.Attempts == 1 && j.ID[2] == '7' {
				return errors.New("the first attempt fails")
			}
			return s.InTx(ctx, func(ctx context.Context) error {
				if err := s.Done(ctx, j); err != nil {
					return err
				}
				d.end(j)
				leave()
				return nil
			})
		})
		wg.Go(func() { r.Run(ctx) })
	}
	select {
	case <-d.all:
	case <-time.After(time.Minute):
		t.Error("not all jobs were done within a minute")
	}
	stop()
	wg.Wait()
	for key, order := range d.order {
		if !slices.IsSorted(order) || len(slices.Compact(slices.Clone(order))) != len(order) {
			t.Errorf("jobs of %s were done in the order %v, want each once, by age", key, order)
		}
	}
	if _, ok, err := stores[0].NextDue(t.Context(), kinds); ok || err != nil {
		t.Errorf("NextDue = %v, %v, want nothing left", ok, err)
	}
}

// runnersFrozen stops a process (SIGSTOP, a pause of its machine) in the middle of a job.
func runnersFrozen(t *testing.T, stores [2]Store) {
	if job.Lease+job.Poll > time.Minute {
		t.Errorf("a job rests for up to %v, want a minute at most", job.Lease+job.Poll)
	}
	now := at(0)
	c := clock.NewMovable(clock.Func(func() time.Time { return now }), 0)
	add(t, Fixture{Store: stores[0]}, newJob("a", job.Apply, "p", 0))
	began, thaw, applied := make(chan struct{}), make(chan struct{}), atomic.Int64{}
	frozen := runner(stores[0], c, func(ctx context.Context, s Store, j job.Job) error {
		close(began)
		<-thaw
		if err := s.Holds(ctx, j, c.Now()); !errors.Is(err, job.ErrLost) {
			t.Errorf("Holds of the one that was frozen = %v, want %v", err, job.ErrLost)
		}
		err := s.Done(ctx, j)
		if !errors.Is(err, job.ErrLost) {
			t.Errorf("Done of the one that was frozen = %v, want %v", err, job.ErrLost)
		}
		return err
	})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		if did, err := frozen.Once(t.Context()); !did || err != nil {
			t.Errorf("Once of the one that was frozen = %v, %v, want true", did, err)
		}
	}()
	<-began
	other := runner(stores[1], c, func(ctx context.Context, s Store, j job.Job) error {
		applied.Add(1)
		return errors.Join(s.Holds(ctx, j, c.Now()), s.Done(ctx, j))
	})
	c.Advance(job.Lease - time.Microsecond)
	if did, err := other.Once(t.Context()); did || err != nil {
		t.Errorf("Once under a lease = %v, %v, want nothing to do", did, err)
	}
	c.Advance(time.Microsecond)
	if did, err := other.Once(t.Context()); !did || err != nil || applied.Load() != 1 {
		t.Errorf("Once when the lease is over = %v, %v, %d applied, want one", did, err, applied.Load())
	}
	close(thaw)
	<-stopped
	if did, err := other.Once(t.Context()); did || err != nil {
		t.Errorf("Once when all is done = %v, %v, want nothing to do", did, err)
	}
}

// runnersStopped shuts a process down in the middle of a job that does not come to its end.
func runnersStopped(t *testing.T, stores [2]Store) {
	c := clock.Func(func() time.Time { return at(0) })
	add(t, Fixture{Store: stores[0]}, newJob("a", job.Apply, "p", 0), newJob("b", job.Notice, "q", 0))
	ctx, stop := context.WithCancel(t.Context())
	here := runner(stores[0], c, func(ctx context.Context, _ Store, _ job.Job) error {
		stop()
		<-ctx.Done()
		return ctx.Err()
	})
	if did, err := here.Once(ctx); !did || err != nil {
		t.Errorf("Once = %v, %v, want true", did, err)
	}
	var got []string
	there := runner(stores[1], c, func(ctx context.Context, s Store, j job.Job) error {
		got = append(got, j.ID)
		return s.Done(ctx, j)
	})
	for range 2 {
		if did, err := there.Once(t.Context()); !did || err != nil {
			t.Errorf("Once of another process, at the same moment = %v, %v, want true", did, err)
		}
	}
	if !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("the other process did %v, want both jobs", got)
	}
}
