package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"html/template"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/sessions"
	"github.com/labstack/echo/v4"
)

// The environment that scripts/bench sets, and by which a process becomes the bare server.
const (
	binary = "REKEY_BENCH_BINARY" // path of rekey
	asBare = "REKEY_BENCH_BARE"
)

func TestMain(m *testing.M) {
	if os.Getenv(asBare) != "" {
		bare()
		return
	}
	os.Exit(m.Run())
}

// server is a running process.
type server struct {
	base  string
	cmd   *exec.Cmd
	ready time.Duration // from its start until it said so
	db    int           // process of its database server, 0 for none
}

// start runs a command that says its address at the end of its first line.
func start(b *testing.B, cmd *exec.Cmd) *server {
	b.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	// Into a file, as a service's log goes: a pipe would have the process that measures read it.
	log, err := os.Create(filepath.Join(b.TempDir(), "log"))
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	cmd.Stderr = log
	began := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		text, _ := os.ReadFile(log.Name())
		b.Fatalf("%s said nothing: %v\n%s", cmd.Path, err, text)
	}
	s := &server{cmd: cmd, ready: time.Since(began), base: strings.TrimSpace(line[strings.LastIndexByte(strings.TrimSpace(line), ' ')+1:])}
	b.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	return s
}

// site starts Rekey on a database of its own. A folder keeps what SQLite writes.
func site(b *testing.B, people int, args ...string) *server {
	b.Helper()
	path := os.Getenv(binary)
	if path == "" {
		b.Fatal("run scripts/bench: it builds what is measured")
	}
	args = append([]string{"demo", "--listen", "127.0.0.1:0", "--data", b.TempDir(), "--crowd", strconv.Itoa(people)}, args...)
	return start(b, exec.Command(path, args...))
}

// bareCrowd starts what the site is compared with. One person is all that it knows.
func bareCrowd(b *testing.B) *crowd {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asBare+"=1")
	c := &crowd{server: start(b, cmd), client: client(atOnce), word: "Security info"}
	res, err := c.client.Get(c.base + "/") // begins the session
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	if size, err := io.Copy(io.Discard, res.Body); err != nil || size < 10_000 {
		b.Fatalf("the bare server's page has %d bytes, %v", size, err)
	}
	c.people = []person{{cookie: cookies(res)}}
	return c
}

// bare is a bare Echo server: it decodes a session from a signed and encrypted cookie and
// renders a page of 10 KB.
func bare() {
	key := []byte("0123456789abcdef0123456789abcdef")
	store := sessions.NewCookieStore(key, key)
	page := template.Must(template.New("page").Parse(`<!doctype html><html lang="en"><head><title>{{.Title}}</title></head><body><h1>{{.Title}}</h1><ul>` +
		`{{range .Rows}}<li><h2>{{.Name}}</h2><p class="value">{{.Value}}</p><p class="note">{{.Note}}</p></li>{{end}}</ul></body></html>`))
	type row struct{ Name, Value, Note string }
	data := struct {
		Title string
		Rows  []row
	}{"Security info", nil}
	for i := range 40 {
		data.Rows = append(data.Rows, row{fmt.Sprint("Method ", i), "+1 ***-***-**42", strings.Repeat("For sign-in & password reset. ", 5)})
	}
	e := echo.New()
	e.GET("/", func(c echo.Context) error {
		s, err := store.Get(c.Request(), "session")
		if err != nil {
			return err
		}
		if s.IsNew {
			s.Values["person"] = "11111111-1111-1111-1111-111111111111"
			if err := s.Save(c.Request(), c.Response()); err != nil {
				return err
			}
		}
		var out bytes.Buffer
		if err := page.Execute(&out, data); err != nil {
			return err
		}
		return c.HTMLBlob(http.StatusOK, out.Bytes())
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Printf("ready at http://%s\n", l.Addr())
	_ = http.Serve(l, e)
}

// processor returns the processor time that a process has used, and its children with it.
func processor(b *testing.B, pid int) (used time.Duration) {
	b.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		b.Fatal(err)
	}
	var ticks int
	for _, path := range all {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended, and its parent has its time
		}
		// The name in brackets may hold blanks. After it: the parent is the 2nd field; the time
		// of the process is the 12th and 13th, that of its children that ended the 14th and
		// 15th, all in hundredths of a second.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		own, parent := path == fmt.Sprintf("/proc/%d/stat", pid), fields[1] == strconv.Itoa(pid)
		for i, f := range fields[11:15] {
			if n, err := strconv.Atoi(f); err == nil && (own || parent && i < 2) {
				ticks += n
			}
		}
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// memory returns the resident memory of a process in MB.
func (s *server) memory(b *testing.B) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	n, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		b.Fatal(err)
	}
	return float64(n) / 1024
}
