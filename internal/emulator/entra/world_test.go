package entra_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/go-jose/go-jose/v4"

	"rekey/internal/clock"
	"rekey/internal/emulator/entra"
	"rekey/internal/emulator/tenant"
)

const (
	base     = "http://127.0.0.1:8080"
	redirect = "http://localhost:8080/signin/callback"
	webID    = "7d1f0c8e-54d0-4a65-9a0e-8f3c2b6a1e01"
	daemonID = "7d1f0c8e-54d0-4a65-9a0e-8f3c2b6a1e02"
	verifier = "a-verifier-of-at-least-forty-three-characters-in-length"
	maya     = "maya.okafor@fernhill.example"
	priya    = "priya.raman@fernhill.example"
	ana      = "ana.souza_birchwood.example#EXT#@fernhill.example"
)

// world is a tenant with its sign-in, an app with a certificate and one with a secret.
type world struct {
	t      *testing.T
	tenant *tenant.Tenant
	clock  *clock.Movable
	entra  *entra.Entra
	serve  http.Handler
	key    *rsa.PrivateKey
	cert   *x509.Certificate
}

func newWorld(t *testing.T, s entra.Switches) *world {
	t.Helper()
	w := &world{t: t, clock: clock.NewMovable(clock.System{}, 0)}
	w.key, w.cert = certificate(t)
	var err error
	if w.tenant, err = tenant.New(tenant.Options{Clock: w.clock}); err != nil {
		t.Fatalf("tenant.New() = %v", err)
	}
	for _, app := range []tenant.App{
		{ClientID: webID, Name: "Rekey", Certificate: w.cert, Scopes: []string{"User.Read"}, RedirectURIs: []string{redirect}},
		{ClientID: daemonID, Name: "Rekey worker", Secret: "s3cret", Permissions: []string{"User.Read.All"}, RedirectURIs: []string{redirect}},
	} {
		if err := w.tenant.RegisterApp(app); err != nil {
			t.Fatalf("RegisterApp(%s) = %v", app.Name, err)
		}
	}
	w.entra, err = entra.New(entra.Options{Tenant: w.tenant, BaseURL: func() string { return base }, Switches: s})
	if err != nil {
		t.Fatalf("entra.New() = %v", err)
	}
	w.serve = w.entra.Handler()
	return w
}

func certificate(t *testing.T) (*rsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatalf("GenerateKey() = %v", err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "rekey"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatalf("CreateCertificate() = %v", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatalf("ParseCertificate() = %v", err)
	}
	return key, cert
}

// RoundTrip answers from the handler, for the login host and the demo's own.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	own := r.URL.Host == "login.microsoftonline.com" || strings.HasPrefix(base, "http://"+r.URL.Host)
	if !own {
		w.t.Errorf("request to %s, want only the emulated hosts", r.URL.Host)
	}
	in := r.Clone(r.Context())
	in.RequestURI, in.Host = in.URL.RequestURI(), in.URL.Host
	if in.Body == nil {
		in.Body = http.NoBody
	}
	rec := httptest.NewRecorder()
	w.serve.ServeHTTP(rec, in)
	res := rec.Result()
	res.Request = r
	return res, nil
}

// authorizeURL is a request that is in order, but for what change does to it.
func (w *world) authorizeURL(change func(url.Values)) string {
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{
		"client_id": {webID}, "redirect_uri": {redirect}, "response_type": {"code"}, "state": {"the-state"}, "nonce": {"the-nonce"},
		"scope":          {"openid profile offline_access https://graph.microsoft.com/User.Read"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	if change != nil {
		change(q)
	}
	return base + entra.Prefix + w.tenant.ID() + "/oauth2/v2.0/authorize?" + q.Encode()
}

// wantContext asks for the authentication context, as every sign-in of the site does.
func wantContext(q url.Values) {
	q.Set("claims", `{"id_token":{"acrs":{"essential":true,"value":"c1"}}}`)
}

// redeem posts a code to the token endpoint, with form on top of what is in order.
func (w *world) redeem(code string, change func(url.Values)) (int, map[string]any) {
	w.t.Helper()
	form := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {webID}, "code": {code}, "redirect_uri": {redirect}, "code_verifier": {verifier},
		"scope": {"https://graph.microsoft.com/User.Read openid offline_access profile"}, "client_info": {"1"},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {w.assertion(nil)},
	}
	if change != nil {
		change(form)
	}
	return w.post(form)
}

func (w *world) post(form url.Values) (int, map[string]any) {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "https://login.microsoftonline.com/"+w.tenant.ID()+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	rec := httptest.NewRecorder()
	w.serve.ServeHTTP(rec, r)
	var body map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil {
		w.t.Fatalf("token endpoint answers %q, want JSON", rec.Body)
	}
	return rec.Code, body
}

// assertion is a client assertion that is in order, but for what change does to it.
func (w *world) assertion(change func(claims map[string]any)) string {
	w.t.Helper()
	id := make([]byte, 16)
	_, _ = rand.Read(id)
	claims := map[string]any{
		"aud": "https://login.microsoftonline.com/" + w.tenant.ID() + "/oauth2/v2.0/token", "iss": webID, "sub": webID,
		"jti": base64.RawURLEncoding.EncodeToString(id), "nbf": time.Now().Unix(), "exp": time.Now().Add(10 * time.Minute).Unix(),
	}
	if change != nil {
		change(claims)
	}
	return w.sign(w.key, w.cert, claims)
}

func (w *world) sign(key crypto.Signer, cert *x509.Certificate, claims map[string]any) string {
	w.t.Helper()
	sum := sha256.Sum256(cert.Raw)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key},
		(&jose.SignerOptions{}).WithHeader("x5t#S256", base64.RawURLEncoding.EncodeToString(sum[:])))
	if err != nil {
		w.t.Fatalf("NewSigner() = %v", err)
	}
	payload, _ := json.Marshal(claims)
	signed, err := signer.Sign(payload)
	if err != nil {
		w.t.Fatalf("Sign() = %v", err)
	}
	text, _ := signed.CompactSerialize()
	return text
}

