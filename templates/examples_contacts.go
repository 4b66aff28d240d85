package templates

import "time"

// contactStates are the pages of every contact and of everything that is done to one.
func contactStates(base Base) []Example {
	const address, other = "m••••@example.net", "e••••@example.org"
	base.Path = "/contacts/email"
	form := AddressForm{Base: base, Subject: Subject{"email", "add"}}
	wrong := form
	wrong.Subject, wrong.Current, wrong.Address, wrong.Failed, wrong.Errors = Subject{"email", "change"}, address, "maya@fernhill.example", true,
		[]FieldError{{"address", "address.work", nil}}
	back, late := form, form
	back.Back, back.Address, back.WithoutContext = true, "maya@example.net", true
	late.Wait, late.WaitKey, late.Failed = minutes(60), "limit.new", true
	all := []Example{{"address", form}, {"address-wrong", wrong}, {"address-back", back}, {"address-wait", late}}
	for _, key := range []string{"empty", "invalid", "one", "long", "own-domain", "same"} {
		page := wrong
		page.Errors = []FieldError{{"address", "address." + key, nil}}
		all = append(all, Example{"address-" + key, page})
	}
	base.Path = "/contacts/alternate-mobile"
	number := NumberForm{Base: base, Subject: Subject{"alternate-phone", "add"}, Country: "US", Countries: []Country{{"US", "1"}, {"DE", "49"}}}
	all = append(all, Example{"number-alternate", number}, Example{"closed-phone-first", Closed{Base: base, Subject: Subject{"alternate-phone", "add"}, Reason: "phone-first"}},
		Example{"closed-no-mail", Closed{Base: base, Subject: Subject{"email", "add"}, Reason: "no-mail"}})
	for _, key := range []string{"phone-first", "is-alternate", "is-phone"} {
		page := number
		page.Failed, page.Errors, page.Number = true, []FieldError{{"number", "number." + key, nil}}, "202 555 0142"
		all = append(all, Example{"number-" + key, page})
	}
	return append(append(append(all, removeStates(base)...), actStates(base)...), mailStates(base)...)
}

func removeStates(base Base) []Example {
	base.Path = "/contacts/mobile/remove"
	stays := []Method{{Kind: "authenticator", Name: longName}, {Kind: "email", Value: "m••••@example.net"}, {Kind: "windows-hello", Name: "FERN-0417"}, {Kind: "password"}}
	remove := RemoveForm{Base: base, Subject: Subject{"phone", "remove"}, Value: number42, Stays: stays}
	email, promote, agrees, early := remove, remove, remove, remove
	email.Subject, email.Value, email.Stays = Subject{"email", "remove"}, "m••••@example.net", stays[:1]
	promote.Subject, promote.Promote = Subject{"phone", "promote"}, number87
	agrees.Agrees = "m••••@example.net"
	early = promote
	early.Wait, early.WaitKey, early.Failed = minutes(3), "limit.wait", true
	all := []Example{{"remove", remove}, {"remove-email", email}, {"remove-promote", promote}, {"remove-agrees", agrees}, {"remove-early", early}}
	for _, key := range []string{"remove.last-way", "remove.alternate-first", "change.no-contact-on-record", "something.new"} {
		page := remove
		page.Refused, page.Failed = key, true
		all = append(all, Example{"remove-refused-" + key, page})
	}
	return all
}

// mailStates are the troubles of a code that goes to a mailbox, and of an address that a
// contact on record agrees to.
func mailStates(base Base) []Example {
	base.Path = "/changes/c1"
	add, to := Subject{"email", "add"}, "m••••@example.net"
	code := CodeForm{Base: base, Subject: add, ID: "c1", Channel: "mail", To: to, New: to, SentAt: minutes(-1), GoodUntil: minutes(9), Alive: true,
		TriesLeft: 5, ResendAt: minutes(1), Delivery: "sent"}
	refused, uncertain, early, dead, wrong, locked, first := code, code, code, code, code, code, code
	refused.Delivery, refused.Failed = "refused", true
	uncertain.Delivery = "uncertain"
	early.TooEarly, early.Failed = true, true
	dead.Alive, dead.Failed, dead.TooEarly = false, true, true
	wrong.Failed, wrong.TriesLeft, wrong.Errors = true, 3, []FieldError{{"code", "code.wrong", map[string]any{"left": 3, "sent": minutes(-1)}}}
	locked.LockedUntil, locked.Failed = minutes(60), true
	first.Authorising, first.TwoCodes, first.To, first.Channel = true, true, number42, "text"
	phone := first
	phone.Subject, phone.To, phone.Channel, phone.New, phone.Current = changed(), to, "mail", number87, number42
	all := []Example{{"mail-refused", refused}, {"mail-uncertain", uncertain}, {"mail-early", early}, {"mail-dead", dead}, {"mail-wrong", wrong}, {"mail-locked", locked},
		{"mail-agrees-to-number", phone}, {"continue-send-address", Continue{Base: base, Subject: add, ID: "c1", Step: "send-code", New: to}}}
	for _, what := range []string{"authorised", "resend"} {
		all = append(all, Example{"again-address-" + what, SignInAgain{Base: base, Subject: add, Link: "/signin?again=1&return_to=%2F", Back: "/changes/c1", For: what, To: to}})
	}
	return append(all, Example{"text-agrees-to-address", first})
}

