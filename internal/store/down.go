package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	lite "modernc.org/sqlite"

	"rekey/internal/fault"
)

// errSlow says that the database took longer than Options.Patience.
var errSlow = errors.New("store: the database did not answer in time")

// judge turns trouble of the database itself (gone, read-only, full, slow) into
// fault.Unavailable "site.down", which becomes a page that says so and when to try again.
// What ended because the caller's own time was up, or its browser gone, stays as it is.
func judge(caller context.Context, err error) error {
	if err == nil || fault.As(err) != nil || caller.Err() != nil || !trouble(err) {
		return err
	}
	return fault.Wrap(fault.Unavailable, "site.down", err)
}

// trouble reports whether an error says that the database cannot serve now, and not that
// it was asked something wrong.
func trouble(err error) bool {
	var file *lite.Error
	var server *pgconn.PgError
	var connect *pgconn.ConnectError
	switch {
	case errors.As(err, &connect): // whatever the reason is: it may be another one soon
		return true
	case errors.As(err, &file):
		return troubleOfFile(file.Code())
	case errors.As(err, &server):
		return troubleOfServer(server.Code)
	}
	return errors.Is(err, errSlow) || errors.Is(err, errTakenBack) || errors.Is(err, context.DeadlineExceeded) || pgconn.Timeout(err) || cut(err)
}

// What SQLite calls trouble; the upper bits of its codes only tell more
// (https://www.sqlite.org/rescode.html).
func troubleOfFile(code int) bool {
	switch code & 0xff {
	case 5, 6, 8, 9, 10, 13, 14: // BUSY, LOCKED, READONLY, INTERRUPT, IOERR, FULL, CANTOPEN
		return true
	}
	return false
}

// What PostgreSQL calls trouble (https://www.postgresql.org/docs/current/errcodes-appendix.html).
func troubleOfServer(code string) bool {
	switch code[:min(2, len(code))] {
	case "08", "53", "57", "58": // connection, resources, operator, system
		return true
	}
	switch code {
	case readOnlyServer, "25P03", "40001", "40P01", "55P03": // idle in a transaction, serialisation, deadlock, lock
		return true
	}
	return false
}

// readOnlyServer is the code of a write to a server that takes none: a standby, or one
// whose operator said so.
const readOnlyServer = "25006"

// cut reports whether the connection was lost under a statement. Whether that was
// executed is unknown.
func cut(err error) bool {
	var connect *pgconn.ConnectError
	var server *pgconn.PgError
	var network net.Error
	switch {
	case errors.As(err, &connect):
		return false // there was none yet
	case errors.As(err, &server):
		return strings.HasPrefix(server.Code, "57P") || strings.HasPrefix(server.Code, "08") // and then it hung up
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), pgconn.Timeout(err):
		return false // we hung up
	}
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || pgconn.SafeToRetry(err)
}

// again runs fn, which must have no effect when it fails, and once more when the pool had
// only a dead connection for it: after a restart of the database the first request
// already finds it well.
func (s *Store) again(ctx context.Context, fn func() error) error {
	err := fn()
	if ctx.Err() == nil && cut(err) {
		s.shed()
		err = fn()
	}
	return err
}

// shed closes the idle connections: one of them was dead, or led to a server that takes no
// writes, so the others are not worth a try.
func (s *Store) shed() {
	s.db.SetMaxIdleConns(-1)
	s.db.SetMaxIdleConns(s.engine.conns)
}
