package session_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"rekey/internal/directory"
	"rekey/internal/session"
)

// from is a sign-in from a browser and a network.
func from(d session.Data, browser, network string) session.Data {
	d.Browser, d.Network = browser, network
	return d
}

// wantList checks the ids that List returns.
func (s *site) wantList(t *testing.T, person directory.PersonID, want ...session.Info) {
	t.Helper()
	got, err := s.List(t.Context(), person)
	if err != nil || len(got) != len(want) {
		t.Fatalf("List(%s) = %+v, %v, want %+v", person, got, err, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("List(%s)[%d] = %+v, want %+v", person, i, got[i], want[i])
		}
	}
}

func TestList_SES6_OwnLiveOnes(t *testing.T) {
	s := newSite(t)
	began := s.clock.Now()
	first, cookie := s.signIn(t, from(ada(), "Chrome on Windows", "Office Berlin"), nil)
	s.signIn(t, from(bob(), "Firefox on Linux", "192.0.2.0/24"), nil)
	s.clock.Advance(10 * time.Minute)
	second, _ := s.signIn(t, from(ada(), "Safari on iPhone", "198.51.100.0/24"), nil)
	later := s.clock.Now()
	one := session.Info{ID: first.ID, Began: began, Seen: began, Browser: "Chrome on Windows", Network: "Office Berlin"}
	two := session.Info{ID: second.ID, Began: later, Seen: later, Browser: "Safari on iPhone", Network: "198.51.100.0/24"}
	s.wantList(t, ada().Person, two, one)

	s.clock.Advance(time.Minute)
	s.load(t, cookie)
	one.Seen = s.clock.Now()
	s.wantList(t, ada().Person, one, two)

	s.clock.Advance(session.Idle - time.Minute) // the second one was not seen since
	s.wantList(t, ada().Person, one)
	s.clock.Advance(time.Minute)
	s.wantList(t, ada().Person)
}

// TestList_SES2_StepUpTellsWhereFrom: the row stays, and what it says is of the last sign-in.
func TestList_SES2_StepUpTellsWhereFrom(t *testing.T) {
	s := newSite(t)
	first, cookie := s.signIn(t, from(ada(), "Chrome on Windows", "Office Berlin"), nil)
	s.clock.Advance(time.Minute)
	s.signIn(t, from(ada(), "Chrome on Windows", "VPN"), cookie)
	now := s.clock.Now()
	s.wantList(t, ada().Person, session.Info{ID: first.ID, Began: now, Seen: now, Browser: "Chrome on Windows", Network: "VPN"})
}

func TestEnd_WEB7_OthersLookMissing(t *testing.T) {
	s := newSite(t)
	_, adas := s.signIn(t, ada(), nil)
	bobs, cookie := s.signIn(t, bob(), nil)
	for _, id := range []string{bobs.ID, "missing", ""} {
		if ok, err := s.End(t.Context(), ada().Person, id); ok || err != nil {
			t.Errorf("End(%q) by another person = %v, %v, want false and no error", id, ok, err)
		}
	}
	if got := s.load(t, cookie); got == nil {
		t.Error("another person ended the session")
	}
	if ok, err := s.End(t.Context(), bob().Person, bobs.ID); !ok || err != nil {
		t.Errorf("End of one's own = %v, %v, want true", ok, err)
	}
	if got := s.load(t, cookie); got != nil {
		t.Errorf("Load after End = %+v, want nobody", got)
	}
	if got := s.load(t, adas); got == nil {
		t.Error("End of one session ended another")
	}
}

// TestEnd_SES5_NothingBringsItBack: a request that began before the end can neither save
// nor renew the session afterwards.
func TestEnd_SES5_NothingBringsItBack(t *testing.T) {
	s := newSite(t)
	live, cookie := s.signIn(t, ada(), nil)
	r := request(cookie)
	if got, err := s.Load(r); got == nil || err != nil {
		t.Fatalf("Load = %v, %v, want the session", got, err)
	}
	if ok, err := s.End(t.Context(), ada().Person, live.ID); !ok || err != nil {
		t.Fatalf("End = %v, %v, want true", ok, err)
	}
	if err := s.Save(httptest.NewRecorder(), r, live); err == nil {
		t.Error("Save of an ended session = nil, want an error")
	}
	s.wantList(t, ada().Person)
	if got := s.load(t, cookie); got != nil {
		t.Errorf("Load = %+v, want nobody", got)
	}
}

// TestEndOthers_SES6_JoinsTheTransaction: when what ends the sessions does not happen,
// they go on.
func TestEndOthers_SES6_JoinsTheTransaction(t *testing.T) {
	s := newSite(t)
	keep, _ := s.signIn(t, ada(), nil)
	_, other := s.signIn(t, ada(), nil)
	undo := errors.New("undo")
	end := func(answer error) {
		t.Helper()
		err := s.rows.InTx(t.Context(), func(ctx context.Context) error {
			n, err := s.EndOthers(ctx, ada().Person, keep.ID)
			if n != 1 || err != nil {
				t.Errorf("EndOthers = %d, %v, want 1", n, err)
			}
			return answer
		})
		if !errors.Is(err, answer) {
			t.Errorf("InTx = %v, want %v", err, answer)
		}
	}
	end(undo)
	if got := s.load(t, other); got == nil {
		t.Error("a transaction that was rolled back ended a session")
	}
	end(nil)
	if got := s.load(t, other); got != nil {
		t.Errorf("Load = %+v, want nobody", got)
	}
}
