package templates

import (
	"slices"

	"rekey/internal/phone"
)

// choice is an entry of the list of countries.
type choice struct {
	Country
	Name    string
	Example string // a mobile number as people there write it
}

// choices returns the countries as a list, sorted as the language sorts.
func (x tools) choices(countries []Country) []choice {
	list := make([]choice, 0, len(countries))
	for _, c := range countries {
		list = append(list, choice{Country: c, Name: x.words.Region(c.Code), Example: phone.Example(c.Code)})
	}
	less := x.words.Less()
	slices.SortFunc(list, func(a, b choice) int {
		switch {
		case less(a.Name, b.Name):
			return -1
		case less(b.Name, a.Name):
			return 1
		}
		return 0
	})
	return list
}

// steps is how many steps a new contact has: one more where a contact on record is asked
// first.
func steps(twoCodes bool) int {
	if twoCodes {
		return 4
	}
	return 3
}

// Step is the place of the code page in its change.
func (p CodeForm) Step() int {
	switch {
	case p.Act == "test":
		return 1
	case p.TwoCodes && !p.Authorising && p.Act != "promote":
		return 3
	}
	return 2
}

// Steps is how many steps the change has.
func (p CodeForm) Steps() int {
	switch p.Act {
	case "test":
		return 2
	case "promote", "remove":
		return 3
	}
	return steps(p.TwoCodes)
}

// Steps is how many steps a removal has: one more where a code comes first.
func (p RemoveForm) Steps() int {
	if p.Promote != "" || p.Agrees != "" {
		return 3
	}
	return 2
}

// running returns the icon of a change that is not over.
func running(step string) string {
	if step == "wait" {
		return "sync"
	}
	return "info"
}
