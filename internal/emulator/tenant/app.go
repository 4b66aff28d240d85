package tenant

import (
	"crypto/x509"
	"slices"
	"strings"
)

// App is an app registration.
type App struct {
	ClientID string
	Name     string
	// Secret lets a client prove itself by secret; "" refuses that.
	Secret string
	// Certificate lets a client prove itself by a signed assertion (private_key_jwt); nil
	// refuses that.
	Certificate *x509.Certificate
	// Permissions are the application permissions that were granted ("User.Read.All").
	Permissions []string
	// DirectoryRoles are the directory roles of its service principal, by display name.
	DirectoryRoles []string
	// Scopes are the delegated permissions that were granted ("User.Read").
	Scopes []string
	// RedirectURIs are compared as they are.
	RedirectURIs []string
	// Claims are the optional claims of its ID tokens ("auth_time"), as its registration
	// lists them.
	Claims []string
}

func (a App) clone() App {
	a.Permissions = append([]string{}, a.Permissions...)
	a.DirectoryRoles = slices.Clone(a.DirectoryRoles)
	a.Scopes = append([]string{}, a.Scopes...)
	a.RedirectURIs = append([]string{}, a.RedirectURIs...)
	a.Claims = append([]string{}, a.Claims...)
	return a
}

func cloneApps(apps []App) []App {
	out := make([]App, len(apps))
	for i, a := range apps {
		out[i] = a.clone()
	}
	return out
}

// Apps returns every registration.
func (t *Tenant) Apps() []App {
	t.mu.Lock()
	defer t.mu.Unlock()
	return cloneApps(t.state.Apps)
}

// App finds a registration by client id, without regard to case.
func (t *Tenant) App(clientID string) (App, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := t.state.app(clientID)
	if i < 0 {
		return App{}, false
	}
	return t.state.Apps[i].clone(), true
}

// RegisterApp adds a registration, or replaces the one of the same client id.
func (t *Tenant) RegisterApp(a App) error {
	return t.change(func(s *state) error {
		if i := s.app(a.ClientID); i >= 0 {
			s.Apps[i] = a.clone()
			return nil
		}
		s.Apps = append(s.Apps, a.clone())
		return nil
	})
}

// AddRedirect lets an app have people sent back to one more address. It does nothing for an
// app that is not registered.
func (t *Tenant) AddRedirect(clientID, uri string) error {
	return t.change(func(s *state) error {
		if i := s.app(clientID); i >= 0 && !slices.Contains(s.Apps[i].RedirectURIs, uri) {
			s.Apps[i].RedirectURIs = append(s.Apps[i].RedirectURIs, uri)
		}
		return nil
	})
}

func (s *state) app(clientID string) int {
	return slices.IndexFunc(s.Apps, func(a App) bool { return strings.EqualFold(a.ClientID, clientID) })
}
