package graph

import (
	"context"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"rekey/internal/directory"
)

var (
	_ directory.Usage   = (*Client)(nil)
	_ directory.Devices = (*Client)(nil)
)

// LastUsed reads when each method was last used. Only Graph's beta has that property, and
// which kinds fill it is documented nowhere: what it does not say is not in the map.
// Source: Graph beta, authenticationMethod resource (lastUsedDateTime).
func (c *Client) LastUsed(ctx context.Context, person directory.PersonID) (map[string]time.Time, error) {
	if _, err := c.user(person); err != nil {
		return nil, err
	}
	used := map[string]time.Time{}
	err := c.call(ctx, operation{name: "list use of methods", charged: true}, func(ctx context.Context) error {
		list, err := c.beta.ByUserId(person.Object).Authentication().Methods().Get(ctx, nil)
		if err != nil {
			return err
		}
		if list == nil || list.GetValue() == nil || list.GetOdataNextLink() != nil {
			return errOdd
		}
		for _, m := range list.GetValue() {
			if at, err := time.Parse(time.RFC3339, extra(m.GetAdditionalData(), "lastUsedDateTime")); err == nil && text(m.GetId()) != "" {
				used[text(m.GetId())] = at.UTC()
			}
		}
		return nil
	})
	return used, err
}

// mostDevices is how many devices are read. People have a handful.
const mostDevices = 100

// Devices reads which devices are registered for a person. Like Account it is not charged
// to the budget of method calls.
// Source: Graph, user: list registeredDevices; device resource.
func (c *Client) Devices(ctx context.Context, person directory.PersonID) ([]directory.Device, error) {
	user, err := c.user(person)
	if err != nil {
		return nil, err
	}
	top := int32(mostDevices)
	query := &users.ItemRegisteredDevicesRequestBuilderGetRequestConfiguration{QueryParameters: &users.ItemRegisteredDevicesRequestBuilderGetQueryParameters{Top: &top}}
	var devices []directory.Device
	err = c.call(ctx, operation{name: "list devices"}, func(ctx context.Context) error {
		list, err := user.RegisteredDevices().Get(ctx, query)
		if err != nil {
			return err
		}
		if list == nil || list.GetValue() == nil {
			return errOdd
		}
		for _, object := range list.GetValue() {
			if d, ok := object.(models.Deviceable); ok {
				devices = append(devices, translateDevice(d))
			}
		}
		return nil
	})
	return devices, err
}

func translateDevice(d models.Deviceable) directory.Device {
	out := directory.Device{ID: text(d.GetId()), Name: short(text(d.GetDisplayName())), System: short(text(d.GetOperatingSystem())),
		SystemVersion: short(text(d.GetOperatingSystemVersion())), Model: short(text(d.GetModel())), Manufacturer: short(text(d.GetManufacturer())),
		Trust: short(text(d.GetTrustType())), Enabled: d.GetAccountEnabled() != nil && *d.GetAccountEnabled()}
	if at := d.GetApproximateLastSignInDateTime(); at != nil {
		out.Seen = at.UTC()
	}
	if at := d.GetRegistrationDateTime(); at != nil {
		out.Registered = at.UTC()
	}
	return out
}
