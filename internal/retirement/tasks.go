package retirement

import (
	"slices"
	"time"

	"rekey/internal/directory"
)

// TaskName names a task of the list; it is the last part of its address.
type TaskName string

// The tasks.
const (
	Inventory TaskName = "inventory" // what is on the old phone
	Place     TaskName = "place"     // put the new one in place
	Prove     TaskName = "prove"     // prove what can be proved
	CheckTask TaskName = "check"     // would you get in without the old phone
	TakeOff   TaskName = "take-off"
	SignOut   TaskName = "sign-out"
	SignIn    TaskName = "sign-in"
	HandIn    TaskName = "hand-in"
)

// TaskState is how far a task is.
type TaskState string

// The states of a task.
const (
	Done  TaskState = "done"
	Now   TaskState = "now"   // the next one to do
	Later TaskState = "later" // opens after those before it
)

// Task is a line of the list.
type Task struct {
	Name  TaskName
	State TaskState
}

// order returns the tasks of a situation.
func (s Situation) order() []TaskName {
	switch s {
	case NewNumber:
		return []TaskName{Place, CheckTask}
	case Lost:
		return []TaskName{Inventory, SignOut, TakeOff, Place, Prove, CheckTask, SignIn, HandIn}
	}
	return []TaskName{Inventory, Place, Prove, CheckTask, TakeOff, SignOut, SignIn, HandIn}
}

// Tasks returns the list as the answers and the directory make it at this moment. What
// was done once can be undone by what the directory says: a method that was removed
// elsewhere opens the task again.
func Tasks(r Retirement, f Facts) []Task {
	var list []Task
	next := false
	for _, name := range r.Situation.order() {
		t := Task{Name: name, State: Later}
		switch {
		case r.done(name, f) && !next:
			t.State = Done
		case !next:
			t.State, next = Now, true
		}
		list = append(list, t)
	}
	return list
}

// Next returns the task to do next; ok is false when all are done.
func Next(r Retirement, f Facts) (name TaskName, ok bool) {
	for _, t := range Tasks(r, f) {
		if t.State == Now {
			return t.Name, true
		}
	}
	return "", false
}

// Reached reports whether a task is open: done, or the next one.
func Reached(r Retirement, f Facts, name TaskName) bool {
	return slices.ContainsFunc(Tasks(r, f), func(t Task) bool { return t.Name == name && t.State != Later })
}

func (r Retirement) done(name TaskName, f Facts) bool {
	switch name {
	case Inventory:
		return !r.Inventoried.IsZero() && r.answered()
	case Place:
		return len(Wants(r, f)) == 0
	case Prove:
		return len(Unproved(r, f)) == 0
	case CheckTask:
		return LockOut(r, f).Passed()
	case TakeOff:
		return Gone(r, f) && r.nextRemoval() < 0 && (!r.Confirmed.IsZero() || len(r.OldItems()) == 0)
	case SignOut:
		// Of a lost phone it comes first, and once more when the phone is off the account.
		return r.signedOut() || r.Situation == Lost && !Gone(r, f) && !r.Revoked.IsZero()
	case SignIn:
		return r.signedOut() && r.SignedIn.After(r.Revoked)
	case HandIn:
		return !r.Finished.IsZero() && NoLongerNeeded(r, f)
	}
	return false
}

// answered reports whether the questions before the list were answered.
func (r Retirement) answered() bool { return r.Situation != NewPhone || r.Moves != Unasked }

// Want is something that is to be put in place.
type Want string

// What may be missing.
const (
	WantNumber  Want = "number"  // a number of the new phone
	WantMethod  Want = "method"  // Authenticator or a passkey where one was on the old phone
	WantAnother Want = "another" // any further way in
)

// Wants returns what is still to be put in place of what lives on the old phone, and what
// the lock-out check asks for beyond that.
func Wants(r Retirement, f Facts) []Want {
	if r.Situation == NewNumber {
		return r.wantsNewNumber(f)
	}
	var wants []Want
	if r.hadOld(directory.Phone) && !r.waives(WantNumber) && !r.has(f, isNumber) {
		wants = append(wants, WantNumber)
	}
	if (r.hadOld(directory.Authenticator) || r.hadOld(directory.Passkey) || r.hadOld(directory.CodeApp)) && !r.waives(WantMethod) && !r.has(f, isLasting) {
		wants = append(wants, WantMethod)
	}
	if len(wants) == 0 && LockOut(r, f).Missing() > 0 {
		wants = append(wants, WantAnother)
	}
	return wants
}

// waives reports whether the person can do without: they said so, or there is no new phone
// on which it could be.
func (r Retirement) waives(w Want) bool {
	return r.Situation == NoPhone || w == WantNumber && r.NoNumber || w == WantMethod && r.NoApp
}

// wantsNewNumber: the number that was there at the start is to be another one.
func (r Retirement) wantsNewNumber(f Facts) []Want {
	if slices.ContainsFunc(f.Methods, func(m directory.Method) bool { return m.Kind == directory.Phone && !r.IsOld(m) }) {
		return nil
	}
	return []Want{WantNumber}
}

func (r Retirement) hadOld(kind directory.Kind) bool {
	return slices.ContainsFunc(r.Items, func(i Item) bool { return i.Old && i.Method.Kind == kind })
}

// has reports whether something that does not live on the old phone is on the account.
func (r Retirement) has(f Facts, is func(directory.Method) bool) bool {
	return slices.ContainsFunc(f.Methods, func(m directory.Method) bool { return !r.IsOld(m) && is(m) })
}

func isNumber(m directory.Method) bool { return m.Kind == directory.Phone }

// isLasting: what replaces an app or a passkey on the old phone.
func isLasting(m directory.Method) bool {
	return m.Kind == directory.Authenticator || m.Kind == directory.Passkey || m.Kind == directory.CodeApp
}

// Unproved returns what is still to be proved: every number that stays and can be texted,
// and, where nothing at all is proved, the first certain way in, so that the list never
// goes on with guesses alone.
func Unproved(r Retirement, f Facts) []directory.Method {
	var open []directory.Method
	proved := 0
	for _, m := range f.Methods {
		switch {
		case r.IsOld(m):
		case !f.Proved(r, m).IsZero():
			proved++
		case m.Kind == directory.Phone && directory.UseOf(m, f.Policy, f.Setting).SignIn == directory.Yes:
			open = append(open, m)
		}
	}
	if len(open) == 0 && proved == 0 {
		for _, w := range f.Ways(r).In {
			if w.Answer == directory.Yes {
				return w.Methods[len(w.Methods)-1:]
			}
		}
	}
	return open
}

// Plan returns the removals in the order in which the directory takes them: it keeps a
// phone while there is an alternate phone, and the default method while there are others,
// so what may be the default comes last.
func Plan(r Retirement, f Facts, now time.Time) []Removal {
	var plan []Removal
	for _, m := range f.Methods {
		if r.IsOld(m) {
			plan = append(plan, Removal{Method: m, State: Planned, At: now})
		}
	}
	slices.SortStableFunc(plan, func(a, b Removal) int { return rank(a.Method.Kind) - rank(b.Method.Kind) })
	return plan
}

func rank(k directory.Kind) int {
	order := []directory.Kind{directory.Passkey, directory.CodeApp, directory.AlternatePhone, directory.Authenticator, directory.Phone}
	if i := slices.Index(order, k); i >= 0 {
		return i
	}
	return 0
}
