package config

import (
	"crypto/x509"
	"time"

	"rekey/internal/limit"
	"rekey/internal/message/mail"
	"rekey/internal/message/sms"
)

// SMS describes the gateway that sends text messages.
type SMS struct {
	// Name names the gateway in logs.
	Name string `key:"name" default:"sms"`
	// URL is the gateway's address: https, without a query.
	URL string `key:"url" need:"yes" example:"https://sms.gateway.example/v1/messages"`
	// Method is the request's method, POST or PUT.
	Method string `key:"method" default:"POST"`
	// Headers are sent with each request and hold the credentials. {{.ID}} in a value
	// stands for the message's id. In the environment one `Name: value` a line.
	Headers map[string]Secret `key:"headers"`
	// Body is the template of the request's body. Fields are .To (+12025550142), .ToDigits
	// (12025550142), .From, .Text and .ID; each goes through a function: json in JSON,
	// urlquery or form in a form.
	Body string `key:"body" need:"yes" example:"{\"to\":{{json .To}},\"text\":{{json .Text}}}"`
	// ContentType is the body's type: JSON or a form.
	ContentType string `key:"content_type" default:"application/json"`
	// SuccessStatus are the status codes with which the gateway takes a message.
	SuccessStatus []int `key:"success_status" default:"200, 201, 202"`
	// SuccessField is a path into the JSON answer, such as messages.0.status. With it, a
	// success status is success only if success_value stands there.
	SuccessField string `key:"success_field" example:"status"`
	// SuccessValue is what stands in success_field when the gateway took the message.
	SuccessValue string `key:"success_value" example:"accepted"`
	// From is the sender, a name or a number, for the body's .From.
	From string `key:"from" example:"Contoso"`
	// Timeout bounds one exchange with the gateway. The person waits for it.
	Timeout time.Duration `key:"timeout" default:"5s"`
}

// Gateway returns the description that the adapter takes.
func (s SMS) Gateway() sms.Gateway {
	headers := make(map[string]string, len(s.Headers))
	for name, value := range s.Headers {
		headers[name] = value.Reveal()
	}
	return sms.Gateway{Name: s.Name, URL: s.URL, Method: s.Method, Headers: headers, Body: s.Body,
		ContentType: s.ContentType, From: s.From, SuccessStatus: s.SuccessStatus,
		SuccessField: s.SuccessField, SuccessValue: s.SuccessValue, Timeout: s.Timeout}
}

// Mail is how mails are sent: codes to an alternate email, and notices. Without it no
// alternate email can be added here, and notices go to phones alone.
type Mail struct {
	// Transport is the way that mails go: smtp, by a mail server, or graph, by Microsoft
	// Graph's sendMail with the app registration of the process's role, which needs the
	// application permission Mail.Send (narrow it to the one mailbox with an application
	// access policy of Exchange). Both roles send: web codes, worker notices. Empty is off.
	Transport string `key:"transport" example:"smtp"`
	// From is the address from which mails are sent; with graph the mailbox.
	From string `key:"from" example:"rekey@contoso.example"`
	// FromName is shown beside the address; without it the organisation's name is. Graph
	// shows the mailbox's own.
	FromName string `key:"from_name" example:"Contoso IT"`
	// Host is the name of the mail server. Its certificate must be for this name.
	Host string `key:"host" example:"smtp.contoso.example"`
	// Port is the mail server's port.
	Port int `key:"port" default:"587"`
	// Security is how the line to the mail server is protected: starttls (required: without
	// it nothing is sent), tls (from the first byte, mostly port 465) or none, for a relay
	// that only we can reach: codes go to it in the clear.
	Security string `key:"security" default:"starttls"`
	// Auth is how to sign in at the mail server: none, password, or xoauth2 with a token of
	// the app registration of the process's role, which needs the application permission
	// SMTP.SendAsApp of Office 365 Exchange Online.
	Auth string `key:"auth" default:"none"`
	// User is the name with which to sign in; with xoauth2 the mailbox.
	User string `key:"user" example:"rekey@contoso.example"`
	// Password is the password of the user.
	Password Secret `key:"password"`
	// CAFile is the path of certificates in PEM that vouch for the mail server, where the
	// machine's own do not.
	CAFile string `key:"ca_file" example:"/etc/rekey/ca.crt"`
	// Timeout bounds one exchange with the server. The person waits for it.
	Timeout time.Duration `key:"timeout" default:"10s"`

	// Roots are what CAFile holds; nil is the machine's.
	Roots *x509.CertPool `key:"-"`
}

// The transports of mail.
const (
	SMTPTransport  = "smtp"
	GraphTransport = "graph"
)

// On reports whether mails are sent.
func (m Mail) On() bool { return m.Transport != "" }

// Server returns the description of the mail server that the adapter takes.
func (m Mail) Server() mail.Server {
	return mail.Server{Host: m.Host, Port: m.Port, Security: mail.Security(m.Security), Auth: mail.Auth(m.Auth), User: m.User,
		Password: m.Password.Reveal(), Roots: m.Roots, Timeout: m.Timeout}
}

// Sender returns who sends.
func (m Mail) Sender() mail.From { return mail.From{Name: m.FromName, Address: m.From} }

// Email says which addresses may become an alternate email. One's own work mailbox never
// may: whoever is locked out of the account cannot read it.
type Email struct {
	// OwnDomains are the organisation's own mail domains. Addresses there are refused.
	OwnDomains []string `key:"own_domains" example:"contoso.example, contoso.com"`
	// AllowOwnDomains is true where other people's or shared mailboxes of the own domains
	// may be an alternate email all the same.
	AllowOwnDomains bool `key:"allow_own_domains" default:"false"`
}

// Allowances bound how many codes are sent, each in any span of its time. Each is a list
// of `count per time`, all of which hold; a refusal says until when. They are counted in
// the database, for all processes together. Notices are not counted.
type Allowances struct {
	// Session bounds the codes that one browser session asks for.
	Session []limit.Window `key:"session" default:"5 per 10m"`
	// Person bounds the codes that one person asks for.
	Person []limit.Window `key:"person" default:"3 per 5m, 5 per 10m, 10 per 24h"`
	// Destination bounds the codes to one number or mailbox, over all people.
	Destination []limit.Window `key:"destination" default:"10 per 5m"`
	// Address bounds the codes that are asked for from one network address, of IPv6 from one
	// /64. A whole office may share one.
	Address []limit.Window `key:"address" default:"60 per 10m, 600 per 24h"`
	// Prefix bounds the codes to numbers that differ in their last two digits only: whoever
	// earns on texts has numbers in a row.
	Prefix []limit.Window `key:"prefix" default:"50 per 10m, 500 per 24h"`
	// Country bounds the codes to the numbers of one country.
	Country []limit.Window `key:"country" default:"1000 per 24h"`
	// Tenant bounds all codes together: what they can cost at most.
	Tenant []limit.Window `key:"tenant" default:"300 per 10m, 5000 per 24h"`
	// NewNumbers bounds the different new numbers and mailboxes that one person tries.
	NewNumbers []limit.Window `key:"new_numbers" default:"3 per 24h"`
	// Refresh bounds how often one person has what is on the account read again at
	// Microsoft, whose calls all people share.
	Refresh []limit.Window `key:"refresh" default:"2 per 10s, 10 per 10m"`
	// Resets bounds how often one network address, of IPv6 one /64, asks for an administrator's
	// reset. It only makes people wait: who is asked for does not matter.
	Resets []limit.Window `key:"resets" default:"20 per 10m, 100 per 24h"`
}
