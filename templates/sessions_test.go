package templates

import (
	"testing"
	"time"
)

func TestHTML_WEB6_SessionsStayText(t *testing.T) {
	set, _ := newSet(t)
	evil := `<img src=x onerror=alert(1)>"'{{.}} on <img src=y>`
	page := Sessions{Base: exampleBase("/sessions"), List: []SignedIn{{ID: evil, Browser: evil, Network: evil}},
		Everywhere: Everywhere{State: "failed", Reason: evil}}
	doc := document(t, set, "en", Example{"sessions", page})
	if n := doc.Find("img, [onerror]").Length(); n != 0 {
		t.Errorf("untrusted text became %d elements", n)
	}
}

// TestHTML_SES4_AForgottenWindowEnds: without scripts the page looks again by itself for a
// quarter of an hour and no longer.
func TestHTML_SES4_AForgottenWindowEnds(t *testing.T) {
	set, _ := newSet(t)
	for ago, want := range map[time.Duration]int{0: 1, 14 * time.Minute: 1, 15 * time.Minute: 0, 23 * time.Hour: 0} {
		page := Sessions{Base: exampleBase("/sessions"), Everywhere: Everywhere{State: "open", Asked: at1432().Add(-ago)}}
		doc := document(t, set, "en", Example{"sessions", page})
		if n := doc.Find("head noscript").Length(); n != want {
			t.Errorf("asked %v ago: %d refreshes, want %d", ago, n, want)
		}
		if n := doc.Find("[role=status][data-poll]").Length(); n != 1 {
			t.Errorf("asked %v ago: %d parts that the script looks after, want 1", ago, n)
		}
	}
}

// TestWatched_SES4: no page that waits goes on looking by itself for good.
func TestWatched_SES4(t *testing.T) {
	base := Base{Now: at1432()}
	for _, tt := range []struct {
		ago  time.Duration
		want bool
	}{{0, true}, {14 * time.Minute, true}, {15 * time.Minute, false}, {24 * time.Hour, false}} {
		since := base.Now.Add(-tt.ago)
		open := Everywhere{State: "open", Asked: since}
		for name, got := range map[string]bool{
			"wait":     Wait{Base: base, ProvedAt: since}.Watched(),
			"sessions": Sessions{Base: base, Everywhere: open}.Watched(),
			"sign-out": SignOutAll{Base: base, Everywhere: open}.Watched(),
			"take-off": TakeOff{Base: base, Going: true, Removals: []Removing{{At: since}}}.Watched(),
		} {
			if got != tt.want {
				t.Errorf("%s after %s looks again = %v, want %v", name, tt.ago, got, tt.want)
			}
		}
	}
}
