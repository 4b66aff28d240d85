package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	cdp "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"rekey/internal/emulator/tenant"
)

// asks fills in the first page of a reset in Chromium.
func (b *screen) asks(user string) {
	b.t.Helper()
	b.run("opening the first page", chromedp.Navigate(b.base+"/reset"))
	b.fill("#user", user)
	b.fill("#characters", b.picture())
	b.press("form.card button.main")
	b.see("#letters")
}

// tab opens another tab of the same browser.
func (b *screen) tab(scripts bool) *screen {
	b.t.Helper()
	ctx, _ := chromedp.NewContext(b.ctx)      // ends with the browser
	if err := chromedp.Run(ctx); err != nil { // with no deadline: the tab would end at it
		b.t.Fatal(err)
	}
	other := &screen{site: b.site, ctx: ctx}
	other.run("opening a tab", emulation.SetScriptExecutionDisabled(!scripts))
	return other
}

// open goes to a page, and waits for nothing: of a tab behind another one Chromium does not
// say in time that it has loaded.
func (b *screen) open(path string) {
	b.t.Helper()
	b.run("opening a page", chromedp.ActionFunc(func(ctx context.Context) error {
		_, _, _, _, err := cdp.Navigate(b.base + path).Do(ctx)
		return err
	}))
}

// heading waits until the page has a heading.
func (b *screen) heading(want string) {
	b.t.Helper()
	last := ""
	b.until(15*time.Second, "the page "+want, func() bool {
		ctx, cancel := context.WithTimeout(b.ctx, time.Second)
		defer cancel()
		var now string
		if chromedp.Run(ctx, chromedp.Text("h1", &now, chromedp.ByQuery)) == nil { // while the page changes there is an error
			last = now
		}
		return strings.Contains(last, want)
	})
}

// says waits until the page has words.
func (b *screen) says(want string) {
	b.t.Helper()
	b.until(15*time.Second, "the page says "+want, func() bool {
		ctx, cancel := context.WithTimeout(b.ctx, time.Second)
		defer cancel()
		var now string
		return chromedp.Run(ctx, chromedp.Text("body", &now, chromedp.ByQuery)) == nil && strings.Contains(now, want)
	})
}

// again looks at the page once more.
func (b *screen) again() {
	b.t.Helper()
	b.run("looking again", chromedp.ActionFunc(func(ctx context.Context) error { return cdp.Reload().Do(ctx) }))
}

// The whole way with the link in another tab: the tab where it began moves on by itself, and
// the new password signs in.
func TestBrowser_Reset_RST1_TheWholeWay(t *testing.T) {
	for name, scripts := range map[string]bool{"with scripts": true, "without scripts": false} {
		t.Run(name, func(t *testing.T) {
			s := startSite(t)
			first := s.screen(scripts)
			first.asks(admin)
			if where := first.at(); !strings.Contains(where, "/reset/") {
				t.Fatalf("after the first page at %s", where)
			}
			second := first.tab(scripts)
			second.open(s.mailed(adminEmail, 1))
			second.heading(linkPage)
			if where := second.at(); strings.Contains(where, "link=") {
				t.Errorf("the token stays in the address: %s (RST-7)", where)
			}
			second.press("form.card button.main")
			second.heading(codePage)
			if main := second.text("main"); !strings.Contains(main, "71") || strings.Contains(main, "425555") {
				t.Errorf("the code page does not show the phone masked: %s", main)
			}
			if scripts {
				first.heading(codePage) // by itself
			} else {
				first.again()
				first.heading(codePage)
			}
			first.fill("#code", s.code(adminPhone))
			first.press("form.card button.main")
			first.heading(wordPage)
			first.fill("#password", newWord)
			first.fill("#password_again", newWord)
			first.press("form.card button.main")
			first.heading(donePage)
			if main := first.text("main"); !strings.Contains(strings.ToLower(main), "passkey") {
				t.Errorf("the end does not say that the passkey is asked for: %s", main)
			}
			b := s.screen(scripts)
			b.open("/")
			b.fill("#user", admin)
			b.fill("#password", tenant.Password)
			b.press("button.main")
			b.says("not the password")
			b.fill("#password", newWord)
			b.press("button.main")
			b.until(10*time.Second, "the new password is taken", func() bool { return !b.has("#password") })
		})
	}
}

