package templates

import "time"

// resetStates are the pages of an administrator's own reset, and of its practice run.
func resetStates(base Base) []Example {
	in := base
	base.Viewer, base.FormToken, base.Path = nil, "", "/reset"
	failed := base
	failed.Failed = true
	busy := &Problem{Base: base, Status: 429, Key: "reset.busy", Until: minutes(7)}
	start := ResetStart{Base: base, Token: "a-token", Picture: "p1", Voice: "en"}
	foreign, silent, wrong, both, wait, closed, demo := start, start, start, start, start, start, start
	foreign.Foreign = true
	silent.Voice = ""
	wrong.Base, wrong.User, wrong.Errors = failed, "jonas@fernhill.example", []FieldError{{"characters", "characters.wrong", nil}}
	both.Base, both.User, both.Errors = failed, "jonas, maya", []FieldError{{"user", "user.form", nil}}
	wait.Base, wait.User, wait.Trouble = failed, "jonas@fernhill.example", busy
	closed.Closed = true
	demo.Demo = true
	empty := both
	empty.User, empty.Errors = "", []FieldError{{"user", "user.empty", nil}}
	all := []Example{{"reset-start", start}, {"reset-start-foreign", foreign}, {"reset-start-silent", silent}, {"reset-start-wrong", wrong}, {"reset-start-user", both},
		{"reset-start-empty", empty}, {"reset-start-wait", wait}, {"reset-start-closed", closed}, {"reset-start-demo", demo}}
	base.Path, failed.Path = "/reset/c1", "/reset/c1"
	return append(append(append(append(all, resetProofs(base, failed)...), resetPasswords(base, failed)...), resetEnds(base, failed)...), practiceStates(in)...)
}

func resetStep(step int) ResetStep {
	return ResetStep{ID: "c1", Step: step, Until: minutes(9), GoToken: "a-token", ResendToken: "a-token", AgainToken: "a-token"}
}

func resetProofs(base, failed Base) []Example {
	mail := ResetMail{Base: base, ResetStep: resetStep(1), CanAgain: true}
	practice, letters, one, used, late := mail, mail, mail, mail, mail
	practice.Practice = true
	letters.Base, letters.Letters, letters.TriesLeft, letters.Errors = failed, "KXRT MPVD", 4, []FieldError{{"code", "letters.wrong", nil}}
	one.Base, one.Errors = failed, []FieldError{{"code", "letters.empty", nil}}
	used.Base, used.Letters, used.Errors = failed, "KXRTMPVD", []FieldError{{"code", "letters.over", nil}}
	late.Base, late.CanAgain, late.Trouble = failed, false, &Problem{Base: base, Status: 429, Key: "reset.busy", Until: minutes(2)}
	link := ResetLink{Base: base, ResetStep: resetStep(1)}
	down := link
	down.Base, down.Trouble = failed, &Problem{Base: base, Status: 503, Key: "directory.down", Until: minutes(1)}
	elsewhere := ResetElsewhere{Base: base, ResetStep: resetStep(1), Letters: "KXRT-MPWD"}
	all := []Example{{"reset-mail", mail}, {"reset-mail-practice", practice}, {"reset-mail-letters", letters}, {"reset-mail-empty", one}, {"reset-mail-over", used}, {"reset-mail-wait", late},
		{"reset-link", link}, {"reset-link-down", down}, {"reset-elsewhere", elsewhere}}
	for _, why := range []string{"phone-recent", "phone-missing", "limited", "down", "other"} {
		page := ResetText{Base: base, ResetStep: resetStep(2), Why: why}
		switch why {
		case "phone-recent":
			page.Begins = minutes(60 * 50)
		case "limited":
			page.Begins = minutes(4)
		}
		all = append(all, Example{"reset-text-" + why, page})
	}
	return append(all, resetCodes(base, failed)...)
}

func resetCodes(base, failed Base) []Example {
	code := ResetCode{Base: base, ResetStep: resetStep(2), To: number42, SentAt: minutes(-1), GoodUntil: minutes(9), Alive: true, ResendAt: minutes(1), Delivery: "sent"}
	newer, wrong, dead, last, early, refused, uncertain, second, locked := code, code, code, code, code, code, code, code, code
	newer.Newer, newer.Sent, newer.SentAt = true, true, minutes(0)
	wrong.Base, wrong.Code, wrong.TriesLeft, wrong.Errors = failed, "482931", 3, []FieldError{{"code", "code.wrong", map[string]any{"left": 3, "sent": minutes(-1)}}}
	dead.Alive, dead.GoodUntil, dead.ResendAt = false, minutes(-1), minutes(-2)
	last.Base, last.Alive, last.Code, last.Errors = failed, false, "482931", []FieldError{{"code", "code.last-wrong", nil}}
	early.Base, early.TooEarly = failed, true
	refused.Base, refused.Delivery = failed, "refused"
	uncertain.Delivery = "uncertain"
	second.NoSecondFactor, second.Practice = true, true
	locked.Base, locked.Trouble = failed, &Problem{Base: base, Status: 429, Key: "limit.locked", Until: minutes(60)}
	return []Example{{"reset-code", code}, {"reset-code-newer", newer}, {"reset-code-wrong", wrong}, {"reset-code-dead", dead}, {"reset-code-last-wrong", last}, {"reset-code-early", early},
		{"reset-code-refused", refused}, {"reset-code-uncertain", uncertain}, {"reset-code-no-second-factor", second}, {"reset-code-locked", locked}}
}

