package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/internal/web/webtest"
)

// bytesTo sends bytes to the site as they are, and returns the answer.
func (s *site) bytesTo(request string) (*http.Response, string) {
	s.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		s.t.Fatal(err)
	}
	_, _ = io.WriteString(conn, request) // the server may hang up before it has read it all
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		s.t.Fatalf("answer to %.60q: %v", request, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatalf("answer to %.60q: %v", request, err)
	}
	return res, string(body)
}

// TestCrawl_WEB4_WEB5_RawRequests sends what no browser sends. A request that can be read
// reaches the site and gets its headers. One that cannot is answered by net/http before any
// code of ours: those answers cannot be given headers, so they must be constant words of
// plain text that name nobody, on a line that ends.
func TestCrawl_WEB4_WEB5_RawRequests(t *testing.T) {
	s := startSite(t)
	host := "\r\nHost: " + strings.TrimPrefix(s.base, "http://") + "\r\n"
	form := host + "Origin: " + s.base + "\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n"
	const mark = "evil<script>"
	tests := []struct {
		name, request string
		status        int
		ours          bool
	}{
		{"HTTP/1.0", "GET /signed-out HTTP/1.0" + host + "\r\n", 200, true},
		{"HTTP/1.0 without a host", "GET / HTTP/1.0\r\n\r\n", 421, true},
		{"another host", "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 421, true},
		{"OPTIONS *", "OPTIONS * HTTP/1.1" + host + "Connection: close\r\n\r\n", 404, true},
		{"a body without end", "POST /signout HTTP/1.1" + form + "Content-Length: 10000000\r\n\r\n", 413, true},
		{"chunks beyond 64 KiB", "POST /signout HTTP/1.1" + form + "Transfer-Encoding: chunked\r\n\r\n20000\r\n" + strings.Repeat("a", 0x20000) + "\r\n0\r\n\r\n", 413, true},
		{"a broken chunk", "POST /signout HTTP/1.1" + form + "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 400, true},
		{"headers beyond 32 KiB", "GET / HTTP/1.1" + host + "X: " + strings.Repeat(mark, 8<<10) + "\r\n\r\n", 431, false},
		{"no request", mark + "\r\n\r\n", 400, false},
		{"two lengths", "POST /signout HTTP/1.1" + form + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, false},
		{"length and chunks", "POST /signout HTTP/1.1" + form + "Content-Length: 4\r\nTransfer-Encoding: xchunked\r\n\r\n", 501, false},
		{"two hosts", "GET / HTTP/1.1" + host + "Host: " + mark + "\r\n\r\n", 400, false},
		{"a host with markup", "GET / HTTP/1.1\r\nHost: " + mark + "\r\n\r\n", 400, false},
		{"no host", "GET / HTTP/1.1\r\n\r\n", 400, false},
		{"a broken header", "GET / HTTP/1.1" + host + mark + "\r\n\r\n", 400, false},
		{"NUL in a header", "GET / HTTP/1.1" + host + "X: a\x00b\r\n\r\n", 400, false},
		{"another protocol", "GET / HTTP/3.7" + host + "\r\n", 505, false},
		{"an expectation", "POST /signout HTTP/1.1" + form + "Expect: " + mark + "\r\n\r\n", 417, false},
	}
	for _, tt := range tests {
		res, body := s.bytesTo(tt.request)
		if res.StatusCode != tt.status {
			t.Errorf("%s = %d %.100q, want %d", tt.name, res.StatusCode, body, tt.status)
		}
		if tt.ours {
			for _, flaw := range (webtest.Answer{Status: res.StatusCode, Header: res.Header, Body: body}).Flaws("/", false) {
				t.Errorf("%s = %d: %s", tt.name, res.StatusCode, flaw)
			}
			continue
		}
		if fault := notOurs(res, body, mark); fault != "" {
			t.Errorf("%s = %d: %s", tt.name, res.StatusCode, fault)
		}
	}
	if p := s.visitor().get("/healthz"); p.status != http.StatusOK {
		t.Errorf("/healthz after all that = %d, want 200", p.status)
	}
}

// notOurs returns what is wrong with an answer that net/http wrote by itself.
func notOurs(res *http.Response, body, mark string) string {
	switch kind := res.Header.Get("Content-Type"); {
	case body != "" && kind != "text/plain; charset=utf-8":
		return fmt.Sprintf("Content-Type = %q, want plain text", kind)
	case strings.Contains(strings.ToLower(body), "evil") || strings.Contains(body, mark):
		return fmt.Sprintf("%q has something of the request", body)
	case !res.Close:
		return "the line stays open"
	}
	for name := range res.Header {
		if !slices.Contains([]string{"Content-Type", "Connection", "Date", "Content-Length"}, name) {
			return fmt.Sprintf("%s = %q, want no header that tells anything", name, res.Header.Get(name))
		}
	}
	return ""
}
