package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/internal/emulator/tenant"
	"rekey/internal/store/storetest/pg"
)

// How much is measured of the first page of a reset, and how much its answers may differ
// (RST-2).
const (
	asksOfEach = 300
	warmUp     = 10 // rounds before that
	apart      = 5 * time.Millisecond
	apartShare = 0.10
)

// kinds are user names of every kind: whose are there and may, and all others.
func kinds() map[string]string {
	return map[string]string{
		"administrator": "ingrid.solberg", "unknown": "nobody", "employee": "maya.okafor", "disabled": "yara.costa", "no phone": "bruno.silva",
		"no email": "mei.tanaka", "synchronised": "oscar.brandt", "never-list": "emergency", "eligible": "noor.rahimi",
	}
}

var hiddenField = regexp.MustCompile(`name="(form_token|picture)" value="([^"]+)"`)

// asker sends the first page's form, each time with a picture of its own.
type asker struct {
	*server
	client *http.Client
	seen   string // id of the newest message that was looked at
}

func (a *asker) get(path string) (string, error) {
	res, err := a.client.Get(a.base + path)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return string(text), err
}

// ask returns how long the answer took.
func (a *asker) ask(user string) (time.Duration, error) {
	page, err := a.get("/reset")
	if err != nil {
		return 0, err
	}
	form := url.Values{"user": {user + "@" + tenant.Domain}}
	for _, m := range hiddenField.FindAllStringSubmatch(page, -1) {
		if form.Get(m[1]) == "" {
			form.Set(m[1], m[2])
		}
	}
	if form["characters"], err = a.characters(); err != nil {
		return 0, err
	}
	req, err := http.NewRequest(http.MethodPost, a.base+"/reset", strings.NewReader(form.Encode()))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.Header.Set("Origin", a.base)
	began := time.Now()
	res, err := a.client.Do(req)
	took := time.Since(began)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusSeeOther {
		return 0, fmt.Errorf("the first page answers %s, %v", res.Status, err)
	}
	return took, nil
}

// characters are those of the newest picture.
func (a *asker) characters() ([]string, error) {
	text, err := a.get("/_emulator/messages?after=" + a.seen)
	if err != nil {
		return nil, err
	}
	var all []struct{ ID, Channel, Text string }
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		return nil, err
	}
	for _, m := range slices.Backward(all) {
		if m.Channel == "picture" {
			a.seen = m.ID
			return []string{m.Text}, nil
		}
	}
	return nil, fmt.Errorf("no picture was shown")
}

// BenchmarkReset measures how long the first page of a reset takes to answer for each kind of
// user name, in random order, as things are and with Graph and mail slowed by three seconds.
func BenchmarkReset(b *testing.B) {
	good := true
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		var args []string
		if engine == "PostgreSQL" {
			args = []string{"--database", pg.Start(b).URL("")}
		}
		s := site(b, 1, args...)
		jar, err := cookiejar.New(nil)
		if err != nil {
			b.Fatal(err)
		}
		a := &asker{server: s, client: client(1)}
		a.client.Jar = secureOnLoopback{jar}
		for _, slow := range []bool{false, true} {
			what := engine
			if slow {
				what += ", Graph and mail slowed by 3 s"
				for _, part := range []string{"graph", "mail"} {
					if err := a.order(part); err != nil {
						b.Fatal(err)
					}
				}
			}
			good = a.measure(b, what) && good
		}
	}
	if !good {
		b.Error("the time of the answer tells kinds of user names apart")
	}
}

// order slows a part down for the rest.
func (a *asker) order(part string) error {
	order, err := json.Marshal(map[string]any{"part": part, "kind": "delay", "seconds": 3, "times": 0})
	if err != nil {
		return err
	}
	res, err := a.client.Post(a.base+"/_emulator/faults", "application/json", bytes.NewReader(order))
	if err != nil {
		return err
	}
	return res.Body.Close()
}

// measure asks for all kinds, mixed, and compares the medians.
func (a *asker) measure(b *testing.B, what string) bool {
	b.Helper()
	names := kinds()
	var order []string
	for kind := range names {
		order = append(order, kind)
	}
	slices.Sort(order)
	random := rand.New(rand.NewPCG(1, 2)) // the same orders each time
	took := map[string][]time.Duration{}
	for round := range asksOfEach + warmUp { // each kind once in a round: what drifts, drifts for all
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, kind := range order {
			d, err := a.ask(names[kind])
			if err != nil {
				b.Fatal(err)
			}
			if round >= warmUp {
				took[kind] = append(took[kind], d)
			}
		}
	}
	var least, most time.Duration
	slices.Sort(order)
	for _, kind := range order {
		all := took[kind]
		slices.Sort(all)
		median := all[len(all)/2]
		if least == 0 || median < least {
			least = median
		}
		most = max(most, median)
		report(what, kind, "%.2f ms (median of %d)", ms(median), len(all))
	}
	difference := most - least
	good := difference <= apart && float64(difference) <= apartShare*float64(least)
	report(what, "medians apart", "%.2f ms, %.0f %% (at most 5 ms and 10 %%): %v", ms(difference), 100*float64(difference)/float64(least), good)
	return good
}

// secureOnLoopback keeps cookies as browsers do on this computer: Secure ones too.
type secureOnLoopback struct{ http.CookieJar }

func (j secureOnLoopback) SetCookies(u *url.URL, cookies []*http.Cookie) {
	for _, c := range cookies {
		c.Secure = false
	}
	j.CookieJar.SetCookies(u, cookies)
}
