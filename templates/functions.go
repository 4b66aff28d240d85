package templates

import (
	"fmt"
	"html/template"
	"slices"
	"strings"

	"rekey/internal/i18n"
	"rekey/internal/phone"
)

// tools are the functions of the templates, in one language.
type tools struct {
	words *i18n.Localizer
	all   []*i18n.Localizer // languages, the page's own among them
	asset func(name string) string
}

func (x tools) functions() template.FuncMap {
	return template.FuncMap{
		"t": x.text, "joined": x.joined, "rich": x.rich, "has": x.words.Has, "lang": x.words.Lang, "dir": x.words.Dir, "languages": x.languages,
		"asset": x.asset, "icon": x.icon, "isolate": isolate, "strong": strong, "dial": dial,
		"num": x.num, "value": x.value, "digits": digits,
		"moment": x.moment, "precise": x.precise, "date": x.date, "zone": x.zone, "iso": iso, "forever": forever,
		"ended": ended, "old": old, "initials": initials, "running": running,
		"sorted": sorted, "picture": picture, "known": x.known, "asked": x.asked, "first": first,
		"over": x.over, "say": x.say, "by": x.by, "shown": x.shown, "formof": formOf, "region": x.words.Region, "steps": steps, "choices": x.choices, "example": phone.Example,
		"problem": x.problem, "helpdesk": x.helpdesk, "at": at, "scene": x.scene, "reason": x.reason, "explained": x.explained, "group": group,
		"phonescene": x.phonescene, "dated": x.dated, "qrcode": x.qrcode,
	}
}

// languages is the list of the form that chooses one, the same on every page of a language.
// The one that only tests layouts is none: people would take it for a fault.
func (x tools) languages() template.HTML {
	var list strings.Builder
	list.WriteString("<ul>")
	for _, l := range x.all {
		if l.Lang() == i18n.Pseudo && x.words.Lang() != i18n.Pseudo {
			continue
		}
		own := `lang="` + template.HTMLEscapeString(l.Lang()) + `" dir="` + l.Dir() + `"`
		name := template.HTMLEscapeString(l.Name())
		if l.Lang() == x.words.Lang() {
			list.WriteString("\n<li><strong " + own + ` aria-current="true">` + name + `</strong></li>`)
		} else {
			list.WriteString("\n" + `<li><button class="plain" name="language" value="` + template.HTMLEscapeString(l.Lang()) + `" ` + own + `>` + name + `</button></li>`)
		}
	}
	list.WriteString("\n</ul>")
	return template.HTML(list.String())
}

// text returns the words of a key. Among words that run from right to left each value is
// kept in one piece: a name or a number of another script would take the sign beside it
// along (Unicode UAX #9).
func (x tools) text(key string, args ...any) string {
	if len(args) == 0 || x.words.Dir() != "rtl" {
		return x.words.T(key, args...)
	}
	kept := slices.Clone(args)
	for i := 1; i < len(kept); i += 2 {
		if value, ok := kept[i].(string); ok && value != "" {
			kept[i] = "\u2068" + value + "\u2069"
		}
	}
	return x.words.T(key, kept...)
}

// rich returns the words of a key as HTML. Words and values are escaped, except values
// that are HTML already.
func (x tools) rich(key string, args ...any) template.HTML {
	values, names := make([]any, 0, len(args)/2), make([]string, 0, len(args)/2)
	count, counted := 0, false
	for i := 1; i < len(args); i += 2 {
		name, _ := args[i-1].(string)
		if n, ok := args[i].(int); ok && name == i18n.Count {
			count, counted = n, true // chooses the plural form: a number, and stays one
			continue
		}
		values, names = append(values, args[i]), append(names, name)
	}
	text := ""
	if counted {
		text = x.counted(key, count, names)
	} else {
		text = x.words.Marked(key, names...)
	}
	return template.HTML(i18n.Fill(text, template.HTMLEscapeString, func(i int) string {
		if i < len(values) {
			return string(x.piece(values[i]))
		}
		return ""
	}))
}

// piece is a value among words, as HTML.
func (x tools) piece(value any) template.HTML {
	if piece, isHTML := value.(template.HTML); isHTML {
		return piece
	}
	piece := template.HTML(template.HTMLEscapeString(fmt.Sprint(value)))
	if _, isText := value.(string); isText && x.words.Dir() == "rtl" {
		return "<bdi>" + piece + "</bdi>"
	}
	return piece
}

// counted is Marked for words with a plural form.
func (x tools) counted(key string, count int, names []string) string {
	args := []any{i18n.Count, count}
	for i, name := range names {
		args = append(args, name, i18n.Mark(i))
	}
	return x.words.T(key, args...)
}

// joined is text of a key in two halves, which bake puts in the place of {{t (print "a." .B)}}.
func (x tools) joined(prefix string, rest any) string {
	if s, ok := rest.(string); ok {
		return x.words.T(prefix + s)
	}
	return x.words.T(fmt.Sprint(prefix, rest))
}

// icon returns a drawing of static/img/icons.svg: 20 px beside text, 24 px with "big".
// Pointing ones turn with the language ("turn"). It is decoration: words stand beside it.
func (x tools) icon(name string, classes ...string) template.HTML {
	class, size := strings.Join(append([]string{"icon"}, classes...), " "), "20"
	if slices.Contains(classes, "big") {
		size = "24"
	}
	return template.HTML(`<svg class="` + template.HTMLEscapeString(class) + `" width="` + size + `" height="` + size + `" aria-hidden="true"><use href="` +
		template.HTMLEscapeString(x.asset("icons.svg")+"#i-"+name) + `"/></svg>`)
}

// num shows a masked number, left to right in every language, and says it in words to
// those who listen.
func (x tools) num(masked string) template.HTML {
	return template.HTML(`<span class="num" dir="ltr" aria-hidden="true">` + template.HTMLEscapeString(masked) +
		`</span><span class="vh">` + template.HTMLEscapeString(x.words.T("number.ending", "ending", phone.Ending(masked))) + `</span>`)
}

// digits shows a number as it is written, in one piece and left to right.
func digits(number string) template.HTML {
	return template.HTML(`<span class="num" dir="ltr">` + template.HTMLEscapeString(number) + `</span>`)
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
