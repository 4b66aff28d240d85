package devices

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"rekey/internal/emulator/devices/page"
	"rekey/internal/emulator/tenant"
)

// mailbox is an address as lists of mailboxes show it.
type mailbox struct {
	Address, Kind string
	URL           string
	Mails         int
}

// Line is what the list says below a mailbox's address.
func (m mailbox) Line() string {
	parts := []string{m.Kind}
	if m.Mails > 0 {
		parts = append(parts, page.Count(m.Mails, "mail", "mails"))
	}
	return strings.TrimPrefix(strings.Join(parts, ", "), ", ")
}

// mail is a mail as its mailbox shows it, with its code set apart.
type mail struct {
	text
	Subject string
	URL     string // of the mail as programs show it that can; "" where it has no HTML
}

// mailbox shows the mails to an address, newest first. Every address is a mailbox.
func (d *devices) mailbox(w http.ResponseWriter, r *http.Request) {
	address := r.PathValue("address")
	if !strings.Contains(address, "@") {
		d.nothing(w, r)
		return
	}
	var data struct {
		Address, Earlier, State string
		Owner                   *tenant.Person
		Kind, Phones            string
		Mails                   []mail
		Others                  []mailbox
	}
	data.Address, data.Mails = address, mails(d.tenant.Messages(address, ""), d.tenant.Now())
	data.State = page.Count(len(data.Mails), "mail", "mails")
	if extra := len(data.Mails) - shown; extra > 0 {
		data.Mails, data.Earlier = data.Mails[:shown], page.Count(extra, "mail", "mails")
	}
	for _, p := range d.tenant.People() {
		own := d.mailboxesOf(p)
		i := slices.IndexFunc(own, func(m mailbox) bool { return strings.EqualFold(m.Address, address) })
		if i < 0 {
			continue
		}
		data.Owner, data.Kind, data.Phones = &p, own[i].Kind, personURL(p.ID)
		data.Others = slices.Delete(own, i, i+1)
		break
	}
	d.pages.Write(w, http.StatusOK, "mailbox", page.Page{Title: "Mailbox " + address, Live: true, Data: data})
}

// mails are newest first. A code whose time is up, or that a newer mail of the same subject
// replaced, is marked old.
func mails(messages []tenant.Message, now time.Time) []mail {
	var out []mail
	seen := map[string]bool{}
	for _, m := range slices.Backward(messages) {
		if m.Channel != "mail" {
			continue
		}
		one := mail{text: text{At: m.At, Before: m.Text}, Subject: m.Subject}
		if m.HTML != "" {
			one.URL = mailboxURL(m.To) + "/" + m.ID
		}
		if from, to := code(m.Text); to > 0 {
			one.Before, one.Code, one.After = m.Text[:from], m.Text[from:to], m.Text[to:]
			one.Old = seen[m.Subject] || !now.Before(m.At.Add(codeLife))
			seen[m.Subject] = true
		}
		out = append(out, one)
	}
	return out
}

// asShown answers with the HTML of a mail and nothing around it, as a mail program would show
// it: its own styles count, and nothing else does.
func (d *devices) asShown(w http.ResponseWriter, r *http.Request) {
	for _, m := range d.tenant.Messages(r.PathValue("address"), "") {
		if m.ID != r.PathValue("mail") || m.Channel != "mail" || m.HTML == "" {
			continue
		}
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox")
		_, _ = io.WriteString(w, m.HTML) // a browser that is gone cannot be told
		return
	}
	d.nothing(w, r)
}

// mailboxesOf are the mailboxes of a person: the one at work, and the alternate email.
func (d *devices) mailboxesOf(p tenant.Person) []mailbox {
	var out []mailbox
	if p.Mail != "" {
		out = append(out, d.mailboxAt(p.Mail, "Work mailbox"))
	}
	for _, m := range p.Methods {
		if a := m.EmailAddress(); a != "" && !strings.EqualFold(a, p.Mail) {
			out = append(out, d.mailboxAt(a, "Alternate email"))
		}
	}
	return out
}

func (d *devices) mailboxAt(address, kind string) mailbox {
	count := 0
	for _, m := range d.tenant.Messages(address, "") {
		if m.Channel == "mail" {
			count++
		}
	}
	return mailbox{address, kind, mailboxURL(address), count}
}

// strays are the addresses that were mailed to and belong to nobody, in the order of their
// first mail.
func (d *devices) strays(owned map[string]bool) []mailbox {
	var out []mailbox
	for _, m := range d.tenant.Messages("", "") {
		key := strings.ToLower(m.To)
		if m.Channel != "mail" || owned[key] {
			continue
		}
		owned[key] = true
		out = append(out, d.mailboxAt(m.To, ""))
	}
	return out
}

func mailboxURL(address string) string { return "/_emulator/mailboxes/" + url.PathEscape(address) }
