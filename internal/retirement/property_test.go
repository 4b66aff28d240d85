package retirement_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rekey/internal/audit"
	"rekey/internal/clock"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/job"
	"rekey/internal/notice"
	"rekey/internal/retirement"
)

// TestRetirement_OLD2_NeverLockedOut drives the journey with random methods, policies,
// situations and answers (wrong ones too), failures of the directory at any call, and
// processes that die in the middle of a removal.
func TestRetirement_OLD2_NeverLockedOut(t *testing.T) {
	for round := range 20 { // two thousand ways to go; each a fraction of a millisecond
		t.Run(fmt.Sprint(round), func(t *testing.T) { rapid.Check(t, anyWay) })
	}
}

func anyWay(t *rapid.T) {
	w := newWorld(t)
	t.Repeat(map[string]func(*rapid.T){
		"":          w.invariants,
		"go on":     w.goOn,
		"answer":    w.answer,
		"mind":      w.otherMind,
		"inventory": w.inventory,
		"register":  w.register,
		"prove":     w.prove,
		"confirm":   w.confirm,
		"again":     w.again,
		"work":      w.work,
		"sign out":  w.signOut,
		"sign in":   w.signIn,
		"finish":    w.finish,
		"elsewhere": w.elsewhere,
		"wait":      w.wait,
	})
}

type world struct {
	r       retirement.Retirement
	now     time.Time
	methods []directory.Method
	policy  directory.Policy
	setting directory.Setting
	proofs  []retirement.Proof
	jobs    []job.Job
	trouble func(call string) error // of the directory, at a call
	taker   *retirement.Taker
	removed []directory.Method // by the journey
	events  []audit.Event
	told    int                  // notices
	left    map[string]time.Time // when something was last seen to go from the account, by key
	typed   time.Time            // when credentials were last typed
	t       *rapid.T
	n       int
}

func newWorld(t *rapid.T) *world {
	w := &world{t: t, now: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), left: map[string]time.Time{}, trouble: func(string) error { return nil }}
	if rapid.Bool().Draw(t, "after the end of delivery") {
		w.now = directory.DeliveryEnds().Add(time.Hour)
	}
	w.setting = directory.Setting{Now: w.now, Telephony: rapid.Bool().Draw(t, "telephony"), Federated: rapid.IntRange(0, 9).Draw(t, "federated") == 0,
		Strength: rapid.SampledFrom([]directory.Strength{directory.SecondFactor, directory.SecondFactor, directory.PhishingResistant, directory.OneFactor}).Draw(t, "strength")}
	w.policy.Known = rapid.Bool().Draw(t, "policy known")
	w.policy.Rules = map[directory.Rule]directory.State{}
	for _, rule := range []directory.Rule{directory.RuleText, directory.RuleCall, directory.RulePasskey, directory.RuleAuthenticator, directory.RuleCodeApp} {
		w.policy.Rules[rule] = rapid.SampledFrom([]directory.State{directory.On, directory.On, directory.On, directory.Off, directory.Some}).Draw(t, string(rule))
	}
	w.methods = []directory.Method{{ID: "password", Kind: directory.Password}}
	for range rapid.IntRange(0, 5).Draw(t, "methods") {
		w.register(t)
	}
	w.r = retirement.Retirement{ID: "r", Started: w.now, Situation: rapid.SampledFrom([]retirement.Situation{
		retirement.NewPhone, retirement.NewPhone, retirement.NoPhone, retirement.Lost, retirement.NewNumber}).Draw(t, "situation")}
	w.taker = &retirement.Taker{Store: w, Reader: w, Remover: w, Jobs: w, Audit: w, Clock: clock.Func(func() time.Time { return w.now }),
		Facts: func(_ context.Context, _ retirement.Retirement, s directory.Snapshot) (retirement.Facts, error) {
			return w.facts(s.Methods), w.trouble("facts")
		},
		Lagging: func(context.Context, directory.PersonID, directory.Snapshot) (bool, error) {
			return false, w.trouble("lagging")
		},
		Snapshots: w, Notices: w, Never: func(directory.PersonID) bool { return false }, NewID: w.id, Log: slog.New(slog.DiscardHandler)}
	return w
}

