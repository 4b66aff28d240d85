package contact

import (
	"testing"
	"time"
)

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func TestNext_CHG7(t *testing.T) {
	tests := []struct {
		state        State
		fresh, stale Step
		late         Step // after 30 minutes
	}{
		{Authorising, EnterCode, EnterCode, Stopped},
		{Authorised, SendCode, SignInAgain, Stopped},
		{Proving, EnterCode, EnterCode, Stopped},
		{Proved, Confirm, SignInAgain, Stopped},
		{Applying, Wait, Wait, Wait},
		{Applied, Done, Done, Done},
		{Failed, Stopped, Stopped, Stopped},
		{Unknown, Stopped, Stopped, Stopped},
		{Cancelled, Stopped, Stopped, Stopped},
		{Expired, Stopped, Stopped, Stopped},
	}
	for _, tt := range tests {
		c := Change{State: tt.state, Started: start, Expires: start.Add(FlowTime)}
		if got := c.Next(start, true); got != tt.fresh {
			t.Errorf("Next of %s under a fresh sign-in = %s, want %s", tt.state, got, tt.fresh)
		}
		if got := c.Next(start, false); got != tt.stale {
			t.Errorf("Next of %s under a stale sign-in = %s, want %s", tt.state, got, tt.stale)
		}
		if got := c.Next(start.Add(FlowTime), true); got != tt.late {
			t.Errorf("Next of %s after 30 minutes = %s, want %s", tt.state, got, tt.late)
		}
	}
}

func TestAt_ErasesWhatExpired_PRV2(t *testing.T) {
	c := Change{State: Proving, Value: "+12025550142", Before: "+12025550143", Expires: start.Add(FlowTime)}
	if got := c.At(start.Add(FlowTime - 1)); got.State != Proving || got.Value == "" {
		t.Errorf("At just before the end = %s, %q", got.State, got.Value)
	}
	if got := c.At(start.Add(FlowTime)); got.State != Expired || got.Value != "" || got.Before != "" {
		t.Errorf("At the end = %s, %q, %q, want expired and erased", got.State, got.Value, got.Before)
	}
}

func TestRecent_CHG1(t *testing.T) {
	tests := []struct {
		name string
		at   time.Time
		want bool
	}{
		{"now", start, true},
		{"ten minutes ago", start.Add(-10 * time.Minute), true},
		{"a moment more", start.Add(-10*time.Minute - time.Microsecond), false},
		{"eleven minutes ago", start.Add(-11 * time.Minute), false},
		{"never told", time.Time{}, false},
		{"a minute ahead, by another clock", start.Add(time.Minute), true},
		{"later than that: our clock was set back", start.Add(time.Minute + time.Microsecond), false}, // AVL-7
	}
	for _, tt := range tests {
		if got := (Actor{AuthTime: tt.at}).Recent(start); got != tt.want {
			t.Errorf("Recent, signed in %s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
