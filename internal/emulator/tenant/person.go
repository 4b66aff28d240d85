package tenant

import (
	"slices"
	"strings"
	"time"
)

// Person is one account of the directory.
type Person struct {
	// ID is the object id, a lower-case GUID.
	ID                string `json:"id"`
	UserPrincipalName string `json:"userPrincipalName"`
	DisplayName       string `json:"displayName"`
	GivenName         string `json:"givenName"`
	Surname           string `json:"surname"`
	// Mail is the work mailbox; may be empty.
	Mail              string `json:"mail"`
	PreferredLanguage string `json:"preferredLanguage"`
	Password          string `json:"password"`
	Enabled           bool   `json:"enabled"`
	Guest             bool   `json:"guest"`
	// OnPremisesSynced marks an account whose password is kept by the organisation's own
	// directory.
	OnPremisesSynced bool `json:"onPremisesSynced"`
	// Roles are directory roles by display name ("Global Administrator").
	Roles []string `json:"roles"`
	// EligibleRoles are roles that the person may activate (Privileged Identity Management).
	EligibleRoles []string `json:"eligibleRoles,omitempty"`
	// RoleGroups are the groups of the person to which roles may be assigned.
	RoleGroups []string `json:"roleGroups,omitempty"`
	Methods    []Method `json:"methods"`
	// DefaultMethodID names the default second factor; "" is none.
	DefaultMethodID string   `json:"defaultMethodId"`
	Devices         []Device `json:"devices"`
	// SessionsValidFrom is when sessions were last revoked; older sign-ins are void.
	SessionsValidFrom time.Time `json:"sessionsValidFrom"`
	// Blurb is one plain sentence about the person, for the sign-in page.
	Blurb string `json:"blurb"`
}

// Device is a device object of the directory, with Graph's property names.
type Device struct {
	ID                     string `json:"id"`
	DeviceID               string `json:"deviceId"`
	DisplayName            string `json:"displayName"`
	OperatingSystem        string `json:"operatingSystem"`
	OperatingSystemVersion string `json:"operatingSystemVersion"`
	// TrustType is Workplace, AzureAd or ServerAd.
	TrustType      string `json:"trustType"`
	Manufacturer   string `json:"manufacturer"`
	Model          string `json:"model"`
	AccountEnabled bool   `json:"accountEnabled"`
}

// Method returns the person's method of that id.
func (p Person) Method(id string) (Method, bool) {
	if i := p.index(id); i >= 0 {
		return p.Methods[i], true
	}
	return nil, false
}

// Phone returns the person's phone of that type (mobile, alternateMobile, office).
func (p Person) Phone(phoneType string) (Method, bool) {
	for _, m := range p.Methods {
		if m.PhoneType() == phoneType && phoneType != "" {
			return m, true
		}
	}
	return nil, false
}

// HasRole says whether the person holds one of the roles.
func (p Person) HasRole(names ...string) bool {
	return slices.ContainsFunc(p.Roles, func(r string) bool { return slices.Contains(names, r) })
}

func (p Person) index(methodID string) int {
	return slices.IndexFunc(p.Methods, func(m Method) bool { return m.ID() == methodID })
}

func (p Person) clone() Person {
	p.Roles = append([]string{}, p.Roles...)
	p.EligibleRoles, p.RoleGroups = slices.Clone(p.EligibleRoles), slices.Clone(p.RoleGroups)
	p.Devices = append([]Device{}, p.Devices...)
	p.Methods = cloneMethods(p.Methods)
	return p
}

func clonePeople(people []Person) []Person {
	out := make([]Person, len(people))
	for i, p := range people {
		out[i] = p.clone()
	}
	return out
}

// own returns a person who may be changed: within a change alone.
func (s *state) own(idOrUPN string) *Person {
	p := s.person(idOrUPN)
	if p != nil {
		was := *p
		s.undo = append(s.undo, func() { *p = was })
		*p = p.clone()
	}
	return p
}

func (s *state) person(idOrUPN string) *Person {
	i := s.places.person(s.People, idOrUPN)
	if i < 0 {
		return nil
	}
	return &s.People[i]
}

// is reports whether the person goes by that object id or user principal name.
func (p Person) is(idOrUPN string) bool {
	return strings.EqualFold(p.ID, idOrUPN) || strings.EqualFold(p.UserPrincipalName, idOrUPN)
}

// People returns everyone, in the tenant's order.
func (t *Tenant) People() []Person {
	t.mu.Lock()
	defer t.mu.Unlock()
	return clonePeople(t.state.People)
}

// Person finds a person by object id or user principal name, without regard to case.
func (t *Tenant) Person(idOrUPN string) (Person, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.state.person(idOrUPN)
	if p == nil {
		return Person{}, false
	}
	return p.clone(), true
}

// UpdatePerson changes what no Graph rule guards: a role given, an account disabled. The
// id and the methods stay as they are whatever fn does to them.
func (t *Tenant) UpdatePerson(idOrUPN string, fn func(*Person)) error {
	return t.change(func(s *state) error {
		p := s.own(idOrUPN)
		if p == nil {
			return noPerson()
		}
		next := p.clone()
		fn(&next)
		next.ID, next.Methods = p.ID, p.Methods
		*p = next
		return nil
	})
}

// RevokeSessions makes every sign-in before now void. It has no effect on guests, whose
// sessions belong to their home tenant.
// Source: Graph, user: revokeSignInSessions.
func (t *Tenant) RevokeSessions(idOrUPN string) error {
	return t.change(func(s *state) error {
		p := s.own(idOrUPN)
		if p == nil {
			return noPerson()
		}
		if !p.Guest {
			p.SessionsValidFrom = t.Now()
		}
		return nil
	})
}
