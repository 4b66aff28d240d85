package templates

import (
	"fmt"
	"html/template"
	"strings"

	"rsc.io/qr"
)

// quiet is the empty edge around a code, in modules. Source: ISO/IEC 18004, 9.1.
const quiet = 4

// qrcode draws an address as a QR code: dark on white in every theme, since many cameras
// read nothing else. The address stands beside it in words.
func (x tools) qrcode(link string) (template.HTML, error) {
	code, err := qr.Encode(link, qr.M)
	if err != nil {
		return "", fmt.Errorf("templates: no QR code of %d bytes: %w", len(link), err)
	}
	var path strings.Builder
	for y := range code.Size {
		for from := 0; from < code.Size; from++ {
			to := from
			for to < code.Size && code.Black(to, y) {
				to++
			}
			if to > from {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", from+quiet, y+quiet, to-from, to-from)
				from = to
			}
		}
	}
	side := code.Size + 2*quiet
	return template.HTML(fmt.Sprintf(`<svg class="qr" viewBox="0 0 %d %d" width="200" height="200" role="img" aria-label="%s" shape-rendering="crispEdges"><rect class="qr-ground" width="%d" height="%d"/><path class="qr-ink" d="%s"/></svg>`,
		side, side, template.HTMLEscapeString(x.words.T("place.qr")), side, side, path.String())), nil
}
