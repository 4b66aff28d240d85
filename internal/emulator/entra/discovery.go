package entra

import (
	"net/http"
	"strings"
)

// discovery answers the OpenID configuration. Asked for at the host that clients know, it
// names that host's endpoints, but for those that a browser must reach; asked for on the
// demo's own address, it names only endpoints there.
func (e *Entra) discovery(w http.ResponseWriter, r *http.Request) {
	base := Login + "/" + e.tenant.ID()
	if strings.HasPrefix(r.URL.Path, Prefix) {
		base = e.local("")
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer":                                e.issuer(),
		"authorization_endpoint":                e.local("/oauth2/v2.0/authorize"),
		"end_session_endpoint":                  e.local("/oauth2/v2.0/logout"),
		"token_endpoint":                        base + "/oauth2/v2.0/token",
		"jwks_uri":                              base + "/discovery/v2.0/keys",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt", "client_secret_basic"},
		"response_modes_supported":              []string{"query"},
		"response_types_supported":              []string{"code"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"code_challenge_methods_supported":      []string{"S256"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
		"claims_supported": []string{"sub", "iss", "aud", "exp", "iat", "nbf", "auth_time", "acrs", "acct", "nonce",
			"preferred_username", "name", "tid", "oid", "ver", "email"},
		"request_uri_parameter_supported": false,
		"http_logout_supported":           false,
		"tenant_region_scope":             "NA",
	})
}

// keys answers the public half of the signing key.
func (e *Entra) keys(w http.ResponseWriter, _ *http.Request) {
	key, err := e.key()
	if err != nil {
		e.writeError(w, serverError())
		return
	}
	writeJSON(w, http.StatusOK, key.public)
}
