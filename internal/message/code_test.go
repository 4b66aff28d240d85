package message

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// echo stands in for the catalogue: it shows key and values.
type echo struct{}

func (echo) Lang() string { return "en" }
func (echo) Dir() string  { return "ltr" }

func (echo) Clock(t time.Time) string { return t.Format("15:04") }
func (echo) Date(t time.Time) string  { return t.Format("2\u00a0January\u00a02006") }

func (echo) T(key string, args ...any) string { return key + fmt.Sprint(args...) }

func TestCodeText_COD11_LastLine(t *testing.T) {
	v := CodeValues{Organisation: "Fernhill", Purpose: "prove-contact", Code: "012345",
		Until: time.Date(2026, 11, 22, 14, 42, 0, 0, time.UTC), Masked: "42"}
	tests := []struct{ host, last string }{
		{"id.fernhill.example", "@id.fernhill.example #012345"},
		{"", ""},
		{"127.0.0.1", ""},
		{"::1", ""},
		{"[::1]", ""},
	}
	for _, tt := range tests {
		v.Host = tt.host
		lines := strings.Split(CodeText(echo{}, v), "\n")
		if tt.last == "" && len(lines) != 1 {
			t.Errorf("CodeText with host %q ends in %q, want no last line", tt.host, lines[len(lines)-1])
		}
		if tt.last != "" && lines[len(lines)-1] != tt.last {
			t.Errorf("CodeText with host %q ends in %q, want %q", tt.host, lines[len(lines)-1], tt.last)
		}
	}
	if v.Newer = true; !strings.HasPrefix(CodeText(echo{}, v), "text.code.newer") {
		t.Errorf("CodeText of a newer code = %q", CodeText(echo{}, v))
	}
}

func TestSegments(t *testing.T) {
	tests := []struct {
		body string
		n    int
		gsm  bool
	}{
		{"", 1, true},
		{strings.Repeat("a", 160), 1, true},
		{strings.Repeat("a", 161), 2, true},
		{strings.Repeat("a", 306), 2, true},
		{strings.Repeat("a", 307), 3, true},
		{strings.Repeat("€", 80), 1, true},
		{strings.Repeat("€", 81), 2, true},
		{strings.Repeat("ا", 70), 1, false},
		{strings.Repeat("ا", 71), 2, false},
		{"•", 1, false},
	}
	for _, tt := range tests {
		if n, gsm := Segments(tt.body); n != tt.n || gsm != tt.gsm {
			t.Errorf("Segments(%d × %.1q) = %d, %v, want %d, %v", len([]rune(tt.body)), tt.body, n, gsm, tt.n, tt.gsm)
		}
	}
}

func TestCodeText_COD11_OneSegmentAboutMailboxes(t *testing.T) {
	v := CodeValues{Organisation: strings.Repeat("O", 20), Code: "012345", Host: strings.Repeat("h", 30),
		Until: time.Date(2026, 11, 22, 14, 42, 0, 0, time.UTC)}
	for _, tt := range []struct{ purpose, masked, want string }{
		{"authorise-removal", "42", "remove the phone ending 42."},
		{"authorise-removal", "m••••@example.net", "remove m*@example.net."},
		{"authorise-change.email", "m••••@example.net", "add m*@example.net."},
		{"authorise-change", "m••••@a-very-long-domain-of-somebody.example", "add m*@a-very...example."},
		{"test-contact", "42", "test the phone ending 42."},
	} {
		v.Purpose, v.Masked = tt.purpose, tt.masked
		body := CodeText(english(), v)
		if n, gsm := Segments(body); n != 1 || !gsm || !strings.Contains(body, tt.want) {
			t.Errorf("CodeText for %s of %s takes %d segments (GSM: %v), want one with %q:\n%s", tt.purpose, tt.masked, n, gsm, tt.want, body)
		}
	}
}

// What is cut out of an address is its middle: both ends tell a person which one it is.
func TestShort(t *testing.T) {
	for masked, want := range map[string]string{
		"42":                             "42",
		"m••••@example.net":              "m*@example.net",
		"j••••@lindqvist.example":        "j*@lindqvist.example",
		"n••••@lindqvist-family.example": "n*@lindqv...example",
		"n••••@a.b.cd.efgh.ijkl.mnopqrs": "n*@a.b.cd...mnopqrs",
		"n••••@mail.lindqvist.co.uk":     "n*@mail.l...st.co.uk",
		"••••@example.net":               "*@example.net",
		"••••":                           "*",
		"":                               "",
	} {
		got := short(masked)
		if got != want || len([]rune(got)) > shortest || strings.Contains(got, "....") {
			t.Errorf("short(%q) = %q, want %q of at most %d letters", masked, got, want, shortest)
		}
	}
}

func TestCodeMail_NOT4_NoSecretInTheSubject(t *testing.T) {
	v := CodeValues{Organisation: "Contoso", Purpose: "prove-contact", Code: "012345", Masked: "m••••@example.net",
		Host: "rekey.contoso.example", Until: time.Date(2026, 11, 22, 14, 42, 0, 0, time.UTC)}
	subject, body := read(CodeMail(english(), v))
	if subject != "Contoso: the code you asked for" {
		t.Errorf("subject = %q", subject)
	}
	want := "Your code is 012345\n\nWith it you can use the mailbox m••••@example.net as your alternate email.\n\n" +
		"It works once, until 14:42, UTC.\n\nNobody at Contoso will ever ask you for this code.\n\n" +
		"If you did not ask for it, you can delete this email.\n"
	if body != want {
		t.Errorf("body = %q, want %q", body, want)
	}
	v.Newer = true
	if _, body = read(CodeMail(english(), v)); !strings.Contains(body, "\n\nOlder codes no longer work.\n\n") {
		t.Errorf("body of a newer code = %q, want that the older one is dead (COD-10)", body)
	}
}