func (w *world) id() string { w.n++; return fmt.Sprint("id-", w.n) }

func (w *world) facts(methods []directory.Method) retirement.Facts {
	w.setting.Now = w.now
	return retirement.Facts{Methods: slices.Clone(methods), At: w.now, Policy: w.policy, Setting: w.setting, Proofs: w.proofs}
}

func (w *world) certain() int {
	w.setting.Now = w.now
	return directory.WaysIn(w.methods, w.policy, w.setting, nil).Certain()
}

// register adds a method as if at Microsoft, or changes the number by a change here.
func (w *world) register(t *rapid.T) {
	kind := rapid.SampledFrom([]directory.Kind{directory.Phone, directory.AlternatePhone, directory.Authenticator, directory.Authenticator,
		directory.Passkey, directory.CodeApp, directory.WindowsHello, directory.HardwareToken, directory.Unknown, directory.Email}).Draw(t, "kind")
	m := directory.Method{ID: w.id(), Kind: kind}
	if kind == directory.Passkey {
		m.Holder = rapid.SampledFrom([]directory.Holder{directory.HeldByPhone, directory.HeldBySync, directory.HeldByKey, directory.HeldByComputer, ""}).Draw(t, "home")
	}
	if kind == directory.Phone || kind == directory.AlternatePhone {
		m.ID, m.Value = "the "+string(kind), m.ID
		w.leave(func(x directory.Method) bool { return x.Kind == kind })
	}
	w.methods = append(w.methods, m)
	w.pass(t)
}

// leave takes methods off the account, and remembers when.
func (w *world) leave(which func(directory.Method) bool) {
	w.methods = slices.DeleteFunc(w.methods, func(m directory.Method) bool {
		if which(m) {
			w.left[key(m)] = w.now
		}
		return which(m)
	})
}

func key(m directory.Method) string { return m.ID + " " + m.Value }

// elsewhere removes a method at Microsoft.
func (w *world) elsewhere(t *rapid.T) {
	m := rapid.SampledFrom(w.methods).Draw(t, "removed elsewhere")
	if m.Kind != directory.Password {
		w.leave(func(x directory.Method) bool { return x == m })
	}
	w.pass(t)
}

func (w *world) pass(t *rapid.T) {
	w.now = w.now.Add(time.Duration(rapid.IntRange(1, 100_000).Draw(t, "seconds")) * time.Second)
}

// goOn does what the list asks for, as a careful person would: chance alone seldom gets to
// the end of eight tasks.
func (w *world) goOn(t *rapid.T) {
	next, _ := retirement.Next(w.r, w.facts(w.methods))
	switch next {
	case retirement.Inventory:
		w.answer(t)
		w.inventory(t)
	case retirement.Place, retirement.CheckTask:
		w.register(t)
		w.prove(t)
	case retirement.Prove:
		for _, m := range retirement.Unproved(w.r, w.facts(w.methods)) {
			w.pass(t)
			w.proofs = append(w.proofs, retirement.Proof{Method: m, At: w.now})
		}
	case retirement.TakeOff:
		w.confirm(t)
		for range 2 * len(w.r.Removals) {
			w.work(t)
		}
		w.again(t)
	case retirement.SignOut:
		w.signOut(t)
	case retirement.SignIn:
		w.signIn(t)
	case retirement.HandIn:
		w.finish(t)
	}
}

func (w *world) wait(t *rapid.T) { w.pass(t) }

func (w *world) answer(t *rapid.T) {
	if w.r.Confirmed.IsZero() {
		w.r.Moves = rapid.SampledFrom([]retirement.Reply{retirement.Yes, retirement.No}).Draw(t, "moves")
		w.r.NoNumber = rapid.Bool().Draw(t, "no number")
	}
}

// otherMind answers the first question anew: the phone is lost meanwhile, or was found.
func (w *world) otherMind(t *rapid.T) {
	s := rapid.SampledFrom([]retirement.Situation{retirement.NewPhone, retirement.NoPhone, retirement.Lost, retirement.NewNumber}).Draw(t, "other situation")
	if r, err := w.r.Becomes(s, w.now, slices.Clone(w.methods)); err == nil {
		w.r = r
	}
}

