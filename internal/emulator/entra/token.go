package entra

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"rekey/internal/emulator/tenant"
)

// maxBody is the longest body of a form, in bytes.
const maxBody = 64 << 10

// tokenBody is a successful answer of the token endpoint.
type tokenBody struct {
	TokenType    string `json:"token_type"`
	Scope        string `json:"scope,omitempty"`
	ExpiresIn    int    `json:"expires_in"`
	ExtExpiresIn int    `json:"ext_expires_in"`
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
	ClientInfo   string `json:"client_info,omitempty"`
}

// token is the token endpoint.
func (e *Entra) token(w http.ResponseWriter, r *http.Request) {
	body, fault := e.answerToken(w, r)
	if fault != nil {
		e.writeError(w, fault)
		return
	}
	writeJSON(w, http.StatusOK, body)
}

func (e *Entra) answerToken(w http.ResponseWriter, r *http.Request) (*tokenBody, *Error) {
	if fault := e.checkTenant(r); fault != nil {
		return nil, fault
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		return nil, malformed()
	}
	for _, values := range r.PostForm {
		if len(values) > 1 {
			return nil, malformed()
		}
	}
	if r.PostForm.Get("grant_type") == "" {
		return nil, missing("grant_type")
	}
	app, fault := e.client(r)
	if fault != nil {
		return nil, fault
	}
	switch r.PostForm.Get("grant_type") {
	case "authorization_code":
		return e.redeem(app, r)
	case "refresh_token":
		return e.renew(app, r)
	case "client_credentials":
		return e.appToken(app, r)
	}
	return nil, refuse("unsupported_grant_type", 70003, "The app requested an unsupported grant type '%s'.", short(r.PostForm.Get("grant_type")))
}

// redeem answers an authorization code.
func (e *Entra) redeem(app tenant.App, r *http.Request) (*tokenBody, *Error) {
	if r.PostForm.Get("code") == "" {
		return nil, missing("code")
	}
	g, fault := e.takeCode(r.PostForm.Get("code"))
	if fault != nil {
		return nil, fault
	}
	sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	challenge := base64.RawURLEncoding.EncodeToString(sum[:])
	switch {
	case g.req.app.ClientID != app.ClientID:
		return nil, refuse("invalid_grant", 700005, "Provided Authorization Code is intended to use against other app.")
	case r.PostForm.Get("redirect_uri") != g.req.redirect:
		return nil, refuse("invalid_grant", 500112, "The reply address '%s' does not match the reply address provided when requesting "+
			"Authorization code.", short(r.PostForm.Get("redirect_uri")))
	case subtle.ConstantTimeCompare([]byte(challenge), []byte(g.req.challenge)) != 1:
		return nil, refuse("invalid_grant", 501481, "The Code_Verifier does not match the code_challenge supplied in the authorization request.")
	}
	return e.personTokens(app, g, r, true)
}

// renew answers a refresh token.
func (e *Entra) renew(app tenant.App, r *http.Request) (*tokenBody, *Error) {
	if r.PostForm.Get("refresh_token") == "" {
		return nil, missing("refresh_token")
	}
	g, fault := e.refreshGrant(r.PostForm.Get("refresh_token"))
	if fault != nil {
		return nil, fault
	}
	if g.req.app.ClientID != app.ClientID {
		return nil, refuse("invalid_grant", 700005, "Provided refresh token is intended to use against other app.")
	}
	return e.personTokens(app, g, r, false)
}

// personTokens issues what was asked for to an app on behalf of a person. first is for the
// answer to the authorization request itself, as opposed to a renewal.
func (e *Entra) personTokens(app tenant.App, g grant, r *http.Request, first bool) (*tokenBody, *Error) {
	scopes := strings.Fields(r.PostForm.Get("scope"))
	if len(scopes) == 0 {
		scopes = g.req.scopes
	}
	p, fault := e.stillGood(app, g, scopes)
	if fault != nil {
		return nil, fault
	}
	life := tokenLife
	if g.req.maxAge != nil && first {
		life = min(life, *g.req.maxAge) // max_age shortens the tokens of its answer as well
	}
	now := e.tenant.Now()
	body := &tokenBody{
		TokenType: "Bearer", Scope: echo(scopes), ExpiresIn: int(life.Seconds()), ExtExpiresIn: int(life.Seconds()),
		AccessToken: e.tenant.IssueAccess(tenant.Access{
			ClientID: app.ClientID, PersonID: p.ID, Scopes: permissions(app, scopes), AuthTime: g.session.AuthTime,
			Strong: g.session.Strong, ExpiresAt: now.Add(life),
		}),
	}
	if r.PostForm.Get("client_info") == "1" {
		body.ClientInfo = clientInfo(e.tenant.ID(), p)
	}
	if slices.Contains(scopes, "offline_access") && slices.Contains(g.req.scopes, "offline_access") {
		renewed := grant{req: g.req, person: g.person, session: g.session, until: now.Add(refreshLife)}
		body.RefreshToken = e.keep(e.refresh, &renewed)
	}
	if !slices.Contains(scopes, "openid") {
		return body, nil
	}
	key, err := e.key()
	if err == nil {
		body.IDToken, err = key.sign(e.idClaims(app, p, g, scopes, life, first))
	}
	if err != nil {
		return nil, serverError()
	}
	return body, nil
}

