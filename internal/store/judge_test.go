package store_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"rekey/internal/fault"
	"rekey/internal/job"
	"rekey/internal/store"
)

func TestJudge_AVL1_WhatIsTheDatabasesTrouble(t *testing.T) {
	server := func(code string) error { return &pgconn.PgError{Code: code} }
	for name, err := range map[string]error{
		"too many connections": server("53300"), "disk full": server("53100"), "shutting down": server("57P01"), "starting": server("57P03"),
		"cancelled by the operator": server("57014"), "read-only": server("25006"), "idle in a transaction": server("25P03"),
		"deadlock": server("40P01"), "lock": server("55P03"), "connection": server("08006"),
		"no connection": &pgconn.ConnectError{Config: &pgconn.Config{}},
		"reset":         &net.OpError{Op: "read", Err: syscall.ECONNRESET}, "hung up": io.ErrUnexpectedEOF, "closed": net.ErrClosed,
		"dead": driver.ErrBadConn, "returned": sql.ErrConnDone, "late": context.DeadlineExceeded,
	} {
		wantDown(t, name, store.Judge(fmt.Errorf("store: some work: %w", err)))
	}
	for name, err := range map[string]error{
		"nothing": nil, "no row": sql.ErrNoRows, "taken": server("23505"), "no table": server("42P01"), "no right": server("42501"),
		"a bad value": server("22P02"), "another's lease": job.ErrLost, "our mistake": errors.New("no such column"),
		"a fault": fault.New(fault.Conflict, "change.moved"), "cancelled": context.Canceled,
	} {
		if got := store.Judge(err); !errors.Is(got, err) || fault.Is(got, fault.Unavailable) {
			t.Errorf("%s: judge(%v) = %v, want it as it is", name, err, got)
		}
	}
}
