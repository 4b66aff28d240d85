package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// TestCrash_AVL6 kills the process between redemption and apply, and at the write: a new
// one finishes by itself.
func TestCrash_AVL6(t *testing.T) {
	tests := []struct {
		name string
		f    fault
	}{
		{"before anything was asked", fault{"part": "graph", "kind": "delay", "seconds": 30, "times": 1}},
		{"while Graph asks to wait", fault{"part": "graph", "kind": "status", "status": 429, "retry_after": 1, "times": 1}},
		{"at each of its calls", fault{"part": "graph", "kind": "delay", "seconds": 1, "times": 9}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data := t.TempDir()
			s, cmd := process(t, "--listen", "127.0.0.1:0", "--data", data)
			maya, _ := s.ordinary()
			v := s.visitor()
			v.signIn(maya)
			change := v.begin(firstNew)
			code := s.code(firstNew)
			s.fault(tt.f)
			if p := v.send(change, "code", code); p.status != http.StatusSeeOther {
				t.Fatalf("a right code: %d", p.status)
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			again, _ := process(t, "--listen", strings.TrimPrefix(s.base, "http://"), "--data", data)
			again.until(40*time.Second, "the new process finishes it", func() bool { return again.phone(maya) == firstNew })
			v.site = again
			v.until(10*time.Second, "the page says it is done", func() bool { return v.get(change).Find(".panel h1").Length() == 1 })
			if _, writes := again.methodCalls(); writes > 1 {
				t.Errorf("%d writes after the restart, want at most 1", writes)
			}
		})
	}
}

func TestAuditVerify_RunsBesideALiveProcess(t *testing.T) {
	data := t.TempDir()
	s, cmd := process(t, "--listen", "127.0.0.1:0", "--data", data)
	maya, _ := s.ordinary()
	v := s.visitor()
	v.signIn(maya)
	v.send(v.begin(firstNew), "code", s.code(firstNew))
	s.applied(maya, firstNew)
	verify := func() (int, string) {
		var out, errs bytes.Buffer
		code := run(context.Background(), []string{"audit", "verify", "--data", data}, streams{out: &out, err: &errs, env: os.LookupEnv})
		return code, out.String() + errs.String()
	}
	s.until(5*time.Second, "the log verifies with events in it", func() bool {
		code, said := verify()
		return code == exitOK && strings.Contains(said, " 0 waiting") && !strings.HasPrefix(said, "0 events")
	})
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	code, said := verify()
	if code != exitOK {
		t.Errorf("after kill -9: %d %s", code, said)
	}
}

func TestMistakesAreSentences(t *testing.T) {
	s := startSite(t)
	taken := strings.TrimPrefix(s.base, "http://")
	tests := []struct {
		args []string
		code int
		want []string
	}{
		{[]string{"demo", "--listen", taken}, exitMistake, []string{taken + " is taken by another program"}},
		{[]string{"demo", "--listen", "0.0.0.0:0"}, exitMistake, []string{"loopback"}},
		{[]string{"demo", "--listen", "nonsense"}, exitMistake, []string{"loopback"}},
		{[]string{"serve"}, exitMistake, []string{"base_url", "database", "keys", "tenant.id", "sms.url", "web.client_id", "worker.client_id"}},
		{[]string{"serve", "--config", "/nowhere/rekey.yaml"}, exitMistake, []string{"rekey.yaml"}},
		{[]string{"audit", "verify", "--data", t.TempDir()}, exitMistake, []string{"not the folder of a demo"}},
		{[]string{"nonsense"}, exitMistake, []string{"rekey --help"}},
	}
	for _, tt := range tests {
		var out, errs bytes.Buffer
		none := func(string) (string, bool) { return "", false }
		if code := run(context.Background(), tt.args, streams{out: &out, err: &errs, env: none}); code != tt.code {
			t.Errorf("rekey %s: exit %d, want %d", strings.Join(tt.args, " "), code, tt.code)
		}
		for _, want := range tt.want {
			if !strings.Contains(errs.String(), want) {
				t.Errorf("rekey %s says %q, want %q in it", strings.Join(tt.args, " "), errs.String(), want)
			}
		}
		if strings.Contains(errs.String(), "goroutine") {
			t.Errorf("rekey %s shows a stack", strings.Join(tt.args, " "))
		}
	}
}
