// Package phone reads and shows telephone numbers. Everything about numbering plans
// comes from libphonenumber; this package adds what a form needs: one error for each way
// to get a number wrong, and the mask.
package phone

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"

	"rekey/internal/digit"
	"rekey/internal/fault"
)

// Field is the form field that number faults belong to.
const Field = "number"

// typedLimit is the longest input that is parsed, in bytes. 15 digits with generous
// punctuation fit; floods never reach the parser (CHG-9).
const typedLimit = 64

// Number is a telephone number.
type Number struct {
	E164   string // "+12025550142"
	Region string // the country it really belongs to, ISO 3166; "" for numbers of no country
	Line   Line
}

// Line is what kind of line a number is.
type Line string

// The lines. Mixed is where a country does not tell mobiles from landlines (North
// America).
const (
	Mobile   Line = "mobile"
	Landline Line = "landline"
	Mixed    Line = "mixed"
	Other    Line = "other" // premium, shared cost, toll free, pager, voice over IP, satellite …
)

// CanText reports whether a text message can be expected to arrive.
func (n Number) CanText() bool { return n.Line == Mobile || n.Line == Mixed }

// Parse reads what a person typed: with a plus sign an international number, whatever
// the country says; else a national number of that country (ISO 3166, two letters).
//
// Faults are fault.Invalid at Field, with the keys number.empty, number.letters,
// number.extension, number.country-unknown, number.too-short, number.too-long and
// number.unknown; too-short and too-long carry region and digits.
func Parse(typed, country string) (n Number, err error) {
	if country != "" || !strings.HasPrefix(typed, "+") {
		return parse(typed, country)
	}
	n = recentNumbers.of(typed, func() (found Number, ok bool) {
		found, err = parse(typed, "")
		return found, err == nil
	})
	return n, err
}

func parse(typed, country string) (Number, error) {
	text, err := clean(typed)
	if err != nil {
		return Number{}, err
	}
	country = strings.ToUpper(strings.TrimSpace(country))
	if strings.HasPrefix(text, "+") {
		country = ""
	} else if !phonenumbers.GetSupportedRegions()[country] {
		return Number{}, fault.At("country", "number.country-unknown", nil)
	}
	parsed, perr := phonenumbers.Parse(text, country)
	if perr != nil {
		return Number{}, unparsed(text, country, perr)
	}
	return judge(parsed)
}

// clean trims, maps other digits to ASCII and refuses what no number contains.
func clean(typed string) (string, error) {
	if !utf8.ValidString(typed) || strings.ContainsRune(typed, 0) {
		return "", fault.At(Field, "number.letters", nil)
	}
	text := strings.TrimSpace(strings.Map(ascii, typed))
	switch {
	case text == "":
		return "", fault.At(Field, "number.empty", nil)
	case len(text) > typedLimit:
		return "", fault.At(Field, "number.too-long", map[string]any{"region": "", "digits": digits(text)})
	}
	if rest, ok := strings.CutPrefix(text, "00"); ok {
		text = "+" + rest
	}
	for i, r := range text {
		switch {
		case r >= '0' && r <= '9', strings.ContainsRune(" -.()/\t", r), r == '+' && i == 0:
		case strings.ContainsRune("xX#;,*", r) && digits(text[:i]) >= 5:
			return "", fault.At(Field, "number.extension", nil)
		default:
			return "", fault.At(Field, "number.letters", nil)
		}
	}
	return text, nil
}

// ascii maps Arabic-Indic, Persian and full-width digits to ASCII, odd blanks and
// hyphens to plain ones, and drops direction marks.
func ascii(r rune) rune {
	switch {
	case r == '＋':
		return '+'
	case strings.ContainsRune("\u00a0\u2007\u2009\u202f\u3000\r\n", r):
		return ' '
	case r >= '\u2010' && r <= '\u2015', r == '\u2212':
		return '-'
	case r == '\u200e', r == '\u200f', r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069', r == '\ufeff', r == '\u2060':
		return -1
	}
	return digit.ASCII(r)
}

func digits(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			n++
		}
	}
	return n
}

func unparsed(text, country string, err error) error {
	args := map[string]any{"region": country, "digits": digits(text)}
	switch err {
	case phonenumbers.ErrTooShortNSN, phonenumbers.ErrTooShortAfterIDD:
		return fault.At(Field, "number.too-short", args)
	case phonenumbers.ErrNumTooLong:
		return fault.At(Field, "number.too-long", args)
	case phonenumbers.ErrInvalidCountryCode:
		return fault.At(Field, "number.country-unknown", nil)
	}
	if digits(text) < 4 {
		return fault.At(Field, "number.too-short", args)
	}
	return fault.At(Field, "number.unknown", nil)
}