func (w *world) inventory(t *rapid.T) {
	var old []string
	for _, i := range retirement.Guess(w.methods, w.r.Situation, w.r.Moves) {
		if i.Old != (rapid.IntRange(0, 3).Draw(t, "differs") == 0) {
			old = append(old, i.Method.ID)
		}
	}
	if r, err := w.r.Take(w.now, slices.Clone(w.methods), old); err == nil {
		w.r = r
	}
	w.pass(t)
}

func (w *world) prove(t *rapid.T) {
	w.pass(t)
	m := rapid.SampledFrom(w.methods).Draw(t, "proved")
	w.proofs = append(w.proofs, retirement.Proof{Method: m, At: w.now})
}

func (w *world) confirm(t *rapid.T) {
	r, err := w.r.Confirm(w.now, w.facts(w.methods))
	if err != nil {
		return
	}
	w.r = r
	w.jobs = []job.Job{{ID: "j", Subject: "r"}}
}

func (w *world) again(t *rapid.T) {
	if r, err := w.r.Again(w.now, w.facts(w.methods)); err == nil {
		w.r = r
		w.jobs = []job.Job{{ID: "j", Subject: "r"}}
	}
}

// work runs the job once, with trouble at one of the directory's calls.
func (w *world) work(t *rapid.T) {
	if len(w.jobs) == 0 {
		return
	}
	at := rapid.SampledFrom([]string{"", "", "", "account", "methods", "facts", "lagging", "refused", "default", "after", "crash before", "crash after"}).Draw(t, "trouble")
	w.trouble = func(call string) error {
		if call == at {
			return fault.New(fault.Unavailable, "graph.down")
		}
		return nil
	}
	func() {
		defer func() {
			if p := recover(); p != nil && p != any(crash) {
				panic(p)
			}
		}()
		_ = w.taker.Take(context.Background(), w.jobs[0])
	}()
	w.trouble = func(string) error { return nil }
}

const crash = "the process died"

func (w *world) signOut(t *rapid.T) {
	if retirement.Reached(w.r, w.facts(w.methods), retirement.SignOut) {
		w.r = w.r.Clears(w.now, w.facts(w.methods))
		w.pass(t)
		w.r = w.r.SignedOut(w.now)
	}
	w.pass(t)
}

func (w *world) signIn(t *rapid.T) {
	if !rapid.Bool().Draw(t, "silent") { // else with what was typed before
		w.typed = w.now
	}
	w.r = w.r.Saw(w.typed, rapid.Bool().Draw(t, "strong"), w.facts(w.methods))
	w.pass(t)
}

func (w *world) finish(t *rapid.T) {
	if r, err := w.r.Finish(w.now, w.facts(w.methods), "RK 0000 0000"); err == nil {
		w.r = r
	}
}

// invariants look at the account itself, not at what the journey says of it.
func (w *world) invariants(t *rapid.T) {
	if !retirement.NoLongerNeeded(w.r, w.facts(w.methods)) {
		return
	}
	ways := directory.WaysIn(w.methods, w.policy, w.setting, func(m directory.Method) bool {
		return slices.ContainsFunc(w.r.Items, func(i retirement.Item) bool { return i.Old && i.Method == m })
	})
	proved := 0
	for _, way := range ways.In {
		last := way.Methods[len(way.Methods)-1]
		if way.Answer == directory.Yes && slices.ContainsFunc(w.proofs, func(p retirement.Proof) bool { return p.Method == last && p.At.After(w.r.Inventoried) }) {
			proved++
		}
	}
	for _, m := range w.removed {
		if !slices.ContainsFunc(w.r.Removals, func(x retirement.Removal) bool { return x.Method == m && x.State == retirement.Taken }) {
			t.Fatalf("%s was taken off, and the row does not know: nobody was told", m.Kind)
		}
	}
	if w.told < len(w.removed) {
		t.Fatalf("%d methods were taken off, and %d notices told of it (NOT-1)", len(w.removed), w.told)
	}
	if ways.Certain() < 2 || proved < 1 {
		t.Fatalf("no longer needed with %d ways in, %d of them proved, want 2 and 1", ways.Certain(), proved)
	}
	for _, i := range w.r.Items {
		if i.Old && slices.Contains(w.methods, i.Method) {
			t.Fatalf("no longer needed while %s of it is on the account", i.Method.Kind)
		}
		if left := w.left[key(i.Method)]; i.Old && (!w.r.SignedIn.After(left) || w.r.Revoked.Before(left)) {
			t.Fatalf("no longer needed, and %s could still have answered: it left at %v, sessions ended at %v, signed in at %v", i.Method.Kind, left, w.r.Revoked, w.r.SignedIn)
		}
	}
}

