package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/internal/directory"
	"rekey/internal/fault"
)

// settings looks at what the tenant is set to, with the web app's token. What may not be
// read is a warning that names the permission: none of these is needed to run.
func (v visit) settings(ctx context.Context) []Finding {
	found := v.registration(ctx)
	rules, status := v.rules(ctx)
	found = append(found, v.context(ctx, rules, status)...)
	found = append(found, v.registrationRules(rules, status)...)
	if !v.has("reset") { // which looks at it itself
		found = append(found, v.reset(ctx)...)
	}
	return append(found, v.methods(ctx)...)
}

// unread is the finding about a setting that could not be read.
func unread(name string, status int, permission, otherwise string) Finding {
	if status == 403 {
		return warn(name, "not to be read by this registration", "grant "+permission+" to the registration, or look yourself: "+otherwise)
	}
	says := "no answer that makes sense"
	if status != 0 {
		says = fmt.Sprintf("Microsoft Graph answers %d", status)
	}
	return warn(name, says, "try again in a minute, or look yourself: "+otherwise)
}

// application is what is read of our app registration.
type application struct {
	OptionalClaims *struct {
		IDToken []struct{ Name string } `json:"idToken"`
	} `json:"optionalClaims"`
	Web struct {
		RedirectURIs []string `json:"redirectUris"`
	} `json:"web"`
}

// registration looks at the web app registration itself: without auth_time no sign-in is
// ever fresh (OID-4), and an app's own token does not show which claims people's have.
func (v visit) registration(ctx context.Context) []Finding {
	var a application
	const name = "app registration, web"
	if status := v.read(ctx, "/applications(appId='"+v.app.ClientID+"')?$select=optionalClaims,web", &a); status != 200 {
		return one(unread(name, status, "Application.Read.All",
			"under Token configuration the ID token must have auth_time and acct; under Authentication there must be "+v.Redirect+" and "+v.SignedOut+"."))
	}
	has := func(claim string) bool {
		return a.OptionalClaims != nil && slices.ContainsFunc(a.OptionalClaims.IDToken, func(c struct{ Name string }) bool { return c.Name == claim })
	}
	var found []Finding
	if !has("auth_time") {
		found = append(found, fail(name, "ID tokens have no auth_time, so that no sign-in is ever fresh", "add the optional claim auth_time to the ID token under Token configuration."))
	}
	if !has("acct") {
		found = append(found, warn(name, "ID tokens have no acct, so that a guest is recognised only later", "add the optional claim acct to the ID token under Token configuration."))
	}
	if !slices.Contains(a.Web.RedirectURIs, v.Redirect) {
		found = append(found, fail(name, "sign-ins cannot come back to "+v.Redirect, "add that address as a redirect URI of the platform Web, or correct base_url."))
	}
	if !slices.Contains(a.Web.RedirectURIs, v.SignedOut) {
		found = append(found, warn(name, "sign-outs do not come back to "+v.SignedOut, "add that address as a redirect URI of the platform Web."))
	}
	if len(found) == 0 {
		found = one(ok(name, "has auth_time, acct and the redirect URIs"))
	}
	return found
}

// reset looks whether administrators may reset their own password, at Microsoft and here.
func (v visit) reset(ctx context.Context) []Finding {
	var policy struct {
		Allowed *bool `json:"allowedToUseSSPR"`
	}
	const name = "administrators' own password reset"
	status := v.read(ctx, "/policies/authorizationPolicy", &policy)
	if status == 200 && policy.Allowed == nil {
		status = 0
	}
	switch {
	case status != 200:
		return one(unread(name, status, "Policy.Read.All", "whether allowedToUseSSPR is on."))
	case !*policy.Allowed && v.app.Role == "reset":
		return one(warn(name, "switched off in the tenant (allowedToUseSSPR), so nobody's reset begins here either", "switch it on, or remove reset.client_id."))
	case !*policy.Allowed:
		return one(ok(name, "switched off in the tenant (allowedToUseSSPR), for this site too"))
	}
	return one(ok(name, "allowed in the tenant (allowedToUseSSPR)"))
}

// notice is how long before the end of delivery it is told.
const notice = 180 * 24 * time.Hour

// methods looks at the authentication-method policy: what is written here must be good
// for something there.
func (v visit) methods(ctx context.Context) []Finding {
	const name = "authentication methods"
	policy, err := v.Methods.Policy(ctx)
	if err != nil {
		status := 0
		if fault.Is(err, fault.Forbidden) {
			status = 403
		}
		return append(one(unread(name, status, "Policy.Read.AuthenticationMethod", "SMS, voice calls and email OTP should be on.")), v.delivery()...)
	}
	var found []Finding
	use := func(kind directory.Kind) directory.Use { // long before texts end: the policy alone is judged
		return directory.UseOf(directory.Method{Kind: kind}, policy, directory.Setting{})
	}
	if use(directory.Phone).SignIn == directory.No {
		found = append(found, warn(name, "phones cannot be used to sign in", "allow SMS, or tell people that a phone is of no use here."))
	}
	if use(directory.AlternatePhone).SignIn == directory.No {
		found = append(found, warn(name, "alternate phones cannot be used: Microsoft only ever calls them", "allow voice calls, or tell people that an alternate phone is of no use here."))
	}
	if use(directory.Email).Reset == directory.No {
		found = append(found, warn(name, "alternate emails cannot be used to reset a password", "allow email OTP, or tell people that an alternate email is of no use here."))
	}
	if len(found) == 0 {
		found = one(ok(name, "what people keep here may be used"))
	}
	return append(found, v.delivery()...)
}

// delivery warns of the end of Microsoft's own texts and calls.
func (v visit) delivery() []Finding {
	const name = "texts and calls of sign-in"
	left := directory.DeliveryEnds().Sub(v.Clock.Now())
	fix := "connect a telephony provider in the tenant, or lead people to Authenticator or a passkey."
	switch {
	case v.Telephony:
		return one(ok(name, "sent by a provider of the tenant's own, as the configuration says"))
	case left <= 0:
		return one(warn(name, "Microsoft has stopped sending them", fix))
	case left < notice:
		return one(warn(name, "Microsoft stops sending them on 1 February 2027", fix))
	}
	return one(ok(name, "Microsoft sends them until 1 February 2027"))
}

// role looks at whether the reset registration may set the passwords of administrators: a
// permission alone is not enough for them.
// Source: Microsoft Entra, "Who can reset passwords"; Graph, "Update user".
func (v visit) role(ctx context.Context) []Finding {
	const name = "directory role, reset"
	var held struct {
		Value []struct {
			Template string `json:"roleTemplateId"`
		}
	}
	if status := v.read(ctx, "/servicePrincipals(appId='"+v.app.ClientID+"')/transitiveMemberOf/microsoft.graph.directoryRole?$select=id,roleTemplateId&$count=true", &held); status != 200 {
		return one(unread(name, status, "Application.Read.All", "under Roles and administrators the registration must hold Privileged Authentication Administrator."))
	}
	for _, role := range held.Value {
		switch strings.ToLower(role.Template) {
		case directory.PrivilegedAuthenticationAdministrator:
			return one(ok(name, "Privileged Authentication Administrator"))
		case directory.GlobalAdministrator:
			return one(warn(name, "Global Administrator is more than the role needs", "give it Privileged Authentication Administrator instead."))
		}
	}
	return one(fail(name, "it has none that may set an administrator's password", "assign Privileged Authentication Administrator to the reset registration, under Roles and administrators."))
}
