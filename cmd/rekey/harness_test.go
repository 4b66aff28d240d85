package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
)

// The tests here start the whole product, as `rekey demo` does, and use it from outside:
// by the demo's surface, by forms, and in a browser.

// actAsRekey makes the test binary be rekey itself, for tests that kill a process.
const actAsRekey = "REKEY_TEST_ACT"

func TestMain(m *testing.M) {
	if os.Getenv(actAsRekey) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// site is a running demo, seen from outside.
type site struct {
	t    *testing.T
	base string
	log  *logged
}

// logged keeps everything that was logged.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// startSite starts a demo in this process on a free port, until the test ends.
func startSite(t *testing.T, change ...func(*demoCommand)) *site {
	s, _ := startSiteWith(t, change...)
	return s
}

func startSiteWith(t *testing.T, change ...func(*demoCommand)) (*site, *demo) {
	t.Helper()
	c := demoCommand{Listen: "127.0.0.1:0"}
	for _, fn := range change {
		fn(&c)
	}
	log := &logged{}
	d, err := startDemo(t.Context(), c, logger(log, slog.LevelDebug))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.App.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run = %v", err)
		}
		d.Close()
	})
	return &site{t: t, base: d.BaseURL, log: log}, d
}

// process starts a demo as a process of its own.
func process(t *testing.T, args ...string) (*site, *exec.Cmd) {
	t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{"demo"}, args...)...)
	cmd.Env = append(os.Environ(), actAsRekey+"=1")
	log := &logged{}
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	var line [200]byte
	n, err := out.Read(line[:])
	if err != nil {
		t.Fatalf("the process said nothing: %v\n%s", err, log)
	}
	base, ok := strings.CutPrefix(strings.TrimSpace(string(line[:n])), "Rekey is ready at ")
	if !ok {
		t.Fatalf("the process said %q, want Rekey is ready at …", line[:n])
	}
	return &site{t: t, base: base, log: log}, cmd
}

