package graph

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"rekey/internal/directory"
	"rekey/internal/fault"
)

func TestWrites_OnTheWire(t *testing.T) {
	const phones, emails = "/authentication/phoneMethods", "/authentication/emailMethods"
	for name, c := range map[string]struct {
		do                 func(context.Context, rig) error
		method, path, body string
	}{
		"add phone": {func(ctx context.Context, r rig) error {
			return r.AddContact(ctx, person(bobID), directory.Phone, "+12025550161")
		}, "POST", bobID + phones, `{"phoneNumber":"+1 2025550161","phoneType":"mobile"}`},
		"add alternate": {func(ctx context.Context, r rig) error {
			return r.AddContact(ctx, person(aliceID), directory.AlternatePhone, "+442079460018")
		}, "POST", aliceID + phones, `{"phoneNumber":"+44 2079460018","phoneType":"alternateMobile"}`},
		"add email": {func(ctx context.Context, r rig) error {
			return r.AddContact(ctx, person(bobID), directory.Email, "Kim.O'Hara+x@home.example")
		}, "POST", bobID + emails, `{"emailAddress":"Kim.O'Hara+x@home.example"}`},
		"update phone": {func(ctx context.Context, r rig) error {
			return r.UpdateContact(ctx, person(aliceID), directory.Phone, "+4915123456789")
		}, "PATCH", aliceID + phones + "/" + mobileID, `{"phoneNumber":"+49 15123456789","phoneType":"mobile"}`},
		"update alternate": {func(ctx context.Context, r rig) error {
			return r.UpdateContact(ctx, person(aliceID), directory.AlternatePhone, "+12025550161")
		}, "PATCH", aliceID + phones + "/" + alternateMobileID, `{"phoneNumber":"+1 2025550161","phoneType":"alternateMobile"}`},
		"update email": {func(ctx context.Context, r rig) error {
			return r.UpdateContact(ctx, person(aliceID), directory.Email, "kim@home.example")
		}, "PATCH", aliceID + emails + "/" + emailID, `{"emailAddress":"kim@home.example"}`},
		"remove phone": {func(ctx context.Context, r rig) error {
			return r.RemoveContact(ctx, person(aliceID), directory.Phone)
		}, "DELETE", aliceID + phones + "/" + mobileID, ""},
		"remove alternate": {func(ctx context.Context, r rig) error {
			return r.RemoveContact(ctx, person(aliceID), directory.AlternatePhone)
		}, "DELETE", aliceID + phones + "/" + alternateMobileID, ""},
		"remove email": {func(ctx context.Context, r rig) error {
			return r.RemoveContact(ctx, person(aliceID), directory.Email)
		}, "DELETE", aliceID + emails + "/" + emailID, ""},
		"revoke sessions": {func(ctx context.Context, r rig) error {
			return r.RevokeSessions(ctx, person(aliceID))
		}, "POST", aliceID + "/revokeSignInSessions", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			r.graph.answer = answers(204, "")
			if err := c.do(t.Context(), r); err != nil {
				t.Fatalf("%s = %v", name, err)
			}
			sent(t, r, c.method, "/v1.0/users/"+c.path, c.body)
		})
	}
}

// sent checks the one request that was made.
func sent(t *testing.T, r rig, method, path, body string) {
	t.Helper()
	req, got := r.graph.seen[0], r.graph.bodies[0]
	if req.Method != method || req.URL.Path != path || req.URL.RawQuery != "" || len(r.graph.seen) != 1 {
		t.Errorf("sent %s %s, want %s %s once", req.Method, req.URL, method, path)
	}
	if req.ContentLength != int64(len(got)) || req.Header.Get("Content-Encoding") != "" || body != "" && req.Header.Get("Content-Type") != "application/json" {
		t.Errorf("sent length %d, headers %v, want a length of %d and no encoding", req.ContentLength, req.Header, len(got))
	}
	if tokens := req.Header.Values("Authorization"); len(tokens) != 1 || tokens[0] != "Bearer t1" {
		t.Errorf("sent Authorization %q, want one token", tokens)
	}
	if body == "" {
		if got != "" {
			t.Errorf("sent %s, want no body", got)
		}
		return
	}
	have, want := map[string]string{}, map[string]string{}
	if err := errors.Join(json.Unmarshal([]byte(got), &have), json.Unmarshal([]byte(body), &want)); err != nil {
		t.Fatalf("sent %s: %v", got, err)
	}
	delete(have, "@odata.type")
	if !maps.Equal(have, want) {
		t.Errorf("sent %s, want %s", got, body)
	}
}

