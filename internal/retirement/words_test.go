package retirement_test

import (
	"testing"

	"rekey/internal/directory"
	"rekey/internal/i18n"
)

// TestNotices_NOT3_WordsForWhatIsTakenOff: whatever the journey takes off can be told in
// every language.
func TestNotices_NOT3_WordsForWhatIsTakenOff(t *testing.T) {
	words, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range words.Languages() {
		for _, kind := range []directory.Kind{directory.Phone, directory.AlternatePhone, directory.Authenticator, directory.Passkey, directory.CodeApp} {
			for _, key := range []string{"notice.event.", "notice.subject."} {
				if key += string(kind) + ".removed"; !words.Localizer(lang).Has(key) {
					t.Errorf("%s has no words for %s", lang, key)
				}
			}
		}
	}
}
