package doctor

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/internal/clock"
	"rekey/internal/directory"
)

// Tokens gives an application's own token for Graph. Its errors may name the sign-in
// service's code, such as AADSTS7000222, and hold nothing secret.
type Tokens interface {
	Token(ctx context.Context) (string, error)
}

// Answer is one of Graph's.
type Answer struct {
	Status int
	Date   time.Time // of the answering machine; zero when it does not say
	Body   []byte
}

// Graph asks Microsoft Graph with an application's token. Path begins behind the version,
// such as "/policies/authorizationPolicy". An error means that no answer came.
type Graph interface {
	Get(ctx context.Context, token, path string) (Answer, error)
}

// App is an app registration of ours.
type App struct {
	Role     string // "web", "worker" or "reset"
	ClientID string
	Tokens   Tokens
	// Ends is when the certificate stops being good; zero with a secret, whose end only the
	// tenant knows.
	Ends time.Time
}

// Tenant is what is looked at of the tenant.
type Tenant struct {
	Apps  []App // the ones whose roles this configuration has
	Graph Graph
	Clock clock.Clock
	// Mails says that mails are sent by Graph.
	Mails bool
	// Context is the id of the authentication context, "" for none.
	Context string
	// Redirect is the address at which sign-ins come back, SignedOut that of sign-outs.
	Redirect, SignedOut string
	// Methods reads the authentication-method policy.
	Methods directory.PolicyReader
	// Telephony says that the tenant has a telephony provider of its own.
	Telephony bool
}

// ends is how long before its end a certificate is warned about.
const ends = 30 * 24 * time.Hour

// CheckTenant looks at the tenant with the token of each app registration: what the app
// may do, what the tenant is set to, and whether its clock is ours.
func CheckTenant(t Tenant) Check {
	return func(ctx context.Context) []Finding {
		var found []Finding
		found = append(found, t.apart()...)
		for i, app := range t.Apps {
			found = append(found, t.certificate(app)...)
			v, finding := t.visit(ctx, app)
			found = append(found, finding)
			if finding.Result == Failed {
				continue
			}
			found = append(found, v.permissions()...)
			if i == 0 { // Graph is the same for both
				found = append(found, v.graph(ctx)...)
			}
			switch app.Role {
			case "web":
				found = append(found, v.settings(ctx)...)
			case "reset":
				found = append(found, v.role(ctx)...)
				found = append(found, v.reset(ctx)...)
			}
		}
		return found
	}
}

// apart finds registrations that do for two roles.
func (t Tenant) apart() (found []Finding) {
	for i, one := range t.Apps {
		for _, other := range t.Apps[:i] {
			if strings.EqualFold(one.ClientID, other.ClientID) {
				found = append(found, fail("app registrations", other.Role+" and "+one.Role+" are one and the same",
					"make a registration of its own for each: whoever breaks into the site must not find a credential that can write."))
			}
		}
	}
	return found
}

// has reports whether the processes looked at have a role.
func (t Tenant) has(role string) bool {
	return slices.ContainsFunc(t.Apps, func(a App) bool { return a.Role == role })
}

func (t Tenant) certificate(app App) []Finding {
	name := "certificate, " + app.Role
	left := app.Ends.Sub(t.Clock.Now())
	switch day := app.Ends.Format(time.DateOnly); {
	case app.Ends.IsZero():
		return one(warn(name, "a client secret is used instead", "upload a certificate to the app registration and set certificate_file and key_file."))
	case left <= 0:
		return one(fail(name, "over since "+day, "make a new one, upload it to the app registration and name it in the configuration."))
	case left < ends:
		return one(warn(name, "over on "+day, "make a new one now and upload it beside the old one."))
	default:
		return one(ok(name, "good until "+day))
	}
}

// visit is a tenant seen with the token of one app.
type visit struct {
	Tenant
	app   App
	token string
	roles []string
}

// visit fetches a token.
func (t Tenant) visit(ctx context.Context, app App) (visit, Finding) {
	name := "tenant token, " + app.Role
	token, err := app.Tokens.Token(ctx)
	if err != nil {
		return visit{}, fail(name, "none: "+err.Error(), remedy(err.Error(), app.Role))
	}
	roles, err := rolesOf(token)
	if err != nil {
		return visit{}, fail(name, "it is of an odd form", "check that the setting tenant.cloud is the cloud in which the tenant lives.")
	}
	return visit{t, app, token, roles}, ok(name, "the tenant gives one")
}

