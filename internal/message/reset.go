package message

import "time"

// ResetValues are the values of the mails of an administrator's own reset.
type ResetValues struct {
	Organisation string
	Host         string // where the site is, as people type it
	// Link is the whole address of the reset with its token, made from configuration alone
	// (RST-3). Of a letter of advice it is empty.
	Link     string
	Until    time.Time // of the link, in the person's zone
	Help     Help
	Practice bool // of a practice run
	// Browser and Network say from where it was asked for; both may be empty.
	Browser, Network string
}

// ResetLinkMail renders the mail with the link: the only letter that has one. Whoever did
// not ask for it needs to do nothing.
func ResetLinkMail(w Words, v ResetValues) Letter {
	subject, asked := w.T("mail.reset.subject", "organisation", v.Organisation), w.T("mail.reset.asked")
	if v.Practice {
		subject, asked = w.T("mail.reset.subject.practice", "organisation", v.Organisation), w.T("mail.reset.practice")
	}
	l := newLetter(w, subject, v.Organisation)
	l.say(asked)
	l.parts = append(l.parts, part{lines: []string{v.Link}, link: v.Link})
	l.say(w.T("mail.reset.until", "until", w.Clock(v.Until), "zone", zone(w, v.Until)))
	l.say(w.T("mail.reset.elsewhere", "host", isolate(w, v.Host)))
	l.from(w, v.Browser, v.Network)
	l.say(w.T("mail.reset.stranger"))
	l.say(v.ask(w))
	return l
}

// ResetAdviceMail renders the mail to somebody who asked for a link and gets none: advice is
// "not-administrator", "elsewhere", "no-email", "no-phone", "email-recent" or "closed".
func ResetAdviceMail(w Words, advice string, v ResetValues) Letter {
	l := newLetter(w, w.T("mail.advice.subject", "organisation", v.Organisation), v.Organisation)
	l.say(w.T("mail.advice.asked", "host", isolate(w, v.Host)))
	l.say(w.T("mail.advice."+advice, "organisation", isolate(w, v.Organisation)))
	l.from(w, v.Browser, v.Network)
	l.say(w.T("mail.advice.stranger"))
	l.say(v.ask(w))
	return l
}

// from adds with which browser and from which network it was asked for, as far as known.
func (l *Letter) from(w Words, browser, network string) {
	if facts := whence(w, browser, network); len(facts) > 0 {
		l.parts = append(l.parts, part{lines: facts, facts: true})
	}
}

// whence says with which browser and from which network, as far as known.
func whence(w Words, browser, network string) []string {
	var facts []string
	if browser != "" {
		facts = append(facts, w.T("mail.notice.browser", "browser", isolate(w, browser)))
	}
	if network != "" {
		facts = append(facts, w.T("mail.notice.network", "network", isolate(w, network)))
	}
	return facts
}

// ask says whom to ask.
func (v ResetValues) ask(w Words) string {
	switch {
	case v.Help.Phone != "":
		return w.T("mail.reset.call", "help", v.Help.name(w), "phone", isolate(w, v.Help.Phone))
	case v.Help.Mail != "":
		return w.T("mail.reset.write", "help", v.Help.name(w), "mail", isolate(w, v.Help.Mail))
	}
	return w.T("mail.reset.tell", "help", v.Help.name(w))
}
