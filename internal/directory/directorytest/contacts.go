package directorytest

import (
	"slices"
	"strings"
	"testing"

	"rekey/internal/directory"
	"rekey/internal/fault"
)

func add(t *testing.T, h Harness) {
	before := list(t, h, h.Bob)
	if err := h.Writer.AddContact(t.Context(), h.Bob, directory.Phone, numberA); err != nil {
		t.Fatalf("AddContact = %v", err)
	}
	expect(t, h, h.Bob, directory.Phone, numberA)
	if after := list(t, h, h.Bob); len(after) != len(before)+1 {
		t.Errorf("Methods after AddContact = %d, want %d", len(after), len(before)+1)
	}
	expect(t, h, h.Alice, directory.Phone, h.Phone)
}

func addTwice(t *testing.T, h Harness) {
	if err := h.Writer.AddContact(t.Context(), h.Alice, directory.Email, addressA); err != nil {
		t.Fatalf("AddContact(email) = %v", err)
	}
	for kind, value := range map[directory.Kind]string{directory.Phone: numberA, directory.Email: addressB} {
		err := h.Writer.AddContact(t.Context(), h.Alice, kind, value)
		if !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Invalid) {
			t.Errorf("AddContact(%s) where one is = %v, want conflict or invalid", kind, err)
		}
	}
	expect(t, h, h.Alice, directory.Phone, h.Phone)
	expect(t, h, h.Alice, directory.Email, addressA)
}

func addAlternate(t *testing.T, h Harness) {
	if err := h.Writer.AddContact(t.Context(), h.Alice, directory.AlternatePhone, numberB); err != nil {
		t.Fatalf("AddContact(alternate) = %v", err)
	}
	expect(t, h, h.Alice, directory.AlternatePhone, numberB)
	expect(t, h, h.Alice, directory.Phone, h.Phone)
	if err := h.Writer.UpdateContact(t.Context(), h.Alice, directory.AlternatePhone, numberA); err != nil {
		t.Fatalf("UpdateContact(alternate) = %v", err)
	}
	expect(t, h, h.Alice, directory.AlternatePhone, numberA)
}

func addAlternateAlone(t *testing.T, h Harness) {
	if err := h.Writer.AddContact(t.Context(), h.Bob, directory.AlternatePhone, numberA); !fault.Is(err, fault.Invalid) {
		t.Errorf("AddContact(alternate) without a phone = %v, want invalid", err)
	}
	expect(t, h, h.Bob, directory.AlternatePhone, "")
}

func addEmail(t *testing.T, h Harness) {
	before := list(t, h, h.Bob)
	if err := h.Writer.AddContact(t.Context(), h.Bob, directory.Email, addressA); err != nil {
		t.Fatalf("AddContact(email) = %v", err)
	}
	expect(t, h, h.Bob, directory.Email, addressA)
	if err := h.Writer.UpdateContact(t.Context(), h.Bob, directory.Email, addressB); err != nil {
		t.Fatalf("UpdateContact(email) = %v", err)
	}
	expect(t, h, h.Bob, directory.Email, addressB)
	if after := list(t, h, h.Bob); len(after) != len(before)+1 {
		t.Errorf("Methods after both = %d, want %d: changed in place", len(after), len(before)+1)
	}
	expect(t, h, h.Alice, directory.Email, "")
}

func update(t *testing.T, h Harness) {
	before := list(t, h, h.Alice)
	for _, number := range []string{numberA, numberB} {
		if err := h.Writer.UpdateContact(t.Context(), h.Alice, directory.Phone, number); err != nil {
			t.Fatalf("UpdateContact = %v", err)
		}
		expect(t, h, h.Alice, directory.Phone, number)
	}
	if after := list(t, h, h.Alice); len(after) != len(before) {
		t.Errorf("Methods after UpdateContact = %d, want %d: in place", len(after), len(before))
	}
	expect(t, h, h.Bob, directory.Phone, "")
}

func updateSame(t *testing.T, h Harness) {
	if err := h.Writer.UpdateContact(t.Context(), h.Alice, directory.Phone, h.Phone); err != nil {
		t.Errorf("UpdateContact with the value that is there = %v, want nil", err)
	}
	expect(t, h, h.Alice, directory.Phone, h.Phone)
}

func updateAbsent(t *testing.T, h Harness) {
	for kind, value := range map[directory.Kind]string{directory.Phone: numberA, directory.AlternatePhone: numberA, directory.Email: addressA} {
		err := h.Writer.UpdateContact(t.Context(), h.Bob, kind, value)
		if !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Invalid) {
			t.Errorf("UpdateContact(%s) where none is = %v, want conflict or invalid", kind, err)
		}
		expect(t, h, h.Bob, kind, "")
	}
}

// furnish gives Alice every contact.
func furnish(t *testing.T, h Harness) {
	t.Helper()
	for kind, value := range map[directory.Kind]string{directory.AlternatePhone: numberB, directory.Email: addressA} {
		if err := h.Writer.AddContact(t.Context(), h.Alice, kind, value); err != nil {
			t.Fatalf("AddContact(%s) = %v", kind, err)
		}
	}
}

