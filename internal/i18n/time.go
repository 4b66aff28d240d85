package i18n

import (
	"strconv"
	"strings"
	"time"
)

// Clock returns the time of day in the time's own zone, "14:32".
func (l *Localizer) Clock(t time.Time) string { return t.Format("15:04") }

// Date returns the day in the time's own zone: "3 November 2026", held together by
// no-break spaces.
func (l *Localizer) Date(t time.Time) string {
	return l.T("time.date", "day", t.Day(), "month", l.T("time.month."+strconv.Itoa(int(t.Month()))), "year", t.Year())
}

// Moment returns the time of day, and the day as well when it is not the day of now in
// the time's own zone: "14:32", or "14:32 on 3 November 2026".
func (l *Localizer) Moment(t, now time.Time) string {
	now = now.In(t.Location())
	if t.Year() == now.Year() && t.YearDay() == now.YearDay() {
		return l.Clock(t)
	}
	return l.T("time.moment", "clock", l.Clock(t), "date", l.Date(t))
}

// Zone names the zone of a time for people: "Berlin (CET)", "UTC".
func (l *Localizer) Zone(t time.Time) string {
	name := t.Location().String()
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		name = strings.ReplaceAll(name[i+1:], "_", " ")
	}
	short, _ := t.Zone()
	if short == "" || short == name {
		return name
	}
	if strings.HasPrefix(short, "+") || strings.HasPrefix(short, "-") {
		short = "UTC" + short
	}
	return l.T("time.zone", "place", name, "short", short)
}
