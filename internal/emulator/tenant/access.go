package tenant

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// MailResource is the resource that mails are submitted to with a token.
// Source: Exchange Online, authenticate an SMTP connection using OAuth.
const MailResource = "https://outlook.office365.com"

// Access is what an access token stands for.
type Access struct {
	// Resource is what the token opens; "" is Graph.
	Resource string
	// ClientID is the app that was given the token.
	ClientID string
	// PersonID is the object id of the signed-in person, "" for a token of the app itself.
	PersonID string
	// Scopes are delegated permissions, for a token of a person.
	Scopes []string
	// Roles are application permissions, for a token of the app itself.
	Roles []string
	// AuthTime is when the person entered the password, Strong whether a second factor
	// followed.
	AuthTime time.Time
	Strong   bool
	// ExpiresAt is by the tenant's clock.
	ExpiresAt time.Time
}

// AppOnly says whether the app acts for itself.
func (a Access) AppOnly() bool { return a.PersonID == "" }

// Allows says whether one of the permissions was granted, by exact name.
func (a Access) Allows(permissions ...string) bool {
	granted := a.Scopes
	if a.AppOnly() {
		granted = a.Roles
	}
	return slices.ContainsFunc(granted, func(g string) bool { return slices.Contains(permissions, g) })
}

// IssueAccess returns a new token for what a says. It looks like one of Entra's (a JWT),
// but only the tenant can tell what it is worth: the signature is random.
func (t *Tenant) IssueAccess(a Access) string {
	token := jwtPart(map[string]any{"typ": "JWT", "alg": "RS256"}) + "." + jwtPart(t.accessClaims(a)) + "." +
		base64.RawURLEncoding.EncodeToString(t.Random(256))
	a.Scopes, a.Roles = slices.Clone(a.Scopes), slices.Clone(a.Roles)
	now := t.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.DeleteFunc(t.access, func(_ string, old Access) bool { return !now.Before(old.ExpiresAt) })
	t.access[accessKey(token)] = a
	return token
}

// Access returns what a token stands for; false when it is unknown or has expired.
func (t *Tenant) Access(token string) (Access, bool) {
	t.mu.Lock()
	a, ok := t.access[accessKey(token)]
	t.mu.Unlock()
	if !ok || !t.Now().Before(a.ExpiresAt) {
		return Access{}, false
	}
	a.Scopes, a.Roles = slices.Clone(a.Scopes), slices.Clone(a.Roles)
	return a, true
}

func (t *Tenant) accessClaims(a Access) map[string]any {
	claims := map[string]any{
		"aud": cmp.Or(a.Resource, "https://graph.microsoft.com"), "iss": "https://sts.windows.net/" + t.ID() + "/",
		"appid": a.ClientID, "tid": t.ID(), "iat": t.Now().Unix(), "exp": a.ExpiresAt.Unix(), "ver": "1.0",
	}
	if a.AppOnly() {
		claims["idtyp"], claims["roles"] = "app", append([]string{}, a.Roles...)
		return claims
	}
	claims["idtyp"], claims["oid"], claims["scp"] = "user", a.PersonID, strings.Join(a.Scopes, " ")
	return claims
}

func jwtPart(v map[string]any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("tenant: claims that cannot be written: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func accessKey(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
