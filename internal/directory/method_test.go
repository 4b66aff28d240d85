package directory

import (
	"slices"
	"testing"
)

func TestMasked_PRV1(t *testing.T) {
	tests := []struct {
		kind  Kind
		value string
		want  string
	}{
		{Phone, "+12025550142", "+1 •••-•••-••42"},
		{Email, "maya@example.net", "m••••@example.net"},
		{Email, "m@example.net", "m••••@example.net"},
		{Email, "émile@example.net", "é••••@example.net"},
		{Email, "@example.net", "••••@example.net"},
		{Email, "nonsense", "••••"},
		{OfficePhone, "", "••••"},
	}
	for _, tt := range tests {
		if got := (Method{Kind: tt.kind, Value: tt.value}).Masked(); got != tt.want {
			t.Errorf("Masked of %s %q = %q, want %q", tt.kind, tt.value, got, tt.want)
		}
	}
}

func TestAskedBeforeText(t *testing.T) {
	all := []Method{{Kind: HardwareToken}, {Kind: Password}, {Kind: Phone}, {Kind: CodeApp}, {Kind: Authenticator, Name: "old"}, {Kind: WindowsHello},
		{Kind: Authenticator, Name: "new"}, {Kind: Unknown}, {Kind: Passkey}, {Kind: Pass}}
	var got []string
	for _, m := range AskedBeforeText(all) {
		got = append(got, string(m.Kind)+m.Name)
	}
	if want := []string{"pass", "passkey", "authenticatorold", "authenticatornew", "code-app", "hardware-token"}; !slices.Equal(got, want) {
		t.Errorf("AskedBeforeText = %v, want %v", got, want)
	}
}

func TestWithKeepsTheOriginal(t *testing.T) {
	before := Snapshot{Methods: []Method{{ID: "1", Kind: Phone, Value: "a"}, {ID: "2", Kind: Email, Value: "b"}}}
	after := before.With(Phone, "", "c")
	if m, _ := after.Contact(Phone); m.Value != "c" || m.ID != "1" {
		t.Errorf("With replaced to %+v, want value c of the same method", m)
	}
	if m, _ := before.Contact(Phone); m.Value != "a" {
		t.Errorf("With changed the snapshot it was called on: %+v", m)
	}
	added := before.With(AlternatePhone, "3", "d")
	if m, ok := added.Contact(AlternatePhone); !ok || m.Value != "d" || len(before.Methods) != 2 {
		t.Errorf("With added %+v", m)
	}
}

func TestParsePersonID(t *testing.T) {
	id := PersonID{Tenant: "t", Object: "o"}
	if got, ok := ParsePersonID(id.String()); !ok || got != id {
		t.Errorf("ParsePersonID(%q) = %v, %v", id, got, ok)
	}
	for _, bad := range []string{"", "t", "/o", "t/", "t/o/x"} {
		if got, ok := ParsePersonID(bad); ok {
			t.Errorf("ParsePersonID(%q) = %v, want refused", bad, got)
		}
	}
}
