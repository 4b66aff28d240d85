package doctor

import (
	"os"
	"strings"
	"testing"
)

// docs/entra-setup.md tells every permission and every code that the report may name.
func TestDocs_NameWhatTheReportNames(t *testing.T) {
	text, err := os.ReadFile("../../docs/entra-setup.md")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, role := range []string{"web", "worker", "reset"} {
		for _, p := range (Tenant{Mails: true}).needed(role) {
			names = append(names, "`"+p.name+"`")
		}
		for _, r := range remedies(role) {
			names = append(names, r.code)
		}
	}
	for _, name := range append(names, "auth_time", "acct", "/signin/callback", "/signed-out", "allowedToUseSSPR", "Every time", "Privileged Authentication Administrator") {
		if !strings.Contains(string(text), name) {
			t.Errorf("docs/entra-setup.md does not name %s", name)
		}
	}
}
