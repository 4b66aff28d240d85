package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"rekey/internal/clock"
	"rekey/internal/job"
	"rekey/internal/store/storetest"
	"rekey/internal/store/storetest/pg"
)

func TestRunners_SQLite(t *testing.T) {
	storetest.Runners(t, func(t *testing.T) [2]storetest.Store {
		s := opened(t, "sqlite::memory:")
		return [2]storetest.Store{s, s}
	})
}

func TestRunners_PostgreSQL(t *testing.T) {
	server, n := pg.Start(t), 0
	storetest.Runners(t, func(t *testing.T) [2]storetest.Store {
		n++
		schema := fmt.Sprint("runners_", n)
		execute(t, server, "CREATE SCHEMA "+schema)
		return [2]storetest.Store{opened(t, server.URL(schema)), opened(t, server.URL(schema))}
	})
}

// TestRunner_AVL4_WokenByAnotherProcess adds work in one process and has it done in
// another, before that would have looked by itself.
func TestRunner_AVL4_WokenByAnotherProcess(t *testing.T) {
	server := pg.Start(t)
	web, worker := opened(t, server.URL("")), opened(t, server.URL(""))
	did, idle := make(chan string, 1), make(chan struct{}, 100)
	r := job.NewRunner(worker, clock.System{}, quiet(), 1)
	r.Handle(job.Apply, func(ctx context.Context, j job.Job) error {
		did <- j.ID
		return worker.Done(ctx, j)
	})
	ctx, stop := context.WithCancel(t.Context())
	stopped, deaf := make(chan struct{}), make(chan struct{})
	go func() { r.Run(ctx); close(stopped) }()
	go func() {
		worker.Listen(ctx, func() { r.Wake(); idle <- struct{}{} }, quiet())
		close(deaf)
	}()
	defer func() {
		stop()
		<-stopped
		<-deaf
	}()
	waitFor(t, idle, "the wake-up when Listen begins")
	for n := range 5 {
		j := job.Job{ID: fmt.Sprint(n), Kind: job.Apply, Key: "p", Created: clock.System{}.Now(), Due: clock.System{}.Now()}
		if err := web.Add(t.Context(), j); err != nil {
			t.Fatalf("Add = %v, want no error", err)
		}
		web.Announce()
		select {
		case got := <-did:
			if got != j.ID {
				t.Errorf("job %q was done, want %q", got, j.ID)
			}
		case <-time.After(job.Poll / 2):
			t.Fatalf("job %d was not done before the next poll", n)
		}
	}
}