func resetPasswords(base, failed Base) []Example {
	page := ResetPassword{Base: base, ResetStep: resetStep(3)}
	practice, second, again, down := page, page, page, page
	practice.Practice = true
	second.NoSecondFactor = true
	again.Base, again.Errors = failed, []FieldError{{"password_again", "password.again", nil}}
	down.Base, down.Trouble = failed, &Problem{Base: base, Status: 503, Key: "directory.down", Until: minutes(1)}
	all := []Example{{"reset-password", page}, {"reset-password-practice", practice}, {"reset-password-no-second-factor", second}, {"reset-password-again", again}, {"reset-password-down", down}}
	for _, key := range []string{"short", "long", "characters", "classes", "common", "context", "refused"} {
		wrong := page
		wrong.Base, wrong.Errors = failed, []FieldError{{"password", "password." + key, map[string]any{"word": "fernhill"}}}
		all = append(all, Example{"reset-password-" + key, wrong})
	}
	return all
}

// checks are all that a practice run looks at.
func checks(ok bool) []ResetCheck {
	var all []ResetCheck
	for _, what := range []string{"account", "administrator", "managed", "policy", "email", "phone", "mail", "text", "identity", "password"} {
		all = append(all, ResetCheck{What: what, OK: ok})
	}
	return all
}

func resetEnds(base, failed Base) []Example {
	var all []Example
	for _, first := range []string{"authenticator", "passkey", "code-app", "phone", "alternate-phone", ""} {
		all = append(all, Example{"reset-done-" + first + map[bool]string{true: "none"}[first == ""], ResetDone{Base: base, First: first}})
	}
	all = append(all, Example{"reset-done-practice", ResetDone{Base: base, Practice: true, First: "passkey", Checks: checks(true)}},
		Example{"reset-done-practice-second", ResetDone{Base: base, Practice: true, Checks: checks(true)}},
		Example{"reset-done-practice-identity", ResetDone{Base: base, Practice: true, First: "passkey", Checks: append(checks(true)[:8], ResetCheck{"identity", false, "identity"})}})
	for _, reason := range []string{"expired", "newer", "letters-used-up", "code-used-up", "changed", "failed", "unclear", "gone"} {
		page := ResetOver{Base: base, ID: "c1", Reason: reason, CanAgain: reason != "gone", AgainToken: "a-token"}
		all = append(all, Example{"reset-over-" + reason, page})
	}
	all = append(all, Example{"reset-over-unclear-typed", ResetOver{Base: base, ID: "c1", Reason: "unclear"}})
	late := ResetOver{Base: failed, ID: "c1", Reason: "expired", CanAgain: true, AgainToken: "a-token",
		Trouble: &Problem{Base: base, Status: 429, Key: "reset.busy", Until: minutes(7)}}
	refused := ResetOver{Base: base, ID: "c1", Reason: "refused", Practice: true, Checks: append(checks(false),
		ResetCheck{"email", false, "email-recent"}, ResetCheck{"email", false, "no-email"}, ResetCheck{"phone", false, "phone-recent"}, ResetCheck{"phone", false, "no-phone"})}
	return append(all, Example{"reset-over-wait", late}, Example{"reset-over-practice", refused}, Example{"reset-over-practice-expired", ResetOver{Base: base, ID: "c1", Reason: "expired", Practice: true, CanAgain: true, AgainToken: "a-token"}})
}

func practiceStates(base Base) []Example {
	base.Path = "/reset/practice"
	page := ResetPractice{Base: base}
	worked, missing, refused, wait := page, page, page, page
	worked.Last, worked.OK = time.Date(2026, time.October, 3, 8, 0, 0, 0, time.UTC), true
	missing.Last = worked.Last
	refused.Refused, refused.Failed = "reset.not-administrator", true
	wait.Failed, wait.Trouble = true, &Problem{Base: base, Status: 429, Key: "reset.busy", Until: minutes(7)}
	base.Path = "/"
	home := Home{Base: base, Contacts: contacts(number42, "", "m••••@example.net"), TakenAt: minutes(0), Practice: &PracticeRow{}}
	did, not := home, home
	did.Practice, not.Practice = &PracticeRow{At: worked.Last, OK: true}, &PracticeRow{At: worked.Last}
	base.Path = "/reset/practice"
	again := SignInAgain{Base: base, Subject: Subject{"phone", "change"}, Link: "/signin?again=1&return_to=%2Freset%2Fpractice", Back: "/reset/practice", For: "practice"}
	still := again
	still.Still, still.Failed = true, true
	return []Example{{"reset-practice", page}, {"reset-practice-worked", worked}, {"reset-practice-missing", missing}, {"reset-practice-refused", refused}, {"reset-practice-wait", wait},
		{"home-practice", home}, {"home-practice-worked", did}, {"home-practice-missing", not}, {"again-practice", again}, {"again-still-practice", still}}
}
