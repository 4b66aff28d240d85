package templates

import "time"

// Example is a page in one of its states.
type Example struct {
	Name string // unique, lower case: letters, digits, hyphens and dots
	Page Page
}

// at1432 is the time on all examples.
func at1432() time.Time { return time.Date(2026, time.November, 23, 13, 32, 0, 0, time.UTC) }

func minutes(n int) time.Time { return at1432().Add(time.Duration(n) * time.Minute) }

func exampleBase(path string) Base {
	zone := time.FixedZone("CET", 60*60)
	if berlin, err := time.LoadLocation("Europe/Berlin"); err == nil {
		zone = berlin
	}
	return Base{Organisation: Organisation{Name: "Fernhill", HelpName: "the IT service desk", HelpPhone: "+1 202-555-0100"},
		Viewer:    &Viewer{DisplayName: "Maya Okafor", UserPrincipalName: "maya@fernhill.example", Zone: "Europe/Berlin"},
		FormToken: "a-token", LanguageToken: "a-token", Zone: zone, Now: at1432(), Path: path, RequestID: "6f1c9a52-8a0e-4f3b-9a55-3f0d9f0c7a11"}
}

const (
	number42 = "+1 •••-•••-••42"
	number87 = "+1 •••-•••-••87"
	longName = "iPhone 15 Pro Max von Maximiliana-Theodora (geschäftlich, bitte nicht verwechseln)"
)

// Examples returns every page in the states that a person can meet, with people who do not
// exist: for the demo's gallery, for pictures, and for tests that look at all of them.
func Examples() []Example {
	base := exampleBase("/")
	var all []Example
	for _, part := range [][]Example{homeStates(base), lostStates(base), numberStates(base), againStates(base), codeStates(base), changeStates(base), contactStates(base), sessionStates(base), moveStates(base), resetStates(base), otherStates(base)} {
		all = append(all, part...)
	}
	return standing(all)
}

// changed is the subject of most states: the phone is changed.
func changed() Subject { return Subject{Kind: "phone", Act: "change"} }

func contacts(phone, alternate, email string) []Contact {
	return []Contact{{Kind: "phone", Value: phone, Editable: true, Testable: phone != ""},
		{Kind: "alternate-phone", Value: alternate, Editable: phone != "", Testable: alternate != "", Closed: phone == ""},
		{Kind: "email", Value: email, Editable: true, Testable: email != ""}}
}

