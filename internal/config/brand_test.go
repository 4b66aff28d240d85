package config

import (
	"strings"
	"testing"

	"rekey/static"
)

func TestBrand_Accent(t *testing.T) {
	for written, want := range map[string]string{"'#0f6cbd'": "#0f6cbd", "0F6CBD": "#0F6CBD", "112233": "#112233", "''": "",
		"'#fff'": "!", "red": "!", "'#0f6cbd}'": "!", "'##0f6cbd'": "!", "[]": "!"} {
		w := newWorld(strings.Replace(good, "name: Contoso", "name: Contoso\n  accent: "+written, 1))
		c, err := w.load()
		if want == "!" {
			if found := w.mistakes(t); len(found) != 1 || !strings.HasPrefix(found[0], "organisation.accent (") {
				t.Errorf("accent %s: mistakes %q, want one on it", written, found)
			}
			continue
		}
		if err != nil || c.Organisation.Accent != want {
			t.Errorf("accent %s = %q, %v, want %q", written, c.Organisation.Accent, err, want)
		}
	}
}

func TestBrand_Logo(t *testing.T) {
	const drawing = `<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0h8v8H0Z"/></svg>`
	w := newWorld(strings.Replace(good, "name: Contoso", "name: Contoso\n  logo: /etc/logo", 1))
	if found := w.mistakes(t); len(found) != 1 || !strings.Contains(found[0], "cannot be read") {
		t.Errorf("a logo that is not there: mistakes %q, want one", found)
	}
	for content, wrong := range map[string]string{drawing: "", "GIF89a": "no SVG, PNG or WebP",
		strings.Replace(drawing, "<path", "<script/><path", 1): "script", drawing + strings.Repeat("\n", static.LogoLimit): "too large"} {
		w.files["/etc/logo"] = content
		if wrong != "" {
			if found := w.mistakes(t); len(found) != 1 || !strings.Contains(found[0], wrong) {
				t.Errorf("logo of %d bytes: mistakes %q, want one on %q", len(content), found, wrong)
			}
			continue
		}
		if c, err := w.load(); err != nil || string(c.Organisation.LogoPicture) != content {
			t.Errorf("logo = %q, %v, want the file", c.Organisation.LogoPicture, err)
		}
	}
}
