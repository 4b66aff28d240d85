package templates

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"

	"rekey/internal/browsertest"
	"rekey/static"
)

// TestPassword_RST11_TheScriptOnlyAdds: what is typed is judged as it is typed and can be shown,
// the browser fills nothing in, and a form that is sent has no password in a field of text.
func TestPassword_RST11_TheScriptOnlyAdds(t *testing.T) {
	set, _ := newSet(t)
	files, err := static.New()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/reset/c1" {
			files.ServeHTTP(w, r)
			return
		}
		var b bytes.Buffer
		if err := set.Render(&b, "en", ResetPassword{Base: exampleBase("/reset/c1"), ResetStep: resetStep(3)}); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(b.Bytes())
	}))
	t.Cleanup(server.Close)
	ctx := browsertest.Start(t)
	run := func(script string) (got string) {
		t.Helper()
		if err := chromedp.Run(ctx, chromedp.Evaluate(script, &got)); err != nil {
			t.Fatal(err)
		}
		return got
	}
	if err := chromedp.Run(ctx, chromedp.Navigate(server.URL+"/reset/c1"), chromedp.WaitVisible("[data-strength] + button")); err != nil {
		t.Fatal(err)
	}
	for typed, want := range map[string]string{"": "empty", "Ab1 xyz": "short", "abcdefgh": "kinds", "aaaaaaaaB1": "same", "Ab1 Ab1 Ab1": "same", "Ab1 wxyz": "fair",
		"Four words that fit": "good", "ﾊﾟｽﾜｰﾄﾞ of mine": "strange", "Übermut tut gut 1": "strange"} {
		got := run(`(() => {
			const e = document.querySelector("#password");
			e.value = ` + quoted(typed) + `;
			e.dispatchEvent(new Event("input", {bubbles: true}));
			const said = document.querySelector("[data-strength]");
			return [...said.attributes].find(a => a.name.startsWith("data-") && a.value && a.value === said.textContent).name;
		})()`)
		if got != "data-"+want {
			t.Errorf("of %q it says %s, want %s", typed, got, want)
		}
	}
	types := `[...document.querySelectorAll("main input:not([type=hidden])")].map(e => e.type).join(" ")`
	button := `document.querySelector("[data-strength] + button")`
	if got := run(button + `.click(), ` + types + ` + " " + ` + button + `.textContent`); got != "text text Hide what I type" {
		t.Errorf("shown: %q", got)
	}
	if got := run(`(() => {
		const form = document.querySelector("main form");
		form.addEventListener("submit", e => e.preventDefault());
		form.requestSubmit(form.querySelector(".btn.main"));
		return ` + types + `;
	})()`); got != "password password" {
		t.Errorf("as the form is sent its fields are %q, want passwords", got)
	}
}

func quoted(text string) string { return "'" + text + "'" }
