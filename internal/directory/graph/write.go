package graph

import (
	"context"
	"errors"
	"strings"

	"github.com/microsoftgraph/msgraph-sdk-go/models"

	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/phone"
)

// The ids of contacts are the same for everybody: one for each type.
// Source: Graph, phoneAuthenticationMethod and emailAuthenticationMethod resource types,
// property id.
const (
	mobileID          = "3179e48a-750b-4051-897c-87b9720928f7"
	alternateMobileID = "b6332ec1-7057-4abe-9331-3d72feddfe41"
	emailID           = "3ddfcfc8-9383-446f-83cc-3ab9be4be18f"
)

// longestAddress is how many bytes an address may have that is sent to Graph (RFC 5321).
const longestAddress = 254

// AddContact adds a contact. Graph answers one that is there already with 400 or 409, so
// read first: this package does not tell them apart by words.
func (c *Client) AddContact(ctx context.Context, person directory.PersonID, kind directory.Kind, value string) error {
	user, err := c.user(person)
	if err != nil {
		return err
	}
	op := operation{name: "add " + string(kind), write: true, charged: true}
	if kind == directory.Email {
		body, err := emailBody(value)
		if err != nil {
			return err
		}
		return c.call(ctx, op, func(ctx context.Context) error {
			_, err := user.Authentication().EmailMethods().Post(ctx, body, nil)
			return err
		})
	}
	body, _, err := phoneBody(kind, value)
	if err != nil {
		return err
	}
	return c.call(ctx, op, func(ctx context.Context) error {
		_, err := user.Authentication().PhoneMethods().Post(ctx, body, nil)
		return err
	})
}

// UpdateContact changes a contact in place.
func (c *Client) UpdateContact(ctx context.Context, person directory.PersonID, kind directory.Kind, value string) error {
	user, err := c.user(person)
	if err != nil {
		return err
	}
	op := operation{name: "update " + string(kind), write: true, charged: true, inPlace: true}
	if kind == directory.Email {
		body, err := emailBody(value)
		if err != nil {
			return err
		}
		return c.call(ctx, op, func(ctx context.Context) error {
			_, err := user.Authentication().EmailMethods().ByEmailAuthenticationMethodId(emailID).Patch(ctx, body, nil)
			return err
		})
	}
	body, id, err := phoneBody(kind, value)
	if err != nil {
		return err
	}
	return c.call(ctx, op, func(ctx context.Context) error {
		_, err := user.Authentication().PhoneMethods().ByPhoneAuthenticationMethodId(id).Patch(ctx, body, nil)
		return err
	})
}

// RemoveContact removes a contact; one that is not there is no error. Graph refuses (400)
// the default method while others are there, and a phone beside an alternate one; some say
// that it answers 400, too, for a method that is not there, so a refusal is looked into.
func (c *Client) RemoveContact(ctx context.Context, person directory.PersonID, kind directory.Kind) error {
	user, err := c.user(person)
	if err != nil {
		return err
	}
	do := func(ctx context.Context) error {
		return user.Authentication().EmailMethods().ByEmailAuthenticationMethodId(emailID).Delete(ctx, nil)
	}
	if kind != directory.Email {
		_, id, err := phoneType(kind)
		if err != nil {
			return err
		}
		do = func(ctx context.Context) error {
			return user.Authentication().PhoneMethods().ByPhoneAuthenticationMethodId(id).Delete(ctx, nil)
		}
	}
	err = c.call(ctx, operation{name: "remove " + string(kind), write: true, charged: true, inPlace: true}, do)
	switch {
	case fault.Is(err, fault.Conflict):
		return nil // 404: it is gone
	case fault.Is(err, fault.Invalid):
		return c.refusedRemoval(ctx, person, kind, err)
	}
	return err
}

// refusedRemoval returns nil when there is nothing to remove, and else why it was refused,
// or that nobody can tell now.
func (c *Client) refusedRemoval(ctx context.Context, person directory.PersonID, kind directory.Kind, refused error) error {
	methods, err := c.Methods(ctx, person)
	if err != nil {
		return err
	}
	if _, there := (directory.Snapshot{Methods: methods}).Contact(kind); there {
		return refused
	}
	return nil
}

// RevokeSessions ends every session of a person at Microsoft. It is not charged to the
// budget: Graph counts users apart from authentication methods. Any success will do,
// whatever the answer says.
// Source: Graph, user: revokeSignInSessions.
func (c *Client) RevokeSessions(ctx context.Context, person directory.PersonID) error {
	user, err := c.user(person)
	if err != nil {
		return err
	}
	return c.call(ctx, operation{name: "revoke sessions", write: true}, func(ctx context.Context) error {
		_, err := user.RevokeSignInSessions().PostAsRevokeSignInSessionsPostResponse(ctx, nil)
		return err
	})
}

func notContact(kind directory.Kind) error {
	return fault.Wrap(fault.Internal, "directory.kind", errors.New("graph: not a contact: "+string(kind)))
}

// emailBody makes the body of a write.
func emailBody(address string) (*models.EmailAuthenticationMethod, error) {
	local, domain, ok := strings.Cut(address, "@")
	if !ok || local == "" || domain == "" || len(address) > longestAddress || strings.ContainsAny(address, " ,;<>\"\r\n\t\x00") || strings.Contains(domain, "@") {
		return nil, fault.Wrap(fault.Invalid, "directory.refused", errors.New("graph: not one address"))
	}
	body := models.NewEmailAuthenticationMethod()
	body.SetEmailAddress(&address)
	return body, nil
}

func phoneType(kind directory.Kind) (models.AuthenticationPhoneType, string, error) {
	switch kind {
	case directory.Phone:
		return models.MOBILE_AUTHENTICATIONPHONETYPE, mobileID, nil
	case directory.AlternatePhone:
		return models.ALTERNATEMOBILE_AUTHENTICATIONPHONETYPE, alternateMobileID, nil
	}
	return 0, "", notContact(kind)
}

// phoneBody makes the body of a write, with the id that Graph has for the kind. Graph wants
// a space after the country calling code: "+1 2025550142".
func phoneBody(kind directory.Kind, e164 string) (*models.PhoneAuthenticationMethod, string, error) {
	kindOfPhone, id, err := phoneType(kind)
	if err != nil {
		return nil, "", err
	}
	calling, rest, ok := phone.Split(e164)
	if !ok {
		return nil, "", fault.Wrap(fault.Invalid, "directory.refused", errors.New("graph: not an E.164 number"))
	}
	body := models.NewPhoneAuthenticationMethod()
	number := "+" + calling + " " + rest
	body.SetPhoneNumber(&number)
	body.SetPhoneType(&kindOfPhone)
	return body, id, nil
}
