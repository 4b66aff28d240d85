package message

import (
	"slices"
	"strings"
	"time"
)

// moment is the time of day and the day, in the time's own zone.
func moment(w Words, t time.Time) string {
	return w.T("time.moment", "clock", w.Clock(t), "date", w.Date(t))
}

// zone names the zone of a time for people: "New York (EST)". A message is read anywhere,
// so its times always name their zone.
func zone(w Words, t time.Time) string {
	place := t.Location().String()
	if i := strings.LastIndexByte(place, '/'); i >= 0 {
		place = strings.ReplaceAll(place[i+1:], "_", " ")
	}
	abbreviation, _ := t.Zone()
	if abbreviation == "" || abbreviation == place {
		return place
	}
	if abbreviation[0] == '+' || abbreviation[0] == '-' {
		abbreviation = "UTC" + abbreviation
	}
	return w.T("time.zone", "place", place, "short", abbreviation)
}

// plain replaces what is not in the GSM alphabet only for the sake of its looks: one such
// sign more than halves the room in a text message.
func plain(text string) string {
	return strings.NewReplacer("\u00a0", " ", "\u202f", " ", "\u2009", " ", "’", "'", "‘", "'", "“", `"`, "”", `"`,
		"–", "-", "—", "-", "\u2011", "-", "…", "...", "•", "*").Replace(text)
}

// isolate keeps what comes from elsewhere in one piece among words that run from right to
// left: without the signs the "+" of a number would stand at its end (Unicode UAX #9).
func isolate(w Words, value string) string {
	if w.Dir() != "rtl" || value == "" {
		return value
	}
	return "\u2068" + value + "\u2069"
}

func nonEmpty(texts []string) []string {
	return slices.DeleteFunc(slices.Clone(texts), func(s string) bool { return s == "" })
}
