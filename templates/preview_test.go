package templates

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestPreview renders every state. With REKEY_PREVIEW set to a folder it leaves the pages
// there, to be looked at.
func TestPreview(t *testing.T) {
	set, words := newSet(t)
	folder := os.Getenv("REKEY_PREVIEW")
	if folder == "" {
		folder = t.TempDir()
	}
	for _, lang := range words.Languages() {
		for _, s := range Examples() {
			var b bytes.Buffer
			if err := set.Render(&b, lang, s.Page); err != nil {
				t.Errorf("Render(%s, %s): %v", lang, s.Name, err)
				continue
			}
			if err := os.WriteFile(filepath.Join(folder, s.Name+"."+lang+".html"), b.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
