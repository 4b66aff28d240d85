package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// appendOnly reports whether rows of a table are only ever added.
func appendOnly(table string) bool { return table == "events" || table == "seals" }

// Grant gives a role of the PostgreSQL server what a serving process needs and takes what
// it had beyond that: it can add to the audit log and its chain, but neither change nor
// remove what is there (AUD-4), and it cannot change tables. The account of this store
// owns the tables, and calls it after each Migrate.
func (s *Store) Grant(ctx context.Context, role string) error {
	if s.server == nil {
		return errors.New("only PostgreSQL knows roles: a SQLite database belongs to the account of its file")
	}
	err := s.InTx(ctx, func(ctx context.Context) error {
		var schema string
		var tables []string
		err := s.each(ctx, func(row scanner) error {
			var table string
			err := row.Scan(&schema, &table)
			tables = append(tables, table)
			return err
		}, `SELECT schemaname, tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename`)
		if err != nil {
			return err
		}
		to := pgx.Identifier{role}.Sanitize()
		statements := []string{`GRANT USAGE ON SCHEMA ` + pgx.Identifier{schema}.Sanitize() + ` TO ` + to}
		for _, t := range tables {
			name := pgx.Identifier{schema, t}.Sanitize()
			statements = append(statements, `REVOKE ALL ON `+name+` FROM `+to, `GRANT `+rights(t)+` ON `+name+` TO `+to)
		}
		for _, text := range statements {
			if _, err := s.in(ctx).ExecContext(ctx, text); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("the role %q could not be given its rights: %w", role, err)
	}
	return nil
}

// rights are what a serving process needs on a table.
func rights(table string) string {
	switch {
	case table == "goose_db_version":
		return "SELECT"
	case appendOnly(table):
		return "SELECT, INSERT"
	}
	return "SELECT, INSERT, UPDATE, DELETE"
}
