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

// LogoLimit is how large a logo may be, in bytes: a first visit stays small with it.
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
	for {
		token, err := d.Token()
		if err == io.EOF && root && depth == 0 {
			return nil
		}
		if err != nil {
			return errNoPicture
		}
		switch t := token.(type) {
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

var errNoPicture = errors.New("the picture is no SVG, PNG or WebP")

// checkElement refuses scripts, foreign markup and whatever is loaded from elsewhere.
func checkElement(e xml.StartElement) error {
	if slices.Contains([]string{"script", "foreignobject", "iframe", "handler", "listener"}, strings.ToLower(e.Name.Local)) {
		return errors.New("the drawing has a script or foreign content: remove it")
	}
	for _, a := range e.Attr {
		name, value := strings.ToLower(a.Name.Local), strings.TrimSpace(a.Value)
		if strings.HasPrefix(name, "on") {
			return errors.New("the drawing has a script or foreign content: remove it")
		}
		if name == "href" && !strings.HasPrefix(value, "#") && !strings.HasPrefix(value, "data:image/") {
			return errors.New("the drawing loads something from elsewhere: put it into the file")
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
