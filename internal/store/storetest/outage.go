package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rekey/internal/contact"
	"rekey/internal/fault"
	"rekey/internal/job"
	"rekey/internal/verification"
)

// Outage lets many people redeem their codes while the database goes down and comes up
// again under them (AVL-6): what was told to be counted or redeemed is, a code is consumed
// exactly where its job is there, all that fails says that the database is down, and what
// begins after up has returned does not fail. down and up return when it is done.
func Outage(t *testing.T, s Store, down, up func()) {
	const people, before = 16, 200
	o := &outage{s: s, enough: make(chan struct{}), up: make(chan struct{}), before: before}
	var wg sync.WaitGroup
	for who := range people {
		wg.Go(func() { o.redeem(t, who) })
	}
	<-o.enough
	down()
	up()
	close(o.up)
	wg.Wait()
	o.check(t)
}

type outage struct {
	s      Store
	before int64         // so many steps succeed before the outage
	enough chan struct{} // closed then
	up     chan struct{} // closed when the database is up again
	steps  atomic.Int64
	failed atomic.Int64

	mu    sync.Mutex
	flows []*flow
}

// flow is what one person was told about one code.
type flow struct {
	change    contact.Change
	challenge verification.Challenge
	begun     bool
	counted   int
	redeemed  bool
}

// redeem lets a person redeem codes until some were redeemed after the outage.
func (o *outage) redeem(t *testing.T, who int) {
	for n, after := 0, 0; after < 3; n++ {
		if o.isUp() {
			after++
		}
		id := fmt.Sprint(who, "-", n)
		f := &flow{change: change(id, who*100_000+n, contact.Proving), challenge: challenge("challenge-"+id, id, who*100_000+n)}
		o.mu.Lock()
		o.flows = append(o.flows, f)
		o.mu.Unlock()
		if f.begun = o.step(t, "begin", func() error { return begin(t.Context(), o.s, f) }); !f.begun {
			continue
		}
		for range 2 {
			if o.step(t, "CountTry", func() error { return countTry(t.Context(), o.s, f) }) {
				f.counted++
			}
		}
		f.redeemed = o.step(t, "redeem", func() error { return redeem(t.Context(), o.s, f) })
	}
}

func (o *outage) isUp() bool {
	select {
	case <-o.up:
		return true
	default:
		return false
	}
}

// step does one thing. When it fails, it waits for the end of the outage.
func (o *outage) step(t *testing.T, what string, do func() error) bool {
	wasUp := o.isUp()
	err := do()
	switch {
	case err == nil:
		if o.steps.Add(1) == o.before {
			close(o.enough)
		}
		return true
	case wasUp:
		t.Errorf("%s after the restart = %v, want no error", what, err)
	case !fault.Is(err, fault.Unavailable):
		t.Errorf("%s during the outage = %v, want unavailable", what, err)
	}
	o.failed.Add(1)
	select {
	case <-o.up:
	case <-time.After(time.Minute):
		t.Errorf("%s failed, and the database was not taken down within a minute: %v", what, err)
	}
	return false
}

func begin(ctx context.Context, s Store, f *flow) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		if err := s.AddChange(ctx, f.change); err != nil {
			return err
		}
		return s.AddChallenge(ctx, f.challenge)
	})
}

var errRefused = errors.New("storetest: refused")

func countTry(ctx context.Context, s Store, f *flow) error {
	_, _, ok, err := s.CountTry(ctx, attempt(f.challenge, at(0)))
	if err == nil && !ok {
		return errRefused
	}
	return err
}

func redeem(ctx context.Context, s Store, f *flow) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		consumed, err := s.Consume(ctx, f.challenge.ID, at(0))
		if err != nil {
			return err
		}
		moved := f.change
		moved.State = contact.Applying
		saved, err := s.SaveChange(ctx, moved, contact.Proving)
		if err != nil {
			return err
		}
		if !consumed || !saved {
			return errRefused
		}
		if err := s.Add(ctx, job.Job{ID: f.change.ID, Kind: job.Apply, Key: f.change.Person.String(), Subject: f.change.ID, Due: at(0)}); err != nil {
			return err
		}
		return s.Append(ctx, event(f.change.ID))
	})
}

// check compares what is there with what people were told.
func (o *outage) check(t *testing.T) {
	if o.failed.Load() == 0 {
		t.Error("nothing failed during the outage: the database was not down")
	}
	jobs, events := o.jobs(t), int64(0)
	for _, f := range o.flows {
		id := f.change.ID
		change, err := o.s.ChangeByID(t.Context(), id)
		c, errCode := o.s.Challenge(t.Context(), f.challenge.Person, f.challenge.ID)
		if there := err == nil; there != (errCode == nil) || f.begun && !there {
			t.Errorf("flow %s: change %v, code %v, told that it had begun: %v; want both or neither, both if told", id, err, errCode, f.begun)
		}
		consumed := c.State == verification.Consumed
		if consumed {
			events++
		}
		if consumed != jobs[id] || consumed != (change.State == contact.Applying) || f.redeemed && !consumed {
			t.Errorf("flow %s: code %s, change %s, job there: %v, told that it was redeemed: %v; want all or nothing, all if told",
				id, c.State, change.State, jobs[id], f.redeemed)
		}
		if c.Tries < f.counted || f.begun && c.Tries > 2 {
			t.Errorf("flow %s: %d tries, %d were told to be counted, of 2", id, c.Tries, f.counted)
		}
	}
	if n, err := o.s.CountEvents(t.Context()); n != events || err != nil {
		t.Errorf("CountEvents = %d, %v, want %d: one for each redeemed code", n, err, events)
	}
}

// jobs takes all the jobs that there are.
func (o *outage) jobs(t *testing.T) map[string]bool {
	all := map[string]bool{}
	for {
		j, ok, err := o.s.Take(t.Context(), []job.Kind{job.Apply}, at(0), at(time.Minute))
		check(t, "Take", err)
		if !ok {
			return all
		}
		all[j.Subject] = true
	}
}
