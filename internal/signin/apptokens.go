package signin

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"

	"rekey/internal/clock"
	"rekey/internal/fault"
	"rekey/internal/tx"
)

// AppConfig is what AppTokens needs.
type AppConfig struct {
	Authority    string // "https://login.microsoftonline.com/<tenant>", the tenant as a GUID
	TenantID     string // GUID
	ClientID     string // of the app registration that calls Graph
	Certificates []*x509.Certificate
	PrivateKey   crypto.PrivateKey // RSA, of one of the certificates
	Secret       string            // instead of certificate and key
	Scope        string            // default: https://graph.microsoft.com/.default
	Transport    http.RoundTripper // default: the network, connecting within two seconds
	Clock        clock.Clock
}

// AppTokens fetches and keeps one application's own token, in memory. It is safe for
// concurrent use.
//
// MSAL judges by the machine's clock when a token is over. Where that is not the clock
// of the service, the service answers 401; its caller then calls Drop and asks again.
type AppTokens struct {
	registration
	scope  string
	turn   chan struct{}        // whoever has put something in may use cached
	cached *confidential.Client // the client whose cache holds the token
	stale  atomic.Bool          // set by Drop: the next turn starts with a new client
}

// NewAppTokens checks the configuration. It calls nobody; its error names every mistake.
func NewAppTokens(c AppConfig) (*AppTokens, error) {
	reg, err := newRegistration(c.Authority, c.TenantID, c.ClientID, c.Certificates, c.PrivateKey, c.Secret, c.Transport, c.Clock)
	if c.Scope == "" {
		c.Scope = "https://graph.microsoft.com/.default"
	}
	if !strings.HasSuffix(c.Scope, "/.default") {
		err = errors.Join(err, fmt.Errorf("scope %q does not end in /.default", c.Scope))
	}
	if err != nil {
		return nil, fmt.Errorf("signin: application: %w", err)
	}
	return &AppTokens{registration: reg, scope: c.Scope, turn: make(chan struct{}, 1)}, nil
}

// Token returns an access token, from memory or from Microsoft. Only one caller at a
// time asks Microsoft; the others wait for its answer.
//
// Fault: fault.Unavailable "signin.down", also where our registration is refused.
func (a *AppTokens) Token(ctx context.Context) (string, error) {
	if err := tx.Refuse(ctx); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return "", down("no turn in time")
	}
	token, err := guarded(a.clock, func() (string, error) { return a.acquire(ctx) })
	if f := fault.As(err); f != nil && f.Kind != fault.Unavailable {
		return "", &fault.Error{Kind: fault.Unavailable, Key: "signin.down", Err: f.Err}
	}
	return token, err
}

func (a *AppTokens) acquire(ctx context.Context) (string, error) {
	if a.stale.Swap(false) || a.cached == nil {
		client, err := a.client()
		if err != nil {
			return "", err
		}
		a.cached = &client
	}
	result, err := a.cached.AcquireTokenByCredential(ctx, []string{a.scope})
	if err != nil {
		return "", err
	}
	if result.AccessToken == "" {
		return "", refused("token response without a token")
	}
	return result.AccessToken, nil
}

// Drop forgets the token: the next call of Token fetches a new one.
func (a *AppTokens) Drop() { a.stale.Store(true) }
