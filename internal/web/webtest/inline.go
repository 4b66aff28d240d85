package webtest

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// html finds what runs, or is loaded, and is not one of our own files.
func (f *flaws) html() {
	doc, err := html.Parse(strings.NewReader(f.answer.Body))
	if err != nil {
		f.add("the HTML cannot be read: %v", err)
		return
	}
	for node := range doc.Descendants() {
		if node.Type == html.ElementNode {
			f.element(node)
		}
	}
}

// element judges one element.
func (f *flaws) element(node *html.Node) {
	switch node.Data {
	case "style", "base", "iframe", "frame", "object", "embed", "applet", "portal":
		f.add("there is a <%s>", node.Data)
	case "script":
		if !strings.HasPrefix(attribute(node, "src"), "/static/") || node.FirstChild != nil {
			f.add("there is a script that is not one of our files")
		}
	case "link", "img", "use", "audio", "video", "source", "track", "input":
		for _, name := range []string{"src", "href", "srcset", "poster"} {
			if where := attribute(node, name); where != "" && !slices.ContainsFunc([]string{"/static/", "/reset/picture/", "/reset/sound/"}, func(own string) bool { return strings.HasPrefix(where, own) }) {
				f.add("<%s> loads %q", node.Data, where)
			}
		}
	case "meta":
		f.meta(node)
	}
	for _, a := range node.Attr {
		if a.Key == "style" || strings.HasPrefix(a.Key, "on") || a.Key == "srcdoc" || a.Key == "ping" {
			f.add("<%s> has the attribute %s", node.Data, a.Key)
		}
		if slices.Contains([]string{"href", "src", "action", "formaction", "data", "cite", "background"}, a.Key) && !plainAddress(a.Val) {
			f.add("<%s> leads to %q", node.Data, a.Val)
		}
	}
}

// meta lets a page look at itself again, and nothing else in the place of a header.
func (f *flaws) meta(node *html.Node) {
	if as := attribute(node, "http-equiv"); as != "" && (as != "refresh" || strings.Contains(attribute(node, "content"), "url")) {
		f.add("there is a <meta http-equiv=%q>", as)
	}
}

// plainAddress reports whether an address is local, or opens a page, a mail or a call.
func plainAddress(address string) bool {
	scheme, _, found := strings.Cut(address, ":")
	if !found || strings.ContainsAny(scheme, "/?#") {
		return !strings.HasPrefix(address, "//")
	}
	return slices.Contains([]string{"https", "http", "mailto", "tel"}, scheme)
}

func attribute(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
