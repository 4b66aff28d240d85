package gallery_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"rekey/internal/browsertest"
	"rekey/internal/emulator/gallery"
)

// show opens an example inside the page that is open, where the style sheet is loaded already.
const show = `async (name, lang) => {
	const answer = await fetch("/_emulator/gallery/" + name + "?lang=" + lang);
	if (!answer.ok) throw new Error(name + " is not there");
	const page = new DOMParser().parseFromString(await answer.text(), "text/html");
	page.querySelectorAll("script, link[rel=stylesheet]").forEach(e => e.remove());
	document.title = page.title;
	for (const a of ["lang", "dir"]) document.documentElement.setAttribute(a, page.documentElement.getAttribute(a));
	document.body.replaceWith(page.body);
}`

// newMarkup returns the examples that have an element, a class or a state that none before them
// has. What depends on markup alone needs no look at the others.
func newMarkup(t *testing.T) (names []string) {
	t.Helper()
	pages, known := gallery.New(gallery.Options{}), map[string]bool{}
	for _, name := range every() {
		answer := httptest.NewRecorder()
		pages.ServeHTTP(answer, httptest.NewRequest("GET", "/_emulator/gallery/"+name+"?lang=en", nil))
		doc, err := goquery.NewDocumentFromReader(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		before := len(known)
		doc.Find("body *").Each(func(_ int, e *goquery.Selection) {
			kind := e.Parent().AttrOr("class", "") + " " + goquery.NodeName(e)
			for _, attribute := range []string{"class", "type", "role", "aria-current", "aria-invalid"} {
				kind += " " + attribute + "=" + e.AttrOr(attribute, "")
			}
			known[kind] = true
		})
		if len(known) > before {
			names = append(names, name)
		}
	}
	return names
}

// spoken is one example as a screen reader has it.
type spoken struct {
	nodes    []*accessibility.Node
	elements map[cdp.BackendNodeID]*cdp.Node
}

// listen reads the accessibility tree of an example.
func listen(t *testing.T, ctx context.Context, name, lang string) spoken {
	t.Helper()
	s := spoken{elements: map[cdp.BackendNodeID]*cdp.Node{}}
	err := chromedp.Run(ctx, chromedp.Evaluate(fmt.Sprintf("("+show+")(%q, %q)", name, lang), nil, browsertest.Await),
		chromedp.ActionFunc(func(ctx context.Context) (err error) {
			root, err := dom.GetDocument().WithDepth(-1).Do(ctx)
			if err != nil {
				return err
			}
			s.keep(root)
			s.nodes, err = accessibility.GetFullAXTree().Do(ctx)
			return err
		}))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return s
}

func (s spoken) keep(n *cdp.Node) {
	s.elements[n.BackendNodeID] = n
	for _, child := range n.Children {
		child.Parent = n
		s.keep(child)
	}
}

// text is what a value says.
func text(v *accessibility.Value) string {
	if v == nil {
		return ""
	}
	var said any
	if json.Unmarshal(v.Value, &said) != nil || said == nil {
		return ""
	}
	return strings.TrimSpace(fmt.Sprint(said))
}

func property(n *accessibility.Node, name accessibility.PropertyName) string {
	for _, p := range n.Properties {
		if p.Name == name {
			return text(p.Value)
		}
	}
	return ""
}

// each calls f with every node of these roles that is not ignored.
func (s spoken) each(f func(n *accessibility.Node, role, name string, e *cdp.Node), roles ...string) {
	for _, n := range s.nodes {
		role := text(n.Role)
		for _, r := range roles {
			e, ours := s.elements[n.BackendDOMNodeID] // a browser's own controls, of a sound, are not
			if !n.Ignored && role == r && ours {
				f(n, role, text(n.Name), e)
			}
		}
	}
}

// leads says where a link or button leads: two with one name must lead to one place.
func leads(e *cdp.Node) string {
	if href := e.AttributeValue("href"); href != "" {
		return href
	}
	for up := e; up != nil; up = up.Parent {
		if up.NodeName == "FORM" {
			return strings.Join(append(fields(up), up.AttributeValue("action"), e.AttributeValue("value")), " ")
		}
	}
	return fmt.Sprint("itself ", e.BackendNodeID)
}

// fields are what a form sends unseen, but its token.
func fields(n *cdp.Node) (all []string) {
	if n.NodeName == "INPUT" && n.AttributeValue("type") == "hidden" && n.AttributeValue("name") != "form_token" {
		all = append(all, n.AttributeValue("name")+"="+n.AttributeValue("value"))
	}
	for _, child := range n.Children {
		all = append(all, fields(child)...)
	}
	return all
}

// everyExample calls f for each example whose markup is new, as a screen reader has it.
func everyExample(t *testing.T, lang string, f func(t *testing.T, name string, s spoken)) {
	t.Helper()
	server, ctx := serve(t), browsertest.Start(t)
	if err := chromedp.Run(ctx, page.SetBypassCSP(true), chromedp.Navigate(server.URL+"/_emulator/gallery/home"), accessibility.Enable()); err != nil {
		t.Fatal(err)
	}
	for _, name := range newMarkup(t) {
		f(t, name, listen(t, ctx, name, lang))
	}
}

// TestScreenReader_ACC4_NamesRolesAndMessages: out of the middle of a page, without seeing it,
// each link, button, field and picture says what it is for. Names and headings of all examples
// and languages are looked at in the templates' own tests.
func TestScreenReader_ACC4_NamesRolesAndMessages(t *testing.T) {
	t.Parallel()
	heard := map[string]int{}
	everyExample(t, "en", func(t *testing.T, name string, s spoken) {
		for _, n := range s.nodes {
			heard[text(n.Role)]++
		}
		targets(t, name, s)
		outline(t, name, s)
		questions(t, name, s)
		messages(t, name, s)
	})
	for _, role := range []string{"link", "button", "DisclosureTriangle", "heading", "main", "image", "textbox", "combobox", "checkbox", "radio", "alert", "status"} {
		if heard[role] == 0 {
			t.Errorf("no example has a %s: is it still called that?", role)
		}
	}
}

func targets(t *testing.T, name string, s spoken) {
	t.Helper()
	places := map[string]string{}
	s.each(func(_ *accessibility.Node, role, label string, e *cdp.Node) {
		if label == "" {
			t.Errorf("%s: a %s to %s without a name", name, role, leads(e))
			return
		}
		if other, ok := places[label]; ok && other != leads(e) {
			t.Errorf("%s: %q leads to %s and to %s", name, label, other, leads(e))
		}
		places[label] = leads(e)
	}, "link", "button", "DisclosureTriangle")
}

func outline(t *testing.T, name string, s spoken) {
	t.Helper()
	mains, firsts, last := 0, 0, 0
	s.each(func(n *accessibility.Node, role, label string, _ *cdp.Node) {
		if role == "main" {
			mains++
			return
		}
		var level int
		fmt.Sscan(property(n, accessibility.PropertyNameLevel), &level)
		if level == 1 {
			firsts++
		}
		if level == 0 || level > last+1 || label == "" {
			t.Errorf("%s: the heading %q has the level %d after %d", name, label, level, last)
		}
		last = level
	}, "main", "heading")
	if mains != 1 || firsts != 1 {
		t.Errorf("%s: %d landmarks main and %d headings of the first level, want one each", name, mains, firsts)
	}
	s.each(func(_ *accessibility.Node, role, label string, _ *cdp.Node) {
		if len(strings.Fields(label)) < 3 {
			t.Errorf("%s: a picture says %q, want what it shows", name, label)
		}
	}, "image", "img")
}

// questions: a field says its name, and its error and its hint after it.
func questions(t *testing.T, name string, s spoken) {
	t.Helper()
	s.each(func(n *accessibility.Node, role, label string, e *cdp.Node) {
		if label == "" {
			t.Errorf("%s: the field %q has no name", name, e.AttributeValue("name"))
		}
		said, want := text(n.Description), e.AttributeValue("aria-describedby")
		if (said == "") != (want == "") {
			t.Errorf("%s: the field %q is described as %q, want %q", name, label, said, want)
		}
		if wrong := property(n, accessibility.PropertyNameInvalid) == "true"; wrong && !strings.Contains(said, "Error:") {
			t.Errorf("%s: the field %q is wrong and does not say why", name, label)
		}
	}, "textbox", "combobox", "checkbox", "radio", "searchbox", "spinbutton")
}

// messages: what changes by itself is said by itself, and what went wrong at once.
func messages(t *testing.T, name string, s spoken) {
	t.Helper()
	for id, e := range s.elements {
		_, polls := e.Attribute("data-poll")
		if !polls && e.AttributeValue("role") != "alert" {
			continue
		}
		want := map[bool]string{true: "polite", false: "assertive"}[polls]
		at := slices.IndexFunc(s.nodes, func(n *accessibility.Node) bool { return n.BackendDOMNodeID == id })
		if at < 0 {
			t.Errorf("%s: <%s role=%s> is not heard", name, e.LocalName, e.AttributeValue("role"))
		} else if live := property(s.nodes[at], accessibility.PropertyNameLive); live != want {
			t.Errorf("%s: what is said by itself is %q, want %q", name, live, want)
		}
	}
}
