// Package browsertest is the browser of the tests: Debian's Chromium with a profile of its
// own, which never asks another host, and axe-core, which looks at a page for people who
// cannot see it or cannot use a mouse.
package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// Start starts Chromium. Its window is that of a phone.
func Start(t testing.TB) context.Context {
	t.Helper()
	options := append([]chromedp.ExecAllocatorOption{}, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(390, 844))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocator) // cancelled below, and waited for
	if err := chromedp.Run(ctx); err != nil {
		t.Fatalf("Chromium does not start: %v", err)
	}
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits until it has put its profile away
		stop()
	})
	return ctx
}

// Axe returns the script of axe-core, which scripts/test installs.
func Axe(t testing.TB) string {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	file := filepath.Join(filepath.Dir(here), "..", "..", "scripts", "axe", "node_modules", "axe-core", "axe.min.js")
	script, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("axe-core is not there: run scripts/test once, or npm ci in scripts/axe (%v)", err)
	}
	return string(script)
}

// Violation is what axe found at some elements of a page.
type Violation struct {
	ID    string   `json:"id"`
	Help  string   `json:"help"`
	Nodes []string `json:"nodes"` // why, and the element
}

// String names the rule and the elements.
func (v Violation) String() string {
	return fmt.Sprintf("%s (%s):\n\t%s", v.ID, v.Help, strings.Join(v.Nodes, "\n\t"))
}

// Found is a JavaScript function of axe's results that keeps what Violation holds.
const Found = `r => r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.slice(0, 3).map(n => n.failureSummary.replace(/\s+/g, " ") + " " + n.html.slice(0, 300))}))`

// Standards are the rules that axe is asked for: WCAG 2.2 at level AA, and what axe calls
// best practice.
const Standards = `{runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"]}`

// Check runs axe on the page that is open.
func Check(t testing.TB, ctx context.Context, axe string) []Violation {
	t.Helper()
	var text string
	if err := chromedp.Run(ctx, chromedp.Evaluate(axe+";0", nil),
		chromedp.Evaluate(`axe.run(document, `+Standards+`).then(`+Found+`).then(JSON.stringify)`, &text, Await)); err != nil {
		t.Fatalf("axe does not run: %v", err)
	}
	var found []Violation
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		t.Fatal(err)
	}
	return found
}
