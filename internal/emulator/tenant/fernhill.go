package tenant

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// Domain is the mail domain of the demo's organisation, one that cannot exist.
const Domain = "fernhill.example"

// ServiceMailbox is the organisation's own mailbox, which belongs to nobody: mails may be
// sent from it.
const ServiceMailbox = "identity@" + Domain

// Password is what everybody at Fernhill types.
const Password = "demo"

// registered is when the methods of the demo's people were registered.
const registered = "2025-03-17T09:12:00Z"

// Fernhill returns the people of the demo: employees with good, risky and dangerous
// set-ups, one of each administrator role that matters, a synchronised administrator, a
// break-glass account and a guest. Their numbers are set apart for films and books where a
// country does that, and belong to nobody as far as is known elsewhere. Ids are the same in
// every demo.
func Fernhill() ([]Person, []Handset) {
	f := &founding{}
	f.employees()
	f.oddities()
	f.administrators()
	f.outsiders()
	f.reserve()
	return f.people, f.handsets
}

type founding struct {
	people   []Person
	handsets []Handset
}

// employees are set-ups as they are common.
func (f *founding) employees() {
	f.person("maya.okafor", "Maya", "Okafor", "One mobile number and nothing else: the sign-in sends a text to it.",
		phone("mobile", "+1 4255550142"))
	f.handset("+1 4255550142", "Pixel 7")
	f.person("jonas.lindqvist", "Jonas", "Lindqvist", "A passkey, two numbers and an email address: nothing can go wrong.",
		phone("mobile", "+46 701740612"), phone("alternateMobile", "+46 701740688"), email("jonas@lindqvist.example"),
		passkey("Security key on the keyring", "YubiKey 5 NFC", "cb69481e-8ff7-4039-93ec-0a2729a154a8"))
	f.handset("+46 701740612", "Galaxy S24")
	f.handset("+46 701740688", "Old Nokia")
	f.person("priya.raman", "Priya", "Raman", "Everything hangs on one iPhone, but the laptop knows her face.",
		phone("mobile", "+1 2065550117"), authenticator("iPhone 13"), hello("FERN-LT-0217"))
	f.handset("+1 2065550117", "iPhone 13")
	f.device("FERN-LT-0217", "Windows", "11", "Latitude 7440")
	f.device("iPhone 13", "iOS", "17.5.1", "iPhone14,5")
	f.last().Devices[1].Manufacturer, f.last().Devices[1].TrustType = "Apple", "Workplace"
	f.person("tomas.herrera", "Tomás", "Herrera", "The Authenticator app and no phone number yet.", authenticator("Galaxy A54"))
	f.handset("+1 5035550163", "Galaxy A54")
	f.person("lena.vogt", "Lena", "Vogt", "A mobile number and an alternate email address.",
		phone("mobile", "+49 15228817386"), email("lena.vogt@postfach.example"))
	f.handset("+49 15228817386", "iPhone 12 mini")
	f.person("grace.kimani", "Grace", "Kimani", "A mobile, the number of her desk, and a one-time code app.",
		phone("mobile", "+61 491570156"), phone("office", "+61 255501234"), oath("grace.kimani"))
	f.handset("+61 491570156", "Moto G84")
	f.handset("+61 255501234", "Desk phone")
	f.person("nadia.petrenko", "Nadia", "Petrenko", "An alternate email address and nothing else: enough to reset a password, not to sign in.",
		email("nadia@petrenko.example"))
}