// actStates are the pages of a change, for every act and contact.
func actStates(base Base) []Example {
	var all []Example
	values := map[string][2]string{"phone": {number87, number42}, "alternate-phone": {number87, number42}, "email": {"m••••@example.net", "e••••@example.org"}}
	told := []Told{{number42, "text", "sent"}, {"m••••@example.net", "mail", "waiting"}, {"m••••@fernhill.example", "mail", "abandoned"}}
	for _, act := range []string{"add", "change", "remove", "promote", "test"} {
		for _, kind := range []string{"phone", "alternate-phone", "email"} {
			if act == "promote" && kind != "phone" {
				continue
			}
			base.Path = "/changes/c1"
			s, to, old, name := Subject{kind, act}, values[kind][0], values[kind][1], "-"+act+"-"+kind
			channel := "text"
			if kind == "email" {
				channel = "mail"
			}
			switch act {
			case "add":
				old = ""
			case "remove":
				to = old
			}
			code := CodeForm{Base: base, Subject: s, ID: "c1", Channel: channel, To: to, New: to, Current: old, SentAt: minutes(-1), GoodUntil: minutes(9), Alive: true,
				TriesLeft: 5, ResendAt: minutes(1), Delivery: "sent", Authorising: act == "remove", TwoCodes: act == "remove"}
			shown := Done{Base: base, Subject: s, New: to, Old: old, AppliedAt: minutes(0), Told: told, OnPhone: []Method{{Kind: "authenticator", Name: "iPhone 13"}}}
			if act == "remove" {
				shown.New = ""
			}
			if act == "test" {
				shown.Told = nil
			}
			waits := map[string]string{"remove": "remove", "test": "test", "add": "number", "change": "number", "promote": "remove"}[act]
			all = append(all, Example{"code" + name, code}, Example{"done" + name, shown},
				Example{"elsewhere" + name, Elsewhere{Base: base, Subject: s, ID: "c1", New: to}},
				Example{"again" + name, SignInAgain{Base: base, Subject: s, Link: "/signin?again=1&return_to=%2F", Back: "/", For: waits, To: to}},
				Example{"expired" + name, Stopped{Base: base, Subject: s, State: "expired", Reason: "change.expired", New: to, Current: old}})
			if act == "test" { // writes nothing: it neither waits nor fails
				continue
			}
			all = append(all, Example{"wait" + name, Wait{Base: base, Subject: s, ID: "c1", New: to, Current: old, ProvedAt: minutes(0)}},
				Example{"wait-checking" + name, Wait{Base: base, Subject: s, ID: "c1", New: to, Current: old, ProvedAt: minutes(0), Reason: "apply.checking", RetryAt: minutes(5)}},
				Example{"continue" + name, Continue{Base: base, Subject: s, ID: "c1", Step: "confirm", New: to}},
				Example{"again-proved" + name, SignInAgain{Base: base, Subject: s, Link: "/signin?again=1&return_to=%2F", Back: "/changes/c1", For: "proved", To: to}},
				Example{"stopped" + name, Stopped{Base: base, Subject: s, State: "failed", Reason: "directory.down", New: to, Current: old}},
				Example{"moved" + name, Stopped{Base: base, Subject: s, State: "failed", Reason: "apply.moved", New: to, Current: old}},
				Example{"unknown" + name, Stopped{Base: base, Subject: s, State: "unknown", Reason: "apply.unknown", New: to, Current: old}})
		}
	}
	for _, reason := range []string{"remove.refused", "remove.last-way", "remove.alternate-first"} {
		all = append(all, Example{"stopped-" + reason, Stopped{Base: base, Subject: Subject{"phone", "remove"}, State: "failed", Reason: reason, New: number42, Current: number42}})
	}
	home := Home{Base: base, Contacts: contacts(number42, number87, "m••••@example.net"), TakenAt: minutes(0)}
	home.Contacts[1].Testable = false
	home.Contacts[2].ProvedAt = time.Date(2025, time.June, 3, 8, 0, 0, 0, time.UTC)
	home.Running = []Running{{Subject: Subject{"email", "add"}, ID: "c1", Step: "enter-code", To: "m••••@example.net", Here: true}, {Subject: Subject{"phone", "remove"}, ID: "c2", Step: "wait", To: number42, Here: true}}
	off := home
	off.Contacts = contacts("", "", "")
	off.Contacts[2].Off, off.Contacts[2].Editable, off.Running = true, false, nil
	early := off
	early.RefreshFailed, early.TooEarly, early.RetryAt, early.Failed = true, true, minutes(1), true
	return append(all, Example{"home-all", home}, Example{"home-no-mail", off}, Example{"home-too-early", early})
}
