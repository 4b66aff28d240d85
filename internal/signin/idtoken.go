package signin

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/text/language"

	"rekey/internal/clock"
	"rekey/internal/directory"
)

// skew is how far the sign-in service's clock may be from ours (OID-2).
const skew = 60 * time.Second

// nameLimit is the longest display name or user name that is kept, in runes.
const nameLimit = 256

// claims are what we read of an ID token. Entra describes them in its ID token claims
// reference and optional claims reference.
type claims struct {
	Version  string          `json:"ver"`
	Tenant   string          `json:"tid"`
	Object   string          `json:"oid"`
	Expires  instant         `json:"exp"`
	Issued   instant         `json:"iat"`
	NotYet   instant         `json:"nbf"`
	AuthTime instant         `json:"auth_time"`
	Nonce    string          `json:"nonce"`
	Party    string          `json:"azp"`
	Contexts words           `json:"acrs"`
	Account  json.RawMessage `json:"acct"`
	Provider string          `json:"idp"`
	Name     string          `json:"name"`
	UserName string          `json:"preferred_username"`
	Language string          `json:"xms_pl"`
}

// identify verifies an ID token and returns whose it is.
func (b *Broker) identify(ctx context.Context, raw, nonce string) (Identity, error) {
	now := b.clock.Now()
	verifier := oidc.NewVerifier(b.issuer, b.keys, &oidc.Config{
		ClientID: b.clientID, SupportedSigningAlgs: []string{oidc.RS256}, Now: func() time.Time { return now },
	})
	trouble := new(keyTrouble)
	token, err := verifier.Verify(context.WithValue(ctx, keyTroubleKey{}, trouble), raw)
	if trouble.err != nil {
		return Identity{}, down("signing keys not to be had")
	}
	if err != nil {
		return Identity{}, refused("ID token not valid: signature, issuer, audience or time")
	}
	var c claims
	if err := token.Claims(&c); err != nil {
		return Identity{}, refused("ID token with odd claims")
	}
	if why := b.wrong(c, token.Audience, raw, nonce, now); why != "" {
		return Identity{}, refused(why)
	}
	return b.identity(c), nil
}

// wrong names what is wrong with the claims of a token whose signature, issuer, audience
// and expiry are good; "" for nothing.
func (b *Broker) wrong(c claims, audience []string, raw, nonce string, now time.Time) string {
	latest := now.Add(skew)
	switch {
	case !jwtType(raw):
		return "not an ID token by its type"
	case c.Version != "2.0":
		return "ID token of another version"
	case len(audience) != 1 || c.Party != "" && c.Party != b.clientID:
		return "ID token for others too"
	case nonce == "" || subtle.ConstantTimeCompare([]byte(c.Nonce), []byte(nonce)) != 1:
		return "ID token of another sign-in"
	case !strings.EqualFold(c.Tenant, b.tenant):
		return "ID token of another tenant"
	case !guid(strings.ToLower(c.Object)):
		return "ID token without an object id"
	case c.Expires.IsZero() || c.Issued.IsZero() || c.Issued.After(latest) || c.NotYet.After(latest):
		return "ID token not yet valid, or without times"
	case c.AuthTime.After(latest):
		return "ID token of a sign-in in the future"
	}
	return ""
}

// identity turns verified claims into an Identity.
func (b *Broker) identity(c claims) Identity {
	wanted := b.config.AuthenticationContext
	return Identity{
		Person:            directory.PersonID{Tenant: b.tenant, Object: strings.ToLower(c.Object)},
		DisplayName:       cut(c.Name),
		UserPrincipalName: cut(c.UserName),
		AuthTime:          c.AuthTime.Time,
		Strong:            wanted != "" && slices.Contains(c.Contexts, wanted),
		Guest:             string(bytes.Trim(c.Account, `"`)) == "1" || b.foreign(c.Provider),
		Language:          tag(c.Language),
	}
}

// foreign reports whether the identity provider of an account is not this tenant. Entra
// names one only where it differs from the issuer.
func (b *Broker) foreign(provider string) bool {
	return provider != "" && provider != b.issuer && provider != "https://sts.windows.net/"+b.tenant+"/"
}

// jwtType reports whether the token's header says that it is a plain JWT. Other types
// (at+jwt, logout+jwt) are signed by the same keys and are no proof of a sign-in.
func jwtType(raw string) bool {
	head, _, _ := strings.Cut(raw, ".")
	text, err := base64.RawURLEncoding.DecodeString(head)
	var header struct {
		Type string `json:"typ"`
	}
	return err == nil && json.Unmarshal(text, &header) == nil && (header.Type == "" || strings.EqualFold(header.Type, "JWT"))
}

// tag returns a language tag in its usual spelling, "" for none.
func tag(s string) string {
	if s == "" || len(s) > 35 {
		return ""
	}
	t, err := language.Parse(s)
	if err != nil {
		return ""
	}
	return t.String()
}

func cut(s string) string {
	if runes := []rune(s); len(runes) > nameLimit {
		return string(runes[:nameLimit])
	}
	return s
}

// instant is a time in whole seconds since 1970; zero when missing.
type instant struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler.
func (i *instant) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	var seconds int64
	if err := json.Unmarshal(bytes.Trim(text, `"`), &seconds); err != nil {
		return err
	}
	if seconds > 0 {
		i.Time = time.Unix(seconds, 0).UTC()
	}
	return nil
}

// words is a claim that comes as an array or as one string.
type words []string

// UnmarshalJSON implements json.Unmarshaler.
func (w *words) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*w = strings.Fields(one)
		return nil
	}
	return json.Unmarshal(text, (*[]string)(w))
}

// keyTime is how long signing keys are believed. The library fetches again by itself
// only for a key that it does not know, so it would go on trusting a withdrawn one.
const keyTime = 24 * time.Hour

// keySet is the tenant's signing keys.
type keySet struct {
	address string
	http    *http.Client
	clock   clock.Clock

	mu   sync.Mutex
	keys *oidc.RemoteKeySet
	at   time.Time
}

// keyTrouble tells apart "no keys to be had" and "no key fits", which the verifier does not.
type keyTrouble struct{ err error }

type keyTroubleKey struct{}

func newKeySet(address string, client *http.Client, c clock.Clock) *keySet {
	return &keySet{address: address, http: client, clock: c}
}

// VerifySignature implements oidc.KeySet.
func (k *keySet) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	payload, err := k.current().VerifySignature(ctx, jwt)
	if trouble, ok := ctx.Value(keyTroubleKey{}).(*keyTrouble); ok && unwraps(err) {
		trouble.err = err
	}
	return payload, err
}

// unwraps reports whether an error has a cause: the library's own "does not fit" has none.
func unwraps(err error) bool {
	_, ok := err.(interface{ Unwrap() error })
	return ok
}

func (k *keySet) current() *oidc.RemoteKeySet {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := k.clock.Now(); k.keys == nil || now.Sub(k.at) > keyTime {
		k.keys = oidc.NewRemoteKeySet(oidc.ClientContext(context.Background(), k.http), k.address)
		k.at = now
	}
	return k.keys
}
