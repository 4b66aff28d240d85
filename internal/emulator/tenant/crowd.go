package tenant

import "fmt"

// Crowd returns people for measurements: n employees with a mobile number each, and no
// mailbox. Their numbers are those that Number gives to 0 and on.
func Crowd(n int) []Person {
	f := &founding{}
	for i := range n {
		f.person(fmt.Sprintf("crowd-%05d", i), "Crowd", fmt.Sprintf("%05d", i), "One of many, for measurements.", phone("mobile", Number(i)))
		f.last().Mail = ""
	}
	return f.people
}

// Number returns the i-th of numbers that belong to nobody: 555-0100 to 0199 in each area
// of the North American plan, as Graph writes them. Some areas are not in use.
func Number(i int) string { return fmt.Sprintf("+1 %03d55501%02d", 201+i/100, i%100) }
