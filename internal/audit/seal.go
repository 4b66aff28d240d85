package audit

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"rekey/internal/clock"
	"rekey/internal/tx"
)

// Seal is one link of the chain: a position, the event it seals, and an HMAC over the
// seal before it and the whole event.
type Seal struct {
	Position int64 // from 1, without gaps
	Event    string
	MAC      []byte
}

// MAC makes keyed hashes with a key that is outside the database. Verify accepts every
// key in the ring, so that an old seal stays good after a key change.
type MAC interface {
	MAC(parts ...[]byte) []byte
	VerifyMAC(mac []byte, parts ...[]byte) bool
}

// SealStore is what the sealer and the verifier need.
type SealStore interface {
	tx.Runner
	// HoldSealer takes or renews the one sealer's lease; false when another one has it.
	HoldSealer(ctx context.Context, owner string, now, until time.Time) (bool, error)
	// Unsealed returns up to limit events that have no seal, oldest first.
	Unsealed(ctx context.Context, limit int) ([]Event, error)
	// LastSeal returns the head of the chain; ok is false when it is empty.
	LastSeal(ctx context.Context) (seal Seal, ok bool, err error)
	// AddSeals appends to the chain; a position that is taken is an error.
	AddSeals(ctx context.Context, seals []Seal) error
	// EachSealed calls fn for every seal from position 1 on with its event; found is
	// false when the event is gone.
	EachSealed(ctx context.Context, fn func(s Seal, e Event, found bool) error) error
	// CountEvents returns how many events there are.
	CountEvents(ctx context.Context) (int64, error)
	// CountStray returns how many events have neither a seal nor a place in what the sealer
	// still has to do: Append never writes such a one. And how many of those places belong to
	// no event: it was removed before it was sealed.
	CountStray(ctx context.Context) (events, places int64, err error)
}

// Sealer chains committed events. Only the holder of the lease seals.
type Sealer struct {
	Store  SealStore
	MAC    MAC
	Clock  clock.Clock
	Owner  string
	Log    *slog.Logger
	logged time.Time
}

const (
	sealerLease = 30 * time.Second
	sealBatch   = 500
	sealPause   = 500 * time.Millisecond
	headEvery   = time.Minute
)

// Run seals until ctx ends, then once more, so that a clean shutdown leaves no tail.
func (s *Sealer) Run(ctx context.Context) {
	tick := time.NewTicker(sealPause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			s.round(last)
			return
		case <-tick.C:
			s.round(ctx)
		}
	}
}

func (s *Sealer) round(ctx context.Context) {
	if _, err := s.Seal(ctx); err != nil && ctx.Err() == nil {
		s.Log.Error("audit events could not be sealed", "err", err)
	}
}

// Seal chains all committed events that have no seal yet and returns how many.
func (s *Sealer) Seal(ctx context.Context) (int, error) {
	now := s.Clock.Now()
	held, err := s.Store.HoldSealer(ctx, s.Owner, now, now.Add(sealerLease))
	if err != nil || !held {
		return 0, err
	}
	total := 0
	for {
		n, err := s.batch(ctx)
		total += n
		if err != nil || n < sealBatch {
			return total, err
		}
	}
}

func (s *Sealer) batch(ctx context.Context) (n int, err error) {
	var head Seal
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		events, err := s.Store.Unsealed(ctx, sealBatch)
		if err != nil {
			return err
		}
		if head, _, err = s.Store.LastSeal(ctx); err != nil || len(events) == 0 {
			return err
		}
		seals := make([]Seal, 0, len(events))
		for _, e := range events {
			head = Seal{Position: head.Position + 1, Event: e.ID, MAC: s.MAC.MAC(sealParts(head, e)...)}
			seals = append(seals, head)
		}
		n = len(seals)
		return s.Store.AddSeals(ctx, seals)
	})
	if err == nil {
		s.logHead(head)
	}
	return n, err
}

// logHead writes the head and the count to the log each minute: a tail that is cut off
// together with its seals shows against the log.
func (s *Sealer) logHead(head Seal) {
	now := s.Clock.Now()
	if now.Sub(s.logged) < headEvery {
		return
	}
	s.logged = now
	s.Log.Info("audit log sealed", "count", head.Position, "head", hex.EncodeToString(head.MAC))
}

func sealParts(before Seal, e Event) [][]byte {
	body, err := json.Marshal(e) // maps are written with sorted keys
	if err != nil {
		panic(fmt.Sprintf("audit: an event of strings and a time cannot fail to encode: %v", err))
	}
	return [][]byte{[]byte(fmt.Sprintf("audit-seal/%d", before.Position+1)), before.MAC, body}
}

// Report is what a check of the chain found.
type Report struct {
	Events   int64
	Sealed   int64
	Unsealed int64 // the tail that waits for the sealer
	Head     string
	Problems []string
}

// Good reports whether nothing was changed, removed or inserted.
func (r Report) Good() bool { return len(r.Problems) == 0 }

// Verify reads the whole chain and says what does not fit. It writes nothing.
func Verify(ctx context.Context, store SealStore, mac MAC) (Report, error) {
	var r Report
	var before Seal
	err := store.EachSealed(ctx, func(seal Seal, e Event, found bool) error {
		switch {
		case seal.Position != before.Position+1:
			r.Problems = append(r.Problems, fmt.Sprintf("seals %d to %d are missing", before.Position+1, seal.Position-1))
		case !found:
			r.Problems = append(r.Problems, fmt.Sprintf("the event of seal %d is missing", seal.Position))
		case !mac.VerifyMAC(seal.MAC, sealParts(before, e)...):
			r.Problems = append(r.Problems, fmt.Sprintf("the event of seal %d, or the seal before it, was changed", seal.Position))
		}
		before = seal
		r.Sealed++
		return nil
	})
	if err != nil {
		return r, err
	}
	if r.Events, err = store.CountEvents(ctx); err != nil {
		return r, err
	}
	stray, empty, err := store.CountStray(ctx)
	if err != nil {
		return r, err
	}
	if stray > 0 {
		r.Problems = append(r.Problems, fmt.Sprintf("%d events were inserted past the log: the sealer was never told of them", stray))
	}
	if empty > 0 {
		r.Problems = append(r.Problems, fmt.Sprintf("%d events were removed before they were sealed", empty))
	}
	r.Head = hex.EncodeToString(before.MAC)
	r.Unsealed = r.Events - r.Sealed
	return r, nil
}
