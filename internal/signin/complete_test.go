package signin

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/tx"
)

func TestComplete_OID1_SendsVerifierAndGivesIdentity(t *testing.T) {
	i := newIssuer(t)
	got, err := i.broker(t, nil).Complete(t.Context(), "n1", "the-verifier", "n1")
	if err != nil {
		t.Fatalf("Complete = %v", err)
	}
	want := Identity{Person: directory.PersonID{Tenant: tenantID, Object: objectID}, DisplayName: "Ada Example",
		UserPrincipalName: "ada@example.org", AuthTime: testNow.Add(-time.Minute), Strong: true, Language: "de-DE"}
	if got != want {
		t.Errorf("Complete = %+v, want %+v", got, want)
	}
	form := i.forms[0]
	for field, value := range map[string]string{"grant_type": "authorization_code", "code": "n1", "code_verifier": "the-verifier", "redirect_uri": callback, "client_id": clientID} {
		if form.Get(field) != value {
			t.Errorf("token form %s = %q, want %q", field, form.Get(field), value)
		}
	}
}

// badTokens bends one thing each; every one must be refused.
func badTokens(t *testing.T, i *issuer) map[string]func(c map[string]any) string {
	stranger := newKey(t)
	bend := func(change func(map[string]any)) func(map[string]any) string {
		return func(c map[string]any) string { change(c); return i.sign(t, c) }
	}
	set := func(name string, value any) func(map[string]any) string {
		return bend(func(c map[string]any) { c[name] = value })
	}
	drop := func(name string) func(map[string]any) string {
		return bend(func(c map[string]any) { delete(c, name) })
	}
	with := func(alg jose.SignatureAlgorithm, key any, typ jose.ContentType) func(map[string]any) string {
		return func(c map[string]any) string { return signed(t, alg, key, typ, c) }
	}
	public, err := x509.MarshalPKIXPublicKey(i.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	unsigned := func(header string) func(map[string]any) string {
		return func(c map[string]any) string {
			payload, _ := json.Marshal(c)
			return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString(payload) + "."
		}
	}
	return map[string]func(map[string]any) string{
		"alg none":               unsigned(`{"alg":"none","typ":"JWT"}`),
		"unsigned RS256":         unsigned(`{"alg":"RS256","kid":"k1","typ":"JWT"}`),
		"HS256 with public key":  with(jose.HS256, jose.JSONWebKey{Key: publicPEM, KeyID: "k1"}, "JWT"),
		"RS384":                  with(jose.RS384, jose.JSONWebKey{Key: i.key, KeyID: "k1"}, "JWT"),
		"stranger's key":         with(jose.RS256, jose.JSONWebKey{Key: stranger, KeyID: "k1"}, "JWT"),
		"unknown kid":            with(jose.RS256, jose.JSONWebKey{Key: stranger, KeyID: "k9"}, "JWT"),
		"stranger's key, no kid": with(jose.RS256, stranger, "JWT"),
		"access token type":      with(jose.RS256, jose.JSONWebKey{Key: i.key, KeyID: "k1"}, "at+jwt"),
		"logout token type":      with(jose.RS256, jose.JSONWebKey{Key: i.key, KeyID: "k1"}, "logout+jwt"),
		"payload changed": func(c map[string]any) string {
			parts := strings.Split(i.sign(t, c), ".")
			c["oid"] = "00000000-0000-4000-8000-000000000000"
			payload, _ := json.Marshal(c)
			return parts[0] + "." + base64.RawURLEncoding.EncodeToString(payload) + "." + parts[2]
		},
		"wrong aud":              set("aud", "00000000-0000-4000-8000-000000000000"),
		"array aud":              set("aud", []string{clientID}),
		"array aud of two":       set("aud", []string{clientID, "other"}),
		"no aud":                 drop("aud"),
		"other authorised party": set("azp", "other"),
		"wrong iss":              set("iss", "https://login.microsoftonline.com/00000000-0000-4000-8000-000000000000/v2.0"),
		"v1 iss":                 set("iss", "https://sts.windows.net/"+tenantID+"/"),
		"no iss":                 drop("iss"),
		"other tenant":           set("tid", "00000000-0000-4000-8000-000000000000"),
		"no tid":                 drop("tid"),
		"expired":                set("exp", testNow.Add(-time.Second).Unix()),
		"no exp":                 drop("exp"),
		"exp null":               set("exp", nil),
		"nbf in the future":      set("nbf", testNow.Add(61*time.Second).Unix()),
		"iat in the future":      set("iat", testNow.Add(61*time.Second).Unix()),
		"no iat":                 drop("iat"),
		"auth_time in future":    set("auth_time", testNow.Add(61*time.Second).Unix()),
		"auth_time words":        set("auth_time", "yesterday"),
		"wrong nonce":            set("nonce", "n2"),
		"nonce of other case":    set("nonce", "N1"),
		"no nonce":               drop("nonce"),
		"empty nonce":            set("nonce", ""),
		"no oid":                 drop("oid"),
		"oid no GUID":            set("oid", "ada@example.org"),
		"oid in braces":          set("oid", "{"+objectID+"}"),
		"oid a number":           set("oid", 7),
		"version 1":              set("ver", "1.0"),
		"no version":             drop("ver"),
		"not a token":            func(map[string]any) string { return "hello" },
		"no token":               func(map[string]any) string { return "" },
		"two dots":               func(map[string]any) string { return ".." },
	}
}

func TestComplete_OID2_RefusesBadTokens(t *testing.T) {
	i := newIssuer(t)
	b := i.broker(t, nil)
	for name, make := range badTokens(t, i) {
		t.Run(name, func(t *testing.T) {
			i.idToken = func(url.Values) string { return make(goodClaims("n1")) }
			got, err := b.Complete(t.Context(), "n1", "v", "n1")
			if !fault.Is(err, fault.Forbidden) || fault.As(err).Key != "signin.refused" {
				t.Errorf("Complete(%s) = %+v, %v, want signin.refused", name, got, err)
			}
			if got != (Identity{}) {
				t.Errorf("Complete(%s) gave an identity: %+v", name, got)
			}
		})
	}
}

func TestComplete_OID2_AllowsAMinuteOfSkew(t *testing.T) {
	i := newIssuer(t)
	b := i.broker(t, nil)
	for _, claim := range []string{"nbf", "iat", "auth_time"} {
		i.idToken = func(url.Values) string {
			c := goodClaims("n1")
			c[claim] = testNow.Add(skew).Unix()
			return i.sign(t, c)
		}
		if _, err := b.Complete(t.Context(), "n1", "v", "n1"); err != nil {
			t.Errorf("Complete with %s a minute ahead = %v, want nil", claim, err)
		}
	}
	i.idToken = func(url.Values) string { return i.sign(t, goodClaims("n1")) }
	i.clock.Advance(time.Hour + time.Second)
	if _, err := b.Complete(t.Context(), "n1", "v", "n1"); !fault.Is(err, fault.Forbidden) {
		t.Errorf("Complete after exp by the injected clock = %v, want refused", err)
	}
}

func TestComplete_OID2_TakesUpNewKeysAndDropsWithdrawnOnes(t *testing.T) {
	i := newIssuer(t)
	b := i.broker(t, nil)
	if _, err := b.Complete(t.Context(), "n1", "v", "n1"); err != nil {
		t.Fatalf("Complete = %v", err)
	}
	old, fresh := i.key, newKey(t)
	i.served = []jose.JSONWebKey{{Key: fresh.Public(), KeyID: "k2", Use: "sig", Algorithm: "RS256"}}
	i.idToken = func(url.Values) string {
		return signed(t, jose.RS256, jose.JSONWebKey{Key: fresh, KeyID: "k2"}, "JWT", goodClaims("n1"))
	}
	if _, err := b.Complete(t.Context(), "n1", "v", "n1"); err != nil {
		t.Errorf("Complete with the new key = %v, want nil", err)
	}
	i.served = []jose.JSONWebKey{{Key: old.Public(), KeyID: "k1", Use: "sig", Algorithm: "RS256"}}
	i.clock.Advance(keyTime + time.Second)
	i.idToken = func(url.Values) string {
		c := goodClaims("n1")
		c["exp"] = testNow.Add(30 * time.Hour).Unix()
		return signed(t, jose.RS256, jose.JSONWebKey{Key: fresh, KeyID: "k2"}, "JWT", c)
	}
	if _, err := b.Complete(t.Context(), "n1", "v", "n1"); !fault.Is(err, fault.Forbidden) {
		t.Errorf("Complete with a key withdrawn a day ago = %v, want refused", err)
	}
}

func TestComplete_OID3_PersonIsTenantAndObject(t *testing.T) {
	i := newIssuer(t)
	b := i.broker(t, nil)
	i.idToken = func(url.Values) string {
		c := goodClaims("n1")
		c["oid"], c["tid"] = strings.ToUpper(objectID), strings.ToUpper(tenantID)
		delete(c, "preferred_username")
		delete(c, "name")
		return i.sign(t, c)
	}
	got, err := b.Complete(t.Context(), "n1", "v", "n1")
	if want := (directory.PersonID{Tenant: tenantID, Object: objectID}); err != nil || got.Person != want {
		t.Errorf("Complete = %+v, %v, want person %v", got, err, want)
	}
}

func TestComplete_OID3_ParallelSignInsKeepApart(t *testing.T) {
	i := newIssuer(t)
	b := i.broker(t, nil)
	i.idToken = func(form url.Values) string {
		c := goodClaims(form.Get("code"))
		c["oid"] = form.Get("code")
		return i.sign(t, c)
	}
	var all sync.WaitGroup
	for n := range 16 {
		all.Go(func() {
			object := fmt.Sprintf("00000000-0000-4000-8000-0000000000%02d", n)
			got, err := b.Complete(t.Context(), object, "v", object)
			if err != nil || got.Person.Object != object {
				t.Errorf("Complete(%s) = %v, %v", object, got.Person, err)
			}
		})
	}
	all.Wait()
}

func TestComplete_OID4_StrengthAndTimeComeFromTheToken(t *testing.T) {
	at := testNow.Add(-time.Minute)
	for name, c := range map[string]struct {
		context string
		claims  map[string]any // nil value: claim missing
		strong  bool
		guest   bool
		at      time.Time
	}{
		"array":               {"c1", map[string]any{"acrs": []string{"c2", "c1"}}, true, false, at},
		"string":              {"c1", map[string]any{"acrs": "c1"}, true, false, at},
		"other context":       {"c1", map[string]any{"acrs": []string{"c2", "c11"}}, false, false, at},
		"no acrs":             {"c1", map[string]any{"acrs": nil}, false, false, at},
		"amr is no proof":     {"c1", map[string]any{"acrs": nil, "amr": []string{"mfa"}}, false, false, at},
		"none configured":     {"", map[string]any{"acrs": []string{"c1", ""}}, false, false, at},
		"no auth_time":        {"c1", map[string]any{"auth_time": nil}, true, false, time.Time{}},
		"auth_time zero":      {"c1", map[string]any{"auth_time": 0}, true, false, time.Time{}},
		"auth_time text":      {"c1", map[string]any{"auth_time": fmt.Sprint(at.Unix())}, true, false, at},
		"guest by acct":       {"c1", map[string]any{"acct": 1}, true, true, at},
		"guest by acct text":  {"c1", map[string]any{"acct": "1"}, true, true, at},
		"guest by idp":        {"c1", map[string]any{"acct": nil, "idp": "https://sts.windows.net/00000000-0000-4000-8000-000000000000/"}, true, true, at},
		"member with own idp": {"c1", map[string]any{"idp": "https://sts.windows.net/" + tenantID + "/"}, true, false, at},
		"no acct, no idp":     {"c1", map[string]any{"acct": nil}, true, false, at},
	} {
		t.Run(name, func(t *testing.T) {
			i := newIssuer(t)
			i.idToken = func(url.Values) string {
				claims := goodClaims("n1")
				for k, v := range c.claims {
					claims[k] = v
					if v == nil {
						delete(claims, k)
					}
				}
				return i.sign(t, claims)
			}
			got, err := i.broker(t, func(conf *Config) { conf.AuthenticationContext = c.context }).Complete(t.Context(), "n1", "v", "n1")
			if err != nil || got.Strong != c.strong || got.Guest != c.guest || !got.AuthTime.Equal(c.at) {
				t.Errorf("Complete = %+v, %v, want strong %v, guest %v, at %v", got, err, c.strong, c.guest, c.at)
			}
		})
	}
}

func TestComplete_OID5_EchoesNothingOfTheProvider(t *testing.T) {
	const canary = "canary-c0ffee"
	token := func(status int, body any, header ...string) func(*http.Request) (*http.Response, error) {
		return func(req *http.Request) (*http.Response, error) {
			if !strings.HasSuffix(req.URL.Path, "/token") {
				return nil, nil
			}
			resp := reply(status, body)
			for n := 0; n+1 < len(header); n += 2 {
				resp.Header.Set(header[n], header[n+1])
			}
			return resp, nil
		}
	}
	oauth := func(name string) map[string]any {
		return map[string]any{"error": name, "error_description": "AADSTS70008: " + canary, "error_codes": []int{70008}}
	}
	cut := errors.New("connection reset " + canary)
	for name, c := range map[string]struct {
		answer func(*http.Request) (*http.Response, error)
		kind   fault.Kind
		until  time.Time
	}{
		"invalid_grant":      {token(400, oauth("invalid_grant")), fault.Forbidden, time.Time{}},
		"interaction":        {token(400, oauth("interaction_required")), fault.Forbidden, time.Time{}},
		"invalid_client":     {token(401, oauth("invalid_client")), fault.Unavailable, time.Time{}},
		"odd error name":     {token(400, oauth(canary+" <script>")), fault.Forbidden, time.Time{}},
		"error is an object": {token(400, `{"error":{"code":"`+canary+`"}}`), fault.Forbidden, time.Time{}},
		"empty 400":          {token(400, ""), fault.Forbidden, time.Time{}},
		"HTML 502":           {token(502, "<html>"+canary), fault.Unavailable, time.Time{}},
		"HTML 200":           {token(200, "<html>"+canary), fault.Unavailable, time.Time{}},
		"empty 200":          {token(200, ""), fault.Unavailable, time.Time{}},
		"empty object":       {token(200, "{}"), fault.Forbidden, time.Time{}},
		"array":              {token(200, `["`+canary+`"]`), fault.Forbidden, time.Time{}},
		"broken JSON":        {token(200, `{"access_token":"`+canary), fault.Unavailable, time.Time{}},
		"wrong types":        {token(200, `{"access_token":"`+canary+`","expires_in":{},"id_token":7}`), fault.Forbidden, time.Time{}},
		"odd client_info":    {token(200, `{"access_token":"`+canary+`","expires_in":3600,"client_info":"===`+canary+`"}`), fault.Forbidden, time.Time{}},
		"redirect":           {token(307, "", "Location", "https://elsewhere.example/"+canary), fault.Unavailable, time.Time{}},
		"429 with seconds":   {token(429, "", "Retry-After", "7"), fault.Unavailable, testNow.Add(7 * time.Second)},
		"503 with a date":    {token(503, "", "Retry-After", testNow.Add(time.Minute).Format(http.TimeFormat)), fault.Unavailable, testNow.Add(time.Minute)},
		"429 for years":      {token(429, "", "Retry-After", "99999999"), fault.Unavailable, testNow.Add(time.Hour)},
		"503 with nonsense":  {token(503, "", "Retry-After", canary), fault.Unavailable, time.Time{}},
		"endless answer":     {token(200, `"`+strings.Repeat("x", answerLimit)), fault.Unavailable, time.Time{}},
		"cut line":           {func(*http.Request) (*http.Response, error) { return nil, cut }, fault.Unavailable, time.Time{}},
		"no discovery":       {func(*http.Request) (*http.Response, error) { return reply(404, canary), nil }, fault.Unavailable, time.Time{}},
		"keys not to be had": {func(req *http.Request) (*http.Response, error) {
			if strings.HasSuffix(req.URL.Path, "/keys") {
				return reply(500, canary), nil
			}
			return nil, nil
		}, fault.Unavailable, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			i := newIssuer(t)
			i.answer = c.answer
			_, err := i.broker(t, nil).Complete(t.Context(), "n1", "verifier-canary", "n1")
			f := fault.As(err)
			if f == nil || f.Kind != c.kind || !f.Until.Equal(c.until) {
				t.Fatalf("Complete = %v until %v, want %v until %v", err, f.Until, c.kind, c.until)
			}
			if text := fmt.Sprintf("%v %+v %#v", err, f, f.Err); strings.Contains(text, "canary") {
				t.Errorf("Complete's error tells too much: %s", text)
			}
			if i.calls["//elsewhere.example"] > 0 {
				t.Error("Complete followed a redirect")
			}
		})
	}
}

