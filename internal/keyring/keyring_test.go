package keyring

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func ring(t *testing.T, fills ...byte) *Ring {
	t.Helper()
	var keys [][]byte
	for _, b := range fills {
		keys = append(keys, bytes.Repeat([]byte{b}, KeySize))
	}
	r, err := New(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSealOpensOnlyInItsPlace(t *testing.T) {
	r := ring(t, 1)
	sealed, err := r.Seal([]byte("+12025550142"), "change", "value", "7")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("2025550142")) {
		t.Error("Seal left the value readable")
	}
	if got, err := r.Open(sealed, "change", "value", "7"); err != nil || string(got) != "+12025550142" {
		t.Errorf("Open = %q, %v", got, err)
	}
	for _, place := range [][]string{{"change", "value", "8"}, {"change", "before", "7"}, {"change", "value7"}, {"changevalue", "", "7"}, {}} {
		if _, err := r.Open(sealed, place...); !errors.Is(err, ErrUnreadable) {
			t.Errorf("Open(%q) = %v, want ErrUnreadable", place, err)
		}
	}
	sealed[len(sealed)-1] ^= 1
	if _, err := r.Open(sealed, "change", "value", "7"); !errors.Is(err, ErrUnreadable) {
		t.Errorf("Open of a changed text = %v, want ErrUnreadable", err)
	}
	if _, err := r.Open([]byte("x"), "change"); !errors.Is(err, ErrUnreadable) {
		t.Errorf("Open of a short text = %v, want ErrUnreadable", err)
	}
}

func TestRotation_COD9(t *testing.T) {
	before, after := ring(t, 1), ring(t, 2, 1)
	sealed, _ := before.Seal([]byte("x"), "p")
	mac := before.MAC([]byte("code"), []byte("123456"))
	if got, err := after.Open(sealed, "p"); err != nil || string(got) != "x" {
		t.Errorf("Open with the old key second in the ring = %q, %v", got, err)
	}
	if !after.VerifyMAC(mac, []byte("code"), []byte("123456")) {
		t.Error("VerifyMAC refuses a MAC of the old key")
	}
	if bytes.Equal(after.MAC([]byte("code"), []byte("123456")), mac) {
		t.Error("MAC still writes with the old key")
	}
	if gone := ring(t, 2); gone.VerifyMAC(mac, []byte("code"), []byte("123456")) {
		t.Error("VerifyMAC accepts a key that is gone")
	}
}

func TestMACPartsDoNotRunTogether(t *testing.T) {
	r := ring(t, 1)
	mac := r.MAC([]byte("ab"), []byte("c"))
	for _, parts := range [][][]byte{{[]byte("a"), []byte("bc")}, {[]byte("abc")}, {[]byte("ab"), []byte("c"), nil}} {
		if r.VerifyMAC(mac, parts...) {
			t.Errorf("VerifyMAC(%q) = true, want false", parts)
		}
	}
}

func TestParse(t *testing.T) {
	k1, err := NewKey(bytes.NewReader(bytes.Repeat([]byte{1}, KeySize)))
	if err != nil {
		t.Fatal(err)
	}
	k2, _ := NewKey(bytes.NewReader(bytes.Repeat([]byte{2}, KeySize)))
	if r, err := Parse(k1 + ",\n" + k2); err != nil || len(r.keys) != 2 {
		t.Errorf("Parse of two keys = %v, %v", r, err)
	}
	for _, bad := range []string{"", " ,", "not base64!", "c2hvcnQ="} {
		if _, err := Parse(bad); err == nil || strings.Contains(err.Error(), "c2hvcnQ") {
			t.Errorf("Parse(%q) = %v, want an error that does not show the key", bad, err)
		}
	}
}
