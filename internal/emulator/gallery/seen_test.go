package gallery_test

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"rekey/internal/browsertest"
)

// seen are functions for colours: what lies behind an element, and the contrast of two.
const seen = `
	const colour = text => {
		const [r, g, b, a = 1] = text.match(/-?[\d.]+(e-?\d+)?/g).map(Number), scale = text.startsWith("rgb") ? 255 : 1;
		return {a, light: [r, g, b].map(c => c / scale).map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4).reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0)};
	};
	const contrast = (one, other) => {
		const [a, b] = [colour(one), colour(other)];
		if (a.a < .5) return 1;
		return (Math.max(a.light, b.light) + .05) / (Math.min(a.light, b.light) + .05);
	};
	const behind = e => {
		for (; e; e = e.parentElement) if (colour(getComputedStyle(e).backgroundColor).a > .5) return getComputedStyle(e).backgroundColor;
		return "rgb(255 255 255)";
	};
	const there = e => e.checkVisibility({visibilityProperty: true});
	document.querySelectorAll("details").forEach(e => e.open = true);`

// ringed: what has the focus, or what stands around it, shows that in a line that stands out.
const ringed = `say => {` + seen + `
	const rings = e => {
		const all = [];
		for (; e && e !== document.body; e = e.parentElement) {
			const s = getComputedStyle(e);
			if (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 && contrast(s.outlineColor, behind(e.parentElement)) >= 3) all.push(e);
		}
		return all;
	};
	let looked = 0;
	for (const e of document.querySelectorAll("a[href], button, summary, input:not([type=hidden], :disabled), select, [tabindex]:not(main)")) {
		if (!there(e)) continue;
		document.activeElement.blur();
		if (rings(e).length) say("a ring without the focus", e);
		e.focus({focusVisible: true});
		if (e.closest("details")) e.closest("details").open = true;
		if (document.activeElement !== e) say("it does not take the focus", e);
		if (!rings(e).length) say("no ring with the focus", e);
		const r = e.getBoundingClientRect();
		if (r.width < 2 || r.height < 2 || getComputedStyle(e).clipPath !== "none") say("it has the focus and cannot be seen", e);
		looked++;
	}
	if (looked < 3) say("nothing takes the focus", document.body);
}`

// plain: in forced colours backgrounds are gone, so that a line or a sign must say it.
const plain = `say => {` + seen + `
	if (!matchMedia("(forced-colors: active)").matches) say("the colours are not forced", document.body);
	const line = (e, width) => {
		const s = getComputedStyle(e), ground = behind(e.parentElement);
		return ["Top", "Right", "Bottom", "Left"].some(side => s["border" + side + "Style"] !== "none" && parseFloat(s["border" + side + "Width"]) >= width && contrast(s["border" + side + "Color"], ground) >= 3);
	};
	for (const e of document.querySelectorAll(".btn, .bar, .summary, .panel, .card, .mark.pill, .choices label, input:not([type=hidden], [type=radio], [type=checkbox]), select, .menu > div")) {
		const s = getComputedStyle(e);
		if (there(e) && !line(e, 1) && contrast(s.backgroundColor, behind(e.parentElement)) < 3) say("it has no edge", e);
	}
	for (const e of document.querySelectorAll("button.plain, main a:not(.btn, .back), .foot a")) {
		if (there(e) && !getComputedStyle(e).textDecorationLine.includes("underline") && !e.closest(".tasks, nav")) say("it is no link to the eye", e);
	}
	for (const e of document.querySelectorAll("[aria-invalid=true]:not([type=radio], [type=checkbox])")) if (!line(e, 2)) say("its error is not marked", e);
	for (const e of document.querySelectorAll(".error, .mark")) {
		if (there(e) && !e.innerText.trim() || e.matches(".error, .pill") && !e.querySelector("svg.icon")) say("it has no sign or no words", e);
	}
	for (const e of document.querySelectorAll("svg.icon")) {
		if (there(e) && contrast(getComputedStyle(e).fill, behind(e)) < 3) say("the sign cannot be seen", e.parentElement);
	}
	for (const e of document.querySelectorAll(".pic :is(rect, circle, path, use)")) {
		const s = getComputedStyle(e), ground = behind(e.closest(".pic"));
		if (e.getAttribute("stroke") !== "none" && ![s.stroke, s.fill].some(c => c !== "none" && contrast(c, ground) >= 3)) say("this part of the picture cannot be seen", e);
	}
	for (const e of document.querySelectorAll("h1, h2, h3, p, li, label, a, button, summary")) {
		if (there(e) && !e.closest(".vh") && contrast(getComputedStyle(e).color, behind(e)) < 4.5) say("the words cannot be read", e);
	}
}`

// TestSeen_ACC5_FocusAndForcedColours: the focus shows at everything that takes it, and with
// colours that a reader forces on the page it stays so, as do buttons, errors and marks.
func TestSeen_ACC5_FocusAndForcedColours(t *testing.T) {
	t.Parallel()
	server, names := serve(t), newMarkup(t)
	for _, run := range []struct {
		name, scheme, forced string
		looks                []string
	}{
		{"light", "light", "none", []string{ringed}},
		{"forced", "dark", "active", []string{ringed, plain}},
	} {
		t.Run(run.name, func(t *testing.T) {
			t.Parallel()
			ctx := browsertest.Start(t)
			if err := chromedp.Run(ctx, page.SetBypassCSP(true), emulation.SetFocusEmulationEnabled(true),
				emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: run.scheme}, {Name: "forced-colors", Value: run.forced},
					{Name: "prefers-reduced-motion", Value: "reduce"}}),
				chromedp.Navigate(server.URL+"/_emulator/gallery/home"), chromedp.KeyEvent("\t")); err != nil {
				t.Fatal(err)
			}
			for _, look := range run.looks {
				through(t, ctx, names, "en", look)
			}
		})
	}
}
