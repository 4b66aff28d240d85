package main

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// keyboard is a person who has no mouse.
type keyboard struct{ *looker }

// focus presses Tab until what is meant has the focus, and looks whether the page fits.
func (k *keyboard) focus(selector string) {
	k.t.Helper()
	k.see(selector)
	var wide bool
	k.run("measuring", chromedp.Evaluate(`document.documentElement.scrollWidth > innerWidth`, &wide))
	if wide {
		k.t.Errorf("%s scrolls to the side", k.at())
	}
	for range 60 {
		if k.on(selector) {
			return
		}
		k.keys("\t")
		if !k.inSight() {
			k.t.Errorf("the focus is out of sight on the way to %s at %s", selector, k.at())
		}
	}
	k.t.Fatalf("Tab does not lead to %s at %s:\n%s", selector, k.at(), k.text("main"))
}

// enter goes to a link or button and presses it.
func (k *keyboard) enter(selector string) {
	k.t.Helper()
	k.focus(selector)
	k.keys("\r")
}

// space ticks what is meant.
func (k *keyboard) space(selector string) {
	k.t.Helper()
	k.focus(selector)
	k.keys(" ")
}

// on reports whether what is meant has the focus.
func (k *keyboard) on(selector string) (there bool) {
	k.t.Helper()
	k.run("asking for the focus", chromedp.Evaluate(`document.activeElement.matches(`+"`"+selector+"`"+`)`, &there))
	return there
}

// inSight reports whether one can see what has the focus; the page itself is no place.
func (k *keyboard) inSight() (seen bool) {
	k.t.Helper()
	k.run("looking at the focus", chromedp.Evaluate(`(() => {
		const e = document.activeElement, r = e.getBoundingClientRect();
		return e === document.body || r.width > 1 && r.height > 1 && r.bottom > 0 && r.top < innerHeight;
	})()`, &seen))
	return seen
}

// want fails unless what is meant has the focus.
func (k *keyboard) want(when, selector string) {
	k.t.Helper()
	if !k.on(selector) {
		k.t.Errorf("%s the focus is at %q, want %s", when, k.focused(), selector)
	}
}

func (l *looker) keys(all ...string) {
	l.t.Helper()
	for _, k := range all {
		if k == kb.Enter {
			l.run("Enter", enter(input.KeyDown), enter(input.KeyUp))
		} else {
			l.run("typing", chromedp.KeyEvent(k))
		}
	}
}

// enter is the key in one piece, as a person's: chromedp's has the letter as an event of its own,
// which goes to the element that the link has led to by then.
func enter(what input.KeyType) *input.DispatchKeyEventParams {
	key := input.DispatchKeyEvent(what).WithKey("Enter").WithCode("Enter").WithWindowsVirtualKeyCode(13).WithNativeVirtualKeyCode(13)
	if what == input.KeyDown {
		key = key.WithText(kb.Enter)
	}
	return key
}

// focused is the element that has the focus.
func (l *looker) focused() string {
	l.t.Helper()
	var element string
	l.run("asking for the focus", chromedp.Evaluate(`document.activeElement.outerHTML.slice(0, 120)`, &element))
	return element
}

// back presses Shift and Tab.
func (k *keyboard) back() {
	k.t.Helper()
	k.run("Shift and Tab", chromedp.KeyEvent(kb.Tab, chromedp.KeyModifiers(input.ModifierShift)))
}

// around goes through a whole page with Tab, and back: everything that can have the focus has
// it once, in the order of the page, and nothing keeps it.
func (k *keyboard) around() {
	k.t.Helper()
	const all = `[...document.querySelectorAll("a[href], button, summary, input:not([type=hidden]), select")].filter(e => e.checkVisibility())`
	var n int
	k.run("to the page's start", chromedp.Evaluate(`document.activeElement.blur(); getSelection().removeAllRanges(); scrollTo(0, 0)`, nil),
		chromedp.Evaluate(all+`.length`, &n))
	index := func() (i int) {
		k.run("where the focus is", chromedp.Evaluate(all+`.indexOf(document.activeElement)`, &i))
		return i
	}
	k.focus(".skip")
	for i := 1; i < n; i++ {
		k.keys("\t")
		if got := index(); got != i {
			k.t.Fatalf("%s: Tab %d leads to target %d: %s", k.at(), i, got, k.focused())
		}
	}
	for i := n - 2; i >= 0; i-- {
		k.back()
		if got := index(); got != i {
			k.t.Fatalf("%s: back from target %d leads to %d: %s", k.at(), i+1, got, k.focused())
		}
	}
}

// TestBrowser_ByKeyboard changes the phone with nothing but keys.
func TestBrowser_ByKeyboard(t *testing.T) {
	for name, scripts := range map[string]bool{"with scripts": true, "without scripts": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startSite(t)
			maya, _ := s.ordinary()
			v := s.visitor()
			v.signIn(maya)
			k := &keyboard{looker: &looker{screen: s.screen(scripts), dir: t.TempDir()}}
			k.as(v)
			k.run("opening the site", chromedp.Navigate(s.base+"/"))
			k.enter(`a[href="/contacts/mobile"]`)
			k.focus("#country")
			k.keys("Ger")
			if hint := k.text("#number-hint"); scripts && !strings.HasPrefix(hint, "Germany: for example 0") {
				t.Errorf("hint = %q, want that of the country", hint)
			}
			k.focus("#number")
			k.keys("+12025550140", "\r") // wins over the country
			k.see("#code")
			k.around()
			k.enter("details.more summary") // asking for a new code at once
			k.enter("#new")
			k.see(".bar.risk")
			if scripts {
				k.want("after a wait", ".bar.risk")
			}
			k.focus("#code")
			k.keys(wrong(s.code(firstNew)), "\r")
			k.see(".summary")
			if scripts {
				k.want("after an error", ".summary")
			}
			k.enter(`.summary a[href="#code"]`)
			k.until(5*time.Second, "from the summary to the field", func() bool { return k.on("#code") })
			k.back()
			k.focus("#code") // Tab selects what is in a field
			k.keys(s.code(firstNew), "\r")
			s.applied(maya, firstNew)
			k.see(".panel h1") // by itself
		})
	}
}
