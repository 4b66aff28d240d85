package emulator

import (
	"crypto/tls"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"rekey/internal/emulator/tenant"
)

// submit sends a mail as the site does.
func (d *demo) submit(t *testing.T, m MailServer, to string) error {
	t.Helper()
	c, err := smtp.DialStartTLS(m.Addr, &tls.Config{RootCAs: m.RootCAs, ServerName: m.ServerName})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Auth(sasl.NewPlainClient("", m.User, m.Password)); err != nil {
		t.Fatal(err)
	}
	return c.SendMail("id@fernhill.example", []string{to}, strings.NewReader("Subject: Your phone\r\n\r\nIt was changed.\r\n"))
}

// TestMail_DownAndUpAgain: an order without an end holds until it is taken back.
func TestMail_DownAndUpAgain(t *testing.T) {
	d := newDemo(t)
	d.ask(t, "POST", "/faults", `{"part":"mail","kind":"status","status":451,"times":0}`, nil)
	for range 3 {
		if err := d.submit(t, d.Mail(), maya); err == nil {
			t.Error("a mail was taken while the server is down")
		}
	}
	d.ask(t, "DELETE", "/faults", "", nil)
	if err := d.submit(t, d.Mail(), maya); err != nil {
		t.Errorf("submit() = %v, want it taken", err)
	}
	var got []tenant.Message
	d.ask(t, "GET", "/messages?to="+maya, "", &got)
	if len(got) != 1 || got[0].Channel != "mail" || got[0].To != maya || got[0].Subject != "Your phone" || got[0].Text != "It was changed." {
		t.Errorf("messages = %+v, want the one that was taken", got)
	}
	var seen []tenant.Request
	d.ask(t, "GET", "/requests", "", &seen)
	var statuses []int
	for _, r := range seen {
		if r.Part == "mail" {
			statuses = append(statuses, r.Status)
		}
	}
	if !slices.Equal(statuses, []int{451, 451, 451, 250}) {
		t.Errorf("recorded statuses = %v, want three times 451 and 250", statuses)
	}
}

// TestMessages_ToAnAddress finds mails however the address is written in the query.
func TestMessages_ToAnAddress(t *testing.T) {
	d := newDemo(t)
	if err := d.submit(t, d.Mail(), "jonas+codes@Lindqvist.example"); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]int{"jonas+codes@lindqvist.example": 1, "jonas%2Bcodes%40lindqvist.example": 1, "jonas@lindqvist.example": 0, "": 1} {
		var got []tenant.Message
		if d.ask(t, "GET", "/messages?to="+query, "", &got); len(got) != want {
			t.Errorf("messages to %q = %d, want %d", query, len(got), want)
		}
	}
}

// TestServices_SurviveARestart: whoever knows the gateway and the mail server goes on.
func TestServices_SurviveARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tenant.json")
	var keys, passwords []string
	for range 2 {
		d := newDemo(t, func(o *Options) { o.Path, o.GatewayKey = path, "" })
		keys, passwords = append(keys, d.GatewayKey()), append(passwords, d.Mail().Password)
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if keys[0] == "" || keys[0] != keys[1] || passwords[0] == "" || passwords[0] != passwords[1] {
		t.Errorf("the gateway's key is the same = %v, the mail server's password %v, want both", keys[0] == keys[1], passwords[0] == passwords[1])
	}
}

// TestApps_HaveNoMoreThanTheyNeed: the web app holds nothing that can write.
func TestApps_HaveNoMoreThanTheyNeed(t *testing.T) {
	d := newDemo(t)
	for id, want := range map[string][]string{
		webID: {"AuthenticationContext.Read.All", "Policy.Read.All", "Policy.Read.AuthenticationMethod", "User.Read.All", "UserAuthenticationMethod.Read.All"},
		workerID: {"Mail.Send", "User.Read.All", "User.RevokeSessions.All", "UserAuthMethod-Email.ReadWrite.All", "UserAuthMethod-MicrosoftAuthApp.ReadWrite.All",
			"UserAuthMethod-Passkey.ReadWrite.All", "UserAuthMethod-Phone.ReadWrite.All", "UserAuthMethod-SoftwareOATH.ReadWrite.All", "UserAuthenticationMethod.Read.All"},
	} {
		a, _ := d.Tenant().App(id)
		if got := slices.Sorted(slices.Values(a.Permissions)); !slices.Equal(got, want) {
			t.Errorf("permissions of %s = %v, want %v", a.Name, got, want)
		}
	}
}
