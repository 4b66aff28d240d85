package graph

import (
	"context"
	"errors"

	"github.com/microsoftgraph/msgraph-sdk-go/models"

	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/phone"
)

// The ids of phones are the same for everybody: one for each type.
// Source: Graph, phoneAuthenticationMethod resource type, property id.
const (
	mobileID          = "3179e48a-750b-4051-897c-87b9720928f7"
	alternateMobileID = "b6332ec1-7057-4abe-9331-3d72feddfe41"
)

// AddPhone adds a phone or an alternate phone. Graph answers one that is there already
// with 400 or 409, so read first: this package does not tell them apart by words.
func (c *Client) AddPhone(ctx context.Context, person directory.PersonID, kind directory.Kind, e164 string) error {
	user, err := c.user(person)
	if err != nil {
		return err
	}
	body, _, err := phoneBody(kind, e164)
	if err != nil {
		return err
	}
	return c.call(ctx, operation{name: "add phone", write: true, charged: true}, func(ctx context.Context) error {
		_, err := user.Authentication().PhoneMethods().Post(ctx, body, nil)
		return err
	})
}

// UpdatePhone changes a phone or an alternate phone in place.
func (c *Client) UpdatePhone(ctx context.Context, person directory.PersonID, kind directory.Kind, e164 string) error {
	user, err := c.user(person)
	if err != nil {
		return err
	}
	body, id, err := phoneBody(kind, e164)
	if err != nil {
		return err
	}
	return c.call(ctx, operation{name: "update phone", write: true, charged: true, inPlace: true}, func(ctx context.Context) error {
		_, err := user.Authentication().PhoneMethods().ByPhoneAuthenticationMethodId(id).Patch(ctx, body, nil)
		return err
	})
}

// phoneBody makes the body of a write, with the id that Graph has for the kind. Graph wants
// a space after the country calling code: "+1 2025550142".
func phoneBody(kind directory.Kind, e164 string) (*models.PhoneAuthenticationMethod, string, error) {
	var kindOfPhone models.AuthenticationPhoneType
	var id string
	switch kind {
	case directory.Phone:
		kindOfPhone, id = models.MOBILE_AUTHENTICATIONPHONETYPE, mobileID
	case directory.AlternatePhone:
		kindOfPhone, id = models.ALTERNATEMOBILE_AUTHENTICATIONPHONETYPE, alternateMobileID
	default:
		return nil, "", fault.Wrap(fault.Internal, "directory.kind", errors.New("graph: not a phone: "+string(kind)))
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
