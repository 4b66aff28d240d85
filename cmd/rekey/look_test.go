package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"rekey/internal/browsertest"
)

// shotsDir takes pictures of every page when it names a folder: see docs/development.md.
const shotsDir = "REKEY_SHOTS"

// TestLook opens every page in every state on a small and a large screen, light and dark,
// and checks what a machine can see of a layout: nothing is wider than the screen, there is
// one heading of the first level, nothing was blocked or went wrong in the console, and axe finds nothing.
func TestLook(t *testing.T) {
	dir := os.Getenv(shotsDir)
	if dir == "" {
		dir = t.TempDir()
	}
	l := &looker{screen: startSite(t).screen(true), dir: dir, axe: browsertest.Axe(t)}
	l.listen()
	l.pages()
	if len(l.trouble) > 0 {
		t.Errorf("the console said:\n%s", strings.Join(l.trouble, "\n"))
	}
}

type looker struct {
	*screen
	dir     string
	axe     string
	trouble []string
	taken   int
}

// listen collects what the console says: a blocked style or script shows there.
func (l *looker) listen() {
	chromedp.ListenTarget(l.ctx, func(ev any) {
		switch e := ev.(type) {
		case *runtime.EventExceptionThrown:
			l.trouble = append(l.trouble, e.ExceptionDetails.Error())
		case *runtime.EventConsoleAPICalled:
			l.trouble = append(l.trouble, fmt.Sprint(e.Type, " ", e.Args))
		}
	})
}

// as makes the screen use a visitor's cookies.
func (l *looker) as(v *visitor) {
	l.t.Helper()
	l.run("setting cookies", chromedp.ActionFunc(func(ctx context.Context) error {
		if err := network.ClearBrowserCookies().Do(ctx); err != nil {
			return err
		}
		for name, value := range v.cookies {
			if err := network.SetCookie(name, value).WithURL(l.base).WithPath("/").WithSecure(true).WithHTTPOnly(true).Do(ctx); err != nil {
				return err
			}
		}
		return nil
	}))
}

// shot opens a path and looks at it on every screen.
func (l *looker) shot(name, path string) {
	l.t.Helper()
	l.run("opening "+path, chromedp.Navigate(l.base+path), chromedp.WaitReady("main", chromedp.ByQuery))
	l.views(name)
}

// views looks at the page that is open.
func (l *looker) views(name string) {
	l.t.Helper()
	l.pictures(name)
	var h1s int
	l.run("counting headings", chromedp.Evaluate(`document.querySelectorAll("h1").length`, &h1s))
	if h1s != 1 {
		l.t.Errorf("%s has %d headings of the first level, want 1", name, h1s)
	}
	for _, v := range browsertest.Check(l.t, l.ctx, l.axe) {
		l.t.Errorf("%s: %v", name, v)
	}
	l.taken++
}

// pictures takes one of every screen.
func (l *looker) pictures(name string) {
	l.t.Helper()
	for _, width := range []int64{320, 1280} {
		for _, scheme := range []string{"light", "dark"} {
			var wide int
			var picture []byte
			l.run("looking at "+name,
				emulation.SetDeviceMetricsOverride(width, 800, 1, width < 700),
				emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme},
					{Name: "prefers-reduced-motion", Value: "reduce"}}), // a colour on its way to another would be in the picture
				chromedp.Evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &wide),
				chromedp.ActionFunc(func(ctx context.Context) (err error) {
					picture, err = cdppage.CaptureScreenshot().WithCaptureBeyondViewport(true).WithFormat(cdppage.CaptureScreenshotFormatPng).Do(ctx)
					return err
				}))
			if wide > 0 {
				l.t.Errorf("%s is %d px wider than a screen of %d px", name, wide, width)
			}
			file := filepath.Join(l.dir, fmt.Sprintf("%s-%d-%s.png", name, width, scheme))
			if err := os.WriteFile(file, picture, 0o600); err != nil {
				l.t.Fatal(err)
			}
		}
	}
}

// answered shows the page that a form was answered with, by sending the form in the browser.
func (l *looker) answered(name, path, selector string, fields map[string]string) {
	l.t.Helper()
	l.run("opening "+path, chromedp.Navigate(l.base+path), chromedp.WaitReady("main", chromedp.ByQuery))
	for field, value := range fields {
		l.fill(field, value)
	}
	l.run("sending "+selector, chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := chromedp.RunResponse(ctx, chromedp.Evaluate(fmt.Sprintf(`document.querySelector(%q).requestSubmit()`, selector), nil))
		return err
	}), chromedp.WaitReady("main", chromedp.ByQuery))
	l.views(name)
}

