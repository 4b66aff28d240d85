package message

import (
	"fmt"
	"strings"
	"time"
)

// words is a catalogue of a test: key → words with {{.name}} placeholders. A key that it
// lacks is shown with its values.
type words map[string]string

func (words) Lang() string { return "en" }
func (words) Dir() string  { return "ltr" }

func (words) Clock(t time.Time) string { return t.Format("15:04") }
func (words) Date(t time.Time) string  { return t.Format("2\u00a0January\u00a02006") }

func (w words) T(key string, args ...any) string {
	text, ok := w[key]
	if !ok {
		return "<" + key + fmt.Sprint(args...) + ">"
	}
	for i := 0; i+1 < len(args); i += 2 {
		text = strings.ReplaceAll(text, fmt.Sprintf("{{.%v}}", args[i]), fmt.Sprint(args[i+1]))
	}
	return text
}

// english is as long as the English catalogue is.
func english() words {
	return words{
		"time.date":                            "{{.day}}\u00a0{{.month}}\u00a0{{.year}}",
		"time.moment":                          "{{.clock}} on {{.date}}",
		"time.month.9":                         "September",
		"time.month.11":                        "November",
		"time.zone":                            "{{.place}} ({{.short}})",
		"text.code":                            "{{.organisation}}: {{.code}} is your code to {{.purpose}}. Good until {{.until}}. Staff never ask for it.",
		"text.purpose.test-contact":            "test the phone ending {{.masked}}",
		"text.purpose.authorise-removal":       "remove the phone ending {{.masked}}",
		"text.purpose.authorise-removal.email": "remove {{.masked}}",
		"text.purpose.authorise-change.email":  "add {{.masked}}",
		"mail.code.subject":                    "{{.organisation}}: the code you asked for",
		"mail.code.is":                         "Your code is {{.code}}",
		"mail.code.purpose":                    "With it you can {{.purpose}}.",
		"mail.code.until":                      "It works once, until {{.until}}, {{.zone}}.",
		"mail.code.newer":                      "Older codes no longer work.",
		"mail.code.nobody":                     "Nobody at {{.organisation}} will ever ask you for this code.",
		"mail.code.stranger":                   "If you did not ask for it, you can delete this email.",
		"mail.purpose.prove-contact.email":     "use the mailbox {{.masked}} as your alternate email",
		"mail.notice.subject":                  "{{.organisation}}: {{.event}}",
		"mail.notice.when":                     "When: {{.at}}, {{.zone}}",
		"mail.notice.browser":                  "Browser: {{.browser}}",
		"mail.notice.network":                  "Network: {{.network}}",
		"mail.notice.you":                      "If this was you, there is nothing to do.",
		"mail.notice.site":                     "What is on your account now, you see at {{.host}}.",
		"mail.notice.why":                      "{{.organisation}} sends this to every contact on your account, old and new.",
		"help.name":                            "the help desk",
		"notice.text":                          "{{.organisation}}: {{.what}}",
		"notice.text.when":                     "When: {{.at}}, {{.zone}}.",
		"notice.text.where":                    "From: {{.where}}.",
		"notice.number":                        "the number ending {{.ending}}",
		"notice.contact":                       "a contact",
		"notice.object.call":                   "Was it not you? Call {{.help}}: {{.phone}}.",
		"notice.object.write":                  "Was it not you? Write to {{.help}}: {{.mail}}.",
		"notice.object.both":                   "Was it not you? Call {{.help}} at once: {{.phone}}. If you cannot call, write to {{.mail}}.",
		"notice.object.tell":                   "Was it not you? Tell {{.help}} at once.",
		"notice.event.alternate-phone.changed": "The alternate phone on your account was changed from {{.old}} to {{.masked}}.",
		"notice.event.alternate-phone.removed": "The alternate phone was removed from your account: {{.old}}.",
		"notice.event.email.changed":           "The alternate email on your account was changed from {{.old}} to {{.masked}}.",
		"notice.event.unclear":                 "A change to your account was started: {{.masked}}. We could not find out whether it was made.",
		"notice.subject.email.changed":         "the alternate email on your account was changed",
		"notice.subject.unclear":               "your account may have been changed",
	}
}

// read returns what a plain mail program shows of a letter.
func read(l Letter) (subject, text string) { return l.Subject, l.Text() }
