package graph

import (
	"context"
	"errors"
	"strings"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"rekey/internal/directory"
	"rekey/internal/fault"
)

// errOdd is an answer that is a success and makes no sense.
var errOdd = errors.New("graph: answer makes no sense")

// Account reads a person's account. It is not charged to the budget: Graph counts users
// apart from authentication methods, and generously.
func (c *Client) Account(ctx context.Context, person directory.PersonID) (directory.Account, error) {
	user, err := c.user(person)
	if err != nil {
		return directory.Account{}, err
	}
	query := &users.UserItemRequestBuilderGetRequestConfiguration{QueryParameters: &users.UserItemRequestBuilderGetQueryParameters{
		Select: accountProperties()}}
	var account directory.Account
	err = c.call(ctx, operation{name: "read account"}, func(ctx context.Context) error {
		u, err := user.Get(ctx, query)
		if err != nil {
			return err
		}
		if u == nil || !strings.EqualFold(text(u.GetId()), person.Object) {
			return errOdd
		}
		account, err = translateAccount(u)
		return err
	})
	return account, err
}

// Methods reads what is on a person's account.
func (c *Client) Methods(ctx context.Context, person directory.PersonID) ([]directory.Method, error) {
	user, err := c.user(person)
	if err != nil {
		return nil, err
	}
	var methods []directory.Method
	err = c.call(ctx, operation{name: "list methods", charged: true}, func(ctx context.Context) error {
		list, err := user.Authentication().Methods().Get(ctx, nil)
		if err != nil {
			return err
		}
		// A list of pages would be an incomplete one: Graph documents none here.
		if list == nil || list.GetValue() == nil || list.GetOdataNextLink() != nil {
			return errOdd
		}
		methods, err = translateMethods(list.GetValue())
		return err
	})
	return methods, err
}

// user returns the builder for a person. Ids that are no GUIDs never reach an address.
func (c *Client) user(person directory.PersonID) (*users.UserItemRequestBuilder, error) {
	if !guid(person.Object) || !guid(person.Tenant) {
		return nil, fault.Wrap(fault.Internal, "directory.person", errors.New("graph: a person without ids"))
	}
	if person.Tenant != c.tenant {
		return nil, fault.Wrap(fault.NotFound, "directory.not-found", errors.New("graph: a person of another tenant"))
	}
	return c.users.ByUserId(person.Object), nil
}

func translateAccount(u models.Userable) (directory.Account, error) {
	if u.GetAccountEnabled() == nil {
		// Graph leaves out what the application may not read: guessing would be wrong
		// either way.
		return directory.Account{}, fault.Wrap(fault.Forbidden, "directory.permission", errors.New("graph: accountEnabled not readable"))
	}
	synced := u.GetOnPremisesSyncEnabled()
	return directory.Account{
		DisplayName:       text(u.GetDisplayName()),
		UserPrincipalName: text(u.GetUserPrincipalName()),
		Mail:              text(u.GetMail()),
		Enabled:           *u.GetAccountEnabled(),
		Guest:             strings.EqualFold(text(u.GetUserType()), "Guest"),
		OnPremisesSynced:  synced != nil && *synced,
	}, nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
