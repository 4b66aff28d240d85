package message

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
)

func newYork(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// longest are values as long as a real organisation's.
func longest(t *testing.T) NoticeValues {
	return NoticeValues{
		Organisation: "Contoso Manufacturing", Event: "alternate-phone.changed",
		Masked: "+1 •••-•••-••42", OldMasked: "+1 •••-•••-••99",
		At:      time.Date(2026, 9, 23, 14, 32, 0, 0, newYork(t)),
		Browser: "Samsung Browser on Android", Network: "Office Berlin, second floor", Host: "rekey.contoso.example",
		Help: Help{Name: "the IT service desk", Phone: "+1 202-555-0100", Mail: "help@contoso.example"},
	}
}

func TestNoticeText_NOT3_SaysEverythingInTwoSegments(t *testing.T) {
	v := longest(t)
	body := NoticeText(english(), v)
	for _, want := range []string{"Contoso Manufacturing: The alternate phone", "from the number ending 99 to the number ending 42",
		"14:32 on 23 September 2026", "New York (EDT)", v.Browser, v.Network, v.Help.Name, v.Help.Phone} {
		if !strings.Contains(body, want) {
			t.Errorf("NoticeText lacks %q:\n%s", want, body)
		}
	}
	if n, gsm := Segments(body); n > 2 || !gsm {
		t.Errorf("NoticeText takes %d segments (GSM: %v), want at most 2 of the GSM alphabet:\n%s", n, gsm, body)
	}
}

func TestNoticeText_NOT3_SaysLessRatherThanNothing(t *testing.T) {
	v := longest(t)
	v.Network = strings.Repeat("network ", 20)
	if body := NoticeText(english(), v); strings.Contains(body, "network") || !strings.Contains(body, "14:32") || !strings.Contains(body, v.Help.Phone) {
		t.Errorf("NoticeText with a long network = %q, want when and whom to call without the network", body)
	}
	v = longest(t)
	v.Organisation = "Łódź" // outside of the GSM alphabet: 134 letters in two segments
	body := NoticeText(english(), v)
	if n, gsm := Segments(body); n > 2 && strings.Contains(body, "14:32") || gsm {
		t.Errorf("NoticeText outside of GSM takes %d segments:\n%s", n, body)
	}
	if !strings.Contains(body, "The alternate phone") || !strings.Contains(body, v.Help.Phone) {
		t.Errorf("NoticeText outside of GSM = %q, want at least what happened and whom to call", body)
	}
}

func TestNoticeText_PRV1_MasksStayMasks(t *testing.T) {
	v := longest(t)
	v.Event, v.Masked, v.OldMasked = "email.changed", "m••••@example.net", "e••••@a-very-long-domain-of-somebody.example"
	body := NoticeText(english(), v)
	if !strings.Contains(body, "to m*@example.net.") || !strings.Contains(body, "from e*@a-very...example to") {
		t.Errorf("NoticeText = %q, want both masks in GSM letters", body)
	}
	if n, gsm := Segments(body); n > 2 || !gsm {
		t.Errorf("NoticeText takes %d segments (GSM: %v), want at most 2:\n%s", n, gsm, body)
	}
}

func TestNotice_WhatIsNotKnownIsLeftOut(t *testing.T) {
	v := NoticeValues{Organisation: "Contoso", Event: "unclear", OldMasked: "+1 •••-•••-••99",
		At: time.Date(2026, 11, 23, 9, 5, 0, 0, time.UTC)}
	text := NoticeText(english(), v)
	if want := "Contoso: A change to your account was started: the number ending 99. We could not find out whether it was made. " +
		"When: 09:05 on 23 November 2026, UTC. Was it not you? Tell the help desk at once."; text != want {
		t.Errorf("NoticeText = %q, want %q", text, want)
	}
	_, body := read(NoticeMail(english(), v))
	for _, not := range []string{"Browser:", "Network:", "you see at", "<"} {
		if strings.Contains(body, not) {
			t.Errorf("NoticeMail has %q, which is not known:\n%s", not, body)
		}
	}
	v.OldMasked = ""
	if text := NoticeText(english(), v); !strings.Contains(text, "was started: a contact.") {
		t.Errorf("NoticeText about no contact = %q", text)
	}
	v.Help.Mail = "help@contoso.example"
	if text := NoticeText(english(), v); !strings.Contains(text, "Write to the help desk: help@contoso.example.") {
		t.Errorf("NoticeText with a mail of the help desk alone = %q", text)
	}
}

func TestNoticeMail_NOT3(t *testing.T) {
	v := longest(t)
	v.Event, v.Masked, v.OldMasked = "email.changed", "m••••@example.net", "e••••@example.org"
	subject, body := read(NoticeMail(english(), v))
	if want := "Contoso Manufacturing: the alternate email on your account was changed"; subject != want {
		t.Errorf("subject = %q, want %q", subject, want)
	}
	for _, want := range []string{"from e••••@example.org to m••••@example.net.", "When: 14:32 on 23\u00a0September\u00a02026, New York (EDT)\n",
		"Browser: Samsung Browser on Android\nNetwork: Office Berlin, second floor\n\n", "If this was you, there is nothing to do.",
		"Call the IT service desk at once: +1 202-555-0100. If you cannot call, write to help@contoso.example.",
		"rekey.contoso.example"} {
		if !strings.Contains(body, want) {
			t.Errorf("NoticeMail lacks %q:\n%s", want, body)
		}
	}
	if strings.Contains(body, "<") || !strings.HasSuffix(body, ".\n") {
		t.Errorf("NoticeMail asks for a key that is not there, or has no end:\n%s", body)
	}
	if strings.Contains(subject, "@") || strings.Contains(subject, "•") {
		t.Errorf("subject = %q, want no contact in it (NOT-4)", subject)
	}
}

// A site that is not reached by https or on the usual port is named with both: without them
// the mail would lead nowhere. A text has no room for it.
func TestNotice_WhereTheSiteIs(t *testing.T) {
	v := longest(t)
	for _, host := range []string{"rekey.contoso.example", "http://127.0.0.1:8080"} {
		v.Host = host
		if _, body := read(NoticeMail(english(), v)); !strings.Contains(body, "you see at "+host+".\n") {
			t.Errorf("NoticeMail of %q does not say where the site is:\n%s", host, body)
		}
		if text := NoticeText(english(), v); strings.Contains(text, host) {
			t.Errorf("NoticeText = %q, want no %q", text, host)
		}
	}
}

func TestNotice_Zone(t *testing.T) {
	v := longest(t)
	for _, tt := range []struct{ zone, want string }{
		{"", "New York (EDT)"},
		{"America/New_York", "New York (EDT)"},
		{"Ortszeit", "Ortszeit"},
	} {
		v.Zone = tt.zone
		if body := NoticeText(english(), v); !strings.Contains(body, ", "+tt.want+".") {
			t.Errorf("NoticeText with zone %q = %q, want %q in it", tt.zone, body, tt.want)
		}
	}
	kathmandu, err := time.LoadLocation("Asia/Kathmandu")
	if err != nil {
		t.Fatal(err)
	}
	if got := zone(english(), v.At.In(kathmandu)); got != "Kathmandu (UTC+0545)" {
		t.Errorf("zone = %q, want Kathmandu (UTC+0545)", got)
	}
}
