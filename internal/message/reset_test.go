package message_test

import (
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"rekey/internal/i18n"
	"rekey/internal/message"
)

// TestReset_RST3_OneLinkAndOnlyTheOneThatWasPassedIn: the address stands alone on its line, the
// HTML leads to what it shows, and no letter of advice has an address to press.
func TestReset_RST3_OneLinkAndOnlyTheOneThatWasPassedIn(t *testing.T) {
	for _, lang := range []string{"en", "de", "ar"} {
		for name, l := range letters(t, lang) {
			text := l.Text()
			if strings.HasPrefix(name, "reset") {
				doc, err := goquery.NewDocumentFromReader(strings.NewReader(l.HTML()))
				if err != nil {
					t.Fatal(err)
				}
				links := doc.Find("[href]")
				if n := strings.Count(text, "://"); n != 1+strings.Count(text, "https://example.net/x.png") || !strings.Contains(text, "\n\n"+resetLink+"\n\n") {
					t.Errorf("%s, %s: the text has not the link alone on its line:\n%s", lang, name, text)
				}
				if links.Length() != 1 || links.AttrOr("href", "") != resetLink || links.Text() != resetLink {
					t.Errorf("%s, %s: the HTML has %d links, one to %q as %q", lang, name, links.Length(), links.AttrOr("href", ""), links.Text())
				}
				continue
			}
			if strings.Contains(l.HTML(), "<a ") || strings.Contains(text, resetLink) {
				t.Errorf("%s, %s: a link in a letter that has none", lang, name)
			}
		}
	}
}

// TestReset_HostileLinksLeadNowhere: whatever is no web address is no link.
func TestReset_HostileLinksLeadNowhere(t *testing.T) {
	words, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	html := message.ResetLinkMail(words.Localizer("en"), message.ResetValues{Link: "javascript:alert(1)//", Until: time.Unix(0, 0)}).HTML()
	if strings.Contains(html, `href="javascript:`) {
		t.Errorf("a script is a link:\n%s", html)
	}
}

// TestReset_EveryLetterHasItsWords: no key and no placeholder is left, whom to ask is told, and
// the subject says neither the link nor whose account it is.
func TestReset_EveryLetterHasItsWords(t *testing.T) {
	words, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range words.Languages() {
		w := words.Localizer(lang)
		v := message.ResetValues{Organisation: "Contoso", Host: "rekey.contoso.example", Link: resetLink, Until: time.Date(2026, 11, 23, 14, 42, 0, 0, time.UTC),
			Help: message.Help{Name: "the desk", Phone: "+1 202-555-0100", Mail: "help@contoso.example"}, Browser: "Edge on Windows", Network: "Office Berlin"}
		all := map[string]message.Letter{"link": message.ResetLinkMail(w, v)}
		v.Practice = true
		all["practice"] = message.ResetLinkMail(w, v)
		for _, advice := range advices() {
			all[advice] = message.ResetAdviceMail(w, advice, v)
		}
		for name, l := range all {
			subject, body := read(l)
			for _, hole := range []string{"mail.", "{{", "<no value>"} {
				if strings.Contains(subject+strings.ReplaceAll(body, v.Host, ""), hole) {
					t.Errorf("%s: %s has a hole: %s\n%s", lang, name, subject, body)
				}
			}
			for _, want := range []string{"the desk", "+1 202-555-0100", v.Browser, v.Network} {
				if !strings.Contains(body, want) {
					t.Errorf("%s: %s lacks %q:\n%s", lang, name, want, body)
				}
			}
			if strings.Contains(subject, "TOKEN") || !strings.Contains(subject, "Contoso") {
				t.Errorf("%s: the subject of %s is %q", lang, name, subject)
			}
		}
	}
}

// TestReset_ColleaguesReadAName: others are told whose password it was, by name.
func TestReset_ColleaguesReadAName(t *testing.T) {
	words, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	v := message.NoticeValues{Organisation: "Contoso", Event: message.ColleagueReset, Masked: "Jonas Weber", At: time.Unix(0, 0).UTC()}
	text := message.NoticeText(words.Localizer("en"), v)
	_, mail := read(message.NoticeMail(words.Localizer("en"), v))
	for _, got := range []string{text, mail} {
		if !strings.Contains(got, "of the administrator Jonas Weber was reset") || strings.Contains(got, "ending") || strings.Contains(got, "your account") {
			t.Errorf("a colleague reads %q", got)
		}
	}
}
