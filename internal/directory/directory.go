// Package directory holds people and what is on their accounts, in our own words, and
// the ports through which they are read and written.
//
// It knows no Microsoft: directory/graph speaks Microsoft Graph and translates. What a
// person may do with all this is decided by the journeys.
package directory

import (
	"context"
	"slices"
	"strings"
	"time"
)

// PersonID names a person: a tenant and an object id, both lower-case GUIDs. Nothing
// else identifies anybody, never a user name or an address (OID-3).
type PersonID struct {
	Tenant string
	Object string
}

// String returns "tenant/object", the form used as a key and in the audit log.
func (p PersonID) String() string { return p.Tenant + "/" + p.Object }

// ParsePersonID reads the form that String writes. It reports false for anything else.
func ParsePersonID(s string) (PersonID, bool) {
	tenant, object, ok := strings.Cut(s, "/")
	if !ok || tenant == "" || object == "" || strings.Contains(object, "/") {
		return PersonID{}, false
	}
	return PersonID{Tenant: tenant, Object: object}, true
}

// Account is what the directory says of a person beside the methods.
type Account struct {
	DisplayName       string
	UserPrincipalName string
	Mail              string // work mailbox, may be empty
	Enabled           bool
	Guest             bool
	OnPremisesSynced  bool
	// Administrator says that the person holds a directory role now. Only Snapshots fills it,
	// where somebody wants to know; decisions ask Administrators.
	Administrator bool
}

// Kind says what sort of method it is.
type Kind string

// The kinds of method. The first three are contacts. Unknown stands for everything that
// the directory may invent; it is shown, and counts for nothing.
const (
	Phone          Kind = "phone"           // Graph: phoneType mobile
	AlternatePhone Kind = "alternate-phone" // Graph: phoneType alternateMobile
	Email          Kind = "email"
	OfficePhone    Kind = "office-phone"
	Authenticator  Kind = "authenticator"
	Passkey        Kind = "passkey" // FIDO2, security keys included
	WindowsHello   Kind = "windows-hello"
	CodeApp        Kind = "code-app" // one-time codes by an app, software OATH
	HardwareToken  Kind = "hardware-token"
	Pass           Kind = "pass" // Temporary Access Pass
	PlatformKey    Kind = "platform-key"
	External       Kind = "external"
	QRCode         Kind = "qr-code"
	Password       Kind = "password"
	Unknown        Kind = "unknown"
)

// Contact reports whether people keep methods of this kind here.
func (k Kind) Contact() bool { return k == Phone || k == AlternatePhone || k == Email }

// Holder says what holds the key of a passkey.
type Holder string

// The holders. The zero value is a passkey of which the directory does not say.
const (
	HeldByPhone    Holder = "phone"    // Authenticator on one phone, and nothing else
	HeldByComputer Holder = "computer" // one computer, and nothing else
	HeldByKey      Holder = "key"      // a security key
	HeldBySync     Holder = "sync"     // a provider that keeps it on several devices
)

// Method is one thing on the account that can prove who one is.
type Method struct {
	ID      string
	Kind    Kind
	Value   string    // contacts and office phone: E.164 number (an extension cut off) or address; else empty
	Name    string    // what the directory calls it, for example the phone's name; untrusted text
	Model   string    // passkeys: the maker's model; untrusted text
	Added   time.Time // zero when the directory does not say
	RawKind string    // the directory's own type name, for kinds that are Unknown
	Holder  Holder    // passkeys
}

// Snapshot is a person's account and methods as they were at a moment.
type Snapshot struct {
	Account Account
	Methods []Method
	At      time.Time
	// Written are our own writes that the directory acknowledged and may not show yet.
	Written []Written
}

// Written is a value that the directory acknowledged.
type Written struct {
	Kind  Kind
	Value string // as in Method; "" after a removal
	At    time.Time
}

// Lag is how long the directory may go on showing what was before an acknowledged write
// (AVL-3 asks to bear at least 60 seconds).
const Lag = 65 * time.Second

// Wrote returns a copy of the snapshot that remembers an acknowledged write and shows it.
func (s Snapshot) Wrote(kind Kind, value string, at time.Time) Snapshot {
	s.Written = append(slices.Clone(s.Written), Written{Kind: kind, Value: value, At: at})
	if value == "" {
		return s.Without(kind)
	}
	return s.With(kind, "", value)
}

// after returns what was read as a person should see it: with the acknowledged writes of the
// snapshot before it that the directory does not show yet.
func (s Snapshot) after(before Snapshot) Snapshot {
	for _, w := range before.Written {
		m, _ := s.Contact(w.Kind)
		if m.Value != w.Value && s.At.Sub(w.At) < Lag {
			s = s.Wrote(w.Kind, w.Value, w.At)
		}
	}
	return s
}

// Ahead reports whether the snapshot knows of acknowledged writes that what was read does
// not show yet: nothing can be concluded from that then.
func (s Snapshot) Ahead(read Snapshot) bool {
	return slices.ContainsFunc(s.Written, func(w Written) bool {
		m, _ := read.Contact(w.Kind)
		return m.Value != w.Value && read.At.Sub(w.At) < Lag
	})
}

// Contact returns the method of a contact kind.
func (s Snapshot) Contact(kind Kind) (Method, bool) {
	for _, m := range s.Methods {
		if m.Kind == kind {
			return m, true
		}
	}
	return Method{}, false
}

// With returns a copy of the snapshot in which the contact kind has the value. It is
// what a page shows after a confirmed write that the directory does not show yet.
func (s Snapshot) With(kind Kind, id, value string) Snapshot {
	methods := make([]Method, 0, len(s.Methods)+1)
	found := false
	for _, m := range s.Methods {
		if m.Kind == kind {
			m.Value, found = value, true
		}
		methods = append(methods, m)
	}
	if !found {
		methods = append(methods, Method{ID: id, Kind: kind, Value: value})
	}
	s.Methods = methods
	return s
}

// Reader reads the directory.
//
// Faults: fault.NotFound when there is no such person, fault.Limited with Until when the
// directory asks to wait, fault.Unavailable when it does not answer, fault.Forbidden when
// this process lacks the permission. All calls refuse a context that carries a
// transaction (tx.ErrOpen).
type Reader interface {
	Account(ctx context.Context, person PersonID) (Account, error)
	Methods(ctx context.Context, person PersonID) ([]Method, error)
}

// Writer writes contacts.
//
// Beside the faults of Reader: fault.Invalid when the directory refuses the value,
// fault.Conflict when the method is there already (AddContact) or not there
// (UpdateContact), and ErrOutcomeUnknown when nobody can say whether the write was done.
// A nil error means that the directory acknowledged the write. Values are as in Method.
type Writer interface {
	AddContact(ctx context.Context, person PersonID, kind Kind, value string) error
	UpdateContact(ctx context.Context, person PersonID, kind Kind, value string) error
	// RemoveContact removes a contact; one that is not there is no error.
	RemoveContact(ctx context.Context, person PersonID, kind Kind) error
}

// Revoker ends sessions at the identity provider.
type Revoker interface {
	// RevokeSessions ends every session of a person: whoever goes on must sign in again.
	// Tokens that applications hold already live on for up to an hour. Doing it twice is
	// harmless. Faults are those of Reader.
	RevokeSessions(ctx context.Context, person PersonID) error
}
