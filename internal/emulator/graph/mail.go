package graph

import (
	"encoding/json"
	"net/http"
	"net/mail"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"rekey/internal/emulator/tenant"
)

// maxRecipients is how many a mail may have. Source: Exchange Online limits.
const maxRecipients = 500

// mailbox finds the account that a mail is sent from. One mailbox belongs to nobody: the
// organisation's own, which notices come from.
func (g *Graph) mailbox(who string) (tenant.Person, bool) {
	if strings.EqualFold(who, tenant.ServiceMailbox) {
		return tenant.Person{ID: tenant.ServiceMailbox, UserPrincipalName: tenant.ServiceMailbox, Mail: tenant.ServiceMailbox}, true
	}
	return g.tenant.Person(who)
}

// submission is the body of sendMail.
type submission struct {
	Message *struct {
		Subject string `json:"subject"`
		Body    struct {
			ContentType string `json:"contentType"`
			Content     string `json:"content"`
		} `json:"body"`
		To  []recipient `json:"toRecipients"`
		CC  []recipient `json:"ccRecipients"`
		BCC []recipient `json:"bccRecipients"`
	} `json:"message"`
}

type recipient struct {
	EmailAddress struct {
		Address string `json:"address"`
	} `json:"emailAddress"`
}

// sendMail delivers a mail to each recipient's mailbox.
// Source: Graph, user: sendMail.
func (g *Graph) sendMail(c *call) (answer, error) {
	if c.target.Mail == "" {
		return answer{}, &tenant.Error{Status: http.StatusNotFound, Code: "MailboxNotEnabledForRESTAPI",
			Message: "The mailbox is either inactive, soft-deleted, or is hosted on-premise."}
	}
	in, err := readSubmission(c.Request)
	if err != nil {
		return answer{}, err
	}
	m := in.Message
	text, shown := m.Body.Content, ""
	if strings.EqualFold(m.Body.ContentType, "html") {
		text, shown = textOf(text), text
	}
	for _, r := range append(append(m.To, m.CC...), m.BCC...) {
		if _, err := g.tenant.Deliver(tenant.Message{Channel: "mail", To: r.EmailAddress.Address, Subject: m.Subject,
			Text: strings.TrimRight(strings.ReplaceAll(text, "\r\n", "\n"), "\n"), HTML: shown}); err != nil {
			return answer{}, err
		}
	}
	return answer{status: http.StatusAccepted}, nil
}

// textOf makes the text for programs that show no HTML, as Exchange does for mails that
// come without one: paragraphs with an empty line between them, lines where they break.
func textOf(content string) string {
	doc, err := html.Parse(strings.NewReader(content))
	if err != nil {
		return content
	}
	var out strings.Builder
	for n := range doc.Descendants() {
		switch {
		case n.Type == html.TextNode && n.Parent.DataAtom != atom.Style && n.Parent.DataAtom != atom.Title && strings.TrimSpace(n.Data) != "":
			out.WriteString(strings.Trim(n.Data, "\r\n"))
		case n.DataAtom == atom.Br:
			out.WriteString("\n")
		case n.DataAtom == atom.P && out.Len() > 0:
			out.WriteString("\n\n")
		}
	}
	return out.String()
}

// readSubmission reads and checks the body.
func readSubmission(r *http.Request) (submission, error) {
	fields, err := object(r)
	if err != nil {
		return submission{}, err
	}
	var in submission
	raw, err := json.Marshal(fields)
	if err == nil {
		err = json.Unmarshal(raw, &in)
	}
	if err != nil || in.Message == nil {
		return submission{}, &tenant.Error{Status: http.StatusBadRequest, Code: "ErrorInvalidRequest", Message: "The message is missing or malformed."}
	}
	all := append(append(in.Message.To, in.Message.CC...), in.Message.BCC...)
	if len(all) == 0 || len(all) > maxRecipients {
		return submission{}, &tenant.Error{Status: http.StatusBadRequest, Code: "ErrorInvalidRecipients",
			Message: "At least one recipient isn't valid, or there are none."}
	}
	for _, to := range all {
		address := to.EmailAddress.Address
		if parsed, err := mail.ParseAddress(address); err != nil || parsed.Address != address {
			return submission{}, &tenant.Error{Status: http.StatusBadRequest, Code: "ErrorInvalidRecipients", Message: "At least one recipient isn't valid."}
		}
	}
	return in, nil
}
