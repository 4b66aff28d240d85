package devices

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"rekey/internal/emulator/devices/page"
	"rekey/internal/emulator/tenant"
)

// codeLife is how long codes are good, in the site and in the sign-in.
const codeLife = 10 * time.Minute

// phone is a handset as its page shows it.
type phone struct {
	Name, Note   string
	Address      string
	URL          string
	Off, On      string
	Working      bool
	Organisation string
	Now          time.Time
	State        string
	Pushes       []push
	Answered     []tenant.Push
	Apps         []app
	// Texts are the newest, oldest first; Earlier counts those before them, in words.
	Texts   []text
	Earlier string
}

// shown is how many texts a screen holds.
const shown = 20

// Minute is the time on the phone's clock. It changes once a minute, so that the page that
// looks again by itself stays as it is, and with it what somebody has selected.
func (ph phone) Minute() time.Time { return ph.Now.Truncate(time.Minute) }

// Line is what the list of phones says below a phone's name.
func (ph phone) Line() string {
	parts := []string{ph.Note}
	if !ph.Working {
		parts = append(parts, "switched off")
	} else if len(ph.Texts)+len(ph.Pushes) > 0 {
		parts = append(parts, ph.State)
	}
	return strings.TrimPrefix(strings.Join(parts, ", "), ", ")
}

// push is a request that waits for an answer.
type push struct {
	tenant.Push
	URL string
	// Field is the id of its number field.
	Field string
}

// app is a one-time code app that shows a code.
type app struct {
	Person, Code string
}

// text is a text message, with its code set apart and the line for browsers cut off.
type text struct {
	At                  time.Time
	Before, Code, After string
	Last                string
	// Old says that a newer text carries another code of its kind, or that its time is up.
	Old bool
}

// phonesOf are the handsets of a person, oldest first.
func (d *devices) phonesOf(p tenant.Person) []phone {
	var out []phone
	for _, h := range d.tenant.Handsets() {
		if h.Owner == p.ID {
			out = append(out, d.phone(h))
		}
	}
	return out
}

func (d *devices) phone(h tenant.Handset) phone {
	address := h.Address()
	ph := phone{
		Name: cmp.Or(h.Name, page.Spaced(h.Number)), Address: address, URL: handsetURL(address), Working: h.Working,
		Off: "/_emulator/devices/handsets/" + url.PathEscape(address) + "/off", On: "/_emulator/devices/handsets/" + url.PathEscape(address) + "/on",
		Organisation: d.organisation, Now: d.tenant.Now(),
	}
	ph.Note = note(h, d.authenticatorOn(h))
	if !h.Working {
		return ph
	}
	for _, p := range d.tenant.Pushes(address) {
		switch {
		case p.State == "waiting":
			ph.Pushes = append(ph.Pushes, push{p, "/_emulator/devices/pushes/" + p.ID, "number-" + p.ID})
		case p.State != "expired" && ph.Now.Sub(p.At) < newest && len(ph.Answered) == 0:
			ph.Answered = append(ph.Answered, p)
		}
	}
	ph.Apps = d.appsOn(h)
	if h.Number != "" {
		ph.Texts = texts(d.tenant.Messages(h.Number, ""), ph.Now)
	}
	ph.State = state(ph)
	if extra := len(ph.Texts) - shown; extra > 0 {
		ph.Texts, ph.Earlier = ph.Texts[extra:], page.Count(extra, "text", "texts")
	}
	return ph
}

// note says what a phone is: its number and what lives on it.
func note(h tenant.Handset, authenticator bool) string {
	var parts []string
	if h.Number != "" && h.Name != "" {
		parts = append(parts, page.Spaced(h.Number))
	}
	if authenticator {
		parts = append(parts, "Authenticator")
	}
	return strings.Join(parts, ", ")
}

func (d *devices) authenticatorOn(h tenant.Handset) bool {
	p, ok := d.tenant.Person(h.Owner)
	return ok && slices.ContainsFunc(p.Methods, func(m tenant.Method) bool {
		return m.Type() == tenant.TypeAuthenticator && m.DisplayName() == h.Name && h.Name != ""
	})
}

func (d *devices) appsOn(h tenant.Handset) []app {
	p, ok := d.tenant.Person(h.Owner)
	if !ok {
		return nil
	}
	var out []app
	for _, a := range d.tenant.CodeApps(p.ID) {
		if a.Handset.Address() == h.Address() {
			out = append(out, app{p.UserPrincipalName, a.Code[:3] + " " + a.Code[3:]})
		}
	}
	return out
}

// state is the line at the top of the screen.
func state(ph phone) string {
	var parts []string
	if n := len(ph.Pushes); n > 0 {
		parts = append(parts, page.Count(n, "request", "requests"))
	}
	if n := len(ph.Texts); n > 0 || len(parts) == 0 {
		parts = append(parts, page.Count(n, "text", "texts"))
	}
	return strings.Join(parts, ", ")
}

// texts are the messages that arrived, oldest first.
func texts(messages []tenant.Message, now time.Time) []text {
	var out []text
	for _, m := range messages {
		if m.Channel == "sms" && m.Arrived {
			out = append(out, split(m))
		}
	}
	seen := map[string]bool{}
	for i := range slices.Backward(out) {
		if out[i].Code == "" {
			continue
		}
		sender := firstWord(out[i].Before)
		out[i].Old = seen[sender] || !now.Before(out[i].At.Add(codeLife))
		seen[sender] = true
	}
	return out
}

func split(m tenant.Message) text {
	body, last := m.Text, ""
	if i := strings.LastIndex(body, "\n@"); i >= 0 {
		body, last = body[:i], body[i+1:]
	}
	t := text{At: m.At, Before: body, Last: last}
	if from, to := code(body); to > 0 {
		t.Before, t.Code, t.After = body[:from], body[from:to], body[to:]
	}
	return t
}

// code finds six digits that stand alone, in one piece or in two, and returns where they
// begin and end; 0, 0 when there are none.
func code(s string) (from, to int) {
	for i := 0; i < len(s); i++ {
		if !digit(s, i) || i > 0 && (digit(s, i-1) || strings.IndexByte("+-#", s[i-1]) >= 0) {
			continue
		}
		n, end := 0, i
		for digit(s, end) || n == 3 && end < len(s) && s[end] == ' ' && digit(s, end+1) && s[end-1] != ' ' {
			if digit(s, end) {
				n++
			}
			end++
		}
		if n == 6 {
			return i, end
		}
	}
	return 0, 0
}

func digit(s string, i int) bool { return i >= 0 && i < len(s) && s[i] >= '0' && s[i] <= '9' }

// firstWord tells senders apart: a text begins with the organisation's name or with the
// sign-in's own words.
func firstWord(s string) string {
	word, _, _ := strings.Cut(strings.TrimSpace(s), " ")
	return word
}
