package contact

import (
	"context"
	"maps"

	"rekey/internal/directory"
)

// Proofs answers when contacts were last proved here, for journeys that rely on it.
type Proofs struct {
	Store Store
	Hash  func(value string) string // see Recogniser
}

// Of returns when each contact, as the snapshot has it, was last proved here: one that has
// another value by now was not.
func (p Proofs) Of(ctx context.Context, person directory.PersonID, snap directory.Snapshot) (map[directory.Kind]Proof, error) {
	_, proofs, err := p.Store.Overview(ctx, person)
	if err != nil {
		return nil, err
	}
	return current(proofs, snap, p.Hash), nil
}

// current keeps the proofs of what is on the account.
func current(proofs map[directory.Kind]Proof, snap directory.Snapshot, hash func(string) string) map[directory.Kind]Proof {
	maps.DeleteFunc(proofs, func(kind directory.Kind, p Proof) bool {
		m, ok := snap.Contact(kind)
		return !ok || hash(m.Value) != p.Hash
	})
	return proofs
}
