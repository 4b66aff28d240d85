package store_test

import (
	"testing"
	"time"

	"rekey/internal/clock"
	"rekey/internal/store/storetest/pg"
)

// off is a machine's clock that is wrong.
func off(by time.Duration) clock.Clock {
	return clock.Func(func() time.Time { return clock.System{}.Now().Add(by) })
}

func TestClock_AVL7_FollowsPostgreSQL(t *testing.T) {
	s := opened(t, pg.Start(t).URL(""))
	for _, ahead := range []time.Duration{0, time.Hour} { // of a demo, whose clock was moved
		c, err := s.Clock(t.Context(), off(ahead))
		if err != nil {
			t.Fatalf("Clock = %v, want no error", err)
		}
		if got := time.Until(c.Now()); (got - ahead).Abs() > 5*time.Second {
			t.Errorf("Now is %v from now, want %v: the database is on this machine", got, ahead)
		}
		if c.Skew().Abs() > 5*time.Second {
			t.Errorf("Skew = %v, want none", c.Skew())
		}
	}
	if skew, err := s.Skew(t.Context()); err != nil || skew.Abs() > 5*time.Second {
		t.Errorf("Skew = %v, %v, want none", skew, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Clock(t.Context(), clock.System{}); err == nil {
		t.Error("Clock of a database that does not answer = nil, want an error: the start must fail")
	}
	if _, err := s.Skew(t.Context()); err == nil {
		t.Error("Skew of a database that does not answer = nil, want an error")
	}
}

func TestClock_SQLiteShowsTheMachines(t *testing.T) {
	s := opened(t, "sqlite::memory:")
	c, err := s.Clock(t.Context(), clock.Func(now))
	if err != nil || !c.Now().Equal(now()) {
		t.Errorf("Clock = %v, %v, want one that shows %v", c.Now(), err, now())
	}
	if skew, err := s.Skew(t.Context()); skew != 0 || err != nil {
		t.Errorf("Skew = %v, %v, want 0", skew, err)
	}
}
