package store

import (
	"context"
	"testing"
)

// Pragma asks the database for a setting.
func Pragma(t *testing.T, s *Store, name string) string {
	t.Helper()
	var value string
	if err := s.db.QueryRowContext(t.Context(), "PRAGMA "+name).Scan(&value); err != nil {
		t.Fatalf("PRAGMA %s: %v", name, err)
	}
	return value
}

// Count counts the rows of a table.
func Count(t *testing.T, s *Store, table string) (n int64) {
	t.Helper()
	if err := s.db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n); err != nil {
		t.Fatalf("counting %s: %v", table, err)
	}
	return n
}

// Setting asks PostgreSQL for a setting.
func Setting(t *testing.T, s *Store, name string) string {
	t.Helper()
	var value string
	if err := s.db.QueryRowContext(t.Context(), "SHOW "+name).Scan(&value); err != nil {
		t.Fatalf("SHOW %s: %v", name, err)
	}
	return value
}

// Judge is judge, of a caller that still waits.
func Judge(err error) error { return judge(context.Background(), err) }

// Run runs a statement in the transaction of ctx.
func (s *Store) Run(ctx context.Context, statement string) error {
	_, err := s.write(ctx, statement)
	return err
}
