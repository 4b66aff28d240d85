// Package directorytest holds what every implementation of directory.Reader,
// directory.Writer and directory.Revoker must do. An implementation's test calls Run with a
// way to make it.
//
// What only one implementation can get wrong, its wire for instance, is tested beside it.
package directorytest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/tx"
)

// Numbers and addresses that the tests write. Nobody owns them.
const (
	numberA  = "+12025550161"
	numberB  = "+442079460018"
	addressA = "alice@home.example"
	addressB = "Alice.O'Hara+work@mail.example.org"
)

// Harness is an implementation over a directory of its own, with people in it.
//
// Its budget, if it has one, must allow a hundred calls in a row, and what is written
// must show at once.
type Harness struct {
	Reader  directory.Reader
	Writer  directory.Writer
	Revoker directory.Revoker

	Alice   directory.PersonID // enabled, with a phone and a password, and no other contact
	Phone   string             // Alice's phone, E.164
	Bob     directory.PersonID // enabled, without any contact
	Missing directory.PersonID // well-formed, of the same tenant, and nobody
}

// Run runs the suite. make is called once for each test.
func Run(t *testing.T, make func(t *testing.T) Harness) {
	for name, test := range map[string]func(*testing.T, Harness){
		"Account":                              account,
		"Methods":                              methods,
		"AddContact phone":                     add,
		"AddContact twice":                     addTwice,
		"AddContact alternate phone":           addAlternate,
		"AddContact alternate without a phone": addAlternateAlone,
		"AddContact email":                     addEmail,
		"UpdateContact":                        update,
		"UpdateContact same value":             updateSame,
		"UpdateContact not there":              updateAbsent,
		"RemoveContact":                        remove,
		"RemoveContact twice":                  removeTwice,
		"RemoveContact phone beside alternate": removeBesideAlternate,
		"RemoveContact and AddContact again":   removeAndAdd,
		"RemoveContact the only second factor": removeLast,
		"RevokeSessions":                       revoke,
		"nobody":                               nobody,
		"another tenant":                       anotherTenant,
		"no person":                            noPerson,
		"other kinds":                          otherKinds,
		"not a number":                         notANumber,
		"not an address":                       notAnAddress,
		"inside a transaction":                 insideTransaction,
		"given up beforehand":                  givenUp,
		"many readers at once":                 parallel,
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

func revoke(t *testing.T, h Harness) {
	for n := range 2 {
		if err := h.Revoker.RevokeSessions(t.Context(), h.Alice); err != nil {
			t.Errorf("RevokeSessions, call %d = %v", n+1, err)
		}
	}
	expect(t, h, h.Alice, directory.Phone, h.Phone)
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
	if err := h.Writer.RemoveContact(t.Context(), p, directory.Phone); err != nil && !fault.Is(err, fault.NotFound) {
		t.Errorf("RemoveContact(nobody) = %v, want not-found or nil: nothing is there", err)
	}
	if err := h.Revoker.RevokeSessions(t.Context(), p); !fault.Is(err, fault.NotFound) {
		t.Errorf("RevokeSessions(nobody) = %v, want not-found", err)
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
		"AddContact":                h.Writer.AddContact(ctx, p, directory.AlternatePhone, number),
		"UpdateContact":             h.Writer.UpdateContact(ctx, p, directory.Phone, number),
		"AddContact of an email":    h.Writer.AddContact(ctx, p, directory.Email, addressA),
		"UpdateContact of an email": h.Writer.UpdateContact(ctx, p, directory.Email, addressA),
		"RemoveContact":             h.Writer.RemoveContact(ctx, p, directory.Phone),
		"RevokeSessions":            h.Revoker.RevokeSessions(ctx, p),
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
