package store

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"rekey/internal/session"
)

// Ahead returns a context for one request for the security info page. On PostgreSQL, finding
// its session brings along, in the same statement, what that page reads of the session's
// person: each of these, asked for once within the context, is at hand. All of it was read
// after the request came, and nothing outlives the context.
func (s *Store) Ahead(ctx context.Context) context.Context {
	if s.server == nil {
		return ctx
	}
	return context.WithValue(ctx, aheadKey{}, &ahead{})
}

type aheadKey struct{}

// ahead is what was read of one person. It is used by one goroutine.
type ahead struct {
	person string
	rows   map[string]*readRows // by query
}

// broughtAlong are the queries that Ahead is for, each with how many columns it has. Their one
// argument is the person, and all but the last find one row at most.
var broughtAlong = []struct {
	query   string
	columns int
}{{snapshotQuery, 2}, {retirementQuery, 4}, {overviewQuery, strings.Count(changeColumns, ",") + 1}}

// aheadQuery is the session's query with those of its person beside it.
var aheadQuery = func() string {
	columns, from := "s.*", "("+sessionQuery+") s"
	for i, along := range broughtAlong {
		name := string(rune('a' + i))
		columns += ", " + name + ".*"
		from += " LEFT JOIN LATERAL (" + strings.Replace(along.query, "$1", "s.person", 1) + ") " + name + " ON true"
	}
	return "SELECT " + columns + " FROM " + from
}()

// take returns the answer to a query, once.
func (a *ahead) take(query string, args []any) (*readRows, bool) {
	if a == nil || len(args) != 1 || args[0] != a.person {
		return nil, false
	}
	read, ok := a.rows[query]
	delete(a.rows, query)
	return read, ok
}

// sessionAhead is Session that brings the others along.
func (s *Store) sessionAhead(ctx context.Context, a *ahead, secret []byte) (r session.Row, err error) {
	caller := ctx
	ctx, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	var read *readRows
	err = s.again(ctx, func() error {
		return s.pipe(ctx, func(line *pgx.Conn) error {
			rows, err := line.Query(ctx, aheadQuery, secret)
			if err != nil {
				return err
			}
			read = &readRows{types: line.TypeMap(), at: -1}
			return read.from(rows)
		})
	})
	if err != nil {
		return r, bounded{store: s}.judged(caller, err)
	}
	at := strings.Count(sessionColumns, ",") + 1
	if r, err = s.readSession(read.part(0, at).one()); err != nil {
		return r, err
	}
	a.person, a.rows = r.Person.String(), map[string]*readRows{}
	for _, along := range broughtAlong {
		a.rows[along.query] = read.part(at, along.columns)
		at += along.columns
	}
	return r, nil
}

// part is n columns of the rows, of those that have something in the first of them.
func (r *readRows) part(from, n int) *readRows {
	p := &readRows{types: r.types, at: -1}
	if len(r.fields) > 0 {
		p.fields = r.fields[from : from+n]
	}
	for _, row := range r.values {
		if row[from] != nil {
			p.values = append(p.values, row[from:from+n])
		}
	}
	return p
}

// atHand is the database, and before it what was read ahead.
type atHand struct {
	querier
	ahead *ahead
}

// QueryContext is part of querier.
func (h atHand) QueryContext(ctx context.Context, query string, args ...any) (rows, error) {
	if read, ok := h.ahead.take(query, args); ok {
		return read, nil
	}
	return h.querier.QueryContext(ctx, query, args...)
}

// QueryRowContext is part of querier.
func (h atHand) QueryRowContext(ctx context.Context, query string, args ...any) scanner {
	if read, ok := h.ahead.take(query, args); ok {
		return read.one()
	}
	return h.querier.QueryRowContext(ctx, query, args...)
}
