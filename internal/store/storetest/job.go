package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rekey/internal/job"
)

func newJob(id string, kind job.Kind, key string, due time.Duration) job.Job {
	return job.Job{ID: id, Kind: kind, Key: key, Subject: "about-" + id, Created: at(0), Due: at(due)}
}

func add(t *testing.T, f Fixture, jobs ...job.Job) {
	t.Helper()
	for _, j := range jobs {
		check(t, "Add", f.Store.Add(t.Context(), j))
	}
}

// take leases a job for a minute and returns it, or one without an id.
func take(t *testing.T, f Fixture, now time.Duration, kinds ...job.Kind) job.Job {
	t.Helper()
	j, ok, err := f.Store.Take(t.Context(), kinds, at(now), at(now+time.Minute))
	check(t, "Take", err)
	if ok != (j.ID != "") {
		t.Errorf("Take = %+v, %v: ok does not fit", j, ok)
	}
	return j
}

func wantTake(t *testing.T, f Fixture, now time.Duration, want string, kinds ...job.Kind) job.Job {
	t.Helper()
	j := take(t, f, now, kinds...)
	if j.ID != want {
		t.Errorf("Take at +%v of %v = %q, want %q", now, kinds, j.ID, want)
	}
	return j
}

func jobOldestFirst(t *testing.T, f Fixture) {
	err := f.Store.InTx(t.Context(), func(ctx context.Context) error {
		check(t, "Add", f.Store.Add(ctx, newJob("undone", job.Apply, "z", 0)))
		return errUndo
	})
	if !errors.Is(err, errUndo) {
		t.Fatalf("InTx = %v, want what fn returned", err)
	}
	add(t, f, newJob("later", job.Apply, "a", time.Hour), newJob("b1", job.Apply, "b", 0), newJob("a2", job.Apply, "a", 0),
		newJob("n", job.Notice, "b", 0))
	wantTake(t, f, 0, "")
	got := wantTake(t, f, 0, "b1", job.Apply)
	want := newJob("b1", job.Apply, "b", 0)
	want.Attempts, want.Fence, want.LeasedUntil = 1, 1, at(time.Minute)
	if got != want {
		t.Errorf("Take = %+v, want %+v", got, want)
	}
	wantTake(t, f, 0, "", job.Apply) // a2 waits for the older job of its key
	wantTake(t, f, 0, "n", job.Apply, job.Notice)
	done := wantTake(t, f, time.Hour, "later", job.Apply)
	check(t, "Done", f.Store.Done(t.Context(), done))
	check(t, "Done", f.Store.Done(t.Context(), wantTake(t, f, time.Hour, "b1", job.Apply)))
	check(t, "Done", f.Store.Done(t.Context(), wantTake(t, f, time.Hour, "a2", job.Apply)))
	wantTake(t, f, time.Hour, "", job.Apply)
}

func jobOneAtATime(t *testing.T, f Fixture) {
	const jobs, workers = 24, 6
	for i := range jobs {
		add(t, f, newJob(fmt.Sprintf("%02d", i), job.Apply, "the person", 0))
	}
	var running atomic.Int64
	var mu sync.Mutex
	var order []string
	work := func(int) {
		for {
			mu.Lock()
			over := len(order) == jobs
			mu.Unlock()
			if over {
				return
			}
			j, ok, err := f.Store.Take(t.Context(), []job.Kind{job.Apply}, at(0), at(time.Minute))
			if err != nil {
				t.Errorf("Take = %v, want no error", err)
				return
			}
			if !ok {
				continue
			}
			if n := running.Add(1); n != 1 {
				t.Errorf("%d jobs of one key at once, want 1", n)
			}
			mu.Lock()
			order = append(order, j.ID)
			mu.Unlock()
			running.Add(-1)
			if err := f.Store.Done(t.Context(), j); err != nil {
				t.Errorf("Done = %v, want no error", err)
				return
			}
		}
	}
	together(workers, work)
	if !slices.IsSorted(order) || len(order) != jobs {
		t.Errorf("worked on in the order %v, want all %d by age", order, jobs)
	}
}

func jobTakenOnce(t *testing.T, f Fixture) {
	const jobs, workers = 40, 8
	for i := range jobs {
		add(t, f, newJob(fmt.Sprint(i), job.Apply, fmt.Sprint("person-", i), 0))
	}
	var mu sync.Mutex
	taken := map[string]int{}
	together(workers, func(int) {
		for {
			j, ok, err := f.Store.Take(t.Context(), []job.Kind{job.Apply}, at(0), at(time.Minute))
			if err != nil || !ok {
				if err != nil {
					t.Errorf("Take = %v, want no error", err)
				}
				return
			}
			mu.Lock()
			taken[j.ID]++
			mu.Unlock()
		}
	})
	if len(taken) != jobs {
		t.Errorf("%d of %d jobs were taken", len(taken), jobs)
	}
	for id, n := range taken {
		if n != 1 {
			t.Errorf("job %s was taken %d times, want once", id, n)
		}
	}
}

