package contact

import (
	"time"

	"rekey/internal/directory"
)

// deed is what applying has still to do.
type deed int

const (
	nothing         deed = iota // what was wanted is there
	elsewhere                   // somebody else changed it
	addIt                       // there is none: write the value
	updateIt                    // write the value in place
	removeIt                    // remove the contact
	removeAlternate             // second write of a promotion
)

// next says what is still to do, given what the directory shows. It is a pure function.
func (c Change) next(snap directory.Snapshot, now time.Time) deed {
	m, there := snap.Contact(c.Kind)
	switch c.Act {
	case Remove:
		switch {
		case !there:
			return nothing
		case m.Value == c.Before:
			return removeIt
		}
		return elsewhere
	case Promote:
		return c.nextOfPromotion(snap, now)
	}
	switch {
	case m.Value == c.Value:
		return nothing
	case m.Value != c.Before:
		return elsewhere
	case there:
		return updateIt
	}
	return addIt
}

func (c Change) nextOfPromotion(snap directory.Snapshot, now time.Time) deed {
	m, _ := snap.Contact(directory.Phone)
	alternate, there := snap.Contact(directory.AlternatePhone)
	written := m.Value == c.Value || !c.Half.IsZero() && m.Value == c.Before && now.Sub(c.Half) < lagTime
	switch {
	case there && alternate.Value != c.Value:
		return elsewhere
	case written && there:
		return removeAlternate
	case m.Value == c.Value:
		return nothing
	case written: // the alternate is gone, and the phone does not show yet
		return nothing
	case m.Value == c.Before && there:
		return updateIt
	}
	return elsewhere
}

// touched reports whether the directory may hold something that this change wrote: a write
// whose answer never came, or the first half of a promotion.
func (c Change) touched() bool { return !c.Wrote.IsZero() || !c.Half.IsZero() }

// showing returns what was read with what was written, where the directory does not show
// that yet.
func (c Change) showing(snap directory.Snapshot, at time.Time) directory.Snapshot {
	if c.shown(snap) {
		return snap
	}
	snap = snap.Wrote(c.Kind, c.Value, at) // of a removal the value is empty
	if c.Act == Promote {
		snap = snap.Wrote(directory.AlternatePhone, "", at)
	}
	return snap
}

// shown reports whether the directory shows what was wanted.
func (c Change) shown(snap directory.Snapshot) bool {
	m, _ := snap.Contact(c.Kind)
	_, alternate := snap.Contact(directory.AlternatePhone)
	return m.Value == c.Value && (c.Act != Promote || !alternate)
}
