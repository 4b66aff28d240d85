package entra

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"rekey/internal/emulator/tenant"
)

// assertionType is the client_assertion_type of RFC 7523.
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// assertionSkew is how far the clocks of client and tenant may differ.
const assertionSkew = 5 * time.Minute

// client finds the app that calls and has it prove itself, by secret or by assertion.
func (e *Entra) client(r *http.Request) (tenant.App, *Error) {
	id, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	if user, password, basic := r.BasicAuth(); basic {
		id, secret = user, password
	}
	if id == "" {
		return tenant.App{}, missing("client_id")
	}
	app, ok := e.tenant.App(id)
	if !ok {
		return tenant.App{}, noApp(id)
	}
	if assertion := r.PostForm.Get("client_assertion"); assertion != "" {
		if r.PostForm.Get("client_assertion_type") != assertionType {
			return tenant.App{}, refuse("invalid_request", 900144, "The client_assertion_type must be '%s'.", assertionType)
		}
		return app, e.checkAssertion(app, assertion)
	}
	if secret == "" {
		return tenant.App{}, refuseClient(7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
	}
	if app.Secret == "" || subtle.ConstantTimeCompare([]byte(secret), []byte(app.Secret)) != 1 {
		return tenant.App{}, refuseClient(7000215, "Invalid client secret provided. Ensure the secret being sent in the request is "+
			"the client secret value, not the client secret ID, for a secret added to app '%s'.", app.ClientID)
	}
	return app, nil
}

// assertionClaims are the claims of a client assertion.
// Source: Entra, Microsoft identity platform application authentication certificate credentials.
type assertionClaims struct {
	Issuer    string      `json:"iss"`
	Subject   string      `json:"sub"`
	Audience  string      `json:"aud"`
	ID        string      `json:"jti"`
	NotBefore json.Number `json:"nbf"`
	Expires   json.Number `json:"exp"`
}

func (e *Entra) checkAssertion(app tenant.App, assertion string) *Error {
	signed, err := jose.ParseSignedCompact(assertion, []jose.SignatureAlgorithm{jose.RS256, jose.PS256})
	if err != nil || len(signed.Signatures) != 1 {
		return refuseClient(50027, "JWT token is invalid or malformed.")
	}
	if app.Certificate == nil || !namesCertificate(signed.Signatures[0].Header, app.Certificate) {
		return refuseClient(700027, "The certificate with identifier used to sign the client assertion is not registered on application.")
	}
	payload, err := signed.Verify(app.Certificate.PublicKey)
	if err != nil {
		return refuseClient(700027, "Client assertion failed signature validation.")
	}
	var c assertionClaims
	if err := json.Unmarshal(payload, &c); err != nil {
		return refuseClient(50027, "JWT token is invalid or malformed.")
	}
	return e.checkAssertionClaims(app, c)
}

func (e *Entra) checkAssertionClaims(app tenant.App, c assertionClaims) *Error {
	now := e.o.ClientClock.Now()
	expires, err := c.Expires.Int64()
	notBefore, _ := c.NotBefore.Int64() // absent is zero: since ever
	switch {
	case !strings.EqualFold(c.Issuer, app.ClientID) || !strings.EqualFold(c.Subject, app.ClientID):
		return refuseClient(700021, "Client assertion application identifier doesn't match 'client_id' parameter.")
	case !slices.Contains(e.assertionAudiences(), strings.ToLower(c.Audience)):
		return refuseClient(700023, "Client assertion audience claim does not match Realm issuer.")
	case err != nil || !now.Before(time.Unix(expires, 0)) || now.Add(assertionSkew).Before(time.Unix(notBefore, 0)):
		return refuseClient(700024, "Client assertion is not within its valid time range.")
	case c.ID == "":
		return refuseClient(50027, "JWT token is invalid or malformed: 'jti' is missing.")
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	maps.DeleteFunc(e.jtis, func(_ string, until time.Time) bool { return !now.Before(until) })
	key := app.ClientID + " " + c.ID
	if _, seen := e.jtis[key]; seen {
		return refuseClient(700029, "The client assertion was used before.")
	}
	e.jtis[key] = time.Unix(expires, 0)
	return nil
}

// assertionAudiences are the names of this tenant that an assertion may be made out to.
func (e *Entra) assertionAudiences() []string {
	token := "/oauth2/v2.0/token"
	return []string{strings.ToLower(e.issuer()), Login + "/" + e.tenant.ID() + token, Login + "/" + tenant.Domain + token,
		strings.ToLower(e.local(token))}
}

// namesCertificate says whether the header carries the certificate's thumbprint: x5t#S256
// or x5t, in either alphabet of base64, with or without padding.
func namesCertificate(h jose.Header, cert *x509.Certificate) bool {
	sum256, sum1 := sha256.Sum256(cert.Raw), sha1.Sum(cert.Raw)
	for name, sum := range map[jose.HeaderKey][]byte{"x5t#S256": sum256[:], "x5t": sum1[:]} {
		text, _ := h.ExtraHeaders[name].(string)
		text = strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(text)
		if text != "" && text == base64.RawURLEncoding.EncodeToString(sum) {
			return true
		}
	}
	return false
}
