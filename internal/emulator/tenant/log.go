package tenant

import (
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// kept is how many messages and how many requests are remembered.
const kept = 10000

// log remembers the last entries, numbered from 1.
type log[T any] struct {
	last    uint64
	entries []numbered[T]
}

type numbered[T any] struct {
	n uint64
	v T
}

func (l *log[T]) add(make func(id string) T) T {
	l.last++
	v := make(strconv.FormatUint(l.last, 10))
	l.entries = append(l.entries, numbered[T]{l.last, v})
	if len(l.entries) >= 2*kept { // seldom: each time all of them are moved
		l.entries = slices.Delete(l.entries, 0, len(l.entries)-kept)
	}
	return v
}

// after returns the entries that came after the id, oldest first; "" is all.
func (l *log[T]) after(id string) []T {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		n = 0
	}
	last := l.entries[max(0, len(l.entries)-kept):]
	from := sort.Search(len(last), func(i int) bool { return last[i].n > n })
	out := make([]T, 0, len(last)-from)
	for _, e := range last[from:] {
		out = append(out, e.v)
	}
	return out
}

// Message is a text, a mail, or the characters of a picture.
type Message struct {
	// ID is a decimal number that grows.
	ID string `json:"id"`
	// At is by the tenant's clock.
	At time.Time `json:"at"`
	// Channel is sms, mail or picture.
	Channel string `json:"channel"`
	// To is an E.164 number or an address.
	To      string `json:"to"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
	// HTML is a mail once more as programs show it that can; "" where it has none.
	HTML string `json:"-"`
	// Arrived is false for a text to a handset that did not work when it was sent.
	Arrived bool `json:"-"`
}

// Deliver remembers a message and gives it its id and time. A number that was never texted
// becomes a handset. A text to a handset that does not work is remembered as well: it was
// sent, but the handset never shows it.
func (t *Tenant) Deliver(m Message) (Message, error) {
	if m.Channel == "sms" && E164(m.To) != "" && !t.knowsHandset(m.To) {
		if err := t.change(func(s *state) error { s.addHandset(m.To, "", ""); return nil }); err != nil {
			return Message{}, err
		}
	}
	now := t.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	i := t.state.handset(E164(m.To))
	m.Arrived = m.Channel != "sms" || i >= 0 && t.state.Handsets[i].Working
	return t.messages.add(func(id string) Message {
		m.ID, m.At = id, now
		return m
	}), nil
}

// Messages returns what was sent to a number or address ("" is all), without regard to case,
// after an id ("" is from the start), oldest first.
func (t *Tenant) Messages(to, after string) []Message {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.DeleteFunc(t.messages.after(after), func(m Message) bool { return to != "" && !strings.EqualFold(m.To, to) })
}

// Request is one request that the emulated services saw.
type Request struct {
	ID string    `json:"id"`
	At time.Time `json:"at"`
	// Part is graph, entra, sms or mail.
	Part   string `json:"part"`
	Method string `json:"method"`
	// Path is without the query.
	Path   string `json:"path"`
	Status int    `json:"status"`
	// Caller is the name of the app that called, or its client id, or "".
	Caller string `json:"caller"`
}

// Record remembers a request and gives it its id and time.
func (t *Tenant) Record(r Request) Request {
	now := t.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.requests.add(func(id string) Request {
		r.ID, r.At = id, now
		return r
	})
}

// Requests returns what was recorded after an id ("" is from the start), oldest first.
func (t *Tenant) Requests(after string) []Request {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.requests.after(after)
}
