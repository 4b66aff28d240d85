package message_test

import (
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"rekey/internal/i18n"
	"rekey/internal/message"
)

// letters are all mails, with values that try to be more than words.
func letters(t *testing.T, lang string) map[string]message.Letter {
	t.Helper()
	words, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	w, evil := words.Localizer(lang), `<img src="https://example.net/x.png" onerror=alert(1)>&amp;"'`
	at := time.Date(2026, 11, 23, 14, 32, 0, 0, time.UTC)
	all := map[string]message.Letter{}
	for _, newer := range []bool{false, true} {
		all["code "+map[bool]string{true: "again"}[newer]] = message.CodeMail(w, message.CodeValues{Organisation: "Fernhill " + evil,
			Purpose: "prove-contact", Code: "042041", Until: at, Masked: "m••••@example.net", Newer: newer})
	}
	all["plan"] = message.PlanMail(w, message.PlanValues{Organisation: "Fernhill " + evil, Day: at, Host: "rekey.fernhill.example",
		Help: message.Help{Name: evil}})
	reset := message.ResetValues{Organisation: "Fernhill " + evil, Host: "rekey.fernhill.example", Link: resetLink, Until: at, Browser: evil, Network: evil,
		Help: message.Help{Name: evil, Phone: "+1 202-555-0100"}}
	all["reset"] = message.ResetLinkMail(w, reset)
	reset.Practice, reset.Help.Phone = true, ""
	all["reset practice"] = message.ResetLinkMail(w, reset)
	reset.Link = ""
	for _, advice := range advices() {
		all["advice "+advice] = message.ResetAdviceMail(w, advice, reset)
	}
	for _, event := range []string{message.PasswordReset, message.ColleagueReset, "phone.changed", "email.added", "phone.removed", "promoted", "unclear", "lock", "codes-used-up"} {
		all[event] = message.NoticeMail(w, message.NoticeValues{Organisation: "Fernhill " + evil, Event: event, Masked: "+1 •••-•••-••42", OldMasked: "+1 •••-•••-••87",
			At: at, Browser: evil, Network: evil, Help: message.Help{Name: evil, Phone: "+1 202-555-0100", Mail: "help@fernhill.example"}, Host: "rekey.fernhill.example"})
	}
	return all
}

const resetLink = "https://rekey.fernhill.example/reset/0b1c5a3e-7c11-4a55-9c3f-1d2e3f405162?link=x5V_0n-TOKEN"

func advices() []string {
	return []string{"not-administrator", "elsewhere", "no-email", "no-phone", "email-recent", "closed"}
}

func bare(text string) string { return strings.Join(strings.Fields(text), " ") }

// TestLetter_BothSayTheSame: the text is in the HTML word for word, and nothing else is but
// the organisation's name above it.
func TestLetter_BothSayTheSame(t *testing.T) {
	for name, l := range letters(t, i18n.Default) {
		doc, err := goquery.NewDocumentFromReader(strings.NewReader(l.HTML()))
		if err != nil {
			t.Fatal(err)
		}
		doc.Find("br").ReplaceWithHtml("\n")
		var said []string
		doc.Find(".sheet p").Each(func(_ int, p *goquery.Selection) { said = append(said, p.Text()) })
		if got, want := bare(strings.Join(said[1:], "\n")), bare(l.Text()); got != want {
			t.Errorf("%s: the HTML says\n%q\nthe text\n%q", name, got, want)
		}
	}
}

// TestLetter_WEB6_NothingFromElsewhere: values stay words, nothing is loaded, nothing leads
// anywhere.
func TestLetter_WEB6_NothingFromElsewhere(t *testing.T) {
	for name, l := range letters(t, i18n.Default) {
		doc, err := goquery.NewDocumentFromReader(strings.NewReader(l.HTML()))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(name, "reset") { // its link is the one of all letters
			doc.Find("a").First().ReplaceWithHtml("link")
		}
		if n := doc.Find("img, a, script, link, iframe, [onerror], [src], [href]").Length(); n != 0 {
			t.Errorf("%s: the HTML has %d elements that load or lead", name, n)
		}
		if !strings.Contains(doc.Text(), `<img src="https://example.net/x.png" onerror=alert(1)>&amp;"'`) {
			t.Errorf("%s: what came from elsewhere is not told as it is", name)
		}
	}
}

// TestLetter_TheCodeStandsOut: it can be selected by itself, leading zeros included.
func TestLetter_TheCodeStandsOut(t *testing.T) {
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(letters(t, i18n.Default)["code "].HTML()))
	if err != nil {
		t.Fatal(err)
	}
	if got := doc.Find("strong").Text(); got != "042041" {
		t.Errorf("what stands out is %q, want the code alone", got)
	}
}

// TestLetter_RightToLeft: the mail runs as its language does, and numbers stay in one piece.
func TestLetter_RightToLeft(t *testing.T) {
	l := letters(t, "ar")["phone.changed"]
	if !strings.Contains(l.HTML(), `lang="ar" dir="rtl"`) {
		t.Errorf("the mail does not say its direction:\n%.80s", l.HTML())
	}
	if !strings.Contains(l.Text(), "\u2068+1 202-555-0100\u2069") {
		t.Errorf("the number is not kept in one piece:\n%s", l.Text())
	}
}
