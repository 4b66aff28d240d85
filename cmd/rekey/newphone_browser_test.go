package main

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// TestBrowser_NewPhone_ACC goes the whole way in Arabic on a screen of 320 px, with keys
// alone and without scripts. No page scrolls to the side.
func TestBrowser_NewPhone_ACC(t *testing.T) {
	s := startSite(t)
	v := s.visitor()
	v.signIn(priya)
	if p := v.send("/language", "language", "ar", "return_to", "/new-phone"); p.status != 303 {
		t.Fatalf("choosing Arabic = %d %s", p.status, p.main())
	}
	k := &keyboard{looker: &looker{screen: s.screen(false), dir: t.TempDir()}}
	k.as(v)
	k.run("a narrow screen", emulation.SetDeviceMetricsOverride(320, 640, 1, true), chromedp.Navigate(s.base+"/"))
	k.enter(`a.btn[href="/new-phone"]`)
	k.space(`input[value="new-phone"]`)
	k.enter("form.card button.main")
	k.space(`input[name=moves][value="yes"]`)
	k.enter("form.card button.main")
	k.enter(`.do a.btn.main`) // what is on the old phone
	k.enter("form.card button.main")

	s.moveSIM("iPhone 17")
	s.control("POST", "/_emulator/people/"+priya+"/methods", authenticatorOn("iPhone 17"), nil)
	s.setDefault("iPhone 17")
	s.advance(11 * time.Second)
	k.enter(`.do a.btn.main`) // put the new one in place
	k.enter(`form[action="/new-phone/look"] button`)
	k.enter(`.do a.btn.main`)

	k.enter(`.do a.btn.main`) // prove
	k.enter(`.rows button.main`)
	k.see("#code")
	k.focus("#code")
	k.keys(s.code(priyaNumber), "\r")
	k.see(".panel h1")
	k.enter(`a.btn.main[href="/new-phone"]`)

	k.enter(`.do a.btn.main`) // take off
	k.enter("button.stop")
	k.see(`.trail .done`)
	k.until(20*time.Second, "it is off", func() bool { return len(s.old(priya)) == 0 })
	k.run("looking again", chromedp.Navigate(s.base+"/new-phone"))
	k.enter(`.do a.btn.main`) // sign out
	k.enter("button.stop")
	k.see(".bar.fine")
	k.enter(`a.btn.main[href="/new-phone"]`)

	s.advance(2 * time.Minute)
	v.signIn(priya) // as the link on the next page does
	k.as(v)
	k.run("looking again", chromedp.Navigate(s.base+"/new-phone"))
	k.enter(`.do a.btn.main`) // hand in
	k.enter(`form[action="/new-phone/hand-in"] button`)
	k.see(".receipt")
	defer func() { // the old phone is thrown away, and the new one signs in
		s.control("POST", "/_emulator/handsets/iPhone%2013", map[string]any{"working": false}, nil)
		b := s.screen(false)
		b.run("opening the site", chromedp.Navigate(s.base+"/"))
		b.fill("#user", priya)
		b.fill("#password", "demo")
		b.press("button.main")
		b.see("h1")
		b.press("details.more summary") // Windows Hello is asked for first
		b.press(`.choices button:has(use[href*="shield"]), .choices button`)
		b.see(".match")
		number := b.text(".match")
		v.approve(priya, number[len(number)-2:], false)
		b.press("#look")
		b.see("#contacts, #go")
	}()
	if h := k.text(".panel h1"); !strings.Contains(h, "Fernhill") || !strings.Contains(k.text(".receipt"), "RK ") {
		t.Errorf("the end says %q", h)
	}
}

// TestBrowser_WithoutTheList_LockedOut: the home page says it before, and the sign-in does it.
func TestBrowser_WithoutTheList_LockedOut(t *testing.T) {
	s := startSite(t)
	const tomas = "tomas.herrera@fernhill.example"
	v := s.visitor()
	v.signIn(tomas)
	l := &looker{screen: s.screen(true), dir: t.TempDir()}
	l.as(v)
	l.run("opening the site", chromedp.Navigate(s.base+"/"))
	if card := l.text(".lost"); !strings.Contains(card, "You would be locked out") {
		t.Errorf("the card says %q", card)
	}
	s.control("POST", "/_emulator/handsets/+15035550163", map[string]any{"working": false}, nil)
	b := s.screen(true)
	b.run("opening the site", chromedp.Navigate(s.base+"/"))
	b.fill("#user", tomas)
	b.fill("#password", "demo")
	b.press("button.main")
	b.see("#tried")
}
