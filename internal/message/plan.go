package message

import "time"

// PlanValues are the values of the reminder of a planned day.
type PlanValues struct {
	Organisation string
	Day          time.Time // in the person's zone
	Help         Help
	Host         string // where the site is, as people type it
}

// PlanMail renders the reminder that a new number works from tomorrow on. Its links lead to
// pages of the site; opening them changes nothing.
func PlanMail(w Words, v PlanValues) Letter {
	l := newLetter(w, w.T("mail.plan.subject", "organisation", v.Organisation), v.Organisation)
	l.say(w.T("mail.plan.what", "day", w.Date(v.Day)))
	l.say(w.T("mail.plan.keep"))
	l.say(w.T("mail.plan.go", "link", isolate(w, v.Host+"/new-phone")))
	l.say(w.T("mail.plan.cancel", "link", isolate(w, v.Host+"/new-phone/day")))
	l.say(w.T("mail.plan.stranger", "organisation", isolate(w, v.Organisation)))
	return l
}