// claims reads an ID token without checking it.
func claims(t *testing.T, body map[string]any) map[string]any {
	t.Helper()
	token, _ := body["id_token"].(string)
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("id_token = %q, want a JWT", token)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatalf("id_token payload: %v", err)
	}
	var c map[string]any
	if err := json.Unmarshal(payload, &c); err != nil {
		t.Fatalf("id_token payload: %v", err)
	}
	return c
}

// code is the code in a callback URL.
func code(t *testing.T, callback string) string {
	t.Helper()
	u, err := url.Parse(callback)
	if err != nil || u.Query().Get("code") == "" {
		t.Fatalf("callback %q, want a code", callback)
	}
	return u.Query().Get("code")
}

// browser follows redirects until one leaves for the app.
type browser struct {
	w      *world
	client *http.Client
	// at is where it is, status and page what it sees there.
	at     *url.URL
	status int
	page   *goquery.Document
	header http.Header
}

func (w *world) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatalf("cookiejar.New() = %v", err)
	}
	stop := func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), redirect) {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return &browser{w: w, client: &http.Client{Transport: w, Jar: jar, CheckRedirect: stop}}
}

func (b *browser) get(address string) *browser {
	b.w.t.Helper()
	res, err := b.client.Get(address)
	return b.saw(res, err)
}

// submit posts the page's form whose action ends in name, with its own values but for those
// given in pairs.
func (b *browser) submit(name string, pairs ...string) *browser {
	b.w.t.Helper()
	form := b.page.Find(`form[action$="/` + name + `"]`).First()
	if form.Length() == 0 {
		b.w.t.Fatalf("page %q has no form %q", b.title(), name)
	}
	values := url.Values{}
	form.Find("input").Each(func(_ int, s *goquery.Selection) { values.Set(s.AttrOr("name", ""), s.AttrOr("value", "")) })
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	to, err := b.at.Parse(form.AttrOr("action", ""))
	if err != nil {
		b.w.t.Fatalf("form action: %v", err)
	}
	res, err := b.client.PostForm(to.String(), values)
	return b.saw(res, err)
}

func (b *browser) saw(res *http.Response, err error) *browser {
	b.w.t.Helper()
	if err != nil {
		b.w.t.Fatalf("browser: %v", err)
	}
	defer res.Body.Close()
	b.status, b.header, b.at = res.StatusCode, res.Header, res.Request.URL
	if b.page, err = goquery.NewDocumentFromReader(io.LimitReader(res.Body, 1<<20)); err != nil {
		b.w.t.Fatalf("browser: %v", err)
	}
	return b
}

func (b *browser) title() string { return strings.TrimSpace(b.page.Find("h1").Text()) }

// callback is where the app's redirect led, "" while the browser is still here.
func (b *browser) callback() string {
	if to := b.header.Get("Location"); strings.HasPrefix(to, redirect) {
		return to
	}
	return ""
}

// text is the code in the newest text to a number.
func (w *world) text(number string) string {
	w.t.Helper()
	all := w.tenant.Messages(number, "")
	if len(all) == 0 {
		w.t.Fatalf("no text to %s", number)
	}
	return regexp.MustCompile(`\d{6}`).FindString(all[len(all)-1].Text)
}

func (w *world) person(name string) tenant.Person {
	w.t.Helper()
	p, ok := w.tenant.Person(name)
	if !ok {
		w.t.Fatalf("Person(%q) is not there", name)
	}
	return p
}
