package phone

import "sync"

// recentMost is how many numbers are remembered.
const recentMost = 1000

// recent remembers what was worked out lately of numbers, in memory alone: a view of the
// security info page asks for the same two again and again, and reading them took
// about a tenth of its processor time.
type recent[T any] struct {
	mu   sync.Mutex
	kept map[string]T
}

// of returns what is known of a number, or else what find finds; ok is false for what is not
// worth remembering.
func (r *recent[T]) of(number string, find func() (found T, ok bool)) T {
	r.mu.Lock()
	known, ok := r.kept[number]
	r.mu.Unlock()
	if ok {
		return known
	}
	found, ok := find()
	if ok {
		r.mu.Lock()
		if r.kept == nil || len(r.kept) >= recentMost {
			r.kept = map[string]T{}
		}
		r.kept[number] = found
		r.mu.Unlock()
	}
	return found
}

// What Parse found of numbers with a calling code, and Mask of all.
var (
	recentNumbers recent[Number]
	recentMasks   recent[string]
)
