package main

import (
	"os"
	"testing"

	"github.com/google/uuid"
)

// A folder that an older demo left keeps its registrations and gets those that came since.
func TestDemoApps_AnOlderFolderGoesOnWorking(t *testing.T) {
	f := folder(t.TempDir())
	old, err := newApps(uuid.NewString, appNames()[:2]...)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(f.path(appsFile), old, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := parseApps(old); err == nil {
		t.Error("two registrations alone are taken for all, want an error")
	}
	var kept [2]demoApps
	for i := range kept {
		text, err := f.apps()
		if err != nil {
			t.Fatal(err)
		}
		if kept[i], err = parseApps([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if len(text) <= len(old) || text[:len(old)] != string(old) {
			t.Error("the registrations of the older demo changed")
		}
	}
	if kept[0].Reset.ID == "" || kept[0].Reset.ID != kept[1].Reset.ID || kept[0].Reset.ID == kept[0].Worker.ID {
		t.Errorf("the third registration is %q, then %q, want one of its own that stays", kept[0].Reset.ID, kept[1].Reset.ID)
	}
}
