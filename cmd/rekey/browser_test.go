package main

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"rekey/internal/browsertest"
)

// screen is a person at a browser.
type screen struct {
	*site
	ctx context.Context
}

func (s *site) screen(scripts bool) *screen {
	s.t.Helper()
	b := &screen{site: s, ctx: browsertest.Start(s.t)}
	b.run("starting Chromium", emulation.SetScriptExecutionDisabled(!scripts))
	return b
}

func (b *screen) run(what string, actions ...chromedp.Action) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 15*time.Second)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		var where, page string
		_ = chromedp.Run(b.ctx, chromedp.Location(&where), chromedp.Text("body", &page, chromedp.ByQuery))
		b.t.Fatalf("%s: %v\nat %s:\n%s", what, err, where, page)
	}
}

// see waits until an element is there.
func (b *screen) see(selector string) {
	b.t.Helper()
	b.run("waiting for "+selector, chromedp.WaitVisible(selector, chromedp.ByQuery))
}

// press clicks and waits for the page that comes.
func (b *screen) press(selector string) {
	b.t.Helper()
	b.run("pressing "+selector, chromedp.WaitVisible(selector, chromedp.ByQuery), chromedp.Click(selector, chromedp.ByQuery))
}

func (b *screen) fill(selector, value string) {
	b.t.Helper()
	b.run("filling in "+selector, chromedp.WaitVisible(selector, chromedp.ByQuery), chromedp.Clear(selector, chromedp.ByQuery),
		chromedp.SendKeys(selector, value, chromedp.ByQuery))
}

func (b *screen) text(selector string) string {
	b.t.Helper()
	var text string
	b.run("reading "+selector, chromedp.Text(selector, &text, chromedp.ByQuery))
	return text
}

func (b *screen) at() string {
	b.t.Helper()
	var where string
	b.run("asking where we are", chromedp.Location(&where))
	return where
}

// signIn goes through the emulated sign-in page with the text that comes to the phone.
func (b *screen) signIn(upn, phone string) {
	b.t.Helper()
	before := len(b.texts(phone))
	b.fill("#user", upn)
	b.fill("#password", "demo")
	b.press("button.main")
	b.see("#code")
	b.until(5*time.Second, "a text comes to "+phone, func() bool { return len(b.texts(phone)) > before })
	b.fill("#code", b.code(phone))
	b.press("button.main")
	b.see("#contacts")
}

// TestBrowser_TheWholeJourney: sign in, change the phone, read the code on the handset,
// sign out, sign in again: the text goes to the new phone.
func TestBrowser_TheWholeJourney(t *testing.T) {
	for name, scripts := range map[string]bool{"with scripts": true, "without scripts": false} {
		t.Run(name, func(t *testing.T) {
			s := startSite(t)
			maya, _ := s.ordinary()
			old := s.phone(maya)
			b := s.screen(scripts)
			b.run("opening the site", chromedp.Navigate(s.base+"/"))
			b.signIn(maya, old)
			b.press(`a[href="/contacts/mobile"]`)
			b.see("#number")
			b.run("choosing the country", chromedp.SetValue("#country", "US", chromedp.ByQuery))
			b.fill("#number", "202 555 0140")
			b.press("form.card button.main")
			b.see("#code")
			if !strings.Contains(b.text("main"), "ending in 40") {
				t.Errorf("the code page does not say where the code went: %s", b.text("main"))
			}
			b.fill("#code", b.handset(firstNew))
			b.press("form.card button.main")
			if scripts {
				b.see(".panel h1") // by itself
			} else {
				b.lookUntil(".panel h1")
			}
			if s.phone(maya) != firstNew {
				t.Errorf("the directory has %s, want %s", s.phone(maya), firstNew)
			}
			b.press("details.menu summary")
			b.press(`form[action="/signout"] button`)
			b.until(5*time.Second, "the page that says so", func() bool { return strings.HasSuffix(b.at(), "/signed-out") })
			b.press("main a.btn") // at Microsoft too
			b.until(5*time.Second, "back from signing out at Microsoft", func() bool { return strings.HasSuffix(b.at(), "/signed-out") })
			oldTexts := len(s.texts(old))
			b.run("signing in again", chromedp.Navigate(s.base+"/"))
			b.signIn(maya, firstNew)
			if n := len(s.texts(old)); n != oldTexts {
				t.Errorf("the old handset got %d more texts, want none", n-oldTexts)
			}
		})
	}
}