// The mail is read on another device: it shows letters, and nothing is used up by looking.
func TestBrowser_Reset_RST6_OtherDevice(t *testing.T) {
	s := startSite(t)
	first, other := s.screen(true), s.screen(true)
	first.asks(admin)
	link := s.mailed(adminEmail, 1)
	for range 2 {
		other.open(link)
		other.see("p.letters")
	}
	letters := other.text("p.letters .num")
	if other.has("form.card button.main") {
		t.Error("another browser has the button")
	}
	first.fill("#letters", "BCDF GHJK")
	first.press("form.card button")
	first.see("#letters-error")
	first.fill("#letters", strings.ToLower(strings.ReplaceAll(letters, "-", " ")))
	first.press("form.card button")
	first.heading(codePage)
	other.again()
	other.until(10*time.Second, "the link is used", func() bool { return !other.has("p.letters") })
	first.fill("#code", s.code(adminPhone))
	first.press("form.card button.main")
	first.heading(wordPage)
}

// A scanner was there before the owner: HEAD, GET after GET, and a browser with scripts.
func TestBrowser_Reset_RST5_Scanner(t *testing.T) {
	s := startSite(t)
	first := s.screen(true)
	first.asks(admin)
	link := s.mailed(adminEmail, 1)
	texts, calls := len(s.messages("")), len(s.requests())
	scanner := s.visitor()
	for n := range 25 {
		method := http.MethodGet
		if n%5 == 0 {
			method = http.MethodHead
		}
		req, err := http.NewRequest(method, s.base+link, nil)
		if err != nil {
			t.Fatal(err)
		}
		if p := scanner.do(req); p.status != http.StatusSeeOther || p.header.Get("Referrer-Policy") != "no-referrer" {
			t.Fatalf("%s of the link: %d, %s", method, p.status, p.header.Get("Referrer-Policy"))
		}
		scanner.get(strings.SplitN(link, "?", 2)[0])
	}
	robot := s.screen(true)
	for range 3 {
		robot.open(link)
		robot.see("p.letters")
		robot.run("trying what there is to press", chromedp.Evaluate(`document.querySelectorAll("main form").forEach(f => f.submit())`, nil))
	}
	if n, m := len(s.messages("")), len(s.requests()); n != texts || m != calls {
		t.Errorf("looking at the link sent %d messages and asked Graph %d times", n-texts, m-calls)
	}
	owner := first.tab(true)
	owner.open(link)
	owner.heading(linkPage)
	owner.press("form.card button.main")
	owner.heading(codePage)
}

// Each step ends after its ten minutes, and one button begins again without typing, by
// keyboard as well.
func TestBrowser_Reset_ExpiryAtEachStep(t *testing.T) {
	s := startSite(t)
	k := &keyboard{looker: &looker{screen: s.screen(true), dir: t.TempDir()}}
	k.asks(admin)
	mails := 0
	for step := 1; step <= 3; step++ {
		mails++
		link := s.mailed(adminEmail, mails)
		if step > 1 {
			k.open(link)
			k.heading(linkPage)
			k.enter("form.card button.main")
			k.heading(codePage)
		}
		if step > 2 {
			k.focus("#code")
			k.keys(s.code(adminPhone), "\r")
			k.heading(wordPage)
		}
		s.advance(10*time.Minute + time.Second)
		k.again()
		k.heading("The time for this step is over")
		k.enter(`form[action$="/again"] button`)
		k.heading(mailPage)
	}
	s.mailed(adminEmail, mails+1)
	if !s.typesAtMicrosoft(admin, tenant.Password) {
		t.Error("the password changed")
	}
}

// Going back and looking again does nothing anew.
func TestBrowser_Reset_RefreshAndBackAreHarmless(t *testing.T) {
	s := startSite(t)
	b := s.screen(true)
	b.asks(admin)
	harmless := func(where string, mails, texts int) {
		t.Helper()
		title, path := b.text("h1"), strings.TrimPrefix(b.at(), s.base)
		b.again()
		b.heading(title)
		b.run("going back", chromedp.Evaluate(`history.back()`, nil))
		b.open(path)
		b.heading(title)
		b.again()
		b.heading(title)
		if n := len(s.links(adminEmail)); n != mails {
			t.Errorf("%s: %d mails, want %d", where, n, mails)
		}
		if n := len(s.texts(adminPhone)); n != texts {
			t.Errorf("%s: %d texts, want %d", where, n, texts)
		}
	}
	link := s.mailed(adminEmail, 1)
	harmless("the mail page", 1, 0)
	b.open(link)
	b.heading(linkPage)
	harmless("the link", 1, 0)
	b.press("form.card button.main")
	b.heading(codePage)
	harmless("the code", 1, 1)
	b.fill("#code", s.code(adminPhone))
	b.press("form.card button.main")
	b.heading(wordPage)
	harmless("the password", 1, 1)
	where := strings.TrimPrefix(b.at(), s.base)
	b.open("/reset") // looked at, and left
	b.see("#user")
	b.open(where)
	b.heading(wordPage)
	b.fill("#password", newWord)
	b.fill("#password_again", newWord)
	b.press("form.card button.main")
	b.heading(donePage)
	harmless("the end", 1, len(s.texts(adminPhone)))
	b.heading(donePage)
}