func homeStates(base Base) []Example {
	full := Home{Base: base, Contacts: contacts(number42, "", "m••••@example.net"), TakenAt: minutes(0), Methods: []Method{
		{Kind: "password", Added: minutes(-400000)}, {Kind: "authenticator", Name: "iPhone 13", First: true},
		{Kind: "windows-hello", Name: "FERN-0417", Added: time.Date(2025, time.June, 12, 8, 0, 0, 0, time.UTC)}}}
	full.Contacts[0].ProvedAt = time.Date(2026, time.November, 3, 8, 0, 0, 0, time.UTC)
	running := full
	running.Demo = true
	running.Running = []Running{{ID: "c1", Step: "wait", To: number87, Here: true}}
	open := full
	open.Running = []Running{{ID: "c1", Step: "enter-code", To: number87, Here: true}}
	elsewhere := full
	elsewhere.Contacts = contacts(number42, "+1 •••-•••-••68", "m••••@example.net")
	elsewhere.Contacts[0].ProvedAt = time.Date(2025, time.September, 3, 8, 0, 0, 0, time.UTC)
	elsewhere.Running = []Running{{ID: "c1", Step: "enter-code", To: number87}}
	empty := Home{Base: base, Contacts: contacts("", "", ""), TakenAt: minutes(-1500), Methods: []Method{{Kind: "password"}}}
	long := Home{Base: base, Contacts: contacts("+1 •••-•••-••42", "+358 •• ••• ••77", "m••••@a-very-long-name-of-a-private-mail-provider-that-somebody-really-has.example"), TakenAt: minutes(-3)}
	long.Viewer = &Viewer{DisplayName: "Maximiliana-Theodora Alexandrina von und zu Hohenlohe-Waldenburg-Schillingsfürst-Featherstonehaugh",
		UserPrincipalName: "maximiliana-theodora.von-und-zu-hohenlohe-waldenburg-schillingsfuerst@fernhill.example"}
	long.Organisation.Name = "Hohenlohe-Waldenburg-Schillingsfürst and Featherstonehaugh Trust"
	long.Methods = []Method{{Kind: "authenticator", Name: longName},
		{Kind: "passkey", Name: "Sicherheitsschlüssel-am-Schlüsselbund-im-Handschuhfach-des-Dienstwagens", Model: "Security Key NFC by Yubico Enterprise Edition", Added: minutes(-90000)},
		{Kind: "unknown", RawKind: "#microsoft.graph.someVeryNewAuthenticationMethodThatNobodyHasHeardOf", Name: "<b>New</b>"},
		{Kind: "external", Name: "Fernhill Guard"}, {Kind: "office-phone", Value: "+61 • •••• ••34"}, {Kind: "code-app"}, {Kind: "hardware-token"}, {Kind: "pass"}, {Kind: "qr-code"}, {Kind: "platform-key", Name: "MacBook"}}
	later := full
	later.Now = time.Date(2027, time.March, 1, 12, 0, 0, 0, time.UTC)
	failed := full
	failed.Failed, failed.RefreshFailed, failed.RetryAt = true, true, minutes(1)
	nothing := Home{Base: base, Contacts: contacts("", "", "")}
	down := nothing
	down.Failed, down.RefreshFailed = true, true
	return []Example{{"home", full}, {"home-saving", running}, {"home-open", open}, {"home-elsewhere", elsewhere}, {"home-empty", empty}, {"home-long", long},
		{"home-after-2027", later}, {"home-refresh-failed", failed}, {"home-nothing-read", nothing}, {"home-nothing-read-down", down},
		{"guest", Guest{Base: base, Home: "birchwood.example"}}, {"guest-unknown", Guest{Base: base}}}
}

func numberStates(base Base) []Example {
	base.Path = "/contacts/mobile"
	form := NumberForm{Base: base, Subject: changed(), Current: number42, Country: "US",
		Countries: []Country{{"US", "1"}, {"CA", "1"}, {"DE", "49"}, {"JO", "962"}}}
	wrong := form
	wrong.Failed, wrong.Number = true, "202 555 018"
	wrong.Errors = []FieldError{{"number", "number.too-short", map[string]any{"region": "US", "digits": 9}}}
	country := form
	country.Failed, country.Number = true, "+44 7700 900123"
	country.Errors = []FieldError{{"country", "number.country-unknown", nil}}
	back := form
	back.Back, back.Number = true, "202 555 0187"
	two := form
	two.WithoutContext = true
	add := form
	add.Act, add.Current, add.Demo = "add", "", true
	wait := form
	wait.Failed, wait.Number, wait.Wait, wait.WaitKey = true, "202 555 0187", minutes(4), "limit.wait"
	locked := wait
	locked.Wait, locked.WaitKey = minutes(60*24*365*90), "limit.locked"
	return []Example{{"number", form}, {"number-wrong", wrong}, {"number-country", country}, {"number-back", back}, {"number-two-codes", two},
		{"number-add", add}, {"number-wait", wait}, {"number-locked", locked}}
}

func againStates(base Base) []Example {
	base.Path = "/contacts/mobile"
	page := SignInAgain{Base: base, Subject: changed(), Link: "/signin?again=1&return_to=%2Fcontacts%2Fmobile", Back: "/contacts/mobile", For: "number", To: number87}
	unnamed, proved, authorised, resend, still := page, page, page, page, page
	unnamed.To = ""
	proved.For, authorised.For, resend.For = "proved", "authorised", "resend"
	resend.Back = "/changes/c1"
	still.Still, still.Failed = true, true
	return []Example{{"again", page}, {"again-unnamed", unnamed}, {"again-proved", proved}, {"again-authorised", authorised}, {"again-resend", resend}, {"again-still", still}}
}

