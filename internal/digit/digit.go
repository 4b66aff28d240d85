// Package digit maps the digits that people type in other scripts to ASCII, in one place for
// codes, numbers and days.
package digit

// ASCII returns the ASCII digit that an Arabic-Indic, Persian or full-width digit stands
// for, and any other rune as it is.
func ASCII(r rune) rune {
	switch {
	case r >= '٠' && r <= '٩':
		return '0' + r - '٠'
	case r >= '۰' && r <= '۹':
		return '0' + r - '۰'
	case r >= '０' && r <= '９':
		return '0' + r - '０'
	}
	return r
}