// A second reset of the same person ends the first, wherever that is.
func TestBrowser_Reset_RST9_NewerEndsOlder(t *testing.T) {
	s := startSite(t)
	first, second := s.screen(true), s.screen(true)
	first.asks(admin)
	link := s.mailed(adminEmail, 1)
	second.asks(admin)
	s.mailed(adminEmail, 2)
	first.open(link)
	first.heading("This was begun again")
	if n := len(s.texts(adminPhone)); n != 0 {
		t.Errorf("%d texts for a dead link", n)
	}
	second.open(s.mailed(adminEmail, 2))
	second.heading(linkPage)
}

// Nothing secret is in an address, a Referer, a log, or in reach of scripts.
func TestBrowser_Reset_RST7_NoTokenAnywhere(t *testing.T) {
	s := startSite(t)
	b := s.screen(true)
	var mu sync.Mutex
	var sent []string
	chromedp.ListenTarget(b.ctx, func(event any) {
		if e, ok := event.(*network.EventRequestWillBeSent); ok {
			mu.Lock()
			defer mu.Unlock()
			sent = append(sent, fmt.Sprintf("%s %s Referer %v", e.Request.Method, e.Request.URL, e.Request.Headers["Referer"]))
		}
	})
	b.run("listening", network.Enable())
	b.asks(admin)
	link := s.mailed(adminEmail, 1)
	token := link[strings.Index(link, "link=")+len("link="):]
	b.open(link)
	b.heading(linkPage)
	var seen string
	b.run("looking for cookies", chromedp.Evaluate(`document.cookie + " " + location.href + " " + document.referrer`, &seen))
	if strings.Contains(seen, "rekey") || strings.Contains(seen, token) {
		t.Errorf("a script sees %s", seen)
	}
	b.press("form.card button.main")
	b.heading(codePage)
	code := s.code(adminPhone)
	b.fill("#code", code)
	b.press("form.card button.main")
	b.heading(wordPage)
	b.fill("#password", newWord)
	b.fill("#password_again", newWord)
	b.press("form.card button.main")
	b.heading(donePage)
	mu.Lock()
	defer mu.Unlock()
	with := 0
	for _, line := range sent {
		address, referer, _ := strings.Cut(line, " Referer ")
		with += strings.Count(address, token)
		if strings.Contains(referer, token) || strings.Contains(line, newWord) {
			t.Errorf("a request says too much: %s", line)
		}
	}
	if with != 1 {
		t.Errorf("the token is in %d addresses, want the mail's alone", with)
	}
	var cookies []*network.Cookie
	b.run("reading cookies", chromedp.ActionFunc(func(ctx context.Context) (err error) {
		cookies, err = network.GetCookies().Do(ctx)
		return err
	}))
	secrets := []string{token, code, newWord, adminEmail, adminPhone, "ingrid.solberg"}
	for _, c := range cookies {
		if !c.HTTPOnly || !c.Secure || !strings.HasPrefix(c.Name, "__Host-") {
			t.Errorf("the cookie %s is %+v", c.Name, c)
		}
		secrets = append(secrets, c.Value)
	}
	for _, secret := range slices.Compact(secrets) {
		if len(secret) > 5 && strings.Contains(s.log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

// The pages fit a small phone, and the password can be looked at.
func TestBrowser_Reset_OnASmallPhone(t *testing.T) {
	s := startSite(t)
	b := s.screen(true)
	b.run("a narrow screen", emulation.SetDeviceMetricsOverride(320, 640, 1, true))
	fits := func(page string) {
		t.Helper()
		var wide bool
		b.run("measuring", chromedp.Evaluate(`document.documentElement.scrollWidth > 320`, &wide))
		if wide {
			t.Errorf("%s scrolls to the side", page)
		}
	}
	b.open("/reset")
	b.see("#user")
	fits("the first page")
	b.asks(admin)
	fits("the mail page")
	b.open(s.mailed(adminEmail, 1))
	b.heading(linkPage)
	fits("the link page")
	b.press("form.card button.main")
	b.heading(codePage)
	fits("the code page")
	b.fill("#code", s.code(adminPhone))
	b.press("form.card button.main")
	b.heading(wordPage)
	fits("the password page")
	b.fill("#password", "sum")
	b.press("#password ~ button, .field button")
	b.see("#password[type=text]")
	b.fill("#password", "Password1!")
	b.fill("#password_again", "Password1!")
	b.press("form.card button.main")
	b.see("#password-error")
	fits("the password page with an error")
}
