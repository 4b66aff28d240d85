package entra

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// signingKey signs ID tokens.
type signingKey struct {
	signer jose.Signer
	public jose.JSONWebKeySet
}

func newSigningKey() (*signingKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("entra: making the signing key: %w", err)
	}
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(&key.PublicKey))
	id := base64.RawURLEncoding.EncodeToString(sum[:20])
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: id}},
		(&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, fmt.Errorf("entra: %w", err)
	}
	public := jose.JSONWebKey{Key: &key.PublicKey, KeyID: id, Use: "sig", Algorithm: string(jose.RS256)}
	return &signingKey{signer, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{public}}}, nil
}

// sign returns claims as a signed token.
func (k *signingKey) sign(claims map[string]any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("entra: %w", err)
	}
	signed, err := k.signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("entra: signing: %w", err)
	}
	return signed.CompactSerialize()
}
