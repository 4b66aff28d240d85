package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"rekey/internal/clock"
)

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// memory is a queue of one process, enough to test the runner; the rules of Take are
// tested in storetest on the real one.
type memory struct {
	mu   sync.Mutex
	jobs []Job
}

func (m *memory) Add(_ context.Context, j Job) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.jobs = append(m.jobs, j)
	return nil
}

func (m *memory) Take(ctx context.Context, kinds []Kind, now, until time.Time) (Job, bool, error) {
	if ctx.Err() != nil {
		return Job{}, false, ctx.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, j := range m.jobs {
		if slices.Contains(kinds, j.Kind) && !j.Due.After(now) && !j.LeasedUntil.After(now) {
			j.Attempts, j.Fence, j.LeasedUntil = j.Attempts+1, j.Fence+1, until
			m.jobs[i] = j
			return j, true, nil
		}
	}
	return Job{}, false, nil
}

func (m *memory) change(j Job, fn func(i int)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, have := range m.jobs {
		if have.ID == j.ID && have.Fence == j.Fence {
			fn(i)
			return nil
		}
	}
	return ErrLost
}

func (m *memory) Holds(_ context.Context, j Job, _ time.Time) error { return m.change(j, func(int) {}) }

func (m *memory) Done(_ context.Context, j Job) error {
	return m.change(j, func(i int) { m.jobs = append(m.jobs[:i], m.jobs[i+1:]...) })
}

func (m *memory) Retry(_ context.Context, j Job, due time.Time) error {
	return m.change(j, func(i int) { m.jobs[i].Due, m.jobs[i].LeasedUntil = due, time.Time{} })
}

func (m *memory) NextDue(context.Context, []Kind) (time.Time, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.jobs) == 0 {
		return time.Time{}, false, nil
	}
	return m.jobs[0].Due, true, nil
}

func (m *memory) FreeLeases(context.Context) error { return nil }

func (m *memory) left() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.jobs)
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestRunnerWakesForCommittedWork(t *testing.T) {
	queue := &memory{}
	r := NewRunner(queue, clock.Func(func() time.Time { return start }), quiet(), 2)
	done := make(chan string, 1)
	r.Handle(Apply, func(ctx context.Context, j Job) error {
		err := queue.Done(ctx, j)
		done <- j.Subject
		return err
	})
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() { r.Run(ctx); close(stopped) }()
	if err := queue.Add(ctx, Job{ID: "1", Kind: Apply, Subject: "change", Due: start}); err != nil {
		t.Fatal(err)
	}
	r.Wake()
	select {
	case got := <-done:
		if got != "change" {
			t.Errorf("the handler got %q, want change", got)
		}
	case <-time.After(Poll / 2):
		t.Error("the job was not taken before the next poll")
	}
	cancel()
	<-stopped
}

func TestOnceRetriesAfterErrorsAndPanics_AVL8(t *testing.T) {
	now := start
	queue := &memory{}
	r := NewRunner(queue, clock.Func(func() time.Time { return now }), quiet(), 1)
	calls := 0
	r.Handle(Apply, func(ctx context.Context, j Job) error {
		switch calls++; calls {
		case 1:
			return errors.New("the database is away")
		case 2:
			panic("a bad row")
		}
		return queue.Done(ctx, j)
	})
	_ = queue.Add(t.Context(), Job{ID: "1", Kind: Apply, Due: start})
	for attempt := 1; attempt <= 3; attempt++ {
		if did, err := r.Once(t.Context()); !did || err != nil {
			t.Fatalf("Once, attempt %d = %v, %v", attempt, did, err)
		}
		if attempt < 3 {
			if did, _ := r.Once(t.Context()); did {
				t.Fatalf("attempt %d was repeated without a pause", attempt)
			}
			now = now.Add(Backoff(attempt))
		}
	}
	if queue.left() != 0 || calls != 3 {
		t.Errorf("%d jobs left after %d calls, want 0 after 3", queue.left(), calls)
	}
}

func TestOnceLeavesALostJobAlone(t *testing.T) {
	queue := &memory{}
	r := NewRunner(queue, clock.Func(func() time.Time { return start }), quiet(), 1)
	r.Handle(Apply, func(context.Context, Job) error { return ErrLost })
	_ = queue.Add(t.Context(), Job{ID: "1", Kind: Apply, Due: start})
	if did, err := r.Once(t.Context()); !did || err != nil {
		t.Errorf("Once = %v, %v, want true, nil", did, err)
	}
	if j := queue.jobs[0]; !j.LeasedUntil.Equal(start.Add(Lease)) {
		t.Errorf("a job that another worker holds was freed")
	}
}

// A clock that jumps over the end of a lease gives the job to a second worker while the
// first one is still in its call.
func TestRunner_AVL3_AClockThatJumpsDoublesNoCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queue, now, release := &memory{}, clock.NewMovable(clock.Func(func() time.Time { return start }), 0), make(chan struct{})
		r := NewRunner(queue, now, quiet(), 2)
		var calls, finished atomic.Int32
		r.Handle(Apply, func(ctx context.Context, j Job) error {
			if calls.Add(1) == 1 {
				<-release // the directory takes its time
			}
			err := queue.Done(ctx, j)
			if err == nil {
				finished.Add(1)
			}
			return err
		})
		_ = queue.Add(t.Context(), Job{ID: "1", Kind: Apply, Due: start})
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() { _, _ = r.Once(t.Context()) })
			synctest.Wait()
			now.Advance(time.Hour)
		}
		if n := calls.Load(); n != 1 {
			t.Errorf("%d calls side by side, want 1", n)
		}
		close(release)
		wg.Wait()
		if calls.Load() != 2 || finished.Load() != 1 || queue.left() != 0 {
			t.Errorf("%d calls, %d of them finished the job, %d left, want 2, 1, 0", calls.Load(), finished.Load(), queue.left())
		}
	})
}

