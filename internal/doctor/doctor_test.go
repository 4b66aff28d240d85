package doctor

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func always(findings ...Finding) Check {
	return func(context.Context) []Finding { return findings }
}

func TestRun_OneLineForEachFinding(t *testing.T) {
	var out strings.Builder
	well, err := Run(t.Context(), &out, []Check{
		always(ok("database", "answers")),
		always(warn("clock", "is off", "set it."), off("mail", "none")),
		always(fail("gateway", "said\nno\r\n\x1b[31m", "mend it.")),
	}, nil)
	want := "ok    database: answers\nwarn  clock: is off. Fix: set it.\noff   mail: none\nFAIL  gateway: said no [31m. Fix: mend it.\n"
	if err != nil || well || out.String() != want {
		t.Errorf("Run = %v, %v and\n%s\nwant false and\n%s", well, err, out.String(), want)
	}
	if well, err := Run(t.Context(), &out, []Check{always(ok("a", "b"), warn("c", "d", "e"), off("f", "g"))}, nil); !well || err != nil {
		t.Errorf("Run without a failure = %v, %v, want well", well, err)
	}
}

func TestRun_TellsNoSecret_AUD3(t *testing.T) {
	var out strings.Builder
	secrets := []string{"hunter2-canary", "", "abc"}
	_, err := Run(t.Context(), &out, []Check{always(fail("database", "postgres://rekey:hunter2-canary@db refused", "write hunter2-canary anew; abc."))}, secrets)
	if err != nil || strings.Contains(out.String(), "canary") || strings.Count(out.String(), "(secret)") != 2 || !strings.Contains(out.String(), "abc") {
		t.Errorf("Run = %v and %q, want the secret hidden twice and words left whole", err, out.String())
	}
}

func TestRun_EachCheckHasADeadline_AVL1(t *testing.T) {
	check := func(ctx context.Context) []Finding {
		if at, has := ctx.Deadline(); !has || time.Until(at) > timeout {
			t.Errorf("a check until %v, want within %v", at, timeout)
		}
		return nil
	}
	if _, err := Run(t.Context(), &strings.Builder{}, []Check{check}, nil); err != nil {
		t.Errorf("Run = %v", err)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestRun_AReportThatCannotBeWrittenIsNotWell(t *testing.T) {
	if well, err := Run(t.Context(), brokenWriter{}, []Check{always(ok("a", "b"))}, nil); well || err == nil {
		t.Errorf("Run to a full disk = %v, %v, want an error", well, err)
	}
}

// is checks a single finding.
func is(t *testing.T, name string, got []Finding, result Result, words ...string) {
	t.Helper()
	if len(got) != 1 || got[0].Result != result {
		t.Errorf("%s = %+v, want one finding %v", name, got, result)
		return
	}
	text := line(got[0], nil)
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%s = %q, want %q in it", name, text, w)
		}
	}
	if (result == Failed || result == Warning) && got[0].Fix == "" {
		t.Errorf("%s = %q names no fix", name, text)
	}
}

func TestCheckDatabase(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		inUse bool
		want  Result
		words string
	}{
		"good":      {nil, false, OK, "PostgreSQL answers"},
		"in use":    {nil, true, OK, "running process"},
		"missing":   {ErrMissing, false, Failed, "rekey migrate"},
		"old":       {errors.Join(ErrOld, errors.New("x")), true, Failed, "rekey migrate"},
		"read-only": {ErrReadOnly, false, Failed, "primary"},
		"down":      {errors.New("connection refused"), false, Failed, "connection refused"},
	} {
		db := Database{Engine: "PostgreSQL", InUse: c.inUse, Ready: func(context.Context) error { return c.err }}
		is(t, name, CheckDatabase(db)(t.Context()), c.want, c.words)
	}
}

func TestCheckClock_AVL7(t *testing.T) {
	for ahead, want := range map[time.Duration]Result{0: OK, 29 * time.Second: OK, 30 * time.Second: OK, 31 * time.Second: Failed, -31 * time.Second: Failed} {
		db := Database{Engine: "PostgreSQL", Skew: func(context.Context) (time.Duration, error) { return ahead, nil }}
		words := "ahead"
		if ahead < 0 {
			words = "31s behind"
		}
		is(t, ahead.String(), CheckClock(db)(t.Context()), want, words)
	}
	is(t, "SQLite", CheckClock(Database{Engine: "SQLite"})(t.Context()), OK, "this machine's clock")
	down := Database{Skew: func(context.Context) (time.Duration, error) { return 0, errors.New("down") }}
	is(t, "down", CheckClock(down)(t.Context()), Warning, "down")
}

func TestCheckNotices_NOT4(t *testing.T) {
	counts := func(waiting, abandoned int, err error) Database {
		return Database{Notices: func(context.Context) (int, int, error) { return waiting, abandoned, err }}
	}
	is(t, "some wait", CheckNotices(counts(3, 0, nil))(t.Context()), OK, "3 waiting, 0 given up")
	is(t, "some were given up", CheckNotices(counts(3, 2, nil))(t.Context()), Warning, "2 given up")
	is(t, "not counted", CheckNotices(counts(0, 0, errors.New("down")))(t.Context()), Warning, "down")
	is(t, "none kept", CheckNotices(Database{})(t.Context()), NotConfigured)
}

func TestCheckKeys(t *testing.T) {
	is(t, "one", CheckKeys(1)(t.Context()), OK, "one key")
	is(t, "three", CheckKeys(3)(t.Context()), OK, "3 keys; the first one writes")
}

func TestCheckGateway(t *testing.T) {
	reach := func(err error) Gateway {
		return Gateway{Host: "sms.example", Reach: func(context.Context) error { return err }}
	}
	is(t, "reached", CheckGateway(reach(nil))(t.Context()), OK, "sms.example", "nothing was sent")
	is(t, "not reached", CheckGateway(reach(errors.New("unknown authority")))(t.Context()), Failed, "unknown authority")
	is(t, "proxy", CheckGateway(Gateway{Host: "sms.example", Proxied: true})(t.Context()), Warning, "proxy")
}

func TestCheckMail(t *testing.T) {
	server := func(err error) Mail {
		return Mail{Where: "mx.example:587", Probe: func(context.Context) error { return err }}
	}
	is(t, "none", CheckMail(Mail{})(t.Context()), NotConfigured)
	is(t, "Graph", CheckMail(Mail{Graph: true})(t.Context()), OK, "Mail.Send")
	is(t, "good", CheckMail(server(nil))(t.Context()), OK, "mx.example:587", "nothing was sent")
	is(t, "bad", CheckMail(server(errors.New("no encryption")))(t.Context()), Failed, "mx.example:587", "no encryption", "mail.security")
}
