package static_test

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"strings"
	"testing"

	"rekey/static"
)

const drawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><style>path{fill:#080}</style><path d="M0 0h8v8H0Z"/></svg>`

// points is a small picture of points.
func points(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewRGBA(image.Rect(0, 0, 40, 40))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCheckLogo(t *testing.T) {
	head := `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">`
	for _, tt := range []struct{ name, content, ending, wrong string }{
		{"a drawing", drawing, ".svg", ""},
		{"with a head", `<?xml version="1.0" encoding="UTF-8"?><!-- made by hand --><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x">` + drawing + "\n<!-- end -->\n", ".svg", ""},
		{"that uses itself", head + `<path id="a" d="M0 0"/><use xlink:href="#a"/><image href="data:image/png;base64,AA=="/></svg>`, ".svg", ""},
		{"points", string(points(t)), ".png", ""},
		{"webp", "RIFF\x24\x00\x00\x00WEBPVP8 \x18\x00\x00\x00", ".webp", ""},
		{"a script", head + `<script>alert(1)</script></svg>`, "", "script"},
		{"a script with a prefix", `<s:svg xmlns:s="http://www.w3.org/2000/svg"><s:SCRIPT/></s:svg>`, "", "script"},
		{"a handler", head + `<path ONLOAD="alert(1)"/></svg>`, "", "script"},
		{"a page inside", head + `<foreignObject><p>hello</p></foreignObject></svg>`, "", "foreign"},
		{"a link", head + `<a xlink:href="javascript:alert(1)"><path/></a></svg>`, "", "elsewhere"},
		{"a picture of another host", head + `<image href="https://example.org/x.png"/></svg>`, "", "elsewhere"},
		{"a drawing in the link", head + `<use href="data:text/html,x"/></svg>`, "", "elsewhere"},
		{"a gradient of its own", head + `<style>path{fill:url( "#a" )}</style><path fill="url(#a)" style="mask:url('data:image/png;base64,AA==')"/></svg>`, ".svg", ""},
		{"notes of a drawing program", `<?xpacket begin=""?><svg xmlns="http://www.w3.org/2000/svg" xmlns:i="http://www.inkscape.org/namespaces/inkscape" i:export="C:\me\logo.png"><i:view i:zoom="1"/></svg>`, ".svg", ""},
		{"a page's element", head + `<p xmlns="http://www.w3.org/1999/xhtml">hello</p></svg>`, "", "foreign"},
		{"a base", `<svg xmlns="http://www.w3.org/2000/svg" xml:base="https://example.org/x.svg"><use href="#a"/></svg>`, "", "elsewhere"},
		{"a source", head + `<image src="https://example.org/x.png"/></svg>`, "", "elsewhere"},
		{"an animated link", head + `<a><set attributeName="xlink:href" to="https://example.org/"/></a></svg>`, "", "foreign"},
		{"a fill from elsewhere", head + `<path fill="URL( 'https://example.org/x.svg#a')"/></svg>`, "", "elsewhere"},
		{"a style from elsewhere", head + `<path style="fill:url(//example.org/x)"/></svg>`, "", "elsewhere"},
		{"a sheet from elsewhere", head + `<style>@im<!-- -->port "https://example.org/x.css";</style></svg>`, "", "elsewhere"},
		{"a second address", head + `<style>a{fill:url(#a)}b{fill:url(https://example.org/x)}</style></svg>`, "", "elsewhere"},
		{"a set of pictures", head + `<style>a{mask:image-set("https://example.org/x.png" 1x)}</style></svg>`, "", "elsewhere"},
		{"a disguised address", head + `<style>a{fill:\75rl(https://example.org/x)}</style></svg>`, "", "backslash"},
		{"a sheet beside it", `<?xml-stylesheet href="https://example.org/x.css"?>` + drawing, "", "elsewhere"},
		{"entities", `<!DOCTYPE svg [<!ENTITY a "b">]>` + drawing, "", "entities"},
		{"a page", `<!doctype html><html><body>hello</body></html>`, "", "no SVG"},
		{"another namespace", `<svg xmlns="http://www.w3.org/1999/xhtml"/>`, "", "no SVG"},
		{"something after it", drawing + drawing, "", "no SVG"},
		{"half of it", drawing[:60], "", "no SVG"},
		{"JPEG", "\xff\xd8\xff\xe0", "", "no SVG"},
		{"GIF", "GIF89a", "", "no SVG"},
		{"nothing", "", "", "no SVG"},
		{"too much", drawing + strings.Repeat(" ", static.LogoLimit), "", "12 KB"},
	} {
		ending, err := static.CheckLogo([]byte(tt.content))
		if ending != tt.ending || (err == nil) != (tt.wrong == "") || err != nil && !strings.Contains(err.Error(), tt.wrong) {
			t.Errorf("CheckLogo(%s) = %q, %v, want %q and a word on %q", tt.name, ending, err, tt.ending, tt.wrong)
		}
	}
}

// A logo is served as what it is, for good, and opened by itself it can run nothing.
func TestBranded_Logo(t *testing.T) {
	for kind, content := range map[string][]byte{"image/svg+xml": []byte(drawing), "image/png": points(t)} {
		files, err := static.Branded(static.Brand{Logo: content})
		if err != nil {
			t.Fatal(err)
		}
		a := get(t, files, http.MethodGet, files.Logo(), "")
		if a.StatusCode != 200 || a.Header.Get("Content-Type") != kind || a.Header.Get("X-Content-Type-Options") != "nosniff" ||
			!strings.Contains(a.Header.Get("Content-Security-Policy"), "sandbox") || !strings.Contains(a.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("GET %s = %d with %v", files.Logo(), a.StatusCode, a.Header)
		}
		if !bytes.Equal(body(t, a), content) {
			t.Errorf("GET %s answers with something else", files.Logo())
		}
	}
	if where := newFiles(t).Logo(); where != "" {
		t.Errorf("Logo() without one = %q, want none", where)
	}
	own := newFiles(t)
	if csp := get(t, own, http.MethodGet, own.URL(static.Icons), "").Header.Get("Content-Security-Policy"); csp != "" {
		t.Errorf("our own icons have the policy %q, want the site's", csp)
	}
	if _, err := static.Branded(static.Brand{Logo: []byte("<svg/>")}); err == nil {
		t.Error("Branded takes a logo that is none")
	}
}

// The accent is in the one sheet: it costs no request, and its address changes with it.
func TestBranded_Accent(t *testing.T) {
	files, err := static.Branded(static.Brand{Accent: "#FFcc00"})
	if err != nil {
		t.Fatal(err)
	}
	if sheet := plain(t, files, static.Style); !strings.HasSuffix(sheet, "\n:root{--accent:#FFcc00}\n") || files.URL(static.Style) == newFiles(t).URL(static.Style) {
		t.Errorf("the sheet at %s ends with %q", files.URL(static.Style), sheet[len(sheet)-40:])
	}
	for colour, want := range map[string]bool{"#0f6cbd": true, "#ABCDEF": true, "": false, "0f6cbd": false, "#fff": false, "#0f6cbd80": false, "red": false,
		"#0f6cb}": false, "#0f6cbd\n": false, "#0f6cbd}body{display:none": false} {
		if got := static.ValidAccent(colour); got != want {
			t.Errorf("ValidAccent(%q) = %v, want %v", colour, got, want)
		}
		if _, err := static.Branded(static.Brand{Accent: colour}); (err == nil) != (want || colour == "") {
			t.Errorf("Branded(%q) = %v", colour, err)
		}
	}
}
