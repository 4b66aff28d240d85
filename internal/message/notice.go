package message

import (
	"cmp"
	"strings"

	"rekey/internal/phone"
)

// mostSegments is how many segments a notice by text may take (COD-11).
const mostSegments = 2

// Events of an administrator's own reset, as NoticeValues has them: to the person, and to
// other administrators. Of the second, Masked is the name of the person.
const (
	PasswordReset  = "password-reset"
	ColleagueReset = "colleague-reset"
)

// NoticeText renders a notice as a text message of at most two segments: what happened,
// when, with which browser and from which network, and how to object. Where that does not
// fit, it says less: whoever owns the account must at least learn what happened and whom
// to call.
func NoticeText(w Words, v NoticeValues) string {
	what := w.T("notice.event."+v.Event, "masked", v.contact(w, cmp.Or(v.Masked, v.OldMasked)),
		"old", v.contact(w, cmp.Or(v.OldMasked, v.Masked)))
	when, object := w.T("notice.text.when", "at", moment(w, v.At), "zone", v.zone(w)), v.objectShort(w)
	var body string
	for _, rest := range [][]string{{when, v.where(w), object}, {when, object}, {object}} {
		sentences := strings.Join(nonEmpty(append([]string{what}, rest...)), " ")
		body = plain(w.T("notice.text", "organisation", v.Organisation, "what", sentences))
		if n, _ := Segments(body); n <= mostSegments {
			break
		}
	}
	return body
}

// NoticeMail renders a notice as a mail. The subject names no contact.
func NoticeMail(w Words, v NoticeValues) Letter {
	l := newLetter(w, w.T("mail.notice.subject", "organisation", v.Organisation, "event", w.T("notice.subject."+v.Event)), v.Organisation)
	masked := cmp.Or(v.Masked, v.OldMasked, w.T("notice.contact"))
	l.say(w.T("notice.event."+v.Event, "masked", isolate(w, masked), "old", isolate(w, cmp.Or(v.OldMasked, masked))))
	facts := append([]string{w.T("mail.notice.when", "at", moment(w, v.At), "zone", v.zone(w))}, whence(w, v.Browser, v.Network)...)
	l.parts = append(l.parts, part{lines: facts, facts: true})
	if v.Event == ColleagueReset {
		l.say(w.T("mail.notice.colleague"))
	} else {
		l.say(w.T("mail.notice.you"))
	}
	l.say(v.object(w))
	if v.Host != "" && v.Event != ColleagueReset {
		l.say(w.T("mail.notice.site", "host", isolate(w, v.Host)))
	}
	l.say(v.why(w))
	return l
}

// why says whom a mail goes to, and to what end. Wrong codes are told to mailboxes alone:
// whoever can guess could otherwise spend money and sleep on texts.
func (v NoticeValues) why(w Words) string {
	switch v.Event {
	case "lock", "codes-used-up":
		return w.T("mail.notice.why.codes", "organisation", isolate(w, v.Organisation))
	case ColleagueReset:
		return w.T("mail.notice.why.colleague", "organisation", isolate(w, v.Organisation))
	}
	return w.T("mail.notice.why", "organisation", isolate(w, v.Organisation))
}

// contact names a contact in a text message, where a mask's dots have no place.
func (v NoticeValues) contact(w Words, masked string) string {
	switch {
	case masked == "":
		return w.T("notice.contact")
	case v.Event == ColleagueReset:
		return isolate(w, masked)
	case strings.Contains(masked, "@"):
		return short(masked)
	}
	return w.T("notice.number", "ending", phone.Ending(masked))
}

// where says with which browser and from which network, as far as known.
func (v NoticeValues) where(w Words) string {
	known := nonEmpty([]string{v.Browser, v.Network})
	if len(known) == 0 {
		return ""
	}
	return w.T("notice.text.where", "where", strings.Join(known, ", "))
}

// object says how to object, in full.
func (v NoticeValues) object(w Words) string {
	if v.Help.Phone != "" && v.Help.Mail != "" && v.Event != ColleagueReset {
		return w.T("notice.object.both", "help", v.Help.name(w), "phone", isolate(w, v.Help.Phone), "mail", isolate(w, v.Help.Mail))
	}
	return v.objectShort(w)
}

// objectShort names one way to object.
func (v NoticeValues) objectShort(w Words) string {
	if v.Event == ColleagueReset {
		return v.objectForColleague(w)
	}
	switch {
	case v.Help.Phone != "":
		return w.T("notice.object.call", "help", v.Help.name(w), "phone", isolate(w, v.Help.Phone))
	case v.Help.Mail != "":
		return w.T("notice.object.write", "help", v.Help.name(w), "mail", isolate(w, v.Help.Mail))
	}
	return w.T("notice.object.tell", "help", v.Help.name(w))
}

// objectForColleague says the same to those whose account it is not: they ask first.
func (v NoticeValues) objectForColleague(w Words) string {
	switch {
	case v.Help.Phone != "":
		return w.T("notice.colleague.call", "help", v.Help.name(w), "phone", isolate(w, v.Help.Phone))
	case v.Help.Mail != "":
		return w.T("notice.colleague.write", "help", v.Help.name(w), "mail", isolate(w, v.Help.Mail))
	}
	return w.T("notice.colleague.tell", "help", v.Help.name(w))
}

func (h Help) name(w Words) string {
	if h.Name != "" {
		return h.Name
	}
	return w.T("help.name")
}

func (v NoticeValues) zone(w Words) string {
	if v.Zone != "" && v.Zone != v.At.Location().String() {
		return v.Zone
	}
	return zone(w, v.At)
}