func jobFence(t *testing.T, f Fixture) {
	ctx := t.Context()
	add(t, f, newJob("a", job.Apply, "p", 0))
	first := wantTake(t, f, 0, "a", job.Apply)
	wantTake(t, f, time.Minute-time.Microsecond, "", job.Apply)
	second := wantTake(t, f, time.Minute, "a", job.Apply)
	if second.Fence <= first.Fence || second.Attempts != 2 {
		t.Errorf("second lease = %+v after %+v, want a higher fence and two attempts", second, first)
	}
	for what, err := range map[string]error{"Holds": f.Store.Holds(ctx, first, at(time.Minute)), "Done": f.Store.Done(ctx, first),
		"Retry": f.Store.Retry(ctx, first, at(0))} {
		if !errors.Is(err, job.ErrLost) {
			t.Errorf("%s with the first lease = %v, want %v", what, err, job.ErrLost)
		}
	}
	check(t, "Holds", f.Store.Holds(ctx, second, at(2*time.Minute-time.Microsecond)))
	check(t, "Retry", f.Store.Retry(ctx, second, at(3*time.Minute)))
	if err := f.Store.Done(ctx, second); !errors.Is(err, job.ErrLost) {
		t.Errorf("Done after Retry = %v, want %v", err, job.ErrLost)
	}
	wantTake(t, f, 3*time.Minute-time.Microsecond, "", job.Apply)
	third := wantTake(t, f, 3*time.Minute, "a", job.Apply)
	if n := count(t, 10, func(int) (bool, error) {
		err := f.Store.Done(ctx, third)
		if errors.Is(err, job.ErrLost) {
			return false, nil
		}
		return err == nil, err
	}); n != 1 {
		t.Errorf("10 Done: %d succeeded, want 1", n)
	}
}

func jobLeaseEnds(t *testing.T, f Fixture) {
	ctx := t.Context()
	add(t, f, newJob("a", job.Apply, "p", 0))
	j := wantTake(t, f, 0, "a", job.Apply)
	if err := f.Store.Holds(ctx, j, at(time.Minute)); !errors.Is(err, job.ErrLost) {
		t.Errorf("Holds when the lease ends = %v, want %v", err, job.ErrLost)
	}
	check(t, "Done of a job that nobody else has", f.Store.Done(ctx, j))
	wantTake(t, f, time.Hour, "", job.Apply)
}

func jobNextDue(t *testing.T, f Fixture) {
	want := func(what string, due time.Duration, there bool) {
		t.Helper()
		got, ok, err := f.Store.NextDue(t.Context(), []job.Kind{job.Apply})
		check(t, "NextDue", err)
		if ok != there || (there && !got.Equal(at(due))) {
			t.Errorf("NextDue %s = %v, %v, want %v, %v", what, got, ok, at(due), there)
		}
	}
	want("of an empty queue", 0, false)
	add(t, f, newJob("n", job.Notice, "p", -time.Hour))
	want("with another kind in it", 0, false)
	add(t, f, newJob("old", job.Apply, "p", time.Hour), newJob("young", job.Apply, "p", 0))
	want("with a young job behind an old one", time.Hour, true)
	add(t, f, newJob("q", job.Apply, "q", 2*time.Minute))
	want("with another key", 2*time.Minute, true)
	j := wantTake(t, f, 2*time.Minute, "q", job.Apply)
	want("with that one leased", 3*time.Minute, true)
	check(t, "Retry", f.Store.Retry(t.Context(), j, at(10*time.Minute)))
	want("with that one put back", 10*time.Minute, true)
}

func jobFreeLeases(t *testing.T, f Fixture) {
	ctx := t.Context()
	add(t, f, newJob("a", job.Apply, "p", 0))
	before := wantTake(t, f, 0, "a", job.Apply)
	if held, err := f.Store.HoldSealer(ctx, "before", at(0), at(time.Minute)); !held || err != nil {
		t.Fatalf("HoldSealer = %v, %v, want true", held, err)
	}
	check(t, "FreeLeases", f.Store.FreeLeases(ctx))
	if err := f.Store.Done(ctx, before); !errors.Is(err, job.ErrLost) {
		t.Errorf("Done after FreeLeases = %v, want %v", err, job.ErrLost)
	}
	if j := wantTake(t, f, time.Second, "a", job.Apply); j.Attempts != 2 {
		t.Errorf("attempts after FreeLeases = %d, want 2", j.Attempts)
	}
	if held, err := f.Store.HoldSealer(ctx, "after", at(time.Second), at(time.Minute)); !held || err != nil {
		t.Errorf("HoldSealer after FreeLeases = %v, %v, want true", held, err)
	}
}
