package tenant

import (
	"net/http"
	"slices"
	"strings"
)

// Handset is a phone that receives texts and pushes. Every number on an account, and every
// number that was ever texted, is one; an Authenticator whose phone has no number here is a
// handset that is known by name alone.
type Handset struct {
	// Number is E.164, or "" when only the name is known.
	Number string `json:"number"`
	// Name is what the phone calls itself ("iPhone 13"); may be empty.
	Name string `json:"name"`
	// Owner is the object id of its person; may be empty.
	Owner string `json:"owner"`
	// Working is false for a handset that is lost, broken or given back.
	Working bool `json:"working"`
}

// Handsets returns every handset, oldest first.
func (t *Tenant) Handsets() []Handset {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]Handset{}, t.state.Handsets...)
}

// Handset finds a handset by number.
func (t *Tenant) Handset(number string) (Handset, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := t.state.handset(E164(number)); i >= 0 {
		return t.state.Handsets[i], true
	}
	return Handset{}, false
}

// SetHandset says whether the handset of a number works; an unknown number becomes one. A
// name does as well for a handset that has no number. It returns a 400 for neither.
func (t *Tenant) SetHandset(number string, working bool) error {
	return t.change(func(s *state) error {
		if e164 := E164(number); e164 != "" {
			i := s.addHandset(e164, "", "")
			s.work(i, working)
			return nil
		}
		i := slices.IndexFunc(s.Handsets, func(h Handset) bool { return h.Number == "" && h.Name == number })
		if i < 0 || number == "" {
			return badRequest("No handset has that number or name; a number starts with + and the country code.")
		}
		s.work(i, working)
		return nil
	})
}

// OnHandset is a property of a method that Graph does not show: the address of the handset
// it lives on, where its display name is that of several.
const OnHandset = "handset"

// HandsetOf finds the handset an Authenticator lives on: the one that the method was put
// on, or the owner's handset that bears the method's display name.
func (t *Tenant) HandsetOf(personID string, m Method) (Handset, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	on := m.text(OnHandset)
	for _, h := range t.state.Handsets {
		if on != "" && strings.EqualFold(h.Owner, personID) && h.Address() == on {
			return h, true
		}
	}
	for _, h := range t.state.Handsets {
		if strings.EqualFold(h.Owner, personID) && h.Name != "" && h.Name == m.DisplayName() {
			return h, true
		}
	}
	return Handset{}, false
}

func (t *Tenant) knowsHandset(number string) bool {
	_, ok := t.Handset(number)
	return ok
}

func (s *state) handset(e164 string) int {
	if e164 == "" {
		return -1
	}
	return s.places.number(s.Handsets, e164)
}

// putHandset replaces the handset at a place, or adds one at the end: within a change alone.
func (s *state) putHandset(i int, h Handset) {
	if n := len(s.Handsets); i == n {
		s.undo = append(s.undo, func() { s.Handsets = s.Handsets[:n] })
		s.Handsets = append(s.Handsets, h)
	} else {
		was := s.Handsets[i]
		s.undo = append(s.undo, func() { s.Handsets[i] = was })
		s.Handsets[i] = h
	}
	s.places.note(s.Handsets, i)
}

// dropHandset removes the handset at a place: within a change alone.
func (s *state) dropHandset(i int) {
	was := s.Handsets
	s.undo = append(s.undo, func() { s.Handsets, s.places.numbers = was, nil })
	s.Handsets, s.places.numbers = slices.Concat(was[:i], was[i+1:]), nil
}

func (s *state) work(i int, working bool) {
	h := s.Handsets[i]
	h.Working = working
	s.putHandset(i, h)
}

// addHandset makes sure that a number is a handset and returns its place. A handset without
// an owner gets the one given.
func (s *state) addHandset(number, name, owner string) int {
	number = E164(number)
	i := s.handset(number)
	if i < 0 {
		s.putHandset(len(s.Handsets), Handset{Number: number, Name: name, Owner: owner, Working: true})
		return len(s.Handsets) - 1
	}
	if h := s.Handsets[i]; h.Owner == "" {
		h.Owner = owner
		s.putHandset(i, h)
	}
	return i
}

// addNumbers makes handsets of all numbers and Authenticators on all accounts.
func (s *state) addNumbers() {
	for _, p := range s.People {
		for _, m := range p.Methods {
			s.addHandsetOf(p.ID, m)
		}
	}
}

// addHandsetOf makes sure that what a method needs to ring exists.
func (s *state) addHandsetOf(personID string, m Method) {
	if E164(m.PhoneNumber()) != "" {
		s.addHandset(m.PhoneNumber(), "", personID)
		return
	}
	if m.Type() != TypeAuthenticator || m.DisplayName() == "" {
		return
	}
	named := func(h Handset) bool { return h.Owner == personID && h.Name == m.DisplayName() }
	if !slices.ContainsFunc(s.Handsets, named) {
		s.putHandset(len(s.Handsets), Handset{Name: m.DisplayName(), Owner: personID, Working: true})
	}
}

// MoveNumber puts the SIM of a number into a handset of its owner, known by name, which is
// new if there is none. The old handset stays, without a number: what lives on it answers
// until it is switched off. 404 for a number that no handset has.
func (t *Tenant) MoveNumber(number, to string) error {
	return t.change(func(s *state) error {
		i := s.handset(E164(number))
		if i < 0 {
			return &Error{http.StatusNotFound, "notFound", "No handset has that number."}
		}
		if to == "" || to == s.Handsets[i].Name {
			return badRequest("The name of another handset is needed.")
		}
		old := s.Handsets[i]
		moved, owner := old.Number, old.Owner
		if old.Number = ""; old.Name == "" {
			s.dropHandset(i)
		} else {
			s.putHandset(i, old)
		}
		j := slices.IndexFunc(s.Handsets, func(h Handset) bool { return h.Owner == owner && h.Name == to && h.Number == "" })
		next := Handset{Name: to, Owner: owner, Working: true}
		if j < 0 {
			j = len(s.Handsets)
		} else {
			next = s.Handsets[j]
		}
		next.Number = moved
		s.putHandset(j, next)
		return nil
	})
}
