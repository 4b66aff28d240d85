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
	Source   string    // what sends are counted by: an IPv4 address, or an IPv6 /64 (ABU-6)
	Browser  string    // "Chrome on Windows", may be empty
	Network  string    // the operator's name of the network, or the shortened address
	Request  string    // request id
	Language string    // BCP 47
	Zone     *time.Location
}

// origin is from where the person asks, as a notice tells it.
func (a Actor) origin() Origin {
	o := Origin{Browser: a.Browser, Network: a.Network}
	if a.Zone != nil {
		o.Zone = a.Zone.String()
	}
	return o
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
