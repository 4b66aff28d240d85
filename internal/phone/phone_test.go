package phone

import (
	"strings"
	"testing"
	"unicode/utf8"

	"rekey/internal/fault"
)

func TestParse_CHG9(t *testing.T) {
	tests := []struct {
		typed, country string
		want           string // E.164, or the fault's key
		region         string
		line           Line
	}{
		{"202-555-0142", "US", "+12025550142", "US", Mixed},
		{" (202) 555 0142 ", "us", "+12025550142", "US", Mixed},
		{"+1 202 555 0142", "DE", "+12025550142", "US", Mixed},
		{"001 202 555 0142", "DE", "+12025550142", "US", Mixed},
		{"٢٠٢٥٥٥٠١٤٢", "US", "+12025550142", "US", Mixed},
		{"۲۰۲۵۵۵۰۱۴۲", "US", "+12025550142", "US", Mixed},
		{"２０２５５５０１４２", "US", "+12025550142", "US", Mixed},
		{"202\u2011555\u00a00142", "US", "+12025550142", "US", Mixed},
		{"\u200e+1 202 555 0142\u200f", "US", "+12025550142", "US", Mixed},
		{"+1 416 555 0142", "US", "+14165550142", "CA", Mixed},
		{"0151 23456789", "DE", "+4915123456789", "DE", Mobile},
		{"030 123456", "DE", "+4930123456", "DE", Landline},
		{"+49 151 23456789", "US", "+4915123456789", "DE", Mobile},
		{"+1 900 555 0142", "US", "+19005550142", "US", Other},
		{"+1 876 555 0142", "US", "+18765550142", "JM", Mobile},
		{"", "US", "number.empty", "", ""},
		{"   ", "US", "number.empty", "", ""},
		{"202 555 014", "US", "number.too-short", "", ""},
		{"555 0142", "US", "number.too-short", "", ""},
		{"1", "US", "number.too-short", "", ""},
		{"202 555 01422", "US", "number.too-long", "", ""},
		{strings.Repeat("1", 10_000), "US", "number.too-long", "", ""},
		{"+999 123456789", "US", "number.country-unknown", "", ""},
		{"202 555 0142", "", "number.country-unknown", "", ""},
		{"202 555 0142", "XX", "number.country-unknown", "", ""},
		{"800 FLOWERS", "US", "number.letters", "", ""},
		{"202 555 0142 x12", "US", "number.extension", "", ""},
		{"202 555 0142;ext=12", "US", "number.extension", "", ""},
		{"202 555\x000142", "US", "number.letters", "", ""},
		{"202\xff5550142", "US", "number.letters", "", ""},
		{"<script>", "US", "number.letters", "", ""},
		{"+1 123 456 7890", "US", "number.unknown", "", ""},
	}
	for _, tt := range tests {
		got, err := Parse(tt.typed, tt.country)
		if err != nil {
			f := fault.As(err)
			if f == nil || f.Kind != fault.Invalid || f.Key != tt.want {
				t.Errorf("Parse(%.40q, %q) = %v, want %v", tt.typed, tt.country, err, tt.want)
			}
			continue
		}
		if got.E164 != tt.want || got.Region != tt.region || got.Line != tt.line {
			t.Errorf("Parse(%.40q, %q) = %+v, want %v %v %v", tt.typed, tt.country, got, tt.want, tt.region, tt.line)
		}
	}
}

func FuzzParse_CHG9(f *testing.F) {
	for _, seed := range []string{"202-555-0142", "+49151", "٢٠٢", "00", "+", "tel:+1;phone-context=x", "\xff"} {
		f.Add(seed, "US")
	}
	f.Fuzz(func(t *testing.T, typed, country string) {
		n, err := Parse(typed, country)
		if err != nil {
			if fault.As(err) == nil {
				t.Errorf("Parse(%q, %q) = %v, want a fault", typed, country, err)
			}
			return
		}
		if len(n.E164) > 17 || n.E164[0] != '+' || digits(n.E164) != len(n.E164)-1 {
			t.Errorf("Parse(%q, %q) = %q, want E.164", typed, country, n.E164)
		}
		if again, err := Parse(n.E164, ""); err != nil || again != n {
			t.Errorf("Parse(%q) = %v, %v, want %v", n.E164, again, err, n)
		}
	})
}

func TestMask_PRV1(t *testing.T) {
	tests := []struct{ number, want string }{
		{"+12025550142", "+1 •••-•••-••42"},
		{"+4915123456789", "+49 •••• •••••89"},
		{"+442079460018", "+44 •• •••• ••18"},
		{"nonsense", "••••"},
		{"", "••••"},
	}
	for _, tt := range tests {
		if got := Mask(tt.number); got != tt.want {
			t.Errorf("Mask(%q) = %q, want %q", tt.number, got, tt.want)
		}
	}
}

func TestMask_PRV1_ShowsTwoDigitsOfEveryCountry(t *testing.T) {
	for _, e164 := range []string{"+12025550142", "+4915123456789", "+96279123456", "+33612345678", "+390612345678", "+5511961234567", "+37255555"} {
		masked := Mask(e164)
		_, rest, _ := strings.Cut(masked, " ")
		if got := digits(rest); got != 2 || !utf8.ValidString(masked) {
			t.Errorf("Mask(%q) = %q, want two digits after the calling code", e164, masked)
		}
		if Ending(masked) != e164[len(e164)-2:] {
			t.Errorf("Ending(%q) = %q, want %q", masked, Ending(masked), e164[len(e164)-2:])
		}
	}
}

func TestCanonicalAndSplit(t *testing.T) {
	for _, stored := range []string{"+1 2025550142", "+1 2025550142x123", "+12025550142"} {
		if got, ok := Canonical(stored); !ok || got != "+12025550142" {
			t.Errorf("Canonical(%q) = %q, %v, want +12025550142", stored, got, ok)
		}
	}
	if got, ok := Canonical("office"); ok {
		t.Errorf("Canonical(office) = %q, want not ok", got)
	}
	calling, rest, ok := Split("+390612345678")
	if !ok || calling != "39" || rest != "0612345678" {
		t.Errorf("Split(+390612345678) = %q, %q, %v, want 39, 0612345678 (the zero belongs to it)", calling, rest, ok)
	}
	if calling, rest, ok = Split("+12025550142"); !ok || calling != "1" || rest != "2025550142" {
		t.Errorf("Split(+12025550142) = %q, %q, %v", calling, rest, ok)
	}
}

func TestCountryHelp(t *testing.T) {
	if got := CallingCode("DE"); got != "49" {
		t.Errorf("CallingCode(DE) = %q, want 49", got)
	}
	if got := CallingCode("XX"); got != "" {
		t.Errorf("CallingCode(XX) = %q, want nothing", got)
	}
	if Example("DE") == "" || Example("XX") != "" {
		t.Errorf("Example(DE) = %q, Example(XX) = %q", Example("DE"), Example("XX"))
	}
	if got := National("+12025550142"); got != "(202) 555-0142" {
		t.Errorf("National(+12025550142) = %q", got)
	}
}
