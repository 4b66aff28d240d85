package retirement

import (
	"slices"
	"time"

	"rekey/internal/directory"
	"rekey/internal/fault"
)

// stuckTime is after how long of silence a removal can be asked for anew.
const stuckTime = 5 * time.Minute

// Begin begins a move. One of a new number has no inventory to take: the number goes, and
// nothing else; methods are what the directory shows.
func Begin(id string, person directory.PersonID, s Situation, now time.Time, methods []directory.Method) Retirement {
	r, _ := Retirement{ID: id, Person: person, Started: now}.Becomes(s, now, methods) // of nothing begun there is no refusal
	return r
}

// Becomes answers the first question anew. Once taking off has begun, only a loss changes
// the order of things; what was said of the old phone stands then. Before, it is asked
// again, since the guesses are others.
func (r Retirement) Becomes(s Situation, now time.Time, methods []directory.Method) (Retirement, error) {
	if s == r.Situation {
		return r, nil
	}
	if r.removing() {
		if s != Lost {
			return r, fault.New(fault.Conflict, "new-phone.begun")
		}
		r.Situation = Lost
		return r, nil
	}
	r.Situation, r.Moves, r.NoNumber, r.NoApp = s, Unasked, false, false
	r = r.anew().fitPlan()
	if s != NewNumber {
		return r, nil
	}
	r.Items = Guess(methods, s, No)
	for i, item := range r.Items {
		r.Items[i].Old = item.Method.Kind == directory.Phone
	}
	r.Inventoried = now
	return r, nil
}

// Answer answers whether the number moves to the new phone. Another answer than before has
// the inventory taken anew.
func (r Retirement) Answer(moves Reply) (Retirement, error) {
	switch {
	case r.Situation != NewPhone || moves != Yes && moves != No:
		return r, fault.New(fault.Invalid, "new-phone.choose")
	case moves == r.Moves:
		return r, nil
	case r.removing():
		return r, fault.New(fault.Conflict, "new-phone.begun")
	}
	r.Moves = moves
	return r.anew().fitPlan(), nil
}

// anew forgets what was said to be on the old phone, and with it all that was seen since: it
// said nothing of another inventory.
func (r Retirement) anew() Retirement {
	r.Inventoried, r.Items, r.Used = time.Time{}, nil, nil
	r.Cleared, r.Revoked, r.SignedIn = time.Time{}, time.Time{}, time.Time{}
	return r
}

// Plannable reports whether there is a new number that may work from a later day.
func (r Retirement) Plannable() bool {
	return r.Situation == NewNumber || r.Situation == NewPhone && r.Moves == No && !r.NoNumber
}

// fitPlan drops a planned day that makes no sense any more.
func (r Retirement) fitPlan() Retirement {
	if !r.Plannable() {
		r.Planned, r.PlanID = time.Time{}, ""
	}
	return r
}

// Waive notes what the person does without, or takes it back.
func (r Retirement) Waive(w Want, without bool) (Retirement, error) {
	switch w {
	case WantNumber:
		r.NoNumber = without
	case WantMethod:
		r.NoApp = without
	default:
		return r, fault.New(fault.Invalid, "new-phone.choose")
	}
	return r.fitPlan(), nil
}

// SawUse notes that the directory says when methods were used, by their ids. Only what does
// not live on the old phone proves anything.
func (r Retirement) SawUse(methods []directory.Method, used map[string]time.Time) Retirement {
	r.Used = nil
	for _, m := range methods {
		if at := used[m.ID]; at.After(r.since()) && !r.IsOld(m) && !m.Kind.Contact() {
			r.Used = append(r.Used, Proof{Method: m, At: at})
		}
	}
	return r
}

// Stop gives the move up. What was done stays done; what was not begun is not.
func (r Retirement) Stop(now time.Time) Retirement {
	r.Abandoned = now
	return r
}

// Take notes which methods live on the old phone: those of the given ids, of all that the
// directory shows. It can be done again until something was taken off.
func (r Retirement) Take(now time.Time, methods []directory.Method, old []string) (Retirement, error) {
	if r.removing() {
		return r, fault.New(fault.Conflict, "new-phone.begun")
	}
	r = r.anew()
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
	r.Confirmed, r.ConfirmedAs, r.ConfirmedBy = now, r.Situation, r.Origin
	return r.plan(now, f), nil
}

