package templates

import "time"

// moveStates are the pages of a move off a phone.
func moveStates(base Base) []Example {
	base.Path = "/new-phone"
	start := NewPhoneStart{Base: base}
	wrong := start
	wrong.Failed, wrong.Errors = true, []FieldError{{"situation", "new-phone.choose", nil}}
	again := NewPhoneStart{Base: base, Situation: "new-phone", Going: "new-phone"}
	number := NewPhoneStart{Base: base, Situation: "new-phone", AskNumber: true, Number: number42}
	numberWrong := number
	numberWrong.Failed, numberWrong.Errors = true, []FieldError{{"moves", "new-phone.choose", nil}}
	all := []Example{{"new-phone-start", start}, {"new-phone-start-wrong", wrong}, {"new-phone-start-again", again},
		{"new-phone-number", number}, {"new-phone-number-wrong", numberWrong}}
	for _, part := range [][]Example{listStates(base), setUpStates(base), checkStates(base), takeOffStates(base), endStates(base)} {
		all = append(all, part...)
	}
	return all
}

func move(situation, task string, step int) Moving {
	return Moving{Situation: situation, Task: task, Step: step, Of: 8, Number: "yes", Old: "iPhone 13", New: "iPhone 17"}
}

func oldApp() Method   { return Method{Kind: "authenticator", Name: "iPhone 13"} }
func newApp() Method   { return Method{Kind: "authenticator", Name: "iPhone 17"} }
func ownPhone() Method { return Method{Kind: "phone", Value: number42} }

func tasks(order []string, done int) []Task {
	var list []Task
	for i, name := range order {
		state := "later"
		if i < done {
			state = "done"
		} else if i == done {
			state = "now"
		}
		list = append(list, Task{Name: name, State: state})
	}
	return list
}

func usual() []string {
	return []string{"inventory", "place", "prove", "check", "take-off", "sign-out", "sign-in", "hand-in"}
}

func listStates(base Base) []Example {
	m := move("new-phone", "", 0)
	proved := OnPhone{Method: ownPhone(), State: "proved", Proved: minutes(0)}
	page := NewPhone{Base: base, Moving: m, Tasks: tasks(usual(), 3), Phones: Phones{
		Old: []OnPhone{{Method: oldApp(), State: "there"}}, New: []OnPhone{proved, {Method: newApp(), State: "seen"}},
		Beside: []OnPhone{{Method: Method{Kind: "windows-hello", Name: "FERN-0417"}, State: "seen"}}}}
	begun := NewPhone{Base: base, Moving: Moving{Situation: "new-phone", Number: "no", Of: 8}, Tasks: tasks(usual(), 0), CanPlan: true}
	planned := page
	planned.Planned, planned.Number = minutes(60*24*4), "no"
	done := page
	done.Tasks, done.Finished = tasks(usual(), 8), true
	done.Phones.Old = []OnPhone{{Method: oldApp(), State: "gone"}}
	lost := page
	lost.Moving = move("lost", "", 0)
	lost.Tasks = tasks([]string{"inventory", "sign-out", "take-off", "place", "prove", "check", "sign-in", "hand-in"}, 1)
	nothing := lost
	nothing.Nothing = true
	nothing.Phones = Phones{Old: []OnPhone{{Method: ownPhone(), State: "there"}}}
	page.Open = true
	fresh := page
	fresh.Situation, fresh.Tasks, fresh.Of, fresh.Number = "new-number", tasks([]string{"place", "check"}, 0), 2, "no"
	fresh.Phones = Phones{Old: []OnPhone{{Method: ownPhone(), State: "there"}}, New: []OnPhone{{Method: Method{Kind: "phone"}, State: "missing"}}}
	freshDone := fresh
	freshDone.Tasks, freshDone.Finished = tasks([]string{"place", "check"}, 2), true
	back := page
	back.Situation = "no-phone"
	long := page
	long.Old, long.New = longName, longName
	for range 3 {
		long.Phones.Old = append(long.Phones.Old, OnPhone{Method: Method{Kind: "authenticator", Name: longName}, State: "going"}, OnPhone{Method: Method{Kind: "passkey", Model: longName}, State: "gone"})
		long.Phones.New = append(long.Phones.New, OnPhone{Method: Method{Kind: "authenticator", Name: longName}, State: "missing"})
	}
	return []Example{{"new-phone", page}, {"new-phone-begun", begun}, {"new-phone-planned", planned}, {"new-phone-done", done}, {"new-phone-lost", lost},
		{"new-phone-nothing-left", nothing}, {"new-phone-new-number", fresh}, {"new-phone-new-number-done", freshDone}, {"new-phone-no-phone", back}, {"new-phone-long", long}}
}

