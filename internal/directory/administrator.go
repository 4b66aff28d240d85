package directory

import (
	"context"
	"time"
)

// Template ids of directory roles, the same in every tenant.
// Source: Microsoft Entra, built-in roles reference.
const (
	GlobalAdministrator                   = "62e90394-69f5-4237-9190-012177145e10"
	PrivilegedAuthenticationAdministrator = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
)

// Roles says what makes a person an administrator.
type Roles struct {
	Held     []string // template ids of the directory roles held now, lower case
	Eligible []string // those that may be activated (Privileged Identity Management)
	Groups   bool     // member of a group to which roles may be assigned
}

// Any reports whether the person is an administrator by any of the three.
func (r Roles) Any() bool { return len(r.Held) > 0 || len(r.Eligible) > 0 || r.Groups }

// Finder finds people by their user name.
type Finder interface {
	// Find returns the one person of a user name (a user principal name, never a search).
	// Fault: fault.NotFound, also for what cannot be one.
	Find(ctx context.Context, user string) (PersonID, Account, error)
}

// RoleReader tells who holds a directory role at this moment, of the whole tenant. It is
// less than Administrators tells, and needs no more permission than to read accounts.
type RoleReader interface {
	HoldsRole(ctx context.Context, person PersonID) (bool, error)
}

// Administrators tells who is one.
type Administrators interface {
	Administrator(ctx context.Context, person PersonID) (Roles, error)
}

// ResetPolicy tells whether the tenant lets administrators reset their own password
// (allowedToUseSSPR).
type ResetPolicy interface {
	ResetAllowed(ctx context.Context) (bool, error)
}

// ContactHistory is the directory's own log of what changed.
type ContactHistory interface {
	// ChangedContacts returns when contacts of each kind may last have changed, of those that
	// did since a time. What the log does not tell apart counts for every kind. Fault:
	// fault.Forbidden where the log may not be read.
	ChangedContacts(ctx context.Context, person PersonID, since time.Time) (map[Kind]time.Time, error)
}

// PasswordWriter sets passwords.
type PasswordWriter interface {
	// SetPassword sets a person's password. Faults are those of Writer: fault.Invalid when the
	// directory refuses the password, ErrOutcomeUnknown when nobody can say.
	SetPassword(ctx context.Context, person PersonID, password string) error
	// MaySetPasswords reports whether this process's identity could set an administrator's.
	MaySetPasswords(ctx context.Context) (bool, error)
}

// Colleague is somebody who holds a role.
type Colleague struct {
	Person  PersonID
	Account Account
}

// Colleagues lists the holders of roles.
type Colleagues interface {
	// Holders returns those who hold one of the roles now, by template id, each once.
	Holders(ctx context.Context, roles ...string) ([]Colleague, error)
}