// oddities are what pages must not trip over.
func (f *founding) oddities() {
	f.person("samir.haddad", "Samir", "Haddad", "Signs in through another company's app, a kind of method that is not widely known.",
		phone("mobile", "+1 3125550178"), external("Fernhill Guard"))
	f.handset("+1 3125550178", "Pixel 9")
	f.person("maximiliana-theodora.von-und-zu-hohenlohe-waldenburg-schillingsfuerst",
		"Maximiliana-Theodora Alexandrina", "von und zu Hohenlohe-Waldenburg-Schillingsfürst-Featherstonehaugh",
		"Has the longest names in the organisation, and so has everything she owns.",
		phone("mobile", "+1 3035550142"),
		authenticator("iPhone 15 Pro Max von Maximiliana-Theodora (geschäftlich, bitte nicht verwechseln)"),
		passkey("Sicherheitsschlüssel-am-Schlüsselbund-im-Handschuhfach-des-Dienstwagens", "Security Key NFC by Yubico Enterprise Edition",
			"a4e9fc6d-4cbe-4758-b8ba-37598bb5bbaa"))
	f.handset("+1 3035550142", "iPhone 15 Pro Max von Maximiliana-Theodora (geschäftlich, bitte nicht verwechseln)")
	f.person("layla.nasser", "ليلى", "ناصر", "Writes her name in Arabic; a mobile number and the Authenticator app on the same phone.",
		phone("mobile", "+1 7135550129"), authenticator("هاتف ليلى"))
	f.handset("+1 7135550129", "هاتف ليلى")
	f.person("peter.novak", "Peter", "Novák", "Left the organisation; the account is switched off.", phone("mobile", "+1 6175550136"))
	f.last().Enabled = false
}

// administrators are the roles that matter.
func (f *founding) administrators() {
	f.admin("ingrid.solberg", "Ingrid", "Solberg", "Global Administrator", "Runs the tenant: a passkey, a mobile and an email address.",
		phone("mobile", "+1 4255550171"), email("ingrid@solberg.example"), passkey("Laptop passkey", "Windows Hello", "08987058-cadc-4b81-b6e1-30de50dcbe96"))
	f.admin("daniel.achebe", "Daniel", "Achebe", "Privileged Authentication Administrator", "May change the methods of everybody, administrators too.",
		phone("mobile", "+1 4255550172"), email("daniel@achebe.example"), authenticator("iPhone 14"))
	f.handset("+1 4255550172", "iPhone 14")
	f.admin("sofia.marchetti", "Sofia", "Marchetti", "Authentication Administrator", "The help desk: may change the methods of ordinary people.",
		phone("mobile", "+1 4255550173"), email("sofia@marchetti.example"))
	f.admin("kwame.boateng", "Kwame", "Boateng", "Helpdesk Administrator", "Resets passwords of ordinary people, and touches no method.",
		phone("mobile", "+1 4255550174"), email("kwame@boateng.example"))
	f.admin("hanna.virtanen", "Hanna", "Virtanen", "User Administrator", "Looks after accounts, not after methods.",
		phone("mobile", "+1 4255550175"), email("hanna@virtanen.example"))
	f.admin("rafael.duarte", "Rafael", "Duarte", "Authentication Policy Administrator", "Decides which methods may be used at all.",
		phone("mobile", "+1 4255550176"))
	f.admin("mei.tanaka", "Mei", "Tanaka", "Global Reader", "An auditor: sees everything and changes nothing.", phone("mobile", "+1 4255550177"))
	f.admin("oscar.brandt", "Oscar", "Brandt", "User Administrator", "An administrator whose account comes from the organisation's own directory.",
		phone("mobile", "+1 4255550179"), email("oscar@brandt.example"))
	f.last().OnPremisesSynced = true
	f.admin("emergency", "Emergency", "Access", "Global Administrator", "The break-glass account: two security keys in two safes.",
		passkey("Safe, head office", "YubiKey 5 FIPS", "c1f9a0bc-1dd2-404a-b27f-8e29047a43fd"),
		passkey("Safe, bank", "YubiKey 5 FIPS", "c1f9a0bc-1dd2-404a-b27f-8e29047a43fd"))
	f.last().Mail = ""
}

// outsiders are people whose methods live elsewhere.
func (f *founding) outsiders() {
	f.person("ana.souza_birchwood.example#EXT#", "Ana", "Souza", "A guest from Birchwood, where her methods live.")
	f.last().Guest, f.last().Mail = true, "ana.souza@birchwood.example"
}

// reserve are administrators who are not to be recognised by an active role, and those of
// whom something is missing.
func (f *founding) reserve() {
	f.person("noor.rahimi", "Noor", "Rahimi", "May become Global Administrator for an hour at a time, and holds no role otherwise.",
		phone("mobile", "+1 4255550180"), email("noor@rahimi.example"), authenticator("Pixel 8"))
	f.handset("+1 4255550180", "Pixel 8")
	f.last().EligibleRoles = []string{"Global Administrator"}
	f.person("elif.kaya", "Elif", "Kaya", "Belongs to a group to which administrator roles are assigned.",
		phone("mobile", "+1 4255550181"), email("elif@kaya.example"))
	f.last().RoleGroups = []string{"Tier 0 operators"}
	f.admin("bruno.silva", "Bruno", "Silva", "Groups Administrator", "An administrator with an email address and no phone.",
		email("bruno@silva.example"), authenticator("Galaxy S23"))
	f.admin("yara.costa", "Yara", "Costa", "Helpdesk Administrator", "An administrator who left; the account is switched off.",
		phone("mobile", "+1 4255550182"), email("yara@costa.example"))
	f.last().Enabled = false
}

