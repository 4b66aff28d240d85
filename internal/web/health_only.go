package web

import (
	"context"
	"log/slog"
	"net/http"
)

// Health answers /healthz and /readyz, as a Site does, for a process that has no site.
// Everything else is not there. secure says that the site lives at https.
func Health(secure bool, ready func(context.Context) error, draining func() bool, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		Harden(w.Header(), secure)
		status, text := http.StatusInternalServerError, "error"
		defer func() {
			if v := recover(); v != nil {
				log.Error("a health page panicked", "kind", kindOf(v), "stack", frames())
			}
			word(w, status, text)
		}()
		status, text = health(r, ready, draining, log)
	})
}

// health returns the answer to a request.
func health(r *http.Request, ready func(context.Context) error, draining func() bool, log *slog.Logger) (status int, text string) {
	switch {
	case !isHealth(r.URL.Path):
		return http.StatusNotFound, "not found"
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return http.StatusMethodNotAllowed, "not allowed"
	case r.URL.Path == healthPath:
		return http.StatusOK, "ok"
	}
	ctx, cancel := context.WithTimeout(r.Context(), readyTime)
	defer cancel()
	return readiness(ctx, ready, draining, log)
}

func word(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	switch status {
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "5")
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", "GET, HEAD")
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n")) // who hangs up does not wait for it
}

// readiness says whether the process can do its work. One that is about to stop is alive
// and not ready, so that nothing new is sent to it (AVL-8).
func readiness(ctx context.Context, ready func(context.Context) error, draining func() bool, log *slog.Logger) (status int, text string) {
	if draining != nil && draining() {
		return http.StatusServiceUnavailable, "draining"
	}
	if ready != nil {
		if err := ready(ctx); err != nil {
			log.Warn("not ready", "err", err)
			return http.StatusServiceUnavailable, "not ready"
		}
	}
	return http.StatusOK, "ready"
}
