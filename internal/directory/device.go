package directory

import (
	"context"
	"strings"
	"time"
)

// Device is a device that is registered for a person. All words of it are untrusted.
type Device struct {
	ID            string
	Name          string
	System        string // "iOS", "Android", "Windows", as the device told
	SystemVersion string
	Model         string
	Manufacturer  string
	Seen          time.Time // last sign-in, about; zero unknown
	Registered    time.Time // zero unknown
	Enabled       bool
	Trust         string // "Workplace", "AzureAd" or "ServerAd"
}

// Phone reports whether it looks like a phone or tablet.
func (d Device) Phone() bool {
	switch strings.ToLower(d.System) {
	case "ios", "iphone", "ipad", "ipados", "android", "androidforwork", "androidenterprise":
		return true
	}
	return false
}

// Devices reads which devices are registered for a person.
//
// Faults are those of Reader.
type Devices interface {
	Devices(ctx context.Context, person PersonID) ([]Device, error)
}

// Usage reads when methods were last used to sign in, by their ids: one that is not there
// was not used as far as the directory tells.
//
// Faults are those of Reader.
type Usage interface {
	LastUsed(ctx context.Context, person PersonID) (map[string]time.Time, error)
}