func (f *founding) last() *Person { return &f.people[len(f.people)-1] }

func (f *founding) person(name, given, surname, blurb string, methods ...Method) {
	p := Person{
		ID: fixedID("person " + name), UserPrincipalName: name + "@" + Domain, DisplayName: given + " " + surname,
		GivenName: given, Surname: surname, Mail: name + "@" + Domain, Password: Password, Enabled: true,
		Roles: []string{}, Devices: []Device{}, Blurb: blurb,
	}
	all := append([]Method{{"@odata.type": TypePassword, "id": PasswordID, "createdDateTime": registered, "password": nil}}, methods...)
	for i, m := range all {
		if m.ID() == "" {
			m["id"] = fixedMethodID(m.Type(), fmt.Sprint(name, i))
		}
		p.Methods = append(p.Methods, m)
		if p.DefaultMethodID == "" && m.canBeDefault() || m.Type() == TypeAuthenticator {
			p.DefaultMethodID = m.ID()
		}
	}
	f.people = append(f.people, p)
}

func (f *founding) admin(name, given, surname, role, blurb string, methods ...Method) {
	f.person(name, given, surname, blurb, methods...)
	f.last().Roles = []string{role}
}

// handset names a phone of the last person.
func (f *founding) handset(number, name string) {
	f.handsets = append(f.handsets, Handset{Number: E164(number), Name: name, Owner: f.last().ID, Working: true})
}

func (f *founding) device(name, system, version, model string) {
	f.last().Devices = append(f.last().Devices, Device{
		ID: fixedID("device " + name), DeviceID: fixedID("deviceId " + name), DisplayName: name, OperatingSystem: system,
		OperatingSystemVersion: version, TrustType: "AzureAd", Manufacturer: "Dell Inc.", Model: model, AccountEnabled: true,
	})
}

func phone(phoneType, number string) Method {
	return Method{"@odata.type": TypePhone, "id": phoneID(phoneType), "phoneNumber": number, "phoneType": phoneType,
		"smsSignInState": smsSignInState(phoneType), "createdDateTime": nil}
}

func email(address string) Method {
	return Method{"@odata.type": TypeEmail, "id": EmailID, "emailAddress": address, "createdDateTime": nil}
}

func authenticator(handset string) Method {
	return Method{"@odata.type": TypeAuthenticator, "displayName": handset, "deviceTag": "SoftwareTokenActivated",
		"phoneAppVersion": "6.2409.6413", "createdDateTime": nil}
}

func passkey(name, model, aaguid string) Method {
	return Method{"@odata.type": TypeFIDO2, "displayName": name, "model": model, "aaGuid": aaguid, "attestationLevel": "attested",
		"attestationCertificates": []any{}, "passkeyType": "deviceBound", "createdDateTime": registered}
}

func hello(computer string) Method {
	return Method{"@odata.type": TypeWindowsHello, "displayName": computer, "keyStrength": "normal", "createdDateTime": registered}
}

func oath(name string) Method {
	return Method{"@odata.type": TypeSoftwareOath, "id": fixedID("oath " + name), "secretKey": nil, "createdDateTime": registered}
}

func external(name string) Method {
	return Method{"@odata.type": TypeExternal, "displayName": name, "configurationId": fixedID("external " + name), "createdDateTime": registered}
}

// fixedID makes a GUID from a name, the same in every demo.
func fixedID(name string) string {
	b := sha256.Sum256([]byte(Domain + " " + name))
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

func fixedMethodID(odataType, name string) string {
	if odataType != TypeFIDO2 {
		return fixedID("method " + name)
	}
	sum := sha256.Sum256([]byte(name))
	return base64.RawURLEncoding.EncodeToString(sum[:16]) + "2"
}
