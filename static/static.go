// Package static serves what pages need beside their HTML: one style sheet, one script,
// the icons and the favicon. All of it is ours, and comes from this host.
//
// Each component has a style file of its own and each hook a script file; they are joined
// when the program starts. Every address carries a hash of the content, so that a browser
// may keep it for good. Who sets the other headers of a response, and what a page for a
// file that is not there looks like, is left to package web.
//
// The script only adds; every page works without it. Pages call it by these hooks, each
// described at the head of its file in js/, and load it with "defer":
//
//	<main data-step>, [data-poll]           poll.js   a part that looks again by itself
//	[data-until] with data-now and texts    left.js   the time that is left
//	<input data-otp>                        code.js   reads the texted code in
//	select[data-country], [data-hint]       country.js the example of the country
//	<body data-zone data-token>             zone.js   tells the time zone to POST /zone
//	<input data-show>, [data-strength]      password.js what is good about a new password
//	every form                              submit.js a double click is one click
//	[role=alert][tabindex="-1"]             focus.js  mistakes first
//	details.menu                            menu.js   closes
//
// css/tokens.css and img/icons.svg hold values and drawings by Microsoft (see NOTICE).
package static

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strings"
)

// Prefix begins the path of every file.
const Prefix = "/static/"

// The names of the files, as URL takes them.
const (
	Style   = "rekey.css"
	Script  = "rekey.js"
	Icons   = "icons.svg" // symbols: "i-phone", "i-mail" …
	Favicon = "favicon.svg"
)

// Files are the files, joined, compressed and addressed. They are safe for concurrent use.
type Files struct {
	addresses map[string]string // by name
	files     map[string]file   // by address
}

// New joins and compresses the files. An error means that the program was built wrongly.
func New() (*Files, error) { return Branded(Brand{}) }

// Branded is New with an organisation's colour in the sheet and its logo among the files. An
// error may be the brand's.
func Branded(brand Brand) (*Files, error) {
	contents, err := read()
	if err != nil {
		return nil, fmt.Errorf("static: %w", err)
	}
	if err := brand.put(contents); err != nil {
		return nil, fmt.Errorf("static: %w", err)
	}
	f := &Files{addresses: map[string]string{}, files: map[string]file{}}
	for name, content := range contents {
		where := address(name, content)
		f.addresses[name] = where
		if f.files[where], err = newFile(name, content); err != nil {
			return nil, fmt.Errorf("static: %s: %w", name, err)
		}
	}
	return f, nil
}

// URL returns the address of a file by its name, for example
// "/static/rekey.0123456789ab.css". Of a name that is not there it returns an address that
// answers 404.
func (f *Files) URL(name string) string {
	if where, ok := f.addresses[name]; ok {
		return where
	}
	return Prefix + name
}

// Handler serves the files below Prefix, to GET and HEAD; anything else is 404 or 405.
func (f *Files) Handler() http.Handler { return f }

// URL is Files.URL for those who need an address but serve nothing. It reads the files at
// every call.
func URL(name string) string {
	if contents, err := read(); err == nil {
		if content, ok := contents[name]; ok {
			return address(name, content)
		}
	}
	return Prefix + name
}

// address returns the path of a file with this content: 48 bits of its hash tell versions
// apart.
func address(name string, content []byte) string {
	sum := sha256.Sum256(content)
	ext := path.Ext(name)
	return Prefix + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
}
