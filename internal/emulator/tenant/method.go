package tenant

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Ids that Graph gives to every method of a kind, the same for all people.
// Source: Graph, phoneAuthenticationMethod, emailAuthenticationMethod and
// passwordAuthenticationMethod resources.
const (
	MobileID          = "3179e48a-750b-4051-897c-87b9720928f7"
	AlternateMobileID = "b6332ec1-7057-4abe-9331-3d72feddfe41"
	OfficeID          = "e37fc753-ff3b-4958-9484-eaa9425c82bc"
	EmailID           = "3ddfcfc8-9383-446f-83cc-3ab9be4be18f"
	PasswordID        = "28c10230-6103-485e-b985-444c60001490"
)

// Types of methods, as "@odata.type" names them.
const (
	TypePassword      = "#microsoft.graph.passwordAuthenticationMethod"
	TypePhone         = "#microsoft.graph.phoneAuthenticationMethod"
	TypeEmail         = "#microsoft.graph.emailAuthenticationMethod"
	TypeAuthenticator = "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod"
	TypeFIDO2         = "#microsoft.graph.fido2AuthenticationMethod"
	TypeWindowsHello  = "#microsoft.graph.windowsHelloForBusinessAuthenticationMethod"
	TypeSoftwareOath  = "#microsoft.graph.softwareOathAuthenticationMethod"
	TypePass          = "#microsoft.graph.temporaryAccessPassAuthenticationMethod"
	TypePlatform      = "#microsoft.graph.platformCredentialAuthenticationMethod"
	TypeExternal      = "#microsoft.graph.externalAuthenticationMethod"
	TypeHardwareOath  = "#microsoft.graph.hardwareOathAuthenticationMethod"
	TypeQRCode        = "#microsoft.graph.qrCodePinAuthenticationMethod"
)

// Method is an authentication method exactly as Graph lists it, with "@odata.type" and "id".
type Method map[string]any

// Type is the method's "@odata.type".
func (m Method) Type() string { return m.text("@odata.type") }

// ID is the method's id, unique within one person.
func (m Method) ID() string { return m.text("id") }

// DisplayName is the name of the device or key, for the kinds that have one.
func (m Method) DisplayName() string { return m.text("displayName") }

// PhoneNumber is a phone's number in Graph's format ("+1 4255550142"), "" on other kinds.
func (m Method) PhoneNumber() string { return m.text("phoneNumber") }

// PhoneType is mobile, alternateMobile or office, "" on other kinds.
func (m Method) PhoneType() string { return m.text("phoneType") }

// EmailAddress is the address of an email method, "" on other kinds.
func (m Method) EmailAddress() string { return m.text("emailAddress") }

// LastUsed is when the method was last used to sign in, zero when never.
func (m Method) LastUsed() time.Time {
	at, _ := time.Parse(time.RFC3339, m.text("lastUsedDateTime"))
	return at
}

func (m Method) text(key string) string {
	s, _ := m[key].(string)
	return s
}

// canBeDefault says whether the method can be the default second factor.
func (m Method) canBeDefault() bool {
	switch m.Type() {
	case TypePhone, TypeAuthenticator, TypeSoftwareOath, TypeHardwareOath:
		return true
	}
	return false
}

func (m Method) clone() Method {
	out := make(Method, len(m))
	for k, v := range m {
		out[k] = cloneValue(v)
	}
	return out
}

func cloneValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := maps.Clone(v)
		for k, e := range out {
			out[k] = cloneValue(e)
		}
		return out
	case []any:
		out := slices.Clone(v)
		for i, e := range out {
			out[i] = cloneValue(e)
		}
		return out
	}
	return v
}

func cloneMethods(methods []Method) []Method {
	out := make([]Method, len(methods))
	for i, m := range methods {
		out[i] = m.clone()
	}
	return out
}

// phoneID returns the fixed id of a phone type, "" for an unknown one.
func phoneID(phoneType string) string {
	switch phoneType {
	case "mobile":
		return MobileID
	case "alternateMobile":
		return AlternateMobileID
	case "office":
		return OfficeID
	}
	return ""
}

// smsSignInState is what Graph shows for a phone nobody signs in with by text.
func smsSignInState(phoneType string) string {
	if phoneType == "mobile" {
		return "notEnabled"
	}
	return "notSupported"
}

// Timestamp writes a time as Graph does.
func Timestamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05Z") }

// E164 turns a number in Graph's format, or one with spaces and hyphens, into E.164; an
// extension is dropped. It returns "" for what is no number.
func E164(number string) string {
	number, _, _ = strings.Cut(number, "x")
	if !strings.HasPrefix(number, "+") {
		return ""
	}
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -()", r) {
			return -1
		}
		return r
	}, number[1:])
	if len(digits) < 4 || len(digits) > 15 || strings.Trim(digits, "0123456789") != "" || digits[0] == '0' {
		return ""
	}
	return "+" + digits
}
