package entra

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"rekey/internal/emulator/tenant"
)

// graphResource is the resource that apps ask for; for themselves they may ask for
// tenant.MailResource as well.
const graphResource = "https://graph.microsoft.com/"

// request is an authorization request that was checked.
type request struct {
	app       tenant.App
	redirect  string
	state     string
	nonce     string
	challenge string
	// scopes are as they were asked for, in order.
	scopes    []string
	prompt    string
	maxAge    *time.Duration
	loginHint string
	// context says that the ID token shall name the authentication context, essential that
	// the sign-in must satisfy it.
	context, essential bool
}

func queryOf(rawURL string) (url.Values, *Error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, malformed()
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, malformed()
	}
	return q, nil
}

// readRequest checks an authorization request. As long as the redirect of what it returns
// is empty, nothing may be sent to it: app and redirect URI are checked first.
func (e *Entra) readRequest(q url.Values) (request, *Error) {
	for name, values := range q {
		if len(values) > 1 {
			return request{}, refuse("invalid_request", 90014, "The parameter '%s' is given more than once.", short(name))
		}
	}
	app, ok := e.tenant.App(q.Get("client_id"))
	switch {
	case q.Get("client_id") == "":
		return request{}, missing("client_id")
	case !ok:
		return request{}, noApp(q.Get("client_id"))
	case !slices.Contains(app.RedirectURIs, q.Get("redirect_uri")):
		return request{}, wrongRedirect(q.Get("redirect_uri"))
	}
	req := request{
		app: app, redirect: q.Get("redirect_uri"), state: q.Get("state"), nonce: q.Get("nonce"),
		challenge: q.Get("code_challenge"), scopes: strings.Fields(q.Get("scope")), prompt: q.Get("prompt"),
		loginHint: q.Get("login_hint"),
	}
	for _, check := range []func(*request, url.Values) *Error{checkResponse, checkPKCE, checkScopes, readPrompt, e.readClaims} {
		if fault := check(&req, q); fault != nil {
			return req, fault
		}
	}
	return req, nil
}

func checkResponse(_ *request, q url.Values) *Error {
	switch {
	case q.Get("response_type") == "":
		return missing("response_type")
	case q.Get("response_type") != "code":
		return refuse("unsupported_response_type", 700054, "response_type '%s' is not enabled for the application.", short(q.Get("response_type")))
	case q.Has("response_mode") && q.Get("response_mode") != "query":
		return refuse("invalid_request", 70007, "'%s' is not a supported value of 'response_mode' when requesting a token.", short(q.Get("response_mode")))
	}
	return nil
}

// checkPKCE requires a challenge of RFC 7636 by S256: 32 bytes in base64url.
func checkPKCE(req *request, q url.Values) *Error {
	switch {
	case req.challenge == "":
		return missing("code_challenge")
	case q.Get("code_challenge_method") != "S256":
		return refuse("invalid_request", 50147, "The code challenge method must be S256.")
	case len(req.challenge) != 43:
		return refuse("invalid_request", 50147, "The size of the code challenge parameter isn't valid.")
	}
	return nil
}

func checkScopes(req *request, _ url.Values) *Error {
	if len(req.scopes) == 0 {
		return missing("scope")
	}
	for _, scope := range req.scopes {
		if !granted(req.app, scope) {
			return notConsented(scope)
		}
	}
	return nil
}

// granted says whether an app may have a delegated scope: one of OpenID Connect's own, one
// that was consented to, or all of those together (".default").
func granted(app tenant.App, scope string) bool {
	name := scopeName(scope)
	return openIDScope(scope) || name == ".default" ||
		slices.ContainsFunc(app.Scopes, func(s string) bool { return strings.EqualFold(s, name) })
}

func openIDScope(scope string) bool {
	return slices.Contains([]string{"openid", "profile", "email", "offline_access"}, strings.ToLower(scope))
}

func scopeName(scope string) string { return strings.TrimPrefix(scope, graphResource) }

func readPrompt(req *request, q url.Values) *Error {
	if !slices.Contains([]string{"", "login", "none", "select_account", "consent"}, req.prompt) {
		return refuse("invalid_request", 90023, "Unsupported 'prompt' value.")
	}
	if !q.Has("max_age") {
		return nil
	}
	seconds, err := strconv.ParseUint(q.Get("max_age"), 10, 31)
	if err != nil {
		return refuse("invalid_request", 90023, "The value of 'max_age' is not valid.")
	}
	age := time.Duration(seconds) * time.Second
	req.maxAge = &age
	return nil
}

// claimsRequest is the part of the claims parameter that has an effect here.
// Source: OpenID Connect Core 1.0, section 5.5.
type claimsRequest struct {
	IDToken struct {
		ACRS *struct {
			Essential bool     `json:"essential"`
			Value     string   `json:"value"`
			Values    []string `json:"values"`
		} `json:"acrs"`
	} `json:"id_token"`
}

// readClaims notes whether the tenant's authentication context was asked for. One that the
// tenant does not have is passed over.
func (e *Entra) readClaims(req *request, q url.Values) *Error {
	req.context = e.o.ContextAlways && e.o.AuthenticationContext != ""
	if q.Get("claims") == "" {
		return nil
	}
	var c claimsRequest
	if err := json.Unmarshal([]byte(q.Get("claims")), &c); err != nil {
		return refuse("invalid_request", 90015, "The claims parameter is not valid JSON.")
	}
	acrs := c.IDToken.ACRS
	if acrs == nil || e.o.AuthenticationContext == "" {
		return nil
	}
	if acrs.Value == e.o.AuthenticationContext || slices.Contains(acrs.Values, e.o.AuthenticationContext) {
		req.context, req.essential = true, acrs.Essential
	}
	return nil
}