func remove(t *testing.T, h Harness) {
	before := list(t, h, h.Alice)
	furnish(t, h)
	if err := h.Writer.RemoveContact(t.Context(), h.Alice, directory.Email); err != nil {
		t.Errorf("RemoveContact(email) = %v", err)
	}
	expect(t, h, h.Alice, directory.Email, "")
	expect(t, h, h.Alice, directory.AlternatePhone, numberB)
	if err := h.Writer.RemoveContact(t.Context(), h.Alice, directory.AlternatePhone); err != nil {
		t.Errorf("RemoveContact(alternate) = %v", err)
	}
	if after := list(t, h, h.Alice); !slices.Equal(before, after) {
		t.Errorf("Methods after what was added went = %v, want %v", after, before)
	}
}

func removeTwice(t *testing.T, h Harness) {
	furnish(t, h)
	for _, kind := range []directory.Kind{directory.AlternatePhone, directory.Email} {
		for n := range 3 {
			if err := h.Writer.RemoveContact(t.Context(), h.Alice, kind); err != nil {
				t.Errorf("RemoveContact(%s), call %d = %v, want nil: what is not there is no error", kind, n+1, err)
			}
			expect(t, h, h.Alice, kind, "")
		}
	}
	for _, kind := range []directory.Kind{directory.Phone, directory.AlternatePhone, directory.Email} {
		if err := h.Writer.RemoveContact(t.Context(), h.Bob, kind); err != nil {
			t.Errorf("RemoveContact(%s) of somebody without = %v, want nil", kind, err)
		}
	}
}

func removeBesideAlternate(t *testing.T, h Harness) {
	furnish(t, h)
	if err := h.Writer.RemoveContact(t.Context(), h.Alice, directory.Phone); !fault.Is(err, fault.Invalid) {
		t.Errorf("RemoveContact(phone) beside an alternate = %v, want invalid", err)
	}
	expect(t, h, h.Alice, directory.Phone, h.Phone)
	expect(t, h, h.Alice, directory.AlternatePhone, numberB)
}

func removeAndAdd(t *testing.T, h Harness) {
	furnish(t, h)
	for kind, value := range map[directory.Kind]string{directory.AlternatePhone: numberA, directory.Email: addressB} {
		if err := h.Writer.RemoveContact(t.Context(), h.Alice, kind); err != nil {
			t.Fatalf("RemoveContact(%s) = %v", kind, err)
		}
		if err := h.Writer.AddContact(t.Context(), h.Alice, kind, value); err != nil {
			t.Errorf("AddContact(%s) after its removal = %v", kind, err)
		}
		expect(t, h, h.Alice, kind, value)
	}
}

// removeLast removes what most likely is the default second factor. A directory may keep
// that; whether it did is in the answer.
func removeLast(t *testing.T, h Harness) {
	err := h.Writer.RemoveContact(t.Context(), h.Alice, directory.Phone)
	switch {
	case err == nil:
		expect(t, h, h.Alice, directory.Phone, "")
	case fault.Is(err, fault.Invalid):
		expect(t, h, h.Alice, directory.Phone, h.Phone)
	default:
		t.Errorf("RemoveContact(phone) = %v, want nil or invalid", err)
	}
}

func otherKinds(t *testing.T, h Harness) {
	before := list(t, h, h.Alice)
	for _, kind := range []directory.Kind{"", directory.OfficePhone, directory.Authenticator, directory.Passkey, directory.Password, directory.Unknown, "email/../x"} {
		if err := h.Writer.AddContact(t.Context(), h.Alice, kind, numberA); fault.As(err) == nil {
			t.Errorf("AddContact(%q) = %v, want a fault", kind, err)
		}
		if err := h.Writer.UpdateContact(t.Context(), h.Alice, kind, numberA); fault.As(err) == nil {
			t.Errorf("UpdateContact(%q) = %v, want a fault", kind, err)
		}
		if err := h.Writer.RemoveContact(t.Context(), h.Alice, kind); fault.As(err) == nil {
			t.Errorf("RemoveContact(%q) = %v, want a fault", kind, err)
		}
	}
	if after := list(t, h, h.Alice); !slices.Equal(before, after) {
		t.Errorf("Methods after refused writes = %v, want %v", after, before)
	}
}

func notANumber(t *testing.T, h Harness) {
	for _, number := range []string{"", "+", "hello", "2025550161", "+0123", addressA} {
		if err := h.Writer.UpdateContact(t.Context(), h.Alice, directory.Phone, number); !fault.Is(err, fault.Invalid) {
			t.Errorf("UpdateContact(%q) = %v, want invalid", number, err)
		}
	}
	expect(t, h, h.Alice, directory.Phone, h.Phone)
}

func notAnAddress(t *testing.T, h Harness) {
	for _, address := range []string{"", "@", "alice", "alice@", "@home.example", "a@b.example,c@d.example", "a@b@c.example", "a b@c.example",
		"a@c.example\r\nBcc: x@y.example", "A <a@c.example>", strings.Repeat("a", 250) + "@c.example", numberA} {
		if err := h.Writer.AddContact(t.Context(), h.Alice, directory.Email, address); !fault.Is(err, fault.Invalid) {
			t.Errorf("AddContact(email, %q) = %v, want invalid", address, err)
		}
	}
	expect(t, h, h.Alice, directory.Email, "")
}
