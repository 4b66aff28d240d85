package main

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"rekey/internal/config"
)

// A process that was told to stop goes on for a moment, alive and not ready, and ends well.
func TestRun_AVL8_DrainsBeforeItStops(t *testing.T) {
	s, cmd := process(t, "--listen", "127.0.0.1:0")
	v := s.visitor()
	if p := v.get("/readyz"); p.status != http.StatusOK {
		t.Fatalf("/readyz = %d, want 200", p.status)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.until(demoDrain, "it says that it is draining", func() bool {
		p := v.get("/readyz")
		return p.status == http.StatusServiceUnavailable && strings.HasPrefix(p.body, "draining")
	})
	if p := v.get("/healthz"); p.status != http.StatusOK {
		t.Errorf("/healthz while draining = %d, want 200", p.status)
	}
	if p := v.get("/signed-out"); p.status != http.StatusOK {
		t.Errorf("a page while draining = %d, want 200", p.status)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("the process ended with %v, want exit 0", err)
		}
	case <-time.After(drainTime):
		t.Errorf("the process did not end within %v", drainTime)
	}
}

// A worker answers how it is and nothing else; a web process works off no jobs.
func TestRoles_WorkerServesNoPages(t *testing.T) {
	s := startSite(t, func(c *demoCommand) { c.roles = []config.Role{config.Worker} })
	v := s.visitor()
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/": 404, "/signin": 404, "/contacts/mobile": 404, "/sessions": 404} {
		if p := v.get(path); p.status != want {
			t.Errorf("%s of a worker = %d, want %d", path, p.status, want)
		}
	}
	if p := v.post("/contacts/mobile", nil); p.status != 404 {
		t.Errorf("a form sent to a worker = %d, want 404", p.status)
	}

	s, d := startSiteWith(t, func(c *demoCommand) { c.roles = []config.Role{config.Web} })
	if d.App.runner != nil || d.App.sealer != nil {
		t.Error("a web process has workers")
	}
	maya, _ := s.ordinary()
	old := s.phone(maya)
	w := s.visitor()
	w.signIn(maya)
	w.send(w.begin(firstNew), "code", s.code(firstNew))
	s.advance(time.Minute)
	for _, r := range s.requests() {
		if r.Part == "graph" && r.Caller != "Rekey web" {
			t.Errorf("a web process called Graph as %q: %s %s", r.Caller, r.Method, r.Path)
		}
	}
	if s.phone(maya) != old {
		t.Error("a web process wrote to the directory")
	}
}
