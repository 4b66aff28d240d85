package digit_test

import (
	"strings"
	"testing"

	"rekey/internal/digit"
)

func TestASCII(t *testing.T) {
	for typed, want := range map[string]string{"٠١٢٣٤٥٦٧٨٩": "0123456789", "۰۱۲۳۴۵۶۷۸۹": "0123456789", "０１２３４５６７８９": "0123456789",
		"0123456789": "0123456789", "+a ٤٢²": "+a 42²"} {
		if got := strings.Map(digit.ASCII, typed); got != want {
			t.Errorf("ASCII of %q = %q, want %q", typed, got, want)
		}
	}
}
