package reset

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"rekey/internal/directory"
	"rekey/internal/fault"
)

// TenantPolicy is whether the tenant lets administrators reset their own password. Entra
// itself takes up to an hour to follow a change of it, pages here a quarter of one; before a
// mail goes out it is read anew.
type TenantPolicy struct {
	Reader directory.ResetPolicy
	Log    *slog.Logger

	closed atomic.Bool
}

// refreshEvery is how often Run reads it.
const refreshEvery = 15 * time.Minute

// Closed reports whether the tenant is known to forbid it. It asks nobody: pages must answer
// before the directory does (RST-2).
func (t *TenantPolicy) Closed() bool { return t.closed.Load() }

// Allowed reads it now.
func (t *TenantPolicy) Allowed(ctx context.Context) (bool, error) {
	allowed, err := t.Reader.ResetAllowed(ctx)
	if err == nil {
		t.closed.Store(!allowed)
	}
	return allowed, err
}

// Run keeps it known until ctx ends.
func (t *TenantPolicy) Run(ctx context.Context) {
	tick := time.NewTicker(refreshEvery)
	defer tick.Stop()
	for {
		if _, err := t.Allowed(ctx); err != nil && ctx.Err() == nil {
			level := slog.LevelWarn
			if fault.Is(err, fault.Forbidden) {
				level = slog.LevelError
			}
			t.Log.Log(ctx, level, "whether administrators may reset their password could not be read; see rekey doctor", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
