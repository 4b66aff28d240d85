package graph

import (
	"strings"

	"github.com/microsoftgraph/msgraph-sdk-go/models"

	"rekey/internal/directory"
)

// home says where a passkey lives. passkeyType decides where Graph sends it; the SDK has no
// property for it yet. A passkey of Authenticator is bound to its phone; of those that
// are not told, the makers that keep them in an account are known by their AAGUID, and a
// model that says it is attested and is none of these is a key.
// Sources: Microsoft, "Enable passkeys in Authenticator" (its AAGUIDs); the
// passkey-developer project's list of AAGUIDs of passkey providers.
func home(key models.Fido2AuthenticationMethodable) directory.Home {
	guid := strings.ToLower(text(key.GetAaGuid()))
	kind := strings.ToLower(extra(key.GetAdditionalData(), "passkeyType"))
	switch guid {
	case "de1e552d-db1d-4423-a619-566b625cdc84", // Authenticator on Android
		"90a3ccdf-635c-4729-a248-9b709135078f": // Authenticator on iOS
		return directory.OnPhone
	case "fbfc3007-154e-4ecc-8c0b-6e020557d7bd", // iCloud Keychain
		"ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4": // Google Password Manager
		return directory.Synced
	}
	attested := key.GetAttestationLevel() != nil && *key.GetAttestationLevel() == models.ATTESTED_ATTESTATIONLEVEL
	switch {
	case kind == "synced":
		return directory.Synced
	case kind == "devicebound" && attested:
		return directory.OnKey
	}
	return ""
}
