package graph

import (
	"context"
	"errors"
	"slices"

	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"rekey/internal/directory"
	"rekey/internal/fault"
)

// RemoveMethod removes one method by the address of its kind; Graph has none that would do
// for every kind. One that is not there is no error. Graph refuses (400) the default
// method while others are there, so a refusal is looked into.
// Source: Graph, the delete pages of the method types.
func (c *Client) RemoveMethod(ctx context.Context, person directory.PersonID, m directory.Method) error {
	if m.Kind.Contact() {
		return c.RemoveContact(ctx, person, m.Kind)
	}
	user, err := c.user(person)
	if err != nil {
		return err
	}
	do := removal(user.Authentication(), m)
	if do == nil || m.ID == "" {
		return fault.Wrap(fault.Invalid, "directory.refused", errors.New("graph: cannot be removed here: "+string(m.Kind)))
	}
	err = c.call(ctx, operation{name: "remove " + string(m.Kind), write: true, charged: true, inPlace: true}, do)
	switch {
	case fault.Is(err, fault.Conflict):
		return nil // 404: it is gone
	case fault.Is(err, fault.Invalid):
		return c.stillThere(ctx, person, m, err)
	}
	return err
}

// removal returns the call for a kind, nil for one that this site leaves alone.
func removal(a *users.ItemAuthenticationRequestBuilder, m directory.Method) func(context.Context) error {
	switch m.Kind {
	case directory.Authenticator:
		return func(ctx context.Context) error {
			return a.MicrosoftAuthenticatorMethods().ByMicrosoftAuthenticatorAuthenticationMethodId(m.ID).Delete(ctx, nil)
		}
	case directory.Passkey:
		return func(ctx context.Context) error {
			return a.Fido2Methods().ByFido2AuthenticationMethodId(m.ID).Delete(ctx, nil)
		}
	case directory.CodeApp:
		return func(ctx context.Context) error {
			return a.SoftwareOathMethods().BySoftwareOathAuthenticationMethodId(m.ID).Delete(ctx, nil)
		}
	}
	return nil
}

// stillThere returns nil when there is nothing to remove, and else why it was refused, or
// that nobody can tell now.
func (c *Client) stillThere(ctx context.Context, person directory.PersonID, m directory.Method, refused error) error {
	methods, err := c.Methods(ctx, person)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(methods, func(x directory.Method) bool { return x.ID == m.ID && x.Kind == m.Kind }) {
		return refused
	}
	return nil
}
