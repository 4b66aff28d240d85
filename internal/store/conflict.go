package store

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
	driver "modernc.org/sqlite"

	"rekey/internal/fault"
)

// What the engines call a row that a unique index does not take.
const (
	sqliteUnique     = 2067 // SQLITE_CONSTRAINT_UNIQUE
	sqlitePrimaryKey = 1555 // SQLITE_CONSTRAINT_PRIMARYKEY
	postgresUnique   = "23505"
)

// conflict turns "there is such a row already" into a fault with the key: somebody else
// was faster.
func conflict(err error, key string) error {
	var lite *driver.Error
	var pg *pgconn.PgError
	var other *belated
	switch {
	case errors.As(err, &other): // that row was another statement's, which has named it
		return err
	case errors.As(err, &lite) && (lite.Code() == sqliteUnique || lite.Code() == sqlitePrimaryKey):
	case errors.As(err, &pg) && pg.Code == postgresUnique:
	default:
		return err
	}
	return fault.Wrap(fault.Conflict, key, err)
}
