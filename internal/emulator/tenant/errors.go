package tenant

import (
	"fmt"
	"net/http"
)

// Error is a refusal in Graph's terms: HTTP status, error code, message.
type Error struct {
	Status        int
	Code, Message string
}

// Error returns the message, which may hold ids, never a number or an address.
func (e *Error) Error() string { return fmt.Sprintf("%d %s: %s", e.Status, e.Code, e.Message) }

func badRequest(format string, args ...any) *Error {
	return &Error{http.StatusBadRequest, "badRequest", fmt.Sprintf(format, args...)}
}

func noPerson() *Error {
	return &Error{http.StatusNotFound, "Request_ResourceNotFound",
		"Resource does not exist or one of its queried reference-property objects are not present."}
}

// NoMethod is the answer to an id that the person has no method of.
func (t *Tenant) NoMethod() *Error {
	if t.switches.MissingIsBadRequest {
		return badRequest("The requested authentication method was not found.")
	}
	return &Error{http.StatusNotFound, "resourceNotFound", "The requested authentication method was not found."}
}

// Refused is the 403 of the methods workload.
func (t *Tenant) Refused() *Error {
	code := t.switches.RefusalCode
	if code == "" {
		code = "accessDenied"
	}
	return &Error{http.StatusForbidden, code, "Request Authorization failed"}
}
