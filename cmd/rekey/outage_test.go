package main

import (
	"database/sql"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rekey/internal/store/storetest/pg"
)

// The database is killed in the middle of redemptions, read-only, and slow: what was
// counted stays counted, no text is sent, the page says so with a time, and it heals by
// itself (AVL-6).

// siteOn starts a demo on a PostgreSQL that is reached by a wire.
func siteOn(t *testing.T) (*site, *pg.Server, *pg.Wire) {
	t.Helper()
	server := pg.Start(t)
	wire := server.Wire(t)
	return startSite(t, func(c *demoCommand) { c.Database = wire.URL("public") }), server, wire
}

// refusesWell checks the answer to a form while the database is down.
func refusesWell(t *testing.T, what string, p page) {
	t.Helper()
	if p.status != http.StatusServiceUnavailable || p.header.Get("Retry-After") == "" || p.Find("h1").Length() != 1 {
		t.Errorf("%s: %d, Retry-After %q, %d headings, want a clear 503: %.300s", what, p.status, p.header.Get("Retry-After"), p.Find("h1").Length(), p.body)
	}
}

func TestOutage_AVL6_KilledInTheMiddleOfRedemptions(t *testing.T) {
	s, server, _ := siteOn(t)
	maya, jonas := s.ordinary()
	v, w := s.visitor(), s.visitor()
	v.signIn(maya)
	w.signIn(jonas)
	change, other := v.begin(firstNew), w.begin(secondNew)
	code := s.code(firstNew)
	for range 2 {
		v.send(change, "code", wrong(code))
	}
	token, otherToken, otherCode := v.token(), w.token(), s.code(secondNew)
	var accepted atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if w.try(other, url.Values{"form_token": {otherToken}, "code": {otherCode}}) == http.StatusSeeOther {
				accepted.Add(1)
			}
		})
	}
	server.Kill(t)
	all.Wait()
	texts := len(s.texts(""))
	refusesWell(t, "a code while the database is down", v.post(change, url.Values{"form_token": {token}, "code": {wrong(code)}}))
	refusesWell(t, "a new change while the database is down", v.post("/contacts/mobile", url.Values{"form_token": {token}, "country": {"US"}, "number": {thirdNew}}))
	refusesWell(t, "a page while the database is down", v.get("/"))
	if p := v.get("/healthz"); p.status != http.StatusOK {
		t.Errorf("/healthz while the database is down: %d, want 200: the process lives", p.status)
	}
	if p := v.get("/readyz"); p.status != http.StatusServiceUnavailable || !strings.HasPrefix(p.body, "not ready") {
		t.Errorf("/readyz while the database is down: %d %s", p.status, p.body)
	}
	if n := len(s.texts("")); n != texts {
		t.Errorf("%d texts were sent while the database was down", n-texts)
	}
	server.Up(t)
	if p := v.get("/"); p.status != http.StatusOK {
		t.Errorf("the first page after the database came back: %d, want 200", p.status)
	}
	p := v.send(change, "code", wrong(code))
	if left := p.Find(".summary").Text(); !strings.Contains(left, "2 tries left") {
		t.Errorf("two wrong codes before the database was killed, one after: %q, want two tries left", strings.Join(strings.Fields(left), " "))
	}
	if p := v.send(change, "code", code); p.status != http.StatusSeeOther {
		t.Errorf("the right code after the database came back: %d", p.status)
	}
	s.applied(maya, firstNew)
	s.until(60*time.Second, "the other change comes to its end or waits for its code", func() bool {
		p := w.get(other)
		return p.Find(".panel").Length() == 1 || p.Find("#code").Length() == 1
	})
	if done := s.phone(jonas) == secondNew; accepted.Load() > 0 && !done {
		s.applied(jonas, secondNew)
	}
}

func TestOutage_AVL6_Slow(t *testing.T) {
	s, _, wire := siteOn(t)
	maya, _ := s.ordinary()
	v := s.visitor()
	v.signIn(maya)
	change := v.begin(firstNew)
	token, code := v.token(), s.code(firstNew)
	texts := len(s.texts(""))
	wire.Slow(5 * time.Second)
	began := time.Now()
	refusesWell(t, "a code while the database is 5 s slow", v.post(change, url.Values{"form_token": {token}, "code": {code}}))
	refusesWell(t, "a new change while the database is 5 s slow", v.post("/contacts/mobile", url.Values{"form_token": {token}, "country": {"US"}, "number": {thirdNew}}))
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("two answers took %v: a page has fifteen seconds", took)
	}
	if n := len(s.texts("")); n != texts {
		t.Errorf("%d texts were sent while the database was slow", n-texts)
	}
	wire.Slow(0)
	s.until(20*time.Second, "it heals", func() bool { return v.get("/").status == http.StatusOK })
	if p := v.send(change, "code", code); p.status != http.StatusSeeOther {
		t.Errorf("the right code afterwards: %d", p.status)
	}
	s.applied(maya, firstNew)
}

func TestOutage_AVL6_ReadOnly(t *testing.T) {
	s, server, _ := siteOn(t)
	maya, _ := s.ordinary()
	v := s.visitor()
	v.signIn(maya)
	change := v.begin(firstNew)
	token, code := v.token(), s.code(firstNew)
	texts := len(s.texts(""))
	execute(t, server, `ALTER SYSTEM SET default_transaction_read_only = on`, `SELECT pg_reload_conf()`)
	s.until(10*time.Second, "it is read-only", func() bool { return v.get("/readyz").status == http.StatusServiceUnavailable })
	refusesWell(t, "a code while the database is read-only", v.post(change, url.Values{"form_token": {token}, "code": {code}}))
	refusesWell(t, "a new change while the database is read-only", v.post("/contacts/mobile", url.Values{"form_token": {token}, "country": {"US"}, "number": {thirdNew}}))
	if p := v.get("/"); p.status != http.StatusOK {
		t.Errorf("reading while the database is read-only: %d, want 200", p.status)
	}
	if n := len(s.texts("")); n != texts {
		t.Errorf("%d texts were sent while the database was read-only", n-texts)
	}
	execute(t, server, `SET default_transaction_read_only = off`, `ALTER SYSTEM RESET default_transaction_read_only`, `SELECT pg_reload_conf()`)
	s.until(10*time.Second, "it takes writes again", func() bool { return v.get("/readyz").status == http.StatusOK })
	if p := v.send(change, "code", code); p.status != http.StatusSeeOther {
		t.Errorf("the right code afterwards: %d", p.status)
	}
	s.applied(maya, firstNew)
}

// execute runs statements on a connection of their own.
func execute(t *testing.T, server *pg.Server, statements ...string) {
	t.Helper()
	db, err := sql.Open("pgx", server.URL(""))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, statement := range statements {
		if _, err := conn.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}
