package bench

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"rekey/internal/emulator/tenant"
	"rekey/internal/store/storetest/pg"
)

// How much is measured.
const (
	views   = 800   // of a page, in each round
	rounds  = 25    // in turn with the bare server
	cycles  = 10000 // changes of a number, in all
	alone   = 200   // of them one after the other
	warm    = 20    // changes before anything is measured
	people  = warm + cycles
	atOnce  = 32
	numbers = 900 // areas of numbers; not all of them are in use
)

// BenchmarkSite measures the site on SQLite and on PostgreSQL.
func BenchmarkSite(b *testing.B) {
	bare := bareCrowd(b)
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		var args []string
		db := 0
		if engine == "PostgreSQL" {
			server := pg.Start(b)
			args, db = []string{"--database", server.URL("")}, server.PID()
		}
		s := site(b, people, args...)
		s.db = db
		report(engine, "time to ready", "%d ms", s.ready.Milliseconds())
		report(engine, "memory idle", "%.0f MB", s.memory(b))
		c := signedIn(b, s, people)
		compare(b, engine, bare, c)
		change(b, engine, c)
		report(engine, fmt.Sprintf("memory after %d cycles", cycles), "%.0f MB", s.memory(b))
		_ = s.cmd.Process.Signal(os.Interrupt)
		_ = s.cmd.Wait()
	}
	b.ReportMetric(0, "ns/op") // what is measured is printed above
}

func report(engine, what, format string, args ...any) {
	fmt.Printf("%-11s %-38s %s\n", engine, what, fmt.Sprintf(format, args...))
}

// compare reads the security info page in turn with the bare server's, and prints the ratio.
func compare(b *testing.B, engine string, bare, c *crowd) {
	b.Helper()
	for _, at := range []int{atOnce, 1} {
		n := views
		if at == 1 {
			n = views / 4
		}
		var ratios, own []float64
		var used usage
		for range rounds {
			base := many(b, at, n, func(int, int) error { return bare.read(0) })
			before := c.usage(b)
			r := many(b, at, n, func(worker, _ int) error { return c.read(worker) })
			used = used.plus(c.usage(b).minus(before))
			ratios, own = append(ratios, r.perSecond()/base.perSecond()), append(own, r.perSecond())
		}
		slices.Sort(ratios)
		slices.Sort(own)
		report(engine, fmt.Sprintf("/ signed in, %d at once", at), "%.2f of the bare server (half of the rounds %.2f to %.2f), %.0f a second",
			ratios[rounds/2], ratios[rounds/4], ratios[rounds*3/4], own[rounds/2])
		report(engine, fmt.Sprintf("processor for a view, %d at once", at), "%s", used.per(rounds*n))
	}
}

// change runs complete changes: first one after the other, then many at once.
func change(b *testing.B, engine string, c *crowd) {
	b.Helper()
	stop, followed := make(chan struct{}), make(chan error, 1)
	go func() { followed <- c.follow(stop) }()
	fresh := unused()
	// Each by a person of its own: who changes again and again has more and more former
	// contacts, and each of them is told.
	who := 0
	do := func(_, i int) error { return c.change(who+i, fresh[who+i]) }
	many(b, 1, warm, do)
	who += warm
	one := many(b, 1, alone, do)
	report(engine, "a change, one person alone", "%.1f ms (p50), %.1f ms (p99)", ms(one.at(.5)), ms(one.at(.99)))
	who += alone
	before := c.usage(b)
	all := many(b, atOnce, cycles-alone, do)
	used := c.usage(b).minus(before)
	report(engine, fmt.Sprintf("changes, %d at once", atOnce), "%.0f a second, %.1f ms (p50), %.1f ms (p99)", all.perSecond(), ms(all.at(.5)), ms(all.at(.99)))
	report(engine, "processor for a change", "%s", used.per(all.n))
	close(stop)
	if err := <-followed; err != nil {
		b.Fatal(err)
	}
}

// usage is the processor time of the site's process and of its database server.
type usage struct{ site, db time.Duration }

func (s *server) usage(b *testing.B) usage {
	b.Helper()
	u := usage{site: processor(b, s.cmd.Process.Pid)}
	if s.db != 0 {
		u.db = processor(b, s.db)
	}
	return u
}

func (u usage) plus(o usage) usage  { return usage{u.site + o.site, u.db + o.db} }
func (u usage) minus(o usage) usage { return usage{u.site - o.site, u.db - o.db} }

// per is what one of n things took.
func (u usage) per(n int) string {
	text := fmt.Sprintf("%.2f ms", ms(u.site)/float64(n))
	if u.db > 0 {
		text += fmt.Sprintf(", its database server %.2f ms", ms(u.db)/float64(n))
	}
	return text
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// unused returns numbers that nobody in the crowd has.
func unused() []string {
	var all []string
	for i := people; i < numbers*100; i++ {
		if n := tenant.Number(i); possible(n) {
			all = append(all, n)
		}
	}
	return all
}
