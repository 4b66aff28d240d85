package config

import (
	"crypto/x509"
	"slices"
	"strings"
	"time"

	"rekey/internal/mailbox"
	"rekey/internal/message/mail"
)

// checkWorker checks the app registration that can write, and refuses it where it is not
// needed: the process that faces the internet must not be able to rewrite anybody's phone.
func (l *loader) checkWorker() {
	if slices.Contains(l.roles, Worker) {
		l.checkApp("worker", &l.config.Worker)
		return
	}
	if slices.Contains(l.roles, Tool) {
		return // it serves nobody and calls nobody, and works with the file of any process
	}
	for _, s := range settings(&l.config) {
		if strings.HasPrefix(s.key, "worker.") && !isEmpty(s.value) {
			l.complain(s.key, "the web role must not hold a credential that can write at Microsoft Graph: remove it.")
		}
	}
}

// checkReset checks the app registration that can set administrators' passwords, which is
// used for nothing else (OID-6), and refuses its credential where it is not needed.
func (l *loader) checkReset() {
	r := &l.config.Reset
	if l.config.Alerts.Mail != "" {
		if _, err := mailbox.Parse(l.config.Alerts.Mail); err != nil {
			l.complain("alerts.mail", "write one address, such as identity@contoso.example.")
		}
	}
	if r.ClientID == "" && !slices.Contains(l.roles, Reset) && !l.setBelow("reset.") {
		return
	}
	l.checkApp("reset", r)
	for _, other := range []App{l.config.Web, l.config.Worker} {
		if r.ClientID != "" && strings.EqualFold(r.ClientID, other.ClientID) {
			l.complain("reset.client_id", "make an app registration of its own: the one that can set administrators' passwords must be used for nothing else.")
		}
	}
	if !l.config.Mail.On() && r.ClientID != "" {
		l.complain("reset.client_id", "set mail as well: a reset begins with a mail.")
	}
	if slices.Contains(l.roles, Reset) || slices.Contains(l.roles, Tool) {
		return
	}
	for _, s := range settings(&l.config) {
		if strings.HasPrefix(s.key, "reset.") && s.key != "reset.client_id" && !isEmpty(s.value) {
			l.complain(s.key, "only a process of the reset role may hold a credential that can set administrators' passwords: remove it.")
		}
	}
}

// checkMail checks the settings of the transport, and that there are none without one.
func (l *loader) checkMail() {
	m := &l.config.Mail
	if m.FromName == "" {
		m.FromName = l.config.Organisation.Name
	}
	switch m.Transport {
	case "":
		if l.setBelow("mail.") {
			l.complain("mail.transport", "it is missing: write smtp or graph, or leave out all settings of mail.")
		}
		return
	case SMTPTransport:
		l.readRoots(m)
		l.complainAll("mail.", m.Server().Mistakes())
	case GraphTransport:
		for _, s := range settings(&l.config) {
			if slices.Contains([]string{"mail.host", "mail.user", "mail.password", "mail.ca_file"}, s.key) && !isEmpty(s.value) {
				l.complain(s.key, "leave it out, graph needs no mail server.")
			}
		}
		if m.Timeout < time.Second || m.Timeout > mail.Longest {
			l.complain("mail.timeout", "use a time from 1s to 30s, the person waits for it.")
		}
	default:
		l.complain("mail.transport", "write smtp or graph, or leave it out.")
		return
	}
	l.complainAll("mail.", m.Sender().Mistakes())
}

// setBelow reports whether the file or the environment has a setting of a section.
func (l *loader) setBelow(prefix string) bool {
	for key := range l.origin {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

// complainAll complains about what an adapter says: the name of a setting, a colon and a
// sentence.
func (l *loader) complainAll(prefix string, sentences []string) {
	for _, sentence := range sentences {
		name, rest, _ := strings.Cut(sentence, ": ")
		l.complain(prefix+name, rest)
	}
}

func (l *loader) readRoots(m *Mail) {
	if m.CAFile == "" {
		return
	}
	certificates, ok := l.certificates(m.CAFile)
	if !ok {
		l.complain("mail.ca_file", "the file cannot be read as certificates in PEM: check its path, its rights and what it holds.")
		return
	}
	m.Roots = x509.NewCertPool()
	for _, certificate := range certificates {
		m.Roots.AddCert(certificate)
	}
}

func (l *loader) checkEmail() {
	domains := l.config.Email.OwnDomains
	for i := range domains {
		domain, ok := mailbox.ParseDomain(domains[i])
		if !ok {
			l.complain("email.own_domains", "write domain names, such as contoso.example.")
			return
		}
		domains[i] = domain
	}
}
