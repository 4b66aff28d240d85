package config

import (
	"reflect"
	"strings"
	"testing"
)

func TestDefault(t *testing.T) {
	c := Default()
	for _, s := range settings(&c) {
		if (s.normal != "") == isEmpty(s.value) {
			// The zero value of a level is info, that of a switch is off.
			if s.key != "log.level" && s.value.Kind() != reflect.Bool {
				t.Errorf("default of %s = %v, want %q", s.key, s.value, s.normal)
			}
		}
		if s.normal != "" && s.need != "" {
			t.Errorf("%s has a default and must be set all the same", s.key)
		}
	}
}

func TestSettings_NamesAreUnique(t *testing.T) {
	var c Config
	seen := map[string]string{}
	for _, s := range settings(&c) {
		names := []string{s.env}
		if s.secret() {
			names = append(names, s.env+"_FILE")
		}
		for _, name := range names {
			if other := seen[name]; other != "" {
				t.Errorf("%s names both %s and %s", name, other, s.key)
			}
			seen[name] = s.key
		}
	}
	if len(seen) < 40 {
		t.Errorf("%d names found, want the whole tree", len(seen))
	}
}

// Nothing in production may switch the demo's surface on (surface.md).
func TestSettings_NoneForTheDemo(t *testing.T) {
	var c Config
	for _, s := range settings(&c) {
		for _, word := range []string{"demo", "emul", "fault", "handset", "clock", "mailbox", "insecure", "skip", "debug", "transport", "test"} {
			// This one chooses between a real mail server and the real Graph.
			if s.key == "mail.transport" && word == "transport" {
				continue
			}
			if strings.Contains(strings.ToLower(s.key+" "+s.field), word) {
				t.Errorf("setting %s (%s) has %q in its name: the demo has no settings", s.key, s.field, word)
			}
		}
	}
}
