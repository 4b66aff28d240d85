package main

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// typist is somebody who is signed in and has a keyboard alone.
func (s *site) typist(upn string, scripts bool) (*keyboard, *visitor) {
	s.t.Helper()
	v := s.visitor()
	v.signIn(upn)
	k := &keyboard{looker: &looker{screen: s.screen(scripts), dir: s.t.TempDir()}}
	k.as(v)
	k.run("opening the site", chromedp.Navigate(s.base+"/"))
	return k, v
}

// TestReach_ACC_EveryJourneyByKeyboard does the rest of what people come for with keys alone,
// with scripts and without.
func TestReach_ACC_EveryJourneyByKeyboard(t *testing.T) {
	for name, scripts := range map[string]bool{"with scripts": true, "without scripts": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startSite(t)
			maya, _ := s.ordinary()
			other := s.visitor()
			other.signIn(maya)
			k, _ := s.typist(maya, scripts)
			k.frame(scripts)
			k.endsSession(other)
			k.addsAddress(maya, scripts)
			k.removesAddress(maya)
			k.choosesLanguage()
		})
	}
}

// frame goes through what is around each page: the skip link is first, the menu opens and
// closes and keeps its place.
func (k *keyboard) frame(scripts bool) {
	k.t.Helper()
	k.keys(kb.Tab)
	k.want("at first", ".skip")
	k.keys(kb.Enter)
	k.until(5*time.Second, "past the frame", func() bool { return k.on("main") })
	k.keys(kb.Tab)
	k.want("after the skip link", "main a, main button, main summary")
	k.around()
	k.enter(".menu summary")
	k.see(".menu[open] form")
	k.keys(kb.Tab)
	k.want("in the menu", `.menu a[href="/sessions"]`)
	if scripts {
		k.keys(kb.Escape)
	} else {
		k.back()
		k.keys(" ")
	}
	k.want("from the menu", ".menu summary")
	if k.has(".menu[open]") {
		k.t.Error("the menu stays open")
	}
}

// endsSession ends the sign-in of another browser.
func (k *keyboard) endsSession(other *visitor) {
	k.t.Helper()
	k.enter(".menu summary")
	k.enter(`.menu a[href="/sessions"]`)
	k.enter(`form[action^="/sessions/"][action$="/end"] button`)
	k.until(5*time.Second, "the other session ends", func() bool { return other.get("/").status != 200 })
	k.until(5*time.Second, "its row goes", func() bool { return !k.has(`form[action$="/end"]`) })
	k.enter(`main a[href="/"]`)
}

// addsAddress adds an email address, after one that is not taken.
func (k *keyboard) addsAddress(upn string, scripts bool) {
	k.t.Helper()
	const address = "maya@post.example"
	k.enter(`a[href="/contacts/email"]`)
	k.focus("#address")
	k.keys(upn, kb.Enter)
	k.see(".summary")
	if scripts {
		k.want("after an error", ".summary")
	}
	k.enter(`.summary a[href="#address"]`)
	k.until(5*time.Second, "from the summary to the field", func() bool { return k.on("#address") })
	k.back()
	k.focus("#address") // Tab selects what is in a field
	k.keys(address, kb.Enter)
	k.see("#code")
	k.focus("#code")
	k.keys(k.code(address), kb.Enter)
	k.see(".panel h1")
	if got := k.value(upn, "email"); got != address {
		k.t.Errorf("the directory has %q, want %q", got, address)
	}
	k.enter(`main a[href="/"]`)
}

func (k *keyboard) removesAddress(upn string) {
	k.t.Helper()
	k.enter(`a[href="/contacts/email/remove"]`)
	k.enter("form.card button.stop")
	k.see(".panel h1")
	if got := k.value(upn, "email"); got != "" {
		k.t.Errorf("the directory has %q, want nothing", got)
	}
}

func (k *keyboard) choosesLanguage() {
	k.t.Helper()
	k.enter(`button[name=language][value="ar"]`)
	k.see(`html[lang="ar"][dir="rtl"] main`)
	k.enter(`button[name=language][value="de"]`)
	k.see(`html[lang="de"][dir="ltr"] main`)
}
