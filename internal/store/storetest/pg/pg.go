// Package pg starts a PostgreSQL server for a test: a real one, in a folder of its own,
// reached by a socket in that folder alone. It needs Debian's postgresql, or a PostgreSQL
// in PATH, and stops the server when the test ends.
package pg

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Server is a running server. Its only user is "postgres", who needs no password.
type Server struct {
	dir string
	bin string
	as  *syscall.Credential
	cmd *exec.Cmd
	log *journal
}

// Start makes a database cluster and starts its server. PostgreSQL refuses to run as
// root: then it runs as the account "postgres".
func Start(t testing.TB) *Server {
	t.Helper()
	bin, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "rekey-pg-") // short: a socket's path has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &Server{dir: dir, bin: bin}
	if err := s.leaveRoot(); err != nil {
		t.Fatal(err)
	}
	if out, err := s.run("initdb", "-D", s.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	s.Up(t)
	t.Cleanup(func() { s.end(t, syscall.SIGQUIT) })
	return s
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// Up starts the server, again after Kill, and returns when it takes connections.
func (s *Server) Up(t testing.TB) {
	t.Helper()
	s.log = &journal{ready: make(chan struct{})}
	s.cmd = exec.Command(filepath.Join(s.bin, "postgres"), "-D", s.data(), "-c", "listen_addresses=", "-k", s.dir)
	s.cmd.Dir, s.cmd.Stderr = s.dir, s.log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.as}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.log.ready:
	case <-time.After(time.Minute):
		t.Fatalf("PostgreSQL has not started for a minute:\n%s", s.log.text())
	}
}

// PID is the process that the server's others are children of.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Kill ends the server as a loss of power would: with SIGKILL, in the middle of
// everything. It returns when its processes are gone.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	s.end(t, syscall.SIGKILL)
}

func (s *Server) end(t testing.TB, how syscall.Signal) {
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	if err := s.cmd.Process.Signal(how); err != nil {
		t.Errorf("stopping PostgreSQL: %v\n%s", err, s.log.text())
	}
	_ = s.cmd.Wait() // it did not end well; its children hold its log open until they are gone
	s.cmd = nil
}

// journal is what the server logs.
type journal struct {
	mu    sync.Mutex
	all   bytes.Buffer
	ready chan struct{} // closed when the server takes connections
}

// Write takes a part of the log.
func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	said := []byte("database system is ready to accept connections")
	before := bytes.Contains(j.all.Bytes(), said)
	j.all.Write(p)
	if !before && bytes.Contains(j.all.Bytes(), said) {
		close(j.ready)
	}
	return len(p), nil
}

func (j *journal) text() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.all.String()
}

// URL is the address of the server's database; schema, if not empty, is where tables
// without a schema of their own are looked for and made.
func (s *Server) URL(schema string) string {
	q := url.Values{"host": {s.dir}, "user": {"postgres"}}
	if schema != "" {
		q.Set("search_path", schema)
	}
	return "postgres:///postgres?" + q.Encode()
}

// leaveRoot chooses the account that the server runs as.
func (s *Server) leaveRoot() error {
	if os.Geteuid() != 0 {
		return nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return fmt.Errorf("PostgreSQL does not run as root, and there is no account for it: %w", err)
	}
	uid, uidErr := strconv.ParseUint(account.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(account.Gid, 10, 32)
	if err := errors.Join(uidErr, gidErr); err != nil {
		return err
	}
	s.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(s.dir, int(uid), int(gid))
}

func (s *Server) run(program string, args ...string) ([]byte, error) {
	out, err := os.CreateTemp("", "rekey-pg-out-") // a pipe would stay open in the server
	if err != nil {
		return nil, err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	cmd := exec.Command(filepath.Join(s.bin, program), args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.as}
	runErr := cmd.Run()
	text, err := os.ReadFile(out.Name())
	return text, errors.Join(runErr, err)
}

// programs returns the folder of the newest PostgreSQL that is installed.
func programs() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	best, newest := "", 0
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	for _, path := range found {
		bin := filepath.Dir(path)
		if n, err := strconv.Atoi(filepath.Base(filepath.Dir(bin))); err == nil && n > newest {
			best, newest = bin, n
		}
	}
	if best == "" {
		return "", errors.Join(errors.New("PostgreSQL is not installed, and these tests run on it: install postgresql"), err)
	}
	return best, nil
}
