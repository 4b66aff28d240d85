package session

import (
	"context"

	"rekey/internal/directory"
)

// EndOthers ends the sessions of a person but one, and returns how many it ended. It joins
// the transaction in ctx, and takes effect with the next request on every replica (SES-5,
// SES-6).
func (m *Manager) EndOthers(ctx context.Context, person directory.PersonID, keep string) (int, error) {
	return m.rows.RemoveSessionsBut(ctx, person, keep)
}
