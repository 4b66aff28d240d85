package contact

import (
	"time"

	"rekey/internal/directory"
)

// FreshTime is how old a sign-in may be that starts a change or sends a code (CHG-1).
const FreshTime = 10 * time.Minute

// Actor is the signed-in person who asks, as the web layer knows them.
type Actor struct {
	Person   directory.PersonID
	Session  string    // stable id of the session row
	AuthTime time.Time // when the identity provider last saw credentials
	Strong   bool      // the authentication context was in the token
	Address  string    // network address, shortened, for the audit log
	Request  string    // request id
	Language string    // BCP 47
	Zone     *time.Location
}

// aheadTime is how far the identity provider's clock may be ahead of ours (OID-2).
const aheadTime = time.Minute

// Recent reports whether the sign-in is at most ten minutes old. A time a little ahead of
// our clock counts as now; one further ahead, as after our clock was set back, and a
// missing one count as never (AVL-7).
func (a Actor) Recent(now time.Time) bool {
	age := now.Sub(a.AuthTime)
	return !a.AuthTime.IsZero() && age <= FreshTime && age >= -aheadTime
}
