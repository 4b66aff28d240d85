package templates

import (
	"bytes"
	"testing"

	"github.com/jba/templatecheck"

	"rekey/internal/i18n"
	"rekey/static"
)

func newSet(t testing.TB) (*Set, *i18n.Bundle) {
	t.Helper()
	words, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	files, err := static.New()
	if err != nil {
		t.Fatal(err)
	}
	set, err := New(words, files.URL)
	if err != nil {
		t.Fatal(err)
	}
	return set, words
}

// everyPage has one value of each page.
func everyPage() []Page {
	return []Page{Home{}, Guest{}, NumberForm{}, AddressForm{}, Closed{}, RemoveForm{}, SignInAgain{}, CodeForm{}, Elsewhere{}, Continue{}, Wait{}, Done{},
		Stopped{}, SignedOut{}, SignInFailed{}, Problem{}, Sessions{},
		NewPhoneStart{}, NewPhone{}, Inventory{}, Place{}, PlanDay{}, ProveNew{}, LockOutCheck{}, TakeOff{}, SignOutAll{}, SignInOnce{}, HandIn{}, Help{},
		ResetStart{}, ResetMail{}, ResetLink{}, ResetElsewhere{}, ResetText{}, ResetCode{}, ResetPassword{}, ResetDone{}, ResetOver{}, ResetPractice{}}
}

func TestTemplates_FitTheirStructs(t *testing.T) {
	set, words := newSet(t)
	for _, lang := range words.Languages() {
		if got, want := len(set.pages[lang]), len(everyPage()); got != want {
			t.Errorf("%s: %d files in pages/, %d structs", lang, got, want)
		}
		for _, page := range everyPage() {
			tmpl := set.pages[lang][page.Template()]
			if tmpl == nil {
				t.Errorf("%s: there is no template %q", lang, page.Template())
				continue
			}
			if err := templatecheck.CheckHTML(tmpl, page); err != nil {
				t.Errorf("%s: %s: %v", lang, page.Template(), err)
			}
		}
	}
}

func TestRender_UnknownPage(t *testing.T) {
	set, _ := newSet(t)
	if err := set.Render(&bytes.Buffer{}, "en", stranger{}); err == nil {
		t.Error("Render of a page without a template gives no error")
	}
}

type stranger struct{}

func (stranger) Template() string { return "stranger" }
