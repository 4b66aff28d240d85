package templates

import (
	"html/template"
	"time"
)

// in returns a time in the zone of the page.
func (b Base) in(t time.Time) time.Time {
	if b.Zone == nil {
		return t.UTC()
	}
	return t.In(b.Zone)
}

// moment shows a time of day, with the day when it is not today.
func (x tools) moment(b Base, t time.Time) template.HTML {
	return stamp(t, x.words.Moment(b.in(t), b.Now))
}

// precise is moment, with the seconds of a time that is near.
func (x tools) precise(b Base, t time.Time) template.HTML {
	if away := t.Sub(b.Now); away < 0 || away > 2*time.Minute {
		return x.moment(b, t)
	}
	return stamp(t, b.in(t).Format("15:04:05"))
}

func (x tools) date(b Base, t time.Time) template.HTML { return stamp(t, x.words.Date(b.in(t))) }

func iso(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// forever reports whether a time is so far away that only the help desk makes it come.
func forever(b Base, t time.Time) bool { return t.Sub(b.Now) > 365*24*time.Hour }

func stamp(t time.Time, text string) template.HTML {
	return template.HTML(`<time datetime="` + iso(t) + `">` + template.HTMLEscapeString(text) + `</time>`)
}

func (x tools) zone(b Base) string { return x.words.Zone(b.in(b.Now)) }
