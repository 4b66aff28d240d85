package templates

import (
	"bytes"
	"testing"
)

// TestSize: security info is at most 14 kB in every language; with the files of static a
// first visit stays below 30 kB.
func TestSize(t *testing.T) {
	const most = 14_000
	set, words := newSet(t)
	for _, e := range Examples() {
		if e.Name != "home" {
			continue
		}
		for _, lang := range []string{"en", "de", "ar"} {
			var page bytes.Buffer
			if err := set.Render(&page, lang, e.Page); err != nil {
				t.Fatal(err)
			}
			t.Logf("%s: %d bytes", lang, page.Len())
			if page.Len() > most {
				t.Errorf("home in %s has %d bytes, want at most %d", words.Localizer(lang).Lang(), page.Len(), most)
			}
		}
	}
}
