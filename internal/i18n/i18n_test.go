package i18n

import (
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func load(t *testing.T) *Bundle {
	t.Helper()
	b, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// twoLanguages is the real catalogue and a small Arabic one, which leaves most to it.
func twoLanguages(t *testing.T) *Bundle {
	t.Helper()
	english, err := fs.ReadFile(embedded, "catalogue/en.json")
	if err != nil {
		t.Fatal(err)
	}
	b, err := LoadFS(fstest.MapFS{
		"en.json": {Data: english},
		"ar.json": {Data: []byte(`{"back": "رجوع", "code.left": {"zero": "0", "one": "1", "two": "2", "few": "few {{.count}}", "many": "many", "other": "other"}}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestLocalizer_T(t *testing.T) {
	l := load(t).Localizer(Default)
	tests := []struct {
		key  string
		args []any
		want string
	}{
		{"back", nil, "Back"},
		{"home.lede", []any{"organisation", "Fernhill"}, "How Fernhill knows that it is you."},
		{"code.left", []any{"count", 1}, "You have 1 try left with this code."},
		{"code.left", []any{"count", 3}, "You have 3 tries left with this code."},
		{"no.such.key", nil, "no.such.key"},
		{"no.such.key", []any{"count", 2}, "no.such.key"},
		{"home.lede", []any{"organisation"}, "How <no value> knows that it is you."},
		{"home.lede", []any{7, "Fernhill"}, "How <no value> knows that it is you."},
		{"home.lede", []any{"organisation", "{{.x}}"}, "How {{.x}} knows that it is you."},
		{"home.lede", []any{"organisation", Mark(0)}, "How " + Mark(0) + " knows that it is you."},
		{"no.such" + Mark(0), []any{"organisation", "Fernhill"}, "no.such" + Mark(0)},
		{"", nil, ""},
	}
	for _, tt := range tests {
		if got := l.T(tt.key, tt.args...); got != tt.want {
			t.Errorf("T(%q, %v) = %q, want %q", tt.key, tt.args, got, tt.want)
		}
	}
}

func TestLocalizer_Has(t *testing.T) {
	for _, lang := range []string{"en", "ar"} {
		l := twoLanguages(t).Localizer(lang)
		for key, want := range map[string]bool{"back": true, "code.left": true, "home.lede": true, "no.such.key": false, "": false} {
			if got := l.Has(key); got != want {
				t.Errorf("%s: Has(%q) = %v, want %v", lang, key, got, want)
			}
		}
	}
}

func TestBundle_OtherLanguage(t *testing.T) {
	b := twoLanguages(t)
	if got, want := b.Languages(), []string{"en", "ar"}; !reflect.DeepEqual(got, want) {
		t.Errorf("Languages() = %q, want %q", got, want)
	}
	l := b.Localizer("ar")
	tests := []struct{ what, got, want string }{
		{"its own words", l.T("back"), "رجوع"},
		{"its own plural form", l.T("code.left", "count", 3), "few 3"},
		{"words that it lacks", l.T("cancel"), "Cancel"},
		{"its direction", l.Dir(), "rtl"},
		{"its name", l.Lang(), "ar"},
		{"a country", l.Region("DE"), "ألمانيا"},
		{"a language that is not there", b.Localizer("fr").T("back"), "Back"},
		{"the direction of that", b.Localizer("fr").Dir(), "ltr"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: %q, want %q", tt.what, tt.got, tt.want)
		}
	}
}

func TestLoadFS_SaysEveryMistake(t *testing.T) {
	_, err := LoadFS(fstest.MapFS{"de.json": {Data: []byte(`{"back": `)}, "no language.json": {Data: []byte(`{}`)}})
	for _, want := range []string{"de.json", "no language.json", "en.json"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("LoadFS = %v, want an error that names %q", err, want)
		}
	}
}

func TestLocalizer_Region(t *testing.T) {
	l := load(t).Localizer(Default)
	for code, want := range map[string]string{"US": "United States", "de": "Germany", "JO": "Jordan", "": "", "XX1": "", "001": ""} {
		if got := l.Region(code); got != want {
			t.Errorf("Region(%q) = %q, want %q", code, got, want)
		}
	}
}

func TestLocalizer_Times(t *testing.T) {
	l := load(t).Localizer(Default)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	tashkent, err := time.LoadLocation("Asia/Tashkent")
	if err != nil {
		t.Fatal(err)
	}
	late := time.Date(2026, time.November, 23, 23, 30, 0, 0, time.UTC)
	tests := []struct{ what, got, want string }{
		{"clock in its zone", l.Clock(late.In(berlin)), "00:30"},
		{"date in its zone", l.Date(late.In(berlin)), "24\u00a0November\u00a02026"},
		{"the same day", l.Moment(late.In(berlin), late.Add(time.Hour)), "00:30"},
		{"the same day elsewhere only", l.Moment(late, late.Add(time.Hour).In(berlin)), "23:30 on 23\u00a0November\u00a02026"},
		{"the same day of another year", l.Moment(late, late.AddDate(1, 0, 0)), "23:30 on 23\u00a0November\u00a02026"},
		{"zone with letters", l.Zone(late.In(berlin)), "Berlin (CET)"},
		{"zone without letters", l.Zone(late.In(tashkent)), "Tashkent (UTC+05)"},
		{"zone UTC", l.Zone(late), "UTC"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: %q, want %q", tt.what, tt.got, tt.want)
		}
	}
}

func TestCatalogues_NoForeignFiles(t *testing.T) {
	entries, err := os.ReadDir("catalogue")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(entries), len(load(t).Languages()); got != want {
		t.Errorf("%d files in catalogue/, %d languages", got, want)
	}
}

func TestLocalizer_HabitsOfARegion(t *testing.T) {
	b := load(t)
	at := time.Date(2026, time.November, 3, 14, 32, 7, 0, time.UTC)
	midnight := time.Date(2026, time.November, 3, 0, 5, 0, 0, time.UTC)
	tests := []struct{ lang, clock, date, midnight string }{
		{"en", "14:32", "3 November 2026", "00:05"},
		{"en-GB", "14:32", "3 November 2026", "00:05"},
		{"en-US", "2:32 PM", "November 3, 2026", "12:05 AM"},
		{"en-AU", "2:32 PM", "3 November 2026", "12:05 AM"},
		{"de", "14:32 Uhr", "3. November 2026", "00:05 Uhr"},
		{"de-AT", "14:32 Uhr", "3. November 2026", "00:05 Uhr"},
		{"ar", "2:32 م", "3 نوفمبر 2026", "12:05 ص"},
		{"ar-MA", "14:32", "3 نوفمبر 2026", "00:05"},
		{"fr-FR", "14:32", "3 November 2026", "00:05"},
		{"%%", "14:32", "3 November 2026", "00:05"},
	}
	for _, tt := range tests {
		l := b.Localizer(tt.lang)
		for _, pair := range [][2]string{{l.Clock(at), tt.clock}, {l.Date(at), tt.date}, {l.Clock(midnight), tt.midnight}} {
			if got := strings.ReplaceAll(pair[0], "\u00a0", " "); got != pair[1] {
				t.Errorf("%s: %q, want %q", tt.lang, got, pair[1])
			}
		}
		if got := l.Precise(at); !strings.Contains(got, ":32:07") {
			t.Errorf("%s: Precise = %q, which lacks the seconds", tt.lang, got)
		}
	}
}

func TestLoadDemo_PseudoLanguage(t *testing.T) {
	b, err := LoadDemo()
	if err != nil {
		t.Fatal(err)
	}
	if got := b.Languages(); got[len(got)-1] != Pseudo {
		t.Errorf("Languages() = %q, want %q at the end", got, Pseudo)
	}
	if got := load(t).Languages(); slices.Contains(got, Pseudo) {
		t.Errorf("a site in use offers %q", got)
	}
	l, english := b.Localizer(Pseudo), b.Localizer(Default)
	for key, forms := range catalogue(t, Default) {
		if strings.HasPrefix(key, "text.") || strings.HasPrefix(key, "notice.") || strings.HasPrefix(key, "time.") {
			continue
		}
		plain, got := english.T(key, Count, 2), l.T(key, Count, 2)
		own := func(text string) int { return len([]rune(strings.ReplaceAll(text, "<no value>", ""))) }
		was, is := own(plain), own(got)
		if !strings.HasPrefix(got, "[") || !strings.HasSuffix(got, "]") || is*10 < was*14 {
			t.Errorf("%s: %q for %q, want brackets and 40 %% more", key, got, plain)
		}
		if strings.Count(got, "<no value>") != strings.Count(plain, "<no value>") || strings.Count(got, "{n}") != strings.Count(forms["other"], "{n}") {
			t.Errorf("%s: %q lost a value of %q", key, got, plain)
		}
	}
}

func TestLocalizer_NameOfTheLanguage(t *testing.T) {
	b := load(t)
	for lang, want := range map[string]string{"en": "English", "de": "Deutsch", "ar": "العربية"} {
		if got := b.Localizer(lang).Name(); got != want {
			t.Errorf("%s: Name() = %q, want %q", lang, got, want)
		}
	}
}
