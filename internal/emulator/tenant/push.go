package tenant

import (
	"slices"
	"strings"
	"time"
)

// Push is a question on an Authenticator: somebody signs in, is it you? Type the number.
type Push struct {
	ID string
	// Request is what the pushes of one sign-in have in common.
	Request  string
	Person   string
	MethodID string
	// Handset is the number of the handset it rings on, or the name of one without a number.
	Handset string
	// Number is what the sign-in page shows, to be typed on the handset; 10 to 99.
	Number int
	At     time.Time
	// State is waiting, approved, denied or expired.
	State string
}

// pushLife is how long a push waits for its answer.
const pushLife = time.Minute

type pushes []Push

// Ring sends a push to every Authenticator of the person that lives on a handset that
// works, as Microsoft does, and returns them; none means that nobody can answer.
func (t *Tenant) Ring(person string) []Push {
	p, ok := t.Person(person)
	if !ok {
		return nil
	}
	request, number, now := t.NewID(), 10+int(t.Random(1)[0])%90, t.Now()
	var out []Push
	for _, m := range p.Methods {
		h, found := t.HandsetOf(p.ID, m)
		if m.Type() != TypeAuthenticator || !found || !h.Working {
			continue
		}
		name := h.Number
		if name == "" {
			name = h.Name
		}
		out = append(out, Push{t.NewID(), request, p.ID, m.ID(), name, number, now, "waiting"})
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pushes = append(t.pushes, out...)
	if extra := len(t.pushes) - kept; extra > 0 {
		t.pushes = slices.Delete(t.pushes, 0, extra)
	}
	return out
}

// Pushes returns the pushes that ring on a handset, newest first; "" is all handsets.
func (t *Tenant) Pushes(handset string) []Push {
	now := t.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	out := []Push{}
	for _, p := range slices.Backward(t.pushes) {
		if handset == "" || strings.EqualFold(p.Handset, handset) {
			out = append(out, p.at(now))
		}
	}
	return out
}

// Approve answers a push with the number that was typed: the right one approves, a wrong
// one denies the whole request. 404 for a push that is not there, 409 for one that does not
// wait any more.
func (t *Tenant) Approve(id string, number int) error {
	return t.answer(id, func(p Push) string {
		if p.Number == number {
			return "approved"
		}
		return "denied"
	})
}

// Deny answers a push with no.
func (t *Tenant) Deny(id string) error {
	return t.answer(id, func(Push) string { return "denied" })
}

// PushState is approved once one push of the request was, denied once one was, waiting
// while one waits, else expired. The push that decided comes with it.
func (t *Tenant) PushState(request string) (string, Push) {
	now := t.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	state, which := "expired", Push{}
	for _, p := range t.pushes {
		p = p.at(now)
		if p.Request != request {
			continue
		}
		if p.State == "approved" || p.State == "denied" {
			return p.State, p
		}
		if p.State == "waiting" {
			state, which = "waiting", p
		}
	}
	return state, which
}

func (t *Tenant) answer(id string, decide func(Push) string) error {
	now := t.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.IndexFunc(t.pushes, func(p Push) bool { return p.ID == id })
	if i < 0 {
		return &Error{404, "notFound", "There is no such push."}
	}
	p := t.pushes[i].at(now)
	for _, o := range t.pushes {
		if o.Request == p.Request && o.State != "waiting" {
			p.State = o.State
		}
	}
	if p.State != "waiting" {
		return &Error{409, "conflict", "This push was answered already, or waited too long."}
	}
	t.pushes[i].State = decide(p)
	return nil
}

func (p Push) at(now time.Time) Push {
	if p.State == "waiting" && !now.Before(p.At.Add(pushLife)) {
		p.State = "expired"
	}
	return p
}
