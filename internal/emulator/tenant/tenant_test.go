package tenant

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"rekey/internal/clock"
)

func open(t *testing.T, path string) *Tenant {
	t.Helper()
	made, err := New(Options{Clock: clock.System{}, Path: path})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestNew_KeepsWhatWasChanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tenant.json")
	first := open(t, path)
	maya := first.People()[0]
	if _, err := first.UpdatePhone(maya.ID, MobileID, "+1 4255550199", "", 0); err != nil {
		t.Fatal(err)
	}
	if err := first.SetHandset("+14255550142", false); err != nil {
		t.Fatal(err)
	}
	if err := first.KeepClockOffset(601 * time.Second); err != nil {
		t.Fatal(err)
	}
	app := App{ClientID: first.NewID(), Name: "Web", Certificate: certificate(t), Permissions: []string{"User.Read.All"}, RedirectURIs: []string{"http://127.0.0.1/"}}
	if err := first.RegisterApp(app); err != nil {
		t.Fatal(err)
	}
	if _, err := first.Deliver(Message{Channel: "sms", To: "+12025550150", Text: "hello"}); err != nil {
		t.Fatal(err)
	}
	second := open(t, path)
	if got, want := second.ID(), first.ID(); got != want {
		t.Errorf("ID() after reopening = %q, want %q", got, want)
	}
	if got, want := second.People(), first.People(); !reflect.DeepEqual(got, want) {
		t.Errorf("People() after reopening = %v, want %v", got[0], want[0])
	}
	if got, want := second.Handsets(), first.Handsets(); !reflect.DeepEqual(got, want) {
		t.Errorf("Handsets() after reopening = %v, want %v", got, want)
	}
	if got := second.ClockOffset(); got != 601*time.Second {
		t.Errorf("ClockOffset() = %v, want 601s", got)
	}
	if a, ok := second.App(strings.ToUpper(app.ClientID)); !ok || !a.Certificate.Equal(app.Certificate) || a.RedirectURIs[0] != app.RedirectURIs[0] {
		t.Errorf("App() after reopening = %v, %v", a, ok)
	}
	if got := len(second.Messages("", "")); got != 0 {
		t.Errorf("Messages() after reopening = %d, want none", got)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".tenant-*")); len(left) != 0 {
		t.Errorf("temporary files left = %v, want none", left)
	}
}

func certificate(t *testing.T) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNew_DamagedStateIsRefusedAndKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tenant.json")
	for _, content := range []string{"{", "{}", ""} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := New(Options{Clock: clock.System{}, Path: path}); err == nil {
			t.Errorf("New over %q = nil, want an error", content)
		}
		if b, _ := os.ReadFile(path); string(b) != content {
			t.Errorf("file after New over %q = %q, want it untouched", content, b)
		}
	}
}

func TestChange_NotKeptIsNotChanged(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	made := open(t, filepath.Join(dir, "tenant.json"))
	maya := made.People()[0]
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := made.UpdatePhone(maya.ID, MobileID, "+1 4255550199", "", 0); err == nil {
		t.Fatal("UpdatePhone without a place to keep it = nil, want an error")
	}
	now, _ := made.Person(maya.ID)
	if m, _ := now.Phone("mobile"); m.PhoneNumber() != maya.Methods[1].PhoneNumber() {
		t.Errorf("number after a change that was not kept = %q, want %q", m.PhoneNumber(), maya.Methods[1].PhoneNumber())
	}
}

func TestTenant_Concurrent(t *testing.T) {
	made := open(t, "")
	maya := made.People()[0].ID
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 25 {
				if _, err := made.UpdatePhone(maya, MobileID, "+1 425555010"+string(rune('0'+i)), "", time.Millisecond); err != nil {
					t.Error(err)
				}
				made.VisibleMethods(maya)
				made.Handsets()
				made.Record(Request{Part: "graph"})
				if _, err := made.Deliver(Message{Channel: "sms", To: "+12025550150"}); err != nil {
					t.Error(err)
				}
				made.Access(made.IssueAccess(Access{ClientID: "x", ExpiresAt: made.Now().Add(time.Hour)}))
			}
		})
	}
	wg.Wait()
	if got := len(made.Messages("+12025550150", "")); got != 200 {
		t.Errorf("Messages() = %d, want 200", got)
	}
	if got := made.Messages("", "199"); len(got) != 1 || got[0].ID != "200" {
		t.Errorf("Messages(after 199) = %v, want the last", got)
	}
}