func codeStates(base Base) []Example {
	base.Path = "/changes/c1"
	code := CodeForm{Base: base, Subject: changed(), ID: "c1", To: number87, New: number87, Current: number42, SentAt: minutes(-1), GoodUntil: minutes(9),
		Alive: true, TriesLeft: 5, ResendAt: minutes(2), Delivery: "sent"}
	newer := code
	newer.Newer, newer.Sent, newer.SentAt = true, true, minutes(0)
	older := code
	older.Newer = true
	wrong := code
	wrong.Failed, wrong.TriesLeft, wrong.Code = true, 3, "482931"
	wrong.Errors = []FieldError{{"code", "code.wrong", map[string]any{"left": 3, "sent": minutes(-1)}}}
	one := wrong
	one.TriesLeft = 1
	empty := code
	empty.Failed = true
	empty.Errors = []FieldError{{"code", "code.empty", nil}}
	digits := wrong
	digits.Code, digits.Errors = "48-29", []FieldError{{"code", "code.digits", nil}}
	last := wrong
	last.Alive, last.TriesLeft, last.Errors = false, 0, []FieldError{{"code", "code.last-wrong", nil}}
	over := wrong
	over.Alive, over.GoodUntil, over.ResendAt, over.Errors = false, minutes(-1), minutes(-5), []FieldError{{"code", "code.over", nil}}
	expired := code
	expired.Alive, expired.GoodUntil, expired.ResendAt = false, minutes(-1), minutes(-5)
	late := expired
	late.Failed, late.Errors = true, empty.Errors
	refused := code
	refused.Failed, refused.Delivery = true, "refused"
	uncertain := code
	uncertain.Delivery = "uncertain"
	early := code
	early.TooEarly, early.Failed = true, true
	locked := code
	locked.LockedUntil, locked.Failed = minutes(60), true
	forGood := locked
	forGood.LockedUntil = minutes(60 * 24 * 365 * 90)
	first := code
	first.Authorising, first.TwoCodes, first.To, first.Demo = true, true, number42, true
	second := code
	second.TwoCodes = true
	add := code
	add.Act, add.Current = "add", ""
	return []Example{{"code", code}, {"code-newer", newer}, {"code-older", older}, {"code-wrong", wrong}, {"code-wrong-one-left", one}, {"code-empty", empty}, {"code-digits", digits},
		{"code-last-wrong", last}, {"code-over", over}, {"code-expired", expired}, {"code-expired-empty", late}, {"code-refused", refused}, {"code-uncertain", uncertain},
		{"code-early", early}, {"code-locked", locked}, {"code-locked-for-good", forGood}, {"code-first", first}, {"code-second", second}, {"code-add", add}}
}

