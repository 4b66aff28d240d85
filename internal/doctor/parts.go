package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rekey/internal/clock"
)

// What is wrong with a database, as its Ready says it.
var (
	ErrOld      = errors.New("tables of an older release")
	ErrReadOnly = errors.New("read-only")
	ErrMissing  = errors.New("no database there")
)

// Database is what is looked at of the database.
type Database struct {
	Engine string // "SQLite" or "PostgreSQL"
	// InUse says that another process of Rekey has it open, so that it was read only; on
	// SQLite that is as it should be.
	InUse bool
	// Ready returns nil when the database answers, can be written and has this release's
	// tables; ErrOld, ErrReadOnly, ErrMissing or another error.
	Ready func(ctx context.Context) error
	// Skew returns how far the database's clock is ahead of the machine's; nil where it is
	// the machine's.
	Skew func(ctx context.Context) (time.Duration, error)
	// Notices returns how many notices wait, and how many were abandoned; nil where
	// nothing is kept of them.
	Notices func(ctx context.Context) (waiting, abandoned int, err error)
}

// CheckDatabase looks at the database.
func CheckDatabase(db Database) Check {
	return func(ctx context.Context) []Finding {
		const name = "database"
		err := db.Ready(ctx)
		switch {
		case err == nil && db.InUse:
			return one(ok(name, db.Engine+" has the tables of this release; a running process has it open and writes"))
		case err == nil:
			return one(ok(name, db.Engine+" answers, can be written and has the tables of this release"))
		case errors.Is(err, ErrMissing):
			return one(fail(name, "there is none at that place", "run rekey migrate to make it, or correct the setting database."))
		case errors.Is(err, ErrOld):
			return one(fail(name, db.Engine+" has the tables of an older release", "run rekey migrate."))
		case errors.Is(err, ErrReadOnly):
			return one(fail(name, db.Engine+" cannot be written: "+err.Error(), "connect to the primary server, give the role its rights, or look for a full disk."))
		}
		return one(fail(name, db.Engine+" does not answer: "+err.Error(), "start it, open the way to it, or correct the setting database."))
	}
}

// CheckClock looks at how far the database's clock is from the machine's (AVL-7).
func CheckClock(db Database) Check {
	return func(ctx context.Context) []Finding {
		const name = "clock, database"
		if db.Skew == nil {
			return one(ok(name, db.Engine+" goes by this machine's clock"))
		}
		ahead, err := db.Skew(ctx)
		if err != nil {
			return one(warn(name, "not measured: "+err.Error(), "see the line about the database."))
		}
		return one(skew(name, "the database", ahead))
	}
}

// skew judges a difference between two clocks.
func skew(name, whose string, ahead time.Duration) Finding {
	says := fmt.Sprintf("%s is %s ahead", whose, ahead.Abs().Round(time.Millisecond))
	if ahead < 0 {
		says = fmt.Sprintf("%s is %s behind", whose, ahead.Abs().Round(time.Millisecond))
	}
	if ahead.Abs() > clock.SkewAlarm {
		return fail(name, says, "set the clocks by NTP: codes and sign-ins would be taken too long, or not at all.")
	}
	return ok(name, says)
}

// CheckNotices counts notices that wait and that were given up (NOT-4).
func CheckNotices(db Database) Check {
	return func(ctx context.Context) []Finding {
		const name = "notices"
		if db.Notices == nil {
			return one(off(name, "none are kept"))
		}
		waiting, abandoned, err := db.Notices(ctx)
		says := fmt.Sprintf("%d waiting, %d given up", waiting, abandoned)
		switch {
		case err != nil:
			return one(warn(name, "not counted: "+err.Error(), "see the line about the database."))
		case abandoned > 0:
			return one(warn(name, says, "the log says why; look at the lines about gateway and mail, and tell the people concerned."))
		}
		return one(ok(name, says))
	}
}

// CheckKeys counts the keys.
func CheckKeys(count int) Check {
	return func(context.Context) []Finding {
		const name = "keys"
		if count == 1 {
			return one(ok(name, "one key, which writes and reads"))
		}
		return one(ok(name, fmt.Sprintf("%d keys; the first one writes, all read", count)))
	}
}

// Gateway is where text messages go.
type Gateway struct {
	Host string // for the line
	// Proxied says that the way there is a proxy's, which is not tried.
	Proxied bool
	// Reach opens a connection with TLS, as far as the greeting of both sides, and closes it.
	Reach func(ctx context.Context) error
}

// CheckGateway looks whether the gateway can be reached. Whether it takes our credentials
// shows only when a message is sent, and none is.
func CheckGateway(g Gateway) Check {
	return func(ctx context.Context) []Finding {
		const name = "text gateway"
		if g.Proxied {
			return one(warn(name, g.Host+" is reached through a proxy, which is not tried", "send a code to yourself."))
		}
		if err := g.Reach(ctx); err != nil {
			return one(fail(name, g.Host+" cannot be reached: "+err.Error(), "open the way to it, trust the authority of its certificate on this machine, or correct sms.url."))
		}
		return one(ok(name, g.Host+" can be reached; nothing was sent, so its credentials are not tried"))
	}
}

// Mail is the way of mails.
type Mail struct {
	Where string // the server and its port; "" where no mail is sent
	Graph bool   // by Microsoft Graph, whose permission stands in the lines about the tenant
	// Probe connects, secures the line and signs in, without a mail. Its error says in words
	// what failed.
	Probe func(ctx context.Context) error
}

// CheckMail looks whether mails can be sent.
func CheckMail(m Mail) Check {
	return func(ctx context.Context) []Finding {
		const name = "mail"
		switch {
		case m.Graph:
			return one(ok(name, "sent by Microsoft Graph; see the permission Mail.Send"))
		case m.Where == "":
			return one(off(name, "none is sent: no alternate email is offered, and no notice reaches a work mailbox"))
		}
		if err := m.Probe(ctx); err != nil {
			return one(fail(name, m.Where+" cannot be used: "+err.Error(),
				"open the way to it, and compare mail.host, mail.port, mail.security, mail.ca_file, mail.auth, mail.user and mail.password with what it asks for."))
		}
		return one(ok(name, m.Where+" lets us in; nothing was sent"))
	}
}
