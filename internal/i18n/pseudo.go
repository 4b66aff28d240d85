package i18n

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

// Pseudo is a language that nobody speaks: English with accents, longer by two fifths and
// in brackets. A page on which it does not fit, is cut off or shows plain letters has a
// mistake that another language would hit.
const Pseudo = "en-XA"

// LoadDemo is Load, with Pseudo among the languages. A site in use must not offer it.
func LoadDemo() (*Bundle, error) {
	b, err := Load()
	if err != nil {
		return nil, err
	}
	content, err := fs.ReadFile(embedded, "catalogue/"+Default+".json")
	if err != nil {
		return nil, err
	}
	var messages map[string]any
	if err := json.Unmarshal(content, &messages); err != nil {
		return nil, fmt.Errorf("i18n: %w", err)
	}
	for key, value := range messages {
		messages[key] = pretend(key, value)
	}
	if content, err = json.Marshal(messages); err != nil {
		return nil, fmt.Errorf("i18n: %w", err)
	}
	if err := b.add(Pseudo+".json", content); err != nil {
		return nil, err
	}
	return b, nil
}

// pretend returns the words of a key in Pseudo. Text messages stay as they are: they are
// no layout, and their length costs money.
func pretend(key string, value any) any {
	switch v := value.(type) {
	case string:
		if strings.HasPrefix(key, "text.") || strings.HasPrefix(key, "notice.") || strings.HasPrefix(key, "time.") {
			return v
		}
		return stretch(v)
	case map[string]any:
		for form, text := range v {
			v[form] = pretend(key, text)
		}
	}
	return value
}

// kept is what stands for a value: {{.name}}, and {n} of the running clock.
var kept = regexp.MustCompile(`\{\{[^}]*\}\}|\{n\}`)

// stretch puts accents on words, lengthens them by two fifths and brackets them.
func stretch(text string) string {
	var b strings.Builder
	from := 0
	for _, at := range kept.FindAllStringIndex(text, -1) {
		b.WriteString(accents.Replace(text[from:at[0]]))
		b.WriteString(text[at[0]:at[1]])
		from = at[1]
	}
	b.WriteString(accents.Replace(text[from:]))
	more := (len([]rune(kept.ReplaceAllString(text, "")))*2 + 4) / 5
	padding := strings.Repeat(" øñé", (more+3)/4)
	return "[" + b.String() + padding + "]"
}

// accents keeps every letter readable.
var accents = strings.NewReplacer("A", "Å", "C", "Ç", "D", "Ð", "E", "É", "I", "Î", "N", "Ñ", "O", "Ö", "S", "Š", "U", "Û", "Y", "Ý",
	"a", "á", "c", "ç", "d", "ð", "e", "é", "g", "ĝ", "i", "î", "k", "ķ", "l", "ļ", "n", "ñ", "o", "ö", "r", "ŕ", "s", "š", "t", "ţ", "u", "û", "w", "ŵ", "y", "ý")
