package i18n

import (
	"strconv"
	"strings"
	"time"
)

// Clock returns the time of day in the time's own zone as the person writes it: "14:32",
// "2:32 PM".
func (l *Localizer) Clock(t time.Time) string { return l.clock(t, "15:04", "3:04") }

// Precise is Clock with the seconds: "14:32:07".
func (l *Localizer) Precise(t time.Time) string { return l.clock(t, "15:04:05", "3:04:05") }

func (l *Localizer) clock(t time.Time, full, half string) string {
	switch {
	case !l.habits.twelve:
		return l.T("time.clock", "clock", t.Format(full))
	case t.Hour() < 12:
		return l.T("time.am", "clock", t.Format(half))
	}
	return l.T("time.pm", "clock", t.Format(half))
}

// Date returns the day in the time's own zone: "3 November 2026", "November 3, 2026",
// held together by no-break spaces.
func (l *Localizer) Date(t time.Time) string {
	month := l.T("time.month." + strconv.Itoa(int(t.Month())))
	if l.habits.monthFirst {
		return l.T("time.date.month-first", "day", t.Day(), "month", month, "year", t.Year())
	}
	return l.T("time.date", "day", t.Day(), "month", month, "year", t.Year())
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
