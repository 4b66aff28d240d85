// Package session knows who sits at a browser: sessions, and sign-ins that have begun but
// not come back yet.
//
// A session is a database row with a stable id, to which changes, challenges and form
// tokens are bound, and a secret that only the browser has: the row keeps its SHA-256.
// Signing in again as the same person keeps the row and changes the secret; another
// person gets another row (SES-1, SES-2). Cookies go through gorilla/sessions.
//
//	ends                 when
//	idle                 30 minutes passed since it was last seen (SES-4)
//	absolute             8 hours passed since the last sign-in
//	signed out           at once, on every replica
//
// It leaves to others who may do what, and how a sign-in is proved.
package session

import (
	"context"
	"time"

	"rekey/internal/directory"
	"rekey/internal/tx"
)

// Limits, from the design and SES-4, OID-1.
const (
	Absolute    = 8 * time.Hour
	Idle        = 30 * time.Minute
	PendingTime = 10 * time.Minute
	// touchEvery is how exactly the time last seen is kept: a page view within it costs
	// no write.
	touchEvery = time.Minute
)

// Data is what is kept of a session, encrypted.
type Data struct {
	Person            directory.PersonID
	DisplayName       string
	UserPrincipalName string
	Guest             bool
	AuthTime          time.Time // when the identity provider last saw credentials
	Strong            bool      // the authentication context was in the token
	Language          string    // BCP 47
	Zone              string    // IANA name, empty while unknown
	Browser           string    // at the last sign-in: "Chrome on Windows", may be empty
	Network           string    // at the last sign-in: the operator's name for it, or the shortened address
	// Drafts are forms that wait for a step-up: fields by form.
	Drafts map[string]map[string]string
}

// Session is a live session.
type Session struct {
	ID string // of the row; stable, not a secret
	Data
	row Row
}

// Row is a session as it is stored.
type Row struct {
	ID     string
	Secret []byte // SHA-256 of the cookie's secret
	Person directory.PersonID
	Began  time.Time // the last sign-in
	Seen   time.Time
	Data   []byte // encrypted at rest
}

// PendingRow is a sign-in that has begun, as it is stored.
type PendingRow struct {
	State   []byte // SHA-256
	Browser []byte // SHA-256 of the browser's secret
	Expires time.Time
	Data    []byte // encrypted at rest
}

// Rows keeps sessions and sign-ins that have begun. All of it joins the transaction in ctx.
type Rows interface {
	tx.Runner
	AddSession(ctx context.Context, r Row) error
	// Session returns the row with this hash of a secret; ok is false when there is none.
	Session(ctx context.Context, secret []byte) (r Row, ok bool, err error)
	// SaveSession writes Secret, Began, Seen and Data of the row with r's id, if its
	// secret's hash is still the one given; ok is false when it is not.
	SaveSession(ctx context.Context, r Row, secret []byte) (ok bool, err error)
	// TouchSession notes when a session was last seen; the time never goes back.
	TouchSession(ctx context.Context, id string, at time.Time) error
	// RemoveSession deletes a row. A missing one is no error.
	RemoveSession(ctx context.Context, id string) error
	// SessionsOf returns a person's rows, last seen first, over or not.
	SessionsOf(ctx context.Context, person directory.PersonID) ([]Row, error)
	// RemoveSessionOf deletes a row of a person; ok is false when there is none of that id
	// or it is another person's (WEB-7).
	RemoveSessionOf(ctx context.Context, person directory.PersonID, id string) (ok bool, err error)
	// RemoveSessionsBut deletes a person's rows but one, and returns how many.
	RemoveSessionsBut(ctx context.Context, person directory.PersonID, keep string) (int, error)
	AddPending(ctx context.Context, p PendingRow) error
	// TakePending removes and returns the row with both hashes, once; ok is false when
	// there is none.
	TakePending(ctx context.Context, state, browser []byte) (p PendingRow, ok bool, err error)
}

// over reports whether a limit has passed at that time.
func (r Row) over(now time.Time) bool {
	return now.Sub(r.Began) >= Absolute || now.Sub(r.Seen) >= Idle
}
