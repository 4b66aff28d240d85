package tenant

import (
	"slices"
	"strings"
)

// places are where people and handsets stand in their lists, which may be thousands long. A
// place may be out of date, so it is looked at before it is believed; who is not where they
// were is looked for.
type places struct {
	people  map[string]int // by id and user principal name, in lower case
	numbers map[string]int // every number of a handset is in it; nil: not counted yet
}

// person returns the place of who goes by an id or user principal name, -1 for nobody.
func (x *places) person(people []Person, idOrUPN string) int {
	if x.people == nil {
		x.people = map[string]int{}
		for i, p := range slices.Backward(people) {
			x.people[strings.ToLower(p.ID)], x.people[strings.ToLower(p.UserPrincipalName)] = i, i
		}
	}
	if i, ok := x.people[strings.ToLower(idOrUPN)]; ok && people[i].is(idOrUPN) {
		return i
	}
	return slices.IndexFunc(people, func(p Person) bool { return p.is(idOrUPN) })
}

// number returns the place of the handset with a number, -1 for none.
func (x *places) number(handsets []Handset, e164 string) int {
	if x.numbers == nil {
		x.numbers = map[string]int{}
		for i, h := range slices.Backward(handsets) {
			x.numbers[h.Number] = i
		}
	}
	i, ok := x.numbers[e164]
	if !ok {
		return -1
	}
	if i < len(handsets) && handsets[i].Number == e164 {
		return i
	}
	if i = slices.IndexFunc(handsets, func(h Handset) bool { return h.Number == e164 }); i < 0 {
		delete(x.numbers, e164)
	} else {
		x.numbers[e164] = i
	}
	return i
}

// note learns the number of the handset at a place.
func (x *places) note(handsets []Handset, i int) {
	if x.numbers != nil {
		x.numbers[handsets[i].Number] = i
	}
}
