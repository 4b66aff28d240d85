package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"rekey/internal/emulator/tenant"
	"rekey/internal/phone"
)

// crowd are people who are signed in at a server.
type crowd struct {
	*server
	client *http.Client
	people []person
	word   string // that the page at / has when it is the right one
	inbox  *inbox
}

type person struct{ cookie, token string }

var (
	formToken = regexp.MustCompile(`name="form_token" value="([^"]+)"`)
	sixDigits = regexp.MustCompile(`\b\d{6}\b`)
)

// client keeps its connections and asks for no compression.
func client(c int) *http.Client {
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: c, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// signedIn signs n people in, each with a session of their own, without the pages.
func signedIn(b *testing.B, s *server, n int) *crowd {
	b.Helper()
	c := &crowd{server: s, client: client(atOnce), people: make([]person, n), word: "form_token", inbox: &inbox{waiting: map[string]chan string{}}}
	many(b, 8, n, func(_, i int) error { return c.signIn(i) })
	return c
}

func (c *crowd) signIn(i int) error {
	order, err := json.Marshal(map[string]string{"user": fmt.Sprintf("crowd-%05d@%s", i, tenant.Domain)})
	if err != nil {
		return err
	}
	res, err := c.client.Post(c.base+"/_emulator/signin", "application/json", bytes.NewReader(order))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
		return fmt.Errorf("signing in: %s, %v", res.Status, err)
	}
	c.people[i].cookie = cookies(res)
	_, page, err := c.ask(i, http.MethodGet, "/", nil)
	if err != nil {
		return err
	}
	found := formToken.FindStringSubmatch(page)
	if found == nil {
		return errors.New("the page has no form")
	}
	c.people[i].token = found[1]
	return nil
}

// ask makes one request as a person and returns where it leads, and the page.
func (c *crowd) ask(i int, method, path string, form url.Values) (location, page string, err error) {
	var body io.Reader
	if form != nil {
		form.Set("form_token", c.people[i].token)
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequest(method, c.base+path, body)
	if err != nil {
		return "", "", err
	}
	req.Header.Set("Cookie", c.people[i].cookie)
	req.Header.Set("Accept-Language", "en")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
		req.Header.Set("Origin", c.base)
	}
	res, err := c.client.Do(req)
	if err != nil {
		return "", "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 400 {
		return "", "", fmt.Errorf("%s %s: %s, %v\n%s", method, path, res.Status, err, text)
	}
	return res.Header.Get("Location"), string(text), nil
}

// read looks at the page at /, as somebody who is signed in.
func (c *crowd) read(i int) error {
	req, err := http.NewRequest(http.MethodGet, c.base+"/", nil)
	if err != nil {
		return err
	}
	req.Header.Set("Cookie", c.people[i].cookie)
	req.Header.Set("Accept-Language", "en")
	res, err := c.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	page := pages.Get().(*bytes.Buffer)
	defer pages.Put(page)
	page.Reset()
	if _, err := page.ReadFrom(res.Body); err != nil || res.StatusCode != http.StatusOK || !bytes.Contains(page.Bytes(), []byte(c.word)) {
		return fmt.Errorf("%s answers %s without %q, %v", c.base, res.Status, c.word, err)
	}
	return nil
}

// pages are buffers to read pages into.
var pages = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// change changes a person's number, from the form to the notice that tells the new number
// of it, which is sent when all is done.
func (c *crowd) change(i int, number string) error {
	to := tenant.E164(number)
	texts := c.inbox.of(to)
	defer c.inbox.forget(to)
	path, _, err := c.ask(i, http.MethodPost, "/contacts/mobile", url.Values{"country": {"US"}, "number": {number}})
	if err != nil {
		return err
	}
	code, err := next(texts)
	if err != nil {
		return err
	}
	digits := sixDigits.FindString(code)
	if _, _, err = c.ask(i, http.MethodPost, path, url.Values{"code": {digits}}); err != nil {
		return err
	}
	if _, _, err = c.ask(i, http.MethodGet, path, nil); err != nil {
		return err
	}
	_, err = next(texts)
	return err
}

func next(texts <-chan string) (string, error) {
	select {
	case text := <-texts:
		return text, nil
	case <-time.After(30 * time.Second):
		return "", errors.New("no text for 30 seconds")
	}
}

// inbox hands out the texts that arrive, by number.
type inbox struct {
	mu      sync.Mutex
	waiting map[string]chan string
}

func (x *inbox) of(number string) <-chan string {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.waiting[number] = make(chan string, 4)
	return x.waiting[number]
}

func (x *inbox) forget(number string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.waiting, number)
}

func (x *inbox) take(number, text string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if to, ok := x.waiting[number]; ok {
		to <- text
	}
}

// follow reads what arrives until stop is closed, and hands it out.
func (c *crowd) follow(stop <-chan struct{}) error {
	own, last := client(1), ""
	for {
		select {
		case <-stop:
			return nil
		case <-time.After(5 * time.Millisecond):
		}
		res, err := own.Get(c.base + "/_emulator/messages?after=" + last)
		if err != nil {
			return err
		}
		var all []struct{ ID, To, Text string }
		err = json.NewDecoder(res.Body).Decode(&all)
		res.Body.Close()
		if err != nil {
			return err
		}
		for _, m := range all {
			last = m.ID
			c.inbox.take(m.To, m.Text)
		}
	}
}

// possible reports whether the site takes a number: its area is in use, in the United
// States.
func possible(number string) bool {
	n, err := phone.Parse(number, "")
	return err == nil && n.Region == "US" && n.CanText()
}

// cookies returns what an answer has the browser send from then on.
func cookies(res *http.Response) string {
	var all []string
	for _, cookie := range res.Cookies() {
		if cookie.MaxAge >= 0 {
			all = append(all, cookie.Name+"="+cookie.Value)
		}
	}
	return strings.Join(all, "; ")
}