// Again plans anew what was held, refused as the default or failed: the person did
// something about it at Microsoft, or the tenant did. What has been on its way for long
// without a word is planned anew as well: its job may be lost.
func (r Retirement) Again(now time.Time, f Facts) (Retirement, error) {
	if !r.removing() || r.OnItsWay(now) {
		return r, fault.New(fault.Conflict, "new-phone.not-yet")
	}
	r.ConfirmedAs, r.ConfirmedBy = r.Situation, r.Origin
	return r.plan(now, f), nil
}

// plan plans anew what is still to be taken off. What was taken stays noted, and so does
// what nobody can say of yet: it may have been, and people are still to be told.
func (r Retirement) plan(now time.Time, f Facts) Retirement {
	kept := slices.DeleteFunc(slices.Clone(r.Removals), func(x Removal) bool { return x.State != Taken && x.State != Uncertain })
	for _, x := range Plan(r, f, now) {
		if !slices.ContainsFunc(kept, func(k Removal) bool { return k.State == Uncertain && same(k.Method, x.Method) }) {
			kept = append(kept, x)
		}
	}
	r.Removals = kept
	return r
}

// Unfinished reports whether a removal is not over yet.
func (r Retirement) Unfinished() bool { return r.nextRemoval() >= 0 }

// OnItsWay reports whether something is being taken off at this moment: there is nothing to
// confirm then, and nothing to try again.
func (r Retirement) OnItsWay(now time.Time) bool {
	i := r.nextRemoval()
	return r.removing() && i >= 0 && now.Sub(r.Removals[i].At) < stuckTime
}

// Clears notes that nothing of the old phone is left, and that the person signs out
// everywhere at this moment: only what happens from now on is sure to be without it. Methods
// that the person removed at Microsoft have no other time. Asking again changes nothing.
func (r Retirement) Clears(now time.Time, f Facts) Retirement {
	if Gone(r, f) && !r.Unfinished() && !r.Cleared.After(r.lastRemoval()) {
		r.Cleared = now
	}
	return r
}

// SignedOut notes that sessions were ended everywhere at a time. Once that was so after all
// was cleared, another time changes nothing.
func (r Retirement) SignedOut(at time.Time) Retirement {
	if !r.signedOut() && at.After(r.Revoked) {
		r.Revoked = at
	}
	return r
}

// counts reports whether a sign-out everywhere at a time is the one that is needed now: of
// a lost phone that is still on the account any since the beginning, else one after all was
// cleared.
func (r Retirement) counts(at time.Time, f Facts) bool {
	if r.Situation == Lost && !Gone(r, f) {
		return !at.Before(r.Started)
	}
	return !r.Cleared.IsZero() && !at.Before(r.Cleared) && !at.Before(r.lastRemoval())
}

// signedOut reports whether sessions were ended everywhere after all was cleared and the
// last method removed: one that began in between may be the old phone's.
func (r Retirement) signedOut() bool {
	return !r.Cleared.IsZero() && !r.Revoked.Before(r.Cleared) && !r.Revoked.Before(r.lastRemoval())
}

// Saw notes a sign-in. Only a strong one counts, with credentials typed after everything
// was signed out and after the last old method was gone: before that the old phone could
// have answered.
func (r Retirement) Saw(typed time.Time, strong bool, f Facts) Retirement {
	if !Gone(r, f) { // it came back: what was before says nothing any more
		r.Cleared = time.Time{}
		return r
	}
	if strong && r.signedOut() && typed.After(r.Revoked) && r.SignedIn.Before(typed) {
		r.SignedIn = typed
	}
	return r
}

// Finish ends it with the sentence, if that is true at this moment; a move to a new number
// ends without one, since no phone goes. reference is that of the receipt.
func (r Retirement) Finish(now time.Time, f Facts, reference string) (Retirement, error) {
	_, more := Next(r, f)
	if r.Situation == NewNumber && more || r.Situation != NewNumber && !NoLongerNeeded(r, f) {
		return r, fault.New(fault.Conflict, "new-phone.not-yet")
	}
	r.Finished, r.Reference = now, reference
	return r, nil
}
