package message

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// echo stands in for the catalogue: it shows key and values.
type echo struct{}

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