func judge(parsed *phonenumbers.PhoneNumber) (Number, error) {
	region := phonenumbers.GetRegionCodeForNumber(parsed)
	args := map[string]any{"region": region, "digits": digits(phonenumbers.GetNationalSignificantNumber(parsed))}
	if region == "" {
		args["region"] = phonenumbers.GetRegionCodeForCountryCode(int(parsed.GetCountryCode()))
	}
	switch phonenumbers.IsPossibleNumberWithReason(parsed) {
	case phonenumbers.TOO_SHORT, phonenumbers.IS_POSSIBLE_LOCAL_ONLY:
		return Number{}, fault.At(Field, "number.too-short", args)
	case phonenumbers.TOO_LONG:
		return Number{}, fault.At(Field, "number.too-long", args)
	case phonenumbers.INVALID_COUNTRY_CODE:
		return Number{}, fault.At(Field, "number.country-unknown", nil)
	}
	if !phonenumbers.IsValidNumber(parsed) {
		return Number{}, fault.At(Field, "number.unknown", nil)
	}
	n := Number{E164: phonenumbers.Format(parsed, phonenumbers.E164), Region: real(region), Line: line(parsed)}
	// Satellite networks call themselves mobile. No list of countries has them, and a text
	// to one costs as much as a premium number (ABU-4).
	if n.Region == "" {
		n.Line = Other
	}
	return n, nil
}

// real drops libphonenumber's "001", which stands for numbers of no country.
func real(region string) string {
	if region == "001" {
		return ""
	}
	return region
}

func line(parsed *phonenumbers.PhoneNumber) Line {
	switch phonenumbers.GetNumberType(parsed) {
	case phonenumbers.MOBILE:
		return Mobile
	case phonenumbers.FIXED_LINE:
		return Landline
	case phonenumbers.FIXED_LINE_OR_MOBILE:
		return Mixed
	}
	return Other
}

// Canonical returns the E.164 form of a number as a directory holds it ("+1 2025550142",
// perhaps with "x123"); ok is false when it cannot be read.
func Canonical(stored string) (e164 string, ok bool) {
	text, _, _ := strings.Cut(stored, "x")
	parsed, err := phonenumbers.Parse(text, "")
	if err != nil {
		return "", false
	}
	return phonenumbers.Format(parsed, phonenumbers.E164), true
}

// Split returns country calling code and the rest of an E.164 number, the two parts that
// some directories want apart: "+12025550142" gives "1" and "2025550142".
func Split(e164 string) (calling, rest string, ok bool) {
	parsed, err := phonenumbers.Parse(e164, "")
	if err != nil {
		return "", "", false
	}
	rest = phonenumbers.GetNationalSignificantNumber(parsed)
	calling, ok = strings.CutSuffix(strings.TrimPrefix(e164, "+"), rest)
	return calling, rest, ok && calling != ""
}

// shown is how many digits stay readable in a mask (PRV-1).
const shown = 2

// Mask shows a number as its country writes it, with all digits but the calling code and
// the last two as dots: "+1 •••-•••-••42". What cannot be read is only dots.
func Mask(e164 string) string {
	return recentMasks.of(e164, func() (string, bool) { return mask(e164), true })
}

func mask(e164 string) string {
	parsed, err := phonenumbers.Parse(e164, "")
	if err != nil {
		return "••••" + Ending(e164)
	}
	text := phonenumbers.Format(parsed, phonenumbers.INTERNATIONAL)
	head, rest, ok := strings.Cut(text, " ")
	if !ok {
		return "••••" + Ending(e164)
	}
	left := digits(rest) - shown
	masked := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return r
		}
		if left--; left >= 0 {
			return '•'
		}
		return r
	}, rest)
	return head + " " + masked
}

// Ending returns the last two digits of a number or of its mask, for words such as
// "number ending in 42".
func Ending(number string) string {
	var found []byte
	for i := len(number) - 1; i >= 0 && len(found) < shown; i-- {
		if number[i] >= '0' && number[i] <= '9' {
			found = append([]byte{number[i]}, found...)
		}
	}
	return string(found)
}

// Example returns a mobile number of a country as people there write it, "" when none
// is known.
func Example(country string) string {
	parsed := phonenumbers.GetExampleNumberForType(country, phonenumbers.MOBILE)
	if parsed == nil {
		return ""
	}
	return phonenumbers.Format(parsed, phonenumbers.NATIONAL)
}

// CallingCode returns a country's calling code without a plus sign, "" when unknown.
func CallingCode(country string) string {
	if n := phonenumbers.GetCountryCodeForRegion(country); n > 0 {
		return strconv.Itoa(n)
	}
	return ""
}

// National returns an E.164 number as people in its country write it, for a form that is
// shown filled in.
func National(e164 string) string {
	parsed, err := phonenumbers.Parse(e164, "")
	if err != nil {
		return e164
	}
	return phonenumbers.Format(parsed, phonenumbers.NATIONAL)
}
