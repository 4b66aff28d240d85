package graph_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"rekey/internal/directory"
	"rekey/internal/emulator/tenant"
	"rekey/internal/fault"
)

const priya = "priya.raman@fernhill.example" // a phone, Authenticator (the default), Windows Hello, an iPhone that is registered

// give adds a method as if at Microsoft and returns it as the client sees it.
func (w *world) give(t *testing.T, who string, m tenant.Method) directory.Method {
	t.Helper()
	added, err := w.Tenant().AddMethod(who, m)
	if err != nil {
		t.Fatal(err)
	}
	return w.method(t, who, added.ID())
}

func (w *world) method(t *testing.T, who, id string) directory.Method {
	t.Helper()
	methods, err := w.worker.Methods(t.Context(), w.person(t, who))
	i := slices.IndexFunc(methods, func(m directory.Method) bool { return m.ID == id })
	if err != nil || i < 0 {
		t.Fatalf("Methods of %s = %v, %v, want %q among them", who, methods, err, id)
	}
	return methods[i]
}

func app(name string) tenant.Method {
	return tenant.Method{"@odata.type": tenant.TypeAuthenticator, "displayName": name}
}

// defaultOf is the method that Graph keeps for a person.
func (w *world) defaultOf(t *testing.T, who string) directory.Method {
	t.Helper()
	p, _ := w.Tenant().Person(who)
	return w.method(t, who, p.DefaultMethodID)
}

func (w *world) has(t *testing.T, who, id string) bool {
	t.Helper()
	p, _ := w.Tenant().Person(who)
	_, there := p.Method(id)
	return there
}

// TestRemoveMethod: each kind goes by its own address, and what is gone is no error.
func TestRemoveMethod(t *testing.T) {
	w := newWorld(t, tenant.Switches{MethodCalls: -1}, 1000)
	for name, m := range map[string]tenant.Method{
		"Authenticator": app("iPhone 12"),
		"a passkey":     {"@odata.type": tenant.TypeFIDO2, "displayName": "iPhone 12", "aaGuid": "90a3ccdf-635c-4729-a248-9b709135078f", "passkeyType": "deviceBound"},
		"a code app":    {"@odata.type": tenant.TypeSoftwareOath},
	} {
		added := w.give(t, priya, m)
		for _, time := range []string{"at first", "again"} {
			if err := w.worker.RemoveMethod(t.Context(), w.person(t, priya), added); err != nil {
				t.Errorf("RemoveMethod of %s %s = %v, want no error", name, time, err)
			}
		}
		if w.has(t, priya, added.ID) {
			t.Errorf("%s is still there", name)
		}
	}
	hello := tenant.Method{"@odata.type": tenant.TypeWindowsHello, "displayName": "FERN-1"}
	if err := w.worker.RemoveMethod(t.Context(), w.person(t, priya), w.give(t, priya, hello)); !fault.Is(err, fault.Invalid) {
		t.Errorf("RemoveMethod of Windows Hello = %v, want invalid: it is not for this site", err)
	}
}

