// Package tx carries an open transaction in a context, so that packages that know no
// SQL can share one, and lets those that must not run inside one refuse.
//
// The store opens transactions and takes them out again; everybody else only asks
// whether one is open.
package tx

import (
	"context"
	"errors"
)

// ErrOpen is returned by work that must not run inside a transaction: counting a try,
// reserving an allowance, and every call to the outside.
var ErrOpen = errors.New("tx: not inside a transaction")

// Runner runs a function inside one transaction: committed when it returns nil, rolled
// back otherwise. Inside fn, ctx carries the transaction; a nested InTx joins it.
type Runner interface {
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
}

type key struct{}

// With returns a context that carries the store's transaction handle.
func With(ctx context.Context, handle any) context.Context {
	return context.WithValue(ctx, key{}, handle)
}

// From returns the transaction handle in ctx, or nil.
func From(ctx context.Context) any { return ctx.Value(key{}) }

// Refuse returns ErrOpen when ctx carries a transaction.
func Refuse(ctx context.Context) error {
	if From(ctx) != nil {
		return ErrOpen
	}
	return nil
}