func TestComplete_OID5_KeepsErrorNumbersForTheLog(t *testing.T) {
	i := newIssuer(t)
	i.answer = func(req *http.Request) (*http.Response, error) {
		if strings.HasSuffix(req.URL.Path, "/token") {
			return reply(400, map[string]any{"error": "invalid_grant", "error_codes": []int{70008, 54005}}), nil
		}
		return nil, nil
	}
	_, err := i.broker(t, nil).Complete(t.Context(), "n1", "v", "n1")
	if want := "answer 400 invalid_grant AADSTS70008 AADSTS54005"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Complete = %v, want %q in it", err, want)
	}
}

func TestComplete_OID6_ProvesTheClientByCertificate(t *testing.T) {
	i := newIssuer(t)
	key := newKey(t)
	cert := certificate(t, key)
	b := i.broker(t, func(c *Config) { c.Secret, c.PrivateKey, c.Certificates = "", key, []*x509.Certificate{cert} })
	if _, err := b.Complete(t.Context(), "n1", "v", "n1"); err != nil {
		t.Fatalf("Complete = %v", err)
	}
	form := i.forms[0]
	assertion, err := jose.ParseSignedCompact(form.Get("client_assertion"), []jose.SignatureAlgorithm{jose.PS256, jose.RS256})
	if err != nil {
		t.Fatalf("client_assertion: %v", err)
	}
	if _, err := assertion.Verify(key.Public()); err != nil || form.Has("client_secret") {
		t.Errorf("client_assertion signed by the key: %v; client_secret sent: %v", err, form.Has("client_secret"))
	}
}

