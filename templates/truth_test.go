package templates

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

// about returns what a page is about; ok is false of pages that are about no contact.
func about(p Page) (s Subject, ok bool) {
	field := reflect.ValueOf(p).FieldByName("Subject")
	if !field.IsValid() {
		return Subject{}, false
	}
	s, ok = field.Interface().(Subject)
	return s, ok
}

// TestTruth_EmailIsNoPhone holds the words of pages about an address: nothing is texted to
// it, it has no number, and nobody signs in with it.
func TestTruth_EmailIsNoPhone(t *testing.T) {
	number := regexp.MustCompile(`(?i)\b(text message|texted|we text|number|sim card|your phone|calls?)\b`)
	everyState(t, func(t *testing.T, s Example, doc *goquery.Document) {
		what, ok := about(s.Page)
		if !ok || what.Kind != "email" {
			return
		}
		if code, isCode := s.Page.(CodeForm); isCode && code.Channel == "text" {
			return // it went to a phone, which agrees
		}
		main := doc.Find("main")
		main.Find("bdi, .num + .vh, [aria-labelledby=told]").Remove() // data, and the notices to all contacts
		if found := number.FindAllString(main.Text(), -1); len(found) > 0 {
			t.Errorf("a page about an address says %q", found)
		}
	})
}

// TestTruth_TestsAndRemovalsSaveNothing: what is only tested or taken away is not saved.
func TestTruth_TestsAndRemovalsSaveNothing(t *testing.T) {
	everyState(t, func(t *testing.T, s Example, doc *goquery.Document) {
		what, ok := about(s.Page)
		if !ok || what.Act != "test" && what.Act != "remove" {
			return
		}
		for _, wrong := range []string{"we save", "was saved", "Ready to save", "is in use", "new number", "new address", "becomes"} {
			if strings.Contains(doc.Find("main").Text(), wrong) {
				t.Errorf("a page of a %s says %q", what.Act, wrong)
			}
		}
	})
}

// TestTruth_APromotedPhoneStays: the number that becomes the phone is among what stays.
func TestTruth_APromotedPhoneStays(t *testing.T) {
	everyState(t, func(t *testing.T, s Example, doc *goquery.Document) {
		page, ok := s.Page.(RemoveForm)
		if !ok || page.Promote == "" || page.Refused != "" {
			return
		}
		first := doc.Find("ul.listed li").First().Text()
		english := doc.Find("html").AttrOr("lang", "") == "en"
		if !strings.Contains(first, page.Promote[len(page.Promote)-2:]) || english && !(strings.Contains(first, "Phone: ") && strings.Contains(first, "from then on")) {
			t.Errorf("what stays begins with %q, want the number that becomes the phone", first)
		}
	})
}

// TestTruth_AlternatePhoneIsCalled: Microsoft sends an alternate phone no texts.
func TestTruth_AlternatePhoneIsCalled(t *testing.T) {
	wrong := regexp.MustCompile(`Microsoft (no longer )?sends? (it )?(a |these |sign-in )?text`)
	everyState(t, func(t *testing.T, s Example, doc *goquery.Document) {
		if what, ok := about(s.Page); ok && what.Kind == "alternate-phone" && wrong.MatchString(doc.Find("main").Text()) {
			t.Errorf("a page about an alternate phone says %q", wrong.FindString(doc.Find("main").Text()))
		}
	})
}
