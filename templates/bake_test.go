package templates

import "testing"

func TestUnindented(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "",
		" one":                          " one",
		"\n    <p>":                     "\n<p>",
		"</p>\n\n      ":                "</p>\n",
		"<ul>\n  <li>\n\t a b\n  </li>": "<ul>\n<li>\na b\n</li>",
		"a\n\n\nb":                      "a\nb",
	} {
		if got := string(unindented([]byte(text))); got != want {
			t.Errorf("unindented(%q) = %q, want %q", text, got, want)
		}
	}
}
