package phone

import (
	"strconv"
	"testing"
)

// What is remembered is what would be found again, and it does not grow without end.
func TestRecent(t *testing.T) {
	var r recent[int]
	calls := 0
	find := func(n int, ok bool) func() (int, bool) {
		return func() (int, bool) { calls++; return n, ok }
	}
	if a, b := r.of("a", find(1, true)), r.of("a", find(2, true)); a != 1 || b != 1 || calls != 1 {
		t.Errorf("of = %d, %d after %d calls, want 1, 1 after one", a, b, calls)
	}
	if a, b := r.of("b", find(3, false)), r.of("b", find(4, true)); a != 3 || b != 4 {
		t.Errorf("of what is not worth remembering = %d, %d, want 3, 4", a, b)
	}
	for i := range 3 * recentMost {
		r.of(strconv.Itoa(i), find(i, true))
	}
	if len(r.kept) > recentMost {
		t.Errorf("%d are kept, want at most %d", len(r.kept), recentMost)
	}
}

// The same number says the same whether it is remembered or not, and so does what is none.
func TestParse_TheSameAgain(t *testing.T) {
	for _, typed := range []string{"+12025550142", "+1 202 555 0142", "+4915123456789", "+12", "+", "+1x"} {
		first, wrong := Parse(typed, "")
		again, wrongAgain := Parse(typed, "")
		fresh, wrongFresh := parse(typed, "")
		if first != again || first != fresh || (wrong == nil) != (wrongAgain == nil) || (wrong == nil) != (wrongFresh == nil) {
			t.Errorf("Parse(%q) = %v, %v, then %v, %v, else %v, %v", typed, first, wrong, again, wrongAgain, fresh, wrongFresh)
		}
		if m := Mask(typed); m != Mask(typed) || m != mask(typed) {
			t.Errorf("Mask(%q) changes", typed)
		}
	}
}