func TestComplete_AVL1_GivesUpWithItsCaller(t *testing.T) {
	i := newIssuer(t)
	ctx, cancel := context.WithCancel(t.Context())
	i.answer = func(req *http.Request) (*http.Response, error) {
		if _, ok := req.Context().Deadline(); !ok {
			t.Errorf("%s called without a deadline", req.URL.Path)
		}
		cancel()
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
	if _, err := i.broker(t, nil).Complete(ctx, "n1", "v", "n1"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Complete after cancel = %v, want unavailable", err)
	}
}

func TestComplete_RefusesTransactionsAndEmptyInput(t *testing.T) {
	i := newIssuer(t)
	b := i.broker(t, nil)
	if _, err := b.Complete(tx.With(t.Context(), 1), "n1", "v", "n1"); !errors.Is(err, tx.ErrOpen) {
		t.Errorf("Complete in a transaction = %v, want tx.ErrOpen", err)
	}
	for _, in := range [][3]string{{"", "v", "n"}, {"c", "", "n"}, {"c", "v", ""}, {strings.Repeat("c", codeLimit+1), "v", "n"}} {
		if _, err := b.Complete(t.Context(), in[0], in[1], in[2]); !fault.Is(err, fault.Forbidden) {
			t.Errorf("Complete(%.5q, %q, %q) = %v, want refused", in[0], in[1], in[2], err)
		}
	}
	if len(i.calls) != 0 {
		t.Errorf("calls = %v, want none", i.calls)
	}
}
