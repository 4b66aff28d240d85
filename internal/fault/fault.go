// Package fault holds the errors that reach a person: a kind for the machine, which
// decides the status of the page, and a message key for the words on it.
//
// The text of Error is for the log only. It never reaches a browser.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what sort of trouble it is. The web layer turns it into a status code.
type Kind int

// The kinds, with the status code that a page gets.
const (
	Internal    Kind = iota // 500: our mistake
	Malformed               // 400: not a request that one of our forms makes
	SignedOut               // 401: nobody is signed in
	StepUp                  // the sign-in is not fresh: sign in again, then go on
	Forbidden               // 403: no right to this
	NotFound                // 404: not there, or not yours
	Conflict                // 409: changed meanwhile
	Gone                    // 410: expired
	Invalid                 // 422: a form with errors
	Limited                 // 429: wait until Until
	Unavailable             // 503: an outside part is down; try again at Until
)

// String names the kind, for logs.
func (k Kind) String() string {
	names := [...]string{"internal", "malformed", "signed-out", "step-up", "forbidden", "not-found",
		"conflict", "gone", "invalid", "limited", "unavailable"}
	if k < 0 || int(k) >= len(names) {
		return fmt.Sprintf("kind(%d)", int(k))
	}
	return names[k]
}

// Error is a fault with words for a person.
type Error struct {
	Kind  Kind
	Key   string         // message key in the catalogues, for example "number.too-short"
	Field string         // the form field it belongs to, if any
	Args  map[string]any // values for the message's placeholders; never a code, a password, a full number or address
	Until time.Time      // for Limited and Unavailable: when to try again
	Err   error          // the cause, for the log
}

// Error describes the fault for the log.
func (e *Error) Error() string {
	s := e.Kind.String() + ": " + e.Key
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// New returns a fault of a kind with the message of a key.
func New(kind Kind, key string) *Error { return &Error{Kind: kind, Key: key} }

// Wrap returns a fault with its cause.
func Wrap(kind Kind, key string, err error) *Error { return &Error{Kind: kind, Key: key, Err: err} }

// At returns a fault of a form field.
func At(field, key string, args map[string]any) *Error {
	return &Error{Kind: Invalid, Key: key, Field: field, Args: args}
}

// As returns the fault in err's chain, or nil.
func As(err error) *Error {
	var f *Error
	if errors.As(err, &f) {
		return f
	}
	return nil
}

// Is reports whether err carries a fault of the kind.
func Is(err error, kind Kind) bool {
	f := As(err)
	return f != nil && f.Kind == kind
}
