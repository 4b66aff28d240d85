package gallery_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"rekey/internal/browsertest"
	"rekey/templates"
)

// through opens these examples one after the other in the page that is open and reports what
// a script says is wrong with each.
func through(t *testing.T, ctx context.Context, names []string, lang, script string) {
	t.Helper()
	list, err := json.Marshal(names)
	if err != nil {
		t.Fatal(err)
	}
	const loop = `(async (names, lang) => {
		const wrong = [], show = %s, look = %s;
		for (const name of names) {
			await show(name, lang);
			await look((what, e) => wrong.push(name + ": " + what + ": " + e.outerHTML.replace(/\s+/g, " ").slice(0, 120)));
		}
		return JSON.stringify(wrong);
	})(%s, %q)`
	var text string
	var wrong []string
	err = chromedp.Run(ctx, chromedp.Evaluate(fmt.Sprintf(loop, show, script, list, lang), &text, browsertest.Await))
	if err == nil {
		err = json.Unmarshal([]byte(text), &wrong)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(wrong) > 0 {
		t.Errorf("%d times:\n%s", len(wrong), strings.Join(wrong[:min(len(wrong), 20)], "\n"))
	}
}

// every returns the names of all examples.
func every() (names []string) {
	for _, e := range templates.Examples() {
		names = append(names, e.Name)
	}
	return names
}

// larger says what letters of twice the size do to a page: something is wider than the
// screen, words are cut, stand beside their frame, or lie on others.
const larger = `say => {
	const root = document.documentElement, words = [];
	document.querySelectorAll("details").forEach(e => e.open = true);
	if (parseFloat(getComputedStyle(document.body).fontSize) < 31) say("the letters do not grow", root);
	if (root.scrollWidth > root.clientWidth) say("the page is " + (root.scrollWidth - root.clientWidth) + " px too wide", root);
	for (const e of document.querySelectorAll("body *:not(option):not(svg *)")) {
		if (!e.checkVisibility({visibilityProperty: true}) || e.closest(".vh, .skip, .menu > div")) continue;
		const hides = getComputedStyle(e).overflow !== "visible" && e.localName !== "svg";
		if (hides && (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1)) say("it is cut", e);
		for (const said of e.childNodes) {
			if (said.nodeType !== 3 || !said.data.trim()) continue;
			const range = document.createRange(), frame = e.closest(".card, .bar, .panel, .summary, .btn, .wrap").getBoundingClientRect();
			range.selectNodeContents(said);
			for (const r of range.getClientRects()) {
				if (r.left < frame.left - 1 || r.right > frame.right + 1 || r.top < frame.top - 1 || r.bottom > frame.bottom + 1) say("its words stand beside their frame", e);
				words.push([r, e]);
			}
		}
	}
	words.sort((a, b) => a[0].top - b[0].top);
	for (const [i, [a, e]] of words.entries()) for (let j = i + 1; j < words.length && words[j][0].top < a.bottom; j++) {
		const [b, other] = words[j], across = Math.min(a.right, b.right) - Math.max(a.left, b.left), down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
		if (across > 2 && down > Math.min(a.height, b.height) / 2) say("its words lie on " + other.textContent.trim(), e);
	}
}`

// TestZoom_ACC_TextOfTwiceTheSize: letters of 200 % on half a small desk lose nothing, if it is the
// browser's setting (which moves the break points too) or a style sheet of the reader.
func TestZoom_ACC_TextOfTwiceTheSize(t *testing.T) {
	t.Parallel()
	server := serve(t)
	for _, run := range []struct {
		name, lang string
		letters    chromedp.Action
	}{
		{"setting", "en", page.SetFontSizes(&page.FontSizes{Standard: 32, Fixed: 26})},
		{"style", "de", chromedp.Evaluate(`document.head.appendChild(document.createElement("style")).textContent = ":root { font-size: 200% !important }"`, nil)},
	} {
		t.Run(run.name, func(t *testing.T) {
			t.Parallel()
			ctx := browsertest.Start(t)
			if err := chromedp.Run(ctx, page.SetBypassCSP(true), emulation.SetDeviceMetricsOverride(640, 800, 1, false),
				chromedp.Navigate(server.URL+"/_emulator/gallery/home"), run.letters); err != nil {
				t.Fatal(err)
			}
			through(t, ctx, every(), run.lang, larger)
		})
	}
}
