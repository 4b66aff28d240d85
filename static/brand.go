package static

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Brand is what an organisation brings along.
type Brand struct {
	Accent string // "#rrggbb", "" for ours; see ValidAccent
	Logo   []byte // a picture that CheckLogo takes, nil for none
}

// LogoLimit is how large a logo may be, in bytes. It comes on top of the at most 30 kB of a
// first visit without one (TestSize), in one more request.
const LogoLimit = 12 << 10

// ValidAccent reports whether a text is a colour as Brand takes it. Whatever it is, the
// style sheet makes it readable (css/theme.css).
func ValidAccent(colour string) bool {
	return regexp.MustCompile(`^#[0-9a-fA-F]{6}$`).MatchString(colour)
}

// CheckLogo returns what a picture is by its content: ".svg", ".png" or ".webp". The error
// says, for the operator, what is wrong with it.
func CheckLogo(content []byte) (ending string, err error) {
	if len(content) > LogoLimit {
		return "", errors.New("the picture is too large: make it at most 12 KB")
	}
	switch http.DetectContentType(content) {
	case "image/png":
		return ".png", nil
	case "image/webp":
		return ".webp", nil
	}
	if err := checkSVG(content); err != nil {
		return "", err
	}
	return ".svg", nil
}

// checkSVG refuses drawings that could do more than be looked at. Browsers run nothing in a
// picture of a page; opened by itself a drawing is a document, and sandboxed besides.
func checkSVG(content []byte) error {
	d, depth, root := xml.NewDecoder(bytes.NewReader(content)), 0, false
	var words []byte // all text together: comments and elements in between part no style
	for {
		token, err := d.Token()
		if err == io.EOF && root && depth == 0 {
			return checkStyle(string(words))
		}
		if err != nil {
			return errNoPicture
		}
		switch t := token.(type) {
		case xml.ProcInst:
			if t.Target == "xml-stylesheet" {
				return errElsewhere
			}
		case xml.CharData:
			words = append(words, t...)
		case xml.Directive:
			if bytes.ContainsRune(t, '[') {
				return errors.New("the drawing defines entities: remove them")
			}
		case xml.StartElement:
			if depth == 0 && (root || t.Name.Space != "http://www.w3.org/2000/svg" || t.Name.Local != "svg") {
				return errNoPicture
			}
			if err := checkElement(t); err != nil {
				return err
			}
			depth, root = depth+1, true
		case xml.EndElement:
			depth--
		}
	}
}

var (
	errNoPicture = errors.New("the picture is no SVG, PNG or WebP")
	errForeign   = errors.New("the drawing has a script or foreign content: remove it")
	errElsewhere = errors.New("the drawing loads something from elsewhere: put it into the file")
)

// checkElement refuses scripts, pages inside the drawing, and whatever is loaded from
// elsewhere. What drawing programs note in name spaces of their own may stay: browsers do
// nothing with it.
func checkElement(e xml.StartElement) error {
	if slices.Contains([]string{"script", "foreignobject", "iframe", "handler", "listener"}, strings.ToLower(e.Name.Local)) ||
		e.Name.Space == "http://www.w3.org/1999/xhtml" {
		return errForeign
	}
	for _, a := range e.Attr {
		name, value := strings.ToLower(a.Name.Local), strings.TrimSpace(a.Value)
		switch {
		case strings.HasPrefix(name, "on"):
			return errForeign
		case name == "href" || name == "src" || name == "base":
			if !inside(value) {
				return errElsewhere
			}
		case name == "attributename": // what an animation changes
			if changed := strings.ToLower(value); strings.HasSuffix(changed, "href") || strings.HasPrefix(changed, "on") {
				return errForeign
			}
		case a.Name.Space == "": // a style, or a part of one
			if err := checkStyle(value); err != nil {
				return err
			}
		}
	}
	return nil
}

// inside reports whether an address means a part of the drawing, or a picture in it.
func inside(address string) bool {
	return strings.HasPrefix(address, "#") || strings.HasPrefix(address, "data:image/")
}

// checkStyle refuses a style that loads something. Escapes could spell the same words, and a
// drawing needs none.
func checkStyle(style string) error {
	if strings.ContainsRune(style, '\\') {
		return errors.New("the drawing has a backslash in a style or a text: remove it")
	}
	style = strings.ToLower(style)
	if strings.Contains(style, "@import") || strings.Contains(style, "image-set(") {
		return errElsewhere
	}
	for _, address := range strings.Split(style, "url(")[1:] {
		if !inside(strings.TrimLeft(address, " \t\r\n'\"")) {
			return errElsewhere
		}
	}
	return nil
}

// put adds the brand to the contents, by name.
func (b Brand) put(contents map[string][]byte) error {
	if b.Accent != "" {
		if !ValidAccent(b.Accent) {
			return errors.New("the accent is no colour")
		}
		// In no layer, so it wins over what the sheet says.
		contents[Style] = append(contents[Style], ":root{--accent:"+b.Accent+"}\n"...)
	}
	if b.Logo == nil {
		return nil
	}
	ending, err := CheckLogo(b.Logo)
	if err != nil {
		return err
	}
	contents[logo+ending] = b.Logo
	return nil
}

// logo is the beginning of the name of a logo's file.
const logo = "logo"

// Logo returns the address of the organisation's logo, "" when it has none.
func (f *Files) Logo() string {
	for name, where := range f.addresses {
		if strings.HasPrefix(name, logo+".") {
			return where
		}
	}
	return ""
}
