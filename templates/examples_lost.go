package templates

// lostStates are how somebody stands without their phone.
func lostStates(base Base) []Example {
	with := func(name string, methods []Method, l Lost) Example {
		home := Home{Base: base, Contacts: contacts(number42, "", "m••••@example.net"), Methods: methods, TakenAt: minutes(0), Lost: &l}
		for _, s := range l.Stays {
			if s.Kind == "alternate-phone" {
				home.Contacts = contacts(number42, s.Value, "m••••@example.net")
			}
		}
		return Example{"home-lost-" + name, home}
	}
	passkeyFirst := []Remedy{{"passkey", true}, {"alternate-phone", false}}
	phone, app := Method{Kind: "phone", Value: number42}, Method{Kind: "authenticator", Name: "iPhone 13"}
	mail := Staying{Method: Method{Kind: "email", Value: "m••••@example.net"}, Answer: "no", Why: "reset-only"}
	word := Staying{Method: Method{Kind: "password"}, Answer: "no", Why: "not-enough"}
	other := Staying{Method: Method{Kind: "alternate-phone", Value: "+1 •••-•••-••68"}, Answer: "yes"}
	key := Method{Kind: "passkey", Name: "Security key on the keyring", Model: "YubiKey 5 NFC"}
	laptop := Method{Kind: "windows-hello", Name: "FERN-0417"}
	yes := func(m Method, here bool) Staying { return Staying{Method: m, Answer: "yes", Here: here} }
	maybe := func(m Method, why string) Staying { return Staying{Method: m, Answer: "cannot tell", Why: why} }
	return []Example{
		with("fine", []Method{key, app}, Lost{Standing: "fine", Later: "fine", Ways: 3, Gone: []Method{phone, app}, Stays: []Staying{word, mail, yes(key, false), other, yes(laptop, true)}}),
		with("fine-one-way", nil, Lost{Standing: "fine", Later: "locked-out", Ways: 1, Gone: []Method{phone}, Stays: []Staying{word, mail, other}, Add: passkeyFirst[:1], Assumed: true}),
		with("no-phone", []Method{key}, Lost{Standing: "fine", Later: "fine", Ways: 1, Stays: []Staying{word, yes(key, false)}}),
		with("at-risk", []Method{app, laptop}, Lost{Standing: "at-risk", Later: "at-risk", Ways: 1, Gone: []Method{phone, app}, Stays: []Staying{word, mail, yes(laptop, true)}, Add: passkeyFirst}),
		with("at-risk-computers", []Method{app, laptop}, Lost{Standing: "at-risk", Later: "at-risk", Ways: 2, Gone: []Method{phone, app, {Kind: "code-app"}},
			Stays: []Staying{word, yes(laptop, true), yes(Method{Kind: "platform-key", Name: "MacBook"}, true)}, Add: passkeyFirst[:1]}),
		with("unclear", []Method{app}, Lost{Standing: "unclear", Later: "unclear", Gone: []Method{phone, app}, Maybe: []Method{{Kind: "passkey", Name: longName}, {Kind: "external", Name: "Fernhill Guard"}},
			Stays: []Staying{word, mail, maybe(Method{Kind: "hardware-token"}, "unseen"), maybe(Method{Kind: "alternate-phone", Value: "+1 •••-•••-••68"}, "unstated")}, Add: passkeyFirst[:1]}),
		with("locked-out", []Method{app}, Lost{Standing: "locked-out", Later: "locked-out", Gone: []Method{phone, app}, Stays: []Staying{word, mail}, Add: passkeyFirst}),
		with("locked-out-for-good", []Method{app}, Lost{Standing: "locked-out", Later: "locked-out", Gone: []Method{phone, app},
			Stays: []Staying{word, {Method: Method{Kind: "alternate-phone", Value: "+1 •••-•••-••68"}, Answer: "no", Why: "undelivered"},
				{Method: Method{Kind: "office-phone", Value: "+61 • •••• ••34"}, Answer: "no", Why: "off"}, {Method: Method{Kind: "code-app", Name: longName}, Answer: "no", Why: "weak"}}}),
		with("nothing", nil, Lost{Standing: "locked-out", Later: "locked-out", Add: passkeyFirst[:1]}),
	}
}

// standing gives the examples of the security info page the card that such an account has.
func standing(examples []Example) []Example {
	for i, e := range examples {
		if home, ok := e.Page.(Home); ok && home.Lost == nil && !home.TakenAt.IsZero() {
			home.Lost = lostOf(home)
			examples[i].Page = home
		}
	}
	return examples
}

// lostOf is near enough to the rule for an example.
func lostOf(h Home) *Lost {
	l := &Lost{Standing: "locked-out", Add: []Remedy{{"passkey", true}}}
	better := func(to string, m Method) {
		l.Stays, l.Ways = append(l.Stays, Staying{Method: m, Answer: "yes", Here: to == "at-risk"}), l.Ways+1
		if l.Standing != "fine" {
			l.Standing = to
		}
	}
	for _, c := range h.Contacts {
		switch m := (Method{Kind: c.Kind, Value: c.Value}); {
		case c.Value == "":
		case c.Kind == "phone":
			l.Gone = append(l.Gone, m)
		case c.Kind == "alternate-phone" && !ended(h.Base):
			better("fine", m)
		default:
			l.Stays = append(l.Stays, Staying{Method: m, Answer: "no", Why: map[string]string{"email": "reset-only", "alternate-phone": "undelivered"}[c.Kind]})
		}
	}
	for _, m := range h.Methods {
		switch m.Kind {
		case "authenticator", "code-app":
			l.Gone = append(l.Gone, m)
		case "passkey":
			better("fine", m)
		case "windows-hello", "platform-key":
			better("at-risk", m)
		case "password":
			l.Stays = append(l.Stays, Staying{Method: m, Answer: "no", Why: "not-enough"})
		case "unknown", "external":
			l.Maybe = append(l.Maybe, m)
		default:
			l.Stays = append(l.Stays, Staying{Method: m, Answer: "cannot tell", Why: "unseen"})
		}
	}
	if l.Later = l.Standing; l.Standing == "fine" {
		l.Add = nil
	}
	return l
}
