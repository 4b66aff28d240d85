package templates

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"rekey/internal/i18n"
)

// english returns the English catalogue as it is on disk.
func english(t *testing.T) map[string]any {
	t.Helper()
	content, err := os.ReadFile("../internal/i18n/catalogue/en.json")
	if err != nil {
		t.Fatal(err)
	}
	var messages map[string]any
	if err := json.Unmarshal(content, &messages); err != nil {
		t.Fatal(err)
	}
	return messages
}

// beginnings returns the first words of all keys: "home", "code" …
func beginnings(t *testing.T) []string {
	t.Helper()
	first := map[string]bool{}
	for key := range english(t) {
		begin, _, _ := strings.Cut(key, ".")
		first[begin] = true
	}
	return slices.Sorted(maps.Keys(first))
}

// bracketed returns the real words and, as German, the same in brackets.
func bracketed(t *testing.T) *i18n.Bundle {
	t.Helper()
	messages := english(t)
	plain, err := json.Marshal(messages)
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range messages {
		switch v := value.(type) {
		case string:
			messages[key] = "⟦" + v + "⟧"
		case map[string]any:
			for form, text := range v {
				v[form] = "⟦" + text.(string) + "⟧"
			}
		}
	}
	other, err := json.Marshal(messages)
	if err != nil {
		t.Fatal(err)
	}
	words, err := i18n.LoadFS(fstest.MapFS{"en.json": {Data: plain}, "de.json": {Data: other}})
	if err != nil {
		t.Fatal(err)
	}
	return words
}
