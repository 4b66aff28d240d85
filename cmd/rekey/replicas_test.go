package main

import (
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"rekey/internal/config"
	"rekey/internal/store/storetest/pg"
)

// cluster is a tenant with two replicas of the site on one PostgreSQL, each a process of
// its own. The tenant's own demo only serves people, so that the replicas do all work.
type cluster struct {
	t      *testing.T
	tenant *site
	server *pg.Server
	sites  [2]*site
	procs  [2]*exec.Cmd
}

func startCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{t: t, server: pg.Start(t)}
	url := c.server.URL("public")
	c.tenant = startSite(t, func(d *demoCommand) { d.Database, d.roles = url, []config.Role{config.Web} })
	for i := range c.sites {
		c.start(i)
	}
	return c
}

func (c *cluster) start(i int) {
	c.t.Helper()
	c.sites[i], c.procs[i] = process(c.t, "--listen", "127.0.0.1:0", "--database", c.server.URL("public"), "--tenant", c.tenant.base)
}

func (c *cluster) signal(i int, s syscall.Signal) {
	c.t.Helper()
	if err := c.procs[i].Process.Signal(s); err != nil {
		c.t.Fatal(err)
	}
}

// employees are people with a phone, in the order of the tenant.
func (c *cluster) employees() []string {
	var found []string
	for _, p := range c.tenant.people() {
		if len(found) < 8 && slices.ContainsFunc(p.Methods, func(m map[string]any) bool { return m["phoneType"] == "mobile" }) &&
			!strings.HasPrefix(p.UserPrincipalName, "emergency@") {
			found = append(found, p.UserPrincipalName)
		}
	}
	return found
}

// writesOf counts the writes that were done to a person's methods.
func (c *cluster) writesOf(upn string) int {
	n, id := 0, ""
	for _, p := range c.tenant.people() {
		if p.UserPrincipalName == upn {
			id = p.ID
		}
	}
	for _, r := range c.tenant.requests() {
		if r.Part == "graph" && r.Method != "GET" && r.Status/100 == 2 && strings.Contains(r.Path, id) {
			n++
		}
	}
	return n
}

// A session is good on both replicas, and a change may begin at one and end at the other.
func TestReplicas_SES1_OneSessionOneChange(t *testing.T) {
	c := startCluster(t)
	maya := c.employees()[0]
	old := c.tenant.phone(maya)
	v := c.sites[0].visitor()
	v.signIn(maya)
	change := v.begin(firstNew)
	v.site = c.sites[1]
	if p := v.send(change, "code", c.tenant.code(firstNew)); p.status != http.StatusSeeOther {
		t.Fatalf("the right code at the other replica: %d", p.status)
	}
	c.tenant.applied(maya, firstNew)
	v.site = c.tenant
	c.tenant.until(10*time.Second, "the page says it is done", func() bool { return v.get(change).Find(".panel h1").Length() == 1 })
	if n := c.writesOf(maya); n != 1 {
		t.Errorf("writes = %d, want 1", n)
	}
	for _, to := range []string{old, firstNew} {
		c.tenant.until(10*time.Second, "a notice comes to "+to, func() bool { return len(c.tenant.notices(to)) == 1 })
	}
	v.site = c.sites[0]
	token := v.token()
	v.site = c.sites[1]
	v.post("/signout", url.Values{"form_token": {token}})
	v.site = c.sites[0]
	if p := v.get("/"); p.status != http.StatusSeeOther {
		t.Errorf("signed out at one replica, the other answers %d (SES-5)", p.status)
	}
}

// One replica is killed, or stopped and continued, while a change is on its way: it is
// applied exactly once, and everybody is told. With time to spare the leases end by
// themselves; otherwise the clock is moved past them.
func TestReplicas_AVL4_KilledAndStopped(t *testing.T) {
	c := startCluster(t)
	people := c.employees()
	pauses := []time.Duration{0, 150 * time.Millisecond, 450 * time.Millisecond, 800 * time.Millisecond}
	hurry := testing.Short()
	for round, pause := range pauses {
		for hit, how := range []syscall.Signal{syscall.SIGKILL, syscall.SIGSTOP} {
			upn, number := people[(2*round+hit)%len(people)], fmt.Sprintf("+1202555%04d", 140+2*round+hit)
			old, before := c.tenant.phone(upn), c.writesOf(upn)
			v := c.sites[(round+hit)%2].visitor()
			v.signIn(upn)
			change := v.begin(number)
			token, code := v.token(), c.tenant.code(number)
			c.tenant.fault(fault{"part": "graph", "kind": "delay", "seconds": 0.3, "times": 6})
			accepted := v.try(change, url.Values{"form_token": {token}, "code": {code}}) == http.StatusSeeOther
			<-time.After(pause)
			c.signal(0, how)
			if hurry {
				c.tenant.advance(46 * time.Second) // past every lease
			}
			c.tenant.until(60*time.Second, "it is applied", func() bool { return c.tenant.phone(upn) == number })
			v.site = c.sites[1]
			c.tenant.until(20*time.Second, "the page says it is done", func() bool { return v.get(change).Find(".panel h1").Length() == 1 })
			if how == syscall.SIGSTOP {
				if !hurry {
					<-time.After(60 * time.Second)
				}
				c.signal(0, syscall.SIGCONT)
			} else {
				_ = c.procs[0].Wait()
				c.start(0)
			}
			for _, to := range []string{old, number} {
				c.tenant.until(30*time.Second, "a notice comes to "+to, func() bool { return len(c.tenant.notices(to)) > 0 })
			}
			if n := c.writesOf(upn) - before; !accepted || n != 1 {
				t.Errorf("round %d, %v after %v: accepted %v, writes %d, want one", round, how, pause, accepted, n)
			}
			c.tenant.control("DELETE", "/_emulator/faults", nil, nil)
			c.tenant.advance(10 * time.Minute)
		}
	}
}