// pages goes through everything.
func (l *looker) pages() {
	maya, _ := l.ordinary()
	v := l.visitor()
	l.signInPages(maya)
	v.signIn(maya)
	l.as(v)
	l.shot("home", "/")
	l.shot("number", "/contacts/mobile")
	l.answered("number-error", "/contacts/mobile", "form.card", map[string]string{"#number": "202 555 018"})
	change := v.begin(firstNew)
	l.shot("code", change)
	l.answered("code-error", change, "form.card", map[string]string{"#code": wrong(l.code(firstNew))})
	l.answered("code-early", change, `form[action$="/resend"]`, nil)
	l.shot("home-running", "/")
	l.shot("handset", "/_emulator/handsets/"+url.PathEscape(firstNew))
	l.shot("phones", "/_emulator/")
	other := l.visitor()
	other.signIn(maya)
	l.as(other)
	l.shot("elsewhere", change)
	l.as(v)
	l.fault(fault{"part": "graph", "kind": "status", "status": 429, "retry_after": 120, "times": 1})
	v.send(change, "code", l.code(firstNew))
	l.until(5e9, "it waits", func() bool { return v.get(change).Find(".now time").Length() == 1 })
	l.shot("wait", change)
	l.advance(121e9)
	l.applied(maya, firstNew)
	l.until(5e9, "it is done", func() bool { return v.get(change).Find(".panel").Length() == 1 })
	l.shot("done", change)
	l.stale(v, maya)
	l.contacts()
	l.rest(v)
}

// signInPages goes through the pages of the emulated sign-in.
func (l *looker) signInPages(upn string) {
	l.t.Helper()
	l.shot("signin", "/")
	l.fill("#user", upn)
	l.fill("#password", "not this")
	l.press("button.main")
	l.see(".error")
	l.views("signin-error")
	l.fill("#password", "demo")
	l.press("button.main")
	l.see("#code")
	l.views("signin-code")
	l.fill("#code", "000000")
	l.press("button.main")
	l.see(".error")
	l.views("signin-code-error")
}

// contacts goes through the pages of somebody who has every contact.
func (l *looker) contacts() {
	const jonas = "jonas.lindqvist@fernhill.example"
	v := l.visitor()
	v.signIn(jonas)
	l.as(v)
	l.shot("home-full", "/")
	l.shot("alternate", "/contacts/alternate-mobile")
	l.shot("address", "/contacts/email")
	l.answered("address-error", "/contacts/email", "form.card", map[string]string{"#address": jonas})
	l.shot("remove-email", "/contacts/email/remove")
	l.shot("remove-phone", "/contacts/mobile/remove")
	change := v.starts("/contacts/email/test")
	l.shot("code-mail", change)
	l.shot("mailbox", "/_emulator/mailboxes/"+url.PathEscape(l.value(jonas, "email")))
	l.press("article .do a")
	l.see(".sheet")
	l.pictures("mail-code")
	v.send(change, "code", l.code(l.value(jonas, "email")))
	l.shot("tested", change)
	change = v.starts("/contacts/email/remove")
	v.ends(change, true)
	l.shot("removed", change)
	l.shot("sessions", "/sessions")
	first, _ := l.ordinary()
	v = l.visitor()
	v.signIn(first)
	l.as(v)
	l.shot("remove-refused", "/contacts/mobile/remove")
}

// stale goes through what a sign-in of long ago meets.
func (l *looker) stale(v *visitor, maya string) {
	l.advance(400e9)
	v.signIn(maya)
	l.as(v)
	l.advance(300e9)
	change := v.begin(secondNew)
	code := l.code(secondNew)
	l.advance(301e9)
	v.send(change, "code", code)
	l.shot("proved", change)
	l.answered("again", "/contacts/mobile", "form.card", map[string]string{"#number": "2025550143"})
	l.shot("not-fresh", "/signin/not-fresh?return_to=/contacts/mobile")
	v.send(change + "/cancel")
	l.shot("cancelled", change)
}

// rest goes through the other people and what can go wrong.
func (l *looker) rest(v *visitor) {
	l.shot("not-found", "/nothing-here")
	for _, p := range l.people() {
		if name, ok := l.interesting(p); ok {
			who := l.visitor()
			who.signIn(p.UserPrincipalName)
			l.as(who)
			l.shot(name, "/")
		}
	}
	if p := v.send("/signout"); p.status != http.StatusSeeOther {
		l.t.Errorf("signing out: %d", p.status)
	}
	l.as(v)
	l.shot("signed-out", "/signed-out")
	l.shot("signin-failed", "/signin/callback?error=access_denied&state=x")
}

// interesting are people whose page looks different.
func (l *looker) interesting(p person) (string, bool) {
	switch {
	case strings.Contains(p.DisplayName, "Ana"):
		return "guest", true
	case len(p.DisplayName) > 40:
		return "home-long-names", true
	}
	return "", false
}