func TestAccount_OnTheWire(t *testing.T) {
	for name, c := range map[string]struct {
		user map[string]any
		want directory.Account
		kind fault.Kind
	}{
		"member": {map[string]any{"id": aliceID, "displayName": "Alice", "userPrincipalName": "alice@example.org", "mail": "a@example.org", "accountEnabled": true, "userType": "Member", "onPremisesSyncEnabled": true},
			directory.Account{DisplayName: "Alice", UserPrincipalName: "alice@example.org", Mail: "a@example.org", Enabled: true, OnPremisesSynced: true}, none},
		"guest, disabled": {map[string]any{"id": aliceID, "displayName": nil, "userPrincipalName": "a#EXT#@x", "accountEnabled": false, "userType": "Guest"},
			directory.Account{UserPrincipalName: "a#EXT#@x", Guest: true}, none},
		"not readable": {map[string]any{"id": aliceID, "accountEnabled": nil}, directory.Account{}, fault.Forbidden},
		"another":      {map[string]any{"id": bobID, "accountEnabled": true}, directory.Account{}, fault.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			r.graph.answer = answers(200, c.user)
			got, err := r.Account(t.Context(), person(aliceID))
			if got != c.want || !matches(err, c.kind, time.Time{}) {
				t.Errorf("Account = %+v, %v, want %+v, %v", got, err, c.want, c.kind)
			}
			want := "id,displayName,userPrincipalName,mail,accountEnabled,userType,onPremisesSyncEnabled"
			if got := r.graph.seen[0].URL.Query().Get("$select"); got != want || r.graph.seen[0].URL.Path != "/v1.0/users/"+aliceID {
				t.Errorf("Account asked %s, want $select=%s", r.graph.seen[0].URL, want)
			}
		})
	}
}

// everyKind is a list with every kind that Graph knows, in v1.0 or beta.
const everyKind = `{"@odata.context":"x","value":[
{"@odata.type":"#microsoft.graph.passwordAuthenticationMethod","id":"1","password":null,"createdDateTime":"2026-01-02T03:04:05Z"},
{"@odata.type":"#microsoft.graph.phoneAuthenticationMethod","id":"2","phoneNumber":"+1 2025550142","phoneType":"mobile","smsSignInState":"ready","createdDateTime":null},
{"@odata.type":"#microsoft.graph.phoneAuthenticationMethod","id":"3","phoneNumber":"+44 2079460018x123","phoneType":"alternateMobile"},
{"@odata.type":"#microsoft.graph.phoneAuthenticationMethod","id":"4","phoneNumber":"+49 30123456X7","phoneType":"office"},
{"@odata.type":"#microsoft.graph.phoneAuthenticationMethod","id":"5","phoneNumber":"+1 2025550143","phoneType":"satellite"},
{"@odata.type":"#microsoft.graph.emailAuthenticationMethod","id":"6","emailAddress":"kim@example.org"},
{"@odata.type":"#microsoft.graph.microsoftAuthenticatorAuthenticationMethod","id":"7","displayName":"Kim's phone","deviceTag":"x","phoneAppVersion":"6.1","createdDateTime":null},
{"@odata.type":"#microsoft.graph.fido2AuthenticationMethod","id":"8","displayName":"Red key","model":"Key 5","aaGuid":"x","creationDateTime":"2025-05-06T07:08:09Z","passkeyType":"deviceBound"},
{"@odata.type":"#microsoft.graph.windowsHelloForBusinessAuthenticationMethod","id":"9","displayName":"LAPTOP-7","keyStrength":"normal","createdDateTime":"2025-05-06T09:08:09+02:00"},
{"@odata.type":"#microsoft.graph.softwareOathAuthenticationMethod","id":"10","secretKey":null,"createdDateTime":"2024-01-01T00:00:00Z"},
{"@odata.type":"#microsoft.graph.temporaryAccessPassAuthenticationMethod","id":"11","isUsable":true,"createdDateTime":"2027-01-01T00:00:00Z"},
{"@odata.type":"#microsoft.graph.platformCredentialAuthenticationMethod","id":"12","displayName":"MacBook","platform":"macOS"},
{"@odata.type":"#microsoft.graph.externalAuthenticationMethod","id":"13","displayName":"Other factor","configurationId":"x","createdDateTime":"2026-01-01T00:00:00Z"},
{"@odata.type":"#microsoft.graph.hardwareOathAuthenticationMethod","id":"14","device":{"serialNumber":"1","manufacturer":"Maker","model":"T1"}},
{"@odata.type":"#microsoft.graph.qrCodePinAuthenticationMethod","id":"15"},
{"@odata.type":"#microsoft.graph.passwordlessMicrosoftAuthenticatorAuthenticationMethod","id":"16","displayName":"Old phone"},
{"@odata.type":"#microsoft.graph.resourceAccountKeyAuthenticationMethod","id":"17","displayName":"Room"},
{"id":"18","displayName":"No type"},
{"@odata.type":"#microsoft.graph.telepathyAuthenticationMethod","id":"19","displayName":7}]}`

