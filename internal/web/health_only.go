package web

import (
	"context"
	"log/slog"
	"net/http"
)

// Health answers /healthz and /readyz, as a Site does, for a process that has no site.
func Health(ready func(context.Context) error, draining func() bool, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+healthPath, func(w http.ResponseWriter, _ *http.Request) { word(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET "+readyPath, func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyTime)
		defer cancel()
		status, text := readiness(ctx, ready, draining, log)
		word(w, status, text)
	})
	return mux
}

func word(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
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