// The fakes: a row, a queue, a directory and a log.

func (w *world) InTx(ctx context.Context, f func(context.Context) error) error {
	row, jobs := w.copyOf(), slices.Clone(w.jobs)
	err := f(ctx)
	if err != nil {
		w.r, w.jobs = row, jobs
	}
	return err
}

func (w *world) copyOf() retirement.Retirement {
	r := w.r
	r.Removals = slices.Clone(r.Removals)
	return r
}

func (w *world) AddRetirement(context.Context, retirement.Retirement) error { return nil }
func (w *world) Retirement(context.Context, directory.PersonID) (retirement.Retirement, error) {
	return w.copyOf(), nil
}
func (w *world) RetirementByID(context.Context, string) (retirement.Retirement, error) {
	return w.copyOf(), nil
}

func (w *world) SaveRetirement(_ context.Context, r retirement.Retirement) (bool, error) {
	if r.Version != w.r.Version {
		return false, nil
	}
	r.Removals = slices.Clone(r.Removals)
	r.Version++
	w.r = r
	return true, nil
}

func (w *world) Account(context.Context, directory.PersonID) (directory.Account, error) {
	return directory.Account{Enabled: true}, w.trouble("account")
}

func (w *world) Methods(context.Context, directory.PersonID) ([]directory.Method, error) {
	return slices.Clone(w.methods), w.trouble("methods")
}

// RemoveMethod removes, and looks whether the person is still let in.
func (w *world) RemoveMethod(_ context.Context, _ directory.PersonID, m directory.Method) error {
	if w.trouble("crash before") != nil {
		panic(crash)
	}
	if w.trouble("refused") != nil {
		return fault.New(fault.Forbidden, "graph.refused")
	}
	if w.trouble("default") != nil {
		return fault.New(fault.Invalid, "directory.refused")
	}
	if n := len(w.events); n == 0 || w.events[n-1].Action != audit.MethodRemove || w.events[n-1].Outcome != audit.Intent {
		w.t.Fatal("a method is taken off without its intent in the log (AUD-2)")
	}
	before := w.certain()
	if slices.Contains(w.methods, m) {
		w.removed = append(w.removed, m)
	}
	w.leave(func(x directory.Method) bool { return x.ID == m.ID })
	if after := w.certain(); before > 0 && after == 0 {
		w.t.Fatalf("%s (%s) was taken off, and %d ways in became none", m.Kind, w.r.Situation, before)
	}
	if w.trouble("crash after") != nil {
		panic(crash)
	}
	if w.trouble("after") != nil {
		return directory.ErrOutcomeUnknown
	}
	return nil
}

func (w *world) Snapshot(context.Context, directory.PersonID) (directory.Snapshot, error) {
	return directory.Snapshot{}, directory.ErrNoSnapshot
}
func (w *world) SaveSnapshot(context.Context, directory.PersonID, directory.Snapshot) error {
	return nil
}
func (w *world) Tell(context.Context, notice.Event) error { w.told++; return nil }
func (w *world) Add(context.Context, job.Job) error       { return nil }
func (w *world) Take(context.Context, []job.Kind, time.Time, time.Time) (job.Job, bool, error) {
	return job.Job{}, false, nil
}
func (w *world) Holds(context.Context, job.Job, time.Time) error { return nil }
func (w *world) Done(context.Context, job.Job) error             { w.jobs = nil; return nil }
func (w *world) Retry(context.Context, job.Job, time.Time) error { return nil }
func (w *world) NextDue(context.Context, []job.Kind) (time.Time, bool, error) {
	return time.Time{}, false, errors.ErrUnsupported
}
func (w *world) FreeLeases(context.Context) error { return nil }
func (w *world) Append(_ context.Context, e audit.Event) error {
	w.events = append(w.events, e)
	return nil
}
