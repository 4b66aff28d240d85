package templates

import (
	"html/template"
	"time"

	"rekey/internal/i18n"
)

// in returns a time in the zone of the page.
func (b Base) in(t time.Time) time.Time {
	if b.Zone == nil {
		return t.UTC()
	}
	return t.In(b.Zone)
}

// at returns the words with the habits of the page's reader.
func (x tools) at(b Base) *i18n.Localizer { return x.words.In(b.Region) }

// moment shows a time of day, with the day when it is not today.
func (x tools) moment(b Base, t time.Time) template.HTML {
	return stamp(t, x.at(b).Moment(b.in(t), b.Now))
}

// precise is moment, with the seconds of a time that is near.
func (x tools) precise(b Base, t time.Time) template.HTML {
	if away := t.Sub(b.Now); away < 0 || away > 2*time.Minute {
		return x.moment(b, t)
	}
	return stamp(t, x.at(b).Precise(b.in(t)))
}

func (x tools) date(b Base, t time.Time) template.HTML { return stamp(t, x.at(b).Date(b.in(t))) }

func iso(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// forever reports whether a time is so far away that only the help desk makes it come.
func forever(b Base, t time.Time) bool { return t.Sub(b.Now) > 365*24*time.Hour }

func stamp(t time.Time, text string) template.HTML {
	return template.HTML(`<time datetime="` + iso(t) + `">` + template.HTMLEscapeString(text) + `</time>`)
}

func (x tools) zone(b Base) string { return x.words.Zone(b.in(b.Now)) }

// dated shows the day and the time of day, for what is kept on paper.
func (x tools) dated(b Base, t time.Time) template.HTML {
	at := x.at(b)
	return stamp(t, at.Date(b.in(t))+", "+at.Clock(b.in(t)))
}
