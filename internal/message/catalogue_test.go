package message_test

import (
	"strings"
	"testing"
	"time"

	"rekey/internal/i18n"
	"rekey/internal/message"
)

// events are all that a notice can tell of.
func events() []string {
	return []string{"phone.added", "phone.changed", "phone.removed", "alternate-phone.added", "alternate-phone.changed",
		"alternate-phone.removed", "email.added", "email.changed", "email.removed", "promoted", "lock", "codes-used-up", "unclear",
		message.PasswordReset, message.ColleagueReset}
}

// TestCatalogue_NOT3_EveryNotice renders every notice in every language: no key is missing,
// no placeholder is left, and the English texts say everything in two segments.
func TestCatalogue_NOT3_EveryNotice(t *testing.T) {
	words, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range words.Languages() {
		w := words.Localizer(lang)
		for _, event := range events() {
			v := message.NoticeValues{Organisation: "Contoso", Event: event, Masked: "+1 •••-•••-••42", OldMasked: "+1 •••-•••-••99",
				At: time.Date(2026, 9, 23, 14, 32, 0, 0, zone), Browser: "Chrome on Windows", Network: "Office Berlin",
				Help: message.Help{Name: "the IT service desk", Phone: "+1 202-555-0100", Mail: "help@contoso.example"}, Host: "rekey.contoso.example"}
			if strings.HasPrefix(event, "email.") {
				v.Masked, v.OldMasked = "m••••@example.net", "e••••@example.org"
			}
			text := message.NoticeText(w, v)
			subject, body := read(message.NoticeMail(w, v))
			for _, part := range []string{text, subject, body} {
				if strings.Contains(part, "notice.") || strings.Contains(part, "{{") || strings.Contains(part, "<no value>") {
					t.Errorf("%s: notice of %s has a hole: %q", lang, event, part)
				}
			}
			for _, want := range []string{v.Browser, v.Network, v.Help.Phone, w.Clock(v.At), "New York"} {
				if lang == i18n.Default && !strings.Contains(text, want) || !strings.Contains(body, want) {
					t.Errorf("%s: notice of %s lacks %q:\n%s\n%s", lang, event, want, text, body)
				}
			}
			if n, gsm := message.Segments(text); n > 2 || lang == i18n.Default && !gsm {
				t.Errorf("%s: notice of %s takes %d segments (GSM: %v):\n%s", lang, event, n, gsm, text)
			}
		}
	}
}

// A mail promises no more than what is done: wrong codes are told to mailboxes alone.
func TestCatalogue_NOT2_AMailSaysWhoElseIsTold(t *testing.T) {
	words, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range events() {
		_, body := read(message.NoticeMail(words.Localizer(i18n.Default), message.NoticeValues{Organisation: "Contoso", Event: event, Masked: "+1 •••-•••-••42"}))
		mailsOnly := event == "lock" || event == "codes-used-up" || event == message.ColleagueReset
		if got := strings.Contains(body, "every contact"); got == mailsOnly {
			t.Errorf("mail of %s promises that every contact is told: %v, want %v:\n%s", event, got, !mailsOnly, body)
		}
	}
}

// TestCatalogue_COD11_EveryCode renders every code that can be sent.
func TestCatalogue_COD11_EveryCode(t *testing.T) {
	words, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	v := message.CodeValues{Organisation: "Contoso", Code: "012345", Until: time.Date(2026, 9, 23, 14, 42, 0, 0, time.UTC), Host: "rekey.contoso.example"}
	for _, lang := range words.Languages() {
		w := words.Localizer(lang)
		for _, masked := range []string{"42", "m••••@example.net"} {
			for _, purpose := range []string{"prove-contact", "authorise-change", "authorise-removal", "test-contact", "reset-password"} {
				v.Purpose, v.Masked = purpose, masked
				email := strings.Contains(masked, "@")
				toItself := purpose == "prove-contact" || purpose == "test-contact" || purpose == "reset-password"
				if text := message.CodeText(w, v); !(email && toItself) && (strings.Contains(text, "text.purpose") || !strings.Contains(text, v.Code)) {
					t.Errorf("%s: text to %s of %s has a hole: %q", lang, purpose, masked, text)
				}
				subject, body := read(message.CodeMail(w, v))
				if purpose == "reset-password" || !email && toItself { // no mail has such a code
					continue
				}
				if strings.Contains(subject+body, "mail.code") || strings.Contains(body, "mail.purpose") || !strings.Contains(body, v.Code) || !strings.Contains(body, masked) || strings.Contains(subject, v.Code) {
					t.Errorf("%s: mail to %s of %s has a hole, or its subject a code: %q, %q", lang, purpose, masked, subject, body)
				}
			}
		}
	}
}

// read returns what a plain mail program shows of a letter.
func read(l message.Letter) (subject, text string) { return l.Subject, l.Text() }
