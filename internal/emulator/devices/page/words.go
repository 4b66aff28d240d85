package page

import (
	"html/template"
	"strconv"
	"strings"
	"unicode"

	"rekey/internal/emulator/tenant"
)

// Ending writes a number so that its owner knows it and nobody else learns it.
func Ending(number string) string {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, number)
	if len(digits) < 2 {
		return ""
	}
	return "the number ending in " + digits[len(digits)-2:]
}

// Spaced writes an E.164 number in groups that can be read out, "+1 425 555 0142".
func Spaced(e164 string) string {
	country, rest, ok := strings.Cut(tenant.GraphNumber(e164), " ")
	if !ok {
		return e164
	}
	groups := []string{country}
	for len(rest) > 4 {
		n := 3
		if len(rest)%3 == 2 && len(rest) <= 8 {
			n = 4
		}
		groups, rest = append(groups, rest[:n]), rest[n:]
	}
	return strings.Join(append(groups, rest), " ")
}

// List writes names as a sentence does: "a, b and c".
func List(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// Count writes a number with its noun.
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// Initials are the first letters of the first and the last part of a name.
func Initials(name string) string {
	parts := strings.FieldsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || r == '-' })
	if len(parts) == 0 {
		return ""
	}
	first := []rune(parts[0])[:1]
	if len(parts) == 1 {
		return string(first)
	}
	return string(first) + string([]rune(parts[len(parts)-1])[:1])
}

// address writes a mail address so that a narrow line is broken before its domain.
func address(a string) template.HTML {
	local, domain, _ := strings.Cut(a, "@")
	return template.HTML("<bdi>" + template.HTMLEscapeString(local) + "<wbr>@" + template.HTMLEscapeString(domain) + "</bdi>")
}

// isolate keeps a name in another script from turning the words around it.
func isolate(name string) template.HTML {
	return template.HTML("<bdi>" + template.HTMLEscapeString(name) + "</bdi>")
}
