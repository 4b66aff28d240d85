package templates

import (
	"regexp"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"golang.org/x/net/html"
)

// contactLike finds what has an order of its own: a number with its sign or its dots, an
// address. Among words from right to left its signs would change sides (Unicode UAX #9).
var contactLike = regexp.MustCompile(`\+\d|•|\S@\S`)

// isolatedRuns are the pieces of words that carry their own isolation.
var isolatedRuns = regexp.MustCompile("\u2068[^\u2069]*\u2069")

// TestRTL_ACC_ContactsAreIsolated holds the Arabic pages to their direction, and every
// number and address on them to its own.
func TestRTL_ACC_ContactsAreIsolated(t *testing.T) {
	set, _ := newSet(t)
	seen := 0
	for _, s := range Examples() {
		doc := document(t, set, "ar", s)
		root := doc.Find("html")
		if dir, lang := root.AttrOr("dir", ""), root.AttrOr("lang", ""); dir != "rtl" || lang != "ar" {
			t.Errorf("%s: dir=%q lang=%q, want rtl and ar", s.Name, dir, lang)
		}
		doc.Find("body *").Contents().Each(func(_ int, node *goquery.Selection) {
			if node.Get(0).Type != html.TextNode || !contactLike.MatchString(node.Text()) {
				return
			}
			seen++
			rest := isolatedRuns.ReplaceAllString(node.Text(), "")
			if contactLike.MatchString(rest) && node.Closest("bdi, [dir=ltr], option").Length() == 0 {
				t.Errorf("%s: %q is not isolated", s.Name, strings.TrimSpace(node.Text()))
			}
		})
		doc.Find("input[inputmode=numeric], input[type=tel], input[type=email]").Each(func(_ int, field *goquery.Selection) {
			if dir := field.AttrOr("dir", ""); dir != "ltr" {
				t.Errorf("%s: the field %s has dir=%q, want ltr", s.Name, field.AttrOr("name", ""), dir)
			}
		})
	}
	if seen < 200 {
		t.Errorf("only %d numbers and addresses were found", seen)
	}
}
