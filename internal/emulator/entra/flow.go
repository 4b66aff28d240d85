package entra

import (
	"crypto/rand"
	"fmt"
	"maps"
	"math/big"
	"sync"
	"time"

	"rekey/internal/emulator/tenant"
)

// step is where a flow stands.
type step string

const (
	stepPassword step = "password"
	stepAccount  step = "account"
	stepChoose   step = "choose"
	stepFactor   step = "factor"
	stepLocked   step = "locked"
	stepDone     step = "done"
)

// tries is how many wrong codes a flow takes before it wants a new one.
const tries = 5

// flow is one sign-in on its way through the pages.
type flow struct {
	id string
	// one lets one form act at a time.
	one  *sync.Mutex
	req  request
	step step
	// user is what to show in the field of the user name.
	user string
	// person and authTime are known once the password was right.
	person   string
	authTime time.Time
	until    time.Time
	// way is the id of the second factor that is asked for.
	way string
	// code is what was texted, to a number ending as sentTo says.
	code   string
	sentAt time.Time
	wrong  int
	// again says that an older code was texted before.
	again bool
	// push is the request that rings.
	push string
}

func (e *Entra) addFlow(f *flow) string {
	now := e.tenant.Now()
	f.id, f.one, f.until = e.secret(), &sync.Mutex{}, now.Add(flowLife)
	e.mu.Lock()
	defer e.mu.Unlock()
	maps.DeleteFunc(e.flows, func(_ string, old *flow) bool { return !now.Before(old.until) })
	e.flows[f.id] = f
	return f.id
}

// flow returns a copy of a flow that is not over.
func (e *Entra) flow(id string) (flow, bool) {
	now := e.tenant.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	f, ok := e.flows[id]
	if !ok || !now.Before(f.until) {
		return flow{}, false
	}
	return *f, true
}

// update changes a flow and returns a copy of what it is then.
func (e *Entra) update(id string, fn func(*flow)) flow {
	e.mu.Lock()
	defer e.mu.Unlock()
	f, ok := e.flows[id]
	if !ok {
		return flow{}
	}
	fn(f)
	return *f
}

func (e *Entra) flowURL(id string) string { return e.local("/signin/" + id) }

// begin asks for a second factor: it sends the text, rings the phones, or just waits. With
// no way that works it still does what Entra would do first, and the person is locked out.
func (e *Entra) begin(f flow, p tenant.Person, wayID string) error {
	ways := e.ways(p)
	w, ok := find(ways, wayID)
	if !ok && len(ways) > 0 {
		w = ways[0]
	}
	next := f
	next.step, next.way, next.wrong = stepFactor, w.ID, 0
	if !works(ways) {
		next.step = stepLocked
	}
	switch {
	case len(ways) == 0:
	case w.Kind == kindText:
		code, err := e.text(w.Method)
		if err != nil {
			return err
		}
		next.again = next.code != ""
		next.code, next.sentAt = code, e.tenant.Now()
	case w.Kind == kindPush:
		next.push = e.ring(f.push, "", func() []tenant.Push { return e.tenant.Ring(p.ID) })
	case w.Kind == kindCall:
		next.push = e.ring(f.push, w.ID, func() []tenant.Push { return e.tenant.Call(p.ID, w.Method) })
	}
	e.update(f.id, func(f *flow) { *f = next })
	return nil
}

// text sends a new code to a phone and returns it.
func (e *Entra) text(m tenant.Method) (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", fmt.Errorf("entra: drawing a code: %w", err)
	}
	code := fmt.Sprintf("%06d", n)
	_, err = e.tenant.Deliver(tenant.Message{
		Channel: "sms", To: tenant.E164(m.PhoneNumber()),
		Text: "Use verification code " + code + " for " + e.o.Organisation + " authentication.",
	})
	if err != nil {
		return "", fmt.Errorf("entra: texting a code: %w", err)
	}
	return code, nil
}

// ring starts new pushes, or a call to the phone of a method, unless the earlier request is
// the same and still waits. It returns the request, "" when nothing rang.
func (e *Entra) ring(earlier, called string, start func() []tenant.Push) string {
	state, p := e.tenant.PushState(earlier)
	if state == "waiting" && p.Call == (called != "") && (called == "" || called == p.MethodID) {
		return earlier
	}
	pushes := start()
	if len(pushes) == 0 {
		return ""
	}
	return pushes[0].Request
}

// codeIs says whether a texted code is right: the newest one, within its ten minutes, while
// there are tries left. A wrong one is counted.
func (e *Entra) codeIs(f flow, code string) bool {
	now := e.tenant.Now()
	right := false
	e.update(f.id, func(f *flow) {
		right = f.code != "" && f.wrong < tries && now.Before(f.sentAt.Add(codeLife)) && equal(f.code, code)
		if !right {
			f.wrong++
		}
	})
	return right
}
