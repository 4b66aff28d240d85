// Command rekey is the site on which people keep their own security info: `rekey demo`
// is the whole product with an embedded tenant, `rekey serve` the production process.
//
// This is the only place that wires: which adapter stands behind which port is decided
// here and nowhere else.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"
)

// cli is the command line. Help texts are what `rekey --help` shows.
type cli struct {
	Demo    demoCommand    `cmd:"" help:"Start the whole product with an embedded tenant, on this computer only."`
	Serve   serveCommand   `cmd:"" help:"Start the site."`
	Migrate migrateCommand `cmd:"" help:"Bring the database to this release's shape."`
	Audit   auditCommand   `cmd:"" help:"Look at the audit log."`
	Doctor  doctorCommand  `cmd:"" help:"Look at every outside part and name what to do about what is not well."`
}

// streams are where a command writes; tests pass their own.
type streams struct {
	out, err io.Writer
	env      func(string) (string, bool)
}

// collectAt is how much memory may be garbage before it is collected, in percent of what is in
// use, where GOGC says nothing else: little is, and pages leave much behind. More than a tenth of the
// processor went into collecting at Go's own 100.
const collectAt = 400

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], streams{out: os.Stdout, err: os.Stderr, env: os.LookupEnv})
	stop()
	os.Exit(code)
}

// Exit codes.
const (
	exitOK      = 0
	exitFailed  = 1 // the command ran and failed, or the audit log does not verify
	exitMistake = 2 // the command line or the configuration is wrong
)

// run carries out one command and returns the exit code. Whatever goes wrong is one
// sentence, or one line for each mistake, on standard error.
func run(ctx context.Context, args []string, s streams) int {
	var c cli
	exited := -1
	parser, err := kong.New(&c, kong.Name("rekey"), kong.Writers(s.out, s.err),
		kong.Description("People keep their own security info for Microsoft Entra ID."),
		kong.Exit(func(code int) { exited = code }), kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(s))
	if err != nil {
		fmt.Fprintln(s.err, "rekey:", err)
		return exitFailed
	}
	chosen, err := parser.Parse(args)
	if exited >= 0 {
		return exited // --help
	}
	if err != nil {
		fmt.Fprintf(s.err, "rekey: %v\nSee rekey --help.\n", err)
		return exitMistake
	}
	err = chosen.Run()
	var m mistake
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &m):
		fmt.Fprintln(s.err, m.Error())
		return exitMistake
	}
	fmt.Fprintf(s.err, "rekey: %v\n", err)
	return exitFailed
}

// mistake is something that the operator can put right.
type mistake struct{ error }