func setUpStates(base Base) []Example {
	m := move("new-phone", "inventory", 1)
	inventory := Inventory{Base: base, Moving: m, Items: []InventoryItem{
		{Method: ownPhone(), ID: "1", Why: "moves"}, {Method: oldApp(), ID: "2", Old: true, Why: "only-app"},
		{Method: Method{Kind: "passkey", Model: "Authenticator"}, ID: "3", Old: true, Why: "bound"},
		{Method: Method{Kind: "windows-hello", Name: "FERN-0417"}, ID: "4", Why: "computer"}}}
	alike := inventory
	alike.Items = []InventoryItem{{Method: oldApp(), ID: "1", Why: "unsure", Alike: true},
		{Method: Method{Kind: "authenticator", Name: "iPhone 13", Added: minutes(-90000)}, ID: "2", Why: "unsure", Alike: true},
		{Method: Method{Kind: "passkey", Name: longName}, ID: "3", Why: "synced"}}
	fixed, none := inventory, inventory
	fixed.Fixed, none.Items = true, nil
	m = move("new-phone", "place", 2)
	place := Place{Base: base, Moving: m, Wants: []string{"number", "method"}, NumberForm: "/contacts/mobile", Looked: minutes(-2),
		Link: "https://rekey.fernhill.example/new-phone", CanSkipNumber: true, CanSkipApp: true}
	seen := place
	seen.Wants, seen.NumberForm, seen.Seen = []string{"method"}, "", []OnPhone{{Method: ownPhone(), State: "proved", Proved: minutes(0)}}
	seen.NoNumber, seen.LookAgain = true, minutes(1)
	there := seen
	there.Wants, there.NoApp = nil, true
	day := PlanDay{Base: base, Moving: move("new-phone", "", 0), MailTo: "m••••@fernhill.example"}
	badDay := day
	badDay.Failed, badDay.Year, badDay.Month, badDay.Date, badDay.MailTo = true, "2026", "2", "30", ""
	badDay.Errors = []FieldError{{"date", "day.not-a-day", nil}}
	setDay := day
	setDay.Planned = minutes(60 * 24 * 4)
	prove := ProveNew{Base: base, Moving: move("new-phone", "prove", 3), Looked: minutes(-1), Items: []Proving{
		{Method: ownPhone(), Test: "/contacts/mobile/test", Needed: true}, {Method: newApp(), Use: true},
		{Method: Method{Kind: "office-phone", Value: "+61 • •••• ••34"}}}}
	proved := prove
	proved.Items = []Proving{{Method: ownPhone(), Proved: minutes(0)}, {Method: newApp(), Use: true, Proved: minutes(0)}}
	empty := prove
	empty.Items = nil
	return []Example{{"new-phone-inventory", inventory}, {"new-phone-inventory-alike", alike}, {"new-phone-inventory-fixed", fixed},
		{"new-phone-inventory-none", none}, {"new-phone-place", place}, {"new-phone-place-seen", seen}, {"new-phone-place-done", there},
		{"new-phone-day", day}, {"new-phone-day-wrong", badDay}, {"new-phone-day-set", setDay},
		{"new-phone-prove", prove}, {"new-phone-prove-done", proved}, {"new-phone-prove-none", empty}}
}

func checkStates(base Base) []Example {
	password := Method{Kind: "password"}
	passed := LockOutCheck{Base: base, Moving: move("new-phone", "check", 4), Passed: true, Certain: 2, Needed: 2, Ways: []WayIn{
		{Methods: []Method{password, ownPhone()}, Answer: "yes", Proved: minutes(0)}, {Methods: []Method{password, newApp()}, Answer: "yes"},
		{Methods: []Method{{Kind: "windows-hello", Name: "FERN-0417"}}, Answer: "yes", Here: true}}}
	one := passed
	one.Passed, one.Certain, one.Assumed = false, 1, true
	one.Ways = append(one.Ways[:1:1], WayIn{Methods: []Method{{Kind: "external", Name: "Fernhill Guard"}}, Answer: "cannot tell"})
	one.Add = []Remedy{{Kind: "passkey", Lasts: true}, {Kind: "alternate-phone"}}
	none := one
	none.Certain, none.Ways, none.Add = 0, nil, nil
	unproved := passed
	unproved.Passed = false
	return []Example{{"new-phone-check", passed}, {"new-phone-check-one", one}, {"new-phone-check-none", none}, {"new-phone-check-unproved", unproved}}
}

