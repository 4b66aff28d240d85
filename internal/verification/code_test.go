package verification

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"
)

func TestNewCode_COD1(t *testing.T) {
	seen := map[string]bool{}
	var leadingZero bool
	var first [10]int
	const n = 20_000
	for range n {
		code, err := NewCode(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if !Normal(code) {
			t.Fatalf("NewCode() = %q, want six digits", code)
		}
		seen[code] = true
		leadingZero = leadingZero || code[0] == '0'
		first[code[0]-'0']++
	}
	if !leadingZero {
		t.Error("no code in 20,000 began with a zero")
	}
	if len(seen) < n*95/100 {
		t.Errorf("%d different codes in %d, want at least 95 %%", len(seen), n)
	}
	for d, count := range first {
		if count < n/10*8/10 || count > n/10*12/10 {
			t.Errorf("first digit %d came %d times in %d, want about a tenth", d, count, n)
		}
	}
	if _, err := NewCode(strings.NewReader("")); err == nil {
		t.Error("NewCode without randomness made a code")
	}
}

func TestNormalise_COD8(t *testing.T) {
	tests := []struct {
		typed, want string
		normal      bool
	}{
		{"123456", "123456", true},
		{" 123 456 ", "123456", true},
		{"123-456", "123456", true},
		{"123\u2013456", "123456", true},
		{"\u200e123456", "123456", true},
		{"١٢٣٤٥٦", "123456", true},
		{"۱۲۳۴۵۶", "123456", true},
		{"１２３４５６", "123456", true},
		{"000000", "000000", true},
		{"12345", "12345", false},
		{"1234567", "1234567", false},
		{"12345a", "12345a", false},
		{"१२३४५६", "१२३४५६", false},
		{"", "", false},
		{"123456\x00", "123456\x00", false},
		{strings.Repeat("1", 10_000), "", false},
	}
	for _, tt := range tests {
		got := Normalise(tt.typed)
		if got != tt.want || Normal(got) != tt.normal {
			t.Errorf("Normalise(%.20q) = %q (normal: %v), want %q (normal: %v)", tt.typed, got, Normal(got), tt.want, tt.normal)
		}
		if again := Normalise(got); again != got {
			t.Errorf("Normalise(%q) = %q, want it unchanged", got, again)
		}
	}
}

func TestLockAfter_COD6(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	tests := []struct {
		row  int
		want bool
		good bool
	}{{0, false, false}, {1, false, false}, {9, false, false}, {10, true, false}, {11, false, false}, {20, true, false}, {100, true, true}, {101, true, true}}
	for _, tt := range tests {
		until := LockAfter(tt.row, now)
		if until.After(now) != tt.want || (until.Sub(now) > LockTime) != tt.good {
			t.Errorf("LockAfter(%d) = %v, want locked %v, for good %v", tt.row, until, tt.want, tt.good)
		}
	}
}