// control calls the demo's surface. out may be nil.
func (s *site) control(method, path string, in, out any) {
	s.t.Helper()
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			s.t.Fatal(err)
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequest(method, s.base+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode/100 != 2 {
		s.t.Fatalf("%s %s = %s %s %v", method, path, res.Status, data, err)
	}
	if out != nil {
		if err := json.Unmarshal(data, out); err != nil {
			s.t.Fatalf("%s %s = %s: %v", method, path, data, err)
		}
	}
}

func (s *site) advance(d time.Duration) {
	s.t.Helper()
	s.control("POST", "/_emulator/clock", map[string]any{"advance_seconds": d.Seconds()}, nil)
}

type fault map[string]any

func (s *site) fault(f fault) { s.t.Helper(); s.control("POST", "/_emulator/faults", f, nil) }

type text struct{ ID, Channel, To, Subject, Text string }

// texts are the messages with codes that a number or mailbox received, or all of them.
func (s *site) texts(to string) []text {
	s.t.Helper()
	return slices.DeleteFunc(s.messages(to), func(m text) bool { return !sixDigits.MatchString(m.Text) })
}

// notices are the messages without codes.
func (s *site) notices(to string) []text {
	s.t.Helper()
	return slices.DeleteFunc(s.messages(to), func(m text) bool { return sixDigits.MatchString(m.Text) })
}

func (s *site) messages(to string) []text {
	s.t.Helper()
	var all []text
	path := "/_emulator/messages"
	if to != "" {
		path += "?to=" + url.QueryEscape(to)
	}
	s.control("GET", path, nil, &all)
	return all
}

type seen struct {
	ID, Part, Method, Path, Caller string
	Status                         int
}

func (s *site) requests() []seen {
	s.t.Helper()
	var all []seen
	s.control("GET", "/_emulator/requests", nil, &all)
	return all
}

// methodCalls counts the calls on authentication methods, and the writes among them that
// were done.
func (s *site) methodCalls() (calls, writes int) {
	for _, r := range s.requests() {
		if r.Part != "graph" || !strings.Contains(r.Path, "/authentication/") {
			continue
		}
		calls++
		if r.Method != "GET" && r.Status/100 == 2 {
			writes++
		}
	}
	return calls, writes
}

type person struct {
	ID                string
	UserPrincipalName string
	DisplayName       string
	Methods           []map[string]any
}

func (s *site) people() []person {
	s.t.Helper()
	var tenant struct{ People []person }
	s.control("GET", "/_emulator/tenant", nil, &tenant)
	return tenant.People
}

// phone returns the number of a person's method of type mobile, as E.164.
func (s *site) phone(upn string) string {
	for _, p := range s.people() {
		for _, m := range p.Methods {
			if p.UserPrincipalName == upn && m["phoneType"] == "mobile" {
				return strings.ReplaceAll(fmt.Sprint(m["phoneNumber"]), " ", "")
			}
		}
	}
	return ""
}

// visitor is a browser without a screen: it keeps cookies as a browser does on loopback,
// and sends the headers that browsers send with forms.
type visitor struct {
	*site
	cookies map[string]string
}

func (s *site) visitor() *visitor { return &visitor{site: s, cookies: map[string]string{}} }

// page is an answer.
type page struct {
	*goquery.Document
	status   int
	location string
	header   http.Header
	body     string
}

func (v *visitor) do(req *http.Request) page {
	v.t.Helper()
	for name, value := range v.cookies {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	for _, c := range res.Cookies() {
		if c.MaxAge < 0 || c.Value == "" {
			delete(v.cookies, c.Name)
		} else {
			v.cookies[c.Name] = c.Value
		}
	}
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(data))
	if err != nil {
		v.t.Fatal(err)
	}
	return page{doc, res.StatusCode, res.Header.Get("Location"), res.Header, string(data)}
}

func (v *visitor) get(path string) page {
	v.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = v.base + path
	}
	req, err := http.NewRequest("GET", path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	return v.do(req)
}

// post sends a form as a page of the site would, without a token of its own.
func (v *visitor) post(path string, form url.Values) page {
	v.t.Helper()
	req, err := http.NewRequest("POST", v.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", v.base)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return v.do(req)
}

// signIn goes through the demo's surface and the real callback. Options are "fresh" and
// "strong".
func (v *visitor) signIn(upn string, options ...map[string]any) {
	v.t.Helper()
	in := map[string]any{"user": upn, "fresh": true}
	for _, o := range options {
		for k, x := range o {
			in[k] = x
		}
	}
	data, _ := json.Marshal(in)
	req, err := http.NewRequest("POST", v.base+"/_emulator/signin", bytes.NewReader(data))
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if p := v.do(req); p.status != http.StatusOK {
		v.t.Fatalf("signing in %s: %d %s", upn, p.status, p.body)
	}
}

var stale = map[string]any{"fresh": false}

// token is the form token of this visitor's pages.
func (v *visitor) token() string {
	v.t.Helper()
	p := v.get("/")
	token, ok := p.Find("input[name=form_token]").First().Attr("value")
	if !ok {
		v.t.Fatalf("no form token on /: %d %.300s", p.status, p.body)
	}
	return token
}

func (v *visitor) send(path string, fields ...string) page {
	v.t.Helper()
	form := url.Values{"form_token": {v.token()}}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return v.post(path, form)
}

// begin starts a change of phone and returns the path of its page.
func (v *visitor) begin(number string) string {
	v.t.Helper()
	p := v.send("/contacts/mobile", "country", "US", "number", number)
	if p.status != http.StatusSeeOther || !strings.HasPrefix(p.location, "/changes/") {
		v.t.Fatalf("starting a change to %s: %d %s %.600s", number, p.status, p.location, strings.Join(strings.Fields(p.Find("main").Text()), " "))
	}
	return p.location
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// code returns the newest code that a number received.
func (s *site) code(number string) string {
	s.t.Helper()
	all := s.texts(number)
	if len(all) == 0 {
		s.t.Fatalf("no text came to %s", number)
	}
	return sixDigits.FindString(all[len(all)-1].Text)
}

// wrong is a code that differs from the right one.
func wrong(right string) string {
	if right[0] == '9' {
		return "0" + right[1:]
	}
	return "9" + right[1:]
}

// until waits for something to come true, at most that long.
func (s *site) until(limit time.Duration, what string, true_ func() bool) {
	s.t.Helper()
	deadline := time.Now().Add(limit)
	for !true_() {
		if time.Now().After(deadline) {
			s.t.Fatalf("not within %v: %s", limit, what)
		}
		<-time.After(20 * time.Millisecond)
	}
}

// applied waits until the directory has the number.
func (s *site) applied(upn, number string) {
	s.t.Helper()
	s.until(15*time.Second, upn+" has "+number, func() bool { return s.phone(upn) == number })
}

const (
	firstNew  = "+12025550140"
	secondNew = "+12025550141"
	thirdNew  = "+12025550142"
)

// ordinary are the first two employees with a mobile.
func (s *site) ordinary() (first, second string) {
	s.t.Helper()
	var found []string
	for _, p := range s.people() {
		if s.phone(p.UserPrincipalName) != "" {
			found = append(found, p.UserPrincipalName)
		}
	}
	if len(found) < 2 {
		s.t.Fatalf("people with a mobile: %v, want at least two", found)
	}
	return found[0], found[1]
}