// TestRemoveMethod_TheDefaultStays: Graph's refusal is looked into, and told as one.
func TestRemoveMethod_TheDefaultStays(t *testing.T) {
	w := newWorld(t, tenant.Switches{MethodCalls: -1}, 1000)
	kept := w.defaultOf(t, priya)
	if err := w.worker.RemoveMethod(t.Context(), w.person(t, priya), kept); !fault.Is(err, fault.Invalid) || !w.has(t, priya, kept.ID) {
		t.Errorf("RemoveMethod of the default = %v, want invalid, and it there", err)
	}
	other := w.give(t, priya, app("iPhone 17"))
	if err := w.Tenant().SetDefault(priya, other.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.worker.RemoveMethod(t.Context(), w.person(t, priya), kept); err != nil {
		t.Errorf("RemoveMethod of what was the default = %v, want no error", err)
	}
}

func TestRemoveMethod_AVL3_ALostAnswerIsUnknown(t *testing.T) {
	w := newWorld(t, tenant.Switches{MethodCalls: -1}, 1000)
	m := w.give(t, priya, app("iPhone 12"))
	w.Tenant().Order(tenant.Fault{Part: "graph", Kind: "hangup-after", Times: 1})
	if err := w.worker.RemoveMethod(t.Context(), w.person(t, priya), m); !errors.Is(err, directory.ErrOutcomeUnknown) {
		t.Errorf("RemoveMethod with a lost answer = %v, want outcome unknown", err)
	}
	w.Tenant().Order(tenant.Fault{Part: "graph", Kind: "status", Status: 429, RetryAfter: 7, Times: 1})
	if err := w.worker.RemoveMethod(t.Context(), w.person(t, priya), m); !fault.Is(err, fault.Limited) || !fault.As(err).Until.After(w.clock.Now()) {
		t.Errorf("RemoveMethod while Graph asks to wait = %v, want limited with a time", err)
	}
	w.clock.Advance(time.Minute)
	if err := w.web.RemoveMethod(t.Context(), w.person(t, priya), w.method(t, priya, w.defaultOf(t, priya).ID)); !fault.Is(err, fault.Forbidden) {
		t.Errorf("RemoveMethod by the web's registration = %v, want forbidden", err)
	}
}

// TestLastUsed: exactly the method that was used has a time, and none where Graph fills none.
func TestLastUsed(t *testing.T) {
	for _, tt := range []struct {
		name   string
		silent bool
		want   int
	}{{"as the beta shows it", false, 1}, {"where nothing fills it", true, 0}} {
		w := newWorld(t, tenant.Switches{MethodCalls: -1, NoLastUsed: tt.silent}, 1000)
		id := w.defaultOf(t, priya).ID
		if err := w.Tenant().MarkUsed(priya, id); err != nil {
			t.Fatal(err)
		}
		used, err := w.web.LastUsed(t.Context(), w.person(t, priya))
		if err != nil || len(used) != tt.want || tt.want == 1 && w.clock.Now().Sub(used[id]).Abs() > time.Minute {
			t.Errorf("%s: LastUsed = %v, %v, want %d, of %s", tt.name, used, err, tt.want, id)
		}
	}
}

// TestLastUsed_AVL2_UglyAnswers: nobody says is an error, never a proof; and the call counts
// against the tenant's budget.
func TestLastUsed_AVL2_UglyAnswers(t *testing.T) {
	w := newWorld(t, tenant.Switches{MethodCalls: -1}, 1000)
	for status, kind := range map[int]fault.Kind{403: fault.Forbidden, 404: fault.NotFound, 429: fault.Limited, 503: fault.Unavailable} {
		w.Tenant().Order(tenant.Fault{Part: "graph", Kind: "status", Status: status, Times: 1})
		if used, err := w.web.LastUsed(t.Context(), w.person(t, priya)); !fault.Is(err, kind) || len(used) != 0 {
			t.Errorf("LastUsed of a %d = %v, %v, want %s", status, used, err, kind)
		}
		w.clock.Advance(time.Hour) // a 429 keeps the whole budget back for a while
	}
	small := newWorld(t, tenant.Switches{MethodCalls: -1}, 1)
	if _, err := small.web.LastUsed(t.Context(), small.person(t, priya)); err != nil {
		t.Fatal(err)
	}
	if _, err := small.web.LastUsed(t.Context(), small.person(t, priya)); !fault.Is(err, fault.Limited) {
		t.Errorf("LastUsed beyond the budget = %v, want limited", err)
	}
}

func TestDevices(t *testing.T) {
	w := newWorld(t, tenant.Switches{}, 5)
	devices, err := w.web.Devices(t.Context(), w.person(t, priya))
	if err != nil || len(devices) != 2 {
		t.Fatalf("Devices = %v, %v, want two", devices, err)
	}
	if d := devices[1]; d.Name != "iPhone 13" || d.System != "iOS" || d.SystemVersion != "17.5.1" || d.Trust != "Workplace" || !d.Enabled || !d.Phone() {
		t.Errorf("Devices[1] = %+v, want the iPhone", d)
	}
	if devices[0].Phone() {
		t.Errorf("%+v looks like a phone", devices[0])
	}
}
