package signin

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"
	"github.com/google/uuid"

	"rekey/internal/clock"
)

// registration is an app registration and the way to its tenant's sign-in service.
type registration struct {
	authority string // lower-case, no slash at the end
	tenant    string // lower-case GUID
	clientID  string
	cred      confidential.Credential
	http      *http.Client
	clock     clock.Clock
}

func newRegistration(authority, tenant, clientID string, certs []*x509.Certificate, key crypto.PrivateKey, secret string,
	transport http.RoundTripper, c clock.Clock) (registration, error) {
	var wrong []error
	tenant = strings.ToLower(tenant)
	if !guid(tenant) {
		wrong = append(wrong, fmt.Errorf("tenant %q is not a GUID", tenant))
	}
	if clientID == "" {
		wrong = append(wrong, errors.New("client id is missing"))
	}
	if c == nil {
		wrong = append(wrong, errors.New("clock is missing"))
	}
	// The tenant in the address decides whose tokens come back, and what their issuer is.
	authority = strings.ToLower(strings.TrimSuffix(authority, "/"))
	u, err := absolute(authority)
	if err != nil || u.Scheme != "https" || u.Path != "/"+tenant || u.RawQuery != "" {
		wrong = append(wrong, fmt.Errorf("authority %q is not https://<host>/<tenant id>", authority))
	}
	cred, err := credential(certs, key, secret)
	if err != nil {
		wrong = append(wrong, err)
	}
	if len(wrong) > 0 {
		return registration{}, errors.Join(wrong...)
	}
	if transport == nil {
		transport = network()
	}
	return registration{authority: authority, tenant: tenant, clientID: clientID, cred: cred, clock: c,
		http: newHTTPClient(transport, c)}, nil
}

func credential(certs []*x509.Certificate, key crypto.PrivateKey, secret string) (confidential.Credential, error) {
	switch {
	case key != nil && secret != "":
		return confidential.Credential{}, errors.New("both a certificate and a secret are given")
	case key != nil:
		cred, err := confidential.NewCredFromCert(certs, key)
		if err != nil {
			return cred, fmt.Errorf("certificate: %w", err)
		}
		return cred, nil
	case secret != "":
		return confidential.NewCredFromSecret(secret)
	}
	return confidential.Credential{}, errors.New("neither a certificate with its key nor a secret is given")
}

// client returns a new MSAL client with an empty cache of its own. The authority is
// pinned by configuration, so nobody is asked whether it is genuine, and no environment
// variable may move the endpoints to a region.
func (r *registration) client() (confidential.Client, error) {
	return confidential.New(r.authority, r.clientID, r.cred, confidential.WithHTTPClient(r.http),
		confidential.WithInstanceDiscovery(false), confidential.WithAzureRegion("DisableMsalForceRegion"))
}

// guid reports whether s is a lower-case GUID in the usual spelling.
func guid(s string) bool {
	id, err := uuid.Parse(s)
	return err == nil && id.String() == s
}