func changeStates(base Base) []Example {
	base.Path = "/changes/c1"
	wait := Wait{Base: base, Subject: changed(), ID: "c1", New: number87, Current: number42, ProvedAt: minutes(0)}
	busy, checking, add, queue := wait, wait, wait, wait
	queue.Reason, queue.RetryAt = "apply.queue", minutes(1)
	busy.Reason, busy.RetryAt = "apply.busy", minutes(1)
	checking.Reason, checking.RetryAt = "apply.checking", minutes(5)
	add.Act, add.Current = "add", ""
	done := Done{Base: base, Subject: changed(), New: number87, Old: number42, AppliedAt: minutes(0)}
	phone := []Method{{Kind: "authenticator", Name: "iPhone 13"}}
	asked, key, added, late, computer := done, done, done, done, done
	computer.OnComputer = []Method{{Kind: "windows-hello", Name: "FERN-0417"}, {Kind: "platform-key"}}
	asked.First, asked.OnPhone = phone, append(phone, Method{Kind: "code-app"})
	key.First = []Method{{Kind: "passkey", Name: "Security key on the keyring", Model: "YubiKey 5 NFC"}}
	added.Act, added.Old, added.OnPhone, added.First = "add", "", phone, phone
	late.Now = time.Date(2027, time.March, 1, 12, 0, 0, 0, time.UTC)
	wrong := Continue{Base: base, Subject: changed(), ID: "c1", Step: "send-code", New: number87, Wait: minutes(2)}
	wrong.Failed = true
	all := []Example{{"elsewhere", Elsewhere{Base: base, Subject: changed(), ID: "c1", New: number87}},
		{"continue-send", Continue{Base: base, Subject: changed(), ID: "c1", Step: "send-code", New: number87}},
		{"continue-confirm", Continue{Base: base, Subject: changed(), ID: "c1", Step: "confirm", New: number87}}, {"continue-wait", wrong},
		{"wait", wait}, {"wait-busy", busy}, {"wait-queue", queue}, {"wait-checking", checking}, {"wait-add", add},
		{"done", done}, {"done-authenticator", asked}, {"done-passkey", key}, {"done-computer", computer}, {"done-added", added}, {"done-after-2027", late}}
	for _, s := range [][2]string{{"failed", "apply.moved"}, {"failed", "account.disabled"}, {"failed", "account.protected"}, {"failed", "account.gone"},
		{"failed", "directory.refused"}, {"failed", "directory.permission"}, {"failed", "directory.down"}, {"unknown", "apply.unknown"},
		{"cancelled", "change.cancelled"}, {"cancelled", "change.replaced"}, {"expired", "change.expired"}, {"failed", "something.new"}} {
		all = append(all, Example{"stopped-" + s[1], Stopped{Base: base, Subject: changed(), State: s[0], Reason: s[1], New: number87, Current: number42}})
	}
	return append(all, Example{"stopped-add", Stopped{Base: base, Subject: Subject{"phone", "add"}, State: "cancelled", Reason: "change.cancelled", New: number87}})
}

func otherStates(base Base) []Example {
	out := base
	out.Viewer, out.FormToken, out.Path = nil, "", "/signed-out"
	all := []Example{{"signed-out", SignedOut{Base: out, MicrosoftLink: "https://login.microsoftonline.com/logout"}}, {"signed-out-reset", SignedOut{Base: out, Reset: true}}}
	out.Failed = true
	for _, key := range []string{"refused", "cancelled", "expired", "other-person", "down"} {
		all = append(all, Example{"signin-" + key, SignInFailed{Base: out, Key: key, Link: "/signin?return_to=%2F", Reset: key == "refused"}})
	}
	base.Path, base.Failed = "/changes/c1", true
	for _, p := range []Problem{{Status: 400, Key: "form.repeated"}, {Status: 401, Key: "session.over", Link: "/signin?return_to=%2F", LinkKey: "sign-in"},
		{Status: 403, Key: "form.token", Link: "/contacts/mobile", LinkKey: "back"}, {Status: 403, Key: "form.other-session"}, {Status: 403, Key: "account.protected"},
		{Status: 404, Key: "page.not-found"}, {Status: 405, Key: "page.method"}, {Status: 409, Key: "change.applying", Link: "/changes/c1", LinkKey: "change"},
		{Status: 409, Key: "code.elsewhere"}, {Status: 410, Key: "change.expired"}, {Status: 413, Key: "form.too-large"}, {Status: 418},
		{Status: 421, Key: "page.host"}, {Status: 429, Key: "limit.wait", Until: minutes(4)}, {Status: 500, Key: "site.error"}, {Status: 503, Key: "directory.down", Until: minutes(1)}} {
		p.Base = base
		all = append(all, Example{"problem-" + group(p.Status) + "-" + p.Key, p})
	}
	return all
}
