package config

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// Mistakes is everything that is wrong with a configuration, a sentence each. None
// repeats a value.
type Mistakes []string

// Error lists them, one on each line.
func (m Mistakes) Error() string { return strings.Join(m, "\n") }

// Default returns the configuration of an empty file.
func Default() Config {
	l := loader{}
	l.defaults()
	return l.config
}

// Load reads a file and overlays the environment: the setting sms.url is REKEY_SMS_URL
// there, and a secret may also stand in the file that REKEY_SMS_HEADERS_FILE names. An
// empty path reads the environment alone. Only what the roles need must be there; no
// role means all.
//
// An error is always Mistakes.
func Load(path string, env func(string) (string, bool), readFile func(string) ([]byte, error), roles ...Role) (Config, error) {
	l := loader{env: env, readFile: readFile, roles: roles, file: filepath.Base(path), origin: map[string]string{}, bad: map[string]bool{}}
	if len(roles) == 0 {
		l.roles = []Role{Web, Worker}
	}
	l.defaults()
	if path != "" && !l.readYAML(path) {
		return Config{}, l.mistakes // what else is wrong could only be guessed
	}
	l.readEnvironment()
	if len(roles) == 0 && l.config.ResetOn() {
		l.roles = append(l.roles, Reset)
	}
	l.checkNeeded()
	l.check()
	if len(l.mistakes) > 0 {
		return Config{}, l.mistakes
	}
	return l.config, nil
}

type loader struct {
	config   Config
	env      func(string) (string, bool)
	readFile func(string) ([]byte, error)
	roles    []Role
	file     string
	origin   map[string]string // setting → where its value comes from
	bad      map[string]bool   // settings already complained about
	mistakes Mistakes
}

// complain adds a mistake, once for each setting.
func (l *loader) complain(key, sentence string) {
	if l.bad[key] {
		return
	}
	l.bad[key] = true
	if from := l.origin[key]; from != "" {
		key += " (" + from + ")"
	}
	l.mistakes = append(l.mistakes, key+": "+sentence)
}

func (l *loader) defaults() {
	for _, s := range settings(&l.config) {
		if s.normal == "" {
			continue
		}
		if wrong := set(s.value.Addr().Interface(), node{kind: scalar, text: s.normal}); wrong != "" {
			l.complain(s.key, wrong)
		}
	}
}

// readYAML takes over what the file says. It reports whether it could be read at all.
func (l *loader) readYAML(path string) bool {
	data, err := l.readFile(path)
	if err != nil {
		l.mistakes = append(l.mistakes, l.file+": the file cannot be read: check its path and its rights.")
		return false
	}
	tree, err := parseYAML(data)
	if err != nil {
		l.mistakes = append(l.mistakes, fmt.Sprintf("%s: %v.", l.file, err))
		return false
	}
	if tree.kind != nothing && tree.kind != mapping {
		l.mistakes = append(l.mistakes, l.file+": it holds no settings: write one on each line, as its name, a colon and its value.")
		return false
	}
	known := map[string]setting{}
	for _, s := range settings(&l.config) {
		known[s.key] = s
	}
	l.take("", tree, known)
	return true
}

// take walks a mapping of the file and sets what it knows.
func (l *loader) take(prefix string, tree node, known map[string]setting) {
	for _, f := range tree.fields {
		key := prefix + f.name
		if f.value.kind == nothing && (known[key].key != "" || isSection(key, known)) {
			continue
		}
		l.origin[key] = fmt.Sprintf("%s line %d", l.file, f.line)
		switch s, ok := known[key]; {
		case ok:
			if wrong := set(s.value.Addr().Interface(), f.value); wrong != "" {
				l.complain(key, wrong)
			}
		case !isSection(key, known):
			l.complain(key, "there is no such setting"+suggestion(key, known))
		case f.value.kind != mapping:
			l.complain(key, "this is a section: write its settings below it, indented, one on each line.")
			for name := range known { // they are not missing besides
				l.bad[name] = l.bad[name] || strings.HasPrefix(name, key+".")
			}
		default:
			l.take(key+".", f.value, known)
		}
	}
}

func isSection(key string, known map[string]setting) bool {
	for name := range known {
		if strings.HasPrefix(name, key+".") {
			return true
		}
	}
	return false
}

// suggestion names the known setting that looks most like the key.
func suggestion(key string, known map[string]setting) string {
	nearest, least := "", min(4, 1+len(key)/4)
	for _, s := range slices.SortedFunc(maps.Values(known), func(a, b setting) int { return cmp.Compare(a.key, b.key) }) {
		if d := distance(key, s.key); d < least {
			nearest, least = s.key, d
		}
	}
	if nearest == "" {
		return ", remove it."
	}
	return ": do you mean " + nearest + "?"
}

// distance is Levenshtein's: how many letters to add, drop or change.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, row[j]+1, corner+1)
		}
	}
	return row[len(b)]
}

func (l *loader) readEnvironment() {
	for _, s := range settings(&l.config) {
		text, from := l.variable(s)
		if text == "" {
			continue
		}
		l.origin[s.key] = from
		if wrong := set(s.value.Addr().Interface(), node{kind: scalar, text: text}); wrong != "" {
			l.complain(s.key, wrong)
		}
	}
}

// variable returns a setting's text in the environment, and the variable that gave it.
// An empty variable counts as not set, as container tools pass them.
func (l *loader) variable(s setting) (text, from string) {
	text, _ = l.env(s.env)
	if !s.secret() {
		return text, s.env
	}
	from = s.env + "_FILE"
	path, _ := l.env(from)
	if path == "" {
		return text, s.env
	}
	l.origin[s.key] = from
	if text != "" {
		l.complain(s.key, "it is also given as "+s.env+": keep one of the two.")
		return "", from
	}
	data, err := l.readFile(path)
	if err != nil {
		l.complain(s.key, "the file that it names cannot be read: check its path and its rights.")
		return "", from
	}
	return strings.TrimRight(string(data), "\r\n"), from
}

// checkNeeded complains about what must be set and is not.
func (l *loader) checkNeeded() {
	for _, s := range settings(&l.config) {
		section, _, _ := strings.Cut(s.key, ".")
		needed := s.need == "yes" || s.need == "role" && slices.Contains(l.roles, Role(section))
		if !needed || !isEmpty(s.value) {
			continue
		}
		l.complain(s.key, missing(s))
	}
}

func isEmpty(v reflect.Value) bool {
	return v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0
}

func missing(s setting) string {
	text := "it is missing: set it in the file or as " + s.env
	if s.secret() {
		text += " (or " + s.env + "_FILE)"
	}
	if s.example != "" {
		text += ", for example " + s.example
	}
	return text + "."
}
