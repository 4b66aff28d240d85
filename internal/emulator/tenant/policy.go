package tenant

import "slices"

// Policies are what the organisation has decided about methods and sign-ins.
type Policies struct {
	// Methods says which kinds of methods may be used at all.
	Methods []MethodPolicy `json:"methods"`
	// ResetForAdministrators is allowedToUseSSPR: administrators may reset their own password.
	ResetForAdministrators bool `json:"resetForAdministrators"`
	// Contexts are the authentication contexts.
	Contexts []Context `json:"contexts"`
	// Rules are the Conditional Access policies.
	Rules []Rule `json:"rules"`
}

// MethodPolicy is the configuration of one kind of methods.
type MethodPolicy struct {
	// ID is Sms, Voice, Email, Fido2, MicrosoftAuthenticator, TemporaryAccessPass,
	// SoftwareOath, HardwareOath, X509Certificate or QRCodePin; a GUID for an external method.
	ID string `json:"id"`
	// Name is the display name of an external method, "" on other kinds.
	Name    string `json:"name,omitempty"`
	Enabled bool   `json:"enabled"`
}

// Context is an authentication context; the id is c1 to c99.
type Context struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Published bool   `json:"published"`
}

// Rule is a Conditional Access policy that asks everybody for a second factor.
type Rule struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// State is enabled, disabled or enabledForReportingButNotEnforced.
	State string `json:"state"`
	// Contexts, Actions and Applications are what the rule is about.
	Contexts     []string `json:"contexts,omitempty"`
	Actions      []string `json:"actions,omitempty"`
	Applications []string `json:"applications,omitempty"`
	// EveryTime asks again at each sign-in.
	EveryTime bool `json:"everyTime"`
}

// RegisterSecurityInfo is the user action that covers Microsoft's own page for security
// info, and no other. Source: Entra, Conditional Access, securing security info registration.
const RegisterSecurityInfo = "urn:user:registersecurityinfo"

func (p Policies) clone() Policies {
	p.Methods, p.Contexts, p.Rules = slices.Clone(p.Methods), slices.Clone(p.Contexts), slices.Clone(p.Rules)
	for i, r := range p.Rules {
		r.Contexts, r.Actions, r.Applications = slices.Clone(r.Contexts), slices.Clone(r.Actions), slices.Clone(r.Applications)
		p.Rules[i] = r
	}
	return p
}

// fernhillPolicies are those of the demo's organisation: everything that its people hold
// may be used, and Microsoft's own page for security info is covered by a rule.
func fernhillPolicies() *Policies {
	p := &Policies{ResetForAdministrators: true}
	for _, id := range []string{"Fido2", "MicrosoftAuthenticator", "Sms", "TemporaryAccessPass", "SoftwareOath", "Voice", "Email"} {
		p.Methods = append(p.Methods, MethodPolicy{ID: id, Enabled: true})
	}
	for _, id := range []string{"HardwareOath", "X509Certificate", "QRCodePin"} {
		p.Methods = append(p.Methods, MethodPolicy{ID: id})
	}
	p.Methods = append(p.Methods, MethodPolicy{ID: fixedID("external Fernhill Guard"), Name: "Fernhill Guard", Enabled: true})
	p.Rules = []Rule{{ID: fixedID("rule registration"), Name: "Security info at Microsoft", State: "enabled", Actions: []string{RegisterSecurityInfo}}}
	return p
}

// Policies returns what holds now.
func (t *Tenant) Policies() Policies {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.state.policies().clone()
}

// UpdatePolicies changes what holds.
func (t *Tenant) UpdatePolicies(fn func(*Policies)) error {
	return t.change(func(s *state) error {
		next := s.policies().clone()
		fn(&next)
		s.Policies = &next
		return nil
	})
}

// UseContext makes an authentication context the tenant's only one, with the rule that asks
// for a second factor each time; "" leaves the tenant without any.
func (t *Tenant) UseContext(id string) error {
	return t.UpdatePolicies(func(p *Policies) {
		p.Contexts = nil
		p.Rules = slices.DeleteFunc(p.Rules, func(r Rule) bool { return len(r.Contexts) > 0 })
		if id == "" {
			return
		}
		p.Contexts = []Context{{ID: id, Name: "Change of security info", Published: true}}
		p.Rules = append(p.Rules, Rule{ID: fixedID("rule context"), Name: "Change of security info", State: "enabled", Contexts: []string{id}, EveryTime: true})
	})
}

// policies are those that were kept, or those of a tenant that has never changed them.
func (s *state) policies() *Policies {
	if s.Policies == nil {
		return fernhillPolicies()
	}
	return s.Policies
}
