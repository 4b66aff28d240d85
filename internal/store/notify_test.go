package store_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"rekey/internal/job"
	"rekey/internal/store"
	"rekey/internal/store/storetest/pg"
)

// patient is how long these tests wait for what should happen at once.
const patient = 20 * time.Second

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// listening runs Listen until the end of the test and returns what wakes.
func listening(t *testing.T, s *store.Store) <-chan struct{} {
	t.Helper()
	woken := make(chan struct{}, 100)
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() {
		s.Listen(ctx, func() { woken <- struct{}{} }, quiet())
		close(stopped)
	}()
	t.Cleanup(func() {
		cancel()
		waitFor(t, stopped, "Listen to return")
	})
	return woken
}

func waitFor(t *testing.T, what <-chan struct{}, doing string) {
	t.Helper()
	select {
	case <-what:
	case <-time.After(patient):
		t.Fatalf("waited %v for %s", patient, doing)
	}
}

func TestListen_AVL4_WakesOtherProcesses(t *testing.T) {
	server := pg.Start(t)
	here, there := opened(t, server.URL("")), opened(t, server.URL(""))
	woken := listening(t, there)
	waitFor(t, woken, "the wake-up when Listen begins")
	for range 3 {
		here.Announce()
		waitFor(t, woken, "the wake-up by another process")
	}
	if got := len(woken); got > 3 {
		t.Errorf("%d wake-ups were left after 3 announcements", got)
	}
}

func TestListen_AVL1_HealsAfterARestart(t *testing.T) {
	server := pg.Start(t)
	here, there := opened(t, server.URL("")), opened(t, server.URL(""))
	woken := listening(t, there)
	waitFor(t, woken, "the wake-up when Listen begins")
	server.Kill(t)
	here.Announce() // to nobody; it must not hang or panic
	server.Up(t)
	waitFor(t, woken, "the wake-up when Listen begins again")
	here.Announce()
	waitFor(t, woken, "the wake-up by another process")
}

// The connection is gone without a word: Listen notices by itself.
func TestListen_AVL1_HealsAfterSilence(t *testing.T) {
	server := pg.Start(t)
	wire := server.Wire(t)
	here, there := opened(t, server.URL("")), hasty(t, wire.URL(""))
	woken := listening(t, there)
	waitFor(t, woken, "the wake-up when Listen begins")
	wire.Stall()
	waitFor(t, woken, "the wake-up when Listen begins again")
	here.Announce()
	waitFor(t, woken, "the wake-up by another process")
}

// A last announcement is not lost with the process that made it.
func TestAnnounce_AVL8_CloseWaitsForIt(t *testing.T) {
	server := pg.Start(t)
	there := opened(t, server.URL(""))
	woken := listening(t, there)
	waitFor(t, woken, "the wake-up when Listen begins")
	here, err := store.Open(t.Context(), store.Options{URL: server.URL(""), Ring: ring(t)})
	if err != nil {
		t.Fatalf("Open = %v, want no error", err)
	}
	for range 100 {
		here.Announce()
	}
	if err := here.Close(); err != nil {
		t.Errorf("Close = %v, want no error", err)
	}
	waitFor(t, woken, "the wake-up by a process that has gone")
	here.Announce() // after Close it does nothing
}

// A transaction that adds work tells nobody before it is committed, and nobody at all by
// itself: that would serialise commits.
func TestAnnounce_OutsideOfTransactions(t *testing.T) {
	server := pg.Start(t)
	here, there := opened(t, server.URL("")), opened(t, server.URL(""))
	woken := listening(t, there)
	waitFor(t, woken, "the wake-up when Listen begins")
	err := here.InTx(t.Context(), func(ctx context.Context) error {
		if err := here.Add(ctx, job.Job{ID: "1", Kind: job.Apply, Key: "p", Created: now(), Due: now()}); err != nil {
			return err
		}
		here.Announce()
		waitFor(t, woken, "the wake-up, which does not wait for the transaction around it")
		return nil
	})
	if err != nil {
		t.Errorf("InTx = %v, want no error", err)
	}
}

func TestListen_SQLite(t *testing.T) {
	s := opened(t, "sqlite::memory:")
	s.Listen(t.Context(), func() { t.Error("woken by nobody") }, quiet())
	s.Announce()
}
