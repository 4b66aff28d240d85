package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestSecret_IsNeverPrinted(t *testing.T) {
	w := newWorld(strings.ReplaceAll(good, "web-secret", canary))
	w.env["REKEY_SMS_HEADERS"] = "Authorization: Bearer " + canary
	w.env["REKEY_DATABASE"] = "postgres://u:" + canary + "@db/"
	c, err := w.load()
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "config", c, "secret", c.Web.Secret)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "config", c, "secret", c.Web.Secret)
	text, err := json.Marshal(c.SMS)
	if err != nil {
		t.Fatal(err)
	}
	printed := fmt.Sprintf("%v %+v %#v %s %q %x %d", c, c, c, c.Web.Secret, c.Web.Secret, c.Web.Secret, c.Keys) + log.String() + string(text)
	if strings.Contains(printed, canary) || strings.Contains(printed, fmt.Sprintf("%x", canary)) || strings.Contains(printed, "a2tra2") {
		t.Errorf("a printed configuration holds a secret: %s", printed)
	}
	if !strings.Contains(printed, hidden) {
		t.Errorf("printed = %s, want %q in place of secrets", printed, hidden)
	}
}
