package templates

import (
	"bytes"
	"cmp"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

func document(t *testing.T, set *Set, lang string, s Example) *goquery.Document {
	t.Helper()
	var b bytes.Buffer
	if err := set.Render(&b, lang, s.Page); err != nil {
		t.Fatalf("Render(%s, %s): %v", lang, s.Name, err)
	}
	doc, err := goquery.NewDocumentFromReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// everyState calls f for every state in every language.
func everyState(t *testing.T, f func(t *testing.T, s Example, doc *goquery.Document)) {
	t.Helper()
	set, words := newSet(t)
	for _, lang := range words.Languages() {
		for _, s := range Examples() {
			t.Run(lang+"/"+s.Name, func(t *testing.T) { f(t, s, document(t, set, lang, s)) })
		}
	}
}

func TestHTML_Frame(t *testing.T) {
	everyState(t, func(t *testing.T, _ Example, doc *goquery.Document) {
		for selector, want := range map[string]int{"h1": 1, "main": 1, "title": 1, "html[lang][dir]": 1, "a.skip[href='#main']": 1, "footer": 1, ".btn.main": 1} {
			got := doc.Find(selector).Length()
			if got > want || got < want && selector != ".btn.main" {
				t.Errorf("%d %s, want %d", got, selector, want)
			}
		}
		title := doc.Find("title").Text()
		if heading := strings.TrimSpace(doc.Find("h1").Text()); !strings.Contains(title, heading) {
			t.Errorf("the title %q does not have the heading %q", title, heading)
		}
	})
}

func TestHTML_WEB3_NothingInline(t *testing.T) {
	everyState(t, func(t *testing.T, _ Example, doc *goquery.Document) {
		doc.Find("*").Each(func(_ int, e *goquery.Selection) {
			for _, a := range e.Nodes[0].Attr {
				if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
					t.Errorf("<%s> has the attribute %s", goquery.NodeName(e), a.Key)
				}
				if (a.Key == "href" || a.Key == "src" || a.Key == "action") && strings.HasPrefix(strings.ToLower(a.Val), "javascript:") {
					t.Errorf("<%s> has a script as %s", goquery.NodeName(e), a.Key)
				}
			}
		})
		if n := doc.Find("style, script:not([src])").Length(); n != 0 {
			t.Errorf("%d inline styles or scripts", n)
		}
		doc.Find("script, link[rel=stylesheet], img, use").Each(func(_ int, e *goquery.Selection) {
			where := e.AttrOr("src", e.AttrOr("href", ""))
			if !strings.HasPrefix(where, "/static/") && !strings.HasPrefix(where, "/reset/picture/") {
				t.Errorf("<%s> loads %q, which is not ours", goquery.NodeName(e), where)
			}
		})
	})
}

func TestHTML_Forms(t *testing.T) {
	everyState(t, func(t *testing.T, _ Example, doc *goquery.Document) {
		doc.Find("form").Each(func(_ int, f *goquery.Selection) {
			action := f.AttrOr("action", "")
			if f.AttrOr("method", "") != "post" || !strings.HasPrefix(action, "/") || strings.HasPrefix(action, "//") {
				t.Errorf("a form goes by %q to %q", f.AttrOr("method", ""), action)
			}
			if n := f.Find("input[type=hidden][name=form_token][value='a-token']").Length(); n != 1 {
				t.Errorf("the form to %s has %d tokens", action, n)
			}
			if n := f.Find("button").Length(); n != 1 && !f.HasClass("languages") && !(n == 2 && f.Find("button[name=another]").Length() == 1) {
				t.Errorf("the form to %s has %d buttons", action, n)
			}
		})
		doc.Find("input:not([type=hidden]), select, textarea").Each(func(_ int, e *goquery.Selection) {
			if id := e.AttrOr("id", ""); e.Closest("label").Length() == 0 && (id == "" || doc.Find("label[for="+id+"]").Length() != 1) {
				t.Errorf("the field %q has no label", e.AttrOr("name", ""))
			}
		})
		if n := doc.Find("button[disabled], a:not([href]), a[href=''], a[href='#']").Length(); n != 0 {
			t.Errorf("%d buttons or links that do nothing", n)
		}
	})
}

func TestHTML_ReferencesExist(t *testing.T) {
	everyState(t, func(t *testing.T, _ Example, doc *goquery.Document) {
		ids := map[string]int{}
		doc.Find("[id]").Each(func(_ int, e *goquery.Selection) { ids[e.AttrOr("id", "")]++ })
		for id, n := range ids {
			if n != 1 || id == "" || strings.ContainsAny(id, " .") {
				t.Errorf("%d elements have the id %q", n, id)
			}
		}
		for _, attribute := range []string{"aria-describedby", "aria-labelledby", "for"} {
			doc.Find("[" + attribute + "]").Each(func(_ int, e *goquery.Selection) {
				for id := range strings.FieldsSeq(e.AttrOr(attribute, "")) {
					if ids[id] == 0 {
						t.Errorf("%s=%q names nothing", attribute, id)
					}
				}
			})
		}
		doc.Find("a[href^='#']").Each(func(_ int, e *goquery.Selection) {
			if ids[strings.TrimPrefix(e.AttrOr("href", ""), "#")] == 0 {
				t.Errorf("a link leads to %q, which is not there", e.AttrOr("href", ""))
			}
		})
	})
}

func TestHTML_Errors(t *testing.T) {
	_, words := newSet(t)
	everyState(t, func(t *testing.T, s Example, doc *goquery.Document) {
		failed := strings.HasPrefix(doc.Find("title").Text(), words.Localizer(doc.Find("html").AttrOr("lang", "")).T("title.error"))
		if summary := doc.Find(".summary[role=alert][tabindex='-1']").Length(); summary > 0 && !failed {
			t.Error("an error summary, and a title that does not begin with it")
		}
		if doc.Find("[role=alert]:not([tabindex='-1'])").Length() > 0 {
			t.Error("an alert that cannot take the focus")
		}
		if doc.Find("select option:not([data-name]), select:not([data-country])").Length() > 0 {
			t.Error("a list of countries that the hint does not follow")
		}
		if doc.Find("h1").Text() == "Get a new code" && doc.Find(".summary h2").Text() == "Enter the code" {
			t.Error("the summary asks for a code that would not be taken")
		}
		doc.Find("[aria-invalid]").Each(func(_ int, e *goquery.Selection) {
			id := e.AttrOr("id", "")
			if !slices.Contains(strings.Fields(e.AttrOr("aria-describedby", "")), id+"-error") || doc.Find("#"+id+"-error").Length() != 1 {
				t.Errorf("the field %q does not name its error", id)
			}
			if doc.Find(".summary a[href='#"+id+"']").Length() != 1 {
				t.Errorf("the summary has no link to the field %q", id)
			}
		})
	})
}

func TestHTML_LinksOut(t *testing.T) {
	everyState(t, func(t *testing.T, s Example, doc *goquery.Document) {
		doc.Find("a[href*='//']").Each(func(_ int, e *goquery.Selection) {
			if !strings.Contains(e.AttrOr("rel", ""), "noreferrer") {
				t.Errorf("the link to %s tells where it comes from", e.AttrOr("href", ""))
			}
			if doc.Find(".demo").Length() != 0 {
				t.Errorf("the demo leads out, to %s", e.AttrOr("href", ""))
			}
		})
		// What is not built yet is not linked to.
		local := regexp.MustCompile(`^(/|/contacts/(mobile|alternate-mobile|email)(/remove)?|/sessions|/changes/c[12]|/new-phone(/[a-z-]+)?|/help|/reset(/(practice|c1))?|/signin(\?[-a-z0-9_=&%A-Z]+)?|/_emulator/(people/[^/]+#security)?)$`)
		doc.Find("a[href^='/']").Each(func(_ int, e *goquery.Selection) {
			if !local.MatchString(e.AttrOr("href", "")) {
				t.Errorf("a link leads to %q", e.AttrOr("href", ""))
			}
		})
	})
}

func TestHTML_WEB6_UntrustedTextStaysText(t *testing.T) {
	set, _ := newSet(t)
	base := exampleBase("/")
	evil := `<img src=x onerror=alert(1)>"'{{.}}`
	base.Organisation = Organisation{Name: evil, HelpName: evil, HelpMail: evil}
	base.Viewer = &Viewer{DisplayName: evil, UserPrincipalName: evil, Zone: evil}
	base.RequestID, base.Path, base.FormToken = evil, evil, evil
	method := Method{Kind: "external", Name: evil, Model: evil, RawKind: evil}
	strange := Method{Kind: "unknown", Name: evil, Model: evil, RawKind: evil}
	for _, page := range []Page{
		Home{Base: base, TakenAt: minutes(0), Contacts: []Contact{{Kind: "phone", Value: evil, Editable: true}, {Kind: "email", Value: evil}}, Methods: []Method{method, strange},
			Running: []Running{{ID: evil, Step: "wait", To: evil}}},
		Guest{Base: base, Home: evil},
		AddressForm{Base: base, Current: evil + "@", Address: evil, Errors: []FieldError{{"address", "address.own-domain", nil}}},
		Closed{Base: base, Subject: Subject{"email", "add"}, Reason: "no-mail"},
		RemoveForm{Base: base, Value: evil, Promote: evil, Agrees: evil + "@", Stays: []Method{method, strange, {Kind: "email", Value: evil + "@"}}},
		Elsewhere{Base: base, ID: evil, New: evil + "@"}, Continue{Base: base, ID: evil, Step: "confirm", New: evil},
		Stopped{Base: base, State: "failed", Reason: evil, New: evil, Current: evil},
		NumberForm{Base: base, Current: evil, Country: evil, Number: evil, Errors: []FieldError{{"number", "number.country", map[string]any{"region": evil}}}},
		CodeForm{Base: base, ID: evil, To: evil, New: evil, Current: evil, Code: evil, Alive: true, Delivery: "refused", Errors: []FieldError{{"code", "code.wrong", nil}}},
		SignInAgain{Base: base, For: "number", To: evil, Link: evil},
		Wait{Base: base, ID: evil, New: evil, Current: evil},
		Done{Base: base, New: evil, Old: evil, First: []Method{method}, OnPhone: []Method{strange}, Told: []Told{{evil, evil, evil}, {evil + "@", "mail", "waiting"}}},
		Problem{Base: base, Status: 403, Key: "account.protected", Link: "javascript:alert(1)"},
	} {
		doc := document(t, set, "en", Example{page.Template(), page})
		if n := doc.Find("img, [onerror]").Length(); n != 0 {
			t.Errorf("%s: untrusted text became %d elements", page.Template(), n)
		}
		if n := doc.Find("a[href^='javascript']").Length(); n != 0 {
			t.Errorf("%s: a link is a script", page.Template())
		}
	}
}

// TestHTML_EveryWordIsInTheCatalogue renders the pages in a language whose words are all in
// brackets. What is outside of them was not asked from the catalogue.
func TestHTML_EveryWordIsInTheCatalogue(t *testing.T) {
	words := bracketed(t)
	set, err := New(words, func(name string) string { return "/static/" + name })
	if err != nil {
		t.Fatal(err)
	}
	inside, letter := regexp.MustCompile(`⟦[^⟦⟧]*⟧`), regexp.MustCompile(`\pL+`)
	for _, s := range Examples() {
		doc := document(t, set, "de", s)
		doc.Find("bdi, .num, .avatar, .org, option, script, .languages").Remove() // data, and names of countries
		for _, where := range []string{"title", "body"} {
			text := doc.Find(where).Text()
			for inside.MatchString(text) {
				text = inside.ReplaceAllString(text, " ")
			}
			if where == "title" {
				text = strings.ReplaceAll(text, "- "+s.Page.(interface{ organisation() string }).organisation(), "")
			}
			if left := letter.FindAllString(text, -1); len(left) > 0 {
				t.Errorf("%s: %s has words of its own: %q", s.Name, where, left)
			}
		}
		doc.Find("[aria-label]").Each(func(_ int, e *goquery.Selection) {
			if !strings.HasPrefix(e.AttrOr("aria-label", ""), "⟦") {
				t.Errorf("%s: the label %q is not in the catalogue", s.Name, e.AttrOr("aria-label", ""))
			}
		})
	}
}

func (b Base) organisation() string { return b.Organisation.Name }

// TestHTML_NoKeyIsShown finds words that are not there: their keys would be on the page.
func TestHTML_NoKeyIsShown(t *testing.T) {
	key := regexp.MustCompile(`\b(` + strings.Join(beginnings(t), "|") + `)\.[a-z][a-z0-9.-]*\b|<no value>|%!`)
	everyState(t, func(t *testing.T, _ Example, doc *goquery.Document) {
		doc.Find("bdi").Remove() // data
		if found := key.FindAllString(doc.Find("title, body").Text(), -1); len(found) > 0 {
			t.Errorf("instead of words the page shows %q", found)
		}
	})
}

// Where the operator gave the help desk no name, it has one in the language of the page.
func TestHTML_TheHelpDeskSpeaksTheLanguage(t *testing.T) {
	set, _ := newSet(t)
	for lang, want := range map[string]string{"en": "the help desk", "de": "das Helpdesk-Team", "ar": "مكتب المساعدة"} {
		base := exampleBase("/help")
		base.Organisation.HelpName = ""
		pages := map[string]Page{"help": Help{Base: base}, "problem": Problem{Base: base, Status: 500}, "again": SignInAgain{Base: base, Subject: changed(), For: "number", Still: true}}
		for name, page := range pages {
			doc := document(t, set, lang, Example{name, page})
			for _, part := range []string{"main", "footer"} {
				if text := doc.Find(part).Text(); !strings.Contains(text, want) {
					t.Errorf("%s of %s in %s says %q, want %q in it", part, name, lang, text, want)
				}
			}
		}
	}
}

// Above the first card the more urgent bar comes first, and beside a change there is none of a
// move, which looks alike; a move that is not over can always be gone on with.
func TestHTML_BarsOfHome(t *testing.T) {
	set, _ := newSet(t)
	alarm := &Lost{Standing: "locked-out"}
	change := []Running{{Subject: changed(), ID: "c1", Step: "enter-code", To: number87, Here: true}}
	for name, tt := range map[string]struct {
		page Home
		want string
	}{
		"nothing":                {Home{}, ""},
		"alarm":                  {Home{Lost: alarm}, "out"},
		"move":                   {Home{Moving: true}, "plain"},
		"alarm, move":            {Home{Lost: alarm, Moving: true}, "out plain"},
		"change, alarm":          {Home{Lost: alarm, Running: change}, "plain"},
		"change, alarm, move":    {Home{Lost: alarm, Running: change, Moving: true}, "plain"},
		"no answer, all of them": {Home{Lost: alarm, Running: change, Moving: true, RefreshFailed: true}, "risk plain"},
	} {
		tt.page.Base, tt.page.TakenAt, tt.page.Contacts = exampleBase("/"), at1432(), contacts("", "", "")
		doc := document(t, set, "en", Example{"home", tt.page})
		var bars []string
		doc.Find("main .bar").Each(func(_ int, s *goquery.Selection) {
			class, _ := s.Attr("class")
			bars = append(bars, cmp.Or(strings.TrimSpace(strings.TrimPrefix(class, "bar")), "plain"))
		})
		if got := strings.Join(bars, " "); got != tt.want {
			t.Errorf("with %s the bars are %q, want %q", name, got, tt.want)
		}
		if n := doc.Find(`main a[href="/new-phone"]`).Length(); n != 1 {
			t.Errorf("with %s there are %d ways to the move, want 1", name, n)
		}
		if n := doc.Find(`main .bar a[href="/changes/c1"]`).Length(); n != len(tt.page.Running) {
			t.Errorf("with %s there are %d ways to the change, want %d", name, n, len(tt.page.Running))
		}
	}
}