// stillGood returns the person of a grant if nothing has taken it back since: the account
// is there and enabled, its sessions were not revoked, the scopes are the app's.
func (e *Entra) stillGood(app tenant.App, g grant, scopes []string) (tenant.Person, *Error) {
	p, ok := e.tenant.Person(g.person)
	switch {
	case !ok:
		return p, noAccount(g.person)
	case !p.Enabled:
		return p, accountDisabled()
	case revoked(p, g.session.AuthTime):
		return p, refuse("invalid_grant", 50173, "The provided grant has expired due to it being revoked, a fresh auth token is needed.")
	}
	for _, scope := range scopes {
		if !granted(app, scope) {
			return p, notConsented(scope)
		}
	}
	return p, nil
}

// appToken answers client credentials: a token of the app itself, with what was granted.
func (e *Entra) appToken(app tenant.App, r *http.Request) (*tokenBody, *Error) {
	scopes := slices.DeleteFunc(strings.Fields(r.PostForm.Get("scope")), openIDScope)
	switch {
	case len(scopes) == 0:
		return nil, missing("scope")
	case len(scopes) > 1 || !strings.HasSuffix(scopes[0], "/.default"):
		return nil, refuse("invalid_scope", 1002012, "The provided value for scope %s is not valid. Client credential flows must have "+
			"a scope value with /.default suffixed to the resource identifier (application ID URI).", short(strings.Join(scopes, " ")))
	case scopes[0] == tenant.MailResource+"/.default":
		return e.appTokenFor(app, tenant.MailResource), nil
	case scopes[0] != graphResource+".default":
		return nil, refuse("invalid_resource", 500011, "The resource principal named %s was not found in the tenant.",
			short(strings.TrimSuffix(scopes[0], "/.default")))
	}
	return e.appTokenFor(app, ""), nil
}

// appTokenFor issues a token with those of the app's permissions that are the resource's.
func (e *Entra) appTokenFor(app tenant.App, resource string) *tokenBody {
	roles := slices.DeleteFunc(slices.Clone(app.Permissions), func(name string) bool {
		return strings.HasPrefix(name, "SMTP.") != (resource == tenant.MailResource)
	})
	life := int(tokenLife.Seconds()) - 1
	return &tokenBody{TokenType: "Bearer", ExpiresIn: life, ExtExpiresIn: life, AccessToken: e.tenant.IssueAccess(tenant.Access{
		Resource: resource, ClientID: app.ClientID, Roles: roles, ExpiresAt: e.tenant.Now().Add(tokenLife),
	})}
}

// echo is the scope of an answer: as it was asked for, without offline_access.
func echo(scopes []string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return s == "offline_access" }), " ")
}

// permissions are the names of the delegated permissions among scopes.
func permissions(app tenant.App, scopes []string) []string {
	var names []string
	for _, scope := range scopes {
		switch {
		case scopeName(scope) == ".default":
			names = append(names, app.Scopes...)
		case !openIDScope(scope):
			names = append(names, scopeName(scope))
		}
	}
	return names
}

// clientInfo names the person's account at home, in base64url without padding. A guest's
// home is another tenant.
func clientInfo(tenantID string, p tenant.Person) string {
	info := map[string]string{"uid": p.ID, "utid": tenantID}
	if p.Guest {
		info = map[string]string{"uid": guid("home account " + p.ID), "utid": guid("home tenant " + p.ID)}
	}
	b, err := json.Marshal(info)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(b)
}
