// Package clock is the one authority for time. Everything that expires, waits or is
// dated asks a Clock, so that tests and the demo can move it.
//
// It leaves waiting to its users: a worker sleeps on its own timer and asks the Clock
// what is due.
package clock

import (
	"sync/atomic"
	"time"
)

// Clock tells the time, always in UTC.
type Clock interface {
	Now() time.Time
}

// System is the machine's clock.
type System struct{}

// Now returns the machine's time in UTC, cut to microseconds, the precision of the store.
func (System) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Func adapts a function, for tests.
type Func func() time.Time

// Now calls the function.
func (f Func) Now() time.Time { return f() }

// Movable is a clock that runs ahead of another one by an offset that can grow.
// It never goes backwards.
type Movable struct {
	base   Clock
	offset atomic.Int64
}

// NewMovable returns a clock that is offset ahead of base.
func NewMovable(base Clock, offset time.Duration) *Movable {
	m := &Movable{base: base}
	m.offset.Store(int64(max(offset, 0)))
	return m
}

// Now returns the base clock's time plus the offset.
func (m *Movable) Now() time.Time {
	return m.base.Now().Add(time.Duration(m.offset.Load()))
}

// Advance moves the clock forward by d and returns the new offset. A negative d is ignored.
func (m *Movable) Advance(d time.Duration) time.Duration {
	return time.Duration(m.offset.Add(int64(max(d, 0))))
}

// Offset returns how far this clock is ahead of its base.
func (m *Movable) Offset() time.Duration { return time.Duration(m.offset.Load()) }
