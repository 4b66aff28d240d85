// Package directorytest holds what every implementation of directory.Reader and
// directory.Writer must do. An implementation's test calls Run with a way to make it.
//
// What only one implementation can get wrong, its wire for instance, is tested beside it.
package directorytest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/tx"
)

// Numbers that the tests write. Nobody owns them.
const (
	numberA = "+12025550161"
	numberB = "+442079460018"
)

// Harness is an implementation over a directory of its own, with people in it.
//
// Its budget, if it has one, must allow a hundred calls in a row, and what is written
// must show at once.
type Harness struct {
	Reader directory.Reader
	Writer directory.Writer

	Alice   directory.PersonID // enabled, with a phone and a password, without an alternate phone
	Phone   string             // Alice's phone, E.164
	Bob     directory.PersonID // enabled, without any phone
	Missing directory.PersonID // well-formed, of the same tenant, and nobody
}

// Run runs the suite. make is called once for each test.
func Run(t *testing.T, make func(t *testing.T) Harness) {
	for name, test := range map[string]func(*testing.T, Harness){
		"Account":                  account,
		"Methods":                  methods,
		"AddContact":               add,
		"AddContact twice":         addTwice,
		"AddContact alternate":     addAlternate,
		"UpdateContact":            update,
		"UpdateContact same value": updateSame,
		"UpdateContact not there":  updateAbsent,
		"nobody":                   nobody,
		"another tenant":           anotherTenant,
		"no person":                noPerson,
		"other kinds":              otherKinds,
		"not a number":             notANumber,
		"inside a transaction":     insideTransaction,
		"given up beforehand":      givenUp,
		"many readers at once":     parallel,
	} {
		t.Run(name, func(t *testing.T) { test(t, make(t)) })
	}
}

func account(t *testing.T, h Harness) {
	got, err := h.Reader.Account(t.Context(), h.Alice)
	if err != nil || !got.Enabled || got.Guest || got.DisplayName == "" || got.UserPrincipalName == "" {
		t.Errorf("Account(Alice) = %+v, %v, want an enabled member with names", got, err)
	}
}

func methods(t *testing.T, h Harness) {
	list := list(t, h, h.Alice)
	kinds := map[directory.Kind]int{}
	for _, m := range list {
		kinds[m.Kind]++
		if m.ID == "" {
			t.Errorf("Methods(Alice): %s without an id", m.Kind)
		}
	}
	if kinds[directory.Phone] != 1 || kinds[directory.Password] != 1 || kinds[directory.AlternatePhone] != 0 {
		t.Errorf("Methods(Alice) = %v, want one phone, one password and no alternate phone", kinds)
	}
	expect(t, h, h.Alice, directory.Phone, h.Phone)
	expect(t, h, h.Bob, directory.Phone, "")
}

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
	err := h.Writer.AddContact(t.Context(), h.Alice, directory.Phone, numberA)
	if !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Invalid) {
		t.Errorf("AddContact where one is = %v, want conflict or invalid", err)
	}
	expect(t, h, h.Alice, directory.Phone, h.Phone)
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
	err := h.Writer.UpdateContact(t.Context(), h.Bob, directory.Phone, numberA)
	if !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Invalid) {
		t.Errorf("UpdateContact where none is = %v, want conflict or invalid", err)
	}
	expect(t, h, h.Bob, directory.Phone, "")
}

func nobody(t *testing.T, h Harness) {
	notFound(t, h, h.Missing)
}

func anotherTenant(t *testing.T, h Harness) {
	notFound(t, h, directory.PersonID{Tenant: "00000000-0000-4000-8000-00000000000f", Object: h.Alice.Object})
	expect(t, h, h.Alice, directory.Phone, h.Phone)
}

func notFound(t *testing.T, h Harness, p directory.PersonID) {
	t.Helper()
	if _, err := h.Reader.Account(t.Context(), p); !fault.Is(err, fault.NotFound) {
		t.Errorf("Account(nobody) = %v, want not-found", err)
	}
	if _, err := h.Reader.Methods(t.Context(), p); !fault.Is(err, fault.NotFound) {
		t.Errorf("Methods(nobody) = %v, want not-found", err)
	}
	if err := h.Writer.AddContact(t.Context(), p, directory.Phone, numberA); !fault.Is(err, fault.NotFound) {
		t.Errorf("AddContact(nobody) = %v, want not-found", err)
	}
	if err := h.Writer.UpdateContact(t.Context(), p, directory.Phone, numberA); !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Conflict) {
		t.Errorf("UpdateContact(nobody) = %v, want not-found or conflict", err)
	}
}

