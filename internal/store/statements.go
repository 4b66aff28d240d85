package store

import (
	"context"
	"database/sql"
	"sync"
)

// statements keeps what SQLite has parsed: parsing takes longer than running most of what
// is asked here. (The driver of PostgreSQL does it by itself.) It is safe for concurrent
// use where its preparer is.
type statements struct {
	on   preparer
	mu   sync.Mutex
	kept map[string]*sql.Stmt
}

// preparer is a database or one of its connections.
type preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

func newStatements(on preparer) *statements { return &statements{on: on, kept: map[string]*sql.Stmt{}} }

// get returns a statement, prepared at its first use. There are as many as there are texts
// in this package: lists of values make a few of each.
func (s *statements) get(ctx context.Context, query string) (*sql.Stmt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stmt, ok := s.kept[query]; ok {
		return stmt, nil
	}
	stmt, err := s.on.PrepareContext(ctx, query)
	if err == nil {
		s.kept[query] = stmt
	}
	return stmt, err
}

func (s *statements) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	stmt, err := s.get(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

func (s *statements) row(ctx context.Context, query string, args ...any) scanner {
	stmt, err := s.get(ctx, query)
	if err != nil {
		return row(func(...any) error { return err })
	}
	return stmt.QueryRowContext(ctx, args...)
}

func (s *statements) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, stmt := range s.kept {
		_ = stmt.Close() // the connection goes with it
	}
	clear(s.kept)
}

// pool is the querier of single statements on a file, outside of transactions.
type pool struct {
	db    *sql.DB
	stmts *statements
}

// ExecContext is part of querier.
func (p pool) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return p.stmts.exec(ctx, query, args...)
}

// QueryContext is part of querier.
func (p pool) QueryContext(ctx context.Context, query string, args ...any) (rows, error) {
	stmt, err := p.stmts.get(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

// QueryRowContext is part of querier.
func (p pool) QueryRowContext(ctx context.Context, query string, args ...any) scanner {
	return p.stmts.row(ctx, query, args...)
}
