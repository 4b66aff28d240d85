// Package i18n finds the words of a language: pages, errors, text messages and mails take
// them from catalogues, one file for each language, catalogue/<BCP 47 tag>.json.
//
// Values come into words as named arguments. One named count chooses the plural form.
// Times, dates and countries are written here too, as the language does.
//
// It leaves to others which language a person reads, and how words become HTML.
package i18n

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed catalogue/*.json
var embedded embed.FS

// Default is the language of people whose own one is not there. Its catalogue is complete.
const Default = "en"

// Bundle holds the words of all languages. It is safe for concurrent use.
type Bundle struct {
	words      *i18n.Bundle
	localizers map[string]*Localizer
	languages  []string
}

// Load reads the embedded catalogues. Its error names every file that cannot be used.
func Load() (*Bundle, error) {
	sub, err := fs.Sub(embedded, "catalogue")
	if err != nil {
		return nil, err
	}
	return LoadFS(sub)
}

// LoadFS reads the catalogues <tag>.json of a folder. en.json must be among them: other
// languages fall back to it, key by key.
func LoadFS(files fs.FS) (*Bundle, error) {
	names, err := fs.Glob(files, "*.json")
	if err != nil {
		return nil, err
	}
	b := &Bundle{words: i18n.NewBundle(language.MustParse(Default)), localizers: map[string]*Localizer{}, languages: []string{Default}}
	b.words.RegisterUnmarshalFunc("json", json.Unmarshal)
	for _, name := range names {
		content, rerr := fs.ReadFile(files, name)
		if rerr == nil {
			rerr = b.add(path.Base(name), content)
		}
		err = errors.Join(err, rerr)
	}
	if b.localizers[Default] == nil {
		err = errors.Join(err, errors.New("i18n: there is no catalogue "+Default+".json"))
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}

// Languages returns the BCP 47 tags of all languages, the default first.
func (b *Bundle) Languages() []string { return append([]string(nil), b.languages...) }

// Localizer returns the words of a language, with the habits of the region that its tag
// names ("en-US"): of the default for one that is not there.
func (b *Bundle) Localizer(lang string) *Localizer {
	if l := b.localizers[lang]; l != nil {
		return l
	}
	base, region := regionOf(lang)
	if l := b.localizers[base]; l != nil {
		return l.In(region)
	}
	return b.localizers[Default]
}

// add takes a catalogue <tag>.json.
func (b *Bundle) add(name string, content []byte) error {
	lang := strings.TrimSuffix(name, ".json")
	if _, err := language.Parse(lang); err != nil {
		return fmt.Errorf("i18n: %s: %w", name, err)
	}
	if _, err := b.words.ParseMessageFileBytes(content, name); err != nil {
		return fmt.Errorf("i18n: %s: %w", name, err)
	}
	b.localizers[lang] = newLocalizer(b.words, lang)
	if lang != Default {
		b.languages = append(b.languages, lang)
	}
	return nil
}
