package retirement_test

import (
	"slices"
	"testing"
	"time"

	"rekey/internal/directory"
	"rekey/internal/retirement"
)

func start() time.Time { return time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC) }

func number(v string) directory.Method {
	return directory.Method{ID: "n", Kind: directory.Phone, Value: v}
}

func app(id, name string) directory.Method {
	return directory.Method{ID: id, Kind: directory.Authenticator, Name: name}
}

// allowed is a tenant in which everything may be used, and a time at which texts arrive.
func allowed(methods []directory.Method, proofs ...retirement.Proof) retirement.Facts {
	return retirement.Facts{Methods: methods, At: start().Add(24 * time.Hour), Proofs: proofs,
		Setting: directory.Setting{Now: start(), Strength: directory.SecondFactor}}
}

func TestGuess_SaysWhyAndIsNeverInDoubt(t *testing.T) {
	pass := directory.Method{ID: "p", Kind: directory.Passkey}
	held := func(by directory.Holder) directory.Method { m := pass; m.Holder = by; return m }
	tests := []struct {
		name    string
		methods []directory.Method
		moves   retirement.Reply
		want    bool
		why     retirement.Reason
	}{
		{"a number that ends", []directory.Method{number("+1")}, retirement.No, true, retirement.ReasonNumber},
		{"a number that moves", []directory.Method{number("+1")}, retirement.Yes, false, retirement.ReasonMoves},
		{"an alternate phone", []directory.Method{{ID: "a", Kind: directory.AlternatePhone}}, retirement.No, false, retirement.ReasonOther},
		{"the only app", []directory.Method{app("1", "iPhone")}, retirement.No, true, retirement.ReasonOnlyApp},
		{"one of two apps", []directory.Method{app("1", "iPhone"), app("2", "iPhone")}, retirement.No, false, retirement.ReasonUnsure},
		{"a passkey of the phone", []directory.Method{held(directory.HeldByPhone)}, retirement.No, true, retirement.ReasonBound},
		{"a synced passkey", []directory.Method{held(directory.HeldBySync)}, retirement.No, false, retirement.ReasonSynced},
		{"a security key", []directory.Method{held(directory.HeldByKey)}, retirement.No, false, retirement.ReasonKey},
		{"a computer's passkey", []directory.Method{held(directory.HeldByComputer)}, retirement.No, false, retirement.ReasonComputer},
		{"a passkey of nobody knows what", []directory.Method{pass}, retirement.No, false, retirement.ReasonUnsure},
		{"a passkey with the name of the only app", []directory.Method{{ID: "p", Kind: directory.Passkey, Name: "iPhone "}, app("1", "iPhone")}, retirement.No, true, retirement.ReasonNamed},
		{"a passkey with the name of two apps", []directory.Method{{ID: "p", Kind: directory.Passkey, Name: "iPhone"}, app("1", "iPhone"), app("2", "iPhone")}, retirement.No, false, retirement.ReasonUnsure},
		{"Windows Hello", []directory.Method{{ID: "w", Kind: directory.WindowsHello}}, retirement.No, false, retirement.ReasonComputer},
		{"a code app", []directory.Method{{ID: "c", Kind: directory.CodeApp}}, retirement.No, true, retirement.ReasonCodeApp},
		{"an unknown kind", []directory.Method{{ID: "u", Kind: directory.Unknown}}, retirement.No, false, retirement.ReasonCannotSay},
	}
	for _, tt := range tests {
		if got := retirement.Guess(tt.methods, retirement.NewPhone, tt.moves); got[0].Old != tt.want || got[0].Why != tt.why {
			t.Errorf("Guess of %s = %v because %q, want %v because %q", tt.name, got[0].Old, got[0].Why, tt.want, tt.why)
		}
	}
	if got := retirement.Guess([]directory.Method{{ID: "x", Kind: directory.Password}, {ID: "e", Kind: directory.Email}}, retirement.Lost, retirement.Unasked); len(got) != 0 {
		t.Errorf("Guess of a password and an email = %v, want nothing: neither lives on a phone", got)
	}
}

