package main

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net/http"
	"net/url"
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
		{[]string{"audit", "verify", "--database", "postgres://nowhere"}, exitMistake, []string{"--data"}},
		{[]string{"demo", "--tenant", "http://127.0.0.1:1"}, exitMistake, []string{"--database"}},
		{[]string{"demo", "--listen", "127.0.0.1:0", "--tenant", "http://127.0.0.1:1", "--database", "postgres://nowhere"}, exitMistake, []string{"No demo answers"}},
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

// TestCrash_RandomKill kills the process at a random moment after a right code was sent, again
// and again in the same folder: the directory always has the old value or the one whose
// destination received the code, a change that was accepted is always finished, and the audit
// log verifies.
func TestCrash_RandomKill(t *testing.T) {
	rounds := 200
	if testing.Short() {
		rounds = 8
	}
	random := rand.New(rand.NewPCG(1, uint64(rounds)))
	data := t.TempDir()
	numbers := []string{firstNew, secondNew}
	for round := range rounds {
		s, cmd := process(t, "--listen", "127.0.0.1:0", "--data", data)
		maya, _ := s.ordinary()
		old := s.phone(maya)
		next := numbers[0]
		if old == next {
			next = numbers[1]
		}
		s.advance(25 * time.Hour) // past all allowances
		v := s.visitor()
		v.signIn(maya)
		change := v.begin(next)
		token, code := v.token(), s.code(next)
		killed := make(chan struct{})
		time.AfterFunc(time.Duration(random.IntN(12_000))*time.Microsecond, func() {
			_ = cmd.Process.Kill()
			close(killed)
		})
		accepted := v.try(change, url.Values{"form_token": {token}, "code": {code}}) == http.StatusSeeOther
		<-killed
		_ = cmd.Wait()
		again, second := process(t, "--listen", "127.0.0.1:0", "--data", data)
		v.site = again
		var done bool
		again.until(40*time.Second, "the change comes to an end or waits for its code", func() bool {
			p := v.get(change)
			done = p.Find(".panel").Length() == 1
			return done || p.Find("#code").Length() == 1
		})
		if now := again.phone(maya); accepted && !done || done && now != next || !done && now != old {
			t.Fatalf("round %d: accepted %v, the page says done %v, the directory has %s (was %s, asked for %s)", round, accepted, done, now, old, next)
		}
		if _, writes := again.methodCalls(); writes > 1 {
			t.Fatalf("round %d: %d writes after the restart", round, writes)
		}
		_ = second.Process.Kill()
		_ = second.Wait()
	}
	var out, errs bytes.Buffer
	if code := run(context.Background(), []string{"audit", "verify", "--data", data}, streams{out: &out, err: &errs, env: os.LookupEnv}); code != exitOK {
		t.Errorf("audit verify after %d kills: %d %s%s", rounds, code, &out, &errs)
	}
}

// try sends a form to a process that may die meanwhile; 0 means that no answer came.
func (v *visitor) try(path string, form url.Values) int {
	req, err := http.NewRequest("POST", v.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		return 0
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	for name, value := range v.cookies {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		return 0
	}
	res.Body.Close()
	return res.StatusCode
}
