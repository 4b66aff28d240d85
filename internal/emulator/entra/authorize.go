package entra

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"rekey/internal/emulator/tenant"
)

// authorize is the authorization endpoint. It answers a session that is good enough with a
// code, and everything else with a flow of pages. Before the redirect URI is known to be
// the app's own, and where it is not, mistakes are shown here and nowhere else.
func (e *Entra) authorize(w http.ResponseWriter, r *http.Request) {
	if fault := e.checkTenant(r); fault != nil {
		e.showError(w, http.StatusBadRequest, fault)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		e.showError(w, http.StatusBadRequest, malformed())
		return
	}
	req, fault := e.readRequest(r.Form)
	if fault == nil {
		fault = e.answer(w, r, req)
	}
	switch {
	case fault == nil:
	case req.redirect == "":
		e.showError(w, http.StatusBadRequest, fault)
	default:
		http.Redirect(w, r, e.errorRedirect(req, fault), http.StatusSeeOther)
	}
}

// answer decides by the browser's session what a checked request needs.
func (e *Entra) answer(w http.ResponseWriter, r *http.Request, req request) *Error {
	s, p, signedIn := e.sessionOf(r)
	signedIn = signedIn && e.meant(req, p)
	step := e.need(req, s, p, signedIn)
	switch {
	case step == stepDone:
		http.Redirect(w, r, e.callback(req, p, s), http.StatusSeeOther)
		return nil
	case req.prompt == "none" && step == stepChoose:
		return interactionRequired()
	case req.prompt == "none":
		return loginRequired()
	}
	f := &flow{req: req, step: step, user: req.loginHint}
	if signedIn {
		f.person, f.authTime = p.ID, s.AuthTime
		if step == stepPassword {
			f.user = p.UserPrincipalName
		}
	}
	http.Redirect(w, r, e.flowURL(e.addFlow(f)), http.StatusSeeOther)
	return nil
}

// meant says whether a session's person is the one that the request hints at.
func (e *Entra) meant(req request, p tenant.Person) bool {
	return req.loginHint == "" || strings.EqualFold(req.loginHint, p.UserPrincipalName)
}

// need is the first step that a request still needs.
func (e *Entra) need(req request, s session, p tenant.Person, signedIn bool) step {
	tooOld := req.maxAge != nil && e.tenant.Now().Sub(s.AuthTime) > *req.maxAge
	switch {
	case !signedIn || req.prompt == "login" || tooOld || req.maxAge != nil && *req.maxAge == 0:
		return stepPassword
	case req.prompt == "select_account":
		return stepAccount
	case !s.Strong && e.wantsFactor(req, p):
		return stepChoose
	}
	return stepDone
}

// wantsFactor says whether the sign-in asks for a second factor: always, or only for an
// authentication context, but never of those who have none, who stay weak.
func (e *Entra) wantsFactor(req request, p tenant.Person) bool {
	return (req.essential || !e.o.PasswordIsEnough) && len(e.ways(p)) > 0
}

// finish ends a flow: the browser keeps the session, the app gets its code.
func (e *Entra) finish(w http.ResponseWriter, r *http.Request, f flow, p tenant.Person, strong bool) {
	s := session{Person: p.ID, AuthTime: f.authTime, Strong: strong}
	e.keepSession(w, r, s)
	to := e.callback(f.req, p, s)
	e.update(f.id, func(f *flow) { f.step, f.code = stepDone, "" })
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func (e *Entra) errorRedirect(req request, fault *Error) string {
	return withQuery(req.redirect, url.Values{
		"error": {fault.OAuth}, "error_description": {fault.Error()}, "state": {req.state},
		"error_uri": {Login + "/error?code=" + strconv.Itoa(fault.Code)},
	})
}

// logout ends the browser's session and goes back to an app, if the address is on the same
// origin as one that an app registered.
func (e *Entra) logout(w http.ResponseWriter, r *http.Request) {
	if fault := e.checkTenant(r); fault != nil {
		e.showError(w, http.StatusBadRequest, fault)
		return
	}
	e.endSession(w, r)
	q := r.URL.Query()
	back := q.Get("post_logout_redirect_uri")
	if back == "" || !e.registeredOrigin(back) {
		e.showSignedOut(w)
		return
	}
	http.Redirect(w, r, withQuery(back, url.Values{"state": {q.Get("state")}}), http.StatusSeeOther)
}

func (e *Entra) registeredOrigin(uri string) bool {
	for _, app := range e.tenant.Apps() {
		if slices.ContainsFunc(app.RedirectURIs, func(own string) bool { return origin(own) == origin(uri) && origin(uri) != "" }) {
			return true
		}
	}
	return false
}

// origin is the scheme, host and port of an http or https URI, "" for anything else.
func origin(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
