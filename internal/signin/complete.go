package signin

import (
	"context"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"

	"rekey/internal/directory"
	"rekey/internal/tx"
)

// Identity is who signed in, from a verified ID token and nothing else.
type Identity struct {
	Person            directory.PersonID
	DisplayName       string // untrusted text, for display
	UserPrincipalName string // for display and as a hint, never to find anybody (OID-3)
	AuthTime          time.Time
	Strong            bool   // the configured authentication context is in the token
	Guest             bool   // the account belongs to another organisation
	Language          string // BCP 47, "" when the token does not say
}

// codeLimit is the longest authorization code that is sent on, in bytes. Entra's are
// below 2 KB.
const codeLimit = 16 << 10

// Complete redeems the code that came back and verifies the ID token. AuthTime is zero,
// which is never fresh, when the token does not say when credentials were seen.
//
// Faults: fault.Unavailable "signin.down" when Microsoft does not answer or does not
// know us, fault.Forbidden "signin.refused" for anything that does not verify. Nothing
// that came from outside is in them but status and error numbers.
func (b *Broker) Complete(ctx context.Context, code, verifier, nonce string) (Identity, error) {
	if err := tx.Refuse(ctx); err != nil {
		return Identity{}, err
	}
	if code == "" || len(code) > codeLimit || verifier == "" || nonce == "" {
		return Identity{}, refused("code, verifier or nonce missing")
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	raw, err := guarded(b.clock, func() (string, error) { return b.redeem(ctx, code, verifier) })
	if err != nil {
		return Identity{}, err
	}
	return guarded(b.clock, func() (Identity, error) { return b.identify(ctx, raw, nonce) })
}

// redeem swaps the code for an ID token. The client and its cache, which by then holds
// tokens nobody has verified, are dropped on return.
func (b *Broker) redeem(ctx context.Context, code, verifier string) (string, error) {
	client, err := b.client()
	if err != nil {
		return "", err
	}
	result, err := client.AcquireTokenByAuthCode(ctx, code, b.config.RedirectURL, b.config.Scopes,
		confidential.WithChallenge(verifier)) // the option wants the verifier, whatever its name
	if err != nil {
		return "", err
	}
	return result.IDToken.RawToken, nil
}
