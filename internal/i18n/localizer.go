package i18n

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// Count is the argument that chooses the plural form. Its value is an int.
const Count = "count"

// Localizer finds the words of one language. It is safe for concurrent use.
type Localizer struct {
	lang    string
	tag     language.Tag
	words   *i18n.Localizer
	regions display.Namer
	habits  habits
	plain   *sync.Map // words of keys that were asked for without values, by key
	marked  *sync.Map // words with marks for their values, by key and names
	there   *sync.Map // keys that are there
}

func newLocalizer(words *i18n.Bundle, lang string) *Localizer {
	tag := language.MustParse(lang)
	l := &Localizer{lang: lang, tag: tag, words: i18n.NewLocalizer(words, lang), regions: display.Regions(tag), plain: &sync.Map{}, marked: &sync.Map{}, there: &sync.Map{}}
	l.habits = habitsOf(l.base(), "")
	return l
}

// Lang returns the language's BCP 47 tag.
func (l *Localizer) Lang() string { return l.lang }

// Name returns what the language calls itself: "Deutsch".
func (l *Localizer) Name() string {
	if l.lang == Pseudo {
		return "[Þšéûðö]"
	}
	return display.Self.Name(l.tag)
}

// Dir returns "rtl" for languages that are written from right to left, else "ltr".
func (l *Localizer) Dir() string {
	switch script, _ := l.tag.Script(); script.String() {
	case "Arab", "Hebr", "Thaa", "Syrc", "Nkoo", "Adlm":
		return "rtl"
	}
	return "ltr"
}

// T returns the words of a key. args are names and values in turn, for the placeholders
// {{.name}}; one named count chooses the plural form. Nothing makes it fail: of a key that
// is not there it returns the key.
func (l *Localizer) T(key string, args ...any) string {
	if len(args) > 0 {
		return l.filled(key, args)
	}
	if text, ok := l.plain.Load(key); ok {
		return text.(string)
	}
	text := l.find(key, nil)
	if l.Has(key) { // what is not there could be any text, and fill the memory
		l.plain.Store(key, text)
	}
	return text
}

// Marked returns the words of a key with a mark where each value goes, for whoever has to set
// in something else than text: Mark(i) stands for the value of the i-th name. It is found
// once for each key, so the names must not come from outside.
func (l *Localizer) Marked(key string, names ...string) string {
	at := key + "\x00" + strings.Join(names, "\x00")
	if text, ok := l.marked.Load(at); ok {
		return text.(string)
	}
	args := make([]any, 0, 2*len(names))
	for i, name := range names {
		args = append(args, name, Mark(i))
	}
	text := l.find(key, args)
	if l.Has(key) {
		l.marked.Store(at, text)
	}
	return text
}

// filled sets values into words that are found once: to look for them, and to read their
// placeholders anew, is most of what putting a page's words together would cost. Of words with
// a plural form the value decides which they are.
func (l *Localizer) filled(key string, args []any) string {
	names := make([]string, 0, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		name, ok := args[i].(string)
		if !ok || name == Count {
			return l.find(key, args)
		}
		names = append(names, name)
	}
	text := l.Marked(key, names...)
	if text == key {
		return key
	}
	return Fill(text, func(words string) string { return words }, func(n int) string {
		if n < len(names) {
			return fmt.Sprint(args[2*n+1])
		}
		return ""
	})
}

// Mark stands for the i-th value in what Marked returns: no words hold such a character.
func Mark(i int) string { return "\x00" + strconv.Itoa(i) + "\x00" }

// Fill puts together what Marked returned: of the words what words makes of them, and each
// value in the place of its mark.
func Fill(marked string, words func(string) string, value func(i int) string) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(marked, "\x00")
		if before != "" {
			out.WriteString(words(before))
		}
		if !found {
			return out.String()
		}
		mark, after, _ := strings.Cut(rest, "\x00")
		if i, err := strconv.Atoi(mark); err == nil && i >= 0 {
			out.WriteString(value(i))
		}
		marked = after
	}
}

func (l *Localizer) find(key string, args []any) string {
	values := make(map[string]any, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		if name, ok := args[i].(string); ok {
			values[name] = args[i+1]
		}
	}
	c := &i18n.LocalizeConfig{MessageID: key, TemplateData: values}
	if n, ok := values[Count].(int); ok {
		c.PluralCount = n
	}
	text, err := l.words.Localize(c)
	if err != nil && text == "" {
		return key
	}
	return text
}

// Has reports whether the key is there, in this language or in the default.
func (l *Localizer) Has(key string) bool {
	if _, ok := l.there.Load(key); ok {
		return true
	}
	text, err := l.words.Localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: map[string]any{}, PluralCount: 2})
	has := err == nil || text != "" // with words of the default it says that they are not its own
	if has {
		l.there.Store(key, nil)
	}
	return has
}

// Region returns the name of a country (ISO 3166, two letters), "" for what is none.
func (l *Localizer) Region(code string) string {
	region, err := language.ParseRegion(code)
	if err != nil || !region.IsCountry() {
		return ""
	}
	if name := l.regions.Name(region); name != "" {
		return name
	}
	return strings.ToUpper(code)
}

// Less returns how the language sorts words. The function is for one goroutine.
func (l *Localizer) Less() func(a, b string) bool {
	c := collate.New(l.tag)
	return func(a, b string) bool { return c.CompareString(a, b) < 0 }
}
