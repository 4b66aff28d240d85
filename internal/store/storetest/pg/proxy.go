package pg

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Wire is a way to a server that a test can make slow or cut.
type Wire struct {
	server   *Server
	listener net.Listener
	closed   chan struct{}
	wait     sync.WaitGroup

	mu    sync.Mutex
	delay time.Duration
	trips int // pieces that were carried to the server
	conns map[net.Conn]bool
	stall chan struct{} // closed when the connections until now carry nothing any more
}

// Wire opens a way to the server on a port of the loopback. It is closed at the end of
// the test.
func (s *Server) Wire(t testing.TB) *Wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &Wire{server: s, listener: l, closed: make(chan struct{}), conns: map[net.Conn]bool{}, stall: make(chan struct{})}
	w.wait.Go(w.accept)
	t.Cleanup(func() {
		close(w.closed)
		l.Close()
		w.Cut()
		w.wait.Wait()
	})
	return w
}

// URL is the address of the server's database by this way; see Server.URL.
func (w *Wire) URL(schema string) string {
	q := url.Values{"sslmode": {"disable"}}
	if schema != "" {
		q.Set("search_path", schema)
	}
	return fmt.Sprintf("postgres://postgres@%s/postgres?%s", w.listener.Addr(), q.Encode())
}

// Slow makes every answer of the server take that much longer, from the next one on.
func (w *Wire) Slow(by time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.delay = by
}

// Cut breaks the connections that there are. New ones are taken.
func (w *Wire) Cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.conns {
		c.Close()
	}
}

// Stall makes the connections that there are carry nothing any more, as when the other
// machine is gone without a word. New ones are taken.
func (w *Wire) Stall() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.stall)
	w.stall = make(chan struct{})
}

// Trips says how many pieces went to the server so far. What a client sends at once is one
// piece, or a few when it is long.
func (w *Wire) Trips() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.trips
}

// there counts a piece on its way to the server, which nothing holds up.
func (w *Wire) there() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trips++
	return 0
}

func (w *Wire) accept() {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return // closed
		}
		server, err := net.Dial("unix", filepath.Join(w.server.dir, ".s.PGSQL.5432"))
		if err != nil {
			client.Close() // as a server that is down would
			continue
		}
		stall := w.keep(client, server)
		w.wait.Go(func() { w.carry(server, client, stall, w.there) })
		w.wait.Go(func() { w.carry(client, server, stall, w.late) })
	}
}

func (w *Wire) keep(conns ...net.Conn) (stall <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range conns {
		w.conns[c] = true
	}
	return w.stall
}

func (w *Wire) late() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.delay
}

// carry copies from one end to the other until one of them closes, and closes both.
func (w *Wire) carry(to io.WriteCloser, from io.ReadCloser, stall <-chan struct{}, late func() time.Duration) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		select {
		case <-stall:
			<-w.closed
			return
		default:
		}
		if n > 0 && !w.pause(late()) {
			return
		}
		if _, writeErr := to.Write(buffer[:n]); err != nil || writeErr != nil {
			return
		}
	}
}

// pause waits; it returns false when the wire was closed meanwhile.
func (w *Wire) pause(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-w.closed:
		return false
	}
}
