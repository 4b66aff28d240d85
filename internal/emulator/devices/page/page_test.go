package page_test

import (
	"testing"

	"rekey/internal/emulator/devices/page"
)

func TestWords(t *testing.T) {
	for number, want := range map[string]string{
		"+14255550142": "+1 425 555 0142", "+4915228817386": "+49 152 2881 7386", "+61491570156": "+61 491 570 156", "+35312345678": "+353 1234 5678",
	} {
		if got := page.Spaced(number); got != want {
			t.Errorf("Spaced(%q) = %q, want %q", number, got, want)
		}
	}
	for number, want := range map[string]string{"+1 4255550142": "the number ending in 42", "": "", "x": ""} {
		if got := page.Ending(number); got != want {
			t.Errorf("Ending(%q) = %q, want %q", number, got, want)
		}
	}
	for name, want := range map[string]string{"Maya Okafor": "MO", "ليلى ناصر": "لن", "Prince": "P", "": "", " - ": ""} {
		if got := page.Initials(name); got != want {
			t.Errorf("Initials(%q) = %q, want %q", name, got, want)
		}
	}
	if got := page.List([]string{"a", "b", "c"}); got != "a, b and c" {
		t.Errorf("List() = %q, want a, b and c", got)
	}
}
