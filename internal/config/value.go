package config

import (
	"log/slog"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode"

	"rekey/internal/limit"
)

// notAValue is what set answers for types that no setting has.
const notAValue = "this is a section."

// set reads a node into the setting that target points to. It returns "" or a sentence
// with what to write instead, never with what was written: that may be a secret.
func set(target any, n node) string {
	switch t := target.(type) {
	case *string:
		return one(t, n, "write one text.", func(s string) (string, bool) { return s, true })
	case *Secret:
		return one(t, n, "write one text.", func(s string) (Secret, bool) { return Secret(s), true })
	case *int:
		return one(t, n, "write a whole number.", number)
	case *bool:
		return one(t, n, "write true or false.", truth)
	case *time.Duration:
		return one(t, n, "write a time with its unit, such as 5s or 1m.", duration)
	case *slog.Level:
		return one(t, n, "write debug, info, warn or error.", level)
	case *limit.Window:
		return one(t, n, windowHint, window)
	case *[]string:
		return many(t, n, "write a list of texts.", func(s string) (string, bool) { return s, s != "" })
	case *[]Secret:
		return many(t, n, "write a list of texts.", func(s string) (Secret, bool) { return Secret(s), s != "" })
	case *[]int:
		return many(t, n, "write a list of whole numbers.", number)
	case *[]limit.Window:
		return many(t, n, windowHint, window)
	case *[]netip.Prefix:
		return many(t, n, "write networks such as 10.0.0.0/24 or single addresses.", prefix)
	case *map[string]Secret:
		return headers(t, n)
	case *[]Network:
		return networks(t, n)
	}
	return notAValue
}

// one reads a single value.
func one[T any](target *T, n node, hint string, read func(string) (T, bool)) string {
	if n.kind != scalar {
		return hint
	}
	value, ok := read(n.text)
	if !ok {
		return hint
	}
	*target = value
	return ""
}

// many reads a list, or one text with commas or line breaks between the values.
func many[T any](target *[]T, n node, hint string, read func(string) (T, bool)) string {
	items := n.items
	if n.kind == scalar {
		for text := range strings.FieldsFuncSeq(n.text, func(r rune) bool { return strings.ContainsRune(",\r\n", r) }) {
			items = append(items, node{kind: scalar, text: text})
		}
	} else if n.kind != list {
		return hint
	}
	values := make([]T, 0, len(items))
	for _, item := range items {
		value, ok := read(strings.TrimSpace(item.text))
		if item.kind != scalar || !ok {
			return hint
		}
		values = append(values, value)
	}
	*target = values
	return ""
}

// headers reads a mapping, or one text with a `Name: value` on each line.
func headers(target *map[string]Secret, n node) string {
	const hint = "write a header on each line, as its name, a colon and its value, each name once."
	found := map[string]Secret{}
	fields := n.fields
	if n.kind == scalar {
		for line := range strings.SplitSeq(n.text, "\n") {
			if strings.TrimSpace(line) == "" {
				continue
			}
			name, value, ok := strings.Cut(line, ":")
			if !ok {
				return hint
			}
			fields = append(fields, field{name: strings.TrimSpace(name), value: node{kind: scalar, text: strings.TrimSpace(value)}})
		}
	} else if n.kind != mapping {
		return hint
	}
	for _, f := range fields {
		if _, twice := found[f.name]; twice || f.value.kind != scalar || f.name == "" {
			return hint
		}
		found[f.name] = Secret(f.value.text)
	}
	*target = found
	return ""
}

// networks reads a list of mappings with name and prefixes, or one text with a
// `Name: prefix, prefix` on each line.
func networks(target *[]Network, n node) string {
	const hint = "write a list of networks, each with its name (at most 40 letters on one line) and its prefixes, such as 10.1.0.0/16."
	items := n.items
	if n.kind == scalar {
		for line := range strings.SplitSeq(n.text, "\n") {
			if strings.TrimSpace(line) == "" {
				continue
			}
			name, prefixes, _ := strings.Cut(line, ":")
			items = append(items, node{kind: mapping, fields: []field{
				{name: "name", value: node{kind: scalar, text: name}}, {name: "prefixes", value: node{kind: scalar, text: prefixes}}}})
		}
	} else if n.kind != list {
		return hint
	}
	found := make([]Network, 0, len(items))
	for _, item := range items {
		one, ok := network(item)
		if !ok {
			return hint
		}
		found = append(found, one)
	}
	*target = found
	return ""
}

// network reads one network. Its name stands in texts and mails.
func network(n node) (made Network, ok bool) {
	for _, f := range n.fields {
		switch f.name {
		case "name":
			made.Name = strings.TrimSpace(f.value.text)
			ok = f.value.kind == scalar
		case "prefixes":
			ok = many(&made.Prefixes, f.value, "-", prefix) == ""
		default:
			ok = false
		}
		if !ok {
			return made, false
		}
	}
	return made, n.kind == mapping && made.Name != "" && len(made.Prefixes) > 0 && len([]rune(made.Name)) <= 40 &&
		!strings.ContainsFunc(made.Name, unicode.IsControl)
}

func truth(s string) (value, ok bool) {
	value = strings.EqualFold(strings.TrimSpace(s), "true")
	return value, value || strings.EqualFold(strings.TrimSpace(s), "false")
}

func number(s string) (int, bool) {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	return n, err == nil
}

func duration(s string) (time.Duration, bool) {
	d, err := time.ParseDuration(strings.TrimSpace(s))
	return d, err == nil && d > 0
}

func level(s string) (slog.Level, bool) {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	l, ok := levels[strings.ToLower(strings.TrimSpace(s))]
	return l, ok
}

const windowHint = "write a count and a time, such as 3 per 5m."

func window(s string) (limit.Window, bool) {
	count, span, ok := strings.Cut(s, " per ")
	n, numeric := number(strings.TrimSpace(count))
	d, timely := duration(strings.TrimSpace(span))
	return limit.Window{Count: n, Span: d}, ok && numeric && timely && n > 0 && d >= time.Second
}

func prefix(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), p.Bits() > 0
	}
	ip, err := netip.ParseAddr(s)
	if err != nil || ip.Zone() != "" {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(ip, ip.BitLen()), true
}
