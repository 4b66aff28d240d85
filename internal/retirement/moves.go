package retirement

import (
	"slices"
	"time"

	"rekey/internal/directory"
	"rekey/internal/fault"
)

// Take notes which methods live on the old phone: those of the given ids, of all that the
// directory shows. It can be done again until something was taken off.
func (r Retirement) Take(now time.Time, methods []directory.Method, old []string) (Retirement, error) {
	if r.removing() {
		return r, fault.New(fault.Conflict, "new-phone.begun")
	}
	r.Items = Guess(methods, r.Situation, r.Moves)
	for i, item := range r.Items {
		r.Items[i].Old = slices.Contains(old, item.Method.ID) && !(item.Method.Kind == directory.Phone && r.Moves == Yes)
	}
	r.Inventoried = now
	return r, nil
}

// removing reports whether taking off has begun.
func (r Retirement) removing() bool { return !r.Confirmed.IsZero() }

// Confirm begins the taking off. The caller has made sure of a fresh sign-in and that f is
// what the directory says now.
func (r Retirement) Confirm(now time.Time, f Facts) (Retirement, error) {
	if !Reached(r, f, TakeOff) {
		return r, fault.New(fault.Conflict, "new-phone.not-yet")
	}
	if r.Situation != Lost && !LockOut(r, f).Passed() {
		return r, fault.New(fault.Conflict, "new-phone.not-yet")
	}
	r.Confirmed, r.Removals = now, append(r.taken(), Plan(r, f, now)...)
	return r, nil
}

// Again plans anew what was held, refused as the default or failed: the person did
// something about it at Microsoft, or the tenant did.
func (r Retirement) Again(now time.Time, f Facts) (Retirement, error) {
	if !r.removing() || r.nextRemoval() >= 0 {
		return r, fault.New(fault.Conflict, "new-phone.not-yet")
	}
	r.Removals = append(r.taken(), Plan(r, f, now)...)
	return r, nil
}

func (r Retirement) taken() []Removal {
	return slices.DeleteFunc(slices.Clone(r.Removals), func(x Removal) bool { return x.State != Taken })
}

// SignedOut notes that sessions were ended everywhere at a time.
func (r Retirement) SignedOut(at time.Time) Retirement {
	if at.After(r.Revoked) && (r.Situation == Lost || !at.Before(r.lastRemoval())) {
		r.Revoked = at
	}
	return r
}

// Saw notes a sign-in. Only a strong one counts, with credentials typed after everything
// was signed out and after the last old method was gone: before that the old phone could
// have answered.
func (r Retirement) Saw(typed time.Time, strong bool, f Facts) Retirement {
	if strong && Gone(r, f) && !r.Revoked.IsZero() && typed.After(r.Revoked) && typed.After(r.lastRemoval()) && r.SignedIn.Before(typed) {
		r.SignedIn = typed
	}
	return r
}

// Finish ends it with the sentence, if that is true at this moment.
func (r Retirement) Finish(now time.Time, f Facts) (Retirement, error) {
	if !NoLongerNeeded(r, f) {
		return r, fault.New(fault.Conflict, "new-phone.not-yet")
	}
	r.Finished = now
	return r, nil
}