func TestMessages_OnlyTheLastAreKept(t *testing.T) {
	made := open(t, "")
	for range kept + 5 {
		made.Record(Request{Part: "graph"})
	}
	got := made.Requests("")
	if len(got) != kept || got[0].ID != "6" {
		t.Errorf("Requests() = %d from %s, want %d from 6", len(got), got[0].ID, kept)
	}
}

func TestAccess_Expires(t *testing.T) {
	made, c := one(t, Switches{})
	token := made.IssueAccess(Access{ClientID: "web", Roles: []string{"User.Read.All"}, ExpiresAt: made.Now().Add(time.Hour)})
	if a, ok := made.Access(token); !ok || !a.Allows("User.Read.All") || a.Allows("User.Read") {
		t.Errorf("Access() = %v, %v", a, ok)
	}
	if _, ok := made.Access(token + "x"); ok {
		t.Error("Access(another token) = true, want false")
	}
	c.Advance(time.Hour)
	if _, ok := made.Access(token); ok {
		t.Error("Access() at its end = true, want false")
	}
}

func TestTake(t *testing.T) {
	made, _ := one(t, Switches{})
	made.Order(Fault{Part: "graph", Kind: "hangup-after", Times: 1})
	made.Order(Fault{Part: "graph", Kind: "status", Status: 429, Times: 2})
	made.Order(Fault{Part: "graph", Kind: "status", Status: 503, Times: 1})
	made.Order(Fault{Part: "graph", Kind: "lag", Seconds: 30})
	take := func(part string, write bool) string {
		var kinds []string
		for _, f := range made.Take(part, write) {
			kinds = append(kinds, f.Kind+map[int]string{429: "429", 503: "503"}[f.Status])
		}
		return strings.Join(kinds, " ")
	}
	for i, c := range []struct {
		part  string
		write bool
		want  string
	}{
		{"sms", true, ""}, {"graph", false, "status429"}, {"graph", true, "status429"}, {"graph", true, "status503"},
		{"graph", false, ""}, {"graph", true, "hangup-after lag"}, {"graph", true, "lag"},
	} {
		if got := take(c.part, c.write); got != c.want {
			t.Errorf("%d: Take(%q, %v) = %q, want %q", i, c.part, c.write, got, c.want)
		}
	}
	made.Clear()
	if got := take("graph", true); got != "" {
		t.Errorf("Take after Clear = %q, want nothing", got)
	}
}

func TestDeliver_ToAHandsetThatDoesNotWork(t *testing.T) {
	made, _ := one(t, Switches{})
	for _, working := range []bool{true, false, true} {
		if err := made.SetHandset("+12025550150", working); err != nil {
			t.Fatal(err)
		}
		m, err := made.Deliver(Message{Channel: "sms", To: "+12025550150", Text: "hello"})
		if err != nil || m.Arrived != working {
			t.Errorf("Deliver to a handset that works = %v arrived = %v, %v", working, m.Arrived, err)
		}
	}
	if got := len(made.Messages("+12025550150", "")); got != 3 {
		t.Errorf("Messages() = %d, want all 3 that were sent", got)
	}
}

func TestSetHandset(t *testing.T) {
	made, _ := one(t, Switches{}, authenticator("Pixel 9"))
	if err := made.SetHandset("+12025550150", false); err != nil {
		t.Fatal(err)
	}
	if h, ok := made.Handset("+1 2025550150"); !ok || h.Working {
		t.Errorf("Handset() = %v, %v, want one that does not work", h, ok)
	}
	if err := made.SetHandset("Pixel 9", false); err != nil {
		t.Errorf("SetHandset(name) = %v", err)
	}
	if err := made.SetHandset("nonsense", false); status(err) != 400 {
		t.Errorf("SetHandset(nonsense) = %v, want 400", err)
	}
}
