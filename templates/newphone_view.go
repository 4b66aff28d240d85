package templates

import "slices"

// Situations are the choices of the first question, the commonest one first.
func (NewPhoneStart) Situations() []string {
	return []string{"new-phone", "new-number", "no-phone", "lost"}
}

// Goes reports whether a phone leaves.
func (m Moving) Goes() bool { return m.Situation != "new-number" }

// DoneCount is how many tasks are done.
func (p NewPhone) DoneCount() int {
	n := 0
	for _, t := range p.Tasks {
		if t.State == "done" {
			n++
		}
	}
	return n
}

// NextTask names the task to do next, "" when all are done.
func (p NewPhone) NextTask() string {
	i := slices.IndexFunc(p.Tasks, func(t Task) bool { return t.State == "now" })
	if i < 0 {
		return ""
	}
	return p.Tasks[i].Name
}

// WantsMethod reports whether something is to be added at Microsoft.
func (p Place) WantsMethod() bool {
	return slices.Contains(p.Wants, "method") || slices.Contains(p.Wants, "another")
}

// AtMicrosoft reports whether something is left to do at Microsoft first.
func (p TakeOff) AtMicrosoft() bool {
	return slices.ContainsFunc(p.Removals, func(r Removing) bool { return r.State == "default" || r.Why == "take-off.elsewhere" })
}

// Watched reports whether the page looks again by itself where there are no scripts.
func (p TakeOff) Watched() bool {
	return p.Going && slices.ContainsFunc(p.Removals, func(r Removing) bool { return p.watched(r.At) })
}

// Watched reports whether the page looks again by itself where there are no scripts.
func (p SignOutAll) Watched() bool {
	return p.Everywhere.State == "open" && p.watched(p.Everywhere.Asked)
}

// Dot is one thing in the picture of both phones, around its middle.
type Dot struct {
	X, Y             int
	Icon, Class, Ink string
	Badge            string // icon, "" for none
}

// mostDots is how many things are drawn on a phone.
const mostDots = 6

// BadgeX is where a badge sits beside the middle of a dot.
func (Phones) BadgeX() int { return 14 }

// Drawn lays out what hangs on both phones; the words beside the picture list it all.
func (p Phones) Drawn() []Dot {
	var dots []Dot
	for side, list := range [][]OnPhone{p.Old, p.New} {
		list = list[:min(len(list), mostDots)]
		for i, m := range list {
			d := Dot{X: 102 + 196*side, Y: 48 + 46*i, Icon: picture(m.Kind), Class: "case"}
			if len(list) > 3 {
				d.X, d.Y = d.X-24+48*(i%2), 48+46*(i/2)
			}
			switch m.State {
			case "proved":
				d.Class, d.Ink, d.Badge = "good", "good", "check"
			case "seen":
				d.Class, d.Ink, d.Badge = "open", "open", "clock"
			case "missing":
				d.Class, d.Ink = "open dash", "open"
			case "gone", "going":
				d.Class = "dash thin"
			}
			if m.State == "gone" {
				d.Ink = "soft"
			}
			dots = append(dots, d)
		}
	}
	return dots
}

// phonescene says in words what the picture shows.
func (x tools) phonescene(p Phones) string {
	return x.phoneList("old", p.Old) + " " + x.phoneList("new", p.New)
}

func (x tools) phoneList(which string, list []OnPhone) string {
	if len(list) == 0 {
		return x.words.T("phones.scene." + which + ".none")
	}
	things := ""
	for i, m := range list {
		if i > 0 {
			things += x.words.T("phones.comma") + " "
		}
		things += x.words.T("kind."+x.known(m.Kind)) + " (" + x.words.T("phones.state."+m.State) + ")"
	}
	return x.words.T("phones.scene."+which, "things", things)
}
