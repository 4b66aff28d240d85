package i18n

import (
	"slices"

	"golang.org/x/text/language"
)

// habits are how people of a region write dates and times, from CLDR's gregorian
// calendars (short time, long date). They differ within a language; the order of day and
// month otherwise is part of the words.
type habits struct {
	twelve     bool // hours from 1 to 12, with a mark of the half of the day
	monthFirst bool // "January 3, 2026"
}

// twelveHours are the regions in which CLDR writes English with hours from 1 to 12.
var twelveHours = []string{"AS", "AU", "BB", "BM", "BS", "CA", "DM", "FJ", "GD", "GU", "GY", "HK", "IN", "JM", "KN", "KY", "LC", "MH", "MP", "MY",
	"NZ", "PH", "PK", "PR", "SG", "TT", "UM", "US", "VC", "VI"}

// monthFirst are those in which it names the month before the day.
var monthFirst = []string{"AS", "CA", "GU", "MH", "MP", "PH", "PR", "UM", "US", "VI"}

// arabicTwentyFour are the regions in which it writes Arabic with hours from 0 to 23.
var arabicTwentyFour = []string{"IL", "KM", "MA"}

// habitsOf returns the habits of a region (ISO 3166, "" when it is not known). English
// without a region is read everywhere: it gets the clock and the order that nobody
// misreads.
func habitsOf(lang, region string) habits {
	switch lang {
	case "en":
		return habits{twelve: slices.Contains(twelveHours, region), monthFirst: slices.Contains(monthFirst, region)}
	case "ar":
		return habits{twelve: !slices.Contains(arabicTwentyFour, region)}
	}
	return habits{}
}

// In returns the same words with the habits of a region (ISO 3166).
func (l *Localizer) In(region string) *Localizer {
	own := *l
	own.habits = habitsOf(l.base(), region)
	return &own
}

func (l *Localizer) base() string {
	base, _ := l.tag.Base()
	return base.String()
}

// regionOf returns the language of a BCP 47 tag and the region that it names, "" for none.
func regionOf(name string) (lang, region string) {
	tag, err := language.Parse(name)
	if err != nil {
		return name, ""
	}
	base, _ := tag.Base()
	if r, confidence := tag.Region(); confidence == language.Exact && r.IsCountry() {
		region = r.String()
	}
	return base.String(), region
}