// moved is a move whose inventory was taken: the app "old" lives on the old phone.
func moved(t *testing.T, s retirement.Situation, methods []directory.Method, old ...string) retirement.Retirement {
	t.Helper()
	r := retirement.Begin("r", directory.PersonID{}, s, start(), methods)
	if s == retirement.NewPhone {
		var err error
		if r, err = r.Answer(retirement.Yes); err != nil {
			t.Fatal(err)
		}
	}
	r, err := r.Take(start().Add(time.Minute), methods, old)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestFacts_OLD2_AProofFromBeforeSaysNothing(t *testing.T) {
	methods := []directory.Method{{ID: "pw", Kind: directory.Password}, number("+1"), app("old", "iPhone 13"), app("new", "iPhone 17")}
	r := moved(t, retirement.NewPhone, methods[:3], "old")
	for _, tt := range []struct {
		name  string
		proof retirement.Proof
		want  bool
	}{
		{"the number, since", retirement.Proof{Method: methods[1], At: start().Add(time.Hour)}, true},
		{"the number, before the inventory", retirement.Proof{Method: methods[1], At: start()}, false},
		{"another number", retirement.Proof{Method: number("+2"), At: start().Add(time.Hour)}, false},
		{"the old app", retirement.Proof{Method: methods[2], At: start().Add(time.Hour)}, false},
		{"the new app", retirement.Proof{Method: methods[3], At: start().Add(time.Hour)}, true},
	} {
		if got := retirement.LockOut(r, allowed(methods, tt.proof)).Passed(); got != tt.want {
			t.Errorf("the check, with a proof of %s, passes = %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestSawUse_OLD2_TheOldPhoneProvesNothing(t *testing.T) {
	methods := []directory.Method{app("old", "iPhone 13"), app("new", "iPhone 17"), number("+1")}
	r := moved(t, retirement.NewPhone, methods[:1], "old")
	late := start().Add(time.Hour)
	r = r.SawUse(methods, map[string]time.Time{"old": late, "n": late})
	if len(r.Used) != 0 {
		t.Errorf("Used = %v, want nothing: the old app answered, and a number is proved by codes alone", r.Used)
	}
	if r = r.SawUse(methods, map[string]time.Time{"new": start()}); len(r.Used) != 0 {
		t.Errorf("Used = %v, want nothing from before the inventory", r.Used)
	}
	if r = r.SawUse(methods, map[string]time.Time{"new": late}); len(r.Used) != 1 || r.Used[0].Method.ID != "new" {
		t.Errorf("Used = %v, want the new app", r.Used)
	}
}

func TestTasks_TheOrderOfEachSituation(t *testing.T) {
	for s, want := range map[retirement.Situation][]retirement.TaskName{
		retirement.NewPhone:  {"inventory", "place", "prove", "check", "take-off", "sign-out", "sign-in", "hand-in"},
		retirement.NoPhone:   {"inventory", "place", "prove", "check", "take-off", "sign-out", "sign-in", "hand-in"},
		retirement.Lost:      {"inventory", "sign-out", "take-off", "place", "prove", "check", "sign-in", "hand-in"},
		retirement.NewNumber: {"place", "check"},
	} {
		var got []retirement.TaskName
		for _, task := range retirement.Tasks(retirement.Begin("r", directory.PersonID{}, s, start(), nil), allowed(nil)) {
			got = append(got, task.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("Tasks of %s = %v, want %v", s, got, want)
		}
	}
}

// TestBecomes_OLD1: another answer asks what follows anew, until something was taken off;
// then only a loss changes anything.
func TestBecomes_OLD1(t *testing.T) {
	methods := []directory.Method{{ID: "pw", Kind: directory.Password}, number("+1"), app("old", "iPhone 13"), app("new", "iPhone 17")}
	r := moved(t, retirement.NewPhone, methods[:3], "old")
	if other, err := r.Becomes(retirement.Lost, start(), methods); err != nil || !other.Inventoried.IsZero() || other.Moves != retirement.Unasked {
		t.Errorf("Becomes(lost) = %+v, %v, want the questions open again", other, err)
	}
	r, err := r.Confirm(start().Add(2*time.Hour), allowed(methods, retirement.Proof{Method: methods[1], At: start().Add(time.Hour)}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Becomes(retirement.NoPhone, start(), methods); err == nil {
		t.Error("Becomes(no-phone) while it is taken off: no error")
	}
	if _, err := r.Take(start(), methods, nil); err == nil {
		t.Error("Take while it is taken off: no error")
	}
	if lost, err := r.Becomes(retirement.Lost, start(), methods); err != nil || len(lost.OldItems()) != 1 {
		t.Errorf("Becomes(lost) while it is taken off = %v, %v, want what was said of the phone kept", lost.OldItems(), err)
	}
}

// TestAgain_OLD1_NothingUnclearIsForgotten: what may have been taken off stays noted until
// somebody knows, so that people are told.
func TestAgain_OLD1_NothingUnclearIsForgotten(t *testing.T) {
	methods := []directory.Method{{ID: "pw", Kind: directory.Password}, number("+1"), app("old", "iPhone 13"), app("new", "iPhone 17")}
	r := moved(t, retirement.NewPhone, methods[:3], "old")
	f := allowed(methods, retirement.Proof{Method: methods[1], At: start().Add(time.Hour)})
	r, err := r.Confirm(start().Add(2*time.Hour), f)
	if err != nil {
		t.Fatal(err)
	}
	r.Removals[0].State = retirement.Uncertain
	if !r.OnItsWay(start().Add(2*time.Hour)) || r.OnItsWay(start().Add(3*time.Hour)) {
		t.Error("on its way = no at once, or yes an hour later")
	}
	if _, err := r.Again(start().Add(2*time.Hour), f); err == nil {
		t.Error("Again while it is on its way: no error")
	}
	gone := allowed([]directory.Method{methods[0], methods[1], methods[3]}, f.Proofs...)
	r, err = r.Again(start().Add(3*time.Hour), gone)
	if err != nil || len(r.Removals) != 1 || r.Removals[0].State != retirement.Uncertain {
		t.Errorf("Again = %+v, %v, want what is unclear kept", r.Removals, err)
	}
	if next, _ := retirement.Next(r, gone); next != retirement.TakeOff {
		t.Errorf("the list asks for %q, want the taking off to be over first", next)
	}
}

// TestPlan_DefaultsLast: Graph keeps the default while others are there.
func TestPlan_DefaultsLast(t *testing.T) {
	methods := []directory.Method{number("+1"), app("a", ""), {ID: "k", Kind: directory.Passkey}, {ID: "c", Kind: directory.CodeApp}}
	r := moved(t, retirement.NoPhone, methods, "n", "a", "k", "c")
	var got []directory.Kind
	for _, x := range retirement.Plan(r, allowed(methods), start()) {
		got = append(got, x.Method.Kind)
	}
	if want := []directory.Kind{directory.Passkey, directory.CodeApp, directory.Authenticator, directory.Phone}; !slices.Equal(got, want) {
		t.Errorf("Plan = %v, want %v", got, want)
	}
}

// TestSaw_OLD2_OnlyAStrongSignInAfterAll: whatever came before could have been the old
// phone.
func TestSaw_OLD2_OnlyAStrongSignInAfterAll(t *testing.T) {
	methods := []directory.Method{number("+1")}
	r := moved(t, retirement.NewPhone, append(methods, app("old", "")), "old")
	out := start().Add(time.Hour)
	r = r.Clears(out, allowed(methods))
	for _, tt := range []struct {
		name   string
		r      retirement.Retirement
		typed  time.Time
		strong bool
		f      retirement.Facts
		want   bool
	}{
		{"after all, strong", r.SignedOut(out), out.Add(time.Minute), true, allowed(methods), true},
		{"weak", r.SignedOut(out), out.Add(time.Minute), false, allowed(methods), false},
		{"before the sign-out", r.SignedOut(out), out.Add(-time.Minute), true, allowed(methods), false},
		{"at the same moment", r.SignedOut(out), out, true, allowed(methods), false},
		{"nobody signed out", r, out.Add(time.Minute), true, allowed(methods), false},
		{"the old one is still there", r.SignedOut(out), out.Add(time.Minute), true, allowed(append(methods, app("old", ""))), false},
	} {
		if got := !tt.r.Saw(tt.typed, tt.strong, tt.f).SignedIn.IsZero(); got != tt.want {
			t.Errorf("Saw(%s) counts = %v, want %v", tt.name, got, tt.want)
		}
	}
}

// TestNoLongerNeeded_OLD2_NothingFromBefore: neither a sign-out nor a sign-in from before the
// last old method was gone counts, wherever it was removed, and no change of the situation
// makes them count.
func TestNoLongerNeeded_OLD2_NothingFromBefore(t *testing.T) {
	old, left := app("old", "iPhone 13"), []directory.Method{{ID: "pw", Kind: directory.Password}, number("+1"), app("new", "iPhone 17")}
	all := append(slices.Clone(left), old)
	proof := retirement.Proof{Method: left[1], At: start().Add(time.Hour)}
	at := func(minutes int) time.Time { return start().Add(2*time.Hour + time.Duration(minutes)*time.Minute) }
	for _, s := range []retirement.Situation{retirement.NewPhone, retirement.Lost, retirement.NoPhone} {
		r := moved(t, s, all, "old")
		early := r.SignedOut(at(2)).Saw(at(3), true, allowed(all, proof)) // the old one still answers
		early = early.Saw(at(3), true, allowed(left, proof))              // removed at Microsoft since: typed before
		if retirement.NoLongerNeeded(early, allowed(left, proof)) {
			t.Errorf("%s: said after a sign-out and a sign-in from before the removal", s)
		}
		for _, other := range []retirement.Situation{retirement.Lost, retirement.NoPhone} {
			if r, err := early.Becomes(other, at(9), all); err == nil && retirement.NoLongerNeeded(r, allowed(left, proof)) {
				t.Errorf("%s became %s: said without a sign-out after the removal", s, other)
			}
		}
		late := early.Clears(at(10), allowed(left, proof)).SignedOut(at(11)).Saw(at(12), true, allowed(left, proof))
		if !retirement.NoLongerNeeded(late, allowed(left, proof)) {
			t.Errorf("%s: not said after all was done in its order", s)
		}
	}
}

// TestMayRemove_CHG1_ByWhatWasConfirmed: saying that the phone is lost, in any session, does
// not weaken what was confirmed.
func TestMayRemove_CHG1_ByWhatWasConfirmed(t *testing.T) {
	methods := []directory.Method{{ID: "pw", Kind: directory.Password}, number("+1"), app("old", "iPhone 13"), app("new", "iPhone 17")}
	r := moved(t, retirement.NewPhone, methods, "old")
	proved := allowed(methods, retirement.Proof{Method: methods[1], At: start().Add(time.Hour)})
	r, err := r.Confirm(start().Add(2*time.Hour), proved)
	if err != nil {
		t.Fatal(err)
	}
	if r, err = r.Becomes(retirement.Lost, start().Add(3*time.Hour), methods); err != nil {
		t.Fatal(err)
	}
	if unproved := allowed(methods); retirement.MayRemove(r, unproved, methods[2]) {
		t.Error("MayRemove by the rule of a lost phone, which nobody confirmed")
	}
	if !retirement.MayRemove(r, proved, methods[2]) {
		t.Error("MayRemove refuses what was confirmed")
	}
}
