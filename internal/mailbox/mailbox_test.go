package mailbox

import (
	"strings"
	"testing"
	"unicode/utf8"

	"rekey/internal/fault"
)

func TestParse_CHG10_RefusesWhatIsNotOneAddress(t *testing.T) {
	for _, tt := range []struct{ typed, key string }{
		{"", "address.empty"},
		{" \t\u00a0\u200f", "address.empty"},
		{"maya", "address.invalid"},
		{"@example.net", "address.invalid"},
		{"maya@", "address.invalid"},
		{"maya@@example.net", "address.invalid"},
		{"maya@localhost", "address.invalid"},
		{"maya@127.0.0.1", "address.invalid"},
		{"maya@[127.0.0.1]", "address.invalid"},
		{"maya@example.net.", "address.invalid"},
		{"maya@example..net", "address.invalid"},
		{"maya@-example.net", "address.invalid"},
		{"maya@exa_mple.net", "address.invalid"},
		{"maya@xn--.net", "address.invalid"},
		{".maya@example.net", "address.invalid"},
		{"maya.@example.net", "address.invalid"},
		{"ma..ya@example.net", "address.invalid"},
		{"ma ya@example.net", "address.invalid"},
		{"maya@exam ple.net", "address.invalid"},
		// One address after another.
		{"maya@example.net,eve@example.org", "address.one"},
		{"maya@example.net;eve@example.org", "address.one"},
		{"maya@example.net eve@example.org", "address.one"},
		{"maya@example.net，eve@example.org", "address.one"},
		{"maya@example.net,", "address.one"},
		{"eve@example.org@example.net", "address.one"},
		{"maya@example.net%0a,eve", "address.one"},
		// Lines and ends of text.
		{"maya@example.net\r\nBcc: eve@example.org", "address.invalid"},
		{"maya@example.net\nBcc: eve", "address.invalid"},
		{"maya@example.net\r", "address.invalid"},
		{"\nmaya@example.net", "address.invalid"},
		{"maya@example.net\x00.example.org", "address.invalid"},
		{"ma\x00ya@example.net", "address.invalid"},
		{"ma\u2028ya@example.net", "address.invalid"},
		{"maya\xff@example.net", "address.invalid"},
		// Display names, comments, quotes, source routes, encodings.
		{"Maya <maya@example.net>", "address.invalid"},
		{"<maya@example.net>", "address.invalid"},
		{"maya(comment)@example.net", "address.invalid"},
		{"maya@example.net(comment)", "address.invalid"},
		{`"maya"@example.net`, "address.invalid"},
		{`"a@b"@example.net`, "address.invalid"},
		{`ma\ya@example.net`, "address.invalid"},
		{"mailto:maya@example.net", "address.invalid"},
		{"@one.example:maya@example.net", "address.invalid"},
		// Letters that only look like others, or turn the text around.
		{"ma\u202eya@example.net", "address.invalid"},
		{"ma\u200bya@example.net", "address.invalid"},
		{"ﬁ@example.net", "address.invalid"},
		{"ma\U0001F4F1@example.net", "address.invalid"},
		{strings.Repeat("a", 65) + "@example.net", "address.long"},
		{"a@" + strings.Repeat("abcdefghi.", 25) + "example", "address.long"},
		{strings.Repeat("a", 100_000) + "@example.net", "address.long"},
	} {
		got, err := Parse(tt.typed)
		f := fault.As(err)
		if f == nil || f.Kind != fault.Invalid || f.Field != Field || f.Key != tt.key {
			t.Errorf("Parse(%.60q) = %+v, %v, want %s at the field", tt.typed, got, err, tt.key)
		}
	}
}

func TestParse_CHG10_ReadsOneAddress(t *testing.T) {
	for _, tt := range []struct{ typed, display, canonical, wire string }{
		{"maya@example.net", "maya@example.net", "maya@example.net", "maya@example.net"},
		{" Maya.O'Neil+x@Example.NET\t", "Maya.O'Neil+x@example.net", "maya.o'neil+x@example.net", "Maya.O'Neil+x@example.net"},
		{"\u200fmaya@example.net\u200e", "maya@example.net", "maya@example.net", "maya@example.net"},
		{"maya@BÜCHER.example", "maya@bücher.example", "maya@xn--bcher-kva.example", "maya@xn--bcher-kva.example"},
		{"maya@xn--bcher-kva.example", "maya@xn--bcher-kva.example", "maya@xn--bcher-kva.example", "maya@xn--bcher-kva.example"},
		{"maya@bu\u0308cher.example", "maya@bücher.example", "maya@xn--bcher-kva.example", "maya@xn--bcher-kva.example"},
		{"e\u0301mile@example.net", "émile@example.net", "émile@example.net", "émile@example.net"},
		{"ÉMILE@example.net", "ÉMILE@example.net", "émile@example.net", "ÉMILE@example.net"},
		{"مايا@example.net", "مايا@example.net", "مايا@example.net", "مايا@example.net"},
		{"ｍａｙａ＠ｅｘａｍｐｌｅ．ｎｅｔ", "maya@example.net", "maya@example.net", "maya@example.net"},
		{"maya@例え。テスト", "maya@例え.テスト", "maya@xn--r8jz45g.xn--zckzah", "maya@xn--r8jz45g.xn--zckzah"},
		{"a@b.co", "a@b.co", "a@b.co", "a@b.co"},
		{strings.Repeat("a", 64) + "@example.net", strings.Repeat("a", 64) + "@example.net",
			strings.Repeat("a", 64) + "@example.net", strings.Repeat("a", 64) + "@example.net"},
	} {
		got, err := Parse(tt.typed)
		if err != nil || got.Display != tt.display || got.Canonical != tt.canonical || got.Wire() != tt.wire {
			t.Errorf("Parse(%q) = %+v, %v, want %q, %q, %q", tt.typed, got, err, tt.display, tt.canonical, tt.wire)
		}
	}
}

