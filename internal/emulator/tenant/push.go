package tenant

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Push is a question that rings on a handset while somebody signs in: a request of the
// Authenticator, to be answered with a number, or a telephone call.
type Push struct {
	ID string
	// Request is what the pushes of one sign-in have in common.
	Request string
	// Call marks a telephone call, which has no number to match.
	Call     bool
	Person   string
	MethodID string
	// Handset is the number of the handset it rings on, or the name of one without a number.
	Handset string
	// Number is what the sign-in page shows, to be typed on the handset; 10 to 99, 0 for a call.
	Number int
	At     time.Time
	// State is waiting, approved, denied or expired. The pushes that rang on other handsets
	// expire when one is answered.
	State string
}

// PushLife is how long a push waits for its answer.
const PushLife = time.Minute

// codeAppStep is how long a one-time code app shows a code. Source: RFC 6238, section 5.2.
const codeAppStep = 30 * time.Second

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
		out = append(out, Push{
			ID: t.NewID(), Request: request, Person: p.ID, MethodID: m.ID(), Handset: h.Address(),
			Number: number, At: now, State: "waiting",
		})
	}
	t.keepPushes(out)
	return out
}

// Call rings the handset of a phone method; nil when the handset does not work.
func (t *Tenant) Call(person string, m Method) []Push {
	p, ok := t.Person(person)
	h, found := t.Handset(m.PhoneNumber())
	if !ok || !found || !h.Working {
		return nil
	}
	out := []Push{{
		ID: t.NewID(), Request: t.NewID(), Call: true, Person: p.ID, MethodID: m.ID(), Handset: h.Address(),
		At: t.Now(), State: "waiting",
	}}
	t.keepPushes(out)
	return out
}

// Address is the handset's number, or its name when it has no number: what pages and pushes
// call it by.
func (h Handset) Address() string {
	if h.Number == "" {
		return h.Name
	}
	return h.Number
}

func (t *Tenant) keepPushes(p []Push) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pushes = append(t.pushes, p...)
	if extra := len(t.pushes) - kept; extra > 0 {
		t.pushes = slices.Delete(t.pushes, 0, extra)
	}
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
		if p.Call || p.Number == number {
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
		return &Error{http.StatusNotFound, "notFound", "There is no such request."}
	}
	if t.pushes[i].at(now).State != "waiting" {
		return &Error{http.StatusConflict, "conflict", "This request was answered already, or waited too long."}
	}
	for j := range t.pushes {
		if t.pushes[j].Request == t.pushes[i].Request {
			t.pushes[j].State = "expired"
		}
	}
	t.pushes[i].State = decide(t.pushes[i])
	return nil
}

func (p Push) at(now time.Time) Push {
	if p.State == "waiting" && !now.Before(p.At.Add(PushLife)) {
		p.State = "expired"
	}
	return p
}

// CodeApp is a one-time code app that shows its code on a handset.
type CodeApp struct {
	MethodID string
	Handset  Handset
	// Code is the code that it shows now, six digits.
	Code string
}

// CodeApps returns the one-time code apps on a person's account. Graph does not say where
// such an app lives: here it is the person's oldest handset, so a new number does not take
// it along. Hardware tokens are theirs as well, with no handset.
func (t *Tenant) CodeApps(person string) []CodeApp {
	p, ok := t.Person(person)
	if !ok {
		return nil
	}
	var home Handset
	for _, h := range t.Handsets() {
		if h.Owner == p.ID {
			home = h
			break
		}
	}
	var out []CodeApp
	for _, m := range p.Methods {
		switch m.Type() {
		case TypeSoftwareOath:
			out = append(out, CodeApp{m.ID(), home, t.appCode(p.ID, m.ID(), 0)})
		case TypeHardwareOath:
			out = append(out, CodeApp{m.ID(), Handset{Working: true}, t.appCode(p.ID, m.ID(), 0)})
		}
	}
	return out
}

// AppCodeIs says whether a one-time code app shows, or showed a moment ago, that code.
func (t *Tenant) AppCodeIs(person, methodID, code string) bool {
	p, ok := t.Person(person)
	for step := range 3 {
		if ok && hmac.Equal([]byte(t.appCode(p.ID, methodID, step-1)), []byte(code)) {
			return true
		}
	}
	return false
}

func (t *Tenant) appCode(person, methodID string, step int) string {
	counter := t.Now().Unix()/int64(codeAppStep/time.Second) + int64(step)
	mac := hmac.New(sha256.New, []byte(t.ID()+" "+person+" "+methodID))
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(counter)))
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(mac.Sum(nil))%1_000_000)
}
