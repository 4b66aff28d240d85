package entra

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Error is a refusal in Entra's terms: an OAuth error and an AADSTS code with its text.
// Source: Entra, authentication and authorization error codes.
type Error struct {
	// Status is of the token endpoint; pages choose their own.
	Status int
	// OAuth is the error of RFC 6749 ("invalid_grant").
	OAuth string
	// Code is the number after AADSTS.
	Code int
	Text string
}

// Error returns the text as Entra writes it in error_description.
func (e *Error) Error() string { return fmt.Sprintf("AADSTS%d: %s", e.Code, e.Text) }

func refuse(oauth string, code int, format string, args ...any) *Error {
	return &Error{http.StatusBadRequest, oauth, code, fmt.Sprintf(format, args...)}
}

func refuseClient(code int, format string, args ...any) *Error {
	return &Error{http.StatusUnauthorized, "invalid_client", code, fmt.Sprintf(format, args...)}
}

func serverError() *Error {
	return &Error{http.StatusInternalServerError, "server_error", 90033, "A transient error has occurred. Try again."}
}

func missing(parameter string) *Error {
	return refuse("invalid_request", 900144, "The request body must contain the following parameter: '%s'.", parameter)
}

func malformed() *Error {
	return refuse("invalid_request", 9002313, "Invalid request. Request is malformed or invalid.")
}

func noTenant(name string) *Error {
	return refuse("invalid_request", 90002, "Tenant '%s' not found. Check to make sure you have the correct tenant ID.", short(name))
}

func noApp(clientID string) *Error {
	return refuse("unauthorized_client", 700016, "Application with identifier '%s' was not found in the directory.", short(clientID))
}

func wrongRedirect(uri string) *Error {
	return refuse("invalid_request", 50011, "The redirect URI '%s' specified in the request does not match the redirect URIs "+
		"configured for the application.", short(uri))
}

func notConsented(scope string) *Error {
	return refuse("invalid_grant", 65001, "The user or administrator has not consented to use the application with the scope '%s'.", short(scope))
}

func noAccount(user string) *Error {
	return refuse("invalid_grant", 50034, "The user account %s does not exist in the directory.", short(user))
}

func accountDisabled() *Error {
	return refuse("invalid_grant", 50057, "The user account is disabled.")
}

func loginRequired() *Error {
	return refuse("login_required", 50058, "A silent sign-in request was sent but no user is signed in.")
}

func interactionRequired() *Error {
	return refuse("interaction_required", 50076, "Due to a configuration change made by your administrator, or because you moved "+
		"to a new location, you must use multi-factor authentication to access the resource.")
}

// short cuts what a request brought along to what an error may repeat.
func short(s string) string {
	if r := []rune(strings.ToValidUTF8(s, "")); len(r) > 200 {
		return string(r[:200]) + "…"
	}
	return strings.ToValidUTF8(s, "")
}

// errorBody is what the token endpoint answers to a refused request.
type errorBody struct {
	OAuth         string `json:"error"`
	Description   string `json:"error_description"`
	Codes         []int  `json:"error_codes"`
	Timestamp     string `json:"timestamp"`
	TraceID       string `json:"trace_id"`
	CorrelationID string `json:"correlation_id"`
	URI           string `json:"error_uri"`
}

// writeError answers a refusal as JSON, as the token endpoint does.
func (e *Entra) writeError(w http.ResponseWriter, fault *Error) {
	b := e.errorBody(fault)
	b.Description += " Trace ID: " + b.TraceID + " Correlation ID: " + b.CorrelationID + " Timestamp: " + b.Timestamp
	writeJSON(w, fault.Status, b)
}

func (e *Entra) errorBody(fault *Error) errorBody {
	return errorBody{
		OAuth: fault.OAuth, Description: fault.Error(), Codes: []int{fault.Code},
		Timestamp: e.tenant.Now().Format("2006-01-02 15:04:05Z"), TraceID: e.tenant.NewID(), CorrelationID: e.tenant.NewID(),
		URI: Login + "/error?code=" + fmt.Sprint(fault.Code),
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store, no-cache")
	h.Set("Pragma", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(b) // a client that is gone cannot be told
}