func noPerson(t *testing.T, h Harness) {
	for _, p := range []directory.PersonID{{}, {Tenant: h.Alice.Tenant}, {Object: h.Alice.Object}, {Tenant: h.Alice.Tenant, Object: "x/../" + h.Alice.Object},
		{Tenant: h.Alice.Tenant, Object: "me"}} {
		for name, err := range calls(t.Context(), h, p, numberA) {
			if fault.As(err) == nil {
				t.Errorf("%s(%+v) = %v, want a fault", name, p, err)
			}
		}
	}
	expect(t, h, h.Alice, directory.Phone, h.Phone)
}

func otherKinds(t *testing.T, h Harness) {
	before := list(t, h, h.Alice)
	for _, kind := range []directory.Kind{"", directory.Email, directory.OfficePhone, directory.Authenticator, directory.Password, directory.Unknown} {
		if err := h.Writer.AddContact(t.Context(), h.Alice, kind, numberA); fault.As(err) == nil {
			t.Errorf("AddContact(%q) = %v, want a fault", kind, err)
		}
		if err := h.Writer.UpdateContact(t.Context(), h.Alice, kind, numberA); fault.As(err) == nil {
			t.Errorf("UpdateContact(%q) = %v, want a fault", kind, err)
		}
	}
	if after := list(t, h, h.Alice); !slices.Equal(before, after) {
		t.Errorf("Methods after refused writes = %v, want %v", after, before)
	}
}

func notANumber(t *testing.T, h Harness) {
	for _, number := range []string{"", "+", "hello", "2025550161", "+0123"} {
		if err := h.Writer.UpdateContact(t.Context(), h.Alice, directory.Phone, number); !fault.Is(err, fault.Invalid) {
			t.Errorf("UpdateContact(%q) = %v, want invalid", number, err)
		}
	}
	expect(t, h, h.Alice, directory.Phone, h.Phone)
}

func insideTransaction(t *testing.T, h Harness) {
	for name, err := range calls(tx.With(t.Context(), "open"), h, h.Alice, numberA) {
		if !errors.Is(err, tx.ErrOpen) {
			t.Errorf("%s inside a transaction = %v, want tx.ErrOpen", name, err)
		}
	}
	expect(t, h, h.Alice, directory.Phone, h.Phone)
}

func givenUp(t *testing.T, h Harness) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, err := range calls(ctx, h, h.Alice, numberA) {
		if !fault.Is(err, fault.Unavailable) || errors.Is(err, directory.ErrOutcomeUnknown) {
			t.Errorf("%s after its caller gave up = %v, want unavailable: nothing was sent", name, err)
		}
	}
	expect(t, h, h.Alice, directory.Phone, h.Phone)
}

func parallel(t *testing.T, h Harness) {
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			p, want := h.Alice, h.Phone
			if n%2 == 0 {
				p, want = h.Bob, ""
			}
			got, err := h.Reader.Methods(t.Context(), p)
			m, _ := directory.Snapshot{Methods: got}.Contact(directory.Phone)
			if err != nil || m.Value != want {
				t.Errorf("Methods(%v) = %q, %v, want %q", p, m.Value, err, want)
			}
		})
	}
	all.Wait()
}

// calls makes every call for one person.
func calls(ctx context.Context, h Harness, p directory.PersonID, number string) map[string]error {
	_, accountErr := h.Reader.Account(ctx, p)
	_, methodsErr := h.Reader.Methods(ctx, p)
	return map[string]error{
		"Account": accountErr, "Methods": methodsErr,
		"AddContact":    h.Writer.AddContact(ctx, p, directory.AlternatePhone, number),
		"UpdateContact": h.Writer.UpdateContact(ctx, p, directory.Phone, number),
	}
}

func list(t *testing.T, h Harness, p directory.PersonID) []directory.Method {
	t.Helper()
	got, err := h.Reader.Methods(t.Context(), p)
	if err != nil {
		t.Fatalf("Methods = %v", err)
	}
	return got
}

// expect checks a contact of a person; "" stands for none.
func expect(t *testing.T, h Harness, p directory.PersonID, kind directory.Kind, want string) {
	t.Helper()
	m, found := directory.Snapshot{Methods: list(t, h, p)}.Contact(kind)
	if m.Value != want || found != (want != "") {
		t.Errorf("%s on the account = %q (there: %v), want %q", kind, m.Value, found, want)
	}
}
