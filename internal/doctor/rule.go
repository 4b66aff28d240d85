package doctor

import (
	"context"
	"net/url"
	"slices"
	"strings"
)

// registering is the user action of Microsoft's own page for security info.
// Source: conditionalAccessApplications, includeUserActions.
const registering = "urn:user:registersecurityinfo"

// rule is what is read of a Conditional Access policy.
type rule struct {
	Name       string `json:"displayName"`
	State      string `json:"state"`
	Conditions struct {
		Applications struct {
			Contexts []string `json:"includeAuthenticationContextClassReferences"`
			Actions  []string `json:"includeUserActions"`
		} `json:"applications"`
		Users struct {
			Include       []string `json:"includeUsers"`
			ExcludeUsers  []string `json:"excludeUsers"`
			ExcludeGroups []string `json:"excludeGroups"`
			ExcludeRoles  []string `json:"excludeRoles"`
		} `json:"users"`
		Locations *struct{} `json:"locations"`
		Platforms *struct{} `json:"platforms"`
		Devices   *struct{} `json:"devices"`
		SignIns   []string  `json:"signInRiskLevels"`
		People    []string  `json:"userRiskLevels"`
		Clients   []string  `json:"clientAppTypes"`
	} `json:"conditions"`
	Grant *struct {
		Operator string    `json:"operator"`
		Controls []string  `json:"builtInControls"`
		Terms    []string  `json:"termsOfUse"`
		Strength *struct{} `json:"authenticationStrength"`
	} `json:"grantControls"`
	Session *struct {
		Frequency *struct {
			Enabled  bool   `json:"isEnabled"`
			Interval string `json:"frequencyInterval"`
		} `json:"signInFrequency"`
	} `json:"sessionControls"`
}

// enforced reports whether a policy is more than a report.
func (r rule) enforced() bool { return r.State == "enabled" }

// strong reports whether a policy asks for a second factor, whatever else it is content
// with: where one of several controls is enough, a compliant device might do.
func (r rule) strong() bool {
	g := r.Grant
	if g == nil {
		return false
	}
	alone := len(g.Controls)+len(g.Terms) == 0 && g.Strength != nil || slices.Equal(g.Controls, []string{"mfa"}) && len(g.Terms) == 0
	return alone || g.Operator == "AND" && (g.Strength != nil || slices.Contains(g.Controls, "mfa"))
}

func (r rule) everyTime() bool {
	return r.Session != nil && r.Session.Frequency != nil && r.Session.Frequency.Enabled && r.Session.Frequency.Interval == "everyTime"
}

// everybody reports whether a policy holds for all people.
func (r rule) everybody() bool {
	u := r.Conditions.Users
	return slices.Contains(u.Include, "All") && len(u.ExcludeUsers)+len(u.ExcludeGroups)+len(u.ExcludeRoles) == 0
}

// always reports whether a policy holds whatever the circumstances: from every network, on
// every device, at every risk.
func (r rule) always() bool {
	c := r.Conditions
	return c.Locations == nil && c.Platforms == nil && c.Devices == nil && len(c.SignIns)+len(c.People) == 0 &&
		(len(c.Clients) == 0 || slices.Contains(c.Clients, "all") || slices.Contains(c.Clients, "browser"))
}

// rules reads the Conditional Access policies, all pages of them, and the status of the
// last answer.
func (v visit) rules(ctx context.Context) ([]rule, int) {
	var all []rule
	path := "/identity/conditionalAccess/policies"
	for range 20 {
		var page struct {
			Value []rule `json:"value"`
			Next  string `json:"@odata.nextLink"`
		}
		if status := v.read(ctx, path, &page); status != 200 {
			return nil, status
		}
		all = append(all, page.Value...)
		if page.Next == "" {
			return all, 200
		}
		next, err := url.Parse(page.Next)
		if err != nil {
			return nil, 0
		}
		// The host is not taken from an answer: the token goes to Graph alone.
		path = "/identity/conditionalAccess/policies?" + next.RawQuery
	}
	return nil, 0
}

// context looks at the authentication context that proves a strong sign-in (OID-4): it
// must be there, published, and asked for by a policy. A context without a policy lets
// everybody in who asks for it.
func (v visit) context(ctx context.Context, rules []rule, status int) []Finding {
	const name = "authentication context"
	if v.Context == "" {
		return one(off(name, "none is configured: a change also needs a code to a contact on record"))
	}
	found := one(v.published(ctx, name))
	if status != 200 {
		return append(found, unread("policy of the authentication context", status, "Policy.Read.All", "a Conditional Access policy must be on that targets "+v.Context+" and asks for a second factor, every time."))
	}
	return append(found, v.contextRules(rules))
}

