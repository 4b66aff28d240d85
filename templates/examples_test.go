package templates

import (
	"regexp"
	"testing"
)

// TestExamples_AreComplete: whatever looks at the examples has looked at every page.
func TestExamples_AreComplete(t *testing.T) {
	set, _ := newSet(t)
	named, shown := map[string]bool{}, map[string]bool{}
	address := regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*$`)
	for _, e := range Examples() {
		if named[e.Name] || !address.MatchString(e.Name) {
			t.Errorf("example %q: two have this name, or it cannot stand in an address", e.Name)
		}
		named[e.Name], shown[e.Page.Template()] = true, true
	}
	for page := range set.pages["en"] {
		if !shown[page] {
			t.Errorf("there is no example of the page %q", page)
		}
	}
}
