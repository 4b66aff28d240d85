package config

import (
	"reflect"
	"strings"
)

// envPrefix begins the name of every setting in the environment.
const envPrefix = "REKEY_"

// setting is one leaf of the tree.
type setting struct {
	key     string // "sms.url"
	env     string // "REKEY_SMS_URL"
	field   string // "SMS.URL", as in Go
	value   reflect.Value
	normal  string // default, as text
	example string
	need    string
}

// secret reports whether the setting holds secrets.
func (s setting) secret() bool {
	switch s.value.Interface().(type) {
	case Secret, []Secret, map[string]Secret:
		return true
	}
	return false
}

// settings lists the leaves of a configuration in the order of the tree. Their values
// are settable when c is a pointer's target.
func settings(c *Config) []setting { return leaves(reflect.ValueOf(c).Elem(), "", "") }

func leaves(tree reflect.Value, key, field string) []setting {
	var found []setting
	for i := range tree.NumField() {
		about := tree.Type().Field(i)
		name := about.Tag.Get("key")
		if name == "-" {
			continue
		}
		value, name, goName := tree.Field(i), key+name, field+about.Name
		if value.Kind() == reflect.Struct && !isValue(value) {
			found = append(found, leaves(value, name+".", goName+".")...)
			continue
		}
		found = append(found, setting{key: name, field: goName, value: value,
			env:    envPrefix + strings.ToUpper(strings.ReplaceAll(name, ".", "_")),
			normal: about.Tag.Get("default"), example: about.Tag.Get("example"), need: about.Tag.Get("need")})
	}
	return found
}

// isValue reports whether a struct is a value of its own and not a section.
func isValue(v reflect.Value) bool { return set(v.Addr().Interface(), node{}) != notAValue }