func TestMethods_EveryKind(t *testing.T) {
	day := func(y int, m time.Month, d, h, min, s int) time.Time {
		return time.Date(y, m, d, h, min, s, 0, time.UTC)
	}
	want := []directory.Method{
		{ID: "1", Kind: directory.Password, Added: day(2026, 1, 2, 3, 4, 5)},
		{ID: "2", Kind: directory.Phone, Value: "+12025550142"},
		{ID: "3", Kind: directory.AlternatePhone, Value: "+442079460018"},
		{ID: "4", Kind: directory.OfficePhone, Value: "+4930123456"},
		{ID: "5", Kind: directory.Unknown, Value: "+12025550143", RawKind: "phoneAuthenticationMethod"},
		{ID: "6", Kind: directory.Email, Value: "kim@example.org"},
		{ID: "7", Kind: directory.Authenticator, Name: "Kim's phone"},
		{ID: "8", Kind: directory.Passkey, Name: "Red key", Model: "Key 5", Holder: directory.HeldByKey, Added: day(2025, 5, 6, 7, 8, 9)},
		{ID: "9", Kind: directory.WindowsHello, Name: "LAPTOP-7", Added: day(2025, 5, 6, 7, 8, 9)},
		{ID: "10", Kind: directory.CodeApp, Added: day(2024, 1, 1, 0, 0, 0)},
		{ID: "11", Kind: directory.Pass, Added: day(2027, 1, 1, 0, 0, 0)},
		{ID: "12", Kind: directory.PlatformKey, Name: "MacBook"},
		{ID: "13", Kind: directory.External, Name: "Other factor", Added: day(2026, 1, 1, 0, 0, 0)},
		{ID: "14", Kind: directory.HardwareToken, Model: "Maker T1"},
		{ID: "15", Kind: directory.QRCode},
		{ID: "16", Kind: directory.Authenticator, Name: "Old phone"},
		{ID: "17", Kind: directory.Unknown, Name: "Room", RawKind: "resourceAccountKeyAuthenticationMethod"},
		{ID: "18", Kind: directory.Unknown, Name: "No type"},
		{ID: "19", Kind: directory.Unknown, RawKind: "telepathyAuthenticationMethod"},
	}
	r := newRig(t, nil)
	r.graph.answer = answers(200, everyKind)
	got, err := r.Methods(t.Context(), person(aliceID))
	if err != nil || len(got) != len(want) {
		t.Fatalf("Methods = %d methods, %v, want %d", len(got), err, len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("Methods[%d] = %+v, want %+v", i, got[i], want[i])
		}
	}
	if got := r.graph.seen[0].URL; got.Path != "/v1.0/users/"+aliceID+"/authentication/methods" || got.RawQuery != "" {
		t.Errorf("Methods asked %s, want no options: Graph supports none", got)
	}
}

