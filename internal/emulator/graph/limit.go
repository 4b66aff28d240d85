package graph

import (
	"strconv"
	"sync"
	"time"

	"rekey/internal/emulator/tenant"
)

// limiter counts the calls on methods of each app in a sliding window.
// Source: Graph, throttling limits, "Identity and access reports": five requests per ten
// seconds and app and tenant.
type limiter struct {
	tenant *tenant.Tenant
	calls  int
	window time.Duration

	mu   *sync.Mutex
	seen map[string][]time.Time
}

func newLimiter(t *tenant.Tenant) limiter {
	l := limiter{tenant: t, calls: t.Switches().MethodCalls, window: t.Switches().MethodWindow, mu: &sync.Mutex{}, seen: map[string][]time.Time{}}
	if l.calls == 0 {
		l.calls = 5
	}
	if l.window == 0 {
		l.window = 10 * time.Second
	}
	return l
}

// wait counts a call and returns zero, or returns how long the app must wait; a call that
// must wait is not counted.
func (l limiter) wait(app string) time.Duration {
	if l.calls < 0 {
		return 0
	}
	now := l.tenant.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	seen := l.seen[app]
	for len(seen) > 0 && !now.Before(seen[0].Add(l.window)) {
		seen = seen[1:]
	}
	if len(seen) >= l.calls {
		l.seen[app] = seen
		return seen[0].Add(l.window).Sub(now)
	}
	l.seen[app] = append(seen, now)
	return 0
}

// seconds writes a wait in whole seconds, rounded up, as Retry-After has it.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}
