package templates

import (
	"fmt"
	"html/template"
	"strings"
)

// Subject is what a page is about: a contact, and what is done to it. Words are chosen by
// both, see say.
type Subject struct {
	Kind string // "phone", "alternate-phone", "email"
	Act  string // "add", "change", "remove", "promote", "test"
}

// endings are the ends of keys, the most exact one first.
func (s Subject) endings() []string {
	return []string{"." + s.Act + "." + s.Kind, "." + s.Act, "." + s.Kind, ""}
}

// Form is where the contact is added or changed.
func (s Subject) Form() string { return formOf(s.Kind) }

// formOf is the path at which a contact of a kind is added or changed.
func formOf(kind string) string {
	switch kind {
	case "alternate-phone":
		return "/contacts/alternate-mobile"
	case "email":
		return "/contacts/email"
	}
	return "/contacts/mobile"
}

// subjected is a page about a contact.
type subjected interface{ endings() []string }

// say returns the key of the most exact words that there are: the beginning, the texts that
// follow it, and then what is done to which contact, or only one of them, or neither.
func (x tools) say(begin string, parts ...any) (string, error) {
	key := begin
	for _, part := range parts {
		switch p := part.(type) {
		case string:
			key += p
		case subjected:
			for _, end := range p.endings() {
				if x.words.Has(key + end) {
					return key + end, nil
				}
			}
			return key, nil
		default:
			return "", fmt.Errorf("templates: %q is said of nothing: %T", begin, part)
		}
	}
	return key, nil
}

// by returns the key for a channel: messages are texts unless there are words for the
// channel.
func (x tools) by(key, channel string) string {
	if x.words.Has(key + "." + channel) {
		return key + "." + channel
	}
	return key
}

// shown shows a masked contact, whatever it is.
func (x tools) shown(masked string) template.HTML {
	if strings.Contains(masked, "@") {
		return isolate(masked)
	}
	return x.num(masked)
}

// over says where a page stands in what it is about; the last step is step 0.
func (x tools) over(s subjected, step, of int) (string, error) {
	key, err := x.say("over.what", s)
	if err != nil {
		return "", err
	}
	what := x.words.T(key)
	if step == 0 {
		return x.words.T("over.last", "what", what), nil
	}
	return x.words.T("over.step", "what", what, "step", step, "of", of), nil
}
