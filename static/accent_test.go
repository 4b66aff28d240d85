package static_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"rekey/internal/browsertest"
	"rekey/static"
)

// contrast is a JavaScript function that returns the contrast of two colours of the sheet,
// as WCAG 2.2 defines it ("contrast ratio", "relative luminance").
const contrast = `(one, other) => {
	const light = name => {
		const probe = document.createElement("i"), pen = document.createElement("canvas").getContext("2d");
		probe.style.color = name;
		document.body.append(probe);
		pen.fillStyle = getComputedStyle(probe).color;
		probe.remove();
		pen.fillRect(0, 0, 1, 1);
		const [r, g, b] = [...pen.getImageData(0, 0, 1, 1).data].map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
		return .2126 * r + .7152 * g + .0722 * b;
	};
	const [a, b] = [light(one), light(other)].sort((x, y) => y - x);
	return (a + .05) / (b + .05);
}`

// Whatever accent an organisation sets, words in it and on it can be read (4.5:1), and
// controls and marks be seen (3:1), in both themes.
func TestAccent_ACC_IsAlwaysReadable(t *testing.T) {
	const words, marks = 4.5, 3
	checks := []struct {
		one, other string
		least      float64
	}{
		{"--colorNeutralForegroundOnBrand", "--accent-fill", words}, {"--colorNeutralForegroundOnBrand", "--accent-fill-hover", words},
		{"--accent-text", "--colorNeutralBackground1", words}, {"--accent-text", "--colorNeutralBackground2", words}, {"--accent-text", "--accent-tint", words},
		{"--colorNeutralForeground1", "--accent-tint", words}, {"--colorNeutralForeground2", "--accent-tint", words},
		{"--accent-edge", "--colorNeutralBackground1", marks}, {"--accent-edge", "--colorNeutralBackground2", marks}, {"--accent-edge", "--accent-tint", marks},
	}
	ctx := browsertest.Start(t)
	for name, colour := range map[string]string{"ours": "", "yellow": "#ffff00", "lime": "#00ff00", "black": "#000000", "white": "#ffffff", "pale grey": "#e6e6e6",
		"red": "#ff0000", "blue": "#0000ff", "cyan": "#00ffff", "magenta": "#ff00ff", "olive": "#808000", "navy": "#000080", "orange": "#ff8c00"} {
		branded, err := static.Branded(static.Brand{Accent: colour})
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/" {
				w.Header().Set("Content-Type", "text/html")
				fmt.Fprintf(w, `<!doctype html><title>accent</title><link rel="stylesheet" href="%s"><body>`, branded.URL(static.Style))
				return
			}
			branded.ServeHTTP(w, r)
		}))
		t.Cleanup(server.Close)
		for _, scheme := range []string{"light", "dark"} {
			var ratios []float64
			script := "["
			for _, c := range checks {
				script += fmt.Sprintf("(%s)(%q, %q),", contrast, "var("+c.one+")", "var("+c.other+")")
			}
			if err := chromedp.Run(ctx, emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
				chromedp.Navigate(server.URL), chromedp.Evaluate(script+"]", &ratios)); err != nil {
				t.Fatal(err)
			}
			for i, c := range checks {
				t.Logf("%s, %s: %s on %s = %.2f:1", name, scheme, c.one, c.other, ratios[i])
				if ratios[i] < c.least {
					t.Errorf("%s, %s: %s on %s = %.2f:1, want %v:1", name, scheme, c.one, c.other, ratios[i], c.least)
				}
			}
		}
	}
}

// A logo with styles of its own is drawn although it is served with a policy that allows
// none to documents.
func TestBranded_LogoIsDrawn(t *testing.T) {
	branded, err := static.Branded(static.Brand{Logo: []byte(drawing)})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("Content-Security-Policy", "default-src 'none'; img-src 'self'")
			fmt.Fprintf(w, `<!doctype html><title>logo</title><body><img src="%s" alt="">`, branded.Logo())
			return
		}
		branded.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	var point []int
	if err := chromedp.Run(browsertest.Start(t), chromedp.Navigate(server.URL), chromedp.Evaluate(`(() => {
		const pen = document.createElement("canvas").getContext("2d");
		pen.drawImage(document.querySelector("img"), 0, 0, 8, 8);
		return [...pen.getImageData(4, 4, 1, 1).data];
	})()`, &point)); err != nil {
		t.Fatal(err)
	}
	if want := []int{0, 0x88, 0, 255}; !slices.Equal(point, want) {
		t.Errorf("the middle of the logo is %v, want %v", point, want)
	}
}
