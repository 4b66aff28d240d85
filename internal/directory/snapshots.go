package directory

import (
	"context"
	"errors"
	"time"

	"rekey/internal/clock"
)

// ErrOutcomeUnknown says that a write may or may not have been done: the line broke
// before the answer came. Read back before anything is repeated.
var ErrOutcomeUnknown = errors.New("directory: outcome unknown")

// ErrNoSnapshot says that nothing is kept of this person yet.
var ErrNoSnapshot = errors.New("directory: no snapshot kept")

// Fresh is how old a snapshot may be where a decision hangs on it.
const Fresh = 10 * time.Minute

// SnapshotStore keeps the newest snapshot of each person, encrypted.
type SnapshotStore interface {
	// Snapshot returns the kept snapshot, or ErrNoSnapshot.
	Snapshot(ctx context.Context, person PersonID) (Snapshot, error)
	// SaveSnapshot replaces the kept snapshot unless a newer one (by At) is kept.
	SaveSnapshot(ctx context.Context, person PersonID, s Snapshot) error
}

// Snapshots serves people's methods from the kept copy, so that a page view costs no
// call to the directory.
type Snapshots struct {
	Reader Reader
	Store  SnapshotStore
	Clock  clock.Clock
	// Roles, if set, tells who holds a directory role, for what pages offer to administrators.
	Roles RoleReader
	// Policies, if set, are read beside a person's methods when they are due, so that pages
	// find them kept.
	Policies *Policies
}

// Kept returns the kept snapshot without asking the directory, or ErrNoSnapshot.
func (s *Snapshots) Kept(ctx context.Context, person PersonID) (Snapshot, error) {
	return s.Store.Snapshot(ctx, person)
}

// Refresh reads the directory and keeps what it says; a write of ours that it acknowledged
// and does not show yet stays. Faults are those of Reader.
func (s *Snapshots) Refresh(ctx context.Context, person PersonID) (Snapshot, error) {
	at := s.Clock.Now() // before the read: what is told later is newer than this
	account, err := s.Reader.Account(ctx, person)
	if err != nil {
		return Snapshot{}, err
	}
	methods, err := s.Reader.Methods(ctx, person)
	if err != nil {
		return Snapshot{}, err
	}
	snap := Snapshot{Account: account, Methods: methods, At: at}
	kept, err := s.Kept(ctx, person)
	if err != nil && !errors.Is(err, ErrNoSnapshot) {
		return Snapshot{}, err
	}
	snap.Account.Administrator = s.administrator(ctx, person, kept)
	snap = snap.after(kept)
	err = s.Store.SaveSnapshot(ctx, person, snap)
	if s.Policies != nil { // last: what was read is kept, however long this takes
		s.Policies.Policy(ctx)
	}
	return snap, err
}

// Fresh returns a snapshot that is at most ten minutes old, refreshing it when needed.
func (s *Snapshots) Fresh(ctx context.Context, person PersonID) (Snapshot, error) {
	snap, err := s.Kept(ctx, person)
	if err == nil && s.Clock.Now().Sub(snap.At) <= Fresh {
		return snap, nil
	}
	if err != nil && !errors.Is(err, ErrNoSnapshot) {
		return Snapshot{}, err
	}
	return s.Refresh(ctx, person)
}

// administrator reports whether somebody holds a role: as it was known before, when that
// cannot be read now. It only decides over what is offered.
func (s *Snapshots) administrator(ctx context.Context, person PersonID, kept Snapshot) bool {
	if s.Roles == nil {
		return false
	}
	held, err := s.Roles.HoldsRole(ctx, person)
	if err != nil {
		return kept.Account.Administrator
	}
	return held
}
