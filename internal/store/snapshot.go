package store

import (
	"context"
	"encoding/json"
	"fmt"

	"rekey/internal/directory"
)

const snapshotQuery = `SELECT taken, data FROM snapshots WHERE person = $1`

// Snapshot returns the kept snapshot of a person, or directory.ErrNoSnapshot.
func (s *Store) Snapshot(ctx context.Context, person directory.PersonID) (directory.Snapshot, error) {
	var snap directory.Snapshot
	var taken int64
	var sealed []byte
	ok, err := found(s.in(ctx).QueryRowContext(ctx, snapshotQuery, person.String()).
		Scan(&taken, &sealed))
	if err != nil {
		return snap, named("read a snapshot", err)
	}
	if !ok {
		return snap, directory.ErrNoSnapshot
	}
	plain, err := s.unseal(sealed, "snapshots", "data", person.String())
	if err != nil {
		return snap, err
	}
	if err := json.Unmarshal(plain, &snap); err != nil {
		return directory.Snapshot{}, fmt.Errorf("store: the snapshot is not one: %w", err)
	}
	snap.At = moment(taken)
	return snap, nil
}

// SaveSnapshot replaces the kept snapshot unless a newer one is kept.
func (s *Store) SaveSnapshot(ctx context.Context, person directory.PersonID, snap directory.Snapshot) error {
	plain, err := json.Marshal(snap)
	if err != nil {
		return fmt.Errorf("store: a snapshot cannot be encoded: %w", err)
	}
	sealed, err := s.seal(plain, "snapshots", "data", person.String())
	if err != nil {
		return err
	}
	return s.later(ctx, naming("save a snapshot"), `INSERT INTO snapshots (person, taken, data) VALUES ($1, $2, $3)
		ON CONFLICT (person) DO UPDATE SET taken = excluded.taken, data = excluded.data
		WHERE snapshots.taken <= excluded.taken`, person.String(), micros(snap.At), sealed)
}
