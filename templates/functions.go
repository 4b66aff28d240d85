package templates

import (
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"

	"rekey/internal/i18n"
	"rekey/internal/phone"
)

// tools are the functions of the templates, in one language.
type tools struct {
	words *i18n.Localizer
	asset func(name string) string
}

func (x tools) functions() template.FuncMap {
	return template.FuncMap{
		"t": x.words.T, "rich": x.rich, "lang": x.words.Lang, "dir": x.words.Dir,
		"asset": x.asset, "icon": x.icon,
		"num": x.num, "value": x.value, "ending": phone.Ending, "isolate": isolate, "strong": strong, "dial": dial,
		"moment": x.moment, "clock": x.clock, "date": x.date, "zone": x.zone,
		"problem": x.problem, "choices": x.choices, "has": x.words.Has,
	}
}

// rich returns the words of a key as HTML. Words and values are escaped, except values
// that are HTML already.
func (x tools) rich(key string, args ...any) template.HTML {
	pieces := make([]string, 0, len(args))
	for i := 1; i < len(args); i += 2 {
		piece, isHTML := args[i].(template.HTML)
		if !isHTML {
			piece = template.HTML(template.HTMLEscapeString(fmt.Sprint(args[i])))
		}
		if name, ok := args[i-1].(string); ok && name == i18n.Count {
			continue // chooses the plural form: a number, and stays one
		}
		mark := "\x00" + strconv.Itoa(i) + "\x00"
		pieces = append(pieces, template.HTMLEscapeString(mark), string(piece))
		args[i] = mark
	}
	text := template.HTMLEscapeString(x.words.T(key, args...))
	return template.HTML(strings.NewReplacer(pieces...).Replace(text))
}

// icon returns a drawing of static/img/icons.svg: 20 px beside text, 24 px with "big".
// Pointing ones turn with the language ("turn"). It is decoration: words stand beside it.
func (x tools) icon(name string, classes ...string) template.HTML {
	class := strings.Join(append([]string{"icon"}, classes...), " ")
	return template.HTML(`<svg class="` + template.HTMLEscapeString(class) + `" aria-hidden="true"><use href="` +
		template.HTMLEscapeString(x.asset("icons.svg")+"#i-"+name) + `"/></svg>`)
}

// num shows a masked number, left to right in every language, and says it in words to
// those who listen.
func (x tools) num(masked string) template.HTML {
	return template.HTML(`<span class="num" dir="ltr" aria-hidden="true">` + template.HTMLEscapeString(masked) +
		`</span><span class="vh">` + template.HTMLEscapeString(x.words.T("number.ending", "ending", phone.Ending(masked))) + `</span>`)
}

// value shows a masked contact of a kind.
func (x tools) value(kind, masked string) template.HTML {
	if kind == "email" {
		return isolate(masked)
	}
	return x.num(masked)
}

// isolate keeps the direction of foreign text from turning the text around it.
func isolate(text string) template.HTML {
	return template.HTML("<bdi>" + template.HTMLEscapeString(text) + "</bdi>")
}

func strong(text template.HTML) template.HTML { return "<strong>" + text + "</strong>" }

// dial returns what follows "tel:" for a number as people write it.
func dial(number string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '+' {
			return r
		}
		return -1
	}, number)
}

func (b Base) in(t time.Time) time.Time {
	if b.Zone == nil {
		return t.UTC()
	}
	return t.In(b.Zone)
}

// moment shows a time of day, with the day when it is not today.
func (x tools) moment(b Base, t time.Time) template.HTML {
	return stamp(t, x.words.Moment(b.in(t), b.Now))
}

func (x tools) clock(b Base, t time.Time) template.HTML { return stamp(t, x.words.Clock(b.in(t))) }

func (x tools) date(b Base, t time.Time) template.HTML { return stamp(t, x.words.Date(b.in(t))) }

func stamp(t time.Time, text string) template.HTML {
	return template.HTML(`<time datetime="` + t.UTC().Format(time.RFC3339) + `">` + template.HTMLEscapeString(text) + `</time>`)
}

func (x tools) zone(b Base) string { return x.words.Zone(b.in(b.Now)) }

// problem returns the words of an error: a key below "error.", its values as people write
// them, and the time to name, if there is one.
func (x tools) problem(b Base, key string, args map[string]any, until time.Time) string {
	list := []any{"until", x.words.Moment(b.in(until), b.Now)}
	for name, value := range args {
		switch v := value.(type) {
		case time.Time:
			value = x.words.Moment(b.in(v), b.Now)
		case int:
			list = append(list, i18n.Count, v)
		case string:
			if name == "region" {
				value = x.words.Region(v)
			}
		}
		list = append(list, name, value)
	}
	if key = "error." + key; !x.words.Has(key) {
		key = "error.site.error"
	}
	return x.words.T(key, list...)
}

// choice is an entry of the list of countries.
type choice struct {
	Country
	Name    string
	Example string // a mobile number as people there write it
}

// choices returns the countries as a list, sorted as the language sorts.
func (x tools) choices(countries []Country) []choice {
	list := make([]choice, 0, len(countries))
	for _, c := range countries {
		list = append(list, choice{Country: c, Name: x.words.Region(c.Code), Example: phone.Example(c.Code)})
	}
	less := x.words.Less()
	slices.SortFunc(list, func(a, b choice) int {
		switch {
		case less(a.Name, b.Name):
			return -1
		case less(b.Name, a.Name):
			return 1
		}
		return 0
	})
	return list
}
