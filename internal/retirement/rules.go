package retirement

import (
	"context"
	"errors"

	"rekey/internal/contact"
	"rekey/internal/directory"
)

// Proofs answers when the contacts of an account were last proved here; see contact.Proofs.
type Proofs interface {
	Of(ctx context.Context, person directory.PersonID, snap directory.Snapshot) (map[directory.Kind]contact.Proof, error)
}

// Rules completes what was read of an account with what else decides over ways in.
type Rules struct {
	Proofs  Proofs
	Policy  func(context.Context) directory.Policy
	Setting func() directory.Setting
}

// Facts returns what is known of an account that was read.
func (x Rules) Facts(ctx context.Context, r Retirement, snap directory.Snapshot) (Facts, error) {
	f := Facts{Methods: snap.Methods, At: snap.At, Policy: x.Policy(ctx), Setting: x.Setting(), Proofs: r.Used}
	proofs, err := x.Proofs.Of(ctx, r.Person, snap)
	if err != nil {
		return Facts{}, err
	}
	for kind, p := range proofs {
		if m, ok := snap.Contact(kind); ok {
			f.Proofs = append(f.Proofs[:len(f.Proofs):len(f.Proofs)], Proof{Method: m, At: p.At})
		}
	}
	return f, nil
}

// Lagging returns a function that reports whether the directory does not show an earlier
// write of ours yet; kept holds what was acknowledged.
func Lagging(kept directory.SnapshotStore) func(context.Context, directory.PersonID, directory.Snapshot) (bool, error) {
	return func(ctx context.Context, person directory.PersonID, read directory.Snapshot) (bool, error) {
		snap, err := kept.Snapshot(ctx, person)
		if errors.Is(err, directory.ErrNoSnapshot) {
			return false, nil
		}
		return err == nil && snap.Ahead(read), err
	}
}
