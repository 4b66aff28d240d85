package web_test

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"rekey/internal/web"
	"rekey/internal/web/webtest"
)

// serve starts a server with our limits and returns its address.
func serve(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := newFixture(t, func(o *web.Options) {
		o.BaseURL = "http://" + l.Addr().String()
		o.Log = slog.New(slog.DiscardHandler)
	})
	s := web.NewServer(f.site, slog.New(slog.DiscardHandler))
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l) // returns http.ErrServerClosed
	}()
	t.Cleanup(func() {
		_ = s.Close()
		<-done
	})
	return l.Addr().String()
}

// raw sends bytes and reads one answer.
func raw(t *testing.T, address, request string) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("answer to %.60q: %v", request, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func TestServer_OddRequests(t *testing.T) {
	at := serve(t)
	host := "\r\nHost: " + at + "\r\nConnection: close\r\n"
	tests := []struct {
		name, request string
		want          int
	}{
		{"plain", "GET /reset HTTP/1.1" + host + "\r\n", 200},
		{"OPTIONS *", "OPTIONS * HTTP/1.1" + host + "\r\n", 404},
		{"TRACE", "TRACE /reset HTTP/1.1" + host + "\r\n", 405},
		{"CONNECT", "CONNECT " + at + " HTTP/1.1" + host + "\r\n", 404},
		{"two slashes", "GET //reset HTTP/1.1" + host + "\r\n", 404},
		{"dots", "GET /x/../reset HTTP/1.1" + host + "\r\n", 404},
		{"encoded slash", "GET /%2freset HTTP/1.1" + host + "\r\n", 404},
		{"encoded NUL", "GET /reset%00 HTTP/1.1" + host + "\r\n", 404},
		{"invalid UTF-8", "GET /%ff HTTP/1.1" + host + "\r\n", 404},
		{"another host", "GET /reset HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 421},
		{"another host in the address", "GET http://evil.example/reset HTTP/1.1" + host + "\r\n", 421},
		{"no host", "GET /reset HTTP/1.0\r\n\r\n", 421},
		{"headers beyond the limit", "GET /reset HTTP/1.1" + host + "X: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", 431},
		{"forwarded host", "GET /reset HTTP/1.1" + host + "X-Forwarded-Host: evil.example\r\nForwarded: host=evil.example\r\n\r\n", 200},
		{"announced too large", "POST /reset HTTP/1.1" + host + "Origin: http://" + at + "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000\r\n\r\n", 413},
	}
	for _, tt := range tests {
		res, body := raw(t, at, tt.request)
		if res.StatusCode != tt.want {
			t.Errorf("%s = %d, want %d", tt.name, res.StatusCode, tt.want)
		}
		if strings.Contains(body, "evil.example") && res.StatusCode == 200 {
			t.Errorf("%s: the page names another host: %s", tt.name, body)
		}
		if res.Header.Get("Server") != "" {
			t.Errorf("%s: Server = %q, want none", tt.name, res.Header.Get("Server"))
		}
	}
}

func TestServer_HeadIsLikeGet(t *testing.T) {
	at := serve(t)
	get, err := http.Get("http://" + at + "/reset")
	if err != nil {
		t.Fatal(err)
	}
	defer get.Body.Close()
	head, err := http.Head("http://" + at + "/reset")
	if err != nil {
		t.Fatal(err)
	}
	defer head.Body.Close()
	if head.StatusCode != get.StatusCode || head.ContentLength != get.ContentLength || get.ContentLength <= 0 {
		t.Errorf("HEAD = %d, %d bytes, GET = %d, %d bytes", head.StatusCode, head.ContentLength, get.StatusCode, get.ContentLength)
	}
}

// FuzzReturnTo: whatever is let through means a page of ours, to every reader of addresses.
func FuzzReturnTo(f *testing.F) {
	for _, seed := range []string{"/", "/contacts/mobile", "//evil.example", `/\evil.example`, "/changes/" + anID, "/%2f", "/\t/evil.example", "/?", "/#", "/.//"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		fix := newFixture(t)
		to, ok := fix.site.ReturnTo(raw)
		if !ok {
			return
		}
		base, err := url.Parse(webtest.Base)
		if err != nil {
			t.Fatal(err)
		}
		u, err := base.Parse(to)
		if err != nil || u.Host != base.Host || u.Scheme != base.Scheme || u.String() != webtest.Base+to || strings.ContainsAny(to, "\r\n\t\\") {
			t.Errorf("ReturnTo(%q) = %q, which leads to %v", raw, to, u)
		}
	})
}
