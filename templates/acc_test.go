package templates

import (
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

// said is an element's name, roughly as browsers compute it.
func said(e *goquery.Selection) string {
	if label, ok := e.Attr("aria-label"); ok {
		return label
	}
	heard := e.Clone()
	heard.Find("[aria-hidden=true]").Remove()
	return strings.Join(strings.Fields(heard.Text()), " ")
}

// leadsTo is where a link or a form's button leads, with what it sends.
func leadsTo(e *goquery.Selection) string {
	if href, ok := e.Attr("href"); ok {
		return href
	}
	form := e.Closest("form")
	where := form.AttrOr("action", "") + " " + e.AttrOr("value", "")
	form.Find("input[type=hidden]:not([name=form_token])").Each(func(_ int, hidden *goquery.Selection) {
		where += " " + hidden.AttrOr("name", "") + "=" + hidden.AttrOr("value", "")
	})
	return where
}

// TestForm_ACC4_NamesTellTargetsApart: two links or buttons with one name do one thing, and
// headings lead down without a jump, in every state and language.
func TestForm_ACC4_NamesTellTargetsApart(t *testing.T) {
	everyState(t, func(t *testing.T, _ Example, doc *goquery.Document) {
		places := map[string]string{}
		doc.Find("a[href], button").Each(func(_ int, e *goquery.Selection) {
			name, where := said(e), leadsTo(e)
			if other, ok := places[name]; name == "" || ok && other != where {
				t.Errorf("%q leads to %q and to %q", name, where, other)
			}
			places[name] = where
		})
		last := 0
		doc.Find("h1, h2, h3, h4, h5, h6").Each(func(_ int, e *goquery.Selection) {
			level, _ := strconv.Atoi(goquery.NodeName(e)[1:])
			if level > last+1 && !(last == 0 && e.Closest(".summary").Length() == 1) {
				t.Errorf("the heading %q has the level %d after %d", said(e), level, last)
			}
			last = level
		})
		doc.Find("svg").Each(func(_ int, e *goquery.Selection) {
			if e.AttrOr("aria-hidden", "") != "true" && (e.AttrOr("role", "") != "img" || len(strings.Fields(e.AttrOr("aria-label", ""))) < 3) {
				t.Errorf("a picture says %q, want what it shows, or nothing", e.AttrOr("aria-label", ""))
			}
		})
	})
}

// TestForm_ACC1_OneFieldForTheCode: one field, which takes a code as it is pasted, with its
// spaces, or as the phone fills it in.
func TestForm_ACC1_OneFieldForTheCode(t *testing.T) {
	found := 0
	everyState(t, func(t *testing.T, _ Example, doc *goquery.Document) {
		codes := doc.Find("input[autocomplete=one-time-code], input[name=code]:not(#letters), input[inputmode=numeric]:not([name=date], [name=month], [name=year], #characters)")
		if codes.Length() > 1 {
			t.Errorf("%d fields for a code, want one", codes.Length())
		}
		codes.Each(func(_ int, e *goquery.Selection) {
			found++
			for name, want := range map[string]string{"name": "code", "autocomplete": "one-time-code", "inputmode": "numeric", "type": "text"} {
				if got := e.AttrOr(name, ""); got != want {
					t.Errorf("the code's %s = %q, want %q", name, got, want)
				}
			}
			for _, name := range []string{"maxlength", "pattern", "readonly", "disabled"} {
				if _, ok := e.Attr(name); ok {
					t.Errorf("the code's field has %s, which may refuse what is pasted", name)
				}
			}
		})
	})
	if found == 0 {
		t.Error("no example has a field for a code")
	}
}

// TestForm_ACC2_TheLimitIsShownAndEasilyRenewed: a page with the code's field says until when,
// as a time of its own and not read out, and has a new code one button away.
func TestForm_ACC2_TheLimitIsShownAndEasilyRenewed(t *testing.T) {
	everyState(t, func(t *testing.T, _ Example, doc *goquery.Document) {
		if doc.Find("#code").Length() == 0 {
			return
		}
		if doc.Find("form[action$='/resend'] button").Length() != 1 {
			t.Error("no button for a new code")
		}
		limit := doc.Find("[data-until]")
		if limit.Length() != 1 || doc.Find("#code-hint time[datetime], [data-until] time[datetime], .field time[datetime]").Length() == 0 {
			t.Errorf("%d limits, want one that says the time without scripts", limit.Length())
		}
		if limit.Closest("[aria-live], [role=status], [role=alert], [role=timer]").Length() != 0 {
			t.Error("the limit is read out as it passes")
		}
	})
}

// TestForm_ACC3_WhatWasTypedStays: who comes back to a form, after an error, a wait or a
// sign-in, finds in it what was typed.
func TestForm_ACC3_WhatWasTypedStays(t *testing.T) {
	found := map[string]int{}
	everyState(t, func(t *testing.T, s Example, doc *goquery.Document) {
		want := map[string]string{}
		switch page := s.Page.(type) {
		case NumberForm:
			want["number"] = page.Number
			if got := doc.Find("#country option[selected]").AttrOr("value", ""); got != page.Country {
				t.Errorf("the country is %q, want %q", got, page.Country)
			}
		case AddressForm:
			want["address"] = page.Address
		case CodeForm:
			if doc.Find("#code").Length() == 1 {
				want["code"] = page.Code
			}
		case ResetStart:
			if !page.Closed {
				want["user"] = page.User
			}
		case ResetMail:
			want["letters"] = page.Letters
		case ResetCode:
			if page.Alive {
				want["code"] = page.Code
			}
		case PlanDay:
			want["date"], want["month"], want["year"] = page.Date, page.Month, page.Year
		}
		for id, typed := range want {
			if got := doc.Find("#"+id).AttrOr("value", "none"); got != typed {
				t.Errorf("the field %s holds %q, want %q", id, got, typed)
			}
			if typed != "" {
				found[id]++
			}
		}
	})
	for _, id := range []string{"number", "address", "code", "date", "user", "letters"} {
		if found[id] == 0 {
			t.Errorf("no example comes back to the field %s", id)
		}
	}
}

// TestForm_ACC4_ReviewErrorsAndQuietMessages: the page of the code says where it goes and has
// the way back to what was typed; an error stands in text at its field; what comes by itself
// is a status, and nothing is read out as it counts.
func TestForm_ACC4_ReviewErrorsAndQuietMessages(t *testing.T) {
	reviews := 0
	everyState(t, func(t *testing.T, s Example, doc *goquery.Document) {
		page, ok := s.Page.(CodeForm)
		if ok && page.Alive && !page.LockedUntil.After(page.Now) && (page.Act == "add" || page.Act == "change") {
			reviews++
			if doc.Find("main .lede a[href='"+page.Form()+"']").Length() != 1 {
				t.Errorf("no way back to %s to correct what was typed", page.Form())
			}
			if lede := doc.Find("main .lede").Text(); page.Channel == "text" && !strings.Contains(lede, page.To[len(page.To)-2:]) {
				t.Errorf("%q does not say that the code goes to %s", lede, page.To)
			}
		}
		doc.Find("[aria-invalid]").Each(func(_ int, e *goquery.Selection) {
			id := e.AttrOr("id", "")
			if words := said(doc.Find("#" + id + "-error")); len(strings.Fields(words)) < 3 {
				t.Errorf("the error at %s says %q, want what to do", id, words)
			}
		})
		doc.Find("[aria-live], [role=timer], [role=log], [role=marquee]").Each(func(_ int, e *goquery.Selection) {
			t.Errorf("<%s> is said by itself, and is no status", goquery.NodeName(e))
		})
		if doc.Find("[data-poll]:not([role=status])").Length() != 0 {
			t.Error("a part that changes by itself is no status")
		}
	})
	if reviews == 0 {
		t.Error("no example is a review")
	}
}

// TestForm_ACC5_PurposeHelpAndNoPuzzles: browsers can fill in a phone and an address, help
// stands in the same place on every page, and no page asks for a puzzle.
func TestForm_ACC5_PurposeHelpAndNoPuzzles(t *testing.T) {
	everyState(t, func(t *testing.T, _ Example, doc *goquery.Document) {
		doc.Find("input[type=tel], input[name=number]").Each(func(_ int, e *goquery.Selection) {
			if e.AttrOr("type", "") != "tel" || e.AttrOr("autocomplete", "") != "tel" {
				t.Errorf("the number is a %q filled in as %q, want tel", e.AttrOr("type", ""), e.AttrOr("autocomplete", ""))
			}
		})
		doc.Find("input[type=email], input[name=address]").Each(func(_ int, e *goquery.Selection) {
			if e.AttrOr("type", "") != "email" || e.AttrOr("autocomplete", "") != "email" {
				t.Errorf("the address is a %q filled in as %q, want email", e.AttrOr("type", ""), e.AttrOr("autocomplete", ""))
			}
		})
		if words := said(doc.Find("body > footer.foot > .wrap > p:first-child")); !strings.Contains(words, "IT service desk") {
			t.Errorf("the foot begins with %q, want who helps", words)
		}
		if n := doc.Find("iframe, canvas, audio:not(form[action='/reset'] audio), video, object, embed, [tabindex]:not([tabindex='-1']), [accesskey], [autofocus]").Length(); n != 0 {
			t.Errorf("%d puzzles, or things that take the focus out of turn", n)
		}
	})
}

// TestForm_ACC6_NothingNeedsAScript: what one can do is a link or a form with a button, what
// a script keeps fresh has another way, and nothing waits for a script to be shown.
func TestForm_ACC6_NothingNeedsAScript(t *testing.T) {
	everyState(t, func(t *testing.T, _ Example, doc *goquery.Document) {
		waits := doc.Find("main:not([data-step='']) [data-poll]").Length() != 0
		again := strings.Contains(doc.Find("noscript").Text(), "http-equiv=\"refresh\"") // text to a parser with scripts
		if waits && !again && doc.Find("main form[action$='/look'] button, [data-poll] a").Length() == 0 {
			t.Error("without scripts one cannot look again")
		}
		doc.Find("form").Each(func(_ int, f *goquery.Selection) {
			if f.Find("button:not([type=button], [disabled])").Length() == 0 {
				t.Errorf("the form to %s needs a script to be sent", f.AttrOr("action", ""))
			}
		})
		doc.Find("button").Each(func(_ int, e *goquery.Selection) {
			if e.Closest("form").Length() == 0 {
				t.Errorf("the button %q needs a script", said(e))
			}
		})
		doc.Find("main [hidden]:not([data-hint])").Each(func(_ int, e *goquery.Selection) {
			t.Errorf("<%s> waits for a script to be shown", goquery.NodeName(e))
		})
	})
}

// TestForm_ACC6_AWayWithoutCoverage: a page with the code of a text says what to do without a
// signal.
func TestForm_ACC6_AWayWithoutCoverage(t *testing.T) {
	_, words := newSet(t)
	everyState(t, func(t *testing.T, s Example, doc *goquery.Document) {
		page, ok := s.Page.(CodeForm)
		if !ok || doc.Find("#code").Length() == 0 || page.Channel != "text" {
			return
		}
		lang := doc.Find("html").AttrOr("lang", "")
		advice, _, _ := strings.Cut(words.Localizer(lang).T("code.no-signal", "help", "\x00"), "\x00")
		if !strings.Contains(doc.Find("details.more").Text(), strings.TrimSpace(advice)) {
			t.Errorf("no word of what to do without a signal: want %q", advice)
		}
	})
}
