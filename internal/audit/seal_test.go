package audit

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"rekey/internal/clock"
	"rekey/internal/keyring"
)

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// memory keeps events and seals as rows that a test can tamper with.
type memory struct {
	events []Event
	seals  []Seal
	owner  string
	until  time.Time
}

func (m *memory) InTx(ctx context.Context, fn func(context.Context) error) error { return fn(ctx) }

func (m *memory) HoldSealer(_ context.Context, owner string, now, until time.Time) (bool, error) {
	if m.owner != "" && m.owner != owner && m.until.After(now) {
		return false, nil
	}
	m.owner, m.until = owner, until
	return true, nil
}

func (m *memory) Unsealed(_ context.Context, limit int) ([]Event, error) {
	sealed := map[string]bool{}
	for _, s := range m.seals {
		sealed[s.Event] = true
	}
	var out []Event
	for _, e := range m.events {
		if !sealed[e.ID] && len(out) < limit {
			out = append(out, e)
		}
	}
	return out, nil
}

func (m *memory) LastSeal(context.Context) (Seal, bool, error) {
	if len(m.seals) == 0 {
		return Seal{}, false, nil
	}
	return m.seals[len(m.seals)-1], true, nil
}

func (m *memory) AddSeals(_ context.Context, s []Seal) error {
	m.seals = append(m.seals, s...)
	return nil
}

func (m *memory) EachSealed(_ context.Context, fn func(Seal, Event, bool) error) error {
	byID := map[string]Event{}
	for _, e := range m.events {
		byID[e.ID] = e
	}
	for _, s := range m.seals {
		e, ok := byID[s.Event]
		if err := fn(s, e, ok); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) CountEvents(context.Context) (int64, error) { return int64(len(m.events)), nil }

func (m *memory) CountStray(context.Context) (events, places int64, err error) { return 0, 0, nil }

func sealed(t *testing.T, n int) (*memory, *keyring.Ring) {
	t.Helper()
	ring, err := keyring.New(bytes.Repeat([]byte{7}, keyring.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	m := &memory{}
	for i := range n {
		m.events = append(m.events, Event{ID: fmt.Sprint("e", i), At: start.Add(time.Duration(i) * time.Second),
			Actor: "t/p", Subject: "t/p", Action: ChangeStart, Outcome: Success, Detail: map[string]string{"new": "+1 •••42"}})
	}
	s := &Sealer{Store: m, MAC: ring, Clock: clock.Func(func() time.Time { return start }), Owner: "a", Log: slog.New(slog.DiscardHandler)}
	if got, err := s.Seal(t.Context()); err != nil || got != n {
		t.Fatalf("Seal = %d, %v, want %d", got, err, n)
	}
	return m, ring
}

func TestVerify_AUD4(t *testing.T) {
	tests := []struct {
		name   string
		tamper func(m *memory)
		want   string // in the problems; "" for none
		tail   int64
	}{
		{"untouched", func(*memory) {}, "", 0},
		{"an event that waits", func(m *memory) { m.events = append(m.events, Event{ID: "new", At: start}) }, "", 1},
		{"a changed outcome", func(m *memory) { m.events[3].Outcome = Failure }, "seal 4", 0},
		{"a changed detail", func(m *memory) { m.events[3].Detail = map[string]string{"new": "+1 •••43"} }, "seal 4", 0},
		{"a moved time", func(m *memory) { m.events[3].At = m.events[3].At.Add(time.Microsecond) }, "seal 4", 0},
		{"a removed event", func(m *memory) { m.events = append(m.events[:3], m.events[4:]...) }, "seal 4", 0},
		{"a removed event and its seal", func(m *memory) {
			m.events = append(m.events[:3], m.events[4:]...)
			m.seals = append(m.seals[:3], m.seals[4:]...)
		}, "seals 4 to 4 are missing", 0},
		{"two events exchanged", func(m *memory) { m.seals[3].Event, m.seals[4].Event = m.seals[4].Event, m.seals[3].Event }, "seal 4", 0},
		{"an inserted seal", func(m *memory) {
			m.events = append(m.events, Event{ID: "forged", At: start})
			m.seals = append(m.seals, Seal{Position: 11, Event: "forged", MAC: make([]byte, 32)})
		}, "seal 11", 0},
	}
	for _, tt := range tests {
		m, ring := sealed(t, 10)
		tt.tamper(m)
		r, err := Verify(t.Context(), m, ring)
		if err != nil {
			t.Fatal(err)
		}
		found := strings.Join(r.Problems, "\n")
		if (tt.want == "") != r.Good() || !strings.Contains(found, tt.want) {
			t.Errorf("Verify of %s found %q, want %q", tt.name, found, tt.want)
		}
		if tt.want == "" && r.Unsealed != tt.tail {
			t.Errorf("Verify of %s: %d unsealed, want %d", tt.name, r.Unsealed, tt.tail)
		}
	}
}

func TestVerify_AUD4_CutTailShowsInTheLog(t *testing.T) {
	m, ring := sealed(t, 10)
	whole, _ := Verify(t.Context(), m, ring)
	m.events, m.seals = m.events[:8], m.seals[:8]
	cut, _ := Verify(t.Context(), m, ring)
	if !cut.Good() || cut.Head == whole.Head || cut.Sealed == whole.Sealed {
		t.Errorf("after the cut: head %s count %d, before: %s %d: the logged head must not fit any more", cut.Head, cut.Sealed, whole.Head, whole.Sealed)
	}
}

func TestSeal_OnlyOneSealer(t *testing.T) {
	m, ring := sealed(t, 3)
	m.events = append(m.events, Event{ID: "new", At: start})
	other := &Sealer{Store: m, MAC: ring, Clock: clock.Func(func() time.Time { return start }), Owner: "b", Log: slog.New(slog.DiscardHandler)}
	if n, err := other.Seal(t.Context()); n != 0 || err != nil {
		t.Errorf("a second sealer sealed %d, %v under the first one's lease, want 0", n, err)
	}
	other.Clock = clock.Func(func() time.Time { return start.Add(sealerLease) })
	if n, err := other.Seal(t.Context()); n != 1 || err != nil {
		t.Errorf("a second sealer sealed %d, %v after the lease ended, want 1", n, err)
	}
}

func TestActionsAreUnique(t *testing.T) {
	seen := map[Action]bool{}
	for _, a := range Actions() {
		if seen[a] {
			t.Errorf("action %q comes twice", a)
		}
		seen[a] = true
	}
}
