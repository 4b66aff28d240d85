package emulator

import (
	"encoding/json"
	"errors"
	"slices"
)

// Share sets what every demo that joins this tenant as another replica is handed, as it is:
// JSON with what the program's replicas have in common, keys and app registrations among it.
// Before that, nobody can join.
func (e *Emulator) Share(shared json.RawMessage) error {
	if !json.Valid(shared) {
		return errors.New("emulator: what is handed to replicas must be JSON")
	}
	shared = slices.Clone(shared)
	e.shared.Store(&shared)
	return nil
}
