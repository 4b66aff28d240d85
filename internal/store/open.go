package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"rekey/internal/keyring"
)

// Options say which database, and with which keys its secrets are sealed.
type Options struct {
	// URL is "sqlite:/path/to/rekey.db", "sqlite::memory:" for a database that is gone
	// after Close, or "postgres://…". Several hosts in it need target_session_attrs.
	URL  string
	Ring *keyring.Ring
	// Patience is how long a transaction, a statement outside of one or the next row may
	// take before the database counts as down; 0 is four seconds (AVL-1).
	Patience time.Duration
}

// patience leaves the rest of a page's fifteen seconds to what else it has to do.
const patience = 4 * time.Second

// engine is what differs between the databases.
type engine struct {
	dialect goose.Dialect
	serial  string // a number that grows with every row, and is the primary key
	skip    string // ends a query for a row to write that nobody else is writing
	row     string // names a row of a table that has no key
	conns   int
}

func sqlite() engine {
	return engine{dialect: goose.DialectSQLite3, serial: "INTEGER PRIMARY KEY AUTOINCREMENT", row: "rowid", conns: 8}
}

func postgres() engine {
	return engine{dialect: goose.DialectPostgres, serial: "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", skip: " FOR UPDATE SKIP LOCKED", row: "ctid", conns: 20}
}

// Open opens a database for reading and writing. A SQLite file that does not exist is
// made, readable by this account only, and stays locked against other processes until
// Close. Open changes no tables: see Migrate.
func Open(ctx context.Context, o Options) (*Store, error) {
	kind, rest, err := parse(o)
	if err != nil {
		return nil, err
	}
	if kind == "postgres" {
		return dial(ctx, o, false)
	}
	path, closers := rest, []io.Closer(nil)
	if rest == ":memory:" {
		// A file in a folder of its own keeps the semantics that everything is tested
		// with. SQLite's shared in-memory database has no WAL: readers would block the
		// writer, and lock errors ignore the busy timeout. What a killed process leaves
		// behind is sealed with keys that died with it.
		dir, err := os.MkdirTemp("", "rekey-")
		if err != nil {
			return nil, fmt.Errorf("store: no folder for the database in memory: %w", err)
		}
		path, closers = filepath.Join(dir, "rekey.db"), []io.Closer{folder(dir)}
	}
	lock, err := create(path)
	if err != nil {
		closeAll(closers)
		return nil, err
	}
	closers = append([]io.Closer{lock}, closers...)
	return local(ctx, o, dsn(path, "_pragma=journal_mode(WAL)", "_pragma=synchronous(FULL)", "_pragma=temp_store(MEMORY)", "_txlock=immediate"), closers)
}

// OpenReadOnly opens a database for reading, beside a live process: for checks and
// exports. Every write fails.
func OpenReadOnly(ctx context.Context, o Options) (*Store, error) {
	kind, path, err := parse(o)
	if err != nil {
		return nil, err
	}
	if kind == "postgres" {
		return dial(ctx, o, true)
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("there is no database at %q: %w", path, err)
	}
	s, err := local(ctx, o, dsn(path, "mode=ro", "_pragma=query_only(1)"), nil)
	if err == nil {
		s.readOnly = true
	}
	return s, err
}

// parse reads the URL. Its errors are sentences for the operator, without the URL of a
// PostgreSQL server: it may hold a password.
func parse(o Options) (kind, rest string, err error) {
	if o.Ring == nil {
		return "", "", errors.New("store: no keyring")
	}
	kind, rest, _ = strings.Cut(o.URL, ":")
	switch kind {
	case "sqlite":
		rest = strings.TrimPrefix(rest, "//")
		if rest == "" {
			return "", "", errors.New(`the database URL names no file; write "sqlite:/path/to/rekey.db"`)
		}
		return kind, rest, nil
	case "postgres", "postgresql":
		return "postgres", rest, nil
	}
	return "", "", errors.New(`the database URL begins neither with "sqlite:" nor with "postgres://"`)
}

// dsn writes the driver's name for a file. The busy timeout is for readers that come
// while a process recovers or checkpoints; writers of this process wait at the gate.
func dsn(path string, parameters ...string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	file := "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()
	all := append([]string{"_pragma=busy_timeout(5000)", "_pragma=foreign_keys(1)"}, parameters...)
	return file + "?" + strings.Join(all, "&")
}

// local opens a SQLite database.
func local(ctx context.Context, o Options, name string, closers []io.Closer) (*Store, error) {
	db, err := sql.Open("sqlite", name)
	if err != nil {
		closeAll(closers)
		return nil, fmt.Errorf("store: %w", err)
	}
	return connect(ctx, &Store{db: db, engine: sqlite(), ring: o.Ring, patience: cmp.Or(o.Patience, patience), closers: closers,
		writer: newWriter(db), outside: pool{db, newStatements(db)}})
}

// connect makes sure that the database answers. It closes the store when it does not.
func connect(ctx context.Context, s *Store) (*Store, error) {
	s.db.SetMaxOpenConns(s.engine.conns)
	s.db.SetMaxIdleConns(s.engine.conns)
	if err := s.db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("the database does not answer: %w", err), s.Close())
	}
	return s, nil
}

func closeAll(closers []io.Closer) {
	for _, c := range closers {
		_ = c.Close() // the error that led here is the one to tell
	}
}

// folder is a folder that goes when it is closed.
type folder string

func (f folder) Close() error { return os.RemoveAll(string(f)) }
