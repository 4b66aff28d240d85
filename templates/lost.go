package templates

import (
	"slices"
	"strings"
)

// Lost is what losing the phone would come to: see directory.Loss, whose words Standing,
// Later and the reasons of Staying are.
type Lost struct {
	Standing string // "fine", "at-risk", "unclear", "locked-out"
	Later    string // from the end of Microsoft's texts and calls on
	Ways     int    // how many ways in surely stay
	Gone     []Method
	Maybe    []Method // nobody can say whether they are on the phone
	Stays    []Staying
	Add      []Remedy
	Assumed  bool // the organisation's policy is not known
}

// Staying is a method that would be left.
type Staying struct {
	Method
	Answer string // whether it signs in: "yes", "cannot tell", "no"
	Here   bool   // at one computer alone
	Why    string // directory.Why of an answer that is not yes
}

// Remedy is what may be added: a passkey that is not on the phone, or an alternate phone.
type Remedy struct {
	Kind  string
	Lasts bool // beyond the end of Microsoft's texts and calls
}

// Form is where it is added, "" for what is added at Microsoft.
func (r Remedy) Form() string {
	if r.Kind == "passkey" {
		return ""
	}
	return formOf(r.Kind)
}

// Here is where something is added on this site, "" where nothing is.
func (l Lost) Here() string {
	for _, r := range l.Add {
		if form := r.Form(); form != "" {
			return form
		}
	}
	return ""
}

// AtMicrosoft reports whether something is to be added there.
func (l Lost) AtMicrosoft() bool {
	return slices.ContainsFunc(l.Add, func(r Remedy) bool { return r.Form() == "" })
}

// Class is the look of a standing.
func (l Lost) Class() string {
	switch l.Standing {
	case "fine":
		return "fine"
	case "locked-out":
		return "out"
	}
	return "risk"
}

// Icon is the picture of a standing.
func (l Lost) Icon() string {
	return map[string]string{"fine": "check", "at-risk": "warn", "unclear": "unknown", "locked-out": "error"}[l.Standing]
}

// Worse reports whether the end of the texts and calls makes it worse.
func (l Lost) Worse() bool { return l.Later != l.Standing }

// Barred reports whether nothing signs the person in even with the phone at hand.
func (l Lost) Barred() bool { return l.Standing == "locked-out" && len(l.Gone) == 0 }

// Sorted lists what stays: what surely works first, what does not last.
func (l Lost) Sorted() []Staying {
	order := []string{"yes", "cannot tell", "no"}
	list := slices.Clone(l.Stays)
	slices.SortStableFunc(list, func(a, b Staying) int { return slices.Index(order, a.Answer) - slices.Index(order, b.Answer) })
	return list
}

// spot is one thing in the picture.
type spot struct {
	X, Y     int // of its middle
	Icon     string
	Class    string // "gone", "good", "open"
	Computer bool   // it is drawn as one
}

// BadgeX and BadgeY are where its sign stands: at its upper edge.
func (s spot) BadgeX() int {
	if s.Computer {
		return 34
	}
	return 18
}

// BadgeY is the other half of BadgeX.
func (s spot) BadgeY() int {
	if s.Computer {
		return -27
	}
	return -17
}

// Sign says in the picture what becomes of it.
func (s spot) Sign() string {
	if s.Icon == locked {
		return ""
	}
	return map[string]string{"gone": "cross", "good": "check", "open": "unknown"}[s.Class]
}

// Radius is that of its circle.
func (s spot) Radius() int {
	if s.Icon == locked {
		return 34
	}
	return 23
}

// locked is drawn where nothing is left.
const locked = "lock"

// Hanging are up to three things that hang on the phone, as the picture shows them.
func (l Lost) Hanging() []spot {
	spots := pick(l.Gone, "gone")
	spots = append(spots, pick(l.Maybe, "open")...)
	spots = spots[:min(len(spots), 3)]
	for i, y := range [][]int{{}, {82}, {46, 119}, {28, 82, 136}}[len(spots)] {
		spots[i].X, spots[i].Y = 160, y
	}
	return spots
}

// Left are up to three things that would be left to sign in with, or a lock.
func (l Lost) Left() []spot {
	var spots []spot
	for _, s := range l.Sorted() {
		class := map[string]string{"yes": "good", "cannot tell": "open"}[s.Answer]
		if class != "" {
			spots = append(spots, spot{Icon: symbol(s.Kind), Class: class, Computer: s.Here})
		}
	}
	if len(spots) == 0 {
		spots = []spot{{Icon: locked, Class: "gone"}}
	}
	spots = spots[:min(len(spots), 3)]
	for i, at := range [][][2]int{{}, {{308, 82}}, {{264, 82}, {350, 82}}, {{264, 46}, {350, 46}, {308, 120}}}[len(spots)] {
		spots[i].X, spots[i].Y = at[0], at[1]
	}
	return spots
}

// pick draws each kind once.
func pick(methods []Method, class string) []spot {
	var spots []spot
	for _, m := range methods {
		s := spot{Icon: symbol(m.Kind), Class: class}
		if !slices.Contains(spots, s) {
			spots = append(spots, s)
		}
	}
	return spots
}

// symbol is the icon of a method in the picture; a phone is known by what it receives.
func symbol(kind string) string {
	switch kind {
	case "phone":
		return "chat"
	case "office-phone":
		return "call"
	}
	return picture(kind)
}

// names names methods in the middle of a sentence, each kind once.
func (x tools) names(kinds []string) string {
	var names []string
	for _, kind := range kinds {
		if name := x.words.T("kind." + x.known(kind)); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return x.words.T("lost.picture.nothing")
	}
	return strings.Join(names, x.words.T("list.comma"))
}

// scene says what the picture shows.
func (x tools) scene(l Lost) string {
	var gone, left []string
	for _, m := range slices.Concat(l.Gone, l.Maybe) {
		gone = append(gone, m.Kind)
	}
	for _, s := range l.Sorted() {
		if s.Answer != "no" {
			left = append(left, s.Kind)
		}
	}
	return x.words.T("lost.picture", "gone", x.names(gone), "stays", x.names(left))
}

// Alarm reports whether the page begins with how the person stands without the phone. Above
// the first card the more urgent bar comes first: that Microsoft did not answer, then the
// changes that are not over, or, where there is none, this and a move that is not over.
func (h Home) Alarm() bool {
	return h.Lost != nil && h.Lost.Standing != "fine" && len(h.Running) == 0 && !h.RefreshFailed
}
