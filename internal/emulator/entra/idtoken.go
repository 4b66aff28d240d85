package entra

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"rekey/internal/emulator/tenant"
)

// idClaims are the claims of a v2.0 ID token. There is no amr: v2.0 has none.
// Source: Entra, ID token claims reference; optional claims reference.
func (e *Entra) idClaims(app tenant.App, p tenant.Person, g grant, scopes []string, life time.Duration, first bool) map[string]any {
	now := e.tenant.Now()
	claims := map[string]any{
		"ver": "2.0", "iss": e.issuer(), "aud": app.ClientID, "sub": subject(e.tenant.ID(), app.ClientID, p.ID),
		"tid": e.tenant.ID(), "oid": p.ID, "acct": acct(p),
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(life).Unix(),
	}
	if slices.Contains(scopes, "profile") {
		claims["name"], claims["preferred_username"] = p.DisplayName, p.UserPrincipalName
	}
	if p.Mail != "" {
		claims["email"] = p.Mail
	}
	if first && g.req.nonce != "" {
		claims["nonce"] = g.req.nonce
	}
	if !e.o.NoAuthTime {
		claims["auth_time"] = g.session.AuthTime.Unix()
	}
	if g.req.context && g.session.Strong {
		claims["acrs"] = []string{e.o.AuthenticationContext}
		if e.o.ContextText {
			claims["acrs"] = e.o.AuthenticationContext
		}
	}
	return claims
}

func acct(p tenant.Person) int {
	if p.Guest {
		return 1
	}
	return 0
}

// subject is the person's name towards one app, a different one for every app.
func subject(tenantID, clientID, personID string) string {
	sum := sha256.Sum256([]byte(tenantID + " " + clientID + " " + personID))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// guid makes a GUID from a name.
func guid(name string) string {
	b := sha256.Sum256([]byte(name))
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
