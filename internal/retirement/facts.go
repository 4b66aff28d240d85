package retirement

import (
	"slices"
	"time"

	"rekey/internal/directory"
)

// Facts are what is known of an account at a moment.
type Facts struct {
	Methods []directory.Method // as the directory showed them
	At      time.Time          // when it did
	Policy  directory.Policy
	Setting directory.Setting
	// Proofs are when this very thing was last proved: a code to it was read back here, or
	// the directory says that exactly this method was used. Unknown is not proved.
	Proofs []Proof
}

// Proof says that a method worked.
type Proof struct {
	Method directory.Method
	At     time.Time
}

// Ways returns the ways in that do not need the old phone.
func (f Facts) Ways(r Retirement) directory.Ways {
	return directory.WaysIn(f.Methods, f.Policy, f.Setting, r.IsOld)
}

// Proved returns when a method was proved since the retirement began, zero if it was not.
// A proof from before says nothing of the phone that answers now: a number may have moved
// since.
func (f Facts) Proved(r Retirement, m directory.Method) time.Time {
	var at time.Time
	for _, p := range f.Proofs {
		if same(p.Method, m) && p.At.After(r.since()) && p.At.After(at) {
			at = p.At
		}
	}
	return at
}

// since is from when on a proof counts.
func (r Retirement) since() time.Time {
	if r.Inventoried.After(r.Started) {
		return r.Inventoried
	}
	return r.Started
}

// Provable reports whether a proof of a method can be had at all without the old phone:
// a code can be sent to numbers that are texted. Of everything else only the directory can
// tell, and where it does not, nobody.
func Provable(m directory.Method) bool {
	return m.Kind == directory.Phone || m.Kind == directory.AlternatePhone
}

// Check is the lock-out check: would the person still get in without the old phone?
type Check struct {
	Ways   directory.Ways // without the old phone
	Proved int            // of those that are certain, how many are proved
	Needed int            // how many certain ones are needed
}

// Passed reports whether the old phone may go (OLD-2).
func (c Check) Passed() bool { return c.Ways.Certain() >= c.Needed && c.Proved > 0 }

// Missing returns how many certain ways in are still to be added.
func (c Check) Missing() int { return max(0, c.Needed-c.Ways.Certain()) }

// twoWays is how many ways in must remain (OLD-2).
const twoWays = 2

// LockOut makes the check.
func LockOut(r Retirement, f Facts) Check {
	c := Check{Ways: f.Ways(r), Needed: twoWays}
	if r.Situation == NewNumber {
		c.Needed = 1 // no phone goes: it is only said whether the number is all there is
	}
	for _, w := range c.Ways.In {
		if w.Answer == directory.Yes && f.provedWay(r, w) {
			c.Proved++
		}
	}
	return c
}

// provedWay reports whether a way was proved: by its last method, since the password is
// the same in all of them.
func (f Facts) provedWay(r Retirement, w directory.Way) bool {
	return len(w.Methods) > 0 && !f.Proved(r, w.Methods[len(w.Methods)-1]).IsZero()
}

// MayRemove reports whether taking a method off keeps what is promised, as things are at
// this moment. Of a lost phone everything goes as long as one certain way in remains:
// what a thief holds does harm every minute. In all other situations the check must
// hold still.
func MayRemove(r Retirement, f Facts, m directory.Method) bool {
	without := func(x directory.Method) bool { return r.IsOld(x) || same(x, m) }
	if directory.RemovalRefused(f.Methods, without, f.Policy, f.Setting) {
		return false
	}
	if r.ConfirmedAs == Lost {
		return directory.WaysIn(f.Methods, f.Policy, f.Setting, without).Certain() > 0
	}
	return LockOut(r, f).Passed()
}

// Gone reports whether nothing that lives on the old phone is on the account any more.
func Gone(r Retirement, f Facts) bool { return !slices.ContainsFunc(f.Methods, r.IsOld) }

// NoLongerNeeded reports whether the account no longer needs the old phone, as the
// directory showed it at that moment: nothing of it is left on the account, everything
// that was signed in was signed out after that, somebody signed in since, and two ways in
// are there, one of them proved. Where no phone goes it is never said.
func NoLongerNeeded(r Retirement, f Facts) bool {
	if r.Situation == NewNumber || r.Inventoried.IsZero() || r.nextRemoval() >= 0 || !Gone(r, f) || !f.At.After(r.lastRemoval()) {
		return false
	}
	return r.signedOut() && r.SignedIn.After(r.Revoked) && LockOut(r, f).Passed()
}

// lastRemoval is when the last removal was done, zero where nothing was.
func (r Retirement) lastRemoval() time.Time {
	var at time.Time
	for _, x := range r.Removals {
		if x.State == Taken && x.At.After(at) {
			at = x.At
		}
	}
	return at
}
