package web

import (
	"log/slog"
	"net/http"
	"time"
)

// Limits of the server (WEB-5).
const (
	ReadHeaderTimeout = 5 * time.Second
	ReadTimeout       = 15 * time.Second
	PageTime          = 15 * time.Second // deadline of a request's context (AVL-1)
	WriteTimeout      = 30 * time.Second // longer than a page may take
	IdleTimeout       = 60 * time.Second
	MaxHeaderBytes    = 32 << 10
	MaxBodyBytes      = 64 << 10
)

// NewServer returns a server with our limits. Its own complaints, mostly about clients
// that hang up, go to the log at debug level.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:                      h,
		ReadHeaderTimeout:            ReadHeaderTimeout,
		ReadTimeout:                  ReadTimeout,
		WriteTimeout:                 WriteTimeout,
		IdleTimeout:                  IdleTimeout,
		MaxHeaderBytes:               MaxHeaderBytes,
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}