// handset reads the newest code on the page of a handset, as a person would.
func (b *screen) handset(number string) string {
	b.t.Helper()
	v := b.visitor()
	p := v.get("/_emulator/handsets/" + url.PathEscape(number))
	codes := sixDigits.FindAllString(strings.ReplaceAll(p.Find(".bubble").Last().Text(), " ", " "), -1)
	if len(codes) == 0 {
		b.t.Fatalf("no code on the handset %s: %.500s", number, p.Find("main").Text())
	}
	return codes[0]
}

// lookUntil follows the page's own link until an element is there.
func (b *screen) lookUntil(selector string) {
	b.t.Helper()
	for range 50 {
		if b.has(selector) {
			return
		}
		b.press(`main .do a.btn`)
		<-time.After(100 * time.Millisecond)
	}
	b.t.Fatalf("%s did not come", selector)
}

func (b *screen) has(selector string) bool {
	ctx, cancel := context.WithTimeout(b.ctx, 500*time.Millisecond)
	defer cancel()
	return chromedp.Run(ctx, chromedp.WaitVisible(selector, chromedp.ByQuery)) == nil
}

// TestBrowser_SignInOnAnotherOrigin has the identity provider on localhost beside a site on
// 127.0.0.1, as in production they are on different hosts: no redirect after a form may
// reach it (Chromium applies form-action to redirects), and a step-up comes back to the
// filled-in form.
func TestBrowser_SignInOnAnotherOrigin(t *testing.T) {
	s, d := startSiteWith(t)
	d.Emulator.SetBaseURL(strings.Replace(s.base, "127.0.0.1", "localhost", 1))
	maya, _ := s.ordinary()
	old := s.phone(maya)
	b := s.screen(true)
	b.run("opening the site", chromedp.Navigate(s.base+"/"))
	b.see("#user")
	if !strings.HasPrefix(b.at(), "http://localhost:") {
		t.Fatalf("the sign-in page is at %s, want localhost", b.at())
	}
	b.signIn(maya, old)
	s.advance(11 * time.Minute)
	b.run("opening the form", chromedp.Navigate(s.base+"/contacts/mobile"))
	b.run("choosing the country", chromedp.SetValue("#country", "US", chromedp.ByQuery))
	b.fill("#number", "202 555 0140")
	b.press("form.card button.main")
	b.press(`a.main[href^="/signin?"]`)
	b.see("#password")
	if n := len(s.texts(firstNew)); n != 0 {
		t.Errorf("%d texts before the step-up, want none", n)
	}
	before := len(s.texts(old))
	b.fill("#password", "demo")
	b.press("button.main")
	b.until(5*time.Second, "the second step", func() bool { return len(s.texts(old)) > before })
	b.fill("#code", s.code(old))
	b.press("button.main")
	b.see("#number")
	var number string
	b.run("reading the number", chromedp.Value("#number", &number, chromedp.ByQuery))
	if number != "202 555 0140" || len(s.texts(firstNew)) != 0 {
		t.Errorf("back from the sign-in the form holds %q with %d texts sent, want what was typed and none", number, len(s.texts(firstNew)))
	}
	b.press("form.card button.main")
	b.until(5*time.Second, "the code is sent", func() bool { return len(s.texts(firstNew)) == 1 })
	b.fill("#code", s.code(firstNew))
	b.press("form.card button.main")
	b.see(".panel h1")
	b.press("details.menu summary")
	b.press(`form[action="/signout"] button`)
	b.until(5*time.Second, "signed out", func() bool { return strings.HasSuffix(b.at(), "/signed-out") })
}

// TestBrowser_WaitsByItself: while Graph asks to wait, the page comes to its end without a
// press, with scripts and without.
func TestBrowser_WaitsByItself(t *testing.T) {
	for name, scripts := range map[string]bool{"with scripts": true, "without scripts": false} {
		t.Run(name, func(t *testing.T) {
			s := startSite(t)
			maya, _ := s.ordinary()
			v := s.visitor()
			v.signIn(maya)
			change := v.begin(firstNew)
			s.fault(fault{"part": "graph", "kind": "status", "status": 429, "retry_after": 300, "times": 1})
			v.send(change, "code", s.code(firstNew))
			l := &looker{screen: s.screen(scripts), dir: t.TempDir()}
			l.as(v)
			l.run("opening the change", chromedp.Navigate(s.base+change))
			l.see(".trail .now")
			s.advance(301 * time.Second)
			l.see(".panel h1")
		})
	}
}
