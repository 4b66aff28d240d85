package templates

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"rekey/internal/browsertest"
	"rekey/static"
)

// measure opens one page after the other inside one document, where the style sheet is
// loaded already, and returns what is wrong with how each is laid out: something is wider
// than the screen, or words than their frame; a target is smaller than 44 px, unless it stands
// in the middle of a sentence; two targets lie on each other.
const measure = `async names => {
	const wrong = [], visible = e => e.checkVisibility({visibilityProperty: true}) && !e.closest(".vh, .skip");
	for (const name of names) {
		const page = new DOMParser().parseFromString(await (await fetch("/page/" + name)).text(), "text/html");
		page.querySelectorAll("script, link").forEach(e => e.remove());
		document.title = page.title;
		for (const a of ["lang", "dir"]) document.documentElement.setAttribute(a, page.documentElement.getAttribute(a));
		document.body.replaceWith(page.body);
		document.querySelectorAll("details").forEach(e => e.open = true);
		const say = (what, e) => wrong.push(name + ": " + what + ": " + (e.outerHTML || "").replace(/\s+/g, " ").slice(0, 120));
		const root = document.documentElement;
		if (root.scrollWidth > root.clientWidth) say("the page is " + (root.scrollWidth - root.clientWidth) + " px too wide", root);
		for (const e of document.querySelectorAll("body *:not(option)")) {
			if (!visible(e)) continue;
			for (const words of e.childNodes) {
				if (words.nodeType !== 3 || !words.data.trim()) continue;
				const range = document.createRange(), frame = e.closest(".card, .bar, .panel, .summary, .btn, .wrap, .menu > div").getBoundingClientRect();
				range.selectNode(words);
				const r = range.getBoundingClientRect();
				if (r.left < frame.left - 1 || r.right > frame.right + 1) say("its words stand beside their frame", e);
			}
		}
		const boxes = [];
		for (const e of document.querySelectorAll("a[href], button, summary, input:not([type=hidden]), select")) {
			if (!visible(e)) continue;
			const r = (e.closest("label") || e).getBoundingClientRect(), inline = getComputedStyle(e).display === "inline"; // a box is ticked by its words too
			if (!inline && (r.width < 43.5 || r.height < 43.5)) say("a target of " + Math.round(r.width) + " by " + Math.round(r.height) + " px", e);
			if (!inline && !e.closest(".menu")) boxes.push([r, e]);
		}
		for (const [i, [a, e]] of boxes.entries()) for (const [b, other] of boxes.slice(i + 1)) {
			const across = Math.min(a.right, b.right) - Math.max(a.left, b.left), down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
			if (across > 1 && down > 1 && !e.contains(other)) say("it lies " + Math.round(down) + " px over " + other.textContent.trim(), e);
		}
	}
	return JSON.stringify(wrong);
}`

// TestLayout_ACC_EveryStateFitsEveryScreen looks at every page in every state and language on
// a small phone, a tablet and a desk.
func TestLayout_ACC_EveryStateFitsEveryScreen(t *testing.T) {
	set, words := newSet(t)
	files, err := static.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range words.Languages() {
		var names []string
		pages := map[string]Page{}
		for _, e := range Examples() {
			names = append(names, e.Name)
			pages["/page/"+e.Name] = e.Page
		}
		list, err := json.Marshal(names)
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			page := pages[r.URL.Path]
			if page == nil {
				files.ServeHTTP(w, r)
				return
			}
			var b bytes.Buffer
			if err := set.Render(&b, lang, page); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write(b.Bytes())
		}))
		t.Cleanup(server.Close)
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			ctx := browsertest.Start(t)
			for _, width := range []int64{320, 768, 1280} {
				var text string
				var wrong []string
				err := chromedp.Run(ctx, emulation.SetDeviceMetricsOverride(width, 800, 1, width < 700),
					chromedp.Navigate(server.URL+"/page/home"), chromedp.Evaluate(fmt.Sprintf("(%s)(%s)", measure, list), &text, browsertest.Await))
				if err == nil {
					err = json.Unmarshal([]byte(text), &wrong)
				}
				if err != nil {
					t.Fatal(err)
				}
				if len(wrong) > 0 {
					t.Errorf("at %d px:\n%s", width, strings.Join(wrong[:min(len(wrong), 20)], "\n"))
				}
			}
		})
	}
}