// hold is a handler that works until it is let go or interrupted.
func hold(queue Queue, began chan<- string, release <-chan struct{}) Handler {
	return func(ctx context.Context, j Job) error {
		began <- j.ID
		select {
		case <-release:
			return queue.Done(ctx, j)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// A mail server that lets every notice wait holds up no change.
func TestRunner_NOT2_OneKindDoesNotStarveAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queue, release, began := &memory{}, make(chan struct{}), make(chan string, 100)
		r := NewRunner(queue, clock.System{}, quiet(), 3)
		r.Handle(Apply, func(ctx context.Context, j Job) error { began <- j.ID; return queue.Done(ctx, j) })
		r.Handle(Notice, hold(queue, began, release))
		for i := range 20 {
			_ = queue.Add(t.Context(), Job{ID: fmt.Sprint("notice-", i), Kind: Notice, Key: fmt.Sprint(i), Due: time.Now()})
		}
		stop := running(t, r)
		synctest.Wait()
		for len(began) > 0 {
			<-began
		}
		_ = queue.Add(t.Context(), Job{ID: "apply", Kind: Apply, Due: time.Now()})
		r.Wake()
		select {
		case got := <-began:
			if got != "apply" {
				t.Errorf("%q was begun, want apply", got)
			}
		case <-time.After(2 * gather):
			t.Error("a change waits for the notices before it")
		}
		close(release)
		synctest.Wait()
		stop()
		if queue.left() != 0 {
			t.Errorf("%d jobs are left, want none", queue.left())
		}
	})
}

// counted is a queue that counts how often it is looked at.
type counted struct {
	*memory
	looks atomic.Int32
}

func (c *counted) Take(ctx context.Context, kinds []Kind, now, until time.Time) (Job, bool, error) {
	c.looks.Add(1)
	return c.memory.Take(ctx, kinds, now, until)
}

// While nobody is idle, the workers of one kind do not look for each job that others take.
func TestRunner_ManyCallsAreFewLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queue, release, began := &counted{memory: &memory{}}, make(chan struct{}), make(chan string, 1)
		r := withKinds(NewRunner(queue, clock.System{}, quiet(), 1), hold(queue, began, release))
		_ = queue.Add(t.Context(), Job{ID: "1", Kind: Apply, Due: time.Now()})
		stop := running(t, r)
		<-began
		synctest.Wait()
		before := queue.looks.Load()
		each := time.NewTicker(time.Millisecond)
		for range 1000 {
			<-each.C
			r.Wake()
		}
		each.Stop()
		if looks := queue.looks.Load() - before; looks > 3*11 {
			t.Errorf("%d looks in a second of calls, want one each %v of each kind", looks, gather)
		}
		close(release)
		stop()
	})
}

// running runs a runner. stop ends it and returns when it has returned.
func running(t *testing.T, r *Runner) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() { r.Run(ctx); close(stopped) }()
	return func() {
		cancel()
		<-stopped
	}
}

func TestRun_AVL8_IdleWorkersStopAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := running(t, withKinds(NewRunner(&memory{}, clock.System{}, quiet(), 4), nil))
		synctest.Wait()
		began := time.Now()
		stop()
		if took := time.Since(began); took != 0 {
			t.Errorf("Run returned after %v, want at once", took)
		}
	})
}

func withKinds(r *Runner, h Handler) *Runner {
	for _, k := range []Kind{Apply, Notice, Revoke} {
		r.Handle(k, h)
	}
	return r
}

func TestRun_AVL8_TheJobInHandComesToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queue, release, began := &memory{}, make(chan struct{}), make(chan string, 1)
		r := withKinds(NewRunner(queue, clock.System{}, quiet(), 2), hold(queue, began, release))
		_ = queue.Add(t.Context(), Job{ID: "1", Kind: Apply, Due: time.Now()})
		stop := running(t, r)
		<-began
		_ = queue.Add(t.Context(), Job{ID: "2", Kind: Apply, Due: time.Now().Add(time.Second)})
		letGo := time.AfterFunc(Grace/2, func() { close(release) })
		defer letGo.Stop()
		stop()
		if queue.left() != 1 || queue.jobs[0].ID != "2" || queue.jobs[0].Attempts != 0 {
			t.Errorf("left are %+v, want job 2, which nobody took", queue.jobs)
		}
	})
}

func TestRun_AVL8_AnInterruptedJobIsFreeAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queue, began := &memory{}, make(chan string, 1)
		r := withKinds(NewRunner(queue, clock.System{}, quiet(), 2), hold(queue, began, nil))
		_ = queue.Add(t.Context(), Job{ID: "1", Kind: Apply, Due: time.Now()})
		stop := running(t, r)
		<-began
		told := time.Now()
		stop()
		if took := time.Since(told); took != Grace {
			t.Errorf("Run returned after %v, want %v", took, Grace)
		}
		if j := queue.jobs[0]; !j.LeasedUntil.IsZero() || j.Due.After(time.Now()) {
			t.Errorf("the interrupted job is due at %v and leased until %v, want it free", j.Due, j.LeasedUntil)
		}
	})
}

func TestBackoff(t *testing.T) {
	want := []time.Duration{1, 1, 2, 4, 8, 16, 32, 60, 60}
	for attempts, seconds := range want {
		if got := Backoff(attempts); got != seconds*time.Second {
			t.Errorf("Backoff(%d) = %v, want %v", attempts, got, seconds*time.Second)
		}
	}
	if got := Backoff(1_000_000); got != time.Minute {
		t.Errorf("Backoff(1000000) = %v, want one minute", got)
	}
}
