package web

import (
	"maps"
	"net/http"
)

// serveStatic registers /static/. Its files carry the hash of their content in their
// name and may be kept; what is not there gets a page of ours.
func (s *Site) serveStatic() {
	s.page("/static/*", Public, func(c *Context) error {
		w := &held{to: c.echo.Response(), header: http.Header{}}
		s.Static.ServeHTTP(w, c.Request())
		if w.status == http.StatusNotFound {
			return notFound()
		}
		w.WriteHeader(http.StatusOK)
		return nil
	})
}

// held is a ResponseWriter that drops the answer "not found".
type held struct {
	to     http.ResponseWriter
	header http.Header
	status int // 0: nothing written yet
}

// Header returns the headers of the answer, which count only when it is passed on.
func (h *held) Header() http.Header { return h.header }

// WriteHeader passes the headers and the status on, once.
func (h *held) WriteHeader(status int) {
	if h.status != 0 {
		return
	}
	if h.status = status; status != http.StatusNotFound {
		maps.Copy(h.to.Header(), h.header)
		h.to.WriteHeader(status)
	}
}

// Write passes the body on.
func (h *held) Write(b []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	if h.status == http.StatusNotFound {
		return len(b), nil
	}
	return h.to.Write(b)
}
