// Package signin signs people in at Microsoft Entra ID and fetches the application's own
// tokens for Microsoft Graph. It is the only home of MSAL and of the library that
// verifies ID tokens.
//
// MSAL builds the address of the sign-in page and redeems the code. It verifies nothing
// in an ID token and has no option for state, nonce or the PKCE challenge, so all of that
// is done here. Each sign-in has an MSAL client of its own, dropped afterwards with its
// cache: a client shared between people hands one person's tokens to another, and nobody
// needs a Graph token of their own after the sign-in.
//
// It leaves to others: who may do what (contact), keeping state, nonce and verifier
// bound to one browser and single-use (session), and telling the person (web).
package signin

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"

	"rekey/internal/clock"
	"rekey/internal/tx"
)

// callTime is how long one conversation with Microsoft may take (AVL-1).
const callTime = 10 * time.Second

// secretBytes is the length of state, nonce and verifier before encoding: 256 bits.
const secretBytes = 32

// Config is what a Broker needs.
type Config struct {
	Authority    string // "https://login.microsoftonline.com/<tenant>", the tenant as a GUID
	TenantID     string // GUID
	ClientID     string // of the app registration that signs people in
	Certificates []*x509.Certificate
	PrivateKey   crypto.PrivateKey // RSA, of one of the certificates
	Secret       string            // instead of certificate and key; a certificate is better (OID-6)
	RedirectURL  string            // our callback, as registered
	// PostLogoutURL is where Microsoft sends people after a sign-out there.
	PostLogoutURL string
	// AuthenticationContext is the id (c1 … c99) of the authentication context that
	// proves the strength of a sign-in; "" when the tenant has none.
	AuthenticationContext string
	Scopes                []string          // default: https://graph.microsoft.com/User.Read
	Transport             http.RoundTripper // default: the network, connecting within two seconds
	Clock                 clock.Clock
	Rand                  io.Reader // default: crypto/rand
}

// Broker signs people in. It is safe for concurrent use.
type Broker struct {
	registration
	config Config
	issuer string
	keys   *keySet
}