func TestSame_CHG10(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"maya@example.net", "MAYA@EXAMPLE.NET ", true},
		{"maya@bücher.example", "maya@xn--bcher-kva.example", true},
		{"e\u0301mile@example.net", "Émile@example.net", true},
		{"maya@example.net", "maya@example.org", false},
		{"maya@example.net", "mayb@example.net", false},
		{"maya+x@example.net", "maya@example.net", false},
		{"nonsense", "NONSENSE", true},
		{"", "maya@example.net", false},
	} {
		if got := Same(tt.a, tt.b); got != tt.want {
			t.Errorf("Same(%q, %q) = %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestMask_PRV1(t *testing.T) {
	for _, tt := range []struct{ address, want string }{
		{"maya@example.net", "m••••@example.net"},
		{"m@example.net", "m••••@example.net"},
		{"émile@example.net", "é••••@example.net"},
		{"@example.net", "••••@example.net"},
		{`"maya@home"@example.net`, `"••••@example.net`},
		{"\u202emaya@example.net\u202e\n", "••••@example.net"},
		{"nonsense", "••••"},
		{"", "••••"},
	} {
		if got := Mask(tt.address); got != tt.want {
			t.Errorf("Mask(%q) = %q, want %q", tt.address, got, tt.want)
		}
	}
}

func TestParseDomain(t *testing.T) {
	for _, tt := range []struct {
		typed, want string
		ok          bool
	}{
		{"Contoso.Example", "contoso.example", true},
		{"bücher.example", "xn--bcher-kva.example", true},
		{"", "", false},
		{"contoso", "", false},
		{"10.0.0.1", "", false},
		{"@contoso.example", "", false},
		{"contoso.example.", "", false},
		{"*.contoso.example", "", false},
	} {
		if got, ok := ParseDomain(tt.typed); ok != tt.ok || ok && got != tt.want {
			t.Errorf("ParseDomain(%q) = %q, %v, want %q, %v", tt.typed, got, ok, tt.want, tt.ok)
		}
	}
}

// FuzzParse_CHG10 holds what every address that is read promises to those who put it
// into a header or compare it.
func FuzzParse_CHG10(f *testing.F) {
	for _, seed := range []string{"maya@example.net", "Maya <a@b.c>", "a@b,c@d", "e\u0301@BÜCHER.example", "a@例え。テスト",
		"\u200fa@b.co", "İ@b.co", "a@xn--", "ς@ς.gr", "a@\u0130.com", "ẞ@ẞ.de"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		a, err := Parse(typed)
		if err != nil {
			if f := fault.As(err); f == nil || f.Kind != fault.Invalid {
				t.Errorf("Parse(%q) = %v, want a fault", typed, err)
			}
			return
		}
		for _, text := range []string{a.Display, a.Canonical, a.Wire()} {
			if strings.ContainsAny(text, "\r\n\x00 \t,;<>()[]\"\\:") || strings.Count(text, "@") != 1 || !utf8.ValidString(text) {
				t.Errorf("Parse(%q) gives %q, want one plain address", typed, text)
			}
			again, err := Parse(text)
			if err != nil || again.Canonical != a.Canonical {
				t.Errorf("Parse(%q), of %q, = %+v, %v, want canonical %q", text, typed, again, err, a.Canonical)
			}
		}
		if len(a.Wire()) > 254 || strings.ToLower(a.Domain) != a.Domain || strings.ContainsFunc(a.Domain, func(r rune) bool { return r >= utf8.RuneSelf }) {
			t.Errorf("Parse(%q) = %+v, want at most 254 bytes and a domain in punycode", typed, a)
		}
		if head, _, _ := strings.Cut(Mask(a.Display), "@"); utf8.RuneCountInString(head) > 5 {
			t.Errorf("Mask(%q) = %q, want one letter and four dots before the domain", a.Display, Mask(a.Display))
		}
	})
}