// published looks whether the context is there and published to apps.
func (v visit) published(ctx context.Context, name string) Finding {
	var list struct {
		Value []struct {
			ID        string `json:"id"`
			Available bool   `json:"isAvailable"`
		} `json:"value"`
	}
	if status := v.read(ctx, "/identity/conditionalAccess/authenticationContextClassReferences", &list); status != 200 {
		return unread(name, status, "AuthenticationContext.Read.All", v.Context+" must be there and published to apps.")
	}
	for _, c := range list.Value {
		switch {
		case c.ID == v.Context && c.Available:
			return ok(name, v.Context+" is there and published")
		case c.ID == v.Context:
			return fail(name, v.Context+" is not published to apps", "tick Publish to apps under Conditional Access, Authentication contexts.")
		}
	}
	return fail(name, v.Context+" is not there", "make it under Conditional Access, Authentication contexts, or correct authentication_context.")
}

// contextRules looks at the policies that target the context: one of them must hold for
// all people, in all circumstances, every time.
func (v visit) contextRules(rules []rule) Finding {
	const name = "policy of the authentication context"
	left := keep(rules, v.protects)
	if len(left) == 0 {
		return fail(name, "no policy that is on targets "+v.Context+" and asks for a second factor: whoever knows the password passes for strongly signed in",
			"make a Conditional Access policy for the authentication context with an authentication strength, and the sign-in frequency Every time.")
	}
	if left = keep(left, rule.everybody); len(left) == 0 {
		return warn(name, "none holds for all people: who is left out needs no second factor to change a contact",
			"include all users; accounts that must be left out belong on the never-list.")
	}
	if left = keep(left, rule.always); len(left) == 0 {
		return warn(name, "none holds in all circumstances: elsewhere no second factor is needed to change a contact",
			"take networks, devices and risks out of its conditions; to allow some only, block the others by a policy of its own.")
	}
	if left = keep(left, rule.everyTime); len(left) == 0 {
		return warn(name, "the sign-in frequency is not Every time: an old second factor counts", "set the session control Sign-in frequency to Every time.")
	}
	return ok(name, "asks for a second factor, every time, of all people")
}

func keep(rules []rule, good func(rule) bool) []rule {
	return slices.DeleteFunc(slices.Clone(rules), func(r rule) bool { return !good(r) })
}

// protects reports whether a policy that is on asks for a second factor for our context.
func (v visit) protects(r rule) bool {
	return r.enforced() && r.strong() && v.targets(r)
}

func (v visit) targets(r rule) bool {
	return slices.Contains(r.Conditions.Applications.Contexts, v.Context)
}

// registrationRules looks for policies that protect Microsoft's page for security info:
// they do not hold here, and whoever made them may think so.
func (v visit) registrationRules(rules []rule, status int) []Finding {
	const name = "policies on registering security info"
	if status != 200 {
		return one(unread(name, status, "Policy.Read.All", "a policy on the user action Register security information does not protect this site; the authentication context does."))
	}
	theirs := keep(rules, func(r rule) bool {
		return r.State != "disabled" && slices.Contains(r.Conditions.Applications.Actions, registering)
	})
	covered := slices.ContainsFunc(rules, v.protects)
	placed := slices.ContainsFunc(theirs, func(r rule) bool { return r.Conditions.Locations != nil })
	alike := slices.ContainsFunc(rules, func(r rule) bool { return r.enforced() && v.targets(r) && r.Conditions.Locations != nil })
	var names []string
	for _, r := range theirs {
		names = append(names, "“"+r.Name+"”")
	}
	says := strings.Join(names, ", ") + " protects Microsoft's page only, not this site"
	switch {
	case len(theirs) == 0:
		return one(ok(name, "there are none"))
	case !covered:
		return one(warn(name, says, "configure an authentication context with a policy that asks for the same."))
	case placed && !alike:
		return one(warn(name, says+", and it looks at the network", "block the authentication context from other networks, by a policy of its own."))
	}
	return one(ok(name, says+"; the policy of the authentication context does"))
}
