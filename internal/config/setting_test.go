package config

import (
	"strings"
	"testing"
)

func TestDefault(t *testing.T) {
	c := Default()
	for _, s := range settings(&c) {
		if (s.normal != "") == isEmpty(s.value) {
			// A level's zero value is info.
			if s.key != "log.level" {
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
			if strings.Contains(strings.ToLower(s.key+" "+s.field), word) {
				t.Errorf("setting %s (%s) has %q in its name: the demo has no settings", s.key, s.field, word)
			}
		}
	}
}
