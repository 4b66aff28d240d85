package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestCrash_OLD1_TakingOff kills the process at each of Graph's calls while two methods are
// taken off: a new one goes on by itself and ends in the same state.
func TestCrash_OLD1_TakingOff(t *testing.T) {
	t.Parallel()
	faults := map[string]fault{"the answer to a removal is lost": {"part": "graph", "kind": "hangup-after", "times": 1}}
	for calls := range 7 {
		faults[fmt.Sprintf("after %d calls", calls)] = fault{"part": "graph", "kind": "delay", "seconds": 1, "times": 20}
	}
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each has processes of its own, which mostly wait
			data := t.TempDir()
			s, cmd := process(t, "--listen", "127.0.0.1:0", "--data", data)
			s.control("POST", "/_emulator/people/"+priya+"/methods", map[string]any{"@odata.type": "#microsoft.graph.fido2AuthenticationMethod",
				"displayName": "iPhone 13", "aaGuid": "90a3ccdf-635c-4729-a248-9b709135078f", "passkeyType": "deviceBound"}, nil)
			v := s.readyToTakeOff()
			before := len(s.requests())
			s.fault(f)
			v.form("/new-phone/take-off")
			if calls := 0; strings.HasPrefix(name, "after") {
				_, _ = fmt.Sscanf(name, "after %d calls", &calls)
				reached := func() bool {
					return len(s.requests())-before >= calls+2 || !strings.Contains(v.get("/new-phone/take-off").body, `data-step="going"`)
				}
				s.until(30*time.Second, name, reached)
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			again, _ := process(t, "--listen", strings.TrimPrefix(s.base, "http://"), "--data", data)
			v.site = again
			again.until(60*time.Second, "the new process finishes it", func() bool {
				return !slices.Contains(again.types(priya), "fido2") && len(again.old(priya)) == 0
			})
			v.takenOff()
			v.wantNext("sign-out")
		})
	}
}

// old returns the Authenticators of a person on the old phone.
func (s *site) old(upn string) []string {
	s.t.Helper()
	var ids []string
	for _, p := range s.people() {
		for _, m := range p.Methods {
			if p.UserPrincipalName == upn && m["displayName"] == "iPhone 13" {
				ids = append(ids, fmt.Sprint(m["id"]))
			}
		}
	}
	return ids
}
