package store

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"rekey/internal/session"
)

// Ahead returns a context for one request for the security info page. On PostgreSQL, finding
// its session brings along, in the same trip over the line, what that page reads of the
// session's person: each of these, asked for once within the context, is at hand. All of it
// was read after the request came, and nothing outlives the context.
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

// broughtAlong are the queries that Ahead is for. Their one argument is the person.
var broughtAlong = []string{snapshotQuery, overviewQuery, retirementQuery}

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
	var read []*readRows
	err = s.again(ctx, func() error {
		batch := &pgx.Batch{} // a new one each time: pgx keeps in it what it knows of the statements on a connection
		batch.Queue(sessionQuery, secret)
		for _, query := range broughtAlong {
			batch.Queue(strings.Replace(query, "$1", "(SELECT person FROM sessions WHERE secret = $1)", 1), secret)
		}
		return s.pipe(ctx, func(line *pgx.Conn) (err error) {
			read, err = readAll(line, line.SendBatch(ctx, batch), batch.Len())
			return err
		})
	})
	if err != nil {
		return r, bounded{store: s}.judged(caller, err)
	}
	if r, err = s.readSession(read[0].one()); err != nil {
		return r, err
	}
	a.person, a.rows = r.Person.String(), map[string]*readRows{}
	for i, query := range broughtAlong {
		a.rows[query] = read[i+1]
	}
	return r, nil
}

// readAll reads n answers.
func readAll(line *pgx.Conn, results pgx.BatchResults, n int) (read []*readRows, err error) {
	defer func() {
		if closed := results.Close(); err == nil {
			err = closed
		}
	}()
	for range n {
		rows, err := results.Query()
		if err != nil {
			return nil, err
		}
		kept := &readRows{types: line.TypeMap(), at: -1}
		if err := kept.from(rows); err != nil {
			return nil, err
		}
		read = append(read, kept)
	}
	return read, nil
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