func takeOffStates(base Base) []Example {
	page := TakeOff{Base: base, Moving: move("new-phone", "take-off", 5), Goes: []Method{oldApp()}, Ways: 3, Stays: []OnPhone{
		{Method: ownPhone(), State: "proved", Proved: minutes(0)}, {Method: newApp(), State: "seen"}}}
	code := page
	code.CodeFirst = []Proving{{Method: ownPhone(), Test: "/contacts/mobile/test"}}
	nothing := page
	nothing.Moving, nothing.Nothing, nothing.Stays, nothing.Ways = move("lost", "take-off", 3), true, nil, 0
	empty := page
	empty.Goes = nil
	going := page
	going.Going = true
	going.Removals = []Removing{{Method: Method{Kind: "passkey", Model: "Authenticator"}, State: "taken", At: minutes(0)},
		{Method: oldApp(), State: "uncertain", At: minutes(0)}, {Method: ownPhone(), State: "planned"}}
	kept := page
	kept.Again, kept.Removals = true, []Removing{{Method: oldApp(), State: "default", Why: "take-off.default"},
		{Method: ownPhone(), State: "failed", Why: "take-off.alternate"}, {Method: Method{Kind: "code-app"}, State: "held", Why: "take-off.held"},
		{Method: Method{Kind: "external", Name: "Fernhill Guard"}, State: "failed", Why: "take-off.elsewhere"}}
	done := going
	done.Going, done.Goes, done.Removals = false, nil, []Removing{{Method: oldApp(), State: "taken", At: minutes(0)}}
	return []Example{{"new-phone-take-off", page}, {"new-phone-take-off-code", code}, {"new-phone-take-off-nothing", nothing}, {"new-phone-take-off-empty", empty},
		{"new-phone-take-off-going", going}, {"new-phone-take-off-kept", kept}, {"new-phone-take-off-done", done}}
}

func endStates(base Base) []Example {
	out := SignOutAll{Base: base, Moving: move("new-phone", "sign-out", 6)}
	open, failed, done := out, out, out
	open.Everywhere = Everywhere{State: "open", Asked: minutes(0)}
	failed.Everywhere = Everywhere{State: "failed", Asked: minutes(-10), Moved: minutes(0), Reason: "directory.permission"}
	done.Everywhere = Everywhere{State: "done", Asked: minutes(-1), Moved: minutes(0)}
	in := SignInOnce{Base: base, Moving: move("new-phone", "sign-in", 7), Link: "/signin?again=1&return_to=%2Fnew-phone%2Fsign-in"}
	weak, signed := in, in
	weak.Weak, weak.Failed = true, true
	signed.Signed = minutes(0)
	last := HandIn{Base: base, Moving: move("new-phone", "hand-in", 8)}
	needed, over := last, last
	needed.Needed = true
	over.Reference, over.Finished, over.SignedIn, over.SignedOut = "RK 7K4M 29QP", minutes(0), minutes(-1), minutes(-4)
	over.Taken = []Removing{{Method: oldApp(), State: "taken", At: minutes(-6)}}
	over.Stays = []OnPhone{{Method: ownPhone(), State: "proved", Proved: minutes(-20)}, {Method: newApp(), State: "seen"}}
	over.Devices = []Device{{Name: "iPhone 13", System: "iOS 17.5", Model: "iPhone14,5", Seen: time.Date(2026, time.November, 20, 8, 0, 0, 0, time.UTC)}, {Name: longName}}
	changed := over
	changed.Needed = true
	lost := over
	lost.Moving, lost.Devices = move("lost", "hand-in", 8), nil
	out2 := base
	out2.Viewer, out2.Path = nil, "/help"
	here := base
	here.Path = "/help"
	return []Example{{"new-phone-sign-out", out}, {"new-phone-sign-out-open", open}, {"new-phone-sign-out-failed", failed}, {"new-phone-sign-out-done", done},
		{"new-phone-sign-in", in}, {"new-phone-sign-in-weak", weak}, {"new-phone-sign-in-done", signed},
		{"new-phone-hand-in", last}, {"new-phone-hand-in-needed", needed}, {"new-phone-hand-in-receipt", over}, {"new-phone-hand-in-changed", changed}, {"new-phone-hand-in-lost", lost},
		{"help", Help{Base: out2}}, {"help-reset", Help{Base: out2, Reset: true}}, {"help-signed-in", Help{Base: here}}}
}
