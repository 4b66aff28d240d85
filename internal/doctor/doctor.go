// Package doctor checks the parts outside of the program and says what to do about each
// that is not well: database, clock, tenant, gateway, mail, keys, notices.
//
// It looks and changes nothing: no text and no mail is sent. It knows the parts by small
// interfaces only; cmd/rekey puts the real ones behind them. What it prints holds no
// secret, no number and no address of a person.
package doctor

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
)

// Result is how a check ended.
type Result int

// The results.
const (
	OK            Result = iota
	Warning              // works, and should be looked at
	Failed               // does not work, or is not safe
	NotConfigured        // switched off by the configuration, or not to be checked here
)

// String returns the word at the beginning of a line.
func (r Result) String() string {
	switch r {
	case OK:
		return "ok"
	case Warning:
		return "warn"
	case Failed:
		return "FAIL"
	}
	return "off"
}

// Finding is one line of the report.
type Finding struct {
	Result Result
	Name   string // what was looked at, such as "database"
	Says   string // what was found
	Fix    string // what to do about it, a sentence; "" where there is nothing to do
}

// Check looks at one part. A part that is well has findings too.
type Check func(ctx context.Context) []Finding

// timeout bounds one check; the calls in it have shorter deadlines of their own.
const timeout = 30 * time.Second

// Run carries out the checks in their order, writes a line for each finding as soon as it
// is there, and reports whether nothing failed. Wherever one of the secrets would appear
// in a line, "(secret)" does: errors of other people's libraries may hold anything.
func Run(ctx context.Context, w io.Writer, checks []Check, secrets []string) (well bool, err error) {
	well = true
	for _, check := range checks {
		for _, f := range carryOut(ctx, check) {
			well = well && f.Result != Failed
			if _, err := fmt.Fprintln(w, line(f, secrets)); err != nil {
				return false, err
			}
		}
	}
	return well, nil
}

func carryOut(ctx context.Context, check Check) []Finding {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return check(ctx)
}

// shortest is the length below which a secret is not looked for: words would be torn.
const shortest = 4

// line writes a finding in one line.
func line(f Finding, secrets []string) string {
	text := fmt.Sprintf("%-4s  %s: %s", f.Result, f.Name, f.Says)
	if f.Fix != "" {
		text += ". Fix: " + f.Fix
	}
	for _, s := range secrets {
		if len(s) >= shortest {
			text = strings.ReplaceAll(text, s, "(secret)")
		}
	}
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }), " ")
}

func ok(name, says string) Finding  { return Finding{Result: OK, Name: name, Says: says} }
func off(name, says string) Finding { return Finding{Result: NotConfigured, Name: name, Says: says} }
func warn(name, says, fix string) Finding {
	return Finding{Result: Warning, Name: name, Says: says, Fix: fix}
}
func fail(name, says, fix string) Finding {
	return Finding{Result: Failed, Name: name, Says: says, Fix: fix}
}
func one(f Finding) []Finding { return []Finding{f} }