func TestHolder(t *testing.T) {
	for _, tt := range []struct {
		aaguid, sort string
		want         directory.Holder
	}{
		{"90a3ccdf-635c-4729-a248-9b709135078f", "deviceBound", directory.HeldByPhone}, {"DE1E552D-DB1D-4423-A619-566B625CDC84", "", directory.HeldByPhone},
		{"90a3ccdf-635c-4729-a248-9b709135078f", "synced", directory.HeldBySync}, {"", "synced", directory.HeldBySync},
		{"08987058-cadc-4b81-b6e1-30de50dcbe96", "deviceBound", directory.HeldByComputer}, {"6028b017-b1d4-4c02-b4b3-afcdafc96bb2", "", directory.HeldByComputer},
		{"cb69481e-8ff7-4039-93ec-0a2729a154a8", "deviceBound", directory.HeldByKey}, {"cb69481e-8ff7-4039-93ec-0a2729a154a8", "", ""},
		{"00000000-0000-0000-0000-000000000000", "deviceBound", ""}, {"", "deviceBound", ""}, {"", "", ""}, {"cb69481e-8ff7-4039-93ec-0a2729a154a8", "unknownFutureValue", ""},
	} {
		if got := holder(tt.aaguid, tt.sort); got != tt.want {
			t.Errorf("holder(%q, %q) = %q, want %q", tt.aaguid, tt.sort, got, tt.want)
		}
	}
}

func TestNumber(t *testing.T) {
	for stored, want := range map[string]string{
		"+1 2025550142": "+12025550142", "+12025550142": "+12025550142", "+1 2025550142x123": "+12025550142", "+1 (202) 555-0142 X9": "+12025550142",
		"+1 XXXXXXXX42": "+1 XXXXXXXX42", "+1 ********42": "+1 ********42", "+1 202555x": "+1202555", "hello": "hello", "": "", "x12": "x12",
	} {
		if got := number(stored); got != want {
			t.Errorf("number(%q) = %q, want %q", stored, got, want)
		}
	}
	if got := number(strings.Repeat("9", 5000)); len(got) != textLimit {
		t.Errorf("number(5000 digits) has %d, want %d", len(got), textLimit)
	}
}

func TestNew_NamesEveryMistake(t *testing.T) {
	_, err := New(Config{BaseURL: "http://graph.example.org/v1.0", Tenant: "contoso"})
	for _, want := range []string{"base URL", "tenant", "tokens", "clock", "log", "budget"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New = %v, want a word on %s", err, want)
		}
	}
	for base, good := range map[string]bool{"https://graph.microsoft.com/v1.0/": true, "http://127.0.0.1:9/v1.0": true, "": false,
		"https://u:p@graph.microsoft.com": false, "https://graph.microsoft.com/v1.0?x=1": false, "ftp://localhost/": false} {
		r := newRig(t, nil)
		_, err := New(Config{BaseURL: base, Tenant: tenantID, Tokens: r.tokens, Clock: r.clock, Budget: r.budget, Log: slog.Default(), Transport: http.DefaultTransport})
		if (err == nil) != good {
			t.Errorf("New(%q) = %v, want accepted: %v", base, err, good)
		}
	}
}

func TestSDKVersion_IsThatOfTheModule(t *testing.T) {
	mod, err := os.ReadFile("../../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if want := "github.com/microsoftgraph/msgraph-sdk-go v" + sdkVersion; !strings.Contains(string(mod), want) {
		t.Errorf("go.mod has no %q: sdkVersion tells Graph another version", want)
	}
}
