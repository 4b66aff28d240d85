package graph

import (
	"strings"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/models"

	"rekey/internal/directory"
	"rekey/internal/phone"
)

// textLimit is the longest text of the directory that is kept, in runes. Entra allows
// 256 for a display name.
const textLimit = 256

// typePrefix comes before every type name in Graph.
const typePrefix = "#microsoft.graph."

// translateMethods puts Graph's methods into our words, in Graph's order. Nothing is
// dropped: a kind that nobody knows yet is directory.Unknown.
func translateMethods(list []models.AuthenticationMethodable) ([]directory.Method, error) {
	methods := make([]directory.Method, 0, len(list))
	for _, item := range list {
		if item == nil {
			return nil, errOdd
		}
		methods = append(methods, translate(item))
	}
	return methods, nil
}

func translate(item models.AuthenticationMethodable) directory.Method {
	m := directory.Method{ID: text(item.GetId()), Added: added(item), Name: name(item)}
	switch typed := item.(type) {
	case models.PhoneAuthenticationMethodable:
		m.Kind, m.Value = phoneKind(typed.GetPhoneType()), number(text(typed.GetPhoneNumber()))
	case models.EmailAuthenticationMethodable:
		m.Kind, m.Value = directory.Email, short(text(typed.GetEmailAddress()))
	case models.Fido2AuthenticationMethodable:
		m.Kind, m.Model = directory.Passkey, short(text(typed.GetModel()))
		m.Holder = holder(text(typed.GetAaGuid()), extra(item.GetAdditionalData(), "passkeyType"))
	default:
		m.Kind = kindOf(typeName(item))
		m.Model = deviceModel(item.GetAdditionalData()["device"])
	}
	if m.Kind == directory.Unknown {
		m.RawKind = short(typeName(item))
	}
	return m
}

// kindOf maps the type names that need nothing but a name. The SDK has no types for the
// last five; they arrive as the base type.
func kindOf(name string) directory.Kind {
	switch name {
	case "passwordAuthenticationMethod":
		return directory.Password
	case "microsoftAuthenticatorAuthenticationMethod", "passwordlessMicrosoftAuthenticatorAuthenticationMethod":
		return directory.Authenticator
	case "windowsHelloForBusinessAuthenticationMethod":
		return directory.WindowsHello
	case "softwareOathAuthenticationMethod":
		return directory.CodeApp
	case "temporaryAccessPassAuthenticationMethod":
		return directory.Pass
	case "platformCredentialAuthenticationMethod":
		return directory.PlatformKey
	case "externalAuthenticationMethod":
		return directory.External
	case "hardwareOathAuthenticationMethod":
		return directory.HardwareToken
	case "qrCodePinAuthenticationMethod":
		return directory.QRCode
	}
	return directory.Unknown
}

func typeName(item models.AuthenticationMethodable) string {
	return strings.TrimPrefix(text(item.GetOdataType()), typePrefix)
}

// holder tells what holds a passkey from the id of its maker's model and from its sort, of
// which the SDK has no property. A model that nobody vouched for is all zeros.
//
// Sources: "Passkeys in Authenticator" and "Windows Hello" in Microsoft's documentation for
// the ids; passkeyType of Graph's fido2AuthenticationMethod for the sort.
func holder(aaguid, sort string) directory.Holder {
	aaguid = strings.ToLower(aaguid)
	switch {
	case sort == "synced":
		return directory.HeldBySync
	case aaguid == "90a3ccdf-635c-4729-a248-9b709135078f", aaguid == "de1e552d-db1d-4423-a619-566b625cdc84":
		return directory.HeldByPhone
	case aaguid == "08987058-cadc-4b81-b6e1-30de50dcbe96", aaguid == "9ddd1817-af5a-4672-a2b9-3e3dd95000a9", aaguid == "6028b017-b1d4-4c02-b4b3-afcdafc96bb2":
		return directory.HeldByComputer
	case sort == "deviceBound" && strings.Trim(aaguid, "0-") != "":
		return directory.HeldByKey
	}
	return ""
}

// phoneKind maps phone types; one that is new, or missing, is unknown.
func phoneKind(t *models.AuthenticationPhoneType) directory.Kind {
	switch {
	case t == nil:
		return directory.Unknown
	case *t == models.MOBILE_AUTHENTICATIONPHONETYPE:
		return directory.Phone
	case *t == models.ALTERNATEMOBILE_AUTHENTICATIONPHONETYPE:
		return directory.AlternatePhone
	case *t == models.OFFICE_AUTHENTICATIONPHONETYPE:
		return directory.OfficePhone
	}
	return directory.Unknown
}

// number returns the E.164 form of "+1 2025550142x123". What is not plainly a number, a
// masked one for instance, stays as it is: it is on the account, and must neither look
// like none nor, letters read as digits, like another one.
func number(stored string) string {
	stored = strings.TrimSpace(stored)
	plain := stored
	if i := strings.LastIndexAny(stored, "xX"); i > 0 && strings.Trim(stored[i+1:], "0123456789") == "" {
		plain = stored[:i]
	}
	if strings.Trim(plain, "+0123456789 ().-") == "" {
		if e164, ok := phone.Canonical(plain); ok {
			return e164
		}
	}
	return short(stored)
}

// name reads displayName, which most types have and the SDK knows of some.
func name(item models.AuthenticationMethodable) string {
	if typed, ok := item.(interface{ GetDisplayName() *string }); ok {
		return short(text(typed.GetDisplayName()))
	}
	return short(extra(item.GetAdditionalData(), "displayName"))
}

// added reads createdDateTime, or creationDateTime as older payloads call it.
func added(item models.AuthenticationMethodable) time.Time {
	if typed, ok := item.(interface{ GetCreatedDateTime() *time.Time }); ok && typed.GetCreatedDateTime() != nil {
		return typed.GetCreatedDateTime().UTC()
	}
	for _, key := range []string{"createdDateTime", "creationDateTime"} {
		if at, err := time.Parse(time.RFC3339, extra(item.GetAdditionalData(), key)); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}

// extra reads a text that the SDK has no property for; it keeps them as pointers.
func extra(data map[string]any, key string) string {
	switch value := data[key].(type) {
	case *string:
		return text(value)
	case string:
		return value
	}
	return ""
}

// deviceModel reads maker and model of a hardware token's device.
func deviceModel(device any) string {
	data, _ := device.(map[string]any)
	return short(strings.TrimSpace(extra(data, "manufacturer") + " " + extra(data, "model")))
}

func short(s string) string {
	if runes := []rune(s); len(runes) > textLimit {
		return string(runes[:textLimit])
	}
	return s
}