// New checks the configuration and returns a Broker. It calls nobody; its error names
// every mistake.
func New(c Config) (*Broker, error) {
	if len(c.Scopes) == 0 {
		c.Scopes = []string{"https://graph.microsoft.com/User.Read"}
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	reg, err := newRegistration(c.Authority, c.TenantID, c.ClientID, c.Certificates, c.PrivateKey, c.Secret, c.Transport, c.Clock)
	if _, perr := absolute(c.RedirectURL); perr != nil {
		err = errors.Join(err, fmt.Errorf("redirect URL: %w", perr))
	}
	if _, perr := absolute(c.PostLogoutURL); c.PostLogoutURL != "" && perr != nil {
		err = errors.Join(err, fmt.Errorf("post-logout URL: %w", perr))
	}
	if c.AuthenticationContext != "" && !contextID(c.AuthenticationContext) {
		err = errors.Join(err, fmt.Errorf("authentication context %q is not one of c1 to c99", c.AuthenticationContext))
	}
	if err != nil {
		return nil, fmt.Errorf("signin: %w", err)
	}
	return &Broker{registration: reg, config: c, issuer: reg.authority + "/v2.0",
		keys: newKeySet(reg.authority+"/discovery/v2.0/keys", reg.http, reg.clock)}, nil
}

// Options shape one sign-in.
type Options struct {
	StepUp    bool   // ask for credentials even when Microsoft knows the person
	LoginHint string // user name to fill in, may be empty
}

// Start is the beginning of a sign-in: where to send the browser, and the secrets that
// its session keeps until the callback.
type Start struct{ URL, State, Nonce, Verifier string }

// Start makes a sign-in with fresh secrets. Every one asks for the authentication
// context; max_age is never sent, because it shortens the life of the token.
//
// Fault: fault.Unavailable "signin.down" when Microsoft does not answer.
func (b *Broker) Start(ctx context.Context, o Options) (Start, error) {
	if err := tx.Refuse(ctx); err != nil {
		return Start{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	var s Start
	for _, secret := range []*string{&s.State, &s.Nonce, &s.Verifier} {
		raw := make([]byte, secretBytes)
		if _, err := io.ReadFull(b.config.Rand, raw); err != nil {
			return Start{}, fmt.Errorf("signin: random numbers: %w", err)
		}
		*secret = base64.RawURLEncoding.EncodeToString(raw)
	}
	page, err := guarded(b.clock, func() (*url.URL, error) { return b.signInPage(ctx) })
	if err != nil {
		return Start{}, err
	}
	q := page.Query()
	sum := sha256.Sum256([]byte(s.Verifier))
	q.Set("state", s.State)
	q.Set("nonce", s.Nonce)
	q.Set("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]))
	q.Set("code_challenge_method", "S256")
	q.Set("response_mode", "query")
	if o.StepUp {
		q.Set("prompt", "login")
	}
	if o.LoginHint != "" {
		q.Set("login_hint", o.LoginHint)
	}
	page.RawQuery = q.Encode()
	s.URL = page.String()
	return s, nil
}

// signInPage asks MSAL for the address of the sign-in page.
func (b *Broker) signInPage(ctx context.Context) (*url.URL, error) {
	client, err := b.client()
	if err != nil {
		return nil, err
	}
	var opts []confidential.AuthCodeURLOption
	if b.config.AuthenticationContext != "" {
		opts = append(opts, confidential.WithClaims(b.claims()))
	}
	scopes := append([]string{"openid", "profile"}, b.config.Scopes...)
	raw, err := client.AuthCodeURL(ctx, b.clientID, b.config.RedirectURL, scopes, opts...)
	if err != nil {
		return nil, err
	}
	page, err := absolute(raw)
	if err != nil {
		// What the browser is sent to came from a document: it must not be anything else.
		return nil, &url.Error{Op: "discovery", Err: err}
	}
	return page, nil
}

// claims is the request for the authentication context.
func (b *Broker) claims() string {
	type request struct {
		Essential bool   `json:"essential"`
		Value     string `json:"value"`
	}
	text, _ := json.Marshal(map[string]any{"id_token": map[string]any{"acrs": request{true, b.config.AuthenticationContext}}})
	return string(text)
}

// SignOutURL returns the address that signs the person out at Microsoft too. It needs
// Microsoft's discovery document, which is kept; when it cannot be had within two
// seconds the address is the one that Microsoft documents.
func (b *Broker) SignOutURL() string {
	page := b.endSession()
	if b.config.PostLogoutURL != "" {
		q := page.Query()
		q.Set("post_logout_redirect_uri", b.config.PostLogoutURL)
		page.RawQuery = q.Encode()
	}
	return page.String()
}

func (b *Broker) endSession() *url.URL {
	known, _ := url.Parse(b.authority + "/oauth2/v2.0/logout")
	ctx, cancel := context.WithTimeout(context.Background(), connectTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.authority+wellKnown, nil)
	if err != nil {
		return known
	}
	resp, err := b.http.Do(req)
	if err != nil {
		return known
	}
	defer resp.Body.Close()
	var document struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if json.NewDecoder(resp.Body).Decode(&document) != nil {
		return known
	}
	page, err := absolute(document.EndSession)
	if err != nil {
		return known
	}
	return page
}

// absolute parses an address that a browser may be sent to: https, or http on this
// machine, where there is no network to listen on.
func absolute(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return nil, errors.New("not an absolute address")
	}
	local := u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1"
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return nil, errors.New("neither https nor on this machine")
	}
	return u, nil
}

// contextID reports whether s is c1 to c99, the ids that Entra knows.
func contextID(s string) bool {
	digits := len(s) - 1
	return (digits == 1 || digits == 2) && s[0] == 'c' && s[1] >= '1' && s[1] <= '9' && (digits == 1 || s[2] >= '0' && s[2] <= '9')
}