// remedies are the codes of Microsoft's sign-in service that a wrong registration meets.
// Source: "Microsoft Entra authentication and authorization error codes".
func remedies(role string) []struct{ code, fix string } {
	return []struct{ code, fix string }{
		{"AADSTS700016", "the tenant knows no such application: correct " + role + ".client_id, or tenant.id."},
		{"AADSTS7000229", "the application is not installed in the tenant: grant it admin consent."},
		{"AADSTS7000112", "the application is switched off in the tenant: enable it under Enterprise applications."},
		{"AADSTS7000215", "the secret is wrong: copy its value, not its id, or better use a certificate."},
		{"AADSTS7000222", "the secret is over: make a new one, or better use a certificate."},
		{"AADSTS700027", "the tenant does not know the certificate: upload " + role + ".certificate_file to the app registration."},
		{"AADSTS700024", "this machine's clock is off: set it by NTP."},
		{"AADSTS90002", "there is no such tenant: correct tenant.id."},
		{"AADSTS900023", "that is no tenant: correct tenant.id."},
		{"AADSTS53003", "a Conditional Access policy for workload identities blocks the application: exclude it, or allow this machine's network."},
	}
}

// remedy returns what to do about a token that was not given.
func remedy(text, role string) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return !(r >= '0' && r <= '9' || r >= 'A' && r <= 'Z') })
	for _, r := range remedies(role) {
		if slices.Contains(words, r.code) {
			return r.fix
		}
	}
	if strings.Contains(text, "AADSTS") {
		return "look the code up at https://login.microsoftonline.com/error, and compare the app registration with docs/entra-setup.md."
	}
	return "open the way to https://login.microsoftonline.com, and compare the app registration with docs/entra-setup.md."
}

// rolesOf reads the permissions that a token holds. Its signature is Graph's to check; a
// forged one could only mislead its forger.
func rolesOf(token string) ([]string, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, fmt.Errorf("doctor: a token of %d parts", len(parts))
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, err
	}
	var claims struct {
		Roles []string `json:"roles"`
	}
	return claims.Roles, json.Unmarshal(text, &claims)
}

// holds reports whether the token holds a permission, or a broader one.
func (v visit) holds(name string) bool {
	return slices.Contains(v.roles, name) || slices.ContainsFunc(broader(name), func(b string) bool { return slices.Contains(v.roles, b) })
}

// nobody is a person who is not there: asking for one reads nobody's data.
const nobody = "/users/00000000-0000-0000-0000-000000000000?$select=id"

// graph looks whether Graph answers, and at its clock.
func (v visit) graph(ctx context.Context) []Finding {
	const name = "Microsoft Graph"
	answer, err := v.Graph.Get(ctx, v.token, nobody)
	if err != nil {
		return one(fail(name, "no answer: "+err.Error(), "open the way to https://graph.microsoft.com."))
	}
	var found []Finding
	switch {
	case answer.Status == 404 || answer.Status == 200:
		found = one(ok(name, "answers"))
	case answer.Status == 403:
		found = one(fail(name, "refuses to read people", "grant User.Read.All and consent to it; a new consent takes some minutes."))
	default:
		found = one(fail(name, fmt.Sprintf("answers %d", answer.Status), "try again in a minute; if it stays, look at Microsoft's service health."))
	}
	if answer.Date.IsZero() {
		return append(found, warn("clock, tenant", "not measured: Graph does not tell its time", "compare this machine's clock yourself."))
	}
	return append(found, skew("clock, tenant", "Microsoft Graph", answer.Date.Sub(v.Clock.Now())))
}

// read asks Graph and parses the answer. It returns the status, 0 when no answer came or
// it makes no sense.
func (v visit) read(ctx context.Context, path string, into any) int {
	answer, err := v.Graph.Get(ctx, v.token, path)
	if err != nil {
		return 0
	}
	if answer.Status == 200 && json.Unmarshal(answer.Body, into) != nil {
		return 0
	}
	return answer.Status
}
