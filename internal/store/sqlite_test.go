package store_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"rekey/internal/keyring"
	"rekey/internal/store"
	"rekey/internal/store/storetest"
)

func ring(t *testing.T) *keyring.Ring {
	t.Helper()
	r, err := keyring.New(bytes.Repeat([]byte{7}, keyring.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// opened returns a store with its tables, closed at the end of the test.
func opened(t *testing.T, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: url, Ring: ring(t)})
	if err != nil {
		t.Fatalf("Open(%q) = %v, want no error", url, err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close = %v, want no error", err)
		}
	})
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatalf("Migrate = %v, want no error", err)
	}
	return s
}

func TestSQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Fixture {
		dir := t.TempDir()
		url := "sqlite:" + filepath.Join(dir, "rekey.db")
		s := opened(t, url)
		return storetest.Fixture{
			Store: s,
			Reopen: func(t *testing.T) storetest.Store {
				if err := s.Close(); err != nil {
					t.Fatalf("Close = %v, want no error", err)
				}
				s = opened(t, url)
				return s
			},
			Raw: func(t *testing.T) []byte { return files(t, dir) },
		}
	})
}

// files returns all that is in a folder.
func files(t *testing.T, dir string) []byte {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	return all
}
