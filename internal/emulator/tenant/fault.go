package tenant

import "slices"

// Fault is something that goes wrong by order.
type Fault struct {
	// Part is graph, entra, sms or mail.
	Part string
	// Kind is status, hangup-after, delay or lag.
	Kind string
	// Status is what kind status answers; RetryAfter goes with it, in seconds, 0 for none.
	Status     int
	RetryAfter int
	// Seconds is the length of a delay (real time) or of a lag (the tenant's clock).
	Seconds float64
	// Times is for how many requests; 0 is until the faults are cleared.
	Times int
}

type ordered struct {
	Fault
	endless bool
}

// Order adds a fault to those that wait.
func (t *Tenant) Order(f Fault) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults = append(t.faults, &ordered{f, f.Times == 0})
}

// Clear takes back every fault that was ordered.
func (t *Tenant) Clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults = nil
}

// Take returns the faults that befall a request to a part, at most one of each kind, and
// counts them: the oldest orders first. A hang-up and a lag wait for a write; a request
// that is answered with a status does nothing, so it uses up neither.
func (t *Tenant) Take(part string, write bool) []Fault {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := []Fault{}
	for _, kind := range []string{"delay", "status", "hangup-after", "lag"} {
		forWrites := kind == "hangup-after" || kind == "lag"
		if forWrites && (!write || slices.ContainsFunc(out, func(f Fault) bool { return f.Kind == "status" })) {
			continue
		}
		if f, ok := t.take(part, kind); ok {
			out = append(out, f)
		}
	}
	return out
}

func (t *Tenant) take(part, kind string) (Fault, bool) {
	i := slices.IndexFunc(t.faults, func(o *ordered) bool { return o.Part == part && o.Kind == kind })
	if i < 0 {
		return Fault{}, false
	}
	f := t.faults[i]
	if f.endless {
		return f.Fault, true
	}
	if f.Times--; f.Times == 0 {
		t.faults = slices.Delete(t.faults, i, i+1)
	}
	return f.Fault, true
}
