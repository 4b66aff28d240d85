package emulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"rekey/internal/emulator/tenant"
)

// addMethod gives a person a method, as if registered at Microsoft.
func (e *Emulator) addMethod(w http.ResponseWriter, r *http.Request) {
	var m tenant.Method
	if !read(w, r, &m) {
		return
	}
	added, err := e.tenant.AddMethod(r.PathValue("person"), m)
	if err != nil {
		e.failWith(w, err)
		return
	}
	reply(w, http.StatusCreated, added)
}

// setHandset takes a handset away or brings it back. The number may be written without its
// plus sign.
func (e *Emulator) setHandset(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Working *bool `json:"working"`
	}
	if !read(w, r, &in) {
		return
	}
	if in.Working == nil {
		fail(w, http.StatusBadRequest, `The object needs "working", true or false.`)
		return
	}
	number := r.PathValue("number")
	if plus := "+" + strings.TrimSpace(number); tenant.E164(plus) != "" {
		number = plus
	}
	if err := e.tenant.SetHandset(number, *in.Working); err != nil {
		e.failWith(w, err)
		return
	}
	h, _ := e.tenant.Handset(number)
	if h.Number == "" {
		h = tenant.Handset{Name: number, Working: *in.Working}
	}
	reply(w, http.StatusOK, h)
}

// faultOrder is the body of an order; pointers tell what was left out.
type faultOrder struct {
	Part       string   `json:"part"`
	Kind       string   `json:"kind"`
	Status     int      `json:"status"`
	RetryAfter int      `json:"retry_after"`
	Seconds    *float64 `json:"seconds"`
	Times      *int     `json:"times"`
}

// orderFault makes something go wrong.
func (e *Emulator) orderFault(w http.ResponseWriter, r *http.Request) {
	var in faultOrder
	if !read(w, r, &in) {
		return
	}
	f, err := in.fault()
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	e.tenant.Order(f)
	reply(w, http.StatusAccepted, map[string]any{"part": f.Part, "kind": f.Kind})
}

// maxSeconds is the longest delay or lag, a day.
const maxSeconds = 24 * 60 * 60

// fault checks an order. Fields that its kind has no use for are ignored.
func (o faultOrder) fault() (tenant.Fault, error) {
	f := tenant.Fault{Part: o.Part, Kind: o.Kind, Times: 1}
	if !slices.Contains([]string{"graph", "entra", "sms", "mail"}, o.Part) {
		return f, sentence("The part must be graph, entra, sms or mail, not %q.", o.Part)
	}
	switch o.Kind {
	case "status":
		if o.Status < 400 || o.Status > 599 || o.RetryAfter < 0 {
			return f, sentence("The status must be between 400 and 599, and retry_after not negative.")
		}
		f.Status, f.RetryAfter = o.Status, o.RetryAfter
	case "delay", "lag":
		if o.Kind == "lag" && o.Part != "graph" {
			return f, sentence("Only graph can lag.")
		}
		if o.Seconds == nil || *o.Seconds <= 0 || *o.Seconds > maxSeconds {
			return f, sentence("The seconds must be more than 0 and at most a day.")
		}
		f.Seconds = *o.Seconds
	case "hangup-after":
	default:
		return f, sentence("The kind must be status, hangup-after, delay or lag, not %q.", o.Kind)
	}
	return f, o.times(&f)
}

// times sets for how many requests; 0 is until the faults are cleared. A lag without a number
// holds for each write until then.
func (o faultOrder) times(f *tenant.Fault) error {
	if o.Times == nil {
		if o.Kind == "lag" {
			f.Times = 0
		}
		return nil
	}
	if *o.Times < 0 {
		return sentence("The times must not be negative; 0 is until the faults are cleared.")
	}
	f.Times = *o.Times
	return nil
}

// clearFaults takes every order back.
func (e *Emulator) clearFaults(w http.ResponseWriter, _ *http.Request) {
	e.tenant.Clear()
	w.WriteHeader(http.StatusNoContent)
}

// maxAdvance is how far the clock may be moved at once, ten years in seconds.
const maxAdvance = 10 * 365 * 24 * 60 * 60

// moveClock moves the clock of site and tenant, and of the replicas, and wakes the workers.
// The offset is kept before it holds. A replica that does not answer within a second catches
// up by itself.
func (e *Emulator) moveClock(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Seconds json.Number `json:"advance_seconds"`
	}
	if !read(w, r, &in) {
		return
	}
	s, err := in.Seconds.Float64()
	if err != nil || s < 0 || s > maxAdvance {
		fail(w, http.StatusBadRequest, "The advance_seconds must be a number from 0 to ten years; clocks do not go back.")
		return
	}
	e.moving.Lock()
	defer e.moving.Unlock()
	d := time.Duration(s * float64(time.Second)).Round(time.Millisecond)
	if err := e.tenant.KeepClockOffset(e.clock.Offset() + d); err != nil {
		e.failWith(w, err)
		return
	}
	offset := e.clock.Advance(d)
	if e.wake != nil {
		e.wake()
	}
	e.replicas.follow(r.Context(), offset)
	reply(w, http.StatusOK, map[string]any{"now": e.clock.Now(), "offset_seconds": offset.Seconds()})
}
